"""Whom a port believes: the one source of its voice, by address and SSRC.

At first the far end is nobody. A source becomes the believed one with its first packet where it
comes from the address that the plan names, and with `PROBATION` packets in sequence where it comes
from elsewhere (a telephone behind a NAT; RFC 3550 A.1). From then on only its packets are taken,
and voice is sent to where they come from (symmetric RTP, RFC 4961).

Another source takes its place only when the believed one has been silent: for `OTHER_SOURCE_US`
where another SSRC comes from the same address (the far end has begun another stream), for
`RELATCH_US` where it comes from another address; then too by probation. So a stray packet, and a
stranger that guesses the port, change nothing while the call is heard. What is refused is counted.

A plan with another address than before begins anew: the far end itself has moved.
"""

from typing import Literal

Address = tuple[str, int]

PROBATION = 2
OTHER_SOURCE_US = 60_000
RELATCH_US = 1_000_000

Verdict = Literal["believed", "changed", "refused"]


class Latch:
    """One port's belief."""

    __slots__ = (
        "_asking",
        "_asks",
        "_next",
        "address",
        "last_us",
        "planned",
        "source",
        "strangers",
    )

    def __init__(self) -> None:
        self.planned: Address | None = None
        self.address: Address | None = None
        """Of the believed source; None: there is none yet."""
        self.source = 0
        self.last_us = 0
        """When its last packet came; kept by whoever takes packets."""
        self.strangers = 0
        self._asking: tuple[Address, int] | None = None
        """Address and SSRC on probation."""
        self._next = 0
        self._asks = 0

    def plan(self, planned: Address | None) -> None:
        """Where the far end says it is."""
        if planned != self.planned:
            self.planned = planned
            self.address = None
            self._asking = None

    def judge(self, address: Address, source: int, sequence: int, now_us: int) -> Verdict:
        """What becomes of a packet; `changed`: its source is the believed one from now on."""
        if address == self.address and source == self.source:
            return "believed"
        if self.address is None:
            enough = 1 if address[:2] == self.planned else PROBATION
        elif now_us - self.last_us >= self._silence_us(address):
            enough = PROBATION
        else:
            self._asking = None
            self.strangers += 1
            return "refused"
        if self._asking == (address, source) and sequence == self._next:
            self._asks += 1
        else:
            self._asking = (address, source)
            self._asks = 1
        self._next = (sequence + 1) & 0xFFFF
        if self._asks < enough:
            self.strangers += 1
            return "refused"
        self.address = address
        self.source = source
        self.last_us = now_us
        self._asking = None
        return "changed"

    def _silence_us(self, address: Address) -> int:
        return OTHER_SOURCE_US if address == self.address else RELATCH_US
