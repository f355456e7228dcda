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
from collections import deque
from enum import Enum
from hashlib import blake2b

import msgspec

from calleq.intake.references import reference_text, reference_value
from calleq.units import HOUR_US, MILLISECOND_US
from calleq.web.problems import ProblemDetail

KEPT_US = 24 * HOUR_US
LIMIT_KEYS = 1_000_000
LIMIT_KEYS_PER_BUSINESS = 500_000
LIMIT_KEY_CHARACTERS = 255

_PACKED = struct.Struct(">16s7s6sH")
"""A key bound to a call: reference, message, instant in milliseconds, business."""
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


class _Slot(msgspec.Struct, gc=False):
    """A key that is not (yet) bound to a call of the usual reference."""

    business: int
    message: bytes
    call: str
    at_us: int
    is_decided: bool
    """Durably: accepted or refused."""
    refusal: ProblemDetail | None = None


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
        return Replay(slot.call, slot.refusal) if slot.is_decided else KeyState.IN_PROGRESS

    def bind(self, business: str, key: str, fingerprint: str, call: str, now_us: int) -> None:
        """Bind a key that `find` left free to a call that is being accepted."""
        if _mark(business, key) in self._slots:
            raise ValueError(f"the key of {business} is bound already")
        self._keep(business, key, fingerprint, call, now_us, is_decided=False)

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
            self._keep(business, key, fingerprint, "", at_us, is_decided=True, refusal=refusal)

    def restore(self, business: str, key: str, fingerprint: str, call: str, at_us: int) -> None:
        """A key of the journal; entries come oldest first."""
        if _mark(business, key) not in self._slots:
            self._keep(business, key, fingerprint, call, at_us, is_decided=True)

    def __len__(self) -> int:
        return len(self._slots)

    def _count(self, business: str) -> int:
        number = self._numbers.get(business)
        return 0 if number is None else self._per_business[number]

    def _keep(
        self,
        business: str,
        key: str,
        fingerprint: str,
        call: str,
        at_us: int,
        *,
        is_decided: bool,
        refusal: ProblemDetail | None = None,
    ) -> None:
        number = self._numbers.setdefault(business, len(self._per_business))
        if number == len(self._per_business):
            self._per_business.append(0)
        self._per_business[number] += 1
        mark = _mark(business, key)
        slot = _Slot(number, _short(fingerprint), call, at_us, is_decided, refusal)
        self._slots[mark] = _packed(slot)
        self._order.append(mark)

    def _forget_before(self, at_us: int) -> None:
        while self._order:
            slot = _unpacked(self._slots[self._order[0]])
            # A slot in progress waits for the disk; what comes after it waits behind it.
            if slot.at_us >= at_us or not slot.is_decided:
                return
            del self._slots[self._order.popleft()]
            self._per_business[slot.business] -= 1


def _mark(business: str, key: str) -> bytes:
    return blake2b(f"{business}\0{key}".encode(), digest_size=_MARK_OCTETS).digest()


def _short(fingerprint: str) -> bytes:
    return blake2b(fingerprint.encode(), digest_size=7).digest()


def _packed(slot: _Slot) -> _Slot | bytes:
    """As little as can be, of a key that is bound to a call."""
    value = reference_value(slot.call)
    if value is None or not slot.is_decided or slot.business >= 1 << 16 or slot.at_us < 0:
        return slot
    at_ms = -(-slot.at_us // MILLISECOND_US)
    return _PACKED.pack(
        value.to_bytes(16, "big"), slot.message, at_ms.to_bytes(6, "big"), slot.business
    )


def _unpacked(found: _Slot | bytes) -> _Slot:
    if isinstance(found, _Slot):
        return found
    call, message, at_ms, business = _PACKED.unpack(found)
    at_us = int.from_bytes(at_ms, "big") * MILLISECOND_US
    return _Slot(business, message, reference_text(int.from_bytes(call, "big")), at_us, True)


def binds(refusal: ProblemDetail) -> bool:
    """Whether a key stays bound to a refusal: the call must not be made, as it was asked for."""
    return refusal.status in (402, 403, 410, 451)


def is_key(text: str) -> bool:
    """Whether the header's value is a key.

    >>> is_key("order-17"), is_key(""), is_key("two words")
    (True, False, False)
    """
    return 0 < len(text) <= LIMIT_KEY_CHARACTERS and all("!" <= one <= "~" for one in text)
