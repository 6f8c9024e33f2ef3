"""Whether everything a rule names is there: a slip of the pen must not mean nobody, nor, behind a `not`, everybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from sqlalchemy import Connection

from app.domain.audience_rules import Areas, Deliveries, Rule, everything_in
from app.errors import Invalid, Problem
from app.store import audiences, updates

MOST_NAMED = 20


def check_audience(connection: Connection, rule: Rule, slug: str = "", field: str = "rule") -> Rule:
    """The rule with saved audiences resolved. Raise Invalid for names of nothing and for a circle of audiences.

    `slug`: the audience that is to have this rule. Areas are known by the registry, by contact channels and by
    subscribers; while nothing at all is known of areas, before the first import, any name will do.
    """
    whole = audiences.resolved(connection, rule, (slug,) if slug else ())
    problems = [*_areas(connection, whole, field), *_updates(connection, whole, field)]
    if problems:
        raise Invalid(problems)
    return whole


def _areas(connection: Connection, rule: Rule, field: str) -> Iterator[Problem]:
    named = dict.fromkeys(name for one in everything_in(rule) if isinstance(one, Areas) for name in one.names)
    unknown = audiences.unknown_areas(connection, list(named))
    known = audiences.known_areas(connection) if unknown else []
    for name in unknown if known else ():
        yield Problem("unknown_area", f"There is no area “{name}”.", field, nearest(name, known))


def nearest(name: str, known: Sequence[str]) -> str:
    """A remedy that names what may have been meant."""
    near = get_close_matches(name.lower(), {one.lower(): one for one in known}, 3, 0.5)
    spelt = {one.lower(): one for one in known}
    if near:
        return f"Did you mean {' or '.join(f'“{spelt[one]}”' for one in near)}?"
    return f"Known are: {', '.join(known[:MOST_NAMED])}."


def _updates(connection: Connection, rule: Rule, field: str) -> Iterator[Problem]:
    for number in dict.fromkeys(one.update for one in everything_in(rule) if isinstance(one, Deliveries)):
        state = updates.went_out(connection, number)
        if state is None:
            yield Problem("unknown_update", f"There is no update {number}.", field, "List the crisis's updates.")
        elif not state:
            sentence = f"Update {number} has not gone out, so nobody got it or missed it."
            yield Problem("update_not_sent", sentence, field, "Name one that was sent.")
