"""Each announcement as a Common Alerting Protocol message, for warning systems and other programs.

CAP 1.2, https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html; one `info` block for each language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from app.domain.content import Content
from app.domain.crisis import Severity, Stage
from app.domain.reading import iso
from app.domain.routing import RouteLine
from app.domain.snapshot import ATOM, CAP, File
from app.publishing.chapters import Standing
from app.publishing.pages import DRILL_PREFIX
from app.publishing.picture import PublicCrisis, PublicUpdate
from app.publishing.reuse import source_of
from app.publishing.tongue import Tongue
from app.templating.announcement import address_text

NAMESPACE: Final = "urn:oasis:names:tc:emergency:cap:1.2"
_ATOM: Final = "http://www.w3.org/2005/Atom"
KEPT: Final = timedelta(days=30)
"""How long a message is offered after it was sent; systems look at what has not expired."""
LONGEST_HEADLINE: Final = 140
"""Characters; the standard advises so, since some receivers show no more."""

CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "natural-disaster": ("Met", "Geo"),
    "health": ("Health",),
    "product-failure": ("Safety",),
    "hospitality-incident": ("Safety",),
    "delivery-delay": ("Transport",),
    "service-outage": ("Infra",),
}
"""By playbook; "Other" for any other."""
SEVERITIES: Final = {
    Severity.EMERGENCY: "Severe",
    Severity.MAJOR: "Moderate",
    Severity.MINOR: "Minor",
    Severity.INFO: "Minor",
}
"""“Extreme” is left to public authorities: phones sound their siren for it."""
RESPONSES: Final = {Stage.WARNING: "Prepare", Stage.RESOLVED: "AllClear"}
URGENCIES: Final = {Stage.WARNING: "Expected", Stage.RESOLVED: "Past", Stage.FOLLOWUP: "Past"}


@dataclass(frozen=True, slots=True)
class Alert:
    """One CAP message. A withdrawn announcement has a second one, which cancels the first; so have those that still
    stand when their crisis is closed and nobody is told that it is over.
    """

    identifier: str
    path: str
    """Below the site's root."""
    sent: datetime
    kind: str
    """Alert | Update | Cancel."""
    references: tuple[str, ...]
    crisis: PublicCrisis
    update: PublicUpdate
    withdraws: bool = False
    closes: bool = False

    @property
    def severity(self) -> Severity:
        """As it was called when the words were handed in; a message does not change once it is out."""
        return self.update.severity or self.crisis.severity

    @property
    def ends(self) -> datetime:
        return self.update.document.expires_at


def alerts(crises: Sequence[PublicCrisis], base: str, at: datetime, *, drill: bool) -> list[Alert]:
    """All that are still offered, the newest first."""
    host = urlsplit(base).hostname or "localhost"
    prefix = DRILL_PREFIX.strip("/") + "/" if drill else ""
    zone = ZoneInfo("UTC")
    found = [alert for crisis in crises for alert in _of_crisis(crisis, host, prefix, zone)]
    offered = (alert for alert in found if alert.sent > at - KEPT)
    return sorted(offered, key=lambda alert: (alert.sent, alert.identifier), reverse=True)


def stamp(alert: Alert) -> str:
    """Of a message whose contact lines do not matter any more."""
    crisis, update = alert.crisis, alert.update
    facts = (alert.identifier, alert.kind, alert.references, update.revision, update.standing.value)
    return source_of(facts, alert.severity.value, sorted(crisis.titles.items()))


def _of_crisis(crisis: PublicCrisis, host: str, prefix: str, zone: ZoneInfo) -> Iterator[Alert]:
    earlier: list[Alert] = []
    for update in reversed(crisis.updates):
        name = f"{host}-u{update.id}"
        standing = [one for one in earlier if one.ends > update.sent_at and not _cancelled(one, update.sent_at)]
        references = tuple(_reference(one, host, zone) for one in standing)
        path = f"{prefix}cap/{update.id}.xml"
        kind = "Update" if references else "Alert"
        alert = Alert(name, path, update.sent_at, kind, references, crisis, update)
        earlier.append(alert)
        yield alert
        if update.standing is Standing.WITHDRAWN:
            cancelled = (_reference(alert, host, zone),)
            path = f"{prefix}cap/{update.id}-cancel.xml"
            yield Alert(f"{name}-cancel", path, update.changed_at, "Cancel", cancelled, crisis, update, withdraws=True)
    closed = crisis.resolved_at
    if closed is None or any(one.document.stage is Stage.RESOLVED for one in crisis.updates):
        return
    standing = [one for one in earlier if one.ends > closed and not _cancelled(one, closed)]
    if standing:
        newest = standing[-1]
        references = tuple(_reference(one, host, zone) for one in standing)
        path = f"{prefix}cap/{newest.update.id}-closed.xml"
        name = f"{newest.identifier}-closed"
        yield Alert(name, path, max(closed, newest.sent), "Cancel", references, crisis, newest.update, closes=True)


def _cancelled(alert: Alert, at: datetime) -> bool:
    return alert.update.standing is Standing.WITHDRAWN and alert.update.changed_at <= at


def _reference(alert: Alert, host: str, zone: ZoneInfo) -> str:
    return f"{host},{alert.identifier},{cap_time(alert.sent, zone)}"


def cap_time(at: datetime, zone: ZoneInfo) -> str:
    """`2026-03-10T17:30:00+05:30`; UTC is `-00:00`, and there are no fractions (CAP 1.2, section 3.3.2)."""
    text = at.astimezone(zone).replace(microsecond=0).isoformat()
    return text.replace("+00:00", "-00:00") if text.endswith("+00:00") else text


def cap_file(
    alert: Alert, tongues: Mapping[str, Tongue], base: str, lines: Sequence[RouteLine], *, drill: bool
) -> File:
    """`tongues`: of every language the announcement is in. `lines`: the contact block, empty once it is all over."""
    host = urlsplit(base).hostname or "localhost"
    document = alert.update.document
    root = ET.Element("alert", {"xmlns": NAMESPACE})
    utc = ZoneInfo("UTC")
    _add(root, "identifier", alert.identifier)
    _add(root, "sender", host)
    _add(root, "sent", cap_time(alert.sent, utc))
    _add(root, "status", "Exercise" if drill else "Actual")
    _add(root, "msgType", alert.kind)
    _add(root, "scope", "Public")
    if drill:
        default = next(iter(tongues.values()), None)
        _add(root, "note", default.say("exercise_note") if default else "EXERCISE")
    if alert.references:
        _add(root, "references", " ".join(alert.references))
    _add(root, "incidents", alert.crisis.slug)
    for language in document.content:
        _info(root, alert, tongues[language], document.content[language], base, lines, drill=drill)
    body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return File(alert.path, body, CAP)


def _info(
    root: ET.Element,
    alert: Alert,
    tongue: Tongue,
    words: Content,
    base: str,
    lines: Sequence[RouteLine],
    *,
    drill: bool,
) -> None:
    update, crisis = alert.update, alert.crisis
    stage = update.document.stage
    prefix = DRILL_PREFIX if drill else ""
    page = f"{base}{prefix}/{tongue.language}/crises/{crisis.slug}#u{update.id}"
    mark = f"{tongue.say('exercise')} – " if drill else ""
    info = _add(root, "info")
    _add(info, "language", tongue.language)
    for category in CATEGORIES.get(crisis.playbook, ("Other",)):
        _add(info, "category", category)
    _add(info, "event", mark + str(tongue.text(crisis.titles)["text"] or crisis.slug))
    _add(info, "responseType", "AllClear" if alert.kind == "Cancel" else RESPONSES.get(stage, "Monitor"))
    _add(info, "urgency", "Past" if alert.kind == "Cancel" else URGENCIES.get(stage, "Immediate"))
    _add(info, "severity", SEVERITIES[alert.severity])
    _add(info, "certainty", "Likely" if stage is Stage.WARNING else "Observed")
    utc = ZoneInfo("UTC")
    _add(info, "effective", cap_time(alert.sent, utc))
    _add(info, "expires", cap_time(max(alert.ends, alert.sent + timedelta(seconds=1)), utc))
    if name := str(tongue.text(tongue.organisation.names)["text"]):
        _add(info, "senderName", name)
    _add(info, "headline", _short(mark + words.headline))
    said = (words.acknowledgement, words.impact, words.duration, words.explanation, *words.complications)
    told = [tongue.say("withdrawn" if alert.withdraws else "stage_resolved")] if alert.kind == "Cancel" else []
    _add(info, "description", "\n".join([*told, *(text for text in said if text)]) or words.headline)
    if words.options:
        _add(info, "instruction", "\n".join(f"{one.text} {one.url}".strip() for one in words.options))
    _add(info, "web", page)
    _add(info, "contact", _contact(tongue, base, prefix, lines))
    if update.document.next_update_by:
        parameter = _add(info, "parameter")
        _add(parameter, "valueName", "next_update_by")
        _add(parameter, "value", iso(update.document.next_update_by))
    _area(info, tongue, update.document.help.areas)


def _area(info: ET.Element, tongue: Tongue, areas: Sequence[str]) -> None:
    area = _add(info, "area")
    _add(area, "areaDesc", tongue.say("comma").join(areas) if areas else tongue.say("everywhere"))
    for one in areas:
        code = _add(area, "geocode")
        _add(code, "valueName", "area")
        _add(code, "value", one)


def _contact(tongue: Tongue, base: str, prefix: str, lines: Sequence[RouteLine]) -> str:
    """The first way to reach us, and where all of them stand."""
    page = f"{base}{prefix}/{tongue.language}/contact"
    if not lines:
        return page
    line = lines[0]
    need, name = (tongue.text(texts)["text"] for texts in (line.need.labels, line.channel.names))
    return f"{need}: {name}, {address_text(line.channel, tongue.language)}. {page}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_HEADLINE else text[: LONGEST_HEADLINE - 1].rstrip() + "…"


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, name, attributes)
    if text:
        element.text = text
    return element


def cap_feed(offered: Sequence[Alert], tongue: Tongue, base: str, *, drill: bool) -> File:
    """An Atom feed of all CAP messages that are offered; each entry links its own."""
    path = f"{DRILL_PREFIX.strip('/')}/cap.atom" if drill else "cap.atom"
    feed = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": tongue.language})
    _add(feed, "id", f"{base}/{path}")
    organisation = str(tongue.text(tongue.organisation.names)["text"])
    title = f"{organisation} – CAP 1.2" if organisation else "CAP 1.2"
    _add(feed, "title", f"{tongue.say('exercise')} – {title}" if drill else title)
    _add(feed, "updated", iso(max((one.sent for one in offered), default=tongue.at).replace(microsecond=0)))
    _add(feed, "link", href=f"{base}/{path}", rel="self", type="application/atom+xml")
    author = _add(feed, "author")
    _add(author, "name", organisation or tongue.say("status"))
    for one in offered:
        entry = _add(feed, "entry")
        words = one.update.document.content
        headline = next((words[code].headline for code in (tongue.language, *sorted(words)) if code in words), "")
        _add(entry, "id", f"{base}/{one.path}")
        _add(entry, "title", f"{one.kind}: {headline or one.crisis.slug}")
        _add(entry, "updated", iso(one.sent.replace(microsecond=0)))
        _add(entry, "summary", headline or one.crisis.slug)
        _add(entry, "link", href=f"{base}/{one.path}", rel="alternate", type=CAP)
    return File(path, ET.tostring(feed, encoding="utf-8", xml_declaration=True), ATOM, language=tongue.language)
