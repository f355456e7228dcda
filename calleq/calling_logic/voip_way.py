"""One call towards a party by voice over IP: a channel to the equipment's gateway, and its bill.

The equipment faces the party, so it writes what bills are made of, as a switch does that faces a
telephone: seizure, ringing, answer, release, and what the voice was like. Answer and end are
durable before the call hears of them. A heartbeat proves a talk every `HEARTBEAT_US`.

A small machine with its table. The odd case: the reference may be free again before the end is
durable, and the other way about; `circuit_cleared` waits for both.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol

from calleq.calling_logic.means import WayUser
from calleq.journal.entries import (
    CircuitKey,
    Entry,
    LineAnswered,
    LineHeartbeat,
    LineMeasured,
    LineReleased,
    LineRinging,
    LineSeized,
)
from calleq.lines.channel import LineChannel
from calleq.media.ports import Quality
from calleq.runtime.clock import Clock, Timer
from calleq.ss7.isup.messages import Cause, Location, Message
from calleq.units import SECOND_US

HEARTBEAT_US = 55 * SECOND_US
"""Between two heartbeats, as at a switch."""


class VState(StrEnum):
    SEIZED = "Seized"
    CALLING = "Calling"
    ANSWERING = "Answering"
    """The party answered; that is on its way to the disk."""
    UP = "Up"
    ENDING = "Ending"
    """The party ended the call; that is on its way to the disk."""
    ENDING_FREE = "Ending_Free"
    """... and the channel is free already."""
    OVER = "Over"
    """The end was told; the channel is not free yet."""
    RELEASING = "Releasing"
    """The call was ended from this side; the channel is not free yet."""
    CLEAR = "Clear"


class VInput(StrEnum):
    DIAL = "dial"
    ALERTING = "alerting"
    CONNECTED = "connected"
    ANSWER_DURABLE = "answer durable"
    PARTY_RELEASED = "party released"
    END_DURABLE = "end durable"
    RELEASE = "release"
    FREED = "channel freed"


_S, _I = VState, VInput

VOIP_TABLE: Mapping[tuple[VState, VInput], tuple[str, VState]] = {
    (_S.SEIZED, _I.DIAL): ("offer", _S.CALLING),
    (_S.CALLING, _I.ALERTING): ("tell_alerting", _S.CALLING),
    (_S.CALLING, _I.CONNECTED): ("write_answer", _S.ANSWERING),
    (_S.CALLING, _I.PARTY_RELEASED): ("write_end", _S.ENDING),
    (_S.CALLING, _I.RELEASE): ("let_go", _S.RELEASING),
    (_S.ANSWERING, _I.ANSWER_DURABLE): ("tell_answered", _S.UP),
    (_S.ANSWERING, _I.PARTY_RELEASED): ("write_end", _S.ENDING),
    (_S.ANSWERING, _I.RELEASE): ("let_go", _S.RELEASING),
    (_S.UP, _I.PARTY_RELEASED): ("write_end", _S.ENDING),
    (_S.UP, _I.RELEASE): ("let_go", _S.RELEASING),
    (_S.ENDING, _I.END_DURABLE): ("tell_released", _S.OVER),
    (_S.ENDING, _I.FREED): ("wait", _S.ENDING_FREE),
    (_S.ENDING_FREE, _I.END_DURABLE): ("tell_released_and_cleared", _S.CLEAR),
    (_S.OVER, _I.FREED): ("tell_cleared", _S.CLEAR),
    (_S.RELEASING, _I.FREED): ("tell_cleared", _S.CLEAR),
}

_DURABLE = frozenset({_I.ANSWER_DURABLE, _I.END_DURABLE})
VOIP_IGNORED: Mapping[VState, frozenset[VInput]] = {
    # Nothing has been signalled, so nothing can come back.
    _S.SEIZED: frozenset(VInput) - {_I.DIAL},
    # A channel that is free said before that its party has gone.
    _S.CALLING: frozenset({_I.DIAL, _I.FREED}) | _DURABLE,
    _S.ANSWERING: frozenset({_I.DIAL, _I.ALERTING, _I.CONNECTED, _I.END_DURABLE, _I.FREED}),
    _S.UP: frozenset({_I.DIAL, _I.ALERTING, _I.CONNECTED, _I.FREED}) | _DURABLE,
    # An answer that was being written when the party went is never told.
    _S.ENDING: frozenset(VInput) - {_I.END_DURABLE, _I.FREED},
    _S.ENDING_FREE: frozenset(VInput) - {_I.END_DURABLE},
    _S.OVER: frozenset(VInput) - {_I.FREED},
    _S.RELEASING: frozenset(VInput) - {_I.FREED},
    _S.CLEAR: frozenset(VInput),
}


class VoipDesk(Protocol):
    """Whose ways these are."""

    clock: Clock

    def write(self, entry: Entry, durable: Callable[[], object] | None = None) -> None:
        """Append to the journal."""

    def next_seizure(self) -> int:
        """A number that no other seizure of this element has."""

    def talks(self, seizure: int, talking: bool) -> None:
        """A talk has begun or ended."""

    def freed(self, way: "VoipWay") -> None:
        """Nothing is left of the way."""


class VoipWay:
    """One channel towards a party; fulfils `Way` and `ChannelUser`."""

    def __init__(self, desk: VoipDesk, channel: LineChannel, key: CircuitKey, wire: str) -> None:
        """`key` names the call in the journal, `wire` is the voice wire of the channel."""
        self.key = key
        self.wire = wire
        self.channel = channel
        self._desk = desk
        self._state = VState.SEIZED
        self._user: WayUser | None = None
        self._called = ""
        self._caller = ""
        self._cause = Cause(16)
        self._heartbeat: Timer | None = None

    @property
    def state(self) -> VState:
        """How far the call got."""
        return self._state

    def dial(self, called: str, caller: str, user: WayUser) -> None:
        """Call a SIP URI; `caller` is E.164, or empty."""
        self._called = called
        self._caller = caller
        self._user = user
        self._take(VInput.DIAL)

    # Way

    def release(self, cause: Cause) -> None:
        """See `Way`."""
        if (self._state, VInput.RELEASE) in VOIP_TABLE:
            self._cause = cause
        self._take(VInput.RELEASE)

    def pass_on(self, message: Message) -> None:
        """There is no ISUP here."""

    # ChannelUser

    def channel_progress(self, *, in_band: bool) -> None:
        """What is to be heard before an answer is nobody's to hear: no caller listens yet."""

    def channel_alerting(self) -> None:
        self._take(VInput.ALERTING)

    def channel_connected(self) -> None:
        self._take(VInput.CONNECTED)

    def channel_notified(self, *, suspended: bool) -> None:
        """A party by voice over IP cannot be put down and come back."""

    def channel_released(self, cause: int, *, by_line: bool) -> None:
        if (self._state, VInput.PARTY_RELEASED) in VOIP_TABLE:
            self._cause = Cause(cause, Location.USER if by_line else Location.PUBLIC_LOCAL)
        self._take(VInput.PARTY_RELEASED)

    def channel_measured(self, channel: LineChannel, measured: Quality) -> None:
        fields = {name: getattr(measured, name) for name in LineMeasured.__struct_fields__[1:]}
        self._desk.write(LineMeasured(channel.seizure, **fields))

    def channel_cleared(self) -> None:
        self._take(VInput.FREED)

    def _take(self, given: VInput) -> None:
        row = VOIP_TABLE.get((self._state, given))
        if row is None:
            assert given in VOIP_IGNORED[self._state]
            return
        action, self._state = row
        VOIP_ACTIONS[action](self)

    # The actions of the table.

    def wait(self) -> None:
        """The end is awaited."""

    def offer(self) -> None:
        seizure = self.channel.seizure = self._desk.next_seizure()
        line = self.channel.line
        self._desk.write(LineSeized(seizure, line, self.key, self._caller, self._called))
        self.channel.offer(self._caller, self._called)

    def tell_alerting(self) -> None:
        self._desk.write(LineRinging(self.channel.seizure))
        self._told().circuit_alerting(self)

    def write_answer(self) -> None:
        self._desk.write(
            LineAnswered(self.channel.seizure), lambda: self._take(VInput.ANSWER_DURABLE)
        )

    def tell_answered(self) -> None:
        self._desk.talks(self.channel.seizure, True)
        self._set_heartbeat()
        self._told().circuit_answered(self)

    def write_end(self) -> None:
        by_line = self._cause.location == Location.USER
        self._write_release("line" if by_line else "network", self._end_durable)

    def let_go(self) -> None:
        self._write_release("network")
        self.channel.release(self._cause.value)

    def tell_released(self) -> None:
        self._told().circuit_released(self, self._cause)

    def tell_cleared(self) -> None:
        self._desk.freed(self)
        self._told().circuit_cleared(self)

    def tell_released_and_cleared(self) -> None:
        self.tell_released()
        self.tell_cleared()

    def _end_durable(self) -> None:
        self._take(VInput.END_DURABLE)

    def _write_release(self, by: str, durable: Callable[[], object] | None = None) -> None:
        self._desk.talks(self.channel.seizure, False)
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        cause = self._cause
        entry = LineReleased(self.channel.seizure, cause.value, cause.location, by)
        self._desk.write(entry, durable)

    def _set_heartbeat(self) -> None:
        self._heartbeat = self._desk.clock.call_later_us(HEARTBEAT_US, self._beat)

    def _beat(self) -> None:
        self._desk.write(LineHeartbeat(self.channel.seizure))
        self._set_heartbeat()

    def _told(self) -> WayUser:
        assert self._user is not None, "only a way that was dialled tells anything"
        return self._user


VOIP_ACTIONS: Mapping[str, Callable[[VoipWay], None]] = {
    action.__name__: action
    for action in (
        VoipWay.wait,
        VoipWay.offer,
        VoipWay.tell_alerting,
        VoipWay.write_answer,
        VoipWay.tell_answered,
        VoipWay.write_end,
        VoipWay.let_go,
        VoipWay.tell_released,
        VoipWay.tell_cleared,
        VoipWay.tell_released_and_cleared,
    )
}
