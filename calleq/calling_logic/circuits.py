"""The circuits between equipment and its switch, as the ways of calling logic 80.

Equipment of this kind makes calls and takes none: an IAM that arrives was routed wrongly and is
released (`Refusal`).
"""

from collections.abc import Callable
from typing import Protocol, cast

from calleq.calling_logic.means import (
    NUMBERS,
    Parties,
    Reservations,
    Way,
    WayUser,
    calling_number,
    legs_by_number,
)
from calleq.media.contract import Voice
from calleq.ss7.isup.contract import Circuit, Exchange
from calleq.ss7.isup.messages import CalledNumber, Cause, Message


class Trunk(Protocol):
    """Circuits between equipment and its switch; each carries one call towards one party."""

    @property
    def group(self) -> str:
        """What the journal calls them."""

    def idle(self) -> int:
        """How many could be seized now."""

    def is_resetting(self) -> bool:
        """Whether some are being reset, as after a restart, and will be idle in a moment."""

    def seize(self) -> Way | None:
        """Take a circuit; None when none is idle."""

    def dial(self, way: Way, called: str, caller: str, user: WayUser) -> None:
        """Start the call on a seized circuit; numbers are E.164 with `+`, `caller` may be empty."""

    def give_back(self, way: Way) -> None:
        """Return a circuit that was seized and never dialled."""


class CircuitTrunk:
    """One trunk group of the equipment's exchange; fulfils `Trunk`."""

    def __init__(self, exchange: Exchange, group: str) -> None:
        self.group = group
        self._exchange = exchange

    def idle(self) -> int:
        return self._exchange.idle(self.group)

    def is_resetting(self) -> bool:
        return self._exchange.is_resetting(self.group)

    def seize(self) -> Circuit | None:
        return self._exchange.seize(self.group)

    def dial(self, way: Way, called: str, caller: str, user: WayUser) -> None:
        number = CalledNumber(called.lstrip("+"))
        self._exchange.send_iam(_circuit(way), number, calling_number(caller), user)

    def give_back(self, way: Way) -> None:
        self._exchange.give_back(_circuit(way))


class TrunkAccess:
    """A trunk and what is promised of it; fulfils `Access`."""

    def __init__(self, trunk: Trunk) -> None:
        self.group = trunk.group
        self._trunk = trunk
        self._reservations = Reservations()

    def reserve(
        self, call: str, answer: Callable[[bool], object], parties: Parties = NUMBERS
    ) -> None:
        wanted = legs_by_number(parties)
        answer(self._reservations.reserve(call, self._trunk.idle(), wanted))

    def are_resetting(self) -> bool:
        return self._trunk.is_resetting()

    def seize(self, call: str, called: str = "") -> Way | None:
        if not self._reservations.may_take(call):
            return None
        way = self._trunk.seize()
        if way is not None:
            self._reservations.taken(call)
        return way

    def seize_extra(self, call: str, called: str = "") -> Way | None:
        return self._trunk.seize() if self._trunk.idle() > self._reservations.promised else None

    def dial(self, way: Way, called: str, caller: str, user: WayUser) -> None:
        self._trunk.dial(way, called, caller, user)

    def give_back(self, way: Way) -> None:
        self._trunk.give_back(way)

    def returned(self, call: str, way: Way | None = None) -> None:
        self._reservations.returned(call)

    def done(self, call: str) -> None:
        self._reservations.done(call)


def heard_on(name: str, voice: Voice) -> Callable[[Way, tuple[str, ...]], object]:
    """How the element of that name says what the parties of its ways hear."""
    return lambda way, sources: voice.feed(name, way.wire, sources)


class Refusal:
    """Serves a call that came in where none should; fulfils `CircuitUser`."""

    def circuit_alerting(self, circuit: Circuit) -> None:
        """An incoming call never alerts towards us."""

    def circuit_progress(self, circuit: Circuit) -> None:
        """Nor does it make progress towards us."""

    def circuit_answered(self, circuit: Circuit) -> None:
        """An incoming call is never answered towards us."""

    def circuit_notice(self, circuit: Circuit, message: Message) -> None:
        """Whatever the caller wants to add, the call is refused."""

    def circuit_released(self, circuit: Circuit, cause: Cause) -> None:
        """The caller was quicker."""

    def circuit_cleared(self, circuit: Circuit) -> None:
        """Nothing was kept for it."""


def _circuit(way: Way) -> Circuit:
    """Ways come back to who gave them: `seize` gives nothing but circuits."""
    return cast(Circuit, way)
