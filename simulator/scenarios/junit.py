"""Verdicts as JUnit XML, which continuous integration servers read."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from simulator.scenarios.running import Verdict

UNPRINTABLE = {code: "\ufffd" for code in range(32) if chr(code) not in "\t\n\r"}
"""What XML 1.0 cannot carry."""


def write_junit(path: Path, verdicts: Sequence[Verdict]) -> None:
    """Write one test suite with a case for each scenario. Raises OSError."""
    suite = ElementTree.Element(
        "testsuite",
        name="calleq-sim scenario",
        tests=str(len(verdicts)),
        failures=str(sum(not verdict.passed for verdict in verdicts)),
        errors="0",
        time=f"{sum(verdict.cpu_s for verdict in verdicts):.3f}",
    )
    for verdict in verdicts:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname="scenario",
            name=verdict.name,
            time=f"{verdict.cpu_s:.3f}",
        )
        properties = ElementTree.SubElement(case, "properties")
        for name, value in (("title", verdict.title), ("seed", str(verdict.seed))):
            ElementTree.SubElement(
                properties, "property", name=name, value=value.translate(UNPRINTABLE)
            )
        if not verdict.passed:
            first = verdict.failures[0].translate(UNPRINTABLE)
            failure = ElementTree.SubElement(case, "failure", message=first)
            told = "\n".join([*verdict.failures, f"repeat: {verdict.repeat}"])
            failure.text = told.translate(UNPRINTABLE)
    tree = ElementTree.ElementTree(suite)
    ElementTree.indent(tree)
    tree.write(path, encoding="utf-8", xml_declaration=True)
