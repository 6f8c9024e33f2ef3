"""A logo that can only be looked at: SVG rewritten from an allow-list, or PNG stripped to its picture."""

from __future__ import annotations

import base64
import binascii
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from xml.etree import ElementTree as ET

from app.errors import Problem

LARGEST: Final = 200_000
"""Bytes; every reader of every page loads it."""
WIDEST: Final = 4_000
"""Pixels."""


class LogoKind(StrEnum):
    SVG = "image/svg+xml"
    PNG = "image/png"


@dataclass(frozen=True, slots=True)
class Logo:
    kind: LogoKind
    body: bytes

    @property
    def name(self) -> str:
        return "logo.svg" if self.kind is LogoKind.SVG else "logo.png"

    def to_document(self) -> dict[str, str]:
        return {"type": self.kind.value, "data": base64.b64encode(self.body).decode()}


def read_logo(kind: str, data: str, at: str) -> tuple[Logo | None, tuple[Problem, ...]]:
    """`data`: base64. The logo made harmless, or why it cannot be; `at` names the field."""
    if kind not in (LogoKind.SVG, LogoKind.PNG):
        return None, (_problem(at, "type", "is neither image/svg+xml nor image/png", "Send an SVG or a PNG."),)
    try:
        body = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None, (_problem(at, "data", "is not base64", "Send the file's bytes as base64."),)
    if len(body) > LARGEST:
        return None, (_problem(at, "data", f"is larger than {LARGEST // 1000} kB", "Send a smaller picture."),)
    try:
        clean = clean_svg(body) if kind == LogoKind.SVG else clean_png(body)
    except ValueError as fault:
        return None, (_problem(at, "data", str(fault), "Export the logo as a plain picture without scripts or links."),)
    return Logo(LogoKind(kind), clean), ()


def _problem(at: str, field: str, sentence: str, remedy: str) -> Problem:
    return Problem("bad_logo", f"The logo's {field} {sentence}.", f"{at}.{field}", remedy)


# SVG -----------------------------------------------------------------------------------------------------------

_SVG: Final = "http://www.w3.org/2000/svg"
_ELEMENTS: Final = frozenset(
    {
        "svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "title", "desc", "defs",
        "symbol", "use", "linearGradient", "radialGradient", "stop", "clipPath", "mask", "text", "tspan",
    }
)  # fmt: skip
_ACTIVE: Final = frozenset(
    {
        "script", "style", "foreignObject", "iframe", "image", "a", "animate", "set", "animateTransform",
        "animateMotion",
    }
)  # fmt: skip
"""Refused, not dropped: whoever sends such a logo should know that it is not what will be shown."""
_ATTRIBUTES: Final = frozenset(
    {
        "viewBox", "width", "height", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "fx", "fy", "d",
        "points", "transform", "id", "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-linecap",
        "stroke-linejoin", "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset", "stroke-opacity", "opacity",
        "clip-path", "clip-rule", "mask", "offset", "stop-color", "stop-opacity", "gradientUnits", "gradientTransform",
        "spreadMethod", "clipPathUnits", "maskUnits", "maskContentUnits", "preserveAspectRatio", "font-family",
        "font-size", "font-weight", "text-anchor", "letter-spacing", "dx", "dy", "display", "visibility", "version",
    }
)  # fmt: skip
_LINK: Final = frozenset({"href", "{http://www.w3.org/1999/xlink}href"})
_REFERENCE: Final = re.compile(r"url\(\s*['\"]?#[\w.-]+['\"]?\s*\)")
_DEEPEST: Final = 64


def clean_svg(body: bytes) -> bytes:
    """The drawing alone, written anew. Raise ValueError (a phrase) for what is not a plain drawing."""
    if re.search(rb"<!(DOCTYPE|ENTITY)", body, re.IGNORECASE) or b"\0" in body:
        raise ValueError("has a document type or is not UTF-8")
    try:
        root = ET.fromstring(body.decode("utf-8-sig"))  # noqa: S314 - no entities: a document type was refused above
    except (ET.ParseError, UnicodeDecodeError):
        raise ValueError("is not well-formed XML in UTF-8") from None
    if root.tag != f"{{{_SVG}}}svg":
        raise ValueError("is not an SVG document")
    if not re.fullmatch(r"\s*(-?[\d.]+[\s,]+){3}-?[\d.]+\s*", root.get("viewBox", "")):
        raise ValueError("has no viewBox, so it cannot be shown at another size")
    ET.register_namespace("", _SVG)
    cleaned = _cleaned(root, 0)
    return bytes(ET.tostring(cleaned, encoding="utf-8"))


def _cleaned(element: ET.Element, depth: int) -> ET.Element:
    if depth > _DEEPEST:
        raise ValueError("is nested too deep")
    made = ET.Element(element.tag, dict(_attributes(element)))
    made.text, made.tail = element.text, element.tail
    for child in element:
        space, _, name = str(child.tag).rpartition("}")
        if name in _ACTIVE and space.lstrip("{") in ("", _SVG, "http://www.w3.org/1999/xhtml"):
            raise ValueError(f"holds <{name}>, which can act or load")
        if space == f"{{{_SVG}" and name in _ELEMENTS:
            made.append(_cleaned(child, depth + 1))
    return made


def _attributes(element: ET.Element) -> Iterator[tuple[str, str]]:
    for name, value in (*element.items(), *_declared(element.get("style", ""))):
        if name.lower().startswith("on"):
            raise ValueError(f"holds the event handler “{name}”")
        if name in _LINK:
            if not re.fullmatch(r"#[\w.-]+", value):
                raise ValueError("points to something outside itself")
            yield "href", value
        elif name in _ATTRIBUTES:
            if "(" in _REFERENCE.sub("", value) and ("url" in value.lower() or "\\" in value):
                raise ValueError("loads something from outside")
            yield name, value


def _declared(style: str) -> Iterator[tuple[str, str]]:
    """A style attribute as attributes: what drawing programs write."""
    for declaration in style.split(";"):
        name, colon, value = declaration.partition(":")
        if colon and not name.strip().lower().startswith("on"):
            yield name.strip(), value.strip()


# PNG -----------------------------------------------------------------------------------------------------------

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_CHUNKS: Final = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"sRGB", b"cHRM"})


def clean_png(body: bytes) -> bytes:
    """The picture without comments, dates or places. Raise ValueError (a phrase) for anything torn or too large."""
    if not body.startswith(_SIGNATURE):
        raise ValueError("is not a PNG")
    kept, at = [_SIGNATURE], len(_SIGNATURE)
    names: list[bytes] = []
    while at < len(body):
        if len(body) < at + 12:
            raise ValueError("is torn")
        length, name = struct.unpack(">I4s", body[at : at + 8])
        chunk = body[at : at + 12 + length]
        if len(chunk) < 12 + length or zlib.crc32(chunk[4:-4]) != struct.unpack(">I", chunk[-4:])[0]:
            raise ValueError("is torn")
        if not names:
            if name != b"IHDR" or length != 13:
                raise ValueError("is torn")
            width, height = struct.unpack(">II", chunk[8:16])
            if not (0 < width <= WIDEST and 0 < height <= WIDEST):
                raise ValueError(f"is more than {WIDEST} pixels wide or high")
        names.append(name)
        if name in _CHUNKS:
            kept.append(chunk)
        at += 12 + length
        if name == b"IEND":
            break
    if names[-1:] != [b"IEND"] or b"IDAT" not in names:
        raise ValueError("is torn")
    return b"".join(kept)
