from __future__ import annotations

import pytest

from app.domain.sites import Placement, Site
from app.errors import Invalid


def test_a_site_comes_back_as_it_went_in() -> None:
    site = Site.from_document({"slug": "main", "origins": ["https://www.example.org"], "slots": ["banner"]})
    assert Site.from_document(site.to_document()) == site
    assert site.slots == (Placement.BANNER,)
    assert Site.from_document({"slug": "main"}).slots == tuple(Placement)


def test_origins_have_no_path_and_slots_are_known() -> None:
    with pytest.raises(Invalid) as refusal:
        Site.from_document({"slug": "main", "origins": ["http://example.org", "https://x/y"], "slots": ["corner"]})
    assert [problem.field for problem in refusal.value.problems] == ["origins", "origins", "slots"]
