"""A telephone in a tester's hands: real line signalling, and nobody who decides anything.

Somebody is at the instrument, but picks up, hangs up and dials only when the case says so. What it
lives through is in the diary; what its ear hears is kept by `hears`.
"""

from calleq.lines.contract import LinePlant
from calleq.lines.messages import LineError, LineMessage
from calleq.lines.q931 import decode, encode
from calleq.media.contract import Player as Report
from calleq.media.contract import Prompt, Voice, line_wire, player_source
from calleq.runtime.clock import Clock
from calleq.telephones.diary import Diary
from calleq.telephones.telephone import Telephone
from calleq.units import HOUR_US

ELEMENT = "telephones"
"""The element name of telephones at the voice plane."""
PATIENCE_US = HOUR_US
"""A tester waits longer than any timer of the switch."""
SPEECH = Prompt(kind="mouth", text="talk")


class Handset:
    """One telephone on one line of a switch."""

    def __init__(
        self,
        switch: str,
        number: str,
        plant: LinePlant,
        voice: Voice,
        clock: Clock,
        diary: Diary,
        *,
        in_use: bool = False,
        rejects: bool = False,
    ) -> None:
        self.number = number
        self.malformed = 0
        self.heard: frozenset[str] = frozenset()
        self._voice = voice
        self._wire = line_wire(number)
        self._mouth = f"{number}/mouth"

        def send(message: LineMessage) -> None:
            plant.to_switch(switch, number, encode(message))

        self.telephone = Telephone(
            number,
            clock,
            send,
            diary.note,
            in_use=in_use,
            rejects=rejects,
            unanswered_limit_us=PATIENCE_US,
        )
        self.telephone.seat(self)
        plant.plug_in(switch, number, self._receive)
        voice.hear(ELEMENT, self._wire, self._hears)

    def _receive(self, octets: bytes) -> None:
        try:
            message = decode(octets)
        except LineError:
            self.malformed += 1
            return
        self.telephone.receive(message)

    def _hears(self, voices: frozenset[str]) -> None:
        self.heard = voices

    # Occupant

    def telephone_rings(self) -> None:
        """Nobody picks up before the case says so."""

    def telephone_stopped_ringing(self) -> None:
        """Nothing to do."""

    def telephone_off_hook(self) -> None:
        self._voice.play(ELEMENT, self._mouth, SPEECH, Report())
        self._voice.feed(ELEMENT, self._wire, (player_source(self._mouth),))

    def telephone_connected(self) -> None:
        """The mouth is on the line already."""

    def telephone_put_down(self) -> None:
        """The tester orders no such thing."""

    def telephone_hung_up(self) -> None:
        self._voice.feed(ELEMENT, self._wire, ())
        self._voice.stop(ELEMENT, self._mouth)

    def telephone_free(self) -> None:
        """Nothing to do."""
