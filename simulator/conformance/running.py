"""Runs cases: a fresh bench for each, and a verdict.

The verdict of a failure names the step, what came instead, and the clause that asks for it.
"""

import time

import msgspec

from calleq.trace.capture import Captured
from calleq.trace.ladder import Ladder
from calleq.units import SECOND_US
from simulator.conformance.language import WireError
from simulator.conformance.loading import LoadedCase
from simulator.conformance.mutants import mutant_of
from simulator.conformance.suites import shipped

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
    mutants: tuple[str, ...] = ()
    """Altered elements that the case names."""
    simulated_s: float = 0.0
    cpu_s: float = 0.0
    ladder: Ladder | None = None
    captures: tuple[Captured, ...] = ()


def run_case(loaded: LoadedCase, suite: str, *, mutant: str = "", show: bool = False) -> Verdict:
    """The verdict of a case, with the element altered where a mutant is named. Raises WireError."""
    if loaded.case.not_run:
        return _verdict(loaded, NOT_RUN, loaded.case.not_run)
    began = time.process_time()
    kind, performer, _ = shipped(suite)
    alteration = mutant_of(mutant, kind.language, kind.verbs) if mutant else None
    run = performer(loaded, alteration)
    why = run.perform()
    if alteration is not None and not alteration.acted:
        raise WireError(f"{loaded.number}: mutant {mutant!r} never did anything")
    return msgspec.structs.replace(
        _verdict(loaded, FAIL if why else PASS, why),
        simulated_s=run.clock.monotonic_us() / SECOND_US,
        cpu_s=time.process_time() - began,
        ladder=run.ladder() if show else None,
        captures=tuple(run.captures()) if show else (),
    )


def _verdict(loaded: LoadedCase, verdict: str, why: str) -> Verdict:
    return Verdict(
        number=loaded.number,
        group=loaded.group,
        title=loaded.case.title,
        about=loaded.case.about,
        mutants=loaded.case.mutants,
        verdict=verdict,
        why=why,
        clauses=tuple(dict.fromkeys(step.clause for step in loaded.steps if step.clause)),
    )
