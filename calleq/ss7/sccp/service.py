"""SCCP of one node: what an element attaches to its place in the signalling network (Q.711–Q.714).

Owns the local subsystems and their users, and carries out what routing decides: it hands data to
users, sends it, or brings it back to its sender. It speaks service 3 of the node that it is given
and fulfils `SccpProvider`. A transfer point attaches one too: units for its own point code are
translated and sent on with its own point code as origin.

What arrives and cannot be read is discarded (`malformed`); a service message that cannot be
delivered is discarded too (`undeliverable`), nothing is ever returned for it. Every return is
counted by its cause. Users are called from the network's side or from the clock, never from within
their own `send`. An exception out of a user is our own bug and passes through.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol, assert_never

from msgspec.structs import replace

from calleq.runtime.clock import Clock, Timer
from calleq.ss7.mtp3 import Msu, Status
from calleq.ss7.sccp.codec import limit_octets, message_codec
from calleq.ss7.sccp.contract import DATA_LIMIT_OCTETS, SccpUser
from calleq.ss7.sccp.management import SOLITARY, SubsystemManagement
from calleq.ss7.sccp.management_codec import (
    Kind,
    Management,
    decode_management,
    encode_management,
)
from calleq.ss7.sccp.messages import CLASS_IN_SEQUENCE, Message, Udt, Udts, Xudt, Xudts
from calleq.ss7.sccp.plan import SccpPlan
from calleq.ss7.sccp.routing import (
    HIGHEST_IMPORTANCE,
    Here,
    Onward,
    Refused,
    RoutingControl,
    answerable,
    full_address,
    returned,
)
from calleq.ss7.sccp.segmentation import Complete, GivenUp, Reassembly, fits, pieces
from calleq.ss7.sccp.snapshots import SccpSnapshot, remote_words
from calleq.ss7.sccp.translation import TranslationTable
from calleq.ss7.sccp.values import (
    SERVICE_SCCP,
    PartyAddress,
    PointState,
    ReturnCause,
    SccpError,
    SubsystemNumber,
    SubsystemState,
)
from calleq.ss7.variant import ITU, Variant

SUBSYSTEM_LIMIT = 254
REFERENCES = 1 << 24
MANAGEMENT_SELECTION = 0
"""Management messages go one way, and so in order."""

_CAUSES = {int(cause): cause for cause in ReturnCause}


class SignallingNetwork(Protocol):
    """What a node of the signalling network offers SCCP; `Mtp3Node` fulfils it."""

    @property
    def point_code(self) -> int:
        """Its own."""

    def accessible(self, destination: int) -> bool:
        """Whether a route to the point code is in service."""

    def transfer(
        self,
        destination: int,
        selection: int,
        payload: bytes,
        *,
        service: int = SERVICE_SCCP,
    ) -> bool:
        """Send; False when no route is in service, and nothing was sent."""

    def on_message(self, service: int, receive: Callable[[Msu], None]) -> None:
        """As `MessageTransfer`; so are the next two."""

    def on_status(self, changed: Callable[[int, bool], None]) -> None: ...

    def on_indication(self, told: Callable[[Status], None]) -> None: ...


class _Local:
    def __init__(self, user: SccpUser) -> None:
        self.user = user
        self.in_service = True


class SccpNode:
    """SCCP of one node of the signalling network."""

    def __init__(
        self,
        network: SignallingNetwork,
        clock: Clock,
        plan: SccpPlan | None = None,
        variant: Variant = ITU,
    ) -> None:
        """Attach to the network as its service 3; SccpError when the plan is not sound.

        `variant` is that of the network.
        """
        self.plan = plan or SccpPlan()
        self.point_code = network.point_code
        self.table = TranslationTable(self.plan.rules)
        self.management = SubsystemManagement(
            self.plan,
            clock,
            network.accessible,
            self._send_management,
            self._tell_subsystem,
            self._tell_point,
        )
        self.sent = 0
        self.delivered = 0
        self.relayed = 0
        self.malformed = 0
        self.undeliverable = 0
        self.returns: Counter[ReturnCause] = Counter()
        self.reassembly = Reassembly()
        self._network = network
        self._clock = clock
        self._variant = variant
        self._codec = message_codec(variant)
        self._routing = RoutingControl(self.point_code, self.table, self.management.obstacle)
        self._locals: dict[int, _Local] = {}
        self._rotation = 0
        self._reference = 0
        self._reassembly_timer: Timer | None = None
        network.on_message(SERVICE_SCCP, self._received)
        network.on_status(self.management.status_changed)
        network.on_indication(self.management.indicated)

    def register(self, ssn: int, user: SccpUser) -> None:
        """See `SccpProvider`."""
        if not SubsystemNumber.MANAGEMENT < ssn <= SUBSYSTEM_LIMIT or ssn in self._locals:
            raise SccpError(f"subsystem {ssn}: 2 to {SUBSYSTEM_LIMIT}, each once")
        self._locals[ssn] = _Local(user)
        self.management.local_changed(ssn, self.point_code, True)

    def set_in_service(self, ssn: int, in_service: bool) -> None:
        """See `SccpProvider`."""
        local = self._locals.get(ssn)
        if local is None:
            raise SccpError(f"no subsystem {ssn} here")
        if local.in_service != in_service:
            local.in_service = in_service
            self.management.local_changed(ssn, self.point_code, in_service)

    def available(self, point_code: int, ssn: int) -> bool:
        """See `SccpProvider`."""
        if point_code == self.point_code:
            local = self._locals.get(ssn)
            return local is not None and local.in_service
        return (
            self._network.accessible(point_code)
            and self.management.obstacle(point_code, ssn, HIGHEST_IMPORTANCE) is None
        )

    def send(
        self,
        called: PartyAddress,
        calling: PartyAddress,
        data: bytes,
        *,
        return_on_error: bool = True,
        sequence: int | None = None,
    ) -> None:
        """See `SccpProvider`."""
        if not 0 < len(data) <= DATA_LIMIT_OCTETS:
            raise SccpError(f"data of {len(data)} octets: 1 to {DATA_LIMIT_OCTETS}")
        if sequence is None:
            self._rotation = (self._rotation + 1) % self._variant.selections
            selection = self._rotation
        else:
            selection = sequence % self._variant.selections
        called = self._coded(called)
        calling = self._coded(full_address(calling, self.point_code))
        kind = 0 if sequence is None else CLASS_IN_SEQUENCE
        message: Udt | Xudt = Udt(called, calling, data, kind, return_on_error)
        if not fits(message, self._variant) or (called.route_on_title and self.plan.extended):
            message = Xudt(called, calling, data, kind, return_on_error)
        decision = self._routing.from_user(message, selection)
        match decision:
            case Here(local):
                self._clock.call_later_us(0, self._deliver, local, self.point_code, selection)
            case Onward(destination, onward):
                assert isinstance(onward, Udt | Xudt), "data stays data"
                cause = self._transmit(destination, onward, selection)
                if cause is not None:
                    self._give_back(message, cause)
            case Refused(cause):
                self._give_back(message, cause)
            case _:
                assert_never(decision)

    def snapshot(self) -> SccpSnapshot:
        """What has been done, and what is known, now."""
        return SccpSnapshot(
            {ssn: local.in_service for ssn, local in self._locals.items()},
            remote_words(self.management),
            self.sent,
            self.delivered,
            self.relayed,
            self.malformed,
            self.undeliverable,
            self.reassembly.dropped,
            len(self.reassembly),
            {cause.name.lower(): count for cause, count in self.returns.items()},
        )

    def _transmit(
        self, destination: int, message: Udt | Xudt, selection: int
    ) -> ReturnCause | None:
        """Send a message that begins here, in segments where it must be; why it could not."""
        self._reference = (self._reference + 1) % REFERENCES
        units = pieces(message, self._reference, self._variant)
        if units is None:
            return ReturnCause.SEGMENTATION_FAILURE
        for unit in units:
            cause = self._put(destination, unit, selection)
            if cause is not None:
                return cause
        self.sent += 1
        return None

    def _put(self, destination: int, message: Message, selection: int) -> ReturnCause | None:
        """Send one unit; why it could not be sent."""
        try:
            octets = self._codec.encode(message)
            if len(octets) > limit_octets(self._variant):
                return ReturnCause.SEGMENTATION_NOT_SUPPORTED
        except SccpError:
            # Rules are checked beforehand: it is the length that a translation has made too great.
            return ReturnCause.SEGMENTATION_FAILURE
        if self._network.transfer(destination, selection, octets, service=SERVICE_SCCP):
            return None
        return ReturnCause.MTP_FAILURE

    def _received(self, msu: Msu) -> None:
        """A unit has arrived from another node."""
        origin = msu.origin
        self.management.heard(origin)
        try:
            message = answerable(self._codec.decode(msu.payload), origin)
        except SccpError:
            self.malformed += 1
            return
        decision = self._routing.from_network(message, msu.selection)
        match decision:
            case Here(local):
                self._deliver(local, origin, msu.selection)
            case Onward(destination, onward):
                cause = self._put(destination, onward, msu.selection)
                if cause is None:
                    self.relayed += 1
                else:
                    self._return(message, cause, msu.selection)
            case Refused(cause):
                self._return(message, cause, msu.selection)
            case _:
                assert_never(decision)

    def _deliver(self, message: Message, origin: int, selection: int) -> None:
        """Hand a message to the subsystem in its called address."""
        ssn = message.called.ssn or 0
        if ssn == SubsystemNumber.MANAGEMENT:
            self._manage(message, origin)
            return
        local = self._locals.get(ssn)
        if local is None:
            self._return(message, ReturnCause.UNEQUIPPED_USER, selection)
        elif not local.in_service:
            if origin != self.point_code:
                self._say(Kind.SSP, ssn, origin)
            self._return(message, ReturnCause.SUBSYSTEM_FAILURE, selection)
        elif isinstance(message, Udts | Xudts):
            self._notice(local, message)
        elif isinstance(message, Xudt) and message.segmentation is not None:
            self._ended(self.reassembly.add(message, self._clock.monotonic_us()))
            self._watch_reassembly()
        else:
            self.delivered += 1
            now_us = self._clock.monotonic_us()
            local.user.unitdata(message.called, message.calling, message.data, now_us)

    def _notice(self, local: _Local, message: Udts | Xudts) -> None:
        """Data has come back; of a long one the first segment says so."""
        part = message.segmentation if isinstance(message, Xudts) else None
        if part is not None and not part.first:
            return
        cause = _CAUSES.get(message.cause, ReturnCause.UNQUALIFIED)
        now_us = self._clock.monotonic_us()
        local.user.notice(cause, message.calling, message.called, message.data, now_us)

    def _ended(self, ended: Sequence[Complete | GivenUp]) -> None:
        for one in ended:
            match one:
                case Complete(called, calling, data):
                    self.delivered += 1
                    # Checked when its last segment came: the subsystem is here and in service.
                    local = self._locals[called.ssn or 0]
                    local.user.unitdata(called, calling, data, self._clock.monotonic_us())
                case GivenUp(first, cause):
                    self._return(first, cause, 0)
                case _:
                    assert_never(one)

    def _watch_reassembly(self) -> None:
        """Let T(reass) of the oldest message run."""
        due_us = self.reassembly.next_due_us()
        if due_us is not None and self._reassembly_timer is None:
            delay_us = max(0, due_us - self._clock.monotonic_us())
            self._reassembly_timer = self._clock.call_later_us(delay_us, self._reassembly_due)

    def _reassembly_due(self) -> None:
        self._reassembly_timer = None
        self._ended(self.reassembly.expire(self._clock.monotonic_us()))
        self._watch_reassembly()

    def _return(self, message: Message, cause: ReturnCause, selection: int) -> None:
        """Bring data back to its sender, if that was asked (Q.714 §4.2)."""
        if isinstance(message, Udts | Xudts):
            self.undeliverable += 1
            return
        self.returns[cause] += 1
        if not message.return_on_error:
            return
        decision = self._routing.from_user(returned(message, cause), selection)
        match decision:
            case Here(local):
                self._deliver(local, self.point_code, selection)
            case Onward(destination, onward):
                self.undeliverable += self._put(destination, onward, selection) is not None
            case Refused():
                self.undeliverable += 1
            case _:
                assert_never(decision)

    def _give_back(self, message: Udt | Xudt, cause: ReturnCause) -> None:
        """Data that a local user has just sent goes nowhere: tell it, when it has returned."""
        self.returns[cause] += 1
        local = self._locals.get(message.calling.ssn or 0)
        if message.return_on_error and local is not None:
            notice = Udts(message.calling, message.called, message.data, cause)
            self._clock.call_later_us(0, self._notice, local, notice)

    def _manage(self, message: Message, origin: int) -> None:
        """A message for subsystem 1 (Q.714 §5)."""
        try:
            told = decode_management(message.data, self._variant)
        except SccpError:
            self.malformed += 1
            return
        if told.kind is not Kind.SST:
            self.management.received(told, origin)
        elif told.point_code == self.point_code:
            local = self._locals.get(told.ssn)
            is_there = local is not None and local.in_service
            if is_there or told.ssn == SubsystemNumber.MANAGEMENT:
                self._say(Kind.SSA, told.ssn, origin)

    def _say(self, kind: Kind, ssn: int, to: int) -> None:
        self._send_management(Management(kind, ssn, self.point_code, SOLITARY), to)

    def _send_management(self, message: Management, to: int) -> None:
        if to == self.point_code:  # mates may share a plan that names both
            return
        called = self._coded(PartyAddress(SubsystemNumber.MANAGEMENT, to))
        calling = self._coded(PartyAddress(SubsystemNumber.MANAGEMENT, self.point_code))
        data = encode_management(message, self._variant)
        self._put(to, Udt(called, calling, data), MANAGEMENT_SELECTION)

    def _coded(self, address: PartyAddress) -> PartyAddress:
        """Users need not know that addresses of an ANSI network say that they are national."""
        return replace(address, national=True) if self._variant.is_ansi else address

    def _tell_subsystem(self, code: int, ssn: int, state: SubsystemState) -> None:
        for local in tuple(self._locals.values()):
            local.user.subsystem_state(code, ssn, state, self._clock.monotonic_us())

    def _tell_point(self, code: int, state: PointState) -> None:
        for local in tuple(self._locals.values()):
            local.user.point_state(code, state, self._clock.monotonic_us())
