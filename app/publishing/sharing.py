"""Links by which a reader tells others: plain addresses, no script, nobody learns of it before it is used."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from app.publishing.tongue import Tongue, View

_WAYS: Final = (
    ("", "medium_email", "mailto:?subject={title}&body={both}"),
    ("", "medium_sms", "sms:?&body={both}"),
    ("WhatsApp", "", "https://wa.me/?text={both}"),
    ("Telegram", "", "https://t.me/share/url?url={url}&text={title}"),
    ("Facebook", "", "https://www.facebook.com/sharer/sharer.php?u={url}"),
    ("X", "", "https://x.com/intent/post?text={title}&url={url}"),
)
"""(proper name, or the words for it, address)"""


def share_links(url: str, title: str, tongue: Tongue) -> list[View]:
    parts = {"url": _coded(url), "title": _coded(title), "both": _coded(f"{title}\n{url}")}
    return [{"text": name or tongue.say(words), "href": pattern.format(**parts)} for name, words, pattern in _WAYS]


def _coded(text: str) -> str:
    return quote(text, safe="")
