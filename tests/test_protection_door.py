"""Encrypted messages at the door: whole or in part, refused when tampered with, never told."""

import json
import logging
from typing import Any

import httpx
import msgspec
import pytest

from calleq.accounts.principal import Principal
from calleq.client.sealing import MEDIA_TYPE, Sealer
from calleq.door.door import Reply
from calleq.journal.entries import Accepted, Refused
from calleq.messages.answers import ProblemView
from calleq.messages.sealed import SEALABLE
from calleq.protection.envelopes import OLDEST_US
from calleq.protection.keys import MessageKey, rotated
from calleq.protection.opening import LIMIT_REMEMBERED, Protection, protection_by
from calleq.topology_protection import Encryption
from calleq.units import SECOND_US
from tests.door import LOOPBACK, MORNING_US, OUTSIDE, Door, message

NUMBER, NUMBER_AS_WRITTEN = "+12125550100", "+1 (212) 555-0177"


class Source:
    """Keys of `abc` and `xyz`, of which tests may put others in place."""

    def __init__(self) -> None:
        keys, self.abc = rotated((), "abc", MORNING_US)
        self.keys: tuple[MessageKey, ...] | None
        self.keys, self.xyz = rotated(keys, "xyz", MORNING_US)

    def changed(self) -> tuple[MessageKey, ...] | None:
        keys, self.keys = self.keys, None
        return keys


class SealedDoor(Door):
    """A door with keys; `seal` seals as the business does."""

    def __init__(self, required: str = "none", *fields: str) -> None:
        encryption = Encryption(required=required, fields=fields or ("customer_number",))  # type: ignore[arg-type]
        figure1 = Door().topology.businesses
        super().__init__(
            [
                msgspec.structs.replace(business, encryption=encryption)
                if business.identifier == "abc"
                else business
                for business in figure1
            ]
        )
        self.source = Source()
        self.intake.protection = protection_by(self.source, self.clock)
        self.seal = self.sealer(self.source.abc)

    def sealer(self, key: MessageKey) -> Sealer:
        return Sealer(key.public(), lambda: self.clock.now_us() / SECOND_US)

    def send(self, body: bytes, peer: str = LOOPBACK, **headers: str) -> Reply:
        return self.submit(body, peer, **headers)

    def send_whole(self, body: bytes, **headers: str) -> Reply:
        return self.submit(body, LOOPBACK, content_type=MEDIA_TYPE, **headers)


def fields_of(*names: str, door: SealedDoor, **fields: object) -> bytes:
    return json.dumps(door.seal.fields(message(**fields), names)).encode()


def code(reply: Reply) -> str:
    assert isinstance(reply.view, ProblemView)
    return reply.view.code


# What is let in.


@pytest.mark.row("S2-37", part=True)
@pytest.mark.parametrize("names", [["customer_number"], ["password"], sorted(SEALABLE)])
def test_a_message_with_sealed_fields_makes_the_call_of_the_plain_one(names: list[str]):
    door = SealedDoor()
    said = {"customer_id": "c-17", "extension": {"a": [1]}}
    assert door.send(fields_of(*names, door=door, **said)).status == 202
    plain = Door()
    assert plain.submit(json.dumps(message(**said)).encode()).status == 202
    ours, theirs = door.journal.of(Accepted)[0], plain.journal.of(Accepted)[0]
    assert ours.message == theirs.message
    assert [type(one) for one in door.set_ups()] == [type(one) for one in plain.set_ups()]


@pytest.mark.row("S2-37", part=True)
def test_a_message_sealed_whole_makes_the_call_of_the_plain_one():
    door = SealedDoor()
    assert door.send_whole(door.seal.whole(message())).status == 202
    assert door.journal.of(Accepted)[0].message["customer_number"] == NUMBER


def test_a_door_without_keys_opens_nothing():
    door, keyless = SealedDoor(), Door()
    body = door.seal.whole(message())
    assert code(keyless.submit(body, content_type=MEDIA_TYPE)) == "not_opened"
    assert code(keyless.submit(fields_of("password", door=door))) == "not_opened"


@pytest.mark.parametrize("text", ["eyJ", "eyJhbGciOiJub25lIn0", "a.b.c.d.e", "eyJ.a.b"])
def test_a_note_that_only_looks_a_little_like_it_is_taken_as_it_stands(text: str):
    door = SealedDoor()
    assert door.send(json.dumps(message(extension=text)).encode()).status == 202
    assert door.journal.of(Accepted)[0].message["extension"] == text


# What is refused.


def refusals(door: SealedDoor) -> list[bytes]:
    """Messages each spoiled in a way of its own, sealed in fields and whole."""
    good = json.loads(fields_of("customer_number", "password", door=door))
    sealed = str(good["customer_number"])
    foreign = door.sealer(door.source.xyz)
    moved = {**good, "representative_number": sealed}
    return [
        json.dumps(one).encode()
        for one in (
            {**good, "customer_number": sealed[:-2] + ("AA" if sealed[-2:] != "AA" else "BB")},
            {**good, "customer_number": sealed[:60] + "x" + sealed[61:]},
            {**good, "customer_number": good["password"]},
            moved,
            {**message(), "customer_number": foreign.field("customer_number", NUMBER)},
            {**good, "password": foreign.field("password", "abc-demo")},
            {**good, "extension": door.seal.whole({"a": 1}).decode()},
        )
    ]


def test_tampering_is_refused_with_one_problem():
    door = SealedDoor()
    problems = set()
    for body in refusals(door):
        reply = door.send(body)
        assert isinstance(reply.view, ProblemView)
        problems.add((reply.status, reply.headers, msgspec.json.encode(reply.view)))
    whole = door.seal.whole(message())
    spoiled = [
        whole[:-1] + (b"A" if whole[-1:] != b"A" else b"B"),
        whole[:-30],
        b"",
        b"\xff\xfe",
        json.dumps(message()).encode(),
        door.seal.field("note", "a field is no message").encode(),
        door.seal.whole_raw(b"no json"),
        door.seal.whole_raw(b'{"a": 1, "a": 2}'),
    ]
    for body in spoiled:
        reply = door.send_whole(body)
        assert isinstance(reply.view, ProblemView)
        problems.add((reply.status, reply.headers, msgspec.json.encode(reply.view)))
    assert len(problems) == 1
    assert problems.pop()[0] == 400
    assert not door.journal.of(Accepted)
    assert not door.set_ups()


def test_what_was_sealed_for_another_business_is_refused_once_it_is_known_who_asks():
    door = SealedDoor()
    body = door.sealer(door.source.xyz).whole(message())
    assert code(door.send_whole(body)) == "not_opened"
    assert door.journal.of(Refused)[-1].reason == "sealed_for_another"


def test_what_is_inside_is_read_as_strictly_as_any_message():
    door = SealedDoor()
    reply = door.send_whole(door.seal.whole({**message(), "custmer": "x"}))
    assert (reply.status, code(reply)) == (422, "invalid_message")


# No way down.


@pytest.mark.row("S2-37", part=True)
@pytest.mark.parametrize(
    ("required", "way", "status"),
    [
        ("none", "plain", 202),
        ("none", "fields", 202),
        ("none", "whole", 202),
        ("fields", "plain", 422),
        ("fields", "other field", 422),
        ("fields", "fields", 202),
        ("fields", "whole", 202),
        ("whole", "plain", 422),
        ("whole", "fields", 422),
        ("whole", "whole", 202),
    ],
)
def test_a_business_may_require_it(required: str, way: str, status: int):
    door = SealedDoor(required, "customer_number", "note")
    match way:
        case "whole":
            reply = door.send_whole(door.seal.whole(message()))
        case "fields":
            reply = door.send(fields_of("customer_number", door=door))
        case "other field":
            reply = door.send(fields_of("password", door=door))
        case _:
            reply = door.send(json.dumps(message()).encode())
    assert reply.status == status
    if status != 202:
        assert code(reply) == "encryption_required"
        assert not door.set_ups()


def test_only_the_business_itself_hears_what_it_requires():
    door = SealedDoor("whole")
    reply = door.send(json.dumps(message(password="guessed")).encode(), OUTSIDE)
    assert (reply.status, code(reply)) == (401, "not_accepted")


def test_a_requirement_for_a_field_that_may_not_be_sealed_is_no_topology():
    assert Encryption(required="fields", fields=("business_id",)).wrong()
    assert Encryption(required="fields", fields=()).wrong()
    assert Encryption().wrong() is None


# Once, and not for long.


def test_a_sealed_password_copied_into_another_message_proves_nothing():
    door = SealedDoor()
    whole = json.loads(fields_of("password", door=door))
    assert door.send(json.dumps(whole).encode(), idempotency_key="k1").status == 202
    stolen = {**whole, "customer_number": "+12125550104"}
    for key in ({}, {"idempotency_key": "k1"}, {"idempotency_key": "k2"}):
        assert code(door.send(json.dumps(stolen).encode(), **key)) == "not_opened"
    assert len(door.set_ups()) == 1


def test_the_same_octets_with_the_same_key_are_a_message_sent_again():
    door = SealedDoor()
    body = door.seal.whole(message())
    first = door.send_whole(body, idempotency_key="k")
    again = door.send_whole(body, idempotency_key="k")
    assert (first.status, again.status) == (202, 202)
    assert first.view.call == again.view.call  # type: ignore[union-attr]
    assert len(door.set_ups()) == 1
    assert code(door.send_whole(body, idempotency_key="other")) == "not_opened"
    assert code(door.send_whole(body)) == "not_opened"


def test_sealed_anew_with_the_same_key_it_is_a_message_sent_again_too():
    door = SealedDoor()
    for _ in range(2):
        assert door.send_whole(door.seal.whole(message()), idempotency_key="k").status == 202
    assert len(door.set_ups()) == 1


@pytest.mark.parametrize("whole", [False, True])
def test_a_refusal_that_is_repeated_says_so_although_what_was_sealed_is_taken_out(whole: bool):
    """Taking sealed texts out of a refusal made a new one of it, which had forgotten that it was a
    repetition."""
    door = SealedDoor()
    door.intake.do_not_call.add("abc", NUMBER, "c1")

    def send() -> Reply:
        if whole:
            return door.send_whole(door.seal.whole(message()), idempotency_key="k")
        return door.send(fields_of("customer_number", door=door), idempotency_key="k")

    first, again = send(), send()
    assert (first.status, code(first)) == (again.status, code(again)) == (403, "do_not_call")
    assert ("idempotent-replayed", "true") not in first.headers
    assert ("idempotent-replayed", "true") in again.headers
    assert NUMBER not in msgspec.json.encode(again.view).decode()


def test_the_same_octets_without_a_key_make_one_call():
    door = SealedDoor()
    body = door.seal.whole(message())
    assert door.send_whole(body).status == 202
    assert code(door.send_whole(body)) == "not_opened"
    assert len(door.set_ups()) == 1


def test_what_was_kept_for_later_is_refused():
    door = SealedDoor()
    body = door.seal.whole(message())
    door.clock.advance_us(OLDEST_US + SECOND_US)
    assert code(door.send_whole(body)) == "not_opened"


def test_strangers_fill_no_memory_and_a_full_one_forgets_nobody():
    door = SealedDoor()
    small = Protection(door.intake.protection.keys, door.clock, limit=1)
    door.intake.protection = small
    for _ in range(3):
        door.send_whole(door.seal.whole(message(password="guessed")))
    assert door.send_whole(door.seal.whole(message())).status == 202
    reply = door.send_whole(door.seal.whole(message()))
    assert (reply.status, code(reply)) == (503, "busy")
    door.clock.advance_us(2 * OLDEST_US)
    assert door.send_whole(door.seal.whole(message())).status == 202
    assert LIMIT_REMEMBERED > 100_000


def test_the_key_before_opens_for_its_overlap_and_then_no_more():
    door = SealedDoor()
    before = door.seal
    door.source.keys, after = rotated(
        (door.source.abc, door.source.xyz), "abc", MORNING_US, 10 * SECOND_US
    )
    door.clock.advance_us(2 * SECOND_US)
    assert door.send_whole(before.whole(message())).status == 202
    assert door.send_whole(door.sealer(after).whole(message())).status == 202
    door.clock.advance_us(10 * SECOND_US)
    assert code(door.send_whole(before.whole(message()))) == "not_opened"


# Nothing is told.

SECRETS: dict[str, Any] = {
    "customer_number": NUMBER_AS_WRITTEN,
    "customer_id": "patient.4711",
    "password": "abc-demo",
    "extension": {"diagnosis": "gallstones", "ward": ["w-0815"]},
}
PLAINTEXT = ("555-0177", "12125550177", "patient.4711", "abc-demo", "gallstones", "w-0815")


def shown_by(door: SealedDoor) -> str:
    """All that was captured between businesses and the door."""
    return b"\n".join(octets for *_, octets, _ in door.tap.seen).decode()


@pytest.mark.row("S2-37", part=True)
@pytest.mark.parametrize("whole", [False, True])
def test_no_plaintext_in_captures_logs_or_answers(
    whole: bool, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    caplog.set_level(logging.DEBUG)
    door = SealedDoor()
    said: list[str] = []

    def send(**changes: object) -> httpx.Response:
        wanted = message(**{**SECRETS, **changes})
        with door.http() as http:
            if whole:
                body, kind = door.seal.whole(wanted), MEDIA_TYPE
            else:
                body = json.dumps(door.seal.fields(wanted, SECRETS)).encode()
                kind = "application/json"
            answer = http.post("/v1/calls", content=body, headers={"content-type": kind})
        said.append(f"{answer.headers} {answer.text}")
        return answer

    assert send().status_code == 202
    assert send(customer_id="has a blank", note="no field of figure 8").status_code == 422
    assert send(password="abc-demo2").status_code == 401
    assert send(customer_number="+1 900 555 0100").status_code == 422
    assert send(customer_number="212 555-0100").status_code == 422
    assert send(desired_time="1999-01-01T00:00:00Z").status_code == 422
    printed = capfd.readouterr()
    everything = "\n".join((shown_by(door), *said, caplog.text, printed.out, printed.err))
    for text in (*PLAINTEXT, "900 555", "9005550100", "has a blank", "abc-demo2"):
        assert text not in everything, text
    assert everything.count("eyJ") >= 6, "what was sent is shown as it was sent"
    refused = [entry.reason for entry in door.journal.of(Refused)]
    assert refused == ["bad_password", "premium_rate", "passed"]


def test_the_osn_hears_no_more_than_it_must_dial():
    door = SealedDoor()
    door.send_whole(door.seal.whole(message(**SECRETS)))
    instruction = msgspec.json.encode(door.set_ups()).decode()
    for text in ("patient.4711", "abc-demo", "gallstones", "w-0815"):
        assert text not in instruction


def test_a_password_is_in_no_journal():
    door = SealedDoor()
    door.send(fields_of("password", door=door))
    written = msgspec.json.encode([stamped.entry for stamped in door.journal.entries]).decode()
    assert "abc-demo" not in written


# The route where keys are published.


def test_the_key_of_a_business_is_published_and_nothing_more():
    door = SealedDoor()
    with door.http(OUTSIDE) as http:
        answer = http.get("/v1/businesses/abc/message-keys")
        assert answer.headers["content-type"] == "application/jwk-set+json"
        [key] = answer.json()["keys"]
        assert key == door.source.abc.public()
        assert "d" not in key
        assert http.get("/v1/businesses/nobody/message-keys").json()["code"] == "no_key"
    assert (
        door.send_whole(Sealer(key, lambda: MORNING_US / SECOND_US).whole(message())).status == 202
    )


def test_a_key_that_was_rotated_or_revoked_is_published_no_more():
    door = SealedDoor()
    door.source.keys, after = rotated((door.source.abc,), "abc", MORNING_US)
    door.clock.advance_us(2 * SECOND_US)
    with door.http() as http:
        answer = http.get("/v1/businesses/abc/message-keys")
        assert [key["kid"] for key in answer.json()["keys"]] == [after.kid]
        door.source.keys = ()
        door.clock.advance_us(2 * SECOND_US)
        assert http.get("/v1/businesses/abc/message-keys").status_code == 404


# Figure 9.


@pytest.mark.row("S2-37", part=True)
@pytest.mark.parametrize("whole", [False, True])
def test_a_request_from_a_page_may_be_sealed_too(whole: bool):
    door = SealedDoor()
    asked: dict[str, object] = {
        "equipment_address": door.topology.access_server.equipment_address,
        "business_id": "abc",
        "customer_number": NUMBER_AS_WRITTEN,
        "web_page": {"current": {"url": "https://abc.example/gallstones"}},
        "representative": "sales",
    }
    page = Principal("page", "page_token", "abc", visitor="v" * 20, origin="https://abc.example")
    if whole:
        body, kind = door.seal.whole(asked), MEDIA_TYPE
    else:
        sealed = door.seal.fields(asked, ("customer_number", "web_page"))
        body, kind = json.dumps(sealed).encode(), "application/json"
    replies: list[Reply] = []
    headers = {"content-type": kind}
    door.server.submit(body, headers, OUTSIDE, replies.append, figure=9, principal=page)
    assert [reply.status for reply in replies] == [202]
    assert door.journal.of(Accepted)[0].message["customer_number"] == "+12125550177"
    assert not any(text in shown_by(door) for text in ("555-0177", "12125550177", "gallstones"))
