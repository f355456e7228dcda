"""The voice process: `python -m calleq.media --listen 127.0.0.1:PORT` (or `--unix PATH`).

It ticks a `TickedVoice` every 20 ms of the monotonic clock and lets any number of elements'
processes command it over a local socket. It prints `ready ADDRESS` when it listens (port 0 takes a
free port), and ends on SIGTERM, or when its parent closes the pipe on its standard input; on SIGINT
where there is no such parent (`calleq run voice` has none). What a connection has fed, played and
listened to ends with the connection.

Refuses: an address that is not loopback (voice is commanded by this machine alone); more than
`MAX_CONNECTIONS`. A peer that breaks the protocol, or does not read, is disconnected; a request
that the plane refuses is answered `Refused`.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import stat
import sys
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import TextIO

from calleq.media.connection import Connection, VoiceProcess
from calleq.media.music import hold_music
from calleq.media.recorder import RECORDINGS
from calleq.media.rtp.sockets import (
    DEFAULT_RANGE,
    MAX_PAIRS,
    allow_files,
    overlaps_ephemeral,
    parse_range,
)

SPARE_FILES = 256
NICENESS = -10
REAL_TIME_PRIORITY = 1
"""Voice cannot wait: 5 ms late is heard. It is served before all others, or at least before most;
where neither is allowed it takes its turn."""
DEFAULT_CACHE = Path("calleq-data") / "prompts"
DEFAULT_RECORDINGS = Path("calleq-data") / RECORDINGS


class _ParentWatch(asyncio.Protocol):
    """Ends the process when the pipe on its standard input is closed."""

    def __init__(self, ended: asyncio.Event) -> None:
        self._ended = ended

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended.set()


def loopback(address: str) -> tuple[str, int]:
    """HOST:PORT of this machine. Raises ValueError for anything else."""
    host, _, port = address.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise ValueError(f"--listen {address}: expected HOST:PORT")
    try:
        local = ip_address(host.strip("[]")).is_loopback
    except ValueError:
        local = False
    if not local:
        raise ValueError(
            f"--listen {address}: only a loopback address, such as 127.0.0.1, is served"
        )
    return host.strip("[]"), int(port)


async def serve(
    listen: str | None,
    unix: str | None,
    cache_dir: Path,
    *,
    rtp: str = DEFAULT_RANGE,
    say_ready: Callable[[str], object],
    with_parent: bool,
    recordings: Path | None = None,
) -> None:
    """Run the voice process until it is told to end; `say_ready` is told where it listens.

    `with_parent`: a pipe on standard input that closes ends it too. Raises ValueError for an
    address that is not served, OSError when it cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    ports = parse_range(rtp)
    if overlaps_ephemeral(ports):
        sys.stderr.write(f"voice: the kernel gives ports of {rtp} to any program that asks\n")
    allow_files(2 * MAX_PAIRS + SPARE_FILES)
    _before_others()
    hold_music()  # made before the first caller holds
    process = VoiceProcess(cache_dir, ports, loop, recordings)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGINT, ended.set)
    if with_parent and _is_pipe(sys.stdin):
        # Ctrl-C is meant for the parent, which has calls to end before its voice ends
        loop.add_signal_handler(signal.SIGINT, _leave_it)
        await loop.connect_read_pipe(lambda: _ParentWatch(ended), sys.stdin)

    def connection() -> Connection:
        return Connection(process)

    if unix is not None:
        server = await loop.create_unix_server(connection, unix)
        address = f"unix:{unix}"
    else:
        host, port = loopback(listen or "127.0.0.1:0")
        server = await loop.create_server(connection, host, port)
        address = "{}:{}".format(*server.sockets[0].getsockname()[:2])
    process.ticker.start()
    making = loop.create_task(process.make_ready())
    say_ready(address)
    await ended.wait()
    process.ticker.stop()
    making.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await making
    server.close()
    process.ports.stop()
    process.end_recordings()
    await process.understanding.close()
    if unix is not None:
        Path(unix).unlink(missing_ok=True)


def _before_others() -> None:
    """Be served before other processes, as far as this one may say so.

    What it starts (threads that write recordings, processes that speak) takes its turn.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    if hasattr(os, "SCHED_RESET_ON_FORK"):
        with contextlib.suppress(OSError):
            policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK
            os.sched_setscheduler(0, policy, os.sched_param(REAL_TIME_PRIORITY))


def _leave_it() -> None:
    """Do nothing at a signal."""


def _is_pipe(file: TextIO | None) -> bool:
    """Whether the far end of a standard file can be seen to close; None: it was never open."""
    if file is None:
        return False
    mode = os.fstat(file.fileno()).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _print_ready(address: str) -> None:
    sys.stdout.write(f"ready {address}\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """The command; 2 for wrong use."""
    parser = argparse.ArgumentParser(
        prog="python -m calleq.media",
        description="The voice process of a calleq network.",
        epilog="example: python -m calleq.media --listen 127.0.0.1:8076",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--listen", metavar="HOST:PORT", help="a loopback address; port 0: any")
    where.add_argument("--unix", metavar="PATH", help="a socket in the file system")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="where prompts are kept")
    parser.add_argument(
        "--rtp", metavar="HOST:FIRST-LAST", default=DEFAULT_RANGE, help="where RTP is received"
    )
    parser.add_argument(
        "--recordings", type=Path, default=DEFAULT_RECORDINGS, help="where calls are recorded"
    )
    given = parser.parse_args(arguments)
    serving = serve(
        given.listen,
        given.unix,
        given.cache,
        rtp=given.rtp,
        say_ready=_print_ready,
        with_parent=True,
        recordings=given.recordings,
    )
    try:
        asyncio.run(serving)
    except ValueError as error:
        parser.error(str(error))
    except OSError as error:
        sys.stderr.write(f"voice: cannot listen: {error.strerror}\n")
        return 1
    return 0
