"""Arguments and results of the CS-2 call party handling operations (EN 301 140-1, Q.1228)."""

import msgspec

from calleq.ss7.inap.values import (
    BcsmFailure,
    CallSegmentFailure,
    Extensions,
    LegID,
    LegMove,
    SegmentMove,
    ServiceInteraction,
    Unknown,
)
from calleq.ss7.isup.optional_types import GenericNumber, Number, Redirection
from calleq.ss7.isup.values import CallingNumber, Cause


class DisconnectForwardConnectionWithArgument(msgspec.Struct, frozen=True):
    """SCF to SSF: take this leg, or this call segment, back from its resource."""

    party_to_disconnect: LegID | int
    extensions: Extensions = ()
    more: Unknown = ()


class ContinueWithArgument(msgspec.Struct, frozen=True, kw_only=True):
    """SCF to SSF: go on from the detection point at which this leg or call segment waits."""

    leg_or_segment: LegID | int
    alerting_pattern: bytes | None = None
    generic_name: bytes | None = None
    extensions: Extensions = ()
    service_interaction_two: ServiceInteraction | None = None
    original_called_party_id: Number | None = None
    calling_party_number: CallingNumber | None = None
    calling_partys_category: int | None = None
    redirecting_party_id: Number | None = None
    redirection_information: Redirection | None = None
    generic_numbers: tuple[GenericNumber, ...] = ()
    more: Unknown = ()


class CreateCallSegmentAssociation(msgspec.Struct, frozen=True):
    """SCF to SSF: make an association without call segments; the dialogue is then its own."""

    extensions: Extensions = ()
    more: Unknown = ()


class CallSegmentAssociationCreated(msgspec.Struct, frozen=True):
    """Result of CreateCallSegmentAssociation."""

    new_call_segment_association: int
    """1 to 127."""
    extensions: Extensions = ()
    more: Unknown = ()


class DisconnectLeg(msgspec.Struct, frozen=True):
    """SCF to SSF: release one leg, keep the others."""

    leg_to_be_released: LegID
    release_cause: Cause | None = None
    extensions: Extensions = ()
    more: Unknown = ()


class MergeCallSegments(msgspec.Struct, frozen=True):
    """SCF to SSF: join all legs of the source to the target."""

    source_call_segment: int
    target_call_segment: int = 1
    extensions: Extensions = ()
    more: Unknown = ()


class MoveCallSegments(msgspec.Struct, frozen=True):
    """SCF to SSF: move call segments into another association."""

    target_call_segment_association: int
    call_segments: tuple[SegmentMove, ...]
    legs: tuple[LegMove, ...]
    extensions: Extensions = ()
    more: Unknown = ()


class MoveLeg(msgspec.Struct, frozen=True):
    """SCF to SSF: move a leg into another call segment."""

    leg_id_to_move: LegID
    target_call_segment: int = 1
    extensions: Extensions = ()
    more: Unknown = ()


class Reconnect(msgspec.Struct, frozen=True):
    """SCF to SSF: give the controlling leg its held legs back."""

    notification_duration_s: int | None = None
    """0 to 2047."""
    alerting_pattern: bytes | None = None
    display_information: str | None = None
    extensions: Extensions = ()
    call_segment: int | None = None
    more: Unknown = ()


class SplitLeg(msgspec.Struct, frozen=True):
    """SCF to SSF: part a leg from its call segment, into a new one (2 and on)."""

    leg_to_be_split: LegID
    new_call_segment: int
    extensions: Extensions = ()
    more: Unknown = ()


class EntityReleased(msgspec.Struct, frozen=True):
    """SSF to SCF: a call segment or a leg went by an error of the SSF."""

    failure: CallSegmentFailure | BcsmFailure
