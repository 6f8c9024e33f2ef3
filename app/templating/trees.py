"""The triage trees that ship: templates/triage/<slug>.json."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from app.domain.triage import Tree
from app.domain.triage_documents import read_tree


def load_trees(folder: Path) -> Mapping[str, Tree]:
    """By slug; none when there is no such folder. Raises Invalid for a faulty one: it is our own file."""
    trees = [read_tree(document) for document in _documents(folder)]
    return MappingProxyType({tree.slug: tree for tree in trees})


def tree_document(folder: Path, slug: str) -> Mapping[str, object]:
    """A shipped tree as it is written, to begin an own one from; empty for a slug that does not ship."""
    return next((document for document in _documents(folder) if document["slug"] == slug), {})


def _documents(folder: Path) -> Iterator[Mapping[str, object]]:
    return (json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json")))
