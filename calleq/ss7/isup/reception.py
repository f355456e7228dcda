"""From an ISUP message to what it means to its circuit, and what is not understood (Q.764 §2.9.5).

`event_of` knows which input of the circuit's table a message is. `Examiner` looks at
the messages that carry more than their mandatory part: it keeps those whose second segment follows,
applies the compatibility instructions to what Q.763 does not have there, and hears of congestion.
Most messages carry nothing more and never come here.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from calleq.ss7.isup.circuit import TrunkCircuit
from calleq.ss7.isup.circuit_states import Input, State
from calleq.ss7.isup.compatibility import (
    Action,
    Reaction,
    Setting,
    message_instructions,
    parameter_instructions,
    unexpected_parameters,
    unknown_message,
    unknown_parameter,
)
from calleq.ss7.isup.layouts import MESSAGE_TYPES
from calleq.ss7.isup.messages import (
    Acm,
    Anm,
    Apm,
    Ccr,
    Cfn,
    Con,
    Cot,
    Cpg,
    Crg,
    Exm,
    Faa,
    Fac,
    Far,
    Fot,
    Frj,
    Iam,
    Idr,
    Inf,
    Inr,
    Irs,
    IsupError,
    Location,
    Lop,
    Lpa,
    Message,
    Nrm,
    Olm,
    Other,
    Pam,
    Pri,
    Rel,
    Res,
    Rlc,
    Rsc,
    Sam,
    Sdn,
    Sgm,
    Sus,
    Unknown,
    Usr,
)
from calleq.ss7.isup.optional import CONGESTION_LEVEL, find
from calleq.ss7.isup.segmentation import Segmented, announces_segment
from calleq.ss7.isup.segments import Segments
from calleq.ss7.variant import Variant

SUBSCRIBER_FREE = 0x0400
STATUS_MASK = 0x0C00
"""Called party's status, bits DC of the first octet of the backward call indicators (§3.5)."""

EVENT_ALERTING = 1
EVENT_MASK = 0x7F

_OTHER_MESSAGE = Input.OTHER_MESSAGE
_IAM_WE_CONTROL, _IAM_THEY_CONTROL = Input.IAM_WE_CONTROL, Input.IAM_THEY_CONTROL
_ACM_SUBSCRIBER_FREE, _ACM_NO_INDICATION = Input.ACM_SUBSCRIBER_FREE, Input.ACM_NO_INDICATION

NOTICES = (Inr, Inf, Fot, Idr, Irs, Usr, Far, Faa, Frj, Fac, Nrm, Pam, Crg, Lop, Apm, Pri, Sdn, Exm)
"""Messages about a call that change nothing of its state."""

EVENTS: dict[type, Input] = {
    Anm: Input.ANM,
    Con: Input.CON,
    Rel: Input.REL,
    Rlc: Input.RLC,
    Rsc: Input.RSC,
    Sam: Input.SAM,
    Sus: Input.SUSPENSION,
    Res: Input.SUSPENSION,
    Ccr: Input.CCR,
    Lpa: Input.LPA,
    Olm: Input.OLM,
    **dict.fromkeys(NOTICES, Input.NOTICE),
}
"""The messages whose type says what they are."""


def event_of(message: Message, we_control: bool) -> Input:
    """The input that a message is, by its type, its parameters and who controls the circuit."""
    kind = type(message)
    chooser = _CHOOSERS.get(kind)
    if chooser is not None:
        return chooser(message, we_control)
    return EVENTS.get(kind, _OTHER_MESSAGE)


def _iam(message: Iam, we_control: bool) -> Input:
    return _IAM_WE_CONTROL if we_control else _IAM_THEY_CONTROL


def _acm(message: Acm, we_control: bool) -> Input:
    free = message.backward_call & STATUS_MASK == SUBSCRIBER_FREE
    return _ACM_SUBSCRIBER_FREE if free else _ACM_NO_INDICATION


def _cpg(message: Cpg, we_control: bool) -> Input:
    alerting = message.event & EVENT_MASK == EVENT_ALERTING
    return Input.CPG_ALERTING if alerting else Input.CPG_OTHER


def _cot(message: Cot, we_control: bool) -> Input:
    return Input.COT_PASSED if message.passed else Input.COT_FAILED


_CHOOSERS: dict[type, Callable[..., Input]] = {Iam: _iam, Acm: _acm, Cpg: _cpg, Cot: _cot}

PLAIN = frozenset((Iam, Acm, Cpg, Anm, Con, Rel, Rlc))
"""The messages of every call; without optional parameters there is nothing to examine."""


class ExaminerHost(Protocol):
    """What the examiner needs of its exchange."""

    segments: Segments
    unexpected: int

    def say(self, far: int, message: Message) -> bool:
        """Send a message to a point code."""

    variant: Variant

    def goes_on(self, iam: Iam) -> bool:
        """Whether an incoming call only passes through here."""

    def congestion_heard(self, far: int, level: int) -> None:
        """A REL says that the far exchange is congested."""


class Examiner:
    """Looks at what a message carries."""

    def __init__(self, host: ExaminerHost) -> None:
        self._host = host

    def examine(self, circuit: TrunkCircuit, message: Message, other: Other) -> Message | None:
        """The message as it is to be acted on; None when it was dealt with, or is kept."""
        if isinstance(message, Segmented) and announces_segment(message):
            self._host.segments.keep(circuit, message)
            return None
        if isinstance(message, Rel):
            self._congestion(circuit, message)
        # T1.113 has no compatibility information: what is not known passes with the call (§2.9.5).
        unexpected = () if self._host.variant.is_ansi else unexpected_parameters(message)
        if not unexpected:
            return message
        return self._weigh(circuit, message, other, unexpected)

    def segment(self, circuit: TrunkCircuit, message: Sgm) -> None:
        """A second part came; one that nothing waits for is dropped (§2.1.12)."""
        if not self._host.segments.finish(circuit, message):
            self._host.unexpected += 1

    def unknown(self, circuit: TrunkCircuit, message: Unknown) -> None:
        """A message of a type that Q.763 does not have."""
        reaction = unknown_message(
            message.message_type,
            message_instructions(message.body),
            self._setting(circuit, message),
        )
        self._tell(circuit, message, reaction)
        if reaction.action is Action.PASS_ON:
            circuit.handle(Input.NOTICE, message)
        elif reaction.action is Action.DISCARD_MESSAGE:
            self._host.unexpected += 1

    def _weigh(
        self, circuit: TrunkCircuit, message: Message, other: Other, codes: tuple[int, ...]
    ) -> Message | None:
        """Apply the instructions of each parameter that has no place there; the gravest counts."""
        instructions = parameter_instructions(other)
        setting = self._setting(circuit, message)
        kind = MESSAGE_TYPES[type(message)]
        dropped = set()
        for code in codes:
            reaction = unknown_parameter(kind, code, instructions.get(code), setting)
            if isinstance(message, Rel) and reaction.action is not Action.PASS_ON:
                # The call ends either way, and nobody is told (§2.9.5.3.3).
                reaction = Reaction(Action.DISCARD_PARAMETER, None)
            self._tell(circuit, message, reaction)
            if reaction.action in (Action.RELEASE, Action.DISCARD_MESSAGE):
                return None
            if reaction.action is Action.DISCARD_PARAMETER:
                dropped.add(code)
        if not dropped:
            return message
        kept = tuple(parameter for parameter in other if parameter[0] not in dropped)
        return msgspec.structs.replace(message, other=kept)

    def _tell(self, circuit: TrunkCircuit, message: Message, reaction: Reaction) -> None:
        cause = reaction.cause
        if reaction.action is Action.RELEASE:
            assert cause is not None, "a release has its cause"
            if circuit.state is not State.IDLE or isinstance(message, Iam):
                circuit.handle(Input.INCOMPATIBLE, Rel(circuit.cic, cause))
        elif cause is not None:
            self._host.say(circuit.far_point_code, Cfn(circuit.cic, cause))

    def _setting(self, circuit: TrunkCircuit, message: Message) -> Setting:
        seizure = circuit.seizure
        if isinstance(message, Iam):
            transit = self._host.goes_on(message)
        else:
            transit = seizure is not None and seizure.transit
        location = Location.TRANSIT if transit else Location.PUBLIC_LOCAL
        return Setting(transit=transit, can_pass_on=transit, location=location)

    def _congestion(self, circuit: TrunkCircuit, message: Rel) -> None:
        try:
            level = find(message.other, CONGESTION_LEVEL, int)
        except IsupError:
            return
        if level is not None:
            self._host.congestion_heard(circuit.far_point_code, level)
