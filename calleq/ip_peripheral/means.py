"""What a call of the peripheral is made with: circuits, voice, journal, clock, representatives.

Owns the reservations: a call that is to have two legs keeps circuits for both from its beginning,
so that no customer is called when no circuit is free for the representative. A reservation is a
count, not a circuit: which one is taken is the exchange's choice when a leg is dialled.
"""

from dataclasses import dataclass

from calleq.acd.longest_idle import LongestIdle
from calleq.journal.contract import Journal
from calleq.media.contract import Voice
from calleq.runtime.clock import Clock
from calleq.ss7.isup.contract import Circuit, Exchange

LEGS = 2


class Circuits:
    """The circuits to the peripheral's switch, and who may still take how many."""

    def __init__(self, exchange: Exchange, group: str) -> None:
        self.exchange = exchange
        self.group = group
        self._reserved: dict[str, int] = {}
        self._promised = 0

    def reserve(self, call: str) -> bool:
        """Keep circuits for both legs of a call; False when they are not there."""
        assert call not in self._reserved
        if self.exchange.idle(self.group) - self._promised < LEGS:
            return False
        self._reserved[call] = LEGS
        self._promised += LEGS
        return True

    def are_resetting(self) -> bool:
        """Whether circuits are being reset, as after a restart."""
        return self.exchange.is_resetting(self.group)

    def seize(self, call: str) -> Circuit | None:
        """Take one of the call's circuits; None when it has none left or all are busy."""
        left = self._reserved.get(call, 0)
        circuit = self.exchange.seize(self.group) if left else None
        if circuit is not None:
            self._reserved[call] = left - 1
            self._promised -= 1
        return circuit

    def returned(self, call: str) -> None:
        """A circuit of the call is idle again, and kept for its next leg while the call lasts."""
        if call in self._reserved:
            self._reserved[call] += 1
            self._promised += 1

    def done(self, call: str) -> None:
        """The call needs no circuit any more."""
        self._promised -= self._reserved.pop(call, 0)


@dataclass(frozen=True, slots=True)
class Means:
    """Everything around a call, shared by all calls of one peripheral."""

    name: str
    number: str
    """What a customer sees as the caller where the business has no number."""
    circuits: Circuits
    voice: Voice
    journal: Journal
    clock: Clock
    representatives: LongestIdle
