"""What happens to calls and accounts, told to a log collector as it is written to the journal.

A line carries the call's reference, so that everything about one call is found by it; what else was
asked in the same request is found by the request's id, which stands in the line of the request
beside the reference (`calleq.web.told`). Nothing of a message and nothing of a change of accounts
is told but its kind: both may hold what nobody may read.
"""

import argparse
import logging
import time
from collections.abc import Callable

from calleq.cli.output import print_line
from calleq.cli.wish import Wish
from calleq.journal.contract import Journal
from calleq.journal.entries import (
    Accepted,
    AccountChanged,
    Cancelled,
    DoNotCall,
    Ended,
    Entry,
    Refused,
    Rescheduled,
    Started,
)
from calleq.journal.file import FileJournal
from calleq.topology_doors import doors_of
from calleq.units import utc_text
from calleq.web.events import Events, JsonLines, LoggingToEvents


class TellingJournal:
    """A journal whose entries of doors are told of."""

    def __init__(self, journal: Journal, events: Events, doors: frozenset[str]) -> None:
        self._journal = journal
        self._events = events
        self._doors = doors

    def append(
        self, entity: str, entry: Entry, durable: Callable[[], object] | None = None
    ) -> None:
        """See `Journal.append`."""
        self._journal.append(entity, entry, durable)
        if entity in self._doors or isinstance(entry, Started):
            self._tell(entity, entry)

    def _tell(self, entity: str, entry: Entry) -> None:
        tell = self._events.tell
        match entry:
            case Accepted(call, business):
                due = utc_text(entry.due_us) if entry.due_us else ""
                figure, by = entry.figure, entry.by
                tell(
                    "call_accepted",
                    door=entity,
                    call=call,
                    business=business,
                    figure=figure,
                    by=by,
                    due=due,
                )
            case Refused(_, business, reason, peer):
                tell(
                    "refused", door=entity, business=business, reason=reason, peer=peer, by=entry.by
                )
            case Ended(call, state, cause, detail):
                tell("call_ended", door=entity, call=call, state=state, cause=cause, detail=detail)
            case Rescheduled(call):
                tell("call_rescheduled", door=entity, call=call, by=entry.by)
            case Cancelled(call):
                tell("call_cancelled", door=entity, call=call, by=entry.by)
            case DoNotCall(_, business, number, listed, call):
                tell("do_not_call", business=business, number=number, listed=listed, call=call)
            case AccountChanged(change, by):
                what = change.get("change", "")
                tell("account_changed", change=what, business=change.get("business", ""), by=by)
            case Started(software):
                tell("started", element=entity, software=software)
            case _:
                pass

    def last_sequence(self, entity: str) -> int:
        """See `Journal.last_sequence`."""
        return self._journal.last_sequence(entity)


def told_of(journal: FileJournal, wish: Wish) -> Journal:
    """The journal as elements get it."""
    if wish.events is None:
        return journal
    doors = frozenset(plan.name for plan in doors_of(wish.topology))
    return TellingJournal(journal, wish.events, doors)


def given_events(arguments: argparse.Namespace) -> Events | None:
    """Where the command is to tell what happens; what libraries log goes there, too."""
    if not arguments.log_json:
        return None
    events = JsonLines(_now, full_numbers=arguments.log_full_numbers)
    handler = LoggingToEvents(events)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    return events


def saying(events: Events | None) -> Callable[[str], None]:
    """How a process says something to the person who started it."""
    if events is None:
        return print_line
    told = events
    return lambda line: told.tell("said", message=line)


def _now() -> str:
    return utc_text(time.time_ns() // 1_000)
