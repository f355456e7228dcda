"""`calleq up`: the whole network in one process on loopback, the voice process beside it."""

import argparse
import asyncio

from calleq.cli.failure import CommandError
from calleq.cli.host import Wish, hosting
from calleq.cli.output import print_line
from calleq.cli.given import given_topology, given_talk_us
from calleq.journal.file import JournalError
from calleq.runtime.process import run_process

DESK_PORT = 8038


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    desk_port = arguments.desk_port
    if desk_port is None:
        desk_port = DESK_PORT if arguments.port is None else 0
    wish = Wish(
        topology=given_topology(arguments.network),
        data=arguments.data,
        elements=None,
        process="network",
        port=arguments.port,
        desk_port=desk_port,
        talk_us=given_talk_us(arguments.talk),
        say=print_line,
    )
    return serve(wish)


def serve(wish: Wish) -> int:
    """Host until a signal; a failed disk or voice process ends it with status 1."""
    try:
        failure = run_process(lambda stop: _serve(wish, stop))
    except JournalError as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{error.filename or wish.data}: {error.strerror or error}") from error
    if failure:
        raise CommandError(failure)
    return 0


async def _serve(wish: Wish, stop: asyncio.Event) -> str:
    async with hosting(wish, stop) as host:
        for name, address in host.addresses.items():
            print_line(f"{name}: {address}")
        print_line(f"data: {wish.data}")
        print_line("ready")
        await stop.wait()
    return host.failure
