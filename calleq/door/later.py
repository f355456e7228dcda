"""The calls of a door that are made later: begun when due, moved, cancelled, expired.

A call that waits is no timeline in memory: the schedule keeps it. When it is due everything that
may have changed is asked again: whether it has expired, the business, its hours, who must not be
called, the guards. What may be made is claimed durably by its `due` event before its instruction
leaves; a process that dies between them sends the instruction after its restart, and equipment
takes a call once.

Who comes first decides, on the door's own thread: a call that was handed out can neither be
cancelled nor moved ("too late"), and one that is being cancelled or moved is not handed out. Both
are answered when they are durable. A business that is closed at the due time is waited for where
its calendar holds calls, until the call expires.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import msgspec

from calleq.accounts.principal import Principal
from calleq.causes import Q850
from calleq.door import problems
from calleq.door.calls import Calls
from calleq.door.parts import Parts
from calleq.door.timeline import Timeline
from calleq.intake import Acceptance
from calleq.intake.contract import Refusal, Wanted
from calleq.intake.errors import BUSY
from calleq.intake.idempotency import IdempotencyKeys
from calleq.journal.entries import (
    Accepted,
    Cancelled,
    Ended,
    Progress,
    Refused,
    Rescheduled,
    Stamped,
)
from calleq.journal.file import JournalFull
from calleq.messages.answers import EVENT_CANCELLED, EVENT_DUE
from calleq.messages.new_time import NewTime, new_time_us
from calleq.numbering import parse_address
from calleq.osn.messages import CallProgress
from calleq.schedule import Move, Schedule, Waiting
from calleq.schedule.calendar import opening_us
from calleq.topology import Business
from calleq.web.problems import ProblemDetail

Answer = Callable[[ProblemDetail | None], object]
"""Told once: None when it is done, durably."""

BY_CALENDAR = "calendar"
"""Who moves a call until its business opens."""


class Making(Protocol):
    """What the door does with a call."""

    def set_up(self, entry: Accepted, business: Business) -> None:
        """Have it made."""

    def end(self, timeline: Timeline, state: str, cause: int, at_us: int, detail: str = "") -> None:
        """Give it its final state."""


class Past(msgspec.Struct, frozen=True):
    """What a restart finds of calls for later."""

    waiting: frozenset[str]
    """They are the schedule's; nothing is made of them."""
    acceptances: list[Stamped]
    """Of calls that were begun and whose acceptance the journal does not hold any more."""
    cancelled: frozenset[str]
    """Calls whose end is still to be written."""


class Later:
    """Those of one door."""

    def __init__(self, parts: Parts, schedule: Schedule, making: Making) -> None:
        self._door = parts.door
        self._calls = parts.calls
        self._accounts = parts.accounts
        self._intake = parts.intake
        self._journal = parts.journal
        self._clock = parts.clock
        self._schedule = schedule
        self._making = making
        self._told_at_end: dict[str, Answer] = {}
        """Who waits for a cancelled call's end to be durable."""
        self._known: set[str] = set()
        """Calls for later that the journal told of, between `restore` and `kept`."""
        schedule.attach(parts.door, self)

    # From the intake, and to whoever asks

    def passed(self, sequence: int) -> None:
        """An acceptance of a call for now is durable."""
        self._schedule.passed(self._door, sequence)

    def accepted(self, acceptance: Acceptance) -> None:
        """A call with a due time was accepted, durably."""
        self._schedule.accepted(acceptance.entry, acceptance.at_us, acceptance.sequence)

    def keys(self) -> IdempotencyKeys:
        """Those in force of calls that wait, as far as the journal is not read for them."""
        return self._schedule.keys_of(self._door)

    def timeline(self, call: str) -> Timeline | None:
        """What is known of a call that waits; None: none of that reference does."""
        waiting = self._schedule.find(call)
        return None if waiting is None else Calls().follow(waiting.history)

    # When they are due

    def has_room(self) -> bool:
        """Whether another call may be begun now."""
        return self._calls.refusal() is None

    def begin(self, waiting: Waiting) -> None:
        """The call is due: have it made, or end it visibly."""
        try:
            self._begin(waiting)
        except JournalFull:
            self._calls.forget(waiting.call)
            self._schedule.release(waiting.call)

    def _begin(self, waiting: Waiting) -> None:
        now_us = self._clock.now_us()
        entry = waiting.entry
        business = self._accounts.business(entry.business)
        if 0 < waiting.expires_us <= now_us:
            self._end(waiting, "expired", Q850.RECOVERY_ON_TIMER, "")
        elif business is None:
            self._end(waiting, "blocked", Q850.NOT_SUBSCRIBED, problems.NO_SUBSCRIBER)
        elif (reason := self.forbidden(entry, business)) is not None:
            self._end(waiting, "blocked", Q850.REJECTED, reason)
        elif (opens_us := opening_us(business, now_us)) == now_us:
            self._claim(waiting, business, now_us)
        elif opens_us is None or business.calendar.when_closed != "hold":
            self._end(waiting, "blocked", Q850.REJECTED, "closed")
        else:
            expires_us = opens_us + waiting.expires_us - waiting.due_us
            self._move(waiting, Move(now_us, opens_us, expires_us, BY_CALENDAR), _nobody)

    def forbidden(self, entry: Accepted, business: Business) -> str | None:
        """Why an accepted call must not be dialled now; None: it may be."""
        if not business.active:
            return "suspended"
        return self._intake.judge_again(entry, business) or None

    def _claim(self, waiting: Waiting, business: Business, now_us: int) -> None:
        call = waiting.call

        def durable() -> None:
            self._schedule.begun(call)
            if not timeline.final:
                self._making.set_up(waiting.entry, business)

        timeline = self._calls.follow(waiting.history)
        timeline.progressed(CallProgress(call, EVENT_DUE, now_us))
        self._journal.append(self._door, Progress(call, EVENT_DUE), durable)
        self._calls.changed(timeline)

    def _end(self, waiting: Waiting, state: str, cause: int, detail: str) -> None:
        timeline = self._calls.follow(waiting.history)
        self._making.end(timeline, state, cause, self._clock.now_us(), detail)
        self._calls.changed(timeline)

    def over(self, timeline: Timeline) -> Callable[[], None] | None:
        """What is to be done when the end, which is written next, is durable."""
        if not timeline.due_us:
            return None
        sequence = self._journal.last_sequence(self._door) + 1

        def durable() -> None:
            self._schedule.over(timeline.call, self._door, sequence)
            answer = self._told_at_end.pop(timeline.call, None)
            if answer is not None:
                answer(None)

        return durable

    # Cancelled and moved

    def cancel(self, call: str, business: str | None, by: Principal, answer: Answer) -> None:
        """Cancel a call before it is begun; see `Door.cancel`."""
        waiting = self._withdrawn(call, business, answer)
        if waiting is None:
            return
        now_us = self._clock.now_us()
        try:
            self._journal.append(self._door, Cancelled(call, by.credential or by.name))
        except JournalFull:
            self._give_back(call, answer)
            return
        self._told_at_end[call] = answer
        timeline = self._calls.follow(waiting.history)
        timeline.progressed(CallProgress(call, EVENT_CANCELLED, now_us))
        self._making.end(timeline, "canceled", Q850.NORMAL, now_us)
        self._calls.changed(timeline)

    def reschedule(
        self, call: str, business: str | None, new: NewTime, by: Principal, answer: Answer
    ) -> None:
        """Have a call made at another time; see `Door.reschedule`."""
        waiting = self._withdrawn(call, business, answer)
        if waiting is None:
            return
        move = self._new_move(waiting, new, by)
        if isinstance(move, ProblemDetail):
            self._schedule.put_back(waiting)
            answer(move)
        else:
            self._move(waiting, move, answer)

    def hasten(self, call: str, by: str) -> bool:
        """Have a call made now that waits; False where it does not."""
        waiting = self._schedule.withdraw(call)
        if waiting is None:
            return False
        now_us = self._clock.now_us()
        self._move(waiting, Move(now_us, now_us, waiting.expires_us, by), _nobody)
        return True

    def _withdrawn(self, call: str, business: str | None, answer: Answer) -> Waiting | None:
        """The call out of the schedule's reach; None, and the answer told, where it cannot be."""
        timeline = self._calls.find(call)
        waiting = self._schedule.find(call) if timeline is None else None
        owner = waiting.entry.business if waiting else timeline.business if timeline else None
        if owner is None or business not in (None, owner):
            answer(problems.NOT_FOUND)
        elif timeline is not None:
            answer(problems.CALL_OVER if timeline.final else problems.TOO_LATE)
        else:
            withdrawn = self._schedule.withdraw(call)
            if withdrawn is not None:
                return withdrawn
            answer(problems.BEING_CHANGED)
        return None

    def _new_move(self, waiting: Waiting, new: NewTime, by: Principal) -> Move | ProblemDetail:
        entry = waiting.entry
        business = self._accounts.business(entry.business)
        if business is None:
            return problems.NOT_FOUND
        given = {"time_zone": new.time_zone or entry.message.get("time_zone")}
        wanted = Wanted(
            call=entry.call,
            business=business,
            by=by,
            customer=parse_address(str(entry.message["customer_number"])),
            representative=None,
            content={**entry.message, **given, "confirmed": new.confirmed},
            desired_us=new_time_us(new),
        )
        now_us = self._clock.now_us()
        when = self._intake.beside.calendar.decide(wanted, now_us)
        if isinstance(when, Refusal):
            return when.problem
        refusal = self._intake.beside.guards.judge_move(entry, when.due_us, now_us)
        if refusal is not None:
            who, customer = by.credential or by.name, str(wanted.customer)
            self._intake.refusals.write(
                Refused(self._door, entry.business, refusal.reason, "", customer, by=who)
            )
            return refusal.problem
        expires_us = when.expires_us or now_us + waiting.expires_us - waiting.due_us
        return Move(now_us, when.due_us, expires_us, by.credential or by.name)

    def _move(self, waiting: Waiting, move: Move, answer: Answer) -> None:
        moved = waiting.moved(move)
        sequence = self._journal.last_sequence(self._door) + 1

        def durable() -> None:
            self._schedule.put_back(moved, sequence)
            self._calls.changed(Calls().follow(moved.history))
            answer(None)

        entry = Rescheduled(waiting.call, move.due_us, move.expires_us, move.by)
        try:
            self._journal.append(self._door, entry, durable)
        except JournalFull:
            self._give_back(waiting.call, answer)
        else:
            self._intake.beside.guards.rescheduled(waiting.entry, move.due_us)

    def _give_back(self, call: str, answer: Answer) -> None:
        """Too much waits for the disk: the call is as it was."""
        self._schedule.release(call)
        answer(BUSY)

    # After a restart

    def restore(self, entries: Sequence[Stamped]) -> Past:
        """Take up the journal of before. Raises StoreDamaged as `Schedule.restore` does."""
        self._schedule.restore(self._door, entries, self._journal.last_sequence(self._door))
        waiting: set[str] = set()
        cancelled: set[str] = set()
        self._known = known = set()
        for stamped in entries:
            match stamped.entry:
                case Accepted(call=call, door=self._door, due_us=due_us) if due_us:
                    known.add(call)
                    waiting.add(call)
                case Progress(call=call, event="due") | Ended(call=call):
                    waiting.discard(call)
                    cancelled.discard(call)
                case Cancelled(call=call) if stamped.entity == self._door:
                    waiting.discard(call)
                    cancelled.add(call)
                case _:
                    pass
        begun = (one for one in self._schedule.claimed(self._door) if one.call not in known)
        acceptances = [stamped for one in begun for stamped in one.history]
        return Past(frozenset(waiting), acceptances, frozenset(cancelled))

    def kept(self) -> Iterator[Stamped]:
        """Take up, after `restore`, the calls that wait and that it was not told of, the first
        accepted first: the journal holds them no more, or was not asked for them. Told are their
        acceptances, due as they are now."""
        known, self._known = self._known, set()
        for waiting in self._schedule.every(self._door):
            if not waiting.claimed and waiting.call not in known:
                stamped = waiting.standing
                self._intake.restore(stamped)
                yield stamped

    def start(self) -> None:
        """Begin to make calls that are due."""
        self._schedule.start()


def _nobody(problem: ProblemDetail | None) -> None:
    """Moves that nobody asked for are answered to nobody."""
