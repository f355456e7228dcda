"""Signalling links: what a node sees of one, and the link between two nodes of one process.

Owns the contract `LinkEnd` and `InProcessLink`. A link carries the octets of message signal units
from the service information octet on, in order, each once, and has a state, in service or not, that
its ends learn of. It reads no octet of a unit: what is malformed arrives malformed.

An in-process link is two M2PA sessions and a simulated wire between them, which carries their
frames and may delay, lose, damage or reorder them. It is in service from the start, as if it had
been aligned before; from then on everything is said in frames, and a link that fails is aligned
again over its wire as soon as that is whole.

Odd cases:

- a cut wire loses what is under way, as a cable does; both ends notice at once (a carrier is gone).
  What the far end did not acknowledge can be retrieved;
- a state change, and a level of congestion, is told to a node from the clock, so that nobody is
  called from inside `fail` or `send`;
- `send` looks at the state itself: a node that has not been told yet is refused, and takes another
  link.
"""

from collections.abc import Callable
from typing import Protocol

from calleq.runtime.clock import Clock
from calleq.runtime.tap import Segment, Tap
from calleq.ss7.m2pa import NONE_RECEIVED as NONE_RECEIVED
from calleq.ss7.m2pa import Bounds, Remains, Session, Timers
from calleq.ss7.wire import Quality, Wire
from calleq.topology import link_name
from calleq.units import SECOND_US


class LinkEnd(Protocol):
    """One end of a signalling link, as the node it belongs to sees it."""

    @property
    def link(self) -> str:
        """The link's name, `ssp-62/stp-68` or `ssp-62/stp-68/1`: ends in the topology's order, and
        the signalling link code where that is not 0."""

    @property
    def near(self) -> str:
        """The node this end belongs to."""

    @property
    def far(self) -> str:
        """The node at the other end."""

    @property
    def in_service(self) -> bool:
        """Whether `send` would be taken now."""

    def send(self, octets: bytes) -> bool:
        """Put one unit on the link; False, and nothing sent, when it cannot be taken.

        It cannot while the link is out of service, or when it keeps too many units already.
        """

    def attach(self, receive: Callable[[bytes], None], changed: Callable[[bool], None]) -> None:
        """Hand arriving units to `receive` and each new state, True in service, to `changed`."""

    @property
    def congestion(self) -> int:
        """Level of transmission congestion, 0 (none) to 3 (Q.704 §3.8.2)."""

    def on_congestion(self, told: Callable[[int], None]) -> None:
        """Hand each new level to `told`: at an onset threshold, and at an abatement threshold."""

    def start(self) -> None:
        """Level 3 wants the link: align it, and again after every failure.

        A link is wanted from the first.
        """

    def stop(self) -> None:
        """Level 3 does not want the link: out of service until `start` (Q.704 §12.2.3)."""

    def last_received(self) -> int:
        """The 24-bit FSN of the last unit taken in order: the BSNT of a changeover (Q.704 §5.4).

        Out of service it is that of the time in service that has ended; `NONE_RECEIVED` where no
        unit has come.
        """

    def retrieve(self, after: int | None) -> list[bytes]:
        """Take back what the failed link has not delivered, oldest first (Q.704 §5.6).

        `after` is the FSN that the far end had received last, as it says itself: everything sent
        after it is given back, and then what was never sent. None, where the far end could not
        say: only what was never sent. Whatever of that time in service is not given back is
        forgotten. [] where nothing is left. It can be asked until the link fails the next time,
        also when it has come into service meanwhile.
        """

    def take_back(self) -> Remains:
        """The same, for whoever learns later what the far end had; nothing is kept here then."""


_SIGNALLING_LINK = Segment.SIGNALLING_LINK

UNHURRIED = Timers(acknowledge_us=SECOND_US)
"""Between two ends in one process half of T7 is soon enough: fewer frames for nothing."""


class AttachedEnd:
    """What every end has alike: its names, and the node that is told of things."""

    def __init__(self, link: str, near: str, far: str, clock: Clock) -> None:
        self.link = link
        self.near = near
        self.far = far
        self.clock = clock
        self._receive: Callable[[bytes], None] | None = None
        self._changed: Callable[[bool], None] | None = None
        self._told: Callable[[int], None] | None = None

    def attach(self, receive: Callable[[bytes], None], changed: Callable[[bool], None]) -> None:
        """As `LinkEnd.attach`."""
        self._receive = receive
        self._changed = changed

    def on_congestion(self, told: Callable[[int], None]) -> None:
        """As `LinkEnd.on_congestion`."""
        self._told = told

    def congested(self, level: int) -> None:
        """The session's level of congestion has changed: the node is told from the clock."""
        if self._told is not None:
            self.clock.call_later_us(0, self._told, level)

    def tell(self, in_service: bool) -> None:
        """Tell the node of a state."""
        if self._changed is not None:
            self._changed(in_service)


class InProcessEnd(AttachedEnd):
    """One end of an `InProcessLink`; fulfils `LinkEnd`, and owns its session's wire."""

    def __init__(
        self,
        owner: "InProcessLink",
        near: str,
        far: str,
        *,
        timers: Timers,
        bounds: Bounds | None,
        emergency: bool,
    ) -> None:
        super().__init__(owner.name, near, far, owner.clock)
        self.session = Session(owner.clock, self, timers=timers, bounds=bounds, emergency=emergency)
        self.send: Callable[[bytes], bool] = self.session.flow.send
        """As `LinkEnd.send`."""
        self._owner = owner
        self._saw = owner.tap.saw
        self._now_us = owner.clock.now_us
        self._call_later_us = owner.clock.call_later_us
        self._hears_there = self.session.flow.frame
        self.untaken = 0
        self.wire = Wire(owner.quality, f"{owner.seed} {owner.name} from {near}")
        """Away from this end."""

    def attach(self, receive: Callable[[bytes], None], changed: Callable[[bool], None]) -> None:
        super().attach(receive, changed)
        self.session.flow.deliver = receive

    @property
    def in_service(self) -> bool:
        return self.session.in_service

    @property
    def congestion(self) -> int:
        return self.session.flow.buffer.level

    def start(self) -> None:
        self.session.start()

    def stop(self) -> None:
        self.session.stop()

    def last_received(self) -> int:
        return self.session.last_received()

    def retrieve(self, after: int | None) -> list[bytes]:
        return self.session.retrieve(after)

    def take_back(self) -> Remains:
        return self.session.take_back()

    def join(self, far_end: "InProcessEnd") -> None:
        """Say which end hears the frames of this one."""
        self._hears_there = far_end.session.flow.frame

    def overheard(self, told: Callable[[bytes], object]) -> None:
        """Tell of every frame of this end that arrives, just before the far end hears it."""
        hears = self._hears_there

        def both(octets: bytes, epoch: int = 0) -> None:
            told(octets)
            hears(octets, epoch)

        self._hears_there = both

    # What the session asks for.

    def put_unit(self, frame: bytes, octets: bytes) -> None:
        link = self._owner
        self._saw(_SIGNALLING_LINK, self.link, self.near, self.far, octets, self._now_us())
        if link.is_plain:
            self._call_later_us(link.delay_us, self._hears_there, frame, link.interruptions)
        else:
            self.put(frame)

    def put(self, frame: bytes) -> None:
        for delay_us, octets in self.wire.carry(frame, self.clock.monotonic_us()):
            self._call_later_us(delay_us, self._hears_there, octets, self._owner.interruptions)

    def deliver(self, octets: bytes) -> None:
        """Nobody is attached."""
        self.untaken += 1

    def changed(self, in_service: bool) -> None:
        self.clock.call_later_us(0, self.tell, in_service)

    def named(self, name: str) -> None:
        """Who is at the far end is known here."""


class InProcessLink:
    """A signalling link between two nodes of one process, in service from the start."""

    def __init__(
        self,
        ends: tuple[str, str],
        clock: Clock,
        tap: Tap,
        delay_us: int,
        *,
        quality: Quality | None = None,
        seed: int = 0,
        timers: Timers | None = None,
        bounds: Bounds | None = None,
        emergency: bool = True,
        slc: int = 0,
    ) -> None:
        """`ends` in the topology's order; raises ValueError for a link from a node to itself.

        `quality` says more of the wire than `delay_us` does, and takes its place.
        """
        if ends[0] == ends[1]:
            raise ValueError(f"a signalling link needs two nodes, not {ends[0]} twice")
        self.name = link_name(ends, slc)
        self.clock = clock
        self.tap = tap
        self.seed = seed
        self.quality = self._given = quality or Quality(delay_us=delay_us)
        self.is_plain = self.quality.is_plain
        self.delay_us = self.quality.delay_us
        self.stands = True
        """The wire is not cut."""
        self.interruptions = 0
        timers = timers or UNHURRIED
        one, other = (
            InProcessEnd(self, *pair, timers=timers, bounds=bounds, emergency=emergency)
            for pair in (ends, ends[::-1])
        )
        one.join(other)
        other.join(one)
        self._ends = {ends[0]: one, ends[1]: other}
        for end in self._ends.values():
            end.session.begin_in_service()

    @property
    def lost(self) -> int:
        """Frames that were under way when the wire was cut, and units that nobody took."""
        return sum(end.session.flow.stale + end.untaken for end in self._ends.values())

    @property
    def in_service(self) -> bool:
        """Whether both ends would take a unit."""
        return all(end.in_service for end in self._ends.values())

    def overheard(self, told: Callable[[bytes], object]) -> None:
        """Tell of every frame that arrives at either end, just before that end hears it."""
        for end in self._ends.values():
            end.overheard(told)

    def end(self, name: str) -> InProcessEnd:
        """The end at the node `name`; KeyError when the link does not touch it."""
        return self._ends[name]

    def fail(self) -> None:
        """Cut the wire; does nothing when it is."""
        if self.stands:
            self.stands = False
            self.interruptions += 1
            for end in self._ends.values():
                end.session.flow.epoch = self.interruptions
                end.session.disconnected()

    def restore(self) -> None:
        """Make the wire whole, and the ends align over it; does nothing when it is."""
        if not self.stands:
            self.stands = True
            for end in self._ends.values():
                end.session.connected()

    def set_quality(self, quality: Quality | None) -> None:
        """From now on the wire is like this; None: as it was made. What is under way stays so."""
        self.quality = quality or self._given
        self.is_plain = self.quality.is_plain
        self.delay_us = self.quality.delay_us
        for end in self._ends.values():
            end.wire.quality = self.quality
