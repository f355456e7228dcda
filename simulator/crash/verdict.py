"""What must be 0 after crashes, counted from outside.

The books that are compared: what the client was told, what each telephone lived through, the calls
and circuits outside, the journals, and the records derived from them. Where the
process that died says anything of itself (its own circuits, the state it would answer), that must
agree as well.
"""

from collections import Counter
from collections.abc import Iterable

import msgspec

from calleq.billing.derivation import derive_records
from calleq.billing.records import LegRecord, SessionRecord
from calleq.causes import Q850
from calleq.journal.entries import Accepted, Dialled, Ended, Stamped
from calleq.journal.reading import read_journal
from calleq.telephones.diary import DiaryCall, Event
from calleq.units import MINUTE_US
from simulator.crash.outside import Outside
from simulator.crash.wires import Standing
from simulator.crash.world import WIRE_US, Message
from simulator.truth import is_lost_ring

ANSWER_LOST_US = 100_000
"""An answer that the telephone gave and no journal has: only one that a kill overtook."""


EXAMPLES = 10


class Verdict(msgspec.Struct):
    """Counts over many kills; from `accepted_lost` on every one must be 0."""

    kills: int = 0
    worlds: int = 0
    calls_accepted: int = 0
    calls_interrupted: int = 0
    """Failed with cause 41, because a leg had been attempted when the process died."""
    examples: list[str] = []
    """The first EXAMPLES worlds that were not clean, as the options that repeat them."""
    accepted_lost: int = 0
    accepted_twice: int = 0
    dialled_twice: int = 0
    not_dialled: int = 0
    """Accepted, and the customer was never attempted, or neither rung nor the call failed."""
    orphan_legs: int = 0
    """Telephones off the hook, calls in progress at a switch or at the peripheral, at the end; and
    telephones that a dead network's call still holds a reset round after its restart."""
    stuck_circuits: int = 0
    records_doubled: int = 0
    records_missing: int = 0
    not_one_final_state: int = 0
    records_untrue: int = 0
    """Legs whose talk time is not what the telephone lived through, or open for over 60 s."""

    def failures(self) -> dict[str, int]:
        """The counts that must be 0, by name."""
        counts = msgspec.structs.asdict(self)
        names = list(counts)
        return {name: counts[name] for name in names[names.index("accepted_lost") :]}

    @property
    def clean(self) -> bool:
        """Whether all is as it must be."""
        return not any(self.failures().values())

    def add(self, other: "Verdict") -> None:
        """Take another's counts as well."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        del self.examples[EXAMPLES:]


def judge(outside: Outside, standing: Standing) -> Verdict:
    """Compare the books of one world that has come to rest."""
    entries = [*read_journal(outside.journal)[0], *outside.memory.entries]
    records = derive_records(entries)
    verdict = Verdict(kills=outside.lives - 1)
    verdict.orphan_legs = (
        outside.telephones_off_hook()
        + outside.lingering
        + outside.side.calls_in_progress()
        + standing.calls_in_progress
    )
    verdict.stuck_circuits = outside.side.circuits_not_idle() + standing.circuits_not_idle
    _count_doubles(verdict, entries, records)
    for message in outside.world.messages:
        promised = set(outside.client.promised[message.key])
        verdict.accepted_twice += max(0, len(promised) - 1)
        for call in promised:
            verdict.calls_accepted += 1
            _judge_call(verdict, call, message, outside, standing, entries, records)
    if not verdict.clean:
        verdict.examples = [outside.options]
    return verdict


def _count_doubles(verdict: Verdict, entries: list[Stamped], records: list[SessionRecord]) -> None:
    keys = [s.entry.idempotency_key for s in entries if isinstance(s.entry, Accepted)]
    verdict.accepted_twice += _doubles(keys)
    attempts = [
        (s.entry.call, s.entry.leg, s.entry.attempt)
        for s in entries
        if isinstance(s.entry, Dialled)
    ]
    verdict.dialled_twice += _doubles(attempts)
    verdict.records_doubled += _doubles(record.call for record in records)
    verdict.records_doubled += _doubles(
        (leg.session, leg.leg, leg.attempt, leg.part) for record in records for leg in record.legs
    )


def _judge_call(
    verdict: Verdict,
    call: str,
    message: Message,
    outside: Outside,
    standing: Standing,
    entries: list[Stamped],
    records: list[SessionRecord],
) -> None:
    accepted = [s for s in entries if isinstance(s.entry, Accepted) and s.entry.call == call]
    verdict.accepted_lost += not accepted
    ends = [s for s in entries if isinstance(s.entry, Ended) and s.entry.call == call]
    ends_by = Counter(stamped.entity for stamped in ends)
    states = {s.entry.state for s in ends if isinstance(s.entry, Ended)}
    verdict.not_one_final_state += (
        states != {standing.states[call] or outside.side.state(call)}
        or set(ends_by.values()) != {1}
        or len(ends_by) != 2
    )
    lived = {
        number: [call for call in outside.side.diary.calls(number) if not is_lost_ring(call)]
        for number in (message.customer, message.representative)
    }
    verdict.dialled_twice += sum(max(0, len(calls) - 1) for calls in lived.values())
    record = next((record for record in records if record.call == call), None)
    if record is None:
        verdict.records_missing += 1
        return
    interrupted = record.state == "failed" and record.cause == Q850.TEMPORARY_FAILURE
    verdict.calls_interrupted += interrupted
    attempted = any(leg.leg == "customer" for leg in record.legs)
    # An attempt may be lost in a switch that is killed; then the call has failed.
    verdict.not_dialled += not attempted or not (
        lived[message.customer] or record.state == "failed"
    )
    for leg in record.legs:
        verdict.records_untrue += not is_true(leg, lived[leg.number])
    told = {leg.number for leg in record.legs}
    verdict.records_missing += sum(number not in told for number, calls in lived.items() if calls)


def is_true(leg: LegRecord, lived: list[DiaryCall]) -> bool:
    """Whether a leg's talk is its telephone's; a partial one may lack up to a minute, no more."""
    if not lived or leg.part < leg.parts:  # an exchange dialled again: the talk is of its last try
        return leg.answered_at_us is None and leg.talk_us == leg.billable_s == 0
    true_us = _talk_us(lived[0])
    if leg.answered_at_us is None:
        return leg.talk_us == 0 and true_us <= (ANSWER_LOST_US if leg.partial else 0)
    if leg.partial:
        return 0 <= true_us - leg.talk_us <= MINUTE_US
    ended = lived[0].ended
    if ended is not None and ended.event is Event.HANGS_UP and leg.released_by == "network":
        # They crossed: the switch had released before it could hear of the hang-up, which came at
        # most a wire before or after its release; and it had heard of the answer a wire late.
        return 0 <= true_us - leg.talk_us <= 2 * WIRE_US
    return leg.talk_us == true_us


def _talk_us(call: DiaryCall) -> int:
    """As the switch must have seen it: both ends of a release by the network come a wire late."""
    talk_us = call.talk_us
    if talk_us is None or call.ended is None:
        return 0  # still off the hook, and counted as that
    if call.answered is not None and call.ended.event is Event.RELEASED:
        talk_us -= 2 * WIRE_US
    return max(0, talk_us)


def _doubles(keys: Iterable[object]) -> int:
    return sum(count - 1 for count in Counter(keys).values())
