"""The bench of the journal: events made durable, and how soon a network with a past is back.

Durable events are measured by `journal.measure` with a number of them outstanding, beside the bare
disk of the same run: the same octets, appended and made durable in groups of that size. Restarts
are those of `calleq up` on a journal of so many events: from the start of the process to the answer
of the first message that it accepts. The past is one of completed calls; each has its acceptance
with an idempotency key, its instruction, and what the peripheral and the switches wrote.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec

from calleq.cli.bench_process import Served
from calleq.cli.failure import CommandError
from calleq.cli.figures import Figure, percentile
from calleq.journal.entries import (
    Accepted,
    CircuitKey,
    Dialled,
    Ended,
    Entry,
    LineAnswered,
    LineReleased,
    LineRinging,
    LineSeized,
    Progress,
    Stamped,
    Transit,
    Undertaken,
)
from calleq.journal.frames import encode_entry
from calleq.journal.measure import JournalFigures, measure_journal
from calleq.journal.reading import journal_path
from calleq.journal.writer import JournalWriter
from calleq.osn.messages import SetUpCall
from calleq.runtime.disk import RealDisk
from calleq.units import MILLISECOND_US, SECOND_US

OUTSTANDING = (128, 32)
EVENTS = 100_000
ROUNDS = 3
"""Of each measurement; the median is printed, because a disk shared with others varies."""
RESTARTS = ((100_000, 3), (1_000_000, 1))
"""Events in the journal, and how often the network is started on it."""

GROUP = 4_096
CALL_GAP_US = 400 * MILLISECOND_US
"""Between the calls of the past: about 200 000 a day."""
CIRCUITS = 60
BUSINESS, CUSTOMER, REPRESENTATIVE = "xyz", "+12125550103", "+12125550153"
PASSWORD = "xyz-demo"
IP, NEAR, FAR = 4705, 4593, 4625
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
    for path in data.glob("*.journal"):
        path.unlink()
    octets = write_past(journal_path(data, "network"), events)
    took_s = [_start(data) for _ in range(starts)]
    name = f"restart to first accepted message, {events:,} events"
    return [
        Figure(name, percentile(took_s, 0.5), "s", command),
        Figure(f"journal, {events:,} events", octets / 1e6, "MB", command),
    ]


def _start(data: Path) -> float:
    """Seconds from the start of `calleq up` to its first acceptance."""
    body = msgspec.json.encode(
        {
            "business_id": BUSINESS,
            "password": PASSWORD,
            "customer_number": CUSTOMER,
            "representative_number": REPRESENTATIVE,
        }
    )
    began = time.perf_counter()
    with Served("up", "--data", str(data), "--port", "0") as served:
        url = f"{served.addresses['front door']}/v1/calls"
        answer = httpx.post(
            url,
            content=body,
            headers={"content-type": "application/json"},
            timeout=WAIT_S,
            trust_env=False,
        )
        took_s = time.perf_counter() - began
    if answer.status_code != ACCEPTED:
        raise CommandError(f"the door answered {answer.status_code}: {answer.text}")
    return took_s


def write_past(path: Path, events: int) -> int:
    """Write a journal of at least `events` events of completed calls; its length in octets."""
    now_us = time.time_ns() // 1_000
    writer = JournalWriter(path, RealDisk(), lambda: now_us)
    sequences: dict[str, int] = {}
    group: list[Stamped] = []
    at_us = now_us - events // 20 * CALL_GAP_US
    number, written = 0, 0
    while written < events:
        number += 1
        for entity, entry, after_us in _call(number):
            sequence = sequences[entity] = sequences.get(entity, 0) + 1
            instant_us = at_us + after_us
            group.append(Stamped(entity, sequence, instant_us, instant_us, entry))
        at_us += CALL_GAP_US
        if len(group) >= GROUP or written + len(group) >= events:
            writer.commit([encode_entry(stamped) for stamped in group], group)
            written += len(group)
            group.clear()
    writer.finish()
    writer.close()
    return sum(one.stat().st_size for one in path.parent.glob("*.journal"))


def _call(number: int) -> Iterator[tuple[str, Entry, int]]:
    """What a completed call leaves in the journal of a network in one process."""
    call = f"01KE6P4Z{number:018d}"
    customer, agent = f"+1212555{number % 10_000:04d}", f"+1212556{number % 200:04d}"
    first, second = (CircuitKey(IP, NEAR, (2 * number + leg) % CIRCUITS) for leg in (0, 1))
    onward = CircuitKey(NEAR, FAR, number % CIRCUITS)
    message: dict[str, object] = {"business_id": BUSINESS, "customer_number": customer}
    instruction = SetUpCall(
        call=call,
        business=BUSINESS,
        business_name="XYZ Company",
        business_number="+12125550150",
        customer=customer,
        representative="",
        representatives=(agent, REPRESENTATIVE),
        hunt=True,
        dial_first="customer",
        detect_machine=False,
        ring_limit_us=30 * SECOND_US,
        answer_to="server-72",
    )
    key, fingerprint = f"key-{number:032d}", f"{number:064x}"
    steps: list[tuple[str, Entry]] = [
        ("server-72", Accepted(call, BUSINESS, "server-72", message, key, fingerprint)),
        ("ip-76", Undertaken(call, msgspec.to_builtins(instruction))),
        ("ip-76", Dialled(call, "customer", 1, customer, first, "76-62")),
        ("ssp-62", LineSeized(number, customer, first, "+12125550150", customer)),
        ("ssp-62", LineRinging(number)),
        ("ip-76", Progress(call, "ringing", "customer", 1)),
        ("ssp-62", LineAnswered(number)),
        ("ip-76", Progress(call, "answered", "customer", 1)),
        ("ip-76", Dialled(call, "agent", 1, agent, second, "76-62")),
        ("ssp-62", Transit(second, onward)),
        ("ssp-66", LineSeized(number, agent, onward, customer, agent)),
        ("ssp-66", LineRinging(number)),
        ("ip-76", Progress(call, "ringing", "agent", 1)),
        ("ssp-66", LineAnswered(number)),
        ("ip-76", Progress(call, "answered", "agent", 1)),
        ("ip-76", Progress(call, "bridged")),
        ("ssp-66", LineReleased(number, 16, 0, "line")),
        ("ip-76", Progress(call, "released", "agent", 1, 16)),
        ("ssp-62", LineReleased(number, 16, 2, "network")),
        ("ip-76", Progress(call, "released", "customer", 1, 16)),
        ("ip-76", Ended(call, "completed", 16)),
        ("server-72", Ended(call, "completed", 16)),
    ]
    for place, (entity, entry) in enumerate(steps):
        yield entity, entry, place * SECOND_US
