"""Calls that arrive on a circuit for a telephone of the switch, as call flows."""

import pytest

from calleq.journal.entries import LineRefused, LineReleased, LineSeized, Received
from calleq.lines.channel import T301_US, T306_US, T308_US
from calleq.lines.messages import Setup
from calleq.media.contract import line_wire, wire_source
from calleq.ss7.isup.messages import CalledNumber, CallingNumber, Iam, Nature, Presentation
from calleq.units import SECOND_US
from tests.ssp_neighbours import Town

DSL, TWO_LINES, DIAL_UP, ISDN = "+12125550100", "+12125550101", "+12125550102", "+12125550104"
CONGESTED = "+12125550107"
UNALLOCATED = "+12125550103"


CALLER = "+12125550140"


def came(called: str) -> Received:
    """What the IAM of `call_in` says."""
    return Received("ip-a", called[1:], Nature.INTERNATIONAL, CALLER[1:], Nature.INTERNATIONAL)


@pytest.fixture
def town() -> Town:
    return Town()


def test_a_call_is_offered_rung_answered_and_ended_by_the_network(town: Town):
    town.clears_politely(DSL)
    leg = town.call_in(DSL)
    assert town.flow() == [("journal", "LineSeized"), ("0100", "Setup")]
    town.rings(DSL)
    assert town.flow() == [("journal", "LineRinging"), ("ip-76/1", "ACM")]
    assert town.voice.fed == {}  # a ringing telephone is connected to nobody
    town.picks_up(DSL)
    assert town.flow() == [
        ("journal", "LineAnswered"),
        ("journal", "LineAnswered durable"),
        ("ip-76/1", "ANM"),
    ]
    assert town.voice.fed == {
        leg.wire: (wire_source(line_wire(DSL)),),
        line_wire(DSL): (wire_source(leg.wire),),
    }
    leg.hangs_up(16)
    assert town.flow() == [
        ("journal", "LineReleased"),
        ("0100", "Disconnect 16"),
        ("0100", "ReleaseComplete 16"),
    ]
    assert town.journal.entries[0] == LineSeized(1, DSL, leg.key, CALLER, DSL, came(DSL))
    assert town.journal.entries[-1] == LineReleased(1, 16, 4, "network")
    assert town.at_rest()


def test_a_party_that_hangs_up_is_written_down_before_the_network_hears_of_it(town: Town):
    town.clears_politely(DSL)
    town.call_in(DSL)
    town.passes(0.1)
    town.picks_up(DSL)  # straight from CALL PRESENT, without ALERTING
    assert town.flow()[-1] == ("ip-76/1", "ANM")
    town.hangs_up(DSL)
    assert town.flow() == [
        ("journal", "LineReleased"),
        ("0100", "Release 16"),
        ("journal", "LineReleased durable"),
        ("ip-76/1", "REL 16 at 0"),
    ]
    assert town.journal.entries[-1] == LineReleased(1, 16, 0, "line")
    assert town.at_rest()


@pytest.mark.parametrize(
    ("called", "cause"), [(UNALLOCATED, 1), (CONGESTED, 42)], ids=["unallocated", "congested"]
)
def test_a_number_that_cannot_be_offered_a_call_is_refused(town: Town, called: str, cause: int):
    leg = town.call_in(called)
    assert town.flow() == [
        ("journal", "LineRefused"),
        ("journal", "LineRefused durable"),
        ("ip-76/1", f"REL {cause} at 2"),
    ]
    assert town.journal.entries == [LineRefused(called, leg.key, cause, 2, CALLER, came(called))]
    assert town.at_rest()


def test_numbers_are_written_down_as_they_were_received_and_as_what_they_mean(town: Town):
    """Q.763 §3.9, §3.10: a national number whose presentation is restricted."""
    calling = CallingNumber("2125550140", Nature.NATIONAL, presentation=Presentation.RESTRICTED)
    town.exchange.iam("ip-a", 1, Iam(1, CalledNumber(f"{DSL[2:]}f", Nature.NATIONAL), calling))
    town.passes(0.1)
    seized = town.journal.entries[0]
    assert isinstance(seized, LineSeized)
    assert (seized.calling, seized.called) == (CALLER, DSL)
    assert seized.received == Received("ip-a", "2125550100f", 3, "2125550140", 3, 1)


def test_two_calls_at_once_to_a_single_line_and_the_second_is_busy(town: Town):
    town.clears_politely(DIAL_UP)
    first = town.call_in(DIAL_UP, cic=1)
    second = town.call_in(DIAL_UP, cic=2)
    assert town.flow() == [
        ("journal", "LineSeized"),
        ("0102", "Setup"),
        ("journal", "LineRefused"),
        ("journal", "LineRefused durable"),
        ("ip-76/2", "REL 17 at 2"),
    ]
    assert town.journal.entries[-1] == LineRefused(
        DIAL_UP, second.key, 17, 2, CALLER, came(DIAL_UP)
    )
    first.hangs_up()
    town.passes(1)
    assert town.at_rest()


@pytest.mark.row("S2-84", part=True)
@pytest.mark.parametrize(("line", "reachable"), [(DIAL_UP, False), (TWO_LINES, True), (ISDN, True)])
def test_a_line_with_a_data_call_of_its_own_is_busy_unless_it_has_a_second_channel(
    town: Town, line: str, reachable: bool
):
    town.clears_politely(line)
    town.dials(line, "+12125550143")  # the modem calls the provider
    town.passes(0.1)
    provider = town.exchange.outgoing[0]
    provider.rings()
    provider.answers()
    town.flow()
    town.call_in(line)
    seen = town.flow()
    if reachable:
        assert seen == [("journal", "LineSeized"), (line[-4:], "Setup")]
    else:
        assert seen[-1] == ("ip-76/1", "REL 17 at 2")
        provider.hangs_up()  # off-line again
        town.passes(1)
        town.log.clear()
        town.call_in(line, cic=2)
        assert town.flow() == [("journal", "LineSeized"), (line[-4:], "Setup")]


@pytest.mark.row("S2-84", part=True)
def test_a_dsl_line_on_line_is_called_like_any_other(town: Town):
    assert town.switch.register.line(DSL).online
    town.call_in(DSL)
    assert town.flow() == [("journal", "LineSeized"), ("0100", "Setup")]


def test_a_telephone_that_rejects_at_once(town: Town):
    town.call_in(DSL)
    town.passes(0.1)
    town.log.clear()
    town.refuses(DSL, cause=21)
    assert town.flow() == [
        ("journal", "LineReleased"),
        ("journal", "LineReleased durable"),
        ("ip-76/1", "REL 21 at 0"),
    ]
    assert town.journal.entries[-1] == LineReleased(1, 21, 0, "line")
    assert town.at_rest()


def test_a_telephone_that_rejects_while_it_rings(town: Town):
    town.clears_politely(DSL)
    town.call_in(DSL)
    town.passes(0.1)
    town.rings(DSL)
    town.hangs_up(DSL, cause=21)
    assert town.flow()[-1] == ("ip-76/1", "REL 21 at 0")
    assert town.at_rest()


def test_a_telephone_that_never_answers_setup_gets_it_twice_then_18(town: Town):
    town.call_in(DSL)
    town.passes(7.8)
    assert town.flow() == [("journal", "LineSeized"), ("0100", "Setup"), ("0100", "Setup")]
    town.passes(0.2)
    assert town.flow() == [
        ("journal", "LineReleased"),
        ("0100", "ReleaseComplete 102"),
        ("journal", "LineReleased durable"),
        ("ip-76/1", "REL 18 at 2"),
    ]
    assert town.journal.entries[-1] == LineReleased(1, 18, 2, "network")
    assert town.at_rest()


def test_a_telephone_rings_for_t301_at_most(town: Town):
    town.clears_politely(DSL)
    town.call_in(DSL)
    town.passes(0.1)
    town.rings(DSL)
    town.clock.advance_us(T301_US - SECOND_US)
    town.flow()
    town.passes(1)
    assert town.flow() == [
        ("journal", "LineReleased"),
        ("0100", "Disconnect 19"),
        ("0100", "ReleaseComplete 19"),
        ("journal", "LineReleased durable"),
        ("ip-76/1", "REL 19 at 2"),
    ]
    assert town.at_rest()


def test_the_caller_gives_up_while_the_telephone_rings(town: Town):
    town.clears_politely(DSL)
    leg = town.call_in(DSL)
    town.passes(0.1)
    town.rings(DSL)
    town.flow()
    leg.hangs_up(16)
    assert town.flow() == [
        ("journal", "LineReleased"),
        ("0100", "Disconnect 16"),
        ("0100", "ReleaseComplete 16"),
    ]
    assert town.journal.entries[-1] == LineReleased(1, 16, 4, "network")
    assert town.at_rest()


def test_the_caller_is_gone_before_the_switch_has_looked_at_the_call(town: Town):
    town.call_in(DSL).hangs_up()
    assert town.flow() == []
    assert town.at_rest()


def test_the_caller_gives_up_while_the_answer_is_being_written(town: Town):
    town.clears_politely(DSL)
    leg = town.call_in(DSL)
    town.passes(0.1)
    town.rings(DSL)
    town.flow()
    town.picks_up(DSL)
    leg.hangs_up(16)
    seen = town.flow()
    assert ("ip-76/1", "ANM") not in seen
    assert ("journal", "LineReleased") in seen
    assert town.at_rest()


def test_both_hang_up_at_once_and_the_release_is_written_once(town: Town):
    town.clears_politely(DSL)
    leg = town.call_in(DSL)
    town.passes(0.1)
    town.picks_up(DSL)
    town.flow()
    town.hangs_up(DSL)
    leg.hangs_up(16)  # before the journal has the party's release
    assert town.flow() == [
        ("journal", "LineReleased"),
        ("0100", "Release 16"),
        ("journal", "LineReleased durable"),
    ]
    assert town.at_rest()


def test_a_dead_telephone_frees_its_line_within_the_timers(town: Town):
    leg = town.call_in(DIAL_UP)
    town.passes(0.1)
    leg.hangs_up()
    town.clock.advance_us(T306_US + 2 * T308_US - SECOND_US)
    assert town.switch.register.calls_on(DIAL_UP) == 1
    town.passes(1)
    assert town.flow()[1:] == [
        ("0102", "Setup"),
        ("journal", "LineReleased"),
        ("0102", "Disconnect 16"),
        ("0102", "Release 16"),
        ("0102", "Release 16"),
    ]
    assert town.at_rest()


def test_when_the_wires_to_the_telephones_break_every_call_on_them_ends(town: Town):
    town.call_in(DSL)
    town.call_in(TWO_LINES, cic=2)
    town.passes(0.1)
    town.picks_up(DSL)
    town.rings(TWO_LINES)
    town.flow()
    town.switch.lines_lost()
    assert town.flow() == [
        ("journal", "LineReleased"),
        ("journal", "LineReleased"),
        ("journal", "LineReleased durable"),
        ("ip-76/1", "REL 27 at 0"),
        ("journal", "LineReleased durable"),
        ("ip-76/2", "REL 27 at 0"),
    ]
    assert town.at_rest()


def test_the_calling_number_is_shown_only_where_it_may_be(town: Town):
    town.call_in(ISDN, cic=1)
    town.call_in(
        ISDN,
        cic=2,
        calling=CallingNumber("12125550140", presentation=Presentation.RESTRICTED),
    )
    town.passes(0.1)
    assert town.telephones.got[ISDN] == [
        Setup(64, ISDN, "+12125550140"),
        Setup(65, ISDN, ""),
    ]
    calling = [entry.calling for entry in town.journal.entries if isinstance(entry, LineSeized)]
    assert calling == ["+12125550140"] * 2  # the record knows it


@pytest.mark.parametrize(
    ("called", "cause"),
    [
        (CalledNumber("12125551999"), 3),  # nobody's prefix
        (CalledNumber("12125550180"), 3),  # a switch without trunks
        (CalledNumber("1212"), 28),
        (CalledNumber("1212555010b"), 28),
        (CalledNumber("5550100", nature=1), 28),
    ],
)
def test_digits_that_lead_nowhere(town: Town, called: CalledNumber, cause: int):
    town.exchange.iam("ip-a", 1, Iam(1, called))
    assert town.flow() == [("ip-76/1", f"REL {cause} at 3")]
    assert town.at_rest()


@pytest.mark.parametrize(
    "called", [CalledNumber("12125550100f"), CalledNumber("2125550100", nature=3)]
)
def test_a_number_may_end_with_st_or_be_national(town: Town, called: CalledNumber):
    town.exchange.iam("ip-a", 1, Iam(1, called))
    assert town.flow() == [("journal", "LineSeized"), ("0100", "Setup")]


def test_references_of_one_line_go_round(town: Town):
    town.clears_politely(DSL)
    seen = []
    for _ in range(65):
        leg = town.call_in(DSL)
        town.passes(0.1)
        seen.append(town.telephones.got[DSL][-1].reference)
        leg.hangs_up()
        town.passes(0.1)
    assert seen == [*range(64, 128), 64]
    seizures = [entry.seizure for entry in town.journal.entries if isinstance(entry, LineSeized)]
    assert seizures == list(range(1, 66))
