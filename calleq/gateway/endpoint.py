"""One SIP end at work: a user agent, its sockets and its timer.

Owns when the user agent is driven: whenever something arrives, is asked for, or is due. Each event
goes to the handler that was given, in order; what the handler asks for leaves after it. Every
message is shown to the tap on its way in and out.
"""

from collections.abc import Callable

from calleq.gateway.contract import SipTransport
from calleq.gateway.timer import AgentTimer
from calleq.runtime.clock import Clock
from calleq.runtime.tap import Segment, Tap
from calleq.sip.events import Event, Limits
from calleq.sip.transaction import Target
from calleq.sip.uri import host_of
from calleq.sip.user_agent import DEFAULT_LIMITS, UserAgent

TAILS = {"UDP": "", "TCP": ";transport=tcp", "TLS": ";transport=tls"}


class SipEndpoint:
    """A user agent by sockets. Ask `agent` for things, then `flush`."""

    def __init__(
        self,
        name: str,
        transport: SipTransport,
        clock: Clock,
        tap: Tap,
        random_bits: Callable[[int], int],
        *,
        handed: frozenset[str] = frozenset(),
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """`name` stands before the @ of its Contact."""
        self.name = name
        self._transport = transport
        self._clock = clock
        self._tap = tap
        self.agent = UserAgent(
            contact=self.contact, random=random_bits, handed=handed, limits=limits
        )
        self._handler: Callable[[Event], object] = lambda event: None
        self._timer = AgentTimer(self.agent, clock, self.flush)
        self._is_flushing = False

    def start(self, handler: Callable[[Event], object]) -> None:
        """Listen; events go to the handler. Raises CannotListenError."""
        self._handler = handler
        self._transport.start(self._arrived, self._failed)

    def stop(self) -> None:
        """No timer rings any more; the sockets are their owner's."""
        self._timer.cancel()

    def contact(self, target: Target) -> str:
        """Our URI towards that target."""
        host, port = self._transport.address(target.transport)
        return f"sip:{self.name}@{host_of(host)}:{port}{TAILS.get(target.transport, '')}"

    def now_us(self) -> int:
        """The time that the user agent is told."""
        return self._clock.monotonic_us()

    def flush(self) -> None:
        """Hand on every event, send what is to be sent, and wake when something is due."""
        if self._is_flushing:
            return
        self._is_flushing = True
        agent = self.agent
        try:
            while (event := agent.next_event()) is not None:
                self._handler(event)
            for target, octets in agent.data_to_send():
                self._show(octets, target, incoming=False)
                self._transport.send(target, octets)
        finally:
            self._is_flushing = False
        self._timer.set()

    def _arrived(self, octets: bytes, source: Target) -> None:
        self._show(octets, source, incoming=True)
        self.agent.receive(octets, source, self.now_us())
        self.flush()

    def _failed(self, target: Target) -> None:
        self.agent.transport_failed(target, self.now_us())
        self.flush()

    def _show(self, octets: bytes, far: Target, *, incoming: bool) -> None:
        host, port = self._transport.address(far.transport)
        link = f"sip:{self.name} {far.transport} {host}:{port} {far.host}:{far.port}"
        there = f"{far.host}:{far.port}"
        sender, receiver = (there, self.name) if incoming else (self.name, there)
        self._tap.saw(Segment.SIP, link, sender, receiver, octets, self._clock.now_us())
