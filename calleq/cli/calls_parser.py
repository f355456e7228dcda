"""The options of `calleq calls` and of calls for later; what they do is in `calls` and `call`."""

import argparse
from collections.abc import Callable

Adding = Callable[[str, str, str, str], argparse.ArgumentParser]
"""Add a command: its name, what it does, an example, its module."""
Finish = Callable[[argparse.ArgumentParser, str], object]

URL = "http://127.0.0.1:8072"


def with_time(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """When a call is to be made."""
    parser.add_argument(
        "--at",
        required=required,
        metavar="TIME",
        help="when: 2026-11-21T18:00:00-05:00, or 2026-11-21T18:00 with --zone"
        + ("; now: as soon as possible" if required else ""),
    )
    parser.add_argument(
        "--zone", metavar="ZONE", help="the customer's IANA time zone, such as America/New_York"
    )
    parser.add_argument(
        "--confirmed",
        action="store_true",
        help="the customer wants the call then, at night as well",
    )


def with_business(parser: argparse.ArgumentParser) -> None:
    """Who asks, and where."""
    parser.add_argument("--business", required=True, help="identifier of the subscriber")
    parser.add_argument("--password", required=True, help="its password")
    parser.add_argument("--url", default=URL, help="the carrier's front door")


def add_calls(add: Adding, with_json: Finish) -> None:
    """The command's ways."""
    calls = add(
        "calls",
        "list the calls that wait, cancel and move them",
        "calleq calls scheduled --business abc --password abc-demo",
        "calls",
    )
    ways = calls.add_subparsers(dest="way", required=True, metavar="scheduled|cancel|reschedule")

    def way(name: str, what: str, example: str) -> argparse.ArgumentParser:
        parser = ways.add_parser(
            name, help=what, epilog=f"example: calleq calls {example} --business abc --password …"
        )
        if name != "scheduled":
            parser.add_argument("call", metavar="CALL", help="its reference")
        with_business(parser)
        return parser

    listing = way("scheduled", "the calls that wait for their time", "scheduled")
    listing.add_argument("--limit", type=int, default=100, metavar="N", help="at most (100)")
    with_json(listing, "the calls")
    cancelling = way("cancel", "never make a call that waits", "cancel CALL")
    with_json(cancelling, "the call")
    moving = way("reschedule", "make a call that waits at another time", "reschedule CALL --at …")
    with_time(moving, required=True)
    with_json(moving, "the call")
