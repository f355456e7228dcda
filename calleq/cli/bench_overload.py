"""The bench of overload: what is accepted when far more comes than can be done.

Access server 72 runs alone, as in `calleq bench api`. The generator is h2load, a program of its own
that nobody here wrote: first a closed loop (`PEAK_CLIENTS` connections that send as soon as they
are answered) finds the peak, then open loops offer a multiple of it at a set rate, spread over
`CLIENTS` connections that were opened one after the other, so that they do not send in step. Each
request carries an API key and one message; what h2load writes down of each (when it left, status,
how long) is all that is counted, in the middle of each run.

`refused unread` is a site by itself that takes nothing in: all of its processor time is that of
refusals, the loop's and the kernel's shares included.

Beside the runs: a call that goes on, whose events are followed by a stream opened before and
whose latest is told by how much it came late; and a sender of its own, whose every accepted
reference must be in the journal afterwards, as must be as many acceptances as were answered.

Both machines' share matters where generator and server have few processors between them, so each
rate stands there per second of the server's own processor time as well.
"""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
from starlette.types import Receive, Scope, Send

from calleq.cli.bench_api import BUSINESS, api_key
from calleq.cli.bench_door import (
    CUSTOMER,
    REPRESENTATIVE,
    free_base_port,
    refusing_switch,
    server_cpu_s,
)
from calleq.cli.bench_process import Served
from calleq.cli.failure import CommandError
from calleq.cli.figures import Figure, percentile
from calleq.cli.given import given_topology
from calleq.cli.reading import read_entries
from calleq.journal.entries import Accepted
from calleq.runtime.guest import start_guest, stop_guest
from calleq.units import SECOND_US, parse_utc
from calleq.web.gate import Gate, Limits
from calleq.web.hosting import GuestServer

PEAK_CLIENTS = 32
PEAK_S, WARMING_S = 4, 1
CLIENTS = 800
FACTORS = (0.5, 1.0, 2.0, 5.0, 10.0)
RUN_S = 5
EDGE_S = 1.5
"""At both ends of a run nothing is counted: connections are made, and the last wait."""
STAGGER_MS = 2
OWN_EVERY_S = 0.05
GOING_ON = "+12125550104"
LIMIT_S = 120.0
REFUSALS = 40_000


@dataclass(slots=True)
class Run:
    """What came of one rate."""

    offered: float
    seconds: float
    accepted_ms: list[float]
    refused: int
    others: int
    cpu_share: float

    @property
    def accepted(self) -> float:
        """Per second."""
        return len(self.accepted_ms) / self.seconds

    def figures(self, name: str, command: str) -> list[Figure]:
        """Of this run."""
        return [
            Figure(f"{name}: offered", self.offered, "per s", command),
            Figure(f"{name}: accepted", self.accepted, "per s", command),
            Figure(
                f"{name}: accepted, one core", self.accepted / self.cpu_share, "per CPU s", command
            ),
            Figure(f"{name}: refused", self.refused / self.seconds, "per s", command),
            Figure(f"{name}: neither", self.others, "requests", command),
            Figure(f"{name}: accepted, p99", percentile(self.accepted_ms, 0.99), "ms", command),
            Figure(f"{name}: processor", self.cpu_share, "of one", command),
        ]


@dataclass(slots=True)
class Beside:
    """What goes on beside the generator."""

    references: list[str] = field(default_factory=list)
    late_ms: list[float] = field(default_factory=list)


def measure(command: str) -> list[Figure]:
    """All figures. Raises CommandError where h2load is not installed."""
    if shutil.which("h2load") is None:
        raise CommandError("the generator is h2load: apt-get install nghttp2-client")
    with tempfile.TemporaryDirectory(prefix="calleq-bench-") as directory:
        data = Path(directory)
        base_port = free_base_port()
        refusal_us = asyncio.run(_refusal_us(data))
        where = ("--data", directory, "--base-port", str(base_port), "--port", "0")
        with Served("run", "server-72", *where) as served:
            load = Load(data, served.addresses["front door"], api_key(data))
            figures = asyncio.run(_measured(load, base_port, command))
        accepted = [one.entry for one in read_entries(data) if isinstance(one.entry, Accepted)]
    known = {entry.call for entry in accepted}
    lost = sum(call not in known for call in load.beside.references)
    lost += max(0, load.answered - len(accepted))
    return [
        *figures,
        Figure("refused unread", refusal_us, "us CPU", command),
        Figure("accepted and not in the journal", lost, "messages", command),
        Figure("accepted in all", len(accepted), "messages", command),
        Figure("call that goes on: latest event", max(load.beside.late_ms), "ms late", command),
        Figure("call that goes on: events", len(load.beside.late_ms), "", command),
        Figure("machine's load (1 min)", os.getloadavg()[0], "", command),
    ]


async def _refusal_us(data: Path) -> float:
    """Processor time of one refusal."""
    gate = Gate(Limits(in_work=0))
    site = GuestServer(_serves_nobody, "127.0.0.1", 0, gate=gate, lifespan="off")
    port = await site.start()
    body = data / "body.json"
    body.write_bytes(_message(CUSTOMER))
    order = ["h2load", "--h1", "-c", str(PEAK_CLIENTS), "-n", str(REFUSALS), "-d", str(body)]
    cpu_s = time.process_time()
    process = await asyncio.create_subprocess_exec(
        *order, f"http://127.0.0.1:{port}/v1/calls", stdout=subprocess.DEVNULL
    )
    await asyncio.wait_for(process.wait(), LIMIT_S)
    cpu_s = time.process_time() - cpu_s
    await site.stop()
    return cpu_s / max(gate.seen["overload"], 1) * 1e6


async def _serves_nobody(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("nothing is taken in")


async def _measured(load: "Load", base_port: int, command: str) -> list[Figure]:
    reactor = start_guest()
    bus = refusing_switch(given_topology(None, base_port), reactor, GOING_ON)
    own = [asyncio.create_task(load.follow()), asyncio.create_task(load.send_own())]
    try:
        peak = await load.run(None)
        figures = peak.figures("peak", command)
        for factor in FACTORS:
            run = await load.run(peak.accepted * factor)
            figures += run.figures(f"{factor:g} x peak", command)
            share = run.accepted / run.cpu_share / (peak.accepted / peak.cpu_share)
            figures += [
                Figure(f"{factor:g} x peak: of peak", run.accepted / peak.accepted, "", command),
                Figure(f"{factor:g} x peak: of peak, one core", share, "", command),
            ]
        for task in own:
            if task.done():
                task.result()
    finally:
        for task in own:
            task.cancel()
        await asyncio.gather(*own, return_exceptions=True)
        bus.close()
        await stop_guest(reactor)
    return figures


class Load:
    """A generator towards one server, and what goes on beside."""

    def __init__(self, data: Path, url: str, key: str) -> None:
        self._log = data / "h2load.log"
        self._body = data / "body.json"
        self._body.write_bytes(_message(CUSTOMER))
        self._url = url
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        self.beside = Beside()
        self.answered = 0
        """Answers of 202 that h2load saw."""

    async def run(self, rate: float | None) -> Run:
        """One run at a rate; None: as fast as it is answered."""
        self._log.unlink(missing_ok=True)
        order = ["h2load", "--h1", "--log-file", str(self._log), "-d", str(self._body)]
        for name, value in self._headers.items():
            order += ["-H", f"{name}: {value}"]
        if rate is None:
            order += ["-c", str(PEAK_CLIENTS), "-D", str(PEAK_S), "--warm-up-time", str(WARMING_S)]
        else:
            order += [
                "-c",
                str(CLIENTS),
                "-n",
                str(int(rate * RUN_S)),
                "--rps",
                str(rate / CLIENTS),
            ]
            order += ["-r", "1", "--rate-period", f"{STAGGER_MS}ms"]
        cpu_s, begun = server_cpu_s(self._url), time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *order, f"{self._url}/v1/calls", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            await asyncio.wait_for(process.wait(), LIMIT_S)
        finally:
            if process.returncode is None:
                process.kill()
        share = (server_cpu_s(self._url) - cpu_s) / (time.perf_counter() - begun)
        return self._read(rate, share)

    def _read(self, rate: float | None, share: float) -> Run:
        rows = [line.split("\t") for line in self._log.read_text().splitlines()]
        if not rows:
            raise CommandError("h2load has written nothing down")
        left = [int(row[0]) for row in rows]
        edge_us = 0.0 if rate is None else EDGE_S * SECOND_US
        first, last = min(left) + edge_us, max(left) - edge_us
        self.answered += sum(row[1] == "202" for row in rows)
        counted = [row for row, at in zip(rows, left, strict=True) if first <= at <= last]
        seconds = (last - first) / SECOND_US
        accepted_ms = [int(row[2]) / 1e3 for row in counted if row[1] == "202"]
        refused = sum(row[1] == "503" for row in counted)
        others = len(counted) - len(accepted_ms) - refused
        if seconds <= 0 or not accepted_ms:
            raise CommandError("nothing was accepted in the middle of a run: it was too short")
        return Run(len(counted) / seconds, seconds, accepted_ms, refused, others, share)

    async def follow(self) -> None:
        """Follow a call that goes on; how late each of its events came."""
        async with httpx.AsyncClient(timeout=LIMIT_S, trust_env=False) as client:
            posted = await client.post(
                f"{self._url}/v1/calls", content=_message(GOING_ON), headers=self._headers
            )
            where = f"{self._url}/v1/calls/{posted.json()['call']}/events/stream"
            async with client.stream("GET", where, headers=self._headers) as answer:
                async for line in answer.aiter_lines():
                    if line.startswith("data:"):
                        event = json.loads(line[5:])
                        late_us = time.time_ns() // 1_000 - parse_utc(event["at"])
                        if event["event"] == "ringing":
                            self.beside.late_ms.append(late_us / 1e3)

    async def send_own(self) -> None:
        """Send messages of our own; the references of those that were accepted."""
        async with httpx.AsyncClient(timeout=LIMIT_S, trust_env=False) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    answer = await client.post(
                        f"{self._url}/v1/calls", content=_message(CUSTOMER), headers=self._headers
                    )
                    if answer.status_code == 202:
                        self.beside.references.append(answer.json()["call"])
                await asyncio.sleep(OWN_EVERY_S)


def _message(customer: str) -> bytes:
    return msgspec.json.encode(
        {
            "business_id": BUSINESS,
            "customer_number": customer,
            "representative_number": REPRESENTATIVE,
        }
    )
