"""Arguments and results of the CS-1 operations (ETS 300 374-1 §6, Q.1218), one struct each.

Fields marked CS-2 exist in dialogues of a CS-2 application context alone: encoding them in a CS-1
dialogue raises InapError, and what arrives there under their tags stays in `more`. Absent
optional parameters are None, absent lists empty. Numbers of the charging operations are octets of
the network's own making.
"""

import msgspec

from calleq.ss7.inap.interaction import CollectedDigits, InformationToSend
from calleq.ss7.inap.values import (
    AddressAndLeg,
    AddressAndSegment,
    AllSegmentsRelease,
    BasicGapCriteria,
    BcsmEvent,
    BearerCapability,
    CallSegmentRelease,
    CompoundCriteria,
    ControlType,
    EventInformation,
    EventTypeBCSM,
    Extensions,
    GapIndicators,
    GapTreatment,
    LegID,
    MiscCallInfo,
    RequestedInformation,
    RequestedInformationType,
    SegmentRequest,
    SegmentRequests,
    ServiceInteraction,
    TimerID,
    Unknown,
)
from calleq.ss7.isup.optional_types import (
    GenericDigits,
    GenericNumber,
    Number,
    Redirection,
    UserTeleservice,
)
from calleq.ss7.isup.values import CalledNumber, CallingNumber, Cause


class InitialDP(msgspec.Struct, frozen=True, kw_only=True):
    """SSF to SCF: a trigger was met, instructions are wanted."""

    service_key: int
    dialled_digits: CalledNumber | None = None
    called_party_number: CalledNumber | None = None
    calling_party_number: CallingNumber | None = None
    calling_party_business_group_id: bytes | None = None
    calling_partys_category: int | None = None
    """Q.763 §3.11: 10 ordinary subscriber, 15 payphone."""
    calling_party_subaddress: bytes | None = None
    cg_encountered: int | None = None
    """0 none, 1 manual call gap, 2 SCP overload."""
    ip_ssp_capabilities: bytes | None = None
    ip_available: bytes | None = None
    location_number: Number | None = None
    misc_call_info: MiscCallInfo | None = None
    original_called_party_id: Number | None = None
    service_profile_identifier: bytes | None = None
    terminal_type: int | None = None
    extensions: Extensions = ()
    trigger_type: int | None = None
    cause: Cause | None = None
    """CS-2."""
    high_layer_compatibility: UserTeleservice | None = None
    service_interaction_indicators: bytes | None = None
    additional_calling_party_number: GenericNumber | None = None
    forward_call_indicators: int | None = None
    """16 bits, the octet of bits H to A first (Q.763 §3.23)."""
    bearer_capability: BearerCapability | None = None
    event_type_bcsm: EventTypeBCSM | None = None
    redirecting_party_id: Number | None = None
    redirection_information: Redirection | None = None
    generic_numbers: tuple[GenericNumber, ...] = ()
    """CS-2."""
    service_interaction_two: ServiceInteraction | None = None
    """CS-2."""
    created_call_segment_association: int | None = None
    """CS-2."""
    more: Unknown = ()


class AssistRequestInstructions(msgspec.Struct, frozen=True):
    """SRF or assisting SSF to SCF, first in a dialogue of its own: here is the call you sent."""

    correlation_id: GenericNumber
    ip_available: bytes | None = None
    ip_ssp_capabilities: bytes | None = None
    extensions: Extensions = ()
    more: Unknown = ()


class EstablishTemporaryConnection(msgspec.Struct, frozen=True):
    """SCF to SSF: connect the party to a resource elsewhere, for a while."""

    assisting_ssp_ip_routing_address: GenericNumber
    correlation_id: GenericDigits | None = None
    party_to_connect: LegID | int | None = None
    """CS-2: a leg, or all of a call segment by its number."""
    scf_id: bytes | None = None
    extensions: Extensions = ()
    carrier: bytes | None = None
    service_interaction_indicators: bytes | None = None
    service_interaction_two: ServiceInteraction | None = None
    """CS-2."""
    more: Unknown = ()


class DisconnectForwardConnection(msgspec.Struct, frozen=True):
    """SCF to SSF: take the party back from its resource. No argument."""


class ConnectToResource(msgspec.Struct, frozen=True):
    """SCF to SSF: connect the party to a resource of the SSP or attached to it."""

    resource_address: CalledNumber | LegID | AddressAndLeg | int | AddressAndSegment | None = None
    """None: the SSP chooses. A number is a call segment (CS-2)."""
    extensions: Extensions = ()
    service_interaction_indicators: bytes | None = None
    service_interaction_two: ServiceInteraction | None = None
    """CS-2."""
    more: Unknown = ()


class Connect(msgspec.Struct, frozen=True, kw_only=True):
    """SCF to SSF: route the call to this destination."""

    destination_routing_address: tuple[CalledNumber, ...]
    """1 to 3 numbers: the first, then alternates."""
    alerting_pattern: bytes | None = None
    """3 octets."""
    correlation_id: GenericDigits | None = None
    cut_and_paste: int | None = None
    """Leading digits to be deleted; the others are put behind the routing address."""
    forwarding_condition: int | None = None
    """0 busy, 1 no answer, 2 any."""
    isdn_access_related_information: bytes | None = None
    original_called_party_id: Number | None = None
    route_list: tuple[bytes, ...] = ()
    """1 to 3 routes."""
    scf_id: bytes | None = None
    travelling_class_mark: bytes | None = None
    extensions: Extensions = ()
    carrier: bytes | None = None
    generic_numbers: tuple[GenericNumber, ...] = ()
    """CS-2."""
    service_interaction_two: ServiceInteraction | None = None
    """CS-2."""
    call_segment: int | None = None
    """CS-2."""
    leg_to_be_created: LegID | None = None
    """CS-2."""
    service_interaction_indicators: bytes | None = None
    calling_party_number: CallingNumber | None = None
    calling_partys_category: int | None = None
    redirecting_party_id: Number | None = None
    redirection_information: Redirection | None = None
    more: Unknown = ()


class ReleaseCall(msgspec.Struct, frozen=True):
    """SCF to SSF: release the call (a cause), or in CS-2 one or all call segments."""

    release: Cause | CallSegmentRelease | AllSegmentsRelease


class RequestReportBCSMEvent(msgspec.Struct, frozen=True):
    """SCF to SSF: arm, or with mode transparent disarm, these events."""

    bcsm_events: tuple[BcsmEvent, ...]
    """1 to 30."""
    bcsm_event_correlation_id: GenericDigits | None = None
    extensions: Extensions = ()
    more: Unknown = ()


class EventReportBCSM(msgspec.Struct, frozen=True):
    """SSF to SCF: an armed event was met."""

    event_type_bcsm: EventTypeBCSM
    leg_id: LegID | None = None
    information: EventInformation | None = None
    misc_call_info: MiscCallInfo = MiscCallInfo()
    """Request (the call waits) unless the event was armed to be notified."""
    bcsm_event_correlation_id: GenericDigits | None = None
    extensions: Extensions = ()
    more: Unknown = ()


class Continue(msgspec.Struct, frozen=True):
    """SCF to SSF: go on from the detection point. No argument."""


class InitiateCallAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """SCF to SSF: make a new call to one party."""

    destination_routing_address: tuple[CalledNumber, ...]
    """1 to 3 numbers."""
    alerting_pattern: bytes | None = None
    isdn_access_related_information: bytes | None = None
    travelling_class_mark: bytes | None = None
    extensions: Extensions = ()
    leg_to_be_created: LegID | None = None
    """CS-2; None: leg 1 of the sending side."""
    new_call_segment: int = 1
    """CS-2."""
    service_interaction_two: ServiceInteraction | None = None
    """CS-2."""
    carrier: bytes | None = None
    """CS-2."""
    correlation_id: GenericDigits | None = None
    """CS-2."""
    scf_id: bytes | None = None
    """CS-2."""
    service_interaction_indicators: bytes | None = None
    calling_party_number: CallingNumber | None = None
    more: Unknown = ()


class ResetTimer(msgspec.Struct, frozen=True):
    """SCF to SSF: start Tssf anew with this value, once."""

    timer_value_s: int
    timer_id: TimerID = TimerID.TSSF
    extensions: Extensions = ()
    call_segment: int | None = None
    """CS-2."""
    more: Unknown = ()


class FurnishChargingInformation(msgspec.Struct, frozen=True):
    """SCF to SSF: put this into the call record."""

    characteristics: bytes


class ApplyCharging(msgspec.Struct, frozen=True):
    """SCF to SSF: charge a party, and report."""

    characteristics: bytes
    party_to_charge: LegID | None = None
    """None: the A-party."""
    extensions: Extensions = ()
    more: Unknown = ()


class ApplyChargingReport(msgspec.Struct, frozen=True):
    """SSF to SCF: what was asked of ApplyCharging."""

    call_result: bytes


class CallGap(msgspec.Struct, frozen=True):
    """SCF to SSF: let fewer queries through."""

    gap_criteria: BasicGapCriteria | CompoundCriteria
    gap_indicators: GapIndicators
    control_type: ControlType | None = None
    gap_treatment: GapTreatment | None = None
    extensions: Extensions = ()
    more: Unknown = ()


class CallInformationReport(msgspec.Struct, frozen=True):
    """SSF to SCF: what CallInformationRequest asked for."""

    requested_information: tuple[RequestedInformation, ...]
    """1 to 5 items."""
    correlation_id: GenericDigits | None = None
    extensions: Extensions = ()
    leg_id: LegID | None = None
    """CS-2."""
    more: Unknown = ()


class CallInformationRequest(msgspec.Struct, frozen=True):
    """SCF to SSF: tell this at the end of the call."""

    requested_types: tuple[RequestedInformationType, ...]
    """1 to 5 items."""
    correlation_id: GenericDigits | None = None
    extensions: Extensions = ()
    leg_id: LegID | None = None
    """CS-2."""
    more: Unknown = ()


class PlayAnnouncement(msgspec.Struct, frozen=True):
    """SCF to SRF: play this. SpecializedResourceReport is linked to it."""

    information_to_send: InformationToSend
    disconnect_from_ip_forbidden: bool = True
    request_announcement_complete: bool = True
    extensions: Extensions = ()
    connected_party: LegID | int | None = None
    """CS-2: a leg, or all of a call segment by its number."""
    more: Unknown = ()


class PromptAndCollectUserInformation(msgspec.Struct, frozen=True):
    """SCF to SRF: play this, collect that. The result is `ReceivedInformation`."""

    collected_info: CollectedDigits | bool
    """Digits, or True for IA5 text."""
    disconnect_from_ip_forbidden: bool = True
    information_to_send: InformationToSend | None = None
    extensions: Extensions = ()
    call_segment: int | None = None
    """CS-2."""
    more: Unknown = ()


class ReceivedInformation(msgspec.Struct, frozen=True):
    """Result of PromptAndCollectUserInformation."""

    response: GenericDigits | str
    """Digits, or IA5 text."""


class SpecializedResourceReport(msgspec.Struct, frozen=True):
    """SRF to SCF, linked to PlayAnnouncement: it has been played. The argument is NULL."""


class Cancel(msgspec.Struct, frozen=True):
    """SCF to SSF or SRF: cancel one request by its invoke identifier, or (None) all of them."""

    what: int | SegmentRequest | SegmentRequests | None = None


class ActivityTest(msgspec.Struct, frozen=True):
    """Is the dialogue still there? No argument, an empty result."""
