"""One end of a link: what it says and hears from the first alignment to the last (RFC 4165 §4.1).

Owns the state of one end and its timers T1 to T5, on the clock that it is given; the units under
way are its `flow`'s. It is told of the wire (`connected`, `disconnected`, `flow.frame`) and of
level 3's wishes (`start`, `stop`, `flow.send`, processor outage, being busy), and speaks through
its owner. Whether the wire is TCP or simulated it does not know.

Nothing it is told makes it raise: what is no frame, or is out of sequence, ends the service and is
counted; the link is then aligned anew. What was not acknowledged is in `remains` for level 3.

Odd case: an own processor that goes out before the link is up is told to the far end when this end
has proved, and so is a Ready or a Processor Outage of the far end taken only then.
"""

from typing import assert_never

from calleq.runtime.clock import Clock, Timer
from calleq.ss7.m2pa.buffer import Remains
from calleq.ss7.m2pa.flow import Flow, Owner
from calleq.ss7.m2pa.frames import (
    NAME_LIMIT_OCTETS,
    Frame,
    M2paError,
    Status,
    decode,
    status_frame,
)
from calleq.ss7.m2pa.table import SERVING, TABLE, Action, Input, State
from calleq.ss7.m2pa.timing import Bounds, Timers

_INPUT_OF_STATUS: dict[Status, Input] = {
    Status.ALIGNMENT: Input.ALIGNMENT,
    Status.PROVING_NORMAL: Input.PROVING_NORMAL,
    Status.PROVING_EMERGENCY: Input.PROVING_EMERGENCY,
    Status.READY: Input.FAR_READY,
    Status.PROCESSOR_OUTAGE: Input.FAR_OUTAGE,
    Status.PROCESSOR_RECOVERED: Input.FAR_RECOVERED,
    Status.BUSY: Input.FAR_BUSY,
    Status.BUSY_ENDED: Input.FAR_BUSY_ENDED,
    Status.OUT_OF_SERVICE: Input.FAR_OUT_OF_SERVICE,
}

_PROVING = (Status.PROVING_NORMAL, Status.PROVING_EMERGENCY)
_TAKING = (State.IN_SERVICE, State.REMOTE_OUTAGE)
"""States in which units are taken, and so must be in sequence."""

_SAID_AGAIN = {
    State.NOT_ALIGNED: Status.ALIGNMENT,
    State.ALIGNED: Status.PROVING_EMERGENCY,
    State.PROVING: Status.PROVING_EMERGENCY,
    State.READY: Status.READY,
    State.NOT_READY: Status.PROCESSOR_OUTAGE,
}
"""What is said again in a state; which proving, is the session's choice."""


class Session:
    """One end of a link.

    `malformed` counts arrivals that were no frame, `faults` those and whatever was out of sequence.
    """

    def __init__(
        self,
        clock: Clock,
        owner: Owner,
        *,
        name: str = "",
        emergency: bool = True,
        timers: Timers | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        """`name` is said in the proving, "": nothing is. The link is wanted from the first."""
        self.state = State.AWAITING_CONNECTION
        self.remains = Remains()
        self.emergency = emergency
        self.malformed = 0
        self.faults = 0
        self.forgotten = 0
        """Units that remained and were not retrieved before the next time in service ended."""
        self._clock = clock
        self._owner = owner
        self._filler = name.encode()[:NAME_LIMIT_OCTETS]
        self._timers = timers or Timers()
        self.flow = Flow(clock, owner, self._timers, bounds or Bounds(), self._hear, self._late)
        self._processor_is_out = False
        self._is_busy = False
        self._remembered: Input | None = None
        self._hastened = emergency
        """This proving is the short one."""
        self._state_timer: Timer | None = None
        self._repeat_timer: Timer | None = None
        self._t5: Timer | None = None

    @property
    def in_service(self) -> bool:
        """Whether units are taken for sending."""
        return self.state is State.IN_SERVICE

    def last_received(self) -> int:
        """FSN of the last unit taken in order, in this time in service or the last."""
        return self.flow.received if self.state in SERVING else self.remains.received

    def retrieve(self, after: int | None) -> list[bytes]:
        """What remains after `after`, as `LinkEnd.retrieve` has it; nothing remains then."""
        units = self.remains.after(after)
        self.remains = self.remains._replace(sent=(), unsent=())
        return units

    def take_back(self) -> Remains:
        """Everything that remains, as `LinkEnd.take_back` has it; nothing remains then."""
        remains = self.remains
        self.remains = remains._replace(sent=(), unsent=())
        return remains

    def start(self) -> None:
        """Level 3 wants the link."""
        self._take(Input.START)

    def stop(self) -> None:
        """Level 3 does not want it."""
        self._take(Input.STOP)

    def connected(self) -> None:
        """There is a wire to the far end."""
        self._take(Input.CONNECTED)

    def disconnected(self) -> None:
        """There is none any more."""
        self._take(Input.DISCONNECTED)

    def begin_in_service(self) -> None:
        """Stand as an end does that aligned before time began; the far end must be told so too."""
        assert self.state is State.AWAITING_CONNECTION
        self.state = State.IN_SERVICE
        self.flow.set_open(opened=True, taking=True)

    def set_processor_outage(self, out: bool) -> None:
        """Level 3 here cannot use the link for the time being, or can again (§4.1.4)."""
        if out != self._processor_is_out:
            self._processor_is_out = out
            self._take(Input.OUTAGE if out else Input.RECOVERED)

    def set_busy(self, busy: bool) -> None:
        """Level 3 here cannot keep up with what arrives, or can again (§4.1.5)."""
        if busy == self._is_busy:
            return
        self._is_busy = busy
        if self.state in SERVING:
            if not busy:
                self._say(Status.BUSY_ENDED)
            elif self._t5 is None:
                self._say_busy()

    def fault(self) -> None:
        """Octets came that are no frame at all."""
        self.malformed += 1
        self._take(Input.FAULT)

    # What is heard.

    def _hear(self, octets: bytes) -> None:
        """A frame that is no unit in sequence."""
        try:
            frame = decode(octets)
        except M2paError:
            self.fault()
            return
        before, what = self.state, self._input_of(frame)
        if frame.status in _PROVING and frame.body:
            self._hear_name(frame.body)
        self._take(what)
        if before is State.READY and self.state is State.IN_SERVICE and frame.status is None:
            self.flow.frame(octets)

    def _input_of(self, frame: Frame) -> Input:
        """What a frame is to this end; whatever it acknowledges is acknowledged."""
        flow = self.flow
        if frame.status is not None:
            if self.state in SERVING:
                flow.confirm(frame.bsn)
            return _INPUT_OF_STATUS[frame.status]
        what = Input.UNIT if frame.body else Input.ACKNOWLEDGEMENT
        if self.state not in SERVING:
            return what
        # A unit in sequence does not come here, except one whose acknowledgement is wrong.
        is_due = what is Input.ACKNOWLEDGEMENT and frame.fsn == flow.received
        if not flow.confirm(frame.bsn) or (self.state in _TAKING and not is_due):
            return Input.FAULT
        return what

    def _hear_name(self, filler: bytes) -> None:
        name = filler[:NAME_LIMIT_OCTETS].rstrip(b"\0")
        if name and name.isascii():
            self._owner.named(name.decode())

    def _late(self, timer: str) -> None:
        self._take(Input.T6 if timer == "T6" else Input.T7)

    # The table.

    def _take(self, what: Input) -> None:
        """Carry out what the table says of an input."""
        before = self.state
        action, after = TABLE[before, what]
        if what is Input.FAULT:
            self.faults += 1
        self.state = after
        if after is not before:
            self._time_state()
            if after in SERVING:
                self.flow.set_open(opened=after is State.IN_SERVICE, taking=after in _TAKING)
        self._act(action, what, before)
        was_serving = before is State.IN_SERVICE
        if was_serving != (after is State.IN_SERVICE):
            self._owner.changed(not was_serving)
        if after is State.READY and before is State.PROVING:
            self._settle_proving()
        elif self.state is State.IN_SERVICE and not was_serving:
            self.flow.pump()

    def _settle_proving(self) -> None:
        """Proving is over: take what happened meanwhile."""
        remembered, self._remembered = self._remembered, None
        if self._processor_is_out:
            self._take(Input.OUTAGE)
        if remembered is not None:
            self._take(remembered)

    def _act(self, action: Action, what: Input, before: State) -> None:
        match action:
            case Action.IGNORE | Action.TAKE_UNIT | Action.TAKE_ACKNOWLEDGEMENT:
                pass
            case Action.SAY_OUT_OF_SERVICE:
                self._say(Status.OUT_OF_SERVICE)
            case Action.BEGIN:
                self._begin()
            case Action.SAY_PROVING:
                self._say_proving()
            case Action.PROVE:
                self._hasten(what)
                self._say_proving()
            case Action.HASTEN:
                self._hasten(what)
            case Action.REMEMBER:
                self._remembered = what
            case Action.SAY_READY | Action.BE_READY:
                self._say(Status.READY)
            case Action.SAY_OUTAGE:
                self._say(Status.PROCESSOR_OUTAGE)
            case Action.SAY_RECOVERED:
                self._say(Status.PROCESSOR_RECOVERED)
            case Action.ENTER:
                if self._is_busy and self._t5 is None:
                    self._say_busy()
            case Action.WAIT:
                self.flow.stop_watching()
            case Action.RESUME | Action.CALL_BACK:
                self.flow.call_back()
                self._say(Status.READY if action is Action.RESUME else Status.PROCESSOR_OUTAGE)
            case Action.HOLD:
                self.flow.hold()
            case Action.RELEASE:
                self.flow.release()
            case Action.FAIL:
                self._leave(before)
                self._say(Status.OUT_OF_SERVICE)
            case Action.LOSE:
                self._leave(before)
            case _:
                assert_never(action)

    def _begin(self) -> None:
        self.flow.reset()
        self._hastened = self.emergency
        self._remembered = None
        self._say(Status.OUT_OF_SERVICE)
        self._say(Status.ALIGNMENT)

    def _hasten(self, what: Input) -> None:
        """T4 is the short one when either end wants that (Q.703 §7.3)."""
        if what is Input.PROVING_EMERGENCY and not self._hastened:
            self._hastened = True
            self._time_state()

    def _leave(self, before: State) -> None:
        """Out of service: where units were numbered, what is left of them remains."""
        if before in SERVING:
            self.forgotten += len(self.remains.sent) + len(self.remains.unsent)
            self.remains = self.flow.end()

    def _time_state(self) -> None:
        """Begin the timer of the state, and the saying again of what is said in it."""
        for timer in (self._state_timer, self._repeat_timer):
            if timer is not None:
                timer.cancel()
        self._state_timer = self._repeat_timer = None
        limit_us = self._limit_us()
        if limit_us:
            self._state_timer = self._clock.call_later_us(limit_us, self._expires)
        if self.state in _SAID_AGAIN:
            self._repeat_timer = self._clock.call_later_us(self._timers.repeat_us, self._repeat)

    def _limit_us(self) -> int:
        """How long the state may last, 0: for ever."""
        timers = self._timers
        match self.state:
            case State.PAUSING:
                return timers.pause_us
            case State.NOT_ALIGNED:
                return timers.t2_us
            case State.ALIGNED:
                return timers.t3_us
            case State.PROVING:
                return timers.t4_emergency_us if self._hastened else timers.t4_normal_us
            case State.READY | State.NOT_READY:
                return timers.t1_us
            case State.RECOVERING:
                return timers.t7_us
            case _:
                return 0

    def _expires(self) -> None:
        self._state_timer = None
        self._take(Input.EXPIRED)

    # What is said.

    def _say(self, status: Status, filler: bytes = b"") -> None:
        bsn, fsn = self.flow.numbers
        self._owner.put(status_frame(bsn, fsn, status, filler))

    def _say_proving(self) -> None:
        status = Status.PROVING_EMERGENCY if self.emergency else Status.PROVING_NORMAL
        self._say(status, self._filler)

    def _repeat(self) -> None:
        """Link Status is not sent without pause, as on a channel, but now and then (§4.1.3)."""
        self._repeat_timer = self._clock.call_later_us(self._timers.repeat_us, self._repeat)
        said = _SAID_AGAIN[self.state]
        if said in _PROVING:
            self._say_proving()
        else:
            self._say(said)

    def _say_busy(self) -> None:
        """Busy, and again after each T5 for as long as it is so (Q.703 §9.2)."""
        self._t5 = None
        if self._is_busy and self.state in SERVING:
            self._say(Status.BUSY)
            self._t5 = self._clock.call_later_us(self._timers.t5_us, self._say_busy)
