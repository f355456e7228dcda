"""One party whom an SCP has sent to the peripheral: circuit, dialogue, what is played to it.

Owns the order of things: that the party was taken is durable before the call is answered, and the
SCP is asked when it has been (AssistRequestInstructions). Then the SCP orders, announcements and
collections one after the other; whoever has nothing to listen to talks with its conference.

Nothing stays for ever. T(SRF) ends a party for whom nothing is ordered and who hears nobody:
`ASKING_US` for the first order, `IDLE_US` later. A circuit that is released ends the dialogue, a
dialogue that is lost the circuit (cause 31). An SCP that ends the dialogue has the rest played,
`IDLE_US` of it at the most, and the circuit released.

Odd cases: an order that lets the peripheral disconnect (disconnectFromIPForbidden FALSE) ends both
when it has been carried out and nothing else waits; a collection's result goes with that end.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from calleq.causes import Q850
from calleq.ip_peripheral.assist_table import TABLE, AssistAction, AssistInput, AssistState
from calleq.ip_peripheral.conference import Conference
from calleq.journal.contract import Journal
from calleq.journal.entries import Assisted, AssistEnded
from calleq.media.contract import Voice
from calleq.runtime.clock import Clock, Timer
from calleq.runtime.steps import steps_of
from calleq.special_resource.announcer import Announcer
from calleq.special_resource.orders import Order, announcement, collection
from calleq.ss7.inap import arguments as a
from calleq.ss7.inap.contexts import Context
from calleq.ss7.inap.control import Control
from calleq.ss7.inap.digits import generic_digits
from calleq.ss7.inap.errors import CancelProblem, ErrorCode, OperationError
from calleq.ss7.inap.operations import Argument
from calleq.ss7.inap.refusals import OperationRefused, refuse
from calleq.ss7.isup.contract import Circuit
from calleq.ss7.isup.messages import Cause, Message
from calleq.ss7.isup.optional_types import GenericNumber, Number
from calleq.ss7.sccp.values import PartyAddress
from calleq.units import SECOND_US

ASKING_US = 10 * SECOND_US
"""T(SRF) for the first order."""
IDLE_US = 30 * SECOND_US
"""T(SRF) for every further one."""

_S, _I, _A, _E = AssistState, AssistInput, AssistAction, ErrorCode


@dataclass(frozen=True, slots=True)
class AssistMeans:
    """What all parties at one peripheral have in common."""

    name: str
    voice: Voice
    journal: Journal
    clock: Clock


class AssistOwner(Protocol):
    """The peripheral's resource function."""

    def began(self, assist: "Assist") -> None:
        """It has a dialogue."""

    def over(self, assist: "Assist") -> None:
        """Nothing is left of it."""


class Assist:
    """Fulfils `CircuitUser`, `AnnouncerUser` and `Party` of a conference."""

    def __init__(
        self,
        means: AssistMeans,
        owner: AssistOwner,
        circuit: Circuit,
        correlation: str,
        to: PartyAddress,
        control: Control,
        player: str,
    ) -> None:
        """`to` is the SCP that is to be asked, `player` a name that no other player has."""
        self.correlation = correlation
        self.control = control
        self.state = AssistState.ARRIVED
        self.conference: Conference | None = None
        self._means = means
        self._owner = owner
        self._circuit = circuit
        self._to = to
        self._announcer = Announcer(means.name, player, means.voice, means.clock, self)
        self._timer: Timer | None = None
        self._is_written = False
        self._cause: int = Q850.NORMAL

    def begin(self) -> None:
        """Take the call; not from within the IAM's arrival."""
        if self.state is AssistState.ARRIVED:
            entry = Assisted(self._circuit.key, self._to.point_code or 0, self.correlation)
            means = self._means
            self._is_written = True
            means.journal.append(means.name, entry, lambda: self.receive(_I.DURABLE))

    def receive(self, given: AssistInput) -> None:
        """Take an input. The state has changed before the action runs, so actions may nest."""
        act, self.state = _STEPS[self.state][given]
        act(self)

    def lose(self, cause: int) -> None:
        """What the peripheral works with is lost."""
        if self.state not in (_S.RELEASING, _S.GONE):
            self._cause = cause
        self.receive(_I.LOSE)

    def execute(self, invoke_id: int, argument: Argument) -> None:
        """Carry out an order of the SCP. Raises OperationRefused."""
        if self.state is not _S.SERVED:
            raise refuse(_E.UNEXPECTED_COMPONENT_SEQUENCE, f"no orders are taken in {self.state}")
        match argument:
            case a.PlayAnnouncement():
                order = announcement(
                    invoke_id,
                    argument.information_to_send,
                    reports=argument.request_announcement_complete,
                    is_last=not argument.disconnect_from_ip_forbidden,
                )
                self._announcer.order(order)
            case a.PromptAndCollectUserInformation():
                order = collection(
                    invoke_id,
                    argument.information_to_send,
                    argument.collected_info,
                    is_last=not argument.disconnect_from_ip_forbidden,
                )
                self._announcer.order(order)
            case a.Cancel(what=None):
                self._announcer.cancel(None)
            case a.Cancel(what=int() as wanted):
                if not self._announcer.cancel(wanted):
                    error = OperationError(
                        _E.CANCEL_FAILED, CancelProblem.UNKNOWN_OPERATION, wanted
                    )
                    raise OperationRefused(error, f"nothing ordered by {wanted} is under way")
            case a.ActivityTest():
                """The answer alone is what is wanted."""
            case _:
                name = type(argument).__name__
                raise refuse(_E.UNEXPECTED_COMPONENT_SEQUENCE, f"{name} is no order to a resource")

    def said(self) -> None:
        """The SCP's message has been taken, with what it orders; say what there is to say.

        Only now does the party talk, if nothing was ordered for it.
        """
        if self.state is _S.SERVED:
            if self.conference is not None:
                self.conference.join(self)
            self._watch()
            self._say()

    def ended(self) -> None:
        """The SCP has ended the dialogue."""
        self.receive(_I.ENDED_EARLY if self._announcer.has_orders else _I.ENDED)

    # Party

    @property
    def wire(self) -> str:
        return self._circuit.wire

    @property
    def may_talk(self) -> bool:
        return self.state is _S.SERVED and not self._announcer.is_busy

    def hear(self, sources: tuple[str, ...]) -> None:
        self._hear(sources)
        self._watch()

    def _hear(self, sources: tuple[str, ...]) -> None:
        self._means.voice.feed(self._means.name, self._circuit.wire, sources)

    # AnnouncerUser

    def announced(self, order: Order) -> None:
        self.control.invoke(a.SpecializedResourceReport(), order.invoke_id)
        self._say()

    def collected(self, order: Order, digits: str) -> None:
        self.control.result(order.invoke_id, a.ReceivedInformation(generic_digits(digits)))
        self._say()

    def order_failed(self, order: Order, error: OperationError) -> None:
        self.control.error(order.invoke_id, error)
        self._say()

    def resource_free(self) -> None:
        self.receive(_I.PLAYED_OUT)

    def source_changed(self) -> None:
        if self._announcer.is_busy:
            self._hear((self._announcer.source,))
        if self.conference is not None:
            self.conference.mix()
        self._watch()
        if self.state is _S.CONCLUDING and not self._announcer.has_orders:
            self.receive(_I.PLAYED_OUT)

    def wire_judged(self) -> str:
        return self._circuit.wire

    # CircuitUser

    def circuit_alerting(self, circuit: Circuit) -> None:
        """An incoming call never alerts towards us."""

    def circuit_progress(self, circuit: Circuit) -> None:
        """Nor does it make progress towards us."""

    def circuit_answered(self, circuit: Circuit) -> None:
        """An incoming call is never answered towards us."""

    def circuit_notice(self, circuit: Circuit, message: Message) -> None:
        """Nothing that could be said changes what the party hears."""

    def circuit_released(self, circuit: Circuit, cause: Cause) -> None:
        if self.state not in (_S.RELEASING, _S.GONE):
            self._cause = cause.value
        self.receive(_I.FAR_RELEASE)

    def circuit_cleared(self, circuit: Circuit) -> None:
        self.receive(_I.CLEARED)

    # The actions of the table.

    def _ignore(self) -> None:
        pass

    def _ask(self) -> None:
        number = GenericNumber(0, Number(self.correlation))
        question = a.AssistRequestInstructions(number)
        if not self.control.begin(question, self._to, Context.CS1_IP_TO_SCP):
            self.receive(_I.LOST)
            return
        self._owner.began(self)
        self._circuit.progress()
        self._circuit.answer()
        self._set_timer(ASKING_US)

    def _serve(self) -> None:
        self._stop_timer()

    def _conclude(self) -> None:
        self._set_timer(IDLE_US)
        if self.conference is not None:
            self.conference.leave(self)

    def _give_up(self) -> None:
        self._cause = Q850.NORMAL_UNSPECIFIED
        self.control.abort()
        self._let_go()

    def _release(self) -> None:
        self._let_go()

    def _part(self) -> None:
        self.control.end()
        self._let_go()

    def _fail(self) -> None:
        self.control.end()
        self._let_go()

    def _leave(self) -> None:
        self.control.end()
        self._finish()

    def _vanish(self) -> None:
        self.control.end()
        self._finish()
        if self._is_written:
            means = self._means
            means.journal.append(means.name, AssistEnded(self._circuit.key, self._cause))
        self._owner.over(self)

    def _let_go(self) -> None:
        self._finish()
        self._circuit.release(Cause(self._cause))

    def _finish(self) -> None:
        """Nothing is played any more, and nobody hears the party."""
        self._stop_timer()
        self._announcer.part()
        self._hear(())
        conference, self.conference = self.conference, None
        if conference is not None:
            conference.leave(self)

    # T(SRF), and the way out.

    def _say(self) -> None:
        control = self.control
        if self.state is _S.SERVED and control.has_something_to_say and not control.flush():
            self.receive(_I.LOST)

    def _watch(self) -> None:
        """T(SRF) runs while nothing is ordered and the party hears nobody."""
        if self.state is not _S.SERVED:
            return
        conference = self.conference
        talks = conference is not None and bool(conference.others(self))
        if self._announcer.has_orders or talks:
            self._stop_timer()
        elif self._timer is None:
            self._set_timer(IDLE_US)

    def _set_timer(self, length_us: int) -> None:
        self._stop_timer()
        self._timer = self._means.clock.call_later_us(length_us, self._expired)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expired(self) -> None:
        self._timer = None
        self.receive(_I.SILENT)


ACTS: Mapping[AssistAction, Callable[[Assist], None]] = {
    _A.IGNORE: Assist._ignore,
    _A.ASK: Assist._ask,
    _A.SERVE: Assist._serve,
    _A.CONCLUDE: Assist._conclude,
    _A.GIVE_UP: Assist._give_up,
    _A.RELEASE: Assist._release,
    _A.PART: Assist._part,
    _A.FAIL: Assist._fail,
    _A.LEAVE: Assist._leave,
    _A.VANISH: Assist._vanish,
}
_STEPS = steps_of(TABLE, ACTS)
