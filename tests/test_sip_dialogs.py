"""Dialogs, forks, reliable answers, session timers, and the tables towards ISUP."""

import pytest

from calleq.causes import CAUSE_NAMES
from calleq.sip.bounds import FORKS_LIMIT, NUMBER_LIMIT, RELIABLE_LIMIT, T1_US, SipError
from calleq.sip.checks import Refusal
from calleq.sip.dialog import (
    Dialog,
    Forks,
    as_called,
    as_caller,
    confirmed,
    key_of_request,
    make_request,
    next_hop,
    reachable_target,
    receive_request,
    updated,
)
from calleq.sip.fields import RAck
from calleq.sip.interworking import (
    BACKWARD_OF_STATUS,
    CAUSE_OF_STATUS,
    STATUS_OF_BACKWARD,
    STATUS_OF_CAUSE,
    cause_of_message,
    cause_of_status,
    reason_of_cause,
    status_of_cause,
)
from calleq.sip.message import Request, Response, parse, respond
from calleq.sip.reasons import REASONS
from calleq.sip.reliable import ReliableAnswers, ReliableOrder, is_reliable, wants_reliable
from calleq.sip.repeating import success_repeater
from calleq.sip.session_timer import (
    SessionTimer,
    accept,
    after_too_brief,
    ask,
    parse_session_expires,
    settle,
)
from calleq.sip.transaction import Target
from calleq.sip.uri import parse_uri
from calleq.units import SECOND_US
from tests.sip_wire import request

VIA = "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKnext"


def invite(**fields: list[str]) -> Request:
    made = request("INVITE")
    made.fields.update({name.replace("_", "-"): lines for name, lines in fields.items()})
    return made


def answer(
    asked: Request, status: int, tag: str = "b", contact: str = "sip:bob@192.0.2.9", **fields: str
) -> Response:
    more = {name.replace("_", "-"): [line] for name, line in fields.items()}
    return respond(asked, status, to_tag=tag, fields={"contact": [f"<{contact}>"], **more})


def pair(**fields: list[str]) -> tuple[Dialog, Dialog]:
    """Alice's and Bob's side of one dialog."""
    asked = invite(**fields)
    routes = {name: ", ".join(lines) for name, lines in fields.items()}
    return as_caller(asked, answer(asked, 200, **routes)), as_called(asked, "b", confirmed=True)


def test_both_sides_know_the_dialog_by_the_same_names():
    alice, bob = pair()
    _, bye = make_request(alice, "BYE", VIA)
    assert key_of_request(bye) == bob.key == ("call", "b", "a")
    assert alice.key == ("call", "a", "b")
    _, bye = make_request(bob, "BYE", VIA)
    assert key_of_request(bye) == alice.key
    assert (alice.confirmed, bob.confirmed) == (True, True)


def test_loose_routes_are_followed_in_each_sides_own_order():
    # RFC 3261 §16.12.1.1 has the same two proxies
    alice, bob = pair(record_route=["<sip:p2.example;lr>", "<sip:p1.example;lr>"])
    _, from_alice = make_request(alice, "BYE", VIA)
    _, from_bob = make_request(bob, "BYE", VIA)
    assert [str(r) for r in from_alice.addresses("route")] == [
        "<sip:p1.example;lr>",
        "<sip:p2.example;lr>",
    ]
    assert [str(r) for r in from_bob.addresses("route")] == [
        "<sip:p2.example;lr>",
        "<sip:p1.example;lr>",
    ]
    assert from_alice.target == "sip:bob@192.0.2.9"
    assert str(next_hop(alice)) == "sip:p1.example;lr"


def test_a_strict_router_stands_in_the_request_uri():
    alice, _ = pair(record_route=["<sip:p2.example;lr>", "<sip:p1.example>"])
    _, bye = make_request(alice, "BYE", VIA)
    assert bye.target == "sip:p1.example"
    assert bye.fields["route"] == ["<sip:p2.example;lr>", "<sip:bob@192.0.2.9>"]
    assert str(next_hop(alice)) == "sip:p1.example"
    alone, _ = pair()
    _, bye = make_request(alone, "BYE", VIA)
    assert str(next_hop(alone)) == "sip:bob@192.0.2.9"


def test_numbers_count_up_and_ack_repeats_that_of_its_invite():
    alice, _ = pair()
    alice, _ = make_request(alice, "OPTIONS", VIA)
    alice, again = make_request(alice, "INVITE", VIA, fields={"subject": ["y"]}, body=b"v=0")
    alice, _ = make_request(alice, "UPDATE", VIA)
    after, ack = make_request(alice, "ACK", VIA)
    assert after is alice
    assert (again.cseq.number, ack.cseq.number, alice.local_number) == (3, 3, 4)
    assert parse(again.encode()).fields["subject"] == ["y"]
    with pytest.raises(SipError):
        make_request(
            Dialog("c", alice.local, alice.remote, alice.target, (), NUMBER_LIMIT), "BYE", VIA
        )


def test_a_lower_number_is_refused_500_with_retry_after():
    alice, bob = pair()
    alice, first = make_request(alice, "UPDATE", VIA)
    alice, second = make_request(alice, "UPDATE", VIA, fields={"contact": ["<sip:a@new.example>"]})
    bob, refused = receive_request(bob, second)
    assert refused is None
    assert str(bob.target) == "sip:a@new.example"
    same, refused = receive_request(bob, first)
    assert same is bob
    assert refused is not None
    answered = refused.response(first, "b")
    assert (answered.status, answered.first("retry-after")) == (500, "2")
    _, ack = make_request(alice, "ACK", VIA)
    assert receive_request(bob, ack) == (bob, None)


def test_the_first_2xx_sets_the_route_once_more_and_later_ones_only_the_target():
    asked = invite()
    early = as_caller(asked, answer(asked, 180))
    assert not early.confirmed
    known = updated(early, answer(asked, 200, record_route="<sip:p;lr>"))
    assert (known.confirmed, len(known.routes)) == (True, 1)
    later = updated(known, answer(asked, 200, contact="sip:bob@elsewhere"))
    assert (str(later.target), later.routes) == ("sip:bob@elsewhere", known.routes)
    assert updated(known, answer(asked, 486)) is known
    assert confirmed(as_called(asked, "b")).confirmed
    assert str(as_caller(asked, respond(asked, 180, to_tag="b")).target) == asked.target
    for wrong in (answer(asked, 100), answer(asked, 486), answer(asked, 200, "")):
        with pytest.raises(SipError):
            as_caller(asked, wrong)


def test_the_first_fork_to_answer_wins_and_the_others_are_surplus():
    asked = invite()
    forks = Forks(asked)
    assert forks.answered(answer(asked, 100, "")) is None
    early = forks.answered(answer(asked, 180, "desk"))
    assert forks.answered(answer(asked, 183, "mobile")) is not None
    won = forks.answered(answer(asked, 200, "mobile"))
    surplus = forks.answered(answer(asked, 200, "desk"))
    assert early is not None
    assert won is not None
    assert surplus is not None
    assert (early.confirmed, won.confirmed, surplus.confirmed) == (False, True, True)
    assert (forks.is_surplus(won), forks.is_surplus(surplus)) == (False, True)
    _, bye = make_request(surplus, "BYE", VIA)
    assert bye.called.tag == "desk"
    assert forks.answered(answer(asked, 486, "pager")) is None


def test_early_dialogs_are_bounded_and_an_answer_is_always_taken():
    asked = invite()
    forks = Forks(asked)
    for number in range(FORKS_LIMIT + 5):
        forks.answered(answer(asked, 180, f"t{number}"))
    assert len(forks.dialogs) == FORKS_LIMIT
    assert forks.answered(answer(asked, 200, "late")) is not None


def test_a_contact_behind_a_translation_gives_way_to_where_it_came_from():
    source = Target("198.51.100.7", 33_333)
    for private in ("sip:a@10.0.0.3:5060;ob", "sip:a@0.0.0.0", "sip:a@[fe80::1]"):
        target = reachable_target(parse_uri(private), source)
        assert "@198.51.100.7:33333" in str(target)
    for public in ("sip:a@8.8.8.8", "sip:a@phone.example", "sip:a@198.51.100.7", "tel:+1"):
        assert str(reachable_target(parse_uri(public), source)) == public
    behind = invite(contact=["<sip:alice@10.0.0.3>"])
    assert str(as_called(behind, "b", source=source).target) == "sip:alice@198.51.100.7:33333"


def test_a_reliable_answer_is_repeated_until_prack_and_the_next_waits_for_it():
    asked = invite(supported=["100rel"])
    assert wants_reliable(asked)
    answers = ReliableAnswers(asked, 17)
    order = ReliableOrder()
    said = answers.say(answer(asked, 183), 0)
    assert is_reliable(said)
    with pytest.raises(SipError):
        answers.say(answer(asked, 180), 0)
    assert answers.due_us == T1_US
    assert answers.handle_timer(T1_US) is said
    assert answers.due_us == 3 * T1_US
    rack = order.receive(said)
    assert rack == RAck(17, 1, "INVITE")
    prack = request("PRACK", "2", cseq=2, tag="b")
    prack.fields["rack"] = [str(rack)]
    assert answers.acknowledged(prack) is None
    assert answers.due_us is None
    again = answers.acknowledged(prack)
    assert again is not None
    assert again.status == 481
    second = answers.say(answer(asked, 180), T1_US)
    assert second.first("rseq") == "18"
    assert order.receive(second) == RAck(18, 1, "INVITE")
    assert order.receive(second) is None, "a copy"
    assert order.receive(said) is None, "late"


def test_a_reliable_answer_that_nobody_acknowledges_is_given_up_after_64_t1():
    answers = ReliableAnswers(invite(), 1)
    answers.say(answer(invite(), 180), 0)
    sent = []
    while (due_us := answers.due_us) is not None:
        if answers.handle_timer(due_us) is not None:
            sent.append(due_us // T1_US)
    assert sent == [1, 3, 7, 15, 31, 63]
    assert answers.gave_up


def test_reliable_answers_are_bounded():
    asked = invite()
    answers = ReliableAnswers(asked, 1)
    for number in range(1, RELIABLE_LIMIT + 1):
        answers.say(answer(asked, 180), 0)
        prack = request("PRACK", tag="b")
        prack.fields["rack"] = [f"{number} 1 INVITE"]
        assert answers.acknowledged(prack) is None
    with pytest.raises(SipError):
        answers.say(answer(asked, 180), 0)
    with pytest.raises(SipError):
        ReliableAnswers(asked, 0)
    with pytest.raises(SipError):
        ReliableOrder().receive(answer(asked, 180))


def test_a_2xx_is_repeated_every_t2_until_ack_and_given_up_after_64_t1():
    repeater = success_repeater(0)
    sent = []
    while (due_us := repeater.due_us) is not None:
        if repeater.handle_timer(due_us):
            sent.append(due_us // T1_US)
    assert sent == [1, 3, 7, 15, 23, 31, 39, 47, 55, 63]
    assert repeater.gave_up
    repeater = success_repeater(0)
    repeater.acknowledged()
    assert not repeater.handle_timer(T1_US)


@pytest.mark.parametrize(
    ("fields", "told", "refreshing"),
    [
        # RFC 4028 Table 2: what the called side says, by what the caller knows and asks
        (
            {"supported": "timer", "session-expires": "1800;refresher=uac"},
            "1800;refresher=uac",
            False,
        ),
        (
            {"supported": "timer", "session-expires": "1800;refresher=uas"},
            "1800;refresher=uas",
            True,
        ),
        ({"supported": "timer", "session-expires": "600"}, "600;refresher=uas", True),
        ({"supported": "timer"}, "1800;refresher=uas", True),
        ({}, "1800;refresher=uas", True),
        ({"session-expires": "7200;refresher=uac", "min-se": "2000"}, "2000;refresher=uas", True),
    ],
)
def test_the_called_side_settles_the_session_timer(fields, told, refreshing):
    asked = invite(**{name: [line] for name, line in fields.items()})
    settled = accept(asked, 0)
    assert not isinstance(settled, Refusal)
    timer, said = settled
    assert said["session-expires"] == [told]
    assert timer.refreshing is refreshing
    assert ("require" in said) is ("supported" in fields)
    answered = answer(asked, 200)
    answered.fields.update(said)
    of_caller = settle(answered, 0)
    assert of_caller is not None
    assert of_caller.refreshing is not refreshing
    assert of_caller.interval_s == timer.interval_s


def test_too_brief_an_interval_is_422_and_asked_for_anew():
    asked = invite(supported=["timer"], session_expires=["50"])
    refused = accept(asked, 0)
    assert isinstance(refused, Refusal)
    assert refused.status == 422
    assert after_too_brief(refused.response(asked, "b")) == {
        "session-expires": ["1800"],
        "min-se": ["90"],
    }
    with pytest.raises(SipError):
        after_too_brief(answer(asked, 422))
    assert ask(600)["session-expires"] == ["600"]


def test_the_refresher_refreshes_at_half_and_the_other_releases_before_the_end():
    assert SessionTimer(1_800, True, 0).due_us == 900 * SECOND_US
    assert SessionTimer(1_800, False, 0).due_us == (1_800 - 32) * SECOND_US
    assert SessionTimer(90, False, 0).due_us == 60 * SECOND_US
    assert SessionTimer(90, False, 0).refreshed(SECOND_US).due_us == 61 * SECOND_US
    assert settle(answer(invite(), 200), 0) is None
    for wrong in ("x", "90;refresher=me", "", "99999999999"):
        with pytest.raises(SipError):
            parse_session_expires(invite(session_expires=[wrong]))
    with pytest.raises(SipError):
        settle(answer(invite(), 200, session_expires="10"), 0)


@pytest.mark.parametrize(
    ("cause", "status"),
    [(1, 404), (17, 486), (18, 408), (21, 403), (28, 484), (34, 503), (127, 500)],
)
def test_causes_of_rfc_3398_refuse_as_it_says(cause: int, status: int):
    assert status_of_cause(cause) == status


@pytest.mark.parametrize(
    ("status", "cause"),
    [(404, 1), (486, 17), (480, 18), (603, 21), (600, 17), (484, 28), (503, 41)],
)
def test_statuses_of_rfc_3398_release_as_it_says(status: int, cause: int):
    assert cause_of_status(status) == cause


def test_the_tables_are_whole():
    assert set(CAUSE_OF_STATUS) <= set(REASONS)
    assert set(STATUS_OF_CAUSE.values()) <= set(REASONS)
    assert set(CAUSE_OF_STATUS.values()) <= set(CAUSE_NAMES)
    assert all(300 <= status_of_cause(cause) < 700 for cause in range(128))
    assert all(1 <= cause_of_status(status) < 128 for status in range(300, 700))
    told = {message for both in BACKWARD_OF_STATUS.values() for message in both}
    assert told <= set(STATUS_OF_BACKWARD)
    assert status_of_cause(16) == 480


def test_a_reason_of_q850_is_read_before_the_status():
    asked = invite()
    refused = answer(asked, 500, reason=f"SIP;cause=500, {reason_of_cause(17)}")
    assert str(reason_of_cause(17)) == 'Q.850;cause=17;text="user busy"'
    assert cause_of_message(parse(refused.encode())) == 17
    assert cause_of_message(answer(asked, 486)) is None
    assert cause_of_message(answer(asked, 486, reason="Q.850;cause=x")) is None
