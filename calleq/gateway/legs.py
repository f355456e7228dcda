"""The invitations of one call: whom it is offered to, at once and in turn, until somebody answers.

Owns those that are out (several where a telephone has registered from several places), and the way
that is left where they fail. The first who answers is taken, the others are let go as completed
elsewhere. A peer of a trunk that says nothing at all is passed over after `PEER_WAIT_US`, before
the switch itself gives up (T303); a telephone that says nothing is waited for as long as the switch
waits. Who came by TLS and refuses encrypted voice is offered plain voice.
"""

from collections.abc import Callable

from msgspec.structs import replace

from calleq.causes import Q850
from calleq.gateway.means import LineCall, Means
from calleq.gateway.way import SILENT, Destination, Kind, Walk, Way
from calleq.runtime.clock import Timer
from calleq.sip import events as sip
from calleq.sip.bounds import SipError
from calleq.units import SECOND_US

UNAVAILABLE = 503
_NO_SUCH_VOICE = frozenset((415, 488, 606))
"""Refusals of what was offered, not of the call."""
PEER_WAIT_US = 3 * SECOND_US
ELSEWHERE = {"reason": ['SIP;cause=200;text="Call completed elsewhere"']}
"""Why a telephone stops to ring that should not count the call as missed (RFC 3326)."""


def _nothing(cause: int) -> None:
    """A call that is over needs not be told that nobody is left."""


class Legs:
    """Invites for one call; `nobody_left(cause)` is told when all of it came to nothing."""

    __slots__ = ("_call", "_kind", "_means", "_nobody_left", "_out", "_waits", "_walk")

    def __init__(
        self, means: Means, call: LineCall, kind: Kind, nobody_left: Callable[[int], object]
    ) -> None:
        self._means = means
        self._call: LineCall | None = call
        """None once it is over."""
        self._kind = kind
        self._nobody_left = nobody_left
        self._walk = Walk((), kind)
        self._out: dict[int, Destination] = {}
        """Invitations by handle."""
        self._waits: dict[int, Timer] = {}
        """How long each invitation to a peer may stay without any answer."""

    def start(self, way: Way) -> None:
        """Invite whoever the way leads to."""
        self._walk = Walk(way, self._kind)
        self._go_on()

    def heard_of(self, handle: int) -> None:
        """Somebody has an invitation."""
        wait = self._waits.pop(handle, None)
        if wait is not None:
            wait.cancel()

    def answered(self, handle: int) -> None:
        """Somebody answered: the others are let go."""
        self._out.pop(handle, None)
        self.heard_of(handle)
        self._let_go(Q850.NORMAL, ELSEWHERE)

    def failed(self, failed: sip.Failed) -> None:
        """An invitation came to nothing."""
        self._means.unbind(failed.call)
        self.heard_of(failed.call)
        destination = self._out.pop(failed.call, None)
        if destination is None:
            return
        if destination.secure and failed.status in _NO_SUCH_VOICE:
            self._invite(replace(destination, secure=False))
            return
        assert self._call is not None, "who is invited is let go before the call is over"
        self._means.failed(self._call, destination, failed)
        self._walk.failed(failed)
        if not self._out:
            self._go_on()

    def let_go(self, cause: int) -> None:
        """Nobody is wanted any more."""
        self._let_go(cause, {})

    def over(self) -> None:
        """The call is over and nobody is left: let go of it, so that nothing has to find out that
        the two only hold each other."""
        self._call = None
        self._nobody_left = _nothing

    def _let_go(self, cause: int, fields: dict[str, list[str]]) -> None:
        out, self._out = self._out, {}
        for handle in out:
            self._means.unbind(handle)
            self.heard_of(handle)
            self._means.agent.hang_up(handle, cause, self._means.now_us(), fields=fields)

    def _go_on(self) -> None:
        """Invite the next group; nobody is left: the call fails."""
        while not self._out:
            group = self._walk.following()
            if not group:
                self._nobody_left(self._walk.cause)
                return
            for destination in group:
                self._invite(destination)

    def _invite(self, destination: Destination) -> None:
        means, call = self._means, self._call
        assert call is not None, "nobody is invited to a call that is over"
        outgoing = means.compose(call, destination, call.voice.local(secure=destination.secure))
        try:
            handle = means.agent.invite(outgoing, means.now_us())
        except SipError:  # a contact that can't be written, or no room
            self._walk.failed(sip.Failed(0, UNAVAILABLE, Q850.RESOURCE_UNAVAILABLE))
            return
        self._out[handle] = destination
        means.bind(handle, call)
        if self._kind is Kind.TRUNK:
            self._waits[handle] = means.clock.call_later_us(PEER_WAIT_US, self._silent, handle)

    def _silent(self, handle: int) -> None:
        """A peer has said nothing at all."""
        self._waits.pop(handle, None)
        if handle in self._out:
            self._means.agent.hang_up(handle, Q850.RECOVERY_ON_TIMER, self._means.now_us())
            self.failed(sip.Failed(handle, SILENT, Q850.OUT_OF_ORDER))
            self._means.flush()
