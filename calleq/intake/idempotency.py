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

from collections import OrderedDict
from enum import Enum

import msgspec

from calleq.units import HOUR_US
from calleq.web.problems import ProblemDetail

KEPT_US = 24 * HOUR_US
LIMIT_KEYS = 500_000
LIMIT_KEYS_PER_BUSINESS = 100_000
LIMIT_KEY_CHARACTERS = 255


class KeyState(Enum):
    """What a key that cannot be taken is."""

    IN_PROGRESS = "in progress"
    REUSED = "reused"
    FULL = "full"


class Replay(msgspec.Struct, frozen=True):
    """What this message came to before: a call, or (then `call` is empty) a refusal."""

    call: str
    refusal: ProblemDetail | None = None


class _Slot(msgspec.Struct):
    fingerprint: str
    call: str
    at_us: int
    accepted: bool
    """Or refused: in any case decided, durably."""
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
        self._slots: OrderedDict[tuple[str, str], _Slot] = OrderedDict()
        self._per_business: dict[str, int] = {}

    def find(
        self, business: str, key: str, fingerprint: str, now_us: int
    ) -> Replay | KeyState | None:
        """What the key is already; None when it can be bound."""
        self._forget_before(now_us - KEPT_US)
        slot = self._slots.get((business, key))
        if slot is None:
            full = len(self._slots) >= self._limit_keys
            full = full or self._per_business.get(business, 0) >= self._limit_keys_per_business
            return KeyState.FULL if full else None
        if slot.fingerprint != fingerprint:
            return KeyState.REUSED
        return Replay(slot.call, slot.refusal) if slot.accepted else KeyState.IN_PROGRESS

    def bind(self, business: str, key: str, fingerprint: str, call: str, now_us: int) -> None:
        """Bind a key that `find` left free to a call that is being accepted."""
        if (business, key) in self._slots:
            raise ValueError(f"the key of {business} is bound already")
        self._keep(business, key, _Slot(fingerprint, call, now_us, accepted=False))

    def accepted(self, business: str, key: str) -> None:
        """The call of the key is durable."""
        self._slots[business, key].accepted = True

    def refused(
        self, business: str, key: str, fingerprint: str, refusal: ProblemDetail, at_us: int
    ) -> None:
        """Bind a key that `find` left free, or one of the journal, to a refusal."""
        if (business, key) not in self._slots:
            slot = _Slot(fingerprint, "", at_us, accepted=True, refusal=refusal)
            self._keep(business, key, slot)

    def restore(self, business: str, key: str, fingerprint: str, call: str, at_us: int) -> None:
        """A key of the journal; entries come oldest first."""
        if (business, key) not in self._slots:
            self._keep(business, key, _Slot(fingerprint, call, at_us, accepted=True))

    def __len__(self) -> int:
        return len(self._slots)

    def _keep(self, business: str, key: str, slot: _Slot) -> None:
        self._slots[business, key] = slot
        self._per_business[business] = self._per_business.get(business, 0) + 1

    def _forget_before(self, at_us: int) -> None:
        while self._slots:
            (business, key), slot = next(iter(self._slots.items()))
            # A slot in progress waits for the disk; what comes after it waits behind it.
            if slot.at_us >= at_us or not slot.accepted:
                return
            del self._slots[business, key]
            self._per_business[business] -= 1
            if not self._per_business[business]:
                del self._per_business[business]


def binds(refusal: ProblemDetail) -> bool:
    """Whether a key stays bound to a refusal: the call must not be made, as it was asked for."""
    return refusal.status in (402, 403, 410, 451)


def is_key(text: str) -> bool:
    """Whether the header's value is a key.

    >>> is_key("order-17"), is_key(""), is_key("two words")
    (True, False, False)
    """
    return 0 < len(text) <= LIMIT_KEY_CHARACTERS and all("!" <= one <= "~" for one in text)
