"""The organisation's own look: its colour can be read, its logo cannot act, its words reach every page."""

from __future__ import annotations

import base64
import struct
import zlib

import pytest
from lxml import html

from app.domain.branding import Branding
from app.domain.colours import contrast, readable
from app.domain.logos import clean_png, clean_svg
from app.errors import Invalid
from app.publishing.picture import picture
from app.store import website
from app.store.database import Database
from app.store.documents import Kind
from tests.unit.site.world import LANGUAGES, NOON, open_house, press, save

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><path d="M0 0h9" style="fill:#123456"/></svg>'


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + chunk(b"tEXt", b"Author\0somebody")
    + chunk(b"IDAT", zlib.compress(b"\0\0"))
    + chunk(b"IEND", b"")
)


def look(**fields: object) -> dict[str, object]:
    return {"slug": "organisation", **fields}


def logo(body: bytes, kind: str = "image/svg+xml") -> dict[str, str]:
    return {"type": kind, "data": base64.b64encode(body).decode()}


def codes(document: dict[str, object]) -> list[str]:
    with pytest.raises(Invalid) as refused:
        Branding.from_document(document)
    return [problem.code for problem in refused.value.problems]


def test_a_colour_that_cannot_be_read_is_refused_with_the_reason_and_a_better_one() -> None:
    with pytest.raises(Invalid) as refused:
        Branding.from_document(look(accent="#ffb000"))
    (problem,) = refused.value.problems
    assert problem.code == "low_contrast"
    assert "4.5:1" in problem.sentence
    better = problem.remedy.rsplit(" ", 1)[1].rstrip(".")
    assert Branding.from_document(look(accent=better)).accent == better


@pytest.mark.parametrize("colour", ["red", "#12345", "#12345g", "url(x)", "#123456;}"])
def test_only_a_colour_reaches_the_style_sheet(colour: str) -> None:
    assert set(codes(look(accent=colour))) <= {"bad_colour", "too_long"}


@pytest.mark.parametrize("colour", ["#000000", "#0b4fae", "#7a0018", "#333300"])
def test_by_night_the_colour_is_as_light_as_it_must_be(colour: str) -> None:
    night = Branding.from_document(look(accent=colour)).by_night
    assert contrast(night, "#101317") >= 4.5
    assert contrast(night, "#20262d") >= 4.5
    assert readable(night, ("#101317", "#20262d")) == night


def test_a_drawing_keeps_its_picture_and_loses_everything_else() -> None:
    cleaned = clean_svg(
        b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:i="urn:ink" viewBox="0 0 10 10" i:tool="x">'
        b'<metadata>who</metadata><i:named/><g><path d="M0 0h9" style="fill:#123456;stroke:none" data-x="1"/></g></svg>'
    )
    assert b'fill="#123456"' in cleaned
    for gone in (b"who", b"urn:ink", b"data-x", b"style="):
        assert gone not in cleaned


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>x</p></foreignObject>",
        "<path d='M0 0' onclick='alert(1)'/>",
        "<use href='https://evil.example.org/x.svg#a'/>",
        "<image href='https://evil.example.org/x.png'/>",
        "<path d='M0 0' fill='url(https://evil.example.org/x)'/>",
        "<path d='M0 0' style='fill:url(//evil.example.org/x)'/>",
        "<a href='javascript:alert(1)'><path d='M0 0'/></a>",
        "<style>*{fill:url(https://evil.example.org)}</style>",
        "<set attributeName='href' to='javascript:alert(1)'/>",
    ],
)
def test_a_drawing_that_could_act_or_load_is_refused(inside: str) -> None:
    body = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">{inside}</svg>'.encode()
    assert codes(look(logo=logo(body))) == ["bad_logo"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<svg",
        b"<html xmlns='http://www.w3.org/2000/svg'/>",
        b'<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">&a;</svg>',
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    ],
)
def test_what_is_no_drawing_is_refused(body: bytes) -> None:
    assert codes(look(logo=logo(body)))[0] in {"bad_logo", "missing"}


def test_a_picture_keeps_its_pixels_and_loses_who_made_it() -> None:
    cleaned = clean_png(PNG)
    assert b"somebody" not in cleaned
    assert b"IDAT" in cleaned


@pytest.mark.parametrize("body", [PNG[:-9], PNG.replace(b"IDAT", b"IDAX"), PNG[:40] + b"\0" + PNG[41:], b"GIF89a"])
def test_a_torn_picture_is_refused(body: bytes) -> None:
    assert codes(look(logo=logo(body, "image/png"))) == ["bad_logo"]


def test_name_logo_colour_footer_and_links_are_on_every_page_in_its_language(database: Database) -> None:
    open_house(database)
    document = look(
        names={"en": "Rander Water", "gu": "રાંદેર પાણી"},
        website="https://www.example.org/",
        accent="#7a0018",
        logo=logo(SVG),
        footer={"en": "1 Canal Road"},
        links=[{"texts": {"en": "Privacy", "gu": "ગોપનીયતા"}, "url": "https://www.example.org/{language}/privacy"}],
    )
    save(database, Kind.ORGANISATION, document)
    with database.reading() as connection:
        snapshot = press().snapshot(picture(website.read(connection), NOON), 1)
    assert b"--accent:#7a0018" in snapshot.files["site/pages.css"].body
    assert b"<path" in snapshot.files["site/logo.svg"].body
    for language in LANGUAGES:
        page = html.document_fromstring(snapshot.files[f"{language}/index.html"].body.decode())
        (picture_,) = page.findall(".//img")
        assert str(picture_.get("src")).startswith("/site/logo.svg?v=")
        text = str(page.text_content())
        assert ("રાંદેર પાણી" if language == "gu" else "Rander Water") in text
        assert ("ગોપનીયતા" if language == "gu" else "Privacy") in text
        assert f"https://www.example.org/{language}/privacy" in [link.get("href") for link in page.iter("a")]
        assert "1 Canal Road" in text
