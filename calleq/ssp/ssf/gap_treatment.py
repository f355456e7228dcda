"""What becomes of a call that a gap stops: an announcement of the switch, a cause, or both."""

from typing import Protocol

from calleq.causes import Q850
from calleq.special_resource.announcer import Announcer
from calleq.special_resource.orders import Order, announcement
from calleq.ss7.inap.errors import OperationError
from calleq.ss7.inap.refusals import OperationRefused
from calleq.ss7.inap.values import AnnouncementAndCause, GapTreatment
from calleq.ss7.isup.messages import Cause
from calleq.ssp.ssf.means import ServiceMeans
from calleq.ssp.ssf.segment import CallSegment

CONGESTION = Cause(Q850.CONGESTION)
"""What a gapped call is released with where the SCP did not say."""


class GappedCall(Protocol):
    """The association of a call that may not ask."""

    def release_all(self, cause: Cause) -> None:
        """Release every party."""


class Apology:
    """Plays to one gapped call, then releases it; fulfils `AnnouncerUser`."""

    def __init__(self, owner: GappedCall, segment: CallSegment, cause: Cause) -> None:
        self._owner = owner
        self._segment = segment
        self._cause = cause

    def announced(self, order: Order) -> None:
        self._owner.release_all(self._cause)

    def collected(self, order: Order, digits: str) -> None:
        """Nothing is collected."""

    def order_failed(self, order: Order, error: OperationError) -> None:
        self._owner.release_all(self._cause)

    def resource_free(self) -> None:
        """The call is released anyhow."""

    def source_changed(self) -> None:
        self._segment.mix()

    def wire_judged(self) -> str:
        return ""


def treat(
    means: ServiceMeans, owner: GappedCall, segment: CallSegment, treatment: GapTreatment | None
) -> None:
    """Do with a gapped call what the gap says."""
    match treatment:
        case None:
            owner.release_all(CONGESTION)
            return
        case Cause():
            owner.release_all(treatment)
            return
        case AnnouncementAndCause(information, cause):
            pass
        case _:
            information, cause = treatment, CONGESTION
    try:
        order = announcement(0, information, reports=True, is_last=False)
    except OperationRefused:
        owner.release_all(cause)
        return
    office = means.office
    apology = Apology(owner, segment, cause)
    announcer = Announcer(office.name, means.next_player(), office.voice, office.clock, apology)
    segment.connect(announcer)
    announcer.order(order)
