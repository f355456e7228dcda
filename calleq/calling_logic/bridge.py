"""A conference bridge: everybody on it hears everybody else, as the stage has it."""

from collections.abc import Callable

from calleq.calling_logic.leg import CircuitLeg
from calleq.calling_logic.means import Stage

PARTIES_LIMIT = 3


class Bridge:
    """The legs of one call that hear each other, in the order in which they came."""

    def __init__(
        self, stage: Stage, legs: tuple[CircuitLeg, ...], made: Callable[[bool], object]
    ) -> None:
        """`made` is told whether it could be made."""
        self._stage = stage
        self._legs = list(legs)
        self._join(made)

    def __len__(self) -> int:
        return len(self._legs)

    def add(self, leg: CircuitLeg) -> None:
        """From now on the leg's party hears all the others and they hear it."""
        assert len(self._legs) < PARTIES_LIMIT
        self._legs.append(leg)
        self._join(_settled)

    def remove(self, leg: CircuitLeg) -> None:
        """The leg's party is heard no more; what it hears is its owner's to say."""
        if leg in self._legs:
            self._legs.remove(leg)
            self._join(_settled)

    def _join(self, done: Callable[[bool], object]) -> None:
        self._stage.bridge(tuple(leg.circuit for leg in self._legs), done)


def _settled(joined: bool) -> None:
    """A party more or less changes nothing for the call."""
