"""Gateway screening at a transfer point: which origin may reach which destination and user part.

A transfer point without rules passes everything on. One with rules passes on what one of them
allows, and refuses the rest; what is for the transfer point itself is not screened, so that it can
be managed. Each refusal is counted by reason, and the last ones are kept for whoever asks.

The reason of a refusal is what kept it out of the rule that came closest to allowing it. Verdicts
are remembered by label, so that a message costs one look-up.
"""

from collections import deque
from collections.abc import Mapping
from typing import Literal

import msgspec

from calleq.topology_mtp3 import code_of, service_of
from calleq.topology_types import ScreeningRule, VariantName

Reason = Literal["origin", "destination", "service", "link"]

CLOSEST_FIRST: tuple[Reason, ...] = ("service", "destination", "link", "origin")

REFUSALS_KEPT = 256
VERDICTS_LIMIT = 65_536
"""Combinations of origin, destination, service and neighbour whose verdict is remembered."""


class Rule(msgspec.Struct, frozen=True):
    """What some origins may reach; an empty set stands for all."""

    origins: frozenset[int] = frozenset()
    destinations: frozenset[int] = frozenset()
    services: frozenset[int] = frozenset()
    neighbours: frozenset[int] = frozenset()
    """Adjacent nodes over whose linksets those origins may come."""


class Refusal(msgspec.Struct, frozen=True):
    """A message that was not passed on."""

    at_us: int
    link: str
    origin: int
    destination: int
    service: int
    reason: Reason


class Screening:
    """The rules of one transfer point, and what they have refused."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        """At least one rule is expected."""
        assert rules
        self.rules = rules
        self.refused: dict[Reason, int] = {"origin": 0, "destination": 0, "service": 0, "link": 0}
        self.refusals: deque[Refusal] = deque(maxlen=REFUSALS_KEPT)
        """The last ones."""
        self._verdicts: dict[tuple[int, int, int, int], Reason | None] = {}

    def verdict(self, origin: int, destination: int, service: int, neighbour: int) -> Reason | None:
        """None where the message may pass, else why not."""
        key = (origin, destination, service, neighbour)
        try:
            return self._verdicts[key]
        except KeyError:
            if len(self._verdicts) >= VERDICTS_LIMIT:
                self._verdicts.clear()
            found = self._judge(origin, destination, service, neighbour)
            self._verdicts[key] = found
            return found

    def refuse(self, refusal: Refusal) -> None:
        """Count and keep a refusal."""
        self.refused[refusal.reason] += 1
        self.refusals.append(refusal)

    def counters(self) -> Mapping[str, int]:
        """Refusals by reason."""
        return {str(reason): count for reason, count in self.refused.items()}

    def _judge(self, origin: int, destination: int, service: int, neighbour: int) -> Reason | None:
        reasons: set[Reason] = set()
        for rule in self.rules:
            if rule.origins and origin not in rule.origins:
                reasons.add("origin")
            elif rule.neighbours and neighbour not in rule.neighbours:
                reasons.add("link")
            elif rule.destinations and destination not in rule.destinations:
                reasons.add("destination")
            elif rule.services and service not in rule.services:
                reasons.add("service")
            else:
                return None
        return next(reason for reason in CLOSEST_FIRST if reason in reasons)


def screening_of(
    rules: tuple[ScreeningRule, ...],
    codes: Mapping[str, int],
    variant: VariantName = "itu",
) -> Screening | None:
    """What a topology says; None without rules. `codes` are the point codes of the nodes."""

    def nodes(texts: tuple[str, ...]) -> frozenset[int]:
        return frozenset(code_of(text, codes, variant) for text in texts)

    if not rules:
        return None
    return Screening(
        tuple(
            Rule(
                nodes(rule.origins),
                nodes(rule.destinations),
                frozenset(service_of(text) for text in rule.services),
                nodes(rule.neighbours),
            )
            for rule in rules
        )
    )
