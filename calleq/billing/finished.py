"""Calls whose records are complete, as soon as they are: what charging waits for.

Sees every entry of a process as it is written (`Journal.observe`), keeps those of the calls for
which money is held, and derives the record of such a call when it is over, from its own entries, as
`calleq.billing.derivation` does from all. It gives out each call once:

| the call has ended, and | it is given out |
|---|---|
| of each leg the switch that faces the party said how it ended | at once |
| a leg came to nothing on its way, so that no such switch wrote of it | after `SETTLE_US` |
| a switch has not said how a leg ended | when it says so, or after `PATIENCE_US` |
| a recording is not written to its end | when it is, or after `PATIENCE_US` |

These times are those after which the projection of the records takes a call for final too.

A switch that died in a call says at its restart that the call is over; it ended when that switch
wrote last. So the last entry of each element is remembered, and stands with the call's own for an
entry that says nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from calleq.billing.charges import recording_uses
from calleq.billing.derivation import derive_records, is_restart
from calleq.billing.finder import CallFinder
from calleq.billing.records import SessionRecord
from calleq.billing.settling import PATIENCE_US, SETTLE_US
from calleq.journal.entries import (
    Accepted,
    Charged,
    Dialled,
    Ended,
    LineReleased,
    LineSeized,
    Recorded,
    Stamped,
    Started,
)
from calleq.rating import ServiceUse
from calleq.runtime.clock import Clock, Timer

Found = Callable[[SessionRecord, tuple[ServiceUse, ...]], object]
"""Told of a call's record and of the services that it used."""

_RECORDING = frozenset(("in-progress", "paused", "stopped", "processing"))
"""Statuses of a recording that is not written to its end."""


@dataclass(slots=True)
class _Watched:
    """A call for which money is held."""

    entries: list[Stamped] = field(default_factory=list)
    ended_us: int | None = None
    """By this process's monotonic clock; a step of the wall clock changes no patience."""
    seized: set[tuple[str, int]] = field(default_factory=set)
    """Lines that have not been released."""
    timer: Timer | None = None


class FinishedCalls:
    """Follows the calls of one process."""

    def __init__(self, clock: Clock, found: Found) -> None:
        self._clock = clock
        self._found = found
        self._finder = CallFinder()
        self._watched: dict[str, _Watched] = {}
        self._words: dict[str, Stamped] = {}
        """What each element wrote last, but for what a restart told of the life before."""

    def __len__(self) -> int:
        return len(self._watched)

    def take(self, stamped: Stamped) -> None:
        """An entry that is being written now."""
        call = self._keep(stamped)
        if call is not None:
            self._look_soon(call)

    def recover(self, stamped: Stamped) -> None:
        """An entry of the journal of before; all of them come before any is taken."""
        self._keep(stamped)

    def resume(self) -> None:
        """Nothing more of before comes: look at the calls that had ended."""
        for call in list(self._watched):
            self._look_soon(call)

    def _keep(self, stamped: Stamped) -> str | None:
        """Keep an entry with its call; the call, where that is watched."""
        call = self._finder.find(stamped)
        entry = stamped.entry
        if isinstance(entry, Accepted) and entry.held and call is not None:
            self._watched.setdefault(call, _Watched())
        watched = None if call is None else self._watched.get(call)
        if watched is not None and call is not None:
            self._note(call, watched, stamped)
        if not is_restart(stamped):
            self._words[stamped.entity] = stamped
        return None if watched is None else call

    def _note(self, call: str, watched: _Watched, stamped: Stamped) -> None:
        watched.entries.append(stamped)
        match stamped.entry:
            case LineSeized() as entry:
                watched.seized.add((stamped.entity, entry.seizure))
            case LineReleased() as entry:
                watched.seized.discard((stamped.entity, entry.seizure))
                if is_restart(stamped):
                    self._stand_by(watched, stamped.entity)
            case Ended() if watched.ended_us is None:
                ago_us = max(0, self._clock.now_us() - stamped.at_us)
                watched.ended_us = self._clock.monotonic_us() - ago_us
                for entity, _ in watched.seized:
                    self._stand_by(watched, entity)
            case Charged():
                self._forget(call)
            case _:
                pass

    def _stand_by(self, watched: _Watched, entity: str) -> None:
        """Keep what an element wrote last."""
        word = self._words.get(entity)
        if word is not None:
            watched.entries.append(
                Stamped(
                    word.entity, word.sequence, word.at_us, word.monotonic_us, Started(software="")
                )
            )

    def _look_soon(self, call: str) -> None:
        """Look at a call that has ended when whoever writes now is done."""
        watched = self._watched.get(call)
        if watched is not None and watched.ended_us is not None:
            self._look_in(call, watched, 0)

    def _look_in(self, call: str, watched: _Watched, delay_us: int) -> None:
        if watched.timer is not None:
            watched.timer.cancel()
        watched.timer = self._clock.call_later_us(delay_us, self._look, call)

    def _look(self, call: str) -> None:
        watched = self._watched.get(call)
        if watched is None or watched.ended_us is None:
            return
        watched.timer = None
        passed_us = self._clock.monotonic_us() - watched.ended_us
        record = next(one for one in derive_records(watched.entries) if one.call == call)
        needed_us = 0 if _is_certain(record, watched) else SETTLE_US
        if not record.complete or _is_recording(watched):
            needed_us = PATIENCE_US
        if passed_us < needed_us:
            self._look_in(call, watched, needed_us - passed_us)
            return
        uses = recording_uses(watched.entries)
        self._forget(call)
        self._found(record, uses)

    def _forget(self, call: str) -> None:
        watched = self._watched.pop(call, None)
        if watched is not None and watched.timer is not None:
            watched.timer.cancel()


def _is_certain(record: SessionRecord, watched: _Watched) -> bool:
    """Whether of each leg the switch that faces the party told the end."""
    equipment = {
        stamped.entity for stamped in watched.entries if isinstance(stamped.entry, Dialled)
    }
    return all(leg.seized_at_us is not None or leg.entity not in equipment for leg in record.legs)


def _is_recording(watched: _Watched) -> bool:
    statuses: dict[str, str] = {}
    for stamped in watched.entries:
        entry = stamped.entry
        if isinstance(entry, Recorded):
            statuses[entry.recording] = entry.status
    return not _RECORDING.isdisjoint(statuses.values())
