"""What stands behind the API of one door: found by its type, so that each room brings its own.

    services = Services(door, accounts)
    services.add(Registry, registry)
    ...
    registry = asked.services.the(Registry)

What a process does not have is no defect: `the` then ends the request with `not_here` (404), as a
door of a peripheral has no price list of the carrier.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from calleq.accounts import Accounts
from calleq.door.door import Door
from calleq.intake import errors
from calleq.journal.entries import Stamped
from calleq.web.problems import ProblemDetail, ProblemError

Older = Callable[[str], Awaitable[Sequence[Stamped] | None]]
"""What the journal says of a call, oldest first; None when it cannot be asked now."""

NOT_HERE = ProblemDetail(
    status=404, code="not_here", title="Not here", detail="this door does not offer that"
)

_Kind = TypeVar("_Kind")


class Services:
    """The door, and what was added beside it."""

    def __init__(
        self,
        door: Door,
        accounts: Accounts,
        older: Older | None = None,
        cpu_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`older` is asked for calls that the door does not remember; `cpu_s` is the process's
        processor time so far."""
        self.door = door
        self.accounts = accounts
        self.cpu_s = cpu_s
        self._beside: list[tuple[Door, Older | None]] = []
        self._older = older
        self._more: dict[type, object] = {}

    def add(self, kind: type[_Kind], service: _Kind) -> None:
        """Offer something, under its type or a protocol's."""
        self._more[kind] = service

    def has(self, kind: type) -> bool:
        """Whether it is offered."""
        return kind in self._more

    def the(self, kind: type[_Kind]) -> _Kind:
        """What is offered under a type; ProblemError 404 when nothing is."""
        service = self._more.get(kind)
        if service is None:
            raise ProblemError(NOT_HERE)
        assert service is not None
        return service  # type: ignore[return-value]  # `add` put it there by its type

    def add_door(self, door: Door, older: Older | None) -> None:
        """Have the calls of another door of the process looked at and changed here as well."""
        self._beside.append((door, older))

    @property
    def doors(self) -> tuple[Door, ...]:
        """The door, and those whose calls are looked at and changed here as well."""
        return self.door, *(door for door, _ in self._beside)

    async def door_of(self, call: str) -> Door:
        """The door that accepted a call; the own one where none did. Whichever it is remembers the
        call again where the journal has it; 503 when that cannot be read."""
        known = next((door for door in self.doors if door.knows(call)), None)
        if known is not None:
            return known
        for door, older in ((self.door, self._older), *self._beside):
            if older is None:
                continue
            entries = await older(call)
            if entries is None:
                raise ProblemError(errors.BUSY)
            door.recall(call, entries)
            if door.knows(call):
                return door
        return self.door
