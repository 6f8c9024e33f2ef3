from __future__ import annotations

import dataclasses
import math
import time
from pathlib import Path

import orjson
import pytest

from tests.rig import Accepted, Collector, Keep
from tests.rig.ledger import Ledger

PROVIDERS = ("twilio", "sendgrid")


def test_the_ledger_only_grows() -> None:
    ledger = Ledger(PROVIDERS)
    for number in range(1, 4):
        ledger.accept("twilio", f"+1500555000{number}", "", "Hello", number)

    entries = list(ledger.entries())
    assert [entry.seq for entry in entries] == [1, 2, 3]
    with pytest.raises(dataclasses.FrozenInstanceError):
        entries[0].to = "somebody else"  # type: ignore[misc]
    changers = {"clear", "remove", "pop", "delete", "reset", "truncate"}
    assert not changers & set(dir(ledger))


def test_entries_come_in_pages_and_by_provider() -> None:
    ledger = Ledger(PROVIDERS)
    for number in range(1, 5):
        ledger.accept(PROVIDERS[number % 2], f"to-{number}", "", "Hello", number)

    assert [entry.seq for entry in ledger.entries("twilio")] == [2, 4]
    assert [entry.seq for entry in ledger.entries("twilio", after=2)] == [4]
    assert [entry.seq for entry in ledger.entries(after=3)] == [4]


def test_a_message_accepted_twice_is_found_by_body_by_reference_and_by_address() -> None:
    ledger = Ledger(PROVIDERS)
    ledger.accept("twilio", "+1", "a-1", "Hello", 1)
    ledger.accept("twilio", "+1", "a-2", "Hello", 2)
    ledger.accept("twilio", "+1", "b-1", "Correction", 3)
    ledger.accept("twilio", "+2", "c-1", "Hello", 4)
    ledger.accept("twilio", "+2", "c-1", "Hello, again", 5)

    assert [(one.to, one.times, one.seqs) for one in ledger.repeats("body")] == [("+1", 2, (1, 2))]
    assert [(one.to, one.what) for one in ledger.repeats("reference")] == [("+2", "c-1")]
    assert [(one.to, one.times) for one in ledger.repeats("address")] == [("+1", 3), ("+2", 2)]
    assert ledger.repeats("body", "sendgrid") == []


def test_how_much_is_kept_is_a_choice_and_the_file_gets_every_entry(tmp_path: Path) -> None:
    kept = {}
    for keep in Keep:
        ledger = Ledger(PROVIDERS, keep, tmp_path / f"{keep}.ndjson")
        ledger.accept("twilio", "+1", "ref", "Hello", 1)
        kept[keep] = [entry.body for entry in ledger.entries()]
        assert ledger.accepted("twilio") == 1
        ledger.close()
        [line] = (tmp_path / f"{keep}.ndjson").read_bytes().splitlines()
        assert orjson.loads(line)["reference"] == "ref"

    assert kept == {Keep.BODIES: ["Hello"], Keep.ENTRIES: [None], Keep.COUNTS: []}


def entry(seq: int, to: str, after_seconds: float, body: str = "Hello") -> Accepted:
    return Accepted(seq, "twilio", to, "", "", time.monotonic() + after_seconds, seq, body)


def test_a_collector_is_content_with_exactly_what_was_expected() -> None:
    entries: list[Accepted] = []
    collector = Collector(lambda: entries)
    collector.expect("twilio", "+1", within=(0.0, 5.0), contains="Hel")
    collector.expect("twilio", "+1", within=(10.0, 20.0))
    entries += [entry(1, "+1", 1.0), entry(2, "+1", 15.0)]

    collector.finish()


@pytest.mark.parametrize(
    ("came", "fault"),
    [
        ([], "missing"),
        ([entry(1, "+1", 1.0), entry(2, "+1", 2.0)], "extra"),
        ([entry(1, "+1", 1.0), entry(2, "+2", 2.0)], "extra"),
        ([entry(1, "+1", 50.0)], "late"),
        ([entry(1, "+1", 0.0)], "early"),
        ([entry(1, "+1", 1.0, body="Other words")], "missing"),
    ],
)
def test_a_collector_fails_on_whatever_is_not_exactly_expected(came: list[Accepted], fault: str) -> None:
    entries: list[Accepted] = []
    collector = Collector(lambda: entries)
    collector.expect("twilio", "+1", within=(0.5, 5.0), contains="Hello")
    now = time.monotonic()
    shift = now - min((one.at for one in came), default=now)
    wanted = {"late": 50.0, "early": 0.1}.get(fault, 1.0)
    entries += [dataclasses.replace(one, at=one.at + shift + wanted) for one in came]

    with pytest.raises(AssertionError, match=fault):
        collector.finish()


def test_a_collector_does_not_look_at_what_came_before_it() -> None:
    old = entry(1, "+1", -1.0)
    Collector(lambda: [old]).finish()
    assert math.isfinite(old.at)


def test_one_example_of_each_text_is_kept_with_its_words() -> None:
    ledger = Ledger(PROVIDERS, Keep.ENTRIES)
    for to, words in (("+1", "Hello"), ("+2", "Hello"), ("+3", "Saluton")):
        ledger.accept("twilio", to, "", words, 1)
    assert [(one.to, one.body) for one in ledger.examples("twilio")] == [("+1", "Hello"), ("+3", "Saluton")]
    assert [one.body for one in ledger.entries()] == [None, None, None]
