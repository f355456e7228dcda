"""The test suites that are shipped: where their cases are, and what performs them.

A suite is imported when it is asked for: one says nothing of the protocols of another.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import NamedTuple

from simulator.conformance.loading import Kind, LoadedCase, Suite, load_suite, suite_directory
from simulator.conformance.mutants import Mutant
from simulator.conformance.performing import Performer

PROTOCOLS = {
    "q784": "isup",
    "q782": "mtp3",
    "q786": "sccp",
    "ts102381": "m3ua",
    "q787": "tcap",
    "ets300374-3": "inap",
}
"""The protocol of each suite: a package with `suite.SHIPPED`."""


class Shipped(NamedTuple):
    """One suite."""

    kind: Kind
    performer: Callable[[LoadedCase, Mutant | None], Performer]
    codes: Mapping[str, int] = {}
    """Point codes of the nodes, where messages can be written into a capture file."""


@cache
def shipped(name: str) -> Shipped:
    """What performs the cases of a suite; KeyError when there is none of that name."""
    module = import_module(f"simulator.conformance.{PROTOCOLS[name]}.suite")
    found: Shipped = module.SHIPPED
    return found


def load(name: str) -> tuple[Suite, list[LoadedCase]]:
    """A suite and its cases. Raises ScenarioError."""
    return load_suite(suite_directory(name), shipped(name).kind)
