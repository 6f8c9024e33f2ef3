"""Does it add up? Every claim the demo makes, held against the rows and against what the providers say."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from app.api.answers import UpdateView
from app.api.progress import view
from app.demo.people import Population
from app.demo.stage import Stage
from app.demo.texts import story
from app.domain.delivery import State
from app.domain.message import PERSONAL_MEDIA, Medium
from app.domain.principals import HOST
from app.domain.reference import decode
from app.store import deliveries, receipts, updates
from app.terminal import Bar, Bars
from app.usecases.import_subscribers import ImportReport
from app.usecases.verify_audit import verify_audit
from app.wiring import REFERENCES

if TYPE_CHECKING:
    from tests.rig.ledger import Accepted

TAKEN: Final = (State.ACCEPTED.value, State.DELIVERED.value, State.UNDELIVERED.value)
_PERSONAL: Final = frozenset(medium.value for medium in PERSONAL_MEDIA)
REPORTING: Final = ("texts", "sendgrid")
"""Endpoints whose providers report what became of each delivery."""
_LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Check:
    well: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was counted, on both sides."""

    stage: Stage
    population: Population
    imported: ImportReport
    updates: Sequence[UpdateView]
    """First message, correction, last word: in this order."""
    gone: bool
    """Whether the banner disappeared."""
    counts: dict[str, Any]
    entries: Sequence[Accepted]


def gather(
    stage: Stage, population: Population, imported: ImportReport, updates: Sequence[int], *, gone: bool
) -> Evidence:
    wiring = stage.wiring
    shown = [view(wiring.db, update, wiring.clock.now()) for update in updates]
    return Evidence(stage, population, imported, shown, gone, stage.control.counts(), list(stage.control.entries()))


def wait_for_receipts(stage: Stage, sent: Sequence[int], bars: Bars, seconds: float) -> None:
    """Until every report of the providers has come in and is folded; gives up silently, the checks will tell."""
    deadline, wiring = time.monotonic() + seconds, stage.wiring
    while True:
        shown = [view(wiring.db, update, wiring.clock.now()) for update in sent]
        bars.show([_reported(slug, shown) for slug in REPORTING])
        with wiring.db.reading() as connection:
            waiting = receipts.waiting(connection)
        if (not waiting and stage.control.counts()["callbacks"]["idle"]) or time.monotonic() > deadline:
            return
        time.sleep(_LOOK_SECONDS)


def _reported(slug: str, shown: Sequence[UpdateView]) -> Bar:
    lines = [line for update in shown for line in update.per_endpoint if line.endpoint == slug]
    told = sum(line.counts.get(state.value, 0) for line in lines for state in (State.DELIVERED, State.UNDELIVERED))
    return Bar(slug, told, sum(map(taken, lines)))


def checks(evidence: Evidence) -> Iterator[Check]:
    """Every one of them, in the order in which they are shown."""
    yield from _sums(evidence)
    yield from _ledgers(evidence)
    yield from _people(evidence)
    yield from _receipts(evidence)
    yield from _order(evidence)
    yield from _proofs(evidence)


def taken(line: Any) -> int:  # noqa: ANN401 - anything with counts
    """Deliveries a provider took responsibility for."""
    return sum(line.counts.get(state, 0) for state in TAKEN)


def _check(name: str, *, well: bool, **figures: object) -> Check:
    return Check(well, str(story()["checks"][name]).format(**figures))


def _sums(evidence: Evidence) -> Iterator[Check]:
    approver = story()["users"]["approver"]
    for shown in evidence.updates:
        name, recipients = f"update {shown.id} ({shown.stage})", shown.recipients or 0
        well = sum(shown.counts.values()) == recipients
        yield _check("audience", well=well, update=name, recipients=recipients, approver=approver)
    with evidence.stage.wiring.db.reading() as connection:
        for shown in evidence.updates:
            row_count = deliveries.states_by_row(connection, _broadcast(evidence, shown))
            rows = {state.value: count for state, count in row_count.items()}
            name = f"update {shown.id} ({shown.stage})"
            yield _check("rows", well=rows == shown.counts, update=name, recipients=sum(rows.values()))


def _ledgers(evidence: Evidence) -> Iterator[Check]:
    ours: Counter[str] = Counter()
    for shown in evidence.updates:
        for line in shown.per_endpoint:
            ours[line.endpoint] += taken(line)
    for endpoint in story()["endpoints"]:
        if endpoint["provider"]:
            theirs = int(evidence.counts[endpoint["provider"]]["accepted"])
            slug = endpoint["slug"]
            if not ours[slug] and not theirs:  # a short list fills one shard, and that goes to one endpoint
                continue
            yield _check("ledger", well=ours[slug] == theirs, endpoint=slug, ours=ours[slug], theirs=theirs)


def _people(evidence: Evidence) -> Iterator[Check]:
    key = evidence.stage.wiring.keyring.key(REFERENCES)
    given: Counter[tuple[object, ...]] = Counter()
    reached: dict[int, set[tuple[int, int]]] = {}
    for entry in evidence.entries:
        delivery = decode(entry.reference, key)
        if delivery is None:  # a post: its words are its name
            given[entry.provider, entry.to, entry.digest] += 1
            continue
        given[delivery.broadcast, delivery.medium, delivery.address_id] += 1
        reached.setdefault(delivery.broadcast, set()).add((delivery.medium, delivery.address_id))
    twice = sum(times > 1 for times in given.values())
    yield _check("once", well=not twice and len(evidence.entries) > 0, entries=len(evidence.entries))
    first, correction = evidence.updates[:2]
    before = reached.get(_broadcast(evidence, first), set())
    after = reached.get(_broadcast(evidence, correction), set())
    meant = [line for line in correction.per_endpoint if line.medium in _PERSONAL]
    size, took = sum(line.size for line in meant), sum(taken(line) for line in meant)
    yield _check("corrected_audience", well=size == len(before), ours=size, theirs=len(before))
    well = after <= before and len(after) == took
    yield _check("same_people", well=well, ours=len(after), theirs=len(before), differ=len(before - after))


def _receipts(evidence: Evidence) -> Iterator[Check]:
    for slug in REPORTING:
        lines = [line for shown in evidence.updates for line in shown.per_endpoint if line.endpoint == slug]
        delivered = sum(line.counts.get(State.DELIVERED.value, 0) for line in lines)
        undelivered = sum(line.counts.get(State.UNDELIVERED.value, 0) for line in lines)
        ours, theirs = sum(map(taken, lines)), delivered + undelivered
        yield _check(
            "receipts",
            well=ours == theirs,
            endpoint=slug,
            ours=ours,
            theirs=theirs,
            delivered=delivered,
            undelivered=undelivered,
        )
    callbacks = evidence.counts["callbacks"]
    forged, refused = int(callbacks.get("forged", 0)), int(callbacks.get("forged_4xx", 0))
    yield _check("forged", well=forged == refused, ours=forged, theirs=refused)
    cut_off = sum(int(rule["fired"]) for rule in evidence.stage.control.rules() if rule["effect"].startswith("reset"))
    unknown = sum(shown.counts.get(State.UNKNOWN.value, 0) for shown in evidence.updates)
    yield _check("unknown", well=unknown == 0, ours=cut_off, theirs=unknown)


def _order(evidence: Evidence) -> Iterator[Check]:
    begun = {name: evidence.counts[name]["first_request_at"] for name in ("mastodon", "bluesky", "twilio", "sendgrid")}
    with evidence.stage.wiring.db.reading() as connection:
        first = deliveries.page(connection, _broadcast(evidence, evidence.updates[0]), limit=5)[0]
    site = next((one.at for one in first if one.medium is Medium.SITE and one.at), None)
    # The providers tell monotonic seconds of this machine, the ledger tells time of day.
    offset = time.time() - time.monotonic()
    shown = site is not None and begun["twilio"] is not None and site.timestamp() - offset <= begun["twilio"]
    yield _check("shown", well=shown)
    times = [begun["mastodon"], begun["bluesky"], begun["twilio"], begun["sendgrid"]]
    known = [at for at in times if at is not None]
    well = len(known) == len(times) and max(known[:2]) <= known[2] <= known[3]
    yield _check("order", well=well)
    yield _check("gone", well=evidence.gone)


def _proofs(evidence: Evidence) -> Iterator[Check]:
    bad, refused = evidence.population.bad_rows, evidence.imported.rejected
    well = bad == refused and evidence.imported.created == evidence.population.rows - bad
    yield _check("rejected", well=well, ours=bad, theirs=refused)
    audit = verify_audit(evidence.stage.wiring.db, HOST)
    yield _check("audit", well=audit.broken_at is None, entries=audit.head.seq)


def _broadcast(evidence: Evidence, shown: UpdateView) -> int:
    with evidence.stage.wiring.db.reading() as connection:
        found = updates.get(connection, shown.id).broadcast_id
    assert found is not None  # noqa: S101 - it was sent
    return found
