"""A process of calleq: one asyncio loop, a main coroutine, and an orderly end.

Owns the signals: the first SIGINT or SIGTERM asks `main` to stop (it awaits the event and then ends
what it started, in its own order); a second one cancels it. The caller gets what `main` returned.

Odd case: Windows' loops know no signal handlers; there `signal.signal` wakes the loop instead.
"""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import TypeVar

Outcome = TypeVar("Outcome")

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_process(main: Callable[[asyncio.Event], Coroutine[object, object, Outcome]]) -> Outcome:
    """Run `main(stop)` to its end on a loop of its own; `stop` is set by SIGINT and SIGTERM.

    Raises what `main` raises, and asyncio.CancelledError when a second signal cut its ending short.
    """
    return asyncio.run(_guarded(main))


async def _guarded(
    main: Callable[[asyncio.Event], Coroutine[object, object, Outcome]],
) -> Outcome:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    task = asyncio.ensure_future(main(stop))

    def asked_to_stop() -> None:
        if stop.is_set():
            task.cancel()
        stop.set()

    previous = {}
    for number in STOP_SIGNALS:
        try:
            loop.add_signal_handler(number, asked_to_stop)
        except NotImplementedError:
            previous[number] = signal.signal(
                number, lambda *_: loop.call_soon_threadsafe(asked_to_stop)
            )
    try:
        return await task
    finally:
        for number in STOP_SIGNALS:
            if number in previous:
                signal.signal(number, previous[number])
            else:
                loop.remove_signal_handler(number)
