"""Links inside a process: M2PA over a wire that may lose, damage, double and reorder frames."""

import pytest

from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap
from calleq.ss7.laying import in_process_link, timers_of
from calleq.ss7.links import InProcessEnd, InProcessLink
from calleq.ss7.m2pa import Bounds, Timers
from calleq.ss7.wire import Quality, Wire
from calleq.topology import SignallingLink
from calleq.units import MILLISECOND_US, SECOND_US
from tests.ss7_network import DELAY_US, WireTap

ENDS = ("ssp-62", "stp-68")


class Carrier:
    """Two nodes that send each other numbered units over one link, and notice what becomes of it.

    After a failure each end retrieves what the other says it has not had, as changeover does, and
    sends it again as soon as the link is back, before anything new.
    """

    def __init__(self, quality: Quality, seed: int = 1) -> None:
        self.clock = VirtualClock()
        self.link = InProcessLink(ENDS, self.clock, NoTap(), DELAY_US, quality=quality, seed=seed)
        self.arrived: dict[str, list[bytes]] = {name: [] for name in ENDS}
        self.waiting: dict[str, list[bytes]] = {name: [] for name in ENDS}
        self.sent: dict[str, list[bytes]] = {name: [] for name in ENDS}
        self.failures = 0
        self._had: dict[str, int] = {}
        for name in ENDS:
            self.link.end(name).attach(
                self.arrived[name].append, lambda state, name=name: self._changed(name, state)
            )

    def _changed(self, name: str, in_service: bool) -> None:
        if in_service:
            waiting, self.waiting[name] = self.waiting[name], []
            for octets in waiting:
                self._send(name, octets)
            return
        self.failures += 1
        self._had[name] = self.link.end(name).last_received()
        if len(self._had) == len(ENDS):
            for end, far in (ENDS, ENDS[::-1]):
                self.waiting[end][:0] = self.link.end(end).retrieve(self._had[far])
            self._had.clear()

    def _send(self, name: str, octets: bytes) -> None:
        if not self.link.end(name).send(octets):
            self.waiting[name].append(octets)

    def carries(self, units: int, every_us: int) -> None:
        for number in range(units):
            for name in ENDS:
                octets = b"\x85" + number.to_bytes(3)
                self.sent[name].append(octets)
                self._send(name, octets)
            self.clock.advance_us(every_us)

    def settles(self) -> None:
        """The wire is good again, and time passes."""
        self.link.set_quality(None if self.link.quality.is_plain else Quality())
        self.clock.advance_us(20 * SECOND_US)


class TestPlain:
    def test_it_delivers_in_order_after_its_delay_and_is_tapped_once_at_the_sender(self) -> None:
        clock, tap = VirtualClock(start_us=5), WireTap()
        link = InProcessLink(ENDS, clock, tap, DELAY_US)
        arrived: list[tuple[int, bytes]] = []
        link.end("ssp-62").attach(lambda octets: arrived.append((clock.now_us(), octets)), print)
        assert link.end("stp-68").send(b"one")
        assert link.end("stp-68").send(b"two")
        clock.advance_us(DELAY_US)
        assert arrived == [(5 + DELAY_US, b"one"), (5 + DELAY_US, b"two")]
        assert tap.seen == [
            ("ssp-62/stp-68", "stp-68", "ssp-62", b"one", 5),
            ("ssp-62/stp-68", "stp-68", "ssp-62", b"two", 5),
        ]
        assert clock.run(60 * SECOND_US), "a quiet link sets no timer"

    def test_both_ends_learn_of_each_change_from_the_clock_and_in_order(self) -> None:
        clock = VirtualClock()
        link = InProcessLink(ENDS, clock, NoTap(), DELAY_US)
        told: list[tuple[str, bool]] = []
        for name in ("stp-68", "ssp-62"):
            link.end(name).attach(
                lambda octets: None, lambda state, name=name: told.append((name, state))
            )
        link.fail()
        link.fail()
        assert not link.in_service
        assert not link.end("ssp-62").send(b"x")
        assert told == []
        link.restore()
        link.restore()
        clock.advance_us(0)
        assert told == [("ssp-62", False), ("stp-68", False)]
        clock.advance_us(SECOND_US)
        assert sorted(told[2:]) == [("ssp-62", True), ("stp-68", True)]
        assert link.in_service

    def test_a_cut_wire_loses_what_is_under_way_and_the_end_has_it_still(self) -> None:
        clock = VirtualClock()
        link = InProcessLink(ENDS, clock, NoTap(), DELAY_US)
        arrived: list[bytes] = []
        near, far = (link.end(name) for name in ENDS)
        far.attach(arrived.append, lambda state: None)
        near.send(b"\x85arrives")
        clock.advance_us(DELAY_US)
        near.send(b"\x85is lost")
        link.fail()
        clock.advance_us(DELAY_US)
        assert (arrived, link.lost) == ([b"\x85arrives"], 1)
        assert near.retrieve(far.last_received()) == [b"\x85is lost"]
        link.restore()
        clock.advance_us(SECOND_US)
        near.send(b"\x85anew")
        clock.advance_us(DELAY_US)
        assert arrived == [b"\x85arrives", b"\x85anew"]

    def test_level_3_stops_and_starts_a_link(self) -> None:
        clock = VirtualClock()
        link = InProcessLink(ENDS, clock, NoTap(), DELAY_US)
        link.end("stp-68").stop()
        clock.advance_us(60 * SECOND_US)
        assert not link.in_service
        link.end("stp-68").start()
        clock.advance_us(10 * SECOND_US)
        assert link.in_service

    def test_congestion_is_told_from_the_clock(self) -> None:
        clock = VirtualClock()
        bounds = Bounds(
            window=4, limit=8, onset=(3, 5, 7), abatement=(1, 2, 3), acknowledge_after=2
        )
        link = InProcessLink(ENDS, clock, NoTap(), DELAY_US, bounds=bounds)
        near = link.end("ssp-62")
        link.end("stp-68").attach(lambda octets: None, lambda state: None)
        levels: list[int] = []
        near.on_congestion(levels.append)
        assert [near.send(b"\x85") for _ in range(9)] == [True] * 8 + [False]
        assert (levels, near.congestion) == ([], 3)
        clock.advance_us(SECOND_US)
        assert levels == [1, 2, 3, 1, 0]
        assert near.congestion == 0

    def test_a_unit_that_nobody_takes_is_counted(self) -> None:
        clock = VirtualClock()
        link = InProcessLink(ENDS, clock, NoTap(), DELAY_US)
        link.end("ssp-62").send(b"\x85")
        clock.advance_us(DELAY_US)
        assert link.lost == 1

    def test_a_link_needs_two_nodes_and_a_wire_that_can_be(self) -> None:
        with pytest.raises(ValueError, match="stp-68 twice"):
            InProcessLink(("stp-68", "stp-68"), VirtualClock(), NoTap(), 0)
        with pytest.raises(ValueError, match="delay_us: -1"):
            InProcessLink(ENDS, VirtualClock(), NoTap(), -1)
        with pytest.raises(ValueError, match=r"damage: 1\.1: a probability"):
            Quality(damage=1.1)
        with pytest.raises(ValueError, match="jitter_us: -5"):
            Quality(jitter_us=-5)


NOISES = {
    "loss": Quality(loss=0.01),
    "damage": Quality(damage=0.01),
    "reordering": Quality(jitter_us=300, reordering=0.01),
    "doubling": Quality(doubling=0.01),
    "all": Quality(jitter_us=2_000, loss=0.02, damage=0.02, reordering=0.02, doubling=0.02),
}


class TestNoise:
    @pytest.mark.parametrize("noise", NOISES)
    @pytest.mark.parametrize("seed", range(4))
    def test_every_unit_arrives_once_and_in_order_however_often_the_link_fails(
        self, noise: str, seed: int
    ) -> None:
        """Numbers notice what a wire does; what was not had is retrieved and sent again."""
        carrier = Carrier(NOISES[noise], seed)
        carrier.carries(600, 2_500)
        carrier.settles()
        assert carrier.failures >= 2
        assert carrier.link.in_service
        for name, far in (ENDS, ENDS[::-1]):
            assert carrier.arrived[far] == carrier.sent[name]
        assert carrier.waiting == {name: [] for name in ENDS}

    def test_the_last_unit_is_missed_by_t7(self) -> None:
        """Nothing comes after it whose number would tell."""
        carrier = Carrier(Quality(loss=1.0))
        carrier.carries(1, 0)
        carrier.link.set_quality(Quality())
        carrier.clock.advance_us(2 * SECOND_US - 1)
        assert carrier.failures == 0
        carrier.clock.advance_us(2 * SECOND_US)
        assert carrier.failures == 2
        assert carrier.arrived == {name: [b"\x85" + bytes(3)] for name in ENDS}

    def test_jitter_alone_keeps_the_order_and_the_service(self) -> None:
        carrier = Carrier(Quality(delay_us=1_000, jitter_us=5_000))
        carrier.carries(500, 300)
        carrier.settles()
        assert carrier.failures == 0
        assert carrier.arrived["stp-68"] == carrier.sent["ssp-62"]

    def test_a_run_repeats_by_its_seed(self) -> None:
        def run(seed: int) -> tuple[int, int, int, list[bytes]]:
            carrier = Carrier(NOISES["all"], seed)
            carrier.carries(100, 5_000)
            wire = carrier.link.end("ssp-62").wire
            return wire.lost, wire.damaged, carrier.failures, carrier.arrived["stp-68"]

        assert run(5) == run(5)
        assert run(5) != run(6)

    def test_a_wire_that_loses_everything_keeps_both_ends_trying(self) -> None:
        carrier = Carrier(Quality(loss=1.0))
        carrier.link.fail()
        carrier.link.restore()
        carrier.clock.advance_us(60 * SECOND_US)
        assert not carrier.link.in_service
        carrier.link.set_quality(Quality())
        carrier.clock.advance_us(7 * SECOND_US)
        assert carrier.link.in_service


def test_a_wire_does_what_it_is_asked_to_about_as_often() -> None:
    quality = Quality(loss=0.1, damage=0.1, doubling=0.1, reordering=0.1)
    wire = Wire(quality, "seed")
    frames = 20_000
    arrivals = sum(len(wire.carry(bytes(40), now_us)) for now_us in range(frames))
    assert arrivals == frames - wire.lost - wire.damaged + wire.doubled
    for count, expected in (
        (wire.lost, 0.1),
        (wire.damaged, 0.09),
        (wire.overtaken, 0.081),
        (wire.doubled, 0.0729),
    ):
        assert abs(count / frames - expected) < 0.01


def test_a_topology_s_link_has_its_wire_and_its_timers() -> None:
    laid = SignallingLink(
        ends=ENDS,
        delay_us=7_000,
        damage=0.5,
        proving="normal",
        timers={"t4_normal": 0.75, "t7": 0.5},
    )
    clock = VirtualClock()
    link = in_process_link(laid, clock, NoTap())
    assert link.quality == Quality(delay_us=7_000, damage=0.5)
    assert timers_of(laid) == Timers(t4_normal_us=750_000, t7_us=500_000, acknowledge_us=250_000)
    link.set_quality(Quality(delay_us=7_000))
    link.fail()
    link.restore()
    clock.advance_us(760 * MILLISECOND_US)
    assert not link.in_service
    clock.advance_us(20 * MILLISECOND_US)
    assert link.in_service
    assert isinstance(link.end("ssp-62"), InProcessEnd)
