"""A piece of stand-alone equipment, wired: a trunk to its switch, the OSN, calling logic 80 above.

What drives it is ours (a conference bridge, a dialler) or somebody else's: a factory that the
topology names. Instructions come straight to it. It takes no calls: an IAM that arrives was routed
wrongly and is released with cause 3 (Q.850 §2.2.7).
"""

from collections.abc import Callable, Iterable
from importlib import import_module

from calleq.acd.longest_idle import LongestIdle
from calleq.calling_logic.circuits import CircuitTrunk, Refusal
from calleq.calling_logic.logic import CallingLogic
from calleq.calling_logic.means import Means
from calleq.causes import Q850
from calleq.equipment.bridge import ConferenceBridge
from calleq.equipment.contract import Equipment, Factory, Site
from calleq.equipment.dialler import Dialler
from calleq.journal.contract import Journal
from calleq.journal.entries import CircuitKey, Stamped
from calleq.media.contract import Voice
from calleq.osn.contract import Bus
from calleq.osn.messages import CircuitsJoined, JoinCircuits, OsnError, decode, encode
from calleq.runtime.clock import Clock
from calleq.ss7.isup.contract import Circuit, CircuitUser, Exchange
from calleq.ss7.isup.messages import Cause, Iam
from calleq.topology import CallingEquipment, TopologyError

REQUESTS_LIMIT = 10_000
"""Answers of the switch that are awaited; the oldest is given up."""


class SwitchByOsn:
    """The equipment's switch, asked over the OSN; fulfils `Switch`."""

    def __init__(self, name: str, switch: str, bus: Bus) -> None:
        self._name = name
        self._switch = switch
        self._bus = bus
        self._requests = 0
        self._waiting: dict[int, Callable[[bool], object]] = {}

    def join(
        self, call: str, circuits: tuple[CircuitKey, ...], done: Callable[[bool], object]
    ) -> None:
        """See `Switch`."""
        self._requests += 1
        if len(self._waiting) >= REQUESTS_LIMIT:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[self._requests] = done
        request = JoinCircuits(call, self._requests, circuits)
        self._bus.send(self._name, self._switch, encode(request))

    def answered(self, sender: str, message: CircuitsJoined) -> None:
        """The switch has done it, or not."""
        done = self._waiting.pop(message.request, None) if sender == self._switch else None
        if done is not None:
            done(message.joined)


class EquipmentService:
    """One piece of equipment at work, from construction on."""

    def __init__(
        self,
        equipment: CallingEquipment,
        *,
        exchange: Exchange,
        group: str,
        voice: Voice,
        bus: Bus,
        journal: Journal,
        clock: Clock,
        factory: Factory | None = None,
    ) -> None:
        """`group` is its trunk group to its switch; `factory` makes its driver in place of the
        topology's. Raises TopologyError where the topology's is not there, or makes none."""
        self.name = equipment.name
        self._clock = clock
        self._switch = SwitchByOsn(equipment.name, equipment.switch, bus)
        trunk = CircuitTrunk(exchange, group)
        site = Site(equipment.name, equipment.number, trunk, self._switch, voice, clock)
        self.driver = (factory or _factory(equipment))(site)
        self.refused_set_ups = 0
        means = Means(
            equipment.name,
            equipment.number,
            self.driver.access,
            self.driver.stage,
            journal,
            clock,
            LongestIdle(),
            mixing=getattr(self.driver, "mixing", None),
        )
        self.calling_logic = CallingLogic(means, bus)
        exchange.on_set_up(self._arrived)
        bus.attach(equipment.name, self._received)

    def restart(self, entries: Iterable[Stamped]) -> int:
        """Take up the journal of before; how many calls are set up again. Before anything else."""
        return self.calling_logic.restart(entries)

    def cancel(self, call: str) -> bool:
        """End a call because its business wants so; False when there is none."""
        return self.calling_logic.cancel(call)

    def lose_all(self, cause: int = Q850.TEMPORARY_FAILURE) -> None:
        """What calls are made with is lost: every call fails with `cause`."""
        self.calling_logic.lose_all(cause)

    def _received(self, sender: str, octets: bytes) -> None:
        try:
            message = decode(octets)
        except OsnError:
            message = None
        if isinstance(message, CircuitsJoined):
            self._switch.answered(sender, message)
        else:
            self.calling_logic.receive(sender, octets)

    def _arrived(self, circuit: Circuit, iam: Iam) -> CircuitUser:
        self.refused_set_ups += 1
        self._clock.call_later_us(0, circuit.release, Cause(Q850.NO_ROUTE))
        return Refusal()


def _factory(equipment: CallingEquipment) -> Factory:
    match equipment.kind:
        case "bridge":
            return ConferenceBridge
        case "dialler":
            return Dialler
        case "outside":
            return load_factory(equipment.driver)


def load_factory(name: str) -> Factory:
    """What `package.module:factory` names. Raises TopologyError."""
    module, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise TopologyError(f"driver {name!r}: {error}") from error
    if not callable(found):
        raise TopologyError(f"driver {name!r}: something that can be called is expected")

    def factory(site: Site) -> Equipment:
        made: Equipment = found(site)
        for half in ("access", "stage"):
            if not hasattr(made, half):
                raise TopologyError(f"driver {name!r}: what it makes has no `{half}`")
        return made

    return factory
