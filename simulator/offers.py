"""Posts the messages of a run at their instants and lets the network live through them."""

from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec

from calleq.cli.failure import CommandError
from calleq.door.replies import Reply
from calleq.runtime.clock import VirtualClock
from calleq.units import HOUR_US, SECOND_US
from simulator.traffic import Arrival

DRAIN_US = 5 * HOUR_US
"""No call lasts longer once the last one has been offered: the network ends one at 4 hours."""
STEP_US = 10 * SECOND_US
"""How often progress is told."""
BUSY_STATUSES = frozenset({429, 503})
"""The door has too much to do: a result of the run, not a mistake in it."""


class Carrier(Protocol):
    """A network in simulated time with a front door."""

    @property
    def clock(self) -> VirtualClock: ...

    def submit(self, body: bytes, answered: Callable[[Reply], object]) -> object:
        """Post a message."""


class Offers:
    """Posts the messages of a plan at their instants, one timer at a time."""

    def __init__(self, virtual: Carrier, arrivals: Iterator[Arrival]) -> None:
        self._virtual = virtual
        self._arrivals = arrivals
        self._start_us = virtual.clock.monotonic_us()
        self.offered = 0
        self.turned_away = 0
        """As too many."""
        self.refused = 0
        self.over = False
        self._next()

    def _next(self) -> None:
        arrival = next(self._arrivals, None)
        if arrival is None:
            self.over = True
            return
        message = {
            "business_id": arrival.business,
            "password": arrival.password,
            "customer_number": arrival.customer,
        }
        if arrival.representative:
            message["representative_number"] = arrival.representative
        clock = self._virtual.clock
        delay_us = max(0, self._start_us + arrival.at_us - clock.monotonic_us())
        clock.call_later_us(delay_us, self._offer, msgspec.json.encode(message))

    def _offer(self, body: bytes) -> None:
        self.offered += 1
        self._virtual.submit(body, self._answered)
        self._next()

    def _answered(self, reply: Reply) -> None:
        if reply.status in BUSY_STATUSES:
            self.turned_away += 1
        elif reply.status != 202:
            self.refused += 1


class Progress(Protocol):
    """Is told how many calls have been offered."""

    def __call__(self, offered: int) -> object: ...


def offer(
    virtual: Carrier, arrivals: Iterator[Arrival], progress: Progress = lambda offered: None
) -> Offers:
    """Offer every call; time stands still soon after the last has been."""
    offers = Offers(virtual, arrivals)
    while not offers.over:
        virtual.clock.advance_us(STEP_US)
        progress(offers.offered)
    return offers


def drain(virtual: Carrier, offers: Offers) -> None:
    """Let the last call end. Raises CommandError when the door refused a message as wrong."""
    virtual.clock.run(DRAIN_US)
    if offers.refused:
        raise CommandError(f"the door refused {offers.refused} of {offers.offered} messages")
