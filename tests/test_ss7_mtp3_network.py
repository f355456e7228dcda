"""Links, routes and transfer points: which way a unit takes, and what stops it."""

import pytest

from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap
from calleq.ss7 import mtp3_codec
from calleq.ss7.isup.messages import Cause
from calleq.ss7.links import InProcessLink
from calleq.ss7.mtp3 import Msu
from calleq.ss7.node import Mtp3Node
from calleq.units import SECOND_US
from tests.mtp3_traffic import READY_US, Traffic
from tests.ss7_network import DELAY_US, PC62, PC64, PC68, PC70, WAY_US, Network


def unit(destination: int, origin: int = PC62, **fields: int) -> bytes:
    return mtp3_codec.encode(Msu(destination, origin, 0, b"\x01\x00\x10\x00", **fields))


class TestRoutes:
    def test_the_load_is_shared_by_selection_and_a_selection_keeps_its_way(self) -> None:
        network = Network()
        for selection in (*range(16), 4, 4):
            assert network.node62.transfer(PC64, selection, b"\x00\x00\x10\x00")
        used = {"stp-68": 0, "stp-70": 0}
        for _, _, receiver, octets, _ in network.tap.seen:
            used[receiver] += 1
            assert (receiver == "stp-68") == (mtp3_codec.decode(octets).selection % 2 == 0)
        assert used == {"stp-68": 10, "stp-70": 8}

    def test_a_direct_link_is_preferred_and_the_transfer_points_stand_in(self) -> None:
        network = Network()
        direct = InProcessLink(("ssp-62", "ssp-64"), network.clock, network.tap, DELAY_US)
        network.node62.attach(direct.end("ssp-62"), PC64)
        network.node64.attach(direct.end("ssp-64"), PC62)
        network.pass_time(SECOND_US)
        del network.tap.seen[:]
        network.call()
        assert {link for link, *_ in network.tap.seen} == {"ssp-62/ssp-64"}
        direct.fail()
        network.arrived[0][0].release(Cause(16))
        network.pass_time()
        assert network.diary[-2:] == ["a cleared", "b cleared"]

    def test_links_of_one_linkset_share_its_load(self) -> None:
        traffic = Traffic(links_per_set=2)
        linksets = [
            traffic.nodes["ssp-62"].point.linksets[PC68],
            traffic.nodes["stp-70"].point.linksets[PC64],
        ]
        before = [link.sent for linkset in linksets for link in linkset.links]
        for selection in range(16):
            traffic.send("ssp-62", "ssp-64", selection)
        traffic.clock.advance_us(READY_US)
        after = [link.sent for linkset in linksets for link in linkset.links]
        assert [now - then for now, then in zip(after, before, strict=True)] == [4, 4, 4, 4]

    def test_status_is_told_when_the_last_way_goes_and_when_the_first_returns(self) -> None:
        network = Network()
        told: list[tuple[int, bool]] = []
        network.node62.on_status(lambda point_code, state: told.append((point_code, state)))
        network.links["ssp-62/stp-68"].fail()
        network.pass_time()
        assert told == [], "the transfer point is reached by way of its mate"
        network.links["ssp-62/stp-70"].fail()
        network.pass_time(SECOND_US)
        assert sorted(told) == sorted([(PC68, False), (PC70, False), (PC64, False)])
        assert not network.node62.accessible(PC64)
        assert not network.node62.transfer(PC64, 0, b"\x00\x00\x10\x00")
        network.links["ssp-62/stp-70"].restore()
        network.pass_time(SECOND_US)
        assert sorted(told[3:]) == sorted([(PC68, True), (PC70, True), (PC64, True)])

    def test_a_link_that_failed_a_moment_ago_is_not_used_even_before_the_node_is_told(self) -> None:
        network = Network()
        network.links["ssp-62/stp-68"].fail()
        assert network.node62.transfer(PC64, 0, b"\x00\x00\x10\x00")
        network.pass_time()
        assert network.tap.receivers() == ["stp-70", "ssp-64"]

    def test_a_node_refuses_links_and_routes_that_make_no_sense(self) -> None:
        clock = VirtualClock()
        node = Mtp3Node("ssp-62", PC62, clock)
        link = InProcessLink(("ssp-62", "stp-68"), clock, NoTap(), 0)
        with pytest.raises(ValueError, match="ends at stp-68 here"):
            node.attach(link.end("stp-68"), PC68)
        with pytest.raises(ValueError, match="its own point code"):
            node.attach(link.end("ssp-62"), PC62)
        with pytest.raises(ValueError, match="a route to itself"):
            node.set_route(PC62, (PC68,))


class TestDiscrimination:
    def test_what_a_node_has_no_use_for_is_discarded_and_counted(self) -> None:
        network = Network()
        end = network.links["ssp-64/stp-68"].end("stp-68")
        end.send(b"\x85\x00")
        end.send(b"")
        end.send(unit(PC70))
        end.send(unit(PC64, network=0))
        end.send(unit(PC64, service=3))
        network.pass_time()
        node = network.node64
        assert (node.malformed, node.wrong_destination, node.unknown_service) == (2, 2, 1)
        assert node.delivered == 0

    def test_a_transfer_point_passes_octets_on_unchanged(self) -> None:
        network = Network()
        octets = mtp3_codec.encode(Msu(PC64, PC62, 7, b"no ISUP at all"))
        network.links["ssp-62/stp-68"].end("ssp-62").send(octets)
        network.clock.advance_us(WAY_US)
        assert [seen[:4] for seen in network.tap.seen[:2]] == [
            ("ssp-62/stp-68", "ssp-62", "stp-68", octets),
            ("ssp-64/stp-68", "stp-68", "ssp-64", octets),
        ]
        assert network.stp68.relayed == 1

    def test_without_a_direct_way_it_goes_to_the_mate(self) -> None:
        network = Network()
        network.links["ssp-64/stp-68"].fail()
        network.links["ssp-62/stp-68"].end("ssp-62").send(unit(PC64))
        network.pass_time()
        assert network.tap.receivers() == ["stp-68", "stp-70", "ssp-64"]

    def test_nothing_goes_back_to_where_it_came_from(self) -> None:
        network = Network()
        network.links["ssp-64/stp-68"].fail()
        network.links["ssp-64/stp-70"].fail()
        network.pass_time(2 * SECOND_US)
        del network.tap.seen[:]
        before = network.stp68.undeliverable, network.stp70.undeliverable
        network.links["ssp-62/stp-68"].end("ssp-62").send(unit(PC64))
        network.links["ssp-62/stp-68"].end("ssp-62").send(unit(PC62))
        network.links["stp-68/stp-70"].end("stp-68").send(unit(PC64))
        network.pass_time(SECOND_US)
        after = network.stp68.undeliverable, network.stp70.undeliverable
        assert (network.stp68.relayed, network.stp70.relayed) == (0, 0)
        assert (after[0] - before[0], after[1] - before[1]) == (2, 1)
        assert network.tap.receivers() == ["stp-68", "stp-68", "stp-70"]

    def test_a_transfer_point_counts_what_it_cannot_read_and_what_is_for_nobody(self) -> None:
        network = Network()
        end = network.links["ssp-62/stp-68"].end("ssp-62")
        end.send(b"\x85")
        end.send(unit(9))
        end.send(unit(PC68))
        network.pass_time()
        assert network.stp68.malformed == 1
        assert network.stp68.unknown_service == 1
        assert network.stp68.undeliverable == 1


class TestFailureDuringCalls:
    @pytest.mark.row("S2-97", part=True)
    def test_when_a_transfer_point_fails_during_set_up_its_mate_carries_the_call(self) -> None:
        network = Network()
        outgoing = network.dial(network.a, "a")
        network.pass_time()
        before = {
            name for link, *_ in network.tap.seen for name in link.split("/") if "stp" in name
        }
        assert len(before) == 1, "one circuit's messages take one way"
        (failing,) = before
        mate = "stp-70" if failing == "stp-68" else "stp-68"
        network.stp_fails(failing)
        del network.tap.seen[:]
        incoming = network.arrived[0][0]
        incoming.alerting()
        network.pass_time(SECOND_US)
        incoming.answer()
        network.pass_time(SECOND_US)
        outgoing.release(Cause(16))
        network.pass_time(SECOND_US)
        assert network.diary[1:] == [
            "a alerting",
            "a answered",
            "b released 16",
            "b cleared",
            "a cleared",
        ]
        assert network.tap.names(f"ssp-64/{mate}", "ssp-64") == ["ACM", "ANM", "RLC"]
        assert network.tap.names(f"ssp-62/{mate}", mate) == ["ACM", "ANM", "RLC"]
        assert network.tap.names(f"ssp-62/{mate}", "ssp-62") == ["REL"]
        assert set(network.tap.receivers()) == {"ssp-62", "ssp-64", mate}

    def test_with_both_down_a_call_ends_with_38_soon_and_not_from_inside_the_request(self) -> None:
        network = Network()
        network.stp_fails("stp-68")
        network.stp_fails("stp-70")
        network.dial(network.a, "a")
        assert network.diary == []
        network.pass_time(0)
        assert network.diary == ["a released 38", "a cleared"]
        assert network.idle() == (4, 4)
        assert network.a.snapshot().unsent == 1

    def test_who_releases_an_unrouted_call_is_told_of_the_clearing_alone(self) -> None:
        network = Network()
        network.stp_fails("stp-68")
        network.stp_fails("stp-70")
        network.dial(network.a, "a").release(Cause(16))
        network.pass_time()
        assert network.diary == ["a cleared"]

    def test_when_the_links_return_calls_are_made_again(self) -> None:
        network = Network()
        network.stp_fails("stp-68")
        network.stp_fails("stp-70")
        network.dial(network.a, "a")
        network.pass_time(SECOND_US)
        network.stp_returns("stp-70")
        network.pass_time(3 * SECOND_US)
        del network.diary[:]
        network.call()
        assert network.diary[1:] == ["a alerting", "a answered"]
        assert set(network.tap.receivers()) == {"stp-70", "ssp-62", "ssp-64"}

    def test_an_answered_call_outlives_an_outage_of_both(self) -> None:
        network = Network()
        outgoing, _ = network.call()
        network.stp_fails("stp-68")
        network.stp_fails("stp-70")
        network.pass_time(SECOND_US)
        outgoing.release(Cause(16))
        network.pass_time(SECOND_US)
        assert network.diary[-1] == "a answered"
        network.stp_returns("stp-68")
        network.pass_time(15 * SECOND_US)
        assert network.diary[-3:] == ["b released 16", "b cleared", "a cleared"]
