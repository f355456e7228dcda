"""What an odd far end does to a user agent: answers that do not fit, retries, old ways."""

from collections.abc import Callable

import pytest

from calleq.causes import Q850
from calleq.sip import events as sip
from calleq.sip.bounds import GIVE_UP_US
from calleq.sip.dialog import Dialog, as_called, as_caller, make_request
from calleq.sip.message import Fields, Request, Response, parse, respond
from calleq.sip.negotiation import answer, offer
from calleq.sip.sdp import Encoding, parse_description
from calleq.sip.session import OFFERS_LIMIT
from calleq.sip.transaction import Target
from calleq.units import SECOND_US
from tests.sip_agents import Net, Party, pair, up

SDP = {"content-type": ["application/sdp"]}
CONTACT = {"contact": ["<sip:bob@192.0.2.9>"]}
G722 = Encoding(9, "G722")


class Odd:
    """A far end made by hand, in Bob's place: what it is sent is kept, what it says is written."""

    def __init__(self, net: Net, alice: Party) -> None:
        self.net, self.alice = net, alice
        self.here = Target("192.0.2.9", 5060)
        self.branch = 0
        self.dialog: Dialog | None = None

    def hears(self, method: str) -> Request:
        found = self.net.last("alice", method)
        assert isinstance(found, Request)
        return found

    def sends(self, message: Request | Response) -> None:
        self.alice.agent.receive(message.encode(), self.here, self.net.now_us)
        self.net.passes(0.01)

    def says(
        self, asked: Request, status: int, *, body: bytes = b"", tag: str = "b", **more: str
    ) -> None:
        fields: Fields = dict(CONTACT)
        fields.update({name.replace("_", "-"): [value] for name, value in more.items()})
        if body:
            fields.update(SDP)
        self.sends(respond(asked, status, to_tag=tag, fields=fields, body=body))

    def answers(self, asked: Request) -> bytes:
        """A description that answers the offer."""
        local = self.alice.local()
        described, _ = answer(parse_description(asked.body), local)
        return described.encode()

    def asks(self, method: str, *, body: bytes = b"", **more: str) -> Response:
        """A request within the dialog, and what it is answered."""
        assert self.dialog is not None
        self.branch += 1
        via = f"SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKodd{self.branch};rport"
        fields: Fields = {name.replace("_", "-"): [value] for name, value in more.items()}
        fields.update(CONTACT | (SDP if body else {}))
        self.dialog, made = make_request(self.dialog, method, via, fields=fields, body=body)
        self.sends(made)
        if method == "ACK":
            return Response(200, "", {})
        for name, octets in reversed(self.net.messages):
            message = parse(octets)
            if name == "alice" and isinstance(message, Response) and message.cseq == made.cseq:
                return message
        raise AssertionError(f"{method} is not answered")


def odd() -> tuple[Net, Party, Odd]:
    """Alice, and an odd far end that she calls or is called by."""
    net, alice, _ = pair()
    del net.parties["192.0.2.9"]
    return net, alice, Odd(net, alice)


def odd_up() -> tuple[Net, Party, Odd]:
    """Alice has called it, and it has answered."""
    net, alice, far = odd()
    alice.calls(Party(net, "bob", "192.0.2.9"))
    asked = far.hears("INVITE")
    far.says(asked, 200, body=far.answers(asked), session_expires="1800;refresher=uac")
    assert isinstance(alice.last(), sip.Accepted)
    far.dialog = as_called(asked, "b", confirmed=True)
    return net, alice, far


def odd_calls(body: bytes = b"", **more: str) -> tuple[Net, Party, Odd, Request]:
    """It calls Alice."""
    net, alice, far = odd()
    asked = Request(
        "INVITE",
        "sip:alice@192.0.2.1",
        {
            "via": ["SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKfirst;rport"],
            "from": ["<sip:bob@192.0.2.9>;tag=b"],
            "to": ["<sip:alice@192.0.2.1>"],
            "call-id": ["odd"],
            "cseq": ["1 INVITE"],
            **CONTACT,
            **(SDP if body else {}),
            **{name.replace("_", "-"): [value] for name, value in more.items()},
        },
        body,
    )
    far.sends(asked)
    return net, alice, far, asked


def invites(net: Net) -> int:
    """How many INVITEs Alice has made, however often each was sent."""
    made = [parse(octets) for name, octets in net.messages if octets.startswith(b"INVITE")]
    return len({message.cseq.number for message in made})


# Answers to our offers.


@pytest.mark.parametrize("body", [b"", b"no SDP", offer(pair()[1].local(G722)).encode()])
def test_an_answer_within_the_call_that_does_not_fit_leaves_all_as_it_was(body: bytes):
    net, alice, far = odd_up()
    alice.holds()
    far.says(far.hears("INVITE"), 200, body=body)
    assert alice.last() == sip.ReofferRefused(alice.call, 488)
    assert net.words("alice")[-1] == "alice ACK"
    alice.holds(False)
    asked = far.hears("INVITE")
    far.says(asked, 200, body=far.answers(asked))
    assert isinstance(alice.last(), sip.AgreedAgain)


def test_a_200_within_the_call_that_comes_again_is_acknowledged_again():
    net, alice, far = odd_up()
    alice.holds()
    asked = far.hears("INVITE")
    for _ in range(3):
        far.says(asked, 200, body=far.answers(asked))
    assert net.words("alice")[-3:] == ["alice ACK"] * 3
    assert alice.told().count("AgreedAgain") == 1


@pytest.mark.parametrize(
    ("status", "fields"), [(491, {}), (500, {"retry_after": "1"}), (503, {"retry_after": "2 (so)"})]
)
def test_an_offer_that_may_come_later_is_made_again_so_often_and_then_given_up(
    status: int, fields: dict[str, str]
):
    net, alice, far = odd_up()
    alice.holds()
    for _ in range(OFFERS_LIMIT):
        far.says(far.hears("INVITE"), status, **fields)
        net.passes(5)
    assert invites(net) == 1 + OFFERS_LIMIT
    assert alice.last() == sip.ReofferRefused(alice.call, status)


@pytest.mark.parametrize("fields", [{}, {"retry_after": "600"}, {"retry_after": "soon"}])
def test_an_offer_that_may_come_much_later_is_given_up_at_once(fields: dict[str, str]):
    _, alice, far = odd_up()
    alice.holds()
    far.says(far.hears("INVITE"), 503, **fields)
    assert alice.last() == sip.ReofferRefused(alice.call, 503)


def test_a_newer_wish_replaces_the_one_that_waits():
    net, alice, far = odd_up()
    alice.holds()
    first = far.hears("INVITE")
    for port in (5_000, 6_000, 7_000):
        alice.ports = port
        alice.agent.reoffer(alice.call, alice.local(), net.now_us)
    far.says(first, 200, body=far.answers(first))
    assert parse_description(far.hears("INVITE").body).streams[0].port == 7_000
    assert net.words().count("alice INVITE") == 3


# Refreshes.


def refreshes(far: Odd, method: str) -> Request:
    far.net.passes(901)
    return far.hears(method)


def test_a_refresh_that_is_refused_goes_by_invite_and_then_the_call_ends_in_time():
    net, alice, far = odd_up()
    far.says(far.hears("INVITE"), 200)  # nothing new: the ACK goes again
    far.asks("OPTIONS", allow="INVITE, ACK, BYE, UPDATE")
    partner = alice.agent._calls[alice.call].partner
    assert partner is not None
    partner.allows_update = True
    asked = refreshes(far, "UPDATE")
    assert asked.first("session-expires") == "1800;refresher=uac"
    far.says(asked, 405)
    again = far.hears("INVITE")
    assert again.first("session-expires") == "1800;refresher=uac"
    far.says(again, 488)
    net.passes(900 + GIVE_UP_US / SECOND_US)
    ended = alice.last()
    assert ended == sip.Ended(alice.call, Q850.RECOVERY_ON_TIMER)


def test_a_refresh_that_is_too_brief_is_asked_again_for_longer():
    _, alice, far = odd_up()
    far.says(refreshes(far, "INVITE"), 422, min_se="3600")
    again = far.hears("INVITE")
    assert again.first("session-expires") == "3600;refresher=uac"
    far.says(again, 200, body=far.answers(again), session_expires="3600;refresher=uac")
    assert "ReofferRefused" not in alice.told()
    assert "AgreedAgain" not in alice.told(), "a refresh changes nothing"


def test_a_refresh_that_meets_theirs_waits_and_goes_again():
    net, alice, far = odd_up()
    far.says(refreshes(far, "INVITE"), 491)
    net.passes(5)
    assert invites(net) == 3
    assert len(alice.agent) == 1


def test_a_2xx_without_session_expires_ends_the_timer():
    net, alice, far = odd_up()
    again = refreshes(far, "INVITE")
    far.says(again, 200, body=far.answers(again))
    net.passes(10_000)
    assert len(alice.agent) == 1


# INVITEs of odd kinds.


@pytest.mark.parametrize(
    ("body", "more", "status"),
    [
        (b"no SDP", {}, 400),
        (b"", {"session_expires": "30", "supported": "timer"}, 422),
        (b"", {"session_expires": "soon"}, 400),
        (b"", {"require": "sec-agree"}, 420),
        (b"", {"contact": "<sip:a@h>, <sip:b@h>"}, 400),
    ],
)
def test_what_can_not_be_a_call_is_refused(body: bytes, more: dict[str, str], status: int):
    net, alice, _, _ = odd_calls(body, **more)
    assert f"alice {status} INVITE" in net.words()
    assert alice.told() == []
    assert len(alice.agent) == 0


def test_an_early_offer_of_ours_is_answered_by_prack():
    net, alice, far, asked = odd_calls(supported="100rel")
    assert alice.shows_voice() is None
    early = net.last("alice", "183 INVITE")
    assert isinstance(early, Response)
    far.dialog = as_caller(asked, early)
    body = offer(alice.local()).encode()
    rack = f"{early.first('rseq')} 1 INVITE"
    assert far.asks("PRACK", body=body, rack="1 1 INVITE").status == 481
    assert far.asks("PRACK", body=body, rack="what").status == 400
    assert far.asks("PRACK", body=body, rack=rack).status == 200
    alice.answers()
    assert not net.last("alice", "200 INVITE").body
    far.asks("ACK")
    confirmed = alice.last()
    assert isinstance(confirmed, sip.Confirmed)
    assert confirmed.agreed is not None


def test_an_early_offer_of_ours_that_prack_does_not_answer_ends_the_call():
    net, alice, far, asked = odd_calls(supported="100rel")
    alice.shows_voice()
    early = net.last("alice", "183 INVITE")
    assert isinstance(early, Response)
    far.dialog = as_caller(asked, early)
    assert far.asks("PRACK", rack=f"{early.first('rseq')} 1 INVITE").status == 200
    assert net.words("alice")[-1] == "alice 488 INVITE"
    assert alice.last() == sip.Ended(alice.call, Q850.INTERWORKING, 488)


def test_a_caller_that_requires_reliable_answers_hears_nothing_else_and_in_order():
    net, alice, far, asked = odd_calls(offer(pair()[1].local()).encode(), require="100rel")
    alice.rings()
    alice.shows_voice()
    first = net.last("alice", "180 INVITE")
    assert isinstance(first, Response)
    assert "alice 183 INVITE" not in net.words(), "one at a time"
    far.dialog = as_caller(asked, first)
    number = int(first.first("rseq") or 0)
    far.asks("PRACK", rack=f"{number} 1 INVITE")
    assert net.last("alice", "183 INVITE").first("rseq") == str(number + 1)
    far.asks("PRACK", rack=f"{number + 1} 1 INVITE")
    alice.answers()
    assert "alice 200 INVITE" in net.words()


def test_voice_that_does_not_fit_is_not_shown_and_the_call_may_still_be_refused():
    net, alice, _, _ = odd_calls(offer(pair()[1].local(G722)).encode())
    assert alice.agent.progress(alice.call, alice.local(), net.now_us) is None
    net.passes(0.01)
    assert "alice 183 INVITE" not in net.words()
    alice.refuses(488)
    assert isinstance(alice.last(), sip.Ended)


def test_an_ack_without_the_answer_that_it_owes_releases_the_call():
    net, alice, far, asked = odd_calls()
    alice.answers()
    said = net.last("alice", "200 INVITE")
    assert isinstance(said, Response)
    far.dialog = as_caller(asked, said)
    far.asks("ACK")
    assert net.words("alice")[-1] == "alice BYE"
    far.says(far.hears("BYE"), 200)
    assert alice.last() == sip.Ended(alice.call, Q850.INTERWORKING)


def test_a_bye_before_our_answer_ends_the_call_and_one_before_the_ack_does_too():
    for answered in (False, True):
        net, alice, far, asked = odd_calls(offer(pair()[1].local()).encode())
        alice.rings()
        if answered:
            alice.answers()
        said = net.last("alice", "180 INVITE")
        assert isinstance(said, Response)
        far.dialog = as_caller(asked, said)
        assert far.asks("BYE", reason="Q.850;cause=31").status == 200
        ended = alice.last()
        assert isinstance(ended, sip.Ended)
        assert ended.cause == Q850.NORMAL_UNSPECIFIED
        assert ("alice 487 INVITE" in net.words()) is not answered


def test_requests_within_a_call_come_in_order():
    net, _, far = odd_up()
    dialog = far.dialog
    assert far.asks("OPTIONS").status == 200
    far.dialog = dialog
    late = far.asks("INFO")
    assert late.status == 405
    far.dialog = dialog
    late = far.asks("OPTIONS")
    assert (late.status, late.first("retry-after")) == (500, "2")
    assert far.asks("PRACK", rack="1 1 INVITE").status == 481
    assert net.words()[-1] == "alice 481 PRACK"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda asked: asked.replace(b";tag=b\r\n", b";tag=other\r\n"),
        lambda asked: asked.replace(b"Call-ID: ", b"Call-ID: x"),
    ],
)
def test_a_request_of_no_dialog_is_481_and_changes_nothing(spoil: Callable[[bytes], bytes]):
    net, alice, far = odd_up()
    assert far.dialog is not None
    via = "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKstranger;rport"
    _, bye = make_request(far.dialog, "BYE", via)
    octets = spoil(bye.encode())
    assert octets != bye.encode()
    alice.agent.receive(octets, far.here, net.now_us)
    net.passes(0.01)
    assert net.words()[-1] == "alice 481 BYE"
    assert len(alice.agent) == 1


def test_an_offer_while_the_last_of_theirs_is_not_answered_comes_too_early():
    _, alice, far = odd_up()
    body = offer(alice.local()).encode().replace(b"o=- 7 1", b"o=- 7 5")
    via = "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKwaits;rport"
    assert far.dialog is not None
    far.dialog, first = make_request(far.dialog, "INVITE", via, fields=CONTACT | SDP, body=body)
    far.sends(first)
    assert isinstance(alice.last(), sip.Reoffered)
    for method in ("UPDATE", "INVITE"):
        late = far.asks(method, body=body)
        assert (late.status, late.first("retry-after")) == (500, "2")


def test_a_provisional_answer_that_makes_no_dialog_still_rings():
    net, alice, far = odd()
    alice.calls(Party(net, "bob", "192.0.2.9"))
    asked = far.hears("INVITE")
    far.sends(respond(asked, 180))
    assert alice.told() == ["Ringing"]
    far.says(asked, 183, require="100rel", rseq="x")
    far.says(asked, 183, body=b"no SDP")
    assert "Failed" not in alice.told()
    far.says(asked, 486)
    assert isinstance(alice.last(), sip.Failed)


def test_a_2xx_that_can_not_be_read_is_a_failure():
    net, alice, far = odd()
    alice.calls(Party(net, "bob", "192.0.2.9"))
    asked = far.hears("INVITE")
    said = respond(asked, 200, to_tag="b", fields={"contact": ["<sip:a@h>, <sip:b@h>"]})
    far.sends(said)
    failed = alice.last()
    assert isinstance(failed, sip.Failed)
    assert failed.status == 502


def test_both_release_in_the_middle_of_an_offer():
    net, alice, bob = up()
    alice.agent.hold(alice.call, True, net.now_us)
    bob.agent.hang_up(bob.call, 16, net.now_us)
    net.passes(1)
    assert isinstance(alice.last(), sip.Ended)
    assert isinstance(bob.last(), sip.Ended)
    net.passes(100)
    assert len(alice.agent) == len(bob.agent) == 0
    assert alice.agent.next_timer_us() is None
