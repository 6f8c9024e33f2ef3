"""The website by hand: write it everywhere now, read it back from outside, and say where it is written to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.desk import AsJson, Desk, at_desk, document_from, pairs
from app.cli.findings import Finding
from app.domain.reading_back import Seen, Verdict
from app.domain.targets import TargetState, view
from app.store import targets
from app.usecases.publish_by_hand import publish_by_hand
from app.usecases.save_target import remove_target, save_target

app = typer.Typer()
target = typer.Typer(help="Where the website is written besides this machine's own folder.", no_args_is_help=True)
app.add_typer(target, name="target")

FLAGS = ("private", "path_style")
"""Settings that are true or false."""


@app.command()
def publish(
    check: Annotated[bool, typer.Option("--check", help="Write nothing: only read back what visitors find.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the website to every target now, safe beside a running server, or only read it back from outside.

    Exit code 5 when a target did not take it, 1 when visitors find something else than was published.
    """
    with at_desk() as desk:
        if check:
            desk.allowed("check_site")
            _check(desk, as_json=as_json)
        else:
            _publish(desk, as_json=as_json)


def _publish(desk: Desk, *, as_json: bool) -> None:
    from app.publishing.integrity import widget_integrity
    from app.publishing.targets import Placement, Result

    publish_by_hand(desk.db, desk.allowed("publish"), desk.now())

    async def write() -> tuple[Any, list[Placement]]:
        try:
            made = await asyncio.to_thread(desk.wiring.publisher.publish, desk.now())
            return made, [*made.placements, *await desk.wiring.couriers.place_now(made.snapshot)]
        finally:
            await desk.wiring.channels.aclose()

    published, placed = asyncio.run(write())
    integrity = widget_integrity(published.snapshot)
    value = {
        "seq": published.snapshot.seq,
        "files": len(published.snapshot.files),
        "targets": [
            {"target": one.target, "result": one.result.value, "written": one.written, "detail": one.detail}
            for one in placed
        ],
        "widget_integrity": integrity,
    }
    signs = {Result.PLACED: ("✓", "good"), Result.NOT_NEWER: ("–", "warn"), Result.FAILED: ("✗", "bad")}

    def show(out: Console) -> None:
        out.print(f"Snapshot {published.snapshot.seq}: {len(published.snapshot.files)} files.")
        for one in placed:
            said = {
                Result.PLACED: f"placed, {one.written} files written",
                Result.NOT_NEWER: f"skipped: {one.detail}",
                Result.FAILED: f"failed: {one.detail}",
            }[one.result]
            out.print(Text.assemble("  ", signs[one.result], f" {one.target}: {said}"), soft_wrap=True)
        for path, digest in integrity.items():
            out.print(f"{path}  integrity={digest}", soft_wrap=True, markup=False, highlight=False)

    desk.answer(value, show, as_json=as_json)
    if any(one.result is Result.FAILED for one in placed):
        raise typer.Exit(5)


def _check(desk: Desk, *, as_json: bool) -> None:
    async def look() -> dict[str, Seen]:
        try:
            return await desk.wiring.read_back.look()
        finally:
            await desk.wiring.channels.aclose()

    seen = asyncio.run(look())

    def show(out: Console) -> None:
        for slug, one in seen.items():
            well = one.verdict is Verdict.AS_PUBLISHED
            out.print(Text.assemble(("✓ ", "good") if well else ("✗ ", "bad"), f"{slug}: {_said(one)}"), soft_wrap=True)
        if not seen:
            out.print("Nobody said where visitors find the website: set CLARION_PUBLIC_URL, or a target's public_url.")

    desk.answer({"addresses": seen}, show, as_json=as_json)
    if any(one.verdict is not Verdict.AS_PUBLISHED for one in seen.values()):
        raise typer.Exit(1)


def _said(seen: Seen) -> str:
    words = seen.verdict.value.replace("_", " ")
    number = f", snapshot {seen.seq}" if seen.seq else ""
    skew = f", its clock is {seen.skew:+.0f} s off" if seen.clock_is_wrong else ""
    return f"{words}{number}{f' ({seen.detail})' if seen.detail else ''}{skew}"


@target.command("list")
def list_targets(as_json: AsJson = False) -> None:
    """Every target: what lies there, and since when it takes nothing."""
    with at_desk() as desk:
        desk.allowed("read")
        found = _views(desk)

        def show(out: Console) -> None:
            table = Table("target", "kind", "snapshot", "state", "visitors find")
            for one in found:
                state, seen = one["state"], one["seen"]
                said = state["error"] or state["note"] or ("written" if state["seq"] else "nothing yet")
                table.add_row(one["slug"], one["kind"], str(state["seq"] or ""), said, _said(seen) if seen else "")
            out.print(table)

        desk.answer({"items": found}, show, as_json=as_json)


@target.command("add")
def add_target(
    slug: Annotated[str, typer.Argument(help="Its name.")],
    kind: Annotated[str, typer.Option(help="s3 or directory.")] = "s3",
    given: Annotated[
        list[str] | None,
        typer.Option("--set", help="bucket=…, region=…, access_key_id=…, base_url=…, prefix=…, encoding=gzip, path=…"),
    ] = None,
    secret: Annotated[
        str, typer.Option(help="A file with {“secret_access_key”: …} as JSON; - is standard input.")
    ] = "",
    public_url: Annotated[str, typer.Option(help="Where visitors find the files: it is read back there.")] = "",
    as_json: AsJson = False,
) -> None:
    """Add a target or change one; the website is published to it at once. Secrets never stand on the command line."""
    with at_desk() as desk:
        actor = desk.allowed("save_target")
        settings: dict[str, object] = {name: _typed(name, value) for name, value in pairs(given or [], "--set").items()}
        settings |= document_from(secret) if secret else {}
        document = {"kind": kind, "settings": settings, "public_url": public_url}
        saved = save_target(desk.db, desk.keyring, desk.wiring.api.check_url, actor, slug, document, None, desk.now())
        desk.answer(view(saved), lambda out: out.print(f"{slug} is a target now."), as_json=as_json)


@target.command("remove")
def remove(slug: Annotated[str, typer.Argument(help="The target.")], as_json: AsJson = False) -> None:
    """Publish there no more; what lies there stays there."""
    with at_desk() as desk:
        row = remove_target(desk.db, desk.allowed("save_target"), slug, desk.now())
        desk.answer(view(row), lambda out: out.print(f"{slug} is no target any more."), as_json=as_json)


def websites(desk: Desk) -> Iterator[Finding]:
    """For the doctor: targets that take nothing, and what visitors find."""
    with desk.db.reading() as connection:
        known, seen = targets.states(connection), targets.seen(connection)
        configured = [one.slug for one in targets.everything(connection)]
    for slug in [*configured, *(slug for slug in known if slug not in configured)]:
        yield _written(slug, known.get(slug, TargetState(slug)))
    for slug, one in seen.items():
        well = one.verdict is Verdict.AS_PUBLISHED and not one.clock_is_wrong
        yield Finding(
            f"visitors of {slug}",
            well,
            _said(one),
            warning=not one.lasts(desk.now()),
            reason=one.verdict.value,
            remedy="" if well else "Look with: clarion publish --check; write it anew with: clarion publish",
        )


def _written(slug: str, state: TargetState) -> Finding:
    name = f"target {slug}"
    if state.failures:
        remedy = "Mend what the reason says; it is tried again by itself."
        return Finding(name, well=False, words=state.error, reason="target_fails", remedy=remedy)
    if state.note:
        return Finding(name, well=False, words=state.note, warning=True, reason="target_limited")
    words = f"snapshot {state.seq}" if state.seq else "nothing was written yet"
    return Finding(name, well=bool(state.seq), words=words, warning=True)


def _views(desk: Desk) -> Sequence[Mapping[str, Any]]:
    with desk.db.reading() as connection:
        known, seen = targets.states(connection), targets.seen(connection)
        configured = targets.everything(connection)
    return [{**view(one, known.get(one.slug)), "seen": seen.get(one.slug)} for one in configured]


def _typed(name: str, value: str) -> object:
    return value.lower() in {"true", "yes", "1"} if name in FLAGS else value
