"""Customer-first calls whose parties a switch calls and a peripheral plays to and bridges (CS-1).

One dialogue with the switch for each party: it calls, and when the party has answered it sends the
party on to the peripheral (EstablishTemporaryConnection), under a correlation identity. With that
the peripheral asks for instructions, in a dialogue of its own: announcements and judgements are
ordered there. The peripheral joins who has the conference in common, whenever nothing is played to
either, so a bridge is no order at all.

A correlation identity is seven digits: which SCP (its place in the topology, from 1), the
conference (five digits, each number used again after all others), and one digit for the party, who
is given the next of nine in turn.

Owns both dialogues of each party. Odd cases: what is to be played before the peripheral has asked
waits; a peripheral that cannot be had, or goes, takes its party with it (cause 41), for a party who
hears nobody is no call. A switch says no more of a party that it was told to release, so it is gone
at once.
"""

from collections.abc import Callable

from calleq.calling_logic.means import NUMBERS, Parties, Way, WayUser
from calleq.causes import Q850
from calleq.journal.service_keys import service_key
from calleq.media.contract import Player, Prompt, Verdict
from calleq.scp.dialogue import WAIT_S, DialogueOwner, ServiceDialogue
from calleq.scp.party import Party, PartyInput, armed
from calleq.scp.platform import ServicePlatform
from calleq.scp.script import Script
from calleq.scp.wording import correlation_of, routing_address
from calleq.ss7.inap.arguments import (
    AssistRequestInstructions,
    Cancel,
    Continue,
    EstablishTemporaryConnection,
    EventReportBCSM,
    InitiateCallAttempt,
    ReleaseCall,
    RequestReportBCSMEvent,
    ResetTimer,
)
from calleq.ss7.inap.contexts import Context
from calleq.ss7.inap.dialogue import Failed, Invoked, Rejected, Returned
from calleq.ss7.inap.digits import generic_digits
from calleq.ss7.inap.operations import Argument
from calleq.ss7.inap.values import sending
from calleq.ss7.isup.messages import CalledNumber, CallingNumber, Cause, Location
from calleq.ss7.sccp.address_codec import encode_address
from calleq.ss7.variant import ITU, Variant

LEG = 1
"""The only party of a dialogue."""
CONFERENCES = 100_000
PARTIES = 9


class AssistedParty(Party):
    """A party on its way by the switch to the peripheral; fulfils `Way` and `Orders`."""

    segment = None
    """CS-1 has no call segments."""

    def __init__(self, call: "AssistedCall", correlation: str) -> None:
        calls = call.calls
        self._number = calls.platform.entity.reserve_number()
        code = calls.platform.point_code
        super().__init__(service_key(code, calls.switch, self._number, LEG), LEG)
        self.call = call
        self.correlation = correlation
        self.script = Script(self, is_ready=False)
        self._dialogue: ServiceDialogue | None = None
        self._assist: ServiceDialogue | None = None

    @property
    def has_resource(self) -> bool:
        """Whether the peripheral has the party."""
        return self._assist is not None and not self._assist.is_over

    def initiate(self) -> None:
        calls = self.call.calls
        calling = CallingNumber(self.caller.lstrip("+")) if self.caller else None
        self._dialogue = calls.platform.begin_as(
            self._number,
            calls.switch,
            Context.CS1_SCP_TO_SSP,
            self,
            InitiateCallAttempt(
                destination_routing_address=(CalledNumber(self.called.lstrip("+")),),
                calling_party_number=calling,
            ),
            RequestReportBCSMEvent(armed(sending(LEG), alerting=False)),
            Continue(),
        )
        if self._dialogue is None:
            self._soon(PartyInput.LOST)

    def disconnect(self) -> None:
        """The peripheral is told first: its part is over when that of the switch is."""
        self._forget()
        if self._dialogue is not None:
            self._dialogue.end(ReleaseCall(self.cause))
        self._soon(PartyInput.GONE)

    def report_answer(self) -> None:
        """Send the party on; what is to be played waits until it has arrived."""
        calls = self.call.calls
        if self._dialogue is not None:
            self._dialogue.waits = lambda: (ResetTimer(WAIT_S),)
            self._dialogue.say(
                EstablishTemporaryConnection(
                    routing_address(calls.resource),
                    generic_digits(self.correlation),
                    scf_id=calls.identity,
                )
            )
        super().report_answer()

    def lose(self) -> None:
        self._forget()
        super().lose()

    def assisted(self, dialogue: ServiceDialogue) -> DialogueOwner:
        """The peripheral asks what is to be done with the party."""
        self._assist = dialogue
        assistance = Assistance(self)
        dialogue.owner = assistance
        self.script.begin()
        return assistance

    def resource_lost(self) -> None:
        """The peripheral has let go of the party."""
        self._assist = None
        self.script.lose()
        if self.is_up:
            self.cause = Cause(Q850.TEMPORARY_FAILURE, Location.PUBLIC_LOCAL)
            self.receive(PartyInput.FAR_END)

    def order(self, *arguments: Argument) -> list[int]:
        return [] if self._assist is None else self._assist.say(*arguments)

    def cancel(self, invoke_id: int) -> Cancel:
        return Cancel(invoke_id)

    def _forget(self) -> None:
        """No resource plays to the party any more."""
        self.call.calls.forget(self.correlation)
        assist, self._assist = self._assist, None
        if assist is not None:
            assist.end()

    def _soon(self, given: PartyInput) -> None:
        self.call.calls.platform.clock.call_later_us(0, self.receive, given)

    # DialogueOwner, of the switch's dialogue

    def told(self, indication: Invoked | Returned | Failed | Rejected) -> None:
        """See `DialogueOwner`."""
        match indication:
            case Invoked(argument=EventReportBCSM() as report):
                self.reported(report)
            case Failed() | Rejected():
                # Whatever was refused: to be called, to be watched, to be sent on.
                self.receive(PartyInput.REFUSED)
                self.resource_lost()
            case _:
                pass  # nothing else concerns the party

    def dialogue_over(self, lost: bool) -> None:
        """See `DialogueOwner`."""
        self.receive(PartyInput.LOST)


class Assistance:
    """The peripheral's dialogue about one party; fulfils `DialogueOwner`."""

    def __init__(self, party: AssistedParty) -> None:
        self._party = party

    def told(self, indication: Invoked | Returned | Failed | Rejected) -> None:
        """See `DialogueOwner`."""
        self._party.script.takes(indication)

    def dialogue_over(self, lost: bool) -> None:
        """See `DialogueOwner`."""
        self._party.resource_lost()


class AssistedCall:
    """The parties of one call: who hears whom is a matter of their conference."""

    def __init__(self, calls: "AssistedCalls", conference: int) -> None:
        self.calls = calls
        self.conference = conference
        self._parties = 0

    def seize(self) -> AssistedParty:
        """The next party."""
        digit = self._parties % PARTIES + 1
        self._parties += 1
        calls = self.calls
        return calls.expect(AssistedParty(self, f"{calls.place}{self.conference:05}{digit}"))


class AssistedCalls:
    """The calls that one SCP makes with a switch and a peripheral.

    Fulfils `Access` and `Stage`, and `Service` for the questions of the peripheral.
    """

    def __init__(
        self,
        platform: ServicePlatform,
        switch: int,
        resource: str,
        place: int,
        name: str,
        variant: Variant = ITU,
    ) -> None:
        """`switch` is a point code, `resource` the peripheral's routing address (E.164), `place`
        which of the SCPs this is, from 1; `name` is what the journal calls the ways."""
        self.platform = platform
        self.switch = switch
        self.resource = resource
        self.place = place
        self.group = name
        self.identity = encode_address(platform.address, variant)
        """scfID: where the resource finds this SCP (Q.713 §3.4)."""
        self._calls: dict[str, AssistedCall] = {}
        self._conference = 1
        """The next to be given out, if it is not in use."""
        self._in_use: set[int] = set()
        self._expected: dict[str, AssistedParty] = {}
        """By correlation identity."""

    def expect(self, party: AssistedParty) -> AssistedParty:
        """The peripheral may ask about the party."""
        self._expected[party.correlation] = party
        return party

    def forget(self, correlation: str) -> None:
        """It has no reason to ask any more."""
        self._expected.pop(correlation, None)

    # Service

    def begun(self, dialogue: ServiceDialogue, first: Invoked) -> DialogueOwner | None:
        """See `Service`; None for a correlation identity that is not expected."""
        question = first.argument
        if not isinstance(question, AssistRequestInstructions):
            return None
        party = self._expected.get(correlation_of(question.correlation_id))
        if party is None or party.has_resource:
            return None
        return party.assisted(dialogue)

    # Access

    def reserve(
        self, call: str, answer: Callable[[bool], object], parties: Parties = NUMBERS
    ) -> None:
        is_free = len(self._in_use) < CONFERENCES
        if is_free:
            while self._conference in self._in_use:
                self._conference = (self._conference + 1) % CONFERENCES
            self._in_use.add(self._conference)
            self._calls[call] = AssistedCall(self, self._conference)
            self._conference = (self._conference + 1) % CONFERENCES
        answer(is_free)

    def are_resetting(self) -> bool:
        return False

    def seize(self, call: str, called: str = "") -> AssistedParty | None:
        made = self._calls.get(call)
        return None if made is None else made.seize()

    def seize_extra(self, call: str, called: str = "") -> AssistedParty | None:
        return self.seize(call)

    def dial(self, way: Way, called: str, caller: str, user: WayUser) -> None:
        _party(way).dial(called, caller, user)

    def give_back(self, way: Way) -> None:
        self.forget(_party(way).correlation)

    def returned(self, call: str, way: Way | None = None) -> None:
        """The switch's board has more."""

    def done(self, call: str) -> None:
        made = self._calls.pop(call, None)
        if made is not None:
            self._in_use.discard(made.conference)

    # Stage

    def play(self, way: Way, player: str, prompt: Prompt, report: Player) -> None:
        _party(way).script.play(player, prompt, report)

    def stop(self, way: Way, player: str) -> None:
        _party(way).script.stop(player)

    def detect(self, way: Way, limit_us: int, verdict: Callable[[Verdict], object]) -> None:
        _party(way).script.judge(limit_us, verdict)

    def understands(self) -> bool:
        return False

    def ask(
        self,
        way: Way,
        player: str,
        prompt: Prompt,
        words: tuple[str, ...],
        limit_us: int,
        answered: Callable[[str], object],
        digits: int = 1,
    ) -> None:
        _party(way).script.ask(player, prompt, limit_us, answered, digits)

    def bridge(self, ways: tuple[Way, ...], done: Callable[[bool], object]) -> None:
        done(len(ways) > 1 and all(_party(way).has_resource for way in ways))

    def silence(self, way: Way) -> None:
        """Who is let go hears nothing."""


def _party(way: Way) -> AssistedParty:
    """Ways come back to who gave them."""
    assert isinstance(way, AssistedParty), "seize gives nothing else"
    return way
