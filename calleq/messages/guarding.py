"""What the guards tell: refusals, and limits with what is left of them. Frozen, plain JSON."""

import msgspec


class RefusalView(msgspec.Struct, frozen=True):
    """A message that was refused, or a further party of a call that was not dialled."""

    at: str
    business: str
    reason: str
    """As the problem's `code` had it; of senders who did not prove who they are, the true one."""
    what_to_do: str = ""
    customer: str = ""
    """Whom it would have called."""
    by: str = ""
    """The credential or user who asked."""
    visitor: str = ""
    peer: str = ""
    """The sender's address."""
    door: str = ""


class Refusals(msgspec.Struct, frozen=True):
    """Refusals, the latest first."""

    refusals: tuple[RefusalView, ...]
    more: bool
    """Whether there are more that fit: ask for those before the last one's time."""


class LimitView(msgspec.Struct, frozen=True):
    """A limit as a business is told of it."""

    name: str
    burst: int
    """So many at once; 0: no limit."""
    refill_s: float
    """Seconds until there is one more."""
    left: int | None = None
    """null: it is counted for each number, visitor or address."""
    full_in_s: int | None = None
    one_in_s: int | None = None


class Limits(msgspec.Struct, frozen=True):
    """What a business may ask for, and what is left of it."""

    business: str
    regions: tuple[str, ...]
    """That may be called."""
    limits: tuple[LimitView, ...]
    ring_s: float
    announcement_s: int
    call_s: int
    likely_free: float
    """Customers are rung when a representative is so likely to be free in time; 0: at once."""
    free_within_s: int
    hold_s: int
