"""Cause values of Q.850: those that calleq gives or acts on, and the names of all.

Owns the names people read in ladders and records. Values that Q.850 leaves unassigned have the name
of their class's "unspecified" value, as Q.850 §2.2.5 has a receiver treat them.
"""

from enum import IntEnum


class Q850(IntEnum):
    """The cause values that calleq itself gives or acts on (Q.850 §2.2.7).

    What a telephone or a far exchange says is passed on whatever it is.
    """

    UNALLOCATED = 1
    NO_ROUTE = 3
    NORMAL = 16
    USER_BUSY = 17
    NO_USER_RESPONDING = 18
    NO_ANSWER = 19
    SUBSCRIBER_ABSENT = 20
    REJECTED = 21
    NUMBER_CHANGED = 22
    ROUTING_ERROR = 25
    OUT_OF_ORDER = 27
    ADDRESS_INCOMPLETE = 28
    NORMAL_UNSPECIFIED = 31
    NO_CIRCUIT = 34
    NETWORK_OUT_OF_ORDER = 38
    TEMPORARY_FAILURE = 41
    CONGESTION = 42
    CIRCUIT_NOT_AVAILABLE = 44
    RESOURCE_UNAVAILABLE = 47
    NOT_SUBSCRIBED = 50
    BEARER_NOT_IMPLEMENTED = 65
    INVALID_REFERENCE = 81
    UNKNOWN_MESSAGE = 97
    UNKNOWN_PARAMETER = 99
    RECOVERY_ON_TIMER = 102
    PROTOCOL = 111
    INTERWORKING = 127


CAUSE_NAMES = {
    1: "unallocated number",
    2: "no route to transit network",
    3: "no route to destination",
    4: "send special information tone",
    5: "misdialled trunk prefix",
    6: "channel unacceptable",
    7: "call awarded and being delivered",
    8: "preemption",
    9: "preemption, circuit reserved for reuse",
    14: "query on release",
    16: "normal call clearing",
    17: "user busy",
    18: "no user responding",
    19: "no answer from user",
    20: "subscriber absent",
    21: "call rejected",
    22: "number changed",
    23: "redirection to new destination",
    24: "call rejected due to a feature at the destination",
    25: "exchange routing error",
    26: "non-selected user clearing",
    27: "destination out of order",
    28: "address incomplete",
    29: "facility rejected",
    30: "response to status enquiry",
    31: "normal, unspecified",
    34: "no circuit available",
    38: "network out of order",
    39: "permanent frame mode connection out of service",
    40: "permanent frame mode connection operational",
    41: "temporary failure",
    42: "switching equipment congestion",
    43: "access information discarded",
    44: "requested circuit not available",
    46: "precedence call blocked",
    47: "resource unavailable, unspecified",
    49: "quality of service not available",
    50: "requested facility not subscribed",
    53: "outgoing calls barred within closed user group",
    55: "incoming calls barred within closed user group",
    57: "bearer capability not authorized",
    58: "bearer capability not presently available",
    62: "inconsistent outgoing access information and subscriber class",
    63: "service or option not available, unspecified",
    65: "bearer capability not implemented",
    66: "channel type not implemented",
    69: "requested facility not implemented",
    70: "only restricted digital information bearer capability is available",
    79: "service or option not implemented, unspecified",
    81: "invalid call reference value",
    82: "identified channel does not exist",
    83: "a suspended call exists, but this call identity does not",
    84: "call identity in use",
    85: "no call suspended",
    86: "call having the requested call identity has been cleared",
    87: "user not member of closed user group",
    88: "incompatible destination",
    90: "non-existent closed user group",
    91: "invalid transit network selection",
    95: "invalid message, unspecified",
    96: "mandatory information element is missing",
    97: "message type non-existent or not implemented",
    98: "message not compatible with call state or not implemented",
    99: "parameter non-existent or not implemented",
    100: "invalid information element contents",
    101: "message not compatible with call state",
    102: "recovery on timer expiry",
    103: "parameter non-existent or not implemented, passed on",
    110: "message with unrecognized parameter, discarded",
    111: "protocol error, unspecified",
    127: "interworking, unspecified",
}
"""Q.850 Table 1, in lower case."""

_UNSPECIFIED_OF_CLASS = (31, 31, 47, 63, 79, 95, 111, 127)
_LOCATION_NAMES = {
    0: "user",
    1: "private network, local user",
    2: "public network, local user",
    3: "transit network",
    4: "public network, remote user",
    5: "private network, remote user",
    7: "international network",
    10: "network beyond interworking point",
}


def cause_name(value: int) -> str:
    """The name of a cause value (0 to 127); ValueError outside.

    >>> cause_name(17)
    'user busy'
    >>> cause_name(45)
    'resource unavailable, unspecified'
    """
    if not 0 <= value <= 127:
        raise ValueError(f"cause value {value}: 0 to 127 expected (Q.850 §2.2.5)")
    return CAUSE_NAMES.get(value) or CAUSE_NAMES[_UNSPECIFIED_OF_CLASS[value >> 4]]


def location_name(location: int) -> str:
    """Where a cause was generated, in words (Q.850 §2.2.3); spare codes by their number."""
    return _LOCATION_NAMES.get(location) or f"location {location}"
