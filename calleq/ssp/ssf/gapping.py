"""Call gapping: under a mass of calls an SCP lets a switch ask it only so often (Q.1218 §3.3.20).

Owns the gaps that are in force, their durations, and the one decision: may this call ask? A gap
lets one call through, then none for its interval; of several gaps that a call meets all must let it
through. A manual gap is not replaced by one of an SCP (`scpOverloaded`, `destinationOverload`).

Bounds: `GAPS_LIMIT` gaps; a further one takes the place of the one that ends first.
"""

from collections.abc import Iterator

import msgspec

from calleq.ss7.inap.arguments import CallGap
from calleq.ss7.inap.values import (
    BasicGapCriteria,
    CalledAddressAndService,
    CallingAddressAndService,
    CompoundCriteria,
    ControlType,
    EventTypeBCSM,
    GapOnService,
    GapTreatment,
)
from calleq.ss7.isup.optional_types import GenericNumber
from calleq.ss7.isup.values import Nature
from calleq.units import MILLISECOND_US, SECOND_US

GAPS_LIMIT = 64
ENDLESS, AS_NETWORK = -1, -2
NETWORK_DURATION_S = 300
"""What this network has for a gap whose length is left to it."""
NONE_PASSES = -1


class Asking(msgspec.Struct, frozen=True):
    """A call that is about to ask an SCP."""

    service_key: int
    called: str
    calling: str
    """E.164 with `+`."""
    point: EventTypeBCSM


class Gap(msgspec.Struct):
    """One gap in force."""

    criteria: BasicGapCriteria
    interval_us: int
    """Negative: none passes."""
    ends_us: int | None
    """Monotonic; None: never."""
    is_manual: bool
    treatment: GapTreatment | None
    opens_us: int = 0
    """From then on the next call is let through."""
    passed: int = 0
    gapped: int = 0


class Gaps:
    """Every gap of one switch."""

    def __init__(self, country_code: str) -> None:
        self._country_code = country_code
        self._gaps: list[Gap] = []

    def __len__(self) -> int:
        return len(self._gaps)

    def __iter__(self) -> Iterator[Gap]:
        return iter(self._gaps)

    def set(self, argument: CallGap, now_us: int) -> None:
        """An SCP gaps, or ends a gap (duration 0)."""
        criteria = argument.gap_criteria
        basic = criteria.basic if isinstance(criteria, CompoundCriteria) else criteria
        is_manual = argument.control_type is ControlType.MANUALLY_INITIATED
        same = [gap for gap in self._gaps if gap.criteria == basic]
        if any(gap.is_manual for gap in same) and not is_manual:
            return
        for gap in same:
            self._gaps.remove(gap)
        indicators = argument.gap_indicators
        duration_s = indicators.duration_s
        if duration_s == 0:
            return
        if duration_s == AS_NETWORK:
            duration_s = NETWORK_DURATION_S
        ends_us = None if duration_s == ENDLESS else now_us + duration_s * SECOND_US
        if len(self._gaps) >= GAPS_LIMIT:
            self._gaps.remove(min(self._gaps, key=_end_of))
        interval_us = indicators.interval_ms * MILLISECOND_US
        self._gaps.append(Gap(basic, interval_us, ends_us, is_manual, argument.gap_treatment))

    def stopped(self, asking: Asking, now_us: int) -> Gap | None:
        """The gap that stops a call; None: it may ask."""
        if not self._gaps:
            return None
        self._gaps = [gap for gap in self._gaps if gap.ends_us is None or now_us < gap.ends_us]
        met = [gap for gap in self._gaps if self._concerns(gap.criteria, asking)]
        for gap in met:
            if gap.interval_us < 0 or now_us < gap.opens_us:
                gap.gapped += 1
                return gap
        for gap in met:
            gap.passed += 1
            gap.opens_us = now_us + gap.interval_us
        return None

    def _concerns(self, criteria: BasicGapCriteria, asking: Asking) -> bool:
        match criteria:
            case None:
                return True
            case GapOnService(service_key, point):
                return service_key == asking.service_key and point in (None, asking.point)
            case GenericNumber():
                return self._begins(asking.called, criteria)
            case CalledAddressAndService(address, service_key):
                return service_key == asking.service_key and self._begins(asking.called, address)
            case CallingAddressAndService(address, service_key):
                return service_key == asking.service_key and self._begins(asking.calling, address)

    def _begins(self, number: str, address: GenericNumber) -> bool:
        digits = address.number.digits
        if address.number.nature == Nature.NATIONAL:
            digits = self._country_code + digits
        return number.removeprefix("+").startswith(digits)


def _end_of(gap: Gap) -> float:
    return float("inf") if gap.ends_us is None else gap.ends_us
