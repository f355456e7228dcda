"""`python -m calleq.browser --config FILE`: the browser process.

Says `page ADDRESS` and `operator ADDRESS` on a line each once it serves, then serves until SIGINT
or SIGTERM, or, with `--config -`, until its standard input ends: whoever started it is gone then.
"""

import argparse
import asyncio
import contextlib
import importlib.util
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from calleq.browser.configuration import (
    INSTALL,
    NEEDED,
    Configuration,
    ConfigurationError,
    read_configuration,
    read_file,
)
from calleq.runtime.clock import LoopClock
from calleq.runtime.process import run_process
from calleq.web.hosting import HostingError

STANDARD_INPUT = "-"


def main() -> int:
    """Serve until asked to stop."""
    parser = argparse.ArgumentParser(
        prog="python -m calleq.browser", description="Serve a page that is a telephone."
    )
    parser.add_argument(
        "--config",
        required=True,
        metavar="FILE",
        help="JSON or TOML; - reads JSON from standard input, one line",
    )
    arguments = parser.parse_args()
    if any(importlib.util.find_spec(name) is None for name in NEEDED):
        return _refuse(INSTALL)
    watched = arguments.config == STANDARD_INPUT
    try:
        if watched:
            configuration = read_configuration(sys.stdin.buffer.readline())
        else:
            configuration = read_file(Path(arguments.config))
        run_process(lambda stop: _serve(configuration, stop, watched=watched))
    except (ConfigurationError, HostingError) as error:
        return _refuse(str(error))
    except asyncio.CancelledError:
        return _refuse("asked twice to stop: ended at once")
    return 0


def _refuse(why: str) -> int:
    sys.stderr.write(f"calleq.browser: {why}\n")
    return 1


async def _serve(configuration: Configuration, stop: asyncio.Event, *, watched: bool) -> None:
    from calleq.browser.service import serving  # aiortc: slow to import, and an extra

    async with serving(configuration, LoopClock(asyncio.get_running_loop())) as service:
        sys.stdout.write(f"page {service.page}\noperator {service.operator}\n")
        sys.stdout.flush()
        async with _until_orphaned(stop) if watched else contextlib.nullcontext():
            await stop.wait()


@contextlib.asynccontextmanager
async def _until_orphaned(stop: asyncio.Event) -> AsyncIterator[None]:
    """Set `stop` when standard input ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )

    async def wait() -> None:
        while await reader.read(4_096):
            pass
        stop.set()

    waiting = asyncio.create_task(wait())
    try:
        yield
    finally:
        waiting.cancel()
        transport.close()


if __name__ == "__main__":
    sys.exit(main())
