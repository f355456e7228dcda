"""Waiting calls and servers, as events on the virtual clock: what Erlang-C and Erlang-A speak of.

Today's network has no queue: it hunts for a representative and gives up. So this is no part of it;
it holds the simulator's arrivals, holding times and patience against theory, and is there for the
queues to come. First come, first served; every server is alike. Servers may come and go: one that
goes while it works ends its call first.
"""

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from calleq.runtime.clock import Timer, VirtualClock
from calleq.units import SECOND_US
from simulator.people import Draw, Holding
from simulator.traffic import poisson_instants

WARM_UP = 20
"""Mean holding times that pass before anything is counted."""


@dataclass(slots=True)
class Waits:
    """What was counted after the warm-up."""

    offered: int = 0
    lost: int = 0
    """Found no room."""
    waited: int = 0
    abandoned: int = 0
    wait_us: int = 0
    """Of all calls let in, served or not."""

    @property
    def wait_probability(self) -> float:
        """The share of calls that did not find a server at once."""
        return self.waited / self.offered

    @property
    def mean_wait_s(self) -> float:
        """Of the calls let in."""
        return self.wait_us / (self.offered - self.lost) / SECOND_US


class _Caller:
    """A call that waits."""

    __slots__ = ("counts", "gone", "since_us", "timer")

    def __init__(self, since_us: int, *, counts: bool) -> None:
        self.since_us = since_us
        self.counts = counts
        self.gone = False
        self.timer: Timer | None = None


class Queue:
    """Servers with a queue; `room` bounds the calls there, `patience` how long each waits."""

    def __init__(
        self,
        clock: VirtualClock,
        servers: int,
        holding: Draw,
        *,
        room: int | None = None,
        patience: Draw | None = None,
        count_from_us: int = 0,
        heard: Callable[[int, int, bool], object] | None = None,
    ) -> None:
        """`heard` is told of each call: when it came, how long it waited, whether it was served."""
        self.waits = Waits()
        self._clock = clock
        self._free = servers
        self._servers = servers
        self._holding = holding
        self._patience = patience
        self._room = room
        self._count_from_us = count_from_us
        self._heard = heard
        self._changed_us = 0
        self.overtime_us = 0
        """What servers worked after they had been sent home."""
        self._line: deque[_Caller] = deque()
        self._waiting = 0

    def arrive(self) -> None:
        """One more call."""
        now_us = self._clock.monotonic_us()
        counts = now_us >= self._count_from_us
        self.waits.offered += counts
        if self._free > 0:
            self._tell(now_us, served=True)
            self._serve()
        elif self._room is not None and self._servers + self._waiting >= self._room:
            self.waits.lost += counts
        else:
            self._wait(_Caller(now_us, counts=counts))

    def staff(self, servers: int) -> None:
        """From now on there are so many servers."""
        self._free += servers - self._servers
        self._servers = servers
        self._changed_us = self._clock.monotonic_us()
        self._serve_those_who_wait()

    def _wait(self, caller: _Caller) -> None:
        self.waits.waited += caller.counts
        self._waiting += 1
        self._line.append(caller)
        if self._patience is not None:
            caller.timer = self._clock.call_later_us(self._patience(), self._abandon, caller)

    def _abandon(self, caller: _Caller) -> None:
        caller.gone = True
        self._waiting -= 1
        self.waits.abandoned += caller.counts
        self._account(caller, served=False)

    def _account(self, caller: _Caller, *, served: bool) -> None:
        if caller.counts:
            self.waits.wait_us += self._clock.monotonic_us() - caller.since_us
        self._tell(caller.since_us, served=served)

    def _tell(self, since_us: int, *, served: bool) -> None:
        if self._heard is not None:
            self._heard(since_us, self._clock.monotonic_us() - since_us, served)

    def _serve(self) -> None:
        self._free -= 1
        self._clock.call_later_us(self._holding(), self._done)

    def _done(self) -> None:
        if self._free < 0:
            self.overtime_us += self._clock.monotonic_us() - self._changed_us
        self._free += 1
        self._serve_those_who_wait()

    def _serve_those_who_wait(self) -> None:
        while self._free > 0 and self._line:
            caller = self._line.popleft()
            if caller.gone:
                continue
            self._waiting -= 1
            if caller.timer is not None:
                caller.timer.cancel()
            self._account(caller, served=True)
            self._serve()


def simulate_queue(
    servers: int,
    erlangs: float,
    holding: Holding,
    calls: int,
    seed: int,
    *,
    patience_us: int | None = None,
    room: int | None = None,
) -> Waits:
    """About `calls` calls of a Poisson process after the warm-up."""
    clock = VirtualClock()
    rate = erlangs * SECOND_US / holding.mean_us
    warm_us = WARM_UP * holding.mean_us
    end_us = warm_us + round(calls / rate * SECOND_US)
    patience = None
    if patience_us is not None:
        patience = Holding("exponential", patience_us).draw(random.Random(f"leave {seed}"))
    queue = Queue(
        clock,
        servers,
        holding.draw(random.Random(f"serve {seed}")),
        room=room,
        patience=patience,
        count_from_us=warm_us,
    )
    _arrive(clock, queue, poisson_instants(random.Random(f"arrive {seed}"), rate), end_us)
    while clock.run_next():
        pass
    return queue.waits


def _arrive(clock: VirtualClock, queue: Queue, instants: Iterator[int], end_us: int) -> None:
    """Let calls come until `end_us`, each setting the timer of the next."""

    def come() -> None:
        queue.arrive()
        expect()

    def expect() -> None:
        at_us = next(instants)
        if at_us < end_us:
            clock.call_later_us(at_us - clock.monotonic_us(), come)

    expect()
