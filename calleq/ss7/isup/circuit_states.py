"""The words of a circuit's machine: its states, what can happen to it and what it can do.

`circuit_table` decides every pair of a state and an input, `circuit` performs the actions.
"""

from enum import IntEnum


class State(IntEnum):
    """Where one circuit stands."""

    IDLE = 0
    SEIZED = 1
    """Taken by this side, IAM not yet sent."""
    AWAITING_ADDRESS_COMPLETE = 2
    """Outgoing, IAM sent, T7 runs."""
    AWAITING_ANSWER = 3
    """Outgoing, ACM received, party not known to be rung, T9 runs."""
    OUTGOING_ALERTING = 4
    """Outgoing, the called party is rung, T9 runs."""
    OUTGOING_ANSWERED = 5
    INCOMING_SET_UP = 6
    """Incoming, IAM received, nothing sent."""
    INCOMING_PROGRESSING = 7
    """Incoming, ACM sent, party not yet rung."""
    INCOMING_ALERTING = 8
    """Incoming, the far exchange knows that the party is rung."""
    INCOMING_ANSWERED = 9
    AWAITING_RELEASE_COMPLETE = 10
    """REL sent, T1 and T5 run."""
    AWAITING_RESET_COMPLETE = 11
    """RSC sent, out of service until RLC; T16 or T17 runs."""
    UNROUTED = 12
    """No route for the IAM; the user is about to be told."""
    UNROUTED_RELEASED = 13
    """As before, and the user has released meanwhile."""


class Input(IntEnum):
    """What can happen to a circuit."""

    IAM_WE_CONTROL = 0
    """IAM on a circuit that this side controls (Q.764 §2.9.1.4)."""
    IAM_THEY_CONTROL = 1
    """IAM on a circuit that the far exchange controls."""
    ACM_NO_INDICATION = 2
    ACM_SUBSCRIBER_FREE = 3
    CPG_ALERTING = 4
    CPG_OTHER = 5
    ANM = 6
    CON = 7
    REL = 8
    RLC = 9
    RSC = 10
    OTHER_MESSAGE = 11
    """A message of a type that calleq does not act on."""
    SEIZE = 12
    GIVE_BACK = 13
    SEND_IAM = 14
    NO_ROUTE = 15
    """The IAM could not be sent."""
    PROGRESS = 16
    ALERTING = 17
    ANSWER = 18
    RELEASE = 19
    RESET = 20
    """Maintenance wants the circuit reset."""
    T1 = 21
    T5 = 22
    T7 = 23
    T9 = 24
    T16 = 25
    T17 = 26
    NO_ROUTE_TOLD = 27
    """The moment to tell the user of an IAM that had no route."""
    RESUMED = 28
    """The far exchange can be reached again (MTP-RESUME, Q.764 §2.9.4)."""


class Action(IntEnum):
    """What to do; `circuit.py` has a function for each."""

    IGNORE = 0
    DISCARD = 1
    FAULT = 2
    TAKE = 3
    """Take the circuit out of the idle ones."""
    SEND_IAM = 4
    """Send IAM, start T7."""
    TELL_SOON = 5
    """Have NO_ROUTE_TOLD come from the clock."""
    END_UNROUTED = 6
    """Tell the user 38, clear."""
    CLEAR_AND_ACCEPT = 7
    """The user has released already: clear, then accept the incoming call."""
    ACCEPT = 8
    """An incoming call: ask who serves it."""
    YIELD = 9
    """Dual seizure lost: tell the user 34, then accept the incoming call."""
    LOSE_SEIZURE = 10
    """The far exchange came first: the seizure is void, accept the incoming call."""
    YIELD_UNROUTED = 11
    """Tell the user 38 now, then accept the incoming call."""
    START_T9 = 12
    """ACM without indication: stop T7, start T9."""
    START_T9_TELL_ALERTING = 13
    TELL_ALERTING = 14
    TELL_ANSWERED = 15
    SEND_ACM = 16
    SEND_ACM_FREE = 17
    SEND_CPG = 18
    SEND_ANM = 19
    SEND_CON = 20
    SEND_REL = 21
    """This side releases: send REL, start T1 and T5."""
    RELEASED = 22
    """The far end released: send RLC, tell the user, clear."""
    CONFIRM = 23
    """Send RLC and nothing else."""
    CLEAR = 24
    """The circuit is idle; the user, if there is one, is told."""
    CONFIRM_AND_CLEAR = 25
    """The far end resets what we are releasing: send RLC, clear."""
    RESET_BY_FAR = 26
    """Send RLC, tell the user 31, clear."""
    RELEASE_UNREASONABLE = 27
    """RLC out of place: tell the user 31, send REL."""
    RELEASE_T7 = 28
    """Tell the user 102, send REL."""
    RELEASE_T9 = 29
    """Tell the user 19, send REL."""
    REPEAT_REL = 30
    GIVE_UP_RELEASE = 31
    """T5: send RSC, start T17, clear the user; the circuit stays out of service."""
    START_RESET = 32
    """Send RSC, start T16 and T17."""
    TELL_AND_RESET = 33
    """Reset; tell the user 31, clear it."""
    CLEAR_AND_RESET = 34
    """Reset; the user has released already: clear it."""
    VOID_AND_RESET = 35
    """Reset; the seizure that was never signalled is void."""
    REPEAT_RSC = 36
    """T16: send RSC, start T16."""
    REPEAT_RSC_SLOWLY = 37
    """T17: stop T16, send RSC, start T17."""
    PREVAIL = 38
    """Dual seizure won: disregard the far exchange's IAM, count it."""
