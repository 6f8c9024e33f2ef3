"""Does this pass open this address? Asked by the website that holds the knowledge, for each request if it likes.

GET with `url` and `token`, or with the headers X-Original-URL and X-Clarion-Pass as a reverse proxy sends them; the
pass may also stand in the address itself. 200 or 403, the reason in the body and in X-Clarion-Reason. No cookie. A
database is asked for what was taken back and not waited for: it is answered while everything else is down.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import JSONResponse

from app.domain.open_links import Verdict, check_pass, pass_in
from app.domain.reading import iso
from app.visitors.forms import Ctx

SENTENCES: Final = {
    Verdict.OPEN: "This address is open until then.",
    Verdict.MISSING: "No pass was handed in.",
    Verdict.NOT_GENUINE: "This pass was changed, cut off or made by somebody else.",
    Verdict.EXPIRED: "The time of this pass is over.",
    Verdict.REVOKED: "This pass was taken back.",
    Verdict.OTHER_ADDRESS: "This pass opens other addresses than this one.",
}
_LONGEST: Final = 8_000

router = APIRouter(prefix="/open", include_in_schema=False)


@router.get("/check")
@router.head("/check")
def check(
    context: Ctx,
    url: Annotated[str, Query(max_length=_LONGEST)] = "",
    token: Annotated[str, Query(max_length=_LONGEST)] = "",
    x_original_url: Annotated[str, Header(max_length=_LONGEST)] = "",
    x_clarion_pass: Annotated[str, Header(max_length=_LONGEST)] = "",
) -> Response:
    address = url or x_original_url
    given = token or x_clarion_pass or pass_in(address)
    checked = check_pass(context.open_key, given, address, context.clock.now(), context.revoked())
    verdict = checked.verdict
    body = {
        "open": verdict is Verdict.OPEN,
        "reason": verdict.value,
        "sentence": SENTENCES[verdict],
        "until": iso(checked.until) if checked.until else None,
    }
    headers = {"Cache-Control": "no-store", "X-Clarion-Reason": verdict.value}
    return JSONResponse(body, 200 if verdict is Verdict.OPEN else 403, headers)


@router.get("/revoked")
def revoked(context: Ctx) -> Response:
    """SHA-256 of every pass that was taken back before its end, for sites that check by themselves."""
    hashes = sorted(one.hex() for one in context.revoked())
    return JSONResponse({"revoked": hashes}, headers={"Cache-Control": "public, max-age=5"})
