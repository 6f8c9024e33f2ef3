"""People and documents that the tests of use cases share."""

from __future__ import annotations

from app.domain.principals import Actor, Role

AUTHOR = Actor("Asha", Role.AUTHOR, 1, 1)
APPROVER = Actor("Boun", Role.APPROVER, 2, 2)
ADMIN = Actor("Carlo", Role.ADMIN, 3, 3)
VIEWER = Actor("Dina", Role.VIEWER, 4, 4)

CRISIS = {"slug": "outage", "titles": {"en": "Network outage"}, "severity": "major"}

PHONE_LINE: dict[str, object] = {
    "kind": "phone",
    "address": "+442071838750",
    "names": {"en": "Phone line"},
    "languages": ["en"],
    "hours": "24/7",
    "timezone": "Europe/London",
}

DRAFT: dict[str, object] = {
    "stage": "holding",
    "content": {"en": {"headline": "Calls do not get through", "impact": "You cannot call us."}},
}
