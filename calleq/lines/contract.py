"""The wire between a telephone and its switch."""

from collections.abc import Callable
from typing import Protocol

VOIP_LINE = "voip"
"""The pseudo line between calling equipment and its own gateway."""


class LinePlant(Protocol):
    """Carries line octets both ways. A switch serves many lines, a telephone has one."""

    def serve(self, switch: str, receive: Callable[[str, bytes], None]) -> None:
        """Deliver what telephones of `switch` send as `receive(line number, octets)`."""

    def plug_in(self, switch: str, line: str, receive: Callable[[bytes], None]) -> None:
        """Connect the telephone of `line` (E.164) to its switch."""

    def to_telephone(self, switch: str, line: str, octets: bytes) -> None:
        """From the switch to the telephone."""

    def to_switch(self, switch: str, line: str, octets: bytes) -> None:
        """From the telephone to the switch."""
