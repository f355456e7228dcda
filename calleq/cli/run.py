"""`calleq run ELEMENT …`: some elements in a process of their own, the rest reached over TCP."""

import argparse
import asyncio
import contextlib
from functools import partial
from pathlib import Path

from calleq.cli.claims import process_name
from calleq.cli.failure import CommandError, UsageError
from calleq.cli.given import given_days_us, given_keep_us, given_talk_us, given_topology
from calleq.cli.output import print_line
from calleq.cli.telling import given_events, saying
from calleq.cli.up import serve
from calleq.cli.voices import VOICE, voice_address
from calleq.cli.wish import Wish
from calleq.topology import element_names


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    reread = partial(given_topology, arguments.network, arguments.base_port, arguments.equipment)
    topology = reread()
    known = (*element_names(topology), VOICE)
    unknown = [name for name in arguments.elements if name not in known]
    if unknown:
        raise UsageError(f"no element {unknown[0]!r}: {', '.join(known)} were expected")
    if VOICE in arguments.elements:
        if len(arguments.elements) > 1:
            raise UsageError("voice is a process of its own: run it alone")
        return _run_voice(arguments.data, voice_address(topology), arguments.rtp)
    events = given_events(arguments)
    wish = Wish(
        topology=topology,
        reread=reread,
        data=arguments.data,
        elements=frozenset(arguments.elements),
        process=process_name(arguments.elements),
        port=arguments.port,
        desk_port=arguments.desk_port,
        talk_us=given_talk_us(arguments.talk),
        keep_us=given_keep_us(arguments.keep_days),
        keep_recordings_us=given_days_us(arguments.keep_recordings_days),
        database=arguments.database,
        say=_say if events is None else saying(events),
        events=events,
    )
    return serve(wish)


def _run_voice(data: Path, address: str, rtp: str) -> int:
    """The voice process, which ends by a signal and by nothing that happens on standard input."""
    from calleq.media.recorder import RECORDINGS
    from calleq.media.rtp.sockets import DEFAULT_RANGE
    from calleq.media.server import serve as serve_voice

    def say_ready(bound: str) -> None:
        _say(f"voice: {bound}")
        _say("ready")

    speaking = serve_voice(
        address,
        None,
        data / "prompts",
        say_ready=say_ready,
        with_parent=False,
        rtp=rtp or DEFAULT_RANGE,
        recordings=data / RECORDINGS,
    )
    try:
        asyncio.run(speaking)
    except ValueError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise CommandError(
            f"cannot listen on {address}: {error.strerror or error};"
            " is the voice running already? --base-port chooses other ports"
        ) from error
    return 0


def _say(line: str) -> None:
    """Print; an element goes on when nobody reads any more."""
    with contextlib.suppress(BrokenPipeError):
        print_line(line)
