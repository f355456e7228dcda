"""One run: offers the calls of a plan to a whole network in virtual time and gathers its proof.

Nothing is kept that grows with the run, except what is still going on: journal and diary are read
as they are written.
"""

import contextlib
import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import msgspec

from calleq.billing.records import SessionRecord
from calleq.cli.failure import CommandError
from calleq.journal.entries import Stamped
from calleq.network_nodes import point_codes
from calleq.rating import Deck
from calleq.runtime.tap import Tap
from calleq.ss7.variant import variant_of
from calleq.telephones.diary import DiaryEntry
from calleq.theory import erlang_b
from calleq.topology import Topology
from calleq.trace.pcap import PcapTap
from calleq.trace.pcapng import CallsOnCircuits, PcapngTap
from calleq.units import SECOND_US
from simulator.digest import Digest
from simulator.foreign.frames import FrameFile, overhear
from simulator.measures import Measure, Measurement, Occupancy, Sums
from simulator.money import Money, MoneyReconciliation
from simulator.mutate import Mutator
from simulator.offers import Progress, drain, offer
from simulator.people import Conversations, Holding
from simulator.plots import Hours, Lengths
from simulator.stream import RecordStream
from simulator.traffic import Arrival
from simulator.truth import Differences, Reconciliation
from simulator.usage import cpu_s, memory_mb
from simulator.virtual import START_US, VirtualNetwork

LIVED_LIMIT = 8_192
"""Entries of the diary that are read at once."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to."""

    calls: int
    """Messages posted."""
    completed: int
    digest: str
    seed: int
    states: dict[str, int]
    measures: dict[str, Measure]
    lost: dict[str, int]
    """Calls and legs that the network could not carry, by Q.850 cause."""
    refused: int
    """Messages that the door turned away as too many."""
    isup_messages: int
    differences: Differences
    altered: int
    """Records that were altered on purpose."""
    faults: dict[str, int] = {}
    """What struck the network, by kind."""
    partial: int = 0
    """Legs whose switch died in the call; each tells of no more than was lived."""
    breaches: tuple[str, ...] = ()
    """Rules that did not hold; see `simulator.faults.invariants`."""
    littles_law: float
    """Relative difference of the journal's L and the records' lambda times W."""
    money: Money | None = None
    """What the calls cost; None where they have no price."""
    length_s: float
    cpu_s: float
    memory_mb: float
    """The most that the process held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run. `calls` bounds the arrivals where it is given; it is needed to mutate."""

    topology: Topology
    arrivals: Iterator[Arrival]
    seed: int
    holding: Holding
    patience_us: int | None = None
    calls: int | None = None
    calls_at_once: int | None = None
    """What the peripheral's trunk carries, where that is to be held against Erlang-B."""
    mutations: int = 0
    faults: int = 0
    """How many strike; then `calls` is needed too."""
    pcap: BinaryIO | None = None
    is_pcapng: bool = False
    """What kind of file `pcap` shall be."""
    frames: BinaryIO | None = None
    """Where whole M2PA frames are written; not in a run with faults."""
    start_us: int = START_US
    deck: Deck | None = None
    """By which calls are charged, where the topology names one."""


@dataclass(slots=True)
class Outcome:
    """The result of a run and what its report draws."""

    result: Result
    occupancy: Occupancy
    hours: Hours
    lengths: Lengths


@dataclass(slots=True)
class Gathered:
    """What a run is measured by, as it comes."""

    plan: Plan
    digest: Digest
    measurement: Measurement = field(default_factory=Measurement)
    occupancy: Occupancy = field(default_factory=Occupancy)
    hours: Hours = field(default_factory=Hours)
    lengths: Lengths = field(default_factory=Lengths)
    mutator: Mutator | None = None

    def __post_init__(self) -> None:
        plan = self.plan
        if plan.mutations:
            assert plan.calls is not None, "the command asks for --calls"
            self.mutator = Mutator(plan.seed, plan.mutations, plan.calls)

    def measure(self, record: SessionRecord) -> None:
        """One more record."""
        self.measurement.add(record)
        self.hours.add(record, self.plan.start_us)
        self.lengths.add(record)


@dataclass(slots=True)
class _Gathering(Gathered):
    """Everything that listens while a run goes on."""

    start_us: int = 0
    lived: list[DiaryEntry] = field(default_factory=list)
    """Entries of the diary that wait to be read."""
    reconciliation: Reconciliation = field(init=False)
    money: MoneyReconciliation | None = None
    stream: RecordStream = field(init=False)

    def __post_init__(self) -> None:
        Gathered.__post_init__(self)  # dataclasses with slots are made anew, super() is of the old
        delay_us = self.plan.topology.timing.line_delay_us
        self.reconciliation = Reconciliation(delay_us)
        if self.plan.deck is not None:
            self.money = MoneyReconciliation(self.plan.deck, customers_of(self.plan.topology))
            self.reconciliation = Reconciliation(delay_us, self.money.lived)
        self.stream = RecordStream(self._records, self._came_or_went)

    def _came_or_went(self, by: int, monotonic_us: int) -> None:
        self.occupancy.change(by, monotonic_us - self.start_us)

    def diary(self, entry: DiaryEntry) -> None:
        self.lived.append(entry)
        if len(self.lived) >= LIVED_LIMIT:
            self.read_diary()

    def read_diary(self) -> None:
        """Take what telephones lived through since the last time."""
        self.digest.diary(self.lived)
        self.reconciliation.diary(self.lived)
        self.lived.clear()

    def _records(self, records: Sequence[SessionRecord]) -> None:
        self.digest.records(records)
        for record in records:
            self.measure(record)
            told = record if self.mutator is None else self.mutator.alter(record)
            self.reconciliation.record(told)
            if self.money is not None:
                self.money.record(record)

    def entry(self, stamped: Stamped) -> None:
        """An entry of the journal."""
        self.stream.take(stamped)
        if self.money is not None:
            self.money.journal(stamped)


def customers_of(topology: Topology) -> frozenset[str]:
    """The numbers that are called first."""
    callees = {number for one in topology.businesses for number in one.representatives}
    return frozenset(line.number for line in topology.lines) - callees


def simulate(plan: Plan, progress: Progress = lambda offered: None) -> Outcome:
    """A whole run with its proof. Raises CommandError when the door refused a message as wrong."""
    calls = CallsOnCircuits(variant_of(plan.topology)) if plan.is_pcapng else None
    gathering = _Gathering(plan, digest_of(plan, calls))
    virtual = _network(plan, gathering, calls)
    gathering.start_us = virtual.clock.monotonic_us()
    with world_out_of_the_collectors_sight():
        offers = offer(virtual, plan.arrivals, progress)
        gathering.occupancy.advance(virtual.clock.monotonic_us() - gathering.start_us)
        concurrent = gathering.occupancy.mean()
        drain(virtual, offers)
    length_us = virtual.clock.monotonic_us() - gathering.start_us
    gathering.occupancy.advance(length_us)
    gathering.stream.finish()
    gathering.read_diary()
    if gathering.stream.late:
        raise CommandError(f"{gathering.stream.late} journal entries came after their call's end")
    found = gathering.reconciliation.result()
    outcome = outcome_of(
        gathering, found, offers.offered, offers.turned_away, concurrent, length_us
    )
    charged = virtual.network.charged
    if gathering.money is not None and charged is not None:
        money = gathering.money.result(charged.charging.held_micro)
        outcome.result = msgspec.structs.replace(outcome.result, money=money)
    return outcome


def digest_of(plan: Plan, calls: CallsOnCircuits | None = None) -> Digest:
    """What hashes a run, and captures it where that is asked for.

    Without `calls`, which knows them, the units of a pcapng name no call.
    """
    pcap: Tap | None = None
    if plan.pcap is not None and plan.is_pcapng:
        pcap = PcapngTap(plan.pcap, (calls or CallsOnCircuits()).call_of)
    elif plan.pcap is not None:
        pcap = PcapTap(plan.pcap, point_codes(plan.topology), variant_of(plan.topology))
    return Digest(frozenset(point.name for point in plan.topology.transfer_points), pcap)


@contextlib.contextmanager
def world_out_of_the_collectors_sight() -> Iterator[None]:
    """The network stays to the end: the garbage collector need not walk through it again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def people_of(plan: Plan, now_us: Callable[[], int]) -> Conversations:
    """How long the people of a plan talk and wait."""
    callees = frozenset(
        number for business in plan.topology.businesses for number in business.representatives
    )
    return Conversations(
        plan.seed, plan.holding, callees, now_us=now_us, patience_us=plan.patience_us
    )


def _network(plan: Plan, gathering: _Gathering, calls: CallsOnCircuits | None) -> VirtualNetwork:
    def entry(stamped: Stamped) -> None:
        assert calls is not None
        calls.take(stamped)
        gathering.entry(stamped)

    virtual = VirtualNetwork(
        plan.topology,
        seed=plan.seed,
        tap=gathering.digest,
        manners=people_of(plan, lambda: virtual.clock.monotonic_us()),
        journal_sink=gathering.entry if calls is None else entry,
        diary_sink=gathering.diary,
        start_us=plan.start_us,
    )
    if plan.frames is not None:
        overhear(virtual.links.values(), FrameFile(plan.frames, virtual.clock))
    return virtual


def outcome_of(
    gathering: Gathered,
    found: Differences,
    offered: int,
    turned_away: int,
    concurrent: Measure,
    length_us: int,
) -> Outcome:
    """What a run came to. `found` are the differences between the records and the diary."""
    plan = gathering.plan
    measurement, occupancy = gathering.measurement, gathering.occupancy
    total = measurement.total()
    measures = measurement.measures()
    measures["concurrent"] = concurrent
    measures["concurrent_max"] = Measure(
        occupancy.most, "calls", "most calls between acceptance and final state at once"
    )
    isup_messages = gathering.digest.isup_messages
    measures["ISUP"] = Measure(
        isup_messages / total.calls if total.calls else 0.0,
        "1",
        "ISUP messages / calls offered, each message counted where it is made",
    )
    if plan.calls_at_once is not None:
        measures["Erlang-B"] = _erlang_b(plan.calls_at_once, measurement, total)
    altered = 0 if gathering.mutator is None else gathering.mutator.altered
    unrecorded = offered - turned_away - total.calls
    endless = measurement.states.get("", 0)
    result = Result(
        calls=offered,
        completed=total.completed,
        digest=gathering.digest.digest(),
        seed=plan.seed,
        states=dict(sorted(measurement.states.items())),
        measures=measures,
        lost={str(cause): count for cause, count in sorted(measurement.lost.items())},
        refused=turned_away,
        isup_messages=isup_messages,
        differences=Differences(found.records + abs(unrecorded) + endless, found.us),
        altered=altered,
        littles_law=littles_law(occupancy.call_us, total.stay_us),
        length_s=length_us / SECOND_US,
        cpu_s=cpu_s(),
        memory_mb=memory_mb(),
    )
    return Outcome(result, occupancy, gathering.hours, gathering.lengths)


def _erlang_b(calls_at_once: int, measurement: Measurement, total: Sums) -> Measure:
    """What theory makes of the traffic that was measured; it holds for Poisson arrivals."""
    carried = total.calls - total.blocked
    erlangs = 0.0
    if carried and total.span_us:
        erlangs = total.calls / total.span_us * measurement.occupied_us / carried
    return Measure(
        erlang_b(calls_at_once, erlangs),
        "ratio",
        f"the blocking that Erlang-B gives for {erlangs:.2f} E (calls offered per second times"
        f" mean stay of those carried) and {calls_at_once} calls at once",
    )


def littles_law(call_us: int, stay_us: int) -> float:
    """Relative difference of L and lambda times W over one stretch of time.

    L is the journal's integral of the calls there over the length, lambda times W the number of
    calls over the length times their mean stay in the records: the length and the number cancel.
    """
    return abs(call_us - stay_us) / stay_us if stay_us else float(call_us)
