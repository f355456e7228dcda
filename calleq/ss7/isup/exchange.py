"""An exchange's ISUP as its operator sees it: circuits are blocked, reset, checked and shown.

`IsupExchange` is what a node builds. Orders name a trunk group and circuits of it; they are carried
out by asking the far exchange until it answers (`maintenance`), and are done when `circuits` says
so. Orders for circuits that there are not raise `CircuitOrderError`; nothing else does.
"""

from collections.abc import Iterable

from calleq.ss7.isup.blocking import Marks
from calleq.ss7.isup.circuit import TrunkCircuit
from calleq.ss7.isup.circuit_groups import runs
from calleq.ss7.isup.circuit_states import Input
from calleq.ss7.isup.exchange_traffic import TrafficExchange
from calleq.ss7.isup.messages import GroupKind
from calleq.ss7.isup.snapshots import (
    CircuitSnapshot,
    ExchangeSnapshot,
    GroupSnapshot,
    circuit_snapshot,
    group_snapshot,
)

__all__ = ["CircuitOrderError", "ExchangeSnapshot", "GroupSnapshot", "IsupExchange"]


class CircuitOrderError(ValueError):
    """An order for a trunk group or circuits that there are not; the text says which there are."""


class IsupExchange(TrafficExchange):
    """Call control of the circuits of one node, and the orders of its operator."""

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the trunk groups."""
        return tuple(self.pools)

    def block(
        self,
        group: str,
        cics: Iterable[int] | None = None,
        kind: GroupKind = GroupKind.MAINTENANCE,
    ) -> None:
        """Bar circuits of a group (None: all) to further calls of either end (BLO, CGB).

        For maintenance calls in progress go on; for hardware they are over. Raises
        CircuitOrderError.
        """
        self.maintenance.block(self._chosen(group, cics), kind)

    def unblock(
        self,
        group: str,
        cics: Iterable[int] | None = None,
        kind: GroupKind = GroupKind.MAINTENANCE,
    ) -> None:
        """Take this end's blocking back (UBL, CGU). Raises CircuitOrderError."""
        self.maintenance.unblock(self._chosen(group, cics), kind)

    def reset(self, group: str, cics: Iterable[int] | None = None) -> None:
        """Reset circuits of the group (Q.764 §2.9.3.1), as after a restart: RSC for one, else GRS.

        Whoever is served by one is released with cause 31; each is idle when the far end has
        answered. What the far end was said not to have is tried again. Raises CircuitOrderError.
        """
        circuits = self._chosen(group, cics)
        for circuit in circuits:
            if circuit.marks & Marks.UNEQUIPPED:
                self.maintenance.mark(circuit, circuit.marks & ~Marks.UNEQUIPPED)
        self.maintenance.reset(circuits)

    def check(self, group: str, cics: Iterable[int] | None = None) -> None:
        """Check the continuity of circuits that are idle (CCR). Raises CircuitOrderError."""
        for circuit in self._chosen(group, cics):
            circuit.handle(Input.CHECK)

    def query(self, group: str, cics: Iterable[int] | None = None) -> None:
        """Compare circuits with what the far end thinks of them (CQM). Raises CircuitOrderError."""
        circuits = self._chosen(group, cics)
        for run in runs((circuit.cic for circuit in circuits), self.variant):
            first, last = run.marked[0], run.marked[-1]
            self.queries.query(circuits[0].far_point_code, first, last - first + 1)

    def test_user_part(self, group: str) -> None:
        """Ask whether the far exchange's ISUP is there (UPT). Raises CircuitOrderError."""
        self.queries.test_user_part(self._chosen(group, None)[0].far_point_code)

    def circuits(self, group: str, cics: Iterable[int] | None = None) -> list[CircuitSnapshot]:
        """Circuits of a group one by one. Raises CircuitOrderError."""
        return [circuit_snapshot(circuit) for circuit in self._chosen(group, cics)]

    def snapshot(self) -> ExchangeSnapshot:
        """Counters, alarms and the state of the trunk groups."""
        groups = (group_snapshot(self.circuits_of(pool.trunk)) for pool in self.pools.values())
        return ExchangeSnapshot(
            groups=tuple(groups),
            messages_sent=self.messages_sent,
            messages_received=self.messages_received,
            unsent=self.unsent,
            malformed=self.malformed,
            unequipped=self.unequipped,
            unexpected=self.unexpected,
            dual_seizures=self.dual_seizures,
            confused=self.queries.confused,
            turned_away=self.turned_away,
            alarms=self.alarms.standing(),
            cleared=tuple(self.alarms.cleared),
        )

    def _chosen(self, group: str, cics: Iterable[int] | None) -> list[TrunkCircuit]:
        pool = self.pools.get(group)
        if pool is None:
            known = ", ".join(self.pools)
            raise CircuitOrderError(f"{self.name} has no trunk group {group!r}: {known} expected")
        circuits = self.circuits_of(pool.trunk)
        if cics is None:
            return circuits
        first = pool.trunk.first
        chosen = []
        for cic in sorted(set(cics)):
            if not first <= cic < first + len(circuits):
                raise CircuitOrderError(
                    f"{group} has no circuit {cic}: {first} to {first + len(circuits) - 1} expected"
                )
            chosen.append(circuits[cic - first])
        return chosen
