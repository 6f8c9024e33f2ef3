"""From a picture to all files of the site: banners, pages and feeds, for real and for drills."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.domain.banner import LiveUpdate, banner_document, live
from app.domain.crisis import Severity
from app.domain.help_library import open_resources
from app.domain.routing import Registry, RouteLine
from app.domain.snapshot import JSON, File, Snapshot
from app.publishing import embedding, feeds, help_views, pages
from app.publishing.contact_views import block_lines, channels, contact_block, finder
from app.publishing.pages import DRILL_PREFIX, Frame, Stylesheet
from app.publishing.picture import Picture, PublicCrisis, PublicUpdate, Standing
from app.publishing.structured import Machines
from app.publishing.tongue import Organisation, Tongue, Tongues, View
from app.templating import Templating
from app.templating.words import load_words


@dataclass(frozen=True, slots=True)
class Press:
    """Everything but the picture: templates, words, stylesheet and widget, read once from `templates/`."""

    templating: Templating
    tongues: Tongues
    organisation: Organisation
    style: Stylesheet
    widget: embedding.Widget
    public_base: str

    @classmethod
    def load(cls, root: Path, templating: Templating, organisation: Organisation, public_base: str) -> Press:
        """`root`: the folder of templates; `public_base`: https://example.org, no slash at its end."""
        site = root / "site"
        return cls(
            templating=templating,
            tongues=Tongues(templating, load_words(site / "words"), organisation),
            organisation=organisation,
            style=Stylesheet((site / "style.css").read_text(encoding="utf-8")),
            widget=embedding.Widget.load(site),
            public_base=public_base,
        )

    def banners(self, picture: Picture, seq: int) -> list[File]:
        """The small part of a snapshot that readers wait for, made in about two milliseconds."""
        drill = self._banners(picture, picture.drills, seq, drill=True) if picture.drills else ()
        return [*self._banners(picture, picture.live, seq, drill=False), *drill]

    def snapshot(self, picture: Picture, seq: int) -> Snapshot:
        files = [*self._side(picture, seq, drill=False), *self.widget.files()]
        if picture.drills:
            files += self._side(picture, seq, drill=True)
        front = f"{languages_of(picture, self.organisation)[0]}/index.html"
        files += [replace(file, path="index.html") for file in files if file.path == front]
        return Snapshot(seq, picture.at, {file.path: file for file in files})

    def _side(self, picture: Picture, seq: int, *, drill: bool) -> Iterator[File]:
        crises = picture.drills if drill else picture.live
        yield from self._banners(picture, crises, seq, drill=drill)
        yield from self._fragments(picture, crises, drill=drill)
        languages = languages_of(picture, self.organisation)
        for language in languages:
            frame = Frame(self.tongues.of(language, picture.at), languages, self.public_base, self.style, drill=drill)
            contact = _Contact(picture.registry, frame.tongue)
            yield from self._pages(frame, picture, crises, contact)
            entries = feeds.items(frame, crises, contact.lines)
            for feed in (feeds.atom(frame, entries), feeds.json_feed(frame, entries)):
                yield feed
                if language == languages[0]:
                    yield replace(feed, path=f"{frame.prefix}/{feed.path.rsplit('/', 1)[1]}".strip("/"))

    def _pages(
        self, frame: Frame, picture: Picture, crises: tuple[PublicCrisis, ...], contact: _Contact
    ) -> Iterator[File]:
        tongue = frame.tongue
        first = next((crisis for crisis in crises if crisis.shown), None)
        data = Machines(tongue, self.public_base, picture)
        yield pages.status_page(
            data.status(frame, crises, contact.lines(first)), self._render, crises, contact.block(first)
        )
        yield self._contact_page(frame, picture, crises, data)
        yield pages.missing_page(frame, self._render)
        for crisis in crises:
            help_ = help_views.crisis_help(tongue, picture, crisis)
            block = contact.block(crisis) if crisis.shown else []
            told = data.crisis(frame, crisis, help_, contact.lines(crisis) if crisis.shown else ())
            yield pages.crisis_page(told, self._render, crisis, block, help_)

    def _contact_page(self, frame: Frame, picture: Picture, crises: tuple[PublicCrisis, ...], data: Machines) -> File:
        registry, tongue = picture.registry, frame.tongue
        current = help_views.current_help(tongue, picture, crises)
        help_ = help_views.general_help(tongue, picture, current)
        told = data.contact(frame, crises, current, help_[0])
        needs, ways = finder(registry, tongue), channels(registry, tongue)
        return pages.contact_page(told, self._render, needs, ways, help_, current)

    def _render(self, name: str, variables: Mapping[str, object]) -> str:
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
        at = embedding.Address(self.public_base + prefix, prefix, self._render)
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


@dataclass(frozen=True, slots=True)
class _Contact:
    """The contact block of one language, computed once for each need and severity."""

    registry: Registry
    tongue: Tongue
    _known: dict[tuple[str, Severity | None], tuple[RouteLine, ...]] = field(default_factory=dict)

    def lines(self, crisis: PublicCrisis | None) -> tuple[RouteLine, ...]:
        shown = crisis.shown if crisis else None
        key = (shown.document.need, crisis.severity) if crisis and shown else ("", None)
        if key not in self._known:
            self._known[key] = block_lines(self.registry, self.tongue, need=key[0], severity=key[1])
        return self._known[key]

    def block(self, crisis: PublicCrisis | None) -> list[View]:
        return contact_block(self.tongue, self.lines(crisis))


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


def languages_of(picture: Picture, organisation: Organisation) -> tuple[str, ...]:
    """All languages of all sites, the organisation's default first."""
    wanted = (language for site in picture.sites for language in site.languages)
    return tuple(dict.fromkeys((organisation.default_language, *wanted)))
