"""`calleq price` and `calleq balance`: what calls would cost, and what businesses have.

A price needs no running network: the decks of a topology file say it. Balances are told by the
network that runs; a credit is an entry of its journal.
"""

import argparse
import math
import time
from collections.abc import Sequence

import msgspec

from calleq.charging import ChargingError, RememberedDecks, load_decks
from calleq.charging.pricing import price_of
from calleq.cli.accounts import client_of
from calleq.cli.failure import CommandError, UsageError
from calleq.cli.given import given_topology
from calleq.cli.output import print_json, print_line, print_table
from calleq.client.errors import ClientError
from calleq.messages.prices import BalanceView, CapView, CreditOrder, PriceView, QuoteView
from calleq.numbering import Address, NumberingError, parse_address
from calleq.rating import RatingError
from calleq.topology import Business, Topology
from calleq.topology_billing import Billing

MINUTES_LIMIT = 24 * 60


def run(arguments: argparse.Namespace) -> int:
    """One of them."""
    if arguments.command == "price":
        return _price(arguments)
    try:
        with client_of(arguments) as client:
            if arguments.way == "credit":
                order = CreditOrder(
                    business=arguments.business, amount=arguments.amount, note=arguments.note
                )
                shown = [client.credit(order)]
            elif arguments.business:
                shown = [client.balance(arguments.business)]
            else:
                shown = [client.balance(one.business) for one in client.businesses()]
    except ClientError as error:
        raise CommandError(str(error)) from error
    if arguments.json:
        print_json([msgspec.to_builtins(view) for view in shown])
    else:
        _show_balances(shown)
    return 0


def _price(arguments: argparse.Namespace) -> int:
    topology = given_topology(arguments.network)
    business = _business(topology, arguments.business)
    minutes: float = arguments.minutes
    if not (math.isfinite(minutes) and 0 <= minutes <= MINUTES_LIMIT):
        raise UsageError(f"--minutes {minutes:g}: 0 to {MINUTES_LIMIT} were expected")
    now_us = time.time_ns() // 1_000
    try:
        decks = load_decks(topology.pricing, RememberedDecks(), now_us)
        deck = decks.of(Billing() if business is None else business.billing)
        if deck is None:
            raise CommandError("calls have no price here: the topology names no rate deck")
        view = price_of(
            deck,
            business,
            _address(arguments.number),
            _address(arguments.rep) if arguments.rep else None,
            math.ceil(minutes * 60),
            now_us,
        )
    except (ChargingError, RatingError) as error:
        raise CommandError(str(error)) from error
    if arguments.json:
        print_json(msgspec.to_builtins(view))
    else:
        _show_price(view)
    return 0


def _business(topology: Topology, identifier: str | None) -> Business | None:
    if identifier is None:
        return None
    for business in topology.businesses:
        if business.identifier == identifier:
            return business
    known = ", ".join(one.identifier for one in topology.businesses)
    raise UsageError(f"--business {identifier}: one of {known} was expected")


def _address(text: str) -> Address:
    try:
        return parse_address(text)
    except NumberingError as error:
        raise UsageError(str(error)) from error


def _show_price(view: PriceView) -> None:
    parties = [("customer", view.customer)]
    if view.representative is not None:
        parties.append(("representative", view.representative))
    print_table(
        f"by deck {view.deck}, in {view.currency}",
        ("party", "address", "rate", "now", "a minute", "at most", "connection", "rule"),
        [_quote_row(role, quote) for role, quote in parties],
        right=("a minute", "at most", "connection"),
    )
    print_line(f"a minute now   {view.per_minute} {view.currency}")
    print_line(f"{view.minutes:g} min at most  {view.maximum} {view.currency}")


def _quote_row(role: str, quote: QuoteView) -> tuple[str, ...]:
    return (
        role,
        quote.address,
        quote.rate_key,
        quote.band,
        quote.per_minute,
        quote.dearest_per_minute,
        quote.connection,
        quote.rule,
    )


def _show_balances(shown: Sequence[BalanceView]) -> None:
    print_table(
        "balances",
        ("business", "pays", "balance", "held", "available", "today", "this month"),
        [
            (
                view.business,
                view.payment,
                f"{view.balance} {view.currency}",
                view.held,
                view.available or "no limit",
                _cap(view.day),
                _cap(view.month),
            )
            for view in shown
        ],
        right=("balance", "held", "available", "today", "this month"),
    )


def _cap(view: CapView) -> str:
    return view.spent if view.cap is None else f"{view.spent} of {view.cap}"
