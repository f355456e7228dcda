"""IP 76, wired: interface 73 on the OSN and on the circuits of its switch, calling logic 80 inside.

It makes calls by itself, and where there are SCPs it takes those that they send here (`srf`). Any
other IAM that arrives was routed wrongly and is released with cause 3 (no route to destination,
Q.850 §2.2.7).
"""

from collections.abc import Iterable

from calleq.acd.longest_idle import LongestIdle
from calleq.calling_logic.circuits import CircuitTrunk, Refusal, TrunkAccess, heard_on
from calleq.calling_logic.logic import CallingLogic
from calleq.calling_logic.means import Means, is_number
from calleq.calling_logic.mixed import MixedAccess
from calleq.calling_logic.recordings import recordings_of
from calleq.calling_logic.seizures import closed_by_restart, open_seizures
from calleq.calling_logic.stage import OwnVoice
from calleq.calling_logic.voip import VoipAccess
from calleq.causes import Q850
from calleq.ip_peripheral.assist import Assist
from calleq.ip_peripheral.srf import ResourceFunction
from calleq.journal.contract import Journal
from calleq.journal.entries import LineHeartbeat, Stamped
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
        exchange: Exchange | None,
        group: str,
        voice: Voice,
        bus: Bus,
        journal: Journal,
        clock: Clock,
        number: str,
        resource: ResourceFunction | None = None,
        recordings: RecordingPlace | None = None,
        voip: VoipAccess | None = None,
    ) -> None:
        """`number` (E.164) is what customers see where a business has none; may be empty.

        `resource` takes the calls that SCPs send here; None: there are no SCPs. Calls are recorded
        in `recordings`; None: none is. SIP URIs and IP addresses are called by `voip`; None: none
        is. Without an `exchange` there are no circuits, and no numbers are called.
        """
        self.name = name
        self._clock = clock
        circuits = None if exchange is None else TrunkAccess(CircuitTrunk(exchange, group))
        mixed = None if voip is None else MixedAccess(circuits, voip)
        access = mixed or circuits
        assert access is not None, "the topology's checks see to it"
        recorder = recordings.recorder if recordings else None
        stage = OwnVoice(name, voice, heard_on(name, voice), recorder)
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
            takes=is_number if mixed is None else mixed.takes,
            group_of=None if mixed is None else mixed.group_of,
        )
        self.voip = voip
        self.calling_logic = CallingLogic(means, bus)
        self.resource = resource
        self.refused_set_ups = 0
        if exchange is not None:
            exchange.on_set_up(self._arrived)
        bus.attach(name, self.calling_logic.receive)

    def close(self, entries: Iterable[Stamped]) -> None:
        """Close what the journal of before left open by voice over IP. Before all else."""
        if self.voip is not None:
            for seizure in open_seizures(self.name, entries):
                self.voip.write(closed_by_restart(seizure))

    def restart(self, entries: Iterable[Stamped]) -> int:
        """Take up the journal of before; how many calls are set up again."""
        return self.calling_logic.restart(entries)

    def stop(self) -> None:
        """The process is about to end: prove every talk by voice over IP up to now."""
        if self.voip is not None:
            for seizure in sorted(self.voip.talking):
                self.voip.write(LineHeartbeat(seizure))

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
