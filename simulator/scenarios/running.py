"""Runs scenarios: one run, or one for each value of a sweep, and one verdict.

A run is a stage, its steps, rest, and checks. The verdict of a sweep tells the first runs that
failed, with the value that repeats each. What a report shows of a run (its ladders, diary and
states) is kept for one run of each scenario: the first that failed, or the first.
"""

import shlex
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec

from calleq.topology import Topology
from calleq.trace.ladder import Ladder
from calleq.units import SECOND_US
from simulator.scenarios.checks import Findings
from simulator.scenarios.doing import StageError
from simulator.scenarios.happenings import Happening
from simulator.scenarios.model import Scenario
from simulator.scenarios.stage import Stage

TOLD_LIMIT = 10
"""Failures of one scenario that are told; the rest is counted."""


class Shown(msgspec.Struct, frozen=True):
    """What is to be seen of one run."""

    sweep_us: int | None
    ladders: dict[str, Ladder]
    """By the name of the call."""
    happenings: tuple[Happening, ...]
    telephones: dict[str, str]
    began_us: int
    ended_us: int


class Swept(msgspec.Struct, frozen=True):
    """One run of a sweep."""

    at_us: int
    states: tuple[str, ...]
    passed: bool


class Verdict(msgspec.Struct, frozen=True):
    """What became of a scenario."""

    name: str
    title: str
    about: str
    seed: int
    passed: bool
    failures: tuple[str, ...]
    runs: int
    states: dict[str, int]
    """How often each final state came up, over all runs."""
    simulated_s: float
    cpu_s: float
    repeat: str
    """The one command that repeats it, or its first failing run."""
    shown: Shown | None = None
    sweep: tuple[Swept, ...] = ()


class _Run(msgspec.Struct, frozen=True):
    failures: tuple[str, ...]
    states: tuple[str, ...]
    length_us: int
    show: Callable[[], Shown]


def run_once(scenario: Scenario, topology: Topology, sweep_us: int | None = None) -> _Run:
    """One run. Anything that is a fault of the program's own is a failure of the run."""
    stage = Stage(scenario, topology, sweep_us)
    failures: list[str] = []
    try:
        stage.perform()
    except StageError as error:
        failures.append(str(error))
    if not stage.come_to_rest():
        failures.append(f"the network is not at rest after {scenario.limit_s:g} s")
    findings = Findings(stage)
    failures += findings.failures()
    ended_us = stage.network.clock.monotonic_us()

    def show() -> Shown:
        return Shown(
            sweep_us=sweep_us,
            ladders={name: findings.ladder(call) for name, call in stage.calls.items()},
            happenings=tuple(stage.log.happenings),
            telephones=dict(stage.telephones),
            began_us=stage.began_us,
            ended_us=ended_us,
        )

    states = tuple(findings.states())
    return _Run(tuple(failures), states, ended_us - stage.began_us, show)


def run_scenario(
    scenario: Scenario,
    topology: Topology,
    *,
    path: Path | None = None,
    only_us: int | None = None,
    show: bool = False,
) -> Verdict:
    """Every run of a scenario; `only_us` is the one value of the sweep to run."""
    began = time.process_time()
    values: list[int | None] = [None]
    if scenario.sweep is not None:
        values = list(scenario.sweep.values_us()) if only_us is None else [only_us]
    failures: list[str] = []
    states: Counter[str] = Counter()
    first_states: set[str] = set()
    length_us = 0
    shown: Shown | None = None
    failed_at: int | None = None
    failed = False
    swept: list[Swept] = []
    for value in values:
        run = run_once(scenario, topology, value)
        length_us += run.length_us
        states.update(run.states)
        first_states.update(run.states[:1])
        if value is not None:
            swept.append(Swept(value, run.states, not run.failures))
        where = "" if value is None else f"at {value / SECOND_US:.6f} s: "
        failures += [where + text for text in run.failures]
        if run.failures and not failed:
            failed, failed_at, shown = True, value, run.show() if show else None
        elif show and shown is None:
            shown = run.show()
    if scenario.sweep is not None and only_us is None:
        failures += [
            f"no run of the sweep ended as {state}"
            for state in scenario.sweep.states
            if state not in first_states
        ]
    return Verdict(
        name=scenario.name,
        title=scenario.title,
        about=scenario.about,
        seed=scenario.seed,
        passed=not failures,
        failures=_told(failures),
        runs=len(values),
        states=dict(sorted(states.items())),
        simulated_s=length_us / SECOND_US,
        cpu_s=time.process_time() - began,
        repeat=_repeat(scenario, path, failed_at),
        shown=shown,
        sweep=tuple(swept),
    )


def _told(failures: list[str]) -> tuple[str, ...]:
    if len(failures) <= TOLD_LIMIT:
        return tuple(failures)
    return (*failures[:TOLD_LIMIT], f"and {len(failures) - TOLD_LIMIT} more")


def _repeat(scenario: Scenario, path: Path | None, sweep_us: int | None) -> str:
    which = scenario.name if path is None else shlex.quote(str(path))
    at = "" if sweep_us is None else f" --at {sweep_us / SECOND_US:.6f}"
    variant = " --variant ansi" if scenario.network.variant == "ansi" else ""
    return f"calleq-sim scenario {which}{at}{variant}"
