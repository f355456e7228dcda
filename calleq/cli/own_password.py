"""`calleq password`: change one's own password, with the one that there is."""

import argparse
import sys
from getpass import getpass

import msgspec

from calleq.cli.accounts import text_of
from calleq.cli.failure import CommandError, UsageError
from calleq.cli.output import print_json, print_line
from calleq.client.accounts import AccountsClient
from calleq.client.errors import ClientError


def run(arguments: argparse.Namespace) -> int:
    """0 when it is changed."""
    name = f"{arguments.business}/{arguments.user}" if arguments.user else arguments.business
    if not name:
        raise UsageError("say whose password it is: --business ID, --user ID or both")
    current = _given(arguments.current_file, f"password of {name}: ")
    new = _given(arguments.new_file, "new password: ")
    if not arguments.new_file and _given("", "once more: ") != new:
        raise CommandError("the two are not the same: nothing is changed")
    try:
        with AccountsClient(arguments.url, password=(name, current)) as client:
            changed = client.change_password(current, new)
    except ClientError as error:
        raise CommandError(str(error)) from error
    if arguments.json:
        print_json(msgspec.to_builtins(changed))
    else:
        print_line("changed: the one before is worth nothing any more")
    return 0


def _given(file: str, prompt: str) -> str:
    if file:
        return text_of(file)
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked here: give --current-file and --new-file")
    return getpass(prompt)
