"""Opening a link: HEAD, else GET, on to where it leads, and never inside."""

from __future__ import annotations

import pytest

from app.domain.message import Failure, FailureKind
from channels.http import Http
from channels.visits import TOO_MANY, Visited, visit
from tests.rig.wire import Reply, Request
from tests.unit.channels.answers import Answers

pytestmark = pytest.mark.anyio


async def test_a_page_that_answers_head_is_not_fetched(http: Http) -> None:
    async with Answers(lambda _: Reply(200)) as server:
        assert await visit(http, f"{server.url}/page") == Visited(200, f"{server.url}/page")
    assert [one.method for one in server.requests] == ["HEAD"]


@pytest.mark.parametrize("refusal", [403, 404, 405, 501])
async def test_a_server_that_refuses_head_is_asked_properly(http: Http, refusal: int) -> None:
    def say(request: Request) -> Reply:
        return Reply(refusal if request.method == "HEAD" else 200)

    async with Answers(say) as server:
        found = await visit(http, f"{server.url}/page")
    assert isinstance(found, Visited)
    assert found.status == 200


async def test_a_server_that_hangs_up_on_head_is_asked_properly(http: Http) -> None:
    async with Answers(lambda request: None if request.method == "HEAD" else Reply(200)) as server:
        found = await visit(http, server.url)
    assert isinstance(found, Visited)


async def test_redirects_are_followed_to_the_end_and_not_for_ever(http: Http) -> None:
    def say(request: Request) -> Reply:
        step = int(request.path.rpartition("/")[2])
        return Reply(404) if step == 0 else Reply(302, headers=(("location", f"/{step - 1}#part"),))

    async with Answers(say) as server:
        assert await visit(http, f"{server.url}/5") == Visited(404, f"{server.url}/0")
        assert await visit(http, f"{server.url}/6") == TOO_MANY
        assert await visit(http, f"{server.url}/3", most_hops=2) == TOO_MANY


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://127.0.0.1/", "address_refused"),
        ("https://inside.example.org/", "address_refused"),
        ("https://[::1]/", "address_refused"),
        ("http://example.org/", "url_not_https"),
        ("https://example.org:8443/", "url_port"),
        ("https://a:b@example.org/", "url_userinfo"),
        ("https://unknown.example.org/", "dns"),
    ],
)
async def test_a_link_that_points_inside_is_never_opened(url: str, code: str) -> None:
    async def resolve(host: str, _port: int) -> list[str]:
        if host.startswith("unknown"):
            raise OSError
        return ["93.184.216.34", "10.0.0.1"]

    http = Http(resolve=resolve)
    found = await visit(http, url)
    await http.aclose()
    assert isinstance(found, Failure)
    assert found.code == code


async def test_a_redirect_that_points_inside_is_refused_like_the_link_itself() -> None:
    class Led(Http):
        async def visit_public(self, method: str, url: str, headers: object) -> object:  # type: ignore[override]
            if url == "https://public.example.org/":
                return _Away()
            return await Http.visit_public(self, method, url, {})

    class _Away:
        status = 302

        def header(self, _name: str) -> str:
            return "https://169.254.169.254/latest/meta-data"

    http = Led()
    found = await visit(http, "https://public.example.org/")
    await http.aclose()
    assert isinstance(found, Failure)
    assert (found.kind, found.code) == (FailureKind.ACCOUNT, "address_refused")
