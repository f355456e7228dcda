"""Uvicorn's end of a connection whose octets somebody else cuts into requests."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from calleq.web.certificates import WithCertificates


class Holder(Protocol):
    """Who holds the connection."""

    inner: Any


class Inner(WithCertificates):
    """Uvicorn's protocol, which tells when it has answered."""

    answered: Callable[[], None]

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._unset_keepalive_if_required()
        self.answered()


class Handed:
    """A transport as uvicorn sees it: who gets what is received stays the front's to know."""

    def __init__(self, transport: asyncio.Transport, front: Holder) -> None:
        self._transport = transport
        self._front = front

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Uvicorn passes a WebSocket on to another protocol."""
        self._front.inner = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """The one that gets it now."""
        protocol: asyncio.BaseProtocol = self._front.inner
        return protocol
