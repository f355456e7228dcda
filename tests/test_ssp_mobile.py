"""The MTSO: paging, channels, absence and hand-over, with the telephones' own radios."""

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calleq.lines import q931, radio
from calleq.lines.messages import LineError, Setup
from calleq.runtime.tap import Segment
from calleq.ssp import mobile
from calleq.telephones.house import TelephoneError
from calleq.topology import Topology, TopologyError, figure1_path, load_topology, parse_topology
from calleq.units import SECOND_US
from tests.virtual import OTHER_REPRESENTATIVE, REPRESENTATIVE, VirtualNetwork, number

MOBILE, AWAY = number("11"), number("12")
LONG_TALK_US = 60 * SECOND_US
CELLS = st.integers(0, radio.CELL_LIMIT)

MESSAGES = st.one_of(
    st.builds(radio.LocationUpdate, CELLS),
    st.builds(radio.LocationAccepted),
    st.builds(radio.Paging, CELLS),
    st.builds(radio.PagingResponse, CELLS),
    st.builds(radio.MeasurementReport, CELLS),
    st.builds(radio.HandoverCommand, CELLS, st.integers(0, 255)),
    st.builds(radio.HandoverComplete, CELLS),
)


def two_antennas(**more: object) -> Topology:
    """Figure 1 with a second antenna, 69, at the MTSO."""
    topology = load_topology()
    return msgspec.structs.replace(
        topology,
        switches=tuple(
            msgspec.structs.replace(switch, antennas=("69",), **more)
            if switch.kind == "mtso"
            else switch
            for switch in topology.switches
        ),
    )


def air(network: VirtualNetwork, telephone: str) -> list[str]:
    """What crossed a mobile telephone's air, calls and all, in order."""
    said = []
    for captured in network.tap.captures():
        if captured.segment is Segment.CIRCUIT and captured.link == f"line:{telephone}":
            octets = captured.octets
            if radio.is_radio(octets):
                name, _ = radio.describe(radio.decode(octets))
            else:
                name, _ = q931.describe(q931.decode(octets))
            said.append(name)
    return said


def talking(network: VirtualNetwork) -> str:
    """A call of the mobile telephone whose parties talk."""
    call = network.place(MOBILE, REPRESENTATIVE)
    while network.view(call).state != "bridged":
        assert network.clock.run_next()
    network.clock.advance_us(SECOND_US)
    return call


def carry(network: VirtualNetwork, telephone: str, antenna: str) -> None:
    assert network.network.telephones is not None
    network.network.telephones.move(telephone, antenna)


def radio_of(network: VirtualNetwork) -> mobile.Radio:
    found = network.network.switches["mtso-65"].register.radio
    assert found is not None
    return found


def free_channels(network: VirtualNetwork) -> dict[str, int]:
    return {one.name: len(one.free) for one in radio_of(network).antennas.values()}


@given(MESSAGES)
def test_what_is_said_over_the_air_is_understood(message: radio.RadioMessage) -> None:
    octets = radio.encode(message)
    assert radio.is_radio(octets)
    assert radio.decode(octets) == message


@given(st.binary(max_size=8))
def test_octets_are_a_message_or_a_line_error(octets: bytes) -> None:
    with contextlib.suppress(LineError):
        assert radio.encode(radio.decode(octets)) == octets


def test_octets_of_a_call_are_no_radio() -> None:
    assert not radio.is_radio(q931.encode(Setup(1, "+12125550100")))


@pytest.mark.row("S2-98")
def test_a_mobile_customer_is_paged_called_first_and_bridged() -> None:
    network = VirtualNetwork()
    view = network.call(MOBILE, REPRESENTATIVE)
    assert view.state == "completed"
    assert air(network, MOBILE)[:7] == [
        "LOCATION UPDATE",
        "LOCATION ACCEPTED",
        "PAGING",
        "PAGING RESPONSE",
        "SETUP",
        "ALERTING",
        "CONNECT",
    ]
    assert network.calls(MOBILE)[0].began.at_us < network.calls(REPRESENTATIVE)[0].began.at_us
    network.assert_at_rest()
    assert free_channels(network) == {"67": 60}


def test_a_telephone_out_of_reach_is_paged_three_times_and_absent() -> None:
    network = VirtualNetwork()
    view = network.call(AWAY, REPRESENTATIVE)
    assert (view.state, network.legs(view.call)) == ("customer_no_answer", [(AWAY, False, 20)])
    assert air(network, AWAY) == ["PAGING"] * mobile.PAGES
    assert network.calls(AWAY) == []


def test_a_telephone_that_comes_back_into_reach_can_be_called() -> None:
    network = VirtualNetwork()
    carry(network, AWAY, "67")
    assert network.call(AWAY, REPRESENTATIVE).state == "completed"
    carry(network, AWAY, "")
    assert network.call(AWAY, REPRESENTATIVE).state == "customer_no_answer"


def test_a_switch_that_has_forgotten_where_telephones_are_looks_everywhere() -> None:
    network = VirtualNetwork(two_antennas())
    carry(network, MOBILE, "69")
    network.clock.advance_us(SECOND_US)
    radio_of(network)._locations.clear()
    assert network.call(MOBILE, REPRESENTATIVE).state == "completed"
    assert air(network, MOBILE).count("PAGING") == 2
    assert radio_of(network).location(MOBILE) == "69"


def test_a_call_is_handed_over_and_goes_on() -> None:
    network = VirtualNetwork(two_antennas(), talk_us=LONG_TALK_US)
    call = talking(network)
    assert free_channels(network) == {"67": 59, "69": 60}
    carry(network, MOBILE, "69")
    network.clock.advance_us(SECOND_US)
    assert air(network, MOBILE)[-3:] == [
        "MEASUREMENT REPORT",
        "HANDOVER COMMAND",
        "HANDOVER COMPLETE",
    ]
    assert free_channels(network) == {"67": 60, "69": 59}
    assert network.hears(MOBILE) == {f"mouth:{REPRESENTATIVE}"}
    network.run_to_end(call)
    assert network.view(call).state == "completed"
    assert radio_of(network).handovers == 1
    record = network.records()[call]
    (lived,) = network.calls(MOBILE)
    assert lived.answered is not None
    assert lived.ended is not None
    assert record.legs[0].talk_us == lived.ended.at_us - lived.answered.at_us
    names = [row.name for row in network.ladder(call).rows]
    assert "HANDOVER COMMAND" in names
    network.assert_at_rest()
    assert free_channels(network) == {"67": 60, "69": 60}


def test_a_call_may_be_handed_over_there_and_back_again() -> None:
    network = VirtualNetwork(two_antennas(), talk_us=LONG_TALK_US)
    call = talking(network)
    for antenna in ("69", "67", "69", "67"):
        carry(network, MOBILE, antenna)
        network.clock.advance_us(3 * SECOND_US)
    assert radio_of(network).handovers == 4
    network.run_to_end(call)
    assert network.view(call).state == "completed"
    assert free_channels(network) == {"67": 60, "69": 60}


def test_a_call_whose_next_antenna_is_full_is_lost_when_the_old_one_is_out_of_reach() -> None:
    network = VirtualNetwork(two_antennas(radio_channels=1), talk_us=LONG_TALK_US)
    carry(network, AWAY, "69")
    blocking = network.place(AWAY, OTHER_REPRESENTATIVE)
    while network.view(blocking).state != "bridged":
        assert network.clock.run_next()
    call = talking(network)
    carry(network, MOBILE, "69")
    network.run_to_end(call, blocking)
    assert network.legs(call)[0] == (MOBILE, True, 41)
    assert network.legs(blocking)[0] == (AWAY, True, 16)
    network.assert_at_rest()
    assert free_channels(network) == {"67": 1, "69": 1}


def test_a_telephone_that_goes_out_of_reach_in_a_call_loses_it_at_both_ends() -> None:
    network = VirtualNetwork(talk_us=LONG_TALK_US)
    call = talking(network)
    carry(network, MOBILE, "")
    network.run_to_end(call)
    assert network.legs(call)[0] == (MOBILE, True, 41)
    (lived,) = network.calls(MOBILE)
    assert lived.ended is not None
    assert lived.ended.event == "line_lost"
    network.assert_at_rest()
    assert free_channels(network) == {"67": 60}


def test_where_no_channel_is_free_nobody_is_called() -> None:
    network = VirtualNetwork(two_antennas(radio_channels=1), talk_us=LONG_TALK_US)
    call = talking(network)
    carry(network, AWAY, "67")
    blocked = network.place(AWAY, OTHER_REPRESENTATIVE)
    network.run_to_end(blocked, call)
    assert network.legs(blocked) == [(AWAY, False, 47)]
    assert network.calls(AWAY) == []
    assert network.call(AWAY, REPRESENTATIVE).state == "completed"


def test_a_mobile_telephone_dials_on_a_channel_of_its_antenna() -> None:
    network = VirtualNetwork(two_antennas())
    assert network.network.telephones is not None
    carry(network, MOBILE, "69")
    network.network.telephones.dial(MOBILE, number("06"))
    network.clock.advance_us(SECOND_US)
    assert free_channels(network) == {"67": 60, "69": 59}
    network.clock.advance_us(120 * SECOND_US)
    assert free_channels(network) == {"67": 60, "69": 60}
    network.assert_at_rest()


def test_what_is_out_of_turn_on_the_air_is_counted_and_changes_nothing() -> None:
    network = VirtualNetwork()
    air_side = radio_of(network)
    for message in (
        radio.PagingResponse(1),
        radio.MeasurementReport(1),
        radio.HandoverComplete(1),
        radio.LocationUpdate(9),
        radio.LocationAccepted(),
        radio.Paging(1),
        radio.HandoverCommand(1, 1),
    ):
        air_side.received(MOBILE, radio.encode(message))
    air_side.received(MOBILE, b"\x06\xff")
    assert (air_side.unexpected, air_side.malformed) == (7, 1)
    assert network.call(MOBILE, REPRESENTATIVE).state == "completed"


def test_only_mobile_telephones_are_carried_and_only_to_antennas_that_are_there() -> None:
    network = VirtualNetwork()
    with pytest.raises(TelephoneError, match="has a wire"):
        carry(network, number("00"), "67")
    with pytest.raises(TelephoneError, match="no antenna '68': 67, or empty"):
        carry(network, MOBILE, "68")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('antenna = "67"', "", "switches[3].antenna: a mobile switch needs one"),
        ('antenna = "67"', 'antenna = "67"\nantennas = ["67"]', "switches[3].antennas: two have"),
        ('antenna = "67"', 'antenna = "67"\nradio_channels = 0', "switches[3].radio_channels: 0"),
        (
            'prefixes = ["+1212555014"]',
            'prefixes = ["+1212555014"]\nantenna = "1"',
            "switches[1].antenna: only a mobile switch",
        ),
    ],
)
def test_antennas_that_make_no_sense_are_refused(old: str, new: str, said: str) -> None:
    text = figure1_path().read_text(encoding="utf-8").replace(old, new, 1)
    with pytest.raises(TopologyError) as caught:
        parse_topology(text, "file")
    assert str(caught.value).startswith(f"file: {said}")
