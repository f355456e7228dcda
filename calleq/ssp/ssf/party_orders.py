"""Call party handling of CS-2: legs and segments made, moved, joined, parted and let go."""

from calleq.causes import Q850
from calleq.ss7.inap import party_handling as p
from calleq.ss7.inap.errors import ErrorCode
from calleq.ss7.inap.refusals import refuse
from calleq.ss7.isup.messages import Cause
from calleq.ssp.ssf.association import Association
from calleq.ssp.ssf.leg import Leg, LegInput
from calleq.ssp.ssf.named import leg_of, segment_of, settle
from calleq.ssp.ssf.segment import CallSegment, SegmentInput, SegmentState
from calleq.ssp.ssf.service_call import CALLER, CallerLeg

_E = ErrorCode
_NORMAL = Cause(Q850.NORMAL_UNSPECIFIED)


def create_association(
    association: Association, invoke_id: int, argument: p.CreateCallSegmentAssociation
) -> p.CallSegmentAssociationCreated:
    """The association is the dialogue's: it lives until the SCP ends it."""
    control = association.control
    if association.segments or control is None or control.persists:
        raise refuse(_E.UNEXPECTED_COMPONENT_SEQUENCE, "there is an association already")
    identity = association.means.name_association(association)
    if not identity:
        raise refuse(_E.SYSTEM_FAILURE, "all identities are taken", 0)
    association.identity = identity
    control.persists = True
    association.restart_tssf(None, association.means.tssf_us)
    return p.CallSegmentAssociationCreated(identity)


def disconnect_leg(association: Association, invoke_id: int, argument: p.DisconnectLeg) -> None:
    """In whatever state it is."""
    leg = leg_of(association, argument.leg_to_be_released)
    segment = association.place(leg)
    leg.release(argument.release_cause or _NORMAL)
    if [type(one) for one in segment.living()] == [CallerLeg]:
        segment.receive(SegmentInput.HELD)  # who called waits for another party
    settle(segment)


def merge(association: Association, invoke_id: int, argument: p.MergeCallSegments) -> None:
    """All legs of the source join the target; the source is gone."""
    source = segment_of(association, argument.source_call_segment)
    target = segment_of(association, argument.target_call_segment)
    if source is target:
        raise refuse(_E.UNEXPECTED_DATA_VALUE, "a call segment is not merged with itself")
    _check_shape(source, target)
    for leg in list(source.legs):
        association.move(leg, target)
    settle(target)


def move_leg(association: Association, invoke_id: int, argument: p.MoveLeg) -> None:
    """The leg joins the target; a source that is left empty is gone."""
    leg = leg_of(association, argument.leg_id_to_move)
    target = segment_of(association, argument.target_call_segment)
    source = association.place(leg)
    if source is target:
        raise refuse(_E.UNEXPECTED_DATA_VALUE, f"leg {leg.number} is there already")
    _check_shape(source, target)
    association.move(leg, target)
    settle(target)


def split_leg(association: Association, invoke_id: int, argument: p.SplitLeg) -> None:
    """The leg has a new segment of its own, in the state of the one it was in."""
    leg = leg_of(association, argument.leg_to_be_split)
    source = association.place(leg)
    if argument.new_call_segment in association.segments:
        raise refuse(
            _E.UNEXPECTED_DATA_VALUE, f"call segment {argument.new_call_segment} is there already"
        )
    if len(source.legs) < 2:
        raise refuse(_E.TASK_REFUSED, "nobody would be left")
    _check_shape(source)
    target = association.add_segment(argument.new_call_segment)
    if source.state is SegmentState.MONITORING:
        target.receive(SegmentInput.CONTINUE)
    association.move(leg, target)
    leg.hear(())
    settle(target)


def _check_shape(*segments: CallSegment) -> None:
    """Both may change, or neither does."""
    for segment in segments:
        if not segment.allows(SegmentInput.RESHAPE):
            segment.receive(SegmentInput.RESHAPE)  # refuses
    for segment in segments:
        segment.receive(SegmentInput.RESHAPE)


def move_segments(association: Association, invoke_id: int, argument: p.MoveCallSegments) -> None:
    """Segments with their legs go to another association of the same SCP."""
    target = association.means.association(argument.target_call_segment_association)
    control = association.control
    if (
        target is None
        or target is association
        or not isinstance(target, Association)
        or target.control is None
        or control is None
        or target.control.control_point != control.control_point
    ):
        raise refuse(_E.UNEXPECTED_DATA_VALUE, "there is no such association")
    legs = {move.source.leg: move.new.leg for move in argument.legs}
    moving: list[tuple[CallSegment, int]] = []
    for move in argument.call_segments:
        segment = segment_of(association, move.source)
        if move.new in target.segments or not segment.allows(SegmentInput.RESHAPE):
            raise refuse(_E.UNEXPECTED_DATA_VALUE, f"call segment {move.new}")
        moving.append((segment, move.new))
    for segment, _ in moving:
        for leg in segment.legs:
            if legs.get(leg.number, leg.number) in target.legs:
                raise refuse(_E.UNEXPECTED_DATA_VALUE, f"leg {leg.number} finds no number there")
    for segment, number in moving:
        _move_segment(association, target, segment, number, legs)


def _move_segment(
    source: Association,
    target: Association,
    segment: CallSegment,
    number: int,
    legs: dict[int, int],
) -> None:
    there = target.add_segment(number)
    if segment.state is SegmentState.MONITORING:
        there.receive(SegmentInput.CONTINUE)
    moved: list[Leg] = list(segment.legs)
    for leg in moved:
        source.give(leg)
        leg.owner = target
        leg.number = legs.get(leg.number, leg.number)
        target.add_leg(leg, there)
    there.mix()
    settle(there)


def reconnect(association: Association, invoke_id: int, argument: p.Reconnect) -> None:
    """The controlling party, which has hung up, is rung again for those who are held."""
    segment = segment_of(association, argument.call_segment)
    board, number = association.means.board, association.controlling
    if CALLER in association.legs or not number or board is None:
        raise refuse(_E.UNEXPECTED_COMPONENT_SEQUENCE, "no controlling party has gone")
    if not any(leg.is_up for leg in segment.legs):
        raise refuse(_E.UNEXPECTED_COMPONENT_SEQUENCE, "nobody is held")
    segment.receive(SegmentInput.RECONNECT)
    leg = association.make_leg(board, CALLER)
    leg.called = number
    association.add_leg(leg, segment)
    leg.receive(LegInput.PROCEED)
