"""Customer-first calls whose parties are called, heard and bridged by a switch (CS-2).

One dialogue for each call: a call segment association, made before anybody is dialled. Each party
is a leg in a call segment of its own, leg and segment of one number; the switch's own board plays
to it. A bridge is the merging of the segments into that of the party who came first.

Owns the dialogue of a call and which of its reports belongs to which party. It refuses nothing of
its own; what the switch refuses ends the party, the announcement or the bridge that it was about.

Odd cases: a switch that is not there is a reservation that fails. When a dialogue is lost, nothing
more can be said about any of its parties, so all are gone: the switch releases them of its own
accord (default handling). A third party is a leg like the others, and joins the same segment.
"""

from collections.abc import Callable

from calleq.calling_logic.means import NUMBERS, Parties, Way, WayUser
from calleq.causes import Q850
from calleq.journal.entries import CircuitKey
from calleq.journal.service_keys import service_key
from calleq.media.contract import Player, Prompt, Verdict
from calleq.scp.dialogue import WAIT_S, ServiceDialogue
from calleq.scp.party import Party, PartyInput, armed
from calleq.scp.platform import ServicePlatform
from calleq.scp.script import Script
from calleq.ss7.inap.arguments import (
    Cancel,
    ConnectToResource,
    EventReportBCSM,
    InitiateCallAttempt,
    ReleaseCall,
    RequestReportBCSMEvent,
    ResetTimer,
)
from calleq.ss7.inap.contexts import Context
from calleq.ss7.inap.dialogue import Failed, Invoked, Rejected, Returned
from calleq.ss7.inap.operations import Argument, OperationCode
from calleq.ss7.inap.party_handling import (
    ContinueWithArgument,
    CreateCallSegmentAssociation,
    DisconnectForwardConnectionWithArgument,
    DisconnectLeg,
    EntityReleased,
    MergeCallSegments,
)
from calleq.ss7.inap.values import AllSegmentsRelease, BcsmFailure, SegmentRequest, sending
from calleq.ss7.isup.messages import CalledNumber, CallingNumber, Cause

LEGS_LIMIT = 100
"""Parties of one call, one after the other; call segments have numbers to 127."""


class SwitchParty(Party):
    """A party that a switch calls, holds and plays to; fulfils `Way` and `Orders`."""

    def __init__(self, call: "SwitchCall", leg: int) -> None:
        super().__init__(call.key(leg), leg)
        self.call = call
        self.place = leg
        """The call segment that it is in."""
        self.hears_resource = False
        self.script = Script(self)

    @property
    def segment(self) -> int | None:
        return self.place

    def initiate(self) -> None:
        leg = sending(self.leg)
        calling = CallingNumber(self.caller.lstrip("+")) if self.caller else None
        sent = self.call.say(
            InitiateCallAttempt(
                destination_routing_address=(CalledNumber(self.called.lstrip("+")),),
                leg_to_be_created=leg,
                new_call_segment=self.place,
                calling_party_number=calling,
            ),
            RequestReportBCSMEvent(armed(leg, alerting=True)),
            ContinueWithArgument(leg_or_segment=leg),
            about=self,
        )
        if not sent:
            self.call.soon(self, PartyInput.LOST)

    def disconnect(self) -> None:
        if not self.call.say(DisconnectLeg(sending(self.leg), self.cause), about=self):
            self.call.soon(self, PartyInput.LOST)

    def order(self, *arguments: Argument) -> list[int]:
        if self.hears_resource:
            return self.call.say(*arguments)
        self.hears_resource = True
        return self.call.say(ConnectToResource(self.place), *arguments)[1:]

    def cancel(self, invoke_id: int) -> Cancel:
        return Cancel(SegmentRequest(invoke_id, self.place))


class SwitchCall:
    """One call: its dialogue and its parties; fulfils `DialogueOwner`."""

    def __init__(self, calls: "SwitchCalls") -> None:
        self._calls = calls
        self._reserved: Callable[[bool], object] | None = None
        self._dialogue: ServiceDialogue | None = None
        self._parties: dict[int, SwitchParty] = {}
        self._about: dict[int, SwitchParty] = {}
        """Whom an operation was about, by its invoke id."""
        self._merging: dict[int, Callable[[bool], object]] = {}

    @property
    def is_lost(self) -> bool:
        """Nothing can be said to the switch."""
        return self._dialogue is None or self._dialogue.is_over

    def reserve(self, answer: Callable[[bool], object]) -> None:
        """Have the switch make an association, if it can."""
        self._reserved = answer
        calls = self._calls
        self._dialogue = calls.platform.begin(
            calls.switch, Context.CS2_SCF_SSF_GENERIC, self, CreateCallSegmentAssociation()
        )
        if self._dialogue is None:
            self._answer(False)
        else:
            self._dialogue.waits = self._waits

    def _waits(self) -> tuple[ResetTimer, ...]:
        """A switch does not play for ever, unless it is told to."""
        return tuple(
            ResetTimer(WAIT_S, call_segment=party.place)
            for party in self._parties.values()
            if party.is_up and party.hears_resource
        )

    def seize(self) -> SwitchParty | None:
        """The next party; None where there can be none."""
        if self.is_lost or len(self._parties) >= LEGS_LIMIT:
            return None
        leg = len(self._parties) + 1
        party = self._parties[leg] = SwitchParty(self, leg)
        return party

    def key(self, leg: int) -> CircuitKey:
        """What the journals call a leg."""
        assert self._dialogue is not None, "a party belongs to a dialogue"
        calls = self._calls
        return service_key(calls.platform.point_code, calls.switch, self._dialogue.number, leg)

    def say(self, *arguments: Argument, about: SwitchParty | None = None) -> list[int]:
        """Send operations in one message; their invoke ids, none where nobody hears."""
        if self._dialogue is None:
            return []
        numbers = self._dialogue.say(*arguments)
        if about is not None:
            self._about.update(dict.fromkeys(numbers, about))
        else:
            for number in numbers:
                self._about.pop(number, None)
        return numbers

    def soon(self, party: SwitchParty, given: PartyInput) -> None:
        """Tell a party, but not from within its own request."""
        self._calls.platform.clock.call_later_us(0, party.receive, given)

    def bridge(self, parties: tuple[SwitchParty, ...], done: Callable[[bool], object]) -> None:
        """Put the parties into the call segment of the first."""
        first, *others = [party for party in parties if party.is_up]
        merges = [other.place for other in others if other.place != first.place]
        if not merges:
            done(bool(others))
            return
        orders: list[Argument] = []
        for party in (first, *others):
            if party.hears_resource:
                party.hears_resource = False
                orders.append(DisconnectForwardConnectionWithArgument(party.place))
        orders += [MergeCallSegments(place, first.place) for place in merges]
        for other in others:
            other.place = first.place
        numbers = self.say(*orders, ContinueWithArgument(leg_or_segment=first.place))
        if numbers:
            self._merging[numbers[-2]] = done
        else:
            done(False)

    def end(self) -> None:
        """Nothing more is wanted of the switch."""
        if self._dialogue is not None:
            remains = any(not party.is_clear for party in self._parties.values() if party.called)
            cause = Cause(Q850.NORMAL_UNSPECIFIED)
            self._dialogue.end(*((ReleaseCall(AllSegmentsRelease(cause)),) if remains else ()))
            self._lose()

    # DialogueOwner

    def told(self, indication: Invoked | Returned | Failed | Rejected) -> None:
        """See `DialogueOwner`."""
        match indication:
            case Invoked(argument=EventReportBCSM() as report) if report.leg_id is not None:
                party = self._parties.get(report.leg_id.leg)
                if party is not None:
                    party.reported(report)
            case Invoked(argument=EntityReleased(failure=BcsmFailure() as failure)):
                party = self._parties.get(failure.leg_id.leg)
                if party is not None:
                    party.cause = failure.cause or party.cause
                    party.receive(PartyInput.GONE)
            case Returned():
                self._returned(indication)
            case Failed() | Rejected():
                self._failed(indication)
            case _:
                self._scripted(indication)

    def dialogue_over(self, lost: bool) -> None:
        """See `DialogueOwner`."""
        self._answer(False)
        self._lose()

    def _lose(self) -> None:
        merging, self._merging = self._merging, {}
        for done in merging.values():
            done(False)
        for party in list(self._parties.values()):
            party.receive(PartyInput.LOST)

    def _answer(self, reserved: bool) -> None:
        answer, self._reserved = self._reserved, None
        if answer is not None:
            answer(reserved)

    def _returned(self, indication: Returned) -> None:
        match indication.operation:
            case OperationCode.CREATE_CALL_SEGMENT_ASSOCIATION:
                self._answer(True)
            case OperationCode.DISCONNECT_LEG:
                self._gone(indication.invoke_id)
            case OperationCode.MERGE_CALL_SEGMENTS:
                self._merged(indication.invoke_id, True)
            case _:
                self._scripted(indication)

    def _failed(self, indication: Failed | Rejected) -> None:
        number = indication.invoke_id
        if number is None:
            return
        match indication.operation:
            case OperationCode.CREATE_CALL_SEGMENT_ASSOCIATION:
                self._answer(False)
            case OperationCode.DISCONNECT_LEG:
                self._gone(number)
            case OperationCode.MERGE_CALL_SEGMENTS:
                self._merged(number, False)
            case (
                OperationCode.INITIATE_CALL_ATTEMPT
                | OperationCode.REQUEST_REPORT_BCSM_EVENT
                | OperationCode.CONTINUE_WITH_ARGUMENT
            ):
                party = self._about.pop(number, None)
                if party is not None:
                    party.receive(PartyInput.REFUSED)
            case _:
                self._scripted(indication)

    def _gone(self, number: int) -> None:
        party = self._about.pop(number, None)
        if party is not None:
            party.receive(PartyInput.GONE)

    def _merged(self, number: int, joined: bool) -> None:
        done = self._merging.pop(number, None)
        if done is not None:
            done(joined)

    def _scripted(self, indication: Invoked | Returned | Failed | Rejected) -> None:
        for party in self._parties.values():
            if party.script.takes(indication):
                return


class SwitchCalls:
    """The calls that one SCP makes on one switch; fulfils `Access` and `Stage`."""

    def __init__(self, platform: ServicePlatform, switch: int, name: str) -> None:
        """`switch` is its point code, `name` what the journal calls the ways."""
        self.platform = platform
        self.switch = switch
        self.group = name
        self._calls: dict[str, SwitchCall] = {}

    # Access

    def reserve(
        self, call: str, answer: Callable[[bool], object], parties: Parties = NUMBERS
    ) -> None:
        made = self._calls[call] = SwitchCall(self)
        made.reserve(answer)

    def are_resetting(self) -> bool:
        return False

    def seize(self, call: str, called: str = "") -> SwitchParty | None:
        made = self._calls.get(call)
        return None if made is None else made.seize()

    def seize_extra(self, call: str, called: str = "") -> SwitchParty | None:
        return self.seize(call)

    def dial(self, way: Way, called: str, caller: str, user: WayUser) -> None:
        _party(way).dial(called, caller, user)

    def give_back(self, way: Way) -> None:
        """Nothing was said of it."""

    def returned(self, call: str, way: Way | None = None) -> None:
        """The switch's board has more."""

    def done(self, call: str) -> None:
        made = self._calls.pop(call, None)
        if made is not None:
            made.end()

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
        parties = tuple(_party(way) for way in ways)
        if any(party.is_up for party in parties):
            parties[0].call.bridge(parties, done)
        else:
            done(False)

    def silence(self, way: Way) -> None:
        """Who is let go hears nothing."""


def _party(way: Way) -> SwitchParty:
    """Ways come back to who gave them."""
    assert isinstance(way, SwitchParty), "seize gives nothing else"
    return way
