"""`calleq-sim run`: calls through a whole network on the virtual clock, with their proof.

The result names what was offered and completed, the measures, a digest of everything that happened
and the difference between the records and the telephones' diary. The same seed and version give the
same digest; any other octet, time or record gives another.
"""

import argparse
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from calleq.access_server.server import Reply
from calleq.cli.failure import CommandError, UsageError
from calleq.cli.output import print_json, print_line, print_table
from calleq.network import point_codes
from calleq.runtime.tap import Segment
from calleq.topology import Topology
from calleq.trace.pcap import PcapTap
from calleq.units import HOUR_US, SECOND_US
from simulator.measures import Measure, measure
from simulator.traffic import poisson
from simulator.truth import Differences, differences, talks_of_diary, talks_of_records
from simulator.virtual import VirtualNetwork
from simulator.world import build_world

CUSTOMERS = 2_000
BUSINESSES = 20
CIRCUITS = 400
DRAIN_US = HOUR_US
"""No call of a run lasts longer once the last one has been offered."""
MAX_CALLS = 10_000_000


class Result(msgspec.Struct, frozen=True):
    """What a run came to."""

    calls: int
    completed: int
    digest: str
    seed: int
    states: dict[str, int]
    measures: dict[str, Measure]
    isup_messages: int
    differences: Differences
    length_s: float
    cpu_s: float


class _DigestTap:
    """Hashes every octet with its place and time, counts ISUP messages, and passes all on."""

    def __init__(self, pcap: PcapTap | None) -> None:
        self._hash = hashlib.sha256()
        self._pcap = pcap
        self._gathered: list[bytes] = []
        self.isup_messages = 0

    def saw(
        self, segment: Segment, link: str, sender: str, receiver: str, octets: bytes, at_us: int
    ) -> None:
        gathered = self._gathered
        gathered.append(b"%d %s %s " % (at_us, link.encode(), sender.encode()))
        gathered.append(octets)
        if len(gathered) > 4_096:
            self._hash.update(b"".join(gathered))
            gathered.clear()
        if segment is Segment.SIGNALLING_LINK:
            self.isup_messages += not sender.startswith("stp")
            if self._pcap is not None:
                self._pcap.saw(segment, link, sender, receiver, octets, at_us)

    def add(self, octets: bytes) -> None:
        """Hash something else of the run."""
        self._gathered.append(octets)

    def digest(self) -> str:
        """The digest so far."""
        self._hash.update(b"".join(self._gathered))
        self._gathered.clear()
        return self._hash.hexdigest()


class _Traffic:
    """Offers the calls of a run at their instants, one timer at a time."""

    def __init__(self, virtual: VirtualNetwork, seed: int, calls: int, rate: float) -> None:
        self._virtual = virtual
        self._arrivals = poisson(virtual.topology, seed, calls, rate)
        self._start_us = virtual.clock.monotonic_us()
        self.offered = 0
        self.refused = 0
        self.over = False
        self._next()

    def _next(self) -> None:
        arrival = next(self._arrivals, None)
        if arrival is None:
            self.over = True
            return
        body = json.dumps(
            {
                "business_id": arrival.business,
                "password": arrival.password,
                "customer_number": arrival.customer,
            }
        ).encode()
        clock = self._virtual.clock
        delay_us = max(0, self._start_us + arrival.at_us - clock.monotonic_us())
        clock.call_later_us(delay_us, self._offer, body)

    def _offer(self, body: bytes) -> None:
        self.offered += 1
        self._virtual.submit(body, self._answered)
        self._next()

    def _answered(self, reply: Reply) -> None:
        self.refused += reply.status != 202


def offer(
    virtual: VirtualNetwork, *, calls: int, seed: int, rate: float, show: bool = False
) -> int:
    """Offer calls and let the last one end; how many. Raises CommandError when one is refused."""
    traffic = _Traffic(virtual, seed, calls, rate)
    with _progress(calls, show) as advance:
        while not traffic.over:
            virtual.clock.advance_us(10 * SECOND_US)
            advance(traffic.offered)
        virtual.clock.run(DRAIN_US)
    if traffic.refused:
        raise CommandError(f"the door refused {traffic.refused} of {traffic.offered} messages")
    return traffic.offered


def simulate(
    topology: Topology, *, calls: int, seed: int, rate: float, pcap: BinaryIO | None, show: bool
) -> Result:
    """A whole run with its proof. Raises CommandError when the door refused a message."""
    tap = _DigestTap(None if pcap is None else PcapTap(pcap, point_codes(topology)))
    virtual = VirtualNetwork(topology, seed=seed, tap=tap)
    start_us = virtual.clock.monotonic_us()
    offered = offer(virtual, calls=calls, seed=seed, rate=rate, show=show)
    length_us = virtual.clock.monotonic_us() - start_us
    records = virtual.records()
    diary = virtual.diary.entries()
    tap.add(msgspec.json.encode(records))
    tap.add(msgspec.json.encode(diary))
    states: dict[str, int] = {}
    for record in records:
        states[record.state] = states.get(record.state, 0) + 1
    truth = talks_of_diary(diary, topology.timing.line_delay_us)
    return Result(
        calls=offered,
        completed=states.get("completed", 0),
        digest=tap.digest(),
        seed=seed,
        states=dict(sorted(states.items())),
        measures=measure(records, length_us),
        isup_messages=tap.isup_messages,
        differences=differences(truth, talks_of_records(records)),
        length_s=length_us / SECOND_US,
        cpu_s=_cpu_s(),
    )


def _cpu_s() -> float:
    """User and system seconds of this whole process and its children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@contextlib.contextmanager
def _progress(calls: int, show: bool) -> Iterator[Callable[[int], object]]:
    if not show:
        yield lambda offered: None
        return
    columns = (TextColumn("calls"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("calls", total=calls)
        yield lambda offered: bar.update(task, completed=offered)


def run(arguments: argparse.Namespace) -> int:
    """The command."""
    if not 1 <= arguments.calls <= MAX_CALLS:
        raise UsageError(f"--calls {arguments.calls}: 1 to {MAX_CALLS} were expected")
    if not 0 < arguments.rate <= 10_000:
        raise UsageError(f"--rate {arguments.rate:g}: above 0, at most 10000 per second, expected")
    topology = build_world(arguments.seed, CUSTOMERS, BUSINESSES, CIRCUITS)
    with _pcap(arguments.pcap) as pcap:
        result = simulate(
            topology,
            calls=arguments.calls,
            seed=arguments.seed,
            rate=arguments.rate,
            pcap=pcap,
            show=sys.stderr.isatty(),
        )
    if arguments.json:
        print_json(msgspec.to_builtins(result))
    else:
        _show(result)
    clean = result.differences == Differences(0, 0)
    if not clean:
        raise CommandError("the records differ from the telephones' diary")
    return 0


@contextlib.contextmanager
def _pcap(path: Path | None) -> Iterator[BinaryIO | None]:
    if path is None:
        yield None
        return
    try:
        file = path.open("wb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    with file:
        yield file


def _show(result: Result) -> None:
    print_table(
        f"{result.calls} calls in {result.length_s:,.0f} s of simulated time",
        ("final state", "calls"),
        [(state, str(count)) for state, count in result.states.items()],
        right=("calls",),
    )
    print_table(
        "measures",
        ("measure", "value", "unit", "definition"),
        [
            (name, f"{figure.value:.4f}", figure.unit, figure.definition)
            for name, figure in result.measures.items()
        ],
        right=("value",),
    )
    print_line(f"ISUP messages  {result.isup_messages}")
    print_line(
        f"differences    {result.differences.records} records, {result.differences.us} us"
        " between the records and the telephones' diary"
    )
    print_line(f"digest         {result.digest}")
    print_line(f"CPU            {result.cpu_s:.2f} s")
