"""A house in which whatever people typed is accented or has no letter an accent could be on (tests/unsaid.py)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO
from itertools import groupby
from typing import Any, Final

from sqlalchemy import insert, select, update

from app.clock import to_ms
from app.console.words import accented
from app.domain.crisis import Severity
from app.domain.imports import Plan
from app.domain.principals import HOST
from app.domain.reading import iso
from app.domain.staff_notices import Notice, NoticeKind
from app.domain.suppressing import Source
from app.store import addresses, breakers, updates
from app.store.documents import Kind
from app.store.ledger_tables import due, outcome, recipient, shard
from app.store.tables import token, user
from app.usecases import manage_imports
from app.usecases.save_audience import save_audience
from app.usecases.save_document import save_document
from app.usecases.save_schedule import save_schedule
from app.usecases.tell_staff import tell_staff
from tests.architecture.tree import ROOT
from tests.console_pages import OWN_FORM
from tests.faces import Api

LANGUAGES: Final = {"en", "gu", "lo", "eo", "ar"}
PEOPLE: Final = (
    "external_id,name,email,phone,languages,timezone,area\n"
    "1,Rff,rff@kltd.dk,+442071838750,en,Europe/London,yyy\n"
    "2,Bbl,bbl@kltd.dk,,en,Europe/London,yyy\n"
    "3,Tdr,,+442071838751,gu,Asia/Kolkata,xxx\n"
)
EVERY_KIND: Final = """area = yyy and not language in (en, gu) and (trff = "Mr. X" or bll > 50 or ddd < 2026-01-31 or
has trff or postcode = N1) and not (trff = 1 and (topic = pwr or consent(sms, pwr) or reachable(sms)))
and (got(update 1, sms) or delivery(update 1, failed) or audience = ll)"""
WORDS: Final = {
    "headline": "Pówér íš óút",
    "impact": "Ýóú hávé ñó éléçtríçítý.",
    "duration": "Úñtíl 18:00.",
    "complications": ["Ít máý gét çóld."],
    "options": [{"text": "Çhárgé át thé líbrárý.", "url": "https://kltd.dk/"}],
}


def typed(value: Any) -> Any:
    """A document with every text in a language accented."""
    if isinstance(value, Mapping):
        said = bool(value) and set(value) <= LANGUAGES
        return {key: accented(one) if said and isinstance(one, str) else typed(one) for key, one in value.items()}
    return [typed(one) for one in value] if isinstance(value, list) else value


def furnish_accented(api: Api) -> None:
    """As tests/browser/console_data.py furnishes: something on every page."""
    now = api.clock.now()
    later = {"expires_at": iso(now + timedelta(hours=3))}
    with api.db.writing() as tx:
        for number in tx.scalars(select(user.c.id)).all():
            tx.execute(update(user).where(user.c.id == number).values(name="Y" * number))
        tx.execute(update(token).values(name="Ttt"))
    _registry(api)
    _rest(api)
    first = _draft(api, next_update_by=iso(now + timedelta(minutes=25)), **later)
    _approve(api, first)
    api.done(api.post("author", f"/updates/{first}/send"))
    _outcomes(api, first)
    save_audience(api.db, HOST, "bb", {"text": EVERY_KIND}, 0, now)
    api.submit(_draft(api, **later))
    api.submit(_draft(api, drill=True, **later))
    _draft(api, **later)
    with api.db.writing() as tx:
        tell_staff(tx, Notice(NoticeKind.NEXT_UPDATE_DUE, "blk", "1", Severity.MAJOR, {"at": "14:30"}), now)


def _outcomes(api: Api, number: int) -> None:
    """Texts: one refused, one of which nobody knows; e-mails: one to somebody who left. An endpoint that rests."""
    now_ms = to_ms(api.clock.now())
    with api.db.writing() as tx:
        broadcast = updates.get(tx, number).broadcast_id
        tx.execute(update(shard).values(admitted=shard.c.size, watermark=shard.c.last_address))
        listed = tx.execute(
            select(recipient.c.medium, recipient.c.address_id).where(recipient.c.broadcast == broadcast)
        )
        (refused, unknown), (left, _) = (
            [row.address_id for row in rows] for _, rows in groupby(sorted(listed.all()), lambda row: row.medium)
        )
        texts, mails = tx.execute(select(shard).where(shard.c.broadcast == broadcast).order_by(shard.c.medium)).all()
        said = {"broadcast": broadcast, "attempt": 1, "at_ms": now_ms}
        for part, address, result, reason in (
            (texts, refused, "failed", "content:30007"),
            (mails, left, "suppressed", "on_suppression_list:bounced"),
        ):
            end = {"medium": part.medium, "endpoint": part.endpoint, "address_id": address, "result": result}
            tx.execute(insert(outcome).values(**said, **end, reason=reason, provider_id=""))
        tx.execute(
            insert(due).values(
                broadcast=broadcast, medium=texts.medium, address_id=unknown, shard=texts.no, endpoint=texts.endpoint,
                lane=1, attempt=1, why="unknown", reason="no_answer", due_ms=None, asked=0, since_ms=now_ms,
                owner=None, fence=0, lease_until_ms=0,
            )
        )  # fmt: skip
        tx.execute(update(shard).where(shard.c.medium == texts.medium).values(failed=1, unsure=1))
        tx.execute(update(shard).where(shard.c.medium == mails.medium).values(suppressed=1))
        breakers.note_open(tx, mails.endpoint, "not_accepted:http_503", now_ms=now_ms, until_ms=now_ms + 60_000)
        addresses.suppress(tx, left, "bounced", api.clock.now(), Source.PROVIDER)
        addresses.suppress(tx, refused, "Áškéd bý phóñé", api.clock.now(), Source.STAFF)


def _draft(api: Api, **changes: Any) -> int:
    document = {
        "stage": "details", "audience": "ll", "endpoints": ["txt", "ml"], "content": {"en": WORDS}, "need": "hlp",
        **changes,
    }  # fmt: skip
    return int(api.done(api.post("author", "/crises/blk/updates", json=document))["id"])


def _approve(api: Api, number: int) -> None:
    api.submit(number)
    count = api.done(api.get("viewer", f"/updates/{number}"))["recipients"]
    api.done(api.post("approver", f"/updates/{number}/approve", json={"count": count}))


def _registry(api: Api) -> None:
    channel = {"slug": "tlf", "kind": "phone", "address": "+442071838750", "names": {"en": "Phóñé"}}
    api.done(api.post("approver", "/contact-channels", json=channel))
    api.done(api.post("approver", "/needs", json={"slug": "hlp", "labels": {"en": "Hélp"}}))
    api.done(api.post("approver", "/routing-rules", json={"slug": "rl", "need": "hlp", "contact_channels": ["tlf"]}))
    for slug, channel_name in (("txt", "outbox.sms"), ("ml", "outbox.email")):
        endpoint = {"slug": slug, "channel": channel_name, "rate_per_second": 10}
        api.done(api.post("admin", "/endpoints", json=endpoint))
    api.done(api.post("author", "/subscribers/import", content=PEOPLE, headers={"content-type": "text/csv"}))
    api.done(api.post("author", "/audiences", json={"slug": "ll", "rule": {"all": True}}))


def _rest(api: Api) -> None:
    db, now = api.db, api.clock.now()
    playbook = typed(json.loads((ROOT / "templates" / "playbooks" / "service-outage.json").read_text("utf-8")))
    playbook["slug"] = "brk"
    hours = {"starts": iso(now + timedelta(days=1)), "ends": iso(now + timedelta(days=1, hours=2))}
    documents: dict[Kind, dict[str, Any]] = {
        Kind.PLAYBOOK: playbook,
        Kind.SITE: {"slug": "wbl", "origins": ["https://www.kltd.dk"], "languages": ["en", "lo", "ar"]},
        Kind.TOPIC: {"slug": "pwr", "names": {"en": "Pówér"}},
        Kind.AREA: {"slug": "yyy", "names": {"en": "Ñórth"}},
        Kind.FAQ: {"slug": "why", "questions": {"en": "Whý?"}, "answers": {"en": "Á tréé."}},
        Kind.HELP_LINK: {"slug": "lbr", "kind": "tool", "texts": {"en": "Šóçkétš"}, "url": "https://kltd.dk/"},
        Kind.PLANNED_WORK: {"slug": "pp", "titles": {"en": "Ñéw pípéš"}, **hours},
        Kind.TEMPLATE: {"slug": "brt", "medium": "sms", "source": OWN_FORM},
    }
    for kind, document in documents.items():
        save_document(db, HOST, kind, document["slug"], document, 0, now, templating=api.wiring.templating)
    save_schedule(db, HOST, "hrl", {"playbook": "brk", "every": "1h", "policy": "ask"}, 0, now)
    file, keyring = BytesIO(b"Kd,Mbl,Ntr\n1,+447911123456,x\n2,12,y\n"), api.wiring.keyring
    number = manage_imports.hand_in(db, keyring, HOST, file, "ppl.tht", Plan(), now)
    columns = {"Kd": "external_id", "Mbl": "phone"}
    manage_imports.save_mapping(db, HOST, "crm", columns)
    manage_imports.begin(db, HOST, number, Plan(columns, dry=True), now)
    manage_imports.carry_on(db, keyring, now, lambda: None)
    crisis = {"slug": "blk", "titles": {"en": "Pówér óútágé"}, "severity": "emergency", "playbook": "brk"}
    api.done(api.post("author", "/crises", json=crisis))
