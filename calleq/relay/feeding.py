"""Telling the authority what a process writes to its journal of calls, so that it can charge them.

What is durable is told, in its order, each entry once for each life of the authority: it says
which it has, and from when on it needs them, and what is older than memory is read from the
journal. What no charge depends on is left out. While nobody listens only the journal is kept.
"""

from collections import deque
from collections.abc import Callable, Iterable

from calleq.journal.entries import (
    AccountChanged,
    Controlled,
    DoNotCall,
    LineMeasured,
    Progress,
    Refused,
    Stamped,
)
from calleq.journal.frames import encode_entry
from calleq.osn.contract import Bus
from calleq.osn.messages import OsnError
from calleq.osn.relaying import EntriesTold, TellEntries, decode, encode
from calleq.relay.bounds import (
    FEED_IDLE_US,
    FEED_US,
    LIMIT_FED_ENTRIES,
    LIMIT_FED_MESSAGES,
    LIMIT_FED_OCTETS,
)
from calleq.relay.tail import JournalTail
from calleq.runtime.clock import Clock

_LEFT_OUT = (Progress, LineMeasured, Refused, Controlled, DoNotCall, AccountChanged)

Past = Callable[[int, Callable[[Iterable[Stamped]], object]], object]
"""Reads the entries of the journal written since an instant, all durable ones of now included, and
hands them over, at once or later."""


class Feeder:
    """Of one process, with the elements that it has."""

    def __init__(
        self,
        name: str,
        authority: str,
        elements: Iterable[str],
        *,
        bus: Bus,
        clock: Clock,
        tail: JournalTail,
        past: Past,
        waits: Callable[[], bool] = lambda: False,
    ) -> None:
        """`name` is the feeder's on the OSN; `waits` as of `Front`."""
        self.name = name
        self._authority = authority
        self._elements = tuple(elements)
        self._bus = bus
        self._clock = clock
        self._tail = tail
        self._past = past
        self._waits = waits
        self._life = 0
        """Of the authority that listens."""
        self._reading = 0
        """Counts how often the past was asked for."""
        self._older: deque[Stamped] = deque()
        self._position: int | None = None
        """How many entries of this life have been told or are among the older ones; None: the
        past is being read."""
        self._sent: dict[str, int] = {}
        self._told_us = 0
        bus.attach(name, self.receive)

    def start(self) -> None:
        """Begin to tell."""
        self._clock.call_in_background_us(FEED_US, self._tick)

    def receive(self, sender: str, octets: bytes) -> None:
        """A message from the OSN."""
        try:
            message = decode(octets)
        except OsnError:
            return
        if sender != self._authority or not isinstance(message, TellEntries):
            return
        if message.life == self._life and self._position is None:
            return  # it is being read
        self._life = message.life
        self._sent = {element: message.taken.get(element, 0) for element in self._elements}
        self._read(message.since_us)

    def _read(self, since_us: int) -> None:
        self._reading += 1
        reading, position = self._reading, self._tail.durable
        self._position = None
        self._older.clear()

        def found(entries: Iterable[Stamped]) -> None:
            if reading == self._reading:
                self._older.extend(entries)
                self._position = position

        self._past(since_us, found)

    def _tick(self) -> None:
        self._clock.call_in_background_us(FEED_US, self._tick)
        now_us = self._clock.monotonic_us()
        if self._waits() or (self._life and self._position is None):
            return
        if not self._life:
            if now_us - self._told_us >= FEED_IDLE_US:
                self._told_us = now_us
                self._send(EntriesTold(0, (), dict.fromkeys(self._elements, 0), 0))
            return
        for _ in range(LIMIT_FED_MESSAGES):
            if not self._tell(now_us):
                return

    def _tell(self, now_us: int) -> bool:
        """Tell some entries; False when nothing is left."""
        wall_us = self._clock.now_us()
        is_settled = self._tail.is_settled
        payloads: list[bytes] = []
        octets = 0
        last: Stamped | None = None
        while len(payloads) < LIMIT_FED_ENTRIES and octets < LIMIT_FED_OCTETS:
            stamped = self._next()
            if stamped is None:
                break
            last = stamped
            if stamped.sequence <= self._sent.get(stamped.entity, 0):
                continue
            if stamped.entity not in self._sent:
                continue  # of a front, which has nothing to do with charges
            self._sent[stamped.entity] = stamped.sequence
            if not isinstance(stamped.entry, _LEFT_OUT):
                payload = encode_entry(stamped)
                payloads.append(payload)
                octets += len(payload)
        if not self._life:
            return False
        is_all = not self._older and (self._position or 0) >= self._tail.durable
        if not payloads and now_us - self._told_us < FEED_IDLE_US:
            return False
        told_us = wall_us if is_all and is_settled else (last.at_us - 1 if last else 0)
        self._told_us = now_us
        self._send(EntriesTold(self._life, tuple(payloads), dict(self._sent), told_us))
        return not is_all

    def _next(self) -> Stamped | None:
        if self._older:
            return self._older.popleft()
        if self._position is None:
            return None
        found = self._tail.after(self._position, 1)
        if found is None:
            self._life = 0  # too much was written while nobody took it: begin again
            return None
        if not found:
            return None
        self._position += 1
        return found[0]

    def _send(self, message: EntriesTold) -> None:
        self._bus.send(self.name, self._authority, encode(message))
