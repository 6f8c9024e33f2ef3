from __future__ import annotations

from app.domain.seen import Seen


def test_it_remembers_every_key_while_it_grows() -> None:
    seen = Seen(4)
    for n in range(5_000):
        assert f"key {n}" not in seen
        seen.add(f"key {n}")
        seen.add(f"key {n}")
    assert len(seen) == 5_000
    assert all(f"key {n}" in seen for n in range(5_000))
    assert "key 5000" not in seen
