"""What a page writes into `integrity` so that no other script than ours can run (Subresource Integrity)."""

from __future__ import annotations

import base64
import hashlib

from app.domain.snapshot import JAVASCRIPT, Snapshot


def widget_integrity(snapshot: Snapshot) -> dict[str, str]:
    """Path of each published script to its `sha384-...`."""
    return {
        path: integrity(file.body) for path, file in sorted(snapshot.files.items()) if file.content_type == JAVASCRIPT
    }


def integrity(body: bytes) -> str:
    return f"sha384-{base64.b64encode(hashlib.sha384(body).digest()).decode()}"
