"""One call between a line of a switch and SIP, in either direction.

Towards the switch it is the telephone's side of Q.931, or the far end of a primary rate access;
towards the party it is a user agent. The table is `table`'s; this carries it out. It owns the
call's port (`voice`) and the party's call, once there is one; before, `legs` invites.

It never decides who may call: `Gateway` has asked that before there is a call.

Odd cases. Voice of
whoever is not connected yet is heard at once and is no answer. A party that goes silent is asked
whether it is there, by offering anew what stands: a telephone that has vanished ends the call so,
whatever it would have said.
"""

from collections.abc import Callable

from calleq.causes import Q850
from calleq.gateway.legs import Legs
from calleq.gateway.means import Means
from calleq.gateway.table import TABLE, TIMER_US, GAction, GInput, GState
from calleq.gateway.voice import CallVoice
from calleq.gateway.way import Kind, Way
from calleq.lines.messages import (
    Alerting,
    Clearing,
    Connect,
    Disconnect,
    LineMessage,
    Proceeding,
    Progress,
    Release,
    ReleaseComplete,
    Setup,
)
from calleq.media.ports import PortEvent, Quality
from calleq.runtime.clock import Timer
from calleq.runtime.steps import steps_of
from calleq.sip import events as sip
from calleq.sip.interworking import status_of_cause
from calleq.sip.negotiation import Agreed, Local

RINGING_STATUS = 180

_UNSPECIFIED = Q850.NORMAL_UNSPECIFIED


class GatewayCall:
    """One call reference in use on one line or trunk."""

    __slots__ = (
        "_accepted",
        "_handle",
        "_legs",
        "_means",
        "_measure",
        "_measured",
        "_proceeding",
        "_timer",
        "by_switch",
        "cause",
        "kind",
        "line",
        "reference",
        "setup",
        "state",
        "voice",
    )

    def __init__(
        self,
        means: Means,
        kind: Kind,
        setup: Setup,
        line: str,
        voice: CallVoice,
        *,
        by_switch: bool,
    ) -> None:
        """`by_switch`: who chose the reference of `setup`. The port of `voice` has been taken."""
        self.kind = kind
        self.setup = setup
        self.line = line
        self.reference = setup.reference
        self.by_switch = by_switch
        self.voice = voice
        self.state = GState.CALLING if by_switch else GState.DIALLING
        self.cause: int = Q850.NORMAL
        self._means = means
        self._legs = Legs(means, self, kind, self._nobody_left)
        self._handle = 0
        """The party's call, once there is one: who answered, or who invited us; 0: none."""
        self._accepted = False
        """The party invited us, and was told that its call is answered."""
        self._proceeding = False
        self._measured = False
        self._measure: Quality | None = None
        self._timer: Timer | None = None

    # How it begins.

    def call(self, way: Way) -> None:
        """The switch offers it: invite whoever the way leads to."""
        self._legs.start(way)

    def dial(self, handle: int) -> None:
        """The party invited us: SETUP goes to the switch."""
        self._handle = handle
        self._means.bind(handle, self)
        self._means.send(self.line, self.setup)

    @property
    def party(self) -> int:
        """The handle of the party's call; 0 while nobody has answered."""
        return self._handle

    # What comes in.

    def received(self, message: LineMessage) -> None:
        """A message of the switch."""
        given = _INPUT_OF.get(type(message))
        if given is None:
            return  # SETUP again, or what is of no interest to a telephone
        if isinstance(message, Clearing):
            if self.state not in _ENDING:
                self.cause = message.cause or _UNSPECIFIED
        elif isinstance(message, Progress) and not message.in_band:
            return
        self.take(given)

    def came(self, event: sip.Event) -> None:
        """An event of the user agent, of a handle that was bound to this call."""
        match event:
            case sip.Trying(handle):
                self._legs.heard_of(handle)
                self.take(GInput.TRIES)
            case sip.Ringing(handle, response):
                self._legs.heard_of(handle)
                if response.status == RINGING_STATUS:
                    self.take(GInput.RINGS)
            case sip.EarlyMedia(_, agreed):
                self.voice.plan(agreed)
                self.take(GInput.HEARD)
            case sip.Accepted(handle, _, agreed):
                self._answered(handle, agreed)
            case sip.Failed():
                self._legs.failed(event)
            case sip.Ended(handle, cause):
                self._means.unbind(handle)
                if handle == self._handle:
                    self._handle = 0
                    self.gone(cause)
            case sip.Confirmed(_, agreed) | sip.AgreedAgain(_, agreed):
                if agreed is not None:
                    self.voice.plan(agreed)
            case sip.Reoffered():
                self._reoffered(event)
            case sip.Leaving(handle, cause):
                if handle == self._handle:
                    self._handle = 0
                    self.gone(cause)
            case _:
                pass

    def gone(self, cause: int) -> None:
        """The party is gone."""
        if self.state not in _ENDING:
            self.cause = cause or _UNSPECIFIED
        self.take(GInput.HANGS_UP)

    def abandon(self) -> None:
        """The process ends: let the party go, and tell the switch nothing."""
        self.cause = Q850.TEMPORARY_FAILURE
        self._leave()

    def port_event(self, event: PortEvent) -> None:
        """Something is the matter with the port."""
        if self.state is not GState.TALKING:
            return
        if event == "silent":
            now_us = self._means.now_us()
            self._means.agent.reoffer(self._handle, self._local(), now_us)
        elif event == "failed":
            self._let_party_go(Q850.TEMPORARY_FAILURE)
        self._means.flush()

    def _let_party_go(self, cause: int) -> None:
        """End the party's call, as if it had hung up."""
        handle, self._handle = self._handle, 0
        self._means.unbind(handle)
        self._means.agent.hang_up(handle, cause, self._means.now_us())
        self.gone(cause)

    def take(self, given: GInput) -> None:
        """One input of the table."""
        act, following = _STEPS[self.state][given]
        if act is _ignore:
            return
        if following is not self.state:
            self.state = following
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            limit_us = TIMER_US.get(following)
            if limit_us is not None:
                self._timer = self._means.clock.call_later_us(limit_us, self._expired)
        act(self)

    def _expired(self) -> None:
        self._timer = None
        self.take(GInput.EXPIRED)
        self._means.flush()

    # Invitations.

    def _nobody_left(self, cause: int) -> None:
        self.cause = cause
        self.take(GInput.FAILS)

    def _answered(self, handle: int, agreed: Agreed) -> None:
        self._legs.answered(handle)
        self._handle = handle
        self.voice.plan(agreed)
        self.take(GInput.ANSWERS)

    def _reoffered(self, event: sip.Reoffered) -> None:
        means = self._means
        if not self.voice.is_open:
            means.agent.refuse_offer(event.call, means.now_us())
            return
        local = self._local() if event.offer is None else self._answering()
        agreed = means.agent.answer_offer(event.call, local, means.now_us())
        if agreed is not None:
            self.voice.plan(agreed)

    def _local(self) -> Local:
        """What an offer is made of: with keys where the voice is encrypted already."""
        return self.voice.local(secure=self.voice.is_secure)

    # The actions of the table.

    def send_proceeding(self) -> None:
        if not self._proceeding:
            self._proceeding = True
            self._send(Proceeding(self.reference, self.by_switch))

    def send_alerting(self) -> None:
        self._send(Alerting(self.reference, self.by_switch))

    def send_progress(self) -> None:
        self._send(Progress(self.reference, in_band=True, to_originator=self.by_switch))

    def send_connect(self) -> None:
        self._send(Connect(self.reference, self.by_switch))

    def send_disconnect(self) -> None:
        self._send(Disconnect(self.reference, self.cause, self.by_switch))
        self._legs.let_go(self.cause)
        self._close()

    def refuse(self) -> None:
        self._legs.let_go(self.cause)
        self._close()
        self._send(ReleaseComplete(self.reference, self.cause, self.by_switch))
        self.end()

    def ring(self) -> None:
        self._means.agent.ring(self._handle, self._means.now_us())

    def let_hear(self) -> None:
        agent = self._means.agent
        agreed = agent.progress(self._handle, self._answering(), self._means.now_us())
        if agreed is not None:
            self.voice.plan(agreed)

    def accept(self) -> None:
        self._accepted = True
        agreed = self._means.agent.accept(self._handle, self._answering(), self._means.now_us())
        if agreed is not None:
            self.voice.plan(agreed)

    def let_go(self) -> None:
        self._leave()
        self._close()
        self.await_measure()

    def await_measure(self) -> None:
        if self._measured:
            self.take(GInput.MEASURED)

    def send_release(self) -> None:
        self._send(Release(self.reference, self.cause, self.by_switch, self._measure))

    def complete(self) -> None:
        self._send(ReleaseComplete(self.reference, self.cause, self.by_switch, self._measure))
        self.end()

    def drop(self) -> None:
        self._leave()
        self._close()
        self.end()

    def end(self) -> None:
        self._legs.over()
        self._means.ended(self)

    # What the actions are made of.

    def _send(self, message: LineMessage) -> None:
        self._means.send(self.line, message)

    def _answering(self) -> Local:
        """What an answer is made of: keys beside, should the offer be of SAVP."""
        return self.voice.local(secure=True)

    def _leave(self) -> None:
        """Whoever is invited, rings, talks or has invited us is let go, with the cause."""
        self._legs.let_go(self.cause)
        handle, self._handle = self._handle, 0
        if not handle:
            return
        means = self._means
        means.unbind(handle)
        if self._accepted or self.by_switch:
            means.agent.hang_up(handle, self.cause, means.now_us())
        else:
            status = status_of_cause(self.cause)
            means.agent.refuse(handle, status, self.cause, means.now_us())

    def _close(self) -> None:
        self.voice.close(self._was_measured)

    def _was_measured(self, quality: Quality | None) -> None:
        if not self._measured:
            self._measured = True
            self._measure = quality
            self.take(GInput.MEASURED)
            self._means.flush()


def _ignore(call: GatewayCall) -> None:
    """Nothing happens, and the timer runs on."""


_ACTS: dict[GAction, Callable[[GatewayCall], None]] = {
    GAction.IGNORE: _ignore,
    GAction.SEND_PROCEEDING: GatewayCall.send_proceeding,
    GAction.SEND_ALERTING: GatewayCall.send_alerting,
    GAction.SEND_PROGRESS: GatewayCall.send_progress,
    GAction.SEND_CONNECT: GatewayCall.send_connect,
    GAction.SEND_DISCONNECT: GatewayCall.send_disconnect,
    GAction.REFUSE: GatewayCall.refuse,
    GAction.RING: GatewayCall.ring,
    GAction.LET_HEAR: GatewayCall.let_hear,
    GAction.ACCEPT: GatewayCall.accept,
    GAction.LET_GO: GatewayCall.let_go,
    GAction.AWAIT_MEASURE: GatewayCall.await_measure,
    GAction.SEND_RELEASE: GatewayCall.send_release,
    GAction.COMPLETE: GatewayCall.complete,
    GAction.DROP: GatewayCall.drop,
    GAction.END: GatewayCall.end,
}
_STEPS = steps_of(TABLE, _ACTS)

_INPUT_OF: dict[type[LineMessage], GInput] = {
    Alerting: GInput.ALERTING,
    Progress: GInput.PROGRESS,
    Connect: GInput.CONNECT,
    Disconnect: GInput.DISCONNECT,
    Release: GInput.RELEASE,
    ReleaseComplete: GInput.RELEASE_COMPLETE,
}

_ENDING = frozenset(
    (
        GState.DISCONNECTING,
        GState.MEASURING,
        GState.COMPLETING,
        GState.RELEASING,
        GState.RELEASING_AGAIN,
        GState.OVER,
    )
)
"""States in which the cause of the call's end is known already."""
