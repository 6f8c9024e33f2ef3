"""From a picture to all files of the site: banners, pages and feeds, for real and for drills."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from app.domain.banner import LiveUpdate, banner_document, live
from app.domain.branding import Branding
from app.domain.help_library import open_resources
from app.domain.routing import RouteLine
from app.domain.snapshot import JSON, File, Snapshot
from app.publishing import cap, embedding, feeds, planned
from app.publishing.cards import cards
from app.publishing.chapters import Standing
from app.publishing.dress import Dress
from app.publishing.pages import DRILL_PREFIX, Frame
from app.publishing.picture import Picture, PublicCrisis, PublicUpdate
from app.publishing.reuse import NO_FILES, Kept, source_of
from app.publishing.sample import Sample
from app.publishing.side import Contact, Told, crisis_page, side_pages
from app.publishing.tongue import Organisation, Tongue, Tongues
from app.templating import Templating, Words
from app.templating.words import load_words


@dataclass(frozen=True, slots=True)
class Press:
    """Everything but the picture: templates, words, looks and widget, read once from `templates/`."""

    templating: Templating
    tongues: Tongues
    site_words: Mapping[str, Words]
    dress: Dress
    widget: embedding.Widget
    subscribe: embedding.Widget
    public_base: str
    scripts: Mapping[str, bytes]
    """What pages made for one request run: `device.js` and `push_worker.js`."""
    sample: Sample | None = None
    """A customer's website beside the pages, None without one."""

    @classmethod
    def load(
        cls,
        root: Path,
        templating: Templating,
        organisation: Organisation,
        public_base: str,
        *,
        sample: bool = False,
    ) -> Press:
        """`root`: the folder of templates; `public_base`: https://example.org, no slash at its end."""
        site = root / "site"
        words = load_words(site / "words")
        css = (site / "style.css").read_text(encoding="utf-8")
        return cls(
            templating=templating,
            tongues=Tongues(templating, words, organisation),
            site_words=words,
            dress=Dress(css, organisation, version=source_of(templating.version, _texts_of(site))),
            widget=embedding.Widget.load(site),
            subscribe=embedding.Widget.load(site, embedding.SUBSCRIBE),
            public_base=public_base,
            scripts={name: (site / name).read_bytes() for name in ("device.js", "push_worker.js")},
            sample=Sample.load(root) if sample else None,
        )

    def wearing(self, branding: Branding) -> Press:
        """The same in this organisation's own look and name."""
        if branding == self.dress.branding:
            return self
        dress = self.dress.wearing(branding)
        return replace(self, dress=dress, tongues=Tongues(self.templating, self.site_words, dress.organisation))

    @property
    def organisation(self) -> Organisation:
        return self.dress.organisation

    def banners(self, picture: Picture, seq: int) -> list[File]:
        """The small part of a snapshot that readers wait for, made in about two milliseconds."""
        drill = self._banners(picture, picture.drills, seq, drill=True) if picture.drills else ()
        return [*self._banners(picture, picture.live, seq, drill=False), *drill]

    def snapshot(self, picture: Picture, seq: int, before: Mapping[str, File] = NO_FILES) -> Snapshot:
        """`before`: the files of the last snapshot; what is on them and has not changed is not made again."""
        press = self.wearing(picture.branding)
        kept = press.kept(picture, before)
        files = [*press.side(picture, seq, kept, drill=False), *press.shared()]
        if any(chapter.drill for chapter in picture.chapters):
            files += press.side(picture, seq, kept, drill=True)
        if press.sample and picture.sites:
            tongues = {frame.tongue.language: frame.tongue for frame in press.frames(picture, drill=False)}
            files += press.sample.files(press.render, picture.sites[0].slug, tongues)
        front = f"{languages_of(picture, self.organisation)[0]}/index.html"
        files += [replace(file, path="index.html") for file in files if file.path == front]
        return Snapshot(seq, picture.at, {file.path: file for file in files})

    def kept(self, picture: Picture, before: Mapping[str, File]) -> Kept:
        dress = self.wearing(picture.branding).dress.digest
        return Kept(before, source_of(dress, self.public_base, languages_of(picture, self.organisation)))

    def frames(self, picture: Picture, *, drill: bool) -> list[Frame]:
        """One for each language, the organisation's default first."""
        press = self.wearing(picture.branding)
        languages = languages_of(picture, press.organisation)
        return [
            Frame(press.tongues.of(language, picture.at), languages, press.public_base, press.dress, drill=drill)
            for language in languages
        ]

    def told(self, picture: Picture, *, drill: bool) -> Told:
        return Told.of(picture, self.organisation.timezone, drill=drill)

    def crisis_page(self, frame: Frame, picture: Picture, crisis: PublicCrisis) -> File:
        """One page alone; `frame`: one of `frames`."""
        return crisis_page(frame, self.render, picture, Contact(picture.registry, frame.tongue), crisis)

    def plain_frame(self, language: str, at: datetime) -> Frame:
        """For a page made for one request: it exists in no other language."""
        return Frame(self.tongues.of(language, at), (language,), self.public_base, self.dress)

    def shared(self) -> Iterator[File]:
        """What both sides and every language use."""
        yield from self.widget.files()
        yield from self.subscribe.files()
        yield from self.dress.files()
        yield from cards(self.dress.branding.accent)

    def side(self, picture: Picture, seq: int, kept: Kept, *, drill: bool) -> Iterator[File]:
        """All files for real, or all of exercises; a press wears the picture's look by then."""
        crises = picture.drills if drill else picture.live
        yield from self._banners(picture, crises, seq, drill=drill)
        yield from self._fragments(picture, crises, drill=drill)
        frames = self.frames(picture, drill=drill)
        lines = {frame.tongue.language: Contact(picture.registry, frame.tongue) for frame in frames}
        told = self.told(picture, drill=drill)
        for place, frame in enumerate(frames):
            contact = lines[frame.tongue.language]
            yield from side_pages(frame, self.render, picture, told, contact, kept)
            entries = feeds.items(frame, crises, contact.lines)
            for feed in (
                feeds.atom(frame, entries),
                feeds.json_feed(frame, entries),
                planned.calendar(frame, () if drill else picture.planned),
            ):
                yield feed
                if place == 0:
                    yield replace(feed, path=f"{frame.prefix}/{feed.path.rsplit('/', 1)[1]}".strip("/"))
        yield from self._alerts(picture, crises, frames[0].tongue, kept, drill=drill)

    def _alerts(
        self, picture: Picture, crises: tuple[PublicCrisis, ...], tongue: Tongue, kept: Kept, *, drill: bool
    ) -> Iterator[File]:
        offered = cap.alerts(crises, self.public_base, picture.at, drill=drill)
        yield cap.cap_feed(offered, tongue, self.public_base, drill=drill)
        contact = Contact(picture.registry, tongue)
        for alert in offered:
            shown = alert.update is alert.crisis.shown
            lines = contact.lines(alert.crisis) if shown else ()
            made = partial(self._alert, alert, picture.at, lines, drill=drill)
            yield made() if shown else kept.or_make(alert.path, kept.source(cap.stamp(alert)), made)

    def _alert(self, alert: cap.Alert, at: datetime, lines: Sequence[RouteLine], *, drill: bool) -> File:
        tongues = {language: self.tongues.of(language, at) for language in alert.update.document.content}
        return cap.cap_file(alert, tongues, self.public_base, lines, drill=drill)

    def render(self, name: str, variables: Mapping[str, object]) -> str:
        """A template of pages, every variable escaped."""
        return self.templating.render(name, variables, html=True)

    def _banners(self, picture: Picture, crises: Iterable[PublicCrisis], seq: int, *, drill: bool) -> Iterator[File]:
        prefix = DRILL_PREFIX if drill else ""
        updates = self._updates(picture, crises, drill=drill)
        for site in picture.sites:
            document = banner_document(
                site=site,
                updates=updates,
                registry=picture.registry,
                seq=seq,
                at=picture.at,
                public_base=self.public_base + prefix,
            )
            document["drill"] = drill
            document["open_resources"] = [one.to_document() for one in open_resources(picture.help_links, picture.at)]
            document["words"] = {
                language: embedding.small_words(self.tongues.of(language, picture.at))
                for language in embedding.spoken(site, live(updates, picture.at))
            }
            body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
            yield File(f"{prefix}/site/{site.slug}/banner.json".strip("/"), body, JSON)

    def _fragments(self, picture: Picture, crises: Iterable[PublicCrisis], *, drill: bool) -> Iterator[File]:
        prefix = DRILL_PREFIX if drill else ""
        at = embedding.Address(self.public_base + prefix, prefix, self.render)
        updates = self._updates(picture, crises, drill=drill)
        for site in picture.sites:
            for language in site.languages:
                tongue = self.tongues.of(language, picture.at)
                yield embedding.fragment(site, updates, picture.registry, tongue, at)

    def _updates(self, picture: Picture, crises: Iterable[PublicCrisis], *, drill: bool) -> list[LiveUpdate]:
        updates = live_updates(crises)
        return [self._exercise(update, picture) for update in updates] if drill else updates

    def _exercise(self, update: LiveUpdate, picture: Picture) -> LiveUpdate:
        """The same as a live one would look, with EXERCISE in front of every headline."""
        content = {
            language: replace(
                words, headline=f"{self.tongues.of(language, picture.at).say('exercise')} – {words.headline}"
            )
            for language, words in update.document.content.items()
        }
        return replace(update, document=replace(update.document, drill=False, content=content))


def live_updates(crises: Iterable[PublicCrisis]) -> list[LiveUpdate]:
    """What a banner may be chosen from: words of open crises, the expired included, so that none older returns."""
    return [_live(crisis, update) for crisis in crises for update in crisis.updates if _counts(crisis, update)]


def _counts(crisis: PublicCrisis, update: PublicUpdate) -> bool:
    return not crisis.resolved and update.standing in (Standing.CURRENT, Standing.EXPIRED)


def _live(crisis: PublicCrisis, update: PublicUpdate) -> LiveUpdate:
    return LiveUpdate(
        id=update.id,
        revision=update.revision,
        document=update.document,
        titles=crisis.titles,
        severity=crisis.severity,
        sent_at=update.sent_at,
        corrects=update.corrects,
    )


def _texts_of(folder: Path) -> list[str]:
    """All that pages are made from: other templates or words make other pages."""
    return [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*")) if path.suffix in (".html", ".json")]


def languages_of(picture: Picture, organisation: Organisation) -> tuple[str, ...]:
    """All languages of all sites, the organisation's default first."""
    wanted = (language for site in picture.sites for language in site.languages)
    return tuple(dict.fromkeys((organisation.default_language, *wanted)))
