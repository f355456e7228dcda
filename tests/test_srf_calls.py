"""The peripheral as specialised resource function: who is sent there, what is played, who meets."""

import numpy as np
import pytest

from calleq.journal.entries import Assisted as AssistedEntry
from calleq.journal.entries import AssistEnded
from calleq.media.contract import line_wire
from calleq.media.numbered import CLOSED, DETECT, MUSIC, RECORDED
from calleq.network_nodes import point_codes
from calleq.runtime.tap import Segment
from calleq.ss7.inap.arguments import (
    ActivityTest,
    Cancel,
    Continue,
    PlayAnnouncement,
    PromptAndCollectUserInformation,
    SpecializedResourceReport,
)
from calleq.ss7.inap.errors import ErrorCode
from calleq.ss7.inap.interaction import CollectedDigits, InbandInfo, Tone
from calleq.ss7.inap.values import EventTypeBCSM
from calleq.ss7.isup.messages import Acm, Anm, CalledNumber, Iam, Rel
from calleq.ssp.routing import NoRoute, Routing, Towards
from calleq.telephones.behaviours import ELEMENT
from calleq.topology import load_topology
from calleq.units import SECOND_US
from tests.srf_scene import ASSIST, CONFERENCE, A, B, C, play, scene
from tests.test_equipments import made_by
from tests.virtual import REPRESENTATIVE, VirtualNetwork, number

E = EventTypeBCSM


def test_a_party_is_sent_to_the_peripheral_which_asks_what_to_do() -> None:
    network = scene()
    party = network.assisted()
    messages = [
        message
        for captured, _, message in network.signalling()
        if "ip-76" in (captured.sender, captured.receiver)
    ]
    assert [type(message) for message in messages] == [Iam, Acm, Anm]
    iam = messages[0]
    assert isinstance(iam, Iam)
    assert iam.called.digits.startswith(ASSIST)
    codes = point_codes(network.topology)
    (taken,) = network.written("ip-76", AssistedEntry)
    assert taken == AssistedEntry(taken.incoming, codes["scp-82"], CONFERENCE + "1")
    assert taken.incoming.origin == codes["ssp-62"]
    party.assist.end()
    network.passes(0.5)
    party.goes()
    network.is_over()
    (ended,) = network.written("ip-76", AssistEnded)
    assert ended == AssistEnded(taken.incoming, 16)


def test_announcements_are_played_in_turn_and_each_is_reported() -> None:
    network = scene()
    party = network.assisted()
    first, second = party.say(play("Please hold for an ABC Company"), play("representative."))
    network.passes(0.5)
    assert party.hears() == {"speech:Please hold for an ABC Company"}
    party.assist.waits()
    report = party.assist.heard.popleft()
    assert (type(report.argument), report.linked_id) == (SpecializedResourceReport, first)
    network.passes(0.3)
    assert party.hears() == {"speech:representative."}
    party.assist.waits()
    assert party.assist.heard.popleft().linked_id == second
    assert party.hears() == set()
    party.goes()
    network.is_over()


def test_what_is_not_to_be_reported_is_not() -> None:
    network = scene()
    party = network.assisted()
    party.say(play(CLOSED, report=False))
    network.passes(1)
    assert party.hears() == {f"speech:{RECORDED[CLOSED].text}"}
    network.passes(20)
    assert party.hears() == set()
    assert not party.assist.heard
    party.goes()
    network.is_over()


def test_repetitions_and_durations() -> None:
    network = scene()
    party = network.assisted()
    party.say(play("Twice.", number_of_repetitions=2, interval_s=3))
    began_us = network.clock.monotonic_us()
    party.assist.waits()
    once_us = 2 * 1_000_000
    assert 3_000_000 < network.clock.monotonic_us() - began_us < 3_000_000 + 2 * once_us
    party.assist.next(SpecializedResourceReport)
    party.say(play(MUSIC, duration_s=7))
    began_us = network.clock.monotonic_us()
    party.assist.waits()
    assert 7_000_000 <= network.clock.monotonic_us() - began_us < 7_200_000
    party.goes()
    network.is_over()


def test_a_tone_and_an_activity_test() -> None:
    network = scene()
    party = network.assisted()
    party.say(PlayAnnouncement(Tone(1, 3)), ActivityTest())
    network.passes(1)
    assert party.assist.next_result() is None
    assert party.hears() == {"tone:ringback"}
    party.assist.waits()
    party.assist.next(SpecializedResourceReport)
    assert party.hears() == set()
    party.goes()
    network.is_over()


def test_music_lasts_until_it_is_cancelled() -> None:
    network = scene()
    party = network.assisted()
    (music,) = party.say(play(MUSIC, duration_s=0))
    network.passes(250)
    assert party.hears() == {"music"}
    party.say(Cancel(music))
    network.passes(0.5)
    assert party.assist.next_error() is ErrorCode.CANCELED
    assert party.hears() == set()
    party.say(Cancel(music))
    network.passes(0.5)
    assert party.assist.next_error() is ErrorCode.CANCEL_FAILED
    party.goes()
    network.is_over()


def test_all_can_be_cancelled_at_once() -> None:
    network = scene()
    party = network.assisted()
    party.say(play(MUSIC), play(CLOSED), play("Never heard."))
    network.passes(1)
    party.say(Cancel())
    network.passes(1)
    errors = [party.assist.next_error() for _ in range(3)]
    assert errors == [ErrorCode.CANCELED] * 3
    assert party.hears() == set()
    party.goes()
    network.is_over()


@pytest.mark.parametrize(("ending", "digit"), [("00", "1"), ("04", "2"), ("09", "3")])
def test_who_answered_is_judged_while_the_announcement_plays(ending: str, digit: str) -> None:
    network = scene()
    party = network.assisted(number(ending))
    party.say(
        play("Please hold while we connect you to a customer representative."),
        PromptAndCollectUserInformation(
            CollectedDigits(1, first_digit_timeout_s=8), information_to_send=InbandInfo(DETECT)
        ),
    )
    network.passes(0.3)
    assert any("Please hold" in voice for voice in party.hears())
    while party.assist.log[-1] == "SpecializedResourceReport" or len(party.assist.log) < 2:
        network.passes(0.1)
    said = [one for one in party.assist.heard if type(one).__name__ == "Returned"]
    assert said[0].result.response.digits == bytes((int(digit),))
    party.goes()
    network.is_over()


def test_parties_of_one_conference_talk_when_nothing_is_played_to_either() -> None:
    network = scene()
    customer = network.assisted(A, "1")
    (music,) = customer.say(play(MUSIC, duration_s=0))
    agent = network.assisted(B, "2")
    agent.say(play("Call for ABC Company."))
    network.passes(0.5)
    assert (customer.hears(), agent.hears()) == ({"music"}, {"speech:Call for ABC Company."})
    agent.assist.waits()
    network.passes(1)
    assert (customer.hears(), agent.hears()) == ({"music"}, set())
    customer.say(Cancel(music))
    network.passes(1)
    assert (customer.hears(), agent.hears()) == ({f"mouth:{B}"}, {f"mouth:{A}"})
    agent.say(play("One moment."))
    network.passes(0.3)
    assert (customer.hears(), agent.hears()) == (set(), {"speech:One moment."})
    network.passes(3)
    assert (customer.hears(), agent.hears()) == ({f"mouth:{B}"}, {f"mouth:{A}"})
    agent.goes()
    network.passes(1)
    assert customer.hears() == set()
    customer.goes()
    network.is_over()


def test_three_hear_each_other_and_another_conference_hears_nothing_of_them() -> None:
    network = scene()
    parties = [network.joined(one, place) for one, place in ((A, "1"), (B, "2"), (C, "3"))]
    stranger = network.joined(number("53"), "1", "100043")
    telephones = network.network.telephones
    assert telephones is not None
    for at, speaker in enumerate(parties):
        telephones.say_tone(speaker.telephone, 600 + 100 * at, 1)
        network.passes(0.2)
        voice = f"tone:{600 + 100 * at}"
        assert voice not in stranger.hears()
        assert voice not in speaker.hears()
        for listener in parties:
            assert listener is speaker or voice in listener.hears()
        network.passes(2)
    for party in (*parties, stranger):
        party.goes()
    network.is_over()


def test_the_scp_takes_the_party_back_and_the_peripheral_ends_its_dialogue() -> None:
    network = scene()
    party = network.assisted()
    party.say(play(MUSIC))
    network.passes(2)
    party.parts()
    network.passes(1)
    assert party.assist.over == "end"
    assert party.hears() == set()
    assert network.state(A) == "Talking"
    assert len(network.resource) == 0
    party.goes()
    network.is_over()


def test_a_party_that_hangs_up_is_gone_from_the_peripheral_when_the_scp_lets_go() -> None:
    network = scene()
    party = network.assisted()
    party.say(play(MUSIC))
    network.passes(2)
    network.hang_up(A)
    assert party.leg.event() == (E.O_DISCONNECT, 1, 16)
    party.leg.say(Continue())
    network.passes(1)
    assert party.assist.over == "end"
    network.is_over()


def test_the_peripheral_may_disconnect_after_the_last_announcement() -> None:
    network = scene()
    party = network.assisted()
    party.say(play("Goodbye.", forbidden=False))
    network.passes(5)
    assert party.assist.log == [
        "AssistRequestInstructions",
        "SpecializedResourceReport",
        "END",
    ]
    rel = [message for _, _, message in network.signalling() if isinstance(message, Rel)]
    assert rel[-1].cause.value == 16
    party.goes()
    network.is_over()


def test_an_scp_may_order_a_last_announcement_and_end_the_dialogue() -> None:
    network = scene()
    party = network.assisted()
    party.assist.end(play("We are sorry. Goodbye."))
    network.passes(0.5)
    assert party.hears() == {"speech:We are sorry. Goodbye."}
    network.passes(5)
    assert len(network.resource) == 0
    party.goes()
    network.is_over()


def test_the_first_digit_of_the_correlation_names_the_scp_where_no_address_does() -> None:
    network = scene()
    leg = network.answered()
    network.sends(leg, "2000421")
    network.passes(0.5)
    assist = network.mate.asked()
    assist.say(play(CLOSED))
    network.passes(1)
    assert network.hears(A) == {f"speech:{RECORDED[CLOSED].text}"}
    leg.end()
    network.is_over()


@pytest.mark.parametrize("called", [ASSIST, "12125550199", ASSIST + "9000421", ASSIST + "0"])
def test_whoever_has_no_business_at_the_peripheral_is_refused(called: str) -> None:
    """No correlation identity, or one that names no SCP: cause 3, as ever."""
    network = scene()
    released: list[int] = []

    class Caller:
        def circuit_released(self, circuit, cause) -> None:
            released.append(cause.value)

        def __getattr__(self, name):
            return lambda *_: None

    exchange = network.network.exchanges["ssp-62"]
    circuit = exchange.seize("76-62")
    assert circuit is not None
    exchange.send_iam(circuit, CalledNumber(called), None, Caller())
    network.passes(1)
    assert released == [3]
    assert network.network.peripherals["ip-76"].refused_set_ups == 1
    assert len(network.resource) == 0
    network.is_over()


def test_the_assist_number_leads_to_the_peripheral_by_its_switch() -> None:
    topology = load_topology()
    number_ = "+" + ASSIST + "1000421"
    assert Routing(topology, "ssp-62").route(number_) == Towards(
        "ip-76", ("76-62",), (), "equipment"
    )
    for name in ("ssp-64", "ssp-66", "mtso-65"):
        route = Routing(topology, name).route(number_)
        assert isinstance(route, Towards)
        assert route.switch == "ssp-62"
        assert "76-62" not in route.nearer
    assert isinstance(Routing(topology, "ssp-62").route("+12125558000"), NoRoute)


def test_the_ladder_of_a_call_by_an_scp_has_its_circuits_to_the_peripheral() -> None:
    network = VirtualNetwork(made_by("scp-2"))
    view = network.call(A, REPRESENTATIVE)
    assert view.state == "completed"
    rows = [
        row.name
        for row in network.ladder(view.call).rows
        if row.segment is Segment.SIGNALLING_LINK and row.receiver == "ip-76"
    ]
    isup = [name for name in rows if " " not in name]
    assert isup == ["IAM", "IAM", "REL", "REL"]
    assert sum("assistRequestInstructions" in name for name in rows) == 0
    asked = [
        row
        for row in network.ladder(view.call).rows
        if row.sender == "ip-76" and "assistRequestInstructions" in row.name
    ]
    assert len(asked) == 2


def test_the_parties_of_a_call_by_an_scp_hear_each_other_in_samples() -> None:
    """What arrives at each ear is what the other telephone utters, through two circuits."""
    network = VirtualNetwork(made_by("scp-2"), talk_us=60 * SECOND_US)
    call = network.place(A, REPRESENTATIVE)
    while network.view(call).state != "bridged":
        assert network.clock.run_next()
    network.clock.advance_us(SECOND_US)
    telephones = network.network.telephones
    assert telephones is not None
    for speaker, listener in ((A, REPRESENTATIVE), (REPRESENTATIVE, A)):
        recording = network.voice.record(ELEMENT, line_wire(listener))
        telephones.say_tone(speaker, 1_000, 0.5)
        network.clock.advance_us(SECOND_US)
        heard = recording.stop().astype(float)
        spectrum = np.abs(np.fft.rfft(heard[:4_000]))
        assert abs(int(spectrum.argmax()) * 2 - 1_000) <= 2
        network.clock.advance_us(SECOND_US)
    network.hang_up(A)
    network.run_to_end(call)
    network.assert_at_rest()
