"""Parties that a switch joins for equipment that calls and cannot bridge.

Such equipment has called each party by a circuit to this switch, and the switch has called on. On
the equipment's word (`JoinCircuits`) the parties hear each other here, in the switch; the circuits
stay, so that the equipment learns of every end and can end every call, as before. One party alone
hears its circuit again.

Refused, with nothing changed: circuits of anybody else, circuits without an answered call, more
than `PARTIES_LIMIT`. Odd case: a party that goes is heard by nobody from that instant, whatever
the equipment says.
"""

from collections.abc import Collection
from typing import Protocol

from calleq.calling_logic.bridge import PARTIES_LIMIT
from calleq.journal.entries import CircuitKey
from calleq.media.contract import wire_source
from calleq.osn.contract import Bus
from calleq.osn.messages import CircuitsJoined, JoinCircuits, encode
from calleq.topology import Topology, parse_point_code


class JoinedCall(Protocol):
    """A call of this switch."""

    @property
    def incoming(self) -> CircuitKey | None:
        """The circuit that it came by."""

    @property
    def is_connected(self) -> bool:
        """Whether caller and party are connected."""

    @property
    def caller_wire(self) -> str:
        """Where the caller is heard."""

    @property
    def called_wire(self) -> str:
        """Where the party is heard."""

    def called_hears(self, sources: tuple[str, ...]) -> None:
        """What the party hears from now on."""


class Joining:
    """The joined parties of one switch."""

    def __init__(
        self, topology: Topology, name: str, bus: Bus, calls: Collection[JoinedCall]
    ) -> None:
        """`calls` are the switch's calls in progress, as they come and go."""
        self._name = name
        self._bus = bus
        self._calls = calls
        self._owners = {
            equipment.name: parse_point_code(equipment.point_code, topology.variant)
            for equipment in topology.equipments
            if equipment.switch == name
        }
        """Whose circuits may be joined on whose word."""
        self._together: dict[CircuitKey, tuple[JoinedCall, ...]] = {}
        """With whom else each joined party is, by its circuit."""
        self.refused = 0

    def __len__(self) -> int:
        """How many parties are joined."""
        return len(self._together)

    def asked(self, sender: str, message: JoinCircuits) -> None:
        """Do it if it can be done, and say so."""
        joined = self._join(self._owners.get(sender), message.circuits)
        self.refused += not joined
        answer = CircuitsJoined(message.call, message.request, joined)
        self._bus.send(self._name, sender, encode(answer))

    def ended(self, call: JoinedCall) -> None:
        """A call is over: nobody hears its party any more."""
        if call.incoming is not None:
            self._together.pop(call.incoming, None)
        for others in list(self._together.values()):
            if call in others:
                self._forget(call)
                return

    def _forget(self, call: JoinedCall) -> None:
        hearing = [key for key, others in self._together.items() if call in others]
        for listener in list(self._calls):
            if listener.incoming in hearing:
                others = self._together[listener.incoming]
                self._hear(listener, tuple(one for one in others if one is not call))

    def _join(self, owner: int | None, circuits: tuple[CircuitKey, ...]) -> bool:
        if owner is None or not 1 <= len(set(circuits)) == len(circuits) <= PARTIES_LIMIT:
            return False
        wanted = set(circuits)
        found = [call for call in self._calls if call.incoming in wanted and call.is_connected]
        if len(found) != len(wanted) or any(key.origin != owner for key in wanted):
            return False
        for call in found:
            self._hear(call, tuple(other for other in found if other is not call))
        return True

    def _hear(self, call: JoinedCall, others: tuple[JoinedCall, ...]) -> None:
        assert call.incoming is not None, "joined calls came by circuits"
        if others:
            self._together[call.incoming] = others
            call.called_hears(tuple(wire_source(other.called_wire) for other in others))
        elif self._together.pop(call.incoming, None) is not None and call.is_connected:
            call.called_hears((wire_source(call.caller_wire),))
