"""The reference grammar of INAP in pyasn1, which the codec is proved equal to.

The types and names are those of Q.1218 (CS-1) and Q.1228 (CS-2), as far as `arguments` and
`party_handling` have them. Nothing here is shared with the layouts of the codec, so that a tag that
is wrong in one of them is found out. It serves tests; pyasn1 is needed for nothing else.

Here are the data types; `schema_operations` has the parameters of operations and errors.
"""

from functools import cache

from calleq.ss7.inap.schema_parts import (
    Asn1,
    any_integer,
    anything,
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
    object_identifier,
    octets,
    second,
    sequence,
    set_of,
)

OPERATOR_OCTETS = 255
INTEGER4 = integer(0, 2**31 - 1)
SEGMENT = integer(1, 127)
INVOKE_ID = integer(-128, 127)
OPERATOR = octets(1, OPERATOR_OCTETS)
CALLED = octets(3, 18)
CALLING = octets(2, 18)
NUMBER = octets(2, 18)
GENERIC_NUMBER = octets(3, 19)
DIGITS = octets(1, OPERATOR_OCTETS)
CAUSE = octets(2, 32)
SCF_ID = octets(2, 20)
PATTERN = octets(3, 3)
CATEGORY = octets(1, 1)
EVENT_TYPE = enumerated(*range(1, 11), *range(12, 28))
ADDRESSES = list_of(CALLED, 1, 3)
GENERIC_NUMBERS = set_of(GENERIC_NUMBER, 1, 5)
LEG = choice(
    False, must(0, "sendingSideID", octets(1, 1)), must(1, "receivingSideID", octets(1, 1))
)
MISC_CALL_INFO = sequence(
    False,
    must(0, "messageType", enumerated(0, 1)),
    may(1, "dpAssignment", enumerated(0, 1, 2)),
)


@cache
def extensions(cs2: bool) -> Asn1:
    """Extensions: local types, in CS-2 object identifiers too."""
    local = any_integer()
    kind = choice(cs2, must(None, "local", local), must(None, "global", object_identifier()))
    return list_of(
        sequence(
            cs2,
            must(None, "type", kind if cs2 else local),
            default(None, "criticality", enumerated(0, 1), 0),
            must(1, "value", anything()),
        ),
        1,
        10,
    )


SERVICE_INTERACTION = sequence(
    True,
    may(2, "bothwayThroughConnectionInd", enumerated(0, 1)),
    may(3, "suspendTimer", integer(0, 120)),
    may(4, "connectedNumberTreatmentInd", enumerated(0, 1, 2, 3)),
    may(5, "suppressCallDiversionNotification", boolean()),
    may(6, "suppressCallTransferNotification", boolean()),
    may(7, "allowCdINNoPresentationInd", boolean()),
    default(8, "userDialogueDurationInd", boolean(), True),
)
MESSAGE_ID = choice(
    False,
    must(0, "elementaryMessageID", INTEGER4),
    must(
        1,
        "text",
        sequence(
            False, must(0, "messageContent", ia5(1, 127)), may(1, "attributes", octets(2, 10))
        ),
    ),
    must(29, "elementaryMessageIDs", list_of(INTEGER4, 1, 16)),
    must(
        30,
        "variableMessage",
        sequence(
            False,
            must(0, "elementaryMessageID", INTEGER4),
            must(
                1,
                "variableParts",
                list_of(
                    choice(
                        False,
                        must(0, "integer", INTEGER4),
                        must(1, "number", DIGITS),
                        must(2, "time", octets(2, 2)),
                        must(3, "date", octets(3, 3)),
                        must(4, "price", octets(4, 4)),
                    ),
                    1,
                    5,
                ),
            ),
        ),
    ),
)
INFORMATION_TO_SEND = choice(
    False,
    must(
        0,
        "inbandInfo",
        sequence(
            False,
            must(0, "messageID", MESSAGE_ID),
            may(1, "numberOfRepetitions", integer(1, 127)),
            may(2, "duration", integer(0, 32767)),
            may(3, "interval", integer(0, 32767)),
        ),
    ),
    must(1, "tone", sequence(False, must(0, "toneID", INTEGER4), may(1, "duration", INTEGER4))),
    must(2, "displayInformation", ia5(1, 127)),
)
COLLECTED_DIGITS = sequence(
    False,
    default(0, "minimumNbOfDigits", integer(1, 127), 1),
    must(1, "maximumNbOfDigits", integer(1, 127)),
    may(2, "endOfReplyDigit", octets(1, 2)),
    may(3, "cancelDigit", octets(1, 2)),
    may(4, "startDigit", octets(1, 2)),
    may(5, "firstDigitTimeOut", integer(1, 127)),
    may(6, "interDigitTimeOut", integer(1, 127)),
    default(7, "errorTreatment", enumerated(0, 1, 2), 0),
    default(8, "interruptableAnnInd", boolean(), True),
    default(9, "voiceInformation", boolean(), False),
    default(10, "voiceBack", boolean(), False),
)
COLLECTED_INFO = choice(
    False, must(0, "collectedDigits", COLLECTED_DIGITS), must(1, "iA5Information", boolean())
)


def leg_or_segment(leg: int, segment: int) -> Asn1:
    """CHOICE {legID, callSegmentID}."""
    return choice(True, must(leg, "legID", LEG), must(segment, "callSegmentID", SEGMENT))


@cache
def event_information(cs2: bool) -> Asn1:
    """EventSpecificInformationBCSM."""
    called = sequence(cs2, must(0, "calledPartynumber", CALLED))
    cause = sequence(cs2, may(0, "cause", CAUSE))
    unanswered = sequence(cs2, second(may(0, "cause", CAUSE)))
    during = sequence(cs2, may(0, "connectTime", INTEGER4))
    disconnected = sequence(cs2, may(0, "releaseCause", CAUSE), may(1, "connectTime", INTEGER4))
    nothing = sequence(cs2)
    return choice(
        cs2,
        must(0, "collectedInfoSpecificInfo", called),
        must(1, "analysedInfoSpecificInfo", called),
        must(2, "routeSelectFailureSpecificInfo", cause),
        must(3, "oCalledPartyBusySpecificInfo", cause),
        must(4, "oNoAnswerSpecificInfo", unanswered),
        must(5, "oAnswerSpecificInfo", nothing),
        must(6, "oMidCallSpecificInfo", during),
        must(7, "oDisconnectSpecificInfo", disconnected),
        must(8, "tBusySpecificInfo", cause),
        must(9, "tNoAnswerSpecificInfo", unanswered),
        must(10, "tAnswerSpecificInfo", nothing),
        must(11, "tMidCallSpecificInfo", during),
        must(12, "tDisconnectSpecificInfo", disconnected),
        second(must(13, "oTermSeizedSpecificInfo", nothing)),
        second(must(14, "oSuspend", nothing)),
        second(must(15, "tSuspend", nothing)),
        second(must(16, "origAttemptAuthorized", nothing)),
        second(must(17, "oReAnswer", nothing)),
        second(must(18, "tReAnswer", nothing)),
        second(must(19, "facilitySelectedAndAvailable", nothing)),
        second(must(20, "callAccepted", nothing)),
        second(must(21, "oAbandon", cause)),
        second(must(22, "tAbandon", cause)),
    )


BEARER_CAPABILITY = choice(False, must(0, "bearerCap", octets(2, 11)), must(1, "tmr", octets(1, 1)))
BCSM_EVENT = sequence(
    False,
    must(0, "eventTypeBCSM", EVENT_TYPE),
    must(1, "monitorMode", enumerated(0, 1, 2)),
    may(2, "legID", LEG),
    may(
        30,
        "dpSpecificCriteria",
        choice(
            False,
            must(0, "numberOfDigits", integer(1, 255)),
            must(1, "applicationTimer", integer(0, 2047)),
        ),
    ),
)
GAP_INDICATORS = sequence(
    False, must(0, "duration", integer(-2, 86400)), must(1, "gapInterval", integer(-1, 60000))
)
GAP_TREATMENT = choice(
    False,
    must(0, "informationToSend", INFORMATION_TO_SEND),
    must(1, "releaseCause", CAUSE),
    must(
        2,
        "both",
        sequence(
            False,
            must(0, "informationToSend", INFORMATION_TO_SEND),
            must(1, "releaseCause", CAUSE),
        ),
    ),
)


@cache
def gap_criteria(cs2: bool) -> Asn1:
    """GapCriteria; CS-2 adds all traffic, and the compound of a criterion and an SCF."""
    service = sequence(cs2, must(0, "serviceKey", INTEGER4), may(1, "dpCriteria", EVENT_TYPE))
    called = sequence(
        cs2, must(0, "calledAddressValue", GENERIC_NUMBER), must(1, "serviceKey", INTEGER4)
    )
    calling = sequence(
        cs2, must(0, "callingAddressValue", GENERIC_NUMBER), must(1, "serviceKey", INTEGER4)
    )
    basic = (
        must(0, "calledAddressValue", GENERIC_NUMBER),
        must(2, "gapOnService", service),
        second(must(3, "gapAllInTraffic", null())),
        must(29, "calledAddressAndService", called),
        must(30, "callingAddressAndService", calling),
    )
    compound = sequence(
        cs2, must(0, "basicGapCriteria", choice(cs2, *basic)), may(1, "scfID", SCF_ID)
    )
    return choice(cs2, *basic, second(must(None, "compoundCapCriteria", compound)))


REQUESTED_VALUE = choice(
    False,
    must(0, "callAttemptElapsedTimeValue", integer(0, 255)),
    must(1, "callStopTimeValue", octets(6, 6)),
    must(2, "callConnectedElapsedTimeValue", INTEGER4),
    must(3, "calledAddressValue", GENERIC_NUMBER),
    must(30, "releaseCauseValue", CAUSE),
)
REQUESTED_TYPE = enumerated(0, 1, 2, 3, 30)
REQUESTED_INFORMATION = sequence(
    False,
    must(0, "requestedInformationType", REQUESTED_TYPE),
    must(1, "requestedInformationValue", REQUESTED_VALUE),
)


@cache
def resource_address(cs2: bool) -> Asn1:
    """The resource of ConnectToResource."""
    with_leg = sequence(cs2, must(0, "ipRoutingAddress", CALLED), must(1, "legID", LEG))
    with_segment = sequence(
        cs2, must(0, "ipRoutingAddress", CALLED), must(1, "callSegmentID", SEGMENT)
    )
    return choice(
        cs2,
        must(0, "ipRoutingAddress", CALLED),
        must(1, "legID", LEG),
        must(2, "ipAddressAndLegID", with_leg),
        must(3, "none", null()),
        second(must(5, "callSegmentID", SEGMENT)),
        second(must(6, "ipAddressAndCallSegment", with_segment)),
    )
