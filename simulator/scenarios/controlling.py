"""Steps that order something of a call that goes on, in the words of `calleq control`."""

import argparse
import shlex
from collections.abc import Callable

import msgspec

from calleq.cli.control_orders import ORDERS, given_order
from calleq.cli.failure import UsageError
from calleq.door.door import Door
from calleq.osn.orders import AddThird, Consult, Order, Refusal, Transfer
from calleq.runtime.clock import VirtualClock
from calleq.units import SECOND_US
from simulator.scenarios import steps
from simulator.scenarios.doing import StageError

ANSWER_US = 10 * SECOND_US
"""Equipment has answered an order by then, or never will."""


class OrderWordsError(ValueError):
    """The words of a step are no order; the text says why."""


def order_of(step: steps.Control, number: Callable[[str], str]) -> Order:
    """The order of a step; `number` knows telephones by name. Raises OrderWordsError."""
    try:
        word, *words = shlex.split(step.order)
        if word not in ORDERS:
            raise UsageError(f"{word!r}: one of {', '.join(ORDERS)} expected")
        order = given_order(
            argparse.Namespace(
                order=word, words=words, to=step.to, prompt=step.prompt, recording=""
            )
        )
    except (UsageError, ValueError) as wrong:
        raise OrderWordsError(f"order {step.order!r}: {wrong}") from wrong
    if isinstance(order, AddThird | Transfer | Consult):
        return msgspec.structs.replace(order, number=number(order.number))
    return order


def carry_out(server: Door, clock: VirtualClock, call: str, order: Order, refused: str) -> None:
    """Have an order carried out and answered as expected. Raises StageError."""
    answers: list[Refusal | None] = []
    server.control(call, None, order, answers.append)
    until_us = clock.monotonic_us() + ANSWER_US
    while not answers and clock.monotonic_us() < until_us and clock.run_next():
        pass
    said = "nothing" if not answers else answers[0] or "done"
    if said != (refused or "done"):
        raise StageError(f"an order was answered {said!r}, {refused or 'done'!r} was expected")
