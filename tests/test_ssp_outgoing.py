"""Calls that leave on a circuit, and calls that telephones dial, as call flows."""

import pytest

from calleq.journal.entries import LineSeized, Stamped, Transit
from calleq.journal.frames import encode_entry
from calleq.lines.channel import T306_US
from calleq.lines.messages import Setup
from calleq.media.contract import line_wire, tone_source, wire_source
from calleq.ss7.isup.messages import CalledNumber, CallingNumber
from tests.ssp_neighbours import Town

DSL, TWO_LINES, DIAL_UP, ISDN = "+12125550100", "+12125550101", "+12125550102", "+12125550104"
UNALLOCATED, CONGESTED = "+12125550103", "+12125550107"
AT_B, AT_C, AT_D = "+12125550140", "+12125550108", "+12125550170"


@pytest.fixture
def town() -> Town:
    return Town()


# Transit: from circuit to circuit.


def test_a_transit_call_is_relayed_both_ways(town: Town):
    come = town.call_in(AT_B)
    assert town.flow() == [
        ("journal", "Transit"),
        ("journal", "Transit durable"),
        ("ssp-b/1", "IAM 12125550140"),
    ]
    gone = town.exchange.outgoing[0]
    assert town.journal.entries == [Transit(come.key, gone.key, "", called=AT_B)]
    assert town.voice.fed == {come.wire: (wire_source(gone.wire),)}  # tones pass backward
    gone.rings()
    gone.answers()
    assert town.flow() == [("ip-76/1", "ACM"), ("ip-76/1", "ANM")]
    assert town.voice.fed == {
        come.wire: (wire_source(gone.wire),),
        gone.wire: (wire_source(come.wire),),
    }
    come.hangs_up(16)
    assert town.flow() == [("ssp-b/1", "REL 16 at 4")]
    assert town.at_rest()


def test_a_caller_who_goes_before_the_transit_is_durable_leaves_no_iam_and_no_circuit(town: Town):
    come = town.call_in(AT_B)
    town.clock.advance_us(0)
    assert [what for _, what in town.log] == ["Transit"]
    come.hangs_up(16)
    assert town.flow() == [("journal", "Transit"), ("journal", "Transit durable")]
    assert town.exchange.outgoing == []
    assert town.at_rest()


@pytest.mark.parametrize("cause", [1, 17, 18, 19, 20, 21, 27, 38, 42])
def test_a_cause_passes_through_with_its_location(town: Town, cause: int):
    town.call_in(AT_B)
    town.passes(0.1)
    town.log.clear()
    town.exchange.outgoing[0].hangs_up(cause, location=4)
    assert town.flow() == [("ip-76/1", f"REL {cause} at 4")]
    assert town.at_rest()


def test_both_circuits_are_released_at_once(town: Town):
    come = town.call_in(AT_B)
    town.passes(0.1)
    come.hangs_up(16)
    town.exchange.outgoing[0].hangs_up(16)  # crosses the REL
    assert town.flow()[-1] == ("ssp-b/1", "REL 16 at 4")
    assert town.at_rest()


def test_full_trunks_are_avoided_by_a_detour(town: Town):
    for cic in (1, 2, 3):
        town.call_in(AT_B, cic=cic)
    town.passes(0.1)
    assert [circuit.name for circuit in town.exchange.outgoing] == [
        "ssp-b/1",
        "ssp-b/2",
        "ssp-c/1",
    ]


def test_a_call_from_another_switch_takes_no_detour(town: Town):
    for cic in (1, 2):
        town.call_in(AT_B, cic=cic)
    town.passes(0.1)
    town.log.clear()
    town.call_in(AT_B, group="a-c", cic=2)
    assert town.flow() == [("ssp-c/2", "REL 34 at 3")]


def test_no_circuit_at_all_is_34(town: Town):
    town.exchange.free["a-b"].clear()
    town.exchange.free["a-c"].clear()
    town.call_in(AT_B)
    assert town.flow() == [("ip-76/1", "REL 34 at 3")]
    assert town.switch.calls_in_progress == 0


def test_a_call_turned_back_for_want_of_a_circuit_goes_another_way(town: Town):
    town.call_in(AT_D)
    town.passes(0.1)
    first = town.exchange.outgoing[0]
    town.log.clear()
    first.hangs_up(34, location=3)
    assert town.flow() == [
        ("journal", "Transit"),
        ("journal", "Transit durable"),
        ("ssp-c/1", "IAM 12125550170"),
    ]
    second = town.exchange.outgoing[1]
    first.answers()  # nobody listens to the first any more
    assert town.flow() == []
    second.hangs_up(34, location=3)
    assert town.flow() == [("ip-76/1", "REL 34 at 3")]
    assert town.at_rest()


def test_a_circuit_lost_to_a_dual_seizure_is_replaced_by_another_of_the_group(town: Town):
    town.call_in(AT_B)
    town.passes(0.1)
    town.exchange.outgoing[0].hangs_up(34, location=2)  # the own exchange says so
    town.passes(0.1)
    assert [circuit.far for circuit in town.exchange.outgoing] == ["ssp-b", "ssp-b"]


def test_repeat_attempts_are_bounded(town: Town):
    town.call_in(AT_B)
    town.passes(0.1)
    for _ in range(10):
        town.exchange.outgoing[-1].hangs_up(34, location=2)
        town.passes(0.1)
    assert [circuit.far for circuit in town.exchange.outgoing] == ["ssp-b"] * 3 + ["ssp-c"] * 3
    assert town.flow()[-1] == ("ip-76/1", "REL 34 at 2")
    assert town.at_rest()


def test_a_party_that_was_rung_is_not_dialled_again(town: Town):
    town.call_in(AT_D)
    town.passes(0.1)
    town.exchange.outgoing[0].rings()
    town.exchange.outgoing[0].hangs_up(34)
    town.passes(0.1)
    assert len(town.exchange.outgoing) == 1
    assert town.at_rest()


# A telephone dials.


def test_a_telephone_calls_another_switch(town: Town):
    town.clears_politely(DSL)
    town.dials(DSL, AT_B)
    assert town.flow() == [
        ("journal", "Transit"),
        ("journal", "Transit durable"),
        ("ssp-b/1", "IAM 12125550140"),
    ]
    gone = town.exchange.outgoing[0]
    assert town.journal.entries == [Transit(None, gone.key, DSL, called=AT_B)]
    assert town.exchange.iams == [
        (CalledNumber("12125550140"), CallingNumber("12125550100", screening=3))
    ]
    gone.rings()
    assert town.flow() == [("0100", "Alerting")]
    assert town.voice.fed == {line_wire(DSL): (tone_source("ringback"),)}
    gone.answers()
    assert town.flow() == [("0100", "Connect")]
    assert town.voice.fed == {
        line_wire(DSL): (wire_source(gone.wire),),
        gone.wire: (wire_source(line_wire(DSL)),),
    }
    town.hangs_up(DSL, reference=1)
    assert town.flow() == [("ssp-b/1", "REL 16 at 0"), ("0100", "Release 16")]
    assert town.at_rest()


@pytest.mark.parametrize("called", [AT_B, ISDN, CONGESTED, UNALLOCATED])
def test_what_a_telephone_dialled_can_be_written(town: Town, called: str):
    """A number that had been checked was no plain text any more, which no journal took."""
    town.dials(DSL, called)
    town.passes(0.1)
    assert len(town.journal.entries) >= (called != UNALLOCATED)
    for entry in town.journal.entries:
        assert encode_entry(Stamped("ssp-a", 1, 0, 0, entry))


def test_a_telephone_calls_its_neighbour(town: Town):
    town.clears_politely(DSL, ISDN)
    town.dials(DSL, ISDN)
    town.passes(0.1)
    town.rings(ISDN)
    town.picks_up(ISDN)
    assert town.flow() == [
        ("journal", "LineSeized"),
        ("0104", "Setup"),
        ("journal", "LineRinging"),
        ("0100", "Alerting"),
        ("journal", "LineAnswered"),
        ("journal", "LineAnswered durable"),
        ("0100", "Connect"),
    ]
    assert town.journal.entries[0] == LineSeized(1, ISDN, None, DSL, ISDN, dialled_by=DSL)
    assert town.telephones.got[ISDN] == [Setup(64, ISDN, DSL)]
    assert town.voice.fed == {
        line_wire(DSL): (wire_source(line_wire(ISDN)),),
        line_wire(ISDN): (wire_source(line_wire(DSL)),),
    }
    town.hangs_up(ISDN)
    assert town.flow() == [
        ("journal", "LineReleased"),
        ("0104", "Release 16"),
        ("journal", "LineReleased durable"),
        ("0100", "Disconnect 16"),
        ("0100", "ReleaseComplete 16"),
    ]
    assert town.at_rest()


def test_a_telephone_with_one_channel_that_calls_itself_is_busy(town: Town):
    town.dials(DIAL_UP, DIAL_UP)
    assert ("0102", "Disconnect 17") in town.flow()


@pytest.mark.parametrize(
    ("called", "cause", "tone"),
    [
        (UNALLOCATED, 1, "unobtainable"),
        (CONGESTED, 42, "congestion"),
        ("+12125551999", 3, "unobtainable"),
        ("+1212", 28, "unobtainable"),
    ],
)
def test_a_caller_hears_why_until_it_hangs_up(town: Town, called: str, cause: int, tone: str):
    town.dials(DSL, called)
    assert town.flow()[-1] == ("0100", f"Disconnect {cause}")
    assert town.voice.fed == {line_wire(DSL): (tone_source(tone),)}
    town.releases(DSL, reference=1)
    assert town.flow() == [("0100", f"ReleaseComplete {cause}")]
    assert town.at_rest()


@pytest.mark.parametrize(
    ("cause", "tone"),
    [
        (17, "busy"),
        (21, "busy"),
        (19, "busy"),
        (34, "congestion"),
        (42, "congestion"),
        (20, "unobtainable"),
    ],
)
def test_a_caller_hears_the_tone_of_a_cause_from_afar(town: Town, cause: int, tone: str):
    town.dials(DSL, AT_B)
    town.passes(0.1)
    town.exchange.free["a-c"].clear()
    town.exchange.outgoing[0].hangs_up(cause)
    assert town.voice.fed == {line_wire(DSL): (tone_source(tone),)}


def test_after_normal_clearing_there_is_no_tone(town: Town):
    town.clears_politely(DSL)
    town.dials(DSL, AT_B)
    town.passes(0.1)
    town.exchange.outgoing[0].answers()
    town.exchange.outgoing[0].hangs_up(16)
    assert town.flow()[-2:] == [("0100", "Disconnect 16"), ("0100", "ReleaseComplete 16")]
    assert town.at_rest()


def test_a_tone_ends_by_itself_when_the_caller_stays(town: Town):
    town.clears_politely(DSL)
    town.telephones.script.pop(DSL)
    town.dials(DSL, UNALLOCATED)
    town.passes(0.1)
    town.clock.advance_us(T306_US)
    assert town.flow()[-1] == ("0100", "Release 1")
    town.refuses(DSL, reference=1)
    assert town.at_rest()


def test_a_caller_that_gives_up_while_the_party_rings(town: Town):
    town.clears_politely(DSL, ISDN)
    town.dials(DSL, ISDN)
    town.passes(0.1)
    town.rings(ISDN)
    town.flow()
    town.hangs_up(DSL, reference=1)
    assert town.flow() == [
        ("journal", "LineReleased"),
        ("0104", "Disconnect 16"),
        ("0104", "ReleaseComplete 16"),
        ("0100", "Release 16"),
    ]
    assert town.at_rest()


def test_two_calls_on_one_line_add_up_on_its_wire(town: Town):
    town.clears_politely(ISDN)
    town.dials(ISDN, AT_B, reference=1)
    town.dials(ISDN, AT_C, reference=2)
    town.passes(0.1)
    b, c = town.exchange.outgoing
    b.answers()
    c.answers()
    assert town.voice.fed[line_wire(ISDN)] == (wire_source(b.wire), wire_source(c.wire))
    b.hangs_up()
    assert town.voice.fed[line_wire(ISDN)] == (wire_source(c.wire),)
    c.hangs_up()
    town.passes(0.1)
    assert town.at_rest()


def test_a_telephone_that_dials_on_a_busy_line_is_refused(town: Town):
    town.call_in(DIAL_UP)
    town.passes(0.1)
    town.log.clear()
    town.dials(DIAL_UP, AT_B)
    assert town.flow() == [("0102", "ReleaseComplete 34")]
    assert town.switch.register.calls_on(DIAL_UP) == 1
