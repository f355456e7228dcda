"""What one call is to be, how it is to be made, and how its ending is named.

Owns the request and the policy of a call, every limit of the machine, and the maps from a Q.850
cause to a final state. It refuses nothing: the door has checked what stands here.
"""

from typing import Literal

import msgspec

from calleq.call.consent import Consent
from calleq.causes import Q850
from calleq.units import HOUR_US, SECOND_US

ATTEMPTS_LIMIT = 3
"""Representatives dialled for one call, the one the message names included."""
RESERVE_LIMIT_US = 5 * SECOND_US
FIND_LIMIT_US = 5 * SECOND_US
RING_GRACE_US = 5 * SECOND_US
"""What the equipment may take beyond the ring limit to report that nobody answered."""
DETECTION_LIMIT_US = 2 * SECOND_US
"""The representative's dialling waits no longer than this for the verdict on the customer."""
DETECTION_MARGIN_US = SECOND_US // 10
"""The detector is given this much less, so that its verdict is in time."""
HOLD_LIMIT_US = HOUR_US
"""How long a customer is not rung at most because nobody is likely to be free."""
QUESTION_LIMIT_US = 120 * SECOND_US
"""The question of consent, however often it is asked; then the customer is taken leave of."""
QUESTION_TRIES = 2
"""How often the question is asked where a policy says nothing."""
QUESTION_TRIES_LIMIT = 3
ANSWER_LIMIT_US = 5 * SECOND_US
"""How long an answer is awaited where a policy says nothing, counted from the question's end."""
ANSWER_LIMITS_US = (SECOND_US, 10 * SECOND_US)
"""The shortest and the longest wait for an answer."""
NOTICE_FIRST_US = 4 * SECOND_US
"""Music between an announcement during which an attempt was lost, and "all are busy"."""
NOTICE_INTERVAL_US = 20 * SECOND_US
"""Music between one "all our representatives are busy" and the next."""
WHISPER_LIMIT_US = 15 * SECOND_US
"""Whisper and what is left of the announcement up to the name; then the call is joined anyway."""
JOIN_LIMIT_US = 5 * SECOND_US
CALL_LIMIT_US = 4 * HOUR_US
APOLOGY_LIMIT_US = 30 * SECOND_US
RELEASE_LIMIT_US = 20 * SECOND_US
"""Beyond T1 of Q.764, so that a REL whose RLC was lost is repeated once before the call ends."""

DialFirst = Literal["customer", "agent"]


class CallRequest(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Who is to be connected with whom."""

    call: str
    customer: str
    caller: str
    """What the customer sees as the caller: the business's number."""
    representative: str = ""
    """The one the message names; empty: the equipment finds one."""
    customer_presented: str = ""
    """What the representative sees as the caller; empty when it must not be presented."""


class Policy(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How the call is made, as business and message want it, and what is said in it."""

    ring_limit_us: int
    announcement: str
    name_mark: str
    """The part of the announcement that is never cut, the business's name; empty: no name."""
    whisper: str
    apology: str
    dial_first: DialFirst = "customer"
    detect_machine: bool = False
    hunt: bool = True
    """False: only the representative that the message names is dialled."""
    busy_notice: str = ""
    """"All our representatives are busy", while the hunt goes on; empty: music alone."""
    consent: Consent = "none"
    """Whether the customer is asked before a representative is rung: customer first alone."""
    question: str = ""
    question_again: str = ""
    """After a wrong code; empty: the same question."""
    question_tries: int = QUESTION_TRIES
    answer_limit_us: int = ANSWER_LIMIT_US
    goodbye: str = ""
    """To a customer who wants nobody rung."""
    talk_limit_us: int = 0
    """The call is ended when both have talked for so long; 0: at `CALL_LIMIT_US`."""
    announcement_limit_us: int = 0
    """The most that the customer is kept waiting by announcement and music until a representative
    answers; 0: no limit."""
    hold_limit_us: int = 0
    """How long the customer is not rung at most while no representative is likely to be free; 0:
    the customer is rung at once."""
    opted_out: str = ""
    """... who never wants to be called by this business again."""


CUSTOMER_FINALS: dict[int, str] = {
    Q850.NORMAL: "customer_abandoned",  # hung up before the answer was written down
    Q850.USER_BUSY: "customer_busy",
    Q850.NO_USER_RESPONDING: "customer_no_answer",
    Q850.NO_ANSWER: "customer_no_answer",
    Q850.SUBSCRIBER_ABSENT: "customer_no_answer",
    Q850.REJECTED: "customer_rejected",
}
AGENT_FINALS: dict[int, str] = {
    Q850.USER_BUSY: "agent_busy",
    Q850.NO_USER_RESPONDING: "agent_no_answer",
    Q850.NO_ANSWER: "agent_no_answer",
    Q850.REJECTED: "agent_rejected",
}


def customer_final(cause: int) -> str:
    """The final state of a call whose customer was not reached (Q.850 §2.2.7)."""
    return CUSTOMER_FINALS.get(cause, "failed")


def agent_final(cause: int) -> str:
    """The final state of a failed hunt by the cause of its last attempt; 0: nobody was found."""
    return AGENT_FINALS.get(cause, "agent_unavailable")
