"""What people answer to our e-mails reaches staff with its crisis; only who shows whose address it is stops it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.callbacks.letters import KEPT, LONGEST
from app.clock import FrozenClock
from app.domain.letters import PURPOSE, door_secret
from app.domain.message import MEDIUM_CODES, Medium
from app.domain.reference import DeliveryKey, encode
from app.store import addresses, hearing, updates
from app.usecases import take_letter
from app.wiring import REFERENCES
from tests.faces import Api

pytestmark = pytest.mark.both_databases
ANN, BELA = "ana@example.org", "bela@example.org"


class Post:
    """Whoever receives our mail."""

    def __init__(self, api: Api) -> None:
        api.prepare()
        self.api = api
        self._sent = 0

    def url(self, endpoint: str = "mail", secret: str | None = None) -> str:
        key = self.api.wiring.keyring.key(PURPOSE)
        return f"/callbacks/letters/{endpoint}/{door_secret(key, endpoint) if secret is None else secret}"

    def mail(self, text: str, sender: str = ANN, *, number: str = "", **headers: str) -> bytes:
        self._sent += 1
        head = {
            "From": f"Somebody <{sender}>",
            "Subject": "Re: Power is out",
            "Message-ID": f"<{number or self._sent}@mx>",
        }
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in (head | headers).items()]
        return ("\r\n".join(lines) + f"\r\n\r\n{text}").encode()

    def hand_in(self, raw: bytes, **url: str) -> Any:
        return self.api.client.post(self.url(**url), content=raw, headers={"content-type": "message/rfc822"})

    def form(self, fields: dict[str, str | bytes], attached: bytes = b"") -> Any:
        """As SendGrid posts it."""
        body = b"".join(
            f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
            + (value if isinstance(value, bytes) else value.encode())
            + b"\r\n"
            for name, value in fields.items()
        )
        if attached:
            body += b'--xYzZY\r\nContent-Disposition: form-data; name="attachment1"; filename="a.jpg"\r\n'
            body += b"Content-Type: image/jpeg\r\n\r\n" + attached + b"\r\n"
        kind = {"content-type": 'multipart/form-data; boundary="xYzZY"'}
        return self.api.client.post(self.url(), content=body + b"--xYzZY--\r\n", headers=kind)

    def inbox(self) -> list[tuple[str, str | None]]:
        items = self.api.done(self.api.get("author", "/replies?keywords=true"))["items"]
        return [(one["text"], one["effect"]) for one in reversed(items)]

    def reference(self, address: str, broadcast: int) -> str:
        wired = self.api.wiring
        with self.api.db.writing() as tx:
            place = addresses.resolve(tx, wired.keyring, Medium.EMAIL, address)
        key = DeliveryKey(broadcast, MEDIUM_CODES[Medium.EMAIL], place, 1)
        return f"<{encode(key, wired.keyring.key(REFERENCES))}@clarion.test>"

    def stopped(self) -> list[str]:
        with self.api.db.reading() as connection:
            return [row.reason for row in addresses.suppression_page(connection).items]


@pytest.fixture
def post(api: Api) -> Post:
    return Post(api)


def test_staff_read_what_people_answer_and_nothing_a_machine_wrote(post: Post, clock: FrozenClock) -> None:
    raw = post.mail("Is the school open?\r\n\r\nOn Monday Metro Power wrote:\r\n> The power is out.")
    for _ in range(2):
        assert post.hand_in(raw).status_code == 204
    post.hand_in(post.mail("I am away.", Auto_Submitted="auto-replied"))
    post.hand_in(b"\xff\x00 no mail at all")
    headers = "From: Bela <bela@example.org>\nSubject: =?utf-8?q?Po=C5=BEar?=\nMessage-ID: <x@y>\n"
    posted: dict[str, str | bytes] = {
        "headers": headers,
        "text": "Gor\u00ed".encode("iso-8859-1"),
        "charsets": json.dumps({"text": "iso-8859-1"}),
    }
    assert post.form(posted, attached=b"\xff" * (KEPT + 5_000)).status_code == 204
    assert post.form({"email": post.mail("A stranger asks.", "new@example.org")}).status_code == 204
    assert post.inbox() == [
        ("Re: Power is out\n\nIs the school open?", "for_staff"),
        ("Požar\n\nGorí", "for_staff"),
        ("Re: Power is out\n\nA stranger asks.", "for_staff"),
    ]
    items = post.api.done(post.api.get("author", "/replies"))["items"]
    assert not any(ANN in str(one) or BELA in str(one) for one in items), "masked"
    with post.api.db.reading() as connection:
        assert not hearing.answers_due(connection, clock.now()), "nobody is ever answered"


def test_a_letter_takes_hold_only_where_it_shows_whose_it_is(post: Post) -> None:
    for text in ("STOP", "Unsubscribe"):
        post.hand_in(post.mail(text))
    post.hand_in(post.mail("STOP", ANN, In_Reply_To=post.reference(BELA, 1)))
    post.hand_in(post.mail("STOP", ANN, In_Reply_To="<" + "abcdefgh" * 6 + "@clarion.test>"))
    assert (post.stopped(), [done for _, done in post.inbox()]) == ([], ["for_staff"] * 4), "anybody can claim a sender"
    update = post.api.approved()
    with post.api.db.reading() as connection:
        broadcast = updates.get(connection, update).broadcast_id or 0
    post.hand_in(post.mail("And the lift?", BELA, References=f"<other@x> {post.reference(BELA, broadcast)}"))
    post.hand_in(post.mail("Stop please\r\n-- \r\nBela", BELA, In_Reply_To=post.reference(BELA, broadcast)))
    assert post.stopped() == ["opted_out"]
    items = post.api.done(post.api.get("author", "/replies?keywords=true"))["items"]
    assert [(one["effect"], one["update_id"], one["crisis"]) for one in items[:2]] == [
        ("stopped", update, "outage"), ("for_staff", update, "outage"),
    ]  # fmt: skip
    said = post.api.done(post.api.get("author", "/subscribers/2/consents"))["items"]
    assert [(one["medium"], one["granted"], one["how"]) for one in said] == [("email", False, "email")]


def test_the_door_is_known_to_whom_it_was_told_and_lets_in_no_flood(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wrong in ({"secret": "x"}, {"secret": "A" * 32}, {"endpoint": "nowhere", "secret": "A" * 32}):
        assert post.hand_in(post.mail("hello"), **wrong).status_code == 401
    assert post.hand_in(post.mail("hello"), endpoint="nowhere").status_code == 404
    assert post.hand_in(post.mail("hello"), endpoint="texts").status_code == 422
    chunk = b"x" * (1 << 20)
    flood = (chunk for _ in range(LONGEST // len(chunk) + 1))
    assert post.api.client.post(post.url(), content=flood).status_code == 413
    assert post.api.client.get(post.url()).status_code == 405
    monkeypatch.setattr(take_letter, "MOST_FROM_ONE", 2)
    monkeypatch.setattr(take_letter, "MOST_OF_STRANGERS", 4)
    for number in range(4):
        post.hand_in(post.mail(f"again {number}", ANN))
    for number in range(4):
        post.hand_in(post.mail("hello", f"stranger{number}@example.org"))
    post.hand_in(post.mail("an answer", BELA, In_Reply_To=post.reference(BELA, 1)))
    assert len(post.inbox()) == 5, "two of Ana, two of strangers, and whoever answers us is always heard"
