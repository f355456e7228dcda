"""`calleq refusals`: what the doors refused, why, and what can be done; read from the journals."""

import argparse
from collections import Counter, deque

import msgspec

from calleq.cli.failure import UsageError
from calleq.cli.output import counted, print_json, print_line, print_table
from calleq.cli.reading import given_data, read_entries
from calleq.cli.records_database import instant_us
from calleq.guards import Filter, view_of
from calleq.journal.entries import Refused
from calleq.messages.guarding import RefusalView


def run(arguments: argparse.Namespace) -> int:
    """List them, the oldest of those shown first."""
    if arguments.limit < 1:
        raise UsageError(f"--limit {arguments.limit}: 1 or more was expected")
    wanted = Filter(
        business=arguments.business or "",
        reason=arguments.reason or "",
        since_us=instant_us(arguments.since, "--since") or 0,
        until_us=instant_us(arguments.until, "--until") or 0,
    )
    shown: deque[RefusalView] = deque(maxlen=arguments.limit)
    reasons: Counter[str] = Counter()
    for stamped in read_entries(given_data(arguments)):
        entry = stamped.entry
        if isinstance(entry, Refused) and wanted.takes(entry, stamped.at_us):
            reasons[entry.reason] += 1
            shown.append(view_of(entry, stamped.at_us))
    if arguments.json:
        print_json([msgspec.to_builtins(view) for view in shown])
        return 0
    print_table(
        counted(len(shown), "refusal"),
        ("time", "business", "reason", "customer", "asked by", "what to do"),
        [_row(view) for view in shown],
    )
    if reasons.total() > len(shown):
        print_line(f"There are {reasons.total()}: --limit shows more of them")
    if reasons:
        print_line(", ".join(f"{reason} {count}" for reason, count in reasons.most_common()))
    return 0


def _row(view: RefusalView) -> tuple[str, ...]:
    asked_by = " ".join(filter(None, (view.by, view.visitor and f"visitor {view.visitor}")))
    who = asked_by or view.peer
    return (view.at, view.business, view.reason, view.customer, who, view.what_to_do)
