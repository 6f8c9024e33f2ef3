"""Is everything as it should be? `check` asks before you need it, `doctor` afterwards, `audit verify` always."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Final

import typer
from rich.console import Console

from app.cli.desk import AsJson, Desk, at_desk
from app.cli.refusals import EXPECTED, read
from app.domain.crisis import LIVE, UpdateState
from app.domain.endpoints import sealed_settings
from app.domain.playbooks import Playbook
from app.domain.principals import Role
from app.domain.routing import check_references
from app.engine.lock import engine_lock
from app.errors import Invalid, Problem
from app.site.lastgood import last_good
from app.store import audiences, audit, deliveries, documents, endpoints, receipts, updates, users
from app.store.audit import Head
from app.store.documents import Kind
from app.usecases.verify_audit import AuditReport, verify_audit

app = typer.Typer()
audit_app = typer.Typer(help="The audit trail.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")

BROADCASTS: Final = 20
"""The doctor counts every row of the live ones and of so many of the last."""


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    well: bool
    words: str
    warning: bool = False
    """Worth knowing, but nothing is broken."""


Look = Callable[[Desk], Iterator[Finding]]


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
def doctor(as_json: AsJson = False) -> None:
    """Compare what should be equal: counters and rows, audit and chain, secrets and key, files and manifest."""
    with at_desk() as desk:
        desk.allowed("verify_audit")
        _report(desk, (_schema, _counters, _audit, _secrets, _website, _engine), as_json=as_json)


@app.command()
def check(as_json: AsJson = False) -> None:
    """Look for what would stop you in a crisis: settings, endpoints, people, ways to reach you."""
    with at_desk() as desk:
        looks = (_configuration, _schema, _secrets, _channels, _approvers, _ways_to_reach_us, _playbooks, _audiences)
        _report(desk, looks, as_json=as_json)


def _report(desk: Desk, looks: tuple[Look, ...], *, as_json: bool) -> None:
    found: list[Finding] = []
    for look in looks:
        try:
            found += look(desk)
        except EXPECTED as fault:
            words = "; ".join(problem.sentence for problem in read(fault)[1])
            found.append(Finding(look.__name__.strip("_").replace("_", " "), well=False, words=words))

    def show(out: Console) -> None:
        for one in found:
            sign = "[good]✓[/good]" if one.well else "[warn]![/warn]" if one.warning else "[bad]✗[/bad]"
            out.print(f"{sign} {one.name:<18} ", end="")
            out.print(one.words, markup=False)

    broken = any(not one.well and not one.warning for one in found)
    desk.answer({"well": not broken, "findings": found}, show, as_json=as_json)
    if broken:
        raise typer.Exit(1)


def _schema(desk: Desk) -> Iterator[Finding]:
    from app.store.migrate import is_current

    well = is_current(desk.db)
    yield Finding("schema", well, "of this version" if well else "of another version; run: clarion migrate")


def _counters(desk: Desk) -> Iterator[Finding]:
    with desk.db.reading() as connection:
        rows = [*updates.page(connection, states=LIVE, limit=200).items, *updates.sent(connection)[:BROADCASTS]]
        for row in {row.id: row for row in rows if row.broadcast_id is not None}.values():
            assert row.broadcast_id is not None  # noqa: S101 - filtered in the line above
            counted = deliveries.counts(connection, row.broadcast_id)
            by_row = deliveries.states_by_row(connection, row.broadcast_id)
            total = sum(counted.values())
            name, wrong = f"update {row.id}", [state.value for state in counted if counted[state] != by_row[state]]
            if wrong:
                figures = ", ".join(
                    f"{state} {counted[state]} / {by_row[state]}" for state in counted if state in wrong
                )
                yield Finding(name, well=False, words=f"counters differ from the rows: {figures}")
            elif row.state is not UpdateState.STAGING and total != row.recipients:
                words = f"states sum to {total:,}, the frozen audience is {row.recipients}"
                yield Finding(name, well=False, words=words)
            else:
                yield Finding(name, well=True, words=f"{total:,} deliveries: counters, rows and audience agree")
        waiting = receipts.waiting(connection)
    if waiting:
        yield Finding("receipts", well=False, words="some wait to be folded in", warning=True)


def _audit(desk: Desk) -> Iterator[Finding]:
    report = verify_audit(desk.db, desk.actor)
    words = f"whole, head {report.head}" if report.broken_at is None else f"broken at entry {report.broken_at}"
    yield Finding("audit", report.broken_at is None, words)


def _secrets(desk: Desk) -> Iterator[Finding]:
    with desk.db.reading() as connection:
        sealed = [endpoint for endpoint in endpoints.everything(connection) if endpoint.secrets]
    lost = []
    for endpoint in sealed:
        try:
            sealed_settings(endpoint, desk.keyring.unseal)
        except Invalid:
            lost.append(endpoint.slug)
    if lost:
        yield Finding("secrets", well=False, words=f"cannot be opened with CLARION_SECRET_KEY: {', '.join(lost)}")
    else:
        yield Finding("secrets", well=True, words=f"of {len(sealed)} endpoints can be opened")


def _website(desk: Desk) -> Iterator[Finding]:
    kept = last_good(desk.settings.publish_dir)
    if kept is None:
        words = f"nothing whole in {desk.settings.publish_dir}; run: clarion publish"
        yield Finding("website", well=False, words=words, warning=True)
    else:
        yield Finding("website", well=True, words=f"snapshot {kept.seq}, {len(kept.files)} files as promised")


def _engine(desk: Desk) -> Iterator[Finding]:
    path = desk.settings.sqlite_path()
    if path is not None:
        with engine_lock(path) as free:
            words = "runs in another process" if not free else "does not run; clarion serve starts it"
        yield Finding("engine", not free, words, warning=True)
    with desk.db.reading() as connection:
        for endpoint in endpoints.everything(connection):
            if endpoint.halted_reason:
                words = f"halted: {endpoint.halted_reason}; save it again to release it"
                yield Finding(f"endpoint {endpoint.slug}", well=False, words=words)


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


def _ways_to_reach_us(desk: Desk) -> Iterator[Finding]:
    with desk.db.reading() as connection:
        registry = documents.registry(connection)
    problems: tuple[Problem, ...] = check_references(registry)
    for problem in problems:
        yield Finding("routing", well=False, words=f"{problem.sentence} {problem.remedy}")
    if not registry.channels:
        yield Finding("routing", well=False, words="no contact channel: no update can be submitted")
    elif not problems:
        words = f"{len(registry.needs)} needs lead to {len(registry.channels)} contact channels"
        yield Finding("routing", well=True, words=words)


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
            reach = audiences.count_by_medium(connection, row.typed())
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
