"""“Still true?” on the phone of whoever is asked: a page with the words and a button, and what tapping it does.

GET changes nothing, since mail scanners and link previews open every link. The link is the proof: no cookie, no
sign-in, and nothing else can be done with it. The page is in the language of whoever opens it, as far as the console's
catalogues have it.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request, Response

from app.domain.audience import choose_language
from app.domain.cldr import moment_text
from app.errors import ClarionError, NotFound, Problem
from app.store.database import FAULTS
from app.templating.words import FALLBACK, Words
from app.usecases.tap_answer import Question, Tap, look_at_question, tap_answer
from app.visitors.forms import Context, Ctx
from app.visitors.previews import NEVER_KEPT

FORM_CAP: Final = 1_024
POLICY: Final = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

router = APIRouter(prefix="/q", include_in_schema=False)


async def _answer(request: Request) -> str:
    """The tapped button; "" for anything else."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_CAP:
            return ""
    return parse_qs(body.decode("latin-1")).get("answer", [""])[0]


@router.get("/{token}")
@router.head("/{token}")
def ask(token: str, request: Request, context: Ctx) -> Response:
    return _page(context, request, token, None, 200)


@router.post("/{token}")
def answer(token: str, request: Request, context: Ctx, tapped: Annotated[str, Depends(_answer)]) -> Response:
    try:
        tap_answer(context.db, context.keyring, token, tapped, context.clock.now())
    except NotFound:
        return _page(context, request, token, None, 404)
    except FAULTS:
        return _render(context, request, 503, key="question_later")
    except ClarionError as refused:
        return _page(context, request, token, refused.problems[0], 409)
    context.wake()
    return _page(context, request, token, None, 200, done=tapped)


def _page(
    context: Context, request: Request, token: str, refused: Problem | None, status: int, *, done: str = ""
) -> Response:
    try:
        question = look_at_question(context.db, context.keyring, token, context.clock.now())
    except NotFound:
        return _render(context, request, 404, key="question_gone")
    except FAULTS:
        return _render(context, request, 503, key="question_later")
    key = {Tap.CONFIRM: "question_confirmed", Tap.SNOOZE: "question_snoozed"}.get(Tap(done)) if done else None
    return _render(context, request, status, key=key or ("" if question.open else "question_over"), question=question,
                   refused=refused)  # fmt: skip


def _words(context: Context, request: Request) -> Words:
    """Of the languages in which staff are told, the first the browser asks for; else English."""
    known = context.press.templating.staff
    wanted = [part.partition(";")[0] for part in request.headers.get("accept-language", "").split(",")][:20]
    return known[choose_language(wanted, tuple(known), FALLBACK)]


def _render(
    context: Context, request: Request, status: int, *, key: str, question: Question | None = None,
    refused: Problem | None = None,
) -> Response:  # fmt: skip
    templating, words = context.press.templating, _words(context, request)
    sayings = templating.sayings.get(words.language)
    said = sayings.problem(refused) if sayings and refused else refused
    style = templating.staff[FALLBACK].texts["question_style"]
    page = templating.render(
        "staff/question.html",
        {
            "w": dict(words.texts),
            "style": style,
            "said": words.texts[key] if key else "",
            "refusal": f"{said.sentence} {said.remedy}" if said else "",
            "question": _view(context, question, words.language) if question else None,
            "language": words.language,
            "direction": words.direction,
        },
        html=True,
    )
    hashed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    headers = {
        **NEVER_KEPT,
        "vary": "accept-language",
        "content-security-policy": f"{POLICY}; style-src 'sha256-{hashed}'",
        "content-type": "text/html; charset=utf-8",
    }
    return Response(page, status, headers)


def _view(context: Context, question: Question, language: str) -> dict[str, object]:
    plan = question.plan
    return {
        "crisis": plan.crisis,
        "person": question.person.removesuffix(" (by link)"),
        "due": moment_text(plan.due_at, context.press.organisation.timezone, language, now=context.clock.now()),
        "open": question.open,
        "endpoints": ", ".join(question.endpoints),
        "words": [
            {"language": language, **{name: str(words.get(name) or "") for name in ("headline", "impact", "duration")}}
            for language, words in question.content.items()
        ],
        "edit": f"{context.console}/updates/{plan.update_id}",
    }
