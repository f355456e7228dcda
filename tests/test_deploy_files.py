"""The files in `deploy/`: that systemd takes the unit, and that nothing in them has more rights."""

import pathlib
import re
import subprocess
import sys

import pytest

DEPLOY = pathlib.Path(__file__).parent.parent / "deploy"
UNIT = DEPLOY / "calleq.service"
EXPOSURE_LIMIT = 15
"""Of 100: what systemd makes of a service's rights; it calls up to 20 well protected."""


@pytest.mark.foreign("systemd-analyze")
def test_systemd_takes_the_unit(tmp_path: pathlib.Path):
    """With a program that is there in place of the one that an installation puts there."""
    unit = tmp_path / UNIT.name
    text = UNIT.read_text().replace("/opt/calleq/bin/calleq", sys.executable)
    unit.write_text(text.replace("User=calleq\nGroup=calleq\n", ""))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = [line for line in done.stderr.splitlines() if UNIT.name in line]
    assert told == []
    assert done.returncode == 0, done.stderr


@pytest.mark.foreign("systemd-analyze")
def test_the_unit_has_few_rights():
    done = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--offline=yes",
            f"--threshold={EXPOSURE_LIMIT}",
            str(UNIT),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:]


def test_the_container_runs_as_nobody_and_carries_no_tools():
    text = (DEPLOY / "Containerfile").read_text()
    final = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 8072:8072$", final, re.MULTILINE)
    assert final.index("USER 8072") > final.index("RUN useradd")
    assert "ADD " not in text, "nothing is fetched while it is built but packages"
    assert "pip install" not in final
    assert "STOPSIGNAL SIGTERM" in final
    assert '"calleq", "status", "--ready"' in final
    assert "--log-json" in final


def test_both_start_the_same_command():
    unit, container = UNIT.read_text(), (DEPLOY / "Containerfile").read_text()
    [started] = re.findall(r"^ExecStart=\S+/calleq (.*)$", unit, re.MULTILINE)
    [words] = re.findall(r"^CMD \[(.*?)\]$", container, re.MULTILINE | re.DOTALL)
    assert re.findall(r'"([^"]*)"', words) == started.split()
