from __future__ import annotations

import pytest

from app.domain.principals import Role
from tests.console import Visitor
from tests.faces import Api


@pytest.fixture
def visitor(api: Api) -> Visitor:
    """A browser in which nobody is signed in."""
    return Visitor(api)


@pytest.fixture
def admin(api: Api) -> Visitor:
    """One in which `admin` is."""
    opened = Visitor(api)
    opened.enter("admin", Role.ADMIN)
    return opened
