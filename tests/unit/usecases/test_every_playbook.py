"""Everything the shipped playbooks say, on every medium and in every language, as its readers would get it."""

from __future__ import annotations

import pytest

from app.domain.message import Limits, Medium
from app.domain.playbooks import STAGES
from app.usecases.preview_update import EndpointLimits, preflight
from tests.unit.usecases.announcements import AT, LANGUAGES, LINK, TEMPLATES, document, source, templating

SLUGS = sorted(path.stem for path in (TEMPLATES / "playbooks").glob("*.json"))
ENDPOINTS = (
    EndpointLimits("texts", Medium.SMS, Limits(characters=1600, segments=6)),
    EndpointLimits("bluesky", Medium.SOCIAL, Limits(characters=300, unit="graphemes", utf8_bytes=3000)),
    EndpointLimits("mastodon", Medium.SOCIAL, Limits(characters=500, unit="mastodon")),
    EndpointLimits("push", Medium.PUSH, Limits(utf8_bytes=3000)),
    EndpointLimits("mail", Medium.EMAIL, Limits(utf8_bytes=1_000_000)),
)


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_passes_preflight_in_every_language_on_every_medium(slug: str, stage: str) -> None:
    result = preflight(templating(), source(document(stage, slug)), ENDPOINTS, AT, LINK)
    assert result.problems == ()
    warned = {(one.code, one.field) for one in result.warnings}
    assert not {code for code, _ in warned} & {"no_emergency_route", "no_contact_route", "gloom_alone", "no_duration"}
    assert {(one.endpoint, one.language) for one in result.renderings} == {
        (endpoint.slug, language) for endpoint in ENDPOINTS for language in LANGUAGES
    }
    for one in result.renderings:
        assert "{" not in one.text
        assert one.limit is None or one.size <= one.limit


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("stage", STAGES)
def test_the_headline_and_the_impact_stand_in_every_text_message(slug: str, stage: str) -> None:
    update = document(stage, slug)
    result = preflight(templating(), source(update), ENDPOINTS[:1], AT, LINK)
    for one in result.renderings:
        words = update["content"][one.language]
        assert words["headline"] in one.text
        assert words["impact"] in one.text
        assert one.routes >= 1
