"""From a target as it is stored to something that takes snapshots."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.domain.snapshot import Snapshot
from app.domain.targets import OWN, Encoding, Target, TargetKind, allows_inside
from app.publishing.bounding import Bounded
from app.publishing.bucket import BucketTarget
from app.publishing.couriers import Remote
from app.publishing.directory import DirectoryTarget
from app.publishing.targets import Placement
from channels.http import Http
from channels.s3 import Bucket, Place


def own_folder(path: Path) -> Bounded:
    """This machine's own, by a name of its own among the targets: each machine has one."""
    return Bounded(DirectoryTarget(path, f"{OWN}@{socket.gethostname()}"[:64]))


@dataclass(frozen=True, slots=True)
class Folder:
    """Another folder, on a network disk perhaps."""

    target: Bounded

    async def place(self, snapshot: Snapshot) -> Placement:
        return await asyncio.to_thread(self.target.write, snapshot)


@dataclass(frozen=True, slots=True)
class Opener:
    http: Http
    unseal: Callable[[bytes], bytes]

    def __call__(self, target: Target) -> Remote:
        """No I/O happens. Raise Invalid when a secret cannot be opened."""
        settings = target.settings
        if target.kind is TargetKind.DIRECTORY:
            return Folder(Bounded(DirectoryTarget(Path(str(settings["path"])), target.slug)))
        secret = json.loads(self.unseal(target.secrets)) if target.secrets else {}
        region = str(settings["region"])
        place = Place(
            base_url=str(settings.get("base_url") or f"https://s3.{region}.amazonaws.com").rstrip("/"),
            region=region,
            bucket=str(settings["bucket"]),
            access_key_id=str(settings["access_key_id"]),
            secret_access_key=str(secret.get("secret_access_key", "")),
            path_style=settings.get("path_style") is not False,
            private=allows_inside(target),
        )
        prefix = str(settings.get("prefix") or "")
        return BucketTarget(
            name=target.slug,
            bucket=Bucket(place, self.http),
            prefix=f"{prefix.rstrip('/')}/" if prefix else "",
            encoding=Encoding(str(settings.get("encoding") or Encoding.IDENTITY.value)),
        )
