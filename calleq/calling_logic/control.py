"""Orders to one call, carried out: who is held, muted, told something, added, replaced, recorded.

Owns the stage of the call as orders see it (`control_table`) and the third party; `transfer` has
who is in the representative's place, `prompting` what is played, `recording` the recordings. What
an order does is journalled and told as events of the call; billing follows the legs, whatever is
done to what they hear. The call's own machine knows nothing of all this.
"""

from collections.abc import Callable, Mapping

from calleq.call.driver import LegResult, Released
from calleq.calling_logic import recording_table
from calleq.calling_logic.bridge import Conversation
from calleq.calling_logic.control_table import (
    CONTROL_TABLE,
    HAPPENINGS,
    IGNORED,
    REFUSED,
    WITHOUT_BRIDGE_OF_OUR_OWN,
    Input,
    Stage,
)
from calleq.calling_logic.leg import CircuitLeg
from calleq.calling_logic.means import LEGS, Means, objection_to
from calleq.calling_logic.prompting import Prompting
from calleq.calling_logic.recording import CallRecording
from calleq.calling_logic.third_party import THIRD, THIRDS_LIMIT, ThirdParty
from calleq.calling_logic.transfer import Controlled, Succession
from calleq.causes import Q850
from calleq.journal.entries import Progress
from calleq.osn.messages import CallProgress
from calleq.osn.orders import (
    AddThird,
    Consult,
    HangUp,
    Hold,
    Mute,
    Order,
    PlayPrompt,
    Refusal,
    SendKeys,
    StopPrompt,
    Transfer,
    Unhold,
    Unmute,
)

_TRANSFERS = frozenset({Stage.TRANSFERRING, Stage.CALLING_ASIDE, Stage.ASIDE, Stage.ALONE})


class Control:
    """What is ordered of one call."""

    def __init__(self, means: Means, call: Controlled) -> None:
        self._means = means
        self._call = call
        self._reference = call.instruction.call
        self._stage = Stage.UNBRIDGED
        self._third: ThirdParty | None = None
        self._thirds = 0
        """How many third parties there have been."""
        self._succession = Succession(
            means,
            call,
            self._tell,
            lambda: self._happens(Input.NEW_ANSWERED),
            lambda: self._happens(Input.NEW_GONE),
        )
        self._prompting: Prompting | None = None
        self._recording: CallRecording | None = None

    @property
    def stage(self) -> Stage:
        """Who is in the representative's place."""
        return self._stage

    # Orders.

    def objection(self, order: Order) -> Refusal | None:
        """Why an order cannot be carried out as the call stands; changes nothing."""
        if self._stage is Stage.UNBRIDGED and self._call.bridge is not None:
            self._happens(Input.BRIDGED)
        given = input_of(order)
        if self._means.mixing is None and given not in WITHOUT_BRIDGE_OF_OUR_OWN:
            return "not_possible_here"
        return REFUSED[self._stage].get(given)

    def carry_out(self, order: Order) -> Refusal | None:
        """Do it; why not, where it cannot be done after all."""
        refusal = self.objection(order)
        if refusal is not None:
            return refusal
        before = self._stage
        action, following = CONTROL_TABLE[before, input_of(order)]
        self._stage = following
        refusal = ORDER_ACTIONS[action](self, order)
        if refusal is not None and self._stage is following:
            self._stage = before
        return refusal

    def add_party(self, number: str) -> None:
        """As the order to add a third party; what cannot be is told as a failed leg: cause 28 for
        what is no number, 34 where no way is free, else 47."""
        refusal = self.carry_out(AddThird(number))
        if refusal is None or refusal == "no_circuit":
            return
        invalid = refusal == "invalid_number"
        cause = Q850.ADDRESS_INCOMPLETE if invalid else Q850.RESOURCE_UNAVAILABLE
        self._thirds += 1
        self._third_happened(
            number, Progress(self._reference, "failed", THIRD, self._thirds, cause)
        )

    # What the call says.

    def takes(self, leg: CircuitLeg, result: LegResult) -> bool:
        """Whether what a leg reports is none of the call's machine's business."""
        succession = self._succession
        if not succession.has_dismissed(leg):
            is_agent = leg is self._call.leg("agent")
            if not (is_agent and self._stage in _TRANSFERS and isinstance(result, Released)):
                return False
            succession.dismiss(leg)
            succession.report(leg, result)
            self._happens(Input.AGENT_LEFT)
        else:
            succession.report(leg, result)
        return True

    def has_told_of(self, leg: str, attempt: int) -> bool:
        """Whether the end of an attempt of a leg was told here already."""
        return self._succession.has_told_of(leg, attempt)

    def leg_over(self, leg: CircuitLeg) -> None:
        """A leg of the call has ended, or is being released."""
        if self._prompting is not None:
            self._prompting.left(leg)
        stays = self._succession.has_dismissed(leg) or self._stage in _TRANSFERS
        if not (leg.command.leg == "agent" and stays):
            self.end_all()

    def end_all(self) -> None:
        """The call is over: nothing of what was ordered goes on."""
        self._happens(Input.ENDED)

    def _happens(self, given: Input) -> None:
        assert given in HAPPENINGS
        row = CONTROL_TABLE.get((self._stage, given))
        if row is None:
            assert given in IGNORED[self._stage]
            return
        action, self._stage = row
        HAPPENING_ACTIONS[action](self)

    def _tell(
        self,
        event: str,
        leg: CircuitLeg | None = None,
        detail: str = "",
    ) -> None:
        """Journal an event of the call or a party, then tell it."""
        entry, number = Progress(self._reference, event, detail=detail), ""
        if leg is not None:
            command = leg.command
            number = command.address
            entry = Progress(self._reference, event, command.leg, command.attempt, detail=detail)
        means = self._means
        means.journal.append(means.name, entry, lambda: self._third_happened(number, entry))

    def _third_happened(self, number: str, entry: Progress) -> None:
        self._call.tell(
            CallProgress(
                self._reference,
                entry.event,
                self._means.clock.now_us(),
                entry.leg,
                entry.attempt,
                number,
                entry.cause,
                entry.detail,
            )
        )

    def _conversation(self) -> Conversation:
        return self._succession.conversation()

    # What the table makes of orders.

    def hold(self, order: Order) -> Refusal | None:
        assert isinstance(order, Hold | Unhold)
        if self._succession.party(order.leg) is None:
            return "no_such_leg"
        self._succession.set_held(order.leg, isinstance(order, Hold))
        return None

    def mute(self, order: Order) -> Refusal | None:
        assert isinstance(order, Mute | Unmute)
        leg = self._succession.party(order.leg)
        if leg is None:
            return "no_such_leg"
        on = isinstance(order, Mute)
        if self._conversation().seat(leg).is_muted is not on:
            self._conversation().mute(leg, on)
            self._tell("muted" if on else "unmuted", leg)
        return None

    def _chosen(self, leg: str) -> tuple[CircuitLeg, ...]:
        return tuple(one for one in self._succession.parties() if leg in ("", one.command.leg))

    def _prompts(self) -> Prompting:
        if self._prompting is None:
            mixing = self._means.mixing
            assert mixing is not None, "refused where there is none"
            self._prompting = Prompting(
                mixing,
                self._means.recordings,
                self._reference,
                self._conversation(),
                self._call.instruction.language,
                self._tell,
            )
        return self._prompting

    def play(self, order: Order) -> Refusal | None:
        assert isinstance(order, PlayPrompt)
        legs = self._chosen(order.leg)
        return self._prompts().play(order, legs) if legs else "no_such_leg"

    def stop(self, order: Order) -> Refusal | None:
        assert isinstance(order, StopPrompt)
        legs = self._chosen(order.leg)
        if not legs:
            return "no_such_leg"
        self._prompts().stop(legs)
        return None

    def send_keys(self, order: Order) -> Refusal | None:
        assert isinstance(order, SendKeys)
        leg = self._succession.party(order.leg)
        return "no_such_leg" if leg is None else self._prompts().send_keys(leg, order.keys)

    def add(self, order: Order) -> Refusal | None:
        assert isinstance(order, AddThird)
        bridge = self._call.bridge
        if bridge is None or len(bridge) != LEGS or self._thirds >= THIRDS_LIMIT:
            return "not_possible_now"
        refusal = objection_to(self._means, order.number)
        if refusal is not None:
            return refusal
        self._thirds += 1
        means, what = self._means, self._call.instruction
        third = ThirdParty(means, self._reference, bridge, self._third_happened, self._third_gone)
        self._third = third
        caller = what.business_number or means.number
        is_dialled = third.dial(order.number, caller, self._thirds, what.ring_limit_us)
        return None if is_dialled else "no_circuit"

    def _third_gone(self) -> None:
        self._third = None
        self._happens(Input.THIRD_GONE)

    def hang_up(self, order: Order) -> Refusal | None:
        assert isinstance(order, HangUp)
        if order.leg == THIRD and self._third is not None:
            self._third.release()
            return None
        leg = self._succession.party(order.leg)
        if leg is None:
            return "no_such_leg"
        leg.release(0, Q850.NORMAL)
        return None

    def hang_up_call(self, order: Order) -> Refusal | None:
        self._call.cancel()
        return None

    def transfer(self, order: Order) -> Refusal | None:
        assert isinstance(order, Transfer)
        return self._succession.dial(order.number, "transfer_started")

    def consult(self, order: Order) -> Refusal | None:
        assert isinstance(order, Consult)
        refusal = self._succession.dial(order.number, "consult_started")
        if refusal is None:
            self._succession.set_held("customer", True)
            self._succession.set_held("agent", False)
        return refusal

    def complete_early(self, order: Order) -> Refusal | None:
        self._succession.release_agent()
        return None

    def complete(self, order: Order) -> Refusal | None:
        self._succession.replace()
        return None

    def take_back(self, order: Order) -> Refusal | None:
        self._succession.take_back()
        return None

    def record(self, order: Order) -> Refusal | None:
        means = self._means
        if means.recordings is None or means.mixing is None:
            return "not_possible_here"
        if self._recording is None:
            self._recording = CallRecording(
                means,
                means.mixing,
                means.recordings,
                self._reference,
                self._conversation(),
                self._call.instruction.language,
                self._tell,
            )
        return self._recording.take(recording_table.Input.START)

    def pause_recording(self, order: Order) -> Refusal | None:
        return self._recorded(recording_table.Input.PAUSE)

    def resume_recording(self, order: Order) -> Refusal | None:
        return self._recorded(recording_table.Input.RESUME)

    def stop_recording(self, order: Order) -> Refusal | None:
        return self._recorded(recording_table.Input.STOP)

    def _recorded(self, given: recording_table.Input) -> Refusal | None:
        return "no_recording" if self._recording is None else self._recording.take(given)

    # What the table makes of happenings.

    def proceed(self) -> None:
        """Nothing to do."""

    def replace(self) -> None:
        self._succession.replace()

    def join_aside(self) -> None:
        self._succession.join()

    def fail_transfer(self) -> None:
        self._succession.fail()

    def wait_alone(self) -> None:
        self._succession.set_held("customer", True)

    def lose_agent(self) -> None:
        self._succession.lose()
        self.end()

    def end(self) -> None:
        """Whoever was called beside the call is released with it."""
        if self._third is not None:
            self._third.release()
        self._succession.end()
        if self._prompting is not None:
            self._prompting.end()
        if self._recording is not None:
            self._recording.take(recording_table.Input.ENDED)


ORDER_ACTIONS: Mapping[str, Callable[[Control, Order], Refusal | None]] = {
    action.__name__: action
    for action in (
        Control.hold,
        Control.mute,
        Control.play,
        Control.stop,
        Control.send_keys,
        Control.add,
        Control.hang_up,
        Control.hang_up_call,
        Control.transfer,
        Control.consult,
        Control.complete_early,
        Control.complete,
        Control.take_back,
        Control.record,
        Control.pause_recording,
        Control.resume_recording,
        Control.stop_recording,
    )
}
HAPPENING_ACTIONS: Mapping[str, Callable[[Control], None]] = {
    action.__name__: action
    for action in (
        Control.proceed,
        Control.replace,
        Control.join_aside,
        Control.fail_transfer,
        Control.wait_alone,
        Control.lose_agent,
        Control.end,
    )
}


def input_of(order: Order) -> Input:
    """The table's word for an order."""
    if isinstance(order, HangUp) and not order.leg:
        return Input.HANG_UP_CALL
    return Input(str(order.__struct_config__.tag))
