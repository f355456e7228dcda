"""One or more of every operation, result and error of INAP, with as much in it as it may have."""

from calleq.ss7.inap import arguments as a
from calleq.ss7.inap import party_handling as p
from calleq.ss7.inap import values as v
from calleq.ss7.inap.errors import ErrorCode, OperationError, Version
from calleq.ss7.inap.interaction import (
    CollectedDigits,
    ErrorTreatment,
    InbandInfo,
    MessageText,
    Tone,
    VariableDate,
    VariableMessage,
    VariablePrice,
    VariableTime,
)
from calleq.ss7.inap.octets import address, bcd
from calleq.ss7.inap.operations import Argument, Result, operation_of
from calleq.ss7.isup.optional_types import (
    GenericNumber,
    Number,
    Redirection,
    UserService,
    UserTeleservice,
)
from calleq.ss7.isup.values import CalledNumber, CallingNumber, Cause

CALLED = CalledNumber("18005550199")
CALLING = CallingNumber("12125550100")
NUMBER = Number("12125550123")
GENERIC = GenericNumber(6, NUMBER)
BUSY = Cause(17)
CLEARED = Cause(16)
EXTENSIONS = (v.Extension(1, b"\x01\x01\xff"), v.Extension(300, b"\x30\x03\x80\x01\x07"))
INSISTENT = (v.Extension(2, b"\x05\x00", v.Criticality.ABORT),)
NAMED = (v.Extension("1.3.12.2.1107.3.3.2", b"\x05\x00"),)
UNKNOWN = (b"\x9f\x50\x01\x07", b"\xbf\x51\x03\x80\x01\x01")
INTERACTION = v.ServiceInteraction(1, 30, 2, True, False, True, False)
EVENTS = (
    v.BcsmEvent(v.EventTypeBCSM.O_ANSWER, v.MonitorMode.INTERRUPTED, v.sending(1)),
    v.BcsmEvent(
        v.EventTypeBCSM.O_NO_ANSWER,
        v.MonitorMode.INTERRUPTED,
        v.sending(2),
        v.DpCriteria(application_timer_s=30),
    ),
    v.BcsmEvent(
        v.EventTypeBCSM.COLLECTED_INFO,
        v.MonitorMode.TRANSPARENT,
        criteria=v.DpCriteria(number_of_digits=7),
    ),
)
INITIAL_DP = a.InitialDP(
    service_key=800,
    called_party_number=CALLED,
    calling_party_number=CALLING,
    calling_partys_category=10,
    bearer_capability=UserService(0),
    event_type_bcsm=v.EventTypeBCSM.ANALYSED_INFORMATION,
)
"""Six parameters, as a trigger makes them."""

_SET_UP: tuple[Argument, ...] = (
    INITIAL_DP,
    a.InitialDP(
        service_key=2**31 - 1,
        dialled_digits=CALLED,
        calling_party_business_group_id=b"\x01\x02",
        calling_party_subaddress=b"\x80\x11",
        cg_encountered=1,
        ip_ssp_capabilities=b"\x03",
        ip_available=b"\x01",
        location_number=NUMBER,
        misc_call_info=v.MiscCallInfo(v.MessageType.NOTIFICATION, 2),
        original_called_party_id=NUMBER,
        service_profile_identifier=b"\x07",
        terminal_type=3,
        extensions=EXTENSIONS,
        trigger_type=13,
        high_layer_compatibility=UserTeleservice(1),
        service_interaction_indicators=b"\x01\x02\x03",
        additional_calling_party_number=GENERIC,
        forward_call_indicators=0x2001,
        bearer_capability=0,
        redirecting_party_id=NUMBER,
        redirection_information=Redirection(3, 1, 2, 1),
        more=UNKNOWN,
    ),
    a.Connect(destination_routing_address=(CALLED,)),
    a.Connect(
        destination_routing_address=(CALLED, CalledNumber("12125550123")),
        alerting_pattern=b"\x00\x00\x40",
        correlation_id=bcd("1000011"),
        cut_and_paste=2,
        forwarding_condition=1,
        isdn_access_related_information=b"\x03\x01\x80",
        original_called_party_id=NUMBER,
        route_list=(b"\x01", b"\x02\x03"),
        scf_id=b"\x01\x02\x03",
        travelling_class_mark=b"\x00\x00\x12",
        extensions=EXTENSIONS,
        carrier=b"\x01\x88",
        service_interaction_indicators=b"\x01",
        calling_party_number=CALLING,
        calling_partys_category=10,
        redirecting_party_id=NUMBER,
        redirection_information=Redirection(3, 1, 2, 1),
        more=UNKNOWN,
    ),
    a.InitiateCallAttempt(
        destination_routing_address=(CALLED,),
        alerting_pattern=b"\x00\x00\x40",
        isdn_access_related_information=b"\x03\x01\x80",
        travelling_class_mark=b"\x00\x00\x12",
        extensions=EXTENSIONS,
        service_interaction_indicators=b"\x01",
        calling_party_number=CALLING,
    ),
    a.ReleaseCall(CLEARED),
    a.Continue(),
)
_REPORTS: tuple[Argument, ...] = (
    a.RequestReportBCSMEvent(EVENTS, bcd("12"), EXTENSIONS, UNKNOWN),
    a.EventReportBCSM(
        v.EventTypeBCSM.O_DISCONNECT,
        v.receiving(1),
        v.EventInformation(v.EventTypeBCSM.O_DISCONNECT, CLEARED, 1234),
        extensions=EXTENSIONS,
    ),
    a.EventReportBCSM(
        v.EventTypeBCSM.O_CALLED_PARTY_BUSY,
        v.receiving(2),
        v.EventInformation(v.EventTypeBCSM.O_CALLED_PARTY_BUSY, BUSY),
        v.MiscCallInfo(v.MessageType.NOTIFICATION),
        bcd("1"),
    ),
    a.EventReportBCSM(
        v.EventTypeBCSM.COLLECTED_INFO,
        information=v.EventInformation(v.EventTypeBCSM.COLLECTED_INFO, called_party_number=CALLED),
    ),
    a.EventReportBCSM(
        v.EventTypeBCSM.O_ANSWER, v.receiving(1), v.EventInformation(v.EventTypeBCSM.O_ANSWER)
    ),
    a.ResetTimer(30),
    a.ResetTimer(300, extensions=EXTENSIONS),
    a.FurnishChargingInformation(b"\x01\x02\x03"),
    a.ApplyCharging(b"\xa0\x03\x80\x01\x01", v.sending(1), EXTENSIONS),
    a.ApplyCharging(b"\x01", extensions=INSISTENT),
    a.ApplyChargingReport(b"\xa0\x03\x80\x01\x01"),
    a.CallGap(address("1800"), v.GapIndicators(60, 500), v.ControlType.SCP_OVERLOADED, Cause(42)),
    a.CallGap(v.GapOnService(800), v.GapIndicators(-1, -1), None, InbandInfo(3)),
    a.CallGap(
        v.CalledAddressAndService(address("1800"), 800),
        v.GapIndicators(0, 0),
        v.ControlType.MANUALLY_INITIATED,
        v.AnnouncementAndCause(InbandInfo(3), Cause(42)),
        EXTENSIONS,
    ),
    a.CallGap(v.CallingAddressAndService(address("1212"), 800), v.GapIndicators(-2, 60_000)),
    a.CallInformationReport(
        (
            v.RequestedInformation(v.RequestedInformationType.CALL_ATTEMPT_ELAPSED_TIME, 7),
            v.RequestedInformation(v.RequestedInformationType.CALL_STOP_TIME, "261121180701"),
            v.RequestedInformation(v.RequestedInformationType.CALL_CONNECTED_ELAPSED_TIME, 99),
            v.RequestedInformation(v.RequestedInformationType.CALLED_ADDRESS, GENERIC),
            v.RequestedInformation(v.RequestedInformationType.RELEASE_CAUSE, CLEARED),
        ),
        bcd("77"),
        EXTENSIONS,
    ),
    a.CallInformationRequest(tuple(v.RequestedInformationType), bcd("77"), EXTENSIONS),
    a.Cancel(5),
    a.Cancel(),
    a.ActivityTest(),
)
_RESOURCES: tuple[Argument, ...] = (
    a.AssistRequestInstructions(address("1000011"), b"\x01", b"\x02", EXTENSIONS),
    a.EstablishTemporaryConnection(
        address("12125559"),
        bcd("1000011"),
        None,
        b"\x01\x02\x03",
        EXTENSIONS,
        b"\x01",
        b"\x02",
    ),
    a.DisconnectForwardConnection(),
    a.ConnectToResource(),
    a.ConnectToResource(CALLED, EXTENSIONS, b"\x01"),
    a.ConnectToResource(v.sending(1)),
    a.ConnectToResource(v.AddressAndLeg(CALLED, v.sending(2))),
    a.PlayAnnouncement(InbandInfo(7, 2, 30, 1), False, False, EXTENSIONS),
    a.PlayAnnouncement(InbandInfo((1, 2, 300))),
    a.PlayAnnouncement(InbandInfo(MessageText("Please hold.", b"\x01\x02"))),
    a.PlayAnnouncement(
        InbandInfo(
            VariableMessage(
                9,
                (
                    5,
                    bcd("421755"),
                    VariableTime("1807"),
                    VariableDate("261121"),
                    VariablePrice("00012345"),
                ),
            )
        )
    ),
    a.PlayAnnouncement(Tone(1, 5)),
    a.PlayAnnouncement("Please hold"),
    a.PromptAndCollectUserInformation(
        CollectedDigits(
            4, 2, "#", "*", "1", 10, 5, ErrorTreatment.REPEAT_PROMPT, False, True, True
        ),
        False,
        InbandInfo(9),
        EXTENSIONS,
    ),
    a.PromptAndCollectUserInformation(CollectedDigits(20, end_of_reply="##", cancel="*0")),
    a.PromptAndCollectUserInformation(True),
    a.SpecializedResourceReport(),
)
_CS2: tuple[Argument, ...] = (
    a.InitialDP(
        service_key=1,
        cause=BUSY,
        generic_numbers=(GENERIC, GENERIC),
        service_interaction_two=INTERACTION,
        created_call_segment_association=3,
        extensions=NAMED,
    ),
    a.Connect(
        destination_routing_address=(CALLED,),
        generic_numbers=(GENERIC,),
        service_interaction_two=v.ServiceInteraction(),
        call_segment=2,
        leg_to_be_created=v.sending(3),
    ),
    a.InitiateCallAttempt(
        destination_routing_address=(CALLED,),
        leg_to_be_created=v.sending(2),
        new_call_segment=2,
        service_interaction_two=INTERACTION,
        carrier=b"\x01",
        correlation_id=bcd("123"),
        scf_id=b"\x01\x02",
    ),
    a.EstablishTemporaryConnection(address("12125559"), bcd("1000011"), v.sending(1)),
    a.EstablishTemporaryConnection(address("12125559"), None, 2, None, NAMED),
    a.ConnectToResource(2, service_interaction_two=INTERACTION),
    a.ConnectToResource(v.AddressAndSegment(CALLED, 2)),
    a.ReleaseCall(v.CallSegmentRelease(2, CLEARED)),
    a.ReleaseCall(v.AllSegmentsRelease(CLEARED, 5)),
    a.ResetTimer(30, call_segment=2),
    a.CallGap(None, v.GapIndicators(60, 500)),
    a.CallGap(v.CompoundCriteria(address("1800"), b"\x01\x02"), v.GapIndicators(60, 500)),
    a.CallInformationRequest((v.RequestedInformationType.RELEASE_CAUSE,), leg_id=v.sending(2)),
    a.EventReportBCSM(
        v.EventTypeBCSM.O_ABANDON,
        v.receiving(1),
        v.EventInformation(v.EventTypeBCSM.O_ABANDON, CLEARED),
    ),
    a.EventReportBCSM(
        v.EventTypeBCSM.O_NO_ANSWER,
        v.receiving(2),
        v.EventInformation(v.EventTypeBCSM.O_NO_ANSWER, Cause(19)),
    ),
    a.PlayAnnouncement(InbandInfo(7), connected_party=v.sending(1)),
    a.PlayAnnouncement(InbandInfo(7), connected_party=2),
    a.PromptAndCollectUserInformation(CollectedDigits(1), call_segment=2),
    a.Cancel(v.SegmentRequest(5, 2)),
    a.Cancel(v.SegmentRequests(2)),
    p.DisconnectForwardConnectionWithArgument(v.sending(1), NAMED),
    p.DisconnectForwardConnectionWithArgument(2),
    p.ContinueWithArgument(
        leg_or_segment=v.sending(2),
        alerting_pattern=b"\x00\x00\x40",
        generic_name=b"\x01AB",
        extensions=NAMED,
        service_interaction_two=INTERACTION,
        original_called_party_id=NUMBER,
        calling_party_number=CALLING,
        calling_partys_category=10,
        redirecting_party_id=NUMBER,
        redirection_information=Redirection(3, 1, 2, 1),
        generic_numbers=(GENERIC,),
    ),
    p.ContinueWithArgument(leg_or_segment=2),
    p.CreateCallSegmentAssociation(),
    p.CreateCallSegmentAssociation(NAMED),
    p.DisconnectLeg(v.sending(2), CLEARED, NAMED),
    p.MergeCallSegments(2, 1, NAMED),
    p.MergeCallSegments(3, 2),
    p.MoveCallSegments(
        2,
        (v.SegmentMove(3), v.SegmentMove(5, 4)),
        (v.LegMove(v.sending(1), v.sending(2)),),
        NAMED,
    ),
    p.MoveLeg(v.sending(2), 1, NAMED),
    p.MoveLeg(v.sending(2), 3),
    p.Reconnect(10, b"\x00\x00\x40", "HELLO", NAMED, 2),
    p.SplitLeg(v.sending(2), 2, NAMED),
    p.EntityReleased(v.CallSegmentFailure(2, b"\x01", Cause(41))),
    p.EntityReleased(v.BcsmFailure(v.receiving(2), None, Cause(41))),
)
CS1_OPERATIONS = (*_SET_UP, *_REPORTS, *_RESOURCES)
"""Operations with what CS-1 has in them."""
CS2_OPERATIONS = (*CS1_OPERATIONS, *_CS2)
"""All of those, and what CS-2 adds."""
RESULTS: tuple[tuple[int, Result], ...] = (
    (48, a.ReceivedInformation(bcd("12#"))),
    (48, a.ReceivedInformation("YES")),
    (89, p.CallSegmentAssociationCreated(7, NAMED)),
)
"""Results by the code of their operation."""
ERRORS = tuple(
    OperationError(code, problem, operation)
    for code, problem, operation in (
        *((code, None, None) for code in ErrorCode if code not in (1, 10, 11, 12)),
        (ErrorCode.CANCEL_FAILED, 1, 5),
        (ErrorCode.REQUESTED_INFO_ERROR, 2, None),
        (ErrorCode.SYSTEM_FAILURE, 4, None),
        (ErrorCode.TASK_REFUSED, 2, None),
    )
)


def operations(version: Version) -> tuple[tuple[int, Argument], ...]:
    """Operations of a capability set with their codes."""
    chosen = CS1_OPERATIONS if version is Version.CS1 else CS2_OPERATIONS
    return tuple((int(operation_of(one).code), one) for one in chosen)
