"""The test suites that are shipped: where their cases are, and what performs them."""

from collections.abc import Callable
from typing import NamedTuple

from simulator.conformance.isup import performing as isup
from simulator.conformance.isup.mutants import ISUP_VERBS
from simulator.conformance.isup.octets import ISUP
from simulator.conformance.loading import Kind, LoadedCase, Suite, load_suite, suite_directory
from simulator.conformance.m3ua import performing as m3ua
from simulator.conformance.m3ua.octets import M3UA
from simulator.conformance.mutants import Mutant
from simulator.conformance.performing import Performer


class Shipped(NamedTuple):
    """One suite."""

    kind: Kind
    performer: Callable[[LoadedCase, Mutant | None], Performer]


SUITES = {
    "q784": Shipped(Kind(ISUP, ISUP_VERBS, isup.check_step), isup.IsupPerformer),
    "ts102381": Shipped(Kind(M3UA, {}, m3ua.check_step), m3ua.M3uaPerformer),
}


def load(name: str) -> tuple[Suite, list[LoadedCase]]:
    """A suite and its cases. Raises ScenarioError."""
    return load_suite(suite_directory(name), SUITES[name].kind)
