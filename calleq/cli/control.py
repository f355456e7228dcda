"""`calleq control`: an order to a call that goes on, by the operator of a running network."""

import argparse

import msgspec

from calleq.cli.control_orders import given_order
from calleq.cli.operator_calls import Operator
from calleq.cli.output import print_json, print_line


def run(arguments: argparse.Namespace) -> int:
    """0 when the order stands."""
    order = given_order(arguments)
    done = Operator(arguments.data).control(arguments.call, order)
    if arguments.json:
        print_json(msgspec.to_builtins(done))
    else:
        print_line(f"call {done.call}: {done.order.replace('_', ' ')}, done")
    return 0
