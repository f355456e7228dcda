"""`calleq calls`: a business's calls over the API: listed, shown, cancelled, moved, followed."""

import argparse
from itertools import islice

import msgspec

from calleq.cli.call import event_line
from calleq.cli.connecting import connected, meant
from calleq.cli.output import counted, print_json, print_line, print_table
from calleq.client import CalleqClient
from calleq.messages.answers import CallView, EventView
from calleq.units import parse_utc

_PAGE = 100


def run(arguments: argparse.Namespace) -> int:
    """One of the ways."""
    with connected(arguments) as client:
        if arguments.way == "list":
            _list(client, arguments)
            return 0
        call = meant(client, arguments.call)
        if arguments.way == "events":
            _events(client, call, arguments)
            return 0
        view = _changed(client, call, arguments)
    _show(view, as_json=arguments.json)
    return 0


def _changed(client: CalleqClient, call: str, arguments: argparse.Namespace) -> CallView:
    match arguments.way:
        case "cancel":
            return client.cancel(call)
        case "hangup":
            client.hang_up(call)
            return client.call(call)
        case "reschedule":
            confirmed = True if arguments.confirmed else None
            return client.reschedule(
                call, arguments.at, time_zone=arguments.zone, confirmed=confirmed
            )
        case _:
            return client.call(call)


def _list(client: CalleqClient, arguments: argparse.Namespace) -> None:
    final = None if arguments.final is None else arguments.final == "yes"
    found = client.calls(
        state=arguments.state,
        final=final,
        customer=arguments.customer,
        representative=arguments.rep,
        accepted_after=arguments.since,
        accepted_before=arguments.until,
        due_after=arguments.due_since,
        due_before=arguments.due_until,
        ended_after=arguments.ended_since,
        ended_before=arguments.ended_until,
        limit=min(max(arguments.limit, 1), _PAGE),
    )
    views = list(islice(found, max(arguments.limit, 0)))
    if arguments.json:
        print_json([msgspec.to_builtins(view) for view in views])
        return
    print_table(
        counted(len(views), "call"),
        ("call", "accepted", "state", "customer", "due", "cost"),
        [
            (
                view.call,
                view.accepted_at[:19] + "Z",
                view.state,
                view.customer_number,
                "" if view.due_at is None else view.due_at[:19] + "Z",
                _cost(view),
            )
            for view in views
        ],
        right=("cost",),
    )


def _cost(view: CallView) -> str:
    if view.charge is None:
        return ""
    return f"{view.charge.amount_micro / 1_000_000:.4f} {view.charge.currency}"


def _events(client: CalleqClient, call: str, arguments: argparse.Namespace) -> None:
    if arguments.no_wait:
        events = iter(client.event_page(call, arguments.after).events)
    else:
        events = client.events(call, arguments.after)
    shown: list[EventView] = []
    first_us: int | None = None
    for event in events:
        shown.append(event)
        first_us = parse_utc(event.at) if first_us is None else first_us
        if not arguments.json:
            print_line(event_line(event, parse_utc(event.at) - first_us))
    if arguments.json:
        print_json([msgspec.to_builtins(event) for event in shown])


def _show(view: CallView, *, as_json: bool) -> None:
    if as_json:
        print_json(msgspec.to_builtins(view))
        return
    why = f" (cause {view.cause})" if view.cause else ""
    detail = f": {view.detail}" if view.detail else ""
    print_line(f"call {view.call}: {view.state}{detail}{why}")
    print_line(f"accepted {view.accepted_at}, for {view.customer_number}")
    if view.due_at is not None:
        print_line(f"due {view.due_at}")
    for leg in view.legs:
        how = f"answered {leg.answered_at}" if leg.answered_at else "not answered"
        print_line(f"{leg.leg} {leg.number}: dialled {leg.dialled_at}, {how}")
    if view.charge is not None:
        print_line(f"cost {_cost(view)}")
