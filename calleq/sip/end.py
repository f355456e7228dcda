"""What the parts of a user agent share: names at random, its own address, timers, events.

Owns no call. Branches, tags and Call-IDs are random: who has seen some can't guess the next. A
timer that is cancelled stays in the heap until it is due or until the heap is mostly such timers.
"""

import heapq
from collections import deque
from collections.abc import Callable

import msgspec

from calleq.sip.bounds import SipError
from calleq.sip.events import Event
from calleq.sip.fields import MAGIC_COOKIE, Via
from calleq.sip.message import Fields
from calleq.sip.transaction import Target
from calleq.sip.transactions import NEVER_US, Transactions
from calleq.sip.uri import SipUri, parse_uri

WAYS_LIMIT = 4_096
"""Targets whose Via and Contact are remembered."""
CANCELLED_LIMIT = 1_024
"""Cancelled timers that the heap may hold, and as many as it has live ones."""


class Way(msgspec.Struct, frozen=True, gc=False):
    """How we call ourselves towards one target."""

    contact: str
    """With its brackets, as Contact has it."""
    transport: str
    host: str
    port: int | None
    sent_by: str
    """Via up to its branch."""


class Wake:
    """One timer."""

    __slots__ = ("_end", "call", "due_us", "order")

    def __init__(self, end: "End", due_us: int, order: int, call: Callable[[int], None]) -> None:
        self._end = end
        self.due_us = due_us
        self.order = order
        self.call: Callable[[int], None] | None = call

    def __lt__(self, other: "Wake") -> bool:
        return (self.due_us, self.order) < (other.due_us, other.order)

    def cancel(self) -> None:
        """Forget the call; nothing where it was made."""
        if self.call is not None:
            self.call = None
            self._end.was_cancelled()


class End:
    """One user agent's common ground."""

    def __init__(
        self,
        transactions: Transactions,
        contact: Callable[[Target], str],
        random: Callable[[int], int],
        about: Fields,
    ) -> None:
        """`about` are fields of every request of ours: Allow, Supported, User-Agent."""
        self.transactions = transactions
        self.random = random
        self.about = about
        self.events: deque[Event] = deque()
        self._contact = contact
        self._ways: dict[Target, Way] = {}
        self._handles = 0
        self._heap: list[Wake] = []
        self._order = 0
        self._cancelled = 0

    # Names.

    def handle(self) -> int:
        """A number for something of ours; never given twice."""
        self._handles += 1
        return self._handles

    def tag(self) -> str:
        """A tag (RFC 3261 §19.3 asks for 32 random bits at least)."""
        return f"{self.random(48):012x}"

    def draw(self) -> float:
        """At random, 0 to 1."""
        return self.random(32) / 2**32

    def way(self, target: Target) -> Way:
        """Our names towards that target. Raises SipError where our contact is no URI of SIP."""
        known = self._ways.get(target)
        if known is None:
            text = self._contact(target)
            uri = parse_uri(text)
            if not isinstance(uri, SipUri):
                raise SipError(f"no contact: {text[:60]!r}")
            port = f":{uri.port}" if uri.port is not None else ""
            sent_by = f"SIP/2.0/{target.transport} {uri.host}{port};branch="
            known = Way(f"<{text}>", target.transport, uri.host, uri.port, sent_by)
            if len(self._ways) >= WAYS_LIMIT:
                self._ways.clear()
            self._ways[target] = known
        return known

    def via(self, target: Target) -> tuple[str, Via]:
        """A Via with a branch of its own, as text and as read."""
        way = self.way(target)
        branch = f"{MAGIC_COOKIE}{self.random(64):016x}"
        via = Via(way.transport, way.host, way.port, {"branch": branch, "rport": None})
        return f"{way.sent_by}{branch};rport", via

    # Timers.

    def at(self, due_us: int, call: Callable[[int], None]) -> Wake:
        """Have `call(now_us)` called then."""
        self._order += 1
        made = Wake(self, due_us, self._order, call)
        heapq.heappush(self._heap, made)
        return made

    def was_cancelled(self) -> None:
        """One more timer of the heap is void."""
        self._cancelled += 1
        if self._cancelled > CANCELLED_LIMIT and 2 * self._cancelled > len(self._heap):
            self._heap = [one for one in self._heap if one.call is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0

    @property
    def soonest_us(self) -> int:
        """No timer is due sooner; the one that would be may be cancelled."""
        return self._heap[0].due_us if self._heap else NEVER_US

    def next_timer_us(self) -> int | None:
        """When `handle_timers` is wanted."""
        heap = self._heap
        while heap and heap[0].call is None:
            heapq.heappop(heap)
            self._cancelled -= 1
        return heap[0].due_us if heap else None

    def handle_timers(self, now_us: int) -> None:
        """Do what is due."""
        while (due_us := self.next_timer_us()) is not None and due_us <= now_us:
            timer = heapq.heappop(self._heap)
            call, timer.call = timer.call, None
            if call is not None:
                call(now_us)
