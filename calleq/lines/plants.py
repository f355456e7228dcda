"""Lines between switches and telephones of one process.

Owns delivery: octets given in arrive at the other end `delay_us` later, in order, always from a
timer and never within the call that sent them, so that neither end is entered twice. Each message
is shown to the tap once, when it is sent. Octets for an end that nobody serves are lost, as on a
wire that is not connected, and counted.
"""

from collections import deque
from collections.abc import Callable

from calleq.lines.contract import LinePlant
from calleq.runtime.clock import Clock
from calleq.runtime.tap import Segment, Tap

_CIRCUIT = Segment.CIRCUIT

WIRE_LIMIT_MESSAGES = 4_096
"""Messages under way in one direction of one line; more than the calls of a trunk can mean are
lost."""


def line_link(line: str) -> str:
    """How a tap names the wire of a line."""
    return f"line:{line}"


def telephone_name(line: str) -> str:
    """How a tap names the telephone of a line."""
    return f"telephone {line}"


class _Wire:
    """The wire of one line to one switch: its names, its telephone, and what is under way."""

    __slots__ = ("line", "link", "receive", "switch", "telephone", "to_switch", "to_telephone")

    def __init__(self, switch: str, line: str) -> None:
        self.switch = switch
        self.line = line
        self.link = line_link(line)
        self.telephone = telephone_name(line)
        self.receive: Callable[[bytes], None] | None = None
        """The telephone, once it is plugged in."""
        # A queue for each direction keeps the order even where a clock's timers do not.
        self.to_switch: deque[bytes] = deque()
        self.to_telephone: deque[bytes] = deque()


class InProcessLines:
    """Fulfils `LinePlant` where both ends are in this process."""

    def __init__(self, clock: Clock, delay_us: int, tap: Tap) -> None:
        self._clock = clock
        self._delay_us = delay_us
        self._tap = tap
        self._switches: dict[str, Callable[[str, bytes], None]] = {}
        self._wires: dict[tuple[str, str], _Wire] = {}
        self.lost = 0
        """Messages that had nobody to go to, or no room on the wire."""

    def serve(self, switch: str, receive: Callable[[str, bytes], None]) -> None:
        self._switches[switch] = receive

    def plug_in(self, switch: str, line: str, receive: Callable[[bytes], None]) -> None:
        self._wire(switch, line).receive = receive

    def to_telephone(self, switch: str, line: str, octets: bytes) -> None:
        wire = self._wires.get((switch, line)) or self._wire(switch, line)
        clock = self._clock
        self._tap.saw(_CIRCUIT, wire.link, switch, wire.telephone, octets, clock.now_us())
        under_way = wire.to_telephone
        if len(under_way) >= WIRE_LIMIT_MESSAGES:
            self.lost += 1
            return
        under_way.append(octets)
        clock.call_later_us(self._delay_us, self._arrive_at_telephone, wire)

    def to_switch(self, switch: str, line: str, octets: bytes) -> None:
        wire = self._wires.get((switch, line)) or self._wire(switch, line)
        clock = self._clock
        self._tap.saw(_CIRCUIT, wire.link, wire.telephone, switch, octets, clock.now_us())
        under_way = wire.to_switch
        if len(under_way) >= WIRE_LIMIT_MESSAGES:
            self.lost += 1
            return
        under_way.append(octets)
        clock.call_later_us(self._delay_us, self._arrive_at_switch, wire)

    def _wire(self, switch: str, line: str) -> _Wire:
        wire = self._wires.get((switch, line))
        if wire is None:
            wire = self._wires[switch, line] = _Wire(switch, line)
        return wire

    def _arrive_at_telephone(self, wire: _Wire) -> None:
        octets = wire.to_telephone.popleft()
        if wire.receive is None:
            self.lost += 1
            return
        wire.receive(octets)

    def _arrive_at_switch(self, wire: _Wire) -> None:
        octets = wire.to_switch.popleft()
        receive = self._switches.get(wire.switch)
        if receive is None:
            self.lost += 1
            return
        receive(wire.line, octets)


class SharedLines:
    """Fulfils `LinePlant` where some lines end in this process and the others elsewhere.

    Lines that are plugged in here are carried by `near`, all others by `far`.
    """

    def __init__(
        self, near: InProcessLines, far: LinePlant, alone: frozenset[str] = frozenset()
    ) -> None:
        """`alone` are elements that have no line elsewhere."""
        self._near = near
        self._far = far
        self._alone = alone
        self._here: set[tuple[str, str]] = set()

    def serve(self, switch: str, receive: Callable[[str, bytes], None]) -> None:
        self._near.serve(switch, receive)
        if switch not in self._alone:
            self._far.serve(switch, receive)

    def plug_in(self, switch: str, line: str, receive: Callable[[bytes], None]) -> None:
        self._here.add((switch, line))
        self._near.plug_in(switch, line, receive)

    def to_telephone(self, switch: str, line: str, octets: bytes) -> None:
        plant = self._near if (switch, line) in self._here else self._far
        plant.to_telephone(switch, line, octets)

    def to_switch(self, switch: str, line: str, octets: bytes) -> None:
        plant = self._near if (switch, line) in self._here else self._far
        plant.to_switch(switch, line, octets)
