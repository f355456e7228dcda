"""Whether messages should be sent to a process, as its doors tell it."""

from typing import Literal, Protocol

import msgspec


class ReadyView(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether messages should be sent here."""

    status: Literal["ready", "not_ready"]
    reasons: tuple[str, ...] = ()
    """Why not: `draining`, `journal_not_writable`, `no_equipment_reachable`, or of a door whose
    access server is in another process `authority_unreachable`."""


class Ready(Protocol):
    """Knows whether its process is ready."""

    def view(self) -> ReadyView:
        """How it is now."""
