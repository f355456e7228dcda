"""The OSN among elements of one process: encoded messages, delivered later on the clock.

A message is never delivered within `send`, so that a sender is not re-entered by its own message.
A message to an element that is not attached waits until it is, up to WAITING_LIMIT_MESSAGES for
each receiver and WAITING_LIMIT_RECEIVERS receivers; what is over either is dropped and counted in
`undeliverable`.
"""

from collections.abc import Callable

from calleq.osn.contract import OSN_LINK
from calleq.runtime.clock import Clock
from calleq.runtime.tap import Segment, Tap

_OSN = Segment.OSN

WAITING_LIMIT_MESSAGES = 1_024
WAITING_LIMIT_RECEIVERS = 256


class InProcessBus:
    """Implements `Bus`; every message takes `delay_us`."""

    def __init__(self, clock: Clock, delay_us: int, tap: Tap) -> None:
        if delay_us < 0:
            raise ValueError(f"a message cannot take {delay_us} us")
        self.undeliverable = 0
        self._clock = clock
        self._delay_us = delay_us
        self._tap = tap
        self._receivers: dict[str, Callable[[str, bytes], None]] = {}
        self._waiting: dict[str, list[tuple[str, bytes]]] = {}

    def attach(self, element: str, receive: Callable[[str, bytes], None]) -> None:
        """See `Bus.attach`. Raises ValueError when the element is attached already."""
        if element in self._receivers:
            raise ValueError(f"{element} is attached to the OSN already")
        self._receivers[element] = receive
        if element in self._waiting:
            self._clock.call_later_us(0, self._drain, element)

    def detach(self, element: str) -> None:
        """The element is gone; messages for it wait for the next one of its name."""
        self._receivers.pop(element, None)

    def send(self, sender: str, receiver: str, octets: bytes) -> None:
        """See `Bus.send`."""
        self._tap.saw(_OSN, OSN_LINK, sender, receiver, octets, self._clock.now_us())
        self._clock.call_later_us(self._delay_us, self._deliver, sender, receiver, octets)

    def _deliver(self, sender: str, receiver: str, octets: bytes) -> None:
        waiting = self._waiting.get(receiver)
        if waiting is None:
            receive = self._receivers.get(receiver)
            if receive is not None:
                receive(sender, octets)
                return
            if len(self._waiting) >= WAITING_LIMIT_RECEIVERS:
                self.undeliverable += 1
                return
            waiting = self._waiting[receiver] = []
        if len(waiting) >= WAITING_LIMIT_MESSAGES:
            self.undeliverable += 1
        else:
            waiting.append((sender, octets))

    def _drain(self, element: str) -> None:
        """Deliver what waited; until this is done, what arrives stands in line behind it."""
        receive = self._receivers.get(element)
        if receive is not None:
            for sender, octets in self._waiting.pop(element, ()):
                receive(sender, octets)
