"""Digits that a party enters, as an SCP wants them (PromptAndCollectUserInformation).

Owns one collection from its first prompt to its end: which keys count, when there are enough, when
the party has taken too long. Digits are told when the greatest number has come, at an end-of-reply
delimiter, or when no further one follows in time and there are enough. The start delimiter, where
there is one, comes before the digits; the cancel delimiter voids what has been entered. Delimiters
have one or two keys. What is wrong (too few in time, or at the end of the reply) is reported, or
the prompt is repeated, as the SCP says, up to `TRIES` times in all.

A prompt that may be interrupted ends with the first key; while another one plays no key counts.
Every pair of state and input stands in the table.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol

from calleq.runtime.clock import Clock, Timer
from calleq.runtime.steps import steps_of
from calleq.ss7.inap.interaction import CollectedDigits, ErrorTreatment
from calleq.units import SECOND_US

FIRST_DIGIT_S = 10
INTER_DIGIT_S = 5
"""How long a party may take where the SCP does not say."""
_DIGITS = "0123456789*#"
"""The keys that INAP has; A to D are pressed for nothing."""
TRIES = 3
"""How often a party is prompted where the SCP wants the prompt repeated."""


class ReceiverState(StrEnum):
    """How far the party is."""

    PROMPTING = "Prompting"
    """The prompt plays; no key has counted yet."""
    AWAITING = "Awaiting"
    """The first digit is awaited."""
    ENTERING = "Entering"
    OVER = "Over"


class ReceiverInput(StrEnum):
    """What can happen, digits counted."""

    PROMPTED = "prompted"
    """The prompt has ended by itself."""
    UNWANTED = "unwanted"
    """A key that does not count: before the start, or while the prompt must be heard."""
    DIGIT = "digit"
    LAST_DIGIT = "last digit"
    """As many as there may be."""
    VOID = "void"
    """The start, or the party cancels: what was entered does not count."""
    ENOUGH = "enough"
    """The reply is ended, or nothing follows, and it has the digits it must have."""
    AGAIN = "again"
    """The reply is wrong or missing, and the party is prompted once more."""
    WRONG = "wrong"
    """The reply is wrong or missing, and that is the end."""
    STOP = "stop"


class ReceiverAction(StrEnum):
    """What is done about it."""

    IGNORE = "ignore"
    AWAIT = "await"
    """The time for the first digit starts."""
    ENTER = "enter"
    """The time for the next digit starts; a prompt that still plays ends."""
    COMPLETE = "complete"
    PROMPT = "prompt"
    FAIL = "fail"
    CLOSE = "close"


_S, _I, _A = ReceiverState, ReceiverInput, ReceiverAction
_Cell = tuple[ReceiverAction, ReceiverState]


def _row(state: ReceiverState, **cells: _Cell) -> dict[tuple[ReceiverState, ReceiverInput], _Cell]:
    """The cells of a state by input name; an input that is not named is ignored there."""
    row = {(state, given): (_A.IGNORE, state) for given in ReceiverInput}
    row.update({(state, ReceiverInput[name]): cell for name, cell in cells.items()})
    return row


_ENDS: dict[str, _Cell] = {
    "LAST_DIGIT": (_A.COMPLETE, _S.OVER),
    "ENOUGH": (_A.COMPLETE, _S.OVER),
    "AGAIN": (_A.PROMPT, _S.PROMPTING),
    "WRONG": (_A.FAIL, _S.OVER),
    "STOP": (_A.CLOSE, _S.OVER),
}

TABLE: Mapping[tuple[ReceiverState, ReceiverInput], _Cell] = {
    **_row(
        _S.PROMPTING,
        PROMPTED=(_A.AWAIT, _S.AWAITING),
        DIGIT=(_A.ENTER, _S.ENTERING),
        VOID=(_A.ENTER, _S.ENTERING),
        **_ENDS,
    ),
    **_row(_S.AWAITING, DIGIT=(_A.ENTER, _S.ENTERING), VOID=(_A.ENTER, _S.ENTERING), **_ENDS),
    **_row(_S.ENTERING, DIGIT=(_A.ENTER, _S.ENTERING), VOID=(_A.ENTER, _S.ENTERING), **_ENDS),
    **_row(_S.OVER),
}


class ReceiverUser(Protocol):
    """Who has the prompt and wants the digits."""

    def listen(self, heard: Callable[[str], object]) -> None:
        """Tell the next key, once; empty where none has come for a while."""

    def prompt_again(self) -> None:
        """Play the prompt from its beginning; `prompted` is told when it is over."""

    def prompt_interrupted(self) -> None:
        """The party needs no more of the prompt."""

    def entered(self, digits: str) -> None:
        """The reply."""

    def not_entered(self) -> None:
        """There is no proper reply."""


class Receiver:
    """One collection, at work from construction on."""

    def __init__(self, wanted: CollectedDigits, clock: Clock, user: ReceiverUser) -> None:
        """The prompt is about to be played; where there is none, `prompted` follows at once."""
        self.state = ReceiverState.PROMPTING
        self._wanted = wanted
        self._clock = clock
        self._user = user
        self._keys = ""
        """Since the last delimiter that voided what was before."""
        self._has_started = not wanted.start
        self._tries = 1
        self._timer: Timer | None = None
        user.listen(self._heard)

    def prompted(self) -> None:
        """The prompt has been played."""
        self.receive(_I.PROMPTED)

    def stop(self) -> None:
        """Nobody wants the digits any more."""
        self.receive(_I.STOP)

    def receive(self, given: ReceiverInput) -> None:
        """Take an input. The state has changed before the action runs."""
        act, self.state = _STEPS[self.state][given]
        act(self)

    # What a key means.

    def _heard(self, key: str) -> None:
        if self.state is _S.OVER:
            return
        self._user.listen(self._heard)
        if key and key in _DIGITS:
            self.receive(self._meaning(key))

    def _meaning(self, key: str) -> ReceiverInput:
        wanted = self._wanted
        if self.state is _S.PROMPTING and not wanted.interruptable:
            return _I.UNWANTED
        self._keys += key
        if wanted.start and self._keys.endswith(wanted.start):
            self._has_started, self._keys = True, ""
            return _I.VOID
        if not self._has_started:
            self._keys = self._keys[-1:]
            return _I.UNWANTED
        if wanted.cancel and self._keys.endswith(wanted.cancel):
            self._keys = ""
            return _I.VOID
        if wanted.end_of_reply and self._keys.endswith(wanted.end_of_reply):
            self._keys = self._keys.removesuffix(wanted.end_of_reply)
            return self._judged()
        if len(self._keys) >= wanted.maximum + self._room:
            return _I.LAST_DIGIT
        return _I.DIGIT

    @property
    def _room(self) -> int:
        """Keys beyond the greatest number that may still turn out to begin a delimiter."""
        delimiters = (self._wanted.end_of_reply, self._wanted.cancel)
        begun = any(
            text and len(text) > 1 and self._keys.endswith(text[:-1]) for text in delimiters
        )
        return 1 if begun else 0

    def _judged(self) -> ReceiverInput:
        """The reply is over: what is it worth?"""
        if len(self._keys) >= self._wanted.minimum:
            return _I.ENOUGH
        repeats = self._wanted.error_treatment is not ErrorTreatment.REPORT_ERROR_TO_SCF
        return _I.AGAIN if repeats and self._tries < TRIES else _I.WRONG

    def _timed_out(self) -> None:
        self._timer = None
        self.receive(self._judged())

    # The actions of the table.

    def _ignore(self) -> None:
        pass

    def _await(self) -> None:
        self._time(self._wanted.first_digit_timeout_s or FIRST_DIGIT_S)

    def _enter(self) -> None:
        self._user.prompt_interrupted()
        self._time(self._wanted.inter_digit_timeout_s or INTER_DIGIT_S)

    def _complete(self) -> None:
        self._close()
        self._user.entered(self._keys[: self._wanted.maximum])

    def _prompt(self) -> None:
        self._tries += 1
        self._keys = ""
        self._has_started = not self._wanted.start
        self._close()
        self._user.prompt_again()

    def _fail(self) -> None:
        self._close()
        self._user.not_entered()

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time(self, length_s: int) -> None:
        self._close()
        self._timer = self._clock.call_later_us(length_s * SECOND_US, self._timed_out)


ACTS: Mapping[ReceiverAction, Callable[[Receiver], None]] = {
    _A.IGNORE: Receiver._ignore,
    _A.AWAIT: Receiver._await,
    _A.ENTER: Receiver._enter,
    _A.COMPLETE: Receiver._complete,
    _A.PROMPT: Receiver._prompt,
    _A.FAIL: Receiver._fail,
    _A.CLOSE: Receiver._close,
}
_STEPS = steps_of(TABLE, ACTS)
