"""The circuits between the peripheral and its switch, as the ways of calling logic 80."""

from collections.abc import Callable
from typing import cast

from calleq.calling_logic.means import Reservations, Way, WayUser
from calleq.media.contract import Voice
from calleq.ss7.isup.contract import Circuit, Exchange
from calleq.ss7.isup.messages import CalledNumber, CallingNumber


class Circuits:
    """One trunk group of the peripheral's exchange; fulfils `Access`."""

    def __init__(self, name: str, exchange: Exchange, group: str, voice: Voice) -> None:
        self.group = group
        self._name = name
        self._exchange = exchange
        self._voice = voice
        self._reservations = Reservations()

    def reserve(self, call: str, answer: Callable[[bool], object]) -> None:
        answer(self._reservations.reserve(call, self._exchange.idle(self.group)))

    def are_resetting(self) -> bool:
        return self._exchange.is_resetting(self.group)

    def seize(self, call: str) -> Circuit | None:
        if not self._reservations.may_take(call):
            return None
        circuit = self._exchange.seize(self.group)
        if circuit is not None:
            self._reservations.taken(call)
        return circuit

    def seize_extra(self, call: str) -> Circuit | None:
        if self._exchange.idle(self.group) <= self._reservations.promised:
            return None
        return self._exchange.seize(self.group)

    def dial(self, way: Way, called: str, caller: str, user: WayUser) -> None:
        calling = CallingNumber(caller.lstrip("+")) if caller else None
        self._exchange.send_iam(_circuit(way), CalledNumber(called.lstrip("+")), calling, user)

    def give_back(self, way: Way) -> None:
        self._exchange.give_back(_circuit(way))

    def hear(self, way: Way, sources: tuple[str, ...]) -> None:
        """What the party hears from now on."""
        self._voice.feed(self._name, way.wire, sources)

    def returned(self, call: str) -> None:
        self._reservations.returned(call)

    def done(self, call: str) -> None:
        self._reservations.done(call)


def _circuit(way: Way) -> Circuit:
    """Ways come back to who gave them: `seize` gives nothing but circuits."""
    return cast(Circuit, way)
