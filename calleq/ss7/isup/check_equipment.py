"""The equipment that checks a circuit: a loop, and a transceiver of 2000 Hz (Q.724 §7.3).

`VoiceChecks` uses the exchange's own voice plane: a loop feeds a circuit with what arrives on it; a
check plays the tone into the circuit and listens whether that very tone comes back. `NoChecks` is
the exchange without such equipment: it loops nothing, and its checks fail.
"""

from collections.abc import Callable
from typing import Protocol

from calleq.media.contract import Player, Prompt, Voice, player_source, wire_source

CHECK_HZ = 2_000
_TONE = Prompt("tone", str(CHECK_HZ))
_HEARD = f"tone:{CHECK_HZ}"


class CheckEquipment(Protocol):
    """What an exchange needs for continuity checks."""

    def loop(self, wire: str) -> None:
        """Send back what arrives."""

    def check(self, wire: str, heard: Callable[[], object]) -> None:
        """Send the tone; tell, perhaps more than once, that it came back."""

    def take_off(self, wire: str) -> None:
        """End loop or check."""


class NoChecks:
    """No equipment."""

    def loop(self, wire: str) -> None:
        """See `CheckEquipment`."""

    def check(self, wire: str, heard: Callable[[], object]) -> None:
        """See `CheckEquipment`."""

    def take_off(self, wire: str) -> None:
        """See `CheckEquipment`."""


class VoiceChecks:
    """Checks by way of the voice plane of one element."""

    def __init__(self, voice: Voice, element: str) -> None:
        self._voice = voice
        self._element = element
        self._checking: dict[str, Callable[[], object]] = {}

    def loop(self, wire: str) -> None:
        self._voice.feed(self._element, wire, (wire_source(wire),))

    def check(self, wire: str, heard: Callable[[], object]) -> None:
        player = _player(wire)
        self._checking[wire] = heard
        self._voice.play(self._element, player, _TONE, Player())
        self._voice.feed(self._element, wire, (player_source(player),))
        self._voice.hear(self._element, wire, lambda voices: self._hears(wire, voices))

    def take_off(self, wire: str) -> None:
        if self._checking.pop(wire, None) is not None:
            self._voice.stop(self._element, _player(wire))
        self._voice.feed(self._element, wire, ())

    def _hears(self, wire: str, voices: frozenset[str]) -> None:
        heard = self._checking.get(wire)
        if heard is not None and _HEARD in voices:
            heard()


def _player(wire: str) -> str:
    return f"check {wire}"
