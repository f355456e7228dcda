"""The instrument: one telephone on one line, as a machine fed with messages and with hands.

    receive(message)   what the switch says
    dial, pick_up, hang_up, expired, lose_line   what a hand, a timer, a broken wire does

Owns the signalling of the user side of Q.931 §5 for one call at a time: a second SETUP is refused
as busy (17). It never decides to answer or to hang up (that is `behaviours`), with these
exceptions: it hangs up when the network has disconnected a call that was through, or after a caller
has heard a tone for `TONE_PATIENCE_US`, and gives up a call that nobody answers after
`UNANSWERED_LIMIT_US` (a tester's may wait longer).

Odd cases. CALL PROCEEDING, CONNECT ACKNOWLEDGE and STATUS are not used on calleq's lines. A message
for a call that does not exist is answered by RELEASE COMPLETE with cause 81 (§5.8.3.2), RELEASE
COMPLETE itself by nothing; a SETUP that repeats the current call's is ignored. The call reference
alone tells whether a message is for the current call, not its flag: there is one call at a time,
and telephones choose other references than switches.

States and their behaviour are the table of `table`.
"""

from collections.abc import Callable
from typing import Protocol

from calleq.causes import Q850
from calleq.lines.messages import (
    Alerting,
    Clearing,
    Connect,
    Disconnect,
    LineMessage,
    Notify,
    Release,
    ReleaseComplete,
    Setup,
)
from calleq.runtime.clock import Clock, Timer
from calleq.runtime.steps import steps_of
from calleq.telephones.diary import Event
from calleq.telephones.table import OFF_HOOK, TABLE, Action, Input, State
from calleq.units import SECOND_US

TONE_PATIENCE_US = 2 * SECOND_US
"""How long a caller listens to the tone that says why a call failed."""
UNANSWERED_LIMIT_US = 60 * SECOND_US
"""How long a caller lets it ring."""
T305_US = 30 * SECOND_US
"""From DISCONNECT to the network's RELEASE (Q.931 table 9-2)."""
T308_US = 4 * SECOND_US
"""From RELEASE to RELEASE COMPLETE; RELEASE is repeated once (Q.931 §5.3.3)."""
FIRST_REFERENCE, LAST_REFERENCE = 1, 63
"""What telephones choose from; switches choose from 64 up."""


class Occupant(Protocol):
    """Who is at the telephone. Every call that came off the hook ends with `hung_up`."""

    def telephone_rings(self) -> None:
        """A call is offered; may pick up at once."""

    def telephone_stopped_ringing(self) -> None:
        """The call is gone, unanswered."""

    def telephone_off_hook(self) -> None:
        """Mouth and ear are on the line from now on."""

    def telephone_connected(self) -> None:
        """The call is through, in whichever direction."""

    def telephone_put_down(self) -> None:
        """Mouth and ear are off the line, and the call stays; it is connected again or hung up."""

    def telephone_hung_up(self) -> None:
        """Mouth and ear are off the line."""

    def telephone_free(self) -> None:
        """The line can carry another call."""


class Telephone:
    """One instrument. `note` writes into its diary, `send` puts a message on its line."""

    __slots__ = (
        "_clock",
        "_next_reference",
        "_note",
        "_occupant",
        "_reference",
        "_send",
        "_timer",
        "_to_originator",
        "_unanswered_limit_us",
        "far",
        "number",
        "rejects",
        "state",
    )

    def __init__(
        self,
        number: str,
        clock: Clock,
        send: Callable[[LineMessage], object],
        note: Callable[[str, Event, str, int], object],
        *,
        in_use: bool = False,
        rejects: bool = False,
        unanswered_limit_us: int = UNANSWERED_LIMIT_US,
    ) -> None:
        """`unanswered_limit_us`: how long whoever dials lets it ring."""
        self.number = number
        self.state = State.IN_USE if in_use else State.ON_HOOK
        self.rejects = rejects
        self.far = ""
        """The number dialled or shown in the current or last call."""
        self._clock = clock
        self._send = send
        self._note = note
        self._occupant: Occupant
        self._unanswered_limit_us = unanswered_limit_us
        self._timer: Timer | None = None
        self._reference = -1
        self._to_originator = False
        self._next_reference = FIRST_REFERENCE

    def seat(self, occupant: Occupant) -> None:
        """Put someone at the telephone; must be done before anything happens."""
        self._occupant = occupant

    def receive(self, message: LineMessage) -> None:
        """A message from the switch."""
        if type(message) is Setup:
            if message.reference != self._reference or not self._to_originator:
                self._take(Input.UNWANTED_SETUP if self.rejects else Input.SETUP, message)
        elif message.reference == self._reference:
            kind = type(message)
            if kind in _INPUTS:  # it is never told how the far telephone stands, or what it hears
                action, self.state = _STEPS[self.state][_INPUTS[kind]]
                action(self, message)
        elif not isinstance(message, ReleaseComplete):
            self._take(Input.STRANGE, message)

    def dial(self, number: str) -> None:
        """Take up the handset and dial; does nothing unless the telephone is on the hook."""
        if self.state is State.ON_HOOK:
            self.far = number
            self._take(Input.DIAL, None)

    def pick_up(self) -> None:
        """Answer, or take up what was put down; does nothing unless it rings or was."""
        self._take(Input.PICK_UP, None)

    def hang_up(self) -> None:
        """End whatever goes on; a ringing call is turned away."""
        self._take(Input.HANG_UP, None)

    def put_down(self) -> None:
        """Hang up; where the telephone was called, the call stays for a while."""
        dialled = self.state is State.TALKING and not self._to_originator
        self._take(Input.HANG_UP if dialled else Input.PUT_DOWN, None)

    def lose_line(self) -> None:
        """The wire to the switch broke."""
        self._take(Input.LINE_LOST, None)

    @property
    def is_off_hook(self) -> bool:
        """Whether mouth and ear are on the line."""
        return self.state in OFF_HOOK

    def _expired(self) -> None:
        self._timer = None
        self._take(Input.TIMER, None)

    def _take(self, given: Input, message: LineMessage | None) -> None:
        action, self.state = _STEPS[self.state][given]
        action(self, message)

    # What the actions are made of.

    def _set_timer(self, length_us: int) -> None:
        self._cancel_timer()
        self._timer = self._clock.call_later_us(length_us, self._expired)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _disconnect(self, cause: int) -> None:
        self._send(Disconnect(self._reference, cause, self._to_originator))
        self._set_timer(T305_US)

    def _release(self, cause: int) -> None:
        self._send(Release(self._reference, cause, self._to_originator))
        self._set_timer(T308_US)

    def _complete(self, cause: int) -> None:
        self._send(ReleaseComplete(self._reference, cause, self._to_originator))

    def _become_free(self) -> None:
        self._reference = -1
        self._cancel_timer()
        self._occupant.telephone_free()

    # Actions: what one cell of the table does once the state has changed.

    def _ignore(self, message: LineMessage | None) -> None:
        pass

    def _strange(self, message: LineMessage | None) -> None:
        assert message is not None
        assert not isinstance(message, Setup)
        flag = not message.to_originator
        self._send(ReleaseComplete(message.reference, Q850.INVALID_REFERENCE, flag))

    def _refuse_busy(self, message: LineMessage | None) -> None:
        self._refuse(message, Q850.USER_BUSY)

    def _refuse_rejected(self, message: LineMessage | None) -> None:
        self._refuse(message, Q850.REJECTED)

    def _refuse(self, message: LineMessage | None, cause: int) -> None:
        assert isinstance(message, Setup)
        self._note(self.number, Event.REFUSES, message.shown, cause)
        self._send(ReleaseComplete(message.reference, cause, True))

    def _ring(self, message: LineMessage | None) -> None:
        assert isinstance(message, Setup)
        self._reference = message.reference
        self._to_originator = True
        self.far = message.shown
        self._note(self.number, Event.RINGS, message.shown, 0)
        if message.display:
            self._note(self.number, Event.DISPLAYS, message.display, 0)
        self._send(Alerting(message.reference, True))
        self._occupant.telephone_rings()

    def _answer(self, message: LineMessage | None) -> None:
        self._note(self.number, Event.ANSWERS, "", 0)
        self._send(Connect(self._reference, self._to_originator))
        self._occupant.telephone_off_hook()
        self._occupant.telephone_connected()

    def _decline(self, message: LineMessage | None) -> None:
        self._note(self.number, Event.DECLINES, "", Q850.REJECTED)
        self._occupant.telephone_stopped_ringing()
        self._disconnect(Q850.REJECTED)

    def _stop_ringing_release(self, message: LineMessage | None) -> None:
        self._note(self.number, Event.STOPS_RINGING, "", _cause_of(message))
        self._occupant.telephone_stopped_ringing()
        self._release(Q850.NORMAL)

    def _stop_ringing_complete(self, message: LineMessage | None) -> None:
        self._note(self.number, Event.STOPS_RINGING, "", _cause_of(message))
        self._occupant.telephone_stopped_ringing()
        if isinstance(message, Release):
            self._complete(Q850.NORMAL)
        self._become_free()

    def _begin_dialing(self, message: LineMessage | None) -> None:
        self._reference = self._next_reference
        self._next_reference += 1
        if self._next_reference > LAST_REFERENCE:
            self._next_reference = FIRST_REFERENCE
        self._to_originator = False
        self._note(self.number, Event.DIALS, self.far, 0)
        self._send(Setup(self._reference, self.far, self.number))
        self._set_timer(self._unanswered_limit_us)
        self._occupant.telephone_off_hook()

    def _far_end_rings(self, message: LineMessage | None) -> None:
        self._note(self.number, Event.FAR_END_RINGS, "", 0)

    def _far_end_answers(self, message: LineMessage | None) -> None:
        self._cancel_timer()
        self._note(self.number, Event.FAR_END_ANSWERS, "", 0)
        self._occupant.telephone_connected()

    def _hang_up(self, message: LineMessage | None) -> None:
        self._note(self.number, Event.HANGS_UP, "", Q850.NORMAL)
        self._disconnect(Q850.NORMAL)
        self._occupant.telephone_hung_up()

    def _put_down(self, message: LineMessage | None) -> None:
        self._note(self.number, Event.PUTS_DOWN, "", 0)
        self._send(Notify(self._reference, True, self._to_originator))
        self._occupant.telephone_put_down()

    def _take_up(self, message: LineMessage | None) -> None:
        self._note(self.number, Event.TAKES_UP, "", 0)
        self._send(Notify(self._reference, False, self._to_originator))
        self._occupant.telephone_off_hook()
        self._occupant.telephone_connected()

    def _hang_up_after_tone(self, message: LineMessage | None) -> None:
        self._note(self.number, Event.HANGS_UP, "", Q850.NORMAL)
        self._release(Q850.NORMAL)
        self._occupant.telephone_hung_up()

    def _hear_tone(self, message: LineMessage | None) -> None:
        self._note(self.number, Event.RELEASED, "", _cause_of(message))
        self._set_timer(TONE_PATIENCE_US)

    def _far_end_hung_up(self, message: LineMessage | None) -> None:
        self._note(self.number, Event.RELEASED, "", _cause_of(message))
        self._release(Q850.NORMAL)
        self._occupant.telephone_hung_up()

    def _cleared_by_network(self, message: LineMessage | None) -> None:
        self._note(self.number, Event.RELEASED, "", _cause_of(message))
        self._end_after_tone(message)

    def _end_after_tone(self, message: LineMessage | None) -> None:
        if isinstance(message, Release):
            self._complete(Q850.NORMAL)
        self._occupant.telephone_hung_up()
        self._become_free()

    def _collide(self, message: LineMessage | None) -> None:
        """Both ends disconnected at once (Q.931 §5.3.5), or T305 ran out."""
        if isinstance(message, Disconnect):
            self._note(self.number, Event.CROSSED, "", message.cause)
        self._release(Q850.NORMAL)

    def _complete_and_end(self, message: LineMessage | None) -> None:
        self._complete(Q850.NORMAL)
        self._become_free()

    def _end(self, message: LineMessage | None) -> None:
        self._become_free()

    def _release_again(self, message: LineMessage | None) -> None:
        self._release(Q850.NORMAL)

    def _lose_ringing(self, message: LineMessage | None) -> None:
        self._note(self.number, Event.LINE_LOST, "", 0)
        self._occupant.telephone_stopped_ringing()
        self._become_free()

    def _lose_call(self, message: LineMessage | None) -> None:
        self._note(self.number, Event.LINE_LOST, "", 0)
        self._occupant.telephone_hung_up()
        self._become_free()


def _cause_of(message: LineMessage | None) -> int:
    if isinstance(message, Clearing):
        return message.cause
    return 0


_INPUTS: dict[type[LineMessage], Input] = {
    Alerting: Input.ALERTING,
    Connect: Input.CONNECT,
    Disconnect: Input.DISCONNECT,
    Release: Input.RELEASE,
    ReleaseComplete: Input.RELEASE_COMPLETE,
}

_ACTIONS: dict[Action, Callable[[Telephone, LineMessage | None], None]] = {
    Action.IGNORE: Telephone._ignore,
    Action.STRANGE: Telephone._strange,
    Action.REFUSE_BUSY: Telephone._refuse_busy,
    Action.REFUSE_REJECTED: Telephone._refuse_rejected,
    Action.RING: Telephone._ring,
    Action.ANSWER: Telephone._answer,
    Action.DECLINE: Telephone._decline,
    Action.STOP_RINGING_RELEASE: Telephone._stop_ringing_release,
    Action.STOP_RINGING_COMPLETE: Telephone._stop_ringing_complete,
    Action.BEGIN_DIALING: Telephone._begin_dialing,
    Action.FAR_END_RINGS: Telephone._far_end_rings,
    Action.FAR_END_ANSWERS: Telephone._far_end_answers,
    Action.HANG_UP: Telephone._hang_up,
    Action.PUT_DOWN: Telephone._put_down,
    Action.TAKE_UP: Telephone._take_up,
    Action.HANG_UP_AFTER_TONE: Telephone._hang_up_after_tone,
    Action.HEAR_TONE: Telephone._hear_tone,
    Action.FAR_END_HUNG_UP: Telephone._far_end_hung_up,
    Action.CLEARED_BY_NETWORK: Telephone._cleared_by_network,
    Action.END_AFTER_TONE: Telephone._end_after_tone,
    Action.COLLIDE: Telephone._collide,
    Action.COMPLETE_AND_END: Telephone._complete_and_end,
    Action.END: Telephone._end,
    Action.RELEASE_AGAIN: Telephone._release_again,
    Action.LOSE_RINGING: Telephone._lose_ringing,
    Action.LOSE_CALL: Telephone._lose_call,
}

_STEPS = steps_of(TABLE, _ACTIONS)
