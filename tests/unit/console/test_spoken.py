"""Every word that the service stores for something of its own has a sentence in the catalogues."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

from app.console.spoken import SAID, say_actor, say_place, say_reason, say_value
from app.console.spoken_acts import ACTS, EVENTS
from app.console.words import MIRRORED, SOURCE, Catalogues
from app.domain import courtesy, firing, halting, quiet_hours, suppressing
from app.domain.consent import How, MessageClass
from app.domain.contact_kinds import ContactKind
from app.domain.crisis import CrisisState, Severity, Stage, UpdateState
from app.domain.delivery import State
from app.domain.doubting import Next
from app.domain.firing import PlanState
from app.domain.help_library import HelpKind
from app.domain.holding import Readiness
from app.domain.imports import ImportState
from app.domain.message import FailureKind, Medium
from app.domain.principals import Role
from app.domain.scopes import Scope
from app.domain.slots import SlotType
from app.domain.staff_notices import NudgeState
from app.store.documents import Kind
from tests.architecture.tree import ROOT
from tests.staff_catalogue import FOLDER, messages

NOBODY = Catalogues(Path("nowhere"), "UTC")
ENGLISH, ACCENTED = NOBODY.choose(SOURCE, ""), NOBODY.choose(MIRRORED, "")
MADE_UP_ACTS = {"decide_update.py", "save_document.py", "save_schedule.py", "take_reply.py"}
"""Where the act is put together: what it may be stands in the tests below."""
MADE_UP_EVENTS = {"watching.py", "carry_out.py", "decide_update.py", "tell_unstaffed.py"}


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("media", Medium),
        ("kind", ContactKind),
        ("help", HelpKind),
        ("slot", SlotType),
        ("scope", Scope),
        ("consent", How),
        ("class", MessageClass),
        ("plan", firing.Why),
        ("update", set(halting.Sign) - {halting.Sign.FINE, halting.Sign.WAIT}),
        ("suppressed", suppressing.Spared),
        ("delivery", [*FailureKind, *Next, courtesy.WAITS_FOR_OTHER, *quiet_hours.REASONS]),
        ("delivery", [f"rest_{state}" for state in (State.SUPERSEDED, State.EXPIRED, State.CANCELLED)]),
        ("event", [f"planned_{state}" for state in PlanState]),
        ("event", ["update_approved", "update_returned", "update_rejected", "update_done", "update_superseded"]),
        ("act", [f"{verb}_{kind}" for verb in ("save", "remove") for kind in Kind]),
        ("act", ["return_update", "reject_update", "pause_schedule", "resume_schedule", "wish_for_less"]),
    ],
)
def test_every_value_of_a_closed_set_is_said(table: str, values: Iterable[str]) -> None:
    assert {str(value) for value in values} - set(SAID[table]) == set()
    assert set(SAID[table].values()) <= messages()


@pytest.mark.parametrize(
    ("template", "values"),
    [
        ("parts.html", [*UpdateState, *CrisisState, *State, *Stage, *Severity, *Role]),
        ("import_words.html", ImportState),
        ("holding_parts.html", Readiness),
        ("asked.html", NudgeState),
    ],
)
def test_a_template_that_says_states_itself_says_all_of_them(template: str, values: Iterable[str]) -> None:
    text = (FOLDER / template).read_text("utf-8")
    assert [str(value) for value in values if f'"{value}"' not in text] == []


def test_every_act_of_the_audit_trail_and_every_event_of_a_timeline_is_said() -> None:
    acts, made_up = stored("audit", "append", 2)
    assert acts - set(ACTS) == set()
    assert made_up == MADE_UP_ACTS
    events, made_up = stored("crises", "add_timeline", 3)
    assert events - set(EVENTS) == set()
    assert made_up == MADE_UP_EVENTS


def test_reasons_are_said_with_the_providers_code_and_peoples_own_words_stay() -> None:
    assert say_reason(ENGLISH, "content:30007", "delivery") == "these words are refused <code>30007</code>"
    assert say_reason(ENGLISH, "on_suppression_list:bounced", "delivery") == "bounced for good"
    assert say_reason(ACCENTED, "content:30007", "delivery") == "théšé wórdš áré réfúšéd <code>30007</code>"
    assert say_reason(ENGLISH, "on_suppression_list:asked", "delivery").startswith("on the list of those")
    assert say_reason(ENGLISH, "wrong number on top", "update") == "wrong number on top"
    assert say_reason(ENGLISH, "empty_audience", "update") == "Its audience is empty: nobody would get it."
    assert say_reason(ENGLISH, "<b>:x", "update") == "<b>:x"  # escaped by the page, like all that people type
    assert say_reason(ENGLISH, "never_heard:of<it>", "delivery") == "<code>never_heard:of&lt;it&gt;</code>"
    assert say_reason(ENGLISH, None, "update") == ""


def test_who_did_it_is_said_by_name_or_by_what_it_is() -> None:
    assert say_actor(ACCENTED, "engine") == "thé šérvíçé"
    assert say_actor(ENGLISH, "schedule hourly") == 'the schedule <bdi translate="no">hourly</bdi>'
    assert say_actor(ACCENTED, "Ann <x> (alone)") == '<bdi translate="no">Ann &lt;x&gt;</bdi> (álóñé)'
    assert say_actor(ENGLISH, None) == '<bdi translate="no"></bdi>'
    assert say_value(ENGLISH, "fax", "media") == "fax"
    assert say_place(ENGLISH, "content.gu.options[0].text") == "Gujarati: Options 1"
    assert say_place(ENGLISH, "audience") == "Audience"


def stored(module: str, function: str, place: int) -> tuple[set[str], set[str]]:
    """The constants handed to this argument, and the files that hand in something else."""
    constants, others = set(), set()
    for path in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == function):
                continue
            if isinstance(node.func.value, ast.Name) and node.func.value.id == module:
                argument = node.args[place]
                if isinstance(argument, ast.Constant):
                    constants.add(str(argument.value))
                else:
                    others.add(path.name)
    return constants, others
