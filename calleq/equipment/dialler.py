"""A dialler: it calls and plays on each of its circuits, and cannot connect one with another.

Its channels are one beside the other, each with a player and a detector of its own. Where two
parties are to hear each other it asks its switch to join them there, and goes on watching both
calls by its circuits: it learns of every end and ends every call as if it bridged itself.

Who is to hear something of the dialler again (music, an apology) is taken apart from the others
first: a party that the switch has joined hears nothing of its circuit.
"""

from collections.abc import Callable

from calleq.calling_logic.circuits import Trunk, TrunkAccess
from calleq.calling_logic.means import Way
from calleq.equipment.contract import Site
from calleq.equipment.site_voice import SiteVoice
from calleq.media.contract import Player, Prompt


class Channels(TrunkAccess):
    """The dialler's channels, and whose each is."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__(trunk)
        self.call_of: dict[Way, str] = {}

    def seize(self, call: str, called: str = "") -> Way | None:
        return self._taken(call, super().seize(call))

    def seize_extra(self, call: str, called: str = "") -> Way | None:
        return self._taken(call, super().seize_extra(call))

    def give_back(self, way: Way) -> None:
        self.call_of.pop(way, None)
        super().give_back(way)

    def _taken(self, call: str, way: Way | None) -> Way | None:
        if way is not None:
            self.call_of[way] = call
        return way


class Dialler(SiteVoice):
    """One dialler; fulfils `Equipment` and `Stage`."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self.access = Channels(site.trunk)
        self._joined: set[Way] = set()
        """Whom the switch has joined with others."""

    @property
    def stage(self) -> "Dialler":
        return self

    def play(self, way: Way, player: str, prompt: Prompt, report: Player) -> None:
        self._part(way)
        super().play(way, player, prompt, report)

    def bridge(self, ways: tuple[Way, ...], done: Callable[[bool], object]) -> None:
        for way in ways:
            self._hear(way)
        if len(ways) == 1:
            self._part(ways[0])
            done(True)
            return
        call = self.access.call_of.get(ways[0]) if ways else None
        if call is None:
            done(False)
            return
        self._joined.update(ways)
        self._site.switch.join(call, tuple(way.key for way in ways), done)

    def silence(self, way: Way) -> None:
        self._joined.discard(way)  # its call is over, and the switch knows
        self.access.call_of.pop(way, None)
        self._hear(way)

    def _part(self, way: Way) -> None:
        if way in self._joined:
            self._joined.discard(way)
            self._site.switch.join(self.access.call_of[way], (way.key,), _whatever)


def _whatever(joined: bool) -> None:
    """A call that is over already is no concern any more."""
