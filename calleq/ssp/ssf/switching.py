"""Service switching of one switch: triggers and dialogues, and which association each belongs to.

A call that meets a trigger asks an SCP (InitialDP): the first of its control points that is
reachable, and the next where the question came back. Where none can be asked, or a gap stops the
call, it is treated at once: by the gap's treatment or the trigger's default. An SCP asks by opening
a dialogue itself, to dial for it (InitiateCallAttempt, CreateCallSegmentAssociation) or to gap.

Refused: a dialogue in a context that no SCP opens, or from a node that is no SCP of this network
(both are aborted). Bounded: `DIALOGUES_LIMIT` dialogues at once; a call beyond is treated by its
trigger's default, an SCP's dialogue beyond is refused by TCAP.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import assert_never

from calleq.ss7.inap.arguments import CallGap
from calleq.ss7.inap.contexts import Context, context_of
from calleq.ss7.inap.control import Control
from calleq.ss7.inap.dialogue import Failed, Indication, Invoked, Refused, Rejected, Returned
from calleq.ss7.inap.operations import ALWAYS_ANSWERED, OperationCode
from calleq.ss7.sccp.contract import SccpProvider
from calleq.ss7.sccp.values import PartyAddress, SubsystemState
from calleq.ss7.tcap.components import ComponentIndication
from calleq.ss7.tcap.contract import (
    AbortReason,
    BeginIndication,
    CancelIndication,
    ContinueIndication,
    EndIndication,
    Event,
    NoticeIndication,
    ProviderAbortIndication,
    UnidirectionalIndication,
    UserAbortIndication,
)
from calleq.ss7.tcap.entity import Entity
from calleq.ssp.board import Board
from calleq.ssp.call import Call
from calleq.ssp.office import Attempt, Office
from calleq.ssp.routing import OwnNumber
from calleq.ssp.ssf.asking import initial_dp
from calleq.ssp.ssf.association import Association
from calleq.ssp.ssf.gap_treatment import treat
from calleq.ssp.ssf.gapping import Asking, Gaps
from calleq.ssp.ssf.means import ServiceMeans
from calleq.ssp.ssf.operations import execute
from calleq.ssp.ssf.service_call import ServiceCall
from calleq.ssp.ssf.triggers import CONTEXTS, EVENTS, Triggers
from calleq.topology import Topology, Trigger, parse_point_code
from calleq.units import SECOND_US

DIALOGUES_LIMIT = 10_000

OPENED_BY_SCP = frozenset(
    (
        Context.CS1_SCP_TO_SSP,
        Context.CS2_SCF_SSF_GENERIC,
        Context.CS1_SCP_TO_SSP_TRAFFIC_MANAGEMENT,
        Context.CS2_SCF_SSF_TRAFFIC_MANAGEMENT,
    )
)


class ServiceSwitching:
    """The SSF of one switch; fulfils `DialogueUser` and `CallMaker`."""

    def __init__(
        self,
        topology: Topology,
        office: Office,
        board: Board | None,
        sccp: SccpProvider,
        point_code: int,
        *,
        dialogues_limit: int = DIALOGUES_LIMIT,
    ) -> None:
        """Registers itself at SCCP as the topology's INAP subsystem; SccpError if that is taken."""
        common = topology.intelligent_network
        self.gaps = Gaps(office.country_code)
        self.asked = 0
        """InitialDPs sent for calls of this switch."""
        self.defaulted = 0
        """Calls that were treated by default: no SCP could be asked, or none answered."""
        self._means = ServiceMeans(office, board, point_code, round(common.tssf_s * SECOND_US))
        self._triggers = Triggers(topology, office.name)
        self._subsystem = common.subsystem
        self._control_points = _control_points(topology)
        self._codes = frozenset(self._control_points.values())
        self._mates = {point.name: point.mate for point in topology.service_control_points}
        self._associations: dict[int, Association] = {}
        self._sccp = sccp
        self._address = PartyAddress(self._subsystem, point_code)
        self._entity = Entity(
            office.clock,
            sccp,
            self._subsystem,
            self,
            dialogues_limit=dialogues_limit,
            answered=ALWAYS_ANSWERED,
            subsystem_listener=self._subsystem_changed,
        )

    def __len__(self) -> int:
        """How many associations there are, with or without a dialogue."""
        return len(self._associations)

    @property
    def expired(self) -> int:
        """How often an SCP was silent for too long."""
        return self._means.expired

    # Calls of the switch.

    def new_call(self, office: Office, attempt: Attempt, ended: Callable[[Call], object]) -> Call:
        """See `CallMaker`."""
        trigger = self._triggers.of(attempt.called)
        if trigger is None or not _is_met(trigger, attempt, office):
            return Call(office, attempt, ended)
        return ServiceCall(office, attempt, ended, trigger, self._triggered)

    def _triggered(self, call: ServiceCall) -> None:
        means = self._means
        association = Association(means, None, self._over)
        association.adopt(call)
        trigger, attempt = call.trigger, call.attempt
        asking = Asking(trigger.service_key, attempt.called, attempt.calling, EVENTS[trigger.point])
        gap = self.gaps.stopped(asking, means.office.clock.monotonic_us())
        if gap is not None:
            treat(means, association, association.segments[1], gap.treatment)
            return
        association.call = call
        association.candidates = self._reachable(trigger.control_point)
        self._ask(association)

    def _reachable(self, control_point: str) -> list[PartyAddress]:
        """The control point and its mate, as far as they are known to be there."""
        names = [control_point, self._mates.get(control_point, "")]
        codes = [self._control_points[name] for name in names if name]
        return [
            PartyAddress(self._subsystem, code)
            for code in codes
            if self._sccp.available(code, self._subsystem)
        ]

    def _ask(self, association: Association) -> None:
        """Ask the next SCP; where there is none, the call goes the default way."""
        call = association.call
        assert call is not None, "only calls that met a trigger ask"
        while association.candidates:
            to = association.candidates.pop(0)
            context = CONTEXTS[call.trigger.capability_set]
            control = Control(self._entity, self._address, context.version)
            if control.begin(initial_dp(call.trigger, call.attempt), to, context):
                self.asked += 1
                self._associations[control.dialogue] = association
                association.take_control(control)
                return
        self._default(association)

    def _default(self, association: Association) -> None:
        self.defaulted += 1
        association.set_free(lost=True)

    def _ask_another(self, association: Association, control: Control) -> bool:
        """A question that was not answered goes to the next SCP, if there is one."""
        if control.is_heard or association.call is None or not association.candidates:
            return False
        control.abort()
        self._associations.pop(control.dialogue, None)
        self._ask(association)
        return True

    def _subsystem_changed(
        self, point_code: int, subsystem: int, state: SubsystemState, now_us: int
    ) -> None:
        """Questions to an SCP that is gone need not wait; dialogues may find it back."""
        if state is not SubsystemState.PROHIBITED or subsystem != self._subsystem:
            return
        for association in list(self._associations.values()):
            control = association.control
            if control is not None and control.control_point == point_code:
                self._ask_another(association, control)

    # Dialogues.

    def dialogue_event(self, event: Event, now_us: int) -> None:
        """See `DialogueUser`."""
        match event:
            case BeginIndication():
                self._begun(event)
            case ContinueIndication(dialogue, _, _, components):
                self._said(dialogue, components)
            case EndIndication(dialogue, _, _, components):
                self._said(dialogue, components)
                association = self._associations.get(dialogue)
                if association is not None:
                    association.set_free(lost=False)
            case UserAbortIndication(dialogue) | ProviderAbortIndication(dialogue):
                association = self._associations.get(dialogue)
                if association is not None:
                    self._lose(association)
            case NoticeIndication(dialogue):
                self._not_delivered(dialogue)
            case CancelIndication():
                """The operations of a switch succeed unless an SCP says that they did not."""
            case UnidirectionalIndication():
                """No operation of INAP comes without a dialogue."""
            case _:
                assert_never(event)

    def _lose(self, association: Association) -> None:
        if association.control is not None:
            self.defaulted += not association.control.is_heard
            association.set_free(lost=True)

    def _not_delivered(self, dialogue: int) -> None:
        association = self._associations.get(dialogue)
        control = None if association is None else association.control
        if association is None or control is None or self._ask_another(association, control):
            return
        control.abort()
        self._lose(association)

    def _begun(self, event: BeginIndication) -> None:
        context = None if event.context is None else context_of(event.context)
        code = event.calling.point_code
        if context not in OPENED_BY_SCP or context is None:
            offered = Context.CS1_SCP_TO_SSP.identifier
            reason = AbortReason.CONTEXT_NOT_SUPPORTED
            self._entity.abort(event.dialogue, reason=reason, context=offered)
        elif code is None or code not in self._codes:
            self._entity.abort(event.dialogue, reason=AbortReason.DIALOGUE_REFUSED)
        else:
            control = Control(
                self._entity,
                self._address,
                context.version,
                dialogue=event.dialogue,
                control_point=code,
            )
            association = Association(self._means, control, self._over)
            self._associations[event.dialogue] = association
            self._said(event.dialogue, event.components)

    def _said(self, dialogue: int, components: Iterable[ComponentIndication]) -> None:
        association = self._associations.get(dialogue)
        control = None if association is None else association.control
        if association is None or control is None:
            return
        for indication in control.read(components):
            if not self._take(association, control, indication):
                control.abort()
                self._default(association)
                return
        association.wake()

    def _take(self, association: Association, control: Control, said: Indication) -> bool:
        """Do what one component wants; False where the SCP does not take the question."""
        match said:
            case Invoked():
                self._invoked(association, control, said)
            case Refused(_, _, answer):
                if answer is None:
                    control.owe()  # TCAP's own reject goes with the next message
                else:
                    control.say(answer)
            case Failed(_, operation) | Rejected(_, operation):
                return operation is not OperationCode.INITIAL_DP
            case Returned():
                """A switch asks for nothing that has a result."""
            case _:
                assert_never(said)
        return True

    def _invoked(self, association: Association, control: Control, invoked: Invoked) -> None:
        argument = invoked.argument
        if isinstance(argument, CallGap):
            self.gaps.set(argument, self._means.office.clock.monotonic_us())
        else:
            control.carry_out(invoked, partial(execute, association))

    def _over(self, association: Association) -> None:
        """Nothing is left of an association."""
        self._associations.pop(association.dialogue, None)
        self._means.forget_association(association.identity)


def _is_met(trigger: Trigger, attempt: Attempt, office: Office) -> bool:
    """Calls that pass through do not terminate here."""
    terminating = trigger.point == "termination_attempt"
    return not terminating or isinstance(office.routing.route(attempt.called), OwnNumber)


def _control_points(topology: Topology) -> Mapping[str, int]:
    return {
        point.name: parse_point_code(point.point_code, topology.variant)
        for point in topology.service_control_points
    }
