"""`calleq-sim scenario`: runs scenario files, or the shipped ones, and says what came of them.

Exit status: 0 when all passed, 1 when any failed, 2 when a file is no scenario (nothing has run
then: every file is read before the first one runs).
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from calleq.cli.failure import CommandError, UsageError
from calleq.cli.output import print_json, print_line, print_table
from calleq.units import SECOND_US
from simulator.scenarios.junit import write_junit
from simulator.scenarios.loading import catalogue, load_scenario, topology_of
from simulator.scenarios.model import Scenario, in_ansi
from simulator.scenarios.parts import ScenarioError
from simulator.scenarios.report import write_report
from simulator.scenarios.running import Verdict, run_scenario


def run(arguments: argparse.Namespace) -> int:
    """The command."""
    given = _given(arguments)
    if arguments.list:
        _list([scenario for _, scenario in given], as_json=arguments.json)
        return 0
    only_us = None if arguments.at is None else round(arguments.at * SECOND_US)
    if only_us is not None and (len(given) != 1 or given[0][1].sweep is None):
        raise UsageError("--at: one scenario with a sweep is expected")
    verdicts = [
        run_scenario(
            scenario,
            topology_of(scenario, path.parent),
            path=None if path in catalogue() else path,
            only_us=only_us,
            show=arguments.report is not None,
        )
        for path, scenario in given
    ]
    _write(arguments, verdicts)
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if arguments.json:
        print_json([_as_json(verdict) for verdict in verdicts])
    else:
        _show(verdicts, failed)
    return 1 if failed else 0


def _given(arguments: argparse.Namespace) -> list[tuple[Path, Scenario]]:
    """The scenarios meant, read and checked. Raises UsageError."""
    shipped = {path.stem: path for path in catalogue()}
    names: Sequence[str] = arguments.scenarios
    if not names and not (arguments.all or arguments.list):
        raise UsageError("give scenario files or names, or --all, or --list")
    paths = [_path(name, shipped) for name in names]
    if arguments.all or not names:
        paths += shipped.values()
    try:
        given = [(path, load_scenario(path)) for path in paths]
    except ScenarioError as error:
        raise UsageError(str(error)) from error
    if arguments.variant == "itu":
        return given
    return [(path, in_ansi(scenario)) for path, scenario in given]


def _path(name: str, shipped: dict[str, Path]) -> Path:
    """A file, or the shipped scenario of that name."""
    path = Path(name)
    if path.suffix != ".toml" and not path.exists() and name not in shipped:
        raise UsageError(f"{name}: neither a file nor a shipped scenario (--list tells them)")
    return shipped[name] if name in shipped and not path.exists() else path


def _list(scenarios: Sequence[Scenario], *, as_json: bool) -> None:
    if as_json:
        print_json([{"name": one.name, "title": one.title} for one in scenarios])
        return
    rows = [(one.name, one.title) for one in scenarios]
    print_table(f"{len(rows)} scenarios", ("name", "title"), rows)


def _write(arguments: argparse.Namespace, verdicts: Sequence[Verdict]) -> None:
    try:
        if arguments.junit is not None:
            write_junit(arguments.junit, verdicts)
        if arguments.report is not None:
            written = write_report(arguments.report, verdicts)
            if not arguments.json:
                print_line(f"report  {written}")
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}") from error


def _show(verdicts: Sequence[Verdict], failed: Sequence[Verdict]) -> None:
    print_table(
        "scenarios",
        ("name", "title", "runs", "verdict"),
        [
            (
                verdict.name,
                verdict.title,
                str(verdict.runs),
                "passed" if verdict.passed else "FAILED",
            )
            for verdict in verdicts
        ],
        right=("runs",),
    )
    for verdict in failed:
        print_line(f"\n{verdict.name} failed:")
        for text in verdict.failures:
            print_line(f"  {text}")
        print_line(f"  repeat: {verdict.repeat}")
    print_line(f"{len(verdicts) - len(failed)} passed, {len(failed)} failed")


def _as_json(verdict: Verdict) -> dict[str, object]:
    return {
        "name": verdict.name,
        "title": verdict.title,
        "seed": verdict.seed,
        "passed": verdict.passed,
        "failures": list(verdict.failures),
        "runs": verdict.runs,
        "states": verdict.states,
        "simulated_s": round(verdict.simulated_s, 6),
        "cpu_s": round(verdict.cpu_s, 3),
        "repeat": verdict.repeat,
    }
