"""Endpoints by real sockets, in one loop: for tests of the transport and for foreign programs."""

import asyncio
import contextlib
import itertools
import os
import random
from collections.abc import AsyncIterator, Callable

from calleq.gateway.endpoint import SipEndpoint
from calleq.gateway.streams import Wrap
from calleq.gateway.transport import Gate, SipSockets
from calleq.runtime.clock import LoopClock
from calleq.runtime.guest import GuestReactor, start_guest, stop_guest
from calleq.runtime.tap import Tap
from calleq.sip import events as sip
from calleq.sip.events import Credentials, Event, Outgoing
from calleq.sip.fields import NameAddress
from calleq.sip.negotiation import Local
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri, host_of
from tests.doubles import RecordingTap

WITHIN_S = 10.0
FIRST_PORT = 20_000
"""Below the ephemeral range; each test process has ports of its own."""
_ports = itertools.count(FIRST_PORT + 40 * (os.getpid() % 200), 2)


def free_port() -> int:
    """A port that nobody else in these tests listens at."""
    return next(_ports)


class Phone:
    """An endpoint that answers everything, and keeps what it was told."""

    def __init__(
        self,
        name: str,
        reactor: GuestReactor,
        clock: LoopClock,
        *,
        host: str = "127.0.0.1",
        wrap: Wrap | None = None,
        gate: Gate | None = None,
        answer: bool = True,
        handed: frozenset[str] = frozenset(),
    ) -> None:
        self._host = host
        self.tap = RecordingTap()
        tap: Tap = self.tap
        secure = (host, free_port()) if wrap is not None else None
        self.sockets = SipSockets(
            reactor, clock, host, free_port(), secure=secure, wrap=wrap, gate=gate
        )
        self.end = SipEndpoint(name, self.sockets, clock, tap, random.getrandbits, handed=handed)
        self.answers = answer
        self.events: list[Event] = []
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    @property
    def agent(self):
        return self.end.agent

    def start(self) -> None:
        self.end.start(self._happened)

    def stop(self) -> None:
        self.end.stop()
        self.sockets.stop()

    def local(self) -> Local:
        return Local(1, 1, self._host, 4_000)

    def target(self, transport: str = "UDP") -> Target:
        return Target(*self.sockets.address(transport), transport)

    def _happened(self, event: Event) -> None:
        self.events.append(event)
        now_us = self.end.now_us()
        match event:
            case sip.Invited(call) if self.answers:
                self.agent.ring(call, now_us)
                self.agent.accept(call, self.local(), now_us)
            case sip.Reoffered(call):
                self.agent.answer_offer(call, self.local(), now_us)
        for ready, future in self._waiting:
            if not future.done() and ready():
                future.set_result(None)

    def calls(
        self,
        target: Target,
        user: str = "bob",
        *,
        credentials: Credentials | None = None,
        **fields: list[str],
    ) -> int:
        to = NameAddress(SipUri(host_of(target.host), user, port=target.port))
        host, port = self.sockets.address(target.transport)
        call = self.agent.invite(
            Outgoing(
                target=to.uri,
                to=to,
                caller=NameAddress(SipUri(host_of(host), self.end.name, port=port)),
                next_hop=target,
                local=self.local(),
                fields=fields,
                credentials=credentials,
            ),
            self.end.now_us(),
        )
        self.end.flush()
        return call

    def hangs_up(self, call: int) -> None:
        self.agent.hang_up(call, 16, self.end.now_us())
        self.end.flush()

    async def until(self, kind: type, count: int = 1, within_s: float = WITHIN_S) -> Event:
        """The event of that kind, once so many have come."""

        def found() -> list[Event]:
            return [event for event in self.events if isinstance(event, kind)]

        if len(found()) < count:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append((lambda: len(found()) >= count, future))
            await asyncio.wait_for(future, within_s)
        return found()[-1]


@contextlib.asynccontextmanager
async def ground() -> AsyncIterator[tuple[GuestReactor, LoopClock]]:
    """A reactor and a clock on the running loop."""
    reactor = start_guest()
    clock = LoopClock(asyncio.get_running_loop())
    try:
        yield reactor, clock
    finally:
        clock.stop()
        await stop_guest(reactor)
