"""The radio of a mobile telephone: which antenna it is in reach of, and what it says about it.

Out of reach it neither hears nor is heard. In reach it says where it is, answers pages after the
time that finding it takes, reports every few seconds during a call which antenna it hears best, and
goes over to another channel when it is told to. A telephone in a call that has been out of reach
for `LINK_LOST_US`, or is told that it has no channel, gives the call up.
"""

from collections.abc import Callable

from calleq.lines import radio
from calleq.lines.messages import LineError
from calleq.runtime.clock import Clock, Timer
from calleq.units import SECOND_US

REPORT_US = 5 * SECOND_US
LINK_LOST_US = 12 * SECOND_US


class MobileRadio:
    """One telephone's radio; `send` puts octets on the air, `lost` gives up what goes on."""

    def __init__(
        self,
        cells: dict[str, int],
        antenna: str,
        answer_us: int,
        clock: Clock,
        send: Callable[[bytes], object],
        in_call: Callable[[], bool],
        lost: Callable[[], object],
    ) -> None:
        """`cells` are the antennas by name; `antenna` is empty where it is out of reach of all."""
        self.antenna = antenna
        self.malformed = 0
        self._cells = cells
        self._answer_us = answer_us
        self._clock = clock
        self._send_octets = send
        self._in_call = in_call
        self._lost = lost
        self._serving = antenna
        """The antenna whose channel the call is on."""
        self._reporting: Timer | None = None
        self._losing: Timer | None = None

    @property
    def in_reach(self) -> bool:
        """Whether what is said reaches anybody, and what others say this telephone."""
        return bool(self.antenna)

    def start(self) -> None:
        """Switched on."""
        self._locate()

    def move(self, antenna: str) -> None:
        """From now on in reach of this antenna, or of none. Raises KeyError for an unknown one."""
        if antenna:
            _ = self._cells[antenna]
        self.antenna = antenna
        if self._losing is not None:
            self._losing.cancel()
            self._losing = None
        if not antenna:
            self._losing = self._clock.call_later_us(LINK_LOST_US, self._link_lost)
        elif self._in_call():
            self._report()
        else:
            self._locate()

    def dials(self) -> None:
        """A call is about to be asked for: the switch must know where."""
        self._locate()
        self.called()

    def called(self) -> None:
        """A call has begun: reports begin."""
        self._serving = self.antenna
        if self._reporting is None:
            self._reporting = self._clock.call_later_us(REPORT_US, self._reports)

    def free(self) -> None:
        """No call goes on."""
        if self._reporting is not None:
            self._reporting.cancel()
            self._reporting = None
        if self.antenna != self._serving:
            self._locate()

    def receive(self, octets: bytes) -> None:
        """Octets of the switch that are of the air."""
        try:
            message = radio.decode(octets)
        except LineError:
            self.malformed += 1
            return
        match message:
            case radio.Paging(cell) if self._cells.get(self.antenna) == cell:
                self._clock.call_later_us(self._answer_us, self._answer, cell)
            case radio.HandoverCommand(cell, _) if self._cells.get(self.antenna) == cell:
                self._serving = self.antenna
                self._say(radio.HandoverComplete(cell))
            case radio.ChannelRelease():
                if self._in_call():
                    self._lost()
            case _:
                pass  # for another antenna, or nothing to do

    def _answer(self, cell: int) -> None:
        if self._cells.get(self.antenna) == cell:
            self._say(radio.PagingResponse(cell))

    def _locate(self) -> None:
        self._serving = self.antenna
        if self.antenna:
            self._say(radio.LocationUpdate(self._cells[self.antenna]))

    def _reports(self) -> None:
        if not self._in_call():
            self._reporting = None  # the call was turned away before anybody took it up
            return
        self._reporting = self._clock.call_later_us(REPORT_US, self._reports)
        self._report()

    def _report(self) -> None:
        if self.antenna:
            self._say(radio.MeasurementReport(self._cells[self.antenna]))

    def _link_lost(self) -> None:
        self._losing = None
        if self._in_call():
            self._lost()

    def _say(self, message: radio.RadioMessage) -> None:
        if self.antenna:
            self._send_octets(radio.encode(message))
