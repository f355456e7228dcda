"""What all connections of a site share: how many there may be, how much is in work, who is late.

| bound | beyond it |
|---|---|
| `connections` in all | the one longest idle is closed; if none is idle, the new one |
| `per_address` | the new one is closed |
| `in_work` requests | further ones are refused unread: 503 with Retry-After |
| `HEAD_S` for a head, `BODY_S` for a body | 408, closed |
| `IDLE_S` between requests | closed |
| `STALLED_S` without reading what is answered | closed |
| `requests` on one connection | answered with `Connection: close` |

Refused unread: nothing but the borders of requests is looked for (`framing.whole_requests`), one
write of octets made beforehand answers them, and nothing that was accepted waits for it. While the
loop is quick, `burst` requests may come at once; while its turns are longer than `TURN_S`, each
takes in `per_turn`. So a crowd that comes at once is served, and where more comes than can be done,
turns stay short, so that whoever is taken in is answered soon.
"""

import asyncio
import contextlib
import itertools
import sys
from collections import Counter
from typing import Protocol

import msgspec

from calleq.web.problems import ProblemDetail

HEAD_S = 10.0
BODY_S = 10.0
IDLE_S = 75.0
STALLED_S = 30.0
LINGER_S = 2.0
"""How long what still comes is read and dropped, so that the last answer is not lost."""
REQUESTS = 100_000
"""On one connection."""
SWEEP_S = 1.0
LIMIT_CONNECTIONS = 4_096
LIMIT_PER_ADDRESS = 1_024
LIMIT_IN_WORK = 160
TURN_S = 0.002
PER_TURN = 44
BURST = 128
READ_OCTETS = 64 * 1024
SPARE_FILES = 256
"""Files that the rest of the process may need to open."""

OVERLOADED = ProblemDetail(
    status=503,
    code="busy",
    title="Too much in work",
    detail="too many requests are in work; nothing of this one was looked at, send it again",
    retry_after_s=1,
)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of one site."""

    connections: int = LIMIT_CONNECTIONS
    per_address: int = LIMIT_PER_ADDRESS
    in_work: int = LIMIT_IN_WORK
    per_turn: int = PER_TURN
    burst: int = BURST
    requests: int = REQUESTS
    head_s: float = HEAD_S
    body_s: float = BODY_S
    idle_s: float = IDLE_S
    stalled_s: float = STALLED_S
    linger_s: float = LINGER_S
    sweep_s: float = SWEEP_S


class Connection(Protocol):
    """What a gate knows of a connection."""

    address: str
    idle: bool
    """Whether it waits for a request of which nothing has come."""
    deadline_s: float
    """When it is late, by the loop's clock."""

    def late(self) -> None:
        """Its time is over."""

    def shed(self) -> None:
        """Its place is needed."""


class Gate:
    """The gate of one site."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.connections: dict[Connection, None] = {}
        self.in_work = 0
        self.seen: Counter[str] = Counter()
        """What has been refused, by why."""
        self._by_address: Counter[str] = Counter()
        self._places = self.limits.burst
        """How many may be taken in before the turn is over."""
        self._turning = False
        self._due_s = 0.0
        self._ids = itertools.count(1)
        self._sweeping: asyncio.TimerHandle | None = None
        self.buffer = memoryview(bytearray(READ_OCTETS))
        """What every connection is read into, one at a time."""
        self._loop: asyncio.AbstractEventLoop
        self._lines: tuple[list[tuple[bytes, bytes]], bytes] = ([], b"")
        self.limit_connections = min(self.limits.connections, _files_allowed(self.limits))

    def opened(self, connection: Connection) -> bool:
        """A connection has come; False when it cannot stay."""
        self._loop = asyncio.get_running_loop()
        if self._by_address[connection.address] >= self.limits.per_address:
            self.seen["connections_of_address"] += 1
            return False
        if len(self.connections) >= self.limit_connections:
            self.seen["connections"] += 1
            idle = next((one for one in self.connections if one.idle), None)
            if idle is None:
                return False
            idle.shed()
        self.connections[connection] = None
        self._by_address[connection.address] += 1
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(self.limits.sweep_s, self._sweep)
        return True

    def closed(self, connection: Connection) -> None:
        """It is gone, or as good as gone."""
        if connection not in self.connections:
            return
        del self.connections[connection]
        self._by_address[connection.address] -= 1
        if not self._by_address[connection.address]:
            del self._by_address[connection.address]

    def used(self, connection: Connection) -> None:
        """It has been answered: of those idle it is now the last to be shed."""
        if connection in self.connections:
            del self.connections[connection]
            self.connections[connection] = None

    def full(self) -> bool:
        """Whether no further request can be taken in now."""
        return self._places <= 0 or self.in_work >= self.limits.in_work

    def admit(self) -> None:
        """A request is taken in, in this turn of the loop."""
        self._places -= 1
        if not self._turning:
            self._turning = True
            self._due_s = self._loop.time() + TURN_S
            self._loop.call_at(self._due_s, self._turn_over)

    def new_id(self) -> bytes:
        """An id for what is refused before anybody gave it one."""
        return b"refused-%x" % next(self._ids)

    def lines(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """Header lines of what the site's server says in every answer: it changes each second."""
        if self._lines[0] is not headers:
            self._lines = headers, b"".join([b"%b: %b\r\n" % header for header in headers])
        return self._lines[1]

    def _turn_over(self) -> None:
        self._turning = False
        if self._loop.time() - self._due_s < TURN_S:
            self._places = self.limits.burst
        else:
            self._places = min(self._places + self.limits.per_turn, self.limits.burst)

    def _sweep(self) -> None:
        self._sweeping = None
        now_s = self._loop.time()
        for connection in [one for one in self.connections if one.deadline_s <= now_s]:
            connection.late()
        if self.connections:
            self._sweeping = self._loop.call_later(self.limits.sweep_s, self._sweep)


def _files_allowed(limits: Limits) -> int:
    """As many connections as the process may have files open, raised where it may be."""
    if sys.platform == "win32":
        return limits.connections
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    return limits.connections if soft == resource.RLIM_INFINITY else max(soft - SPARE_FILES, 16)
