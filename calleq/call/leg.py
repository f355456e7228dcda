"""One leg of a call as the customer-first machine knows it: a small machine with its own table.

It owns which results belong to the leg as it is now and which are late. A leg that we release is
gone when its `ReleaseLeg` is answered and not before, whatever crosses the release on the way
(glare: the party hangs up, answers or fails at the same instant). The odd cases: a party that
"leaves" before it answered has failed, one that "fails" after it answered has left.
"""

from collections.abc import Mapping
from enum import StrEnum

from calleq.call.driver import Answered, Failed, Leg, LegResult, Released, Ringing


class LegState(StrEnum):
    ABSENT = "Absent"
    DIALING = "Dialing"
    RINGING = "Ringing"
    UP = "Up"
    RELEASING = "Releasing"


class LegInput(StrEnum):
    SET_UP = "set up"
    RINGS = "rings"
    ANSWERS = "answers"
    FAILS = "fails"
    LEAVES = "leaves"
    RELEASE = "release"
    CLEARED = "cleared"
    LOST = "lost"


class LegNews(StrEnum):
    """What a transition tells the call; `NOTHING` is for it alone."""

    NOTHING = "nothing"
    RINGING = "ringing"
    ANSWERED = "answered"
    FAILED = "failed"
    LEFT = "left"
    CLEARED = "cleared"


_S, _I, _N = LegState, LegInput, LegNews
_ABSENT, _NOTHING = LegState.ABSENT, LegNews.NOTHING

LEG_TABLE: Mapping[tuple[LegState, LegInput], tuple[LegNews, LegState]] = {
    (_S.ABSENT, _I.SET_UP): (_N.NOTHING, _S.DIALING),
    # Dialled, and nothing heard yet.
    (_S.DIALING, _I.RINGS): (_N.RINGING, _S.RINGING),
    (_S.DIALING, _I.ANSWERS): (_N.ANSWERED, _S.UP),
    (_S.DIALING, _I.FAILS): (_N.FAILED, _S.ABSENT),
    (_S.DIALING, _I.LEAVES): (_N.FAILED, _S.ABSENT),
    (_S.DIALING, _I.RELEASE): (_N.NOTHING, _S.RELEASING),
    (_S.DIALING, _I.LOST): (_N.NOTHING, _S.ABSENT),
    # The telephone rings.
    (_S.RINGING, _I.ANSWERS): (_N.ANSWERED, _S.UP),
    (_S.RINGING, _I.FAILS): (_N.FAILED, _S.ABSENT),
    (_S.RINGING, _I.LEAVES): (_N.FAILED, _S.ABSENT),
    (_S.RINGING, _I.RELEASE): (_N.NOTHING, _S.RELEASING),
    (_S.RINGING, _I.LOST): (_N.NOTHING, _S.ABSENT),
    # The party answered.
    (_S.UP, _I.FAILS): (_N.LEFT, _S.ABSENT),
    (_S.UP, _I.LEAVES): (_N.LEFT, _S.ABSENT),
    (_S.UP, _I.RELEASE): (_N.NOTHING, _S.RELEASING),
    (_S.UP, _I.LOST): (_N.NOTHING, _S.ABSENT),
    # We have released and wait for nothing to be left.
    (_S.RELEASING, _I.CLEARED): (_N.CLEARED, _S.ABSENT),
    (_S.RELEASING, _I.LOST): (_N.NOTHING, _S.ABSENT),
}

LEG_IGNORED: Mapping[LegState, frozenset[LegInput]] = {
    # Late results of a leg that is no more; a release of nothing is nothing.
    _S.ABSENT: frozenset(LegInput) - {_I.SET_UP},
    # There is one set-up an attempt; clearing answers a release that was not made.
    _S.DIALING: frozenset({_I.SET_UP, _I.CLEARED}),
    _S.RINGING: frozenset({_I.SET_UP, _I.RINGS, _I.CLEARED}),
    _S.UP: frozenset({_I.SET_UP, _I.RINGS, _I.ANSWERS, _I.CLEARED}),
    # Glare: only the answer to our release counts.
    _S.RELEASING: frozenset({_I.SET_UP, _I.RINGS, _I.ANSWERS, _I.FAILS, _I.LEAVES, _I.RELEASE}),
}


class CallLeg:
    """The state of one leg and what names it in commands, results and events."""

    __slots__ = (
        "attempt",
        "leg",
        "number",
        "release_cause",
        "release_command",
        "set_up_command",
        "state",
    )

    def __init__(self, leg: Leg) -> None:
        self.leg: Leg = leg
        self.state = LegState.ABSENT
        self.attempt = 0
        self.number = ""
        self.set_up_command = 0
        self.release_command = 0
        self.release_cause = 0

    @property
    def is_absent(self) -> bool:
        return self.state is _ABSENT

    @property
    def is_up(self) -> bool:
        return self.state is LegState.UP

    def step(self, happened: LegInput) -> LegNews:
        """Take an input; the answer is what the call must be told."""
        row = LEG_TABLE.get((self.state, happened))
        if row is None:
            assert happened in LEG_IGNORED[self.state]
            return _NOTHING
        news, self.state = row
        return news

    def dial(self, number: str, command: int) -> None:
        """The next attempt is on its way as `command`. The leg must be absent."""
        assert self.is_absent, f"{self.leg} leg dialled while {self.state}"
        self.step(LegInput.SET_UP)
        self.attempt += 1
        self.number = number
        self.set_up_command = command
        self.release_command = 0

    def hear(self, result: LegResult) -> LegNews:
        """Take a result of the leg; one that answers an older command is late and says nothing."""
        if isinstance(result, Released):
            if result.command == 0:
                return self.step(LegInput.LEAVES)
            current = result.command == self.release_command
            return self.step(LegInput.CLEARED) if current else _NOTHING
        if result.command != self.set_up_command:
            return _NOTHING
        return self.step(_SET_UP_ANSWERS[type(result)])


_SET_UP_ANSWERS: Mapping[type[Ringing | Answered | Failed], LegInput] = {
    Ringing: LegInput.RINGS,
    Answered: LegInput.ANSWERS,
    Failed: LegInput.FAILS,
}
