"""The files in `deploy/`: that systemd takes the unit, and that nothing in them has more rights."""

import configparser
import json
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
PACKAGES = ("calleq", "simulator")
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


def shipped_of(package: str) -> list[pathlib.Path]:
    """The files of a package in the source."""
    found = sorted((ROOT / package).rglob("*"))
    return [one for one in found if one.is_file() and "__pycache__" not in one.parts]


@pytest.mark.parametrize("package", PACKAGES)
def test_an_installation_has_every_room(package: str):
    """What has no `__init__.py` is found where it is written, and missing where it is installed."""
    rooms = {one.parent for one in shipped_of(package) if one.suffix == ".py"}
    assert [str(room) for room in sorted(rooms) if not (room / "__init__.py").is_file()] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_an_installation_has_every_file(package: str):
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    patterns = setup["options.package_data"][package].split()
    data = {path for pattern in patterns for path in (ROOT / package).glob(pattern)}
    others = [one for one in shipped_of(package) if one.suffix != ".py"]
    assert [str(one) for one in others if one not in data] == []


def test_the_container_is_built_of_what_is_there():
    """No registry is at hand where tests run, so that it is not built here."""
    text = (DEPLOY / "Containerfile").read_text()
    sources = re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE)
    assert sources
    for words in sources:
        assert [word for word in words.split() if not (ROOT / word).exists()] == []
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    [extras] = re.findall(r"^ARG EXTRAS=(\S+)$", text, re.MULTILINE)
    assert set(extras.split(",")) <= set(setup["options.extras_require"])
    assert [one for one in PACKAGES if f"COPY {one} /source/{one}" not in text] == []


def test_the_bill_of_materials_has_everything(tmp_path: pathlib.Path):
    """Of what these tests run in, by the command that the container is built by."""
    text = (DEPLOY / "Containerfile").read_text().replace("\\\n", "")
    [words] = re.findall(r"/opt/tools/bin/cyclonedx-py (.*) /opt/calleq/bin/python$", text, re.M)
    written = tmp_path / "bill.json"
    options = words.replace("/opt/calleq/bill-of-materials.json", str(written)).split()
    done = subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", *options, sys.executable],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    bill = json.loads(written.read_text())
    assert bill["bomFormat"] == "CycloneDX"
    components = {one["name"].lower().replace("_", "-"): one for one in bill["components"]}
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    needed = re.findall(r"^([a-z][a-z0-9-]*)", setup["options"]["install_requires"], re.M)
    assert len(needed) > 15
    for name in needed:
        assert components[name]["version"], name
        assert components[name]["purl"].startswith(f"pkg:pypi/{name}@")


def test_nothing_is_compiled_at_each_start_of_a_container():
    """Its root is read only and Python writes no byte code there: the build has to. And its health
    is asked every 15 s, by a format of image that can say so."""
    text = (DEPLOY / "Containerfile").read_text()
    assert "PYTHONDONTWRITEBYTECODE=1" in text
    assert "--no-compile" not in text
    [words] = re.findall(r"^ +CMD (\[.*\])$", text, re.MULTILINE)
    assert json.loads(words)[:3] == ["calleq", "status", "--ready"]
    guide = (ROOT / "docs" / "guide" / "deployment.md").read_text()
    for told in (text, guide):
        assert "podman build --format docker -f deploy/Containerfile" in told
