"""Records against the diary while the network is being hurt, exactly.

The diary's instants are taken by the monotonic clock, which never steps, and told by the wall clock
that the switches had then: whoever steps the clocks says when and how far. A call whose switch
lived is exact in every field, to the microsecond. A call whose switch died in it cannot be: its
record may be missing only if it was not answered for longer than a flush, must otherwise be
partial, or shorter by no more than a flush, and never bills more than was lived. Nor can that of a
mobile telephone that was out of reach: both ends find out by themselves that the other is gone.

It reads no journal. What it knows of deaths, steps and reach comes from whoever caused them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from calleq.billing.records import LegRecord, SessionRecord
from calleq.telephones.diary import DiaryCall
from calleq.units import SECOND_US
from simulator.faults.disk import SLOW_FLUSH_US
from simulator.faults.invariants import compared, hurt_during
from simulator.faults.network import FragileNetwork
from simulator.truth import Talk, differences, talk_of_leg, talks_of_diary

SEIZED_BEFORE_US = SECOND_US
"""A switch seizes a line at most so long before its telephone rings."""


class Proof(msgspec.Struct, frozen=True):
    """What came of comparing."""

    records: int
    """Leg records that are missing, invented, told twice or wrong in any field."""
    us: int
    partial: int
    """Legs whose switch died in the call, or whose telephone was out of reach."""


class _Hurt(msgspec.Struct):
    """A call that telephone and switch may differ about, and what its record can be known by."""

    call: DiaryCall
    began_at_us: int
    """By the wall clock, as the next."""
    rings_at_us: int
    """When its switch heard that it rings."""
    told: bool = False


class Truth:
    """What the telephones of a network at rest lived through since it was last forgotten."""

    def __init__(self, network: FragileNetwork) -> None:
        self._network = network
        self._delay_us = network.topology.timing.line_delay_us
        clock = network.clock
        stepped_us = sum(step_us for _, step_us in network.steps)
        self._offset_us = clock.now_us() - clock.monotonic_us() - stepped_us
        self._hurt: dict[str, list[_Hurt]] = defaultdict(list)
        for number in {entry.number for entry in network.diary.entries()}:
            for call in network.diary.calls(number):
                if not call.is_outgoing and hurt_during(network, call):
                    began_us = call.began.monotonic_us
                    rings_us = began_us + self._delay_us
                    hurt = _Hurt(call, self._wall_us(began_us), self._wall_us(rings_us))
                    self._hurt[number].append(hurt)
        self._whole = Counter(self._talks())

    def _wall_us(self, monotonic_us: int) -> int:
        """What the wall clock of every switch said at an instant."""
        stepped_us = sum(by_us for at_us, by_us in self._network.steps if at_us <= monotonic_us)
        return self._offset_us + monotonic_us + stepped_us

    def _talks(self) -> Iterable[Talk]:
        """The calls that both must have seen alike."""
        diary = (
            replace(entry, at_us=entry.monotonic_us) for entry in self._network.diary.entries()
        )
        for talk in talks_of_diary(diary, self._delay_us):
            if any(self._is_of(talk, hurt.call) for hurt in self._hurt.get(talk.number, ())):
                continue
            yield replace(
                talk,
                ringing_at_us=self._or_none(talk.ringing_at_us),
                answered_at_us=self._or_none(talk.answered_at_us),
                released_at_us=self._or_none(talk.released_at_us),
            )

    def _is_of(self, talk: Talk, call: DiaryCall) -> bool:
        """Whether a talk, its instants by the monotonic clock, is what a call came to."""
        began_us = call.began.monotonic_us
        if talk.ringing_at_us is not None:
            return call.rang and talk.ringing_at_us == began_us + self._delay_us
        assert talk.released_at_us is not None, "it is over"
        if call.rang:  # and was released before its switch heard of it
            return began_us - self._delay_us <= talk.released_at_us < began_us + self._delay_us
        return talk.released_at_us == began_us + self._delay_us  # refused, perhaps while in a call

    def _or_none(self, monotonic_us: int | None) -> int | None:
        return None if monotonic_us is None else self._wall_us(monotonic_us)

    def is_certain(self, record: SessionRecord) -> bool:
        """Whether every leg of a record must be exact: no telephone of it was in a hurt call."""
        return not any(leg.partial or leg.number in self._hurt for leg in record.legs)

    def prove(self, records: Iterable[SessionRecord]) -> Proof:
        """Hold records against it; once."""
        whole, wrong = self._whole, list[LegRecord]()
        told_twice = closed = 0
        for record in records:
            seen: set[tuple[str, int, int]] = set()
            for leg in record.legs:
                talk = talk_of_leg(leg)
                key = leg.leg, leg.attempt, leg.part
                told_twice += key in seen
                if talk is None or key in seen:
                    continue
                seen.add(key)
                if whole[talk]:
                    whole[talk] -= 1
                    closed += leg.partial  # though its switch lived
                else:
                    wrong.append(leg)
        invented = [leg for leg in wrong if not self._is_of_a_hurt_call(leg)]
        missing = [talk for talk, count in whole.items() for _ in range(count)]
        found = differences(missing, filter(None, map(talk_of_leg, invented)))
        return Proof(
            found.records + told_twice + closed + self._unrecorded(),
            found.us,
            len(wrong) - len(invented),
        )

    def _is_of_a_hurt_call(self, leg: LegRecord) -> bool:
        fitting = [
            hurt
            for hurt in self._hurt.get(leg.number, ())
            if not hurt.told and self._fits(hurt, leg)
        ]
        if not fitting:
            return False
        hurt = min(fitting, key=lambda one: one.began_at_us)
        hurt.told = True
        return not self._wrongs(hurt.call, leg)

    def _fits(self, hurt: _Hurt, leg: LegRecord) -> bool:
        assert leg.seized_at_us is not None, "only legs that reached a line are compared"
        if leg.ringing_at_us is not None:
            return leg.ringing_at_us == hurt.rings_at_us
        return 0 <= hurt.began_at_us - leg.seized_at_us <= SEIZED_BEFORE_US

    def _wrongs(self, call: DiaryCall, leg: LegRecord) -> Sequence[str]:
        return compared(self._network, call, leg, self._delay_us, leg.entity)

    def _unrecorded(self) -> int:
        """Calls that were answered for longer than a flush and have no record."""
        limit_us = SLOW_FLUSH_US + 2 * self._delay_us
        return sum(
            not hurt.told and (hurt.call.talk_us or 0) > limit_us
            for calls in self._hurt.values()
            for hurt in calls
        )
