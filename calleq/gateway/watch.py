"""The health of trunks: where peers are, OPTIONS to each, our registration with those that want it.

Owns nothing but the timers and what is asked; what it learns it writes on the peers (`Peer.target`,
`Peer.is_up`). Each peer is looked up before it is asked, so that a name that leads elsewhere is
followed, and one that led nowhere when we began is found later. OPTIONS go out from the start on,
every `options_s`; a peer that has just failed a call is asked sooner, so that it comes back as soon
as it can. Refusals of any kind but 5xx and 408 show that somebody is there (RFC 3261 §11).
"""

from collections.abc import Callable, Mapping, Sequence

from calleq.gateway.contract import Resolve
from calleq.gateway.trunks import Peer, Trunk, resolve_addresses
from calleq.runtime.clock import Clock, Timer
from calleq.sip import events as sip
from calleq.sip.fields import NameAddress
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri
from calleq.sip.user_agent import UserAgent
from calleq.ss7.level3.outage_log import OutageLog
from calleq.units import SECOND_US

DOWN_STATUSES = frozenset((408, 500, 502, 503, 504))
FIND_AGAIN_US = 30 * SECOND_US
"""How soon a peer that is found nowhere is looked for again."""
ASK_AGAIN_US = 5 * SECOND_US
"""How soon a peer that is down is asked again, at the latest after its `options_s`."""


class TrunkWatch:
    """Watches every trunk of one gateway."""

    def __init__(
        self,
        agent: UserAgent,
        trunks: Mapping[str, Trunk],
        clock: Clock,
        flush: Callable[[], object],
    ) -> None:
        self._agent = agent
        self._trunks = trunks
        self._clock = clock
        self._flush = flush
        self._asked: dict[int, tuple[Trunk, Peer]] = {}
        self._bindings: dict[int, Peer] = {}
        self._timers: dict[tuple[str, str], Timer] = {}
        self._stopped = False
        self.outages = OutageLog(clock)
        """Of peers, by trunk and peer: not there, or not letting us register."""
        self._resolve: Resolve = resolve_addresses

    def start(self, resolve: Resolve) -> None:
        """Find every peer, register where a trunk says so, and ask whether it is there."""
        self._resolve = resolve
        for trunk in self._trunks.values():
            for peer in trunk.peers:
                self._look_up(trunk, peer)

    def stop(self) -> None:
        """Ask no more, and take our registrations back."""
        self._stopped = True
        for timer in self._timers.values():
            timer.cancel()
        for binding in self._bindings:
            self._agent.unregister(binding, self._now_us())

    def peer_failed(self, trunk: Trunk, name: str) -> None:
        """A call could not be sent to the peer."""
        peer = trunk.peer(name)
        if peer is not None and trunk.trunk.options_s:
            self._judge(trunk, peer, up=False)
            self._ask_later(trunk, peer)

    def happened(self, event: sip.Replied | sip.Registered | sip.RegistrationFailed) -> None:
        """What came of asking or registering."""
        match event:
            case sip.Replied(handle, response):
                asked = self._asked.pop(handle, None)
                if asked is not None:
                    trunk, peer = asked
                    up = response is not None and response.status not in DOWN_STATUSES
                    self._judge(trunk, peer, up=up)
                    self._ask_later(trunk, peer)
            case sip.Registered(binding, expires_s):
                registered = self._bindings.get(binding)
                if registered is not None:
                    registered.registered_s = expires_s or None
                    self.outages.note(_registration(registered), True)
            case sip.RegistrationFailed(binding):
                failed = self._bindings.get(binding)
                if failed is not None:
                    failed.registered_s = None
                    self.outages.note(_registration(failed), False)

    def _judge(self, trunk: Trunk, peer: Peer, *, up: bool) -> None:
        peer.is_up, peer.is_judged = up, True
        self.outages.note(f"{trunk.name} {peer.name}", up)

    def _ask_later(self, trunk: Trunk, peer: Peer) -> None:
        if self._stopped or not trunk.trunk.options_s:
            return
        wait_us = round(trunk.trunk.options_s * SECOND_US)
        if not peer.is_up:
            wait_us = min(wait_us, ASK_AGAIN_US)
        self._later(trunk, peer, wait_us)

    def _later(self, trunk: Trunk, peer: Peer, wait_us: int) -> None:
        key = (trunk.name, peer.name)
        former = self._timers.pop(key, None)
        if former is not None:
            former.cancel()
        self._timers[key] = self._clock.call_in_background_us(wait_us, self._look_up, trunk, peer)

    def _look_up(self, trunk: Trunk, peer: Peer) -> None:
        def found(targets: Sequence[Target]) -> None:
            self._found(trunk, peer, targets)

        self._resolve(peer.uri, found)

    def _found(self, trunk: Trunk, peer: Peer, targets: Sequence[Target]) -> None:
        if self._stopped:
            return
        if targets:
            peer.found(targets)
        if peer.target is None:
            self.outages.note(f"{trunk.name} {peer.name}", False)
            self._later(trunk, peer, FIND_AGAIN_US)
            return
        if targets and not trunk.trunk.options_s:  # nothing else will show that it is there
            self.outages.note(f"{trunk.name} {peer.name}", True)
        if trunk.trunk.register and not peer.binding:
            peer.binding = self._agent.register(trunk.binding(peer), self._now_us())
            self._bindings[peer.binding] = peer
        self._ask(trunk, peer)
        self._flush()

    def _ask(self, trunk: Trunk, peer: Peer) -> None:
        if not trunk.trunk.options_s or peer.target is None:
            return
        handle = self._agent.request(
            "OPTIONS",
            peer.uri,
            peer.target,
            NameAddress(SipUri(trunk.domain, trunk.trunk.username or None)),
            self._now_us(),
            credentials=trunk.credentials,
        )
        self._asked[handle] = (trunk, peer)

    def _now_us(self) -> int:
        return self._clock.monotonic_us()


def _registration(peer: Peer) -> str:
    return f"{peer.name} (registration)"
