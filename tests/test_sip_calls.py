"""Whole calls between two ends, made of the room's parts: what is sent, in order, and who knows."""

import pytest

from calleq.sip.bounds import T1_US
from calleq.sip.dialog import Dialog, Forks, as_called, make_request, receive_request
from calleq.sip.message import Request, Response, respond
from calleq.sip.negotiation import (
    TURNS,
    Agreed,
    Local,
    Move,
    Turn,
    Verdict,
    answer,
    offer,
    settle,
)
from calleq.sip.reliable import ReliableAnswers, ReliableOrder, is_reliable
from calleq.sip.repeating import success_repeater
from calleq.sip.sdp import Direction, parse_description
from calleq.sip.transactions import Answered, Cancelled, Requested
from tests.sip_wire import Wire, request

OF_ALICE = Local(1, 1, "192.0.2.1", 4_000)
OF_BOB = Local(2, 1, "192.0.2.9", 5_000)
SDP = {"content-type": ["application/sdp"]}
AT_BOB = {"contact": ["<sip:bob@192.0.2.9>"]}


def via(wire: Wire, branch: str, host: str = "192.0.2.1") -> str:
    return f"SIP/2.0/{wire.transport} {host}:5060;branch=z9hG4bK{branch}"


def calls(wire: Wire, **fields: str) -> tuple[Request, Requested]:
    """Alice's INVITE with her offer, and as Bob got it."""
    made = request("INVITE", transport=wire.transport)
    made.fields.update(SDP | {name: [line] for name, line in fields.items()})
    made = Request("INVITE", made.target, made.fields, offer(OF_ALICE).encode())
    wire.alice.send(made, wire.to_bob, wire.now_us)
    wire.carry()
    asked = wire.told["bob"][0]
    assert isinstance(asked, Requested)
    return made, asked


def answers(wire: Wire, asked: Requested) -> tuple[Response, Agreed | None]:
    """Bob's 200 with his answer."""
    described, agreed = answer(parse_description(asked.request.body), OF_BOB)
    said = respond(asked.request, 200, to_tag="b", fields=AT_BOB | SDP, body=described.encode())
    assert asked.key is not None
    assert wire.bob.respond(asked.key, said, wire.now_us)
    wire.carry()
    return said, agreed


def last_answer(wire: Wire, name: str = "alice") -> Response:
    event = wire.told[name][-1]
    assert isinstance(event, Answered)
    return event.response


def is_up(wire: Wire) -> tuple[Dialog, Dialog]:
    """A call that is answered and acknowledged; both sides' dialogs."""
    made, asked = calls(wire)
    answers(wire, asked)
    alice = Forks(made).answered(last_answer(wire))
    assert alice is not None
    alice, ack = make_request(alice, "ACK", via(wire, "ack"))
    wire.alice.send_plain(ack, wire.to_bob)
    wire.carry()
    assert asked.key is not None
    return alice, as_called(asked.request, "b", confirmed=True)


@pytest.mark.parametrize("transport", ["UDP", "TCP", "TLS"])
def test_a_call_is_offered_rung_answered_acknowledged_and_released(transport: str):
    wire = Wire(transport)
    made, asked = calls(wire)
    wire.says(180)
    forks = Forks(made)
    early = forks.answered(last_answer(wire))
    assert early is not None
    assert not early.confirmed
    _, of_bob = answers(wire, asked)
    repeater = success_repeater(wire.now_us)
    alice = forks.answered(last_answer(wire))
    assert alice is not None
    assert alice.confirmed
    of_alice = settle(parse_description(made.body), parse_description(last_answer(wire).body))
    assert of_alice is not None
    assert of_bob is not None
    assert (of_alice.address, of_alice.port, of_alice.codec) == ("192.0.2.9", 5_000, "PCMU")
    assert (of_bob.address, of_bob.port, of_bob.codec) == ("192.0.2.1", 4_000, "PCMU")
    alice, ack = make_request(alice, "ACK", via(wire, "ack"))
    wire.alice.send_plain(ack, wire.to_bob)
    wire.carry()
    repeater.acknowledged()
    bob = as_called(asked.request, "b", confirmed=True)
    alice, bye = make_request(alice, "BYE", via(wire, "bye"))
    wire.alice.send(bye, wire.to_bob, wire.now_us)
    wire.carry()
    left = wire.told["bob"][-1]
    assert isinstance(left, Requested)
    assert receive_request(bob, left.request)[1] is None
    wire.says(200, left)
    assert [what for _, _, what in wire.sent] == ["INVITE", "180", "200", "ACK", "BYE", "200"]
    wire.passes(200)
    assert (len(wire.alice), len(wire.bob)) == (0, 0), "nothing is left of the call"
    assert wire.alice.next_timer_us() is None


def test_a_2xx_whose_ack_was_lost_is_said_again_and_acknowledged_again():
    wire = Wire()
    made, asked = calls(wire)
    said, _ = answers(wire, asked)
    repeater = success_repeater(wire.now_us)
    forks = Forks(made)
    wire.now_us += T1_US
    assert repeater.handle_timer(wire.now_us)
    assert asked.key is not None
    assert wire.bob.respond(asked.key, said, wire.now_us)
    wire.carry()
    dialogs = {
        forks.answered(event.response).key
        for event in wire.told["alice"]
        if isinstance(event, Answered)
    }
    assert wire.statuses() == [200, 200]
    assert dialogs == {("call", "a", "b")}


def test_an_answer_that_crosses_cancel_is_acknowledged_and_released():
    wire = Wire()
    made, asked = calls(wire)
    wire.says(180)
    wire.lost = lambda sender, what: what == "CANCEL"
    assert wire.alice.cancel(("z9hG4bK1", "INVITE"), wire.now_us)
    wire.carry()
    answers(wire, asked)
    dialog = Forks(made).answered(last_answer(wire))
    assert dialog is not None
    assert dialog.confirmed
    wire.lost = lambda sender, what: False
    dialog, ack = make_request(dialog, "ACK", via(wire, "ack"))
    wire.alice.send_plain(ack, wire.to_bob)
    dialog, bye = make_request(dialog, "BYE", via(wire, "bye"))
    wire.alice.send(bye, wire.to_bob, wire.now_us)
    wire.carry()
    wire.says(200, wire.told["bob"][-1])
    assert [what for _, sender, what in wire.sent if sender == "alice"] == [
        "INVITE",
        "CANCEL",
        "ACK",
        "BYE",
    ]
    wire.passes(200)
    assert not any(isinstance(event, Cancelled) for event in wire.told["bob"])
    assert (len(wire.alice), len(wire.bob)) == (0, 0)


def test_both_offer_at_once_and_both_are_refused_491():
    wire = Wire()
    alice, bob = is_up(wire)
    turns = dict.fromkeys(("alice", "bob"), Turn.STABLE)
    wire.lost = lambda sender, what: False
    for name, dialog, end, target, host in (
        ("alice", alice, wire.alice, wire.to_bob, "192.0.2.1"),
        ("bob", bob, wire.bob, wire.to_alice, "192.0.2.9"),
    ):
        verdict, turns[name] = TURNS[turns[name], Move.OFFER_SENT]
        assert verdict is Verdict.TAKE
        _, made = make_request(
            dialog, "INVITE", via(wire, f"re{name}", host), fields=AT_BOB, body=b""
        )
        end.send(made, target, wire.now_us)
    wire.carry()
    for name, end in (("alice", wire.alice), ("bob", wire.bob)):
        event = wire.told[name][-1]
        assert isinstance(event, Requested)
        assert event.key is not None
        verdict, turns[name] = TURNS[turns[name], Move.OFFER_RECEIVED]
        assert verdict is Verdict.GLARE
        end.respond(event.key, respond(event.request, 491), wire.now_us)
    wire.carry()
    assert last_answer(wire, "alice").status == last_answer(wire, "bob").status == 491
    assert TURNS[turns["alice"], Move.REFUSED] == (Verdict.TAKE, Turn.STABLE)


def test_hold_by_update_needs_no_ack_and_is_mirrored():
    wire = Wire()
    alice, bob = is_up(wire)
    held = offer(Local(1, 2, "192.0.2.1", 4_000, direction=Direction.SENDONLY))
    alice, update = make_request(
        alice, "UPDATE", via(wire, "up"), fields=AT_BOB | SDP, body=held.encode()
    )
    wire.alice.send(update, wire.to_bob, wire.now_us)
    wire.carry()
    event = wire.told["bob"][-1]
    assert isinstance(event, Requested)
    described, agreed = answer(parse_description(event.request.body), OF_BOB)
    assert agreed is not None
    assert (agreed.sends, agreed.receives) == (False, True)
    assert event.key is not None
    said = respond(event.request, 200, fields=AT_BOB | SDP, body=described.encode())
    wire.bob.respond(event.key, said, wire.now_us)
    wire.carry()
    of_alice = settle(held, parse_description(last_answer(wire).body))
    assert of_alice is not None
    assert (of_alice.sends, of_alice.receives) == (True, False)
    assert receive_request(bob, event.request)[1] is None


def test_early_voice_goes_reliably_and_is_never_an_answer():
    wire = Wire()
    made, asked = calls(wire, supported="100rel")
    answering = ReliableAnswers(asked.request, 100)
    described, _ = answer(parse_description(asked.request.body), OF_BOB)
    early = answering.say(
        respond(asked.request, 183, to_tag="b", fields=AT_BOB | SDP, body=described.encode()), 0
    )
    assert asked.key is not None
    wire.bob.respond(asked.key, early, 0)
    wire.carry()
    got = last_answer(wire)
    assert is_reliable(got)
    dialog = Forks(made).answered(got)
    assert dialog is not None
    assert not dialog.confirmed, "183 is no answer"
    rack = ReliableOrder().receive(got)
    dialog, prack = make_request(dialog, "PRACK", via(wire, "pr"), fields={"rack": [str(rack)]})
    wire.alice.send(prack, wire.to_bob, 0)
    wire.carry()
    event = wire.told["bob"][-1]
    assert isinstance(event, Requested)
    assert answering.acknowledged(event.request) is None
    wire.says(200, event)
    assert (last_answer(wire).cseq.method, dialog.local_number) == ("PRACK", 2)


def test_a_bye_that_is_lost_for_ever_ends_on_its_side_after_64_t1():
    wire = Wire()
    alice, _ = is_up(wire)
    wire.lost = lambda sender, what: what == "BYE"
    _, bye = make_request(alice, "BYE", via(wire, "bye"))
    wire.alice.send(bye, wire.to_bob, wire.now_us)
    wire.carry()
    wire.passes(130)
    assert len(wire.times("alice", "BYE")) == 11
    assert (len(wire.alice), len(wire.bob)) == (0, 0)
