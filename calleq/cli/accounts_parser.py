"""The parsers of the commands on accounts: business, user, number, rep, customer, credential."""

import argparse
import os
from collections.abc import Callable

Add = Callable[[str, str, str, str], argparse.ArgumentParser]
"""Makes the parser of a command: its name, what it does, an example, its module."""
Finish = Callable[[argparse.ArgumentParser], None]

ROLES = ("business_owner", "developer", "carrier_operator", "carrier_reviewer")
KINDS = ("password", "pin", "api_key", "signing_key", "certificate")
MODULE = "accounts"
_SETTING = (
    "a key of a business in a topology file, `calendar.zone=Europe/Paris` of a table in it; the"
    " value is JSON, or text as it stands; nothing after =: the topology's own again"
)


class _Ways:
    """The ways of one command, each a parser of its own."""

    def __init__(self, parser: argparse.ArgumentParser, finish: Finish) -> None:
        self._ways = parser.add_subparsers(dest="way", required=True, metavar="WAY")
        self._finish = finish

    def add(self, name: str, what: str, example: str) -> argparse.ArgumentParser:
        parser = self._ways.add_parser(name, help=what, epilog=f"example: calleq {example}")
        self._finish(parser)
        parser.add_argument(
            "--url",
            default=os.environ.get("CALLEQ_URL"),
            help="a door's address, asked with the key in $CALLEQ_KEY or --key-file; without it the"
            " operator's door of the network whose data --data names",
        )
        parser.add_argument("--key-file", metavar="FILE", help="where an API key stands")
        return parser


def add_accounts(add: Add, finish: Finish) -> None:
    """The parsers of all of them; `finish` adds what they have in common."""
    _add_business(add, finish)
    _add_user(add, finish)
    _add_number(add, finish)
    _add_representative(add, finish)
    _add_customer(add, finish)
    _add_credential(add, finish)
    _add_password(add, finish)


def _of_business(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    what = "whose" if required else "whose (default: the carrier's own)"
    parser.add_argument("--business", required=required, default="", metavar="ID", help=what)


def _add_business(add: Add, finish: Finish) -> None:
    parser = add(
        "business",
        "add, list, change, suspend and resume businesses",
        "calleq business add acme --name 'Acme Ltd' --number +12125550170",
        MODULE,
    )
    ways = _Ways(parser, finish)
    ways.add("list", "all of them", "business list --json")
    one = ways.add("show", "one with its settings", "business show abc")
    one.add_argument("identifier", metavar="ID")
    new = ways.add("add", "add one", "business add acme --name 'Acme Ltd'")
    new.add_argument("identifier", metavar="ID")
    new.add_argument("--name", help="spoken in its announcements")
    new.add_argument("--number", metavar="NUMBER", help="what its customers see")
    changed = ways.add(
        "set", "change settings", "business set abc language=fr calendar.zone=Europe/Paris"
    )
    changed.add_argument("identifier", metavar="ID")
    new.add_argument(
        "--set", dest="settings", action="append", default=[], metavar="KEY=VALUE", help=_SETTING
    )
    changed.add_argument("settings", nargs="+", metavar="KEY=VALUE", help=_SETTING)
    one = ways.add("suspend", "no new calls; those that go on do", "business suspend abc")
    one.add_argument("identifier", metavar="ID")
    one.add_argument("--reason", default="", help="for the carrier's own people")
    one = ways.add("resume", "calls again", "business resume abc")
    one.add_argument("identifier", metavar="ID")


def _add_user(add: Add, finish: Finish) -> None:
    parser = add(
        "user",
        "add, list and remove users of a business or of the carrier",
        "calleq user add ann --business abc --role developer",
        MODULE,
    )
    ways = _Ways(parser, finish)
    _of_business(ways.add("list", "all of them", "user list --business abc"), required=False)
    new = ways.add("add", "add one, or change it", "user add ann --business abc --role developer")
    new.add_argument("identifier", metavar="ID")
    new.add_argument("--role", required=True, choices=ROLES)
    new.add_argument("--name", default="")
    gone = ways.add("remove", "remove one with its credentials", "user remove ann --business abc")
    gone.add_argument("identifier", metavar="ID")
    for one in (new, gone):
        _of_business(one, required=False)


def _add_number(add: Add, finish: Finish) -> None:
    parser = add(
        "number",
        "list, assign and release the numbers that businesses own",
        "calleq number add +12125550171 --business acme",
        MODULE,
    )
    ways = _Ways(parser, finish)
    _of_business(ways.add("list", "those of a business", "number list --business abc"))
    for word, what in (("add", "make it a business's own"), ("remove", "take it from it")):
        one = ways.add(word, what, f"number {word} +12125550171 --business acme")
        one.add_argument("number", metavar="NUMBER")
        _of_business(one)


def _add_representative(add: Add, finish: Finish) -> None:
    parser = add(
        "rep",
        "add, list and remove representatives with their shifts",
        "calleq rep add ann --business abc --number +12125550143 --shift 'mon-fri 09:00-17:00'",
        MODULE,
    )
    ways = _Ways(parser, finish)
    _of_business(ways.add("list", "those of a business", "rep list --business abc"))
    new = ways.add(
        "add",
        "add one, or change it",
        "rep add ann --business abc --number +12125550143 --shift 'mon-fri 09:00-17:00'",
    )
    new.add_argument("identifier", metavar="ID")
    new.add_argument("--number", required=True, metavar="NUMBER")
    new.add_argument("--name", default="")
    new.add_argument(
        "--shift",
        action="append",
        default=[],
        metavar="SHIFT",
        help="days and hours in the business's zone, `mon-fri 09:00-17:00` or"
        " `sat,sun 22:00-06:00`; once for each; none: always",
    )
    gone = ways.add("remove", "remove one", "rep remove ann --business abc")
    gone.add_argument("identifier", metavar="ID")
    for one in (new, gone):
        _of_business(one)


def _add_customer(add: Add, finish: Finish) -> None:
    parser = add(
        "customer",
        "add, list and forget customers by the business's own identifiers",
        "calleq customer add c-77 --business abc --number +12125550100",
        MODULE,
    )
    ways = _Ways(parser, finish)
    _of_business(ways.add("list", "those of a business", "customer list --business abc"))
    new = ways.add(
        "add", "add one, or change it", "customer add c-77 --business abc --number +12125550100"
    )
    new.add_argument("identifier", metavar="ID")
    new.add_argument("--number", default="", metavar="NUMBER")
    new.add_argument("--sip", default="", metavar="URI", help="called there if there is no number")
    new.add_argument("--consent", choices=("unknown", "given", "withdrawn"), default="unknown")
    new.add_argument("--do-not-call", action="store_true", help="it is not called any more")
    new.add_argument("--name", default="")
    shown = ways.add("show", "one", "customer show c-77 --business abc")
    gone = ways.add("remove", "forget one", "customer remove c-77 --business abc")
    for one in (shown, gone):
        one.add_argument("identifier", metavar="ID")
    for one in (new, shown, gone):
        _of_business(one)


def _add_credential(add: Add, finish: Finish) -> None:
    parser = add(
        "credential",
        "issue, list, rotate and revoke credentials; a secret is shown once",
        "calleq credential add --business abc --kind api_key --label 'the shop'",
        MODULE,
    )
    ways = _Ways(parser, finish)
    _of_business(
        ways.add("list", "without secrets", "credential list --business abc"), required=False
    )
    new = ways.add("add", "issue one", "credential add --business abc --kind api_key")
    new.add_argument("--kind", required=True, choices=KINDS)
    new.add_argument("--user", default="", metavar="ID", help="of which user (default: of nobody)")
    new.add_argument("--role", choices=ROLES, help="default: its user's, or that of an owner")
    new.add_argument("--label", default="", help="what it is for")
    new.add_argument(
        "--scope", action="append", default=[], help="limit it to this; may be repeated"
    )
    new.add_argument("--expires", default="", metavar="INSTANT", help="RFC 3339 (default: never)")
    again = ways.add(
        "rotate", "issue another in its place", "credential rotate key-0123456789ab --business abc"
    )
    again.add_argument("identifier", metavar="CREDENTIAL")
    again.add_argument(
        "--overlap",
        type=int,
        default=86_400,
        metavar="SECONDS",
        help="so long the old one is good beside the new (default: a day)",
    )
    for one in (new, again):
        one.add_argument(
            "--secret-file",
            metavar="FILE",
            help="a password or PIN that was chosen, `-`: standard input (default: one is made)",
        )
        one.add_argument("--certificate", metavar="FILE", help="PEM, for a certificate")
    gone = ways.add(
        "revoke", "at once", "credential revoke key-0123456789ab --business abc --reason lost"
    )
    gone.add_argument("identifier", metavar="CREDENTIAL")
    gone.add_argument("--reason", default="")
    for one in (new, again, gone):
        _of_business(one, required=False)


def _add_password(add: Add, finish: Finish) -> None:
    parser = add(
        "password",
        "change one's own password, with the one that there is",
        "calleq password --url https://calls.carrier.example --business abc --user ann",
        "own_password",
    )
    finish(parser)
    url = os.environ.get("CALLEQ_URL", "http://127.0.0.1:8072")
    parser.add_argument("--url", default=url, help="a door (default: $CALLEQ_URL, else this one)")
    parser.add_argument("--business", default="", metavar="ID", help="whose (default: the carrier)")
    parser.add_argument("--user", default="", metavar="ID", help="default: the business's own")
    for which in ("current", "new"):
        parser.add_argument(
            f"--{which}-file",
            default="",
            metavar="FILE",
            help=f"where the {which} one stands, `-`: standard input (default: you are asked)",
        )
