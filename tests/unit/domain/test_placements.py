from __future__ import annotations

import pytest

from app.domain.crisis import Severity, Stage
from app.domain.placements import Scope, default_placements, dismissable, placements_document, read_placements
from app.domain.playbooks import Playbook
from app.domain.reading import Reader
from app.domain.sites import Placement
from app.domain.updates import UpdateDocument
from app.errors import Invalid
from tests.unit.domain.samples import update


def read(document: object) -> object:
    reader = Reader({"placements": document})
    found = read_placements(reader)
    reader.done()
    return found


def test_an_update_says_where_it_stands_and_reads_back_the_same() -> None:
    stated = {"popup": {"pages": ["/checkout/*", "/"], "languages": ["gu"]}, "banner": {}}
    document = UpdateDocument.from_document(update(placements=stated))
    assert document.placements == {
        Placement.BANNER: Scope(),
        Placement.POPUP: Scope(pages=("/checkout/*", "/"), languages=("gu",)),
    }
    assert UpdateDocument.from_document(document.to_document()) == document


def test_nothing_said_is_not_the_same_as_nowhere() -> None:
    assert UpdateDocument.from_document(update()).placements is None
    assert read({}) == {}
    assert placements_document(None) is None


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"sidebar": {}}, "unknown_field"),
        ({"banner": {"page": []}}, "unknown_field"),
        ({"banner": {"pages": ["checkout"]}}, "bad_pattern"),
        ({"banner": {"pages": ["/*a*a*a*b"]}}, "bad_pattern"),
        ({"banner": {"pages": ["/" + "a" * 300]}}, "too_long"),
        ({"banner": {"languages": ["englisch, bitte"]}}, "bad_language"),
        ({"banner": "yes"}, "wrong_type"),
        (["banner"], "wrong_type"),
    ],
)
def test_a_faulty_placement_is_explained(document: object, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(document)
    assert code in {problem.code for problem in refused.value.problems}


def test_a_playbook_says_it_for_its_updates() -> None:
    playbook = Playbook.from_document({"slug": "storm", "placements": {"landing": {"pages": ["/"]}}})
    assert playbook.placements == {Placement.LANDING: Scope(pages=("/",))}
    with pytest.raises(Invalid):
        Playbook.from_document({"slug": "storm", "placements": {"roof": {}}})


@pytest.mark.parametrize(
    ("severity", "stage", "places"),
    [
        (Severity.EMERGENCY, Stage.HOLDING, set(Placement)),
        (Severity.MAJOR, Stage.DETAILS, set(Placement)),
        (Severity.MAJOR, Stage.CORRECTION, set(Placement)),
        (Severity.MAJOR, Stage.RESOLVED, {Placement.BANNER}),
        (Severity.MINOR, Stage.DETAILS, {Placement.BANNER}),
        (Severity.INFO, Stage.WARNING, {Placement.BANNER}),
    ],
)
def test_what_is_severe_and_going_on_takes_every_place(
    severity: Severity, stage: Stage, places: set[Placement]
) -> None:
    assert set(default_placements(severity, stage)) == places


def test_only_an_emergency_cannot_be_put_away() -> None:
    assert [severity for severity in Severity if not dismissable(severity)] == [Severity.EMERGENCY]
