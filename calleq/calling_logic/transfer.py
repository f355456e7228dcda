"""Who is in the representative's place: somebody else called for it, beside a call that goes on.

Owns whoever is called (`NewParty`, journalled, told and billed as a further attempt of the leg
`agent`) and those who were replaced. The old representative is released when the new one is there,
and stays when nobody comes. The customer is on hold while representative and new party talk, or
while nobody is there. The call's own machine is told the new number, and that its representative
has left only when nobody takes the place.
"""

from collections.abc import Callable
from typing import Protocol

from calleq.call.driver import Answered, Leg, LegResult, Released, Ringing, SetUpLeg, cause_of
from calleq.calling_logic.bridge import Bridge, Conversation
from calleq.calling_logic.leg import EVENTS, CircuitLeg, LegOwner
from calleq.calling_logic.means import Means, Way, objection_to
from calleq.causes import Q850
from calleq.journal.entries import Progress
from calleq.osn.messages import CallProgress, SetUpCall
from calleq.osn.orders import Refusal

TRANSFERS_LIMIT = 20
"""Parties called for the representative's place in one call."""


class Controlled(LegOwner, Protocol):
    """The call that is controlled, as its driver has it."""

    @property
    def instruction(self) -> SetUpCall:
        """What it is."""

    @property
    def bridge(self) -> Bridge | None:
        """Customer and representative, once connected."""

    def leg(self, leg: Leg) -> CircuitLeg | None:
        """The last attempt of a leg."""

    def replace_agent(self, leg: CircuitLeg) -> None:
        """The leg's party is the representative from now on."""

    def hear(self, result: LegResult) -> None:
        """Let the call's machine hear of a leg what is durable, or need not be."""

    def cancel(self) -> None:
        """End the call."""

    def tell(self, event: CallProgress) -> None:
        """Tell an event that is durable."""


class NewParty:
    """Somebody called for the representative's place; fulfils `LegOwner`.

    When the party has it, what the leg reports is the call's own business.
    """

    def __init__(self, means: Means, succession: "Succession", way: Way, command: SetUpLeg) -> None:
        self.in_place: LegOwner | None = None
        """The call, from when the party has taken its place."""
        self.is_wanted = True
        self._means = means
        self._succession = succession
        self.leg = CircuitLeg(means, self, succession.call, command, way)

    def dial(self) -> None:
        """Begin."""
        now_us = self._means.clock.monotonic_us()
        self._means.representatives.begin_call(self.leg.command.address, now_us)
        self.leg.begin()

    def release(self) -> None:
        """Nobody wants the party any more; nothing but its events is told from now on."""
        self.is_wanted = False
        self.leg.release(0, Q850.NORMAL)

    def leg_dialled(self, leg: CircuitLeg) -> None:
        """See `LegOwner`."""
        self._succession.told(leg, "dialled")

    def leg_reports(self, leg: CircuitLeg, result: LegResult) -> None:
        """See `LegOwner`."""
        if self.in_place is not None:
            self.in_place.leg_reports(leg, result)
        else:
            self._succession.journal(leg, result, lambda: self._durable(result))

    def _durable(self, result: LegResult) -> None:
        if not self.is_wanted or isinstance(result, Ringing):
            return
        if isinstance(result, Answered):
            if self.leg.is_up:
                self._succession.answered()
        else:
            self.is_wanted = False
            self._succession.gone()

    def leg_over(self, leg: CircuitLeg) -> None:
        """See `LegOwner`."""
        if self.in_place is not None:
            self.in_place.leg_over(leg)
        else:
            self._means.stage.silence(leg.circuit)
            self._succession.conversation().remove(leg)

    def leg_clear(self, leg: CircuitLeg) -> None:
        """See `LegOwner`: the way was none of those kept for the call."""
        means = self._means
        means.representatives.end_call(leg.command.address, means.clock.monotonic_us())


class Succession:
    """Whoever has been, is, or is to be in the representative's place of one call."""

    def __init__(
        self,
        means: Means,
        owner: Controlled,
        tell: Callable[[str, CircuitLeg | None, str], object],
        answered: Callable[[], object],
        gone: Callable[[], object],
    ) -> None:
        """`tell` journals and tells an event; the others are told of the party being called."""
        self.call = owner.instruction.call
        self.answered = answered
        self.gone = gone
        self._means = means
        self._owner = owner
        self._tell = tell
        self._new: NewParty | None = None
        self._dismissed: dict[CircuitLeg, None] = {}
        """Those who were replaced, or left while somebody was called."""
        self._attempt = 0
        self._where: Conversation | None = None

    def conversation(self) -> Conversation:
        """Where the parties are, or were; there is one wherever this is used."""
        if self._where is None:
            bridge = self._owner.bridge
            assert isinstance(bridge, Conversation), "refused where there is none"
            self._where = bridge
        return self._where

    def party(self, name: str) -> CircuitLeg | None:
        """The leg of a party that is in the conversation; the new party is none yet."""
        return next((leg for leg in self.parties() if leg.command.leg == name), None)

    def parties(self) -> tuple[CircuitLeg, ...]:
        """All of them."""
        bridge, new = self._owner.bridge, self._new
        legs = () if bridge is None else bridge.legs
        return tuple(leg for leg in legs if leg.is_up and not (new and leg is new.leg))

    def has_dismissed(self, leg: CircuitLeg) -> bool:
        """Whether a leg is none of the call's machine's business any more."""
        return leg in self._dismissed

    def has_told_of(self, name: str, attempt: int) -> bool:
        """Whether the end of an attempt of a leg was told here."""
        return any(
            (leg.command.leg, leg.command.attempt) == (name, attempt) for leg in self._dismissed
        )

    def dismiss(self, leg: CircuitLeg) -> None:
        """Whatever a representative's leg reports is told here from now on."""
        self._dismissed[leg] = None

    def report(self, leg: CircuitLeg, result: LegResult) -> None:
        """A leg that was dismissed reports."""
        if isinstance(result, Released) and result.command:
            self._owner.hear(result)  # the machine, which knows of no other, has released it
        else:
            self.journal(leg, result)

    def journal(
        self, leg: CircuitLeg, result: LegResult, durable: Callable[[], object] | None = None
    ) -> None:
        """Write and tell what a leg reports; then `durable`."""
        event, cause = EVENTS[type(result)], cause_of(result)
        entry = Progress(self.call, event, "agent", leg.command.attempt, cause)

        def written() -> None:
            self.told(leg, event, cause)
            if durable is not None:
                durable()

        self._means.journal.append(self._means.name, entry, written)

    def told(self, leg: CircuitLeg, event: str, cause: int = 0) -> None:
        """Tell an event of a leg that is durable."""
        command, now_us = leg.command, self._means.clock.now_us()
        self._owner.tell(
            CallProgress(self.call, event, now_us, "agent", command.attempt, command.address, cause)
        )

    # What orders and happenings make of it.

    def dial(self, number: str, event: str) -> Refusal | None:
        """Call somebody for the place; told as `event`."""
        agent = self.party("agent")
        if agent is None:
            return "no_such_leg"
        refusal = objection_to(self._means, number)
        if refusal is not None:
            return refusal
        attempt = max(self._attempt, agent.command.attempt) + 1
        if attempt > TRANSFERS_LIMIT:
            return "too_many_orders"
        way = self._means.access.seize_extra(self.call, number)
        if way is None:
            return "no_circuit"
        self._attempt = attempt
        what = self._owner.instruction
        command = SetUpLeg(0, "agent", attempt, number, what.customer, what.ring_limit_us)
        self._new = NewParty(self._means, self, way, command)
        self._tell(event, agent, number)
        self._new.dial()
        return None

    def set_held(self, name: str, on: bool) -> None:
        """Hold a party that is there, or no longer; told where it changes."""
        leg = self.party(name)
        if leg is not None and self.conversation().seat(leg).is_held is not on:
            self.conversation().hold(leg, on)
            self._tell("held" if on else "unheld", leg, "")

    def release_agent(self) -> None:
        """The representative goes before the new party has answered."""
        agent = self.party("agent")
        if agent is not None:
            self.dismiss(agent)
            agent.release(0, Q850.NORMAL)

    def replace(self) -> None:
        """The new party is the representative; the old one goes."""
        new, conversation, old = self._take_new(), self.conversation(), self._owner.leg("agent")
        if new.leg not in conversation.legs:
            conversation.add(new.leg)
        new.in_place = self._owner
        self._owner.replace_agent(new.leg)
        if old is not None:
            self.dismiss(old)
            if old.is_up:
                old.release(0, Q850.NORMAL)
        self.set_held("customer", False)
        self._tell("transferred", new.leg, "")

    def join(self) -> None:
        """The new party talks with the representative."""
        assert self._new is not None, "somebody was called"
        self.conversation().add(self._new.leg)
        self._tell("consulting", self._new.leg, "")

    def take_back(self) -> None:
        """Nobody is wanted for the place."""
        self._take_new().release()
        self.set_held("customer", False)
        self._tell("taken_back", self.party("agent"), "")

    def fail(self) -> None:
        """Nobody came, or whoever came has left: the old one stays."""
        self._tell("transfer_failed", self._take_new().leg, "")
        self.set_held("customer", False)

    def lose(self) -> None:
        """Nobody came, and nobody is left."""
        self._tell("transfer_failed", self._take_new().leg, "")
        self._owner.hear(Released(0, "agent", Q850.NORMAL))

    def end(self) -> None:
        """The call is over."""
        if self._new is not None:
            self._take_new().release()

    def _take_new(self) -> NewParty:
        new, self._new = self._new, None
        assert new is not None, "somebody was called"
        return new
