"""What every page wears: the style sheet in the organisation's colours, its logo, the words and links at its foot."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from app.domain.branding import NO_BRANDING, Branding
from app.domain.snapshot import CLOSED_CSP, CSS, File
from app.publishing.tongue import Organisation, Tongue, View

STYLE_PATH: Final = "site/pages.css"
PAGE_CSP: Final = CLOSED_CSP.replace("default-src 'none'", "default-src 'none'; style-src 'self'; img-src 'self'")
"""A page loads its style sheet and its logo from where it stands itself, and runs nothing."""
META_CSP: Final = PAGE_CSP.replace("; frame-ancestors 'none'", "")
"""The same inside the page, for servers that send no header; a page cannot forbid frames by itself."""
FORM_META_CSP: Final = META_CSP.replace("form-action 'none'", "form-action 'self'")
"""Of pages made for one request: both policies hold, so the one inside must not forbid what the header allows."""
DEVICE_CSP: Final = "default-src 'none'; script-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'"
"""More of a page on which a browser may offer its device: our own script, and the worker it leaves there."""
PICTURE_CSP: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def with_device(csp: str) -> str:
    return csp.replace("default-src 'none'", DEVICE_CSP)


@dataclass(frozen=True, slots=True)
class Dress:
    css: str
    """The shipped style sheet."""
    organisation: Organisation
    branding: Branding = NO_BRANDING
    version: str = ""
    """Of templates and words: other templates make other pages."""
    sheet: str = field(init=False)
    """The style sheet as readers get it."""

    def __post_init__(self) -> None:
        day, night = self.branding.accent, self.branding.by_night
        own = (
            f":root{{--accent:{day}}}\n"
            f"@media (prefers-color-scheme: dark){{:root{{--accent:{night}}}}}\n"
            f"@media print{{:root{{--accent:{day}}}}}\n"
        )
        object.__setattr__(self, "sheet", self.css + own)

    def wearing(self, branding: Branding) -> Dress:
        organisation = replace(self.organisation, names=branding.names or self.organisation.names)
        return Dress(self.css, organisation, branding, self.version)

    @property
    def style_href(self) -> str:
        return f"/{STYLE_PATH}?v={_short(self.sheet.encode())}"

    @property
    def logo_href(self) -> str:
        logo = self.branding.logo
        return f"/site/{logo.name}?v={_short(logo.body)}" if logo else ""

    @property
    def digest(self) -> str:
        """Another one whenever a page would look or read differently for the same news."""
        return _short(repr((self.sheet, self.organisation, self.branding, self.version)).encode())

    def files(self) -> Iterator[File]:
        yield File(STYLE_PATH, self.sheet.encode(), CSS)
        if logo := self.branding.logo:
            yield File(f"site/{logo.name}", logo.body, logo.kind.value, csp=PICTURE_CSP)

    def view(self, tongue: Tongue) -> View:
        """For the frame of a page: who speaks, and what stands at the foot."""
        branding = self.branding
        links = [{"text": tongue.text(one.texts), "url": one.url_in(tongue.language)} for one in branding.links]
        return {
            "style_href": self.style_href,
            "csp": META_CSP,
            "logo_href": self.logo_href,
            "website": branding.website,
            "organisation": tongue.text(self.organisation.names),
            "footer": tongue.text(branding.footer) if branding.footer else None,
            "footer_links": links,
        }


def _short(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]
