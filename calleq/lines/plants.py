"""Lines between switches and telephones of one process.

Owns delivery: octets given in arrive at the other end `delay_us` later, in order, always from a
timer and never within the call that sent them, so that neither end is entered twice. Each message
is shown to the tap once, when it is sent. Octets for an end that nobody serves are lost, as on a
wire that is not connected, and counted.
"""

from collections import deque
from collections.abc import Callable

from calleq.runtime.clock import Clock
from calleq.runtime.tap import Segment, Tap

_CIRCUIT = Segment.CIRCUIT

WIRE_LIMIT_MESSAGES = 64
"""Messages under way in one direction of one line; more than a line can mean are lost."""


def line_link(line: str) -> str:
    """How a tap names the wire of a line."""
    return f"line:{line}"


def telephone_name(line: str) -> str:
    """How a tap names the telephone of a line."""
    return f"telephone {line}"


class InProcessLines:
    """Fulfils `LinePlant` where both ends are in this process."""

    def __init__(self, clock: Clock, delay_us: int, tap: Tap) -> None:
        self._clock = clock
        self._delay_us = delay_us
        self._tap = tap
        self._switches: dict[str, Callable[[str, bytes], None]] = {}
        self._telephones: dict[tuple[str, str], Callable[[bytes], None]] = {}
        self._names: dict[str, tuple[str, str]] = {}
        self._to_switch: dict[tuple[str, str], deque[bytes]] = {}
        self._to_telephone: dict[tuple[str, str], deque[bytes]] = {}
        self.lost = 0
        """Messages that had nobody to go to, or no room on the wire."""

    def serve(self, switch: str, receive: Callable[[str, bytes], None]) -> None:
        self._switches[switch] = receive

    def plug_in(self, switch: str, line: str, receive: Callable[[bytes], None]) -> None:
        self._telephones[switch, line] = receive

    def to_telephone(self, switch: str, line: str, octets: bytes) -> None:
        link, telephone = self._named(line)
        self._tap.saw(_CIRCUIT, link, switch, telephone, octets, self._clock.now_us())
        self._put(self._to_telephone, (switch, line), octets, self._arrive_at_telephone)

    def to_switch(self, switch: str, line: str, octets: bytes) -> None:
        link, telephone = self._named(line)
        self._tap.saw(_CIRCUIT, link, telephone, switch, octets, self._clock.now_us())
        self._put(self._to_switch, (switch, line), octets, self._arrive_at_switch)

    def _named(self, line: str) -> tuple[str, str]:
        names = self._names.get(line)
        if names is None:
            names = self._names[line] = (line_link(line), telephone_name(line))
        return names

    def _put(
        self,
        wires: dict[tuple[str, str], deque[bytes]],
        ends: tuple[str, str],
        octets: bytes,
        arrive: Callable[[tuple[str, str]], None],
    ) -> None:
        """A queue for each direction keeps the order even where a clock's timers do not."""
        wire = wires.get(ends)
        if wire is None:
            wire = wires[ends] = deque()
        if len(wire) >= WIRE_LIMIT_MESSAGES:
            self.lost += 1
            return
        wire.append(octets)
        self._clock.call_later_us(self._delay_us, arrive, ends)

    def _arrive_at_telephone(self, ends: tuple[str, str]) -> None:
        octets = self._to_telephone[ends].popleft()
        receive = self._telephones.get(ends)
        if receive is None:
            self.lost += 1
            return
        receive(octets)

    def _arrive_at_switch(self, ends: tuple[str, str]) -> None:
        octets = self._to_switch[ends].popleft()
        receive = self._switches.get(ends[0])
        if receive is None:
            self.lost += 1
            return
        receive(ends[1], octets)
