from __future__ import annotations

from tests.playbook_page import LANGUAGES, ORDER, PAGE, page
from tests.unit.usecases.announcements import TEMPLATES


def test_the_page_shows_every_shipped_playbook_in_every_language() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert set(ORDER) == {path.stem for path in (TEMPLATES / "playbooks").glob("*.json")}
    for slug in ORDER:
        assert all(f"### {slug}: {name}" in text for name in LANGUAGES.values())


def test_the_page_says_what_the_playbooks_say_now() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make playbooks` and read what changed"
