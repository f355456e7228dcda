"""Operations, errors and parameters of INAP as the tester has them (ETS 300 374-1 §6, Q.1228).

Names are those of the ASN.1, but where two of one name differ (`assistCorrelationID`). Of an
operation: its code, how its parameters are wrapped, and under which tag each stands and what kind
of contents it has (`parameters`). `eventCause`, `connectTime` and `information_N` are not elements
of their own: they are inside `eventSpecificInformation` and `requestedInformation`, so that cases
can say them.
"""

from typing import Literal, NamedTuple

Wrapping = Literal["sequence", "choice", "octets", "null", "none"]


class Parameter(NamedTuple):
    """One parameter of an operation."""

    tag: int
    kind: str
    """A key of `parameters.KINDS`."""
    constructed: bool = False


class Format(NamedTuple):
    """One operation."""

    code: int
    wrapping: Wrapping = "none"
    parameters: dict[str, Parameter] = {}  # noqa: RUF012


_CALLED = Parameter(0, "destination", True)
_CALLING = "calling party"
_LEG = "leg"
_SEGMENT = "number"

OPERATIONS: dict[str, Format] = {
    "InitialDP": Format(
        0,
        "sequence",
        {
            "serviceKey": Parameter(0, "number"),
            "calledPartyNumber": Parameter(2, "called party"),
            "callingPartyNumber": Parameter(3, _CALLING),
            "callingPartysCategory": Parameter(5, "number"),
            "iPAvailable": Parameter(9, "octets"),
            "bearerCapability": Parameter(27, "octets", True),
            "eventTypeBCSM": Parameter(28, "event"),
        },
    ),
    "AssistRequestInstructions": Format(
        16,
        "sequence",
        {"assistCorrelationID": Parameter(0, "address"), "iPAvailable": Parameter(1, "octets")},
    ),
    "EstablishTemporaryConnection": Format(
        17,
        "sequence",
        {
            "assistingSSPIPRoutingAddress": Parameter(0, "address"),
            "correlationID": Parameter(1, "digits"),
            "legID": Parameter(2, _LEG, True),
            "scfID": Parameter(3, "octets"),
        },
    ),
    "DisconnectForwardConnection": Format(18),
    "ConnectToResource": Format(
        19,
        "sequence",
        {
            "iPRoutingAddress": Parameter(0, "called party"),
            "legID": Parameter(1, _LEG, True),
            "none": Parameter(3, "octets"),
            "callSegmentID": Parameter(5, _SEGMENT),
        },
    ),
    "Connect": Format(
        20,
        "sequence",
        {
            "destinationRoutingAddress": _CALLED,
            "cutAndPaste": Parameter(3, "number"),
            "callingPartyNumber": Parameter(27, _CALLING),
            "callSegmentID": Parameter(20, _SEGMENT),
            "legToBeCreated": Parameter(21, _LEG, True),
        },
    ),
    "ReleaseCall": Format(22, "octets", {"releaseCause": Parameter(0, "cause")}),
    "RequestReportBCSMEvent": Format(23, "sequence", {"bcsmEvents": Parameter(0, "events", True)}),
    "EventReportBCSM": Format(
        24,
        "sequence",
        {
            "eventTypeBCSM": Parameter(0, "event"),
            "eventSpecificInformation": Parameter(2, "octets", True),
            "legID": Parameter(3, _LEG, True),
            "miscCallInfo": Parameter(4, "answering", True),
        },
    ),
    "Continue": Format(31),
    "InitiateCallAttempt": Format(
        32,
        "sequence",
        {
            "destinationRoutingAddress": _CALLED,
            "callingPartyNumber": Parameter(30, _CALLING),
            "legToBeCreated": Parameter(5, _LEG, True),
            "newCallSegment": Parameter(6, _SEGMENT),
        },
    ),
    "ResetTimer": Format(
        33,
        "sequence",
        {
            "timerID": Parameter(0, "number"),
            "timervalue": Parameter(1, "number"),
            "callSegmentID": Parameter(3, _SEGMENT),
        },
    ),
    "FurnishChargingInformation": Format(
        34, "octets", {"billingCharacteristics": Parameter(0, "octets")}
    ),
    "ApplyCharging": Format(
        35,
        "sequence",
        {
            "billingCharacteristics": Parameter(0, "octets"),
            "partyToCharge": Parameter(2, _LEG, True),
        },
    ),
    "ApplyChargingReport": Format(36, "octets", {"callResult": Parameter(0, "octets")}),
    "CallGap": Format(
        41,
        "sequence",
        {
            "gapCriteria": Parameter(0, "gap criteria", True),
            "gapIndicators": Parameter(1, "gap indicators", True),
            "controlType": Parameter(2, "number"),
            "gapTreatment": Parameter(3, "gap treatment", True),
        },
    ),
    "CallInformationReport": Format(
        44,
        "sequence",
        {
            "requestedInformation": Parameter(0, "octets", True),
            "legID": Parameter(3, _LEG, True),
        },
    ),
    "CallInformationRequest": Format(
        45,
        "sequence",
        {
            "requestedInformationTypes": Parameter(0, "information types", True),
            "legID": Parameter(3, _LEG, True),
        },
    ),
    "PlayAnnouncement": Format(
        47,
        "sequence",
        {
            "informationToSend": Parameter(0, "information to send", True),
            "disconnectFromIPForbidden": Parameter(1, "boolean"),
            "requestAnnouncementComplete": Parameter(2, "boolean"),
        },
    ),
    "PromptAndCollectUserInformation": Format(
        48,
        "sequence",
        {
            "collectedInfo": Parameter(0, "collected info", True),
            "disconnectFromIPForbidden": Parameter(1, "boolean"),
            "informationToSend": Parameter(2, "information to send", True),
        },
    ),
    "SpecializedResourceReport": Format(49, "null"),
    "Cancel": Format(
        53,
        "choice",
        {"invokeID": Parameter(0, "number"), "allRequests": Parameter(1, "octets")},
    ),
    "ActivityTest": Format(55),
    "DisconnectForwardConnectionWithArgument": Format(
        86,
        "sequence",
        {"legID": Parameter(0, _LEG, True), "callSegmentID": Parameter(1, _SEGMENT)},
    ),
    "ContinueWithArgument": Format(
        88,
        "sequence",
        {"legID": Parameter(0, _LEG, True), "callSegmentID": Parameter(9, _SEGMENT)},
    ),
    "CreateCallSegmentAssociation": Format(89, "sequence"),
    "DisconnectLeg": Format(
        90,
        "sequence",
        {"legToBeReleased": Parameter(0, _LEG, True), "legReleaseCause": Parameter(1, "cause")},
    ),
    "MergeCallSegments": Format(
        91,
        "sequence",
        {
            "sourceCallSegment": Parameter(0, _SEGMENT),
            "targetCallSegment": Parameter(1, _SEGMENT),
        },
    ),
    "MoveLeg": Format(
        93,
        "sequence",
        {
            "legIDToMove": Parameter(0, _LEG, True),
            "targetCallSegment": Parameter(1, _SEGMENT),
        },
    ),
    "SplitLeg": Format(
        95,
        "sequence",
        {"legToBeSplit": Parameter(0, _LEG, True), "newCallSegment": Parameter(1, _SEGMENT)},
    ),
    "EntityReleased": Format(
        96,
        "choice",
        {
            "cSFailure": Parameter(0, "octets", True),
            "bCSMFailure": Parameter(1, "failed leg", True),
        },
    ),
}
"""By name (ETS 300 374-1 §6.4, Q.1228)."""
OPERATION_NAMES = {form.code: name for name, form in OPERATIONS.items()}

ERRORS = {
    "canceled": 0,
    "cancelFailed": 1,
    "eTCFailed": 3,
    "improperCallerResponse": 4,
    "missingCustomerRecord": 6,
    "missingParameter": 7,
    "parameterOutOfRange": 8,
    "requestedInfoError": 10,
    "systemFailure": 11,
    "taskRefused": 12,
    "unavailableResource": 13,
    "unexpectedComponentSequence": 14,
    "unexpectedDataValue": 15,
    "unexpectedParameter": 16,
    "unknownLegID": 17,
    "unknownResource": 18,
}
"""Codes of errors by name (ETS 300 374-1 §6.4)."""

EVENTS = {
    "origAttemptAuthorized": 1,
    "collectedInfo": 2,
    "analysedInformation": 3,
    "routeSelectFailure": 4,
    "oCalledPartyBusy": 5,
    "oNoAnswer": 6,
    "oAnswer": 7,
    "oMidCall": 8,
    "oDisconnect": 9,
    "oAbandon": 10,
    "termAttemptAuthorized": 12,
    "tBusy": 13,
    "tNoAnswer": 14,
    "tAnswer": 15,
    "tMidCall": 16,
    "tDisconnect": 17,
    "tAbandon": 18,
    "oTermSeized": 19,
    "callAccepted": 27,
}
"""Detection points (ETS 300 374-1 §6.3, EventTypeBCSM)."""

INFORMATION_OF = {
    4: 2,
    5: 3,
    6: 4,
    7: 5,
    9: 7,
    10: 21,
    13: 8,
    14: 9,
    15: 10,
    17: 12,
    18: 22,
    19: 13,
}
"""Which alternative of the event specific information an event has."""
MODES = {"interrupt": 0, "notify": 1, "transparent": 2}
INFORMATION_TYPES = {
    "callAttemptElapsedTime": 0,
    "callStopTime": 1,
    "callConnectedElapsedTime": 2,
    "calledAddress": 3,
    "releaseCause": 30,
}
CONTEXTS = {
    "cs1 ssp to scp": "04000101010000",
    "cs1 scp to ssp": "04000101010300",
    "cs1 ip to scp": "04000101010200",
    "cs1 traffic management": "04000101010400",
    "cs2 ssf to scf": "0400010114030400",
    "cs2 scf to ssf": "0400010114030800",
    "cs2 traffic management": "0400010114030a00",
    "no such": "04000101010900",
}
"""Application contexts (ETS 300 374-1 §6.5)."""
