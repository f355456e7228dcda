"""Calls between two user agents: from the INVITE to the one event that ends them."""

import pytest

from calleq.causes import Q850
from calleq.sip import events as sip
from calleq.sip.bounds import FORKS_LIMIT, GIVE_UP_US, SipError
from calleq.sip.call_table import CALL, Input, State
from calleq.sip.events import Limits
from calleq.sip.interworking import cause_of_message
from calleq.sip.message import Request, parse, respond
from calleq.sip.transaction import Target
from calleq.units import SECOND_US
from tests.sip_agents import Net, Party, pair, up

GIVE_UP_S = GIVE_UP_US / SECOND_US


def nothing_is_left(net: Net, *parties: Party) -> None:
    net.passes(200)
    for party in parties:
        assert len(party.agent) == 0
        assert party.agent.next_timer_us() is None
        ends = [e for e in party.events if isinstance(e, sip.Ended | sip.Failed)]
        assert len({e.call for e in ends}) == len(ends)


def test_every_pair_of_state_and_input_is_decided_and_over_is_the_end():
    alive = [state for state in State if state is not State.OVER]
    assert set(CALL) == {(state, given) for state in alive for given in Input}
    assert State.OVER in {following for _, following in CALL.values()}


@pytest.mark.parametrize("transport", ["UDP", "TCP", "TLS"])
def test_a_call_rings_is_answered_and_released_by_the_caller(transport: str):
    net, alice, bob = up(transport=transport)
    accepted = alice.events[-1]
    assert isinstance(accepted, sip.Accepted)
    assert (accepted.agreed.address, accepted.agreed.port) == (bob.host, 4_000)
    alice.hangs_up(Q850.NORMAL)
    assert alice.last() == sip.Ended(alice.call, Q850.NORMAL, by_us=True)
    assert bob.last() == sip.Ended(bob.call, Q850.NORMAL)
    assert net.words() == [
        "alice INVITE",
        "bob 180 INVITE",
        "bob 200 INVITE",
        "alice ACK",
        "alice BYE",
        "bob 200 BYE",
    ]
    nothing_is_left(net, alice, bob)


def test_the_called_side_hangs_up_and_its_cause_arrives():
    net, alice, bob = up()
    bob.hangs_up(Q850.NORMAL_UNSPECIFIED)
    assert alice.last() == sip.Ended(alice.call, Q850.NORMAL_UNSPECIFIED)
    assert bob.last() == sip.Ended(bob.call, Q850.NORMAL_UNSPECIFIED, by_us=True)
    nothing_is_left(net, alice, bob)


def test_both_hang_up_at_once_and_each_is_told_once():
    net, alice, bob = up()
    alice.agent.hang_up(alice.call, 16, net.now_us)
    bob.agent.hang_up(bob.call, 16, net.now_us)
    net.passes(1)
    assert alice.told().count("Ended") == bob.told().count("Ended") == 1
    nothing_is_left(net, alice, bob)


@pytest.mark.parametrize(
    ("status", "cause", "told"), [(486, None, 17), (603, 21, 21), (480, 19, 19)]
)
def test_a_refusal_ends_the_call_with_its_cause(status: int, cause: int | None, told: int):
    net, alice, bob = pair()
    alice.calls(bob)
    bob.refuses(status, cause)
    failed = alice.last()
    assert isinstance(failed, sip.Failed)
    assert (failed.status, failed.cause) == (status, told)
    assert bob.last() == sip.Ended(bob.call, told, status, by_us=True)
    nothing_is_left(net, alice, bob)


def test_voice_that_is_sent_early_is_no_answer_and_goes_reliably():
    net, alice, bob = pair()
    alice.calls(bob)
    agreed = bob.shows_voice()
    assert agreed is not None
    assert alice.told() == ["Ringing", "EarlyMedia"]
    assert "alice PRACK" in net.words()
    bob.answers()
    assert not net.last("bob", "200 INVITE").body, "it was answered by the 183"
    accepted = alice.last()
    assert isinstance(accepted, sip.Accepted)
    assert accepted.agreed.address == bob.host
    alice.hangs_up()
    nothing_is_left(net, alice, bob)


def test_an_answer_waits_for_the_prack_of_the_voice_before_it():
    net, alice, bob = pair()
    alice.calls(bob)
    net.lost = lambda sender, word: word == "PRACK"
    bob.shows_voice()
    bob.answers()
    assert "bob 200 INVITE" not in net.words()
    net.lost = lambda sender, word: False
    net.passes(1)
    assert isinstance(alice.last(), sip.Accepted)
    assert isinstance(bob.last(), sip.Confirmed)
    alice.hangs_up()
    nothing_is_left(net, alice, bob)


def test_voice_that_is_never_pracked_refuses_the_call():
    net, alice, bob = pair()
    alice.calls(bob)
    net.lost = lambda sender, word: word == "PRACK"
    bob.shows_voice()
    net.passes(GIVE_UP_S + 1)
    failed = alice.last()
    assert isinstance(failed, sip.Failed)
    assert failed.status == 504
    assert bob.last() == sip.Ended(bob.call, Q850.RECOVERY_ON_TIMER, 504)
    net.lost = lambda sender, word: False
    nothing_is_left(net, alice, bob)


def test_a_caller_without_prack_hears_early_voice_and_the_answer_says_it_again():
    net, alice, bob = pair()
    alice.calls(bob, fields={"supported": ["timer"]})
    bob.shows_voice()
    assert alice.told() == ["Ringing", "EarlyMedia"]
    assert "alice PRACK" not in net.words()
    bob.answers()
    assert net.last("bob", "200 INVITE").body == net.last("bob", "183 INVITE").body
    nothing_is_left_after_bye(net, alice, bob)


def nothing_is_left_after_bye(net: Net, alice: Party, bob: Party) -> None:
    alice.hangs_up()
    nothing_is_left(net, alice, bob)


def test_a_call_that_is_taken_back_while_it_rings():
    net, alice, bob = pair()
    alice.calls(bob)
    bob.rings()
    alice.hangs_up(Q850.NORMAL)
    assert alice.last() == sip.Ended(alice.call, Q850.NORMAL, by_us=True)
    assert bob.last() == sip.Ended(bob.call, Q850.NORMAL, 487)
    cancel = net.last("alice", "CANCEL")
    assert cause_of_message(cancel) == Q850.NORMAL
    nothing_is_left(net, alice, bob)


def test_a_call_that_is_taken_back_before_anything_came_is_cancelled_when_it_does():
    net, alice, bob = pair()
    net.lost = lambda sender, word: sender == "bob"
    alice.calls(bob)
    alice.hangs_up()
    assert "alice CANCEL" not in net.words()
    net.lost = lambda sender, word: False
    net.passes(1)
    assert "alice CANCEL" in net.words()
    assert isinstance(alice.last(), sip.Ended)
    nothing_is_left(net, alice, bob)


def test_a_200_that_crosses_cancel_is_acknowledged_and_released():
    net, alice, bob = pair()
    alice.calls(bob)
    bob.rings()
    alice.agent.hang_up(alice.call, Q850.NORMAL, net.now_us)
    bob.agent.accept(bob.call, bob.local(), net.now_us)
    net.passes(1)
    words = net.words("alice")
    assert words[-2:] == ["alice ACK", "alice BYE"]
    assert "Accepted" not in alice.told()
    assert alice.last() == sip.Ended(alice.call, Q850.NORMAL, by_us=True)
    assert bob.told() == ["Invited", "Confirmed", "Ended"]
    nothing_is_left(net, alice, bob)


def test_a_200_after_cancel_was_lost_is_acknowledged_and_released():
    net, alice, bob = pair()
    alice.calls(bob)
    bob.rings()
    net.lost = lambda sender, word: word == "CANCEL"
    alice.hangs_up()
    bob.answers()
    net.lost = lambda sender, word: False
    net.passes(1)
    assert alice.last() == sip.Ended(alice.call, Q850.NORMAL, by_us=True)
    assert isinstance(bob.last(), sip.Ended)
    nothing_is_left(net, alice, bob)


def test_nobody_there():
    net, alice, bob = pair()
    del net.parties[bob.host]
    alice.calls(bob)
    net.passes(GIVE_UP_S)
    assert alice.last() == sip.Failed(alice.call, 408, Q850.RECOVERY_ON_TIMER)
    nothing_is_left(net, alice)


def test_endless_ringing_ends_on_the_callers_side():
    net, alice, bob = pair(limits=Limits(ringing_us=60 * SECOND_US))
    alice.calls(bob)
    bob.rings()
    net.passes(61)
    assert alice.last() == sip.Failed(alice.call, 408, Q850.NO_ANSWER)
    assert isinstance(bob.last(), sip.Ended)
    nothing_is_left(net, alice, bob)


def test_endless_ringing_ends_on_the_called_side_and_is_told_every_minute():
    net, alice, bob = pair()
    alice.calls(bob)
    bob.rings()
    net.passes(170)
    assert net.words().count("bob 180 INVITE") == 3
    alice_limit = Limits().ringing_us
    bob.agent.handle_timers(net.now_us + alice_limit)
    net.passes(1)
    failed = alice.last()
    assert isinstance(failed, sip.Failed)
    assert failed.status == 480
    assert bob.last() == sip.Ended(bob.call, Q850.NO_ANSWER, 480)
    nothing_is_left(net, alice, bob)


def test_a_200_whose_ack_never_comes_is_released():
    net, alice, bob = pair()
    net.lost = lambda sender, word: word == "ACK"
    alice.calls(bob)
    bob.answers()
    net.passes(GIVE_UP_S + 1)
    assert net.words().count("bob 200 INVITE") == 11
    assert "bob BYE" in net.words()
    assert bob.last() == sip.Ended(bob.call, Q850.RECOVERY_ON_TIMER)
    assert alice.last() == sip.Ended(alice.call, Q850.RECOVERY_ON_TIMER)
    nothing_is_left(net, alice, bob)


def test_who_hangs_up_before_the_ack_waits_for_it():
    net, alice, bob = pair()
    alice.calls(bob)
    net.lost = lambda sender, word: word == "ACK"
    bob.answers()
    bob.hangs_up()
    assert "bob BYE" not in net.words()
    net.lost = lambda sender, word: False
    net.passes(1)
    assert "bob BYE" in net.words()
    assert bob.last() == sip.Ended(bob.call, 16, by_us=True)
    assert bob.told() == ["Invited", "Ended"]
    nothing_is_left(net, alice, bob)


def test_a_bye_that_is_lost_for_ever_ends_the_call_here_after_64_t1():
    net, alice, bob = up()
    net.lost = lambda sender, word: word == "BYE"
    alice.hangs_up()
    assert alice.told()[-1] == "Accepted"
    net.passes(GIVE_UP_S)
    assert alice.last() == sip.Ended(alice.call, 16, by_us=True)
    assert net.words().count("alice BYE") == 11
    assert len(alice.agent) == 0
    assert len(bob.agent) == 1, "only the session timer will find out"


def test_a_telephone_that_vanishes_ends_by_the_session_timer():
    net, alice, bob = up()
    del net.parties[bob.host]
    net.passes(1_800)
    assert alice.last() == sip.Ended(alice.call, Q850.RECOVERY_ON_TIMER)
    nothing_is_left(net, alice)


def test_a_telephone_that_vanishes_is_missed_by_the_side_that_refreshes():
    net, alice, bob = up()
    del net.parties[alice.host]
    net.passes(900 + GIVE_UP_S + GIVE_UP_S + 1)
    ended = bob.last()
    assert isinstance(ended, sip.Ended)
    assert ended.cause == Q850.TEMPORARY_FAILURE
    nothing_is_left(net, bob)


def test_sessions_are_refreshed_for_as_long_as_both_are_there():
    net, alice, bob = up()
    net.passes(7_210)
    assert net.words().count("bob UPDATE") == 8
    assert alice.told()[-1] == "Accepted"
    alice.hangs_up()
    nothing_is_left(net, alice, bob)


def test_refreshes_go_by_invite_where_update_is_not_allowed_and_nobody_is_asked():
    net, alice, bob = pair()
    alice.calls(bob, fields={"allow": ["INVITE, ACK, BYE, CANCEL"]})
    bob.answers()
    net.passes(910)
    assert net.words("bob")[1:] == ["bob INVITE", "bob ACK"]
    assert alice.told() == ["Accepted"]
    alice.hangs_up()
    nothing_is_left(net, alice, bob)


def test_an_interval_that_is_too_short_is_made_longer():
    net = Net()
    alice = net.party("alice", "192.0.2.1", limits=Limits(session_s=100))
    bob = net.party("bob", "192.0.2.9", limits=Limits(shortest_session_s=600))
    alice.calls(bob)
    bob.answers()
    assert net.words()[:4] == ["alice INVITE", "bob 422 INVITE", "alice ACK", "alice INVITE"]
    assert isinstance(alice.last(), sip.Accepted)
    alice.hangs_up()
    nothing_is_left(net, alice, bob)


def test_each_fork_that_answers_but_the_first_is_acknowledged_and_released():
    net, alice, bob = up()
    surplus = net.last("alice", "INVITE")
    assert isinstance(surplus, Request)
    answer = net.last("bob", "200 INVITE")
    other = respond(
        surplus,
        200,
        to_tag="other",
        fields={"contact": ["<sip:other@192.0.2.77>"], "content-type": ["application/sdp"]},
        body=answer.body,
    )
    for _ in range(2):
        alice.agent.receive(other.encode(), Target(bob.host, 5060), net.now_us)
        net.passes(0.1)
    assert net.words("alice")[-3:] == ["alice ACK", "alice BYE", "alice ACK"]
    bye = net.last("alice", "BYE")
    assert isinstance(bye, Request)
    assert (bye.target, bye.called.tag) == ("sip:other@192.0.2.77", "other")
    assert alice.told() == ["Ringing", "Accepted"]
    alice.hangs_up()
    assert isinstance(bob.last(), sip.Ended)
    nothing_is_left(net, alice, bob)


def test_a_200_that_does_not_fit_our_offer_is_acknowledged_and_released():
    net, alice, bob = pair()
    alice.calls(bob)
    asked = net.last("alice", "INVITE")
    assert isinstance(asked, Request)
    del net.parties[bob.host]
    fields = {"contact": ["<sip:bob@192.0.2.9>"]}
    said = respond(asked, 200, to_tag="b", fields=fields)
    alice.agent.receive(said.encode(), Target(bob.host, 5060), net.now_us)
    net.passes(GIVE_UP_S + 1)
    assert net.words("alice")[1:3] == ["alice ACK", "alice BYE"]
    failed = alice.last()
    assert isinstance(failed, sip.Failed)
    assert failed.status == 488
    nothing_is_left(net, alice)


def test_an_offer_that_we_cannot_speak_is_refused_488():
    net, alice, bob = pair()
    alice.calls(bob)
    from calleq.sip.sdp import Encoding

    agreed = bob.agent.accept(bob.call, bob.local(Encoding(9, "G722")), net.now_us)
    net.passes(0.1)
    assert agreed is None
    failed = alice.last()
    assert isinstance(failed, sip.Failed)
    assert failed.status == 488
    assert bob.last() == sip.Ended(bob.call, Q850.INTERWORKING, 488)
    nothing_is_left(net, alice, bob)


def test_an_invite_without_an_offer_is_offered_in_the_200_and_answered_in_the_ack():
    net, alice, bob = pair()
    from calleq.sip.negotiation import answer
    from calleq.sip.sdp import parse_description

    head = (
        "{} sip:bob@192.0.2.9 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx{};rport\r\n"
        "From: <sip:a@192.0.2.1>;tag=a\r\nTo: <sip:bob@192.0.2.9>{}\r\nCall-ID: c\r\nCSeq: 1 {}\r\n"
        "Contact: <sip:a@192.0.2.1>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n"
    )
    source = Target(alice.host, 5060)
    bob.agent.receive(head.format("INVITE", 1, "", "INVITE", 0).encode(), source, 0)
    net.passes(0.01)
    invited = bob.last()
    assert isinstance(invited, sip.Invited)
    assert invited.offer is None
    assert bob.answers() is None
    offered = net.last("bob", "200 INVITE")
    described, _ = answer(parse_description(offered.body), alice.local())
    body = described.encode()
    tag = f";tag={offered.called.tag}"
    ack = head.format("ACK", 2, tag, "ACK", len(body)).encode() + body
    bob.agent.receive(ack, source, net.now_us)
    net.passes(0.01)
    confirmed = bob.last()
    assert isinstance(confirmed, sip.Confirmed)
    assert confirmed.agreed is not None
    assert confirmed.agreed.address == alice.host
    bob.hangs_up()
    nothing_is_left(net, bob)


def test_a_call_too_many_is_refused_503_and_ours_is_not_made():
    net, alice, bob = pair(limits=Limits(calls=1))
    alice.calls(bob)
    carol = net.party("carol", "192.0.2.30")
    carol.calls(bob)
    failed = carol.last()
    assert isinstance(failed, sip.Failed)
    assert failed.status == 503
    with pytest.raises(SipError):
        alice.calls(bob)
    bob.refuses()
    nothing_is_left(net, alice, bob, carol)


def test_what_is_asked_of_a_call_that_is_over_does_nothing():
    net, alice, bob = up()
    alice.hangs_up()
    before = list(net.sent)
    for party in (alice, bob):
        agent, call, now_us = party.agent, party.call, net.now_us
        agent.ring(call, now_us)
        assert agent.accept(call, party.local(), now_us) is None
        assert agent.progress(call, party.local(), now_us) is None
        agent.refuse(call, 486, None, now_us)
        agent.hang_up(call, 16, now_us)
        agent.hold(call, True, now_us)
        agent.reoffer(call, party.local(), now_us)
        assert agent.answer_offer(call, party.local(), now_us) is None
        agent.refuse_offer(call, now_us)
        agent.unregister(99, now_us)
    net.passes(1)
    assert net.sent == before
    nothing_is_left(net, alice, bob)


def test_a_large_invite_goes_by_tcp_and_by_udp_where_no_connection_comes_about():
    net, alice, bob = pair()
    net.refused = {"TCP"}
    alice.calls(bob, fields={"subject": ["x" * 1_300]})
    bob.answers()
    first, second = (m for m in net.messages if m[1].startswith(b"INVITE"))
    assert b"SIP/2.0/TCP" in first[1]
    assert b"SIP/2.0/UDP" in second[1]
    assert isinstance(alice.last(), sip.Accepted)
    alice.hangs_up()
    nothing_is_left(net, alice, bob)


def test_a_host_that_took_no_connection_is_not_tried_again_at_once():
    net, alice, bob = pair()
    net.refused = {"TCP"}
    for _ in range(2):
        alice.calls(bob, fields={"subject": ["x" * 1_300]})
    net.passes(601)
    alice.calls(bob, fields={"subject": ["x" * 1_300]})
    ways = [octets.split(b"SIP/2.0/")[1][:3] for _, octets in net.messages if octets[:3] == b"INV"]
    assert ways[:3] == [b"TCP", b"UDP", b"UDP"]
    assert ways[-2:] == [b"TCP", b"UDP"]


def test_an_answer_with_a_branch_that_was_guessed_is_of_no_call():
    net, alice, bob = pair()
    alice.calls(bob)
    asked = net.last("alice", "INVITE")
    assert isinstance(asked, Request)
    forged = Request(asked.method, asked.target, {**asked.fields, "call-id": ["other"]})
    fields = {"contact": ["<sip:evil@192.0.2.66>"]}
    said = respond(forged, 200, to_tag="evil", fields=fields)
    alice.agent.receive(said.encode(), Target("192.0.2.66", 5060), net.now_us)
    net.passes(0.1)
    assert net.words("alice") == ["alice INVITE"]
    assert "Failed" not in alice.told()


def test_answers_of_endless_forks_are_bounded():
    net, alice, bob = up()
    asked = net.last("alice", "INVITE")
    assert isinstance(asked, Request)
    for index in range(10 * FORKS_LIMIT):
        fields = {"contact": [f"<sip:x@192.0.2.{index}>"]}
        said = respond(asked, 200, to_tag=f"fork{index}", fields=fields)
        alice.agent.receive(said.encode(), Target(bob.host, 5060), net.now_us)
    net.passes(0.1)
    assert net.words().count("alice BYE") == FORKS_LIMIT
    alice.hangs_up()
    nothing_is_left(net, alice, bob)


def test_a_large_invite_goes_by_tcp():
    net, alice, bob = pair()
    alice.calls(bob, fields={"subject": ["x" * 1_300]})
    bob.answers()
    assert isinstance(alice.last(), sip.Accepted)
    assert all(b"SIP/2.0/TCP" in o for _, o in net.messages if o.startswith(b"INVITE"))
    alice.hangs_up()
    nothing_is_left(net, alice, bob)


@pytest.mark.parametrize("seed", range(60))
def test_calls_over_a_bad_wire_end_once_on_each_side_and_leave_nothing(seed: int):
    net = Net(seed, loss=0.2, double=0.1, jitter_us=300_000)
    alice, bob = net.party("alice", "192.0.2.1"), net.party("bob", "192.0.2.9")
    draw = net.random
    for _ in range(4):
        alice.calls(bob)
        net.passes(draw.random() * 3)
        for _ in range(draw.randrange(1, 7)):
            party = draw.choice((alice, bob))
            doing = draw.randrange(8)
            now_us = net.now_us
            match doing:
                case 0:
                    bob.agent.ring(bob.call, now_us)
                case 1:
                    bob.agent.progress(bob.call, bob.local(), now_us)
                case 2 | 3:
                    bob.agent.accept(bob.call, bob.local(), now_us)
                case 4:
                    party.agent.hold(party.call, draw.random() < 0.5, now_us)
                case 5:
                    party.ports += 2
                    party.agent.reoffer(party.call, party.local(), now_us)
                case 6:
                    party.agent.answer_offer(party.call, party.local(), now_us)
                case 7:
                    party.agent.hang_up(party.call, 16, now_us)
            net.passes(draw.random() * 2)
        alice.agent.hang_up(alice.call, 16, net.now_us)
        net.passes(draw.random())
    net.passes(400)
    bob_calls = [e.call for e in bob.events if isinstance(e, sip.Invited)]
    for call in bob_calls:
        bob.agent.hang_up(call, 16, net.now_us)
    net.loss = net.double = 0.0
    nothing_is_left(net, alice, bob)
    ends = [e.call for e in bob.events if isinstance(e, sip.Ended)]
    assert sorted(ends) == sorted(bob_calls)
    for _, octets in net.messages:
        assert not parse(octets).flaw
