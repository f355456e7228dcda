"""A Twisted reactor that rides as a guest on the asyncio loop somebody else runs.

Owns nothing but the reactor's life: it is never installed as the global one, never handles a
signal, and stopping it never stops the loop. Protocols are given it; nobody fetches it. One process
may hold several (tests do).

Odd case: Twisted's own asyncio reactor stops its loop when it stops, because it believes that the
loop is its own; here `crash`, the last step of stopping, leaves the loop alone.
"""

import asyncio

from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.base import ReactorBase

STOP_LIMIT_S = 10.0
"""How long the shutdown triggers of a reactor may take in all."""


class GuestReactor(AsyncioSelectorReactor):
    """Rides on `loop`; its `seconds` is the loop's own monotonic time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._guest_loop = loop

    def seconds(self) -> float:
        """The loop's time: one monotonic clock for both."""
        return self._guest_loop.time()

    def stop(self) -> None:
        """Begin the shutdown, at the loop's next turn."""
        ReactorBase.stop(self)
        self._guest_loop.call_soon(self.runUntilCurrent)

    def crash(self) -> None:
        """End the reactor; the loop goes on."""
        ReactorBase.crash(self)


def start_guest() -> GuestReactor:
    """A running reactor on the running loop. Raises RuntimeError outside of a loop."""
    reactor = GuestReactor(asyncio.get_running_loop())
    reactor.startRunning(installSignalHandlers=False)
    return reactor


async def stop_guest(reactor: GuestReactor) -> None:
    """Fire the shutdown triggers, wait for all of them, end the reactor.

    Does nothing to a reactor that was never started or is stopped. Raises TimeoutError when the
    triggers take longer than STOP_LIMIT_S.
    """
    if not reactor.running:
        return
    stopped = asyncio.get_running_loop().create_future()
    reactor.addSystemEventTrigger("after", "shutdown", _settle, stopped)
    reactor.stop()
    await asyncio.wait_for(stopped, STOP_LIMIT_S)


def _settle(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
