"""A conference bridge: everybody on it hears everybody else, as a sum of voices."""

from calleq.calling_logic.leg import CircuitLeg
from calleq.media.contract import wire_source

PARTIES_LIMIT = 3


class Bridge:
    """The legs of one call that hear each other, in the order in which they came."""

    def __init__(self, *legs: CircuitLeg) -> None:
        self._legs = list(legs)
        self._feed()

    def __len__(self) -> int:
        return len(self._legs)

    def add(self, leg: CircuitLeg) -> None:
        """From now on the leg's party hears all the others and they hear it."""
        assert len(self._legs) < PARTIES_LIMIT
        self._legs.append(leg)
        self._feed()

    def remove(self, leg: CircuitLeg) -> None:
        """The leg's party is heard no more; what it hears is its owner's to say."""
        if leg in self._legs:
            self._legs.remove(leg)
            self._feed()

    def _feed(self) -> None:
        for leg in self._legs:
            others = (other for other in self._legs if other is not leg)
            leg.hear(tuple(wire_source(other.circuit.wire) for other in others))
