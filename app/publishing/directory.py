"""A folder any web server can serve as it is, with Clarion and its database gone."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from app.domain.snapshot import File, Manifest, Snapshot, is_plain_path, manifest_bytes, packed, read_manifest
from app.publishing.targets import Placement, Result

MANIFEST: Final = "manifest.json"
NEXT_MANIFEST: Final = "manifest.next.json"
LOCK: Final = ".lock"
LOCK_WAIT_SECONDS: Final = 5.0
LOCK_POLL_SECONDS: Final = 0.005


class DirectoryTarget:
    """Every file is replaced as a whole (temp, fsync, rename); the manifest tells which set belongs together.

    Order: `manifest.next.json` (what is coming), pages, banners (their links already lead somewhere),
    `manifest.json` (what is here), then the files nobody lists any more are removed.
    """

    def __init__(self, root: Path, name: str = "") -> None:
        self.root = root
        self.name = name or f"directory {root.name}"
        self._read: dict[str, tuple[tuple[int, int, int], Manifest | None]] = {}

    def seq(self) -> int:
        manifests = (self._manifest(MANIFEST), self._manifest(NEXT_MANIFEST))
        return max((found.seq for found in manifests if found is not None), default=0)

    def write(self, snapshot: Snapshot) -> Placement:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with _locked(self.root / LOCK):
                if snapshot.seq <= self.seq():
                    held = self.seq()
                    return Placement(self.name, Result.NOT_NEWER, f"holds {held}, offered {snapshot.seq}", held)
                written = self._replace(snapshot)
        except OSError as error:
            return Placement(self.name, Result.FAILED, f"{type(error).__name__}: {error.strerror or error}")
        return Placement(self.name, Result.PLACED, held=snapshot.seq, written=written)

    def _replace(self, snapshot: Snapshot) -> int:
        """How many files were not there yet as they are now."""
        before = self._manifest(MANIFEST)
        listed = manifest_bytes(snapshot)
        replace_file(self.root / NEXT_MANIFEST, listed)
        sync_folder(self.root)
        changed: set[Path] = set()
        written = 0
        for file in sorted(snapshot.files.values(), key=_banners_last):
            if before is not None and self._holds(file, before):
                continue
            path = self._place(file)
            if path is not None:
                changed.add(path.parent)
                written += 1
        for folder in changed:
            sync_folder(folder)
        replace_file(self.root / MANIFEST, listed)
        (self.root / NEXT_MANIFEST).unlink(missing_ok=True)
        sync_folder(self.root)
        if before is not None:
            self._remove(set(before.entries) - set(snapshot.files))
        return written

    def _holds(self, file: File, before: Manifest) -> bool:
        """Whether the last manifest vouches for these bytes; then the size is looked at, not every byte."""
        entry = before.entries.get(file.path)
        if entry is None or entry.sha256 != file.digest:
            return False
        try:
            return (self.root / file.path).stat().st_size == len(file.body)
        except OSError:
            return False

    def _place(self, file: File) -> Path | None:
        if not is_plain_path(file.path):
            raise OSError(0, f"the path {file.path!r} leaves the folder")
        path = self.root / file.path
        with suppress(OSError):
            if path.read_bytes() == file.body:
                return None
        path.parent.mkdir(parents=True, exist_ok=True)
        # The twin first: killed in between, the next publication finds the file old and writes both.
        twin, smaller = packed_twin(path), packed(file.body)
        if smaller is None:
            twin.unlink(missing_ok=True)
        else:
            replace_file(twin, smaller)
        replace_file(path, file.body)
        return path

    def _remove(self, paths: set[str]) -> None:
        for path in paths:
            with suppress(OSError):
                packed_twin(self.root / path).unlink(missing_ok=True)
                (self.root / path).unlink(missing_ok=True)

    def _manifest(self, name: str) -> Manifest | None:
        """Read again only when another file took its place: each is replaced as a whole, so its inode tells."""
        try:
            found = (self.root / name).stat()
            known = self._read.get(name)
            which = (found.st_ino, found.st_mtime_ns, found.st_size)
            if known is None or known[0] != which:
                known = self._read[name] = (which, read_manifest((self.root / name).read_bytes()))
        except OSError:
            return None
        return known[1]


def _banners_last(file: File) -> tuple[bool, str]:
    return (file.path.endswith("banner.json"), file.path)


def packed_twin(path: Path) -> Path:
    """The same compressed, where nginx (`gzip_static`), Apache and Caddy look for it."""
    return path.with_name(f"{path.name}.gz")


def replace_file(path: Path, body: bytes) -> None:
    """After this, `path` holds either its old bytes or all of `body`, whatever is killed. Raises OSError.

    The date of the new file is at least a second later than the old one's: web servers make their ETag of it and of the
    size, so two banners of one second would be one and the same to whoever holds the first.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            soonest = int(path.stat().st_mtime) + 1
            if time.time() < soonest:
                os.utime(temporary, (soonest, soonest))
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Make the renames in `folder` outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer of the folder at a time, over threads and processes; TimeoutError (an OSError) after 5 s."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + LOCK_WAIT_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError(0, "another publisher holds the folder") from None
                time.sleep(LOCK_POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)
