"""Real telephones and SIP trunks at a switch, as call flows; the far end is scripted in octets."""

import pytest
from msgspec.structs import astuple, replace

from calleq.billing.derivation import derive_records
from calleq.billing.records import leg_as_json, voice_rows
from calleq.journal.entries import (
    Accepted,
    CircuitKey,
    Dialled,
    Ended,
    Entry,
    LineMeasured,
    LineRefused,
    LineReleased,
    LineSeized,
    Stamped,
    Transit,
)
from calleq.lines.channel import T303_US, T310_US
from calleq.lines.messages import (
    TRUNK_REFERENCES,
    Alerting,
    Connect,
    Disconnect,
    LineMessage,
    Proceeding,
    Progress,
    Release,
    ReleaseComplete,
    Screening,
    Setup,
)
from calleq.media.contract import channel_wire, line_wire, tone_source, wire_source
from calleq.media.ports import Quality
from calleq.ss7.isup.contract import Digits
from calleq.ss7.isup.in_band import is_in_band
from calleq.ss7.isup.messages import Acm, CalledNumber, CallingNumber, Cpg, Presentation
from calleq.ssp.lines import REFERENCES_USED
from calleq.ssp.numbers import SwitchNumbers
from calleq.ssp.routing import Beyond, NoRoute, Routing, Towards
from calleq.topology import Business, ForeignNode, Line, Topology, TrunkGroup
from calleq.topology_sip import SipTrunk
from tests.ssp_neighbours import FarCircuit, Town, town_topology

SIP, SIMULATED, AT_B = "+12125550109", "+12125550104", "+12125550140"
LONDON, PARIS, PREMIUM = "+442079460000", "+33140000000", "+44900123456"
FIRST = TRUNK_REFERENCES.switch.start
THEIRS = TRUNK_REFERENCES.far_end.start
QUALITY = Quality(1_500, 3, 2, 1, 2_500, 1_503, 4, 1_250, 40_000, 91.2, 4.38)


def wired_topology(*trunks: SipTrunk) -> Topology:
    """The town with a SIP telephone, and two trunks to Britain at ssp-a."""
    base = town_topology()
    line = Line(number=SIP, access="sip", password="x")
    return replace(base, lines=(*base.lines, line), sip_trunks=trunks or TRUNKS)


TRUNKS = (
    SipTrunk(name="west", switch="ssp-a", peers=("192.0.2.1:5060",), prefixes=("+44",), channels=2),
    SipTrunk(
        name="east",
        switch="ssp-a",
        peers=("192.0.2.2:5060",),
        prefixes=("+44",),
        forbidden=("+44900",),
        trusted=True,
    ),
)


@pytest.fixture
def town() -> Town:
    return Town(wired_topology(TRUNKS[0], TRUNKS[1]))


def says(town: Town, line: str, message: LineMessage) -> None:
    """The far end of the line."""
    town.telephones.say(line, message)


def clears(town: Town, *lines: str, quality: Quality | None = QUALITY) -> None:
    """The far end answers DISCONNECT and RELEASE as Q.931 wants, and says what it measured."""

    def answer(line: str, message: LineMessage) -> None:
        match message:
            case Disconnect(reference, cause, flag):
                says(town, line, Release(reference, cause, not flag, quality))
            case Release(reference, cause, flag):
                says(town, line, ReleaseComplete(reference, cause, not flag, quality))
            case _:
                pass

    for line in lines:
        town.telephones.script[line] = answer


def measured(seizure: int) -> LineMeasured:
    return LineMeasured(seizure, *astuple(QUALITY))


# A SIP telephone is called.


def test_each_call_of_a_real_telephone_has_a_wire_of_its_own(town: Town) -> None:
    clears(town, SIP)
    one, other = town.call_in(SIP, cic=1), town.call_in(SIP, cic=2)
    town.passes(0.1)
    town.picks_up(SIP, 64)
    town.picks_up(SIP, 65)
    town.passes(0.1)
    first, second = channel_wire(SIP, 64, True), channel_wire(SIP, 65, True)
    assert town.voice.fed == {
        one.wire: (wire_source(first),),
        first: (wire_source(one.wire),),
        other.wire: (wire_source(second),),
        second: (wire_source(other.wire),),
    }
    one.hangs_up()
    town.passes(0.1)
    assert set(town.voice.fed) == {other.wire, second}
    other.hangs_up()
    town.passes(0.1)
    assert town.at_rest()


def test_what_was_measured_is_written_after_the_release_whoever_ends_the_call(town: Town) -> None:
    clears(town, SIP)
    leg = town.call_in(SIP)
    town.passes(0.1)
    town.picks_up(SIP)
    town.passes(0.1)
    leg.hangs_up()
    town.call_in(SIP, cic=2)
    town.passes(0.1)
    town.picks_up(SIP, 65)
    town.passes(0.1)
    town.hangs_up(SIP, 65)
    town.passes(0.1)
    kinds = (LineReleased, LineMeasured)
    assert [entry for entry in town.journal.entries if isinstance(entry, kinds)] == [
        LineReleased(1, 16, 4, "network"),
        measured(1),
        LineReleased(2, 16, 0, "line"),
        measured(2),
    ]
    assert town.at_rest()


def test_a_quality_is_written_once_and_none_is_not_written(town: Town) -> None:
    town.call_in(SIP)
    town.passes(0.1)
    says(town, SIP, Release(64, 21, True, QUALITY))
    says(town, SIP, ReleaseComplete(64, 21, True, QUALITY))
    town.call_in(SIP, cic=2)
    town.passes(0.1)
    says(town, SIP, ReleaseComplete(65, 21, True))
    town.passes(0.1)
    assert [e for e in town.journal.entries if isinstance(e, LineMeasured)] == [measured(1)]
    assert town.at_rest()


def test_a_real_telephone_is_told_that_a_caller_is_not_to_be_shown(town: Town) -> None:
    hidden = CallingNumber("12125550140", presentation=Presentation.RESTRICTED)
    town.call_in(SIP, calling=hidden)
    town.call_in(SIMULATED, cic=2, calling=hidden)
    town.passes(0.1)
    assert town.telephones.got[SIP] == [
        Setup(64, SIP, "", restricted=True, screening=Screening.NETWORK)
    ]
    assert town.telephones.got[SIMULATED] == [Setup(64, SIMULATED)]


def test_a_party_that_takes_long_to_find_is_waited_for(town: Town) -> None:
    clears(town, SIP)
    town.call_in(SIP)
    town.passes(0.1)
    says(town, SIP, Proceeding(64, to_originator=True))
    town.clock.advance_us(3 * T303_US)
    assert len(town.telephones.got[SIP]) == 1  # no second SETUP
    town.rings(SIP)
    town.picks_up(SIP)
    assert town.flow()[-1] == ("ip-76/1", "ANM")


def test_a_party_that_is_never_found_is_given_up(town: Town) -> None:
    clears(town, SIP)
    town.call_in(SIP)
    town.passes(0.1)
    says(town, SIP, Proceeding(64, to_originator=True))
    town.clock.advance_us(T310_US)
    assert town.flow()[-1] == ("ip-76/1", "REL 18 at 2")
    assert [e for e in town.journal.entries if isinstance(e, LineReleased)] == [
        LineReleased(1, 18, 2, "network")
    ]
    assert town.at_rest()


def test_progress_does_not_make_a_ringing_last_longer(town: Town) -> None:
    clears(town, SIP)
    town.call_in(SIP)
    town.passes(0.1)
    town.rings(SIP)
    for _ in range(18):
        town.passes(10)
        says(town, SIP, Progress(64, to_originator=True))
    town.passes(1)
    assert town.flow()[-1] == ("ip-76/1", "REL 19 at 2")
    assert town.at_rest()


# Tones and announcements before the answer.


class Ear(FarCircuit):
    """Keeps what the switch says with its ACM and CPG."""

    said: list[object]

    def progress(self, heard: object = None) -> None:
        self.said.append(heard)
        super().progress()

    def alerting(self, heard: object = None) -> None:
        self.said.append(heard)
        super().alerting()


def listen(circuit: FarCircuit) -> list[object]:
    circuit.__class__ = Ear
    said: list[object] = []
    circuit.said = said  # type: ignore[attr-defined]
    return said


def test_early_media_is_heard_and_is_no_answer(town: Town) -> None:
    clears(town, "west")
    leg = town.call_in(LONDON)
    said = listen(leg)
    town.passes(0.1)
    wire = channel_wire("west", FIRST, True)
    says(town, "west", Progress(FIRST, to_originator=True))
    assert town.voice.fed == {leg.wire: (wire_source(wire),)}  # backward alone
    says(town, "west", Progress(FIRST, to_originator=True))
    says(town, "west", Alerting(FIRST, to_originator=True))
    assert town.flow()[-3:] == [
        ("ip-76/1", "ACM no indication"),
        ("journal", "LineRinging"),
        ("ip-76/1", "ACM"),
    ]
    assert [type(message) for message in said] == [Acm, Cpg]
    assert all(is_in_band(message) for message in said)  # type: ignore[arg-type]
    says(town, "west", Connect(FIRST, to_originator=True))
    assert town.flow()[-1] == ("ip-76/1", "ANM")
    leg.hangs_up()
    town.passes(0.1)
    assert town.at_rest()


def test_early_media_after_ringing_replaces_the_ringing_tone(town: Town) -> None:
    clears(town, SIP, SIMULATED)
    town.dials(SIMULATED, SIP)
    town.passes(0.1)
    town.rings(SIP)
    assert town.voice.fed == {line_wire(SIMULATED): (tone_source("ringback"),)}
    says(town, SIP, Progress(64, to_originator=True))
    assert town.voice.fed == {line_wire(SIMULATED): (wire_source(channel_wire(SIP, 64, True)),)}
    assert [type(m) for m in town.telephones.got[SIMULATED]] == [Alerting]


def test_ringing_after_early_media_leaves_it_to_be_heard_and_a_real_caller_is_told(
    town: Town,
) -> None:
    clears(town, SIP, "west")
    town.dials(SIP, LONDON)
    town.passes(0.1)
    says(town, "west", Progress(FIRST, to_originator=True))
    says(town, "west", Alerting(FIRST, to_originator=True))
    caller, wire = channel_wire(SIP, 1, False), channel_wire("west", FIRST, True)
    assert town.voice.fed == {caller: (wire_source(wire),)}
    assert town.telephones.got[SIP] == [
        Progress(1, to_originator=True),
        Alerting(1, to_originator=True),
    ]
    says(town, "west", Disconnect(FIRST, 17, to_originator=True))
    town.passes(0.1)
    assert town.telephones.got[SIP][-2] == Disconnect(1, 17, to_originator=True)
    assert town.at_rest()


def test_a_progress_that_is_nothing_to_hear_tells_nobody(town: Town) -> None:
    leg = town.call_in(LONDON)
    town.passes(0.1)
    town.log.clear()
    says(town, "west", Progress(FIRST, in_band=False, to_originator=True))
    assert town.flow() == []
    assert town.voice.fed == {}
    leg.hangs_up()


# Out by a trunk.


def test_a_call_leaves_by_a_trunk_and_its_record_is_made_here(town: Town) -> None:
    clears(town, "west")
    leg = town.call_in(LONDON)
    assert town.flow() == [("journal", "LineSeized"), ("west", "Setup")]
    setup = town.telephones.got["west"][0]
    assert setup == Setup(FIRST, LONDON, "+12125550140", "", False, Screening.NETWORK)
    seized = town.journal.entries[0]
    assert isinstance(seized, LineSeized)
    assert (seized.line, seized.called, seized.incoming) == ("west", LONDON, leg.key)
    says(town, "west", Alerting(FIRST, to_originator=True))
    says(town, "west", Connect(FIRST, to_originator=True))
    assert town.flow()[-1] == ("ip-76/1", "ANM")
    wire = channel_wire("west", FIRST, True)
    assert town.voice.fed == {leg.wire: (wire_source(wire),), wire: (wire_source(leg.wire),)}
    leg.hangs_up()
    town.passes(0.1)
    assert town.journal.entries[-1] == measured(1)
    assert town.at_rest()


def test_only_a_trusted_trunk_is_told_a_caller_who_is_not_to_be_shown(town: Town) -> None:
    hidden = CallingNumber("12125550140", presentation=Presentation.RESTRICTED)
    for cic in (1, 2, 3):
        town.call_in(LONDON, cic=cic, calling=hidden)
    town.passes(0.1)
    west, east = town.telephones.got["west"][0], town.telephones.got["east"][0]
    assert west == Setup(FIRST, LONDON, "", restricted=True, screening=Screening.NETWORK)
    assert east == Setup(FIRST, LONDON, AT_B, restricted=True, screening=Screening.NETWORK)


def test_when_every_channel_is_in_use_the_next_trunk_is_taken_and_then_there_is_34(
    town: Town,
) -> None:
    topology = wired_topology(TRUNKS[0], replace(TRUNKS[1], channels=1, forbidden=()))
    town = Town(topology)
    for cic in (1, 2, 3):
        town.call_in(LONDON, cic=cic)
    town.passes(0.1)
    assert [line for line, messages in town.telephones.got.items() for _ in messages] == [
        "west",
        "west",
        "east",
    ]
    town.log.clear()
    town.call_in(LONDON, cic=4)
    assert town.flow()[-1] == ("ip-76/4", "REL 34 at 2")
    refused = town.journal.entries[-1]
    assert isinstance(refused, LineRefused)
    assert (refused.called, refused.cause) == (LONDON, 34)


@pytest.mark.parametrize("cause", [27, 34, 38, 41, 42])
def test_a_trunk_in_trouble_gives_way_to_the_next(town: Town, cause: int) -> None:
    clears(town, "west", "east")
    leg = town.call_in(LONDON)
    town.passes(0.1)
    says(town, "west", ReleaseComplete(FIRST, cause, to_originator=True))
    says(town, "east", Alerting(FIRST, to_originator=True))
    says(town, "east", Connect(FIRST, to_originator=True))
    town.passes(0.1)
    leg.hangs_up()
    town.passes(0.1)
    first, released, second = town.journal.entries[:3]
    assert isinstance(first, LineSeized)
    assert isinstance(second, LineSeized)
    assert (first.line, first.again, second.line, second.again) == ("west", False, "east", True)
    assert released == LineReleased(1, cause, 0, "line")
    assert town.at_rest()


def test_a_trunk_that_says_nothing_at_all_gives_way_too(town: Town) -> None:
    town.call_in(LONDON)
    town.clock.advance_us(2 * T303_US + 100_000)
    assert town.telephones.got["east"][0] == Setup(FIRST, LONDON, AT_B, screening=Screening.NETWORK)


@pytest.mark.parametrize("cause", [1, 17, 18, 19, 21, 28])
def test_a_party_that_was_found_busy_is_not_looked_for_elsewhere(town: Town, cause: int) -> None:
    town.call_in(LONDON)
    town.passes(0.1)
    says(town, "west", ReleaseComplete(FIRST, cause, to_originator=True))
    assert town.flow()[-1] == ("ip-76/1", f"REL {cause} at 0")
    assert "east" not in town.telephones.got
    assert town.at_rest()


def test_a_party_that_was_rung_is_not_dialled_by_another_trunk(town: Town) -> None:
    clears(town, "west")
    town.call_in(LONDON)
    town.passes(0.1)
    says(town, "west", Alerting(FIRST, to_originator=True))
    says(town, "west", Disconnect(FIRST, 41, to_originator=True))
    assert town.flow()[-1] == ("ip-76/1", "REL 41 at 0")
    assert "east" not in town.telephones.got
    assert town.at_rest()


def test_the_last_trunk_s_failure_is_the_call_s(town: Town) -> None:
    leg = town.call_in(LONDON)
    town.passes(0.1)
    says(town, "west", ReleaseComplete(FIRST, 38, to_originator=True))
    says(town, "east", ReleaseComplete(FIRST, 41, to_originator=True))
    assert town.flow()[-1] == ("ip-76/1", "REL 41 at 0")
    assert leg.ended
    assert town.at_rest()


def test_references_of_a_trunk_come_in_turn_and_wrap(town: Town) -> None:
    clears(town, "west")
    last = FIRST + REFERENCES_USED - 1
    town.switch.register._lines["west"].next_reference = last  # a thousand calls later
    for cic in (1, 2):
        town.call_in(LONDON, cic=cic)
    town.passes(0.1)
    assert [m.reference for m in town.telephones.got["west"]] == [last, FIRST]


# Routes.


def test_forbidden_numbers_leave_by_no_way() -> None:
    topology = wired_topology(
        replace(TRUNKS[0], prefixes=("+",), forbidden=("+44900",)),
        replace(TRUNKS[1], prefixes=("+44",), forbidden=("+44900",)),
    )
    routing = Routing(topology, "ssp-a")
    assert routing.route(PREMIUM) == NoRoute(21)
    assert routing.route(LONDON) == Beyond(("east",))  # the longest prefix wins
    assert routing.route(PARIS) == Beyond(("west",))
    assert routing.route(SIP).__class__.__name__ == "OwnNumber"


def test_a_trunk_that_may_is_dialled_where_another_of_the_same_prefix_may_not() -> None:
    routing = Routing(wired_topology(TRUNKS[0], TRUNKS[1]), "ssp-a")
    assert routing.route(PREMIUM) == Beyond(("west",))
    assert routing.route(LONDON) == Beyond(("west", "east"))
    assert routing.route(PARIS) == NoRoute(3)


def test_a_number_beyond_the_network_that_comes_in_pieces_goes_on_when_it_can_be_one() -> None:
    plan = SwitchNumbers(Routing(wired_topology(*TRUNKS), "ssp-a"), (), "1")
    asked = [plan.digits(CalledNumber(LONDON[1:length])) for length in (5, 8, 13)]
    assert asked == [Digits.MISSING, Digits.ENOUGH, Digits.ENOUGH]
    assert not plan.goes_on(CalledNumber(LONDON[1:]))


def test_other_switches_lead_to_the_switch_of_the_trunk() -> None:
    topology = wired_topology(TRUNKS[0], replace(TRUNKS[1], switch="ssp-b"))
    assert Routing(topology, "ssp-d").route(LONDON) == Towards("ssp-a", ("b-d",), ("c-d",), "trunk")
    assert Routing(topology, "ssp-c").route(LONDON) == Towards(
        "ssp-a", ("a-c", "b-c"), ("c-d",), "trunk"
    )
    own = Routing(topology, "ssp-a").route(LONDON)
    assert own == Beyond(("west",), Towards("ssp-b", ("a-b",), ("a-c",), "trunk"))
    assert Routing(topology, "ssp-e").route(LONDON) == NoRoute(3)


def test_where_this_switch_s_trunks_fail_the_call_goes_to_those_of_another() -> None:
    topology = wired_topology(TRUNKS[0], replace(TRUNKS[1], switch="ssp-b"))
    town = Town(topology)
    come = town.call_in(LONDON)
    town.passes(0.1)
    says(town, "west", ReleaseComplete(FIRST, 41, to_originator=True))
    assert town.flow()[-1] == ("ssp-b/1", "IAM 442079460000")
    gone = town.exchange.outgoing[0]
    assert town.journal.entries[-1] == Transit(come.key, gone.key, "", True, LONDON)
    gone.hangs_up(34)
    gone = town.exchange.outgoing[-1]
    town.passes(0.1)
    assert town.exchange.outgoing[-1].far == "ssp-c"  # the detour
    town.exchange.outgoing[-1].hangs_up(41)
    assert town.flow()[-1] == ("ip-76/1", "REL 41 at 4")
    assert town.at_rest()


def test_a_call_from_another_switch_goes_no_further_than_this_one_s_trunks() -> None:
    topology = wired_topology(TRUNKS[0], replace(TRUNKS[1], switch="ssp-b"))
    town = Town(topology)
    town.call_in(LONDON, group="a-c")
    town.passes(0.1)
    says(town, "west", ReleaseComplete(FIRST, 41, to_originator=True))
    assert town.flow()[-1] == ("ssp-c/1", "REL 41 at 0")
    assert town.exchange.outgoing == []
    assert town.at_rest()


# In by a trunk.


def test_a_caller_behind_a_trunk_reaches_a_telephone_of_ours(town: Town) -> None:
    clears(town, "west", SIP)
    says(town, "west", Setup(THEIRS, SIP, LONDON))
    assert town.flow() == [("journal", "LineSeized"), ("0109", "Setup")]
    assert town.journal.entries == [LineSeized(1, SIP, None, LONDON, SIP, dialled_by="west")]
    assert town.telephones.got[SIP] == [Setup(64, SIP, LONDON, screening=Screening.UNSCREENED)]
    town.rings(SIP)
    town.picks_up(SIP)
    town.passes(0.1)
    assert town.telephones.got["west"] == [Alerting(THEIRS, True), Connect(THEIRS, True)]
    caller, called = channel_wire("west", THEIRS, False), channel_wire(SIP, 64, True)
    assert town.voice.fed == {caller: (wire_source(called),), called: (wire_source(caller),)}
    says(town, "west", Disconnect(THEIRS, 16))
    town.passes(0.1)
    assert town.at_rest()


def test_a_caller_behind_a_trunk_reaches_another_switch_and_is_not_believed(town: Town) -> None:
    says(town, "west", Setup(THEIRS, AT_B, SIMULATED, "", True, Screening.PASSED))
    town.passes(0.1)
    _, calling = town.exchange.iams[0]
    assert calling == CallingNumber(
        "12125550104", presentation=Presentation.RESTRICTED, screening=Screening.UNSCREENED
    )
    assert town.journal.entries[0] == Transit(
        None, town.exchange.outgoing[0].key, "west", called=AT_B
    )


@pytest.mark.parametrize("called", [LONDON, "sip:ann@192.0.2.9", PARIS])
def test_a_caller_behind_a_trunk_does_not_leave_the_network_again(town: Town, called: str) -> None:
    clears(town, "west")
    says(town, "west", Setup(THEIRS, called, PARIS))
    town.passes(0.1)
    causes = {LONDON: 21, PARIS: 3}
    expected = Disconnect(THEIRS, causes.get(called, 28), to_originator=True)
    assert town.telephones.got["west"][0] == expected
    assert town.journal.entries == []
    assert town.at_rest()


def test_unless_the_trunk_s_policy_lets_it() -> None:
    town = Town(wired_topology(replace(TRUNKS[0], transit=True), TRUNKS[1]))
    says(town, "west", Setup(THEIRS, LONDON, PARIS))
    town.passes(0.1)
    assert town.telephones.got["west"] == [
        Setup(FIRST, LONDON, PARIS, screening=Screening.UNSCREENED)
    ]


def test_a_full_trunk_takes_no_caller_either(town: Town) -> None:
    for reference in (THEIRS, THEIRS + 1):
        says(town, "west", Setup(reference, SIP, LONDON))
    says(town, "west", Setup(THEIRS + 2, SIP, LONDON))
    assert town.telephones.got["west"] == [ReleaseComplete(THEIRS + 2, 34, to_originator=True)]


def test_a_reference_that_is_the_switch_s_is_nobody_s_to_choose(town: Town) -> None:
    says(town, "west", Setup(FIRST, SIP, LONDON))
    says(town, "west", Setup(1, SIP, LONDON))
    assert town.switch.register.unexpected_lines == 2
    assert town.flow() == []


# Whether a calling number is said to be true (A, B and C of RFC 8588).


@pytest.mark.parametrize(
    ("calling", "screening", "attestation"),
    [
        (CallingNumber("12125550104"), Screening.NETWORK, "A"),  # a line of ours
        (CallingNumber("12125550140", screening=1), Screening.PASSED, "A"),  # of another switch
        (CallingNumber("18005550199"), Screening.NETWORK, "A"),  # given to a business
        (CallingNumber("442079460001"), Screening.FAILED, "B"),  # our caller, not our number
        (CallingNumber("12125550104", screening=2), Screening.FAILED, "B"),
        (CallingNumber("12125550104", screening=0), Screening.UNSCREENED, "C"),
    ],
)
def test_what_a_trunk_is_told_of_who_calls(
    calling: CallingNumber, screening: Screening, attestation: str
) -> None:
    business = Business(identifier="abc", number="+18005550199")
    town = Town(replace(wired_topology(*TRUNKS), businesses=(business,)))
    town.call_in(LONDON, calling=calling)
    town.passes(0.1)
    setup = town.telephones.got["west"][0]
    assert isinstance(setup, Setup)
    assert setup.screening is screening
    assert setup.screening.attestation == attestation


def test_callers_of_another_network_are_not_believed_and_do_not_use_our_trunks() -> None:
    base = wired_topology(*TRUNKS)
    abroad = ForeignNode(name="abroad", point_code="3-1-1", prefixes=("+33",))
    group = TrunkGroup(name="a-f", ends=("ssp-a", "abroad"), circuits=4)
    town = Town(replace(base, foreign_nodes=(abroad,), trunks=(*base.trunks, group)))
    town.call_in(AT_B, group="a-f", calling=CallingNumber("12125550104"))
    town.call_in(LONDON, group="a-f", cic=2)
    town.passes(0.1)
    (_, calling), *others = town.exchange.iams
    assert calling == CallingNumber("12125550104", screening=Screening.UNSCREENED)
    assert others == []
    assert ("abroad/2", "REL 21 at 3") in town.log
    assert "west" not in town.telephones.got


def test_a_telephone_calls_as_its_own_number_and_may_hide_it(town: Town) -> None:
    says(town, SIP, Setup(1, LONDON, PARIS))
    says(town, SIP, Setup(2, AT_B, SIP, restricted=True))
    town.passes(0.1)
    assert town.telephones.got["west"] == [Setup(FIRST, LONDON, SIP, screening=Screening.NETWORK)]
    _, calling = town.exchange.iams[0]
    assert calling == CallingNumber(SIP[1:], presentation=Presentation.RESTRICTED, screening=3)


# What breaks.


def test_a_gateway_that_loses_its_voice_ends_its_calls_visibly(town: Town) -> None:
    """So it says by DISCONNECT, of each call, as nothing else knows which are hit."""
    clears(town, "west", SIP, quality=None)
    for called, cic in ((SIP, 1), (LONDON, 2)):
        town.call_in(called, cic=cic)
    town.passes(0.1)
    town.picks_up(SIP)
    says(town, "west", Connect(FIRST, to_originator=True))
    town.passes(0.1)
    town.log.clear()
    town.hangs_up(SIP, cause=41)
    says(town, "west", Disconnect(FIRST, 41, to_originator=True))
    assert [entry for entry in town.flow() if "REL" in entry[1]] == [
        ("ip-76/1", "REL 41 at 0"),
        ("ip-76/2", "REL 41 at 0"),
    ]
    released = [entry for entry in town.journal.entries if isinstance(entry, LineReleased)]
    assert released == [LineReleased(1, 41, 0, "line"), LineReleased(2, 41, 0, "line")]
    assert town.at_rest()


def test_a_gateway_that_ends_takes_its_calls_with_it_and_no_others(town: Town) -> None:
    for called, cic in ((SIP, 1), (LONDON, 2), (SIMULATED, 3)):
        town.call_in(called, cic=cic)
    town.passes(0.1)
    town.picks_up(SIP)
    town.picks_up(SIMULATED)
    town.passes(0.1)
    town.log.clear()
    town.switch.register.gateway_lost()
    assert [entry for entry in town.flow() if "REL" in entry[1]] == [
        ("ip-76/1", "REL 41 at 0"),
        ("ip-76/2", "REL 41 at 0"),
    ]
    assert town.switch.register.calls_on(SIMULATED) == 1
    town.switch.lines_lost()
    town.passes(0.1)
    assert town.at_rest()


def test_wires_of_simulated_telephones_that_break_leave_real_ones_alone(town: Town) -> None:
    town.call_in(SIP)
    town.passes(0.1)
    town.picks_up(SIP)
    town.passes(0.1)
    town.switch.lines_lost()
    assert town.switch.register.calls_on(SIP) == 1


def test_a_seizure_at_a_trunk_that_a_crash_left_open_is_closed_by_the_next_life(
    town: Town,
) -> None:
    town.call_in(LONDON)
    town.passes(0.1)
    says(town, "west", Connect(FIRST, to_originator=True))
    town.passes(0.1)
    entries = stamped(town.journal.entries)
    town.journal.entries.clear()
    assert town.switch.restart(entries) == 1
    assert town.journal.entries == [LineReleased(1, 41, 2, "restart")]


# Records.


def stamped(entries: list[Entry], entity: str = "ssp-a", first_us: int = 10_000) -> list[Stamped]:
    """As they lie in the journal, ten milliseconds apart."""
    return [
        Stamped(entity, place, first_us * place, first_us * place, entry)
        for place, entry in enumerate(entries, 1)
    ]


def around(key: CircuitKey, number: str, at_us: int) -> list[Stamped]:
    """What the door and the peripheral write of a call whose only leg is by that circuit."""
    said: list[Entry] = [
        Dialled("C", "customer", 1, number, key, "ip-a"),
        Ended("C", "completed", 16),
    ]
    return [
        Stamped("server-72", 1, 1, 1, Accepted("C", "abc", "server-72", {})),
        Stamped("ip-76", 1, 9_000, 9_000, said[0]),
        Stamped("ip-76", 2, at_us, at_us, said[1]),
    ]


def test_the_record_of_a_leg_says_trunk_number_and_quality(town: Town) -> None:
    clears(town, "west", "east")
    leg = town.call_in(LONDON)
    town.passes(0.1)
    says(town, "west", ReleaseComplete(FIRST, 41, to_originator=True))
    says(town, "east", Alerting(FIRST, to_originator=True))
    says(town, "east", Connect(FIRST, to_originator=True))
    town.passes(0.1)
    says(town, "east", Disconnect(FIRST, 16, to_originator=True))
    town.passes(0.1)
    written = stamped(town.journal.entries)
    (record,) = derive_records([*written, *around(leg.key, LONDON, 10_000_000)])
    (made,) = record.legs
    shown = leg_as_json(made)
    wanted = ("number", "called_received", "trunk_group", "outgoing_trunk", "cause", "released_by")
    assert [shown[name] for name in wanted] == [LONDON, LONDON[1:], "ip-a", "east", 16, "line"]
    wanted = ("rtp_received", "rtp_lost", "rtp_strangers", "jitter_us", "r_factor", "mos")
    assert [shown[name] for name in wanted] == [1_500, 3, 1, 2_500, 91.2, 4.38]
    assert made.talk_us == 10_000
    assert record.complete
    assert voice_rows(record) == [
        ("customer", "1", "east", "3 of 1503", "2", "1", "2.5 ms", "91.2", "4.38")
    ]


def test_a_leg_that_went_to_another_switch_s_trunk_has_its_record_from_there() -> None:
    here, there = CircuitKey(1, 62, 1), CircuitKey(62, 64, 1)
    mine: list[Entry] = [
        LineSeized(1, "west", here, AT_B, LONDON),
        LineReleased(1, 41, 0, "line"),
        Transit(here, there, "", True, LONDON),
    ]
    theirs: list[Entry] = [
        LineSeized(1, "east", there, AT_B, LONDON),
        LineReleased(1, 17, 0, "line"),
    ]
    entries = [*stamped(mine), *stamped(theirs, "ssp-b", 35_000)]
    (record,) = derive_records([*entries, *around(here, LONDON, 10_000_000)])
    (made,) = record.legs
    assert (made.entity, made.outgoing_trunk, made.cause) == ("ssp-b", "east", 17)
    assert made.route == (here, there)
