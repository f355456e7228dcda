"""Signalling that is lost, doubled, late, out of order or damaged on its way, as told.

Level 3 and the links below it see to it that none of this happens; here it happens all the same, to
show what call control makes of it. A `TroubledTransfer` stands between a node and its exchange, a
`TroubledNetwork` between a node and its SCCP. A rule serves for as many arriving messages as it
says and is then spent; the first that fits counts.

Circuit and called number of an IAM are never damaged: a good call to a wrong telephone, or on the
circuit of another call, is nobody's to notice.
"""

from collections.abc import Callable
from random import Random
from typing import Literal

import msgspec

from calleq.runtime.clock import Clock
from calleq.ss7.isup.codec import decode
from calleq.ss7.isup.messages import Iam, IsupError
from calleq.ss7.mtp3 import SERVICE_ISUP, MessageTransfer, Msu, Status
from calleq.ss7.sccp.service import SignallingNetwork

SignallingTrouble = Literal["drop", "duplicate", "delay", "reorder", "damage"]

RULES_LIMIT = 64
"""Rules at once; a scenario that needs more is a mistake."""
HELD_US = 1_000_000
"""How long a message that is to be overtaken waits for the next one."""


class SignallingRule(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to the next `count` messages that arrive; empty and 0 fit any."""

    trouble: SignallingTrouble
    exchange: str = ""
    """Which node they arrive at."""
    service: int = SERVICE_ISUP
    """Whose they are: ISUP's (5) or SCCP's (3)."""
    message_type: int = 0
    """Of ISUP: Q.763 Table 4, for example 9 for ANM."""
    count: int = 1
    delay_us: int = 3_000_000
    """How much later a delayed message arrives."""


class SignallingTroubles:
    """The rules that hold in one network."""

    def __init__(self, seed: int = 0) -> None:
        self._rules: list[tuple[SignallingRule, int]] = []
        self.draw = Random(f"signalling {seed}")
        self.troubled = 0
        """Messages that met a rule."""

    def trouble(self, rule: SignallingRule) -> None:
        """From now on the rule holds. Raises ValueError beyond RULES_LIMIT."""
        if len(self._rules) >= RULES_LIMIT:
            raise ValueError(f"more than {RULES_LIMIT} rules on signalling")
        self._rules.append((rule, rule.count))

    def heal(self) -> None:
        """No rule holds any more."""
        self._rules.clear()

    def met(self, exchange: str, msu: Msu) -> SignallingRule | None:
        """The rule that a message meets, one use of which is spent."""
        for index, (rule, left) in enumerate(self._rules):
            if rule.service != msu.service or rule.exchange not in ("", exchange):
                continue
            if rule.message_type in (0, msu.payload[2]):
                if left > 1:
                    self._rules[index] = rule, left - 1
                else:
                    del self._rules[index]
                self.troubled += 1
                return rule
        return None


def _set_up(payload: bytes) -> tuple[int, str] | None:
    """On which circuit an IAM calls whom; None for every other message."""
    try:
        message = decode(payload)
    except IsupError:
        return None
    return (message.cic, message.called.digits) if isinstance(message, Iam) else None


class _Arrivals:
    """What arrives for one user of a node."""

    def __init__(
        self, node: str, receive: Callable[[Msu], None], troubles: SignallingTroubles, clock: Clock
    ) -> None:
        self._node = node
        self._receive = receive
        self._troubles = troubles
        self._clock = clock
        self._overtaken: list[Msu] = []

    def take(self, msu: Msu) -> None:
        """Let it through as the rules say."""
        rule = self._troubles.met(self._node, msu)
        receive = self._receive
        if rule is None:
            receive(msu)
            self._catch_up()
            return
        match rule.trouble:
            case "drop":
                pass
            case "duplicate":
                receive(msu)
                receive(msu)
            case "delay":
                self._clock.call_later_us(rule.delay_us, receive, msu)
            case "reorder":
                self._overtaken.append(msu)
                self._clock.call_later_us(HELD_US, self._catch_up)
            case "damage":
                receive(msgspec.structs.replace(msu, payload=self._damaged(msu.payload)))

    def _damaged(self, payload: bytes) -> bytes:
        while True:
            place = self._troubles.draw.randrange(8 * len(payload))
            octets = bytearray(payload)
            octets[place >> 3] ^= 1 << (place & 7)
            damaged = bytes(octets)
            if _set_up(damaged) in (None, _set_up(payload)):
                return damaged

    def _catch_up(self) -> None:
        while self._overtaken:
            self._receive(self._overtaken.pop(0))


class TroubledTransfer:
    """Fulfils `MessageTransfer` over a node's own; what is sent passes untroubled."""

    def __init__(
        self, exchange: str, node: MessageTransfer, troubles: SignallingTroubles, clock: Clock
    ) -> None:
        self._exchange = exchange
        self._node = node
        self._troubles = troubles
        self._clock = clock

    def transfer(self, destination: int, selection: int, payload: bytes, priority: int = 0) -> bool:
        return self._node.transfer(destination, selection, payload, priority)

    def on_status(self, changed: Callable[[int, bool], None]) -> None:
        self._node.on_status(changed)

    def on_indication(self, told: Callable[[Status], None]) -> None:
        self._node.on_indication(told)

    def on_message(self, service: int, receive: Callable[[Msu], None]) -> None:
        if service == SERVICE_ISUP:
            receive = _Arrivals(self._exchange, receive, self._troubles, self._clock).take
        self._node.on_message(service, receive)


class TroubledNetwork:
    """Fulfils `SignallingNetwork` over a node's own; what is sent passes untroubled."""

    def __init__(
        self, name: str, node: SignallingNetwork, troubles: SignallingTroubles, clock: Clock
    ) -> None:
        self.point_code = node.point_code
        self.accessible = node.accessible
        self.transfer = node.transfer
        self.on_status = node.on_status
        self.on_indication = node.on_indication
        self._name = name
        self._node = node
        self._troubles = troubles
        self._clock = clock

    def on_message(self, service: int, receive: Callable[[Msu], None]) -> None:
        arrivals = _Arrivals(self._name, receive, self._troubles, self._clock)
        self._node.on_message(service, arrivals.take)
