"""A long run with faults: traffic through a whole network that is hurt at random all the while.

Every element is a process with a journal of its own, as under `calleq-sim seeds`, but in a large
world with thousands of calls. The calls come in stretches of `STRETCH_CALLS`. In a stretch as many
faults strike as are its share, at instants drawn from the seed; each is mended within
`FAULT_LASTS_US`. At its end no more calls come, the network comes to rest, every rule of
`invariants` must hold, and the records made from all journals are held against the diary. Then
journals and diary are forgotten, as retention does, and the next stretch begins in the same
network. A business whose message is not answered posts it again, with its key.

Wall clocks step here, so measures are made of records that tell the right time, the rests between
the stretches left out; what is proved are those with the times that the elements wrote.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from random import Random

from msgspec.structs import replace

from calleq.billing.derivation import derive_records
from calleq.door.replies import Reply
from calleq.journal.entries import Accepted, Ended, Stamped
from calleq.messages.answers import CallAccepted
from calleq.runtime.clock import VirtualClock
from calleq.units import HOUR_US, SECOND_US
from simulator.engine import (
    Gathered,
    Outcome,
    Plan,
    digest_of,
    outcome_of,
    people_of,
    world_out_of_the_collectors_sight,
)
from simulator.faults.invariants import breaches, rest_of
from simulator.faults.kinds import Kind, Scene
from simulator.faults.network import FragileNetwork
from simulator.faults.proof import Truth
from simulator.faults.service_kinds import kinds_for
from simulator.offers import Progress, drain, offer
from simulator.traffic import Arrival
from simulator.truth import Differences

STRETCH_CALLS = 5_000
FAULT_LASTS_US = 40 * SECOND_US
AGAIN_AFTER_US = 4 * SECOND_US
TRIES = 30
"""More than fit into the longest fault."""
RECENT_US = 20 * SECOND_US
"""A fault strikes the parties of a call that was offered no longer ago, where there is one."""
REST_US = 24 * HOUR_US
TOLD_LIMIT = 20
"""Broken rules that are told."""
BEING_ACCEPTED = 409


class _Door:
    """The front door as businesses use it that post again until they are answered."""

    def __init__(self, network: FragileNetwork) -> None:
        self._network = network
        self._posted = 0
        self.accepted: list[str] = []

    @property
    def clock(self) -> VirtualClock:
        """The network's."""
        return self._network.clock

    def submit(self, body: bytes, answered: Callable[[Reply], object]) -> None:
        """Post a message, as often as it takes."""
        self._posted += 1
        self._post(_Message(body, f"key-{self._posted}", answered))

    def _post(self, message: "_Message") -> None:
        if message.is_answered or message.tries >= TRIES:
            return
        message.tries += 1
        self._network.submit(message.body, lambda reply: self._reply(message, reply), message.key)
        self.clock.call_later_us(AGAIN_AFTER_US, self._post, message)

    def _reply(self, message: "_Message", reply: Reply) -> None:
        if message.is_answered or reply.status == BEING_ACCEPTED:
            return
        message.is_answered = True
        if isinstance(reply.view, CallAccepted):
            self.accepted.append(reply.view.call)
        message.answered(reply)


class _Message:
    """A message of a business until it is answered."""

    __slots__ = ("answered", "body", "is_answered", "key", "tries")

    def __init__(self, body: bytes, key: str, answered: Callable[[Reply], object]) -> None:
        self.body = body
        self.key = key
        self.answered = answered
        self.is_answered = False
        self.tries = 0


class _LongRun:
    """The network of a run, and what has been found so far."""

    def __init__(self, plan: Plan) -> None:
        assert plan.calls is not None, "the command asks for --calls"
        self.plan = plan
        self.gathered = Gathered(plan, digest_of(plan))
        self.network: FragileNetwork = FragileNetwork(
            plan.topology,
            seed=plan.seed,
            tap=self.gathered.digest,
            manners=people_of(plan, lambda: self.network.clock.monotonic_us()),
            start_us=plan.start_us,
        )
        self.rest = rest_of(self.network)
        self.door = _Door(self.network)
        self.draw = Random(f"faults {plan.seed}")
        self.fault_places = sorted(self.draw.randrange(plan.calls) for _ in range(plan.faults))
        """After how many calls each fault strikes."""
        self.struck: Counter[str] = Counter()
        self.offered = self.turned_away = 0
        self.partial = self.records = self.us = 0
        self.breaches: list[str] = []
        self._kinds = list[Kind]()
        self._counted_us = 0
        """Time that was counted: without the rests between the stretches."""

    def stretch(self, arrivals: Sequence[Arrival], progress: Progress) -> None:
        """Some calls with their faults, rest, and proof."""
        network, first_us = self.network, arrivals[0].at_us
        began_us = network.clock.monotonic_us()
        here = range(self.offered, self.offered + len(arrivals))
        for place in self.fault_places:
            if place in here:
                self._set_fault(arrivals, place - self.offered)
        coming = (replace(arrival, at_us=arrival.at_us - first_us) for arrival in arrivals)
        done = self.offered
        offers = offer(self.door, coming, lambda offered: progress(done + offered))
        network.mend()
        drain(self.door, offers)
        self.offered += offers.offered
        self.turned_away += offers.turned_away
        if not network.clock.run(REST_US):
            self._break(["the network does not come to rest"])
        self._break(breaches(network, self.rest, self.door.accepted))
        self._prove(began_us)
        self.door.accepted.clear()
        network.forget()

    def _set_fault(self, arrivals: Sequence[Arrival], place: int) -> None:
        """Set a fault for some time after the arrival at a place."""
        after = arrivals[place]
        next_us = arrivals[place + 1].at_us if place + 1 < len(arrivals) else after.at_us + 1
        at_us = self.draw.randint(after.at_us, next_us)
        recent = [one for one in arrivals[: place + 1] if at_us - one.at_us <= RECENT_US]
        strikes = self.draw.choice(recent or [after])
        delay_us = at_us - arrivals[0].at_us
        lasts_us = self.draw.randrange(FAULT_LASTS_US)
        self.network.clock.call_later_us(delay_us, self._strike, strikes)
        self.network.clock.call_later_us(delay_us + lasts_us, self.network.mend)

    def _strike(self, arrival: Arrival) -> None:
        """Every kind comes up once, in a drawn order, before one comes again."""
        if not self._kinds:
            self._kinds = list(kinds_for(self.plan.topology))
            self.draw.shuffle(self._kinds)
        kind = self._kinds.pop()
        agents = next(
            business.representatives
            for business in self.plan.topology.businesses
            if business.identifier == arrival.business
        )
        scene = Scene(self.network, arrival.customer, self.draw.choice(agents))
        if kind.strike(scene, self.draw):
            self.struck[kind.name] += 1

    def _break(self, found: Iterable[str]) -> None:
        self.breaches += list(found)[: TOLD_LIMIT - len(self.breaches)]

    def _prove(self, began_us: int) -> None:
        """Records against the diary; measures."""
        network, gathered = self.network, self.gathered
        entries = network.entries()
        records = derive_records(entries)
        gathered.digest.records(records)
        gathered.digest.diary(network.diary.entries())
        truth = Truth(network)
        mutator = gathered.mutator
        if mutator is not None:
            records = [
                mutator.alter(record, certain=truth.is_certain(record))
                for record in sorted(records, key=truth.is_certain)
            ]
        proof = truth.prove(records)
        self.records += proof.records
        self.us += proof.us
        self.partial += proof.partial
        right_us = self.plan.start_us - (began_us - self._counted_us)
        right = [replace(stamped, at_us=right_us + stamped.monotonic_us) for stamped in entries]
        for record in derive_records(right):
            gathered.measure(record)
        self._occupy(entries, began_us)

    def _occupy(self, entries: Iterable[Stamped], began_us: int) -> None:
        """How many calls there were when, as the journals tell."""
        occupancy = self.gathered.occupancy
        skipped_us = began_us - self._counted_us
        for at_us, by in sorted(_came_or_went(entries, self.network.peripheral)):
            occupancy.change(by, at_us - skipped_us)
            self._counted_us = at_us - skipped_us

    def outcome(self) -> Outcome:
        """What it all came to."""
        occupancy = self.gathered.occupancy
        concurrent = replace(
            occupancy.mean(),
            definition="calls between acceptance and final state, mean over the stretches (L)",
        )
        found = Differences(self.records, self.us)
        outcome = outcome_of(
            self.gathered, found, self.offered, self.turned_away, concurrent, self._counted_us
        )
        outcome.result = replace(
            outcome.result,
            faults=dict(self.struck.most_common()),
            partial=self.partial,
            breaches=tuple(self.breaches),
        )
        return outcome


def _came_or_went(entries: Iterable[Stamped], peripheral: str) -> Iterator[tuple[int, int]]:
    """When calls were accepted (1) and ended (-1): at the equipment, or at the server alone."""
    came: dict[str, int] = {}
    went: dict[str, tuple[bool, int]] = {}
    for stamped in entries:
        match stamped.entry:
            case Accepted(call=call):
                came.setdefault(call, stamped.monotonic_us)
            case Ended(call=call):
                end = stamped.entity != peripheral, stamped.monotonic_us
                went[call] = min(went.get(call, end), end)
            case _:
                pass
    for call, at_us in came.items():
        yield at_us, 1
        if call in went:
            yield max(at_us, went[call][1]), -1


def simulate_with_faults(plan: Plan, progress: Progress = lambda offered: None) -> Outcome:
    """A whole run with its proof. Raises CommandError when the door refused a message as wrong."""
    run = _LongRun(plan)
    with world_out_of_the_collectors_sight():
        while arrivals := list(islice(plan.arrivals, STRETCH_CALLS)):
            run.stretch(arrivals, progress)
    return run.outcome()
