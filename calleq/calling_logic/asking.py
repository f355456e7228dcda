"""One question to one party: spoken to its end or to the first key, and the answer awaited.

Keys are listened for from the question's first word on, words of the party's own only when it has
been spoken: whoever says "hello" into it has not answered. The first answer counts; what is pressed
counts at once, what is said when the speaker has fallen silent, so that a key that is pressed
meanwhile comes first. A question that cannot be played is awaited all the same.
"""

from collections.abc import Callable

from calleq.media.contract import NOTHING_SAID, Played, Player, Prompt, Voice
from calleq.units import SECOND_US

KEY_US = 10 * SECOND_US
"""A key is listened for so long at a time."""


class Asking:
    """One question, from construction to its one answer."""

    def __init__(
        self,
        voice: Voice,
        element: str,
        wire: str,
        player: str,
        words: tuple[str, ...],
        limit_us: int,
        answered: Callable[[str], object],
    ) -> None:
        """`answered` is told a key, one of `words`, `OTHER_WORDS` or `NOTHING_SAID`."""
        self._voice = voice
        self._element = element
        self._wire = wire
        self._player = player
        self._words = words
        self._limit_us = limit_us
        self._answered = answered
        self._is_over = False

    def begin(self, prompt: Prompt) -> None:
        """Speak, and listen for keys. Once."""
        self._voice.play(self._element, self._player, prompt, Player(self._spoken))
        self._listen()

    def _listen(self) -> None:
        self._voice.next_key(self._element, self._wire, KEY_US, self._pressed)

    def _pressed(self, key: str) -> None:
        if key:
            self._over(key)
        elif not self._is_over:
            self._listen()

    def _spoken(self, outcome: Played) -> None:
        if outcome == "stopped":
            self._is_over = True
        if self._is_over:
            return
        voice = self._voice
        if self._words and voice.understands():
            voice.listen_for(self._element, self._wire, self._words, self._limit_us, self._over)
        else:
            voice.next_key(self._element, self._wire, self._limit_us, self._over)

    def _over(self, answer: str) -> None:
        """Silence (`NOTHING_SAID` is also no key) ends it as well."""
        if self._is_over:
            return
        self._is_over = True
        if answer != NOTHING_SAID:
            self._voice.stop(self._element, self._player)
        self._answered(answer)
