"""Words and shared contents of INAP parameters, typed.

Owns the enumerations (DP names, monitor modes, sides) and the structs that several operations
carry. Numbers, causes and bearer capabilities are ISUP's own types, for INAP carries ISUP octets.
A CHOICE is a union of Python types: the type of the value says which alternative it is.
"""

from enum import IntEnum

import msgspec

from calleq.ss7.inap.interaction import InformationToSend
from calleq.ss7.isup.optional_types import GenericNumber, UserService
from calleq.ss7.isup.values import CalledNumber, Cause


class EventTypeBCSM(IntEnum):
    """Detection points of both half call models (Q.1228 EventTypeBCSM; CS-1 has 1 to 18)."""

    ORIG_ATTEMPT_AUTHORIZED = 1
    COLLECTED_INFO = 2
    ANALYSED_INFORMATION = 3
    ROUTE_SELECT_FAILURE = 4
    O_CALLED_PARTY_BUSY = 5
    O_NO_ANSWER = 6
    O_ANSWER = 7
    O_MID_CALL = 8
    O_DISCONNECT = 9
    O_ABANDON = 10
    TERM_ATTEMPT_AUTHORIZED = 12
    T_BUSY = 13
    T_NO_ANSWER = 14
    T_ANSWER = 15
    T_MID_CALL = 16
    T_DISCONNECT = 17
    T_ABANDON = 18
    O_TERM_SEIZED = 19
    O_SUSPEND = 20
    T_SUSPEND = 21
    ORIG_ATTEMPT = 22
    TERM_ATTEMPT = 23
    O_RE_ANSWER = 24
    T_RE_ANSWER = 25
    FACILITY_SELECTED_AND_AVAILABLE = 26
    CALL_ACCEPTED = 27


class MonitorMode(IntEnum):
    """How an event detection point is armed."""

    INTERRUPTED = 0
    NOTIFY_AND_CONTINUE = 1
    TRANSPARENT = 2
    """Disarmed."""


class Side(IntEnum):
    """Who speaks of a leg: the tags of LegID."""

    SENDING = 0
    """The SCF to the SSF."""
    RECEIVING = 1
    """The SSF to the SCF."""


class LegID(msgspec.Struct, frozen=True, gc=False):
    """A party of a call: leg 1 is the controlling leg, 2 and on the passive ones."""

    leg: int
    side: Side = Side.SENDING


def sending(leg: int) -> LegID:
    """The leg as the SCF speaks of it."""
    return LegID(leg, Side.SENDING)


def receiving(leg: int) -> LegID:
    """The leg as the SSF speaks of it."""
    return LegID(leg, Side.RECEIVING)


class Criticality(IntEnum):
    """What a receiver does with an extension that it does not know."""

    IGNORE = 0
    ABORT = 1


class Extension(msgspec.Struct, frozen=True, gc=False):
    """One network-specific extension field."""

    kind: int | str
    """Local identifier, or in CS-2 an object identifier as "1.3.12.2"."""
    value: bytes
    """One BER element whole: tag, length and contents."""
    criticality: Criticality = Criticality.IGNORE


Extensions = tuple[Extension, ...]
Unknown = tuple[bytes, ...]
"""Parameters of later editions: elements whole, in the order of arrival, kept and sent on."""


class MessageType(IntEnum):
    """Whether a report waits for instructions."""

    REQUEST = 0
    NOTIFICATION = 1


class MiscCallInfo(msgspec.Struct, frozen=True, gc=False):
    """Whether the detection point is a request or a notification, and how it is assigned."""

    message_type: MessageType = MessageType.REQUEST
    dp_assignment: int | None = None
    """0 individual line, 1 group, 2 switch."""


class DpCriteria(msgspec.Struct, frozen=True, gc=False):
    """DpSpecificCriteria; exactly one field is given."""

    number_of_digits: int | None = None
    """1 to 255: of collectedInfo."""
    application_timer_s: int | None = None
    """0 to 2047 seconds: the SSF's no-answer time."""


class BcsmEvent(msgspec.Struct, frozen=True, gc=False):
    """One event to be armed, or with mode transparent disarmed."""

    event_type: EventTypeBCSM
    monitor_mode: MonitorMode
    leg_id: LegID | None = None
    criteria: DpCriteria | None = None


class EventInformation(msgspec.Struct, frozen=True, gc=False):
    """EventSpecificInformationBCSM: what the report of an event says beside its name."""

    event_type: EventTypeBCSM
    """The event whose alternative this is."""
    cause: Cause | None = None
    """Busy, disconnect, abandon, route select failure; no answer in CS-2 alone."""
    connect_time_ms100: int | None = None
    """Mid call and disconnect: tenths of a second from answer."""
    called_party_number: CalledNumber | None = None
    """Collected and analysed information, where it is mandatory."""


class TimerID(IntEnum):
    """Timers of the SSF that the SCF can reset."""

    TSSF = 0


class AddressAndLeg(msgspec.Struct, frozen=True, gc=False):
    """A resource by its routing address, for one leg."""

    address: CalledNumber
    leg_id: LegID


class AddressAndSegment(msgspec.Struct, frozen=True, gc=False):
    """A resource by its routing address, for all of a call segment (CS-2)."""

    address: CalledNumber
    call_segment: int


class GapOnService(msgspec.Struct, frozen=True, gc=False):
    """Gap criterion: the service, and if given the detection point."""

    service_key: int
    dp: EventTypeBCSM | None = None


class CalledAddressAndService(msgspec.Struct, frozen=True, gc=False):
    """Gap criterion: calls to numbers that begin so, of one service."""

    called_address: GenericNumber
    service_key: int


class CallingAddressAndService(msgspec.Struct, frozen=True, gc=False):
    """Gap criterion: calls from numbers that begin so, of one service."""

    calling_address: GenericNumber
    service_key: int


BasicGapCriteria = (
    GenericNumber | GapOnService | CalledAddressAndService | CallingAddressAndService | None
)
"""GenericNumber: calls to numbers that begin so. None: all traffic to the SCF (CS-2)."""


class CompoundCriteria(msgspec.Struct, frozen=True, gc=False):
    """A criterion that holds for queries to one SCF (CS-2)."""

    basic: BasicGapCriteria
    scf_id: bytes | None = None


class GapIndicators(msgspec.Struct, frozen=True, gc=False):
    """How hard and how long calls are gapped."""

    duration_s: int
    """0 ends gapping, -1 is endless, -2 as the network has it; else up to 86400."""
    interval_ms: int
    """Least time between two calls let through; 0 all pass, -1 none does; up to 60000."""


class ControlType(IntEnum):
    """Why calls are gapped; a manual gap outlives others."""

    SCP_OVERLOADED = 0
    MANUALLY_INITIATED = 1
    DESTINATION_OVERLOAD = 2


class AnnouncementAndCause(msgspec.Struct, frozen=True, gc=False):
    """Gap treatment: an announcement, then release."""

    information: InformationToSend
    cause: Cause


GapTreatment = InformationToSend | Cause | AnnouncementAndCause


class RequestedInformationType(IntEnum):
    """What a call information request asks for; also the tag of its value."""

    CALL_ATTEMPT_ELAPSED_TIME = 0
    CALL_STOP_TIME = 1
    CALL_CONNECTED_ELAPSED_TIME = 2
    CALLED_ADDRESS = 3
    RELEASE_CAUSE = 30


class RequestedInformation(msgspec.Struct, frozen=True, gc=False):
    """One item of a call information report; the kind says the type of the value."""

    kind: RequestedInformationType
    value: int | str | GenericNumber | Cause
    """Seconds (0 to 255); "YYMMDDHHMMSS"; tenths of a second; the address; the cause."""


class ServiceInteraction(msgspec.Struct, frozen=True, gc=False):
    """ServiceInteractionIndicatorsTwo (CS-2); the treatment indicators stay in `more`."""

    bothway_path_not_required: int | None = None
    """bothwayThroughConnectionInd: 0 required, 1 not required."""
    suspend_timer_s: int | None = None
    """0 to 120."""
    connected_number_treatment: int | None = None
    suppress_call_diversion_notification: bool | None = None
    suppress_call_transfer_notification: bool | None = None
    allow_called_number_presentation: bool | None = None
    user_dialogue_may_be_long: bool = True
    """The interaction may last longer than 90 s (ISUP T9 is held)."""
    more: Unknown = ()


class CallSegmentRelease(msgspec.Struct, frozen=True, gc=False):
    """ReleaseCall of one call segment (CS-2)."""

    call_segment: int
    cause: Cause | None = None


class AllSegmentsRelease(msgspec.Struct, frozen=True, gc=False):
    """ReleaseCall of every call segment of the association (CS-2)."""

    cause: Cause | None = None
    time_to_release_s: int | None = None


class SegmentRequest(msgspec.Struct, frozen=True, gc=False):
    """Cancel of one invoke in a call segment (CS-2)."""

    invoke_id: int
    call_segment: int


class SegmentRequests(msgspec.Struct, frozen=True, gc=False):
    """Cancel of all requests of a call segment (CS-2)."""

    call_segment: int


class CallSegmentFailure(msgspec.Struct, frozen=True, gc=False):
    """EntityReleased: a call segment is gone."""

    call_segment: int
    reason: bytes | None = None
    cause: Cause | None = None


class BcsmFailure(msgspec.Struct, frozen=True, gc=False):
    """EntityReleased: a call model, and its leg, are gone."""

    leg_id: LegID
    reason: bytes | None = None
    cause: Cause | None = None


class SegmentMove(msgspec.Struct, frozen=True, gc=False):
    """One call segment of MoveCallSegments, and its number at the target."""

    new: int
    source: int = 1


class LegMove(msgspec.Struct, frozen=True, gc=False):
    """One leg of MoveCallSegments, and its number at the target."""

    source: LegID
    new: LegID


BearerCapability = UserService | int
"""A Q.931 bearer capability, or a transmission medium requirement of ISUP (Q.763 §3.54)."""
