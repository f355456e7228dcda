"""`calleq circuits`, `calleq links`, `calleq status`: a running network as its operator sees it."""

import argparse
from collections.abc import Iterable, Sequence
from typing import get_args

import msgspec

from calleq.cli.failure import UsageError
from calleq.cli.operator_calls import Operator
from calleq.cli.output import print_json, print_line, print_table
from calleq.operation.surface import Order, OrderName
from calleq.operation.views import LINK_OUT, AlarmView, CircuitView, StatusView

CLEARED_SHOWN = 20
"""Cleared alarms in the table; `--json` has all that are kept."""

ORDERS: tuple[OrderName, ...] = get_args(OrderName)


def run(arguments: argparse.Namespace) -> int:
    """One of the three."""
    operator = Operator(arguments.data)
    match arguments.command:
        case "links":
            return _links(operator.status(), as_json=arguments.json)
        case "status":
            status = operator.status()
            show = _ready if arguments.ready else _status
            return show(status, as_json=arguments.json)
        case _:
            return _circuits(operator, arguments)


def _circuits(operator: Operator, arguments: argparse.Namespace) -> int:
    if arguments.order == "list":
        if arguments.group is None and not arguments.json:
            return _groups(operator.status())
        shown = operator.circuits(arguments.exchange, arguments.group)
    else:
        shown = _ordered(operator, arguments)
    if arguments.json:
        print_json(msgspec.to_builtins(shown))
    else:
        print_table(
            f"{len(shown)} circuits",
            ("exchange", "group", "circuit", "use", "state", "blocked here", "blocked remotely"),
            [_row(circuit) for circuit in shown],
            right=("circuit",),
        )
    return 0


def _ordered(operator: Operator, arguments: argparse.Namespace) -> list[CircuitView]:
    """Raises UsageError when the group is not said, or the exchange cannot be guessed."""
    if arguments.group is None:
        raise UsageError(f"circuits {arguments.order}: which trunk group? (calleq circuits)")
    exchange = arguments.exchange
    if exchange is None:
        ends = [group for group in operator.status().groups if group.group == arguments.group]
        if not ends:
            raise UsageError(f"no trunk group {arguments.group} is known here (calleq circuits)")
        exchange = ends[0].exchange
    cics = given_circuits(arguments.circuits)
    order = Order(arguments.order, cics, "hardware" if arguments.hardware else "maintenance")
    return operator.order(exchange, arguments.group, order)


def given_circuits(words: Sequence[str]) -> list[int] | None:
    """Circuits as people write them, `1 4 8-15`; None, all of the group, for none.

    Raises UsageError.
    """
    cics: list[int] = []
    for word in words:
        first, dash, last = word.partition("-")
        if not (first.isdecimal() and (last.isdecimal() if dash else True)):
            raise UsageError(f"circuit {word}: a number, or two with a dash, was expected")
        cics += range(int(first), int(last or first) + 1)
    return cics or None


def _row(circuit: CircuitView) -> tuple[str, ...]:
    state = circuit.state
    if circuit.suspended:
        state += ", suspended"
    if circuit.unequipped:
        state += ", not equipped there"
    waiting = " …" if circuit.unacknowledged and circuit.blocked_here else ""
    return (
        circuit.exchange,
        circuit.group,
        str(circuit.circuit),
        circuit.use,
        state,
        ", ".join(circuit.blocked_here) + waiting,
        ", ".join(circuit.blocked_remotely),
    )


def _groups(status: StatusView) -> int:
    print_table(
        "trunk groups",
        ("exchange", "group", "to", "idle", "busy", "reset", "blocked"),
        [
            (
                group.exchange,
                group.group,
                group.far,
                *(str(count) for count in (group.idle, group.busy, group.reset, group.blocked)),
            )
            for group in status.groups
        ],
        right=("idle", "busy", "reset", "blocked"),
    )
    return 0


def _links(status: StatusView, *, as_json: bool) -> int:
    if as_json:
        print_json(msgspec.to_builtins(status.links))
        return 0
    since = {
        (alarm.element, alarm.subject): alarm.since
        for alarm in status.alarms
        if alarm.kind == LINK_OUT
    }
    print_table(
        "signalling links",
        ("link", "at", "to", "slc", "state", "congestion", "since"),
        [
            (
                link.link,
                link.node,
                link.far,
                str(link.slc),
                link.state,
                str(link.congestion),
                since.get((link.node, link.link), ""),
            )
            for link in status.links
        ],
        right=("slc", "congestion"),
    )
    return 0


def _ready(status: StatusView, *, as_json: bool) -> int:
    """1 when no messages should be sent to the network."""
    reasons = status.not_ready
    if as_json:
        print_json({"ready": not reasons, "reasons": reasons})
    else:
        print_line("not ready: " + ", ".join(reasons) if reasons else "ready")
    return 1 if reasons else 0


def _status(status: StatusView, *, as_json: bool) -> int:
    """1 when an alarm stands, so that a watch may act on it."""
    if as_json:
        print_json(msgspec.to_builtins(status))
        return 1 if status.alarms else 0
    in_service = sum(link.in_service for link in status.links)
    totals = {
        word: sum(getattr(group, word) for group in status.groups)
        for word in ("idle", "busy", "reset", "blocked")
    }
    print_line(f"link ends in service: {in_service} of {len(status.links)}")
    print_line("circuit ends: " + ", ".join(f"{count} {word}" for word, count in totals.items()))
    if status.services:
        print_table(
            "services",
            ("at", "part", "in service", "dialogues", "since its start"),
            [
                (
                    one.at,
                    one.part,
                    "yes" if one.in_service else "no",
                    str(one.dialogues),
                    ", ".join(f"{count} {word}" for word, count in one.counters.items() if count),
                )
                for one in status.services
            ],
            right=("dialogues",),
        )
    if status.certificates:
        print_table(
            "certificates",
            ("door", "subject", "until", "days left", ""),
            [
                (one.door, one.subject, one.expires, str(one.left_s // 86_400), one.warning)
                for one in status.certificates
            ],
            right=("days left",),
        )
    if status.not_ready:
        print_line("not ready for messages: " + ", ".join(status.not_ready))
    if status.alarms:
        print_table(
            f"{len(status.alarms)} alarms",
            ("at", "alarm", "of", "circuits", "since"),
            [_alarm_row(alarm) for alarm in status.alarms],
        )
    else:
        print_line("no alarms")
    if status.cleared:
        last = status.cleared[-CLEARED_SHOWN:]
        print_table(
            f"the last {len(last)} of {len(status.cleared)} alarms cleared",
            ("at", "alarm", "of", "circuits", "since", "until"),
            [(*_alarm_row(alarm), alarm.until) for alarm in last],
        )
    return 1 if status.alarms else 0


def _alarm_row(alarm: AlarmView) -> tuple[str, ...]:
    return (alarm.element, alarm.kind, alarm.subject, _spans(alarm.circuits), alarm.since)


def _spans(cics: Iterable[int]) -> str:
    """Ascending numbers in short: `1-4, 9`."""
    spans: list[list[int]] = []
    for cic in cics:
        if spans and cic == spans[-1][-1] + 1:
            spans[-1][1:] = [cic]
        else:
            spans.append([cic])
    return ", ".join("-".join(str(cic) for cic in span) for span in spans)
