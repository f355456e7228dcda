"""What an exchange may ask of its circuits: ISUP call control as a switch or a peripheral sees it.

One `Exchange` owns every circuit of a node. A call on a circuit has a `CircuitUser`, who is told
what the far exchange signals; the primitives are those of Q.764 §1 (set-up, alerting, answer,
release). The user of a circuit is told `cleared` exactly once, last, whatever happened.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Protocol

from calleq.journal.entries import CircuitKey
from calleq.ss7.isup.messages import CalledNumber, CallingNumber, Cause, Iam, Message


class Circuit(Protocol):
    """One seizure of one circuit, from IAM to RLC."""

    @property
    def key(self) -> CircuitKey:
        """The label of the IAM that seized it."""

    @property
    def wire(self) -> str:
        """Its voice wire, see `calleq.media.contract.circuit_wire`."""

    @property
    def far(self) -> str:
        """The name of the exchange at the other end."""

    @property
    def heard(self) -> Message | None:
        """The message that the user is being told of; None when there was none."""

    @property
    def checking(self) -> bool:
        """Outgoing calls: its continuity is being checked, so that nobody may hear it yet."""

    def alerting(self, heard: Message | None = None) -> None:
        """Incoming calls: the called party is rung (ACM, or CPG when ACM was sent).

        Here as in `progress`, `answer` and `release`, a transit exchange hands over what it heard
        of it on the outgoing circuit, so that its parameters go on.
        """

    def progress(self, heard: Message | None = None) -> None:
        """Incoming calls: address complete, party not yet rung (ACM without indication).

        Once ACM was sent, only a CPG that was heard goes on, and an ACM that tells of tones.
        """

    def answer(self, heard: Message | None = None) -> None:
        """Incoming calls: the called party answered (ANM, or CON when no ACM was sent)."""

    def release(self, cause: Cause, heard: Message | None = None) -> None:
        """End the call from this side (REL); does nothing once either side has released."""

    def pass_on(self, message: Message) -> None:
        """Send a message about the call: SAM, SUS, RES, FOT, INF and the like.

        Its circuit identification code does not matter. What does not fit the state of the call is
        not sent.
        """


class CircuitUser(Protocol):
    """Who is served by a seizure."""

    def circuit_alerting(self, circuit: Circuit) -> None:
        """Outgoing calls: the called party is being rung."""

    def circuit_progress(self, circuit: Circuit) -> None:
        """Outgoing calls: address complete, or progress that is neither alerting nor answer."""

    def circuit_answered(self, circuit: Circuit) -> None:
        """Outgoing calls: the called party answered."""

    def circuit_notice(self, circuit: Circuit, message: Message) -> None:
        """Either: a message about the call that changes nothing of the above.

        SAM (more digits), SUS and RES, FOT, INF, INR, UTU, and those of a type nobody knows that
        are to be passed on. Outgoing calls: also the COT that this side sends when its check of
        the circuit has passed; it goes no further.
        """

    def circuit_released(self, circuit: Circuit, cause: Cause) -> None:
        """The far end, or the circuit itself (time-out, reset, no route), ended the call.

        Not called when this side's own `release` ended it.
        """

    def circuit_cleared(self, circuit: Circuit) -> None:
        """Nothing is left of the seizure; the circuit may be seized again."""


class Digits(IntEnum):
    """Whether a called number has the digits it must have."""

    ENOUGH = 0
    """To go on: the party, or the way, is known; the rest may follow."""
    MAYBE = 1
    """More may follow, but need not (T10)."""
    MISSING = 2
    """More must follow (T35)."""


class NumberPlan(Protocol):
    """What an exchange knows of called numbers, for overlap and for what it must understand."""

    def digits(self, called: CalledNumber) -> Digits:
        """Whether a number is long enough."""

    def goes_on(self, called: CalledNumber) -> bool:
        """Whether a call to it only passes through here, to a further exchange."""


class Exchange(Protocol):
    """ISUP call control of one node."""

    def idle(self, group: str) -> int:
        """How many circuits of the trunk group may be seized now."""

    def is_resetting(self, group: str) -> bool:
        """Whether circuits of the group are being reset, and so will be idle in a moment."""

    def seize(self, group: str) -> Circuit | None:
        """Take an idle circuit of a trunk group without signalling yet; None when all are busy.

        `key` and `wire` are valid from here on, so that an attempt can be journalled first.
        """

    def send_iam(
        self,
        circuit: Circuit,
        called: CalledNumber,
        calling: CallingNumber | None,
        user: CircuitUser,
    ) -> None:
        """Start the call on a seized circuit. Without a route `circuit_released` (38) follows."""

    def forward(self, circuit: Circuit, iam: Iam, user: CircuitUser) -> None:
        """Start the call with every parameter of a received IAM (a transit call)."""

    def give_back(self, circuit: Circuit) -> None:
        """Return a circuit that was seized and never signalled; its user is told nothing."""

    def on_set_up(self, arrived: Callable[[Circuit, Iam], CircuitUser]) -> None:
        """An IAM seized a circuit from the far end; the answer is who serves the call.

        The handler may signal on the circuit only after it has returned.
        """

    def on_digits(self, plan: NumberPlan) -> None:
        """Ask `plan` of the numbers of incoming calls; without one every number is complete."""
