"""The OSN as an element sees it that has a door of its own on the internet.

What passes between the element and its door stays inside: it is shown to the tap as such and never
crosses the OSN. Everything else that the element sends or gets crosses the OSN as ever.

It is also the element's firewall. The door can send to its own element and to nobody else, and
nobody on the OSN can say that it is the door: what a door sends elsewhere, and what comes from the
OSN in its name, is counted in `stopped` and goes nowhere.
"""

from collections.abc import Callable

from calleq.osn.contract import Bus
from calleq.runtime.clock import Clock
from calleq.runtime.tap import Segment, Tap


class InnerBus:
    """Implements `Bus` for one element and its door."""

    def __init__(self, element: str, door: str, osn: Bus, clock: Clock, tap: Tap) -> None:
        self.stopped = 0
        self._element = element
        self._door = door
        self._link = f"inside {element}"
        self._osn = osn
        self._clock = clock
        self._tap = tap
        self._receivers: dict[str, Callable[[str, bytes], None]] = {}

    def attach(self, element: str, receive: Callable[[str, bytes], None]) -> None:
        """See `Bus.attach`. Raises ValueError for anybody but the element and its door, and for
        what is attached already."""
        if element not in (self._element, self._door):
            raise ValueError(f"{element} is no part of {self._element}")
        if element in self._receivers:
            raise ValueError(f"{element} is attached already")
        self._receivers[element] = receive
        if element == self._element:
            self._osn.attach(element, self._from_osn)

    def send(self, sender: str, receiver: str, octets: bytes) -> None:
        """See `Bus.send`; inside, a message is delivered at once, but never within `send`."""
        if sender == self._door or receiver == self._door:
            if {sender, receiver} != {self._element, self._door}:
                self.stopped += 1
                return
            now_us = self._clock.now_us()
            self._tap.saw(Segment.INSIDE, self._link, sender, receiver, octets, now_us)
            self._clock.call_later_us(0, self._deliver, sender, receiver, octets)
        else:
            self._osn.send(sender, receiver, octets)

    def _deliver(self, sender: str, receiver: str, octets: bytes) -> None:
        receive = self._receivers.get(receiver)
        if receive is None:
            self.stopped += 1
        else:
            receive(sender, octets)

    def _from_osn(self, sender: str, octets: bytes) -> None:
        if sender == self._door:
            self.stopped += 1
        else:
            self._receivers[self._element](sender, octets)
