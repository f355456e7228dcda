"""The wires of a real-time process: all inside it, or (`several`) TCP to the network's others.

Both have the same face, so that hosting does not care: the OSN, the subscriber lines and the ends
of the signalling links that lie here. Wires to other processes come and go; `settled` and `report`
say which stand.

What speaks TCP is imported only where something is to be reached: it takes long.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from calleq.lines.contract import LinePlant
from calleq.lines.plants import InProcessLines
from calleq.osn.contract import Bus
from calleq.osn.in_process import InProcessBus
from calleq.runtime.clock import Clock
from calleq.runtime.tap import Tap
from calleq.ss7.laying import in_process_link
from calleq.ss7.links import InProcessLink, LinkEnd
from calleq.topology import SignallingLink, Topology

if TYPE_CHECKING:
    from calleq.cli.foreign import ForeignWires


class Wires(Protocol):
    """What the elements of one process reach others by."""

    @property
    def bus(self) -> Bus:
        """The OSN."""

    @property
    def lines(self) -> LinePlant:
        """The subscriber lines."""

    def link_ends(self, link: SignallingLink, chosen: frozenset[str]) -> Mapping[str, LinkEnd]:
        """The ends of a signalling link that lie in this process."""

    def open(self, lines_lost: Callable[[str], object]) -> None:
        """Begin to listen and to connect; `lines_lost(switch)` hears of broken subscriber lines.

        Raises CommandError when an address is taken.
        """

    def listening(self) -> dict[str, str]:
        """Every address on which elements of other processes reach those of this one."""

    def reaches(self, element: str) -> bool:
        """Whether what was sent to an element over the OSN has not been waiting for it."""

    async def settled(self, limit_s: float) -> list[str]:
        """Wait until every wire stands, at most `limit_s`; a line on the state of each."""

    def report(self, say: Callable[[str], object]) -> None:
        """Say a line from now on whenever a wire comes or goes."""

    async def close(self) -> None:
        """Close every wire without a word."""


class OneProcess:
    """Every wire in this process, with the delays of the topology; foreign nodes are beyond it."""

    def __init__(self, topology: Topology, clock: Clock, tap: Tap) -> None:
        self._topology = topology
        self._clock = clock
        self._tap = tap
        self._foreign: ForeignWires | None = None
        self.links: dict[str, InProcessLink] = {}
        """By name."""
        self.bus: Bus = InProcessBus(clock, topology.timing.osn_delay_us, tap)
        self.lines: LinePlant = InProcessLines(clock, topology.timing.line_delay_us, tap)

    def link_ends(self, link: SignallingLink, chosen: frozenset[str]) -> Mapping[str, LinkEnd]:
        if link.is_foreign:
            return self._foreign_wires().links.ends_in(link, chosen)
        wire = self.links[link.name] = in_process_link(link, self._clock, self._tap)
        return {name: wire.end(name) for name in link.ends if name in chosen}

    def _foreign_wires(self) -> "ForeignWires":
        if self._foreign is None:
            from calleq.cli.foreign import ForeignWires  # slow to import, and rarely needed

            self._foreign = ForeignWires(self._topology, self._clock, self._tap)
        return self._foreign

    def open(self, lines_lost: Callable[[str], object]) -> None:
        """Only links to foreign nodes are to be opened, and break."""
        if self._foreign is not None:
            self._foreign.open()

    def listening(self) -> dict[str, str]:
        """Where foreign nodes find this process."""
        return {} if self._foreign is None else self._foreign.links.listening()

    def reaches(self, element: str) -> bool:
        """It is in this process."""
        return True

    async def settled(self, limit_s: float) -> list[str]:
        """At once: foreign nodes come when they come, and `report` says so."""
        return [] if self._foreign is None else self._foreign.links.states()

    def report(self, say: Callable[[str], object]) -> None:
        """Say a line from now on whenever a link to a foreign node comes or goes."""
        if self._foreign is not None:
            self._foreign.links.report(say)

    async def close(self) -> None:
        """Close what was opened."""
        if self._foreign is not None:
            await self._foreign.close()
