"""A call segment association: the call segments and legs that one SCP dialogue commands.

Owns what follows from what for the legs together: what happens on a leg is reported as it is armed,
a segment whose leg is held waits for instructions, and when a leg comes to its end the party that
is left alone in its segment is released with the same cause, as in any call. The controlling leg of
a call takes all others of its segment with it.

What an SCP may order is in `operations`; how its dialogue is spoken in `control`. Without a
dialogue (it ended, or the SCP is lost) nothing is armed, nothing waits, and the legs go on or are
released: see `set_free`.
"""

from collections.abc import Callable, Iterable

from calleq.causes import Q850
from calleq.journal.entries import Furnished
from calleq.journal.service_keys import service_key
from calleq.runtime.clock import Timer
from calleq.ss7.inap.arguments import EventReportBCSM
from calleq.ss7.inap.control import Control
from calleq.ss7.inap.errors import Version
from calleq.ss7.inap.party_handling import EntityReleased
from calleq.ss7.inap.values import (
    BcsmFailure,
    EventInformation,
    EventTypeBCSM,
    MessageType,
    MiscCallInfo,
    MonitorMode,
    receiving,
)
from calleq.ss7.isup.messages import Cause
from calleq.ss7.sccp.values import PartyAddress
from calleq.ssp.board import Board
from calleq.ssp.ssf.charging import Reports
from calleq.ssp.ssf.interaction import Interaction
from calleq.ssp.ssf.leg import HELD, OVER, Leg, LegInput, LegState
from calleq.ssp.ssf.made_leg import MadeLeg
from calleq.ssp.ssf.means import ServiceMeans
from calleq.ssp.ssf.points import Occurrence
from calleq.ssp.ssf.segment import CallSegment, SegmentInput, SegmentState
from calleq.ssp.ssf.service_call import CalledLeg, CallerLeg, ServiceCall

LEGS_LIMIT = 16
"""Legs of one association that are not over."""

_ENDS = frozenset(Occurrence) - {Occurrence.ALERTING, Occurrence.ANSWER}
_WITHOUT_CAUSE = (Occurrence.ALERTING, Occurrence.ANSWER)
_WITHOUT_CAUSE_IN_CS1 = (Occurrence.NO_ANSWER, Occurrence.ABANDON)
_ATTEMPT = (Occurrence.BUSY, Occurrence.NO_ANSWER, Occurrence.FAILURE, Occurrence.ALERTING)


class Association:
    """One association; fulfils `LegOwner` and `SegmentOwner`."""

    def __init__(
        self,
        means: ServiceMeans,
        control: Control | None,
        over: Callable[["Association"], object],
    ) -> None:
        """`over` is told when nothing is left, neither of legs nor of the dialogue."""
        self.means = means
        self.control = control
        self.dialogue = 0 if control is None else control.dialogue
        """The number of the dialogue, also when it is over."""
        self.call: ServiceCall | None = None
        """The call that met a trigger, where one did."""
        self.candidates: list[PartyAddress] = []
        """SCPs that may be asked where the one that is asked is not there."""
        self.legs: dict[int, Leg] = {}
        self.segments: dict[int, CallSegment] = {}
        self.identity = 0
        """What other associations call it (1 to 127); 0: they do not."""
        self.reports = Reports(self)
        self._over = over
        self._places: dict[Leg, CallSegment] = {}
        self._tssf: dict[CallSegment | None, Timer] = {}
        self._settling: Timer | None = None
        self._causes: dict[CallSegment, Cause] = {}

    # Shape.

    def add_segment(self, number: int) -> CallSegment:
        """A new segment, waiting for instructions."""
        segment = self.segments[number] = CallSegment(self, number)
        self._stop_tssf(None)
        self.segment_waits(segment)
        return segment

    def add_leg(self, leg: Leg, segment: CallSegment) -> None:
        """A leg belongs to a segment from now on."""
        self.legs[leg.number] = leg
        self._places[leg] = segment
        segment.add(leg)

    def place(self, leg: Leg) -> CallSegment:
        """The segment of a leg that is not over."""
        return self._places[leg]

    def move(self, leg: Leg, target: CallSegment) -> None:
        """The leg changes its segment; one that is left empty is gone."""
        source = self._places[leg]
        if source is target:
            return
        source.remove(leg)
        self._places[leg] = target
        target.add(leg)
        target.mix()
        if not source.legs:
            source.receive(SegmentInput.EMPTIED)

    def give(self, leg: Leg) -> None:
        """The leg goes to another association; reports of it are not owed any more."""
        segment = self._places.pop(leg)
        del self.legs[leg.number]
        self.reports.drop(leg)
        segment.remove(leg)
        if not segment.legs:
            segment.receive(SegmentInput.EMPTIED)

    def adopt(self, call: ServiceCall) -> None:
        """A call that met a trigger: its two legs meet in the initial segment."""
        call.serve(self)
        segment = self.add_segment(1)
        self.add_leg(call.caller, segment)
        self.add_leg(call.party, segment)

    def take_control(self, control: Control) -> None:
        """The dialogue is under way; instructions are waited for."""
        self.control = control
        self.dialogue = control.dialogue
        for segment in self.segments.values():
            self.segment_waits(segment)

    def make_leg(self, board: Board, number: int) -> MadeLeg:
        """A leg that the switch makes; it has no segment yet."""
        means, control = self.means, self.control
        office = means.office
        key = None
        if control is not None:
            key = service_key(control.control_point, means.point_code, control.transaction, number)
        return MadeLeg(self, number, board, office.name, office.journal, key)

    @property
    def controlling(self) -> str:
        """The number of who called; empty where nobody did, or it is not known."""
        return "" if self.call is None else self.call.attempt.calling

    def furnish(self, characteristics: bytes) -> None:
        """Write what the SCP has for the record."""
        office = self.means.office
        control = self.control
        if control is None:
            return
        known = [leg for leg in self.legs.values() if leg.key is not None]
        written = tuple(leg.key for leg in known if leg.key is not None and leg.is_written)
        coming = tuple(leg.key for leg in known if leg.key is not None and not leg.is_written)
        tag = characteristics.hex()
        office.journal.append(
            office.name,
            Furnished(control.control_point, self.dialogue, written, coming, tag),
        )

    # LegOwner

    def met(self, leg: Leg, occurrence: Occurrence) -> bool:
        """See `LegOwner`."""
        event = leg.event_of(occurrence)
        arming = leg.armed.pop(event, None)
        if occurrence in _ENDS:
            leg.armed.clear()
        elif occurrence is Occurrence.ANSWER:
            for before in _ATTEMPT:
                leg.armed.pop(leg.event_of(before), None)
            for one in self._places[leg].legs:  # who talks cannot abandon any more
                one.armed.pop(one.event_of(Occurrence.ABANDON), None)
        control = self.control
        if arming is not None and control is not None:
            control.invoke(self._report(leg, event, occurrence, arming.mode))
        elif occurrence in _ENDS and control is not None:
            self._tell_released(leg, control)
        self.reports.met(leg, occurrence)
        self.wake()
        if arming is None or control is None or arming.mode is not MonitorMode.INTERRUPTED:
            return False
        segment = self._places[leg]
        segment.receive(SegmentInput.HELD)
        if not any(one.is_up for one in segment.legs):
            segment.receive(SegmentInput.RESOURCE_GONE)
        return True

    def _report(
        self, leg: Leg, event: EventTypeBCSM, occurrence: Occurrence, mode: MonitorMode
    ) -> EventReportBCSM:
        assert self.control is not None, "there is someone to report to"
        has_cause = occurrence not in _WITHOUT_CAUSE
        if self.control.version is Version.CS1:
            has_cause = has_cause and occurrence not in _WITHOUT_CAUSE_IN_CS1
        information = EventInformation(event, leg.cause) if has_cause else None
        kind = MessageType.REQUEST if mode is MonitorMode.INTERRUPTED else MessageType.NOTIFICATION
        return EventReportBCSM(event, receiving(leg.number), information, MiscCallInfo(kind))

    def _tell_released(self, leg: Leg, control: Control) -> None:
        """Nobody armed the end of a leg that an SCP made: in CS-2 it learns of it all the same."""
        if control.version is Version.CS2 and not isinstance(leg, CallerLeg | CalledLeg):
            failure = BcsmFailure(receiving(leg.number), cause=leg.cause)
            control.invoke(EntityReleased(failure))

    def joined(self, leg: Leg) -> None:
        """See `LegOwner`."""
        segment = self._places[leg]
        for one in segment.legs:
            self.reports.started(one)
        segment.mix()

    def left(self, leg: Leg) -> None:
        """See `LegOwner`."""
        segment = self._remove(leg)
        others = segment.living()
        if isinstance(leg, CallerLeg) or len(others) == 1:
            for other in others:
                other.release(leg.cause)
        self._settle_segment(segment)
        leg.over()

    def forgotten(self, leg: Leg) -> None:
        """See `LegOwner`."""
        self.reports.over(leg)
        if leg in self._places:
            self._settle_segment(self._remove(leg))
        leg.over()

    def _remove(self, leg: Leg) -> CallSegment:
        segment = self._places.pop(leg)
        if self.legs.get(leg.number) is leg:
            del self.legs[leg.number]
        segment.remove(leg)
        return segment

    def _settle_segment(self, segment: CallSegment) -> None:
        if not segment.legs:
            segment.receive(SegmentInput.EMPTIED)
        self.wake()

    # SegmentOwner

    def segment_waits(self, segment: CallSegment) -> None:
        """See `SegmentOwner`."""
        long = segment.state in (SegmentState.INTERACTION, SegmentState.TEMPORARY)
        means = self.means
        self.restart_tssf(segment, means.tssf_interaction_us if long else means.tssf_us)
        self.wake()

    def segment_goes_on(self, segment: CallSegment) -> None:
        """See `SegmentOwner`."""
        self._stop_tssf(segment)
        self.wake()

    def segment_closed(self, segment: CallSegment) -> None:
        """See `SegmentOwner`."""
        self.segments.pop(segment.number, None)
        cause = self._causes.pop(segment, Cause(Q850.NORMAL_UNSPECIFIED))
        for leg in segment.living():
            leg.release(cause)
        if not self.segments and self.control is not None and self.control.persists:
            self.restart_tssf(None, self.means.tssf_us)
        self.wake()

    def release(self, segments: Iterable[CallSegment], cause: Cause) -> None:
        """Release every party of these segments."""
        for segment in list(segments):
            self._causes[segment] = cause
            segment.receive(SegmentInput.RELEASE)

    def release_all(self, cause: Cause) -> None:
        """Release every party."""
        self.release(self.segments.values(), cause)
        if self.control is not None:
            self.control.persists = False
        self.wake()

    def cancel_requests(self, segments: Iterable[CallSegment]) -> None:
        """What was armed, asked for or ordered in these segments is not wanted any more."""
        for segment in list(segments):
            resource = segment.resource
            if isinstance(resource, Interaction):
                resource.cancel(None)
            for leg in segment.legs:
                leg.armed.clear()
                leg.limit_again()
                self.reports.drop(leg)
        self.wake()

    # Tssf

    def restart_tssf(self, segment: CallSegment | None, length_us: int) -> None:
        """Wait so long for instructions; None: of an association that has no segments."""
        self._stop_tssf(segment)
        if self.control is not None:
            clock = self.means.office.clock
            self._tssf[segment] = clock.call_later_us(length_us, self._expired, segment)

    def is_timed(self, segment: CallSegment) -> bool:
        """Whether instructions are waited for."""
        return segment in self._tssf

    def _stop_tssf(self, segment: CallSegment | None) -> None:
        timer = self._tssf.pop(segment, None)
        if timer is not None:
            timer.cancel()

    def _expired(self, segment: CallSegment | None) -> None:
        """The SCP is silent."""
        self._tssf.pop(segment, None)
        self.means.expired += 1
        control = self.control
        if control is not None:
            control.abort()
            self.set_free(lost=True)

    # The dialogue.

    def wake(self) -> None:
        """Something may have to be said, or nothing is left: look at it, once this instant."""
        if self._settling is None:
            self._settling = self.means.office.clock.call_later_us(0, self._settle)

    def _settle(self) -> None:
        self._settling = None
        control = self.control
        if control is not None:
            if self._is_finished(control):
                control.end()
                self.set_free(lost=False)
            elif control.has_something_to_say and not control.flush():
                self.set_free(lost=True)
        if self.control is None and not self.legs:
            self._over(self)

    def _is_finished(self, control: Control) -> bool:
        """Whether nothing is armed, asked for or waited for: the dialogue is of no use any more."""
        if control.persists:
            return False
        return (
            not self.reports.pending
            and all(one.state is SegmentState.MONITORING for one in self.segments.values())
            and not any(leg.armed for leg in self.legs.values())
        )

    def set_free(self, *, lost: bool) -> None:
        """There is no dialogue any more: nothing is reported, and nothing waits.

        Calls that met a trigger go on by themselves, those that wait at it by its default. Legs
        made for the SCP are released where it is lost (41), or nobody is there to talk to (31);
        so is everybody who is alone.
        """
        self.control = None
        for segment in list(self._tssf):
            self._stop_tssf(segment)
        self.reports.cancel()
        for segment in list(self.segments.values()):
            segment.part_resource()
            segment.state = SegmentState.MONITORING
            self._free_segment(segment, lost)
        self.wake()

    def _free_segment(self, segment: CallSegment, lost: bool) -> None:
        for leg in list(segment.legs):
            leg.armed.clear()
            leg.stop_timer()
        cause = Cause(Q850.TEMPORARY_FAILURE if lost else Q850.NORMAL_UNSPECIFIED)
        alone = len(segment.living()) == 1
        for leg in list(segment.legs):
            if alone:
                leg.release(cause)
            elif isinstance(leg, CallerLeg | CalledLeg):
                self._free_called(leg)
            elif lost or not (leg.is_up and sum(one.is_up for one in segment.legs) > 1):
                leg.release(cause)
        for leg in list(segment.legs):
            if leg.state in HELD:
                leg.receive(LegInput.PROCEED)

    def _free_called(self, leg: Leg) -> None:
        if not (isinstance(leg, CalledLeg) and leg.state is LegState.IDLE):
            return
        if leg.continues_by_default:
            leg.receive(LegInput.PROCEED)
            return
        cause = Cause(Q850.NORMAL_UNSPECIFIED)
        for other in list(self._places[leg].legs):
            if other is not leg:
                other.release(cause)
        leg.release(cause)

    def living_legs(self) -> int:
        """How many legs are not over."""
        return sum(leg.state not in OVER for leg in self.legs.values())
