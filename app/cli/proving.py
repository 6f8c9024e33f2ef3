"""Is everything as it should be? `check` asks before you need it, `audit verify` always; afterwards see `doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console

from app.cli.attention import routing, upkeep
from app.cli.desk import AsJson, Desk, at_desk
from app.cli.findings import Finding, report, schema, secrets
from app.domain.playbooks import Playbook
from app.domain.principals import Role
from app.errors import Invalid, Problem
from app.store import audiences, audit, counting, documents, endpoints, staff, users
from app.store.audit import Head
from app.store.documents import Kind
from app.usecases.verify_audit import AuditReport, verify_audit

app = typer.Typer()
audit_app = typer.Typer(help="The audit trail.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")


@audit_app.command()
def verify(
    known: Annotated[str | None, typer.Option(metavar="HEAD", help="A head written down earlier: NUMBER:HASH.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check the hash chain from its first entry; exit code 1 when it is broken."""
    with at_desk() as desk:
        report = verify_audit(desk.db, desk.actor, known=_head(known) if known else None)
        value = {"whole": report.broken_at is None, "broken_at": report.broken_at, "head": str(report.head)}
        desk.answer(value, lambda out: _show_audit(out, report), as_json=as_json)
        if report.broken_at is not None:
            raise typer.Exit(1)


@app.command()
def check(as_json: AsJson = False) -> None:
    """Look for what would stop you in a crisis: settings, endpoints, people, ways to reach you."""
    with at_desk() as desk:
        people = (_approvers, _staff_places)
        looks = (_configuration, schema, secrets, _channels, *people, routing, upkeep, _playbooks, _audiences)
        report(desk, looks, as_json=as_json)


def _configuration(desk: Desk) -> Iterator[Finding]:
    settings = desk.settings
    key = settings.resolved_secret_key()
    short = min(len(part.strip()) for part in key.split(",")) < 32
    words = "shorter than 32 characters: make it random and long" if short else "long enough"
    yield Finding("secret key", not short, words)
    base = settings.public_base
    public = base.startswith("https://")
    words = base if public else f"{base}: customers and providers need an https address"
    yield Finding("public address", public, words, warning=True)
    folder = settings.publish_dir
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".clarion-check"
    probe.write_bytes(b"")
    probe.unlink()
    yield Finding("publish folder", well=True, words=f"{folder} can be written")


def _channels(desk: Desk) -> Iterator[Finding]:
    with desk.db.reading() as connection:
        configured = endpoints.everything(connection)
    if not configured:
        yield Finding("endpoints", well=False, words="there is none: save one by POST /api/v1/endpoints", warning=True)
    for endpoint in configured:
        name = f"endpoint {endpoint.slug}"
        try:
            desk.wiring.channels(endpoint)
        except Invalid as refused:
            yield Finding(name, well=False, words=refused.problems[0].sentence)
            continue
        halted = endpoint.halted_reason
        words = f"halted: {halted}" if halted else f"{endpoint.channel}, {endpoint.rate_per_second:g} a second"
        yield Finding(name, not halted, words)


def _approvers(desk: Desk) -> Iterator[Finding]:
    with desk.db.reading() as connection:
        active = [user for user in users.page(connection, limit=200).items if not user.disabled]
    may_approve = sum(user.role.allows(Role.APPROVER) for user in active)
    may_write = sum(user.role.allows(Role.AUTHOR) for user in active)
    well = may_approve >= 1 and may_write >= 2
    words = f"{may_write} may write, {may_approve} may approve"
    yield Finding("people", well, words if well else f"{words}: sending needs an author and another approver")


def _staff_places(desk: Desk) -> Iterator[Finding]:
    with desk.db.reading() as connection:
        count = len(staff.recipients(connection))
    words = f"notices go to {count} places" if count else "notices go nowhere; run: clarion staff add ENDPOINT ADDRESS"
    yield Finding("staff", bool(count), words, warning=True)


def _playbooks(desk: Desk) -> Iterator[Finding]:
    with desk.db.reading() as connection:
        found = documents.everything(connection, Kind.PLAYBOOK)
    for row in found:
        playbook = Playbook.from_document(row.document)
        languages = sorted({language for stage in playbook.stages.values() for language in stage})
        yield Finding(
            f"playbook {row.slug}", well=True, words=f"{len(playbook.stages)} stages in {' '.join(languages)}"
        )
    if not found:
        yield Finding("playbooks", well=False, words="none: the first word will take longer", warning=True)


def _audiences(desk: Desk) -> Iterator[Finding]:
    with desk.db.reading() as connection:
        for row in audiences.page(connection, limit=200).items:
            reach = counting.count_by_medium(connection, row.typed())
            words = ", ".join(f"{count:,} by {medium.value}" for medium, count in reach.items() if count)
            yield Finding(f"audience {row.slug}", bool(words), words or "reaches nobody", warning=True)


def _head(text: str) -> Head:
    try:
        return audit.Head.parse(text)
    except ValueError:
        raise Invalid(Problem("bad_head", "This is not a head.", "--known", "Write NUMBER:HASH as printed.")) from None


def _show_audit(out: Console, report: AuditReport) -> None:
    if report.broken_at is None:
        out.print(f"[good]✓[/good] The audit trail is whole. Head: {report.head}", soft_wrap=True)
    else:
        out.print(f"[bad]✗[/bad] The audit trail is broken at entry {report.broken_at}.")
