"""`calleq calls`: the calls of a business that wait for their time; cancel them, move them."""

import argparse
from itertools import islice

import msgspec

from calleq.cli.failure import CommandError, UsageError
from calleq.cli.output import counted, print_json, print_line, print_table, problem_text
from calleq.client import CalleqClient, ClientError
from calleq.messages.answers import CallView

NOW = "now"


def run(arguments: argparse.Namespace) -> int:
    """Ask the door; 1 with its own words where it refuses."""
    try:
        with CalleqClient(arguments.url, arguments.business, arguments.password) as client:
            if arguments.way == "scheduled":
                return _scheduled(client, arguments)
            if arguments.way == "cancel":
                view = client.cancel(arguments.call)
            else:
                at = "" if arguments.at == NOW else arguments.at
                view = client.reschedule(
                    arguments.call,
                    at,
                    time_zone=arguments.zone,
                    confirmed=arguments.confirmed or None,
                )
    except ClientError as error:
        raise CommandError(problem_text(error.problem) if error.problem else str(error)) from error
    if arguments.json:
        print_json(msgspec.to_builtins(view))
    else:
        print_line(told(view))
    return 0


def told(view: CallView) -> str:
    """What becomes of a call, in a line."""
    if view.state == "scheduled":
        return f"call {view.call} is due at {view.due_at}, and expires at {view.expires_at}"
    return f"call {view.call}: {view.state}"


def _scheduled(client: CalleqClient, arguments: argparse.Namespace) -> int:
    if arguments.limit < 1:
        raise UsageError(f"--limit {arguments.limit}: 1 or more was expected")
    found = list(islice(client.calls(state="scheduled", final=False), arguments.limit))
    found.sort(key=lambda view: (view.due_at or "", view.call))
    if arguments.json:
        print_json([msgspec.to_builtins(view) for view in found])
        return 0
    print_table(
        counted(len(found), "call"),
        ("due", "expires", "customer", "representative", "try", "call"),
        [
            (
                view.due_at or "",
                view.expires_at or "",
                view.customer_number,
                view.representative_number or "",
                str(view.try_number),
                view.call,
            )
            for view in found
        ],
        right=("try",),
    )
    return 0
