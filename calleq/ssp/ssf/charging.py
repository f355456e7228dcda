"""What an SCP is told of a call's lengths: charging reports and call information (Q.1218 §3.3).

Owns the requests that are to be reported at a leg's end, or at its limit, and their contents.
Lengths are those of the switch: from the answer as it was reported to the end as it was reported.
Both are whole tenths of a second, rounded down.

Without a leg named a request is about the called party, or the only one there is.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from calleq.causes import Q850
from calleq.runtime.clock import Timer
from calleq.ss7.inap.arguments import ApplyChargingReport, CallInformationReport
from calleq.ss7.inap.control import Control
from calleq.ss7.inap.errors import Version
from calleq.ss7.inap.network_charging import TENTH_US, Charge, Charged, encode_charged
from calleq.ss7.inap.values import (
    RequestedInformation,
    RequestedInformationType,
    receiving,
)
from calleq.ss7.isup.messages import Cause
from calleq.ss7.isup.optional_types import GenericNumber, Number
from calleq.ssp.ssf.leg import Leg
from calleq.ssp.ssf.points import Occurrence
from calleq.ssp.ssf.segment import CallSegment
from calleq.units import SECOND_US

ELAPSED_LIMIT_S = 255
_BEFORE_ANSWER = (Occurrence.ALERTING, Occurrence.ANSWER)
_CALLED_NUMBER = 0
"""Generic number qualifier of a called address: additional called number."""


class Information(msgspec.Struct, frozen=True):
    """A call information request."""

    kinds: tuple[RequestedInformationType, ...]


class ReportOwner(Protocol):
    """The call segment association."""

    control: Control | None

    def place(self, leg: Leg) -> CallSegment:
        """The segment of a leg that is not over."""

    def release(self, segments: Iterable[CallSegment], cause: Cause) -> None:
        """Release every party of these segments."""

    def wake(self) -> None:
        """Something is to be said."""


class Reports:
    """The reports that one association owes."""

    def __init__(self, association: ReportOwner) -> None:
        self._association = association
        self._charges: dict[Leg, Charge] = {}
        self._information: dict[Leg, Information] = {}
        self._limits: dict[Leg, Timer] = {}

    @property
    def pending(self) -> bool:
        """Whether something is still to be reported."""
        return bool(self._charges or self._information)

    def charge(self, leg: Leg, charge: Charge) -> None:
        """Report what the leg is charged for."""
        self._charges[leg] = charge
        self._set_limit(leg)

    def inform(self, leg: Leg, information: Information) -> None:
        """Report what became of the leg."""
        self._information[leg] = information

    def cancel(self) -> None:
        """Nothing is to be reported any more."""
        self._charges.clear()
        self._information.clear()
        for timer in self._limits.values():
            timer.cancel()
        self._limits.clear()

    def met(self, leg: Leg, occurrence: Occurrence) -> None:
        """Something happened to a leg."""
        if occurrence is Occurrence.ANSWER:
            self.started(leg)
        elif occurrence not in _BEFORE_ANSWER:
            self.over(leg)

    def started(self, leg: Leg) -> None:
        """The leg's talk has begun."""
        self._set_limit(leg)

    def drop(self, leg: Leg) -> None:
        """Nothing of this leg is to be reported any more."""
        self._charges.pop(leg, None)
        self._information.pop(leg, None)
        timer = self._limits.pop(leg, None)
        if timer is not None:
            timer.cancel()

    def over(self, leg: Leg) -> None:
        """The leg came to its end, in whatever way."""
        timer = self._limits.pop(leg, None)
        if timer is not None:
            timer.cancel()
        if self._charges.pop(leg, None) is not None:
            self._report_charge(leg, is_over=True)
        information = self._information.pop(leg, None)
        if information is not None:
            self._report_information(leg, information)

    def _set_limit(self, leg: Leg) -> None:
        charge = self._charges.get(leg)
        if charge is None or charge.limit_ms100 is None or not leg.answered_at_us:
            return
        running = self._limits.pop(leg, None)
        if running is not None:
            running.cancel()
        clock = leg.clock
        left_us = leg.answered_at_us + charge.limit_ms100 * TENTH_US - clock.monotonic_us()
        self._limits[leg] = clock.call_later_us(max(left_us, 0), self._limit_reached, leg)

    def _limit_reached(self, leg: Leg) -> None:
        self._limits.pop(leg, None)
        charge = self._charges.pop(leg, None)
        if charge is None:
            return
        self._report_charge(leg, is_over=charge.release)
        if charge.release:
            association = self._association
            association.release([association.place(leg)], Cause(Q850.NORMAL_UNSPECIFIED))
        self._association.wake()

    def _report_charge(self, leg: Leg, *, is_over: bool) -> None:
        control = self._association.control
        if control is not None:
            charged = Charged(leg.number, _talk_ms100(leg), is_over)
            control.invoke(ApplyChargingReport(encode_charged(charged)))

    def _report_information(self, leg: Leg, information: Information) -> None:
        control = self._association.control
        if control is None:
            return
        items = tuple(self._item(leg, kind) for kind in information.kinds)
        version = control.version
        leg_id = receiving(leg.number) if version is Version.CS2 else None
        control.invoke(CallInformationReport(items, leg_id=leg_id))

    def _item(self, leg: Leg, kind: RequestedInformationType) -> RequestedInformation:
        clock = leg.clock
        match kind:
            case RequestedInformationType.CALL_ATTEMPT_ELAPSED_TIME:
                until_us = leg.answered_at_us or clock.monotonic_us()
                elapsed_s = (until_us - leg.dialled_at_us) // SECOND_US
                return RequestedInformation(kind, min(elapsed_s, ELAPSED_LIMIT_S))
            case RequestedInformationType.CALL_STOP_TIME:
                stopped = datetime.fromtimestamp(clock.now_us() // SECOND_US, UTC)
                return RequestedInformation(kind, stopped.strftime("%y%m%d%H%M%S"))
            case RequestedInformationType.CALL_CONNECTED_ELAPSED_TIME:
                return RequestedInformation(kind, _talk_ms100(leg))
            case RequestedInformationType.CALLED_ADDRESS:
                number = Number(leg.address.removeprefix("+"))
                return RequestedInformation(kind, GenericNumber(_CALLED_NUMBER, number))
            case RequestedInformationType.RELEASE_CAUSE:
                return RequestedInformation(kind, leg.cause)


def _talk_ms100(leg: Leg) -> int:
    if not leg.answered_at_us:
        return 0
    return (leg.clock.monotonic_us() - leg.answered_at_us) // TENTH_US
