"""An OSN that fails: messages late, twice or never, as told.

The OSN's contract is that between two live processes each message arrives once and in order.
`TroubledBus` breaks it on purpose, beyond what a network and two live processes would do, to show
what the elements make of it. A message is matched by its decoded kind and by its two ends; a rule
serves for as many messages as it says and is then spent.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from calleq.osn.in_process import InProcessBus
from calleq.osn.messages import OsnError
from calleq.osn.relaying import decode_any
from calleq.runtime.clock import Clock
from calleq.runtime.tap import Tap

Trouble = Literal["delay", "duplicate", "drop"]

RULES_LIMIT = 64
"""Rules at once; a scenario that needs more is a mistake."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to the next `count` messages that fit; empty fits any."""

    trouble: Trouble
    kind: str = ""
    """`set_up_call`, `set_up_taken`, `call_progress`, `call_ended`, …"""
    sender: str = ""
    receiver: str = ""
    count: int = 1
    delay_us: int = 0
    """How much later a delayed message, or the second of two, arrives."""


class TroubledBus:
    """Fulfils `Bus` over an `InProcessBus`."""

    def __init__(self, clock: Clock, delay_us: int, tap: Tap) -> None:
        self._clock = clock
        self._bus = InProcessBus(clock, delay_us, tap)
        self._rules: list[tuple[Rule, int]] = []
        self.troubled = 0
        """Messages that met a rule."""

    def attach(self, element: str, receive: Callable[[str, bytes], None]) -> None:
        self._bus.attach(element, receive)

    def detach(self, element: str) -> None:
        """The element is gone; messages for it wait for the next one of its name."""
        self._bus.detach(element)

    def trouble(self, rule: Rule) -> None:
        """From now on the rule holds. Raises ValueError beyond RULES_LIMIT."""
        if len(self._rules) >= RULES_LIMIT:
            raise ValueError(f"more than {RULES_LIMIT} rules on the OSN")
        self._rules.append((rule, rule.count))

    def heal(self) -> None:
        """Forget every rule."""
        self._rules.clear()

    def send(self, sender: str, receiver: str, octets: bytes) -> None:
        rule = self._matching(sender, receiver, octets) if self._rules else None
        if rule is None:
            self._bus.send(sender, receiver, octets)
            return
        self.troubled += 1
        match rule.trouble:
            case "drop":
                pass
            case "delay":
                self._later(rule, sender, receiver, octets)
            case "duplicate":
                self._bus.send(sender, receiver, octets)
                self._later(rule, sender, receiver, octets)

    def _later(self, rule: Rule, sender: str, receiver: str, octets: bytes) -> None:
        self._clock.call_later_us(rule.delay_us, self._bus.send, sender, receiver, octets)

    def _matching(self, sender: str, receiver: str, octets: bytes) -> Rule | None:
        for place, (rule, left) in enumerate(self._rules):
            if (
                rule.sender in ("", sender)
                and rule.receiver in ("", receiver)
                and rule.kind in ("", _kind(octets))
            ):
                if left == 1:
                    del self._rules[place]
                else:
                    self._rules[place] = (rule, left - 1)
                return rule
        return None


def _kind(octets: bytes) -> str:
    try:
        return str(decode_any(octets).__struct_config__.tag)
    except OsnError:
        return "undecodable"
