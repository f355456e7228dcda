"""The options of `calleq keys`, `calleq carrier-key` and `calleq certificates`; what they do is in
the modules of their names."""

import argparse
from pathlib import Path

from calleq.cli.operation_parser import Add, Finish

DEFAULT_OVERLAP_HOURS = 24
DEFAULT_DAYS = 365
DEFAULT_AUTHORITY_DAYS = 3_650
DEFAULT_RENEW_DAYS = 30


def add_keys(add: Add, finish: Finish) -> None:
    """The command."""
    keys = add(
        "keys",
        "show, rotate and revoke the keys by which messages are decrypted",
        "calleq keys rotate abc --overlap-hours 24",
        "keys",
    )
    keys.add_argument("order", nargs="?", default="list", choices=("list", "rotate", "revoke"))
    keys.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        help="rotate: the business's identifier; revoke: the key's kid; list: default all",
    )
    keys.add_argument(
        "--overlap-hours",
        type=_hours,
        default=DEFAULT_OVERLAP_HOURS,
        metavar="N",
        help=f"rotate: how long the key before is still good (default: {DEFAULT_OVERLAP_HOURS})",
    )
    finish(keys)


def _hours(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 90 * 24):
        raise argparse.ArgumentTypeError(f"{text}: 0 to {90 * 24} hours were expected")
    return int(text)


def add_carrier_key(add: Add, finish: Finish) -> None:
    """The command."""
    carrier = add(
        "carrier-key",
        "show, rotate and retire the carrier's own key, under which signing keys are sealed",
        "calleq carrier-key rotate",
        "carrier_key",
    )
    carrier.add_argument(
        "order",
        nargs="?",
        default="show",
        choices=("show", "rotate", "retire"),
        help="rotate: another key, taken up at the next start; retire: forget those before it",
    )
    finish(carrier)


def add_certificates(add: Add, finish: Finish) -> None:
    """The command."""
    certificates = add(
        "certificates",
        "make the certificates by which the processes of a network prove themselves to each other",
        "calleq certificates inside --network mine.toml",
        "certificates",
    )
    certificates.add_argument("directory", type=Path, metavar="DIRECTORY", help="where they lie")
    for option, default, what in (
        ("--days", DEFAULT_DAYS, "how long they are good"),
        ("--authority-days", DEFAULT_AUTHORITY_DAYS, "how long an authority is"),
        ("--renew-days", DEFAULT_RENEW_DAYS, "one that ends within so many is made anew"),
    ):
        certificates.add_argument(
            option, type=_days, default=default, metavar="N", help=f"{what} (default: {default})"
        )
    certificates.add_argument(
        "--new-authority",
        action="store_true",
        help="sign everything anew; the authority before is believed until it ends",
    )
    finish(certificates)


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 36_500):
        raise argparse.ArgumentTypeError(f"{text}: 1 to 36500 days were expected")
    return int(text)
