"""`calleq-sim conformance`: runs the cases of a published test suite and says what came of them.

Exit status: 0 when no case failed, 1 when any did, 2 when a file is no case.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from calleq.cli.failure import CommandError, UsageError
from calleq.cli.output import print_json, print_line, print_table
from simulator.conformance.loading import LoadedCase, load_case, load_suite, suite_directory
from simulator.conformance.parameters import WireError
from simulator.conformance.report import tally, write_report
from simulator.conformance.running import FAIL, NOT_RUN, Verdict, run_case
from simulator.scenarios.junit import TestCase, write_cases
from simulator.scenarios.parts import ScenarioError


def run(arguments: argparse.Namespace) -> int:
    """The command."""
    name: str = arguments.suite
    try:
        suite, shipped = load_suite(suite_directory(name))
        chosen = _chosen(arguments.cases, shipped)
        chosen += [load_case(Path(path), suite) for path in arguments.file or ()]
        verdicts = [
            run_case(one, mutant=arguments.mutant or "", show=arguments.report is not None)
            for one in chosen
        ]
    except (ScenarioError, WireError) as error:
        raise UsageError(str(error)) from error
    try:
        if arguments.junit is not None:
            write_cases(arguments.junit, f"conformance {name}", [_as_test(one) for one in verdicts])
        if arguments.report is not None:
            written = write_report(arguments.report, name, suite.title, verdicts)
            if not arguments.json:
                print_line(f"report  {written}")
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}") from error
    if arguments.json:
        print_json([_as_json(one) for one in verdicts])
    else:
        _show(suite.title, verdicts)
    return 1 if any(one.verdict == FAIL for one in verdicts) else 0


def _chosen(numbers: Sequence[str], cases: list[LoadedCase]) -> list[LoadedCase]:
    """The cases of these numbers, or of the groups that they begin; all without a number."""
    if not numbers:
        return cases
    chosen = []
    for number in numbers:
        found = [
            one
            for one in cases
            if one.number == number
            or one.number.startswith(f"{number}.")
            or one.number.rstrip("abcdefgh") == number
        ]
        if not found:
            raise UsageError(f"{number}: no case and no group has this number")
        chosen += found
    return list({one.number: one for one in chosen}.values())


def _show(title: str, verdicts: Sequence[Verdict]) -> None:
    rows = [(one.number, one.title, one.verdict, one.why) for one in verdicts]
    print_table(title, ("case", "title", "verdict", "why not"), rows)
    print_line(tally(verdicts))


def _as_test(verdict: Verdict) -> TestCase:
    return TestCase(
        name=verdict.number,
        properties=(("title", verdict.title), ("group", verdict.group)),
        cpu_s=verdict.cpu_s,
        failures=(verdict.why,) if verdict.verdict == FAIL else (),
        skipped=verdict.why if verdict.verdict == NOT_RUN else "",
    )


def _as_json(verdict: Verdict) -> dict[str, object]:
    return {
        "case": verdict.number,
        "title": verdict.title,
        "group": verdict.group,
        "verdict": verdict.verdict,
        "why": verdict.why,
        "clauses": list(verdict.clauses),
        "simulated_s": round(verdict.simulated_s, 6),
        "cpu_s": round(verdict.cpu_s, 3),
    }
