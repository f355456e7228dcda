"""What a life of an element that faces parties left open, and how the next life closes it."""

from collections.abc import Iterable

from calleq.causes import Q850
from calleq.journal.entries import LineReleased, LineSeized, Stamped
from calleq.ss7.isup.messages import Location


def open_seizures(name: str, entries: Iterable[Stamped]) -> list[int]:
    """The seizures that the journal of a life before left open."""
    unreleased: dict[int, None] = {}
    for stamped in entries:
        if stamped.entity == name:
            match stamped.entry:
                case LineSeized(seizure):
                    unreleased[seizure] = None
                case LineReleased(seizure):
                    unreleased.pop(seizure, None)
                case _:
                    pass
    return list(unreleased)


def closed_by_restart(seizure: int) -> LineReleased:
    """What a new life writes of a call that the life before left open."""
    return LineReleased(seizure, Q850.TEMPORARY_FAILURE, Location.PUBLIC_LOCAL, "restart")
