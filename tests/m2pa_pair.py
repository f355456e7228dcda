"""Two ends of a link with a wire of lists between them, and one end that a test speaks to."""

from collections.abc import Callable

from calleq.runtime.clock import VirtualClock
from calleq.ss7.m2pa import Bounds, Session, State, Status, Timers
from calleq.ss7.m2pa.frames import (
    Frame,
    acknowledgement_frame,
    decode,
    status_frame,
    unit_frame,
)

START = 0xFFFFFF


class End:
    """The owner of a session: keeps what it is told, and sends frames to `to`."""

    def __init__(
        self,
        clock: VirtualClock,
        *,
        name: str = "",
        emergency: bool = True,
        timers: Timers | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self.clock = clock
        self.session = Session(
            clock, self, name=name, emergency=emergency, timers=timers, bounds=bounds
        )
        self.frames: list[bytes] = []
        """Everything it has sent."""
        self.units: list[bytes] = []
        self.states: list[bool] = []
        self.levels: list[int] = []
        self.names: list[str] = []
        self.to: Callable[[bytes], object] = lambda frame: None
        self.on_unit: Callable[[bytes], object] = lambda octets: None

    def put(self, frame: bytes) -> None:
        self.frames.append(frame)
        self.to(frame)

    def put_unit(self, frame: bytes, octets: bytes) -> None:
        assert frame.endswith(octets)
        self.put(frame)

    def deliver(self, octets: bytes) -> None:
        self.units.append(octets)
        self.on_unit(octets)

    def changed(self, in_service: bool) -> None:
        self.states.append(in_service)

    def congested(self, level: int) -> None:
        self.levels.append(level)

    def named(self, name: str) -> None:
        self.names.append(name)

    # What a test says and looks at.

    @property
    def state(self) -> State:
        return self.session.state

    def send(self, octets: bytes) -> bool:
        return self.session.flow.send(octets)

    def hears(self, *frames: bytes) -> None:
        for frame in frames:
            self.session.flow.frame(frame)

    def hears_status(self, status: Status, bsn: int = START, fsn: int = START) -> None:
        self.hears(status_frame(bsn, fsn, status))

    def hears_unit(self, fsn: int, octets: bytes = b"\x85unit", bsn: int = START) -> None:
        self.hears(unit_frame(bsn, fsn, octets))

    def hears_acknowledgement(self, bsn: int, fsn: int = START) -> None:
        self.hears(acknowledgement_frame(bsn, fsn))

    def said(self) -> list[Frame]:
        """What it has sent since the last time, decoded."""
        frames, self.frames = self.frames, []
        return [decode(frame) for frame in frames]

    def statuses(self) -> list[str]:
        """The states it has said since the last time; units and acknowledgements by those words."""
        return [
            frame.status.name
            if frame.status is not None
            else ("unit" if frame.body else "acknowledgement")
            for frame in self.said()
        ]

    def aligns(self) -> None:
        """Come into service with a far end that does all that it must."""
        self.session.connected()
        self.hears_status(Status.ALIGNMENT)
        self.hears_status(Status.PROVING_EMERGENCY)
        self.clock.advance_us(500_000)
        self.hears_status(Status.READY)
        assert self.state is State.IN_SERVICE
        self.said()


class Pair:
    """Two ends; a frame takes `delay_us`, and `passes` may keep it or change it."""

    def __init__(
        self,
        *,
        delay_us: int = 1_000,
        timers: Timers | None = None,
        bounds: Bounds | None = None,
        emergency: tuple[bool, bool] = (True, True),
    ) -> None:
        self.clock = VirtualClock()
        self.delay_us = delay_us
        self.a = End(self.clock, name="a", emergency=emergency[0], timers=timers, bounds=bounds)
        self.b = End(self.clock, name="b", emergency=emergency[1], timers=timers, bounds=bounds)
        self.passes: Callable[[bytes], bytes | None] = lambda frame: frame
        for end, far in ((self.a, self.b), (self.b, self.a)):
            end.to = lambda frame, far=far: self._carry(far, frame)

    def _carry(self, far: End, frame: bytes) -> None:
        passed = self.passes(frame)
        if passed is not None:
            self.clock.call_later_us(self.delay_us, far.session.flow.frame, passed)

    def connect(self) -> None:
        self.a.session.connected()
        self.b.session.connected()

    def disconnect(self) -> None:
        self.a.session.disconnected()
        self.b.session.disconnected()

    def aligned(self) -> "Pair":
        self.connect()
        self.clock.advance_us(1_000_000)
        assert self.a.state is self.b.state is State.IN_SERVICE
        self.a.said()
        self.b.said()
        return self
