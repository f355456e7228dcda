"""Whoever operates the switch under test: gives orders, reads its circuits and alarms."""

from calleq.ss7.isup.exchange import CircuitOrderError, IsupExchange
from calleq.ss7.isup.messages import GroupKind
from calleq.ss7.isup.snapshots import CircuitSnapshot, Use
from simulator.conformance.language import WireError

_KINDS = {"maintenance": GroupKind.MAINTENANCE, "hardware failure": GroupKind.HARDWARE}


ORDERS = (
    "block",
    "unblock",
    "block_group",
    "unblock_group",
    "reset",
    "reset_group",
    "check",
    "query",
    "test",
)


class Operator:
    """The operator of one exchange."""

    def __init__(self, exchange: IsupExchange, groups: dict[str, str]) -> None:
        """`groups` are the trunk groups by the exchange at their far end."""
        self._exchange = exchange
        self._groups = groups

    def order(self, order: str, far: str, circuits: list[int], kind: str) -> None:
        """Give an order about circuits to the exchange `far`. Raises WireError."""
        exchange, group = self._exchange, self._groups[far]
        try:
            match order:
                case "block" | "block_group":
                    exchange.block(group, circuits, _KINDS[kind])
                case "unblock" | "unblock_group":
                    exchange.unblock(group, circuits, _KINDS[kind])
                case "reset" | "reset_group":
                    exchange.reset(group, circuits)
                case "check":
                    exchange.check(group, circuits)
                case "query":
                    exchange.query(group, circuits)
                case "test":
                    exchange.test_user_part(group)
                case _:
                    raise WireError(f"there is no order {order!r}")
        except CircuitOrderError as error:
            raise WireError(str(error)) from error

    def alarms(self) -> list[str]:
        """Every alarm that stands, in one line each."""
        return [
            f"{alarm.kind}: {alarm.subject} {' '.join(map(str, alarm.circuits))} {alarm.text}"
            for alarm in self._exchange.snapshot().alarms
        ]

    def state_of(self, far: str, cic: int) -> tuple[str, str]:
        """Idle or busy, and who blocks it."""
        (circuit,) = self._exchange.circuits(self._groups[far], (cic,))
        return _state(circuit)

    def not_idle(self, far: str) -> list[tuple[int, str]]:
        """Circuits that are busy or blocked, and how."""
        found = []
        for circuit in self._exchange.circuits(self._groups[far]):
            state, blocked = _state(circuit)
            if (state, blocked) != ("idle", "no"):
                told = f"circuit {circuit.cic} to {far} is {circuit.use}, blocked: {blocked}"
                found.append((circuit.cic, told))
        return found


def _state(circuit: CircuitSnapshot) -> tuple[str, str]:
    here, far = bool(circuit.blocked_here), bool(circuit.blocked_remotely)
    blocked = "by both" if here and far else "by switch" if here else "by tester" if far else "no"
    return "idle" if circuit.use == Use.IDLE else "busy", blocked
