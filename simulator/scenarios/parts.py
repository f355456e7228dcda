"""What a scenario file says of its network, and what its steps and expectations are made of.

Times are seconds, as people write them; `us` makes microseconds of them.
"""

from typing import Literal

import msgspec

from calleq.topology import Behaviour, LineKind, VariantName
from calleq.units import SECOND_US
from simulator.faults.network import Machines

SWEEP = "sweep"
"""Instead of a number of seconds: the value of the sweep."""
WAIT_LIMIT_S = 600.0
LIMIT_S = 86_400.0


class ScenarioError(ValueError):
    """The file is no scenario; the text names file, key and what was expected."""


def us(seconds: float) -> int:
    """Microseconds of seconds as a file has them."""
    return round(seconds * SECOND_US)


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything in a file: exact in its keys."""


class Manner(Part, frozen=True, kw_only=True):
    """How whoever is at a telephone behaves; what is left out is as the line has it."""

    behaviour: Behaviour | None = None
    answers_after_s: float | None = None
    hangs_up_after_s: float | None = None
    """From the moment a call is through."""
    leaves_announcement_after_s: float | None = None
    puts_down_after_s: float | None = None
    """From the moment a call that rang here is through: the call stays (SUS)."""
    takes_up_after_s: float | None = None
    """... and so much later it is taken up again (RES); left out: never."""


class TelephoneSpec(Manner, frozen=True, kw_only=True):
    """A telephone of the scenario: its number and what differs from the network's line."""

    number: str
    kind: LineKind | None = None
    coverage: bool | None = None


class BusinessSpec(Part, frozen=True, kw_only=True):
    """What differs at a business of the network."""

    name: str | None = None
    dial_first: Literal["customer", "agent"] | None = None
    detect_machine: bool | None = None
    representatives: tuple[str, ...] | None = None
    """Names of telephones, or numbers."""


class WorldSpec(Part, frozen=True, kw_only=True):
    """A network of many subscribers (`simulator.world`) instead of figure 1."""

    customers: int
    businesses: int
    circuits: int


class NetworkSpec(Part, frozen=True, kw_only=True):
    """The network: that of figure 1 or of a file, with what differs."""

    file: str = ""
    """Relative to the scenario's own directory; empty: figure 1."""
    world: WorldSpec | None = None
    variant: VariantName = "itu"
    """`ansi`: the network speaks ANSI's signalling system No. 7, whatever its file says."""
    talk_s: float = 5.0
    ring_limit_s: float | None = None
    osn_delay_s: float | None = None
    line_delay_s: float | None = None
    circuits: dict[str, int] = {}
    """By trunk group."""
    links: dict[str, int] = {}
    """By signalling link: how many there shall be beside each other, itself included."""
    businesses: dict[str, BusinessSpec] = {}
    equipment: str = ""
    """What makes the access server's calls; empty: as the network has it."""
    played: tuple[str, ...] = ()
    """SCPs, switches, peripherals that the scenario plays itself, at the level of INAP."""
    settle_s: float = 1.0
    machines: Machines = "one"
    """Whether all processes run on one machine or each on its own."""


class Sweep(Part, frozen=True, kw_only=True):
    """The same scenario for every value from `from_s` to `to_s`, `step_s` apart."""

    from_s: float
    to_s: float
    step_s: float
    states: tuple[str, ...] = ()
    """Final states of the first call that must each come up somewhere in the sweep."""

    def values_us(self) -> range:
        """Every value in microseconds."""
        return range(us(self.from_s), us(self.to_s) + 1, max(1, us(self.step_s)))
