"""What a journal of before says to a door that begins again: which calls are still to be made.

Pure: it reads entries and changes nothing. Of entries of any kind it takes those that this door
wrote or that end a call which it accepted.
"""

from collections.abc import Container, Iterable

import msgspec

from calleq.journal.entries import Accepted, DoNotCall, Ended, Refused, Rescheduled, Stamped


class Recovery(msgspec.Struct):
    """What was found."""

    orders: dict[str, Accepted] = {}
    """Accepted, without an end, and not waiting in the schedule: to be sent (again)."""
    ended: dict[str, None] = {}
    """The calls of this door that have an end, in the order of their ends."""
    unwritten: dict[str, Ended] = {}
    """Ends that the equipment wrote and the door did not: a crash came between the two."""
    cancelled: frozenset[str] = frozenset()
    """Those of them whose cancellation is to be ended."""
    own: list[Stamped] = []
    """What intake, guards and charging are restored by, oldest first."""


def recovery_of(
    door: str, entries: Iterable[Stamped], waiting: Container[str], cancelled: frozenset[str]
) -> Recovery:
    """Read entries, oldest first; `waiting` are the calls that the schedule keeps."""
    found = Recovery(cancelled=cancelled)
    for stamped in entries:
        entry = stamped.entry
        match entry:
            case DoNotCall() | Refused():
                if entry.door == door:
                    found.own.append(stamped)
            case Rescheduled():
                if stamped.entity == door:
                    found.own.append(stamped)
            case Accepted():
                if entry.door == door:
                    found.own.append(stamped)
                    if entry.call not in waiting:
                        found.orders[entry.call] = entry
            case Ended(call):
                if stamped.entity == door:
                    found.unwritten.pop(call, None)
                elif call in found.orders:
                    found.unwritten[call] = entry
                if found.orders.pop(call, None) is not None:
                    found.own.append(stamped)
                    found.ended[call] = None
            case Rescheduled() if stamped.entity == door:
                found.own.append(stamped)
            case _:
                pass
    return found


def in_order(of_doors: Iterable[list[Stamped]]) -> list[Stamped]:
    """What several doors of one process found, oldest first: they share guards and charging."""
    return sorted((one for own in of_doors for one in own), key=_when)


def _when(stamped: Stamped) -> int:
    return stamped.at_us
