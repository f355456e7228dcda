"""`calleq health`: whether a door is served, waited for where that is wished."""

import argparse
import time

import msgspec

from calleq.cli.failure import CommandError
from calleq.cli.output import print_json, print_line
from calleq.client import CalleqClient, ClientError

BETWEEN_S = 0.2


def run(arguments: argparse.Namespace) -> int:
    """0 when it is served."""
    until = time.monotonic() + arguments.wait
    with CalleqClient(arguments.url, "") as client:
        while True:
            try:
                health = client.health()
                break
            except ClientError as error:
                if time.monotonic() >= until:
                    raise CommandError(str(error)) from error
            time.sleep(BETWEEN_S)
    if arguments.json:
        print_json(msgspec.to_builtins(health))
    else:
        print_line(f"{health.server}: {health.status}")
    return 0
