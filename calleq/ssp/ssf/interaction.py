"""What a call segment is connected to for a while: the switch's own resource, or one elsewhere.

`Interaction` is the switch's announcement board under the SCP's command: reports, results and
errors of what it plays go into the dialogue of the association. `TemporaryConnection` is a call of
the switch to a peripheral, which takes its orders from the SCP in a dialogue of its own; what ties
the two together, correlation and SCF identity, travels in the IAM (Q.763 §3.70, §3.71), and the
digits of the correlation behind the called number besides, for resources that read no more. A
connection that is not answered is answered for with `etcFailed`; one that ends by itself gives the
word back to the SCP.
"""

from typing import Protocol

from calleq.calling_logic.means import Way
from calleq.causes import Q850
from calleq.journal.entries import Transit
from calleq.media.contract import wire_source
from calleq.special_resource.announcer import Announcer
from calleq.special_resource.orders import Order, announcement, collection
from calleq.ss7.inap.arguments import (
    PlayAnnouncement,
    PromptAndCollectUserInformation,
    ReceivedInformation,
    SpecializedResourceReport,
)
from calleq.ss7.inap.assisting import assisting
from calleq.ss7.inap.control import Control
from calleq.ss7.inap.digits import generic_digits
from calleq.ss7.inap.errors import ErrorCode, OperationError
from calleq.ss7.isup.messages import CalledNumber, CallingNumber, Cause, Iam, Message
from calleq.ss7.isup.optional_types import GenericDigits
from calleq.ssp.board import Board, Port
from calleq.ssp.ssf.means import ServiceMeans
from calleq.ssp.ssf.segment import CallSegment, SegmentInput


class InteractionOwner(Protocol):
    """The call segment association."""

    means: ServiceMeans
    control: Control | None

    def wake(self) -> None:
        """Something is to be said."""


class Interaction:
    """The switch's own resource; fulfils `Resource` and `AnnouncerUser`."""

    def __init__(self, owner: InteractionOwner, segment: CallSegment) -> None:
        means = owner.means
        office = means.office
        self._owner = owner
        self._segment = segment
        self._announcer = Announcer(
            office.name, means.next_player(), office.voice, office.clock, self
        )

    @property
    def source(self) -> str:
        return self._announcer.source

    def hear(self, sources: tuple[str, ...]) -> None:
        """A player hears nobody."""

    def part(self) -> None:
        self._announcer.part()

    def play(self, invoke_id: int, argument: PlayAnnouncement) -> None:
        """Play it. Raises OperationRefused."""
        self._announcer.order(
            announcement(
                invoke_id,
                argument.information_to_send,
                reports=argument.request_announcement_complete,
                is_last=not argument.disconnect_from_ip_forbidden,
            )
        )

    def collect(self, invoke_id: int, argument: PromptAndCollectUserInformation) -> None:
        """Collect it; the result follows. Raises OperationRefused."""
        self._announcer.order(
            collection(
                invoke_id,
                argument.information_to_send,
                argument.collected_info,
                is_last=not argument.disconnect_from_ip_forbidden,
            )
        )

    def cancel(self, invoke_id: int | None) -> bool:
        """Give up one order, or all."""
        return self._announcer.cancel(invoke_id)

    # AnnouncerUser

    def announced(self, order: Order) -> None:
        control = self._owner.control
        if control is not None:
            control.invoke(SpecializedResourceReport(), order.invoke_id)
            self._owner.wake()

    def collected(self, order: Order, digits: str) -> None:
        control = self._owner.control
        if control is not None:
            control.result(order.invoke_id, ReceivedInformation(generic_digits(digits)))
            self._owner.wake()

    def order_failed(self, order: Order, error: OperationError) -> None:
        control = self._owner.control
        if control is not None:
            control.error(order.invoke_id, error)
            self._owner.wake()

    def resource_free(self) -> None:
        self._segment.receive(SegmentInput.RESOURCE_GONE)
        self._owner.wake()

    def source_changed(self) -> None:
        self._segment.mix()

    def wire_judged(self) -> str:
        return next((leg.wire for leg in self._segment.legs if leg.is_up and leg.wire), "")


class TemporaryConnection:
    """A way to a resource elsewhere; fulfils `Resource` and `WayUser`."""

    def __init__(
        self,
        owner: InteractionOwner,
        segment: CallSegment,
        invoke_id: int,
        board: Board,
        port: Port,
    ) -> None:
        self._owner = owner
        self._segment = segment
        self._invoke_id = invoke_id
        self._board = board
        self._port: Port | None = port
        self._is_up = False

    @property
    def source(self) -> str:
        port = self._port
        return "" if port is None or not (self._is_up and port.wire) else wire_source(port.wire)

    def hear(self, sources: tuple[str, ...]) -> None:
        if self._port is not None and self._is_up:
            self._port.hear(sources)

    def part(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.release(Cause(Q850.NORMAL))

    def dial(
        self, number: str, calling: str, correlation: GenericDigits | None, scf: bytes | None
    ) -> None:
        """Call the resource for the party `calling`; it answers, or the operation fails."""
        port = self._port
        assert port is not None, "a port is seized first"
        shown = CallingNumber(calling[1:]) if calling else None
        iam = Iam(0, CalledNumber(number[1:]), shown, other=assisting(correlation, scf))
        # The port belonged to a party of some call before: what follows is no party's any more.
        office = self._owner.means.office
        office.journal.append(office.name, Transit(None, port.key, called=number))
        self._board.dial(port, number, calling, self, iam)

    # WayUser

    def circuit_alerting(self, circuit: Way) -> None:
        """A resource answers at once."""

    def circuit_progress(self, circuit: Way) -> None:
        """A resource answers at once."""

    def circuit_answered(self, circuit: Way) -> None:
        if circuit is self._port:
            self._is_up = True
            self._segment.mix()

    def circuit_notice(self, circuit: Way, message: Message) -> None:
        """Nothing that could be said concerns the call."""

    def circuit_released(self, circuit: Way, cause: Cause) -> None:
        self._over(circuit)

    def circuit_cleared(self, circuit: Way) -> None:
        self._over(circuit)

    def _over(self, circuit: Way) -> None:
        if circuit is not self._port:
            return
        self._port = None
        control = self._owner.control
        if not self._is_up and control is not None:
            control.error(self._invoke_id, OperationError(ErrorCode.ETC_FAILED))
        self._segment.receive(SegmentInput.RESOURCE_GONE)
        self._owner.wake()
