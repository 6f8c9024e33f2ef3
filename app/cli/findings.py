"""What `doctor` and `check` are made of: small looks, each of which says what it found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import typer
from rich.console import Console

from app.cli.desk import Desk
from app.cli.refusals import EXPECTED, read
from app.errors import Invalid, NotFound
from app.store import endpoints, targets


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    well: bool
    words: str
    warning: bool = False
    """Worth knowing, but nothing is broken."""
    reason: str = ""
    """Stable, for scripts; "" where the name says it all."""
    remedy: str = ""


Look = Callable[[Desk], Iterator[Finding]]
"""May raise what a command may run into (`EXPECTED`); the others still look."""


def report(desk: Desk, looks: Sequence[Look], *, as_json: bool) -> None:
    """Every look in order, then exit code 1 when anything is broken."""
    found = [finding for look in looks for finding in _looked(desk, look)]
    broken = any(not one.well and not one.warning for one in found)
    desk.answer({"well": not broken, "findings": found}, lambda out: _show(out, found), as_json=as_json)
    if broken:
        raise typer.Exit(1)


def schema(desk: Desk) -> Iterator[Finding]:
    from app.store.migrate import is_current

    well = is_current(desk.db)
    yield Finding("schema", well, "of this version" if well else "of another version; run: clarion migrate")


def secrets(desk: Desk) -> Iterator[Finding]:
    with desk.db.reading() as connection:
        sealed = [(one.slug, one.secrets) for one in endpoints.everything(connection) if one.secrets]
        sealed += [(one.slug, one.secrets) for one in targets.everything(connection) if one.secrets]
    lost = []
    for slug, secret in sealed:
        try:
            desk.keyring.unseal(secret)
        except Invalid:
            lost.append(slug)
    if lost:
        yield Finding("secrets", well=False, words=f"cannot be opened with CLARION_SECRET_KEY: {', '.join(lost)}")
    else:
        yield Finding("secrets", well=True, words=f"of {len(sealed)} endpoints and targets can be opened")


def _looked(desk: Desk, look: Look) -> list[Finding]:
    try:
        return list(look(desk))
    except NotFound:
        raise
    except EXPECTED as fault:
        words = "; ".join(problem.sentence for problem in read(fault)[1])
        name = getattr(look, "__name__", "look").strip("_").replace("_", " ")
        return [Finding(name, well=False, words=words)]


def _show(out: Console, found: Iterable[Finding]) -> None:
    for one in found:
        sign = "[good]✓[/good]" if one.well else "[warn]![/warn]" if one.warning else "[bad]✗[/bad]"
        out.print(f"{sign} {one.name:<18} ", end="")
        out.print(one.words, markup=False)
        if one.remedy:
            out.print(f"  {one.remedy}", markup=False)
