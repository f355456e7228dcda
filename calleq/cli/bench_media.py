"""`calleq bench media`: what a leg of real voice costs, in CPU seconds of the voice process.

Each case starts a voice process of its own, takes ports as a gateway does, bridges them, and lets
`bench_media_far` speak from all far ends in real time. Legs per core are those that one CPU second
of the voice process would carry for a second: packets that it sent, by 50, by its CPU seconds. On
a machine with two processors or more the voice process has the first and the far ends the last.

`paced` says how many frames left more than 5 ms after their tick while every leg is mixed; `delay`
is what is added between a packet's coming and its going, for a relay and for a mix, with few legs.
`--quick` makes all of it a few seconds long: it then says that everything works, and nothing about
speed.
"""

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from calleq.cli.bench_media_far import Outcome, Task
from calleq.cli.failure import CommandError
from calleq.cli.figures import Figure
from calleq.media.ports import PortPlan, Tally
from calleq.media.remote import RemoteVoice, start_voice_process

HOST = "127.0.0.1"
RANGE = f"{HOST}:16384-32767"
FAR_HOST = "127.0.0.2"
FAR_PORTS = range(14_000, 14_064, 2)
"""From which the far ends speak, where legs have ports of their own."""
SHARED_FAR_PORTS = range(2_000, 14_000, 2)
"""Each leg of a shared port needs a far end of its own."""
ELEMENT = "sip:bench"
WARM_S = 1.0


class Case(msgspec.Struct, frozen=True):
    """One thing that is measured."""

    name: str
    legs: int
    together: int
    """How many hear each other; 2: a relay."""
    shared: bool = False
    stamped: bool = False
    seconds: float = 5.0
    alone: bool = False
    """One of each bridge speaks alone, so that its stamps come through a mix."""


CASES = (
    Case("relay, a port for each leg", 1_000, 2),
    Case("conference of 10, a port for each leg", 1_000, 10),
    Case("relay, shared ports", 1_000, 2, shared=True),
    Case("paced", 1_500, 10),
    Case("delay of a relay", 100, 2, stamped=True),
    Case("delay of a mix", 99, 3, stamped=True, alone=True),
)


class Measured(msgspec.Struct, frozen=True):
    """What one case came to."""

    cpu_s: float
    wall_s: float
    before: Tally
    after: Tally
    far: Outcome


def measure(command: str) -> list[Figure]:
    """The figures of all cases."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="calleq-bench-") as directory:
        for case in _cases(quick=command.endswith(" --quick")):
            measured = asyncio.run(_measured(case, Path(directory)))
            figures += [
                Figure(f"{case.name}: {name}", value, unit, command)
                for name, value, unit in _figures(case, measured)
            ]
    return figures


def _cases(quick: bool) -> list[Case]:
    if not quick:
        return list(CASES)
    return [msgspec.structs.replace(case, legs=2 * case.together, seconds=0.5) for case in CASES]


def _figures(case: Case, measured: Measured) -> list[tuple[str, float, str]]:
    far, after, before = measured.far, measured.after, measured.before
    sent = after.sent - before.sent
    lost = 100 * max(far.sent - far.received, 0) / far.sent
    if case.stamped:
        names = ("median", "99th percentile", "most")
        return [
            (name, value / 1_000, "ms") for name, value in zip(names, far.delays_us, strict=True)
        ]
    figures = [
        ("legs", float(case.legs), "legs"),
        ("CPU of the voice process", 100 * measured.cpu_s / measured.wall_s, "%"),
        ("legs per core", sent / 50 / measured.cpu_s if measured.cpu_s else 0.0, "legs"),
        ("CPU for a packet in and a packet out", 1e6 * measured.cpu_s / max(sent, 1), "us"),
        ("not come back", lost, "%"),
    ]
    if case.name == "paced":
        late, skipped = after.late - before.late, after.skipped - before.skipped
        figures.append(("frames later than 5 ms", 100 * late / max(sent, 1), "%"))
        figures.append(("the latest frame", after.latest_us / 1_000, "ms"))
        figures.append(("ticks skipped", float(skipped), "of a quarter of all legs"))
    return figures


async def _measured(case: Case, directory: Path) -> Measured:
    async with _voice(directory) as (voice, process):
        far_ports = SHARED_FAR_PORTS if case.shared else FAR_PORTS
        sources = tuple(far_ports[leg % len(far_ports)] for leg in range(case.legs))
        targets = await _legs(voice, case, sources)
        listening = tuple(sorted(set(sources)))
        if case.alone:  # the others are silent: they send nothing at all
            speakers = range(0, case.legs, case.together)
            targets = tuple(targets[leg] for leg in speakers)
            sources = tuple(sources[leg] for leg in speakers)
        frames = int((case.seconds + 2 * WARM_S) * 50)
        task = Task(FAR_HOST, HOST, targets, sources, listening, frames, case.stamped)
        async with _far_ends(task) as far:
            assert far.stdin is not None
            far.stdin.write(b"\n")
            await asyncio.sleep(WARM_S)
            before, began = await voice.tally(), _cpu_s(process)
            start = asyncio.get_running_loop().time()
            await asyncio.sleep(case.seconds)
            wall_s = asyncio.get_running_loop().time() - start
            cpu_s, after = _cpu_s(process) - began, await voice.tally()
            assert far.stdout is not None
            outcome = msgspec.json.decode(await far.stdout.readline(), type=Outcome)
        return Measured(cpu_s, wall_s, before, after, outcome)


async def _legs(voice: RemoteVoice, case: Case, sources: tuple[int, ...]) -> tuple[int, ...]:
    """Ports, taken and bridged; their numbers."""
    voice.open_ports(ELEMENT, HOST)
    wires = [f"line:bench/{leg}" for leg in range(case.legs)]
    ports = []
    for wire, source in zip(wires, sources, strict=True):
        address = voice.take_port(ELEMENT, wire, case.shared)
        while address is None:
            await voice.prepare()
            address = voice.take_port(ELEMENT, wire, case.shared)
        ports.append(address.port)
        voice.plan_port(ELEMENT, wire, PortPlan(FAR_HOST, source))
    for first in range(0, case.legs, case.together):
        members = wires[first : first + case.together]
        for own in members:
            others = tuple(f"wire:{each}" for each in members if each != own)
            voice.feed("bench", own, others)
    await voice.prepare()
    if voice.refusals:
        raise CommandError(f"the voice process refused: {voice.refusals[0]}")
    return tuple(ports)


@contextlib.asynccontextmanager
async def _voice(directory: Path) -> AsyncIterator[tuple[RemoteVoice, int]]:
    handle = await start_voice_process(directory / "prompts", rtp=RANGE)
    _pin(handle.pid, 0)
    voice = RemoteVoice()
    try:
        await voice.connect(handle.address)
        while not (await voice.tally()).ready:
            await asyncio.sleep(0.1)
        yield voice, handle.pid
    finally:
        voice.close()
        await handle.stop()


@contextlib.asynccontextmanager
async def _far_ends(task: Task) -> AsyncIterator[asyncio.subprocess.Process]:
    far = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "calleq.cli.bench_media_far"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert far.stdin is not None
        assert far.stdout is not None
        _pin(far.pid, -1)
        far.stdin.write(msgspec.json.encode(task) + b"\n")
        if await far.stdout.readline() != b"ready\n":
            raise CommandError("the far ends did not start: are their ports taken?")
        yield far
    finally:
        if far.returncode is None:
            far.kill()
        await far.wait()


def _pin(process: int, which: int) -> None:
    """Give a process a processor of its own, where there is one."""
    if not hasattr(os, "sched_setaffinity"):
        return
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) > 1:
        os.sched_setaffinity(process, {processors[which]})


def _cpu_s(process: int) -> float:
    """User and system time of a process so far (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
