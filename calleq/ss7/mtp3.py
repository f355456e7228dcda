"""Message transfer part level 3: the signal unit as an element hands it over (Q.704 §2, §15).

This module owns the unit and the contract between a user part and the network below it. The octets
are ITU: service information octet, then the routing label of 14-bit point codes.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

SERVICE_MANAGEMENT = 0
SERVICE_ISUP = 5


class Mtp3Error(ValueError):
    """The octets, or the fields given, are no message signal unit; the text says why."""


class Msu(msgspec.Struct, frozen=True, gc=False):
    """One message signal unit from the service information octet on (Q.704 §14, §15)."""

    destination: int
    origin: int
    selection: int
    """Signalling link selection, 4 bits; for ISUP the lowest bits of the CIC (Q.704 §2.2.4)."""
    payload: bytes
    service: int = SERVICE_ISUP
    network: int = 2
    """Network indicator: 0 international, 2 national."""
    priority: int = 0
    """ANSI alone (T1.111.4 §14.2.2): 0 is discarded first in congestion, 3 last."""


class Congested(msgspec.Struct, frozen=True):
    """MTP-STATUS, signalling network congested: user parts send less to the destination."""

    destination: int
    level: int
    """1 to 3; 0: the congestion is over."""


class UserPartUnavailable(msgspec.Struct, frozen=True):
    """MTP-STATUS, remote user unavailable: the node is there, its user part is not (§11.2.7)."""

    destination: int
    service: int
    cause: int
    """0 unknown, 1 unequipped, 2 inaccessible (Q.704 §15.14.4)."""


Status = Congested | UserPartUnavailable


class MessageTransfer(Protocol):
    """What level 3 offers a user part of one node (Q.701 §8)."""

    def transfer(self, destination: int, selection: int, payload: bytes, priority: int = 0) -> bool:
        """Send; False when no route to the point code is in service (nothing was sent).

        `priority` is ANSI's alone (T1.111.4 §14.2.2).
        """

    def on_message(self, service: int, receive: Callable[[Msu], None]) -> None:
        """Hand every unit of `service` addressed to this node to `receive`."""

    def on_status(self, changed: Callable[[int, bool], None]) -> None:
        """Tell of each point code that becomes (in)accessible: MTP-PAUSE and MTP-RESUME."""

    def on_indication(self, told: Callable[[Status], None]) -> None:
        """Tell of congestion, and of user parts that are not there: MTP-STATUS."""
