"""The 800 service: a switch asks where a call goes, and is told; one small machine for each call.

A call is connected to the first of the numbers that its rule gives. What becomes of that is armed
as a request where the number may not be had (busy, no answer, not reached: the next number is
tried, and with the last the call is released with its cause), and as a notification where the party
answers or the caller leaves: then nothing more is asked, and the dialogue ends. A closed service
says so, where its rule has words, and releases.

Cause of a closed service is 31. An order that the switch refuses ends the call with 41. The machine
never refuses an input; what a state has no use for is ignored.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from calleq.causes import Q850
from calleq.runtime.clock import Clock
from calleq.runtime.steps import steps_of
from calleq.scp.dialogue import DialogueOwner, ServiceDialogue
from calleq.scp.translation import Closed, Open, Translator
from calleq.scp.wording import e164, pieces
from calleq.ss7.inap.arguments import (
    Connect,
    ConnectToResource,
    EventReportBCSM,
    InitialDP,
    PlayAnnouncement,
    ReleaseCall,
    RequestReportBCSMEvent,
    SpecializedResourceReport,
)
from calleq.ss7.inap.dialogue import Failed, Invoked, Rejected, Returned
from calleq.ss7.inap.interaction import InbandInfo, MessageText
from calleq.ss7.inap.operations import Argument
from calleq.ss7.inap.values import (
    BcsmEvent,
    DpCriteria,
    EventTypeBCSM,
    MonitorMode,
    sending,
)
from calleq.ss7.isup.values import CalledNumber, Cause
from calleq.topology_services import FreephoneNumber
from calleq.units import SECOND_US

CALLER, PARTY = 1, 2
"""The legs of a call that was begun by a caller."""

_E, _M = EventTypeBCSM, MonitorMode


class FreephoneState(StrEnum):
    """What the service does for one call."""

    CONNECTING = "Connecting"
    """A number is being tried."""
    INFORMING = "Informing"
    """The caller is told that the service is closed."""
    OVER = "Over"


class FreephoneInput(StrEnum):
    """What can happen to it."""

    ANSWERED = "answered"
    UNREACHED = "unreached"
    """The number was not to be had, and there is another."""
    LAST_UNREACHED = "last unreached"
    """... and there is none."""
    ABANDONED = "abandoned"
    TOLD = "told"
    """The announcement is over."""
    REFUSED = "refused"
    """The switch does not do what it was told to do."""
    ENDED = "ended"
    """The dialogue is over."""


class FreephoneAction(StrEnum):
    """What the service does about it."""

    IGNORE = "ignore"
    END = "end"
    TRY_NEXT = "try_next"
    RELEASE = "release"
    """With the cause of the last number that was tried."""
    CLOSE = "close"
    GIVE_UP = "give_up"


_S, _I, _A = FreephoneState, FreephoneInput, FreephoneAction

TABLE: Mapping[tuple[FreephoneState, FreephoneInput], tuple[FreephoneAction, FreephoneState]] = {
    (_S.CONNECTING, _I.ANSWERED): (_A.END, _S.OVER),
    (_S.CONNECTING, _I.UNREACHED): (_A.TRY_NEXT, _S.CONNECTING),
    (_S.CONNECTING, _I.LAST_UNREACHED): (_A.RELEASE, _S.OVER),
    (_S.CONNECTING, _I.ABANDONED): (_A.END, _S.OVER),
    (_S.CONNECTING, _I.TOLD): (_A.IGNORE, _S.CONNECTING),
    (_S.CONNECTING, _I.REFUSED): (_A.GIVE_UP, _S.OVER),
    (_S.CONNECTING, _I.ENDED): (_A.IGNORE, _S.OVER),
    (_S.INFORMING, _I.ANSWERED): (_A.IGNORE, _S.INFORMING),
    (_S.INFORMING, _I.UNREACHED): (_A.IGNORE, _S.INFORMING),
    (_S.INFORMING, _I.LAST_UNREACHED): (_A.IGNORE, _S.INFORMING),
    (_S.INFORMING, _I.ABANDONED): (_A.END, _S.OVER),
    (_S.INFORMING, _I.TOLD): (_A.CLOSE, _S.OVER),
    # Nothing can be played: the caller is released without a word.
    (_S.INFORMING, _I.REFUSED): (_A.CLOSE, _S.OVER),
    (_S.INFORMING, _I.ENDED): (_A.IGNORE, _S.OVER),
    **{(_S.OVER, given): (_A.IGNORE, _S.OVER) for given in FreephoneInput},
}

_UNREACHED = frozenset((_E.O_CALLED_PARTY_BUSY, _E.O_NO_ANSWER, _E.ROUTE_SELECT_FAILURE))
_CAUSES = {
    _E.O_CALLED_PARTY_BUSY: Q850.USER_BUSY,
    _E.O_NO_ANSWER: Q850.NO_ANSWER,
    _E.ROUTE_SELECT_FAILURE: Q850.TEMPORARY_FAILURE,
}
"""What an event means that was reported without a cause."""


class FreephoneCall:
    """One call to an 800 number; fulfils `DialogueOwner`."""

    __slots__ = ("_cause", "_dialogue", "_numbers", "_ring_limit_s", "_state", "_translation")

    def __init__(self, dialogue: ServiceDialogue, translation: Open | Closed) -> None:
        self._dialogue = dialogue
        self._translation = translation
        self._numbers: Sequence[str] = ()
        """Not tried yet."""
        self._ring_limit_s = 0
        self._cause = Cause(Q850.NORMAL_UNSPECIFIED)
        self._state = FreephoneState.CONNECTING

    def begin(self) -> None:
        """Answer the switch's question."""
        translation = self._translation
        match translation:
            case Open(numbers, ring_limit_us):
                self._numbers = numbers
                self._ring_limit_s = max(1, round(ring_limit_us / SECOND_US))
                self.try_next()
            case Closed(""):
                self._state = FreephoneState.OVER
                self.close()
            case Closed(text):
                self._state = FreephoneState.INFORMING
                self._dialogue.say(*_closing(text))

    def told(self, indication: Invoked | Returned | Failed | Rejected) -> None:
        """See `DialogueOwner`."""
        match indication:
            case Invoked(argument=EventReportBCSM() as report):
                self._reported(report)
            case Invoked(argument=SpecializedResourceReport()):
                self._receive(FreephoneInput.TOLD)
            case Failed() | Rejected():
                self._receive(FreephoneInput.REFUSED)
            case _:
                pass  # nothing else concerns the service

    def dialogue_over(self, lost: bool) -> None:
        """See `DialogueOwner`: what becomes of the call is the switch's affair."""
        self._receive(FreephoneInput.ENDED)

    def _reported(self, report: EventReportBCSM) -> None:
        event = report.event_type_bcsm
        if event in _UNREACHED:
            told = None if report.information is None else report.information.cause
            self._cause = told or Cause(_CAUSES[event])
            has_more = bool(self._numbers)
            self._receive(FreephoneInput.UNREACHED if has_more else FreephoneInput.LAST_UNREACHED)
        elif event is _E.O_ANSWER:
            self._receive(FreephoneInput.ANSWERED)
        elif event is _E.O_ABANDON:
            self._receive(FreephoneInput.ABANDONED)

    def _receive(self, given: FreephoneInput) -> None:
        act, self._state = _STEPS[self._state][given]
        act(self)

    # The actions of the table.

    def ignore(self) -> None:
        """Nothing is to be done."""

    def end(self) -> None:
        """The switch needs nothing more."""
        self._dialogue.end()

    def try_next(self) -> None:
        """Connect the caller to the next number, and be asked again if it cannot be had."""
        number, self._numbers = self._numbers[0], self._numbers[1:]
        self._dialogue.say(
            _reports(self._ring_limit_s),
            Connect(destination_routing_address=(CalledNumber(number[1:]),)),
        )

    def release(self) -> None:
        """No number is left."""
        self._dialogue.end(ReleaseCall(self._cause))

    def close(self) -> None:
        """The service is closed."""
        self._dialogue.end(ReleaseCall(Cause(Q850.NORMAL_UNSPECIFIED)))

    def give_up(self) -> None:
        """The switch cannot be had to do it."""
        self._dialogue.end(ReleaseCall(Cause(Q850.TEMPORARY_FAILURE)))


_ACTS: Mapping[FreephoneAction, Callable[[FreephoneCall], None]] = {
    _A.IGNORE: FreephoneCall.ignore,
    _A.END: FreephoneCall.end,
    _A.TRY_NEXT: FreephoneCall.try_next,
    _A.RELEASE: FreephoneCall.release,
    _A.CLOSE: FreephoneCall.close,
    _A.GIVE_UP: FreephoneCall.give_up,
}
_STEPS = steps_of(TABLE, _ACTS)


class Freephone:
    """Every 800 number of one SCP; fulfils `Service`."""

    def __init__(self, numbers: Sequence[FreephoneNumber], clock: Clock, country_code: str) -> None:
        self._translators = {one.number: Translator(one) for one in numbers}
        self._clock = clock
        self._country_code = country_code
        self.translated = 0
        self.closed = 0

    @property
    def keys(self) -> frozenset[int]:
        """The service keys of its numbers."""
        return frozenset(one.service.service_key for one in self._translators.values())

    def begun(self, dialogue: ServiceDialogue, first: Invoked) -> DialogueOwner | None:
        """See `Service`; None for a number that is not among the service's."""
        question = first.argument
        if not isinstance(question, InitialDP):
            return None
        called = question.called_party_number or question.dialled_digits
        translator = self._translators.get(e164(called, self._country_code))
        if translator is None or translator.service.service_key != question.service_key:
            return None
        caller = e164(question.calling_party_number, self._country_code)
        translation = translator.translate(caller, self._clock.now_us())
        if isinstance(translation, Open):
            self.translated += 1
        else:
            self.closed += 1
        call = FreephoneCall(dialogue, translation)
        dialogue.owner = call
        call.begin()
        return call


def _reports(ring_limit_s: int) -> RequestReportBCSMEvent:
    party, caller = sending(PARTY), sending(CALLER)
    limit = DpCriteria(application_timer_s=ring_limit_s)
    return RequestReportBCSMEvent(
        (
            BcsmEvent(_E.ROUTE_SELECT_FAILURE, _M.INTERRUPTED, party),
            BcsmEvent(_E.O_CALLED_PARTY_BUSY, _M.INTERRUPTED, party),
            BcsmEvent(_E.O_NO_ANSWER, _M.INTERRUPTED, party, limit),
            BcsmEvent(_E.O_ANSWER, _M.NOTIFY_AND_CONTINUE, party),
            BcsmEvent(_E.O_ABANDON, _M.NOTIFY_AND_CONTINUE, caller),
        )
    )


def _closing(text: str) -> tuple[Argument, ...]:
    """Tell the caller; the last piece is reported, and gives the resource up."""
    caller = BcsmEvent(_E.O_ABANDON, _M.NOTIFY_AND_CONTINUE, sending(CALLER))
    parts = pieces(text)
    last = len(parts) - 1
    return (
        RequestReportBCSMEvent((caller,)),
        ConnectToResource(),
        *(
            PlayAnnouncement(
                InbandInfo(MessageText(part.text), number_of_repetitions=1),
                disconnect_from_ip_forbidden=place != last,
                request_announcement_complete=place == last,
            )
            for place, part in enumerate(parts)
        ),
    )
