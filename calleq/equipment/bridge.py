"""A stand-alone conference bridge: it owns rooms, and gets its legs by the telephone network.

A call has a room from its reservation to its end. Each party is called from the room over a circuit
of the network and has a seat while its call stands. Who is admitted hears the others of the same
room; who is played to hears that alone. The voices are mixed in the bridge.

Refused: a call when all rooms are taken or the circuits are promised, a further party when the room
has no seat left (`SEATS`), parties of two rooms together.
"""

from collections.abc import Callable

from calleq.calling_logic.circuits import TrunkAccess, heard_on
from calleq.calling_logic.means import NUMBERS, Parties, Way, WayUser
from calleq.calling_logic.stage import OwnVoice
from calleq.equipment.contract import Site
from calleq.equipment.site_voice import SiteVoice
from calleq.media.contract import wire_source

ROOMS = 1_000
SEATS = 16


class ConferenceBridge(SiteVoice):
    """One conference bridge; fulfils `Equipment`, `Access` and `Stage`."""

    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._legs = TrunkAccess(site.trunk)
        self._rooms: dict[str, list[Way]] = {}
        """Who has a seat, by call."""
        self._room_of: dict[Way, str] = {}
        self.mixing = OwnVoice(site.name, site.voice, heard_on(site.name, site.voice))
        """Hold, mute and the like: whoever sits in a room may hear a sum of his own."""

    @property
    def access(self) -> "ConferenceBridge":
        return self

    @property
    def stage(self) -> "ConferenceBridge":
        return self

    # Access

    @property
    def group(self) -> str:
        return self._legs.group

    def reserve(
        self, call: str, answer: Callable[[bool], object], parties: Parties = NUMBERS
    ) -> None:
        if len(self._rooms) >= ROOMS:
            answer(False)
            return

        def kept(is_kept: bool) -> None:
            if is_kept:
                self._rooms[call] = []
            answer(is_kept)

        self._legs.reserve(call, kept, parties)

    def are_resetting(self) -> bool:
        return self._legs.are_resetting()

    def seize(self, call: str, called: str = "") -> Way | None:
        return self._seated(call, self._legs.seize)

    def seize_extra(self, call: str, called: str = "") -> Way | None:
        return self._seated(call, self._legs.seize_extra)

    def dial(self, way: Way, called: str, caller: str, user: WayUser) -> None:
        self._legs.dial(way, called, caller, user)

    def give_back(self, way: Way) -> None:
        self._leave(way)
        self._legs.give_back(way)

    def returned(self, call: str, way: Way | None = None) -> None:
        self._legs.returned(call)

    def done(self, call: str) -> None:
        for way in self._rooms.pop(call, ()):
            del self._room_of[way]
        self._legs.done(call)

    def _seated(self, call: str, seize: Callable[[str], Way | None]) -> Way | None:
        room = self._rooms.get(call)
        way = seize(call) if room is not None and len(room) < SEATS else None
        if room is not None and way is not None:
            room.append(way)
            self._room_of[way] = call
        return way

    def _leave(self, way: Way) -> None:
        call = self._room_of.pop(way, None)
        if call is not None:
            self._rooms[call].remove(way)

    # Stage

    def bridge(self, ways: tuple[Way, ...], done: Callable[[bool], object]) -> None:
        rooms = {self._room_of.get(way) for way in ways}
        if len(rooms) != 1 or None in rooms:
            done(False)
            return
        for way in ways:
            self._hear(way, *(wire_source(other.wire) for other in ways if other is not way))
        done(True)

    def silence(self, way: Way) -> None:
        self._leave(way)
        self._hear(way)
