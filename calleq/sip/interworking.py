"""SIP and the telephone network: status codes, ISUP messages and causes (RFC 3398, RFC 3326).

Owns the tables and nothing that happens. Causes are numbers of Q.850.

Odd cases: a Reason of Q.850 in a message says more than its status and is taken first (RFC 6432);
488 and 606, which RFC 3398 leaves to Warning, are interworking; a cause that is in no table is
answered as its class: 480 for normal events, 503 for lack of resources, otherwise 500.
"""

from calleq.causes import CAUSE_NAMES, Q850
from calleq.sip.bounds import SipError
from calleq.sip.fields import Reason, parse_reason
from calleq.sip.message import Message

CAUSE_OF_STATUS = {
    400: 41,
    401: 21,
    402: 21,
    403: 21,
    404: 1,
    405: 63,
    406: 79,
    407: 21,
    408: 102,
    410: 22,
    413: 127,
    414: 127,
    415: 79,
    416: 127,
    420: 127,
    421: 127,
    423: 127,
    480: 18,
    481: 41,
    482: 25,
    483: 25,
    484: 28,
    485: 1,
    486: 17,
    487: 16,
    488: 127,
    500: 41,
    501: 79,
    502: 38,
    503: 41,
    504: 102,
    505: 127,
    513: 127,
    600: 17,
    603: 21,
    604: 1,
    606: 127,
}
"""RFC 3398 §8.2.6.1; 487, which it leaves out, follows a release of our own."""

STATUS_OF_CAUSE = {
    1: 404,
    2: 404,
    3: 404,
    16: 480,
    17: 486,
    18: 408,
    19: 480,
    20: 480,
    21: 403,
    22: 410,
    23: 410,
    26: 404,
    27: 502,
    28: 484,
    29: 501,
    31: 480,
    34: 503,
    38: 503,
    41: 503,
    42: 503,
    47: 503,
    55: 403,
    57: 403,
    58: 503,
    65: 488,
    70: 488,
    79: 501,
    87: 403,
    88: 503,
    102: 504,
    111: 500,
    127: 500,
}
"""RFC 3398 §7.2.4.1; 16, which usually ends a call that is up, refuses one that is not."""

STATUS_OF_BACKWARD = {
    ("ACM", "no indication"): 183,
    ("ACM", "subscriber free"): 180,
    ("CPG", "alerting"): 180,
    ("CPG", "progress"): 183,
    ("CPG", "in-band information"): 183,
    ("CPG", "forwarded on busy"): 181,
    ("CPG", "forwarded on no reply"): 181,
    ("CPG", "forwarded unconditionally"): 181,
    ("ANM", ""): 200,
    ("CON", ""): 200,
}
"""What a backward message, with its called party's status or its event, is to the SIP side
(RFC 3398 §7.2.5–7.2.9, Q.763 §3.5, §3.21)."""

BACKWARD_OF_STATUS = {
    180: (("ACM", "subscriber free"), ("CPG", "alerting")),
    181: (("ACM", "no indication"), ("CPG", "forwarded unconditionally")),
    182: (("ACM", "no indication"), ("CPG", "progress")),
    183: (("ACM", "no indication"), ("CPG", "in-band information")),
    200: (("CON", ""), ("ANM", "")),
}
"""What an answer is to the ISUP side: as the first backward message, and after an ACM (§8.2.3).
100 is nothing to it; other 2xx are 200."""

_NORMAL = range(1, 32)
_RESOURCES = range(32, 48)


def status_of_cause(cause: int) -> int:
    """How an INVITE is refused that an ISUP release with that cause ended.

    >>> status_of_cause(17), status_of_cause(25), status_of_cause(44), status_of_cause(99)
    (486, 480, 503, 500)
    """
    status = STATUS_OF_CAUSE.get(cause)
    if status is not None:
        return status
    if cause in _NORMAL:
        return STATUS_OF_CAUSE[Q850.NORMAL_UNSPECIFIED]
    return 503 if cause in _RESOURCES else 500


def cause_of_status(status: int) -> int:
    """The cause of the ISUP release for an INVITE that was refused so; those in no table have
    the cause of their class."""
    cause = CAUSE_OF_STATUS.get(status)
    if cause is not None:
        return cause
    return CAUSE_OF_STATUS.get(status // 100 * 100, Q850.INTERWORKING)


def reason_of_cause(cause: int) -> Reason:
    """The Reason of a BYE, CANCEL or refusal."""
    return Reason("Q.850", cause, CAUSE_NAMES.get(cause, ""))


def cause_of_message(message: Message) -> int | None:
    """The cause that a Reason of Q.850 in the message tells; None where there is none to read."""
    try:
        for value in message.values("reason"):
            reason = parse_reason(value)
            if reason.protocol.upper() == "Q.850" and reason.cause in range(1, 128):
                return reason.cause
    except SipError:
        return None
    return None
