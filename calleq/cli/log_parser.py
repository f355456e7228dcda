"""The options of commands that run elements, about what they tell a log collector."""

import argparse


def with_log(parser: argparse.ArgumentParser) -> None:
    """The options of a command that runs elements."""
    parser.add_argument(
        "--log-json", action="store_true", help="write what happens as JSON lines, one an event"
    )
    parser.add_argument(
        "--log-full-numbers",
        action="store_true",
        help="with --log-json: telephone numbers in full, not only their first and last digits",
    )
