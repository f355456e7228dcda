"""Units under way on a link: sequence numbers, acknowledgements, flow control (RFC 4165 §4.2).

Owns the numbers of both directions, the units that the far end has not acknowledged, and the timers
that belong to them: the delay of the own acknowledgement, T6 and T7. It knows of the link's state
only whether units are sent (`opened`) and taken (`taking`), which the link's session tells it.

An acknowledgement waits for a unit that takes it along, at most `acknowledge_us`; T7 runs only
while something is unacknowledged. An idle link sets no timer, so that simulated time can end.

Odd cases: `deliver` may bring a `send` on the same link, so everything is settled before it is
called; a unit or acknowledgement that does not fit the numbers is not this module's to judge, it is
left to the session.
"""

from collections.abc import Callable
from typing import Protocol

from calleq.runtime.clock import LATE_US, Clock, Timer
from calleq.ss7.m2pa.buffer import NONE_RECEIVED, Buffer, Remains
from calleq.ss7.m2pa.frames import (
    HEADER,
    SEQUENCE_MASK,
    UNIT_HEADER,
    UNIT_OCTETS,
    UNIT_START,
    acknowledgement_frame,
)
from calleq.ss7.m2pa.timing import Bounds, Timers


class Owner(Protocol):
    """Who has the wire, and level 3 above."""

    def put(self, frame: bytes) -> object:
        """Send a frame that is no signal unit."""

    def put_unit(self, frame: bytes, octets: bytes) -> object:
        """Send the frame of a signal unit, whose octets are given as well."""

    def deliver(self, octets: bytes) -> object:
        """A signal unit for level 3."""

    def changed(self, in_service: bool) -> object:
        """The link went into or out of service."""

    def congested(self, level: int) -> object:
        """The level of transmission congestion changed."""

    def named(self, name: str) -> object:
        """The far end put a name into its proving: a node of this project's."""


class Flow:
    """Both directions of a link at one end. `refused` counts units that found the buffer full."""

    __slots__ = (
        "_acknowledge_at",
        "_acknowledging",
        "_bounds",
        "_clock",
        "_confirmed",
        "_excused",
        "_late",
        "_monotonic_us",
        "_other",
        "_owner",
        "_plain",
        "_progress_us",
        "_put_unit",
        "_sent",
        "_sent_units",
        "_t6",
        "_t7",
        "_timers",
        "_unconfirmed",
        "_unconfirmed_since_us",
        "_wire_open",
        "buffer",
        "deliver",
        "epoch",
        "held",
        "opened",
        "received",
        "refused",
        "stale",
        "taking",
    )

    def __init__(
        self,
        clock: Clock,
        owner: Owner,
        timers: Timers,
        bounds: Bounds,
        other: Callable[[bytes], None],
        late: Callable[[str], None],
    ) -> None:
        """`other` is given every frame that is no unit in sequence, `late` "T6" or "T7"."""
        self.buffer = Buffer(bounds)
        self.opened = False
        """Units are accepted from level 3."""
        self.taking = False
        """Units are taken from the far end, in sequence."""
        self.held = False
        """The far end is busy: nothing is sent."""
        self.received = NONE_RECEIVED
        self.refused = 0
        self.deliver: Callable[[bytes], object] = owner.deliver
        """Where a unit goes: whoever knows a shorter way to level 3 may say so."""
        self.epoch = 0
        """Of the wire: a frame that was sent in another is not heard any more."""
        self.stale = 0
        """Such frames."""
        self._clock = clock
        self._owner = owner
        self._put_unit = owner.put_unit
        self._timers = timers
        self._bounds = bounds
        self._acknowledge_at = bounds.acknowledge_after - 1
        """So many units that wait for their acknowledgement already are enough."""
        self._monotonic_us = clock.monotonic_us
        self._other = other
        self._late = late
        self._sent_units = self.buffer.sent
        self._sent = self._confirmed = NONE_RECEIVED
        self._unconfirmed = 0
        self._unconfirmed_since_us = 0
        self._progress_us = 0
        self._excused = False
        """T7 rang too late, and is given the time of an acknowledgement more."""
        self._plain = min(bounds.window, bounds.onset[0] - 1)
        """With fewer units unacknowledged, and none waiting, a unit is sent at once."""
        self._wire_open = False
        """`opened` and not `held`."""
        self._acknowledging: Timer | None = None
        self._t6: Timer | None = None
        self._t7: Timer | None = None

    @property
    def numbers(self) -> tuple[int, int]:
        """BSN and FSN as a frame would carry them now."""
        return self.received, self._sent

    def send(self, octets: bytes) -> bool:
        """Send a signal unit, now or when the window opens; False when it cannot be taken."""
        sent_units = self._sent_units
        if not self._wire_open or len(sent_units) >= self._plain or self.buffer.unsent:
            return self._send_later(octets)
        if self._t7 is None:
            self._watch()
        elif not sent_units:
            self._progress_us = self._monotonic_us()
        self._sent = sent = (self._sent + 1) & SEQUENCE_MASK
        self._unconfirmed = 0
        sent_units.append(octets)
        header = UNIT_HEADER.pack(UNIT_START, UNIT_OCTETS + len(octets), self.received, sent, 0)
        self._put_unit(header + octets, octets)
        return True

    def frame(self, octets: bytes, epoch: int = 0) -> None:
        """One frame has come, which was sent in this epoch of the wire."""
        if epoch != self.epoch:
            self.stale += 1
            return
        if len(octets) >= UNIT_OCTETS:
            start, length, bsn, fsn = HEADER.unpack_from(octets)
            if (
                start == UNIT_START
                and self.taking
                and fsn == (self.received + 1) & SEQUENCE_MASK
                and length == len(octets)
                and (bsn == self._confirmed or self.confirm(bsn))
            ):
                self.received = fsn
                unconfirmed = self._unconfirmed
                self._unconfirmed = unconfirmed + 1
                if not unconfirmed:
                    self._unconfirmed_since_us = self._monotonic_us()
                    if self._acknowledging is None:
                        self._acknowledge_after(self._timers.acknowledge_us)
                if unconfirmed >= self._acknowledge_at:
                    self.acknowledge()
                self.deliver(octets[UNIT_OCTETS:])
                return
        self._other(octets)

    def confirm(self, bsn: int) -> bool:
        """The far end has taken everything up to `bsn`; False when that was never sent."""
        sent_units = self._sent_units
        count = (bsn - self._confirmed) & SEQUENCE_MASK
        if count > len(sent_units):
            return False
        self._confirmed = bsn
        if count == len(sent_units):
            sent_units.clear()
        elif count:
            for _ in range(count):
                sent_units.popleft()
            self._progress_us = self._clock.monotonic_us()
        if self.buffer.unsent or self.buffer.level:
            self.pump()
        return True

    def acknowledge(self) -> None:
        """Send an acknowledgement of everything received."""
        self._unconfirmed = 0
        self._owner.put(acknowledgement_frame(self.received, self._sent))

    # What the session tells.

    def reset(self) -> None:
        """Number anew (RFC 4165 §4.1.3)."""
        self._sent = self.received = self._confirmed = NONE_RECEIVED
        self._unconfirmed = 0

    def set_open(self, *, opened: bool, taking: bool) -> None:
        """The link's state has changed; what waits is not sent before `pump`."""
        self.opened = opened
        self.taking = taking
        self._wire_open = opened and not self.held

    def hold(self) -> None:
        """The far end is busy: T6 instead of T7 (§4.1.5)."""
        self.held = True
        self._wire_open = False
        self.stop_watching()
        if self._t6 is None:
            self._t6 = self._clock.call_later_us(self._timers.t6_us, self._t6_expires)

    def release(self) -> None:
        """The far end is busy no more."""
        self.held = False
        self._wire_open = self.opened
        if self._t6 is not None:
            self._t6.cancel()
            self._t6 = None
        if self._sent_units and self._t7 is None:
            self._watch()
        self.pump()

    def call_back(self) -> None:
        """The far end has dropped what it did not acknowledge: all that is sent again (§4.1.4)."""
        self.buffer.call_back()
        self._sent = self._confirmed

    def end(self) -> Remains:
        """The time in service is over; what it leaves behind."""
        remains = Remains(self.received, self._confirmed, *self.buffer.empty())
        self.held = False
        self.set_open(opened=False, taking=False)
        self.stop_watching()
        for timer in (self._t6, self._acknowledging):
            if timer is not None:
                timer.cancel()
        self._t6 = self._acknowledging = None
        self._unconfirmed = 0
        if self.buffer.weigh():
            self._owner.congested(self.buffer.level)
        return remains

    def pump(self) -> None:
        """Send what waits, as far as window and far end allow; tell of congestion."""
        buffer = self.buffer
        while buffer.unsent and self._wire_open and len(buffer.sent) < self._bounds.window:
            if self._t7 is None:
                self._watch()
            octets = buffer.unsent.popleft()
            self._sent = sent = (self._sent + 1) & SEQUENCE_MASK
            self._unconfirmed = 0
            buffer.sent.append(octets)
            header = UNIT_HEADER.pack(UNIT_START, UNIT_OCTETS + len(octets), self.received, sent, 0)
            self._put_unit(header + octets, octets)
        if buffer.weigh():
            self._owner.congested(buffer.level)

    def stop_watching(self) -> None:
        """T7 is of no use for the time being."""
        if self._t7 is not None:
            self._t7.cancel()
            self._t7 = None

    # Inside.

    def _send_later(self, octets: bytes) -> bool:
        if not self.opened:
            return False
        if self.buffer.is_full:
            self.refused += 1
            return False
        self.buffer.unsent.append(octets)
        self.pump()
        return True

    def _acknowledge_after(self, delay_us: int) -> None:
        self._acknowledging = self._clock.call_later_us(delay_us, self._acknowledge_late)

    def _acknowledge_late(self) -> None:
        self._acknowledging = None
        if not self._unconfirmed:
            return
        waited_us = self._clock.monotonic_us() - self._unconfirmed_since_us
        if waited_us >= self._timers.acknowledge_us:
            self.acknowledge()
        else:
            self._acknowledge_after(self._timers.acknowledge_us - waited_us)

    def _watch(self) -> None:
        """Begin T7: the far end must have acknowledged something by then."""
        self._progress_us = self._clock.monotonic_us()
        self._excused = False
        self._t7 = self._clock.call_later_us(self._timers.t7_us, self._t7_expires)

    def _t7_expires(self) -> None:
        self._t7 = None
        if not self._sent_units:
            return
        now_us = self._clock.monotonic_us()
        left_us = self._progress_us + self._timers.t7_us - now_us
        if left_us > 0:
            self._excused = False
        elif left_us < -LATE_US and not self._excused:
            # It was this process that was late: what it has been sent meanwhile is to be read yet.
            self._excused = True
            left_us = self._timers.acknowledge_us
        if left_us > 0:
            self._t7 = self._clock.call_later_us(left_us, self._t7_expires)
        else:
            self._late("T7")

    def _t6_expires(self) -> None:
        self._t6 = None
        self._late("T6")
