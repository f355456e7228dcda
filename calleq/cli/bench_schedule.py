"""The benches of the schedule: what calls for later cost, and how they are begun when due.

Both run a whole door (accounts, intake, journal and schedule on a disk, a real clock) in a process
of their own, with a stand-in for the equipment that takes each instruction and ends the call, so
that no queue grows and no switching is on the door's bill. Messages are accepted as the intake
writes them; what an answer over HTTP costs is `calleq bench api`'s.

*Kept*: so many calls for the next days, each asked for under an Idempotency-Key of 36 characters;
what they take of memory and disk, the index of which lists are made included, and again after the
process has been started anew over the same files. *Due*: so many within one minute, evenly, and as
many at one instant; each instruction is compared with the instant at which its call was due.
"""

import asyncio
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Coroutine
from functools import partial
from hashlib import sha256
from pathlib import Path

from calleq.accounts import Accounts
from calleq.accounts.passwords import InlineVerifier
from calleq.causes import Q850
from calleq.cli.failure import CommandError
from calleq.cli.figures import Figure, percentile
from calleq.door.door import Door
from calleq.door.index import CallIndex
from calleq.intake import Acceptance, CallReferences, Intake
from calleq.intake.contract import Beside
from calleq.intake.idempotency import short_fingerprint
from calleq.journal.entries import Accepted, Stamped
from calleq.journal.file import FileJournal
from calleq.osn.messages import CallEnded, SetUpCall, decode, encode
from calleq.runtime.clock import LoopClock
from calleq.runtime.draws import SystemDraws
from calleq.runtime.tap import NoTap
from calleq.schedule import BusinessCalendar, Schedule, ScheduleStore
from calleq.schedule.store import SUFFIX
from calleq.topology import Topology, load_topology
from calleq.topology_equipment import instructed
from calleq.units import HOUR_US, MINUTE_US, SECOND_US, utc_text

KEPT, KEPT_QUICK = 1_000_000, 2_000
DUE, DUE_QUICK = 100_000, 500
MINUTE_QUICK_US = 2 * SECOND_US
AHEAD_US = 24 * HOUR_US
"""Kept calls are due from then on, for as long again."""
PIECE = 500
"""Accepted between two turns of the loop."""
LEAD_US = 400
"""For each call, to accept them all before the first is due."""
OUTSTANDING = 20_000
"""Entries not yet durable while calls are being accepted."""
BUSINESS = "xyz"
_FILES = ("journal", "store", "index")


class StandIn:
    """The equipment: takes every instruction and says at once that the call is over."""

    def __init__(self, clock: LoopClock) -> None:
        self._clock = clock
        self._receive: Callable[[str, bytes], None] | None = None
        self.taken: dict[str, list[int]] = {}
        """When the instructions of each call arrived, UTC."""

    def attach(self, element: str, receive: Callable[[str, bytes], None]) -> None:
        """See `Bus`."""
        self._receive = receive

    def send(self, sender: str, receiver: str, octets: bytes) -> None:
        """See `Bus`."""
        message = decode(octets)
        if isinstance(message, SetUpCall):
            self.taken.setdefault(message.call, []).append(self._clock.now_us())
            self._clock.call_later_us(0, self._end, receiver, message.call)

    def _end(self, equipment: str, call: str) -> None:
        assert self._receive is not None, "a door is attached"
        ended = CallEnded(call, "completed", Q850.NORMAL, self._clock.now_us())
        self._receive(equipment, encode(ended))


class BenchDoor:
    """A door with all that is its own, on real ground."""

    def __init__(self, directory: Path) -> None:
        self.clock = LoopClock(asyncio.get_running_loop())
        self.topology: Topology = load_topology()
        self.name = self.topology.access_server.name
        self.store = ScheduleStore(directory / f"bench{SUFFIX}")
        self.journal = FileJournal(
            directory / "bench.journal",
            self.clock,
            asyncio.get_running_loop(),
            is_known=lambda stamped: self.store.keeps(stamped, young_us=0),
        )
        self.schedule = Schedule(self.clock, self.store)
        self.equipment = StandIn(self.clock)
        accounts = Accounts(self.topology.businesses, InlineVerifier(), self.clock, b"k" * 32)
        self.references = CallReferences(self.clock, SystemDraws().bits)
        self.intake = Intake(
            accounts,
            self.journal,
            self.clock,
            self.references,
            self.topology.access_server.equipment_address,
            self.name,
            beside=Beside(calendar=BusinessCalendar()),
        )
        self.door = Door(
            self.name,
            instructed(self.topology),
            accounts=accounts,
            intake=self.intake,
            bus=self.equipment,
            journal=self.journal,
            clock=self.clock,
            tap=NoTap(),
            ring_limit_us=self.topology.ring_limit_us(),
            schedule=self.schedule,
        )
        self.door.restart(self.journal.recovered)
        self.journal.forget_recovered()
        self.index = CallIndex(directory / "bench.calls.sqlite", directory / "bench.journal")
        self.index.open()

    async def accept(self, dues_us: list[int]) -> dict[str, int]:
        """Accept calls for these instants, as the intake writes them; when each is due."""
        due_of: dict[str, int] = {}
        business = next(one for one in self.topology.businesses if one.identifier == BUSINESS)
        for index, due_us in enumerate(dues_us):
            message: dict[str, object] = {
                "business_id": BUSINESS,
                "customer_number": f"+1212555{index % 10_000:04d}",
                "representative_number": business.representatives[0],
                "desired_time": utc_text(due_us),
            }
            fingerprint = short_fingerprint(sha256(repr(message).encode()).digest())
            entry = Accepted(
                self.references(),
                BUSINESS,
                self.name,
                message,
                f"{index:08x}-{due_us & 0xFFFF:04x}-4a00-a623-{due_us >> 12 & 0xFFFFFFFFFFFF:012x}",
                fingerprint,
                by=BUSINESS,
                source="203.0.113.7",
                due_us=due_us,
                expires_us=due_us + 15 * MINUTE_US,
            )
            due_of[entry.call] = due_us
            sequence = self.journal.last_sequence(self.name) + 1
            acceptance = Acceptance(entry, business, self.clock.now_us(), sequence)
            self.journal.append(self.name, entry, partial(self._later, acceptance))
            if index % PIECE == 0:
                await asyncio.sleep(0)
                while self.journal.outstanding > OUTSTANDING:
                    await asyncio.sleep(0.001)
        while self.journal.outstanding:
            await asyncio.sleep(0.001)
        return due_of

    def _later(self, acceptance: Acceptance) -> None:
        entry = acceptance.entry
        self.schedule.accepted(entry, acceptance.at_us, acceptance.sequence)
        self.intake.restore(Stamped(self.name, acceptance.sequence, acceptance.at_us, 0, entry))

    def list_all(self) -> None:
        """Bring the index of calls to the journal's end."""
        while self.index.catch_up():
            pass

    def close(self) -> None:
        """Write everything."""
        self.index.close()
        self.clock.stop()
        self.journal.close()
        self.schedule.close()


def measure(command: str) -> list[Figure]:
    """Everything, on the disk of the system's temporary directory."""
    quick = command.endswith("--quick")
    kept, due = (KEPT_QUICK, DUE_QUICK) if quick else (KEPT, DUE)
    minute_us = MINUTE_QUICK_US if quick else MINUTE_US
    figures = []
    with tempfile.TemporaryDirectory(prefix="calleq-bench-") as name:
        found = _apart(_keep, name, kept, 0)
        again = _apart(_start_again, name, kept, 0)
    figures += [
        Figure(f"{kept:,} calls kept, memory of the process", found["rss_mb"], "MB", command),
        Figure("... of that without any call", found["empty_mb"], "MB", command),
        Figure("... on disk, journal", found["journal_mb"], "MB", command),
        Figure("... on disk, schedule", found["store_mb"], "MB", command),
        Figure("... on disk, index of lists", found["index_mb"], "MB", command),
        Figure("... on disk, in all", sum(found[f"{part}_mb"] for part in _FILES), "MB", command),
        Figure("... each accepted, kept and listed", found["cpu_us"], "us CPU", command),
        Figure("... started again", again["start_s"], "s", command),
        Figure("... started again, the process", again["cpu_s"], "s CPU", command),
        Figure("... memory after that", again["rss_mb"], "MB", command),
        Figure("... most memory while starting", again["peak_mb"], "MB", command),
    ]
    for way, spread_us in (("within a minute", minute_us), ("at one instant", 0)):
        with tempfile.TemporaryDirectory(prefix="calleq-bench-") as name:
            found = _apart(_begin, name, due, spread_us)
        what = f"{due:,} calls due {way}"
        figures += [
            Figure(f"{what}, begun once", found["once"], "calls", command),
            Figure("... more than once", found["twice"], "calls", command),
            Figure("... early", found["early"], "calls", command),
            Figure("... late, p50", found["p50_ms"], "ms", command),
            Figure("... late, p99", found["p99_ms"], "ms", command),
            Figure("... late, the last", found["worst_ms"], "ms", command),
            Figure("... each begun and ended", found["cpu_us"], "us CPU", command),
        ]
    return figures


_Work = Callable[[Path, int, int], Coroutine[object, object, dict[str, float]]]


def _apart(work: _Work, directory: str, calls: int, spread_us: int) -> dict[str, float]:
    """Run in a process of its own, whose memory is nobody else's."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        text: str = pool.apply(_run, (work.__name__, directory, calls, spread_us))
    found: dict[str, float] = json.loads(text)
    return found


def _run(work: str, directory: str, calls: int, spread_us: int) -> str:
    found: _Work = {"_keep": _keep, "_start_again": _start_again, "_begin": _begin}[work]
    return json.dumps(asyncio.run(found(Path(directory), calls, spread_us)))


async def _keep(directory: Path, calls: int, spread_us: int) -> dict[str, float]:
    bench = BenchDoor(directory)
    empty = _memory_mb("VmRSS")
    first_us = bench.clock.now_us() + AHEAD_US
    cpu_s = time.process_time()
    step_us = AHEAD_US // calls
    for begin in range(0, calls, 50_000):
        count = min(50_000, calls - begin)
        await bench.accept([first_us + (begin + index) * step_us for index in range(count)])
        bench.list_all()
    cpu_s = time.process_time() - cpu_s
    rss = _memory_mb("VmRSS")
    bench.close()
    return {
        "empty_mb": empty,
        "rss_mb": rss,
        "cpu_us": cpu_s / calls * 1e6,
        "journal_mb": _octets(directory, "*.journal") / 1e6,
        "store_mb": _octets(directory, f"*{SUFFIX}*") / 1e6,
        "index_mb": _octets(directory, "*.calls.sqlite*") / 1e6,
    }


async def _start_again(directory: Path, calls: int, spread_us: int) -> dict[str, float]:
    began = time.perf_counter()
    bench = BenchDoor(directory)
    took_s, cpu_s = time.perf_counter() - began, time.process_time()
    assert len(bench.schedule) == calls, "all of them wait"
    await asyncio.sleep(1)
    found = {
        "start_s": took_s,
        "cpu_s": cpu_s,
        "rss_mb": _memory_mb("VmRSS"),
        "peak_mb": _memory_mb("VmHWM"),
    }
    bench.close()
    return found


async def _begin(directory: Path, calls: int, spread_us: int) -> dict[str, float]:
    bench = BenchDoor(directory)
    lead_us = max(2 * SECOND_US, calls * LEAD_US)
    first_us = bench.clock.now_us() + lead_us
    dues = [first_us + spread_us * index // calls for index in range(calls)]
    due_of = await bench.accept(dues)
    if bench.clock.now_us() > first_us:
        raise CommandError("this machine is too busy: the first call was due before all were kept")
    await asyncio.sleep(max(0, first_us - bench.clock.now_us()) / 1e6 - 0.1)
    cpu_s = time.process_time()
    limit = time.monotonic() + spread_us / 1e6 + 90
    while len(bench.equipment.taken) < calls and time.monotonic() < limit:
        await asyncio.sleep(0.05)
    await asyncio.sleep(1)
    cpu_s = time.process_time() - cpu_s
    taken = bench.equipment.taken
    late_us = [taken[call][0] - due_of[call] for call in taken]
    bench.close()
    return {
        "once": sum(len(times) == 1 for times in taken.values()),
        "twice": sum(len(times) > 1 for times in taken.values()),
        "early": sum(late < 0 for late in late_us),
        "p50_ms": percentile(late_us, 0.5) / 1e3,
        "p99_ms": percentile(late_us, 0.99) / 1e3,
        "worst_ms": max(late_us) / 1e3,
        "cpu_us": cpu_s / calls * 1e6,
    }


def _memory_mb(kind: str) -> float:
    """Of this process (Linux only)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(kind):
            return int(line.split()[1]) * 1_024 / 1e6
    return 0.0


def _octets(directory: Path, pattern: str) -> int:
    return sum(path.stat().st_blocks * 512 for path in directory.glob(pattern))
