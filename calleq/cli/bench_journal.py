"""The bench of the journal: events made durable, and how soon a network with a past is back.

Durable events are measured by `journal.measure` with a number of them outstanding, beside the bare
disk of the same run: the same octets, appended and made durable in groups of that size. Restarts
are those of `calleq up` on a journal of so many events: from the start of the process to the answer
of the first message that it accepts, with the processor time that the process had used by then.
What the journal holds is `bench_past`'s.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import httpx
import msgspec

from calleq.cli.bench_past import BUSINESS, CUSTOMER, REPRESENTATIVE, write_past
from calleq.cli.bench_process import Served
from calleq.cli.claims import WHOLE
from calleq.cli.failure import CommandError
from calleq.cli.figures import Figure, percentile
from calleq.journal.measure import JournalFigures, measure_journal
from calleq.journal.reading import journal_path

OUTSTANDING = (128, 32)
EVENTS = 100_000
ROUNDS = 3
"""Of each measurement; the median is printed, because a disk shared with others varies."""
RESTARTS = ((100_000, 3), (1_000_000, 1))
"""Events in the journal, and how often the network is started on it."""

PASSWORD = "xyz-demo"
WAIT_S = 30.0
ACCEPTED = 202


def measure(command: str) -> list[Figure]:
    """Everything, on the disk of the system's temporary directory."""
    figures = []
    with tempfile.TemporaryDirectory(prefix="calleq-bench-") as name:
        directory = Path(name)
        for outstanding in OUTSTANDING:
            figures += _durable(directory, outstanding, command)
        _start(directory / "data")  # speaks every prompt once, and is not measured
        for events, starts in RESTARTS:
            figures += _restarts(directory / "data", events, starts, command)
    return figures


def _durable(directory: Path, outstanding: int, command: str) -> list[Figure]:
    rounds = [
        asyncio.run(measure_journal(directory, outstanding, EVENTS * outstanding // OUTSTANDING[0]))
        for _ in range(ROUNDS)
    ]
    found: JournalFigures = sorted(rounds, key=lambda one: one.events_per_s)[ROUNDS // 2]
    kinds = [
        ("durable events", found.events_per_s, "per s"),
        ("bare append + fdatasync", found.bare_events_per_s, "per s"),
        ("share of bare", found.events_per_s / found.bare_events_per_s, "of 1"),
        ("append to durable, p50", found.commit_p50_us / 1e3, "ms"),
        ("append to durable, p99", found.commit_p99_us / 1e3, "ms"),
        ("bare group, p50", found.bare_p50_us / 1e3, "ms"),
        ("event", found.cpu_us_per_event, "us CPU"),
    ]
    return [
        Figure(f"{name}, {outstanding} outstanding", value, unit, command)
        for name, value, unit in kinds
    ]


def _restarts(data: Path, events: int, starts: int, command: str) -> list[Figure]:
    took_s, cpu_s, octets = [], [], 0
    for _ in range(starts):
        # Each start finds the same past: a second one would not find calls to take up any more.
        for path in data.glob("*.journal"):
            path.unlink()
        octets = write_past(journal_path(data, WHOLE), events)
        wall_s, used_s = _start(data)
        took_s.append(wall_s)
        cpu_s.append(used_s)
    name = f"restart to first accepted message, {events:,} events"
    return [
        Figure(name, percentile(took_s, 0.5), "s", command),
        Figure(f"{name}, its process", percentile(cpu_s, 0.5), "s CPU", command),
        Figure(f"journal, {events:,} events", octets / 1e6, "MB", command),
    ]


def _start(data: Path) -> tuple[float, float]:
    """Seconds from the start of `calleq up` to its first acceptance, and its processor time."""
    body = msgspec.json.encode(
        {
            "business_id": BUSINESS,
            "password": PASSWORD,
            "customer_number": CUSTOMER,
            "representative_number": REPRESENTATIVE,
        }
    )
    began = time.perf_counter()
    with (
        Served("up", "--data", str(data), "--port", "0") as served,
        httpx.Client(
            base_url=served.addresses["front door"], timeout=WAIT_S, trust_env=False
        ) as client,
    ):
        headers = {"content-type": "application/json"}
        answer = client.post("/v1/calls", content=body, headers=headers)
        took_s = time.perf_counter() - began
        cpu_s = float(client.get("/health").json()["cpu_s"])
    if answer.status_code != ACCEPTED:
        raise CommandError(f"the door answered {answer.status_code}: {answer.text}")
    return took_s, cpu_s
