"""The options of `calleq keys`; what it does is in `keys`."""

import argparse

from calleq.cli.operation_parser import Add, Finish

DEFAULT_OVERLAP_HOURS = 24


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
