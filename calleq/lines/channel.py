"""One call on one line, as the switch sees it: the network side of Q.931 basic call control.

Owns the call reference from SETUP to RELEASE COMPLETE with the timers of Q.931 §9.1. To the call
it looks like a circuit: `offer`, `alerting`, `answer`, `release` go down, and what becomes of them
comes up to its `ChannelUser`. `channel_released` tells who ended the call (`by_line`); it is not
told after the switch's own `release`. `channel_cleared` is told exactly once, last.

Choices where Q.931 leaves one: SETUP is repeated once (T303), then the reference is dropped with
RELEASE COMPLETE (102) and the call fails with 18; a telephone that rings for T301 is disconnected
and the call fails with 19. After a DISCONNECT of the switch the telephone may stay on the line and
hear a comfort tone for T306. What a state has no use for is ignored.
"""

from collections.abc import Callable
from enum import StrEnum
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
from calleq.units import SECOND_US

_UNSPECIFIED = Q850.NORMAL_UNSPECIFIED

T301_US = 180 * SECOND_US
"""How long a telephone may ring."""
T303_US = 4 * SECOND_US
"""How long SETUP may stay unanswered, twice."""
T306_US = 30 * SECOND_US
"""How long the telephone may stay after DISCONNECT (T305 without a tone is as long)."""
T308_US = 4 * SECOND_US
"""How long RELEASE may stay unanswered, twice."""


class LState(StrEnum):
    """States of Q.931 §2.1.2, network side; U is the telephone."""

    NULL = "Null"
    CALL_INITIATED = "Call_Initiated"
    CALL_DELIVERED = "Call_Delivered"
    CALL_PRESENT = "Call_Present"
    CALL_PRESENT_AGAIN = "Call_Present_Again"
    CALL_RECEIVED = "Call_Received"
    ACTIVE = "Active"
    DISCONNECT_INDICATION = "Disconnect_Indication"
    RELEASE_REQUEST = "Release_Request"
    RELEASE_REQUEST_AGAIN = "Release_Request_Again"


class LInput(StrEnum):
    """The telephone's messages in capitals, the switch's wishes in small letters, the timer."""

    SETUP = "SETUP"
    ALERTING = "ALERTING"
    CONNECT = "CONNECT"
    NOTIFY = "NOTIFY"
    DISCONNECT = "DISCONNECT"
    RELEASE = "RELEASE"
    RELEASE_COMPLETE = "RELEASE COMPLETE"
    OFFER = "offer"
    ALERT = "alert"
    ANSWER = "answer"
    CLEAR = "clear"
    EXPIRED = "timer expired"


class LAction(StrEnum):
    """What the switch sends and tells."""

    IGNORE = "ignore"
    START = "start"
    SEND_SETUP = "send SETUP"
    SEND_ALERTING = "send ALERTING"
    SEND_CONNECT = "send CONNECT"
    SEND_DISCONNECT = "send DISCONNECT"
    SEND_RELEASE = "send RELEASE"
    TELL_ALERTING = "tell alerting"
    TELL_CONNECTED = "tell connected"
    TELL_NOTIFIED = "tell put down or taken up"
    ACCEPT_DISCONNECT = "tell released, send RELEASE"
    ACCEPT_RELEASE = "tell released, send RELEASE COMPLETE, tell cleared"
    ACCEPT_REFUSAL = "tell released and cleared"
    COMPLETE = "send RELEASE COMPLETE, tell cleared"
    CLEARED = "tell cleared"
    NO_RESPONSE = "tell released (18), send RELEASE COMPLETE, tell cleared"
    NO_ANSWER = "tell released (19), send DISCONNECT"


def _row(state: LState, **cells: tuple[LAction, LState]) -> dict[LInput, tuple[LAction, LState]]:
    """The cells of a state by input name; an input that is not named is ignored there."""
    row = dict.fromkeys(LInput, (LAction.IGNORE, state))
    row.update((LInput[name], cell) for name, cell in cells.items())
    return row


_S, _A = LState, LAction
_CLEARED = {
    "DISCONNECT": (_A.ACCEPT_DISCONNECT, _S.RELEASE_REQUEST),
    "RELEASE": (_A.ACCEPT_RELEASE, _S.NULL),
    "RELEASE_COMPLETE": (_A.ACCEPT_REFUSAL, _S.NULL),
    "CLEAR": (_A.SEND_DISCONNECT, _S.DISCONNECT_INDICATION),
}
"""What ends a call is the same in every state in which there is one (Q.931 §5.3)."""

_ROWS = {
    _S.NULL: _row(
        _S.NULL,
        OFFER=(_A.SEND_SETUP, _S.CALL_PRESENT),
        SETUP=(_A.START, _S.CALL_INITIATED),
    ),
    _S.CALL_INITIATED: _row(
        _S.CALL_INITIATED,
        ALERT=(_A.SEND_ALERTING, _S.CALL_DELIVERED),
        ANSWER=(_A.SEND_CONNECT, _S.ACTIVE),
        **_CLEARED,
    ),
    _S.CALL_DELIVERED: _row(
        _S.CALL_DELIVERED,
        ANSWER=(_A.SEND_CONNECT, _S.ACTIVE),
        **_CLEARED,
    ),
    _S.CALL_PRESENT: _row(
        _S.CALL_PRESENT,
        ALERTING=(_A.TELL_ALERTING, _S.CALL_RECEIVED),
        CONNECT=(_A.TELL_CONNECTED, _S.ACTIVE),
        EXPIRED=(_A.SEND_SETUP, _S.CALL_PRESENT_AGAIN),
        **_CLEARED,
    ),
    _S.CALL_PRESENT_AGAIN: _row(
        _S.CALL_PRESENT_AGAIN,
        ALERTING=(_A.TELL_ALERTING, _S.CALL_RECEIVED),
        CONNECT=(_A.TELL_CONNECTED, _S.ACTIVE),
        EXPIRED=(_A.NO_RESPONSE, _S.NULL),
        **_CLEARED,
    ),
    _S.CALL_RECEIVED: _row(
        _S.CALL_RECEIVED,
        CONNECT=(_A.TELL_CONNECTED, _S.ACTIVE),
        EXPIRED=(_A.NO_ANSWER, _S.DISCONNECT_INDICATION),
        **_CLEARED,
    ),
    _S.ACTIVE: _row(_S.ACTIVE, NOTIFY=(_A.TELL_NOTIFIED, _S.ACTIVE), **_CLEARED),
    _S.DISCONNECT_INDICATION: _row(
        _S.DISCONNECT_INDICATION,
        DISCONNECT=(_A.SEND_RELEASE, _S.RELEASE_REQUEST),  # clear collision, §5.3.5
        RELEASE=(_A.COMPLETE, _S.NULL),
        RELEASE_COMPLETE=(_A.CLEARED, _S.NULL),
        EXPIRED=(_A.SEND_RELEASE, _S.RELEASE_REQUEST),
    ),
    _S.RELEASE_REQUEST: _row(
        _S.RELEASE_REQUEST,
        RELEASE=(_A.CLEARED, _S.NULL),  # clear collision, §5.3.5
        RELEASE_COMPLETE=(_A.CLEARED, _S.NULL),
        EXPIRED=(_A.SEND_RELEASE, _S.RELEASE_REQUEST_AGAIN),
    ),
    _S.RELEASE_REQUEST_AGAIN: _row(
        _S.RELEASE_REQUEST_AGAIN,
        RELEASE=(_A.CLEARED, _S.NULL),
        RELEASE_COMPLETE=(_A.CLEARED, _S.NULL),
        EXPIRED=(_A.CLEARED, _S.NULL),
    ),
}
TABLE = {
    (state, given): (cell[0], cell[1])
    for state, row in _ROWS.items()
    for given, cell in row.items()
}

_TIMER_US = {
    LState.CALL_PRESENT: T303_US,
    LState.CALL_PRESENT_AGAIN: T303_US,
    LState.CALL_RECEIVED: T301_US,
    LState.DISCONNECT_INDICATION: T306_US,
    LState.RELEASE_REQUEST: T308_US,
    LState.RELEASE_REQUEST_AGAIN: T308_US,
}
"""The states that a timer bounds. The others end with the call model's own limits."""

_INPUT_OF: dict[type[LineMessage], LInput] = {
    Setup: LInput.SETUP,
    Alerting: LInput.ALERTING,
    Connect: LInput.CONNECT,
    Notify: LInput.NOTIFY,
    Disconnect: LInput.DISCONNECT,
    Release: LInput.RELEASE,
    ReleaseComplete: LInput.RELEASE_COMPLETE,
}


_CLEARING = frozenset((LInput.DISCONNECT, LInput.RELEASE, LInput.RELEASE_COMPLETE))


class ChannelUser(Protocol):
    """The call that is served by a channel."""

    def channel_alerting(self) -> None:
        """The telephone rings."""

    def channel_connected(self) -> None:
        """The telephone answered."""

    def channel_notified(self, *, suspended: bool) -> None:
        """The telephone was put down and the call stays, or it was taken up again."""

    def channel_released(self, cause: int, *, by_line: bool) -> None:
        """The telephone, or a time-out, ended the call."""

    def channel_cleared(self) -> None:
        """The call reference is free again."""


class LineChannel:
    """One call reference in use on a line."""

    __slots__ = (
        "_clock",
        "_freed",
        "_send",
        "_timer",
        "_to_originator",
        "cause",
        "line",
        "reference",
        "setup",
        "state",
        "suspended",
        "user",
    )

    def __init__(
        self,
        line: str,
        reference: int,
        clock: Clock,
        send: Callable[[str, LineMessage], object],
        freed: Callable[["LineChannel"], object],
        *,
        by_switch: bool,
    ) -> None:
        """`by_switch` says who chose the reference; `user` is set before the first input."""
        self.line = line
        self.reference = reference
        self.state = LState.NULL
        self.cause: int = Q850.NORMAL
        self.setup: Setup | None = None
        self.user: ChannelUser | None = None
        self.suspended = False
        self._to_originator = not by_switch
        self._clock = clock
        self._send = send
        self._freed = freed
        self._timer: Timer | None = None

    @property
    def by_switch(self) -> bool:
        """Whether the switch chose the reference."""
        return not self._to_originator

    def offer(self, calling: str) -> None:
        """Ring the telephone."""
        self.setup = Setup(self.reference, self.line, calling)
        self._take(LInput.OFFER)

    def alerting(self) -> None:
        """The party this telephone dialled is rung."""
        self._take(LInput.ALERT)

    def answer(self) -> None:
        """The party this telephone dialled answered."""
        self._take(LInput.ANSWER)

    def release(self, cause: int) -> None:
        """End the call from this side; does nothing once either side has."""
        if self.state not in _ENDING:
            self.cause = cause
            self._take(LInput.CLEAR)

    def received(self, message: LineMessage) -> None:
        """Take a message of the telephone."""
        given = _INPUT_OF[type(message)]
        if given in _CLEARING and self.state not in _ENDING:
            assert isinstance(message, Clearing)
            self.cause = message.cause or _UNSPECIFIED
        elif isinstance(message, Notify):
            self.suspended = message.suspended
        self._take(given)

    def _expired(self) -> None:
        self._timer = None
        self._take(LInput.EXPIRED)

    def _take(self, given: LInput) -> None:
        act, following = _STEPS[self.state][given]
        if act is _ignore:
            return
        self.state = following
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        limit_us = _TIMER_US.get(following)
        if limit_us is not None:
            self._timer = self._clock.call_later_us(limit_us, self._expired)
        user = self.user
        assert user is not None, "a channel has a user before its first input"
        act(self, user)

    # The actions of the table: tell first, then send, since a telephone may answer before the
    # sending has returned.

    def start(self, user: ChannelUser) -> None:
        """The telephone dials: who serves it is asked by whoever took the channel."""

    def send_setup(self, user: ChannelUser) -> None:
        assert self.setup is not None, "offer comes first"
        self._send(self.line, self.setup)

    def send_alerting(self, user: ChannelUser) -> None:
        self._send(self.line, Alerting(self.reference, self._to_originator))

    def send_connect(self, user: ChannelUser) -> None:
        self._send(self.line, Connect(self.reference, self._to_originator))

    def send_disconnect(self, user: ChannelUser) -> None:
        self._send(self.line, Disconnect(self.reference, self.cause, self._to_originator))

    def send_release(self, user: ChannelUser) -> None:
        self._send(self.line, Release(self.reference, self.cause, self._to_originator))

    def tell_alerting(self, user: ChannelUser) -> None:
        user.channel_alerting()

    def tell_connected(self, user: ChannelUser) -> None:
        user.channel_connected()

    def tell_notified(self, user: ChannelUser) -> None:
        user.channel_notified(suspended=self.suspended)

    def accept_disconnect(self, user: ChannelUser) -> None:
        user.channel_released(self.cause, by_line=True)
        self.send_release(user)

    def accept_release(self, user: ChannelUser) -> None:
        user.channel_released(self.cause, by_line=True)
        self.complete(user)

    def accept_refusal(self, user: ChannelUser) -> None:
        user.channel_released(self.cause, by_line=True)
        self.clear(user)

    def complete(self, user: ChannelUser) -> None:
        self._send_complete(self.cause)
        self.clear(user)

    def clear(self, user: ChannelUser) -> None:
        self.user = None
        self._freed(self)
        user.channel_cleared()

    def give_up_offer(self, user: ChannelUser) -> None:
        self.cause = Q850.NO_USER_RESPONDING
        user.channel_released(self.cause, by_line=False)
        self._send_complete(Q850.RECOVERY_ON_TIMER)
        self.clear(user)

    def give_up_ringing(self, user: ChannelUser) -> None:
        self.cause = Q850.NO_ANSWER
        user.channel_released(self.cause, by_line=False)
        self.send_disconnect(user)

    def _send_complete(self, cause: int) -> None:
        self._send(self.line, ReleaseComplete(self.reference, cause, self._to_originator))


def _ignore(channel: LineChannel, user: ChannelUser) -> None:
    """Nothing happens, and the timer runs on."""


_ACTS: dict[LAction, Callable[[LineChannel, ChannelUser], None]] = {
    LAction.IGNORE: _ignore,
    LAction.START: LineChannel.start,
    LAction.SEND_SETUP: LineChannel.send_setup,
    LAction.SEND_ALERTING: LineChannel.send_alerting,
    LAction.SEND_CONNECT: LineChannel.send_connect,
    LAction.SEND_DISCONNECT: LineChannel.send_disconnect,
    LAction.SEND_RELEASE: LineChannel.send_release,
    LAction.TELL_ALERTING: LineChannel.tell_alerting,
    LAction.TELL_CONNECTED: LineChannel.tell_connected,
    LAction.TELL_NOTIFIED: LineChannel.tell_notified,
    LAction.ACCEPT_DISCONNECT: LineChannel.accept_disconnect,
    LAction.ACCEPT_RELEASE: LineChannel.accept_release,
    LAction.ACCEPT_REFUSAL: LineChannel.accept_refusal,
    LAction.COMPLETE: LineChannel.complete,
    LAction.CLEARED: LineChannel.clear,
    LAction.NO_RESPONSE: LineChannel.give_up_offer,
    LAction.NO_ANSWER: LineChannel.give_up_ringing,
}
_STEPS = steps_of(TABLE, _ACTS)

_ENDING = frozenset(
    (
        LState.DISCONNECT_INDICATION,
        LState.RELEASE_REQUEST,
        LState.RELEASE_REQUEST_AGAIN,
    )
)
"""States in which the cause of the call's end is known already."""
