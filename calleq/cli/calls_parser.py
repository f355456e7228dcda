"""The parsers of a business's commands: call, calls, health."""

import argparse
import os
from collections.abc import Callable

URL = "http://127.0.0.1:8072"

Add = Callable[[str, str, str, str], argparse.ArgumentParser]
"""Makes the parser of a command: its name, what it does, an example, its module."""
WithJson = Callable[[argparse.ArgumentParser, str], None]


def add_calls(add: Add, with_json: WithJson) -> None:
    """The parsers of all of them."""
    _add_call(add, with_json)
    _add_calls(add, with_json)
    health = add("health", "ask whether a door is served", "calleq health --wait 60", "health")
    health.add_argument("--url", default=os.environ.get("CALLEQ_URL", URL), help="the door")
    health.add_argument(
        "--wait", type=float, default=0.0, metavar="SECONDS", help="how long to wait until it is"
    )
    with_json(health, "what the door says")


def _with_door(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--url",
        default=os.environ.get("CALLEQ_URL", URL),
        help=f"the carrier's front door (default: $CALLEQ_URL, else {URL})",
    )
    parser.add_argument(
        "--business",
        default=os.environ.get("CALLEQ_BUSINESS"),
        metavar="ID",
        help="identifier of the subscriber (default: $CALLEQ_BUSINESS)",
    )
    parser.add_argument(
        "--password",
        default=os.environ.get("CALLEQ_PASSWORD"),
        help="its password (default: $CALLEQ_PASSWORD, which others on this machine cannot read)",
    )
    parser.add_argument(
        "--key-file",
        metavar="FILE",
        help="where an API key stands, in place of the password (default: the key in $CALLEQ_KEY)",
    )


def _with_time(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--at",
        metavar="TIME",
        help="when to call: an instant with its offset, or (with --zone) what a clock there shows",
    )
    parser.add_argument("--zone", metavar="ZONE", help="the customer's, such as Europe/Paris")
    parser.add_argument(
        "--confirmed", action="store_true", help="the customer wants it, at night as well"
    )


def _with_encryption(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--encrypt",
        nargs="?",
        const="whole",
        metavar="FIELDS",
        help="encrypt the message as a whole, or these of its fields (customer_number,password)",
    )
    parser.add_argument(
        "--encryption-key",
        metavar="FILE",
        help="with which of the carrier's public keys, a JWK or a set of one (default: the door is"
        " asked)",
    )


def _add_call(add: Add, with_json: WithJson) -> None:
    call = add(
        "call",
        "post a call-initiation message and follow the call",
        "calleq call --customer +12125550100 --rep +12125550143 --business abc --password abc-demo",
        "call",
    )
    call.add_argument("--customer", required=True, metavar="NUMBER", help="who is called first")
    call.add_argument("--rep", metavar="NUMBER", help="without it the carrier finds one")
    _with_door(call)
    call.add_argument("--only-rep", action="store_true", help="try no other representative")
    call.add_argument(
        "--dial-first", choices=("customer", "agent"), help="instead of the business's own choice"
    )
    _with_time(call)
    _with_encryption(call)
    call.add_argument("--key", metavar="TEXT", help="an Idempotency-Key of your own")
    call.add_argument(
        "--talk",
        type=float,
        metavar="SECONDS",
        help="how long the simulated people talk (asks the telephones' desk)",
    )
    call.add_argument(
        "--desk",
        default="http://127.0.0.1:8038",
        metavar="URL",
        help="the simulated telephones, for --talk and --enter-code",
    )
    call.add_argument(
        "--enter-code",
        action="store_true",
        help="have the simulated customer enter the one-time code, where the business wants one",
    )
    with_json(call, "the call's outcome")


def _add_calls(add: Add, with_json: WithJson) -> None:
    calls = add("calls", "list, show, change and follow calls", "calleq calls list", "calls")
    ways = calls.add_subparsers(dest="way", required=True, metavar="WAY")

    def way(name: str, what: str, example: str) -> argparse.ArgumentParser:
        parser = ways.add_parser(name, help=what, epilog=f"example: calleq calls {example}")
        _with_door(parser)
        with_json(parser, "what is shown")
        return parser

    def one(name: str, what: str, example: str) -> argparse.ArgumentParser:
        parser = way(name, what, example)
        parser.add_argument("call", metavar="CALL", help="reference, or `last`")
        return parser

    _add_list(way("list", "calls, the newest first", "list --state completed --limit 10"))
    one("show", "state and legs of a call", "show last")
    one("cancel", "cancel a call before it is begun", "cancel last")
    one("hangup", "end a call that has begun", "hangup last")
    moving = one(
        "reschedule",
        "have a call that waits made at another time; without --at as soon as possible",
        "reschedule last --at 2026-11-22T10:00:00-05:00",
    )
    _with_time(moving)
    events = one("events", "the timeline of a call, until it has ended", "events last")
    events.add_argument(
        "--after", type=int, default=0, metavar="N", help="only those after the Nth"
    )
    events.add_argument("--no-wait", action="store_true", help="only what has happened so far")


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state", help="a final state, or how far they have come: scheduled, …")
    parser.add_argument("--final", choices=("yes", "no"), help="whether they have ended")
    parser.add_argument("--customer", metavar="NUMBER")
    parser.add_argument("--rep", metavar="NUMBER", help="who was asked for")
    parser.add_argument("--since", metavar="INSTANT", help="accepted then or later")
    parser.add_argument("--until", metavar="INSTANT", help="accepted before then")
    parser.add_argument("--due-since", metavar="INSTANT", help="to be made then or later")
    parser.add_argument("--due-until", metavar="INSTANT", help="to be made before then")
    parser.add_argument("--ended-since", metavar="INSTANT", help="ended then or later")
    parser.add_argument("--ended-until", metavar="INSTANT", help="ended before then")
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="at most so many")
