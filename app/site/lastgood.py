"""The last good snapshot, read back from the published folder: what the site serves before the database answers."""

from __future__ import annotations

from pathlib import Path

from app.domain.snapshot import Entry, File, Manifest, Snapshot, read_manifest

MANIFEST = "manifest.json"
NEXT_MANIFEST = "manifest.next.json"


def last_good(directory: Path) -> Snapshot | None:
    """Every file whose bytes are exactly what a manifest promised, or None when there is nothing whole.

    A publisher killed half-way leaves files of two publications side by side: those of the next one
    are vouched for by `manifest.next.json`. A file that neither manifest knows is torn and left out.
    """
    manifests = [found for name in (NEXT_MANIFEST, MANIFEST) if (found := _manifest(directory / name)) is not None]
    if not manifests:
        return None
    files: dict[str, File] = {}
    for path in {path for manifest in manifests for path in manifest.entries}:
        body = _read(directory / path)
        if body is None:
            continue
        entry = _vouching(manifests, path, body)
        if entry is not None:
            files[path] = entry.file(path, body)
    newest = max(manifests, key=lambda manifest: manifest.seq)
    return Snapshot(newest.seq, newest.published_at, files) if files else None


def _vouching(manifests: list[Manifest], path: str, body: bytes) -> Entry | None:
    for manifest in manifests:
        entry = manifest.entries.get(path)
        if entry is not None and entry.matches(body):
            return entry
    return None


def _manifest(path: Path) -> Manifest | None:
    body = _read(path)
    return None if body is None else read_manifest(body)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
