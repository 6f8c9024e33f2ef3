"""A customer's URL reaches the public internet or nothing at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.message import Failure, FailureKind
from channels import guard
from channels.http import Http, Reply, Timeouts
from tests.conftest import NOON
from tests.unit.channels.answers import Answers, always
from tests.unit.channels.conftest import PATIENT

pytestmark = pytest.mark.anyio

INSIDE = [
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://１２７.0.0.1/",
    "https://127。0。0。1/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://198.18.0.1/",
    "https://192.0.2.1/",
    "https://224.0.0.1/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:0:0:0:0:80ff:fffe]/",
    "https://[fe80::1]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[fec0::1]/",
    "https://[ff02::1]/",
    "https://127.0.0.1\\@example.org/",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://api.localhost/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://router.home.arpa/",
]
MALFORMED = [
    "",
    "example.org",
    "https://",
    "http://example.org/",
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "https://user@example.org/",
    "https://user:pw@example.org/",
    "https://example.org:22/",
    "https://example.org:8443/",
    "https://example.org:99999/",
    "https://example.org/#there",
    "https://exa mple.org/",
    "javascript:alert(1)",
]
OUTSIDE = [
    "https://example.org/hook?x=1",
    "https://93.184.216.34/",
    "https://[2606:2800:220:1::1]/",
    "https://ex%61mple.org/",
]

Resolving = Callable[[str, int], "asyncio.Future[list[str]]"]


@pytest.mark.parametrize("url", [*INSIDE, *MALFORMED])
def test_an_address_that_points_inside_or_nowhere_is_refused_with_a_remedy(url: str) -> None:
    problem = guard.check_url(url)
    assert problem is not None
    assert problem.field == "url"
    assert problem.remedy


@pytest.mark.parametrize("url", OUTSIDE)
def test_a_public_address_is_fine(url: str) -> None:
    assert guard.check_url(url) is None


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_hidden_in_an_ipv6_one_is_judged_as_itself(address: object) -> None:
    number = int(address)  # type: ignore[call-overload]  # an IPv4Address
    for prefix in ("::ffff:", "64:ff9b::"):
        hidden = f"{prefix}{number >> 16:x}:{number & 0xFFFF:x}"
        assert guard.is_public(hidden) == guard.is_public(str(address))


@pytest.mark.parametrize("url", INSIDE)
async def test_no_connection_is_made_inside(url: str) -> None:
    http = Http(PATIENT)
    result = await http.post_public(url, {}, b"x")
    assert isinstance(result, Failure)
    assert result.kind is FailureKind.ACCOUNT
    await http.aclose()


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.216.34", "10.0.0.7"], ["::1"], []])
async def test_a_name_is_refused_unless_all_its_addresses_are_public(addresses: list[str]) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return addresses

    http = Http(PATIENT, resolve=resolve)
    result = await http.post_public("https://hooks.example.org/", {}, b"x")
    assert isinstance(result, Failure)
    assert (result.kind, result.code) == (FailureKind.ACCOUNT, "address_refused")
    await http.aclose()


async def test_the_connection_goes_to_the_checked_address_whatever_the_name_says_later() -> None:
    looked_up = []

    async def rebinding(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    # The name exists in no DNS, so an answer proves that the client asked nobody but us.
    http = Http(PATIENT, allow_private=True, resolve=rebinding, now=lambda: NOON)
    async with Answers(always(200)) as server:
        result = await http.post_public(f"http://rebinding.invalid:{server.port}/hook", {}, b"x")
        assert isinstance(result, Reply)
        assert server.requests[0].headers["host"] == f"rebinding.invalid:{server.port}"
    assert looked_up == ["rebinding.invalid"]
    await http.aclose()


async def test_a_redirect_to_the_inside_is_not_followed() -> None:
    http = Http(PATIENT, allow_private=True)
    async with Answers(always(200)) as trap, Answers(always(302, headers={"Location": trap.url})) as server:
        result = await http.post_public(server.url, {}, b"x")
        assert isinstance(result, Reply)
        assert result.status == 302
        assert trap.requests == []
    await http.aclose()


async def test_a_resolver_that_fails_or_hangs_is_not_acceptance() -> None:
    async def hang(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    async def fail(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    for resolve in (hang, fail):
        http = Http(Timeouts(0.05, 0.4), resolve=resolve)
        result = await http.post_public("https://hooks.example.org/", {}, b"x")
        assert isinstance(result, Failure)
        assert (result.kind, result.code) == (FailureKind.NOT_ACCEPTED, "dns")
        await http.aclose()
