from __future__ import annotations

import re

from tests.unit.cli.conftest import Clarion


def test_people_come_in_by_a_link_and_glass_is_broken_with_a_reason(clarion: Clarion) -> None:
    invited = clarion.done("user", "invite", "mira", "--role", "admin", "--email", "mira@example.org")
    link = invited.out.strip().splitlines()[-1]
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/console/join/[0-9]+\.[\w-]{24}\.[\w-]{22}", link)
    assert clarion.done("user", "reset", "mira").out.strip().splitlines()[-1] != link
    assert "Nobody" in clarion.done("user", "sessions").out
    assert clarion.done("user", "sessions", "mira", "--end", "--json").json == {"ended": 0}
    assert clarion("user", "break-glass").code == 2
    broken = clarion.done("user", "break-glass", "--reason", "nobody answers", "--json").json
    assert "/console/join/" in broken["link"]
    again = clarion.done("user", "invite", "mira again", "--role", "author", "--again-of", "mira", "--json").json
    assert again["user"]["role"] == "author"


def test_a_token_may_be_for_one_thing(clarion: Clarion) -> None:
    made = clarion.done("token", "add", "cron", "--role", "author", "--scope", "tick", "--json").json
    assert made["scopes"] == ["tick"]
    clarion.environment.setenv("CLARION_TOKEN", made["token"])
    refused = clarion("crisis", "open", "x", "--title", "en=X", "--severity", "minor")
    assert refused.code == 6
    assert "tick" in refused.err
