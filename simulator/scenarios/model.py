"""One scenario: a network, steps that are done one after the other, and what is expected of them.

`loading` reads files into it and checks that everything they name exists; docs/guide/scenarios.md
is the manual.
"""

import msgspec

from simulator.scenarios.expectations import AnyExpectation
from simulator.scenarios.parts import LIMIT_S, NetworkSpec, Part, Sweep, TelephoneSpec
from simulator.scenarios.steps import AnyStep


class Scenario(Part, frozen=True, kw_only=True):
    """One scenario file, checked."""

    name: str = ""
    """Empty in a file: its name without `.toml`."""
    title: str
    about: str = ""
    seed: int = 1
    rows: tuple[str, ...] = ()
    """Rows of the requirements that it shows."""
    limit_s: float = LIMIT_S
    """By then the network must be at rest."""
    telephones: dict[str, str | TelephoneSpec] = msgspec.field(default_factory=dict)
    network: NetworkSpec = NetworkSpec()
    sweep: Sweep | None = None
    steps: tuple[AnyStep, ...]
    expect: tuple[AnyExpectation, ...]

    def number_of(self, telephone: str) -> str:
        """The number of a named telephone; anything else is a number already."""
        named = self.telephones.get(telephone, telephone)
        return named if isinstance(named, str) else named.number


def in_ansi(scenario: Scenario) -> Scenario:
    """The same scenario in a network that speaks ANSI."""
    network = msgspec.structs.replace(scenario.network, variant="ansi")
    return msgspec.structs.replace(scenario, network=network)
