"""What a telephone that speaks SIP dials itself, and who it may say it is."""

from collections.abc import Iterator

import pytest

from calleq.gateway.identity import dialled_number
from calleq.journal.entries import LineSeized
from calleq.sip.events import Credentials, Outgoing
from calleq.sip.fields import NameAddress
from calleq.sip.sdp import Encoding
from calleq.sip.uri import SipUri, TelUri, parse_uri
from calleq.units import SECOND_US
from tests.gateway_world import CUSTOMER, REPRESENTATIVE, Scene

NAME, WORD = "12125550120", "customer-120"


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    made.customer.hang_up_after_us = 3 * SECOND_US
    made.representative.hang_up_after_us = None
    yield made
    made.assert_nothing_is_left()


def settle(scene: Scene, seconds: int = 40) -> None:
    scene.clock.advance_us(seconds * SECOND_US)


def seized(scene: Scene) -> list[LineSeized]:
    entries = [one.entry for one in scene.network.journal.entries]
    return [entry for entry in entries if isinstance(entry, LineSeized)]


def test_a_telephone_calls_another_at_another_switch(scene: Scene) -> None:
    scene.customer.dial(REPRESENTATIVE, NAME, WORD)
    settle(scene)
    assert scene.customer.happened[1:] == ["hears 180", "is answered", "hangs up", "ends"]
    assert scene.representative.happened[1:] == ["rings", "answers", "is ended 16"]
    request = scene.representative.invited[0].request
    assert CUSTOMER in str(request.caller.uri)
    assert [(one.line, one.calling) for one in seized(scene)] == [(REPRESENTATIVE, CUSTOMER)]
    plans = [(element, plan.port) for element, _, plan in scene.ports.plans]
    assert ("sip:ssp-62", 30_000) in plans
    assert ("sip:ssp-64", 30_000) in plans


def test_a_telephone_calls_a_simulated_one(scene: Scene) -> None:
    scene.customer.dial("+12125550144", NAME, WORD)
    settle(scene)
    assert scene.customer.happened[1:] == ["hears 180", "is answered", "hangs up", "ends"]


@pytest.mark.parametrize(
    "dialled", ["12125550143", "2125550143", "+1-212-555-0143", "0112125550143"]
)
def test_numbers_are_dialled_as_people_write_them(scene: Scene, dialled: str) -> None:
    if dialled.startswith("011"):
        dialled = "01112125550143"
    scene.customer.dial(dialled, NAME, WORD)
    settle(scene)
    assert "is answered" in scene.customer.happened


def test_what_is_no_number_is_not_found(scene: Scene) -> None:
    scene.customer.dial("bob", NAME, WORD)
    settle(scene)
    assert scene.customer.happened[1:] == ["fails 404 1"]
    assert not seized(scene)


def test_a_number_that_nobody_has_is_refused_by_the_switch(scene: Scene) -> None:
    scene.customer.dial("+12125550149", NAME, WORD)
    settle(scene)
    assert scene.customer.happened[1:] == ["fails 404 1"]


def test_without_the_password_there_is_no_call(scene: Scene) -> None:
    scene.customer.dial(REPRESENTATIVE, NAME, "a guess")
    settle(scene)
    assert scene.customer.happened[1:] == ["fails 401 21"]
    assert not seized(scene)


def test_a_telephone_calls_as_its_own_number_whatever_it_says(scene: Scene) -> None:
    stranger = scene.telephone(5_150, 62)
    identity = ["<sip:+12125550199@ssp-62.calleq.example>"]
    domain = "ssp-62.calleq.example"
    outgoing = Outgoing(
        target=SipUri(domain, REPRESENTATIVE),
        to=NameAddress(SipUri(domain, REPRESENTATIVE)),
        caller=NameAddress(SipUri(domain, "+12125550199"), "Somebody Else"),
        next_hop=stranger.server,
        local=stranger.local,
        credentials=Credentials(NAME, WORD),
        fields={"p-asserted-identity": identity},
    )
    stranger.calls.append(stranger.agent.invite(outgoing, scene.clock.monotonic_us()))
    stranger.hang_up_after_us = SECOND_US
    stranger.flush()
    settle(scene)
    assert [one.calling for one in seized(scene)] == [CUSTOMER]


def test_a_caller_who_wants_no_name_shown_is_anonymous_to_the_called(scene: Scene) -> None:
    scene.customer.dial(REPRESENTATIVE, NAME, WORD, privacy=["id"])
    settle(scene)
    request = scene.representative.invited[0].request
    assert "anonymous" in str(request.caller)
    assert CUSTOMER not in request.encode().decode()
    assert [one.calling for one in seized(scene)] == [CUSTOMER], "the network knows who it was"


def test_a_busy_called_party_is_486_to_the_caller(scene: Scene) -> None:
    scene.representative.refuses = 486
    scene.customer.dial(REPRESENTATIVE, NAME, WORD)
    settle(scene)
    assert scene.customer.happened[1:] == ["fails 486 17"]


def test_a_caller_who_gives_up_takes_the_call_with_it(scene: Scene) -> None:
    scene.representative.answer_after_us = None
    scene.customer.dial(REPRESENTATIVE, NAME, WORD)
    scene.clock.advance_us(5 * SECOND_US)
    scene.customer.hang_up()
    settle(scene)
    assert scene.customer.happened[1:3] == ["hears 180", "hangs up"]
    assert scene.representative.happened[-1].startswith("is ended")


def test_an_offer_without_voice_that_we_speak_is_not_acceptable(scene: Scene) -> None:
    scene.customer.local = scene.customer.local.__class__(
        session_id=1, version=1, address="127.0.0.1", port=30_000, codecs=(Encoding(9, "G722"),)
    )
    scene.customer.dial(REPRESENTATIVE, NAME, WORD)
    settle(scene)
    assert scene.customer.happened[1].startswith("fails 488")
    assert not seized(scene)


def test_a_line_with_one_channel_has_no_second_call(scene: Scene) -> None:
    scene.customer.hang_up_after_us = None
    scene.customer.dial(REPRESENTATIVE, NAME, WORD)
    scene.clock.advance_us(3 * SECOND_US)
    other = scene.telephone(5_151, 62)
    other.dial("+12125550144", NAME, WORD)
    scene.clock.advance_us(3 * SECOND_US)
    assert other.happened == ["fails 503 34"]
    scene.customer.hang_up()
    settle(scene)


def test_guesses_of_a_password_lock_the_guesser_out_and_not_the_subscriber(scene: Scene) -> None:
    guesser = scene.telephone(5_160, 62, host="127.0.0.66")
    for attempt in range(15):
        guesser.register(NAME, f"guess {attempt}", "ssp-62.calleq.example")
        scene.clock.advance_us(SECOND_US)
    assert guesser.happened[-1] == "not registered 403"
    scene.customer.dial(REPRESENTATIVE, NAME, WORD)
    settle(scene)
    assert "is answered" in scene.customer.happened


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("tel:+1-212-555-0143", "+12125550143"),
        ("sip:2125550143@x", "+12125550143"),
        ("sip:12125550143;phone-context=x@x", "+12125550143"),
        ("sip:+442079460000@x;user=phone", "+442079460000"),
        ("sip:00442079460000@x", "+442079460000"),
        ("sip:911@x", ""),
        ("sip:ann@x", ""),
        ("sip:x", ""),
        ("mailto:ann@x", ""),
    ],
)
def test_what_a_uri_dials(uri: str, number: str) -> None:
    parsed = parse_uri(uri)
    assert isinstance(parsed, SipUri | TelUri) or not number
    assert dialled_number(parsed, "1") == number
