"""Look and planned work on the command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.conftest import Clarion

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><path d="M0 0h9"/></svg>'
WORK = {
    "slug": "mast",
    "titles": {"en": "New mast"},
    "starts": "2027-03-12T12:00:00Z",
    "ends": "2027-03-12T13:00:00Z",
}


def test_a_look_is_set_piece_by_piece_and_taken_out_whole(clarion: Clarion, tmp_path: Path) -> None:
    clarion.become("ben", "approver")
    look, logo = tmp_path / "look.json", tmp_path / "logo.svg"
    look.write_text(json.dumps({"names": {"en": "Rander Water"}}), encoding="utf-8")
    logo.write_text(SVG, encoding="utf-8")
    clarion.done("organisation", "set", str(look))
    clarion.done("organisation", "set", "--logo", str(logo), "--accent", "#7a0018")
    shown = json.loads(clarion.done("organisation", "show").out)
    assert (shown["names"], shown["accent"]) == ({"en": "Rander Water"}, "#7a0018")
    assert shown["logo"]["type"] == "image/svg+xml"


def test_planned_work_is_put_listed_cancelled_and_removed(clarion: Clarion, tmp_path: Path) -> None:
    clarion.become("ben", "approver")
    work = tmp_path / "work.json"
    work.write_text(json.dumps(WORK), encoding="utf-8")
    assert "mast" in clarion.done("planned", "put", str(work)).out
    clarion.done("planned", "cancel", "mast")
    (listed,) = json.loads(clarion.done("planned", "list", "--json").out)
    assert listed["state"] == "cancelled"
    clarion.done("planned", "remove", "mast")
    assert json.loads(clarion.done("planned", "list", "--json").out) == []
