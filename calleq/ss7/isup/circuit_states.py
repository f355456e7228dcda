"""The words of a circuit's machine: its states, what can happen to it and what it can do.

`circuit_table` decides every pair of a state and an input, `circuit_actions` performs the actions.
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
    """RSC or GRS sent, out of service until RLC or GRA; T16 or T17 runs after RSC."""
    UNROUTED = 12
    """No route for the IAM; the user is about to be told."""
    UNROUTED_RELEASED = 13
    """As before, and the user has released meanwhile."""
    OUTGOING_CHECK = 14
    """Outgoing, IAM sent, the check tone is awaited, T24 runs."""
    INCOMING_CHECK = 15
    """Incoming, IAM received and kept, COT awaited, T8 runs; looped if the check is on it."""
    INCOMING_OVERLAP = 16
    """Incoming, IAM received and kept, more digits awaited, T35 runs."""
    LOOPED = 17
    """The far end checks the circuit (CCR): looped, T36 runs."""
    AWAITING_RECHECK = 18
    """The far end's check failed: CCR awaited, T27 runs."""
    CHECKING = 19
    """This end checks the circuit (CCR sent), T24 runs."""
    RECHECK_PENDING = 20
    """This end's check failed: T25 or T26 runs until CCR is sent again."""


class Input(IntEnum):
    """What can happen to a circuit."""

    IAM_WE_CONTROL = 0
    """IAM on a circuit that this side controls (Q.764 §2.9.1.4)."""
    IAM_THEY_CONTROL = 1
    """IAM on a circuit that the far exchange controls."""
    SAM = 2
    COT_PASSED = 3
    COT_FAILED = 4
    ACM_NO_INDICATION = 5
    ACM_SUBSCRIBER_FREE = 6
    CPG_ALERTING = 7
    CPG_OTHER = 8
    ANM = 9
    CON = 10
    SUSPENSION = 11
    """SUS or RES."""
    NOTICE = 12
    """A message about the call that changes nothing here: FOT, INF, INR, UTU and their like."""
    REL = 13
    RLC = 14
    """RLC, or GRA for the circuit."""
    RSC = 15
    """RSC, or what ends whatever is on the circuit without a word: GRS, CGB (hardware), UCIC."""
    BLOCKED_BY_FAR = 16
    """BLO or CGB (maintenance)."""
    CCR = 17
    LPA = 18
    OLM = 19
    OTHER_MESSAGE = 20
    """A message that has no business on this circuit."""
    INCOMPATIBLE = 21
    """What a message could not be understood in must release the call (Q.764 §2.9.5.2)."""
    SEIZE = 22
    GIVE_BACK = 23
    SEND_IAM = 24
    NO_ROUTE = 25
    """The IAM could not be sent."""
    CONTINUITY_SENT = 26
    """The IAM that was sent asks for a check of the circuit."""
    CONTINUITY_ASKED = 27
    """The IAM that was received says that COT will come."""
    DIGITS_MISSING = 28
    """The number of the IAM that was received is too short."""
    NUMBER_COMPLETE = 29
    PROGRESS = 30
    ALERTING = 31
    ANSWER = 32
    RELEASE = 33
    DIGITS = 34
    """The user has further digits (SAM)."""
    SUSPEND = 35
    """The user suspends or resumes."""
    SAY = 36
    """The user has a notice for the far end."""
    RESET = 37
    """Maintenance wants the circuit reset."""
    CHECK = 38
    """Maintenance wants the circuit checked."""
    TONE_HEARD = 39
    """The check tone came back."""
    T1 = 40
    T3 = 41
    T5 = 42
    T7 = 43
    T8 = 44
    T9 = 45
    T16 = 46
    T17 = 47
    T24 = 48
    RECHECK_DUE = 49
    """T25 or T26."""
    T27 = 50
    T33 = 51
    T35 = 52
    T36 = 53
    SUSPENDED_TOO_LONG = 54
    """T2 or T6."""
    NO_ROUTE_TOLD = 55
    """The moment to tell the user of an IAM that had no route."""
    RESUMED = 56
    """The far exchange can be reached again (MTP-RESUME, Q.764 §2.9.4)."""


class Action(IntEnum):
    """What to do; `circuit_actions` has a function for each."""

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
    """An incoming call: ask who serves it, unless COT or digits are awaited first."""
    YIELD = 9
    """Dual seizure lost: tell the user 34, then accept the incoming call."""
    LOSE_SEIZURE = 10
    """The far exchange came first: the seizure is void, accept the incoming call."""
    YIELD_UNROUTED = 11
    """Tell the user 38 now, then accept the incoming call."""
    START_T9 = 12
    """ACM without indication: stop T7, start T9, tell the user."""
    START_T9_TELL_ALERTING = 13
    TELL_ALERTING = 14
    TELL_PROGRESS = 15
    TELL_ANSWERED = 16
    TELL_NOTICE = 17
    TELL_SUSPENSION = 18
    """SUS or RES: T2 or T6 where this exchange controls the call, and the user is told."""
    SEND_ACM = 19
    SEND_ACM_FREE = 20
    SEND_CPG = 21
    SEND_CPG_OTHER = 22
    """Pass on what a further exchange says of the call's progress."""
    SEND_ANM = 23
    SEND_CON = 24
    SEND_SAM = 25
    """Send the digits, start T7 again."""
    SEND_SAM_UNCHECKED = 26
    """Send the digits; T7 starts after the check."""
    SEND_NOTICE = 27
    SEND_SUSPENSION = 28
    SEND_REL = 29
    """This side releases: send REL, start T1 and T5."""
    RELEASED = 30
    """The far end released: send RLC, tell the user, clear."""
    CONFIRM = 31
    """Send RLC where REL or RSC came, and nothing else."""
    CLEAR = 32
    """The circuit is idle; the user, if there is one, is told."""
    CONFIRM_AND_CLEAR = 33
    """The far end resets what we are releasing: send RLC, clear."""
    RESET_BY_FAR = 34
    """Send RLC, tell the user 31, clear."""
    RESET_BEFORE_ANSWER = 35
    """As before, but nothing came back yet: tell the user 34, so that the call is tried again."""
    RELEASE_UNREASONABLE = 36
    """RLC out of place: tell the user 31, send REL."""
    RELEASE_AND_REPEAT = 37
    """Tell the user 34, so that the call is tried again, and send REL."""
    RELEASE_INCOMPATIBLE = 38
    """Tell the user the cause that the input brings, send REL."""
    RELEASE_T3 = 39
    """Tell the user 42, send REL."""
    RELEASE_T7 = 40
    """Tell the user 102, send REL."""
    RELEASE_T8 = 41
    """Nobody serves the call yet: send REL 41."""
    RELEASE_T9 = 42
    """Tell the user 19, send REL."""
    RELEASE_T33 = 43
    """Tell the user 102, send REL."""
    RELEASE_T35 = 44
    """Nobody serves the call yet: send REL 28."""
    RELEASE_SUSPENDED = 45
    """T2 or T6: tell the user 102, send REL."""
    REPEAT_REL = 46
    GIVE_UP_RELEASE = 47
    """T5: send RSC, start T17, clear the user; the circuit stays out of service."""
    START_RESET = 48
    """Send RSC, start T16 and T17 (a GRS is sent for many at once, elsewhere)."""
    TELL_AND_RESET = 49
    """Reset; tell the user 31, clear it."""
    REPEAT_AND_RESET = 50
    """Reset; tell the user 34, so that the call is tried again."""
    CLEAR_AND_RESET = 51
    """Reset; the user has released already: clear it."""
    VOID_AND_RESET = 52
    """Reset; the seizure that was never signalled is void."""
    REPEAT_RSC = 53
    """T16: send RSC, start T16."""
    REPEAT_RSC_SLOWLY = 54
    """T17: stop T16, send RSC, start T17, tell maintenance."""
    PREVAIL = 55
    """Dual seizure won: disregard the far exchange's IAM, count it."""
    START_T3 = 56
    """The far exchange is overloaded: hold the circuit until T3, then release."""
    START_CHECK = 57
    """Send the check tone, start T24."""
    PASS_CHECK = 58
    """The tone came back: send COT (success), start T7."""
    FAIL_CHECK = 59
    """Send COT (failed), tell the user 34, start T25."""
    AWAIT_COT = 60
    """Loop the circuit if the check is on it, start T8."""
    SERVE_CHECKED = 61
    """COT: end the loop, go on with the IAM that was kept."""
    END_FAILED_CHECK = 62
    """COT (failed): end the loop; start T27, or release where a circuit before it failed."""
    AWAIT_DIGITS = 63
    """Start T35 (T10 when the number may be complete)."""
    ADD_DIGITS = 64
    """SAM: add its digits to the IAM that was kept, and look again."""
    SERVE = 65
    """Ask who serves the call of the IAM that was kept."""
    LOOP = 66
    """CCR: loop the circuit, say so (LPA) where that is agreed, start T36."""
    PROLONG_LOOP = 67
    """CCR again, or COT (success): start T36 again."""
    FAIL_LOOP = 68
    """COT (failed): end the loop, start T27."""
    UNLOOP_AND_RESET = 69
    """T36 or T27: end the loop, reset the circuit."""
    ASK_CHECK = 70
    """Send CCR and the check tone, start T24."""
    END_GOOD_CHECK = 71
    """The tone came back: send REL 16."""
    FAIL_RECHECK = 72
    """Send COT (failed), start T26."""
    UNCHECK_AND_ACCEPT = 73
    """The far end takes the circuit into use: end check or loop, accept the incoming call."""
    RESET_UNREASONABLE = 74
    """A message out of place on an idle circuit: count it and reset."""
    RESET_DONE = 75
    """The far end has confirmed the reset: the circuit is idle."""
