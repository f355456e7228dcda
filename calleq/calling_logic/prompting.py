"""What parties of a call hear because somebody ordered so: texts, named prompts, recordings, keys.

One prompt at a time for each party, the latest; one that all hear is one player. Keys are pressed
towards one party, one order at a time, and go before a prompt. A party that hears either hears
nobody meanwhile, and is heard.
"""

from collections.abc import Callable

from calleq.calling_logic.bridge import Conversation
from calleq.calling_logic.leg import CircuitLeg
from calleq.calling_logic.mixing import Mixing
from calleq.calling_logic.recordings import Recordings
from calleq.media.contract import Played, Player, Prompt
from calleq.media.keypad import KEYS
from calleq.media.languages import sentences
from calleq.media.wording import named_text
from calleq.osn.orders import KEYS_LIMIT, TEXT_LIMIT, PlayPrompt, Refusal

Tell = Callable[[str, CircuitLeg | None, str], object]


class Prompting:
    """The prompts of one call."""

    def __init__(
        self,
        mixing: Mixing,
        recordings: Recordings | None,
        call: str,
        conversation: Conversation,
        language: str,
        tell: Tell,
    ) -> None:
        """`language` is what texts are spoken in."""
        self._mixing = mixing
        self._recordings = recordings
        self._call = call
        self._conversation = conversation
        self._language = language
        self._tell = tell
        self._players = 0
        self._is_over = False
        self._hearing: dict[str, tuple[CircuitLeg, ...]] = {}
        """Who hears a player, by its name."""

    def play(self, order: PlayPrompt, legs: tuple[CircuitLeg, ...]) -> Refusal | None:
        """Let parties hear a prompt to its end."""
        found = self._prompt(order)
        if found is None:
            return "invalid_prompt"
        prompt, named = found
        self.stop(legs)
        player = self._new_player("prompt")
        whose = legs[0] if order.leg else None

        def ended(how: Played) -> None:
            for leg in self._hearing.pop(player, ()):
                self._seat(leg, player, "")
            if not self._is_over:
                self._tell("prompt_ended", whose, how)

        self._hearing[player] = legs
        self._mixing.begin(player, prompt, Player(ended))
        for leg in legs:
            self._seat(leg, "", player)
        self._tell("prompt_started", whose, named)
        return None

    def _prompt(self, order: PlayPrompt) -> tuple[Prompt, str] | None:
        """What is to be heard and what it is called; None where there is no such thing."""
        if sum(map(bool, (order.text, order.prompt, order.recording))) != 1:
            return None
        if order.recording:
            known = self._recordings is not None and self._recordings.can_play(order.recording)
            return (Prompt("recording", order.recording), order.recording) if known else None
        text = named_text(order.prompt, self._language) if order.prompt else order.text
        if not text.strip() or len(text) > TEXT_LIMIT or not text.isprintable():
            return None
        voice = sentences(self._language).voice
        return Prompt("speech", text, language=voice), order.prompt or text

    def stop(self, legs: tuple[CircuitLeg, ...]) -> None:
        """These hear no prompt any more."""
        for player in [name for name, hearing in self._hearing.items() if set(hearing) & set(legs)]:
            for leg in legs:
                self._seat(leg, player, "")
            self._leave(player, legs)

    def _leave(self, player: str, legs: tuple[CircuitLeg, ...]) -> None:
        left = tuple(leg for leg in self._hearing.get(player, ()) if leg not in legs)
        self._hearing[player] = left
        if not left:
            self._mixing.end(player)

    def send_keys(self, leg: CircuitLeg, keys: str) -> Refusal | None:
        """Press keys towards a party."""
        if not 0 < len(keys) <= KEYS_LIMIT or not set(keys) <= set(KEYS):
            return "invalid_prompt"
        seat = self._conversation.seat(leg)
        if seat.keys:
            return "not_possible_now"
        player = self._new_player("keys")

        def ended(how: Played) -> None:
            if leg in self._conversation.legs and seat.keys == player:
                seat.keys = ""
                self._conversation.tune()
            if how == "complete":
                self._tell("keys_sent", leg, str(len(keys)))

        seat.keys = player
        self._mixing.begin(player, Prompt("keys", keys), Player(ended))
        self._conversation.tune()
        return None

    def left(self, leg: CircuitLeg) -> None:
        """A party has gone: what it alone heard ends."""
        for player in [name for name, hearing in self._hearing.items() if leg in hearing]:
            self._leave(player, (leg,))

    def end(self) -> None:
        """The call is over; nothing more is told."""
        self._is_over = True
        for player in list(self._hearing):
            self._hearing[player] = ()
            self._mixing.end(player)

    def _new_player(self, what: str) -> str:
        self._players += 1
        return f"{self._call}/{what}-{self._players}"

    def _seat(self, leg: CircuitLeg, was: str, player: str) -> None:
        """Change what a party hears; `was`: only where it heard that."""
        if leg in self._conversation.legs:
            seat = self._conversation.seat(leg)
            if not was or seat.prompt == was:
                seat.prompt = player
                self._conversation.tune()
