"""Pages with one sentence and perhaps one button, in the dress of the site: what the anonymous forms answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.domain.sign_ups import text_version
from app.publishing.building import Press
from app.publishing.dress import PAGE_CSP, with_device

FORM_CSP: Final = "form-action 'self'"


@dataclass(frozen=True, slots=True)
class Notice:
    """Keys of words: `<key>_title`, `<key>_text`; `values` fill the gaps of the text."""

    key: str
    values: dict[str, str]
    button: str = ""
    """Key of the button's words, "" = no button."""
    note: str = ""
    """Key of words in small print, "" = none."""
    link: str = ""
    """Where to go from here, "" = nowhere but the status page."""
    link_words: str = ""
    """Key of its words."""


def notice_page(press: Press, notice: Notice, language: str, at: datetime) -> tuple[bytes, dict[str, str]]:
    """The page and its headers; never cached, never indexed, sends nothing anywhere but to its own address."""
    frame = press.plain_frame(language, at)
    say = frame.tongue.say
    variables = frame.variables(
        "",
        say(f"{notice.key}_title"),
        heading=say(f"{notice.key}_title"),
        text=say(f"{notice.key}_text", **notice.values),
        button=say(notice.button) if notice.button else "",
        note=say(notice.note) if notice.note else "",
        link=notice.link,
        link_words=say(notice.link_words) if notice.link_words else "",
        status_href=frame.href(""),
    )
    html = press.templating.render("site/notice.html", frame.unlisted(variables), html=True)
    return html.encode(), form_headers(language)


def words_shown(press: Press, notice: Notice, language: str, at: datetime) -> str:
    """The version of what somebody reads who presses the button of this page."""
    say = press.plain_frame(language, at).tongue.say
    return text_version([say(f"{notice.key}_title"), say(f"{notice.key}_text", **notice.values), say(notice.button)])


def form_headers(language: str, *, device: bool = False) -> dict[str, str]:
    """Of a page made for one request; `device`: with the button by which a browser offers its own."""
    csp = PAGE_CSP.replace("form-action 'none'", FORM_CSP)
    return {
        "content-type": "text/html; charset=utf-8",
        "content-language": language,
        "cache-control": "no-store",
        "content-security-policy": with_device(csp) if device else csp,
        "x-robots-tag": "noindex",
        "vary": "accept-language",
    }
