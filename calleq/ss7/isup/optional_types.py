"""What optional parameters hold, typed (Q.763 §3), where one number does not say it.

Owns names and defaults. `optional` has the table of all parameters and their octets. Indicators are
kept as the numbers of the standard; their meanings are in its clause.
"""

import msgspec

from calleq.ss7.isup.values import Cause, Nature, Presentation


class Number(msgspec.Struct, frozen=True):
    """A party's number in any of the forms with nature, plan, presentation and screening.

    `flag` is the highest bit of the second octet: number incomplete (calling, generic), routing to
    an internal network number not allowed (redirection, location, directory), else spare.
    """

    digits: str
    nature: int = Nature.INTERNATIONAL
    plan: int = 1
    flag: int = 0
    presentation: int = Presentation.ALLOWED
    screening: int = 0


class GenericNumber(msgspec.Struct, frozen=True):
    """Generic number (§3.26)."""

    qualifier: int
    """5 additional connected, 6 additional calling party number, … (§3.26 a)."""
    number: Number


class NetworkDigits(msgspec.Struct, frozen=True):
    """Digits after one octet: transit network selection (§3.53), carrier identification (ANSI)."""

    digits: str
    kind: int = 2
    """Type of network identification: 2 national."""
    plan: int = 0


class RoutingNumber(msgspec.Struct, frozen=True):
    """Network routing number, national use (§3.90)."""

    digits: str
    plan: int = 1
    nature: int = 1


class CallReference(msgspec.Struct, frozen=True):
    """Call reference, national use (§3.8): an identity at a point."""

    identity: int
    point_code: int
    point_code_octets: int = 2
    """3 in ANSI networks."""


class ConnectionRequest(msgspec.Struct, frozen=True):
    """Connection request (§3.17): a request for a SCCP connection of its own."""

    local_reference: int
    point_code: int
    protocol_class: int
    credit: int


class OptionalForwardCall(msgspec.Struct, frozen=True):
    """Optional forward call indicators (§3.38)."""

    closed_user_group: int = 0
    """2 closed user group call with, 3 without outgoing access."""
    segmented: int = 0
    """1: more information follows in a segmentation message."""
    connected_line_requested: int = 0


class OptionalBackwardCall(msgspec.Struct, frozen=True):
    """Optional backward call indicators (§3.37)."""

    in_band: int = 0
    diversion_may_occur: int = 0
    segmented: int = 0
    mlpp_user: int = 0


class CallDiversion(msgspec.Struct, frozen=True):
    """Call diversion information (§3.6)."""

    reason: int
    options: int
    """Notification subscription: 2 presentation allowed with number, 3 without."""


class Redirection(msgspec.Struct, frozen=True):
    """Redirection information (§3.45)."""

    indicator: int
    original_reason: int = 0
    counter: int = 1
    reason: int = 0
    """1 user busy, 2 no reply, 3 unconditional, …"""


class EchoControl(msgspec.Struct, frozen=True):
    """Echo control information (§3.19)."""

    incoming_request: int = 0
    outgoing_request: int = 0
    incoming_device: int = 0
    outgoing_device: int = 0


class ClosedUserGroup(msgspec.Struct, frozen=True):
    """Closed user group interlock code (§3.15)."""

    network: str
    """Network identity, four digits."""
    code: int


class GenericDigits(msgspec.Struct, frozen=True):
    """Generic digits, national use (§3.24)."""

    kind: int
    encoding: int
    """0 BCD even, 1 BCD odd, 2 IA5, 3 binary."""
    digits: bytes


class Mlpp(msgspec.Struct, frozen=True):
    """MLPP precedence (§3.34)."""

    level: int
    network: str
    domain: int
    look_ahead: int = 0


class UserService(msgspec.Struct, frozen=True):
    """User service information (§3.57): a bearer capability of Q.931 §4.5.5."""

    capability: int
    """0 speech, 8 unrestricted digital, 16 3.1 kHz audio."""
    mode: int = 0
    rate: int = 16
    """16 is 64 kbit/s; 24 is multirate, of which `multiplier` says how many times 64."""
    coding: int = 0
    multiplier: int | None = None
    layers: bytes = b""
    """The octets of layers 1 to 3 as they stand."""


class UserTeleservice(msgspec.Struct, frozen=True):
    """User teleservice information (§3.59): a high layer compatibility of Q.931 §4.5.17."""

    characteristics: int
    extended: int | None = None
    interpretation: int = 4
    presentation: int = 1
    coding: int = 0


class UserToUserIndicators(msgspec.Struct, frozen=True):
    """User-to-user indicators (§3.60)."""

    response: int
    """0 request, 1 response."""
    service1: int = 0
    service2: int = 0
    service3: int = 0
    discarded: int = 0


class UserToUser(msgspec.Struct, frozen=True):
    """User-to-user information (§3.61)."""

    discriminator: int
    """4: IA5 characters (Q.931 §4.5.30)."""
    information: bytes


class Element(msgspec.Struct, frozen=True):
    """One information element of Q.931 in access transport (§3.3)."""

    identifier: int
    contents: bytes | None
    """None for an element of a single octet, which is the identifier whole."""


class Tagged(msgspec.Struct, frozen=True):
    """One piece of redirect or pivot routing information (§3.94 to §3.100)."""

    tag: int
    contents: bytes


class MessageInstructions(msgspec.Struct, frozen=True):
    """Message compatibility information (§3.33): what to do with a message not understood."""

    end_node: int = 0
    """Bit A: 0 an intermediate exchange passes it on, 1 every exchange heeds the rest."""
    release: int = 0
    notify: int = 0
    discard: int = 0
    discard_if_stuck: int = 0
    """Bit E: pass on not possible: 0 release the call, 1 discard."""
    interworking: int = 0
    more: bytes = b""
    """Octets of later editions."""


class ParameterInstructions(msgspec.Struct, frozen=True):
    """What to do with one parameter not understood (§3.41)."""

    parameter: int
    """Name code of the upgraded parameter."""
    end_node: int = 0
    release: int = 0
    notify: int = 0
    discard_message: int = 0
    discard_parameter: int = 0
    if_stuck: int = 0
    """Bits GF: pass on not possible: 0 release, 1 discard message, 2 discard parameter."""
    more: bytes = b""


class Identification(msgspec.Struct, frozen=True):
    """MCID request (§3.31) or response (§3.32) indicators."""

    wanted: int
    """Request: identification requested; response: included."""
    holding: int = 0


class LoopPrevention(msgspec.Struct, frozen=True):
    """Loop prevention indicators (§3.67)."""

    response: int
    """0 request, 1 response."""
    result: int = 0


class CircuitMap(msgspec.Struct, frozen=True):
    """Circuit assignment map (§3.69)."""

    kind: int
    circuits: int
    """Bit n - 1: circuit n of the multirate connection."""


class DetectionAction(msgspec.Struct, frozen=True):
    """UID action (§3.78) or capability (§3.79) indicators."""

    through_connection: int = 0
    t9: int = 0


class ApplicationTransport(msgspec.Struct, frozen=True):
    """Application transport parameter (§3.82)."""

    context: int
    contents: bytes
    release: int = 0
    notify: int = 0
    first: int = 1
    """1 new sequence, 0 a later segment."""
    segments_left: int = 0
    reference: int | None = None


class PivotCapability(msgspec.Struct, frozen=True):
    """Pivot capability (§3.84)."""

    possible: int
    no_interworking: int = 0


class GeodeticLocation(msgspec.Struct, frozen=True):
    """Calling geodetic location (§3.88); the shape's octets as they stand."""

    shape: int
    contents: bytes
    presentation: int = 0
    screening: int = 1


class ForwardGvns(msgspec.Struct, frozen=True):
    """Forward global virtual network service (§3.66)."""

    provider: str
    user_group: str
    routing_number: str
    routing_plan: int = 1
    routing_nature: int = 4


class GenericName(msgspec.Struct, frozen=True):
    """Generic name (T1.113.3, ANSI only)."""

    text: str
    kind: int = 1
    not_available: int = 0
    presentation: int = 0


Contents = (
    int
    | bytes
    | str
    | Cause
    | Number
    | GenericNumber
    | NetworkDigits
    | RoutingNumber
    | CallReference
    | ConnectionRequest
    | OptionalForwardCall
    | OptionalBackwardCall
    | CallDiversion
    | Redirection
    | EchoControl
    | ClosedUserGroup
    | GenericDigits
    | Mlpp
    | UserService
    | UserTeleservice
    | UserToUserIndicators
    | UserToUser
    | MessageInstructions
    | Identification
    | LoopPrevention
    | CircuitMap
    | DetectionAction
    | ApplicationTransport
    | PivotCapability
    | GeodeticLocation
    | ForwardGvns
    | GenericName
    | tuple[Element, ...]
    | tuple[Tagged, ...]
    | tuple[ParameterInstructions, ...]
    | tuple[int, ...]
)
"""Every kind of typed contents; a parameter with one field is that number."""
