"""The bench of set-ups: customer-first calls between real SIP telephones, records written.

A network of two switches and a peripheral runs as `calleq up`, with its voice process; telephones
run in a process of their own (`bench_telephones`) and register as subscribers' telephones do. Each
message is posted to the front door. The customer's telephone answers at once and hears an
announcement, the representative's answers at once, hears whose call it is, is bridged, and hangs
up; so every call ends `completed`, which the records must say.

On the bill is the processor time of the network's process and of the voice process, and of nothing
else. Latencies are taken at low rates, memory while HELD_CALLS are bridged.
"""

import asyncio
import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import msgspec

from calleq.cli.bench_fleet import Fleet, Report
from calleq.cli.bench_network import (
    BUSINESS,
    CUSTOMERS,
    FAR,
    NEAR,
    PASSWORD,
    fleet,
    free_ports,
    network_text,
)
from calleq.cli.bench_process import DiskProbe, Served
from calleq.cli.failure import CommandError
from calleq.cli.figures import Figure, percentile

LINES = 1_000
"""On each side; a telephone takes two calls at once."""
CALLS, WARMING_CALLS = 1_000, 100
PACED_RATE = 50.0
FAST_RATE, FAST_CALLS = 200.0, 2_000
LATENCY_RATE, LATENCY_CALLS = 10.0, 200
HELD_CALLS = 300
TALK_S = 3.0
"""The representative hangs up so long after answering: bridged by then."""
SETTLE_S = 8.0
FLUSHES_BETWEEN = 2
_CALLEQ = (sys.executable, "-m", "calleq.cli.main")
_EVERY = ("--limit", "1000000", "--json")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


def measure(command: str) -> list[Figure]:
    """Every figure of set-ups."""
    figures = []
    for name, first in (("one switch", NEAR), ("two switches", FAR)):
        with _Scene(first) as scene:
            scene.round(WARMING_CALLS, PACED_RATE)
            figures += _cost(scene, name, command)
            if name == "two switches":
                figures += _fast(scene, command)
    with _Scene(voices=True) as scene:
        figures += _latencies(scene, command)
    with _Scene(hangs_up_s=0.0) as scene:
        figures += _memory(scene, command)
    return figures


def _cost(scene: "_Scene", name: str, command: str) -> list[Figure]:
    cpu_s = scene.cpu_s()
    report = scene.round(CALLS, PACED_RATE)
    cpu_s = scene.cpu_s() - cpu_s
    completed = scene.completed() - WARMING_CALLS
    offered = CALLS + WARMING_CALLS
    return [
        Figure(f"call over {name}", cpu_s / CALLS * 1e3, "ms CPU", command),
        Figure(f"calls over {name} not completed", CALLS - completed, "calls", command),
        Figure(f"telephones' own, {name}", report.cpu_s / offered * 1e3, "ms CPU", command),
    ]


def _fast(scene: "_Scene", command: str) -> list[Figure]:
    done_before = scene.completed()
    started = time.perf_counter()
    scene.round(FAST_CALLS, FAST_RATE)
    took_s = time.perf_counter() - started - SETTLE_S - TALK_S
    completed = scene.completed() - done_before
    return [
        Figure("calls posted per second", FAST_CALLS / took_s, "per s", command),
        Figure("of those not completed", FAST_CALLS - completed, "calls", command),
    ]


def _latencies(scene: "_Scene", command: str) -> list[Figure]:
    probe = DiskProbe(scene.data)
    scene.round(20, LATENCY_RATE)
    posted_ns = scene.post(LATENCY_CALLS, LATENCY_RATE, probe)
    time.sleep(SETTLE_S + TALK_S)
    report = scene.report()
    invited = {told.username: told for told in report.told}
    waits_ms, heard_ms = [], []
    for number, at_ns in posted_ns.items():
        if str(number) in invited:
            waits_ms.append((invited[str(number)].invited_ns - at_ns) / 1e6)
    heard_ms = [
        (told.first_audio_ns - told.answered_ns) / 1e6
        for told in report.told
        if told.first_audio_ns and told.first_heard_ns and int(told.username) >= NEAR
    ]
    figures = []
    for name, share, allowance_ms in (("p50", 0.5, 2.0), ("p99", 0.99, 6.0)):
        bound_ms = 2 * probe.percentile_ms(share) + allowance_ms
        figures += [
            Figure(f"message to INVITE, {name}", percentile(waits_ms, share), "ms", command),
            Figure(f"twice fdatasync + {allowance_ms:g} ms, {name}", bound_ms, "ms", command),
        ]
    if heard_ms:
        figures += [
            Figure(
                f"representative's 200 OK to first audio, {name}",
                percentile(heard_ms, share),
                "ms",
                command,
            )
            for name, share in (("p50", 0.5), ("p99", 0.99))
        ]
    figures += [
        Figure("representatives that heard the customer", len(heard_ms), "calls", command),
        *probe.figures(command),
    ]
    probe.close()
    return figures


def _memory(scene: "_Scene", command: str) -> list[Figure]:
    scene.round(WARMING_CALLS, PACED_RATE, hang_up=True)
    rests, rises = [], []
    for _ in range(2):
        before = scene.resident_octets()
        scene.round(HELD_CALLS, PACED_RATE)
        rises.append(scene.resident_octets() - before)
        up = scene.report().up
        if up != 2 * HELD_CALLS:
            raise CommandError(f"{up} legs are up, not {2 * HELD_CALLS}; {scene.unwanted_ends()}")
        scene.hang_up()
        rests.append(scene.resident_octets())
        scene.rewind(HELD_CALLS)  # the second run is to be the same as the first
    return [
        Figure("memory per two-leg call", rises[0] / HELD_CALLS / 1e3, "kB", command),
        Figure("growth by a second run", (rests[1] / rests[0] - 1) * 100, "%", command),
        Figure("memory at rest", rests[0] / 1e6, "MB", command),
    ]


class _Scene:
    """A network and its telephones, running; a context manager."""

    def __init__(
        self, first: int = FAR, *, voices: bool = False, hangs_up_s: float = TALK_S
    ) -> None:
        """`first` is the first number of the representatives, near or far."""
        self._first = first
        self._voices = voices
        self._hangs_up_s = hangs_up_s
        self._next = 0

    def __enter__(self) -> Self:
        self._stack = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="calleq-bench-"))
            self.data = Path(folder)
            network = self.data / "bench.toml"
            ports = free_ports()
            network.write_text(network_text(LINES, ports))
            options = ("--network", str(network), "--data", folder, "--port", "0")
            self._served = stack.enter_context(Served("up", *options))
            self._url = self._served.addresses["front door"]
            self._fleet = stack.enter_context(_Fleet(self._telephones(ports)))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *why: object) -> None:
        self._stack.close()

    def _telephones(self, ports: tuple[int, int]) -> Fleet:
        return fleet(
            LINES, ports, first=self._first, voices=self._voices, hangs_up_s=self._hangs_up_s
        )

    def round(self, calls: int, rate: float, *, hang_up: bool = False) -> Report:
        """Post calls at a steady rate, and wait until they are over, or up."""
        self.post(calls, rate)
        time.sleep(TALK_S + SETTLE_S)
        if hang_up:
            self.hang_up()
        return self.report()

    def rewind(self, calls: int) -> None:
        """The next calls are between those that the last ones were between."""
        self._next -= calls

    def hang_up(self) -> None:
        """End the calls that are held."""
        self._fleet.say("hang up")
        time.sleep(SETTLE_S)

    def report(self) -> Report:
        """What the telephones have seen since the last report. Raises CommandError at failures."""
        report = self._fleet.report()
        if report.failures:
            raise CommandError(f"telephones: {len(report.failures)} failures, {report.failures[0]}")
        return report

    def post(self, calls: int, rate: float, probe: DiskProbe | None = None) -> dict[int, int]:
        """When (UTC ns) the message for each customer was sent, the last of each."""
        pairs = []
        for _ in range(calls):
            place = self._next % LINES
            self._next += 1
            pairs.append((CUSTOMERS + 1 + place, self._first + 1 + place))
        return asyncio.run(_post(self._url, pairs, rate, probe))

    def completed(self) -> int:
        """How many records say `completed`."""
        return len(self._records("--state", "completed"))

    def unwanted_ends(self) -> str:
        """How many calls ended otherwise, by state and detail."""
        ends = Counter(
            " ".join(filter(None, (str(record["state"]), str(record.get("detail", "")))))
            for record in self._records()
            if record["state"] != "completed"
        )
        told = ", ".join(f"{count} {end}" for end, count in ends.most_common(5))
        return f"calls that did not end completed: {told or 'none'}"

    def _records(self, *filters: str) -> list[dict[str, object]]:
        said = subprocess.run(
            (*_CALLEQ, "cdr", "list", "--data", str(self.data), *filters, *_EVERY),
            capture_output=True,
            text=True,
            check=False,
        )
        if said.returncode:
            raise CommandError(said.stderr.strip())
        return msgspec.json.decode(said.stdout, type=list[dict[str, object]])

    def cpu_s(self) -> float:
        """Processor time of the network's process and of its children, so far."""
        ticks = 0
        for pid in self._served.pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / _TICKS

    def resident_octets(self) -> int:
        """Memory that those processes hold."""
        return sum(
            int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
            for pid in self._served.pids()
        )


class _Fleet:
    """The process of telephones; a context manager."""

    def __init__(self, fleet: Fleet) -> None:
        self._given = msgspec.json.encode(fleet)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "calleq.cli.bench_telephones"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self.say(self._given.decode())
            if self._line() != "ready":
                raise CommandError("the telephones could not register")
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        return self

    def __exit__(self, *why: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def say(self, line: str) -> None:
        """Give it a command."""
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def report(self) -> Report:
        """Ask it for what it has seen."""
        self.say("report")
        return msgspec.json.decode(self._line(), type=Report)

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().rstrip("\n")


async def _post(
    url: str, pairs: Sequence[tuple[int, int]], rate: float, probe: DiskProbe | None
) -> dict[int, int]:
    """Post a message for each pair at a steady rate over one connection; answers must be 202."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    loop = asyncio.get_running_loop()
    sent_ns: dict[int, int] = {}
    start_s = loop.time()
    checking = asyncio.create_task(_check(reader, len(pairs)))
    for index, (customer, representative) in enumerate(pairs):
        await asyncio.sleep(max(0.0, start_s + index / rate - loop.time()))
        request = _request(url, customer, representative)
        sent_ns[customer] = time.time_ns()
        writer.write(request)
        if probe is not None:
            await asyncio.sleep(0.5 / rate)
            probe.sample(FLUSHES_BETWEEN)
    await checking
    writer.close()
    return sent_ns


async def _check(reader: asyncio.StreamReader, count: int) -> None:
    for _ in range(count):
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        if b" 202 " not in head.partition(b"\r\n")[0]:
            raise CommandError(f"the front door answered {head.decode()}{body.decode()}")


def _request(url: str, customer: int, representative: int) -> bytes:
    body = msgspec.json.encode(
        {
            "business_id": BUSINESS,
            "password": PASSWORD,
            "customer_number": f"+{customer}",
            "representative_number": f"+{representative}",
        }
    )
    head = (
        f"POST /v1/calls HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n"
        f"Idempotency-Key: {secrets.token_hex(16)}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
