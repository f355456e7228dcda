"""A conference bridge: everybody on it hears everybody else, as the stage has it.

On equipment that mixes voices itself a bridge is a `Conversation`: each party has a seat, may be
held or muted there, and may hear a prompt in place of the others.
"""

from collections.abc import Callable

from calleq.calling_logic.leg import CircuitLeg
from calleq.calling_logic.means import Stage, Way
from calleq.calling_logic.mixing import Mixing
from calleq.media.contract import Player, Prompt

PARTIES_LIMIT = 3

_MUSIC = Prompt("music")


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

    @property
    def legs(self) -> tuple[CircuitLeg, ...]:
        """Who is on it."""
        return tuple(self._legs)

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


class Seat:
    """What is special about one party of a conversation."""

    __slots__ = ("announcement", "is_held", "is_muted", "keys", "prompt")

    def __init__(self) -> None:
        self.is_held = False
        self.is_muted = False
        self.announcement = ""
        """The player of what must be heard to its end, before anything else; empty: none."""
        self.keys = ""
        self.prompt = ""


Hearing = tuple[tuple[Way, ...], tuple[str, ...]]
"""Whom a party hears, and which players."""


class Conversation(Bridge):
    """A bridge whose parties can be held, muted and told things one by one.

    Whoever is held hears music and nobody, and is heard by nobody. Whoever hears a prompt hears
    nothing else. An announcement goes before keys, keys go before a prompt, a prompt before music.
    """

    def __init__(
        self,
        stage: Stage,
        mixing: Mixing,
        call: str,
        legs: tuple[CircuitLeg, ...],
        made: Callable[[bool], object],
        music: Prompt = _MUSIC,
    ) -> None:
        """`music` is what whoever is held hears."""
        self.changed: Callable[[], object] = _nobody_asks
        """Told after each change."""
        self._mixing = mixing
        self._prompt = music
        self._music = f"{call}/hold"
        self._seats: dict[CircuitLeg, Seat] = {}
        self._heard: dict[CircuitLeg, Hearing] = {}
        """As last said to each, from the first `tune` on."""
        self._is_tuned = False
        super().__init__(stage, legs, made)

    def add(self, leg: CircuitLeg) -> None:
        super().add(leg)
        if not self._is_tuned:
            self.changed()

    def remove(self, leg: CircuitLeg) -> None:
        if leg in self._legs:
            if self.seat(leg).is_held:
                self.hold(leg, False)
            self._seats.pop(leg, None)
            self._heard.pop(leg, None)
            super().remove(leg)
            if not self._is_tuned:
                self.changed()

    def seat(self, leg: CircuitLeg) -> Seat:
        """The party's; what is changed there counts from the next `tune` on."""
        seat = self._seats.get(leg)
        if seat is None:
            seat = self._seats[leg] = Seat()
        return seat

    def hold(self, leg: CircuitLeg, on: bool) -> None:
        """Hold a party, or take it back into the conversation."""
        seat = self.seat(leg)
        if seat.is_held == on:
            return
        others_held = any(one.is_held for one in self._seats.values() if one is not seat)
        seat.is_held = on
        if on and not others_held:
            self._mixing.begin(self._music, self._prompt, Player())
        self.tune()
        if not on and not others_held:
            self._mixing.end(self._music)

    def mute(self, leg: CircuitLeg, on: bool) -> None:
        """Let nobody hear a party, or everybody again."""
        self.seat(leg).is_muted = on
        self.tune()

    def tune(self) -> None:
        """Let everybody hear what the seats say."""
        self._is_tuned = True
        for leg in self._legs:
            hearing = self._hearing(leg)
            if self._heard.get(leg) != hearing:
                self._heard[leg] = hearing
                self._mixing.hear(leg.circuit, *hearing)
        self.changed()

    def speaks(self, leg: CircuitLeg) -> bool:
        """Whether a party is in the conversation and heard there."""
        seat = self._seats.get(leg)
        return leg in self._legs and not (seat and (seat.is_held or seat.is_muted))

    def _hearing(self, leg: CircuitLeg) -> Hearing:
        seat = self._seats.get(leg)
        if seat is not None:
            player = seat.announcement or seat.keys or seat.prompt
            if player:
                return (), (player,)
            if seat.is_held:
                return (), (self._music,)
        speaking = [other for other in self._legs if other is not leg and self.speaks(other)]
        return tuple(other.circuit for other in speaking), ()

    def _join(self, done: Callable[[bool], object]) -> None:
        if self._is_tuned:
            self.tune()
            done(True)
        else:
            super()._join(done)


def _settled(joined: bool) -> None:
    """A party more or less changes nothing for the call."""


def _nobody_asks() -> None:
    """Nobody wants to know of changes."""
