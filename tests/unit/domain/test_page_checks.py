"""The script tag on a page, and what the page's own policy makes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.page_checks import Expected, PageVerdict, examine

PAGE = "https://www.example.org/start"
ORIGIN = "https://status.example.org"
TAG = f'<script async src="{ORIGIN}/site/widget.js" data-site="main"></script>'
EXPECTED = Expected("main", frozenset({"sha384-right"}))


def seen(html: str, *policies: str, url: str = PAGE) -> PageVerdict:
    return examine(url, html, policies, EXPECTED).verdict


@pytest.mark.parametrize(
    ("html", "verdict"),
    [
        (TAG, PageVerdict.SHOWS),
        (TAG.replace("script", "SCRIPT").replace("src=", "SRC = "), PageVerdict.SHOWS),
        (TAG.replace("widget.js", "widget.v1.js?x=1"), PageVerdict.SHOWS),
        (f"<base href='{ORIGIN}/'><script src='/site/widget.js' data-site=main></script>", PageVerdict.SHOWS),
        ("", PageVerdict.TAG_MISSING),
        ("<script src='/site/other.js' data-site=main></script>", PageVerdict.TAG_MISSING),
        (f"<!-- {TAG} -->", PageVerdict.TAG_MISSING),
        (f"<textarea>{TAG}</textarea><script>'{TAG[:20]}'</script>", PageVerdict.SHOWS),
        (TAG.replace("main", "other"), PageVerdict.WRONG_SITE),
        (TAG.replace(' data-site="main"', ""), PageVerdict.WRONG_SITE),
        (TAG.replace("async", 'integrity="sha384-wrong"'), PageVerdict.WRONG_HASH),
        (TAG.replace("async", 'integrity="sha384-old sha384-right"'), PageVerdict.SHOWS),
        ("<script src='https://[bad/site/widget.js'>", PageVerdict.TAG_MISSING),
        ("<script src='https://x:99999999/site/widget.js' data-site=main>", PageVerdict.SHOWS),
    ],
)
def test_the_tag(html: str, verdict: PageVerdict) -> None:
    assert seen(html) is verdict


@pytest.mark.parametrize(
    ("policy", "verdict"),
    [
        (f"script-src {ORIGIN}; connect-src {ORIGIN}", PageVerdict.SHOWS),
        ("script-src https:; connect-src *", PageVerdict.SHOWS),
        ("img-src 'none'", PageVerdict.SHOWS),
        ("default-src *.example.org", PageVerdict.SHOWS),
        ("default-src status.example.org:443", PageVerdict.SHOWS),
        ("default-src status.example.org:*", PageVerdict.SHOWS),
        (f"script-src {ORIGIN}/site/; connect-src {ORIGIN}/site/", PageVerdict.SHOWS),
        (f"script-src {ORIGIN}/other/; connect-src {ORIGIN}", PageVerdict.SCRIPT_BLOCKED),
        ("default-src 'self'", PageVerdict.SCRIPT_BLOCKED),
        ("default-src 'none'", PageVerdict.SCRIPT_BLOCKED),
        ("script-src", PageVerdict.SCRIPT_BLOCKED),
        (f"script-src 'self'; connect-src {ORIGIN}", PageVerdict.SCRIPT_BLOCKED),
        ("script-src example.org; connect-src *", PageVerdict.SCRIPT_BLOCKED),
        ("script-src http://status.example.org; connect-src *", PageVerdict.SHOWS),
        ("script-src status.example.org:8443; connect-src *", PageVerdict.SCRIPT_BLOCKED),
        (f"script-src-elem {ORIGIN}; script-src 'none'; connect-src *", PageVerdict.SHOWS),
        (f"script-src 'strict-dynamic' {ORIGIN}; connect-src *", PageVerdict.SCRIPT_BLOCKED),
        (f"script-src {ORIGIN}; connect-src 'self'", PageVerdict.CONNECT_BLOCKED),
        (f"script-src {ORIGIN}; default-src 'self'", PageVerdict.CONNECT_BLOCKED),
        (f"script-src {ORIGIN}, script-src 'none'", PageVerdict.SCRIPT_BLOCKED),
        (f"script-src {ORIGIN}; script-src 'none'; connect-src *", PageVerdict.SHOWS),
        ("; ;,,", PageVerdict.SHOWS),
    ],
)
def test_the_policy_of_the_page_in_header_and_meta(policy: str, verdict: PageVerdict) -> None:
    assert seen(TAG, policy) is verdict
    assert seen(f'<meta http-equiv="Content-Security-Policy" content="{policy}">{TAG}') is verdict


def test_a_nonce_or_a_hash_lets_it_run() -> None:
    assert seen(TAG.replace("async", 'nonce="abc"'), "script-src 'nonce-abc' 'strict-dynamic'; connect-src *") is (
        PageVerdict.SHOWS
    )
    hashed = TAG.replace("async", 'integrity="sha384-right"')
    assert seen(hashed, "script-src 'sha384-right'; connect-src *") is PageVerdict.SHOWS


def test_our_own_pages_may_say_self() -> None:
    assert seen(TAG, "default-src 'self'", url=f"{ORIGIN}/shop") is PageVerdict.SHOWS


@given(st.text(), st.text())
def test_no_page_and_no_policy_breaks_it(html: str, policy: str) -> None:
    examine(PAGE, f"{html}<script src='{html}' data-site='{html}'>{TAG}", [policy], EXPECTED)
