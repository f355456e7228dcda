"""How commands reach a door as a business does: where it is, and by what they prove themselves."""

import argparse
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from calleq.cli.failure import CommandError, UsageError
from calleq.cli.output import problem_text
from calleq.client import ApiKey, CalleqClient, ClientError, Credential, Password

LAST = "last"


@contextlib.contextmanager
def connected(arguments: argparse.Namespace) -> Iterator[CalleqClient]:
    """A client of the door that is meant; what it is refused becomes a CommandError. Raises
    UsageError when nothing says who asks."""
    credential = _credential(arguments)
    try:
        with CalleqClient(arguments.url, credential.business, credential=credential) as client:
            yield client
    except ClientError as error:
        text = problem_text(error.problem) if error.problem else str(error)
        raise CommandError(text) from error


def meant(client: CalleqClient, call: str) -> str:
    """The call of a reference; of `last` the one accepted last."""
    if call != LAST:
        return call
    newest = client.call_page(limit=1).calls
    if not newest:
        raise CommandError("there is no call yet")
    return newest[0].call


def _credential(arguments: argparse.Namespace) -> Credential:
    business = arguments.business
    if not business:
        raise UsageError("say whose calls they are: --business ID, or $CALLEQ_BUSINESS")
    if arguments.key_file:
        try:
            key = Path(arguments.key_file).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{arguments.key_file}: cannot be read: {error}") from error
        return ApiKey(business, key)
    if arguments.password:
        return Password(business, arguments.password)
    key = os.environ.get("CALLEQ_KEY", "")
    if not key:
        raise UsageError("say by what you prove it: --password, $CALLEQ_PASSWORD or --key-file")
    return ApiKey(business, key)
