"""The recipe of docs/adding-a-channel.md, carried out."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest

from app.domain.message import Accepted, Failure, FailureKind, Medium, Secret
from channels import registry
from channels.http import Http
from tests.unit.channels.answers import Answers, always
from tests.unit.channels.letters import batch, message

pytestmark = pytest.mark.anyio

RECIPE = (Path(__file__).parents[3] / "docs" / "adding-a-channel.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", RECIPE, re.DOTALL)


@pytest.fixture
def recipe() -> Iterator[type[Any]]:
    """The class the page builds, loaded by the line the page adds to the registry."""
    module = ModuleType("channels.chat_example")
    sys.modules[module.__name__] = module
    exec(compile(BLOCKS[0], "docs/adding-a-channel.md", "exec"), module.__dict__)  # noqa: S102 - our own page
    name, _, target = BLOCKS[1].strip().rstrip(",").partition(": ")
    yield registry.load(name.strip('"'), {name.strip('"'): target.strip('"')})
    del sys.modules[module.__name__]


def test_the_recipe_declares_a_form(recipe: type[Any]) -> None:
    assert recipe.info.name == "chat_example"
    fields = registry.schema_of(recipe.Settings)
    assert [(field.name, field.type, field.required) for field in fields] == [
        ("room", "text", True),
        ("token", "secret", True),
        ("base_url", "text", False),
    ]


async def test_the_recipe_sends(recipe: type[Any], http: Http) -> None:
    async with Answers(always(201, {"id": "m1"})) as server:
        channel = recipe(recipe.Settings("storm", Secret("t"), server.url), http)
        assert await channel.send(batch(message(Medium.SOCIAL), "room")) == [Accepted("m1")]
        assert orjson.loads(server.requests[0].body) == {"text": message().text}
        assert server.requests[0].path == "/rooms/storm/messages"


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (409, "room_archived", FailureKind.ACCOUNT),
        (400, "text_rejected", FailureKind.CONTENT),
        (429, "", FailureKind.NOT_ACCEPTED),
        (500, "", FailureKind.AMBIGUOUS),
    ],
)
async def test_the_recipe_classifies(recipe: type[Any], http: Http, status: int, error: str, kind: FailureKind) -> None:
    async with Answers(always(status, {"error": error})) as server:
        channel = recipe(recipe.Settings("storm", Secret("t"), server.url), http)
        (outcome,) = await channel.send(batch(message(Medium.SOCIAL), "room"))
    assert isinstance(outcome, Failure)
    assert outcome.kind is kind
