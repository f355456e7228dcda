"""The messages of M3UA, typed (RFC 4666 §3); `codec` turns them into octets.

Every message is frozen. `other` keeps the parameters that the message has no field for, as (tag,
contents), in the order in which they arrived, so that nothing is lost on the way. No message is a
kind of another: what asks and its answer share their fields and no type.
"""

from enum import IntEnum

import msgspec


class ErrorCode(IntEnum):
    """Why a message is answered with ERR (RFC 4666 §3.8.1)."""

    INVALID_VERSION = 0x01
    UNSUPPORTED_CLASS = 0x03
    UNSUPPORTED_TYPE = 0x04
    UNSUPPORTED_TRAFFIC_MODE = 0x05
    UNEXPECTED_MESSAGE = 0x06
    PROTOCOL_ERROR = 0x07
    INVALID_STREAM = 0x09
    REFUSED_MANAGEMENT_BLOCKING = 0x0D
    ASP_IDENTIFIER_REQUIRED = 0x0E
    INVALID_ASP_IDENTIFIER = 0x0F
    INVALID_PARAMETER_VALUE = 0x11
    PARAMETER_FIELD_ERROR = 0x12
    UNEXPECTED_PARAMETER = 0x13
    DESTINATION_STATUS_UNKNOWN = 0x14
    INVALID_NETWORK_APPEARANCE = 0x15
    MISSING_PARAMETER = 0x16
    INVALID_ROUTING_CONTEXT = 0x19
    NO_CONFIGURED_AS = 0x1A


class M3uaError(ValueError):
    """The octets, or the fields given, are no M3UA message; the text says which part and why.

    `code` is what an ERR message in answer would say.
    """

    def __init__(self, text: str, code: ErrorCode = ErrorCode.PROTOCOL_ERROR) -> None:
        super().__init__(text)
        self.code = code


class TrafficMode(IntEnum):
    """How the ASPs of an application server share its traffic (RFC 4666 §3.7.1)."""

    OVERRIDE = 1
    LOADSHARE = 2
    BROADCAST = 3


class StatusType(IntEnum):
    """What a NTFY is about (RFC 4666 §3.8.2)."""

    AS_STATE = 1
    OTHER = 2


class AsStatus(IntEnum):
    """Status information of an application server's state."""

    INACTIVE = 2
    ACTIVE = 3
    PENDING = 4


class OtherStatus(IntEnum):
    """Status information beside states."""

    INSUFFICIENT_ASPS = 1
    ALTERNATE_ASP_ACTIVE = 2
    ASP_FAILURE = 3


class Registration(IntEnum):
    """How a registration went (RFC 4666 §3.6.2)."""

    REGISTERED = 0
    UNKNOWN = 1
    INVALID_POINT_CODE = 2
    INVALID_NETWORK_APPEARANCE = 3
    INVALID_KEY = 4
    PERMISSION_DENIED = 5
    NO_UNIQUE_ROUTING = 6
    NOT_PROVISIONED = 7
    INSUFFICIENT_RESOURCES = 8
    UNSUPPORTED_FIELD = 9
    UNSUPPORTED_TRAFFIC_MODE = 10
    CHANGE_REFUSED = 11
    ALREADY_REGISTERED = 12


class Deregistration(IntEnum):
    """How a deregistration went (RFC 4666 §3.6.4)."""

    DEREGISTERED = 0
    UNKNOWN = 1
    INVALID_ROUTING_CONTEXT = 2
    PERMISSION_DENIED = 3
    NOT_REGISTERED = 4
    ACTIVE = 5


class UnavailabilityCause(IntEnum):
    """Why a user part at a destination cannot be reached (RFC 4666 §3.4.5)."""

    UNKNOWN = 0
    UNEQUIPPED = 1
    INACCESSIBLE = 2


Other = tuple[tuple[int, bytes], ...]
Contexts = tuple[int, ...]


class Affected(msgspec.Struct, frozen=True, gc=False):
    """One affected point code; `mask` is how many of its low bits stand for any value."""

    point_code: int
    mask: int = 0


class RoutingKey(msgspec.Struct, frozen=True, gc=False):
    """What traffic an application server takes (RFC 4666 §3.6.1)."""

    identifier: int
    """Chosen by the ASP, to tell the answers apart."""
    destinations: tuple[int, ...]
    routing_context: int | None = None
    traffic_mode: int | None = None
    network_appearance: int | None = None
    services: bytes = b""
    """Service indicators; none: all."""
    origins: tuple[Affected, ...] = ()


class RegistrationResult(msgspec.Struct, frozen=True, gc=False):
    """What became of one routing key."""

    identifier: int
    status: int
    routing_context: int = 0


class DeregistrationResult(msgspec.Struct, frozen=True, gc=False):
    """What became of one routing context."""

    routing_context: int
    status: int


class Data(msgspec.Struct, frozen=True, gc=False):
    """DATA: one message of an MTP3 user (RFC 4666 §3.3.1)."""

    origin: int
    destination: int
    service: int
    network: int
    selection: int
    payload: bytes
    priority: int = 0
    routing_context: int | None = None
    network_appearance: int | None = None
    correlation: int | None = None
    other: Other = ()


class _Destinations(msgspec.Struct, frozen=True, gc=False):
    affected: tuple[Affected, ...]
    routing_contexts: Contexts = ()
    network_appearance: int | None = None
    info: str = ""
    other: Other = ()


class Duna(_Destinations, frozen=True, gc=False):
    """Destination unavailable (§3.4.1)."""


class Dava(_Destinations, frozen=True, gc=False):
    """Destination available (§3.4.2)."""


class Daud(_Destinations, frozen=True, gc=False):
    """Destination state audit (§3.4.3)."""


class Drst(_Destinations, frozen=True, gc=False):
    """Destination restricted (§3.4.6)."""


class Scon(_Destinations, frozen=True, gc=False):
    """Signalling congestion (§3.4.4)."""

    concerned: int | None = None
    level: int | None = None
    """0 no congestion, to 3."""


class Dupu(msgspec.Struct, frozen=True, gc=False):
    """Destination user part unavailable (§3.4.5)."""

    affected: tuple[Affected, ...]
    cause: int
    user: int
    routing_contexts: Contexts = ()
    network_appearance: int | None = None
    info: str = ""
    other: Other = ()


class _Up(msgspec.Struct, frozen=True, gc=False):
    asp_identifier: int | None = None
    info: str = ""
    other: Other = ()


class AspUp(_Up, frozen=True, gc=False):
    """ASPUP: an ASP is ready for management (§3.5.1)."""


class AspUpAck(_Up, frozen=True, gc=False):
    """The answer (§3.5.2)."""


class _Down(msgspec.Struct, frozen=True, gc=False):
    info: str = ""
    other: Other = ()


class AspDown(_Down, frozen=True, gc=False):
    """ASPDN: an ASP goes (§3.5.3)."""


class AspDownAck(_Down, frozen=True, gc=False):
    """The answer (§3.5.4)."""


class _Beat(msgspec.Struct, frozen=True, gc=False):
    data: bytes = b""
    other: Other = ()


class Beat(_Beat, frozen=True, gc=False):
    """BEAT: is the peer still there (§3.5.5)."""


class BeatAck(_Beat, frozen=True, gc=False):
    """The answer, with the same data (§3.5.6)."""


class _Active(msgspec.Struct, frozen=True, gc=False):
    traffic_mode: int | None = None
    routing_contexts: Contexts = ()
    info: str = ""
    other: Other = ()


class AspActive(_Active, frozen=True, gc=False):
    """ASPAC: an ASP is ready for traffic (§3.7.1)."""


class AspActiveAck(_Active, frozen=True, gc=False):
    """The answer (§3.7.2)."""


class _Inactive(msgspec.Struct, frozen=True, gc=False):
    routing_contexts: Contexts = ()
    info: str = ""
    other: Other = ()


class AspInactive(_Inactive, frozen=True, gc=False):
    """ASPIA: an ASP takes no more traffic (§3.7.3)."""


class AspInactiveAck(_Inactive, frozen=True, gc=False):
    """The answer (§3.7.4)."""


class RegistrationRequest(msgspec.Struct, frozen=True, gc=False):
    """REG REQ (§3.6.1)."""

    keys: tuple[RoutingKey, ...]
    other: Other = ()


class RegistrationResponse(msgspec.Struct, frozen=True, gc=False):
    """REG RSP (§3.6.2)."""

    results: tuple[RegistrationResult, ...]
    other: Other = ()


class DeregistrationRequest(msgspec.Struct, frozen=True, gc=False):
    """DEREG REQ (§3.6.3)."""

    routing_contexts: Contexts
    other: Other = ()


class DeregistrationResponse(msgspec.Struct, frozen=True, gc=False):
    """DEREG RSP (§3.6.4)."""

    results: tuple[DeregistrationResult, ...]
    other: Other = ()


class Error(msgspec.Struct, frozen=True, gc=False):
    """ERR (§3.8.1)."""

    code: int
    routing_contexts: Contexts = ()
    network_appearance: int | None = None
    affected: tuple[Affected, ...] = ()
    diagnostic: bytes = b""
    other: Other = ()


class Notify(msgspec.Struct, frozen=True, gc=False):
    """NTFY (§3.8.2)."""

    kind: int
    information: int
    asp_identifier: int | None = None
    routing_contexts: Contexts = ()
    info: str = ""
    other: Other = ()


Message = (
    Data
    | Duna
    | Dava
    | Daud
    | Drst
    | Scon
    | Dupu
    | AspUp
    | AspUpAck
    | AspDown
    | AspDownAck
    | Beat
    | BeatAck
    | AspActive
    | AspActiveAck
    | AspInactive
    | AspInactiveAck
    | RegistrationRequest
    | RegistrationResponse
    | DeregistrationRequest
    | DeregistrationResponse
    | Error
    | Notify
)

DestinationMessage = Duna | Dava | Daud | Drst | Scon | Dupu
"""What is said of destinations (§3.4)."""
