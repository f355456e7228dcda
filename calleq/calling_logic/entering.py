"""Several digits of one party: a prompt spoken to its end or to the first key, and keys after it.

What is entered is told when it has as many digits as wanted, at `END_KEY`, or when no further key
follows within `INTER_DIGIT_US`. Every key is heard by one listener, which is renewed at each; a
second one only measures how long silence lasts after the prompt.
"""

from collections.abc import Callable
from typing import Final

from calleq.calling_logic.asking import KEY_US, Asking
from calleq.media.contract import NOTHING_SAID, Played, Player, Prompt, Voice
from calleq.units import SECOND_US

INTER_DIGIT_US = 5 * SECOND_US
END_KEY: Final = "#"


class Entering:
    """One entry, from construction to its one answer."""

    def __init__(
        self,
        voice: Voice,
        element: str,
        wire: str,
        player: str,
        digits: int,
        limit_us: int,
        entered: Callable[[str], object],
    ) -> None:
        """`entered` is told the keys, `NOTHING_SAID` where none came in time."""
        self._voice = voice
        self._element = element
        self._wire = wire
        self._player = player
        self._digits = digits
        self._limit_us = limit_us
        self._entered = entered
        self._keys = ""
        self._has_begun = False
        """A key has been pressed."""
        self._is_over = False

    def begin(self, prompt: Prompt) -> None:
        """Speak, and listen for keys. Once."""
        self._voice.play(self._element, self._player, prompt, Player(self._spoken))
        self._listen(KEY_US)

    def _listen(self, limit_us: int) -> None:
        self._voice.next_key(self._element, self._wire, limit_us, self._pressed)

    def _pressed(self, key: str) -> None:
        if self._is_over:
            return
        if not key and not self._has_begun:
            self._listen(KEY_US)
            return
        if not self._has_begun:
            self._has_begun = True
            self._voice.stop(self._element, self._player)
        self._keys += key.replace(END_KEY, "")
        if key in ("", END_KEY) or len(self._keys) >= self._digits:
            self._over(self._keys)
        else:
            self._listen(INTER_DIGIT_US)

    def _spoken(self, outcome: Played) -> None:
        """The party has heard it all, or needs no more of it, or is asked no more."""
        if self._has_begun:
            return
        if outcome == "stopped":
            self._is_over = True
        if not self._is_over:
            self._voice.next_key(self._element, self._wire, self._limit_us, self._silent)

    def _silent(self, key: str) -> None:
        if not key and not self._has_begun:
            self._over(NOTHING_SAID)

    def _over(self, answer: str) -> None:
        if not self._is_over:
            self._is_over = True
            self._entered(answer)


def question_by(
    voice: Voice,
    element: str,
    wire: str,
    player: str,
    *,
    words: tuple[str, ...],
    digits: int,
    limit_us: int,
    answered: Callable[[str], object],
) -> Asking | Entering:
    """What puts a question to the party of a wire, as `calleq.calling_logic.means.Stage` says."""
    if digits > 1:
        return Entering(voice, element, wire, player, digits, limit_us, answered)
    return Asking(voice, element, wire, player, words, limit_us, answered)
