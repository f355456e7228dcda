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

    async def recall(self, call: str) -> None:
        """Let the door remember a call that the journal has; 503 when that cannot be read."""
        if self._older is None or self.door.knows(call):
            return
        entries = await self._older(call)
        if entries is None:
            raise ProblemError(errors.BUSY)
        self.door.recall(call, entries)
