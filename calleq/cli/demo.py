"""`calleq demo`: the whole story in one command, on free ports, leaving nothing behind.

Starts the network in real time, posts one message as a business would, prints the timeline as it
happens, then the ladder of every message and the record that bills the call.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from calleq.billing.derivation import derive_records
from calleq.cli.call import Wanted, place_and_follow
from calleq.cli.claims import WHOLE
from calleq.cli.failure import CommandError
from calleq.cli.given import given_talk_us, given_topology
from calleq.cli.host import hosting
from calleq.cli.output import print_line
from calleq.cli.reading import choose, read_entries
from calleq.cli.records import show
from calleq.cli.trace import ladder_of
from calleq.cli.wish import Wish
from calleq.client import CalleqClient, ClientError
from calleq.journal.frames import JournalError
from calleq.messages.answers import CallView
from calleq.runtime.process import run_process
from calleq.topology import Topology
from calleq.trace.render import render_text

CUSTOMER = "+12125550100"
REPRESENTATIVE = "+12125550143"
BUSINESS = "abc"
PASSWORD = "abc-demo"


def run(arguments: argparse.Namespace) -> int:
    """0 when the call completed."""
    topology = given_topology(arguments.network, equipment=arguments.equipment)
    talk_us = given_talk_us(arguments.talk)
    if arguments.data is not None:
        return _demonstrate(topology, arguments.data, talk_us)
    with tempfile.TemporaryDirectory(prefix="calleq-demo-") as data:
        return _demonstrate(topology, Path(data), talk_us)


def _demonstrate(topology: Topology, data: Path, talk_us: int) -> int:
    wish = Wish(
        topology=topology,
        data=data,
        elements=None,
        process=WHOLE,
        port=0,
        talk_us=talk_us,
        say=print_line,
    )
    try:
        view = run_process(lambda stop: _call(wish, stop))
    except (ClientError, JournalError) as error:
        raise CommandError(str(error)) from error
    if view is None:
        return 1
    entries = read_entries(data)
    ladder, _ = ladder_of([data], view.call, entries)
    print_line("\nThe ladder: every message of the call, decoded from its octets.\n")
    sys.stdout.write(render_text(ladder))
    print_line("\nThe record: what the switches facing the two parties signalled.\n")
    show(choose(derive_records(entries), view.call))
    return 0 if view.state == "completed" else 1


async def _call(wish: Wish, stop: asyncio.Event) -> CallView | None:
    print_line("Starting the network; its announcements are spoken once and kept …")
    async with hosting(wish, stop) as host:
        print_line(f"The network of {wish.topology.name} is up; its front door: {host.url}")
        print_line(f"{BUSINESS} posts a message: call {CUSTOMER}, connect {REPRESENTATIVE}.\n")
        following = asyncio.create_task(asyncio.to_thread(_follow, host.url))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((following, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if following.done():
            return following.result()
        following.cancel()
    if host.failure:
        raise CommandError(host.failure)
    return None


def _follow(url: str) -> CallView:
    with CalleqClient(url, BUSINESS, PASSWORD) as client:
        return place_and_follow(client, Wanted(CUSTOMER, REPRESENTATIVE), quiet=False)[0]
