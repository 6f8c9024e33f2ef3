"""A small organisation: three channels, three needs, and the words of a broken server room."""

from __future__ import annotations

from datetime import UTC, datetime

from app.domain.routing import Registry

Document = dict[str, object]

PHONE: Document = {
    "slug": "hotline",
    "kind": "phone",
    "address": "+91 79 1234 5678",
    "names": {"en": "Hotline", "gu": "હોટલાઇન"},
    "languages": ["gu", "en"],
    "hours": "24/7",
    "timezone": "Asia/Kolkata",
}
CHAT: Document = {
    "slug": "chat",
    "kind": "chat",
    "address": "https://help.example.org/chat",
    "names": {"en": "Live chat", "gu": "લાઇવ ચેટ"},
    "languages": ["en"],
    "hours": "Mo-Fr 09:00-18:00",
    "timezone": "Asia/Kolkata",
}
PORTAL: Document = {
    "slug": "portal",
    "kind": "portal",
    "address": "https://my.example.org/",
    "names": {"en": "Customer portal"},
    "languages": ["en", "gu", "lo", "eo", "ar"],
    "hours": "24/7",
    "timezone": "UTC",
}
NEEDS: list[Document] = [
    {"slug": "technical", "labels": {"en": "Technical issue", "gu": "ટેકનિકલ સમસ્યા"}},
    {"slug": "rescheduling", "labels": {"en": "Rescheduling"}},
    {"slug": "emergency", "labels": {"en": "Emergency"}},
]
RULES: list[Document] = [
    {"slug": "technical", "need": "technical", "contact_channels": ["chat", "hotline"], "position": 10},
    {"slug": "rescheduling", "need": "rescheduling", "contact_channels": ["chat"], "position": 20},
    {"slug": "emergency", "need": "emergency", "contact_channels": ["hotline"], "position": 30},
    {"slug": "fallback", "need": "*", "contact_channels": ["portal"], "position": 99},
]

TUESDAY_NOON = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)
"""12:00 in Kolkata: everything is staffed."""
TUESDAY_NIGHT = datetime(2026, 3, 10, 18, 30, tzinfo=UTC)
"""Midnight in Kolkata: the chat is closed."""


def registry(*channels: Document, rules: list[Document] | None = None) -> Registry:
    given = {str(channel["slug"]): channel for channel in (PHONE, CHAT, PORTAL, *channels)}
    return Registry.from_documents(given.values(), NEEDS, RULES if rules is None else rules)


def words(headline: str = "Our servers are down", **more: object) -> Document:
    return {
        "headline": headline,
        "acknowledgement": "We know how much depends on it.",
        "impact": "You cannot sign in.",
        "duration": "Until about 15:00.",
        "complications": ["Some payments are late."],
        "options": [{"text": "Pay at any branch", "need": "rescheduling", "url": None}],
        **more,
    }


def update(**more: object) -> Document:
    return {
        "crisis": "servers-down",
        "stage": "holding",
        "audience": "everyone",
        "endpoints": ["website", "twilio"],
        "content": {"en": words(), "gu": words("અમારા સર્વર બંધ છે")},
        "need": "technical",
        "next_update_by": "2026-03-10T08:00:00Z",
        "expires_at": "2026-03-10T12:30:00Z",
        **more,
    }
