"""The causes that a switch gives by itself (Q.850 §2.2.7), by name."""

from enum import IntEnum


class Q850(IntEnum):
    """Cause values. What a telephone or a far exchange says is passed on whatever it is."""

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
    UNSPECIFIED = 31
    NO_CIRCUIT = 34
    TEMPORARY_FAILURE = 41
    SWITCH_CONGESTION = 42
    CIRCUIT_NOT_AVAILABLE = 44
    BEARER_NOT_IMPLEMENTED = 65
    INVALID_REFERENCE = 81
    TIMER_EXPIRY = 102
