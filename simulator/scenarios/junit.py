"""Verdicts as JUnit XML, which continuous integration servers read."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import msgspec

from simulator.scenarios.running import Verdict

UNPRINTABLE = {code: "\ufffd" for code in range(32) if chr(code) not in "\t\n\r"}
"""What XML 1.0 cannot carry."""


class TestCase(msgspec.Struct, frozen=True, kw_only=True):
    """One test as such a server knows it."""

    name: str
    properties: tuple[tuple[str, str], ...]
    cpu_s: float
    failures: tuple[str, ...] = ()
    repeat: str = ""
    """The one command that repeats it."""
    skipped: str = ""
    """Why it was not run."""


def write_junit(path: Path, verdicts: Sequence[Verdict]) -> None:
    """Write one test suite with a case for each scenario. Raises OSError."""
    cases = [
        TestCase(
            name=verdict.name,
            properties=(("title", verdict.title), ("seed", str(verdict.seed))),
            cpu_s=verdict.cpu_s,
            failures=verdict.failures,
            repeat=verdict.repeat,
        )
        for verdict in verdicts
    ]
    write_cases(path, "scenario", cases)


def write_cases(path: Path, what: str, tests: Sequence[TestCase]) -> None:
    """Write one test suite of `calleq-sim WHAT`. Raises OSError."""
    suite = ElementTree.Element(
        "testsuite",
        name=f"calleq-sim {what}",
        tests=str(len(tests)),
        failures=str(sum(bool(test.failures) for test in tests)),
        errors="0",
        skipped=str(sum(bool(test.skipped) for test in tests)),
        time=f"{sum(test.cpu_s for test in tests):.3f}",
    )
    for test in tests:
        case = ElementTree.SubElement(
            suite, "testcase", classname=what, name=test.name, time=f"{test.cpu_s:.3f}"
        )
        properties = ElementTree.SubElement(case, "properties")
        for name, value in test.properties:
            ElementTree.SubElement(properties, "property", name=name, value=_printable(value))
        if test.failures:
            failure = ElementTree.SubElement(case, "failure", message=_printable(test.failures[0]))
            repeat = [f"repeat: {test.repeat}"] if test.repeat else []
            failure.text = _printable("\n".join([*test.failures, *repeat]))
        if test.skipped:
            ElementTree.SubElement(case, "skipped", message=_printable(test.skipped))
    tree = ElementTree.ElementTree(suite)
    ElementTree.indent(tree)
    tree.write(path, encoding="utf-8", xml_declaration=True)


def _printable(text: str) -> str:
    return text.translate(UNPRINTABLE)
