"""What SCCP's messages and its users speak in: party addresses, global titles, return causes.

Owns the typed values of Q.713 §3 and the one error class of the room. The octets are the business
of `address_codec` and `codec`; nothing here refuses anything.

A global title is one of five structures, one for each global title indicator (Q.713 §3.4.2.3), and
one for those that nobody knows, whose octets are kept as they came.
"""

from enum import IntEnum

import msgspec

SERVICE_SCCP = 3
"""Service indicator of SCCP in the service information octet (Q.704 §14.2.1)."""


class SccpError(ValueError):
    """The octets, or the fields given, are no SCCP message or address; the text says why."""


class SubsystemNumber(IntEnum):
    """Subsystem numbers (Q.713 §3.4.2.2, and the national ones that INAP has by custom)."""

    UNKNOWN = 0
    MANAGEMENT = 1
    ISUP = 3
    INAP = 106
    INAP_NATIONAL = 241


class NumberingPlan(IntEnum):
    """Numbering plan of a global title (Q.713 §3.4.2.3.3)."""

    UNKNOWN = 0
    ISDN = 1
    """E.163 and E.164."""
    GENERIC = 2
    DATA = 3
    TELEX = 4
    MARITIME = 5
    LAND_MOBILE = 6
    ISDN_MOBILE = 7
    """E.214."""
    NETWORK_SPECIFIC = 14


class NatureOfAddress(IntEnum):
    """Nature of address of a global title (Q.713 §3.4.2.3.1)."""

    UNKNOWN = 0
    SUBSCRIBER = 1
    RESERVED = 2
    NATIONAL = 3
    INTERNATIONAL = 4


class NatureTitle(msgspec.Struct, frozen=True, gc=False):
    """Global title indicator 1: nature of address only."""

    digits: str
    nature: int = NatureOfAddress.INTERNATIONAL


class TranslationTitle(msgspec.Struct, frozen=True, gc=False):
    """Global title indicator 2: translation type only.

    Nothing in it says whether the count of digits is odd, so it is always even: an odd number has
    its filler as last digit.
    """

    digits: str
    translation_type: int = 0


class PlanTitle(msgspec.Struct, frozen=True, gc=False):
    """Global title indicator 3: translation type, numbering plan, encoding scheme.

    ANSI's indicator 1 has the same fields (T1.112.3 §3.4.2.3.1).
    """

    digits: str
    translation_type: int = 0
    plan: int = NumberingPlan.ISDN
    scheme: int | None = None
    """None: binary coded decimal, odd or even as there are digits. Else an encoding scheme that is
    neither 1 nor 2; `digits` then are all half octets, the low one of each octet first."""


class FullTitle(msgspec.Struct, frozen=True, gc=False):
    """Global title indicator 4: translation type, plan, scheme and nature of address."""

    digits: str
    translation_type: int = 0
    plan: int = NumberingPlan.ISDN
    nature: int = NatureOfAddress.INTERNATIONAL
    scheme: int | None = None
    """As of `PlanTitle`."""


class UnknownTitle(msgspec.Struct, frozen=True, gc=False):
    """A global title of an indicator that the variant has not: every octet of it, untouched."""

    indicator: int
    octets: bytes


GlobalTitle = NatureTitle | TranslationTitle | PlanTitle | FullTitle | UnknownTitle


class PartyAddress(msgspec.Struct, frozen=True, gc=False):
    """A called or calling party address (Q.713 §3.4, §3.5)."""

    ssn: int | None = None
    """Subsystem number; None: not included; 0: not known."""
    point_code: int | None = None
    title: GlobalTitle | None = None
    route_on_title: bool = False
    """Routing indicator: on the global title, else on point code and subsystem number."""
    national: bool = False
    """Bit 8 of the address indicator: reserved for national use (ANSI: national coding)."""


class ReturnCause(IntEnum):
    """Why a unit came back, or was given up (Q.713 §3.12)."""

    NO_TRANSLATION_FOR_NATURE = 0
    """No translation for an address of such nature."""
    NO_TRANSLATION = 1
    """No translation for this specific address."""
    SUBSYSTEM_CONGESTION = 2
    SUBSYSTEM_FAILURE = 3
    UNEQUIPPED_USER = 4
    MTP_FAILURE = 5
    NETWORK_CONGESTION = 6
    UNQUALIFIED = 7
    ERROR_IN_TRANSPORT = 8
    """Error in message transport."""
    ERROR_IN_LOCAL_PROCESSING = 9
    NO_REASSEMBLY = 10
    """The destination cannot perform reassembly."""
    SCCP_FAILURE = 11
    HOP_COUNTER_VIOLATION = 12
    SEGMENTATION_NOT_SUPPORTED = 13
    SEGMENTATION_FAILURE = 14


class SubsystemState(IntEnum):
    """What SCCP knows of a subsystem (Q.711 §6.3.2.3)."""

    ALLOWED = 0
    PROHIBITED = 1


class PointState(IntEnum):
    """What SCCP knows of a signalling point (Q.711 §6.3.2.4)."""

    ACCESSIBLE = 0
    INACCESSIBLE = 1
    CONGESTED = 2
    """Accessible; send less."""
