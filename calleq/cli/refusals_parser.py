"""The options of `calleq refusals`; what it does is in `refusals`."""

import argparse
from collections.abc import Callable

SHOWN = 100
"""Unless `--limit` says otherwise."""

Adding = Callable[[str, str, str, str], argparse.ArgumentParser]
"""Add a command: its name, what it does, an example, its module."""


def add_refusals(
    add: Adding,
    with_data: Callable[[argparse.ArgumentParser], object],
    with_json: Callable[[argparse.ArgumentParser, str], object],
) -> None:
    """The command's options."""
    parser = add(
        "refusals",
        "show what was refused before any dial, and why",
        "calleq refusals --business abc --reason region",
        "refusals",
    )
    parser.add_argument("--business", metavar="NAME", help="of one business")
    parser.add_argument("--reason", metavar="CODE", help="for one reason, such as cooling_down")
    parser.add_argument("--since", metavar="INSTANT", help="then or later")
    parser.add_argument("--until", metavar="INSTANT", help="before then")
    parser.add_argument("--limit", type=int, default=SHOWN, metavar="N", help="the latest N")
    with_data(parser)
    with_json(parser, "the refusals")
