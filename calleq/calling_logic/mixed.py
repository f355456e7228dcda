"""Equipment with ways of two kinds: circuits for numbers, voice over IP for everything else.

A call keeps as many ways of each kind as its parties may need: which kind a leg needs is told by
its address, and where nobody knows yet which representative it will be, a way of each kind that
one of them has. Either kind may be missing.
"""

from collections.abc import Callable

from calleq.calling_logic.means import NUMBERS, Access, Parties, Way, WayUser
from calleq.calling_logic.voip import VoipAccess
from calleq.calling_logic.voip_way import VoipWay
from calleq.numbering import is_voip


class MixedAccess:
    """Circuits and voice over IP; fulfils `Access`."""

    def __init__(self, circuits: Access | None, voip: VoipAccess) -> None:
        self._circuits = circuits
        self._voip = voip

    @property
    def group(self) -> str:
        return self._voip.group if self._circuits is None else self._circuits.group

    def group_of(self, way: Way) -> str:
        """What the journal calls the ways of that kind."""
        return self._of(way).group

    def takes(self, address: str) -> bool:
        """Whether an address can be called at all."""
        return self._voip.takes(address) if is_voip(address) else self._circuits is not None

    def reserve(
        self, call: str, answer: Callable[[bool], object], parties: Parties = NUMBERS
    ) -> None:
        circuits = self._circuits
        if circuits is None:
            self._voip.reserve(call, answer, parties)
            return

        def kept(are_kept: bool) -> None:
            if not are_kept:
                answer(False)
                return
            self._voip.reserve(call, also_kept, parties)

        def also_kept(are_kept: bool) -> None:
            if not are_kept:
                circuits.done(call)
            answer(are_kept)

        circuits.reserve(call, kept, parties)

    def are_resetting(self) -> bool:
        return self._circuits is not None and self._circuits.are_resetting()

    def seize(self, call: str, called: str = "") -> Way | None:
        access = self._for(called)
        return None if access is None else access.seize(call, called)

    def seize_extra(self, call: str, called: str = "") -> Way | None:
        access = self._for(called)
        return None if access is None else access.seize_extra(call, called)

    def dial(self, way: Way, called: str, caller: str, user: WayUser) -> None:
        self._of(way).dial(way, called, caller, user)

    def give_back(self, way: Way) -> None:
        self._of(way).give_back(way)

    def returned(self, call: str, way: Way | None = None) -> None:
        if way is not None:
            self._of(way).returned(call, way)

    def done(self, call: str) -> None:
        self._voip.done(call)
        if self._circuits is not None:
            self._circuits.done(call)

    def _for(self, called: str) -> Access | None:
        return self._voip if is_voip(called) else self._circuits

    def _of(self, way: Way) -> Access:
        if isinstance(way, VoipWay):
            return self._voip
        assert self._circuits is not None, "a way that is no channel is a circuit"
        return self._circuits
