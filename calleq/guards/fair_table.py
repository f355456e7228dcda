"""A bounded table that strangers fill, and in which nobody makes room by pushing others out.

Each entry belongs to an owner: the business whose call made it. When the table is full, the oldest
of whoever has most go, a `SHARE_GONE`th of them at once. So somebody who calls a million numbers by
way of one business to have a victim's entry forgotten only loses that business's own; and where the
victim's is among those, it has first to make as many calls as the table is long.

Entries have an end; those of the same owner that are over go first, whenever there is something to
write.
"""

from collections import OrderedDict
from typing import Generic, TypeVar

LOOKED_AT = 2
"""Oldest entries of an owner that are looked at whenever it gets one: more than come in."""

SHARE_GONE = 16
"""So that whoever has most need not be looked for each time."""

Value = TypeVar("Value")


class FairTable(Generic[Value]):
    """Values by key, each with an owner and an end (UTC microseconds)."""

    __slots__ = ("_limit", "_owner_of", "_owners")

    def __init__(self, limit: int) -> None:
        assert limit > 0
        self._limit = limit
        self._owner_of: dict[str, str] = {}
        self._owners: dict[str, OrderedDict[str, tuple[Value, int]]] = {}

    def __len__(self) -> int:
        return len(self._owner_of)

    def get(self, key: str, now_us: int) -> Value | None:
        """The value; None where there is none or it is over."""
        owner = self._owner_of.get(key)
        if owner is None:
            return None
        value, ends_us = self._owners[owner][key]
        return value if now_us < ends_us else None

    def put(self, key: str, owner: str, value: Value, ends_us: int, now_us: int) -> None:
        """Write a value; it belongs to this owner from now on, and is its youngest."""
        self.drop(key)
        entries = self._owners.get(owner)
        if entries is None:
            entries = self._owners[owner] = OrderedDict()
        self._prune(entries, now_us)
        if len(self._owner_of) >= self._limit:
            self._make_room()
            entries = self._owners.setdefault(owner, entries)
        entries[key] = (value, ends_us)
        self._owner_of[key] = owner

    def drop(self, key: str) -> None:
        """Forget a key."""
        owner = self._owner_of.pop(key, None)
        if owner is not None:
            entries = self._owners[owner]
            del entries[key]
            if not entries:
                del self._owners[owner]

    def _prune(self, entries: "OrderedDict[str, tuple[Value, int]]", now_us: int) -> None:
        for _ in range(min(LOOKED_AT, len(entries))):
            key = next(iter(entries))
            if now_us < entries[key][1]:
                return
            del entries[key]
            del self._owner_of[key]

    def _make_room(self) -> None:
        most = max(self._owners, key=lambda owner: len(self._owners[owner]))
        entries = self._owners[most]
        for _ in range(max(1, len(entries) // SHARE_GONE)):
            key, _ = entries.popitem(last=False)
            del self._owner_of[key]
        if not entries:
            del self._owners[most]
