"""What somebody else's calling equipment gives to calleq, and what it is given (see also
docs/guide/equipment.md).

A factory is called once, when the network is built, with the `Site` of the equipment, and returns
the two halves of it: an `Access`, by which parties are called, and a `Stage`, by which they are
played to and bridged (both in `calleq.calling_logic.means`; one object may fulfil both). Calling
logic 80 stands above: it takes the instructions, journals what must not be done twice, keeps every
deadline, finds representatives, and tells what became of the call.

Equipment keeps nothing over a restart and reads no clock but the site's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from calleq.calling_logic.circuits import Trunk
from calleq.calling_logic.means import Access, Stage
from calleq.journal.entries import CircuitKey
from calleq.media.contract import Voice
from calleq.runtime.clock import Clock


class Switch(Protocol):
    """What the equipment may ask of its switch."""

    def join(
        self, call: str, circuits: tuple[CircuitKey, ...], done: Callable[[bool], object]
    ) -> None:
        """Have the parties of a call that were called by these circuits hear each other in the
        switch, and not the circuits; one alone hears its circuit again. `done` is told once whether
        it was done; never, where the switch is gone."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a piece of equipment stands."""

    name: str
    """The element's: what it calls itself towards the voice plane."""
    number: str
    """What customers see where a business has none; may be empty."""
    trunk: Trunk
    switch: Switch
    voice: Voice
    clock: Clock


class Equipment(Protocol):
    """The two halves of a piece of calling equipment."""

    @property
    def access(self) -> Access:
        """By which parties are called."""

    @property
    def stage(self) -> Stage:
        """By which they are played to and bridged."""


Factory = Callable[[Site], Equipment]
