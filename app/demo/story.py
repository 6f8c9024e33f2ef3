"""The demo's story, scene by scene; every act is the one that staff would use."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.text import Text

from app.api.answers import UpdateView
from app.api.progress import settled, view
from app.cli.advice import show_options
from app.cli.people import show_import
from app.cli.update import list_audience, show_preflight
from app.cli.watching import follow
from app.demo.people import Population, write_people
from app.demo.reckoning import checks, gather, taken, wait_for_receipts
from app.demo.scenery import load_endpoints, load_registry
from app.demo.showing import show_banner, show_messages
from app.demo.stage import Stage, Web, cast, fetch, stage
from app.demo.texts import registry, story, word
from app.domain.audience import normalise
from app.domain.crisis import Severity
from app.domain.delivery import State
from app.domain.message import Medium
from app.domain.playbooks import Playbook, fill_playbook
from app.domain.principals import HOST, Actor
from app.domain.routing import Query, advise
from app.domain.slots import Reading
from app.errors import Forbidden, Problem, Unavailable
from app.store import documents, updates
from app.store.documents import Kind
from app.store.updates import UpdateRow
from app.terminal import Bars, counting, is_live, table
from app.usecases.correct_update import correct_update
from app.usecases.decide_update import approve_update
from app.usecases.draft_update import create_draft
from app.usecases.import_subscribers import ImportReport, import_subscribers
from app.usecases.open_crisis import open_crisis
from app.usecases.resolve_crisis import resolve_crisis
from app.usecases.send_update import send_update
from app.usecases.submit_update import submit_update
from app.usecases.suppress_address import suppress_address

if TYPE_CHECKING:
    from app.wiring import Wiring

LONGEST_SECONDS: Final = 3600.0
STALLED_SECONDS: Final = 90.0
"""Nothing is sent for so long: something is wrong, and waiting does not mend it."""
RECEIPT_SECONDS: Final = 120.0
BANNER_SECONDS: Final = 60.0
SHOWN_ERRORS: Final = 12


def play(wiring: Wiring, out: Console, web: Web, folder: Path, *, people: int, keep: bool) -> bool:
    """Whether everything adds up. Raise what the stage raises when it cannot be set."""
    out.print()
    out.print(Text(str(story()["scenes"]["opening"]), style="head"))
    began = time.monotonic()
    _scene(out, "stage")
    with stage(wiring, web, folder) as found:
        told = Story(found, out, people)
        told.tell()
        well = told.reckon()
        out.print(Text(word("took", seconds=time.monotonic() - began), style="quiet"))
        _ending(out, told, keep=keep)
        if keep:
            _until_interrupted()
    return well


@dataclass
class Story:
    stage: Stage
    out: Console
    people: int
    actors: dict[str, Actor] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    sent: list[int] = field(default_factory=list)
    """Updates in the order in which they went out."""
    gone: bool = False
    population: Population = field(init=False)
    imported: ImportReport = field(init=False)

    @property
    def wiring(self) -> Wiring:
        return self.stage.wiring

    def tell(self) -> None:
        self._begin()
        self._take_in_people()
        first = self._draft()
        self._release(first)
        self._show_banner()
        self._show_messages(first)
        self._answer()
        self._correct(first)
        self._resolve()

    def reckon(self) -> bool:
        """The report; True when every check holds."""
        _scene(self.out, "report")
        self.out.print(f"  {word('settling')}", markup=False)
        with Bars(self.out) as bars:
            wait_for_receipts(self.stage, self.sent, bars, RECEIPT_SECONDS)
        evidence = gather(self.stage, self.population, self.imported, self.sent, gone=self.gone)
        self.out.print(_report(evidence.updates, evidence.counts))
        found = list(checks(evidence))
        for one in found:
            sign = ("✓ ", "good") if one.well else ("✗ ", "bad")
            self.out.print(Text.assemble(sign, one.sentence))
        wrong = sum(not one.well for one in found)
        ending = story()["ending"]
        words = (str(ending["badly"]).format(count=wrong), "bad") if wrong else (str(ending["well"]), "good")
        self.out.print()
        self.out.print(Text.assemble(words))
        return not wrong

    def _begin(self) -> None:
        self.out.print(f"  {word('providers', url=self.stage.url)}", markup=False)
        self.actors, self.tokens = cast(self.wiring)
        self.out.print(f"  {load_registry(self.stage)}", markup=False)
        load_endpoints(self.stage)
        for rule in story()["weather"]:
            self.stage.control.behave(**rule)
        self.out.print(f"  {word('users', **story()['users'])}", markup=False)

    def _take_in_people(self) -> None:
        _scene(self.out, "people", people=self.people)
        path = self.stage.folder / "subscribers.csv"
        self.population = write_people(path, self.people)
        wiring = self.wiring
        for value in self.population.stopped:
            medium = Medium.EMAIL if "@" in value else Medium.SMS
            address = normalise(medium, value, "")
            suppress_address(wiring.db, wiring.keyring, HOST, medium, address, "asked", wiring.clock.now())
        self.out.print(f"  {word('list', path=path, rows=self.population.rows)}", markup=False)
        self.out.print(f"  {word('stopped', count=len(self.population.stopped))}", markup=False)
        rows = self.population.rows
        with path.open("rb") as stream, counting(self.out, "rows") as bar:
            self.imported = import_subscribers(
                wiring.db,
                wiring.keyring,
                self.actors["author"],
                stream,
                wiring.clock.now(),
                progress=lambda done, _: bar(done, rows),
                source=path.name,
            )
        show_import(self.out, self.imported, most=SHOWN_ERRORS)

    def _draft(self) -> int:
        _scene(self.out, "draft", **story()["users"])
        crisis, now = story()["crisis"], self.wiring.clock.now()
        document = {**crisis, "playbook": story()["playbook"]}
        opened = open_crisis(self.wiring.db, self.actors["author"], document, now)
        title = opened.titles["en"]
        self.out.print(f"  {word('opened', title=title, severity=opened.severity.value)}", markup=False)
        ways = [endpoint["slug"] for endpoint in story()["endpoints"]]
        words = {"audience": "everyone", "endpoints": ways, **self._words("first")}
        row = create_draft(self.wiring.db, self.actors["author"], crisis["slug"], words, now)
        show_preflight(self.out, self.wiring.words.preflight(row, now))
        return row.id

    def _release(self, update: int) -> None:
        """Submitted by one, approved by the other, sent, watched to the end."""
        row = self._approve(update, scene="approval")
        _scene(self.out, "sending", undo=story()["playbook_changes"]["undo_seconds"])
        self._send(row)

    def _approve(self, update: int, *, scene: str = "") -> UpdateRow:
        db, now, users = self.wiring.db, self.wiring.clock.now(), story()["users"]
        if scene:
            _scene(self.out, scene, **users)
        author, approver = self.actors["author"], self.actors["approver"]
        submit_update(
            db, author, update, now, keyring=self.wiring.keyring,
            check=lambda row: self.wiring.words.preflight(row, now).problems,
        )  # fmt: skip
        list_audience(self.out, db, update, self.wiring.clock.now)
        row = self._row(update)
        recipients, digest = row.recipients or 0, (row.content_hash or "")[:12]
        self.out.print(f"  {word('submitted', recipients=recipients, hash=digest)}", markup=False)
        if scene:
            try:
                approve_update(db, author, update, recipients, now)
            except Forbidden as refused:
                self.out.print(f"  {word('refused_self', **users, sentence=refused)}", markup=False)
        self.out.print(f"  {word('typed', **users, recipients=recipients)}", markup=False)
        return approve_update(db, approver, update, recipients, self.wiring.clock.now(), row.content_hash)

    def _send(self, row: UpdateRow) -> None:
        wiring = self.wiring
        bound = wiring.settings.timings.site_bound
        sent = send_update(wiring.db, self.actors["author"], row.id, wiring.clock.now(), site_bound=bound)
        self._undo_window(sent)
        with Bars(self.out) as bars:
            shown = follow(
                lambda: view(wiring.db, row.id, wiring.clock.now()),
                bars,
                seconds=LONGEST_SECONDS,
                stalled=STALLED_SECONDS,
            )
        if not settled(shown):
            raise _stalled(self.stage, shown)
        self.sent.append(row.id)

    def _undo_window(self, row: UpdateRow) -> None:
        left = (row.sent_at - self.wiring.clock.now()).total_seconds() if row.sent_at else 0.0
        if left <= 0:
            return
        if not is_live(self.out):
            time.sleep(left)
            return
        until, whole = time.monotonic() + left, max(1, round(left * 10))
        with counting(self.out, word("undo")) as bar:
            while (rest := until - time.monotonic()) > 0:
                bar(whole - round(rest * 10), whole)
                time.sleep(min(0.1, rest))
            bar(whole, whole)

    def _show_banner(self) -> None:
        url = f"{self.stage.url}/site/main/banner.json"
        _scene(self.out, "banner", url=url)
        show_banner(self.out, fetch(url))

    def _show_messages(self, update: int) -> None:
        _scene(self.out, "messages")
        content = self._row(update).document["content"]
        headlines = {language: content[language]["headline"] for language in story()["languages"]}
        show_messages(self.out, self.stage.control.examples(), headlines)

    def _answer(self) -> None:
        need = story()["asked_need"]
        _scene(self.out, "route", need=need)
        with self.wiring.db.reading() as connection:
            known = documents.registry(connection)
        severity = Severity(story()["crisis"]["severity"])
        show_options(self.out, advise(known, Query(need, "en", "", severity), self.wiring.clock.now()), "en")

    def _correct(self, first: int) -> None:
        _scene(self.out, "correction")
        now = self.wiring.clock.now()
        drafted = correct_update(self.wiring.db, self.actors["author"], first, self._words("correction"), now)
        self._send(self._approve(drafted.id))

    def _resolve(self) -> None:
        _scene(self.out, "resolved")
        slug, now = story()["crisis"]["slug"], self.wiring.clock.now()
        words = {"endpoints": story()["public_endpoints"], **self._words("resolved")}
        row = create_draft(self.wiring.db, self.actors["author"], slug, words, now)
        self._send(self._approve(row.id))
        resolve_crisis(self.wiring.db, self.actors["author"], slug, self.wiring.clock.now())
        deadline = time.monotonic() + BANNER_SECONDS
        while time.monotonic() < deadline and not self.gone:
            self.gone = fetch(f"{self.stage.url}/site/main/banner.json")["placements"]["banner"] is None
            time.sleep(0 if self.gone else 0.1)
        if self.gone:
            self.out.print(f"  {word('banner_gone', url=f'{self.stage.url}/en/crises/{slug}')}", markup=False)

    def _words(self, chapter: str) -> dict[str, Any]:
        """The update's document, filled from the playbook in every language of the story."""
        told, now = story()[chapter], self.wiring.clock.now().replace(second=0, microsecond=0)
        values: dict[str, object] = dict(story()["variables"])
        if "duration" in told:
            values["duration"] = told["duration"]
        if "until_hours" in told:
            values["until"] = _on_the_half_hour(now + timedelta(hours=told["until_hours"])).isoformat()
        with self.wiring.db.reading() as connection:
            document = documents.get(connection, Kind.PLAYBOOK, story()["playbook"]).document
        playbook = Playbook.from_document(document)
        used = {name: values[name] for name in playbook.wanted(told["stage"])}
        reading = Reading(self.wiring.settings.timezone, now)
        next_update = now + timedelta(minutes=1 + story()["next_update_minutes"])
        words: dict[str, Any] = {
            "stage": told["stage"],
            "content": fill_playbook(playbook, told["stage"], used, story()["languages"], reading),
            "need": story()["need"],
            "expires_at": (now + timedelta(hours=story()["expires_hours"])).isoformat(),
        }
        return words if chapter == "resolved" else {**words, "next_update_by": next_update.isoformat()}

    def _row(self, update: int) -> UpdateRow:
        with self.wiring.db.reading() as connection:
            return updates.get(connection, update)


def _stalled(stage: Stage, shown: UpdateView) -> Unavailable:
    log = stage.folder / "web.log"
    return Unavailable(
        Problem("stalled", f"Update {shown.id} stays {shown.state}; nothing moves.", "", f"The engine's words: {log}")
    )


def organisation() -> tuple[str, str]:
    """The name and the time zone of the organisation whose registry the demo loads."""
    found = registry()["organisation"]
    return str(found["names"]["en"]), str(found["timezone"])


def _scene(out: Console, name: str, **values: object) -> None:
    told = story()["scenes"][name]
    out.print()
    out.rule(Text(str(told["title"]).format(**values), style="head"), align="left", style="quiet")
    out.print(Text(str(told["text"]).format(**values), style="quiet"))
    out.print()


def _report(shown: Sequence[UpdateView], counts: Mapping[str, Any]) -> object:
    """Endpoint by endpoint: what was meant, taken and told afterwards, and the provider's own figure."""
    columns = ("audience", "taken", "delivered", "undelivered", "failed", "suppressed", "provider took")
    drawn = table("way out", *columns, right=columns)
    for endpoint in story()["endpoints"]:
        lines = [line for update in shown for line in update.per_endpoint if line.endpoint == endpoint["slug"]]
        sums = [sum(line.counts.get(state.value, 0) for line in lines) for state in _SHOWN]
        theirs = f"{counts[endpoint['provider']]['accepted']:,}" if endpoint["provider"] else ""
        size, took = sum(line.size for line in lines), sum(taken(line) for line in lines)
        drawn.add_row(endpoint["slug"], f"{size:,}", f"{took:,}", *(f"{count:,}" for count in sums), theirs)
    return drawn


_SHOWN: Final = (State.DELIVERED, State.UNDELIVERED, State.FAILED, State.SUPPRESSED)


def _on_the_half_hour(at: datetime) -> datetime:
    return at.replace(minute=30 if at.minute < 30 else 0, second=0, microsecond=0) + timedelta(
        hours=0 if at.minute < 30 else 1
    )


def _ending(out: Console, told: Story, *, keep: bool) -> None:
    ending = story()["ending"]
    out.print(str(ending["look"]), markup=False)
    out.file.write(f"  {ending['curl']}\n".format(token=told.tokens["viewer"], update=told.sent[0]))
    if keep:
        out.print(str(ending["kept"]).format(url=told.stage.url), markup=False)


def _until_interrupted() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return
