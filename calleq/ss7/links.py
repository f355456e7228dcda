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

from collections.abc import Callable
from typing import Protocol

from calleq.runtime.clock import Clock
from calleq.runtime.tap import Segment, Tap

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


def link_name(ends: tuple[str, str]) -> str:
    """What a tap calls the link between two nodes.

    >>> link_name(("ssp-62", "stp-68"))
    'ssp-62/stp-68'
    """
    return f"{ends[0]}/{ends[1]}"


class InProcessEnd:
    """One end of an `InProcessLink`; fulfils `LinkEnd`."""

    __slots__ = ("_changed", "_far_end", "_owner", "_receive", "far", "in_flight", "link", "near")

    def __init__(self, owner: "InProcessLink", near: str, far: str) -> None:
        self.link = owner.name
        self.near = near
        self.far = far
        self.in_flight = 0
        """Units under way from this end."""
        self._owner = owner
        self._far_end: InProcessEnd = self
        self._receive: Callable[[bytes], None] | None = None
        self._changed: Callable[[bool], None] | None = None

    @property
    def in_service(self) -> bool:
        return self._owner.in_service

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
        if self.in_flight >= IN_FLIGHT_LIMIT:
            link.lost += 1
            return True
        self.in_flight += 1
        clock.call_later_us(link.delay_us, self._arrives, octets, link.interruptions)
        return True

    def _arrives(self, octets: bytes, interruptions: int) -> None:
        self.in_flight -= 1
        link = self._owner
        receive = self._far_end._receive
        if interruptions != link.interruptions or receive is None:
            link.lost += 1
            return
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
        """Take the link out of service; does nothing when it is."""
        if self.in_service:
            self.interruptions += 1
            self._change(False)

    def restore(self) -> None:
        """Bring the link back into service; does nothing when it is."""
        if not self.in_service:
            self._change(True)

    def _change(self, in_service: bool) -> None:
        self.in_service = in_service
        self.clock.call_later_us(0, self._tell, in_service)

    def _tell(self, in_service: bool) -> None:
        for end in self._ends.values():
            end.tell(in_service)
