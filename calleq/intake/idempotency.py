"""Idempotency-Key: a message sent twice makes one call.

| key, within its business          | answer                                              |
|-----------------------------------|-----------------------------------------------------|
| new                               | the message is taken                                |
| same message, accepted            | the same call again, marked as replayed             |
| same message, refused             | the same refusal again, marked as replayed          |
| same message, being accepted      | in progress                                         |
| another message                   | refused: the key is used                            |

A key is kept for `KEPT_US` (24 h) and stays bound to its call however the call ends, and to the
refusal of a call that must not be made (`binds`). What binds nothing: a message that could not be
read or acted upon (400, 413, 421, 422), whose sender is not known (401), or that is to be sent
again (409, 429, 503). "Same" is judged on the message without its password, whatever the order
and spacing of its fields. Keys survive a restart through the journal's `Accepted` and `Refused`
entries. A full table refuses new keys; it never forgets one early, for that would dial twice.
"""

import struct
from base64 import urlsafe_b64encode
from collections import deque
from enum import Enum
from hashlib import blake2b

import msgspec

from calleq.intake.references import reference_text, reference_value
from calleq.journal.entries import Accepted
from calleq.units import HOUR_US, MILLISECOND_US
from calleq.web.problems import ProblemDetail

KEPT_US = 24 * HOUR_US
LIMIT_KEYS = 1_000_000
LIMIT_KEYS_PER_BUSINESS = 500_000
LIMIT_KEY_CHARACTERS = 255

_PACKED = struct.Struct(">16s7s6sH")
"""A key bound to a call: reference, message, instant in milliseconds, business × 2 + is_later."""
_MARK_OCTETS = 15
"""Of business and key. So many that nobody finds two alike, and so few that a million of them
take 160 MB with what they are bound to."""


class KeyState(Enum):
    """What a key that cannot be taken is."""

    IN_PROGRESS = "in progress"
    REUSED = "reused"
    FULL = "full"


class Replay(msgspec.Struct, frozen=True):
    """What this message came to before: a call, or (then `call` is empty) a refusal."""

    call: str
    refusal: ProblemDetail | None = None
    is_later: bool = False
    """Whether the call was accepted for later."""


class _Slot(msgspec.Struct, gc=False):
    """A key that is not (yet) bound to a call of the usual reference."""

    business: int
    """Its number; `_keep` gives it."""
    message: bytes
    call: str
    at_us: int
    is_decided: bool
    """Durably: accepted or refused."""
    refusal: ProblemDetail | None = None
    is_later: bool = False


class IdempotencyKeys:
    """The keys of all businesses, oldest first."""

    def __init__(
        self,
        limit_keys: int = LIMIT_KEYS,
        limit_keys_per_business: int = LIMIT_KEYS_PER_BUSINESS,
    ) -> None:
        self._limit_keys = limit_keys
        self._limit_keys_per_business = limit_keys_per_business
        self._slots: dict[bytes, _Slot | bytes] = {}
        self._order: deque[bytes] = deque()
        self._is_sorted = True
        """Whether `_order` is that of their instants."""
        self._numbers: dict[str, int] = {}
        self._per_business: list[int] = []

    def find(
        self, business: str, key: str, fingerprint: str, now_us: int
    ) -> Replay | KeyState | None:
        """What the key is already; None when it can be bound."""
        self._forget_before(now_us - KEPT_US)
        found = self._slots.get(_mark(business, key))
        if found is None:
            full = len(self._slots) >= self._limit_keys
            full = full or self._count(business) >= self._limit_keys_per_business
            return KeyState.FULL if full else None
        slot = _unpacked(found)
        if slot.message != _short(fingerprint):
            return KeyState.REUSED
        if not slot.is_decided:
            return KeyState.IN_PROGRESS
        return Replay(slot.call, slot.refusal, slot.is_later)

    def bind(self, entry: Accepted, now_us: int) -> None:
        """Bind a key that `find` left free to a call that is being accepted."""
        self._take(entry, now_us, is_decided=False)

    def dropped(self, entry: Accepted) -> None:
        """The call was not accepted after all: its key is free."""
        if entry.idempotency_key is not None:
            mark = self._order.pop()
            assert mark == _mark(entry.business, entry.idempotency_key), "it was bound just now"
            self._per_business[_unpacked(self._slots.pop(mark)).business] -= 1

    def accepted(self, business: str, key: str) -> None:
        """The call of the key is durable."""
        mark = _mark(business, key)
        slot = _unpacked(self._slots[mark])
        slot.is_decided = True
        self._slots[mark] = _packed(slot)

    def refused(
        self, business: str, key: str, fingerprint: str, refusal: ProblemDetail, at_us: int
    ) -> None:
        """Bind a key that `find` left free, or one of the journal, to a refusal."""
        if _mark(business, key) not in self._slots:
            slot = _Slot(0, _short(fingerprint), "", at_us, is_decided=True, refusal=refusal)
            self._keep(business, key, slot)

    def restore(self, entry: Accepted, at_us: int) -> None:
        """A key of the journal, if the call has one. Of two that are given one after the other the
        later may be older: what a schedule knows of is told before the rest."""
        key = entry.idempotency_key
        if key is None or _mark(entry.business, key) in self._slots:
            return
        if self._order and at_us < _unpacked(self._slots[self._order[-1]]).at_us:
            self._is_sorted = False
        self._take(entry, at_us, is_decided=True)

    def _take(self, entry: Accepted, at_us: int, *, is_decided: bool) -> None:
        key = entry.idempotency_key
        if key is not None:
            mark, is_later = _short(entry.fingerprint), entry.due_us > 0
            slot = _Slot(0, mark, entry.call, at_us, is_decided=is_decided, is_later=is_later)
            self._keep(entry.business, key, slot)

    def __len__(self) -> int:
        return len(self._slots)

    def _count(self, business: str) -> int:
        number = self._numbers.get(business)
        return 0 if number is None else self._per_business[number]

    def _keep(self, business: str, key: str, slot: _Slot) -> None:
        number = self._numbers.setdefault(business, len(self._per_business))
        if number == len(self._per_business):
            self._per_business.append(0)
        self._per_business[number] += 1
        slot.business = number
        mark = _mark(business, key)
        self._slots[mark] = _packed(slot)
        self._order.append(mark)

    def _forget_before(self, at_us: int) -> None:
        if not self._is_sorted:
            slots = self._slots
            self._order = deque(sorted(self._order, key=lambda one: _unpacked(slots[one]).at_us))
            self._is_sorted = True
        while self._order:
            slot = _unpacked(self._slots[self._order[0]])
            # A slot in progress waits for the disk; what comes after it waits behind it.
            if slot.at_us >= at_us or not slot.is_decided:
                return
            del self._slots[self._order.popleft()]
            self._per_business[slot.business] -= 1


def _mark(business: str, key: str) -> bytes:
    return blake2b(f"{business}\0{key}".encode(), digest_size=_MARK_OCTETS).digest()


def short_fingerprint(digest: bytes) -> str:
    """What a journal keeps of a digest: 22 characters. Older ones have all its 64 digits."""
    return urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def _short(fingerprint: str) -> bytes:
    if len(fingerprint) == 64:
        fingerprint = short_fingerprint(bytes.fromhex(fingerprint))
    return blake2b(fingerprint.encode(), digest_size=7).digest()


def _packed(slot: _Slot) -> _Slot | bytes:
    """As little as can be, of a key that is bound to a call."""
    value = reference_value(slot.call)
    if value is None or not slot.is_decided or slot.business >= 1 << 15 or slot.at_us < 0:
        return slot
    at_ms = -(-slot.at_us // MILLISECOND_US)
    return _PACKED.pack(
        value.to_bytes(16, "big"),
        slot.message,
        at_ms.to_bytes(6, "big"),
        slot.business << 1 | slot.is_later,
    )


def _unpacked(found: _Slot | bytes) -> _Slot:
    if isinstance(found, _Slot):
        return found
    reference, message, at_ms, business = _PACKED.unpack(found)
    call = reference_text(int.from_bytes(reference, "big"))
    at_us = int.from_bytes(at_ms, "big") * MILLISECOND_US
    is_later = bool(business & 1)
    return _Slot(business >> 1, message, call, at_us, is_decided=True, is_later=is_later)


def binds(refusal: ProblemDetail) -> bool:
    """Whether a key stays bound to a refusal: the call must not be made, as it was asked for."""
    return refusal.status in (402, 403, 410, 451)


def is_key(text: str) -> bool:
    """Whether the header's value is a key.

    >>> is_key("order-17"), is_key(""), is_key("two words")
    (True, False, False)
    """
    return 0 < len(text) <= LIMIT_KEY_CHARACTERS and all("!" <= one <= "~" for one in text)
