"""SCCP routing control (Q.714 §2.3): where a message goes, decided and nothing else.

Owns the decision of Figure C.1: deliver here, send on with which called address, or give up with
which cause. It knows no wire and no clock; translations and the state of the network are given to
it. A called address that is routed on subsystem number is for this node when it comes from the
network, whatever point code it has (Q.714 §2.3.1); a user's own goes to the point code in it.

Titles: after translation with another title to come, the message goes on and its hop counter, where
it has one, is lowered; it is not lowered where the message begins. A translation that leads back to
this node without an end is a fault of the rules (`SCCP_FAILURE`).
"""

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from calleq.ss7.sccp.messages import (
    Ludt,
    Ludts,
    Message,
    ServiceMessage,
    Udt,
    Udts,
    Xudt,
    Xudts,
)
from calleq.ss7.sccp.translation import Entity, TranslationTable
from calleq.ss7.sccp.values import PartyAddress, ReturnCause

DEFAULT_IMPORTANCE = 4
"""Of data without an importance of its own (Q.714 table 2)."""
DEFAULT_SERVICE_IMPORTANCE = 3
HIGHEST_IMPORTANCE = 7

Obstacle = Callable[[int, int | None, int], ReturnCause | None]
"""Why a point, and a subsystem there, cannot be sent to with an importance; None: it can."""


class Here(msgspec.Struct, frozen=True):
    """For this node: the message, for the subsystem in its called address."""

    message: Message


class Onward(msgspec.Struct, frozen=True):
    """For another node."""

    destination: int
    message: Message


class Refused(msgspec.Struct, frozen=True):
    """Nowhere to go."""

    cause: ReturnCause


Decision = Here | Onward | Refused


class RoutingControl:
    """SCRC of one node."""

    def __init__(self, point_code: int, table: TranslationTable, obstacle: Obstacle) -> None:
        self._point_code = point_code
        self._table = table
        self._obstacle = obstacle

    def from_user(self, message: Message, selection: int) -> Decision:
        """A message that begins here."""
        called = message.called
        if called.route_on_title:
            return self._on_title(message, selection)
        code = called.point_code
        if code is None or code == self._point_code:
            return Here(message)
        return self._to(code, called.ssn, message)

    def from_network(self, message: Message, selection: int) -> Decision:
        """A message from another node."""
        if not message.called.route_on_title:
            return Here(message)
        if isinstance(message, Xudt | Xudts):
            if message.hop_counter <= 1:
                return Refused(ReturnCause.HOP_COUNTER_VIOLATION)
            message = replace(message, hop_counter=message.hop_counter - 1)
        return self._on_title(message, selection)

    def _on_title(self, message: Message, selection: int) -> Decision:
        called = message.called
        if called.title is None:
            return Refused(ReturnCause.UNQUALIFIED)
        importance = importance_of(message)

        def reach(entity: Entity, on_title: bool) -> ReturnCause | None:
            if entity.point_code == self._point_code:
                return None
            ssn = None if on_title else entity.ssn or called.ssn
            return self._obstacle(entity.point_code, ssn, importance)

        translated = self._table.translate(called, selection, reach)
        if isinstance(translated, ReturnCause):
            return Refused(translated)
        onward: Message = replace(message, called=translated.called)
        if translated.point_code != self._point_code:
            return Onward(translated.point_code, onward)
        if translated.called.route_on_title:
            return Refused(ReturnCause.SCCP_FAILURE)
        return Here(onward)

    def _to(self, code: int, ssn: int | None, message: Message) -> Decision:
        cause = self._obstacle(code, ssn, importance_of(message))
        return Onward(code, message) if cause is None else Refused(cause)


def importance_of(message: Message) -> int:
    """How much a message matters where a destination is congested."""
    if isinstance(message, Xudt | Xudts) and message.importance is not None:
        return message.importance
    if isinstance(message, Udts | Xudts):
        return DEFAULT_SERVICE_IMPORTANCE
    return DEFAULT_IMPORTANCE


def answerable(message: Message, origin: int) -> Message:
    """The message with a calling address that others can answer (Q.714 §2.3.1)."""
    return replace(message, calling=full_address(message.calling, origin))


def full_address(address: PartyAddress, origin: int) -> PartyAddress:
    """The address with a point code, where it is routed on subsystem number and has none."""
    if address.route_on_title or address.point_code is not None:
        return address
    return replace(address, point_code=origin)


def returned(message: Udt | Xudt, cause: ReturnCause) -> ServiceMessage:
    """The service message that brings data back to its sender (Q.714 §4.2)."""
    called, calling, data = message.calling, message.called, message.data
    if isinstance(message, Udt):
        return Udts(called, calling, data, cause)
    kind = Ludts if isinstance(message, Ludt) else Xudts
    return kind(
        called,
        calling,
        data,
        cause,
        segmentation=message.segmentation,
        importance=message.importance,
        other=message.other,
    )
