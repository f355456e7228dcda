"""`calleq-sim call`: one call of a network, at once: the virtual clock runs through its minutes.

Prints what `calleq call` prints, and the ladder with `--trace`. The network is the one of
`calleq up` with every element its own; only the ground under it differs.
"""

import argparse
import json
import sys
from urllib.parse import urlsplit

import msgspec

from calleq.accounts.principal import Principal
from calleq.cli.call import event_line, outcome
from calleq.cli.failure import CommandError, UsageError
from calleq.cli.given import given_talk_us, given_topology
from calleq.cli.output import print_json, print_line
from calleq.messages.answers import CallView
from calleq.ss7.variant import variant_of
from calleq.topology_doors import doors_of
from calleq.trace.capture import MemoryCapture
from calleq.trace.decoding import decoders_of
from calleq.trace.ladder import ladder
from calleq.trace.render import render_text
from calleq.units import parse_utc
from simulator.virtual import SubmitError, VirtualNetwork


def request_of(arguments: argparse.Namespace, address: str) -> tuple[bytes, Principal]:
    """The request that the options make (figure 9) for equipment of that address, and the page
    that it comes from. Raises UsageError."""
    page = urlsplit(arguments.page)
    if not (page.scheme and page.netloc):
        raise UsageError(f"--page {arguments.page}: a URL such as https://shop.example/ expected")
    if arguments.only_rep or arguments.dial_first is not None:
        raise UsageError("--only-rep and --dial-first are no wishes that a page may have")
    fields = {
        "equipment_address": address,
        "business_id": arguments.business,
        "web_page": {"current": {"url": arguments.page}},
        "customer_number": arguments.customer,
        "representative": arguments.rep,
    }
    told = {name: value for name, value in fields.items() if value is not None}
    origin = f"{page.scheme}://{page.netloc}"
    visitor = Principal(
        "page",
        "page_token",
        arguments.business,
        visitor="visitor",
        origin=origin,
        page=page.path or "/",
    )
    return json.dumps(told).encode(), visitor


def message_of(arguments: argparse.Namespace) -> bytes:
    """The call-initiation message that the options make (figure 8)."""
    fields = {
        "business_id": arguments.business,
        "password": arguments.password,
        "customer_number": arguments.customer,
        "representative_number": arguments.rep,
        "hunt": False if arguments.only_rep else None,
        "dial_first": arguments.dial_first,
    }
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def run(arguments: argparse.Namespace) -> int:
    """0 when the call completed, 1 otherwise."""
    capture = MemoryCapture()
    virtual = VirtualNetwork(
        given_topology(arguments.network, equipment=arguments.equipment),
        seed=arguments.seed,
        tap=capture,
        talk_us=given_talk_us(arguments.talk),
    )
    addresses = {door.element: door.equipment_address for door in doors_of(virtual.topology)}
    virtual.door = arguments.door or virtual.topology.access_server.name
    address = addresses.get(virtual.door)
    if address is None:
        raise UsageError(f"--door {virtual.door}: one of {', '.join(addresses)} was expected")
    body, page = message_of(arguments), None
    if arguments.page is not None:
        body, page = request_of(arguments, address)
    try:
        call = virtual.place(body, page)
    except SubmitError as error:
        raise CommandError(str(error)) from error
    view = virtual.run_to_end(call, arguments.business)
    if arguments.json:
        diary = {
            number: [msgspec.structs.asdict(entry) for entry in virtual.diary.entries(number)]
            for number in {leg.number for leg in view.legs}
        }
        print_json({**outcome(view), "diary": diary})
    else:
        _print_timeline(virtual, view, arguments.business)
        if arguments.trace:
            found = ladder(
                call,
                capture.captures(),
                virtual.journal.entries,
                virtual.point_codes(),
                decoders_of(variant_of(virtual.topology)),
            )
            sys.stdout.write("\n" + render_text(found))
    return 0 if view.state == "completed" else 1


def _print_timeline(virtual: VirtualNetwork, view: CallView, business: str) -> None:
    page = virtual.server.events(view.call, business, 0)
    assert page is not None
    print_line(f"call {view.call}")
    first_us = parse_utc(page.events[0].at)
    for event in page.events:
        print_line(event_line(event, parse_utc(event.at) - first_us))
    print_line(view.state)
