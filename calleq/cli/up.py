"""`calleq up`: the whole network in one process on loopback, the voice process beside it."""

import argparse
import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING

from calleq.cli.claims import WHOLE
from calleq.cli.failure import CommandError
from calleq.cli.given import given_days_us, given_keep_us, given_talk_us, given_topology
from calleq.cli.telling import given_events, saying
from calleq.cli.voices import Starting, StoppedError, voice_starting
from calleq.cli.wish import Wish
from calleq.journal.frames import JournalError
from calleq.runtime.process import run_process

if TYPE_CHECKING:
    from calleq.cli.host import Host

DESK_PORT = 8038
READY_WAIT_S = 5.0
"""How long `ready` waits for wires to other processes, which may be started later."""


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    desk_port = arguments.desk_port
    if desk_port is None:
        desk_port = DESK_PORT if arguments.port is None else 0
    events = given_events(arguments)
    reread = partial(given_topology, arguments.network, equipment=arguments.equipment)
    wish = Wish(
        topology=reread(),
        reread=reread,
        data=arguments.data,
        elements=None,
        process=WHOLE,
        port=arguments.port,
        desk_port=desk_port,
        talk_us=given_talk_us(arguments.talk),
        keep_us=given_keep_us(arguments.keep_days),
        keep_recordings_us=given_days_us(arguments.keep_recordings_days),
        database=arguments.database,
        rtp=arguments.rtp,
        say=saying(events),
        events=events,
    )
    return serve(wish)


def serve(wish: Wish) -> int:
    """Host until a signal; a failed disk or voice process, or a second signal, gives status 1."""
    try:
        failure = run_process(lambda stop: _serve(wish, stop))
    except JournalError as error:
        raise CommandError(str(error)) from error
    except asyncio.CancelledError:
        raise CommandError("asked twice to stop: ended at once") from None
    except OSError as error:
        raise CommandError(f"{error.filename or wish.data}: {error.strerror or error}") from error
    if failure:
        raise CommandError(failure)
    return 0


@contextlib.asynccontextmanager
async def _hosting(wish: Wish, stop: asyncio.Event) -> AsyncIterator["Host"]:
    """As `host.hosting`; the voice process starts while everything else is still imported."""
    async with contextlib.AsyncExitStack() as stack:
        starting: Starting | None = None
        if wish.elements is None:
            starting = await stack.enter_async_context(voice_starting(wish.data, wish.rtp))
        gc.disable()  # until the network stands: what is imported is no garbage
        from calleq.cli.host import hosting  # takes as long as the voice process does

        yield await stack.enter_async_context(hosting(wish, stop, starting))


async def _serve(wish: Wish, stop: asyncio.Event) -> str:
    try:
        async with _hosting(wish, stop) as host:
            for name, address in (host.wire_addresses | host.doors).items():
                wish.say(f"{name}: {address}")
            wish.say(f"data: {wish.data}")
            if host.network.charged is not None:
                names = ", ".join(host.network.charged.charging.decks.names)
                wish.say(f"prices: {names} (calleq price NUMBER)")
            if await _settled(host, wish, stop):
                wish.say("ready")
                host.wires.report(wish.say)
                await stop.wait()
    except StoppedError:
        return ""
    return host.failure


async def _settled(host: "Host", wish: Wish, stop: asyncio.Event) -> bool:
    """Wait for the wires and say how they are; False when `stop` came first."""
    settling = asyncio.create_task(host.wires.settled(READY_WAIT_S))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((settling, stopping), return_when=asyncio.FIRST_COMPLETED)
    if not settling.done():
        settling.cancel()
        return False
    stopping.cancel()
    for line in settling.result():
        wish.say(line)
    return True
