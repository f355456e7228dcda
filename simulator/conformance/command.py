"""`calleq-sim conformance`: runs the cases of a published test suite and says what came of them.

Exit status: 0 when no case failed, 1 when any did, 2 when a file is no case.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from calleq.cli.failure import CommandError, UsageError
from calleq.cli.output import print_json, print_line, print_table
from calleq.trace.capture import Captured
from calleq.trace.pcap import write_pcap
from calleq.units import SECOND_US
from simulator.conformance.equipment.running import (
    DRIVER,
    SUITE,
    chosen_cases,
    run_equipment_case,
)
from simulator.conformance.language import WireError
from simulator.conformance.loading import LoadedCase, Suite, load_case
from simulator.conformance.report import tally, write_report
from simulator.conformance.running import FAIL, NOT_RUN, Verdict, run_case
from simulator.conformance.suites import load, shipped
from simulator.scenarios.junit import TestCase, write_cases
from simulator.scenarios.parts import ScenarioError

EQUIPMENT = "equipment"
"""The suite of calling equipment: its cases are not octets."""


def run(arguments: argparse.Namespace) -> int:
    """The command."""
    name: str = arguments.suite
    try:
        suite, verdicts = _equipment(arguments) if name == EQUIPMENT else _published(arguments)
    except (ScenarioError, WireError) as error:
        raise UsageError(str(error)) from error
    try:
        if arguments.junit is not None:
            write_cases(arguments.junit, f"conformance {name}", [_as_test(one) for one in verdicts])
        if arguments.pcap is not None:
            with arguments.pcap.open("wb") as file:
                write_pcap(file, _one_after_the_other(verdicts), shipped(name).codes)
        if arguments.verdicts is not None:
            arguments.verdicts.write_text(pinned(verdicts), encoding="utf-8")
        if arguments.report is not None:
            written = write_report(arguments.report, name, suite, verdicts)
            if not arguments.json:
                print_line(f"report  {written}")
    except OSError as error:
        raise CommandError(f"{error.filename}: {error.strerror}") from error
    if arguments.json:
        print_json([_as_json(one) for one in verdicts])
    else:
        _show(suite.title, verdicts)
    return 1 if any(one.verdict == FAIL for one in verdicts) else 0


def _published(arguments: argparse.Namespace) -> tuple[Suite, list[Verdict]]:
    name: str = arguments.suite
    if arguments.driver is not None:
        raise UsageError(f"--driver: {EQUIPMENT} alone has drivers")
    suite, cases = load(name)
    chosen = _chosen(arguments.cases, cases)
    chosen += [load_case(Path(path), suite, shipped(name).kind) for path in arguments.file or ()]
    show = arguments.report is not None or arguments.pcap is not None
    mutant = arguments.mutant or ""
    return suite, [run_case(one, name, mutant=mutant, show=show) for one in chosen]


def _equipment(arguments: argparse.Namespace) -> tuple[Suite, list[Verdict]]:
    if arguments.file or arguments.pcap is not None:
        raise UsageError(f"{EQUIPMENT} has cases of its own and writes no capture")
    driver = arguments.driver or DRIVER
    mutant = arguments.mutant or ""
    cases = chosen_cases(arguments.cases)
    return SUITE, [run_equipment_case(one, driver, mutant) for one in cases]


def pinned(verdicts: Sequence[Verdict]) -> str:
    """Numbers and verdicts, a line each, to be kept and compared with later runs."""
    return "".join(f"{one.number}\t{one.verdict}\n" for one in verdicts)


def _one_after_the_other(verdicts: Sequence[Verdict]) -> Iterator[Captured]:
    """What was captured of all cases, each beginning when the one before has ended."""
    later_us = 0
    for verdict in verdicts:
        for captured in verdict.captures:
            yield captured._replace(at_us=captured.at_us + later_us)
        later_us += round(verdict.simulated_s * SECOND_US)


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
            or one.number.startswith((f"{number}.", f"{number}-"))
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
