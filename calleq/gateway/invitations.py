"""Invitations of others: who may call, whom, and how the switch is told.

Owns admission: a line calls by the digest of its password, always as its own number; a trunk by
where its invitations come from, as whoever it names. What it refuses is said in `gateway`.
"""

from collections.abc import Mapping
from typing import Protocol

from calleq.causes import Q850
from calleq.gateway.call import GatewayCall
from calleq.gateway.identity import Caller, dialled_number, read_caller, wants_privacy
from calleq.gateway.means import LineCall, Means
from calleq.gateway.subscribers import Subscribers
from calleq.gateway.trunks import Trunk
from calleq.gateway.vouching import Believed, Vouching
from calleq.gateway.way import Kind
from calleq.lines.messages import LINE_REFERENCES, TRUNK_REFERENCES, Screening, Setup
from calleq.sip import events as sip
from calleq.sip.bounds import SipError
from calleq.sip.interworking import status_of_cause
from calleq.sip.message import Request
from calleq.sip.negotiation import answer
from calleq.units import SECOND_US


class Desk(Protocol):
    """Where calls are begun."""

    def new_call(
        self, kind: Kind, line: str, setup: Setup, *, by_switch: bool
    ) -> GatewayCall | None:
        """A call with a port at the end of its wire; None where no port is free."""

    def ended(self, call: LineCall) -> None:
        """The call reference is free again."""

    def is_in_use(self, line: str, reference: int) -> bool:
        """Whether a call of the line's own has that reference."""

    def calls_on(self, line: str) -> int:
        """How many calls a line or trunk has now."""


class Invitations:
    """Judges the invitations of one gateway."""

    def __init__(
        self,
        means: Means,
        subscribers: Subscribers,
        trunks: Mapping[str, Trunk],
        vouching: Vouching,
        country_code: str,
        desk: Desk,
    ) -> None:
        self._agent = means.agent
        self._clock = means.clock
        self._subscribers = subscribers
        self._trunks = trunks
        self._vouching = vouching
        self._country_code = country_code
        self._desk = desk
        self._references: dict[str, int] = {}
        """What each line's next call is called."""

    def take(self, event: sip.Invited) -> None:
        """Begin a call, or refuse."""
        trunk = next((one for one in self._trunks.values() if one.accepts(event.source)), None)
        if trunk is not None:
            self._dials(event, trunk.name, trunk)
            return
        admitted = self._subscribers.admit(event.request, event.source, self._now_us())
        if admitted.address:
            self._dials(event, admitted.address, self._trunks.get(admitted.address))
        else:
            self._agent.refuse(
                event.call, admitted.status, None, self._now_us(), fields=admitted.fields
            )

    def _dials(self, event: sip.Invited, line: str, trunk: Trunk | None) -> None:
        """Somebody whom we know calls a number."""
        request = event.request
        called = _called(request, self._country_code)
        cause = Q850.UNALLOCATED if not called else None
        reference = self._free_reference(line, trunk)
        if reference is None:
            cause = Q850.NO_CIRCUIT
        call = None
        if cause is None and reference is not None:
            caller, believed = self._caller(request, line, trunk, called)
            if believed.refusal:
                self._agent.refuse(event.call, believed.refusal, None, self._now_us())
                return
            setup = Setup(
                reference,
                called,
                caller.number,
                caller.display,
                restricted=caller.restricted and bool(caller.number),
                screening=believed.screening,
            )
            kind = Kind.TELEPHONE if trunk is None else Kind.TRUNK
            call = self._desk.new_call(kind, line, setup, by_switch=False)
            cause = Q850.RESOURCE_UNAVAILABLE
        if call is None:
            status = status_of_cause(int(cause or 0))
            self._agent.refuse(event.call, status, cause, self._now_us())
            return
        if (
            event.offer is not None
            and answer(event.offer, call.voice.local(secure=True))[1] is None
        ):
            call.voice.close(lambda measured: None)
            self._desk.ended(call)
            self._agent.refuse(event.call, 488, None, self._now_us())
            return
        call.dial(event.call)

    def _caller(
        self, request: Request, line: str, trunk: Trunk | None, called: str
    ) -> tuple[Caller, Believed]:
        """A line's caller is the line; a trunk's whoever it names, as far as that is believed."""
        if trunk is None:
            return Caller(line, wants_privacy(request)), Believed(Screening.PASSED)
        given = trunk.trunk
        caller = read_caller(request, self._country_code, trusted=given.trusted)
        now_s = self._clock.now_us() // SECOND_US
        return caller, self._vouching.believed(given, request, caller.number, called, now_s)

    def _free_reference(self, line: str, trunk: Trunk | None) -> int | None:
        """A call reference of ours, in turn; None where the trunk's channels are all in use."""
        own = LINE_REFERENCES.far_end if trunk is None else TRUNK_REFERENCES.far_end
        if trunk is not None and self._desk.calls_on(line) >= trunk.trunk.channels:
            return None
        reference = self._references.get(line, own.start)
        for _ in range(len(own)):
            following = reference + 1 if reference + 1 in own else own.start
            if not self._desk.is_in_use(line, reference):
                self._references[line] = following
                return reference
            reference = following
        return None

    def _now_us(self) -> int:
        return self._clock.monotonic_us()


def _called(request: Request, country_code: str) -> str:
    try:
        return dialled_number(request.uri, country_code)
    except SipError:
        return ""
