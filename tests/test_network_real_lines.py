"""Real telephones and a trunk in a whole network, on the virtual clock; far ends are scripted."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import pytest
from msgspec.structs import replace

from calleq.journal.entries import LineReleased, LineSeized
from calleq.lines.messages import (
    Alerting,
    Connect,
    Disconnect,
    LineMessage,
    Proceeding,
    Progress,
    Release,
    ReleaseComplete,
    Setup,
)
from calleq.lines.q931 import decode, encode
from calleq.media.contract import Player, Prompt, channel_wire, player_source
from calleq.media.ports import Quality
from calleq.topology import load_topology
from calleq.units import SECOND_US
from tests.virtual import VirtualNetwork, leg_of

GATEWAY = Path(str(files("calleq") / "data" / "gateway.toml"))
CUSTOMER, LONDON = "+12125550120", "+442079460000"
OTHER_REPRESENTATIVE = "+12125550144"
QUALITY = Quality(received=500, lost=5, jitter_us=1_500, sent=505, r_factor=88.0, mos=4.2)


@dataclass
class FarEnd:
    """A telephone or a system behind a line of ssp-62, that follows a script for each call."""

    network: VirtualNetwork
    line: str
    script: list[tuple[float, Callable[[int], LineMessage]]]
    """After how many seconds it says what of a call with that reference."""
    calls: list[Setup] = field(default_factory=list)
    heard: list[tuple[int, frozenset[str]]] = field(default_factory=list)
    """Whose voices come to it, and from when."""
    called_us: int = 0

    def __post_init__(self) -> None:
        self.plant = self.network.network.switches["ssp-62"].register._plant
        self.plant.plug_in("ssp-62", self.line, self._received)

    def say(self, message: LineMessage) -> None:
        self.plant.to_switch("ssp-62", self.line, encode(message))

    def wire(self) -> str:
        """Of its last call."""
        return channel_wire(self.line, self.calls[-1].reference, True)

    def _listen_and_speak(self) -> None:
        voice, clock, gateway = self.network.voice, self.network.clock, "sip:ssp-62"
        voice.hear(gateway, self.wire(), lambda who: self.heard.append((clock.now_us(), who)))
        voice.play(gateway, self.wire(), Prompt("tone", "440"), Player())
        voice.feed(gateway, self.wire(), (player_source(self.wire()),))

    def _received(self, octets: bytes) -> None:
        match decode(octets):
            case Setup() as setup:
                self.calls.append(setup)
                self.called_us = self.network.clock.now_us()
                self._listen_and_speak()
                for after_s, message in self.script:
                    said = message(setup.reference)
                    after_us = round(after_s * SECOND_US)
                    self.network.clock.call_later_us(after_us, self.say, said)
            case Disconnect(reference, cause, flag):
                self.say(Release(reference, cause, not flag, QUALITY))
            case Release(reference, cause, flag):
                self.say(ReleaseComplete(reference, cause, not flag, QUALITY))
            case _:
                pass


def proceeding(reference: int) -> Proceeding:
    return Proceeding(reference, to_originator=True)


def early_media(reference: int) -> Progress:
    return Progress(reference, to_originator=True)


def rings(reference: int) -> Alerting:
    return Alerting(reference, to_originator=True)


def answers(reference: int) -> Connect:
    return Connect(reference, to_originator=True)


def hangs_up(reference: int) -> Disconnect:
    return Disconnect(reference, 16, to_originator=True)


def fails(reference: int) -> ReleaseComplete:
    return ReleaseComplete(reference, 41, to_originator=True)


@pytest.fixture
def network() -> VirtualNetwork:
    topology = load_topology(GATEWAY)
    business = replace(topology.businesses[0], representatives=(LONDON, OTHER_REPRESENTATIVE))
    return VirtualNetwork(replace(topology, businesses=(business, *topology.businesses[1:])))


@pytest.mark.row("S2-60", part=True)
def test_early_media_of_a_customer_is_no_answer_and_the_leg_s_quality_is_in_the_record(
    network: VirtualNetwork,
) -> None:
    customer = FarEnd(
        network, CUSTOMER, [(0.1, proceeding), (0.5, early_media), (1, rings), (6, answers)]
    )
    behind = FarEnd(network, "carrier", [(1, early_media), (4, answers), (14, hangs_up)])
    call = network.place(CUSTOMER, LONDON)
    network.clock.advance_us(5 * SECOND_US)
    said = [event.event for event in network.events(call)]
    assert "customer_answered" not in said
    assert behind.calls == []  # nobody dials a representative for a customer who has not answered
    network.run_to_end(call)
    assert network.view(call).state == "completed"
    rows = [row.name for row in network.ladder(call).rows if "line" in row.link]
    assert rows.count("PROGRESS") == 2
    assert rows.count("CALL PROCEEDING") == 1
    ladder = [(row.name, row.link) for row in network.ladder(call).rows]
    assert ladder.index(("PROGRESS", "line:+12125550120")) < ladder.index(
        ("CONNECT", "line:+12125550120")
    )
    record = network.records()[call]
    first, second = leg_of(record, "customer"), leg_of(record, "agent")
    assert (first.number, first.outgoing_trunk, first.rtp_lost, first.mos) == (
        CUSTOMER,
        "",
        5,
        4.2,
    )
    assert (second.number, second.outgoing_trunk, second.rtp_lost, second.mos) == (
        LONDON,
        "carrier",
        5,
        4.2,
    )
    assert first.ring_us == pytest.approx(5 * SECOND_US, abs=50_000)
    assert second.talk_us == pytest.approx(10 * SECOND_US, abs=50_000)
    assert record.complete
    assert customer.calls[0].calling == "+12125550140"
    network.assert_at_rest()


def test_a_representative_s_early_media_does_not_play_into_the_announcement(
    network: VirtualNetwork,
) -> None:
    customer = FarEnd(network, CUSTOMER, [(0.5, answers)])
    behind = FarEnd(network, "carrier", [(0.5, early_media), (5, answers), (15, hangs_up)])
    call = network.place(CUSTOMER, LONDON)
    network.run_to_end(call)
    assert network.view(call).state == "completed"
    answered_us = behind.called_us + 5 * SECOND_US
    before = set().union(*(heard for at_us, heard in customer.heard if at_us < answered_us))
    after = set().union(*(heard for at_us, heard in customer.heard if at_us >= answered_us))
    assert any("ABC Company" in voice for voice in before)  # the announcement
    assert "tone:440" not in before
    assert "tone:440" in after


def test_a_trunk_that_fails_has_the_next_representative_dialled(network: VirtualNetwork) -> None:
    FarEnd(network, CUSTOMER, [(0.5, rings), (1, answers), (20, hangs_up)])
    behind = FarEnd(network, "carrier", [(0.1, fails)])
    call = network.place(CUSTOMER)
    network.run_to_end(call)
    assert len(behind.calls) == 1
    assert network.legs(call)[1:] == [(LONDON, False, 41), (OTHER_REPRESENTATIVE, True, 16)]
    failed = leg_of(network.records()[call], "agent", 1)
    assert (failed.outgoing_trunk, failed.cause, failed.released_by) == ("carrier", 41, "line")
    network.assert_at_rest()


def test_a_number_that_no_trunk_may_be_dialled_to_is_dialled_by_none() -> None:
    topology = load_topology(GATEWAY)
    (trunk,) = topology.sip_trunks
    closed = replace(trunk, forbidden=(LONDON[:8],))
    network = VirtualNetwork(replace(topology, sip_trunks=(closed,)))
    behind = FarEnd(network, "carrier", [])
    call = network.place(LONDON)
    network.run_to_end(call)
    assert network.legs(call) == [(LONDON, False, 21)]
    assert network.view(call).state == "customer_rejected"
    assert behind.calls == []
    network.assert_at_rest()


def test_a_call_at_real_lines_that_a_crash_cut_off_ends_in_the_next_life(
    network: VirtualNetwork,
) -> None:
    FarEnd(network, CUSTOMER, [(0.5, rings), (1, answers)])
    FarEnd(network, "carrier", [(0.5, rings), (2, answers)])
    call = network.place(CUSTOMER, LONDON)
    network.clock.advance_us(20 * SECOND_US)
    assert network.view(call).state == "bridged"
    after = VirtualNetwork(network.topology, entries=tuple(network.journal.entries))
    after.clock.advance_us(60 * SECOND_US)
    record = after.records()[call]
    assert (record.state, record.cause) == ("failed", 41)
    seized = [one.entry for one in network.journal.entries if isinstance(one.entry, LineSeized)]
    closed = [one.entry for one in after.journal.entries if isinstance(one.entry, LineReleased)]
    assert [entry.line for entry in seized] == [CUSTOMER, "carrier"]
    assert closed == [LineReleased(entry.seizure, 41, 2, "restart") for entry in seized]
    behind = FarEnd(after, "carrier", [(0.5, answers), (5, hangs_up)])
    after.run_to_end(after.place(LONDON))
    assert behind.calls[0].called == LONDON  # the trunk is as good as new
