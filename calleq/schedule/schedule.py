"""The schedule of a process: what was accepted for later, handed to its door when it is due.

Each call is handed out once, never early, by batches of `BATCH`, first due first. It is claimed
before; a claim lasts until the call has ended or is given back (`release`), or until the process
ends: then the journal says whether it was begun. At most `LIMIT_BEGINNING` are handed out and not
yet begun durably, and none is handed to a door that has no room; those wait, and may expire. A
door that has none is asked again after `AGAIN_US`.

The wall clock decides. A timer rings when the next call is due; the wall clock is looked at every
`LOOK_US` besides, so that a step of it is noticed. After a step back nothing is due that is not due
by the new time; what was handed out stays so.

Changes are committed after `COMMIT_US`; what the journal has is not lost when the process dies
before.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from calleq.intake.idempotency import IdempotencyKeys
from calleq.journal.entries import Accepted, Cancelled, Ended, Progress, Rescheduled, Stamped
from calleq.runtime.clock import Clock, Timer
from calleq.schedule.kept import Move, Waiting, waiting_of
from calleq.schedule.store import ScheduleStore, StoreDamaged
from calleq.units import MILLISECOND_US, SECOND_US

DUE = "due"
"""The event by which a door says durably that it begins a scheduled call."""
BATCH = 200
LIMIT_BEGINNING = 2_000
LOOK_US = SECOND_US // 2
COMMIT_US = 100 * MILLISECOND_US
AGAIN_US = 200 * MILLISECOND_US


class Beginner(Protocol):
    """Who begins calls that are due."""

    def has_room(self) -> bool:
        """Whether another may be begun now."""

    def begin(self, waiting: Waiting) -> None:
        """The call is due, or expired. To be answered with `begun`, `release` or `over`."""


class Schedule:
    """See above."""

    def __init__(
        self,
        clock: Clock,
        store: ScheduleStore | None = None,
    ) -> None:
        """`store` None: in memory."""
        self._clock = clock
        self._store = ScheduleStore() if store is None else store
        self._doors: dict[str, Beginner] = {}
        self._beginning: set[str] = set()
        self._places: dict[str, int] = {}
        """Up to which entry of each door what is not committed yet holds."""
        self._next_us: int | None = None
        """When the timer is to ring, by the wall clock."""
        self._timer: Timer | None = None
        self._look: Timer | None = None
        self._again: Timer | None = None
        self._commit: Timer | None = None

    def __len__(self) -> int:
        """How many calls wait."""
        return len(self._store)

    def attach(self, door: str, beginner: Beginner) -> None:
        """Hand the calls of a door to it, from `start` on."""
        self._doors[door] = beginner

    # What the journal of before says

    def restore(self, door: str, entries: Iterable[Stamped], last_sequence: int) -> None:
        """Take up what a door's journal says beyond what is known; its last entry has that number.

        Raises StoreDamaged when what is kept is ahead of the journal: one of the two was replaced.
        """
        reached = last = self._store.reached(door)
        if reached > last_sequence:
            raise StoreDamaged(
                f"{self._store.name} is of a later time than the journal of {door}: put back the"
                " journal that belongs to it, or remove it; it is made anew from the journal"
            )
        begun: set[str] = set()
        for stamped in entries:
            if stamped.entity != door:
                continue
            entry = stamped.entry
            if isinstance(entry, Cancelled) or (isinstance(entry, Progress) and entry.event == DUE):
                begun.add(entry.call)
            if stamped.sequence > reached:
                self._take_up(stamped, entry)
                last = stamped.sequence
        for waiting in self._store.claimed(door):
            if waiting.call not in begun:
                self._store.set_claimed(waiting.call, claimed=False)
        if last > reached:
            self._store.reach(door, last)
        self._changed()

    def _take_up(self, stamped: Stamped, entry: object) -> None:
        match entry:
            case Accepted() if entry.due_us:
                self._store.put(waiting_of(stamped, entry))
            case Rescheduled():
                waiting = self._store.get(entry.call)
                if waiting is not None:
                    move = Move(stamped.at_us, entry.due_us, entry.expires_us, entry.by)
                    self._store.put(waiting.moved(move))
            case Progress(event="due"):
                self._store.set_claimed(entry.call, claimed=True)
            case Cancelled():  # its end follows, or is to be written
                self._store.set_claimed(entry.call, claimed=True)
            case Ended():
                self._store.remove(entry.call)
            case _:
                pass

    def claimed(self, door: str) -> list[Waiting]:
        """A door's calls that were begun, or cancelled, and have not ended."""
        return self._store.claimed(door)

    def every(self, door: str) -> Iterator[Waiting]:
        """A door's calls that have not ended, the first accepted first."""
        return self._store.every(door)

    def keys_of(self, door: str) -> IdempotencyKeys:
        """The idempotency keys of a door's calls whose acceptance need not be read again."""
        return self._store.keys_of(door)

    def start(self) -> None:
        """Begin to hand out."""
        self._arm()

    # What doors say

    def accepted(self, entry: Accepted, at_us: int, sequence: int = 0) -> None:
        """A call with a due time was accepted, durably; `sequence` is that of the entry, and of
        the other entries below. 0: not known."""
        self._reached(entry.door, sequence)
        self._keep(Waiting(entry, at_us, entry.due_us, entry.expires_us))

    def find(self, call: str) -> Waiting | None:
        """A call that waits, or was begun and has not ended."""
        return self._store.get(call)

    def withdraw(self, call: str) -> Waiting | None:
        """Hand a call to who cancels or moves it; None: it does not wait (any more).

        It is not handed out until `put_back`, and is gone with `over`.
        """
        waiting = self._store.get(call)
        if waiting is None or waiting.claimed:
            return None
        self._store.set_claimed(call, claimed=True)
        self._changed()
        return waiting

    def put_back(self, waiting: Waiting, sequence: int = 0) -> None:
        """A call that was withdrawn waits (again), at the time that it says."""
        self._reached(waiting.entry.door, sequence)
        self._keep(waiting)

    def begun(self, call: str) -> None:
        """The call's beginning is durable."""
        self._let_go(call)

    def release(self, call: str) -> None:
        """The call could not be begun now: it is handed out again in a while."""
        self._store.set_claimed(call, claimed=False)
        self._changed()
        self._let_go(call)
        self._come_again()

    def over(self, call: str, door: str, sequence: int = 0) -> None:
        """The call has ended, durably."""
        self._reached(door, sequence)
        self._store.remove(call)
        self._changed()
        self._let_go(call)

    def close(self) -> None:
        """Write everything; nothing is handed out any more."""
        for timer in (self._timer, self._look, self._again, self._commit):
            if timer is not None:
                timer.cancel()
        self._write()
        self._store.close()

    # Its own

    def passed(self, door: str, sequence: int) -> None:
        """What a door wrote up to this entry is durable, and has been told here where it is of
        calls for later."""
        if self._store.is_lasting:
            self._reached(door, sequence)
            self._changed()

    def _reached(self, door: str, sequence: int) -> None:
        if sequence:
            self._places[door] = sequence

    def _let_go(self, call: str) -> None:
        """The call is nothing any more that is being begun."""
        were = len(self._beginning)
        self._beginning.discard(call)
        if were >= LIMIT_BEGINNING:
            self._arm()

    def _come_again(self) -> None:
        if self._again is None:
            self._again = self._clock.call_later_us(AGAIN_US, self._look_again)

    def _look_again(self) -> None:
        self._again = None
        self._arm()

    def _keep(self, waiting: Waiting) -> None:
        self._store.put(waiting)
        self._changed()
        if self._next_us is None or waiting.due_us < self._next_us:
            self._rearm(waiting.due_us)

    def _changed(self) -> None:
        if self._commit is None and (self._places or self._store.is_dirty):
            self._commit = self._clock.call_in_background_us(COMMIT_US, self._write)

    def _write(self) -> None:
        self._commit = None
        for door, sequence in self._places.items():
            self._store.reach(door, sequence)
        self._places.clear()
        self._store.commit()

    def _hand_out(self) -> None:
        self._timer = self._next_us = None
        try:
            self._hand_out_due()
        except StoreDamaged:
            self._come_again()  # a disk may be full for a while
            raise

    def _hand_out_due(self) -> None:
        now_us = self._clock.now_us()
        waits = False
        for door, beginner in self._doors.items():
            room = min(BATCH, LIMIT_BEGINNING - len(self._beginning))
            due = self._store.claim(door, now_us, room) if room > 0 else []
            for index, waiting in enumerate(due):
                if not beginner.has_room() and not _has_expired(waiting, now_us):
                    self._give_back(due[index:])
                    waits = True
                    break
                self._beginning.add(waiting.call)
                try:
                    beginner.begin(waiting)
                except Exception:
                    # A fault in one must not hold the others; that one stays as it is until the
                    # process starts again.
                    self._give_back(due[index + 1 :])
                    self._come_again()
                    raise
        self._changed()
        if waits:
            self._come_again()
        else:
            self._arm()

    def _give_back(self, due: Sequence[Waiting]) -> None:
        for waiting in due:
            self._store.set_claimed(waiting.call, claimed=False)

    def _arm(self) -> None:
        """Ring when the next call is due; when too many begin, `begun` comes here again, and when
        one could not be begun, `_look_again` does."""
        if len(self._beginning) >= LIMIT_BEGINNING or self._again is not None:
            return
        dues = [self._store.next_due_us(door) for door in self._doors]
        next_us = min((due for due in dues if due is not None), default=None)
        if next_us is None:
            return
        if self._next_us is None or next_us < self._next_us:
            self._rearm(next_us)

    def _rearm(self, at_us: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next_us = at_us
        delay_us = max(0, at_us - self._clock.now_us())
        self._timer = self._clock.call_later_us(delay_us, self._ring)
        if self._look is None:
            self._look = self._clock.call_in_background_us(LOOK_US, self._look_at_clock)

    def _ring(self) -> None:
        """The timer rang; after a step back of the wall clock too early."""
        self._timer = None
        if self._next_us is not None and self._clock.now_us() < self._next_us:
            self._rearm(self._next_us)
        else:
            self._hand_out()

    def _look_at_clock(self) -> None:
        self._look = None
        if self._next_us is None:
            return
        if self._clock.now_us() >= self._next_us and self._timer is not None:
            self._timer.cancel()
            self._hand_out()
        if self._next_us is not None and self._look is None:
            self._look = self._clock.call_in_background_us(LOOK_US, self._look_at_clock)


def _has_expired(waiting: Waiting, now_us: int) -> bool:
    return 0 < waiting.expires_us <= now_us
