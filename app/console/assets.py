"""Style sheets and scripts: named after their content, so a browser may keep them for ever."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

FROM_PACKAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "pico.css": "@picocss/pico/css/pico.min.css",
        "htmx.js": "htmx.org/dist/htmx.min.js",
        "sse.js": "htmx-ext-sse/dist/sse.min.js",
    }
)
"""Brought by npm at set-up (package.json). Without them pages are plainer and do not update by themselves."""
OWN: Final = ("console.css", "console.js")
FOR_PREVIEWS: Final = {"sample.css": "sample/sample.css", "widget.js": "site/widget.js"}
"""What customers' websites have, so that a preview looks as they do. Below templates/."""
FOREVER: Final = "public, max-age=31536000, immutable"
_KINDS: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    packed: bytes
    kind: str


class Assets:
    def __init__(self, own: Path, packages: Path) -> None:
        paths = {name: packages / path for name, path in FROM_PACKAGES.items()}
        paths |= {name: own / name for name in OWN}
        paths |= {name: own.parent / path for name, path in FOR_PREVIEWS.items()}
        self._by_address: dict[str, Asset] = {}
        self._addresses: dict[str, str] = {}
        for name, path in paths.items():
            if path.is_file():
                body = path.read_bytes()
                digest = hashlib.sha256(body).hexdigest()[:16]
                self._addresses[name] = f"{digest}/{name}"
                self._by_address[f"{digest}/{name}"] = Asset(body, gzip.compress(body, 9, mtime=0), _KINDS[path.suffix])

    def address(self, name: str) -> str:
        """Below /console/assets/; "" when the file is not installed."""
        return self._addresses.get(name, "")

    def answer(self, request: Request) -> Response:
        asset = self._by_address.get(f"{request.path_params['digest']}/{request.path_params['name']}")
        if asset is None:
            return Response("", 404)
        headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.packed, 200, {**headers, "Content-Encoding": "gzip"}, asset.kind)
        return Response(asset.body, 200, headers, asset.kind)
