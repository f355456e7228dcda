"""Conferences of the peripheral: parties that have one in common hear each other.

Nobody orders a bridge: whoever has nothing played to him hears all others of his conference to whom
nothing is played either, as many as `PARTIES_LIMIT`, those first who came first. Whoever is played
to hears that alone, and is heard by nobody.
"""

from typing import Protocol

from calleq.calling_logic.bridge import PARTIES_LIMIT
from calleq.media.contract import wire_source


class Party(Protocol):
    """One party of a conference."""

    @property
    def wire(self) -> str:
        """Where the party is heard."""

    @property
    def may_talk(self) -> bool:
        """Whether nothing is played to the party."""

    def hear(self, sources: tuple[str, ...]) -> None:
        """What the party hears of the others from now on, where it may talk."""


class Conference:
    """Parties that an SCP has put together."""

    def __init__(self) -> None:
        self._parties: list[Party] = []

    def __len__(self) -> int:
        return len(self._parties)

    def join(self, party: Party) -> None:
        """It is there from now on, if it was not before."""
        if party not in self._parties:
            self._parties.append(party)
            self.mix()

    def leave(self, party: Party) -> None:
        """It is heard by nobody any more; what it hears is its own affair."""
        if party in self._parties:
            self._parties.remove(party)
            self.mix()

    def others(self, party: Party) -> tuple[Party, ...]:
        """Whom the party hears."""
        talking = self._talking()
        return tuple(one for one in talking if one is not party) if party in talking else ()

    def mix(self) -> None:
        """Something has changed: who may talk hears the others."""
        for party in tuple(self._parties):
            if party.may_talk:
                party.hear(tuple(wire_source(other.wire) for other in self.others(party)))

    def _talking(self) -> list[Party]:
        return [party for party in self._parties if party.may_talk][:PARTIES_LIMIT]
