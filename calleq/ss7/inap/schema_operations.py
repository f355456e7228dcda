"""The reference grammar of arguments, results and errors in pyasn1, by operation and error code."""

from functools import cache

from calleq.ss7.inap import schema as t
from calleq.ss7.inap.errors import Version
from calleq.ss7.inap.schema_parts import (
    Asn1,
    boolean,
    choice,
    default,
    enumerated,
    ia5,
    integer,
    list_of,
    may,
    must,
    null,
    octets,
    second,
    sequence,
)


def argument(code: int, version: Version) -> Asn1 | None:
    """The type of an argument; None where the operation has none, or the version not the code."""
    cs2 = version is Version.CS2
    types = {**_set_up(cs2), **_reports(cs2), **_management(cs2), **_resources(cs2)}
    return {**types, **_party_handling(cs2)}.get(code)


def result(code: int) -> Asn1 | None:
    """The type of a result; None where it is empty."""
    results = {
        48: choice(False, must(0, "digitsResponse", t.DIGITS), must(1, "iA5Response", ia5(1, 127))),
        89: sequence(
            True,
            must(0, "newCallSegmentAssociation", t.SEGMENT),
            may(1, "extensions", t.extensions(True)),
        ),
    }
    return results.get(code)


def error(code: int) -> Asn1 | None:
    """The type of the parameter of an error; None where it has none."""
    errors = {
        1: sequence(
            False, must(0, "problem", enumerated(0, 1, 2)), must(1, "operation", t.INVOKE_ID)
        ),
        10: enumerated(1, 2),
        11: enumerated(0, 1, 2, 3, 4, 5),
        12: enumerated(0, 1, 2),
    }
    return errors.get(code)


def _initial_dp(cs2: bool) -> Asn1:
    """InitialDPArg."""
    more = t.extensions(cs2)
    return sequence(
        cs2,
        must(0, "serviceKey", t.INTEGER4),
        may(1, "dialledDigits", t.CALLED),
        may(2, "calledPartyNumber", t.CALLED),
        may(3, "callingPartyNumber", t.CALLING),
        may(4, "callingPartyBusinessGroupID", t.OPERATOR),
        may(5, "callingPartysCategory", t.CATEGORY),
        may(6, "callingPartySubaddress", t.OPERATOR),
        may(7, "cGEncountered", enumerated(0, 1, 2)),
        may(8, "iPSSPCapabilities", t.OPERATOR),
        may(9, "iPAvailable", t.OPERATOR),
        may(10, "locationNumber", t.NUMBER),
        may(11, "miscCallInfo", t.MISC_CALL_INFO),
        may(12, "originalCalledPartyID", t.NUMBER),
        may(13, "serviceProfileIdentifier", t.OPERATOR),
        may(14, "terminalType", enumerated(*range(17))),
        may(15, "extensions", more),
        may(16, "triggerType", enumerated(*range(128))),
        may(23, "highLayerCompatibility", octets(2, 3)),
        may(24, "serviceInteractionIndicators", t.OPERATOR),
        may(25, "additionalCallingPartyNumber", t.GENERIC_NUMBER),
        may(26, "forwardCallIndicators", octets(2, 2)),
        may(27, "bearerCapability", t.BEARER_CAPABILITY),
        may(28, "eventTypeBCSM", t.EVENT_TYPE),
        may(29, "redirectingPartyID", t.NUMBER),
        may(30, "redirectionInformation", octets(2, 2)),
        second(may(17, "cause", t.CAUSE)),
        second(may(31, "genericNumbers", t.GENERIC_NUMBERS)),
        second(may(32, "serviceInteractionIndicatorsTwo", t.SERVICE_INTERACTION)),
        second(may(34, "createdCallSegmentAssociation", t.SEGMENT)),
    )


def _connect(cs2: bool) -> Asn1:
    """ConnectArg."""
    more = t.extensions(cs2)
    return sequence(
        cs2,
        must(0, "destinationRoutingAddress", t.ADDRESSES),
        may(1, "alertingPattern", t.PATTERN),
        may(2, "correlationID", t.DIGITS),
        may(3, "cutAndPaste", integer(0, 22)),
        may(4, "forwardingCondition", enumerated(0, 1, 2)),
        may(5, "iSDNAccessRelatedInformation", t.OPERATOR),
        may(6, "originalCalledPartyID", t.NUMBER),
        may(7, "routeList", list_of(t.OPERATOR, 1, 3)),
        may(8, "scfID", t.SCF_ID),
        may(9, "travellingClassMark", t.OPERATOR),
        may(10, "extensions", more),
        may(11, "carrier", t.OPERATOR),
        may(26, "serviceInteractionIndicators", t.OPERATOR),
        may(27, "callingPartyNumber", t.CALLING),
        may(28, "callingPartysCategory", t.CATEGORY),
        may(29, "redirectingPartyID", t.NUMBER),
        may(30, "redirectionInformation", octets(2, 2)),
        second(may(14, "genericNumbers", t.GENERIC_NUMBERS)),
        second(may(15, "serviceInteractionIndicatorsTwo", t.SERVICE_INTERACTION)),
        second(may(20, "callSegmentID", t.SEGMENT)),
        second(may(21, "legToBeCreated", t.LEG)),
    )


def _initiate_call_attempt(cs2: bool) -> Asn1:
    """InitiateCallAttemptArg."""
    more = t.extensions(cs2)
    return sequence(
        cs2,
        must(0, "destinationRoutingAddress", t.ADDRESSES),
        may(1, "alertingPattern", t.PATTERN),
        may(2, "iSDNAccessRelatedInformation", t.OPERATOR),
        may(3, "travellingClassMark", t.OPERATOR),
        may(4, "extensions", more),
        may(29, "serviceInteractionIndicators", t.OPERATOR),
        may(30, "callingPartyNumber", t.CALLING),
        second(may(5, "legToBeCreated", t.LEG)),
        second(default(6, "newCallSegment", t.SEGMENT, 1)),
        second(may(8, "serviceInteractionIndicatorsTwo", t.SERVICE_INTERACTION)),
        second(may(9, "carrier", t.OPERATOR)),
        second(may(10, "correlationID", t.DIGITS)),
        second(may(11, "scfID", t.SCF_ID)),
    )


def _release_call(cs2: bool) -> Asn1:
    """ReleaseCallArg."""
    segment_release = sequence(
        cs2, must(0, "callSegment", t.SEGMENT), may(1, "releaseCause", t.CAUSE)
    )
    all_release = sequence(
        cs2, may(0, "releaseCause", t.CAUSE), may(1, "timeToRelease", t.INTEGER4)
    )
    return choice(
        cs2,
        must(None, "initialCallSegment", t.CAUSE),
        second(must(1, "callSegmentToRelease", segment_release)),
        second(must(2, "allCallSegments", all_release)),
    )


@cache
def _set_up(cs2: bool) -> dict[int, Asn1]:
    """Triggering, routing, release."""
    return {
        0: _initial_dp(cs2),
        20: _connect(cs2),
        22: _release_call(cs2),
        32: _initiate_call_attempt(cs2),
    }


@cache
def _reports(cs2: bool) -> dict[int, Asn1]:
    """Events and charging."""
    more = t.extensions(cs2)
    return {
        23: sequence(
            cs2,
            must(0, "bcsmEvents", list_of(t.BCSM_EVENT, 1, 30)),
            may(1, "bcsmEventCorrelationID", t.DIGITS),
            may(2, "extensions", more),
        ),
        24: sequence(
            cs2,
            must(0, "eventTypeBCSM", t.EVENT_TYPE),
            may(1, "bcsmEventCorrelationID", t.DIGITS),
            may(2, "eventSpecificInformationBCSM", t.event_information(cs2)),
            may(3, "legID", t.LEG),
            default(4, "miscCallInfo", t.MISC_CALL_INFO, {"messageType": 0}),
            may(5, "extensions", more),
        ),
        33: sequence(
            cs2,
            default(0, "timerID", enumerated(0), 0),
            must(1, "timervalue", t.INTEGER4),
            may(2, "extensions", more),
            second(may(3, "callSegmentID", t.SEGMENT)),
        ),
        34: t.OPERATOR,
        35: sequence(
            cs2,
            must(0, "aChBillingChargingCharacteristics", t.OPERATOR),
            may(2, "partyToCharge", t.LEG),
            may(3, "extensions", more),
        ),
        36: t.OPERATOR,
    }


@cache
def _management(cs2: bool) -> dict[int, Asn1]:
    """Call gapping, call information, cancel."""
    more = t.extensions(cs2)
    return {
        41: sequence(
            cs2,
            must(0, "gapCriteria", t.gap_criteria(cs2)),
            must(1, "gapIndicators", t.GAP_INDICATORS),
            may(2, "controlType", enumerated(0, 1, 2)),
            may(3, "gapTreatment", t.GAP_TREATMENT),
            may(4, "extensions", more),
        ),
        44: sequence(
            cs2,
            must(0, "requestedInformationList", list_of(t.REQUESTED_INFORMATION, 1, 5)),
            may(1, "correlationID", t.DIGITS),
            may(2, "extensions", more),
            second(may(3, "legID", t.LEG)),
        ),
        45: sequence(
            cs2,
            must(0, "requestedInformationTypeList", list_of(t.REQUESTED_TYPE, 1, 5)),
            may(1, "correlationID", t.DIGITS),
            may(2, "extensions", more),
            second(may(3, "legID", t.LEG)),
        ),
        53: choice(
            cs2,
            must(0, "invokeID", t.INVOKE_ID),
            must(1, "allRequests", null()),
            second(
                must(
                    2,
                    "callSegmentToCancel",
                    sequence(
                        cs2, must(0, "invokeID", t.INVOKE_ID), must(1, "callSegmentID", t.SEGMENT)
                    ),
                )
            ),
            second(must(3, "allRequestsForCallSegment", t.SEGMENT)),
        ),
    }


@cache
def _resources(cs2: bool) -> dict[int, Asn1]:
    """The specialised resource and the way to it."""
    more = t.extensions(cs2)
    return {
        16: sequence(
            cs2,
            must(0, "correlationID", t.GENERIC_NUMBER),
            may(1, "iPAvailable", t.OPERATOR),
            may(2, "iPSSPCapabilities", t.OPERATOR),
            may(3, "extensions", more),
        ),
        17: sequence(
            cs2,
            must(0, "assistingSSPIPRoutingAddress", t.GENERIC_NUMBER),
            may(1, "correlationID", t.DIGITS),
            second(may(None, "partyToConnect", t.leg_or_segment(2, 7))),
            may(3, "scfID", t.SCF_ID),
            may(4, "extensions", more),
            may(5, "carrier", t.OPERATOR),
            may(30, "serviceInteractionIndicators", t.OPERATOR),
            second(may(6, "serviceInteractionIndicatorsTwo", t.SERVICE_INTERACTION)),
        ),
        19: sequence(
            cs2,
            must(None, "resourceAddress", t.resource_address(cs2)),
            may(4, "extensions", more),
            may(30, "serviceInteractionIndicators", t.OPERATOR),
            second(may(7, "serviceInteractionIndicatorsTwo", t.SERVICE_INTERACTION)),
        ),
        47: sequence(
            cs2,
            must(0, "informationToSend", t.INFORMATION_TO_SEND),
            default(1, "disconnectFromIPForbidden", boolean(), True),
            default(2, "requestAnnouncementComplete", boolean(), True),
            may(3, "extensions", more),
            second(may(None, "connectedParty", t.leg_or_segment(4, 5))),
        ),
        48: sequence(
            cs2,
            must(0, "collectedInfo", t.COLLECTED_INFO),
            default(1, "disconnectFromIPForbidden", boolean(), True),
            may(2, "informationToSend", t.INFORMATION_TO_SEND),
            may(3, "extensions", more),
            second(may(4, "callSegmentID", t.SEGMENT)),
        ),
        49: null(),
    }


@cache
def _party_handling(cs2: bool) -> dict[int, Asn1]:
    """The operations of CS-2."""
    if not cs2:
        return {}
    more = t.extensions(True)
    return {**_legs(more), **_segments(more)}


def _segments(more: Asn1) -> dict[int, Asn1]:
    """Of call segments and their associations."""
    segment_move = sequence(
        True,
        default(0, "sourceCallSegment", t.SEGMENT, 1),
        must(1, "newCallSegment", t.SEGMENT),
    )
    leg_move = sequence(True, must(0, "sourceLeg", t.LEG), must(1, "newLeg", t.LEG))
    gone = (may(1, "reason", t.OPERATOR), may(2, "cause", t.CAUSE))
    return {
        89: sequence(True, may(0, "extensions", more)),
        91: sequence(
            True,
            must(0, "sourceCallSegment", t.SEGMENT),
            default(1, "targetCallSegment", t.SEGMENT, 1),
            may(2, "extensions", more),
        ),
        92: sequence(
            True,
            must(0, "targetCallSegmentAssociation", t.SEGMENT),
            must(1, "callSegments", list_of(segment_move, 1, 127)),
            must(2, "legs", list_of(leg_move, 1, 127)),
            may(3, "extensions", more),
        ),
        96: choice(
            True,
            must(0, "cSFailure", sequence(True, must(0, "callSegmentID", t.SEGMENT), *gone)),
            must(1, "bCSMFailure", sequence(True, must(0, "legID", t.LEG), *gone)),
        ),
    }


def _legs(more: Asn1) -> dict[int, Asn1]:
    """Of legs."""
    return {
        86: sequence(
            True,
            must(None, "partyToDisconnect", t.leg_or_segment(0, 1)),
            may(2, "extensions", more),
        ),
        88: sequence(
            True,
            must(None, "legorCSID", t.leg_or_segment(0, 9)),
            may(1, "alertingPattern", t.PATTERN),
            may(2, "genericName", t.OPERATOR),
            may(6, "extensions", more),
            may(7, "serviceInteractionIndicatorsTwo", t.SERVICE_INTERACTION),
            may(10, "originalCalledPartyID", t.NUMBER),
            may(11, "callingPartyNumber", t.CALLING),
            may(12, "callingPartysCategory", t.CATEGORY),
            may(13, "redirectingPartyID", t.NUMBER),
            may(14, "redirectionInformation", octets(2, 2)),
            may(16, "genericNumbers", t.GENERIC_NUMBERS),
        ),
        90: sequence(
            True,
            must(0, "legToBeReleased", t.LEG),
            may(1, "releaseCause", t.CAUSE),
            may(2, "extensions", more),
        ),
        93: sequence(
            True,
            must(0, "legIDToMove", t.LEG),
            default(1, "targetCallSegment", t.SEGMENT, 1),
            may(2, "extensions", more),
        ),
        94: sequence(
            True,
            may(0, "notificationDuration", integer(0, 2047)),
            may(1, "alertingPattern", t.PATTERN),
            may(2, "displayInformation", ia5(1, 127)),
            may(3, "extensions", more),
            may(4, "callSegmentID", t.SEGMENT),
        ),
        95: sequence(
            True,
            must(0, "legToBeSplit", t.LEG),
            must(1, "newCallSegment", integer(2, 127)),
            may(2, "extensions", more),
        ),
    }
