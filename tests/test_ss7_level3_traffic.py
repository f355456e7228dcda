"""Numbered messages through a mated pair of transfer points while links and nodes fail."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calleq.ss7.level3 import hold
from calleq.units import MILLISECOND_US, SECOND_US
from tests.mtp3_traffic import CODES, END_POINTS, Traffic

LINKS = tuple(f"{end}/{stp}/0" for end in END_POINTS for stp in ("stp-68", "stp-70"))
SETTLED_US = 3 * SECOND_US


def settle(network: Traffic) -> None:
    """Traffic goes on for a while, then everything arrives."""
    network.carry(2 * SECOND_US, 40 * MILLISECOND_US)
    network.clock.advance_us(SETTLED_US)


class TestOneLink:
    @pytest.mark.row("S2-97", part=True)
    @settings(max_examples=80, deadline=None)
    @given(
        link=st.sampled_from((*LINKS, "stp-68/stp-70/0")),
        links_per_set=st.sampled_from((1, 1, 2)),
        delay_us=st.sampled_from((0, 200, 1_000, 3_000)),
        failures=st.lists(
            st.tuples(
                st.integers(0, 20_000),
                st.one_of(st.integers(1, 20_000), st.integers(1, 2_000_000)),
            ),
            min_size=1,
            max_size=2,
        ),
    )
    def test_whenever_it_fails_and_returns_nothing_is_lost_doubled_or_overtaken(
        self, link: str, links_per_set: int, delay_us: int, failures: list[tuple[int, int]]
    ) -> None:
        network = Traffic(links_per_set, delay_us, selections=2)
        for after_us, down_us in failures:
            network.carry(after_us)
            network.links[link].fail()
            network.carry(min(down_us, 50 * MILLISECOND_US))
            network.carry(max(0, down_us - 50 * MILLISECOND_US), 9 * MILLISECOND_US)
            network.links[link].restore()
            settle(network)
        assert network.faults() == []
        assert all(node.point.lost == 0 for node in network.nodes.values())
        assert network.told == [], "no user part has noticed"

    def test_the_traffic_leaves_a_lost_link_and_returns_to_it(self) -> None:
        network = Traffic(selections=4)
        network.carry(10 * MILLISECOND_US)
        network.links["ssp-62/stp-68/0"].fail()
        network.carry(10 * MILLISECOND_US)
        lost = network.nodes["ssp-62"].snapshot().links[0]
        assert (lost.name, lost.state, lost.changeovers) == ("ssp-62/stp-68", "out of service", 1)
        sent = lost.sent
        network.links["ssp-62/stp-68/0"].restore()
        settle(network)
        back = network.nodes["ssp-62"].snapshot().links[0]
        assert back.state == "in traffic"
        assert back.sent > sent + 50
        assert network.faults() == []

    def test_within_a_linkset_the_far_end_says_when_traffic_may_return(self) -> None:
        network = Traffic(links_per_set=2, selections=4)
        network.links["ssp-62/stp-68/1"].fail()
        network.carry(10 * MILLISECOND_US)
        network.links["ssp-62/stp-68/1"].restore()
        settle(network)
        assert network.nodes["ssp-62"].snapshot().changebacks == 1
        # No timer of half a second: CBD and CBA decide.
        names = [type(message).__name__ for message in network.management("ssp-62", "stp-68")]
        assert "Cbd" in names
        assert "Cba" in [
            type(message).__name__ for message in network.management("stp-68", "ssp-62")
        ]
        assert network.faults() == []


class TestSeveralLinks:
    @settings(max_examples=40, deadline=None)
    @given(
        failures=st.lists(
            st.tuples(
                st.sampled_from((*LINKS, "stp-68/stp-70/0")),
                st.integers(0, 1_500_000),
                st.integers(1, 1_500_000),
            ),
            min_size=2,
            max_size=4,
            unique_by=lambda failure: failure[0],
        )
    )
    def test_whatever_fails_nothing_comes_twice_and_all_is_well_afterwards(
        self, failures: list[tuple[str, int, int]]
    ) -> None:
        network = Traffic(selections=2)
        events = [(at, "fail", link) for link, at, _ in failures]
        events += [(at + down, "restore", link) for link, at, down in failures]
        now_us = 0
        for at_us, what, link in sorted(events):
            network.carry(at_us - now_us, 11 * MILLISECOND_US)
            now_us = at_us
            getattr(network.links[link], what)()
        settle(network)
        for arrived in network.arrived.values():
            assert len(arrived) == len(set(arrived))
        before = {flow: len(numbers) for flow, numbers in network.arrived.items()}
        network.send_all()
        network.clock.advance_us(50 * MILLISECOND_US)
        for flow in network.sent:
            assert len(network.arrived[flow]) == before.get(flow, 0) + 1, "in traffic as before"
        for node in network.nodes.values():
            snapshot = node.snapshot()
            assert {link.state for link in snapshot.links} == {"in traffic"}
            assert {route.state for route in snapshot.routes} == {"accessible"}
            assert all(not route.prohibited for route in snapshot.routes)
            assert node.management.traffic.diversions == 0


class TestTransferPoints:
    def test_one_is_lost_and_the_other_carries_everything(self) -> None:
        network = Traffic(selections=4)
        network.carry(10 * MILLISECOND_US)
        network.stp_fails("stp-68")
        network.carry(2 * SECOND_US, 20 * MILLISECOND_US)
        assert {told[1:] for told in network.told} == {("stp-68", False)}
        snapshot = network.nodes["ssp-62"].snapshot()
        (route,) = (one for one in snapshot.routes if one.destination == CODES["ssp-64"])
        assert route.next_nodes == (CODES["stp-70"],)
        network.stp_returns("stp-68")
        settle(network)
        # What 68 had taken and not passed on is lost with it; nothing else is.
        for flow, numbers in network.sent.items():
            arrived = network.arrived[flow]
            assert arrived == sorted(set(arrived))
            assert len(numbers) - len(arrived) <= 5
        assert network.nodes["stp-68"].snapshot().restart == "running"

    def test_both_are_lost_and_return(self) -> None:
        network = Traffic(selections=4)
        network.stp_fails("stp-68")
        network.stp_fails("stp-70")
        network.clock.advance_us(SECOND_US)
        for name in END_POINTS:
            assert network.nodes[name].snapshot().restart == "isolated"
            assert not network.send(name, "ssp-66" if name != "ssp-66" else "ssp-62", 0)
        assert len(network.told) == len(END_POINTS) * 4
        network.told.clear()
        network.stp_returns("stp-68")
        network.stp_returns("stp-70")
        network.clock.advance_us(SECOND_US)
        assert {told[2] for told in network.told} == {True}
        assert len(network.told) == len(END_POINTS) * 4
        assert all(node.snapshot().restarts == 2 for node in network.nodes.values())
        settle(network)
        assert network.faults() == []

    def test_a_pair_of_which_one_stays_away_begins_after_t18(self) -> None:
        network = Traffic()
        network.stp_fails("stp-68")
        network.stp_fails("stp-70")
        network.clock.advance_us(SECOND_US)
        network.told.clear()
        for name in END_POINTS:
            network.links[f"{name}/stp-70/0"].restore()
        network.clock.advance_us(SECOND_US)
        assert network.told == []
        network.clock.advance_us(2 * SECOND_US)
        assert {state for _, _, state in network.told} == {True}
        assert network.nodes["ssp-62"].accessible(CODES["ssp-64"])
        assert not network.nodes["ssp-62"].accessible(CODES["stp-68"])

    def test_an_end_point_that_is_cut_off_is_inaccessible_to_the_others(self) -> None:
        network = Traffic()
        network.links["ssp-62/stp-68/0"].fail()
        network.links["ssp-62/stp-70/0"].fail()
        network.clock.advance_us(SECOND_US)
        others = [told for told in network.told if told[0] != "ssp-62"]
        assert sorted(others) == [("ssp-64", "ssp-62", False), ("ssp-66", "ssp-62", False)]
        network.told.clear()
        network.links["ssp-62/stp-70/0"].restore()
        network.clock.advance_us(SECOND_US)
        others = [told for told in network.told if told[0] != "ssp-62"]
        assert sorted(others) == [("ssp-64", "ssp-62", True), ("ssp-66", "ssp-62", True)]

    def test_a_long_detour_is_avoided(self) -> None:
        """After T11 the neighbours hear that a route is restricted, and take the mate (§13.4)."""
        network = Traffic()
        network.links["ssp-64/stp-68/0"].fail()
        network.clock.advance_us(40 * SECOND_US)
        snapshot = network.nodes["ssp-62"].snapshot()
        (route,) = (one for one in snapshot.routes if one.destination == CODES["ssp-64"])
        assert route.restricted == (CODES["stp-68"],)
        assert route.next_nodes == (CODES["stp-70"],)
        before = network.nodes["stp-68"].relayed
        network.send_all()
        network.clock.advance_us(SECOND_US)
        relayed = [flow for flow in network.sent if flow[0] != "ssp-64" and flow[1] != "ssp-64"]
        assert network.nodes["stp-68"].relayed - before == len(relayed) // 2
        network.links["ssp-64/stp-68/0"].restore()
        settle(network)
        assert network.faults() == []
        (route,) = (
            one
            for one in network.nodes["ssp-62"].snapshot().routes
            if one.destination == CODES["ssp-64"]
        )
        assert route.restricted == ()
        assert len(route.next_nodes) == 2


def test_what_is_held_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hold, "HOLD_LIMIT", 3)
    network = Traffic()
    network.links["ssp-62/stp-68/0"].fail()
    for _ in range(5):
        assert network.send("ssp-62", "ssp-64", 0)
    network.clock.advance_us(SECOND_US)
    assert network.arrived["ssp-62", "ssp-64", 0] == [1, 2, 3]
    assert network.nodes["ssp-62"].point.lost == 2


def test_an_idle_network_lets_simulated_time_end_and_is_tested_all_the_same() -> None:
    network = Traffic()
    assert network.clock.run(3_600 * SECOND_US), "nothing is left to be done"
    tests = len(network.tap.seen)
    network.clock.advance_us(3_600 * SECOND_US)
    assert (len(network.tap.seen) - tests) == 7 * 2 * 2 * 40, "each link, each end, every T2"
