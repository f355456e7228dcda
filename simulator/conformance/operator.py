"""Whoever operates the switch under test: gives orders, reads its circuits and alarms."""

from calleq.ss7.isup.exchange import IsupExchange
from simulator.conformance.parameters import WireError


class Operator:
    """The operator of one exchange."""

    def __init__(self, exchange: IsupExchange) -> None:
        self._exchange = exchange

    def order(self, order: str, far: str, circuits: list[int], kind: str) -> None:
        """Give an order about circuits to the exchange `far`."""
        raise WireError("no such order")

    def alarms(self) -> list[str]:
        """Every alarm that stands, in one line each."""
        return []

    def state_of(self, far: str, cic: int) -> tuple[str, str]:
        """Idle or busy, and who blocks it."""
        return "idle", "no"

    def not_idle(self, far: str) -> list[tuple[int, str]]:
        """Circuits that are busy or blocked, and how."""
        return []
