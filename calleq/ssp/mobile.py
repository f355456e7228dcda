"""The radio side of the MTSO: where each mobile telephone is, and the channels of the antennas.

Owns location (a telephone says which antenna it is in reach of), paging (it is looked for there
before a call is offered), the channels (a call takes one of its antenna, and none free means cause
34), and hand-over: a telephone in a call that hears another antenna best is given a channel there,
goes on with the call on it, and leaves the old one. A call whose telephone is not heard of for
`LINK_LOST_US` is lost (cause 41).

Odd cases: a telephone that was never heard of, as after a restart, is looked for at every antenna;
one that does not answer `PAGES` pages is absent (cause 20); one that wants an antenna without a
free channel stays where it is and may ask again, until its call is lost; one that comes back into
reach after its call was lost, and reports on it, is told that it has no channel; what else comes
from one that has no call, or names an antenna that is not there, is counted in `unexpected` and
changes nothing.
"""

from collections import deque
from collections.abc import Callable
from typing import assert_never

from calleq.lines import radio
from calleq.lines.messages import LineError
from calleq.runtime.clock import Clock, Timer
from calleq.units import SECOND_US

PAGES = 3
"""How often a telephone that does not answer is paged."""

LINK_LOST_US = 12 * SECOND_US
"""A telephone in a call reports every few seconds; after so long without it is gone."""

CHANNELS_LIMIT = 255


class Antenna:
    """One antenna with its channels."""

    def __init__(self, name: str, cell: int, channels: int) -> None:
        self.name = name
        self.cell = cell
        self.free = deque(range(channels))

    def take(self) -> int | None:
        """A free channel; None when there is none."""
        return self.free.popleft() if self.free else None


class _Link:
    """A telephone in a call: its channel, the one it is being handed over to, and the watch."""

    __slots__ = ("antenna", "channel", "target", "target_channel", "watch")

    def __init__(self, antenna: Antenna, channel: int) -> None:
        self.antenna = antenna
        self.channel = channel
        self.target: Antenna | None = None
        self.target_channel = 0
        self.watch: Timer | None = None


class Page:
    """One search for one telephone; cancelling gives it up."""

    __slots__ = ("absent", "blocked", "found", "is_over", "left", "timer")

    def __init__(
        self,
        found: Callable[[], object],
        absent: Callable[[], object],
        blocked: Callable[[], object],
    ) -> None:
        self.found = found
        self.absent = absent
        self.blocked = blocked
        self.left = PAGES
        self.is_over = False
        self.timer: Timer | None = None

    def cancel(self) -> None:
        """Look no more; nobody is told anything."""
        self.is_over = True
        self.found = self.absent = self.blocked = _nothing  # who asked may go, and the page with it
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Radio:
    """The antennas of one mobile switch.

    `send(number, octets)` puts octets on the air, `lost(number)` ends the calls of a telephone that
    is gone. `handovers` counts those completed.
    """

    def __init__(
        self,
        clock: Clock,
        antennas: tuple[str, ...],
        channels: int,
        paging_s: float,
        send: Callable[[str, bytes], object],
        lost: Callable[[str], object],
    ) -> None:
        self.antennas = {
            cell: Antenna(name, cell, channels) for cell, name in enumerate(antennas, 1)
        }
        self.handovers = 0
        self.unexpected = 0
        self.malformed = 0
        self.again_us = max(1, round(2 * paging_s * SECOND_US))
        """How long the answer to one page is waited for."""
        self._clock = clock
        self._send = send
        self._lost = lost
        self._locations: dict[str, Antenna] = {}
        self._pages: dict[str, Page] = {}
        self._links: dict[str, _Link] = {}

    def location(self, number: str) -> str:
        """The antenna a telephone was last heard of at; empty when it never was."""
        antenna = self._locations.get(number)
        return "" if antenna is None else antenna.name

    def page(
        self,
        number: str,
        *,
        found: Callable[[], object],
        absent: Callable[[], object],
        blocked: Callable[[], object],
    ) -> Page:
        """Look for a telephone; exactly one of the three is called, later, unless cancelled.

        `found`: it has a channel; `blocked`: it is there and no channel is free.
        """
        page = self._pages[number] = Page(found, absent, blocked)
        page.timer = self._clock.call_later_us(0, self._page, number, page)
        return page

    def occupy(self, number: str) -> bool:
        """Give a telephone that dials a channel; False when its antenna has none free."""
        antenna = self._locations.get(number)
        return antenna is not None and self._occupy(number, antenna)

    def freed(self, number: str) -> None:
        """The telephone's call is over."""
        link = self._links.pop(number, None)
        if link is None:
            return
        if link.watch is not None:
            link.watch.cancel()
        link.antenna.free.append(link.channel)
        if link.target is not None:
            link.target.free.append(link.target_channel)

    def received(self, number: str, octets: bytes) -> None:
        """A telephone said something."""
        try:
            message = radio.decode(octets)
        except LineError:
            self.malformed += 1
            return
        match message:
            case radio.LocationUpdate(cell):
                self._located(number, cell)
            case radio.PagingResponse(cell):
                self._answered(number, cell)
            case radio.MeasurementReport(cell):
                self._reported(number, cell)
            case radio.HandoverComplete(cell):
                self._handed_over(number, cell)
            case (
                radio.LocationAccepted()
                | radio.Paging()
                | radio.HandoverCommand()
                | radio.ChannelRelease()
            ):
                self.unexpected += 1
            case _:
                assert_never(message)

    def _say(self, number: str, message: radio.RadioMessage) -> None:
        self._send(number, radio.encode(message))

    def _located(self, number: str, cell: int) -> None:
        antenna = self.antennas.get(cell)
        if antenna is None:
            self.unexpected += 1
            return
        self._locations[number] = antenna
        self._say(number, radio.LocationAccepted())

    def _page(self, number: str, page: Page) -> None:
        if page.is_over:
            return
        if not page.left:
            self._decide(number, page, page.absent)
            return
        page.left -= 1
        page.timer = self._clock.call_later_us(self.again_us, self._page, number, page)
        known = self._locations.get(number)
        for antenna in self.antennas.values() if known is None else (known,):
            self._say(number, radio.Paging(antenna.cell))

    def _answered(self, number: str, cell: int) -> None:
        page, antenna = self._pages.get(number), self.antennas.get(cell)
        if page is None or page.is_over or antenna is None:
            self.unexpected += 1
            return
        self._locations[number] = antenna
        taken = self._occupy(number, antenna)
        self._decide(number, page, page.found if taken else page.blocked)

    def _decide(self, number: str, page: Page, told: Callable[[], object]) -> None:
        page.cancel()
        if self._pages.get(number) is page:
            del self._pages[number]
        told()

    def _occupy(self, number: str, antenna: Antenna) -> bool:
        channel = antenna.take()
        if channel is None:
            return False
        self._links[number] = link = _Link(antenna, channel)
        self._watch(number, link)
        return True

    def _watch(self, number: str, link: _Link) -> None:
        if link.watch is not None:
            link.watch.cancel()
        link.watch = self._clock.call_later_us(LINK_LOST_US, self._gone, number, link)

    def _gone(self, number: str, link: _Link) -> None:
        if self._links.get(number) is link:
            self._lost(number)

    def _reported(self, number: str, cell: int) -> None:
        link, antenna = self._links.get(number), self.antennas.get(cell)
        if link is None or antenna is None:
            self.unexpected += 1
            if link is None:
                self._say(number, radio.ChannelRelease())
        elif antenna is link.antenna:
            self._watch(number, link)
        elif link.target is None:
            channel = antenna.take()
            if channel is not None:
                link.target, link.target_channel = antenna, channel
                self._say(number, radio.HandoverCommand(cell, channel))
        else:  # the command may have been lost on the air
            target = link.target
            self._say(number, radio.HandoverCommand(target.cell, link.target_channel))

    def _handed_over(self, number: str, cell: int) -> None:
        link = self._links.get(number)
        if link is None or link.target is None or link.target.cell != cell:
            self.unexpected += 1
            return
        link.antenna.free.append(link.channel)
        link.antenna, link.channel = link.target, link.target_channel
        link.target = None
        self._locations[number] = link.antenna
        self.handovers += 1
        self._watch(number, link)


def _nothing() -> None:
    """Nobody waits for the page any more."""
