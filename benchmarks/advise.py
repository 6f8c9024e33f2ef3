"""How long one piece of advice takes: 200 contact channels, 500 rules, a different question each time.

`python -m benchmarks.advise` prints a JSON line, in microseconds. The moments asked about lie in one week, whose hours
have been worked out before, as they are in a running service.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from app.domain.contact_kinds import ContactStatus
from app.domain.crisis import Severity
from app.domain.routing import ANY_NEED, EMERGENCY_NEED, Query, Registry, advise, route_lines

CHANNELS: Final = 200
RULES: Final = 500
NEEDS: Final = 40
ASKED: Final = 20_000
LANGUAGES: Final = ("en", "gu", "lo", "eo", "ar")
ZONES: Final = ("Asia/Vientiane", "Asia/Kolkata", "Europe/London", "America/New_York", "Pacific/Auckland")
HOURS: Final = ("24/7", "Mo-Fr 08:00-18:00", "Mo-Sa 07:00-22:00", "Mo-Su 20:00-04:00", "Mo-Fr 09:00-12:00,13:00-17:00")
MONDAY: Final = datetime(2026, 11, 23, tzinfo=UTC)


def registry(dice: random.Random) -> Registry:
    """Half of the channels keep public holidays; rules with every condition, each need with one that always holds."""
    channels = [_channel(dice, number) for number in range(CHANNELS)]
    slugs = [EMERGENCY_NEED, *(f"need-{number}" for number in range(1, NEEDS))]
    needs = [{"slug": slug, "labels": {"en": slug}} for slug in slugs]
    always = [_rule(dice, number, slug, 9_000, {}) for number, slug in enumerate([*slugs, ANY_NEED])]
    rules = [_rule(dice, number, dice.choice(slugs), number, _when(dice)) for number in range(len(always), RULES)]
    return Registry.from_documents(channels, needs, [*always, *rules])


def _channel(dice: random.Random, number: int) -> dict[str, Any]:
    return {
        "slug": f"channel-{number}",
        "kind": "phone",
        "address": f"+4420718{number:05}",
        "names": {"en": f"Line {number}"},
        "languages": dice.sample(LANGUAGES, 2),
        "hours": dice.choice(HOURS),
        "timezone": dice.choice(ZONES),
        "holidays": {"country": dice.choice(("LA", "IN", "GB"))} if number % 2 else {},
        "areas": [f"area-{dice.randrange(8)}"] if number % 4 == 0 else [],
        "status": dice.choices(("open", "busy", "down"), (18, 1, 1))[0],
    }


def _rule(dice: random.Random, number: int, need: str, position: int, when: dict[str, Any]) -> dict[str, Any]:
    chosen = [f"channel-{one}" for one in dice.sample(range(CHANNELS), 5)]
    return {"slug": f"rule-{number}", "need": need, "when": when, "contact_channels": chosen, "position": position}


def _when(dice: random.Random) -> dict[str, Any]:
    every = {
        "language": dice.sample(LANGUAGES, 2),
        "area": f"area-{dice.randrange(8)}",
        "severity": dice.choice(list(Severity)).value,
        "audience": f"audience-{dice.randrange(6)}",
        "hours": dice.choice(HOURS[1:]),
    }
    chosen = dice.sample(sorted(every), dice.randint(1, 3))
    return {name: every[name] for name in chosen}


def question(dice: random.Random) -> tuple[Query, datetime]:
    need = EMERGENCY_NEED if dice.random() < 0.25 else f"need-{dice.randrange(1, NEEDS)}"
    asked = Query(
        need,
        dice.choice(LANGUAGES),
        f"area-{dice.randrange(8)}",
        dice.choice([None, *Severity]),
        f"audience-{dice.randrange(6)}",
    )
    return asked, MONDAY + timedelta(seconds=dice.randrange(7 * 86_400))


def measure(found: Registry, questions: list[tuple[Query, datetime]]) -> list[float]:
    """Microseconds for each question."""
    taken = []
    for query, at in questions:
        started = time.perf_counter_ns()
        advise(found, query, at)
        taken.append((time.perf_counter_ns() - started) / 1_000)
    return taken


def _nearly_all_shut(found: Registry) -> Registry:
    """The worst case of an emergency: only the very last contact channel may be open, so all are looked at."""
    *shut, last = found.channels.values()
    channels = [*(replace(one, status=ContactStatus.DOWN) for one in shut), last]
    return Registry.of(channels, found.needs.values(), found.rules)


def _block(found: Registry, query: Query, at: datetime) -> float:
    """Microseconds for the contact block of one language, area and moment: a line for each need, twelve at most."""
    started = time.perf_counter_ns()
    route_lines(found, need=query.need, language=query.language, area=query.area, at=at, limit=12)
    return (time.perf_counter_ns() - started) / 1_000


def figures(asked: int = ASKED) -> dict[str, float]:
    dice = random.Random(3)
    found = registry(dice)
    questions = [question(dice) for _ in range(asked)]
    measure(found, questions)  # works the hours out
    taken = measure(found, questions)
    everything = Registry.of(found.channels.values(), found.needs.values(), ())
    shut = _nearly_all_shut(found)
    urgent = [(replace(query, need=EMERGENCY_NEED), at) for query, at in questions[: asked // 10]]
    measure(shut, urgent)
    blocks = [_block(found, query, at) for query, at in questions[: asked // 20]]
    return {
        "channels": len(found.channels),
        "rules": len(found.rules),
        "asked": asked,
        "median_us": round(statistics.median(taken), 1),
        "p99_us": round(statistics.quantiles(taken, n=100)[98], 1),
        "emergency_elsewhere_median_us": round(statistics.median(measure(found, urgent)), 1),
        "emergency_nearly_all_shut_median_us": round(statistics.median(measure(shut, urgent)), 1),
        "contact_block_median_us": round(statistics.median(blocks), 1),
        "without_rules_median_us": round(statistics.median(measure(everything, questions[: asked // 10])), 1),
    }


if __name__ == "__main__":
    print(json.dumps(figures()))
