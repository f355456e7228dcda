"""One call as a table: the session that an INVITE begins, on either side of it (RFC 3261 §13–15).

Owns states, inputs and actions, and no behaviour: `call` carries them out. Every pair is decided;
no actions and the same state is "ignored". OVER has no row: what is over is forgotten.

Theory: an INVITE of ours is calling until something other than 100 comes, then ringing, whatever
the answer says (183 is no answer). Taking it back is a wish: until the final answer the call is
cancelling, and a 2xx that comes all the same is acknowledged and released. An INVITE of theirs is
ours to accept or refuse; where a reliable answer with a description waits for its PRACK, the 2xx
waits too (RFC 3262 §3). A 2xx must be acknowledged before we may send BYE (§15): who hangs up
sooner is leaving. Releasing is a BYE of ours that waits for its answer, at most 64*T1.
"""

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where a call is."""

    CALLING = "calling"
    RINGING = "ringing"
    CANCELLING = "cancelling"
    INVITED = "invited"
    ACCEPTING = "accepting"
    ANSWERED = "answered"
    LEAVING = "leaving"
    UP = "up"
    RELEASING = "releasing"
    OVER = "over"


class Input(StrEnum):
    """What happens to a call."""

    PROVISIONAL = "1xx but 100"
    SUCCESS = "2xx"
    UNFIT = "2xx without a fit answer"
    FAILURE = "3xx to 6xx, or silence"
    ACK = "ACK"
    NO_ACK = "no ACK in time"
    PRACKED = "nothing waits for PRACK"
    NO_PRACK = "no PRACK in time"
    CANCEL = "CANCEL"
    BYE = "BYE"
    BYE_OVER = "BYE answered, or not in time"
    GONE = "far end is gone"
    LIMIT = "rang too long"
    SAY = "user says 1xx"
    ACCEPT = "user accepts"
    ACCEPT_LATER = "user accepts before PRACK"
    REFUSE = "user refuses"
    HANG_UP = "user hangs up"


class Action(StrEnum):
    """What is done about it."""

    ACKNOWLEDGE = "send ACK"
    RELEASE = "send BYE"
    TAKE_BACK = "send CANCEL"
    SAY = "send 1xx"
    ANSWER = "send 2xx"
    REFUSE = "send refusal"
    TELL_ACCEPTED = "tell accepted"
    TELL_CONFIRMED = "tell confirmed"
    TELL_END = "tell end"


Cell = tuple[tuple[Action, ...], State]

_S, _I, _A = State, Input, Action
_REFUSED: Cell = ((_A.REFUSE, _A.TELL_END), _S.OVER)
_ENDED: Cell = ((_A.TELL_END,), _S.OVER)
_RELEASED: Cell = ((_A.RELEASE,), _S.RELEASING)

CALL: Mapping[tuple[State, Input], Cell] = {
    (_S.CALLING, _I.PROVISIONAL): ((), _S.RINGING),
    (_S.CALLING, _I.SUCCESS): ((_A.ACKNOWLEDGE, _A.TELL_ACCEPTED), _S.UP),
    (_S.CALLING, _I.UNFIT): ((_A.ACKNOWLEDGE, _A.RELEASE), _S.RELEASING),
    (_S.CALLING, _I.FAILURE): _ENDED,
    (_S.CALLING, _I.ACK): ((), _S.CALLING),
    (_S.CALLING, _I.NO_ACK): ((), _S.CALLING),
    (_S.CALLING, _I.PRACKED): ((), _S.CALLING),
    (_S.CALLING, _I.NO_PRACK): ((), _S.CALLING),
    (_S.CALLING, _I.CANCEL): ((), _S.CALLING),
    (_S.CALLING, _I.BYE): ((), _S.CALLING),
    (_S.CALLING, _I.BYE_OVER): ((), _S.CALLING),
    (_S.CALLING, _I.GONE): ((), _S.CALLING),
    (_S.CALLING, _I.LIMIT): ((_A.TAKE_BACK,), _S.CANCELLING),
    (_S.CALLING, _I.SAY): ((), _S.CALLING),
    (_S.CALLING, _I.ACCEPT): ((), _S.CALLING),
    (_S.CALLING, _I.ACCEPT_LATER): ((), _S.CALLING),
    (_S.CALLING, _I.REFUSE): ((), _S.CALLING),
    (_S.CALLING, _I.HANG_UP): ((_A.TAKE_BACK,), _S.CANCELLING),
    (_S.RINGING, _I.PROVISIONAL): ((), _S.RINGING),
    (_S.RINGING, _I.SUCCESS): ((_A.ACKNOWLEDGE, _A.TELL_ACCEPTED), _S.UP),
    (_S.RINGING, _I.UNFIT): ((_A.ACKNOWLEDGE, _A.RELEASE), _S.RELEASING),
    (_S.RINGING, _I.FAILURE): _ENDED,
    (_S.RINGING, _I.ACK): ((), _S.RINGING),
    (_S.RINGING, _I.NO_ACK): ((), _S.RINGING),
    (_S.RINGING, _I.PRACKED): ((), _S.RINGING),
    (_S.RINGING, _I.NO_PRACK): ((), _S.RINGING),
    (_S.RINGING, _I.CANCEL): ((), _S.RINGING),
    (_S.RINGING, _I.BYE): ((), _S.RINGING),
    (_S.RINGING, _I.BYE_OVER): ((), _S.RINGING),
    (_S.RINGING, _I.GONE): ((_A.TAKE_BACK,), _S.CANCELLING),
    (_S.RINGING, _I.LIMIT): ((_A.TAKE_BACK,), _S.CANCELLING),
    (_S.RINGING, _I.SAY): ((), _S.RINGING),
    (_S.RINGING, _I.ACCEPT): ((), _S.RINGING),
    (_S.RINGING, _I.ACCEPT_LATER): ((), _S.RINGING),
    (_S.RINGING, _I.REFUSE): ((), _S.RINGING),
    (_S.RINGING, _I.HANG_UP): ((_A.TAKE_BACK,), _S.CANCELLING),
    (_S.CANCELLING, _I.PROVISIONAL): ((), _S.CANCELLING),
    (_S.CANCELLING, _I.SUCCESS): ((_A.ACKNOWLEDGE, _A.RELEASE), _S.RELEASING),
    (_S.CANCELLING, _I.UNFIT): ((_A.ACKNOWLEDGE, _A.RELEASE), _S.RELEASING),
    (_S.CANCELLING, _I.FAILURE): _ENDED,
    (_S.CANCELLING, _I.ACK): ((), _S.CANCELLING),
    (_S.CANCELLING, _I.NO_ACK): ((), _S.CANCELLING),
    (_S.CANCELLING, _I.PRACKED): ((), _S.CANCELLING),
    (_S.CANCELLING, _I.NO_PRACK): ((), _S.CANCELLING),
    (_S.CANCELLING, _I.CANCEL): ((), _S.CANCELLING),
    (_S.CANCELLING, _I.BYE): ((), _S.CANCELLING),
    (_S.CANCELLING, _I.BYE_OVER): ((), _S.CANCELLING),
    (_S.CANCELLING, _I.GONE): ((), _S.CANCELLING),
    (_S.CANCELLING, _I.LIMIT): ((), _S.CANCELLING),
    (_S.CANCELLING, _I.SAY): ((), _S.CANCELLING),
    (_S.CANCELLING, _I.ACCEPT): ((), _S.CANCELLING),
    (_S.CANCELLING, _I.ACCEPT_LATER): ((), _S.CANCELLING),
    (_S.CANCELLING, _I.REFUSE): ((), _S.CANCELLING),
    (_S.CANCELLING, _I.HANG_UP): ((), _S.CANCELLING),
    (_S.INVITED, _I.PROVISIONAL): ((), _S.INVITED),
    (_S.INVITED, _I.SUCCESS): ((), _S.INVITED),
    (_S.INVITED, _I.UNFIT): ((), _S.INVITED),
    (_S.INVITED, _I.FAILURE): ((), _S.INVITED),
    (_S.INVITED, _I.ACK): ((), _S.INVITED),
    (_S.INVITED, _I.NO_ACK): ((), _S.INVITED),
    (_S.INVITED, _I.PRACKED): ((), _S.INVITED),
    (_S.INVITED, _I.NO_PRACK): _REFUSED,
    (_S.INVITED, _I.CANCEL): _REFUSED,
    (_S.INVITED, _I.BYE): _REFUSED,
    (_S.INVITED, _I.BYE_OVER): ((), _S.INVITED),
    (_S.INVITED, _I.GONE): _REFUSED,
    (_S.INVITED, _I.LIMIT): _REFUSED,
    (_S.INVITED, _I.SAY): ((_A.SAY,), _S.INVITED),
    (_S.INVITED, _I.ACCEPT): ((_A.ANSWER,), _S.ANSWERED),
    (_S.INVITED, _I.ACCEPT_LATER): ((), _S.ACCEPTING),
    (_S.INVITED, _I.REFUSE): _REFUSED,
    (_S.INVITED, _I.HANG_UP): _REFUSED,
    (_S.ACCEPTING, _I.PROVISIONAL): ((), _S.ACCEPTING),
    (_S.ACCEPTING, _I.SUCCESS): ((), _S.ACCEPTING),
    (_S.ACCEPTING, _I.UNFIT): ((), _S.ACCEPTING),
    (_S.ACCEPTING, _I.FAILURE): ((), _S.ACCEPTING),
    (_S.ACCEPTING, _I.ACK): ((), _S.ACCEPTING),
    (_S.ACCEPTING, _I.NO_ACK): ((), _S.ACCEPTING),
    (_S.ACCEPTING, _I.PRACKED): ((_A.ANSWER,), _S.ANSWERED),
    (_S.ACCEPTING, _I.NO_PRACK): _REFUSED,
    (_S.ACCEPTING, _I.CANCEL): _REFUSED,
    (_S.ACCEPTING, _I.BYE): _REFUSED,
    (_S.ACCEPTING, _I.BYE_OVER): ((), _S.ACCEPTING),
    (_S.ACCEPTING, _I.GONE): _REFUSED,
    (_S.ACCEPTING, _I.LIMIT): _REFUSED,
    (_S.ACCEPTING, _I.SAY): ((), _S.ACCEPTING),
    (_S.ACCEPTING, _I.ACCEPT): ((), _S.ACCEPTING),
    (_S.ACCEPTING, _I.ACCEPT_LATER): ((), _S.ACCEPTING),
    (_S.ACCEPTING, _I.REFUSE): _REFUSED,
    (_S.ACCEPTING, _I.HANG_UP): _REFUSED,
    (_S.ANSWERED, _I.PROVISIONAL): ((), _S.ANSWERED),
    (_S.ANSWERED, _I.SUCCESS): ((), _S.ANSWERED),
    (_S.ANSWERED, _I.UNFIT): ((), _S.ANSWERED),
    (_S.ANSWERED, _I.FAILURE): ((), _S.ANSWERED),
    (_S.ANSWERED, _I.ACK): ((_A.TELL_CONFIRMED,), _S.UP),
    (_S.ANSWERED, _I.NO_ACK): _RELEASED,
    (_S.ANSWERED, _I.PRACKED): ((), _S.ANSWERED),
    (_S.ANSWERED, _I.NO_PRACK): ((), _S.ANSWERED),
    (_S.ANSWERED, _I.CANCEL): ((), _S.ANSWERED),
    (_S.ANSWERED, _I.BYE): _ENDED,
    (_S.ANSWERED, _I.BYE_OVER): ((), _S.ANSWERED),
    (_S.ANSWERED, _I.GONE): ((), _S.LEAVING),
    (_S.ANSWERED, _I.LIMIT): ((), _S.ANSWERED),
    (_S.ANSWERED, _I.SAY): ((), _S.ANSWERED),
    (_S.ANSWERED, _I.ACCEPT): ((), _S.ANSWERED),
    (_S.ANSWERED, _I.ACCEPT_LATER): ((), _S.ANSWERED),
    (_S.ANSWERED, _I.REFUSE): ((), _S.ANSWERED),
    (_S.ANSWERED, _I.HANG_UP): ((), _S.LEAVING),
    (_S.LEAVING, _I.PROVISIONAL): ((), _S.LEAVING),
    (_S.LEAVING, _I.SUCCESS): ((), _S.LEAVING),
    (_S.LEAVING, _I.UNFIT): ((), _S.LEAVING),
    (_S.LEAVING, _I.FAILURE): ((), _S.LEAVING),
    (_S.LEAVING, _I.ACK): _RELEASED,
    (_S.LEAVING, _I.NO_ACK): _RELEASED,
    (_S.LEAVING, _I.PRACKED): ((), _S.LEAVING),
    (_S.LEAVING, _I.NO_PRACK): ((), _S.LEAVING),
    (_S.LEAVING, _I.CANCEL): ((), _S.LEAVING),
    (_S.LEAVING, _I.BYE): _ENDED,
    (_S.LEAVING, _I.BYE_OVER): ((), _S.LEAVING),
    (_S.LEAVING, _I.GONE): ((), _S.LEAVING),
    (_S.LEAVING, _I.LIMIT): ((), _S.LEAVING),
    (_S.LEAVING, _I.SAY): ((), _S.LEAVING),
    (_S.LEAVING, _I.ACCEPT): ((), _S.LEAVING),
    (_S.LEAVING, _I.ACCEPT_LATER): ((), _S.LEAVING),
    (_S.LEAVING, _I.REFUSE): ((), _S.LEAVING),
    (_S.LEAVING, _I.HANG_UP): ((), _S.LEAVING),
    (_S.UP, _I.PROVISIONAL): ((), _S.UP),
    (_S.UP, _I.SUCCESS): ((), _S.UP),
    (_S.UP, _I.UNFIT): ((), _S.UP),
    (_S.UP, _I.FAILURE): ((), _S.UP),
    (_S.UP, _I.ACK): ((), _S.UP),
    (_S.UP, _I.NO_ACK): _RELEASED,
    (_S.UP, _I.PRACKED): ((), _S.UP),
    (_S.UP, _I.NO_PRACK): ((), _S.UP),
    (_S.UP, _I.CANCEL): ((), _S.UP),
    (_S.UP, _I.BYE): _ENDED,
    (_S.UP, _I.BYE_OVER): ((), _S.UP),
    (_S.UP, _I.GONE): _RELEASED,
    (_S.UP, _I.LIMIT): ((), _S.UP),
    (_S.UP, _I.SAY): ((), _S.UP),
    (_S.UP, _I.ACCEPT): ((), _S.UP),
    (_S.UP, _I.ACCEPT_LATER): ((), _S.UP),
    (_S.UP, _I.REFUSE): ((), _S.UP),
    (_S.UP, _I.HANG_UP): _RELEASED,
    (_S.RELEASING, _I.PROVISIONAL): ((), _S.RELEASING),
    (_S.RELEASING, _I.SUCCESS): ((), _S.RELEASING),
    (_S.RELEASING, _I.UNFIT): ((), _S.RELEASING),
    (_S.RELEASING, _I.FAILURE): ((), _S.RELEASING),
    (_S.RELEASING, _I.ACK): ((), _S.RELEASING),
    (_S.RELEASING, _I.NO_ACK): ((), _S.RELEASING),
    (_S.RELEASING, _I.PRACKED): ((), _S.RELEASING),
    (_S.RELEASING, _I.NO_PRACK): ((), _S.RELEASING),
    (_S.RELEASING, _I.CANCEL): ((), _S.RELEASING),
    (_S.RELEASING, _I.BYE): ((), _S.RELEASING),
    (_S.RELEASING, _I.BYE_OVER): _ENDED,
    (_S.RELEASING, _I.GONE): ((), _S.RELEASING),
    (_S.RELEASING, _I.LIMIT): ((), _S.RELEASING),
    (_S.RELEASING, _I.SAY): ((), _S.RELEASING),
    (_S.RELEASING, _I.ACCEPT): ((), _S.RELEASING),
    (_S.RELEASING, _I.ACCEPT_LATER): ((), _S.RELEASING),
    (_S.RELEASING, _I.REFUSE): ((), _S.RELEASING),
    (_S.RELEASING, _I.HANG_UP): ((), _S.RELEASING),
}


def machine_tables() -> dict[str, dict[tuple[str, str], tuple[str, str]]]:
    """The machine in words, for the documents."""
    return {
        "SIP: call": {
            (str(state), str(given)): (", ".join(actions) or "ignored", str(following))
            for (state, given), (actions, following) in CALL.items()
            if actions or following is not state
        }
    }
