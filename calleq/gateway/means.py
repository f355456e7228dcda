"""What the calls of one gateway work with, and what the gateway knows of each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from calleq.gateway.voice import CallVoice
from calleq.gateway.way import Destination
from calleq.lines.messages import LineMessage, Setup
from calleq.runtime.clock import Clock
from calleq.sip import events as sip
from calleq.sip.negotiation import Local
from calleq.sip.user_agent import UserAgent


class LineCall(Protocol):
    """A call reference in use on a line or trunk."""

    line: str
    reference: int
    by_switch: bool
    """Who chose the reference."""
    setup: Setup
    voice: CallVoice

    def came(self, event: sip.Event) -> None:
        """An event of the user agent, of a handle that was bound to this call."""


@dataclass(frozen=True, slots=True)
class Means:
    """What calls work with; one for a gateway."""

    agent: UserAgent
    clock: Clock
    send: Callable[[str, LineMessage], object]
    """A message to the switch, by line."""
    compose: Callable[[LineCall, Destination, Local], sip.Outgoing]
    """What an invitation says."""
    bind: Callable[[int, LineCall], object]
    """Events of this handle are this call's."""
    unbind: Callable[[int], object]
    failed: Callable[[LineCall, Destination, sip.Failed], object]
    """A destination came to nothing, whatever becomes of the call."""
    ended: Callable[[LineCall], object]
    """The call reference is free again, and nothing is left."""
    flush: Callable[[], object]
    """The user agent has something to send."""

    def now_us(self) -> int:
        """The time of transactions and timers."""
        return self.clock.monotonic_us()
