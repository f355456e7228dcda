"""The four transaction machines as tables (RFC 3261 §17 with the corrections of RFC 6026).

Owns states, inputs, actions and timers, and no behaviour: `transaction` carries them out. Every
pair of a machine's states and inputs is decided; `()` and the same state is "ignored".

Theory: a client machine sends a request until something answers; a server machine sends its answer
again whenever the request comes again. Those of INVITE also wait for ACK. With RFC 6026 both INVITE
machines stay ACCEPTED for 64*T1 after a 2xx: the client hands every 2xx up (each may be of another
fork), the server takes copies of the INVITE for what they are. Timer C belongs to proxies.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from calleq.sip.bounds import GIVE_UP_US, T1_US, T2_US, T4_US, TRYING_US
from calleq.units import SECOND_US


class State(StrEnum):
    """Where a transaction is; TERMINATED ones are forgotten."""

    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class Input(StrEnum):
    """What happens to a transaction."""

    PROVISIONAL = "1xx"
    SUCCESS = "2xx"
    FAILURE = "3xx to 6xx"
    REQUEST = "request again"
    ACK = "ACK"
    SAY_PROVISIONAL = "user says 1xx"
    SAY_SUCCESS = "user says 2xx"
    SAY_FAILURE = "user says 3xx to 6xx"
    TRYING_DUE = "100 is due"
    REPEAT_DUE = "A, E or G"
    GAVE_UP = "B, F or H"
    OVER = "D, I, J, K, L or M"
    CANCEL_UNANSWERED = "no answer after CANCEL"
    TRANSPORT_FAILED = "transport failed"


class Action(StrEnum):
    """What is done about it."""

    SEND = "send"
    REPEAT = "send again"
    DELIVER = "to user"
    ACKNOWLEDGE = "send ACK"
    SAY_TRYING = "send 100"
    TELL_TIMEOUT = "tell timeout"
    TELL_FAILURE = "tell failure"
    TOO_LATE = "too late"


class Timer(StrEnum):
    """RFC 3261 Table 4 and RFC 6026 §8.4; the last two have no letter."""

    A = "A"
    B = "B"
    D = "D"
    E = "E"
    F = "F"
    G = "G"
    H = "H"
    I = "I"  # noqa: E741 — the RFC's letter
    J = "J"
    K = "K"
    L = "L"
    M = "M"
    TRYING = "100"
    CANCEL = "CANCEL"


Cell = tuple[tuple[Action, ...], State]
Table = Mapping[tuple[State, Input], Cell]

REPEATING = frozenset({Timer.A, Timer.E, Timer.G})
"""Timers that run over datagrams only."""
LENGTHS_US: dict[Timer, tuple[int, int]] = {
    Timer.A: (T1_US, 0),
    Timer.B: (GIVE_UP_US, GIVE_UP_US),
    Timer.D: (32 * SECOND_US, 0),
    Timer.E: (T1_US, 0),
    Timer.F: (GIVE_UP_US, GIVE_UP_US),
    Timer.G: (T1_US, 0),
    Timer.H: (GIVE_UP_US, GIVE_UP_US),
    Timer.I: (T4_US, 0),
    Timer.J: (GIVE_UP_US, 0),
    Timer.K: (T4_US, 0),
    Timer.L: (GIVE_UP_US, GIVE_UP_US),
    Timer.M: (GIVE_UP_US, GIVE_UP_US),
    Timer.TRYING: (TRYING_US, TRYING_US),
    Timer.CANCEL: (GIVE_UP_US, GIVE_UP_US),
}
"""At first, over datagrams and over streams; 0 over streams: at once, or never for repeating."""
LONGEST_REPEAT_US: dict[Timer, int] = {Timer.A: GIVE_UP_US, Timer.E: T2_US, Timer.G: T2_US}
INPUT_OF: dict[Timer, Input] = {
    **dict.fromkeys((Timer.A, Timer.E, Timer.G), Input.REPEAT_DUE),
    **dict.fromkeys((Timer.B, Timer.F, Timer.H), Input.GAVE_UP),
    **dict.fromkeys((Timer.D, Timer.I, Timer.J, Timer.K, Timer.L, Timer.M), Input.OVER),
    Timer.TRYING: Input.TRYING_DUE,
    Timer.CANCEL: Input.CANCEL_UNANSWERED,
}


class Machine(msgspec.Struct, frozen=True):
    """One of the four."""

    name: str
    client: bool
    initial: State
    table: Table
    started: Mapping[State, tuple[Timer, ...]]
    """Timers that start when a state is entered; those of the state before stop."""
    kept: frozenset[State] = frozenset()
    """States that stop no timer when they are entered."""


_I, _S, _A = Input, State, Action
_ENDED: Cell = ((), _S.TERMINATED)
_TIMEOUT: Cell = ((_A.TELL_TIMEOUT,), _S.TERMINATED)
_BROKEN: Cell = ((_A.TELL_FAILURE,), _S.TERMINATED)

CLIENT_INVITE: Table = {
    (_S.CALLING, _I.PROVISIONAL): ((_A.DELIVER,), _S.PROCEEDING),
    (_S.CALLING, _I.SUCCESS): ((_A.DELIVER,), _S.ACCEPTED),
    (_S.CALLING, _I.FAILURE): ((_A.ACKNOWLEDGE, _A.DELIVER), _S.COMPLETED),
    (_S.CALLING, _I.REPEAT_DUE): ((_A.REPEAT,), _S.CALLING),
    (_S.CALLING, _I.GAVE_UP): _TIMEOUT,
    (_S.CALLING, _I.OVER): ((), _S.CALLING),
    (_S.CALLING, _I.CANCEL_UNANSWERED): ((), _S.CALLING),
    (_S.CALLING, _I.TRANSPORT_FAILED): _BROKEN,
    (_S.PROCEEDING, _I.PROVISIONAL): ((_A.DELIVER,), _S.PROCEEDING),
    (_S.PROCEEDING, _I.SUCCESS): ((_A.DELIVER,), _S.ACCEPTED),
    (_S.PROCEEDING, _I.FAILURE): ((_A.ACKNOWLEDGE, _A.DELIVER), _S.COMPLETED),
    (_S.PROCEEDING, _I.REPEAT_DUE): ((), _S.PROCEEDING),
    (_S.PROCEEDING, _I.GAVE_UP): ((), _S.PROCEEDING),
    (_S.PROCEEDING, _I.OVER): ((), _S.PROCEEDING),
    (_S.PROCEEDING, _I.CANCEL_UNANSWERED): _TIMEOUT,
    (_S.PROCEEDING, _I.TRANSPORT_FAILED): _BROKEN,
    (_S.ACCEPTED, _I.PROVISIONAL): ((), _S.ACCEPTED),
    (_S.ACCEPTED, _I.SUCCESS): ((_A.DELIVER,), _S.ACCEPTED),
    (_S.ACCEPTED, _I.FAILURE): ((), _S.ACCEPTED),
    (_S.ACCEPTED, _I.REPEAT_DUE): ((), _S.ACCEPTED),
    (_S.ACCEPTED, _I.GAVE_UP): ((), _S.ACCEPTED),
    (_S.ACCEPTED, _I.OVER): _ENDED,
    (_S.ACCEPTED, _I.CANCEL_UNANSWERED): ((), _S.ACCEPTED),
    (_S.ACCEPTED, _I.TRANSPORT_FAILED): ((), _S.ACCEPTED),
    (_S.COMPLETED, _I.PROVISIONAL): ((), _S.COMPLETED),
    (_S.COMPLETED, _I.SUCCESS): ((), _S.COMPLETED),
    (_S.COMPLETED, _I.FAILURE): ((_A.ACKNOWLEDGE,), _S.COMPLETED),
    (_S.COMPLETED, _I.REPEAT_DUE): ((), _S.COMPLETED),
    (_S.COMPLETED, _I.GAVE_UP): ((), _S.COMPLETED),
    (_S.COMPLETED, _I.OVER): _ENDED,
    (_S.COMPLETED, _I.CANCEL_UNANSWERED): ((), _S.COMPLETED),
    (_S.COMPLETED, _I.TRANSPORT_FAILED): _BROKEN,
}

CLIENT_OTHER: Table = {
    (_S.TRYING, _I.PROVISIONAL): ((_A.DELIVER,), _S.PROCEEDING),
    (_S.TRYING, _I.SUCCESS): ((_A.DELIVER,), _S.COMPLETED),
    (_S.TRYING, _I.FAILURE): ((_A.DELIVER,), _S.COMPLETED),
    (_S.TRYING, _I.REPEAT_DUE): ((_A.REPEAT,), _S.TRYING),
    (_S.TRYING, _I.GAVE_UP): _TIMEOUT,
    (_S.TRYING, _I.OVER): ((), _S.TRYING),
    (_S.TRYING, _I.TRANSPORT_FAILED): _BROKEN,
    (_S.PROCEEDING, _I.PROVISIONAL): ((_A.DELIVER,), _S.PROCEEDING),
    (_S.PROCEEDING, _I.SUCCESS): ((_A.DELIVER,), _S.COMPLETED),
    (_S.PROCEEDING, _I.FAILURE): ((_A.DELIVER,), _S.COMPLETED),
    (_S.PROCEEDING, _I.REPEAT_DUE): ((_A.REPEAT,), _S.PROCEEDING),
    (_S.PROCEEDING, _I.GAVE_UP): _TIMEOUT,
    (_S.PROCEEDING, _I.OVER): ((), _S.PROCEEDING),
    (_S.PROCEEDING, _I.TRANSPORT_FAILED): _BROKEN,
    (_S.COMPLETED, _I.PROVISIONAL): ((), _S.COMPLETED),
    (_S.COMPLETED, _I.SUCCESS): ((), _S.COMPLETED),
    (_S.COMPLETED, _I.FAILURE): ((), _S.COMPLETED),
    (_S.COMPLETED, _I.REPEAT_DUE): ((), _S.COMPLETED),
    (_S.COMPLETED, _I.GAVE_UP): ((), _S.COMPLETED),
    (_S.COMPLETED, _I.OVER): _ENDED,
    (_S.COMPLETED, _I.TRANSPORT_FAILED): ((), _S.COMPLETED),
}

SERVER_INVITE: Table = {
    (_S.PROCEEDING, _I.REQUEST): ((_A.REPEAT,), _S.PROCEEDING),
    (_S.PROCEEDING, _I.ACK): ((), _S.PROCEEDING),
    (_S.PROCEEDING, _I.SAY_PROVISIONAL): ((_A.SEND,), _S.PROCEEDING),
    (_S.PROCEEDING, _I.SAY_SUCCESS): ((_A.SEND,), _S.ACCEPTED),
    (_S.PROCEEDING, _I.SAY_FAILURE): ((_A.SEND,), _S.COMPLETED),
    (_S.PROCEEDING, _I.TRYING_DUE): ((_A.SAY_TRYING,), _S.PROCEEDING),
    (_S.PROCEEDING, _I.REPEAT_DUE): ((), _S.PROCEEDING),
    (_S.PROCEEDING, _I.GAVE_UP): ((), _S.PROCEEDING),
    (_S.PROCEEDING, _I.OVER): ((), _S.PROCEEDING),
    (_S.PROCEEDING, _I.TRANSPORT_FAILED): _BROKEN,
    (_S.ACCEPTED, _I.REQUEST): ((), _S.ACCEPTED),
    (_S.ACCEPTED, _I.ACK): ((_A.DELIVER,), _S.ACCEPTED),
    (_S.ACCEPTED, _I.SAY_PROVISIONAL): ((_A.TOO_LATE,), _S.ACCEPTED),
    (_S.ACCEPTED, _I.SAY_SUCCESS): ((_A.SEND,), _S.ACCEPTED),
    (_S.ACCEPTED, _I.SAY_FAILURE): ((_A.TOO_LATE,), _S.ACCEPTED),
    (_S.ACCEPTED, _I.TRYING_DUE): ((), _S.ACCEPTED),
    (_S.ACCEPTED, _I.REPEAT_DUE): ((), _S.ACCEPTED),
    (_S.ACCEPTED, _I.GAVE_UP): ((), _S.ACCEPTED),
    (_S.ACCEPTED, _I.OVER): _ENDED,
    (_S.ACCEPTED, _I.TRANSPORT_FAILED): ((_A.TELL_FAILURE,), _S.ACCEPTED),
    (_S.COMPLETED, _I.REQUEST): ((_A.REPEAT,), _S.COMPLETED),
    (_S.COMPLETED, _I.ACK): ((), _S.CONFIRMED),
    (_S.COMPLETED, _I.SAY_PROVISIONAL): ((_A.TOO_LATE,), _S.COMPLETED),
    (_S.COMPLETED, _I.SAY_SUCCESS): ((_A.TOO_LATE,), _S.COMPLETED),
    (_S.COMPLETED, _I.SAY_FAILURE): ((_A.TOO_LATE,), _S.COMPLETED),
    (_S.COMPLETED, _I.TRYING_DUE): ((), _S.COMPLETED),
    (_S.COMPLETED, _I.REPEAT_DUE): ((_A.REPEAT,), _S.COMPLETED),
    (_S.COMPLETED, _I.GAVE_UP): _TIMEOUT,
    (_S.COMPLETED, _I.OVER): ((), _S.COMPLETED),
    (_S.COMPLETED, _I.TRANSPORT_FAILED): _BROKEN,
    (_S.CONFIRMED, _I.REQUEST): ((), _S.CONFIRMED),
    (_S.CONFIRMED, _I.ACK): ((), _S.CONFIRMED),
    (_S.CONFIRMED, _I.SAY_PROVISIONAL): ((_A.TOO_LATE,), _S.CONFIRMED),
    (_S.CONFIRMED, _I.SAY_SUCCESS): ((_A.TOO_LATE,), _S.CONFIRMED),
    (_S.CONFIRMED, _I.SAY_FAILURE): ((_A.TOO_LATE,), _S.CONFIRMED),
    (_S.CONFIRMED, _I.TRYING_DUE): ((), _S.CONFIRMED),
    (_S.CONFIRMED, _I.REPEAT_DUE): ((), _S.CONFIRMED),
    (_S.CONFIRMED, _I.GAVE_UP): ((), _S.CONFIRMED),
    (_S.CONFIRMED, _I.OVER): _ENDED,
    (_S.CONFIRMED, _I.TRANSPORT_FAILED): ((), _S.CONFIRMED),
}

SERVER_OTHER: Table = {
    (_S.TRYING, _I.REQUEST): ((), _S.TRYING),
    (_S.TRYING, _I.SAY_PROVISIONAL): ((_A.SEND,), _S.PROCEEDING),
    (_S.TRYING, _I.SAY_SUCCESS): ((_A.SEND,), _S.COMPLETED),
    (_S.TRYING, _I.SAY_FAILURE): ((_A.SEND,), _S.COMPLETED),
    (_S.TRYING, _I.OVER): ((), _S.TRYING),
    (_S.TRYING, _I.TRANSPORT_FAILED): _BROKEN,
    (_S.PROCEEDING, _I.REQUEST): ((_A.REPEAT,), _S.PROCEEDING),
    (_S.PROCEEDING, _I.SAY_PROVISIONAL): ((_A.SEND,), _S.PROCEEDING),
    (_S.PROCEEDING, _I.SAY_SUCCESS): ((_A.SEND,), _S.COMPLETED),
    (_S.PROCEEDING, _I.SAY_FAILURE): ((_A.SEND,), _S.COMPLETED),
    (_S.PROCEEDING, _I.OVER): ((), _S.PROCEEDING),
    (_S.PROCEEDING, _I.TRANSPORT_FAILED): _BROKEN,
    (_S.COMPLETED, _I.REQUEST): ((_A.REPEAT,), _S.COMPLETED),
    (_S.COMPLETED, _I.SAY_PROVISIONAL): ((_A.TOO_LATE,), _S.COMPLETED),
    (_S.COMPLETED, _I.SAY_SUCCESS): ((_A.TOO_LATE,), _S.COMPLETED),
    (_S.COMPLETED, _I.SAY_FAILURE): ((_A.TOO_LATE,), _S.COMPLETED),
    (_S.COMPLETED, _I.OVER): _ENDED,
    (_S.COMPLETED, _I.TRANSPORT_FAILED): _BROKEN,
}

INVITE_CLIENT = Machine(
    name="SIP: INVITE client transaction",
    client=True,
    initial=State.CALLING,
    table=CLIENT_INVITE,
    started={
        State.CALLING: (Timer.A, Timer.B),
        State.ACCEPTED: (Timer.M,),
        State.COMPLETED: (Timer.D,),
    },
)
OTHER_CLIENT = Machine(
    name="SIP: client transaction",
    client=True,
    initial=State.TRYING,
    table=CLIENT_OTHER,
    started={State.TRYING: (Timer.E, Timer.F), State.COMPLETED: (Timer.K,)},
    kept=frozenset({State.PROCEEDING}),
)
INVITE_SERVER = Machine(
    name="SIP: INVITE server transaction",
    client=False,
    initial=State.PROCEEDING,
    table=SERVER_INVITE,
    started={
        State.PROCEEDING: (Timer.TRYING,),
        State.ACCEPTED: (Timer.L,),
        State.COMPLETED: (Timer.G, Timer.H),
        State.CONFIRMED: (Timer.I,),
    },
)
OTHER_SERVER = Machine(
    name="SIP: server transaction",
    client=False,
    initial=State.TRYING,
    table=SERVER_OTHER,
    started={State.COMPLETED: (Timer.J,)},
)
MACHINES = (INVITE_CLIENT, OTHER_CLIENT, INVITE_SERVER, OTHER_SERVER)


def machine_tables() -> dict[str, dict[tuple[str, str], tuple[str, str]]]:
    """Each machine in words, for the documents."""
    return {
        machine.name: {
            (str(state), str(given)): (", ".join(actions) or "ignored", str(following))
            for (state, given), (actions, following) in machine.table.items()
            if actions or following is not state
        }
        for machine in MACHINES
    }
