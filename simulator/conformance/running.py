"""Runs cases: a fresh bench for each, and a verdict.

The verdict of a failure names the step, what came instead, and the clause that asks for it.
"""

import time

import msgspec

from calleq.trace.ladder import Ladder
from calleq.units import SECOND_US
from simulator.conformance.loading import LoadedCase
from simulator.conformance.mutants import mutant_of
from simulator.conformance.parameters import WireError
from simulator.conformance.performing import CaseRun

PASS, FAIL, NOT_RUN = "PASS", "FAIL", "NOT RUN"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a case."""

    number: str
    group: str
    title: str
    about: str
    verdict: str
    why: str = ""
    """Why not, empty when it passed."""
    clauses: tuple[str, ...] = ()
    simulated_s: float = 0.0
    cpu_s: float = 0.0
    ladder: Ladder | None = None


def run_case(loaded: LoadedCase, *, mutant: str = "", show: bool = False) -> Verdict:
    """The verdict of a case, with the switch altered where a mutant is named."""
    case = loaded.case
    told = {
        "number": loaded.number,
        "group": loaded.group,
        "title": case.title,
        "about": case.about,
        "clauses": tuple(dict.fromkeys(step.clause for step in loaded.steps if step.clause)),
    }
    if case.not_run:
        return Verdict(**told, verdict=NOT_RUN, why=case.not_run)
    began = time.process_time()
    alteration = mutant_of(mutant) if mutant else None
    run = CaseRun(loaded, alteration)
    started_us = run.bench.clock.monotonic_us()
    why = run.perform()
    if alteration is not None and not alteration.acted:
        raise WireError(f"{loaded.number}: mutant {mutant!r} never did anything")
    return Verdict(
        **told,
        verdict=FAIL if why else PASS,
        why=why,
        simulated_s=(run.bench.clock.monotonic_us() - started_us) / SECOND_US,
        cpu_s=time.process_time() - began,
        ladder=run.bench.ladder(loaded.number) if show else None,
    )
