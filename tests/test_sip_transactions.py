"""Transactions: every pair is decided, timers A to M, losses, CANCEL, and what is refused."""

import gc
import weakref
from itertools import product

import pytest

from calleq.sip.bounds import T1_US, SipError
from calleq.sip.message import Request, Response, parse, respond
from calleq.sip.transaction import Target
from calleq.sip.transaction_tables import (
    INPUT_OF,
    INVITE_CLIENT,
    INVITE_SERVER,
    LENGTHS_US,
    MACHINES,
    OTHER_CLIENT,
    OTHER_SERVER,
    Input,
    State,
)
from calleq.sip.transactions import (
    Answered,
    Cancelled,
    Requested,
    TimedOut,
    Transactions,
    Unreachable,
)
from tests.sip_wire import Wire, request

CLIENT = {
    Input.PROVISIONAL,
    Input.SUCCESS,
    Input.FAILURE,
    Input.REPEAT_DUE,
    Input.GAVE_UP,
    Input.OVER,
    Input.TRANSPORT_FAILED,
}
SERVER = {
    Input.REQUEST,
    Input.SAY_PROVISIONAL,
    Input.SAY_SUCCESS,
    Input.SAY_FAILURE,
    Input.OVER,
    Input.TRANSPORT_FAILED,
}
INPUTS = {
    INVITE_CLIENT.name: CLIENT | {Input.CANCEL_UNANSWERED},
    OTHER_CLIENT.name: CLIENT,
    INVITE_SERVER.name: SERVER | {Input.ACK, Input.TRYING_DUE, Input.REPEAT_DUE, Input.GAVE_UP},
    OTHER_SERVER.name: SERVER,
}


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_pair_is_decided_and_every_state_is_reached_and_left(machine):
    states = {state for state, _ in machine.table}
    assert set(machine.table) == set(product(states, INPUTS[machine.name]))
    following = {state for _, state in machine.table.values()}
    assert following - {State.TERMINATED} | {machine.initial} == states
    assert set(machine.started) <= states
    for state, timers in machine.started.items():
        for timer in timers:
            assert (state, INPUT_OF[timer]) in machine.table, (state, timer)
            assert timer in LENGTHS_US
    for state in states:
        assert any(machine.table[state, given][1] is not state for given in INPUTS[machine.name])


def test_an_invite_is_repeated_at_doubling_distance_and_given_up_after_64_t1():
    wire = Wire()
    wire.lost = lambda sender, what: True
    key = wire.asks()
    wire.passes(70)
    assert wire.times("alice", "INVITE") == [0, 1, 3, 7, 15, 31, 63]
    assert wire.told["alice"] == [TimedOut(key)]
    assert len(wire.alice) == 0


def test_another_request_is_repeated_every_t2_at_most_and_given_up_after_64_t1():
    wire = Wire()
    wire.lost = lambda sender, what: True
    key = wire.asks("OPTIONS")
    wire.passes(70)
    assert wire.times("alice", "OPTIONS") == [0, 1, 3, 7, 15, 23, 31, 39, 47, 55, 63]
    assert wire.told["alice"] == [TimedOut(key)]
    wire = Wire()
    wire.asks("OPTIONS")
    wire.says(182)
    wire.lost = lambda sender, what: True
    wire.passes(70)
    assert wire.times("alice", "OPTIONS")[1:4] == [1, 9, 17]


def test_over_a_stream_nothing_is_repeated_but_all_is_given_up():
    for method in ("INVITE", "OPTIONS"):
        wire = Wire("TCP")
        wire.lost = lambda sender, what: True
        wire.asks(method)
        wire.passes(70)
        assert wire.times("alice", method) == [0]
        assert isinstance(wire.told["alice"][-1], TimedOut)


def test_a_call_that_is_answered_stays_accepted_for_copies_and_forks_on_both_sides():
    wire = Wire()
    wire.asks()
    wire.passes(0.5)
    assert wire.times("bob", "100") == [0.4], "the user was silent for 200 ms"
    assert wire.says(180)
    assert wire.says(200)
    assert wire.statuses() == [100, 180, 200]
    assert wire.says(200), "the user repeats it until ACK"
    assert wire.statuses() == [100, 180, 200, 200]
    assert not wire.says(486)
    (asked,) = wire.told["bob"]
    again = asked.request.encode()
    wire.bob.receive(again, wire.to_alice, wire.now_us)
    assert wire.bob.data_to_send() == []
    wire.bob.receive(request("ACK", "9", tag="b").encode(), wire.to_alice, wire.now_us)
    wire.carry()
    ack = wire.told["bob"][-1]
    assert isinstance(ack, Requested)
    assert (ack.key, ack.request.method) == (None, "ACK")
    wire.passes(64)
    assert (len(wire.alice), len(wire.bob)) == (0, 0)


def test_a_refusal_is_repeated_until_its_ack_and_acknowledged_each_time():
    wire = Wire()
    wire.asks()
    wire.lost = lambda sender, what: what == "ACK" and wire.now_us < 8 * T1_US
    wire.says(486)
    wire.passes(20)
    assert wire.times("bob", "486") == [0, 1, 3, 7, 15]
    assert wire.times("alice", "ACK") == [0, 1, 3, 7, 15]
    assert wire.statuses() == [486]
    assert len(wire.bob) == 1, "timer I absorbs further ACKs"
    wire.passes(64)
    assert (len(wire.alice), len(wire.bob)) == (0, 0)


def test_a_refusal_that_nobody_acknowledges_is_told():
    wire = Wire()
    key = wire.asks()
    wire.lost = lambda sender, what: True
    wire.says(486)
    wire.passes(70)
    assert isinstance(wire.told["bob"][-1], TimedOut)
    assert len(wire.times("bob", "486")) == 11
    assert wire.told["alice"][-1] == TimedOut(key)


def test_an_answer_that_is_lost_is_sent_again_when_the_request_comes_again():
    wire = Wire()
    wire.asks("BYE")
    wire.lost = lambda sender, what: sender == "bob" and wire.now_us < T1_US
    wire.says(200)
    wire.passes(2)
    assert wire.times("bob", "200") == [0, 1]
    assert wire.statuses() == [200]
    assert len(wire.told["bob"]) == 1, "the user sees the request once"
    wire.passes(64)
    assert (len(wire.alice), len(wire.bob)) == (0, 0)


def test_over_a_stream_what_is_answered_is_over_at_once():
    wire = Wire("TLS")
    wire.asks("BYE")
    wire.says(200)
    assert (len(wire.alice), len(wire.bob)) == (0, 0)
    wire.asks("INVITE", "2")
    wire.says(603, wire.told["bob"][-1])
    assert (len(wire.alice), len(wire.bob)) == (0, 0)


def test_cancel_waits_for_a_provisional_answer_and_ends_in_487():
    wire = Wire()
    key = wire.asks()
    assert wire.alice.cancel(key, wire.now_us)
    wire.carry()
    assert wire.times("alice", "CANCEL") == []
    wire.says(180)
    assert wire.times("alice", "CANCEL") == [0]
    cancelled = wire.told["bob"][-1]
    assert isinstance(cancelled, Cancelled)
    assert cancelled.cancel.cseq.number == 1
    wire.says(487)
    assert wire.statuses() == [180, 487], "the 200 to CANCEL is nobody's business"
    assert wire.times("bob", "200") == [0]


def test_a_call_that_is_answered_while_cancel_is_under_way_is_told_as_answered():
    wire = Wire()
    key = wire.asks()
    wire.says(180)
    wire.lost = lambda sender, what: what == "CANCEL"
    assert wire.alice.cancel(key, wire.now_us)
    wire.carry()
    wire.lost = lambda sender, what: False
    wire.says(200)
    wire.passes(2)
    assert wire.statuses() == [180, 200]
    assert wire.times("alice", "CANCEL") == [0, 1], "CANCEL is repeated, answered and has no effect"
    assert wire.times("bob", "200") == [0, 1]
    assert [event for event in wire.told["bob"] if isinstance(event, Cancelled)] == []
    assert not wire.alice.cancel(key, wire.now_us)


def test_an_invite_that_is_never_answered_after_cancel_ends():
    wire = Wire()
    key = wire.asks()
    wire.says(180)
    wire.alice.cancel(key, wire.now_us)
    wire.carry()
    wire.passes(70)
    assert wire.told["alice"][-1] == TimedOut(key)


def test_cancel_of_nothing_is_481_and_the_same_request_by_two_ways_is_482():
    wire = Wire()
    wire.bob.receive(request("CANCEL").encode(), wire.to_alice, 0)
    wire.bob.receive(request("INVITE", "1").encode(), wire.to_alice, 0)
    wire.bob.receive(request("INVITE", "2").encode(), wire.to_alice, 0)
    answers = [parse(octets) for _, octets in wire.bob.data_to_send()]
    assert [answer.status for answer in answers if isinstance(answer, Response)] == [481, 482]


def test_answers_go_to_where_the_request_came_from():
    bob = Transactions()
    bob.receive(request("OPTIONS").encode(), Target("198.51.100.7", 33_333), 0)
    event = bob.next_event()
    assert isinstance(event, Requested)
    assert event.request.via.parameters["received"] == "198.51.100.7"
    assert event.key is not None
    bob.respond(event.key, respond(event.request, 200, to_tag="b"), 0)
    ((target, octets),) = bob.data_to_send()
    assert target == Target("198.51.100.7", 33_333)
    assert parse(octets).via.parameters["rport"] == "33333"


def test_a_full_table_refuses_what_is_new_and_serves_what_is_there():
    full = Transactions(limit=1)
    source = Target("192.0.2.1", 5060)
    full.receive(request("INVITE", "1").encode(), source, 0)
    full.receive(request("OPTIONS", "2", cseq=2).encode(), source, 0)
    ((_, octets),) = full.data_to_send()
    answer = parse(octets)
    assert isinstance(answer, Response)
    assert (answer.status, answer.first("retry-after")) == (503, "5")
    assert len(full) == 1
    with pytest.raises(SipError):
        full.send(request("OPTIONS", "3"), source, 0)
    event = full.next_event()
    assert isinstance(event, Requested)
    assert event.key is not None
    assert full.respond(event.key, respond(event.request, 480, to_tag="b"), 0)


def test_what_cannot_be_read_or_matched_is_counted_and_raises_nothing():
    end = Transactions()
    source = Target("192.0.2.1", 5060)
    stray = respond(request("BYE"), 200, to_tag="b")
    for octets in (b"", b"\0", b"SIP/2.0 200 OK\r\n\r\n", stray.encode()):
        end.receive(octets, source, 0)
    assert (end.dropped, end.strays) == (3, 1)
    assert end.next_event() is None
    assert end.data_to_send() == []
    with pytest.raises(SipError):
        end.send(Request("BYE", "sip:a", {"via": ["SIP/2.0/UDP a;branch=x"]}), source, 0)


def test_a_request_with_a_flaw_is_answered_each_time_and_keeps_no_state():
    end = Transactions()
    source = Target("192.0.2.1", 5060)
    bad = request("INVITE").encode().replace(b"1 INVITE", b"x INVITE")
    end.receive(bad, source, 0)
    end.receive(bad, source, 0)
    first, second = end.data_to_send()
    assert first == second
    assert len(end) == 0
    end.receive(bad.replace(b"INVITE", b"ACK"), source, 0)
    assert end.data_to_send() == [], "ACK is never answered"


def test_a_connection_that_breaks_is_told_to_all_that_use_it():
    wire = Wire("TCP")
    keys = [wire.asks("INVITE", "1"), wire.asks("OPTIONS", "2")]
    wire.alice.transport_failed(wire.to_bob, wire.now_us)
    wire.carry()
    assert wire.told["alice"] == [Unreachable(key) for key in keys]
    assert len(wire.alice) == 0


def test_requests_of_rfc_2543_are_matched_without_a_branch():
    end = Transactions()
    source = Target("192.0.2.1", 5060)
    old = request("INVITE").encode().replace(b";branch=z9hG4bK1;rport", b"")
    end.receive(old, source, 0)
    end.receive(old, source, 0)
    event = end.next_event()
    assert isinstance(event, Requested)
    assert end.next_event() is None
    assert event.key is not None
    end.respond(event.key, respond(event.request, 486, to_tag="b"), 0)
    end.receive(old.replace(b"INVITE", b"ACK"), source, 0)
    end.data_to_send()
    end.handle_timers(2 * T1_US)
    assert end.data_to_send() == [], "the ACK stopped timer G"


def test_a_lost_answer_to_two_forks_is_handed_up_once_each():
    wire = Wire()
    key = wire.asks()
    asked = wire.told["bob"][0]
    assert isinstance(asked, Requested)
    for tag in ("b", "c"):
        octets = respond(asked.request, 200, to_tag=tag).encode()
        wire.alice.receive(octets, wire.to_bob, 0)
    tags = []
    while (event := wire.alice.next_event()) is not None:
        assert isinstance(event, Answered)
        assert event.key == key
        tags.append(event.response.called.tag)
    assert tags == ["b", "c"]


def test_what_is_over_is_held_by_no_timer():
    wire = Wire("TCP")
    wire.asks("BYE")
    gone = weakref.ref(wire.told["bob"][0].request)
    wire.says(200)
    wire.told["bob"].clear()
    gc.collect()
    assert gone() is None
    assert wire.alice.next_timer_us() is None
