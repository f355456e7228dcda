"""What changes within a call: hold, codecs, offers that meet, storms; and what is asked outside."""

import pytest

from calleq.causes import Q850
from calleq.sip import events as sip
from calleq.sip.bounds import GIVE_UP_US, T1_US
from calleq.sip.dialog import make_request
from calleq.sip.digest import shared_secret
from calleq.sip.events import Credentials
from calleq.sip.guard import Admission, Guard
from calleq.sip.message import Request, Response, parse
from calleq.sip.negotiation import offer
from calleq.sip.reoffers import ANSWER_LIMIT_US, STORM_LIMIT
from calleq.sip.sdp import PCMA, PCMU, Direction, parse_description
from calleq.sip.transaction import Target
from calleq.units import SECOND_US
from tests.sip_agents import Net, Party, pair, up

PASSWORD = "correct horse"


def answers_offer(party: Party) -> None:
    party.agent.answer_offer(party.call, party.local(), party.net.now_us)
    party.net.passes(0.02)


def test_hold_and_back_again():
    net, alice, bob = up()
    alice.holds()
    reoffered = bob.last()
    assert isinstance(reoffered, sip.Reoffered)
    assert reoffered.offer is not None
    assert reoffered.offer.streams[0].direction is Direction.SENDONLY
    answers_offer(bob)
    again = alice.last()
    assert isinstance(again, sip.AgreedAgain)
    assert (again.agreed.sends, again.agreed.receives) == (True, False)
    alice.holds(False)
    answers_offer(bob)
    again = alice.last()
    assert isinstance(again, sip.AgreedAgain)
    assert (again.agreed.sends, again.agreed.receives) == (True, True)
    versions = [
        parse_description(parse(octets).body).version
        for sender, octets in net.messages
        if sender == "alice" and parse(octets).body
    ]
    assert versions == [1, 2, 3]
    alice.hangs_up()
    assert isinstance(bob.last(), sip.Ended)


def test_the_codec_changes_and_the_called_side_may_ask_for_it():
    net, alice, bob = up()
    bob.agent.reoffer(bob.call, bob.local(PCMA), net.now_us)
    net.passes(0.02)
    answers_offer(alice)
    again = bob.last()
    assert isinstance(again, sip.AgreedAgain)
    assert again.agreed.codec == "PCMA"


def test_a_refused_offer_leaves_everything_as_it_was():
    net, alice, bob = up()
    alice.holds()
    bob.agent.refuse_offer(bob.call, net.now_us)
    net.passes(0.02)
    assert alice.last() == sip.ReofferRefused(alice.call, 488)
    alice.holds()
    answers_offer(bob)
    assert isinstance(alice.last(), sip.AgreedAgain)


def test_an_offer_that_nobody_answers_is_refused_in_time():
    net, alice, bob = up()
    alice.holds()
    net.passes(ANSWER_LIMIT_US / SECOND_US + 1)
    assert alice.last() == sip.ReofferRefused(alice.call, 488)
    assert len(alice.agent) == len(bob.agent) == 1


@pytest.mark.parametrize("seed", range(5))
def test_offers_that_meet_are_refused_491_and_both_are_made_after_the_rfcs_time(seed: int):
    net, alice, bob = up(seed)
    began_us = net.now_us
    alice.agent.hold(alice.call, True, net.now_us)
    bob.agent.reoffer(bob.call, bob.local(PCMA), net.now_us)
    net.passes(0.05)
    assert net.words()[-6:].count("alice 491 INVITE") == 1
    assert net.words()[-6:].count("bob 491 INVITE") == 1
    for _ in range(600):
        net.passes(0.01)
        for party in (alice, bob):
            if isinstance(party.last(), sip.Reoffered):
                answers_offer(party)
    again = [
        (at_us - began_us, name)
        for at_us, name, word in net.sent
        if word == "INVITE" and at_us > began_us + 50_000
    ]
    assert [name for _, name in again] == ["bob", "alice"]
    waits_us = {name: at_us for at_us, name in again}
    assert waits_us["bob"] <= 2.01 * SECOND_US
    assert 2.1 * SECOND_US <= waits_us["alice"] <= 4.02 * SECOND_US
    assert alice.told().count("AgreedAgain") == bob.told().count("AgreedAgain") == 1


def test_an_invite_within_the_call_without_an_offer_is_offered_to():
    net, alice, bob = up()
    partner = alice.agent._calls[alice.call].partner
    assert partner is not None
    via = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKempty;rport"
    contact = {"contact": ["<sip:alice@192.0.2.1>"]}
    partner.dialog, asked = make_request(partner.dialog, "INVITE", via, fields=contact)
    bob.agent.receive(asked.encode(), Target(alice.host, 5060), net.now_us)
    net.passes(0.01)
    assert bob.last() == sip.Reoffered(bob.call, None)
    answers_offer(bob)
    offered = net.last("bob", "200 INVITE")
    assert parse_description(offered.body).version == 2
    body = offer(alice.local(PCMU)).encode()
    via = via.replace("empty", "ack")
    fields = {"content-type": ["application/sdp"]}
    _, ack = make_request(partner.dialog, "ACK", via, fields=fields, body=body)
    bob.agent.receive(ack.encode(), Target(alice.host, 5060), net.now_us)
    net.passes(0.01)
    again = bob.last()
    assert isinstance(again, sip.AgreedAgain)
    assert again.agreed.codec == "PCMU"


def test_a_200_within_the_call_whose_ack_never_comes_ends_it():
    net, alice, bob = up()
    net.lost = lambda sender, word: word == "ACK"
    alice.holds()
    answers_offer(bob)
    net.passes(GIVE_UP_US / SECOND_US + 1)
    ended = bob.last()
    assert isinstance(ended, sip.Ended)
    assert ended.cause == Q850.RECOVERY_ON_TIMER
    assert isinstance(alice.last(), sip.Ended)


def test_an_offer_to_somebody_who_has_forgotten_the_call_ends_it():
    net, alice, bob = up()
    net.parties.pop(bob.host)
    net.party("new", bob.host)
    alice.holds()
    assert "new 481 INVITE" in net.words()
    assert alice.last() == sip.Ended(alice.call, Q850.TEMPORARY_FAILURE)


def test_a_storm_of_offers_is_refused_and_then_ends_the_call():
    net, alice, bob = up()
    partner = alice.agent._calls[alice.call].partner
    assert partner is not None
    statuses = []
    for number in range(3 * STORM_LIMIT):
        via = f"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKstorm{number};rport"
        fields = {"contact": ["<sip:alice@192.0.2.1>"], "content-type": ["application/sdp"]}
        body = offer(alice.local()).encode()
        partner.dialog, asked = make_request(
            partner.dialog, "UPDATE", via, fields=fields, body=body
        )
        bob.agent.receive(asked.encode(), Target(alice.host, 5060), net.now_us)
        while isinstance(bob.agent.next_event(), sip.Reoffered):
            bob.agent.answer_offer(bob.call, bob.local(), net.now_us)
        statuses += [
            message.status
            for _, octets in bob.agent.data_to_send()
            if isinstance(message := parse(octets), Response)
        ]
    assert statuses.count(200) == STORM_LIMIT
    assert statuses.count(500) == STORM_LIMIT + 1
    assert statuses.count(481) == STORM_LIMIT - 1
    net.passes(GIVE_UP_US / SECOND_US + 1)
    assert bob.last() == sip.Ended(bob.call, Q850.CONGESTION)


def test_a_storm_of_invites_within_a_call_ends_it_too():
    net, alice, bob = up()
    partner = alice.agent._calls[alice.call].partner
    assert partner is not None
    for number in range(3 * STORM_LIMIT):
        via = f"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKinvite{number};rport"
        fields = {"contact": ["<sip:alice@192.0.2.1>"], "content-type": ["application/sdp"]}
        body = offer(alice.local()).encode()
        partner.dialog, asked = make_request(
            partner.dialog, "INVITE", via, fields=fields, body=body
        )
        bob.agent.receive(asked.encode(), Target(alice.host, 5060), net.now_us)
        net.passes(0.001)
        if isinstance(bob.last(), sip.Reoffered):
            bob.agent.answer_offer(bob.call, bob.local(), net.now_us)
    net.passes(GIVE_UP_US / SECOND_US + 1)
    words = net.words("bob")
    assert words.count("bob 500 INVITE") >= STORM_LIMIT
    assert bob.last() == sip.Ended(bob.call, Q850.CONGESTION)
    assert len(bob.agent) == 0


def test_offers_before_the_answer_go_by_update_once_the_voice_is_agreed():
    net, alice, bob = pair()
    alice.calls(bob)
    bob.shows_voice()
    bob.agent.reoffer(bob.call, bob.local(PCMA), net.now_us)
    net.passes(0.02)
    answers_offer(alice)
    again = bob.last()
    assert isinstance(again, sip.AgreedAgain)
    assert again.agreed.codec == "PCMA"
    bob.answers()
    assert isinstance(alice.last(), sip.Accepted)
    assert "bob INVITE" not in net.words()
    alice.holds()
    answers_offer(bob)
    assert isinstance(alice.last(), sip.AgreedAgain)


def test_offers_before_anything_is_agreed_wait_until_the_call_is_up():
    net, alice, bob = pair()
    alice.calls(bob)
    bob.rings()
    alice.agent.reoffer(alice.call, alice.local(PCMA), net.now_us)
    net.passes(0.02)
    bob.answers()
    assert net.words("alice") == ["alice INVITE", "alice ACK", "alice INVITE"]
    answers_offer(bob)
    assert isinstance(alice.last(), sip.AgreedAgain)


# Who we are.


class Door:
    """Stands before a party's calls with a guard."""

    def __init__(self, party: Party, realm: str = "bell", algorithm: str = "") -> None:
        self._algorithm = algorithm
        self.party = party
        self.guard = Guard(
            realm,
            b"0123456789abcdef",
            lambda user, how: shared_secret(how, user, realm, PASSWORD) if user == "al" else None,
        )
        self.seen: list[Admission] = []

    def looks(self, invited: sip.Invited, *, proxy: bool = False) -> bool:
        now_us = self.party.net.now_us
        shown, asked = ("authorization", "www-authenticate")
        if proxy:
            shown, asked = ("proxy-authorization", "proxy-authenticate")
        request = invited.request
        line = request.first(shown)
        verdict = self.guard.judge(line, request.method, request.target, now_us)
        self.seen.append(verdict.admission)
        if verdict.admission is Admission.GRANTED:
            return True
        lines = [one for one in self.guard.challenges(now_us) if self._algorithm in one]
        self.party.agent.refuse(
            invited.call, 407 if proxy else 401, None, now_us, fields={asked: lines}
        )
        self.party.net.passes(0.02)
        return False


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("proxy", [False, True])
def test_a_challenge_is_answered_by_the_algorithm_asked_for(algorithm: str, proxy: bool):
    net, alice, bob = pair()
    door = Door(bob, algorithm=algorithm)
    alice.calls(bob, Credentials("al", PASSWORD))
    invited = bob.last()
    assert isinstance(invited, sip.Invited)
    assert not door.looks(invited, proxy=proxy)
    invited = bob.last()
    assert isinstance(invited, sip.Invited)
    assert door.looks(invited, proxy=proxy)
    bob.answers()
    assert isinstance(alice.last(), sip.Accepted)
    shown = "proxy-authorization" if proxy else "authorization"
    for word in ("INVITE", "ACK"):
        assert f"algorithm={algorithm}" in (net.last("alice", word).first(shown) or "")
    alice.hangs_up()
    assert isinstance(bob.last(), sip.Ended)
    net.passes(100)
    assert len(alice.agent) == len(bob.agent) == 0


def test_a_wrong_password_is_shown_once_and_the_call_fails():
    _, alice, bob = pair()
    door = Door(bob)
    alice.calls(bob, Credentials("al", "wrong"))
    for _ in range(5):
        if isinstance(invited := bob.last(), sip.Invited):
            door.looks(invited)
    assert door.seen == [Admission.MISSING, Admission.WRONG]
    failed = alice.last()
    assert isinstance(failed, sip.Failed)
    assert failed.status == 401


def test_without_credentials_a_challenge_is_a_refusal():
    _, alice, bob = pair()
    door = Door(bob)
    alice.calls(bob)
    invited = bob.last()
    assert isinstance(invited, sip.Invited)
    door.looks(invited)
    failed = alice.last()
    assert isinstance(failed, sip.Failed)
    assert (failed.status, failed.cause) == (401, Q850.REJECTED)


# Outside of calls.


def test_options_are_answered_and_refer_is_refused():
    net, alice, bob = pair()
    outgoing = alice.outgoing(bob)
    for method, status in (("OPTIONS", 200), ("REFER", 405), ("MESSAGE", 405), ("BYE", 481)):
        handle = alice.agent.request(
            method, outgoing.target, outgoing.next_hop, outgoing.caller, net.now_us
        )
        net.passes(0.1)
        replied = alice.last()
        assert isinstance(replied, sip.Replied)
        assert replied.handle == handle
        assert replied.response is not None
        assert replied.response.status == status
        assert "REFER" not in (replied.response.first("allow") or "")


def test_refer_within_a_call_is_refused_and_the_call_goes_on():
    net, alice, bob = up()
    partner = alice.agent._calls[alice.call].partner
    assert partner is not None
    via = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKrefer;rport"
    fields = {"refer-to": ["<sip:carol@192.0.2.3>"], "contact": ["<sip:alice@192.0.2.1>"]}
    _, asked = make_request(partner.dialog, "REFER", via, fields=fields)
    bob.agent.receive(asked.encode(), Target(alice.host, 5060), net.now_us)
    net.passes(0.1)
    assert net.words()[-1] == "bob 405 REFER"
    assert len(bob.agent) == 1


def test_a_request_that_nobody_answers_is_told_after_64_t1():
    net, alice, bob = pair()
    outgoing = alice.outgoing(bob)
    del net.parties[bob.host]
    alice.agent.request("OPTIONS", outgoing.target, outgoing.next_hop, outgoing.caller, 0)
    net.passes(GIVE_UP_US / SECOND_US)
    replied = alice.last()
    assert isinstance(replied, sip.Replied)
    assert replied.response is None


def test_a_method_that_is_handed_up_is_answered_by_the_owner():
    net = Net()
    alice = net.party("alice", "192.0.2.1")
    bob = net.party("bob", "192.0.2.9", handed=frozenset(("REGISTER",)))
    outgoing = alice.outgoing(bob)
    alice.agent.request("REGISTER", outgoing.target, outgoing.next_hop, outgoing.caller, net.now_us)
    net.passes(0.01)
    asked = bob.last()
    assert isinstance(asked, sip.Requested)
    bob.agent.reply(asked.key, 403, net.now_us, fields={"warning": ["399 bell no"]})
    net.passes(0.01)
    replied = alice.last()
    assert isinstance(replied, sip.Replied)
    assert replied.response is not None
    assert (replied.response.status, replied.response.first("warning")) == (403, "399 bell no")


def test_a_contact_behind_a_translation_gives_way_to_where_it_came_from():
    net = Net()
    alice = net.party("alice", "198.51.100.7", contact="sip:alice@10.0.0.5:5060")
    bob = net.party("bob", "192.0.2.9")
    alice.calls(bob)
    bob.answers()
    bob.hangs_up()
    bye = net.last("bob", "BYE")
    assert isinstance(bye, Request)
    assert bye.target == "sip:alice@198.51.100.7:5060"
    assert isinstance(alice.last(), sip.Ended)


def test_a_call_over_a_connection_goes_on_over_it_and_elsewhere_once_it_broke():
    net, alice, bob = up(transport="TCP")
    bob.agent.transport_failed(Target(alice.host, 5060, "TCP"), net.now_us)
    net.passes(T1_US / SECOND_US)
    assert len(bob.agent) == 1, "a connection is no call"
    bob.hangs_up()
    assert isinstance(alice.last(), sip.Ended)
