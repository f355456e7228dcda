"""Runs the cases of calling equipment: a fresh bench for each, and a verdict."""

import time
from collections.abc import Sequence

from calleq.equipment.contract import Equipment, Site
from calleq.equipment.service import load_factory
from calleq.topology import TopologyError
from calleq.units import SECOND_US
from simulator.conformance.equipment.bench import Bench, BrokenError, LeftOutError
from simulator.conformance.equipment.cases import Case
from simulator.conformance.equipment.mutants import Mutant
from simulator.conformance.equipment.stage_cases import CASES
from simulator.conformance.equipment.stage_mutants import MUTANTS
from simulator.conformance.language import WireError
from simulator.conformance.loading import Suite
from simulator.conformance.running import FAIL, NOT_RUN, PASS, Verdict
from simulator.virtual import SubmitError

DRIVER = "calleq.equipment.bridge:ConferenceBridge"
"""What is tested where no driver is named."""

SUITE = Suite(
    title="Calling equipment",
    about="The equipment stands at SSP 62 of figure 1, on a trunk of 60 circuits.",
)


def chosen_cases(numbers: Sequence[str]) -> list[Case]:
    """The cases of these numbers, or of the groups that they begin; all without a number. Raises
    WireError."""
    if not numbers:
        return CASES
    for number in numbers:
        if not any(one.number.startswith(number) for one in CASES):
            raise WireError(f"{number}: no case and no group has this number")
    return [one for one in CASES if one.number.startswith(tuple(numbers))]


def run_equipment_case(case: Case, driver: str = DRIVER, mutant: str = "") -> Verdict:
    """The verdict of a case on what a driver makes, altered where a mutant is named.

    Raises WireError where there is no such driver or mutant, or where the mutant never acted.
    """
    try:
        factory = load_factory(driver)
    except TopologyError as error:
        raise WireError(str(error)) from error
    if mutant and mutant not in MUTANTS:
        raise WireError(f"mutant {mutant!r}: one of {', '.join(MUTANTS)} expected")
    altered: list[Mutant] = []

    def made(site: Site) -> Equipment:
        equipment = factory(site)
        if not mutant:
            return equipment
        altered.append(MUTANTS[mutant](equipment))
        return altered[-1]

    began = time.process_time()
    bench = Bench(driver, made)
    verdict, why = _performed(case, bench)
    if mutant and not any(one.acted for one in altered):
        raise WireError(f"{case.number}: mutant {mutant!r} never did anything")
    return Verdict(
        number=case.number,
        group=case.group,
        title=case.title,
        about="",
        verdict=verdict,
        why=why,
        clauses=(case.clause,),
        mutants=case.mutants,
        simulated_s=bench.clock.monotonic_us() / SECOND_US,
        cpu_s=time.process_time() - began,
    )


def _performed(case: Case, bench: Bench) -> tuple[str, str]:
    """Whatever somebody else's driver raises is a failure of its own, and not ours to pass on."""
    try:
        case.perform(bench)
    except (BrokenError, SubmitError) as error:
        return FAIL, str(error)
    except LeftOutError as error:
        return NOT_RUN, str(error)
    except Exception as error:
        return FAIL, f"{type(error).__name__}: {error}"
    return PASS, ""
