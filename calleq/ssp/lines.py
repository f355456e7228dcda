"""The line register of a switch: which lines it has, what they are doing, and their octets.

A line has as many channels as its kind allows calls at once: `dial_up`, `mobile` and `dsl` one,
`two_lines` and `isdn` two. A computer that is on the internet over a `dial_up` line is there by a
call of that line (to its provider's modems), so the line is busy by nothing more than that call; on
a `dsl` line the data runs beside the voice channel and occupies nothing.

A SIP trunk is a line, too: a primary rate access of as many channels as the topology says, named
by the trunk, behind which there are many numbers.

Call references: a reference belongs to the side that chose it (the flag of Q.931 §4.3). The switch
chooses in turn, so that a late message cannot meet a new call; `LINE_REFERENCES` and
`TRUNK_REFERENCES` say from which.

Refused and counted: octets that are no line message (`malformed_lines`), messages that no call and
no state has a use for (`unexpected_lines`; an unknown reference is answered with RELEASE COMPLETE,
81, as Q.931 §5.8.3.2 wants), octets for lines of other switches (`foreign_lines`).

The voice wire of a line with a simulated telephone is one, whatever the number of its channels: it
carries the sum of what its calls send to it. On other lines and on trunks each call has a wire of
its own.
"""

from collections.abc import Callable, Iterable
from enum import IntEnum
from itertools import chain

from calleq.causes import Q850
from calleq.lines.channel import ChannelUser, LineChannel, LState
from calleq.lines.contract import LinePlant
from calleq.lines.messages import (
    LINE_REFERENCES,
    TRUNK_REFERENCES,
    LineError,
    LineMessage,
    References,
    Release,
    ReleaseComplete,
    Setup,
)
from calleq.lines.q931 import decode, encode
from calleq.lines.radio import is_radio
from calleq.media.contract import Voice, channel_wire, line_wire
from calleq.runtime.clock import Clock
from calleq.ssp.mobile import Radio
from calleq.topology import Line, LineKind
from calleq.topology_sip import SipTrunk

CHANNELS: dict[LineKind, int] = {"dial_up": 1, "two_lines": 2, "isdn": 2, "dsl": 1, "mobile": 1}
"""Calls at once by kind of line."""

REFERENCES_USED = 1_024
"""Of the references that the switch may choose on a trunk, so many are used in turn, or four for
each channel: enough for every late message, and few wires of voice."""

_NULL = LState.NULL


class Availability(IntEnum):
    """Whether a call can be offered to a number; the value is the cause where it cannot."""

    IDLE = 0
    UNALLOCATED = Q850.UNALLOCATED
    BUSY = Q850.USER_BUSY
    CONGESTED = Q850.CONGESTION
    FULL = Q850.NO_CIRCUIT
    """Every channel of the trunk is in use."""


class SubscriberLine:
    """One line, or one trunk, with the calls on it."""

    __slots__ = (
        "access",
        "capacity",
        "channels",
        "name",
        "next_reference",
        "references",
        "sources",
        "wire",
    )

    def __init__(self, access: Line | SipTrunk) -> None:
        self.access = access
        self.channels: dict[tuple[bool, int], LineChannel] = {}
        """By (chosen by the switch, reference)."""
        self.wire = ""
        """The one of all calls; empty: each has its own."""
        self.references: References = LINE_REFERENCES
        if isinstance(access, SipTrunk):
            self.name = access.name
            self.capacity = access.channels
            used = max(REFERENCES_USED, 4 * access.channels)
            far_end, by_switch = TRUNK_REFERENCES.far_end, TRUNK_REFERENCES.switch
            self.references = References(far_end, by_switch[:used])
        else:
            self.name = access.number
            self.capacity = CHANNELS[access.kind]
            if access.access == "simulated":
                self.wire = line_wire(access.number)
        self.next_reference = self.references.switch.start
        self.sources: dict[LineChannel, tuple[str, ...]] = {}

    @property
    def is_real(self) -> bool:
        """Whether something other than a simulated telephone is at its far end."""
        return not self.wire

    def following(self, reference: int) -> int:
        """The reference that the switch chooses next."""
        chosen = self.references.switch
        return reference + 1 if reference + 1 in chosen else chosen.start

    @property
    def full(self) -> bool:
        return len(self.channels) >= self.capacity


Origination = Callable[[LineChannel, Setup], ChannelUser]


class LineRegister:
    """Every line of one switch, and every SIP trunk."""

    def __init__(
        self,
        name: str,
        lines: Iterable[Line | SipTrunk],
        plant: LinePlant,
        voice: Voice,
        clock: Clock,
    ) -> None:
        self._name = name
        subscribers = (SubscriberLine(line) for line in lines)
        self._lines = {subscriber.name: subscriber for subscriber in subscribers}
        self._plant = plant
        self._voice = voice
        self._clock = clock
        self._origination: Origination | None = None
        self._tell_freed: Callable[[str], object] | None = None
        self.radio: Radio | None = None
        """At a mobile switch, whose lines are all mobile."""
        self.malformed_lines = 0
        self.unexpected_lines = 0
        self.foreign_lines = 0
        plant.serve(name, self._received)

    def on_origination(self, begin: Origination) -> None:
        """Ask `begin` for the user of each call that a telephone starts.

        It may use the channel only after it has returned.
        """
        self._origination = begin

    def on_freed(self, tell: Callable[[str], object]) -> None:
        """Tell of each call on a line that is over, by the line's number."""
        self._tell_freed = tell

    def __contains__(self, number: str) -> bool:
        return number in self._lines

    def line(self, number: str) -> Line:
        """The line as provisioned. Raises KeyError when there is none."""
        access = self._lines[number].access
        if isinstance(access, SipTrunk):
            raise KeyError(number)
        return access

    def trunk(self, name: str) -> SipTrunk | None:
        """The SIP trunk as provisioned; None where the name is a line's."""
        access = self._lines[name].access
        return access if isinstance(access, SipTrunk) else None

    def is_real(self, name: str) -> bool:
        """Whether something other than a simulated telephone is at the line's far end."""
        return self._lines[name].is_real

    def wire_of(self, channel: LineChannel) -> str:
        """The voice wire of a call."""
        common = self._lines[channel.line].wire
        return common or channel_wire(channel.line, channel.reference, channel.by_switch)

    def availability(self, number: str) -> Availability:
        """Whether a call to the number can be offered now."""
        subscriber = self._lines.get(number)
        if subscriber is None:
            return Availability.UNALLOCATED
        if isinstance(subscriber.access, SipTrunk):
            return Availability.FULL if subscriber.full else Availability.IDLE
        if subscriber.access.congested:
            return Availability.CONGESTED
        return Availability.BUSY if subscriber.full else Availability.IDLE

    def send_radio(self, number: str, octets: bytes) -> None:
        """Put octets of the air on a mobile telephone's line."""
        self._plant.to_telephone(self._name, number, octets)

    def calls_on(self, number: str) -> int:
        """Channels in use on the line."""
        return len(self._lines[number].channels)

    def take(self, number: str, user: ChannelUser) -> LineChannel:
        """Occupy a channel of an idle line for a call to it."""
        subscriber = self._lines[number]
        assert not subscriber.full, "availability is asked first"
        reference = subscriber.next_reference
        while (True, reference) in subscriber.channels:  # bounded: there are more than channels
            reference = subscriber.following(reference)
        subscriber.next_reference = subscriber.following(reference)
        return self._occupy(subscriber, reference, user, by_switch=True)

    def lost(self) -> None:
        """The wires to the simulated telephones broke: every call on them is over, with cause 27.

        Each channel takes it as a RELEASE COMPLETE, the one message that ends a call in any state
        and is answered by nothing.
        """
        for number, subscriber in self._lines.items():
            if not subscriber.is_real:
                self.line_lost(number, Q850.OUT_OF_ORDER)

    def gateway_lost(self) -> None:
        """Whatever is between the real telephones, the trunks and this switch broke, or ends.

        Their calls are over, with cause 41.
        """
        for name, subscriber in self._lines.items():
            if subscriber.is_real:
                self.line_lost(name, Q850.TEMPORARY_FAILURE)

    def line_lost(self, number: str, cause: int) -> None:
        """As `lost`, for one line."""
        for channel in list(self._lines[number].channels.values()):
            to_originator = not channel.by_switch
            channel.received(ReleaseComplete(channel.reference, cause, to_originator))

    def give_back(self, channel: LineChannel) -> None:
        """Free a channel that was taken and never offered a call."""
        self._freed(channel)

    def hear(self, channel: LineChannel, sources: tuple[str, ...]) -> None:
        """What the telephone hears of this call from now on; nothing once the call is gone."""
        subscriber = self._lines[channel.line]
        if sources and channel.state is not _NULL:
            subscriber.sources[channel] = sources
        elif subscriber.sources.pop(channel, None) is None:
            return
        if subscriber.is_real:
            own = subscriber.sources.get(channel, ())
            self._voice.feed(self._name, self.wire_of(channel), own)
            return
        heard = subscriber.sources
        total = (
            sources if len(heard) == 1 and sources else tuple(chain.from_iterable(heard.values()))
        )
        self._voice.feed(self._name, subscriber.wire, total)

    def _occupy(
        self,
        subscriber: SubscriberLine,
        reference: int,
        user: ChannelUser | None,
        *,
        by_switch: bool,
    ) -> LineChannel:
        channel = LineChannel(
            subscriber.name,
            reference,
            self._clock,
            self._send,
            self._freed,
            by_switch=by_switch,
        )
        channel.user = user
        subscriber.channels[by_switch, reference] = channel
        return channel

    def _freed(self, channel: LineChannel) -> None:
        self.hear(channel, ())
        subscriber = self._lines[channel.line]
        del subscriber.channels[channel.by_switch, channel.reference]
        if self.radio is not None:
            self.radio.freed(channel.line)
        if self._tell_freed is not None:
            self._tell_freed(channel.line)

    def _send(self, number: str, message: LineMessage) -> None:
        self._plant.to_telephone(self._name, number, encode(message))

    def _received(self, number: str, octets: bytes) -> None:
        subscriber = self._lines.get(number)
        if subscriber is None:
            self.foreign_lines += 1
            return
        if self.radio is not None and is_radio(octets):
            self.radio.received(number, octets)
            return
        try:
            message = decode(octets)
        except LineError:
            self.malformed_lines += 1
            return
        if isinstance(message, Setup):
            self._set_up(subscriber, message)
            return
        channel = subscriber.channels.get((message.to_originator, message.reference))
        if channel is not None:
            channel.received(message)
            return
        self.unexpected_lines += 1
        if not isinstance(message, ReleaseComplete):
            cause = (
                message.cause or Q850.NORMAL_UNSPECIFIED
                if isinstance(message, Release)
                else Q850.INVALID_REFERENCE
            )
            answer = ReleaseComplete(message.reference, cause, not message.to_originator)
            self._send(number, answer)

    def _set_up(self, subscriber: SubscriberLine, setup: Setup) -> None:
        """A telephone dials."""
        reference = setup.reference
        begin = self._origination
        if (
            begin is None
            or reference not in subscriber.references.far_end
            or (False, reference) in subscriber.channels
        ):
            self.unexpected_lines += 1
            return
        number = subscriber.name
        if subscriber.full or (self.radio is not None and not self.radio.occupy(number)):
            refusal = ReleaseComplete(reference, Q850.NO_CIRCUIT, to_originator=True)
            self._send(number, refusal)
            return
        channel = self._occupy(subscriber, reference, None, by_switch=False)
        channel.user = begin(channel, setup)
        channel.received(setup)
