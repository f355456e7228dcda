"""Wireshark's names of ISUP's fields: indicators, and what optional parameters hold."""

from collections.abc import Callable
from typing import Any

from calleq.ss7.isup import indicators
from calleq.ss7.isup import messages as m
from calleq.ss7.isup.indicators import Field

CIRCUIT_MAP = 0x25
"""Parameter 0x25: tshark 4.0 finds every circuit assignment map malformed, of whatever length."""
NO_SUCH_MESSAGE = (m.Unknown, m.Drs, m.Exm)
"""Warned of as unknown or reserved, the reserved ones rightly."""

FORWARD = "isup.forw_call_"
BACKWARD = "isup.backw_call_"
PLACES: dict[str, tuple[tuple[str, Field], ...]] = {
    "nature_of_connection": (
        ("isup.satellite_indicator", indicators.SATELLITE),
        ("isup.continuity_check_indicator", indicators.CONTINUITY_CHECK),
        ("isup.echo_control_device_indicator", indicators.ECHO_DEVICE_OUTGOING),
    ),
    "forward_call": (
        (f"{FORWARD}natnl_inatnl_call_indicator", indicators.INTERNATIONAL_CALL),
        (f"{FORWARD}end_to_end_method_indicator", indicators.FORWARD_END_TO_END_METHOD),
        (f"{FORWARD}interworking_indicator", indicators.FORWARD_INTERWORKING),
        (f"{FORWARD}end_to_end_information_indicator", indicators.FORWARD_END_TO_END),
        (f"{FORWARD}isdn_user_part_indicator", indicators.FORWARD_ISUP),
        (f"{FORWARD}preferences_indicator", indicators.ISUP_PREFERENCE),
        (f"{FORWARD}isdn_access_indicator", indicators.ORIGINATING_ACCESS_ISDN),
        (f"{FORWARD}sccp_method_indicator", indicators.FORWARD_SCCP_METHOD),
    ),
    "backward_call": (
        ("isup.charge_indicator", indicators.CHARGE),
        ("isup.called_partys_status_indicator", indicators.CALLED_STATUS),
        ("isup.called_partys_category_indicator", indicators.CALLED_CATEGORY),
        (f"{BACKWARD}end_to_end_method_indicator", indicators.BACKWARD_END_TO_END_METHOD),
        (f"{BACKWARD}interworking_indicator", indicators.BACKWARD_INTERWORKING),
        (f"{BACKWARD}end_to_end_information_indicator", indicators.BACKWARD_END_TO_END),
        (f"{BACKWARD}isdn_user_part_indicator", indicators.BACKWARD_ISUP),
        (f"{BACKWARD}holding_indicator", indicators.HOLDING),
        (f"{BACKWARD}isdn_access_indicator", indicators.TERMINATING_ACCESS_ISDN),
        (f"{BACKWARD}echo_control_device_indicator", indicators.ECHO_DEVICE_INCOMING),
        (f"{BACKWARD}sccp_method_indicator", indicators.BACKWARD_SCCP_METHOD),
    ),
    "event": (
        ("isup.event_ind", indicators.EVENT),
        ("isup.event_presentation_restr_ind", indicators.EVENT_RESTRICTED),
    ),
    "request": (
        ("isup.calling_party_address_request_indicator", indicators.REQUEST_CALLING_ADDRESS),
        ("isup.info_req_holding_indicator", indicators.REQUEST_HOLDING),
        ("isup.calling_partys_category_request_indicator", indicators.REQUEST_CATEGORY),
        ("isup.charge_information_request_indicator", indicators.REQUEST_CHARGE),
        ("isup.malicious_call_ident_request_indicator", indicators.REQUEST_MALICIOUS_CALL),
    ),
    "information": (
        ("isup.calling_party_address_response_indicator", indicators.CALLING_ADDRESS_RESPONSE),
        ("isup.hold_provided_indicator", indicators.HOLD_PROVIDED),
        ("isup.calling_partys_category_response_indicator", indicators.CATEGORY_RESPONSE),
        ("isup.charge_information_response_indicator", indicators.CHARGE_RESPONSE),
        ("isup.solicited_indicator", indicators.UNSOLICITED),
    ),
    "continuity": (("isup.continuity_indicator", indicators.CONTINUITY_SUCCESSFUL),),
    "by_network": (("isup.suspend_resume_indicator", indicators.INITIATED_BY_NETWORK),),
    "kind": (("isup.cgs_message_type", indicators.GROUP_SUPERVISION),),
}
"""tshark's name of each bit field of a mandatory parameter."""

PARAMETERS: dict[int, tuple[tuple[str, Callable[[Any], object]], ...]] = {
    0x01: (("isup.call_identity", lambda v: v.identity),),
    0x08: (
        ("isup.clg_call_ind", lambda v: v.closed_user_group),
        ("isup.simple_segmentation_ind", lambda v: v.segmented),
        ("isup.connected_line_identity_request_ind", lambda v: v.connected_line_requested),
    ),
    0x0B: (("isup.redirecting", lambda v: v.digits),),
    0x0C: (("isup.redirection_number", lambda v: v.digits),),
    0x0D: (
        ("isup.local_reference", lambda v: v.local_reference),
        ("isup.protocol_class", lambda v: v.protocol_class),
        ("isup.credit", lambda v: v.credit),
    ),
    0x13: (
        ("isup.redirecting_ind", lambda v: v.indicator),
        ("isup.original_redirection_reason", lambda v: v.original_reason),
        ("isup.redirection_counter", lambda v: v.counter),
        ("isup.redirection_reason", lambda v: v.reason),
    ),
    0x1A: (("isup.binary_code", lambda v: v.code),),
    0x21: (("isup.connected_number", lambda v: v.digits),),
    0x23: (
        ("isup.type_of_network_identification", lambda v: v.kind),
        ("isup.network_identification_plan", lambda v: v.plan),
    ),
    0x27: (("isup.automatic_congestion_level", lambda v: v),),
    0x28: (("isup.original_called_number", lambda v: v.digits),),
    0x29: (
        ("isup.inband_information_ind", lambda v: v.in_band),
        ("isup.call_diversion_may_occur_ind", lambda v: v.diversion_may_occur),
        ("isup.simple_segmentation_ind", lambda v: v.segmented),
        ("isup.mlpp_user", lambda v: v.mlpp_user),
    ),
    0x2A: (("isup.UUI_type", lambda v: v.response),),
    0x2C: (("isup.notification_indicator", lambda v: v),),
    0x2D: (("isup.call_history_info", lambda v: v),),
    0x2E: (("isup.access_delivery_ind", lambda v: v),),
    0x31: (("isup.propagation_delay_counter", lambda v: v),),
    0x3A: (
        ("isup.look_forward_busy", lambda v: v.look_ahead),
        ("isup.precedence_level", lambda v: v.level),
        ("isup.mlpp_service_domain", lambda v: v.domain),
    ),
    0x3D: (("isup.hop_counter", lambda v: v),),
    0x3F: (("isup.location_number", lambda v: v.digits),),
    0x44: (("isup.loop_prevention_indicator_type", lambda v: v.response),),
    0x45: (("isup.call_transfer_number", lambda v: v.digits),),
    0x5B: (("isup.temporary_alternative_routing_ind", lambda v: v),),
    0x6E: (("isup.call_to_be_diverted_ind", lambda v: v),),
    0x6F: (("isup.called_in_number", lambda v: v.digits),),
    0x70: (("isup.call_to_be_offered_ind", lambda v: v),),
    0x72: (("isup.conference_acceptance_ind", lambda v: v),),
    0x78: (
        ("isup.app_context_identifier", lambda v: v.context),
        ("isup.app_Release_call_indicator", lambda v: v.release),
        ("isup.app_Send_notification_ind", lambda v: v.notify),
        ("isup.apm_segmentation_ind", lambda v: v.segments_left),
        ("isup.APM_Sequence_ind", lambda v: v.first),
    ),
    0xC0: (
        ("isup.generic_number", lambda v: v.number.digits),
        ("isup.number_qualifier_indicator", lambda v: v.qualifier),
    ),
}
"""tshark's name of each field of an optional parameter, where it has one of its own."""
