"""The documents say what is true: commands run, pictures and tables match the code."""

import pathlib
import re
import subprocess
import sys

import pytest

from tests.live import ROOT, calleq

COMMANDS = {
    "calleq": f"{sys.executable} -m calleq.cli.main",
    "calleq-sim": f"{sys.executable} -m simulator.cli",
}


def blocks(page: str, kind: str) -> list[str]:
    """The contents of every code block of a kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def run_line(line: str, directory: pathlib.Path) -> subprocess.CompletedProcess[str]:
    program, _, arguments = line.partition(" ")
    return subprocess.run(
        f"{COMMANDS[program]} {arguments}",
        shell=True,
        cwd=directory,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_guide_can_be_followed_from_top_to_bottom(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide.md").read_text("utf-8")
    lines = [
        (line, not kind)
        for kind, block in re.findall(
            r"^```sh( fails)?\n(.*?)^```$", page, re.MULTILINE | re.DOTALL
        )
        for line in block.splitlines()
    ]
    assert len(lines) > 10
    for line, succeeds in lines:
        done = run_line(line, tmp_path)
        assert (done.returncode == 0) == succeeds, f"{line}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        assert bool(done.stderr) != succeeds, f"{line}\n{done.stderr}"
    assert (tmp_path / "call.pcap").stat().st_size > 300


def test_the_ladder_in_readme_is_what_is_printed():
    page = (ROOT / "README.md").read_text("utf-8")
    (shown,) = blocks(page, "text")
    (command,) = re.findall(r"calleq-sim (call .*--trace)$", page, re.MULTILINE)
    done = calleq(*command.split(), module="simulator.cli")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(shown)


@pytest.mark.parametrize("which", ["run", "tests"])
def test_readme_has_its_two_commands_each_one_line_in_a_block(which: str):
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "readme_command.py"), which],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("\n") == 1
    assert done.stdout.startswith("python3 -m venv ")


def test_what_is_generated_is_up_to_date():
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
