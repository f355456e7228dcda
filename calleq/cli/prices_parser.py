"""The parsers of the commands on money: price, balance."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

Add = Callable[[str, str, str, str], argparse.ArgumentParser]
"""Makes the parser of a command: its name, what it does, an example, its module."""
Finish = Callable[[argparse.ArgumentParser], None]

MODULE = "prices"


def add_prices(add: Add, finish: Finish) -> None:
    """The parsers of both; `finish` adds what commands have in common."""
    price = add(
        "price",
        "say what a call would cost now, by the rate decks of a topology file",
        "calleq price +12125550100 --business abc --minutes 5",
        MODULE,
    )
    price.add_argument("number", metavar="NUMBER", help="the customer's")
    price.add_argument("--business", metavar="ID", help="whose deck and representatives")
    price.add_argument(
        "--rep", metavar="NUMBER", help="the representative's (default: the dearest of --business)"
    )
    price.add_argument(
        "--minutes", type=float, default=1.0, metavar="N", help="for so long (default: 1)"
    )
    price.add_argument(
        "--network",
        type=Path,
        metavar="FILE",
        help="topology file (default: the source's figure 1)",
    )
    price.add_argument("--json", action="store_true", help="print the price as JSON")
    balance = add(
        "balance",
        "show what businesses have, and credit what they paid",
        "calleq balance show --business abc",
        MODULE,
    )
    ways = balance.add_subparsers(dest="way", required=True, metavar="show|credit")
    show = ways.add_parser(
        "show", help="paid, charged, held, available", epilog="example: calleq balance show"
    )
    show.add_argument("--business", metavar="ID", help="one of them (default: all)")
    credit = ways.add_parser(
        "credit",
        help="money was paid in; an amount with a - before it: taken out",
        epilog="example: calleq balance credit abc 25.00 --note 'bank transfer 17'",
    )
    credit.add_argument("business", metavar="BUSINESS")
    credit.add_argument("amount", metavar="AMOUNT", help="in units of the currency: 25.00")
    credit.add_argument("--note", default="", metavar="TEXT", help="what it was, for the books")
    for parser in (show, credit):
        finish(parser)
        parser.add_argument(
            "--url",
            default=os.environ.get("CALLEQ_URL"),
            help="a door's address, asked with the key in $CALLEQ_KEY or --key-file; without it the"
            " operator's door of the network whose data --data names",
        )
        parser.add_argument("--key-file", metavar="FILE", help="where an API key stands")
