"""The authority's side of `mirror`: tells fronts the accounts, and every change as it is made."""

from collections.abc import Callable, Iterator

import msgspec

from calleq.accounts.changes import (
    Change,
    CredentialUsed,
    CustomerForgotten,
    CustomerPut,
    RestatingBegun,
    RestatingDone,
    written,
)
from calleq.accounts.registry import Registry
from calleq.osn.relaying import AccountsTold, AskAuthority, RelayMessage
from calleq.relay.bounds import LIMIT_PARTS_OCTETS, TOLD_AGAIN_US
from calleq.runtime.clock import Clock

_KEPT_HERE = (CustomerPut, CustomerForgotten, CredentialUsed, RestatingBegun, RestatingDone)
"""What nobody needs to know who sends a request."""

_encode = msgspec.json.Encoder().encode
_Plain = dict[str, object]


class _Told:
    """What one front has been told."""

    __slots__ = ("life", "number", "told_us")

    def __init__(self, life: int) -> None:
        self.life = life
        self.number = 0
        self.told_us = 0


class AccountsTeller:
    """Tells every front that has asked in this life of the authority."""

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        life: int,
        send: Callable[[str, RelayMessage], object],
    ) -> None:
        """`send` sends a message to the front of a name."""
        self._registry = registry
        self._clock = clock
        self._life = life
        self._send = send
        self._told: dict[str, _Told] = {}
        registry.listen(self._changed)

    def asked(self, front: str, ask: AskAuthority) -> None:
        """A front says what it has; where that is not what it was told, it is told anew."""
        told = self._told.get(front)
        now_us = self._clock.monotonic_us()
        if told is None or told.life != ask.life:
            self._tell_all(front, ask.life)
            return
        has = ask.accounts if ask.authority == self._life else 0
        if has != told.number and now_us - told.told_us >= TOLD_AGAIN_US:
            self._tell_all(front, ask.life)

    def _tell_all(self, front: str, life: int) -> None:
        told = self._told[front] = _Told(life)
        pieces = list(_pieces(self._registry.in_force())) or [()]
        for piece in pieces:
            self._tell(front, told, piece, whole=piece is pieces[-1])

    def _changed(self, change: Change) -> None:
        if not isinstance(change, _KEPT_HERE):
            for front, told in self._told.items():
                self._tell(front, told, (written(change),), whole=False)

    def _tell(self, front: str, told: _Told, changes: tuple[_Plain, ...], *, whole: bool) -> None:
        told.number += 1
        told.told_us = self._clock.monotonic_us()
        self._send(front, AccountsTold(self._life, told.number, changes, whole))


def _pieces(groups: Iterator[list[Change]]) -> Iterator[tuple[_Plain, ...]]:
    """What is in force in pieces that fit a message."""
    piece: list[_Plain] = []
    octets = 0
    for group in groups:
        for change in group:
            if isinstance(change, _KEPT_HERE):
                continue
            plain = written(change)
            size = len(_encode(plain))
            if piece and octets + size > LIMIT_PARTS_OCTETS:
                yield tuple(piece)
                piece, octets = [], 0
            piece.append(plain)
            octets += size
    if piece:
        yield tuple(piece)
