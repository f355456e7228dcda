"""`calleq run ELEMENT …`: elements in a process of their own; OSN, links, lines and voice over TCP."""

import argparse
import sys

from calleq.cli.failure import UsageError
from calleq.cli.given import given_talk_us, given_topology
from calleq.cli.host import VOICE, Wish, voice_address
from calleq.cli.output import print_line
from calleq.cli.up import serve
from calleq.topology import element_names


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    topology = given_topology(arguments.network, arguments.base_port)
    known = (*element_names(topology), VOICE)
    unknown = [name for name in arguments.elements if name not in known]
    if unknown:
        raise UsageError(f"no element {unknown[0]!r}: {', '.join(known)} were expected")
    if VOICE in arguments.elements:
        if len(arguments.elements) > 1:
            raise UsageError("voice is a process of its own: run it alone")
        return _run_voice(arguments, voice_address(topology))
    wish = Wish(
        topology=topology,
        data=arguments.data,
        elements=frozenset(arguments.elements),
        process="+".join(dict.fromkeys(arguments.elements)),
        port=arguments.port,
        desk_port=arguments.desk_port,
        talk_us=given_talk_us(arguments.talk),
        say=print_line,
    )
    return serve(wish)


def _run_voice(arguments: argparse.Namespace, address: str) -> int:
    from calleq.media.server import main

    sys.stdin.close()
    return main(["--listen", address, "--cache", str(arguments.data / "prompts")])
