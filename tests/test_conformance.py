"""The conformance suites: every case listed, every verdict pinned, every pass proved by mutants."""

import json
import pathlib
import subprocess
from xml.etree import ElementTree

import pytest

from calleq.ss7.isup import codec
from simulator.conformance.isup.octets import build
from simulator.conformance.loading import LoadedCase, suite_directory
from simulator.conformance.running import FAIL, NOT_RUN, PASS, Verdict, run_case
from simulator.conformance.steps import Send
from simulator.conformance.suites import load
from tests.live import ROOT, calleq
from tests.test_docs import follow

SUITES = ("q784", "q782", "q786", "ts102381", "q787", "ets300374-3")
COUNTS = {"1": 56, "2": 33, "3": 16, "4": 6, "5": 15, "6": 24, "7": 10, "8": 5, "9": 2}
"""Cases of Q.784.1 (07/96) by section."""


@pytest.fixture(scope="module", params=SUITES)
def suite(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def cases(suite: str) -> list[LoadedCase]:
    return load(suite)[1]


@pytest.fixture(scope="module")
def verdicts(suite: str, cases: list[LoadedCase]) -> list[Verdict]:
    return [run_case(one, suite, show=True) for one in cases]


def pinned(suite: str) -> dict[str, str]:
    """What was last said of each case; `--verdicts` writes it."""
    lines = (suite_directory(suite) / "verdicts.tsv").read_text("utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


def test_all_167_cases_of_q784_are_listed() -> None:
    numbers = [one.number for one in load("q784")[1]]
    by_section = dict.fromkeys(COUNTS, 0)
    for number in numbers:
        by_section[number[0]] += 1
    assert by_section == COUNTS
    assert len(set(numbers)) == 167


def test_verdicts_are_those_that_are_pinned(suite: str, verdicts: list[Verdict]) -> None:
    assert {one.number: one.verdict for one in verdicts} == pinned(suite)


def test_what_is_claimed_of_sections_1_to_6() -> None:
    passed = [n for n, verdict in pinned("q784").items() if verdict == PASS and n[0] in "123456"]
    assert len(passed) >= 120


def test_every_case_that_passes_is_failed_by_each_of_its_mutants(
    suite: str, cases: list[LoadedCase], verdicts: list[Verdict]
) -> None:
    survivors = []
    for case, verdict in zip(cases, verdicts, strict=True):
        if verdict.verdict == PASS:
            assert case.case.mutants, f"{case.number} names no mutant"
            survivors += [
                f"{case.number}: {mutant}"
                for mutant in case.case.mutants
                if run_case(case, suite, mutant=mutant).verdict == PASS
            ]
    assert survivors == []


def test_every_case_cites_what_asks_for_its_steps(cases: list[LoadedCase]) -> None:
    for one in cases:
        assert one.group, one.number
        assert one.case.not_run or any("§" in step.clause for step in one.steps), one.number


def test_what_the_tester_writes_the_switchs_codec_reads_alike() -> None:
    """Two tables of formats, written apart: a mistake in either shows here."""
    seen = set()
    for one in load("q784")[1]:
        for step in one.steps:
            if isinstance(step, Send):
                octets = build(step.message, 12, step.fields)
                seen.add(step.message)
                assert codec.encode(codec.decode(octets)) == octets, (one.number, octets.hex())
    assert len(seen) > 25


def test_a_ladder_shows_every_message(suite: str, verdicts: list[Verdict]) -> None:
    for one in verdicts:
        if one.verdict != NOT_RUN:
            assert one.ladder is not None
            assert one.ladder.rows, one.number
            assert not any(row.error for row in one.ladder.rows), one.number


def test_a_case_of_ones_own_that_expects_too_much_fails_and_says_why(
    tmp_path: pathlib.Path,
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'title = "Too much"\nsteps = [\n'
        '  { do = "send", message = "RSC", circuit = 12 },\n'
        '  { do = "expect", message = "BLA", circuit = 12, clause = "Q.764 §9.9" },\n]\n',
        "utf-8",
    )
    done = calleq(
        *("conformance", "q784", "1.2.1", "--file", str(own), "--json"),
        *("--junit", str(tmp_path / "verdicts.xml"), "--report", str(tmp_path / "out")),
        module="simulator.cli",
    )
    assert done.returncode == 1
    passed, failed = json.loads(done.stdout)
    assert (passed["case"], passed["verdict"]) == ("1.2.1", "PASS")
    assert failed["why"] == "step 2, expect BLA: RLC on circuit 12 came (Q.764 §9.9)"
    suite = ElementTree.parse(tmp_path / "verdicts.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("2", "1", "0")
    page = (tmp_path / "out" / "q784.html").read_text("utf-8")
    assert page.count("<svg") == 2
    assert "1 passed, 1 failed, 0 not run" in page


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{ do = "send", message = "IAN" }', "'IAN' is no message"),
        ('{ do = "send", message = "REL", fields = { cuase = 16 } }', "cuase: one of"),
        ('{ do = "expect", message = "REL", timer = "T99" }', "'T99': one of T1"),
        ('{ do = "perform", block = "no such" }', "'no such': one of"),
        ('{ do = "sees", telephone = "+12125550199", event = "rings" }', "'+12125550199': one of"),
        ('{ do = "order", order = "block", circuits = "1 to 3" }', "12, 1-31 or a name"),
    ],
)
def test_a_case_that_names_what_is_not_there_is_refused_before_it_runs(
    tmp_path: pathlib.Path, line: str, told: str
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(f'title = "Wrong"\nsteps = [\n  {line},\n]\n', "utf-8")
    done = calleq("conformance", "q784", "1.1", "--file", str(own), module="simulator.cli")
    assert done.returncode == 2
    assert "own.toml: " in done.stderr
    assert told in done.stderr


@pytest.mark.foreign("tshark")
def test_tshark_finds_nothing_malformed_in_a_whole_run(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "q784.pcap"
    calleq("conformance", "q784", "--pcap", str(file), module="simulator.cli")
    read_ = subprocess.run(
        [
            *("tshark", "-n", "-r", str(file), "-T", "fields"),
            *("-e", "isup.message_type", "-e", "_ws.malformed"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    lines = [line.split("\t") for line in read_.stdout.splitlines()]
    assert len(lines) > 1_000
    assert [line for line in lines if not line[0]] == []
    assert [line for line in lines if line[1]] == []


@pytest.mark.parametrize("name", SUITES)
def test_the_guide_of_conformance_tells_how_many_cases_pass(name: str) -> None:
    page = (ROOT / "docs" / "guide" / "conformance.md").read_text("utf-8")
    counts = list(pinned(name).values())
    row = f"| {counts.count(PASS)} | {counts.count(FAIL)} | {counts.count(NOT_RUN)} |"
    assert row in next(line for line in page.splitlines() if line.startswith(f"| `{name}`"))


def test_the_guide_of_conformance_can_be_followed_from_top_to_bottom(
    tmp_path: pathlib.Path,
) -> None:
    page = (ROOT / "docs" / "guide" / "conformance.md").read_text("utf-8")
    assert follow(page, tmp_path) == 5
    assert "<svg" in (tmp_path / "out" / "q784.html").read_text("utf-8")
