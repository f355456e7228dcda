"""The messages of a subscriber line, typed; `q931` turns them into octets (Q.931 §3, §4).

Both ends use the same messages. `reference` is the call reference value on that line (0 to 32767);
`to_originator` is False in what the side that chose the reference sends and True in the other
direction: the flag bit of Q.931 §4.3. SETUP always comes from the side that chose it.

A number is E.164 with `+`, or a SIP URI (`sip:` or `sips:`) where the equipment knows such: then it
is an address of an unknown numbering plan. `number_of` tells them apart.
"""

import re
from enum import IntEnum
from typing import Literal

import msgspec

from calleq.media.ports import Quality

ADDRESS_LIMIT = 100
"""Characters of a SIP URI in place of a number."""


class References(msgspec.Struct, frozen=True):
    """Who may choose which call references on a line, so that a late message meets no new call."""

    far_end: range
    switch: range


LINE_REFERENCES = References(range(1, 64), range(64, 128))
"""Of a subscriber line: one octet is enough."""

TRUNK_REFERENCES = References(range(128, 0x4000), range(0x4000, 0x8000))
"""Of a primary rate access, where there are more channels: two octets, always."""


Attestation = Literal["A", "B", "C"]


class Screening(IntEnum):
    """Who says that a calling number is right (Q.931 §4.5.10, octet 3a; Q.763 §3.10 the same)."""

    UNSCREENED = 0
    """The far end gave it, and nobody has looked."""
    PASSED = 1
    """The far end gave it, and it is one of its own."""
    FAILED = 2
    """The far end gave it, and it is not known to be one of its own."""
    NETWORK = 3
    """We gave it."""

    @property
    def attestation(self) -> Attestation:
        """How a switch has the number signed for another network (RFC 8588 §4).

        A: it is its caller's. B: we know the caller and not the number. C: neither.

        >>> [screening.attestation for screening in Screening]
        ['C', 'A', 'B', 'A']
        """
        match self:
            case Screening.NETWORK | Screening.PASSED:
                return "A"
            case Screening.FAILED:
                return "B"
            case Screening.UNSCREENED:
                return "C"


_NUMBER = re.compile(r"\+[0-9]{1,15}", re.ASCII)


def number_of(address: str) -> str:
    """The address where it is a number; empty where it is a SIP URI, or nothing at all.

    >>> number_of("+12125550100"), number_of("sip:ann@example.com")
    ('+12125550100', '')
    """
    return address if _NUMBER.fullmatch(address) else ""


class LineError(ValueError):
    """The octets are no line message; the text says why."""


class Setup(msgspec.Struct, frozen=True, gc=False):
    """Offer a call: by the switch, the telephone rings; by the telephone, it dials `called`."""

    reference: int
    called: str
    calling: str = ""
    """Empty when it is not known, or not to be known."""
    display: str = ""
    restricted: bool = False
    """The caller is not to be shown: `calling` is for the network, and those whom it trusts."""
    screening: Screening = Screening.PASSED
    """Of `calling`."""

    @property
    def shown(self) -> str:
        """What the called party may see of who calls."""
        return "" if self.restricted else self.calling


class Proceeding(msgspec.Struct, frozen=True, gc=False):
    """The party is being sought (CALL PROCEEDING, §3.1.2).

    Said by far ends that may take longer than T303 to ring, which is four seconds.
    """

    reference: int
    to_originator: bool = False


class Alerting(msgspec.Struct, frozen=True, gc=False):
    """The called party is being rung."""

    reference: int
    to_originator: bool = False


class Progress(msgspec.Struct, frozen=True, gc=False):
    """Nobody answered, and something is to be known of the call, or heard (§3.1.8, §4.5.23)."""

    reference: int
    in_band: bool = True
    """Tones or an announcement are on the channel; else the call leaves ISDN."""
    to_originator: bool = False


class Connect(msgspec.Struct, frozen=True, gc=False):
    """The called party answered."""

    reference: int
    to_originator: bool = False


class Notify(msgspec.Struct, frozen=True, gc=False):
    """The called telephone was put down and the call stays, or it was taken up again (§4.5.22)."""

    reference: int
    suspended: bool
    to_originator: bool = False


class Disconnect(msgspec.Struct, frozen=True, gc=False):
    """This side ends the call; in-band tones may follow from the network."""

    reference: int
    cause: int
    to_originator: bool = False


class Release(msgspec.Struct, frozen=True, gc=False):
    """The line channel is given up; answered by `ReleaseComplete`."""

    reference: int
    cause: int
    to_originator: bool = False
    measured: Quality | None = None
    """What the call's voice was like at the far end of the line, where it measures that."""


class ReleaseComplete(msgspec.Struct, frozen=True, gc=False):
    """The call reference is free again; also the answer to a SETUP that is refused at once."""

    reference: int
    cause: int
    to_originator: bool = False
    measured: Quality | None = None
    """As of `Release`."""


Clearing = Disconnect | Release | ReleaseComplete
"""The messages that say a cause."""

LineMessage = Setup | Proceeding | Alerting | Progress | Connect | Notify | Clearing
