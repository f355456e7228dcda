"""The documents say what is true: commands run, pictures and tables match the code."""

import contextlib
import pathlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import msgspec
import pytest

from calleq.guards import REASONS
from calleq.topology import figure1_path, parse_topology
from calleq.topology_policy import CallPolicy, CarrierPolicy
from tests.live import ROOT, calleq

ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
COMMANDS = {
    "calleq": f"{sys.executable} -m calleq.cli.main",
    "calleq-sim": f"{sys.executable} -m simulator.cli",
}


def blocks(page: str, kind: str) -> list[str]:
    """The contents of every code block of a kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def run_line(line: str, directory: pathlib.Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        line,
        shell=True,
        cwd=directory,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def follow(page: str, directory: pathlib.Path) -> int:
    """Do what a page says from top to bottom: write its files, run its commands; how many.

    The command of a block that `runs` goes on until the end of the page; a Python block that runs
    is a program.
    """
    commands = 0
    with contextlib.ExitStack() as running:
        for kind, block in re.findall(r"^```(.*?)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
            language, _, rest = kind.partition(" ")
            if language == "toml" and rest:
                (directory / rest).write_text(block, "utf-8")
            if kind == "python runs":
                (directory / "example.py").write_text(block, "utf-8")
                run_and_check(f"{sys.executable} example.py", directory, succeeds=True)
            if kind == "sh runs":
                running.enter_context(going_on(block.strip(), directory))
            elif language == "sh":
                for line in block.splitlines():
                    commands += 1
                    program, _, arguments = line.partition(" ")
                    run_and_check(
                        f"{COMMANDS[program]} {arguments}", directory, succeeds=rest != "fails"
                    )
    return commands


def run_and_check(line: str, directory: pathlib.Path, *, succeeds: bool) -> None:
    done = run_line(line, directory)
    assert (done.returncode == 0) == succeeds, f"{line}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    assert bool(done.stderr) != succeeds, f"{line}\n{done.stderr}"


@contextlib.contextmanager
def going_on(line: str, directory: pathlib.Path) -> Iterator[None]:
    """A command that serves until the page is over; ready when it says so."""
    program, _, arguments = line.partition(" ")
    process = subprocess.Popen(
        f"exec {COMMANDS[program]} {arguments}",
        shell=True,
        cwd=directory,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = [line]
        while said[-1] != "ready\n":
            said.append(process.stdout.readline())
            assert said[-1], "".join(said)
        yield
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def test_the_guide_can_be_followed_from_top_to_bottom(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide.md").read_text("utf-8")
    assert follow(page, tmp_path) > 10
    assert (tmp_path / "call.pcap").stat().st_size > 300


def test_the_guide_of_scenarios_can_be_followed_from_top_to_bottom(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "scenarios.md").read_text("utf-8")
    assert follow(page, tmp_path) > 10
    assert "<svg" in (tmp_path / "out" / "scenarios.html").read_text("utf-8")
    assert "<testsuite" in (tmp_path / "verdicts.xml").read_text("utf-8")


def test_the_guide_to_guards_can_be_followed_and_its_policy_is_read(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "guards.md").read_text("utf-8")
    assert follow(page, tmp_path) == 3
    (policy,) = [block for block in blocks(page, "toml") if "[guards]" in block]
    raw = tomllib.loads(policy)
    carrier = msgspec.convert(raw["guards"], CarrierPolicy)
    own = msgspec.convert(raw["businesses"][0]["policy"], CallPolicy)
    assert (carrier.wrong(), own.wrong()) == (None, None)


def test_the_guide_to_guards_tells_the_limits_that_there_are():
    page = (ROOT / "docs" / "guide" / "guards.md").read_text("utf-8")
    carrier = CarrierPolicy()
    for name in ("number", "visitor", "source", "calls", "all_calls"):
        rate = getattr(carrier, name)
        refill = f"{rate.refill_s / 60:g} min" if rate.refill_s >= 60 else f"{rate.refill_s:g} s"
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        assert f"| {rate.burst:,} | {refill} |".replace(",", " ") in row
    for code in REASONS:
        assert f"`{code}`" in page, code


def test_the_guide_to_inap_can_be_followed_its_python_too(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "inap.md").read_text("utf-8")
    assert follow(page, tmp_path) == 2
    (example,) = blocks(page, "python")
    exec(compile(example, "inap.md", "exec"), {})


def test_the_guide_to_the_signalling_network_can_be_followed(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "signalling-network.md").read_text("utf-8")
    assert follow(page, tmp_path) == 2
    (rules,) = [block for block in blocks(page, "toml") if "screening" in block]
    (timers,) = [block for block in blocks(page, "toml") if "mtp3_timers" in block]
    shipped = figure1_path().read_text("utf-8")
    before = '[[transfer_points]]\nname = "stp-70"'
    topology = parse_topology(shipped.replace(before, rules + before, 1) + timers, "guide")
    assert len(topology.transfer_points[0].screening) == 2
    assert topology.mtp3_timers == {"t1": 0.8, "test_t2": 30.0}


@pytest.mark.row("S2-48", part=True)
@pytest.mark.row("S2-62", part=True)
def test_the_guide_to_the_intelligent_network_can_be_followed(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "intelligent-network.md").read_text("utf-8")
    assert follow(page, tmp_path) >= 7


def test_the_guide_to_doors_can_be_followed(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "doors.md").read_text("utf-8")
    assert follow(page, tmp_path) == 7
    (keys,) = blocks(page, "toml")
    shipped = figure1_path().read_text("utf-8")
    for line in keys.splitlines():
        assert line == "# …" or line in shipped, "the page shows what is shipped"


def test_the_guide_to_sccp_can_be_followed(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "sccp.md").read_text("utf-8")
    assert follow(page, tmp_path) == 2


def test_the_guide_to_ansi_can_be_followed(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "ansi.md").read_text("utf-8")
    assert follow(page, tmp_path) == 3
    (keys,) = blocks(page, "toml")
    shipped = figure1_path().with_name("figure1_ansi.toml").read_text("utf-8")
    topology = parse_topology(keys + shipped.partition('variant = "ansi"\n')[2], "guide")
    assert (topology.variant, topology.selection_bits) == ("ansi", 5)


def test_the_guide_to_tcap_can_be_followed(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "tcap.md").read_text("utf-8")
    assert follow(page, tmp_path) == 2


def test_the_guide_to_sip_can_be_followed(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "sip.md").read_text("utf-8")
    assert follow(page, tmp_path) == 1


def test_the_guide_to_telephones_can_be_followed(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "telephones.md").read_text("utf-8")
    assert follow(page, tmp_path) == 3


def test_the_guide_to_browsers_can_be_followed(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "browser.md").read_text("utf-8")
    assert follow(page, tmp_path) == 1
    whole, keys = blocks(page, r"toml[^\n]*")
    before, _, after = whole.partition('[browsers]\nlisten = "127.0.0.1:8073"\n')
    topology = parse_topology(before + keys + after, "guide")
    assert topology.browsers.media_host == "192.0.2.7"


def test_the_guide_to_voice_can_be_followed(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "voice.md").read_text("utf-8")
    assert follow(page, tmp_path) == 1


def test_the_guide_to_encryption_can_be_followed(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "encryption.md").read_text("utf-8")
    assert follow(page, tmp_path) == 4
    (keys,) = blocks(page, "toml")
    shipped = figure1_path().read_text("utf-8")
    before = '[[businesses]]\nidentifier = "xyz"'
    topology = parse_topology(shipped.replace(before, keys + before, 1), "guide")
    assert topology.businesses[0].encryption.required == "fields"


def test_the_guide_to_trunks_can_be_followed(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "trunks.md").read_text("utf-8")
    assert follow(page, tmp_path) == 2


def test_the_guide_to_prices_can_be_followed_its_keys_too(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "prices.md").read_text("utf-8")
    assert follow(page, tmp_path) == 4
    (pricing,) = [block for block in blocks(page, "toml") if "reserve_minutes" in block]
    (billing,) = [block for block in blocks(page, "console") if "[businesses.billing]" in block]
    shipped = figure1_path().read_text("utf-8")
    text = shipped.replace('[pricing]\ndecks = ["retail.toml"]\n', pricing, 1)
    before, named, after = text.partition('identifier = "abc"')
    after = after.replace("\n[[businesses]]", f"{billing}\n[[businesses]]", 1)
    topology = parse_topology(before + named + after, "guide")
    assert topology.pricing.default == "retail"
    assert topology.businesses[0].billing.cap_month == "900.00"


def test_the_guide_to_prompts_can_be_followed(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
):
    page = (ROOT / "docs" / "guide" / "prompts.md").read_text("utf-8")
    (writes_a_file,) = blocks(page, "python")
    monkeypatch.chdir(tmp_path)
    exec(compile(writes_a_file, "prompts.md", "exec"), {})
    assert follow(page, tmp_path) == 4


def test_the_guide_to_control_can_be_followed(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "control.md").read_text("utf-8")
    assert follow(page, tmp_path) == 3


@pytest.mark.row("S2-36", part=True)
@pytest.mark.row("S2-104", part=True)
def test_the_guide_to_the_first_call_can_be_followed(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "first-call.md").read_text("utf-8")
    assert follow(page, tmp_path) == 10


def test_the_guide_to_the_api_can_be_followed(tmp_path: pathlib.Path):
    page = (ROOT / "docs" / "guide" / "api.md").read_text("utf-8")
    assert follow(page, tmp_path) == 9


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
