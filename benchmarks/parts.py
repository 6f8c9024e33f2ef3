"""What is measured beside what, and what has to come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

SPEED: Final = "recipients_a_second"


@dataclass(frozen=True, slots=True)
class Way:
    """One command, run as a process of its own in every round up to `rounds`."""

    name: str
    module: str
    people: int
    arguments: tuple[str, ...] = ()
    rounds: int = 9
    least: int = 100


@dataclass(frozen=True, slots=True)
class Goal:
    """The ratio of two ways' medians."""

    of: str
    to: str
    """"" = the figure itself."""
    least: float = 0.0
    most: float = float("inf")
    figure: str = SPEED


@dataclass(frozen=True, slots=True)
class Part:
    ways: tuple[Way, ...]
    goals: tuple[Goal, ...] = ()
    rounds: int = 3
    latency: float = 0.0
    """Seconds a provider takes to answer."""
    title: str = "recipients/s (spread)"
    figure: str = SPEED
    people: str = "people"
    """What the size of a way counts."""
    more: tuple[str, ...] = ()
    """Other figures of each way worth a line."""


def _ours(medium: str, people: int, *more: str, name: str = "Clarion", rounds: int = 9) -> Way:
    return Way(name, "benchmarks.one", people, ("--medium", medium, *more), rounds, least=5_000)


def _peer(way: str, medium: str, people: int, *more: str) -> Way:
    name = {"sdk": "loop over the SDK", "bare": "bare loop, no ledger"}[way]
    return Way(name, "benchmarks.peers", people, ("--way", way, "--medium", medium, *more))


def _celery(medium: str) -> Way:
    return Way("Celery + Redis", "celery", 1_000, (medium,))


def _answering(*more: str) -> tuple[Way, ...]:
    ways = {"nginx": "nginx", "uvicorn": "edge", "shortcut": "shortcut"}
    held = ", 304" if more else ""
    return tuple(
        Way(f"{name}{held}", "benchmarks.site", 64, ("--way", way, *more), least=64) for name, way in ways.items()
    )


PARTS: Final[Mapping[str, Part]] = MappingProxyType(
    {
        "sms": Part(
            (_ours("sms", 200_000), _peer("bare", "sms", 60_000), _peer("sdk", "sms", 500), _celery("sms")),
            (
                Goal("Clarion", "loop over the SDK", least=10),
                Goal("Clarion", "Celery + Redis", least=30),
                Goal("Clarion", "bare loop, no ledger", least=0.6),
            ),
        ),
        "tls": Part(
            (_ours("sms", 200_000, "--tls"), _peer("bare", "sms", 60_000, "--tls"), _peer("sdk", "sms", 500, "--tls")),
            (Goal("Clarion", "loop over the SDK", least=10), Goal("Clarion", "bare loop, no ledger", least=0.6)),
        ),
        "email": Part(
            (
                _ours("email", 500_000),
                _peer("bare", "email", 300_000),
                _peer("sdk", "email", 500),
                _celery("email"),
            ),
            (Goal("Clarion", "Celery + Redis", least=100), Goal("Clarion", "loop over the SDK", least=10)),
        ),
        "smtp": Part(
            (_ours("smtp", 30_000), _peer("bare", "smtp", 20_000)),
            (Goal("Clarion", "bare loop, no ledger", least=0.8),),
        ),
        "scale": Part(
            tuple(
                _ours(medium, people, name=f"{medium} {people:,}", rounds=rounds)
                for medium in ("sms", "email")
                for people, rounds in ((10_000, 3), (100_000, 1), (1_000_000, 1))
            ),
            tuple(
                goal
                for medium in ("sms", "email")
                for goal in (
                    Goal(f"{medium} 10,000", f"{medium} 1,000,000", most=1.2),
                    Goal(f"{medium} 1,000,000", f"{medium} 10,000", most=1.3, figure="memory_peak_mb"),
                )
            ),
        ),
        "workers": Part(
            (
                Way("one worker", "benchmarks.workers", 15_000, ("--workers", "1"), least=4_000),
                Way("two workers", "benchmarks.workers", 30_000, ("--workers", "2"), least=8_000),
            ),
            (Goal("two workers", "one worker", least=1.7),),
            latency=0.05,
        ),
        "urgent": Part(
            (
                Way("idle", "benchmarks.urgent", 1_000, least=1_000),
                Way("queue full", "benchmarks.urgent", 500_000, least=50_000),
            ),
            (Goal("queue full", "idle", most=2.0, figure="p99_ms"),),
            title="p99 ms to hand-off (spread)",
            figure="p99_ms",
        ),
        "cadence": Part(
            (
                Way("idle", "benchmarks.cadence", 10_000, least=1_000),
                Way("full fan-out", "benchmarks.cadence", 10_000, ("--fan-out", "250000"), least=1_000),
                Way(
                    "full fan-out, 100 at once",
                    "benchmarks.cadence",
                    10_000,
                    ("--fan-out", "250000", "--at-once", "100"),
                    least=1_000,
                ),
            ),
            title="p99 ms until due work begins (spread)",
            figure="p99_ms",
            people="schedules",
            more=("look_ms", "median_ms", "most_ms"),
        ),
        "import": Part(
            (
                Way("SQLite, one process", "benchmarks.importing", 100_000),
                Way("SQLite, two parsers", "benchmarks.importing", 100_000, ("--parsers", "2")),
                Way("PostgreSQL, one process", "benchmarks.importing", 100_000, ("--postgresql",)),
                Way("PostgreSQL, two parsers", "benchmarks.importing", 100_000, ("--postgresql", "--parsers", "2")),
                Way("PostgreSQL, with consent", "benchmarks.importing", 60_000, ("--postgresql", "--consent"), 3),
                Way("the usual loop, SQLite", "benchmarks.importing", 6_000, ("--usual",), 3),
                Way("SQLite, 1,000,000", "benchmarks.importing", 1_000_000, ("--parsers", "2"), rounds=1),
                Way(
                    "PostgreSQL, 1,000,000",
                    "benchmarks.importing",
                    1_000_000,
                    ("--postgresql", "--parsers", "2"),
                    rounds=1,
                ),
            ),
            (
                *(
                    Goal(f"{database}, {way}", "", least=least, figure="rows_a_second")
                    for database in ("SQLite", "PostgreSQL")
                    for way, least in (("one process", 5_000), ("two parsers", 8_000))
                ),
                Goal("PostgreSQL, with consent", "", least=5_000, figure="rows_a_second"),
                Goal("SQLite, one process", "the usual loop, SQLite", least=4, figure="rows_a_second"),
                Goal("SQLite, two parsers", "SQLite, one process", least=1.6, figure="rows_a_second"),
                Goal("PostgreSQL, two parsers", "PostgreSQL, one process", least=1.6, figure="rows_a_second"),
                Goal("SQLite, 1,000,000", "SQLite, two parsers", most=1.2, figure="memory_peak_mb"),
                Goal("PostgreSQL, 1,000,000", "PostgreSQL, two parsers", most=1.2, figure="memory_peak_mb"),
                Goal("SQLite, 1,000,000", "", most=100, figure="longest_write_ms"),
                Goal("PostgreSQL, 1,000,000", "", most=100, figure="longest_write_ms"),
            ),
            rounds=5,
            title="rows/s (spread)",
            figure="rows_a_second",
            people="rows",
            more=("longest_write_ms", "p99_write_ms", "median_write_ms"),
        ),
        "site": Part(
            (
                *_answering(),
                *_answering("--held"),
                Way("nginx as deployed", "benchmarks.site", 64, ("--way", "deployed"), least=64),
                Way("shortcut, all visitors differ", "benchmarks.site", 64, ("--way", "shortcut", "--many"), least=64),
            ),
            tuple(
                goal
                for held in ("", ", 304")
                for way, least in (("uvicorn", 0.25), ("shortcut", 0.9))
                for goal in (
                    Goal(f"{way}{held}", f"nginx{held}", least=least, figure="requests_a_second"),
                    Goal(f"{way}{held}", f"nginx{held}", most=4.0, figure="p99_ms"),
                )
            ),
            title="requests/s (spread)",
            figure="requests_a_second",
            people="connections",
            more=("p50_ms", "p99_ms"),
        ),
        "live": Part(
            (
                Way("told the words", "benchmarks.live", 10_000),
                Way("told the words, not compressed", "benchmarks.live", 10_000, ("--plain",)),
                Way("told to ask", "benchmarks.live", 9_000, ("--ask",)),
                Way("any ASGI server", "benchmarks.live", 10_000, ("--asgi",)),
            ),
            (Goal("told the words", "told to ask", most=1.0, figure="last_ms"),),
            title="ms to the last visitor (spread)",
            figure="last_ms",
            people="visitors",
            more=("kb_each", "median_visitor_ms", "from_the_change_ms"),
        ),
        "audience": Part(
            tuple(
                Way(name, "benchmarks.audience", 1_000_000, ("--database", kind), rounds=1, least=20_000)
                for name, kind in (("SQLite", "sqlite"), ("PostgreSQL", "postgresql"))
            ),
            tuple(
                Goal(name, "", most=most, figure=figure)
                for name, seconds in (("SQLite", 1.6), ("PostgreSQL", 5.8))
                for figure, most in (
                    ("slowest_count_ms", 1_000.0),
                    ("reach_ms", 1_000.0),
                    ("listing_seconds", seconds),
                    ("listing_with_consents_seconds", seconds),
                    ("longest_write_ms", 100.0),
                )
            ),
            rounds=1,
            title="ms for the slowest count of a rule (spread)",
            figure="slowest_count_ms",
            more=("reach_ms", "listing_seconds", "listing_with_consents_seconds", "longest_write_ms"),
        ),
        "visible": Part(
            (
                Way("at the origin", "benchmarks.visible", 100, ("--way", "origin"), least=20),
                Way("in an open browser, live", "benchmarks.visible", 30, ("--way", "live"), least=5),
                Way("in an open browser, polling", "benchmarks.visible", 20, ("--way", "polling"), rounds=1, least=5),
            ),
            rounds=2,
            title="p99 ms until visible (spread)",
            figure="p99_ms",
            people="changes",
            more=("median_ms", "most_ms"),
        ),
    }
)
