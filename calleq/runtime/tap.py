"""The contract of a tap: whoever puts octets on a wire shows them to it, and nothing more.

A tap gets octets and where they were seen. It never gets a call's reference: which call an octet
belongs to is worked out afterwards from the octets and the journal (docs/architecture.md, rule 3).
"""

from enum import StrEnum
from typing import Protocol


class Segment(StrEnum):
    """Which part of the network of the source's figure 1 an octet crossed."""

    INTERNET = "internet"
    OSN = "osn"
    SIGNALLING_LINK = "signalling link"
    CIRCUIT = "circuit"
    SIP = "sip"
    INSIDE = "inside"
    """Between an element and the door on the internet that it has of its own."""


class Tap(Protocol):
    """Sees each message once, at the element that sends it."""

    def saw(
        self, segment: Segment, link: str, sender: str, receiver: str, octets: bytes, at_us: int
    ) -> None:
        """`link` names the wire (`ssp-62/stp-68`); sender and receiver are element names."""


class NoTap:
    """For a run that keeps no capture."""

    def saw(
        self, segment: Segment, link: str, sender: str, receiver: str, octets: bytes, at_us: int
    ) -> None:
        pass
