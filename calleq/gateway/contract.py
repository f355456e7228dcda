"""What a gateway asks of the ground it stands on: a transport of SIP, and the finding of hosts."""

from collections.abc import Callable, Sequence
from typing import Protocol

from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri
from calleq.topology_sip import SipAccess

Resolve = Callable[[SipUri, Callable[[Sequence[Target]], object]], object]
"""Finds where a URI is reached, and tells it once, at once or later; empty: nowhere."""


class SipElement(Protocol):
    """An element of the topology that has, or may have, a gateway."""

    @property
    def name(self) -> str:
        """The element's name."""

    @property
    def sip(self) -> SipAccess | None:
        """Where it speaks SIP; None: it does not."""


class SipTransport(Protocol):
    """Sockets of one user agent. Whole messages go in and out; `start` says who takes them."""

    def start(
        self,
        receive: Callable[[bytes, Target], object],
        failed: Callable[[Target], object],
    ) -> None:
        """Listen. `receive(message, source)`; `failed(target)`: nothing can be sent there."""

    def send(self, target: Target, octets: bytes) -> None:
        """Send one message, over the connection that is there, or a new one."""

    def address(self, transport: str) -> tuple[str, int]:
        """Host and port that Contact and Via name for that transport (UDP, TCP, TLS)."""
