"""The peripheral as specialised resource function (Q.1218 §3.1.3.5) in the assist case.

A switch that was told EstablishTemporaryConnection calls here; the IAM carries a correlation
identity and where the SCP is found (Q.763 §3.70, §3.71). Each such call is an `Assist` with a
dialogue of its own with that SCP, whose orders it follows. Parties whose correlation identities
differ in their last digit alone are in one conference.

Owns which dialogue and which conference belongs to whom. Refused: a call without a correlation
identity, or to nobody's SCP (cause 3, as any call that has no business here), and beyond
`ASSISTS_LIMIT` at once (42). Dialogues that others open are aborted: a peripheral only asks.

Odd cases: a correlation identity may also be digits behind the peripheral's own number, where
equipment cannot say it otherwise; an SCP's address that is none of this network's gives way to the
first digit of the correlation identity, the SCP's place in the topology. An SCP that is known to be
out of reach is not asked: the call is released (31) without having been answered.
"""

from collections import Counter
from collections.abc import Iterable
from typing import assert_never

from calleq.causes import Q850
from calleq.ip_peripheral.assist import Assist, AssistMeans
from calleq.ip_peripheral.assist_table import AssistInput, AssistState
from calleq.ip_peripheral.conference import Conference
from calleq.ss7.inap.assisting import correlation_of, point_code_of
from calleq.ss7.inap.control import Control
from calleq.ss7.inap.dialogue import Failed, Invoked, Refused, Rejected, Returned
from calleq.ss7.inap.errors import Version
from calleq.ss7.inap.operations import ALWAYS_ANSWERED, OperationCode
from calleq.ss7.isup.contract import Circuit
from calleq.ss7.isup.messages import Iam
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

ASSISTS_LIMIT = 2_000
"""Parties at once."""
CORRELATION_LIMIT = 15
"""Digits of a correlation identity."""

_Key = tuple[int, str]


class ResourceFunction:
    """The parties that SCPs have sent here; fulfils `DialogueUser` and `AssistOwner`."""

    def __init__(
        self,
        means: AssistMeans,
        sccp: SccpProvider,
        subsystem: int,
        point_code: int,
        control_points: tuple[int, ...],
        assist: str,
        *,
        limit: int = ASSISTS_LIMIT,
    ) -> None:
        """Registers itself as `subsystem`; SccpError where that is taken.

        `control_points` are the SCPs' point codes in the order of the topology, `assist` the
        peripheral's own number (E.164, the beginning of it).
        """
        self.refused_floods = 0
        """Calls that were too many."""
        self._means = means
        self._sccp = sccp
        self._subsystem = subsystem
        self._address = PartyAddress(subsystem, point_code)
        self._control_points = control_points
        self._digits = assist.lstrip("+")
        self._limit = limit
        self._assists: dict[Assist, _Key] = {}
        self._dialogues: dict[int, Assist] = {}
        self._conferences: dict[_Key, Conference] = {}
        self._members: Counter[_Key] = Counter()
        """How many there are in each conference, whether they hear each other already or not."""
        self._serial = 0
        self._entity = Entity(
            means.clock,
            sccp,
            subsystem,
            self,
            dialogues_limit=limit,
            answered=ALWAYS_ANSWERED,
            subsystem_listener=self._subsystem_changed,
        )

    def __len__(self) -> int:
        """How many parties there are."""
        return len(self._assists)

    @property
    def dialogues(self) -> int:
        """How many dialogues go on."""
        return len(self._entity)

    def arrived(self, circuit: Circuit, iam: Iam) -> "Assist | int":
        """Take a call, or the cause for which it is refused."""
        correlation = self._correlation(iam)
        code = self._control_point(iam, correlation)
        if not correlation or code is None:
            return Q850.NO_ROUTE
        if len(self._assists) >= self._limit:
            self.refused_floods += 1
            return Q850.CONGESTION
        if not self._sccp.available(code, self._subsystem):
            return Q850.NORMAL_UNSPECIFIED
        self._serial += 1
        assist = Assist(
            self._means,
            self,
            circuit,
            correlation,
            PartyAddress(self._subsystem, code),
            Control(self._entity, self._address, Version.CS1),
            f"srf/{self._serial}",
        )
        key = (code, correlation[:-1])
        conference = self._conferences.get(key)
        if conference is None:
            conference = self._conferences[key] = Conference()
        self._members[key] += 1
        assist.conference = conference
        self._assists[assist] = key
        self._means.clock.call_later_us(0, assist.begin)
        return assist

    def lose_all(self, cause: int) -> None:
        """What the peripheral plays with is lost: every party is released with `cause`."""
        for assist in tuple(self._assists):
            assist.lose(cause)

    # AssistOwner

    def began(self, assist: Assist) -> None:
        self._dialogues[assist.control.dialogue] = assist

    def over(self, assist: Assist) -> None:
        key = self._assists.pop(assist)
        self._members[key] -= 1
        if not self._members[key]:
            del self._members[key], self._conferences[key]
        if self._dialogues.get(assist.control.dialogue) is assist:
            del self._dialogues[assist.control.dialogue]

    # Dialogues.

    def dialogue_event(self, event: Event, now_us: int) -> None:
        """See `DialogueUser`."""
        match event:
            case BeginIndication(dialogue):
                reason = AbortReason.CONTEXT_NOT_SUPPORTED
                self._entity.abort(dialogue, reason=reason)
            case ContinueIndication(dialogue, _, _, components):
                assist = self._said(dialogue, components)
                if assist is not None:
                    assist.said()
            case EndIndication(dialogue, _, _, components):
                assist = self._said(dialogue, components)
                if assist is not None:
                    assist.ended()
            case UserAbortIndication(dialogue) | ProviderAbortIndication(dialogue):
                self._lose(dialogue)
            case NoticeIndication(dialogue):
                self._lose(dialogue)
            case CancelIndication():
                """What a resource asks for succeeds unless the SCP says that it did not."""
            case UnidirectionalIndication():
                """No operation of INAP comes without a dialogue."""
            case _:
                assert_never(event)

    def _said(self, dialogue: int, components: Iterable[ComponentIndication]) -> Assist | None:
        assist = self._dialogues.get(dialogue)
        if assist is None:
            return None
        control = assist.control
        assist.receive(AssistInput.HEARD)
        for said in control.read(components):
            match said:
                case Invoked():
                    control.carry_out(said, assist.execute)
                case Refused(_, _, answer):
                    if answer is not None:
                        control.say(answer)
                case Failed(_, operation) | Rejected(_, operation):
                    if operation is OperationCode.ASSIST_REQUEST_INSTRUCTIONS:
                        assist.receive(AssistInput.REFUSED)
                case Returned():
                    """A resource asks for nothing that has a result."""
                case _:
                    assert_never(said)
        return assist

    def _lose(self, dialogue: int) -> None:
        assist = self._dialogues.get(dialogue)
        if assist is not None:
            assist.receive(AssistInput.LOST)

    def _subsystem_changed(
        self, point_code: int, subsystem: int, state: SubsystemState, now_us: int
    ) -> None:
        """Questions to an SCP that is gone need not wait; dialogues may find it back."""
        if state is not SubsystemState.PROHIBITED or subsystem != self._subsystem:
            return
        for assist, (code, _) in tuple(self._assists.items()):
            if code == point_code and assist.state is AssistState.ASKING:
                assist.receive(AssistInput.LOST)

    # What an IAM says.

    def _correlation(self, iam: Iam) -> str:
        """The correlation identity; empty where there is none."""
        digits = correlation_of(iam.other)
        called = iam.called.digits.removesuffix("f")
        if digits is None and self._digits and called.startswith(self._digits):
            digits = called.removeprefix(self._digits)
        is_one = digits and digits.isdecimal() and 2 <= len(digits) <= CORRELATION_LIMIT
        return digits if digits and is_one else ""

    def _control_point(self, iam: Iam, correlation: str) -> int | None:
        """The point code of the SCP that sent the party here."""
        found = point_code_of(iam.other)
        if found in self._control_points:
            return found
        place = int(correlation[0]) - 1 if correlation else -1
        return self._control_points[place] if 0 <= place < len(self._control_points) else None
