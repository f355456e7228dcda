"""One call on one line, as the switch sees it: the network side of Q.931 basic call control.

Owns the call reference from SETUP to RELEASE COMPLETE with the timers of Q.931 §9.1. To the call
it looks like a circuit: `offer`, `alerting`, `answer`, `release` go down, and what becomes of them
comes up to its `ChannelUser`. `channel_released` tells who ended the call (`by_line`); it is not
told after the switch's own `release`. `channel_measured` is told at most once, where the far end
says what the call's voice was like. `channel_cleared` is told exactly once, last of the others.

Choices where Q.931 leaves one: SETUP is repeated once (T303), then the reference is dropped with
RELEASE COMPLETE (102) and the call fails with 18; a telephone that rings for T301 is disconnected
and the call fails with 19. After a DISCONNECT of the switch the telephone may stay on the line and
hear a comfort tone for T306. A party that is sought for T310 and does not ring is given up with
18. What a state has no use for is ignored.
"""

from collections.abc import Callable
from typing import Protocol

from calleq.causes import Q850
from calleq.lines.channel_table import (
    T301_US,
    T303_US,
    T306_US,
    T308_US,
    T310_US,
    TABLE,
    TIMER_US,
    LAction,
    LInput,
    LState,
)
from calleq.lines.messages import (
    Alerting,
    Clearing,
    Connect,
    Disconnect,
    LineMessage,
    Notify,
    Proceeding,
    Progress,
    Release,
    ReleaseComplete,
    Screening,
    Setup,
)
from calleq.media.ports import Quality
from calleq.runtime.clock import Clock, Timer
from calleq.runtime.steps import steps_of

__all__ = [
    "T301_US",
    "T303_US",
    "T306_US",
    "T308_US",
    "T310_US",
    "TABLE",
    "ChannelUser",
    "LAction",
    "LInput",
    "LState",
    "LineChannel",
]

_UNSPECIFIED = Q850.NORMAL_UNSPECIFIED

_INPUT_OF: dict[type[LineMessage], LInput] = {
    Setup: LInput.SETUP,
    Proceeding: LInput.PROCEEDING,
    Progress: LInput.PROGRESS,
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

    def channel_progress(self, *, in_band: bool) -> None:
        """Nobody answered; `in_band`: tones or an announcement are on the line."""

    def channel_alerting(self) -> None:
        """The telephone rings."""

    def channel_connected(self) -> None:
        """The telephone answered."""

    def channel_notified(self, *, suspended: bool) -> None:
        """The telephone was put down and the call stays, or it was taken up again."""

    def channel_released(self, cause: int, *, by_line: bool) -> None:
        """The telephone, or a time-out, ended the call."""

    def channel_measured(self, channel: "LineChannel", measured: Quality) -> None:
        """What the voice of the call was like; perhaps after the reference is free again."""

    def channel_cleared(self) -> None:
        """The call reference is free again."""


class LineChannel:
    """One call reference in use on a line."""

    __slots__ = (
        "_clock",
        "_freed",
        "_is_measured",
        "_send",
        "_timer",
        "_to_originator",
        "cause",
        "line",
        "progress",
        "reference",
        "seizure",
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
        self.progress = Progress(reference)
        """What was heard last of how the call goes."""
        self.seizure = 0
        """The number by which the journal knows the call; 0: by none."""
        self._is_measured = False
        self._to_originator = not by_switch
        self._clock = clock
        self._send = send
        self._freed = freed
        self._timer: Timer | None = None

    @property
    def by_switch(self) -> bool:
        """Whether the switch chose the reference."""
        return not self._to_originator

    def offer(
        self,
        calling: str,
        called: str = "",
        *,
        restricted: bool = False,
        screening: Screening = Screening.PASSED,
    ) -> None:
        """Ring the telephone; `called` is empty where the line has the number that is called."""
        called = called or self.line
        self.setup = Setup(self.reference, called, calling, "", restricted, screening)
        self._take(LInput.OFFER)

    def progresses(self) -> None:
        """The party this telephone dialled has not answered, and something is to be heard."""
        self._take(LInput.PROGRESSES)

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
        elif isinstance(message, Progress):
            self.progress = message
        user = self.user
        self._take(given)
        if isinstance(message, Release | ReleaseComplete):
            self._measured(user, message.measured)

    def _measured(self, user: ChannelUser | None, measured: Quality | None) -> None:
        """Tell it once, after what ended the call."""
        if measured is not None and user is not None and not self._is_measured:
            self._is_measured = True
            user.channel_measured(self, measured)

    def _expired(self) -> None:
        self._timer = None
        self._take(LInput.EXPIRED)

    def _take(self, given: LInput) -> None:
        act, following = _STEPS[self.state][given]
        if act is _ignore:
            return
        if following is not self.state:
            self._enter(following)
        user = self.user
        assert user is not None, "a channel has a user before its first input"
        act(self, user)

    def _enter(self, state: LState) -> None:
        self.state = state
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        limit_us = TIMER_US.get(state)
        if limit_us is not None:
            self._timer = self._clock.call_later_us(limit_us, self._expired)

    # The actions of the table: tell first, then send, since a telephone may answer before the
    # sending has returned.

    def start(self, user: ChannelUser) -> None:
        """The telephone dials: who serves it is asked by whoever took the channel."""

    def send_setup(self, user: ChannelUser) -> None:
        assert self.setup is not None, "offer comes first"
        self._send(self.line, self.setup)

    def wait(self, user: ChannelUser) -> None:
        """The far end is there; nobody need be told."""

    def send_progress(self, user: ChannelUser) -> None:
        self._send(self.line, Progress(self.reference, True, self._to_originator))

    def send_alerting(self, user: ChannelUser) -> None:
        self._send(self.line, Alerting(self.reference, self._to_originator))

    def send_connect(self, user: ChannelUser) -> None:
        self._send(self.line, Connect(self.reference, self._to_originator))

    def send_disconnect(self, user: ChannelUser) -> None:
        self._send(self.line, Disconnect(self.reference, self.cause, self._to_originator))

    def send_release(self, user: ChannelUser) -> None:
        self._send(self.line, Release(self.reference, self.cause, self._to_originator))

    def tell_progress(self, user: ChannelUser) -> None:
        user.channel_progress(in_band=self.progress.in_band)

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

    def give_up_seeking(self, user: ChannelUser) -> None:
        self.cause = Q850.NO_USER_RESPONDING
        user.channel_released(self.cause, by_line=False)
        self.send_disconnect(user)

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
    LAction.SEND_PROGRESS: LineChannel.send_progress,
    LAction.SEND_ALERTING: LineChannel.send_alerting,
    LAction.SEND_CONNECT: LineChannel.send_connect,
    LAction.SEND_DISCONNECT: LineChannel.send_disconnect,
    LAction.SEND_RELEASE: LineChannel.send_release,
    LAction.WAIT: LineChannel.wait,
    LAction.TELL_PROGRESS: LineChannel.tell_progress,
    LAction.TELL_ALERTING: LineChannel.tell_alerting,
    LAction.TELL_CONNECTED: LineChannel.tell_connected,
    LAction.TELL_NOTIFIED: LineChannel.tell_notified,
    LAction.ACCEPT_DISCONNECT: LineChannel.accept_disconnect,
    LAction.ACCEPT_RELEASE: LineChannel.accept_release,
    LAction.ACCEPT_REFUSAL: LineChannel.accept_refusal,
    LAction.COMPLETE: LineChannel.complete,
    LAction.CLEARED: LineChannel.clear,
    LAction.NO_RESPONSE: LineChannel.give_up_offer,
    LAction.NOT_FOUND: LineChannel.give_up_seeking,
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
