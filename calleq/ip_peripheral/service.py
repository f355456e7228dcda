"""IP 76, wired: interface 73 on the OSN and on the circuits of its switch, calling logic 80 inside.

It makes calls by itself, and where there are SCPs it takes those that they send here (`srf`). Any
other IAM that arrives was routed wrongly and is released with cause 3 (no route to destination,
Q.850 §2.2.7).
"""

from collections.abc import Iterable

from calleq.acd.longest_idle import LongestIdle
from calleq.calling_logic.circuits import CircuitTrunk, Refusal, TrunkAccess, heard_on
from calleq.calling_logic.logic import CallingLogic
from calleq.calling_logic.means import Means
from calleq.calling_logic.recordings import recordings_of
from calleq.calling_logic.stage import OwnVoice
from calleq.causes import Q850
from calleq.ip_peripheral.assist import Assist
from calleq.ip_peripheral.srf import ResourceFunction
from calleq.journal.contract import Journal
from calleq.journal.entries import Stamped
from calleq.media.contract import Voice
from calleq.media.recorder import RecordingPlace
from calleq.osn.contract import Bus
from calleq.runtime.clock import Clock
from calleq.ss7.isup.contract import Circuit, CircuitUser, Exchange
from calleq.ss7.isup.messages import Cause, Iam


class IntelligentPeripheral:
    """The peripheral, attached to its switch by the trunk group `group` and to the OSN by name."""

    def __init__(
        self,
        name: str,
        exchange: Exchange,
        group: str,
        voice: Voice,
        bus: Bus,
        journal: Journal,
        clock: Clock,
        number: str,
        resource: ResourceFunction | None = None,
        recordings: RecordingPlace | None = None,
    ) -> None:
        """`number` (E.164) is what customers see where a business has none; may be empty.

        `resource` takes the calls that SCPs send here; None: there are no SCPs. Calls are recorded
        in `recordings`; None: none is.
        """
        self.name = name
        self._clock = clock
        access = TrunkAccess(CircuitTrunk(exchange, group))
        stage = OwnVoice(
            name, voice, heard_on(name, voice), recordings.recorder if recordings else None
        )
        means = Means(
            name,
            number,
            access,
            stage,
            journal,
            clock,
            LongestIdle(),
            stage,
            recordings_of(name, recordings, journal, clock),
        )
        self.calling_logic = CallingLogic(means, bus)
        self.resource = resource
        self.refused_set_ups = 0
        exchange.on_set_up(self._arrived)
        bus.attach(name, self.calling_logic.receive)

    def restart(self, entries: Iterable[Stamped]) -> int:
        """Take up the journal of before; how many calls are set up again. Before anything else."""
        return self.calling_logic.restart(entries)

    def cancel(self, call: str) -> bool:
        """End a call because its business wants so; False when there is none."""
        return self.calling_logic.cancel(call)

    def lose_all(self, cause: int = Q850.TEMPORARY_FAILURE) -> None:
        """The voice plane or the switch is lost: every call fails with `cause`."""
        self.calling_logic.lose_all(cause)
        if self.resource is not None:
            self.resource.lose_all(cause)

    def _arrived(self, circuit: Circuit, iam: Iam) -> CircuitUser:
        taken = Q850.NO_ROUTE if self.resource is None else self.resource.arrived(circuit, iam)
        if isinstance(taken, Assist):
            return taken
        self.refused_set_ups += 1
        self._clock.call_later_us(0, circuit.release, Cause(taken))
        return Refusal()
