"""What an element may ask of the OSN."""

from collections.abc import Callable
from typing import Protocol

OSN_LINK = "osn 74"
"""What a tap calls the wire of every message of the OSN."""


class Bus(Protocol):
    """Carries encoded messages between elements by name.

    Between two live processes each message arrives once and in order, also across a reconnection;
    what a process had not said durably is lost with it.
    """

    def attach(self, element: str, receive: Callable[[str, bytes], None]) -> None:
        """Deliver messages for `element` as `receive(sender, octets)`."""

    def send(self, sender: str, receiver: str, octets: bytes) -> None:
        """Send; messages that cannot be delivered yet wait, up to the bus's named bound."""
