"""Putting the entries of all processes in one order, as if one had written them.

Charging follows a call from circuit to circuit, and must see that a call was sent on before it sees
that it came (`calleq.billing.finder`). So entries wait until every process has told everything that
it wrote before them, by their instants; where clocks of machines differ by up to `SKEW_US`, what
sends a call on still goes before what it led to, since both name the circuit.

A process that is away holds up everything: money stays held until what it wrote is known. One that
has been away for `SILENT_US` is not waited for any more; what it tells later is taken as it comes.
"""

import heapq
from collections.abc import Callable, Iterable

from calleq.journal.entries import (
    CircuitKey,
    Dialled,
    Entry,
    LineRefused,
    LineSeized,
    Redirected,
    Stamped,
    Transit,
)
from calleq.journal.frames import JournalError, decode_entry
from calleq.osn.relaying import EntriesTold, TellEntries
from calleq.relay.bounds import FEED_US, LIMIT_MERGED_ENTRIES, SILENT_US, SKEW_US
from calleq.runtime.clock import Clock
from calleq.units import MINUTE_US

MARGIN_US = MINUTE_US
"""Told again is a little more than what was taken."""


class Merger:
    """The entries of this process and of all others, given out in order."""

    def __init__(
        self,
        life: int,
        elements: Iterable[str],
        clock: Clock,
        send: Callable[[str, TellEntries], object],
        give: Callable[[Stamped], object],
    ) -> None:
        """`elements` of other processes write of calls. `send` sends to a feeder of a name; `give`
        is given every entry, once."""
        self._life = life
        self._clock = clock
        self._send = send
        self._give = give
        self._since_us = 0
        self._begun_us = clock.monotonic_us()
        self._taken = dict.fromkeys(elements, 0)
        self._until_us = dict.fromkeys(self._taken, 0)
        self._heard_us = dict.fromkeys(self._taken, self._begun_us)
        self._waiting: list[tuple[int, int, Stamped]] = []
        self._number = 0
        self._given: set[int] = set()
        """Of those that wait: what has been given before its turn."""
        self._makers: dict[CircuitKey, list[tuple[int, Stamped]]] = {}
        """Entries that wait and by which a circuit is used, the first first."""
        self._made: set[CircuitKey] = set()
        """Circuits that were used, and of which nobody has said that a call came by them."""
        self.hurried = 0
        """Entries that could not wait: too many did."""

    def start(self, since_us: int) -> None:
        """Begin; entries of before `since_us` (UTC) are not needed."""
        self._since_us = since_us
        self._tick()

    def own(self, stamped: Stamped) -> None:
        """An entry of this process."""
        self._put(stamped)

    def told(self, feeder: str, message: EntriesTold) -> None:
        """Another process has told some of its own."""
        if message.authority != self._life:
            elements = [element for element in message.through if element in self._taken]
            until_us = min((self._until_us[one] for one in elements), default=0)
            since_us = max(self._since_us, until_us - SKEW_US) - MARGIN_US
            taken = {element: self._taken[element] for element in elements}
            self._send(feeder, TellEntries(self._life, taken, since_us))
            return
        for payload in message.entries:
            try:
                stamped = decode_entry(payload)
            except JournalError:
                continue  # of another version
            if stamped.sequence > self._taken.get(stamped.entity, stamped.sequence):
                self._taken[stamped.entity] = stamped.sequence
                self._put(stamped)
        now_us = self._clock.monotonic_us()
        for element, sequence in message.through.items():
            if element in self._taken:
                self._taken[element] = max(self._taken[element], sequence)
                self._until_us[element] = max(self._until_us[element], message.told_us)
                self._heard_us[element] = now_us
        self._release()

    def _put(self, stamped: Stamped) -> None:
        self._number += 1
        heapq.heappush(self._waiting, (stamped.at_us, self._number, stamped))
        made = _makes(stamped.entry)
        if made is not None:
            self._makers.setdefault(made, []).append((self._number, stamped))
        while len(self._waiting) > LIMIT_MERGED_ENTRIES:
            self.hurried += 1
            self._give_first()

    def _tick(self) -> None:
        self._release()
        self._clock.call_in_background_us(FEED_US, self._tick)

    def _release(self) -> None:
        now_us = self._clock.monotonic_us()
        waited_for = [
            self._until_us[element]
            for element, heard_us in self._heard_us.items()
            if now_us - heard_us <= SILENT_US
        ]
        limit_us = min(waited_for, default=self._clock.now_us()) - SKEW_US
        while self._waiting and self._waiting[0][0] <= limit_us:
            self._give_first()

    def _give_first(self) -> None:
        _, number, stamped = heapq.heappop(self._waiting)
        if number in self._given:
            self._given.discard(number)
        else:
            self._give_one(stamped)

    def _give_one(self, stamped: Stamped) -> None:
        used = _uses(stamped.entry)
        if used is not None:
            makers = self._makers.get(used)
            if used not in self._made and makers:
                number, maker = makers[0]
                if maker.at_us <= stamped.at_us + SKEW_US and maker is not stamped:
                    self._given.add(number)
                    self._give_one(maker)
            self._made.discard(used)
        made = _makes(stamped.entry)
        if made is not None:
            self._made.add(made)
            left = [one for one in self._makers[made] if one[1] is not stamped]
            self._makers[made] = left
            if not left:
                del self._makers[made]
        self._give(stamped)


def _makes(entry: Entry) -> CircuitKey | None:
    """The circuit by which an entry says that a call leaves."""
    match entry:
        case Dialled():
            return entry.circuit
        case Transit():
            return entry.outgoing
        case _:
            return None


def _uses(entry: Entry) -> CircuitKey | None:
    """The circuit by which an entry says that a call came."""
    match entry:
        case Transit() | LineSeized() | LineRefused() | Redirected():
            return entry.incoming
        case _:
            return None
