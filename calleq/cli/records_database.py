"""The records' database as commands open it: brought up to date from the data directory first."""

import argparse
import contextlib
from collections.abc import Iterator

from calleq.billing.projection import ProjectionError, bring_up_to_date
from calleq.cli.failure import CommandError, UsageError
from calleq.cli.reading import given_data
from calleq.journal.frames import JournalError
from calleq.store import Database, StoreError, database_url
from calleq.units import SECOND_US, parse_utc


@contextlib.contextmanager
def opened(arguments: argparse.Namespace) -> Iterator[Database]:
    """The database that `--database` names. Raises UsageError, CommandError."""
    data = given_data(arguments)
    try:
        with contextlib.closing(Database(database_url(arguments.database, data[0]))) as database:
            yield database
    except (StoreError, ProjectionError, JournalError) as error:
        raise CommandError(str(error)) from error


@contextlib.contextmanager
def up_to_date(arguments: argparse.Namespace) -> Iterator[Database]:
    """The same, with everything that the journals hold by now."""
    with opened(arguments) as database:
        bring_up_to_date(database, given_data(arguments))
        yield database


def instant_us(text: str | None, option: str) -> int | None:
    """UTC microseconds of an RFC 3339 instant or of a day's beginning. Raises UsageError."""
    if text is None:
        return None
    try:
        return parse_utc(f"{text}T00:00:00Z" if len(text) == len("2026-01-05") else text)
    except ValueError:
        raise UsageError(
            f"{option} {text!r}: an instant such as 2026-01-05T09:00:00Z or a day such as"
            " 2026-01-05 was expected"
        ) from None


def given_times(arguments: argparse.Namespace) -> tuple[int | None, int | None]:
    """What `--since` and `--until` say. Raises UsageError."""
    since_us = instant_us(arguments.since, "--since")
    until_us = instant_us(arguments.until, "--until")
    if since_us is not None and until_us is not None and since_us >= until_us:
        raise UsageError(f"nothing began from {arguments.since} on and before {arguments.until}")
    return since_us, until_us


def length_us(seconds: float | None, option: str) -> int | None:
    """Microseconds of seconds. Raises UsageError."""
    if seconds is None:
        return None
    if not 0 <= seconds < 1e9:
        raise UsageError(f"{option} {seconds:g}: seconds, 0 or more, were expected")
    return round(seconds * SECOND_US)
