"""The bench of the API: what a call costs that is asked for in earnest.

Access server 72 runs alone, as in `calleq bench accept`, and every message is authenticated by an
API key, has an Idempotency-Key and a customer of its own, is validated, judged by the guards (all
of them, with limits that leave room for a bench), priced by the shipped deck with its money held,
and durable before it is answered. The server's processor time is the kernel's for its process,
threads included.

`half load` is an open loop: messages leave at set instants, half as many as the closed loop before
managed, and each answer's time counts from the instant at which its message was due.
"""

import asyncio
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from calleq.cli.bench_door import (
    ANSWER_LIMIT_S,
    MESSAGES,
    OUTSTANDING,
    WARMING_MESSAGES,
    Answers,
    free_base_port,
    post_all,
    refusing_switch,
    server_cpu_s,
)
from calleq.cli.bench_process import DiskProbe, Served
from calleq.cli.failure import CommandError
from calleq.cli.figures import Figure, percentile
from calleq.cli.given import given_topology
from calleq.runtime.guest import start_guest, stop_guest
from calleq.topology import figure1_path

BUSINESS = "xyz"
FLUSHES = 200
HALF_LOAD_S = 5.0
COMMAND_S = 30.0
_ROOM = "calls = { burst = 100000, refill_s = 0.00001 }\n"
_GUARDS = f"[guards]\n{_ROOM}all_{_ROOM}"


def measure(command: str) -> list[Figure]:
    """All figures."""
    with tempfile.TemporaryDirectory(prefix="calleq-bench-") as directory:
        data = Path(directory)
        network = bench_network(data)
        base_port = free_base_port()
        probe = DiskProbe(data)
        where = ("--data", directory, "--base-port", str(base_port), "--port", "0")
        with Served("run", "server-72", "--network", str(network), *where) as served:
            probe.sample(FLUSHES)
            url = served.addresses["front door"]
            asking = Asking(api_key(data))
            figures = asyncio.run(_measured(url, network, base_port, asking, command))
            probe.sample(FLUSHES)
        figures += probe.figures(command)
        probe.close()
    figures.append(Figure("machine's load (1 min)", os.getloadavg()[0], "", command))
    return figures


def bench_network(data: Path) -> Path:
    """Figure 1 whose guards leave room for a bench, and whose test numbers are none."""
    shipped = figure1_path()
    for deck in shipped.parent.glob("retail*"):
        shutil.copy(deck, data / deck.name)
    text = re.sub(r"(?m)^\[guards\]\n(?:.+\n)*", _GUARDS, shipped.read_text("utf-8"))
    network = data / "bench.toml"
    network.write_text(text, "utf-8")
    return network


def api_key(data: Path) -> str:
    """An API key of the bench's business, issued by the operator of the running server."""
    order = ["credential", "add", "--business", BUSINESS, "--kind", "api_key", "--json"]
    issued = subprocess.run(
        [sys.executable, "-m", "calleq.cli.main", *order, "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
    )
    if issued.returncode:
        raise CommandError(f"no API key was issued: {issued.stderr.strip()}")
    shown = json.loads(issued.stdout)
    return str((shown[0] if isinstance(shown, list) else shown)["secret"])


class Asking:
    """Makes requests, each for a customer of its own."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._number = 0

    def __call__(self, url: str) -> bytes:
        """The next request."""
        self._number += 1
        body = msgspec.json.encode(
            {
                "business_id": BUSINESS,
                "customer_number": f"+1212{2_000_000 + self._number}",
                "representative_number": "+12125550153",
            }
        )
        head = (
            f"POST /v1/calls HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n"
            f"Authorization: Bearer {self._key}\r\n"
            f"Idempotency-Key: {secrets.token_hex(16)}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def _measured(
    url: str, network: Path, base_port: int, asking: Asking, command: str
) -> list[Figure]:
    reactor = start_guest()
    bus = refusing_switch(given_topology(network, base_port), reactor)
    try:
        await post_all(url, WARMING_MESSAGES, asking)
        cpu_s, started = server_cpu_s(url), time.perf_counter()
        waits_ms = await post_all(url, MESSAGES, asking)
        took_s, cpu_s = time.perf_counter() - started, server_cpu_s(url) - cpu_s
        rate = MESSAGES / took_s
        half_ms = await _paced(url, rate / 2, asking)
    finally:
        bus.close()
        await stop_guest(reactor)
    return [
        Figure("call asked for", cpu_s / MESSAGES * 1e6, "us CPU", command),
        Figure("calls asked for, one core", MESSAGES / cpu_s, "per CPU s", command),
        Figure("calls asked for", rate, "per s", command),
        Figure("outstanding", OUTSTANDING, "messages", command),
        Figure("answer, p50", percentile(waits_ms, 0.5), "ms", command),
        Figure("answer, p99", percentile(waits_ms, 0.99), "ms", command),
        Figure("answer at half load, p50", percentile(half_ms, 0.5), "ms", command),
        Figure("answer at half load, p99", percentile(half_ms, 0.99), "ms", command),
    ]


async def _paced(url: str, rate: float, asking: Asking) -> list[float]:
    """An open loop over as many connections; ms from the instant each message was due."""
    address = urlsplit(url)
    count = int(rate * HALF_LOAD_S)
    begun = time.perf_counter() + 0.1
    waits_ms: list[float] = []
    numbers = iter(range(count))

    async def sender() -> None:
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for number in numbers:
            due = begun + number / rate
            await asyncio.sleep(due - time.perf_counter())
            writer.write(asking(url))
            answers = Answers()
            while answers.receive(await reader.read(65536)) is None:
                pass
            waits_ms.append((time.perf_counter() - due) * 1e3)
        writer.close()

    async with asyncio.timeout(ANSWER_LIMIT_S + 4 * HALF_LOAD_S):
        await asyncio.gather(*(sender() for _ in range(OUTSTANDING)))
    return waits_ms
