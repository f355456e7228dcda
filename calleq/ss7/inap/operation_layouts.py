"""The grammar of every argument of CS-1 as data (Q.1218, ETS 300 374-1), by operation code.

Components stand in the order of the standard, which is the order in which they are sent.
"""

from calleq.ss7.inap import arguments as a
from calleq.ss7.inap import layouts as of
from calleq.ss7.inap import values as v
from calleq.ss7.inap.errors import Version
from calleq.ss7.inap.layout import (
    Alternative,
    Boolean,
    Choice,
    Choices,
    Enumerated,
    Field,
    Integer,
    Kind,
    ListOf,
    Null,
    Sequence,
    Wrapped,
)
from calleq.ss7.inap.operations import OperationCode
from calleq.ss7.isup.values import Cause

CS2 = Version.CS2

INVOKE_ID = Integer(-128, 127)
_ADDRESSES = ListOf(of.CALLED, 1, of.ADDRESSES_LIMIT)
GENERIC_NUMBERS = ListOf(of.GENERIC_NUMBER, 1, of.GENERIC_NUMBERS_LIMIT, unordered=True)
_ROUTES = ListOf(of.NETWORK, 1, of.ROUTES_LIMIT)


def leg_or_segment(leg: int, segment: int) -> Choice:
    """CHOICE {legID, callSegmentID} under these tags."""
    return Choice(
        (
            Alternative(leg, (v.LegID,), of.LEG),
            Alternative(segment, (int,), of.CALL_SEGMENT),
        )
    )


INITIAL_DP = Sequence(
    a.InitialDP,
    (
        Field(0, "service_key", of.SERVICE_KEY),
        Field(1, "dialled_digits", of.CALLED),
        Field(2, "called_party_number", of.CALLED),
        Field(3, "calling_party_number", of.CALLING),
        Field(4, "calling_party_business_group_id", of.NETWORK),
        Field(5, "calling_partys_category", of.OCTET),
        Field(6, "calling_party_subaddress", of.NETWORK),
        Field(7, "cg_encountered", Choices(0, 2)),
        Field(8, "ip_ssp_capabilities", of.NETWORK),
        Field(9, "ip_available", of.NETWORK),
        Field(10, "location_number", of.NUMBER),
        Field(11, "misc_call_info", of.MISC_CALL_INFO),
        Field(12, "original_called_party_id", of.NUMBER),
        Field(13, "service_profile_identifier", of.NETWORK),
        Field(14, "terminal_type", Choices(0, 16)),
        Field(15, "extensions", of.EXTENSIONS),
        Field(16, "trigger_type", Choices(0, 127)),
        Field(23, "high_layer_compatibility", of.TELESERVICE),
        Field(24, "service_interaction_indicators", of.NETWORK),
        Field(25, "additional_calling_party_number", of.GENERIC_NUMBER),
        Field(26, "forward_call_indicators", of.PAIR),
        Field(27, "bearer_capability", of.BEARER_CAPABILITY),
        Field(28, "event_type_bcsm", of.EVENT_TYPE),
        Field(29, "redirecting_party_id", of.NUMBER),
        Field(30, "redirection_information", of.REDIRECTION),
        Field(17, "cause", of.CAUSE, CS2),
        Field(31, "generic_numbers", GENERIC_NUMBERS, CS2),
        Field(32, "service_interaction_two", of.SERVICE_INTERACTION, CS2),
        Field(34, "created_call_segment_association", of.CALL_SEGMENT, CS2),
    ),
)

CONNECT = Sequence(
    a.Connect,
    (
        Field(0, "destination_routing_address", _ADDRESSES),
        Field(1, "alerting_pattern", of.PATTERN),
        Field(2, "correlation_id", of.DIGITS),
        Field(3, "cut_and_paste", Integer(0, 22)),
        Field(4, "forwarding_condition", Choices(0, 2)),
        Field(5, "isdn_access_related_information", of.NETWORK),
        Field(6, "original_called_party_id", of.NUMBER),
        Field(7, "route_list", _ROUTES),
        Field(8, "scf_id", of.SCF_ID),
        Field(9, "travelling_class_mark", of.NETWORK),
        Field(10, "extensions", of.EXTENSIONS),
        Field(11, "carrier", of.CARRIER),
        Field(26, "service_interaction_indicators", of.NETWORK),
        Field(27, "calling_party_number", of.CALLING),
        Field(28, "calling_partys_category", of.OCTET),
        Field(29, "redirecting_party_id", of.NUMBER),
        Field(30, "redirection_information", of.REDIRECTION),
        Field(14, "generic_numbers", GENERIC_NUMBERS, CS2),
        Field(15, "service_interaction_two", of.SERVICE_INTERACTION, CS2),
        Field(20, "call_segment", of.CALL_SEGMENT, CS2),
        Field(21, "leg_to_be_created", of.LEG, CS2),
    ),
)

INITIATE_CALL_ATTEMPT = Sequence(
    a.InitiateCallAttempt,
    (
        Field(0, "destination_routing_address", _ADDRESSES),
        Field(1, "alerting_pattern", of.PATTERN),
        Field(2, "isdn_access_related_information", of.NETWORK),
        Field(3, "travelling_class_mark", of.NETWORK),
        Field(4, "extensions", of.EXTENSIONS),
        Field(29, "service_interaction_indicators", of.NETWORK),
        Field(30, "calling_party_number", of.CALLING),
        Field(5, "leg_to_be_created", of.LEG, CS2),
        Field(6, "new_call_segment", of.CALL_SEGMENT, CS2),
        Field(8, "service_interaction_two", of.SERVICE_INTERACTION, CS2),
        Field(9, "carrier", of.CARRIER, CS2),
        Field(10, "correlation_id", of.DIGITS, CS2),
        Field(11, "scf_id", of.SCF_ID, CS2),
    ),
)

ESTABLISH_TEMPORARY_CONNECTION = Sequence(
    a.EstablishTemporaryConnection,
    (
        Field(0, "assisting_ssp_ip_routing_address", of.GENERIC_NUMBER),
        Field(1, "correlation_id", of.DIGITS),
        Field(None, "party_to_connect", leg_or_segment(2, 7), CS2),
        Field(3, "scf_id", of.SCF_ID),
        Field(4, "extensions", of.EXTENSIONS),
        Field(5, "carrier", of.CARRIER),
        Field(30, "service_interaction_indicators", of.NETWORK),
        Field(6, "service_interaction_two", of.SERVICE_INTERACTION, CS2),
    ),
)

RELEASE_CALL = Wrapped(
    a.ReleaseCall,
    Choice(
        (
            Alternative(None, (Cause,), of.CAUSE),
            Alternative(
                1,
                (v.CallSegmentRelease,),
                Sequence(
                    v.CallSegmentRelease,
                    (Field(0, "call_segment", of.CALL_SEGMENT), Field(1, "cause", of.CAUSE)),
                ),
                CS2,
            ),
            Alternative(
                2,
                (v.AllSegmentsRelease,),
                Sequence(
                    v.AllSegmentsRelease,
                    (Field(0, "cause", of.CAUSE), Field(1, "time_to_release_s", of.INTEGER4)),
                ),
                CS2,
            ),
        )
    ),
)

CANCEL = Wrapped(
    a.Cancel,
    Choice(
        (
            Alternative(0, (int,), INVOKE_ID),
            Alternative(1, (type(None),), Null()),
            Alternative(
                2,
                (v.SegmentRequest,),
                Sequence(
                    v.SegmentRequest,
                    (Field(0, "invoke_id", INVOKE_ID), Field(1, "call_segment", of.CALL_SEGMENT)),
                ),
                CS2,
            ),
            Alternative(
                3,
                (v.SegmentRequests,),
                Wrapped(v.SegmentRequests, of.CALL_SEGMENT),
                CS2,
            ),
        )
    ),
)

CS1_ARGUMENTS: dict[int, Kind] = {
    OperationCode.INITIAL_DP: INITIAL_DP,
    OperationCode.ASSIST_REQUEST_INSTRUCTIONS: Sequence(
        a.AssistRequestInstructions,
        (
            Field(0, "correlation_id", of.GENERIC_NUMBER),
            Field(1, "ip_available", of.NETWORK),
            Field(2, "ip_ssp_capabilities", of.NETWORK),
            Field(3, "extensions", of.EXTENSIONS),
        ),
    ),
    OperationCode.ESTABLISH_TEMPORARY_CONNECTION: ESTABLISH_TEMPORARY_CONNECTION,
    OperationCode.CONNECT_TO_RESOURCE: Sequence(
        a.ConnectToResource,
        (
            Field(None, "resource_address", of.RESOURCE_ADDRESS),
            Field(4, "extensions", of.EXTENSIONS),
            Field(30, "service_interaction_indicators", of.NETWORK),
            Field(7, "service_interaction_two", of.SERVICE_INTERACTION, CS2),
        ),
    ),
    OperationCode.CONNECT: CONNECT,
    OperationCode.RELEASE_CALL: RELEASE_CALL,
    OperationCode.REQUEST_REPORT_BCSM_EVENT: Sequence(
        a.RequestReportBCSMEvent,
        (
            Field(0, "bcsm_events", ListOf(of.BCSM_EVENT, 1, of.EVENTS_LIMIT)),
            Field(1, "bcsm_event_correlation_id", of.DIGITS),
            Field(2, "extensions", of.EXTENSIONS),
        ),
    ),
    OperationCode.EVENT_REPORT_BCSM: Sequence(
        a.EventReportBCSM,
        (
            Field(0, "event_type_bcsm", of.EVENT_TYPE),
            Field(1, "bcsm_event_correlation_id", of.DIGITS),
            Field(2, "information", of.EVENT_INFORMATION),
            Field(3, "leg_id", of.LEG),
            Field(4, "misc_call_info", of.MISC_CALL_INFO),
            Field(5, "extensions", of.EXTENSIONS),
        ),
    ),
    OperationCode.INITIATE_CALL_ATTEMPT: INITIATE_CALL_ATTEMPT,
    OperationCode.RESET_TIMER: Sequence(
        a.ResetTimer,
        (
            Field(0, "timer_id", Enumerated(v.TimerID)),
            Field(1, "timer_value_s", of.INTEGER4),
            Field(2, "extensions", of.EXTENSIONS),
            Field(3, "call_segment", of.CALL_SEGMENT, CS2),
        ),
    ),
    OperationCode.FURNISH_CHARGING_INFORMATION: Wrapped(a.FurnishChargingInformation, of.NETWORK),
    OperationCode.APPLY_CHARGING: Sequence(
        a.ApplyCharging,
        (
            Field(0, "characteristics", of.NETWORK),
            Field(2, "party_to_charge", of.LEG),
            Field(3, "extensions", of.EXTENSIONS),
        ),
    ),
    OperationCode.APPLY_CHARGING_REPORT: Wrapped(a.ApplyChargingReport, of.NETWORK),
    OperationCode.CALL_GAP: Sequence(
        a.CallGap,
        (
            Field(0, "gap_criteria", of.GAP_CRITERIA),
            Field(1, "gap_indicators", of.GAP_INDICATORS),
            Field(2, "control_type", Enumerated(v.ControlType)),
            Field(3, "gap_treatment", of.GAP_TREATMENT),
            Field(4, "extensions", of.EXTENSIONS),
        ),
    ),
    OperationCode.CALL_INFORMATION_REPORT: Sequence(
        a.CallInformationReport,
        (
            Field(0, "requested_information", ListOf(of.REQUESTED_INFORMATION, 1, of.ITEMS_LIMIT)),
            Field(1, "correlation_id", of.DIGITS),
            Field(2, "extensions", of.EXTENSIONS),
            Field(3, "leg_id", of.LEG, CS2),
        ),
    ),
    OperationCode.CALL_INFORMATION_REQUEST: Sequence(
        a.CallInformationRequest,
        (
            Field(
                0,
                "requested_types",
                ListOf(Enumerated(v.RequestedInformationType), 1, of.ITEMS_LIMIT),
            ),
            Field(1, "correlation_id", of.DIGITS),
            Field(2, "extensions", of.EXTENSIONS),
            Field(3, "leg_id", of.LEG, CS2),
        ),
    ),
    OperationCode.PLAY_ANNOUNCEMENT: Sequence(
        a.PlayAnnouncement,
        (
            Field(0, "information_to_send", of.INFORMATION_TO_SEND),
            Field(1, "disconnect_from_ip_forbidden", Boolean()),
            Field(2, "request_announcement_complete", Boolean()),
            Field(3, "extensions", of.EXTENSIONS),
            Field(None, "connected_party", leg_or_segment(4, 5), CS2),
        ),
    ),
    OperationCode.PROMPT_AND_COLLECT_USER_INFORMATION: Sequence(
        a.PromptAndCollectUserInformation,
        (
            Field(0, "collected_info", of.COLLECTED_INFO),
            Field(1, "disconnect_from_ip_forbidden", Boolean()),
            Field(2, "information_to_send", of.INFORMATION_TO_SEND),
            Field(3, "extensions", of.EXTENSIONS),
            Field(4, "call_segment", of.CALL_SEGMENT, CS2),
        ),
    ),
    OperationCode.SPECIALIZED_RESOURCE_REPORT: Wrapped(a.SpecializedResourceReport, Null()),
    OperationCode.CANCEL: CANCEL,
}
