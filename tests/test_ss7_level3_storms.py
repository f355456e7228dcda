"""Several links fail and return at once: what Q.704 promises is kept, storm after storm."""

import pytest

from calleq.ss7 import mtp3_codec
from calleq.ss7.level3.timers import Mtp3Timers
from calleq.ss7.mtp3 import SERVICE_MANAGEMENT
from calleq.ss7.mtp3_management import Xca, Xco
from calleq.ss7.mtp3_management_codec import from_msu
from calleq.units import MILLISECOND_US, SECOND_US
from tests.mtp3_storm import Storm, storm
from tests.mtp3_traffic import PC66, Traffic

STORMS = 60
"""In the suite; by hand thousands were run (docs/guide/signalling-network.md)."""


@pytest.mark.row("S2-97", part=True)
@pytest.mark.parametrize("first", range(0, STORMS, 20))
def test_in_a_storm_nothing_is_lost_without_a_reason_doubled_or_overtaken(first: int) -> None:
    for seed in range(first, first + 20):
        result = storm(seed)
        assert result.faults() == [], f"storm {seed}"
        for node in result.network.nodes.values():
            assert node.management.traffic.diversions == 0, f"storm {seed}"
            assert {link.state for link in node.snapshot().links} == {"in traffic"}


def test_the_harness_sees_what_it_should_see() -> None:
    network = Traffic(selections=1)
    result = Storm(0, network, [])
    result.watch()
    network.send_all()
    network.clock.advance_us(SECOND_US)
    assert result.faults() == []
    flow = ("ssp-62", "ssp-64", 0)
    network.send(*flow)
    network.send(*flow)
    network.clock.advance_us(SECOND_US)
    arrived = network.arrived[flow]
    last = arrived[-1]
    arrived[-2:] = [last, last - 1]
    assert result.faults() == [f"{flow}: overtaken: [{last - 1}]"]
    arrived[-2:] = [last, last]
    assert result.faults() == [f"{flow}: some came twice", "1 missing, 0 had no way"]


def held_at_68(timers: Mtp3Timers | None = None) -> Traffic:
    """68 holds what it has for 62, whose link to it has returned, for T3; then 66 loses 68."""
    network = Traffic(selections=4, timers=timers)
    network.links["ssp-62/stp-68/0"].fail()
    network.carry(100 * MILLISECOND_US, 10 * MILLISECOND_US)
    network.links["ssp-62/stp-68/0"].restore()
    while not network.nodes["stp-68"].management.traffic.diversions:
        network.send_all()
        network.clock.advance_us(MILLISECOND_US)
    network.carry(50 * MILLISECOND_US, 10 * MILLISECOND_US)
    network.links["ssp-66/stp-68/0"].fail()
    return network


def told_at(network: Traffic) -> list[int]:
    """When 68 told 66 what it had received."""
    units = [
        (mtp3_codec.decode(octets), at_us)
        for _, sender, _, octets, at_us in network.tap.seen
        if sender == "stp-68"
    ]
    return [
        at_us
        for unit, at_us in units
        if (unit.destination, unit.service) == (PC66, SERVICE_MANAGEMENT)
        and isinstance(from_msu(unit), Xco | Xca)
    ]


def test_what_a_transfer_point_holds_is_not_overtaken_by_its_sender_who_has_lost_it() -> None:
    """68 told 66 at once what it had received; 66 sent on by 70, and came first."""
    network = held_at_68()
    lost_us = network.clock.now_us()
    network.carry(2 * SECOND_US, 10 * MILLISECOND_US)
    network.clock.advance_us(SECOND_US)
    assert network.faults() == []
    (said_us,) = told_at(network)
    assert said_us - lost_us > 400 * MILLISECOND_US


def test_the_far_end_waits_no_longer_than_its_t2_for_what_is_held() -> None:
    """T3 is longer than T2 here: 66 hears in time, loses nothing, and may come first."""
    network = held_at_68(Mtp3Timers(t3_us=1_200 * MILLISECOND_US))
    lost_us = network.clock.now_us()
    network.carry(3 * SECOND_US, 10 * MILLISECOND_US)
    network.clock.advance_us(SECOND_US)
    assert 550 * MILLISECOND_US < told_at(network)[0] - lost_us < 610 * MILLISECOND_US
    for flow, numbers in network.sent.items():
        assert sorted(network.arrived[flow]) == numbers


def test_a_far_end_that_is_reached_again_before_t1_is_asked_what_it_had_received() -> None:
    """What was under way on the lost link was given up after T1 although 70 could be asked."""
    network = Traffic(delay_us=3_000, selections=4)
    network.links["stp-68/stp-70/0"].fail()
    network.carry(100 * MILLISECOND_US, 10 * MILLISECOND_US)
    network.links["stp-68/stp-70/0"].restore()
    network.carry(200 * MILLISECOND_US, 10 * MILLISECOND_US)
    network.carry(20 * MILLISECOND_US)
    network.links["ssp-66/stp-70/0"].fail()
    network.carry(2 * SECOND_US, 10 * MILLISECOND_US)
    network.clock.advance_us(SECOND_US)
    assert any(isinstance(message, Xco) for message in network.management("ssp-66", "stp-68"))
    assert not [fault for fault in network.faults() if fault.startswith("('ssp-66'")]


def test_what_an_end_point_holds_outlasts_a_moment_without_a_way() -> None:
    """The way to 64 was lost and found while 62 held: the new went at once, the old was let go."""
    network = Traffic(delay_us=3_000, selections=4)
    network.links["stp-68/stp-70/0"].fail()
    network.links["ssp-64/stp-70/0"].fail()
    network.carry(100 * MILLISECOND_US, 10 * MILLISECOND_US)
    network.links["ssp-64/stp-70/0"].restore()
    network.carry(80 * MILLISECOND_US, 10 * MILLISECOND_US)
    network.links["stp-68/stp-70/0"].restore()
    network.carry(200 * MILLISECOND_US, 10 * MILLISECOND_US)
    network.carry(20 * MILLISECOND_US)
    before = network.numbers - 1_000
    network.links["ssp-62/stp-68/0"].fail()
    network.carry(100 * MILLISECOND_US, 10 * MILLISECOND_US)
    assert ("ssp-62", "ssp-64", False) in network.told
    network.carry(2 * SECOND_US, 10 * MILLISECOND_US)
    network.clock.advance_us(SECOND_US)
    assert ("ssp-62", "ssp-64", True) in network.told
    for selection in range(4):
        sent = [one for one in network.sent["ssp-62", "ssp-64", selection] if one > before]
        arrived = network.arrived["ssp-62", "ssp-64", selection]
        assert [one for one in arrived if one > before] == sent


def test_a_changeover_that_was_declared_over_a_link_lost_with_it_is_declared_again() -> None:
    """The order, taken back from the other link, was held for its own answer until T2."""
    network = Traffic(links_per_set=2, selections=4)
    network.carry(10 * MILLISECOND_US)
    network.links["ssp-66/stp-70/0"].fail()
    network.links["ssp-66/stp-70/1"].fail()
    lost_us = network.clock.now_us()
    network.carry(20 * MILLISECOND_US)
    told = [
        (message.slc, at_us - lost_us)
        for _, sender, _, octets, at_us in network.tap.seen
        if sender == "ssp-66"
        and (unit := mtp3_codec.decode(octets)).service == SERVICE_MANAGEMENT
        and isinstance(message := from_msu(unit), Xco)
    ]
    assert {slc for slc, _ in told} == {0, 1}
    assert network.nodes["ssp-66"].management.traffic.diversions == 0, "not T2 later"
    network.carry(SECOND_US, 10 * MILLISECOND_US)
    network.clock.advance_us(SECOND_US)
    assert network.faults() == []


def test_a_changeover_between_others_is_not_held_at_a_transfer_point() -> None:
    """68 holds for T3 what goes to 62 from its mate's way, and 70's answer to 62 goes on."""
    network = Traffic(selections=4)
    network.links["ssp-62/stp-68/0"].fail()
    network.carry(100 * MILLISECOND_US, 10 * MILLISECOND_US)
    network.links["ssp-62/stp-68/0"].restore()
    while not network.nodes["stp-68"].management.traffic.diversions:
        network.send_all()
        network.clock.advance_us(MILLISECOND_US)
    network.carry(20 * MILLISECOND_US)
    network.links["ssp-62/stp-70/0"].fail()
    network.carry(50 * MILLISECOND_US, 10 * MILLISECOND_US)
    for node in ("ssp-62", "stp-70"):
        (lost,) = [
            link for link in network.nodes[node].snapshot().links if link.name == "ssp-62/stp-70"
        ]
        assert lost.state == "out of service", "and no more changing over"
    network.carry(2 * SECOND_US, 10 * MILLISECOND_US)
    network.clock.advance_us(SECOND_US)
    assert network.faults() == []


def test_what_a_link_had_not_delivered_outlasts_its_next_failure() -> None:
    """In service again before 68 could answer, and lost again: what remained was forgotten."""
    network = Traffic(delay_us=3_000, selections=4, timers=Mtp3Timers(t3_us=700 * MILLISECOND_US))
    network.links["ssp-66/stp-68/0"].fail()
    network.carry(100 * MILLISECOND_US, 10 * MILLISECOND_US)
    network.links["ssp-66/stp-68/0"].restore()
    while not network.nodes["stp-68"].management.traffic.diversions:
        network.send_all()
        network.clock.advance_us(MILLISECOND_US)
    network.carry(10 * MILLISECOND_US)
    network.links["ssp-62/stp-68/0"].fail()
    network.links["ssp-62/stp-68/0"].restore()
    while not network.links["ssp-62/stp-68/0"].in_service:
        network.clock.advance_us(MILLISECOND_US)
    network.clock.advance_us(10 * MILLISECOND_US)
    network.links["ssp-62/stp-68/0"].fail()
    (lost,) = [
        one for one in network.nodes["ssp-62"].snapshot().links if one.name == "ssp-62/stp-68"
    ]
    assert lost.state == "changing over", "still"
    network.carry(2 * SECOND_US, 10 * MILLISECOND_US)
    network.clock.advance_us(SECOND_US)
    for flow, numbers in network.sent.items():
        assert sorted(network.arrived[flow]) == numbers
