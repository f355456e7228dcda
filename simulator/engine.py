"""One run: offers the calls of a plan to a whole network in virtual time and gathers its proof.

Nothing is kept that grows with the run, except what is still going on: journal and diary are read
as they are written. The digest covers every octet with its place and time, every diary entry and
every record's call, parties, instants, lengths and causes; the same plan and version give the same
digest, whatever Python's hash seed.
"""

import contextlib
import gc
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

import msgspec

from calleq.access_server.server import Reply
from calleq.billing.records import SessionRecord
from calleq.cli.failure import CommandError
from calleq.journal.entries import Accepted, Ended, Stamped
from calleq.network import point_codes
from calleq.runtime.tap import Segment
from calleq.telephones.diary import DiaryEntry
from calleq.topology import Topology
from calleq.trace.pcap import PcapTap
from calleq.units import HOUR_US, SECOND_US
from simulator.measures import Measure, Measurement, Occupancy
from simulator.mutate import Mutator
from simulator.people import Conversations, Holding
from simulator.plots import Hours, Lengths
from simulator.stream import RecordStream
from simulator.traffic import Arrival
from simulator.truth import Differences, Reconciliation
from simulator.virtual import START_US, VirtualNetwork

DRAIN_US = 5 * HOUR_US
"""No call lasts longer once the last one has been offered: the network ends one at 4 hours."""
STEP_US = 10 * SECOND_US
"""How often progress is told."""
_SIGNALLING_LINK = Segment.SIGNALLING_LINK
GATHERED_LIMIT = 8_192
"""Parts that wait to be hashed."""
BUSY_STATUSES = frozenset({429, 503})
"""The door has too much to do: a result of the run, not a mistake in it."""


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
    littles_law: float
    """Relative difference of the journal's L and the records' lambda times W."""
    length_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to run. `calls` bounds the arrivals where it is given; it is needed to mutate."""

    topology: Topology
    arrivals: Iterator[Arrival]
    seed: int
    holding: Holding
    patience_us: int | None = None
    calls: int | None = None
    mutations: int = 0
    pcap: BinaryIO | None = None
    start_us: int = START_US


@dataclass(slots=True)
class Outcome:
    """The result of a run and what its report draws."""

    result: Result
    occupancy: Occupancy
    hours: Hours
    lengths: Lengths


class Digest:
    """Hashes every octet with its place and time, counts ISUP messages, and passes all on."""

    def __init__(self, relays: frozenset[str], pcap: PcapTap | None = None) -> None:
        """`relays` are the transfer points: they make no message, they pass it on."""
        self._relays = relays
        self._hash = hashlib.sha256()
        self._pcap = pcap
        self._gathered: list[int | str | bytes] = []
        self._encode = msgspec.msgpack.Encoder().encode
        self._entries: list[DiaryEntry] = []
        self.isup_messages = 0

    def saw(
        self, segment: Segment, link: str, sender: str, receiver: str, octets: bytes, at_us: int
    ) -> None:
        """See `Tap`."""
        gathered = self._gathered
        gathered += (at_us, link, sender, receiver, octets)
        if len(gathered) > GATHERED_LIMIT:
            self._flush()
        if segment is _SIGNALLING_LINK:
            if sender not in self._relays:
                self.isup_messages += 1
            if self._pcap is not None:
                self._pcap.saw(segment, link, sender, receiver, octets, at_us)

    def diary(self, entry: DiaryEntry) -> None:
        """Hash an entry of the diary."""
        self._entries.append(entry)
        if len(self._entries) >= GATHERED_LIMIT:
            self._add_entries()

    def records(self, records: Sequence[SessionRecord]) -> None:
        """Hash what records say."""
        self._gathered.append(self._encode([_said(record) for record in records]))

    def digest(self) -> str:
        """The digest so far."""
        self._add_entries()
        self._flush()
        return self._hash.hexdigest()

    def _add_entries(self) -> None:
        self._gathered.append(self._encode(self._entries))
        self._entries.clear()

    def _flush(self) -> None:
        self._hash.update(self._encode(self._gathered))
        self._gathered.clear()


def _said(record: SessionRecord) -> tuple[object, ...]:
    """What a record says, whatever other fields later versions of it have."""
    legs = [
        (
            leg.leg,
            leg.attempt,
            leg.number,
            leg.dialled_at_us,
            leg.ringing_at_us,
            leg.answered_at_us,
            leg.released_at_us,
            leg.ring_us,
            leg.talk_us,
            leg.billable_s,
            leg.cause,
            leg.released_by,
        )
        for leg in record.legs
    ]
    return record.call, record.business, record.state, record.cause, record.accepted_at_us, legs


class Offers:
    """Posts the messages of a plan at their instants, one timer at a time."""

    def __init__(self, virtual: VirtualNetwork, arrivals: Iterator[Arrival]) -> None:
        self._virtual = virtual
        self._arrivals = arrivals
        self._start_us = virtual.clock.monotonic_us()
        self.offered = 0
        self.turned_away = 0
        """As too many."""
        self.refused = 0
        self.over = False
        self._next()

    def _next(self) -> None:
        arrival = next(self._arrivals, None)
        if arrival is None:
            self.over = True
            return
        message = {
            "business_id": arrival.business,
            "password": arrival.password,
            "customer_number": arrival.customer,
        }
        if arrival.representative:
            message["representative_number"] = arrival.representative
        clock = self._virtual.clock
        delay_us = max(0, self._start_us + arrival.at_us - clock.monotonic_us())
        clock.call_later_us(delay_us, self._offer, msgspec.json.encode(message))

    def _offer(self, body: bytes) -> None:
        self.offered += 1
        self._virtual.submit(body, self._answered)
        self._next()

    def _answered(self, reply: Reply) -> None:
        if reply.status in BUSY_STATUSES:
            self.turned_away += 1
        elif reply.status != 202:
            self.refused += 1


class Progress(Protocol):
    """Is told how many calls have been offered."""

    def __call__(self, offered: int) -> object: ...


def offer(
    virtual: VirtualNetwork, arrivals: Iterator[Arrival], progress: Progress = lambda offered: None
) -> Offers:
    """Offer every call; time stands still soon after the last has been."""
    offers = Offers(virtual, arrivals)
    while not offers.over:
        virtual.clock.advance_us(STEP_US)
        progress(offers.offered)
    return offers


def drain(virtual: VirtualNetwork, offers: Offers) -> None:
    """Let the last call end. Raises CommandError when the door refused a message as wrong."""
    virtual.clock.run(DRAIN_US)
    if offers.refused:
        raise CommandError(f"the door refused {offers.refused} of {offers.offered} messages")


@dataclass(slots=True)
class _Gathering:
    """Everything that listens while a run goes on."""

    plan: Plan
    digest: Digest
    measurement: Measurement = field(default_factory=Measurement)
    occupancy: Occupancy = field(default_factory=Occupancy)
    hours: Hours = field(default_factory=Hours)
    lengths: Lengths = field(default_factory=Lengths)
    start_us: int = 0
    _there: set[str] = field(default_factory=set)
    reconciliation: Reconciliation = field(init=False)
    stream: RecordStream = field(init=False)
    mutator: Mutator | None = None

    def __post_init__(self) -> None:
        plan = self.plan
        self.reconciliation = Reconciliation(plan.topology.timing.line_delay_us)
        self.stream = RecordStream(self._records)
        if plan.mutations:
            assert plan.calls is not None, "the command asks for --calls"
            self.mutator = Mutator(plan.seed, plan.mutations, plan.calls)

    def journal(self, stamped: Stamped) -> None:
        entry = stamped.entry
        if type(entry) is Accepted:
            self._there.add(entry.call)
            self.occupancy.change(1, stamped.monotonic_us - self.start_us)
        elif type(entry) is Ended and entry.call in self._there:
            self._there.remove(entry.call)
            self.occupancy.change(-1, stamped.monotonic_us - self.start_us)
        self.stream.take(stamped)

    def diary(self, entry: DiaryEntry) -> None:
        self.digest.diary(entry)
        self.reconciliation.diary(entry)

    def _records(self, records: Sequence[SessionRecord]) -> None:
        self.digest.records(records)
        for record in records:
            self.measurement.add(record)
            self.hours.add(record, self.plan.start_us)
            self.lengths.add(record)
            told = record if self.mutator is None else self.mutator.alter(record)
            self.reconciliation.record(told)


def simulate(plan: Plan, progress: Progress = lambda offered: None) -> Outcome:
    """A whole run with its proof. Raises CommandError when the door refused a message as wrong."""
    pcap = None if plan.pcap is None else PcapTap(plan.pcap, point_codes(plan.topology))
    relays = frozenset(point.name for point in plan.topology.transfer_points)
    gathering = _Gathering(plan, Digest(relays, pcap))
    virtual = _network(plan, gathering)
    gathering.start_us = virtual.clock.monotonic_us()
    with _world_out_of_the_collectors_sight():
        offers = offer(virtual, plan.arrivals, progress)
        gathering.occupancy.advance(virtual.clock.monotonic_us() - gathering.start_us)
        concurrent = gathering.occupancy.mean()
        drain(virtual, offers)
    length_us = virtual.clock.monotonic_us() - gathering.start_us
    gathering.occupancy.advance(length_us)
    gathering.stream.finish()
    if gathering.stream.late:
        raise CommandError(f"{gathering.stream.late} journal entries came after their call's end")
    return Outcome(
        _result(plan, gathering, offers, concurrent, length_us),
        gathering.occupancy,
        gathering.hours,
        gathering.lengths,
    )


@contextlib.contextmanager
def _world_out_of_the_collectors_sight() -> Iterator[None]:
    """The network stays to the end: the garbage collector need not walk through it again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _network(plan: Plan, gathering: _Gathering) -> VirtualNetwork:
    topology = plan.topology
    callees = frozenset(
        number for business in topology.businesses for number in business.representatives
    )
    people = Conversations(
        plan.seed,
        plan.holding,
        callees,
        now_us=lambda: virtual.clock.monotonic_us(),
        patience_us=plan.patience_us,
    )
    virtual = VirtualNetwork(
        topology,
        seed=plan.seed,
        tap=gathering.digest,
        manners=people,
        journal_sink=gathering.journal,
        diary_sink=gathering.diary,
        start_us=plan.start_us,
    )
    return virtual


def _result(
    plan: Plan, gathering: _Gathering, offers: Offers, concurrent: Measure, length_us: int
) -> Result:
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
    altered = 0 if gathering.mutator is None else gathering.mutator.altered
    found = gathering.reconciliation.result()
    unrecorded = offers.offered - offers.turned_away - total.calls
    endless = measurement.states.get("", 0)
    return Result(
        calls=offers.offered,
        completed=total.completed,
        digest=gathering.digest.digest(),
        seed=plan.seed,
        states=dict(sorted(measurement.states.items())),
        measures=measures,
        lost={str(cause): count for cause, count in sorted(measurement.lost.items())},
        refused=offers.turned_away,
        isup_messages=isup_messages,
        differences=Differences(found.records + abs(unrecorded) + endless, found.us),
        altered=altered,
        littles_law=littles_law(occupancy.call_us, total.stay_us),
        length_s=length_us / SECOND_US,
        cpu_s=cpu_s(),
    )


def littles_law(call_us: int, stay_us: int) -> float:
    """Relative difference of L and lambda times W over one stretch of time.

    L is the journal's integral of the calls there over the length, lambda times W the number of
    calls over the length times their mean stay in the records: the length and the number cancel.
    """
    return abs(call_us - stay_us) / stay_us if stay_us else float(call_us)


def cpu_s() -> float:
    """User and system seconds of this whole process and its children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
