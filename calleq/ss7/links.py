"""Signalling links: what a node sees of one, and the link between two nodes of one process.

Owns the contract `LinkEnd` and `InProcessLink`. A link carries the octets of message signal units
from the service information octet on, in order, and has a state, in service or not, that both of
its ends learn of. It reads no octet: what is malformed arrives malformed.

Odd cases:

- a failed link loses what is in flight in both directions, as a cut cable does; the units are
  counted, nobody is told which they were (level 4's timers repair it);
- a state change is told to the ends from the clock, in the order of the changes and, within one,
  in the order in which the topology names the ends, so that nobody is called from inside `fail`;
- `send` looks at the state itself: a node that has not been told yet is refused, and takes another
  link.
"""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from calleq.runtime.clock import Clock
from calleq.runtime.tap import Segment, Tap

NONE_RECEIVED = 0xFFFFFF
"""What stands for the unit before the first (RFC 4165 §2.2)."""

_SIGNALLING_LINK = Segment.SIGNALLING_LINK

IN_FLIGHT_LIMIT = 65_536
"""Units under way in one direction of an in-process link; more are lost, and counted."""


class LinkEnd(Protocol):
    """One end of a signalling link, as the node it belongs to sees it."""

    @property
    def link(self) -> str:
        """The link's name, `ssp-62/stp-68`: its ends in the topology's order."""

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
        """Put one unit on the link; False, and nothing sent, when it is not in service."""

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


def link_name(ends: tuple[str, str]) -> str:
    """What a tap calls the link between two nodes.

    >>> link_name(("ssp-62", "stp-68"))
    'ssp-62/stp-68'
    """
    return f"{ends[0]}/{ends[1]}"


class InProcessEnd:
    """One end of an `InProcessLink`; fulfils `LinkEnd`."""

    __slots__ = (
        "_changed",
        "_far_end",
        "_owner",
        "_receive",
        "_received",
        "_remains",
        "_told",
        "_under_way",
        "far",
        "link",
        "near",
        "wanted",
    )

    def __init__(self, owner: "InProcessLink", near: str, far: str) -> None:
        self.link = owner.name
        self.near = near
        self.far = far
        self.wanted = True
        """Level 3 has not stopped it."""
        self._owner = owner
        self._far_end: InProcessEnd = self
        self._receive: Callable[[bytes], None] | None = None
        self._changed: Callable[[bool], None] | None = None
        self._told: Callable[[int], None] | None = None
        self._under_way: deque[bytes] = deque()
        self._remains: list[bytes] = []
        self._received = NONE_RECEIVED

    @property
    def in_flight(self) -> int:
        """Units under way from this end."""
        return len(self._under_way)

    @property
    def in_service(self) -> bool:
        return self._owner.in_service

    @property
    def congestion(self) -> int:
        return 0

    def on_congestion(self, told: Callable[[int], None]) -> None:
        self._told = told

    def start(self) -> None:
        self.wanted = True
        self._owner.settle()

    def stop(self) -> None:
        self.wanted = False
        self._owner.settle()

    def last_received(self) -> int:
        return self._received

    def retrieve(self, after: int | None) -> list[bytes]:
        remains, self._remains = self._remains, []
        first = (self._far_end._received + 1) & NONE_RECEIVED
        if after is None:
            return []
        return remains[((after + 1 - first) & NONE_RECEIVED) :]

    def interrupted(self) -> None:
        """What is under way will not arrive."""
        self._remains = list(self._under_way)
        self._under_way.clear()

    def resumed(self) -> None:
        """In service again: units are counted anew."""
        self._received = NONE_RECEIVED

    def attach(self, receive: Callable[[bytes], None], changed: Callable[[bool], None]) -> None:
        self._receive = receive
        self._changed = changed

    def join(self, far_end: "InProcessEnd") -> None:
        """Say which end the units of this one arrive at."""
        self._far_end = far_end

    def send(self, octets: bytes) -> bool:
        link = self._owner
        if not link.in_service:
            return False
        clock = link.clock
        link.tap.saw(_SIGNALLING_LINK, self.link, self.near, self.far, octets, clock.now_us())
        if len(self._under_way) >= IN_FLIGHT_LIMIT:
            link.lost += 1
            return True
        self._under_way.append(octets)
        clock.call_later_us(link.delay_us, self._arrives, octets, link.interruptions)
        return True

    def _arrives(self, octets: bytes, interruptions: int) -> None:
        link = self._owner
        far_end = self._far_end
        receive = far_end._receive
        if interruptions != link.interruptions or receive is None:
            link.lost += 1
            return
        self._under_way.popleft()
        far_end._received = (far_end._received + 1) & NONE_RECEIVED
        receive(octets)

    def tell(self, in_service: bool) -> None:
        """Pass a state change on to the node."""
        if self._changed is not None:
            self._changed(in_service)


class InProcessLink:
    """A signalling link between two nodes of one process, in service from the start.

    `lost` counts the units that a failure, or the bound, took.
    """

    def __init__(self, ends: tuple[str, str], clock: Clock, tap: Tap, delay_us: int) -> None:
        """`ends` in the topology's order; raises ValueError for a link from a node to itself."""
        if ends[0] == ends[1]:
            raise ValueError(f"a signalling link needs two nodes, not {ends[0]} twice")
        if delay_us < 0:
            raise ValueError(f"{link_name(ends)}: a delay of {delay_us} us")
        self.name = link_name(ends)
        self.clock = clock
        self.tap = tap
        self.delay_us = delay_us
        self.in_service = True
        self.stands = True
        """The wire is whole."""
        self.interruptions = 0
        self.lost = 0
        one, other = InProcessEnd(self, *ends), InProcessEnd(self, ends[1], ends[0])
        one.join(other)
        other.join(one)
        self._ends = {ends[0]: one, ends[1]: other}

    def end(self, name: str) -> InProcessEnd:
        """The end at the node `name`; KeyError when the link does not touch it."""
        return self._ends[name]

    def fail(self) -> None:
        """Cut the wire; does nothing when it is."""
        self.stands = False
        self.settle()

    def restore(self) -> None:
        """Make the wire whole; does nothing when it is."""
        self.stands = True
        self.settle()

    def settle(self) -> None:
        """The wire, or the wish of an end, has changed."""
        in_service = self.stands and all(end.wanted for end in self._ends.values())
        if in_service == self.in_service:
            return
        for end in self._ends.values():
            if in_service:
                end.resumed()
            else:
                end.interrupted()
        self.interruptions += not in_service
        self._change(in_service)

    def _change(self, in_service: bool) -> None:
        self.in_service = in_service
        self.clock.call_later_us(0, self._tell, in_service)

    def _tell(self, in_service: bool) -> None:
        for end in self._ends.values():
            end.tell(in_service)
