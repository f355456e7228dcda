"""One connection of a site: cuts its octets into requests and has each answered, one at a time.

    octets → framing → gate → direct handler, or uvicorn → octets

Every request is read whole and strictly (`framing`) before anything else sees it. A `Direct`
handler answers those that it knows without any of ASGI's machinery; all others are written anew in
the one plain way, with a Content-Length, and given to uvicorn's own protocol, which therefore never
sees two ways to read a request. A WebSocket's connection is uvicorn's from then on.

Whatever cannot be read is answered once, with a problem, and the connection is closed after what
still comes has been read and dropped for a while. Requests sent ahead of answers wait here, and
reading stops while many do.

Odd cases: where a sender has closed its half, what is in work for a direct handler is still
answered. A handler's answer to a connection that is gone is dropped.
"""

import asyncio
import math
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.server import ServerState

from calleq.web.certificates import fingerprint_of
from calleq.web.exchange import Direct, Request, Response, problem_octets, written_anew
from calleq.web.framing import Chunks, FramingError, Head, read_head, whole_requests
from calleq.web.gate import OVERLOADED, Gate
from calleq.web.inner import Handed, Inner
from calleq.web.problems import ProblemDetail

LIMIT_AHEAD = 128 * 1024
"""Octets of requests sent ahead that are held before reading stops."""
LIMIT_DROPPED = 1024 * 1024
_HEALTH = b"GET /health "
_BUSY = problem_octets(OVERLOADED)


class Front(asyncio.BufferedProtocol):
    """One connection."""

    inner_class: type[Inner] = Inner

    def __init__(
        self,
        gate: Gate,
        direct: Direct | None,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._gate = gate
        self._direct = direct
        self._config = config
        self._state = server_state
        self._app_state = app_state
        self._loop = _loop or asyncio.get_running_loop()
        self.transport: asyncio.Transport
        self.inner: Any = None
        """Uvicorn's protocol, once a request was for it; later a WebSocket's."""
        self.address = ""
        self._certificate = ""
        self.idle = True
        self.deadline_s = math.inf
        self._held = bytearray()
        self._head: Head | None = None
        self._chunks: Chunks | None = None
        self._busy = False
        self._in_work = False
        self._advancing = False
        self._keeps = True
        self._requests = 0
        self._handed = False
        self._lingering = False
        self._dropped = 0
        self._stalled = False
        self._gone = False

    # What asyncio says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        self._certificate = fingerprint_of(transport.get_extra_info("ssl_object"))
        self.deadline_s = self._loop.time() + self._gate.limits.idle_s
        if self._gate.opened(self):
            self._state.connections.add(self)  # type: ignore[arg-type]
        else:
            self._lingering = True
            transport.write(self._busy_octets(b"\r\nconnection: close"))
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone = True
        self._gate.closed(self)
        self._state.connections.discard(self)
        self._out_of_work()
        if self.inner is not None:
            self.inner.connection_lost(exc)

    def eof_received(self) -> bool:
        if self._handed:
            return bool(self.inner.eof_received())
        self._keeps = False
        return self._in_work and not self._lingering

    def pause_writing(self) -> None:
        self._stalled = True
        self.deadline_s = self._loop.time() + self._gate.limits.stalled_s
        if self.inner is not None:
            self.inner.pause_writing()

    def resume_writing(self) -> None:
        self._stalled = False
        self.deadline_s = math.inf
        if self.inner is not None:
            self.inner.resume_writing()
        if not self._busy and not self._handed:
            self._rest()
            self._advance()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._gate.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._received(bytes(self._gate.buffer[:nbytes]))

    def _received(self, data: bytes) -> None:
        if self.idle and self._gate.full() and not self._held and not data.startswith(_HEALTH):
            self._refuse_unread(data)
        elif self._handed:
            self.inner.data_received(data)
        elif self._lingering:
            self._dropped += len(data)
            if self._dropped > LIMIT_DROPPED:
                self.transport.abort()
        else:
            self._held += data
            if not self._busy and not self._stalled:
                self._advance()
            elif len(self._held) > LIMIT_AHEAD:
                self.transport.pause_reading()

    # What the gate and uvicorn's server say

    def late(self) -> None:
        """Too slow."""
        if self._lingering or self._stalled:
            self._gate.seen["stalled"] += self._stalled
            self.transport.abort()
        elif self.idle:
            self._gate.seen["idle"] += 1
            self._close()
        else:
            self._gate.seen["slow"] += 1
            what = "headers" if self._head is None else "body"
            self._wrong(FramingError(408, "too_slow", f"the {what} did not arrive in time"))

    def shed(self) -> None:
        """Its place is needed for another."""
        self._gate.closed(self)
        if self._stalled:
            self.transport.abort()
        else:
            self._close()

    def shutdown(self) -> None:
        """The site is being stopped."""
        if self.idle and not self._busy:
            self._close()
        else:
            self._keeps = False

    # Requests

    def _refuse_unread(self, data: bytes) -> None:
        """Nothing more is taken in: say so, with as little work as can be."""
        count = whole_requests(data)
        self._gate.seen["overload"] += count or 1
        if count is None:
            octets = self._busy_octets(b"\r\nconnection: close")
            self._linger(_head_of(octets) if data.startswith(b"HEAD ") else octets)
            return
        if count == 1:
            self.transport.write(_BUSY[0] + self._gate.new_id() + _BUSY[1])
        else:
            self.transport.write(b"".join([self._busy_octets() for _ in range(count)]))

    def _busy_octets(self, more: bytes = b"") -> bytes:
        return _BUSY[0] + self._gate.new_id() + more + _BUSY[1]

    def _advance(self) -> None:
        """Go through what has come, until it is used up or an answer has to be waited for."""
        if self._advancing:
            return  # a handler answered at once: the loop below goes on
        self._advancing = True
        try:
            while self._held and not (self._busy or self._lingering or self._stalled):
                request = self._next()
                if request is None:
                    break
                if not self._handed:
                    self._dispatch(request)
        except FramingError as error:
            self._wrong(error)
        finally:
            self._advancing = False
        if len(self._held) <= LIMIT_AHEAD and not self._gone:
            self.transport.resume_reading()

    def _next(self) -> Request | None:
        """The next request, once it is whole. Raises FramingError."""
        held = self._held
        head = self._head
        if head is None:
            if self.idle:
                self.idle = False
                self.deadline_s = self._loop.time() + self._gate.limits.head_s
            head = read_head(held)
            if head is None:
                return None
            self._head = head
            if head.upgrades and self._config.ws_protocol_class is not None:
                self._hand_over()
                return None
            self.deadline_s = self._loop.time() + self._gate.limits.body_s
            self._chunks = Chunks(bytearray(), head.end) if head.length < 0 else None
            if head.expects and len(held) == head.end:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self._chunks is not None:
            if not self._chunks.read(held):
                return None
            body, end = bytes(self._chunks.body), self._chunks.at
        else:
            end = head.end + head.length
            if len(held) < end:
                return None
            body = bytes(held[head.end : end])
        del held[:end]
        return Request(
            head.method, head.target, head.headers, body, self.address, self._certificate
        )

    def _dispatch(self, request: Request) -> None:
        head = self._head
        assert head is not None
        self._requests += 1
        self._keeps = self._keeps and head.keeps and self._requests < self._gate.limits.requests
        self._busy = True
        self.deadline_s = math.inf
        gate = self._gate
        if gate.full() and request.target != b"/health":
            gate.seen["overload"] += 1
            self._keeps = self._keeps and request.method != b"HEAD"
            octets = self._busy_octets(b"" if self._keeps else b"\r\nconnection: close")
            self.transport.write(_head_of(octets) if request.method == b"HEAD" else octets)
            self._answered()
            return
        gate.admit()
        if self._direct is not None:
            self._in_work = True
            gate.in_work += 1
            number = self._requests
            if self._direct(request, lambda response: self._answer(response, number)):
                return
            self._out_of_work()
        self._give_to_uvicorn(request, head)

    def _answer(self, response: Response, number: int) -> None:
        """A direct handler's answer to the request of that number."""
        if self._gone or not self._busy or number != self._requests:
            return
        body = response.body
        self.transport.write(
            b"".join(
                (
                    STATUS_LINE[response.status],
                    self._date(),
                    response.lines,
                    b"content-length: %d\r\n" % len(body),
                    b"\r\n" if self._keeps else b"connection: close\r\n\r\n",
                    body,
                )
            )
        )
        self._answered()

    def _date(self) -> bytes:
        return self._gate.lines(self._state.default_headers)

    def _answered(self) -> None:
        self._out_of_work()
        self._busy = False
        self._head = self._chunks = None
        if not self._keeps:
            self._close()
            return
        self._rest()
        if self._held:
            self._advance()

    def _rest(self) -> None:
        self.idle = True
        self._gate.used(self)
        if not self._stalled:
            self.deadline_s = self._loop.time() + self._gate.limits.idle_s

    def _out_of_work(self) -> None:
        if self._in_work:
            self._in_work = False
            self._gate.in_work -= 1

    # Uvicorn

    def _give_to_uvicorn(self, request: Request, head: Head) -> None:
        self._inner().data_received(written_anew(request, head, keeps=self._keeps))

    def _inner(self) -> Any:
        if self.inner is None:
            inner = self.inner_class(self._config, self._state, self._app_state, self._loop)
            inner.answered = self._answered
            inner.connection_made(Handed(self.transport, self))  # type: ignore[arg-type]
            # The site knows the connection by its front alone.
            self._state.connections.discard(inner)
            self.inner = inner
        return self.inner

    def _hand_over(self) -> None:
        """A WebSocket: uvicorn's from now on, octet for octet."""
        self._handed = True
        self.deadline_s = math.inf
        data = bytes(self._held)
        self._held.clear()
        self._inner().data_received(data)

    # Ends

    def _wrong(self, error: FramingError) -> None:
        """Answer what is no request, once, and close."""
        self._gate.seen[error.code] += 1
        problem = ProblemDetail(
            status=error.status, code=error.code, title=error.title, detail=error.detail
        )
        before, behind = problem_octets(problem)
        self._linger(before + self._gate.new_id() + b"\r\nconnection: close" + behind)

    def _linger(self, octets: bytes) -> None:
        """A last answer to somebody who may still be sending."""
        self.transport.write(octets)
        self._no_more()
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        self.transport.resume_reading()

    def _close(self) -> None:
        """Close, once what was answered has been sent."""
        if self._held and not self._lingering:
            # Octets that nobody read would have the last answer thrown away.
            self._linger(b"")
            return
        self._no_more()
        self.transport.close()

    def _no_more(self) -> None:
        """Nothing that comes from now on is a request."""
        self._lingering = True
        self.idle = self._busy = False
        self._held.clear()
        self.deadline_s = self._loop.time() + self._gate.limits.linger_s


def _head_of(answer: bytes) -> bytes:
    """An answer without its body, as it is given to HEAD."""
    return answer[: answer.index(b"\r\n\r\n") + 4]
