"""The trunks of one switch: groups of calls to and from other systems, by SIP.

Owns, for each trunk, its peers with their health, the registration with them, whose invitations
belong to it, and where a call over it is sent. Which numbers lie behind a trunk is the switch's
routing; that a forbidden number is never dialled is seen to here, too.

A peer is up until it has shown otherwise: no answer to OPTIONS or to an INVITE, or 5xx. Whatever
else it says (a 404, a 405) shows that it is there. A peer that is down is asked on, and is passed
over for calls as long as another is up; where none is, they are tried all the same, in order.

Invitations belong to a trunk by their source (`accept_from`, or the addresses of the peers), or by
the digest of its user name.
"""

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import msgspec

from calleq.gateway.contract import Resolve
from calleq.gateway.way import Destination, Way
from calleq.sip.bounds import SipError
from calleq.sip.events import Binding, Credentials
from calleq.sip.fields import NameAddress
from calleq.sip.locating import locate
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri, parse_uri
from calleq.topology_sip import SipTrunk

HOSTS_LIMIT = 4_096
"""Hosts of late of which it is remembered whether they are a trunk's."""


class Peer:
    """One door of the other system."""

    __slots__ = ("binding", "is_judged", "is_up", "name", "registered_s", "target", "text", "uri")

    def __init__(self, text: str) -> None:
        self.text = text
        uri = parse_uri(text if text.startswith(("sip:", "sips:")) else f"sip:{text}")
        if not isinstance(uri, SipUri):
            raise SipError(f"no peer: {text!r}")
        self.uri = uri
        self.name = text
        self.target: Target | None = None
        """Where it was found to be; None: not yet, or nowhere."""
        self.is_up = True
        self.is_judged = False
        """Whether it has shown that it is up or down; until then it is taken for up."""
        self.binding = 0
        """Of our registration with it; 0: none."""
        self.registered_s: int | None = None

    def found(self, targets: Sequence[Target]) -> None:
        """Where it is reached."""
        self.target = targets[0] if targets else None

    @property
    def secure(self) -> bool:
        """Whether it is reached by TLS, so that voice goes encrypted, too."""
        return self.target is not None and self.target.transport == "TLS"


class PeerView(msgspec.Struct, frozen=True):
    """A peer as operators see it."""

    peer: str
    address: str
    up: bool
    registered_s: int | None
    judged: bool = True
    """False: it has shown neither that it is up nor that it is not."""


class Trunk:
    """One trunk at this switch."""

    def __init__(self, trunk: SipTrunk, domain: str) -> None:
        self.trunk = trunk
        self.name = trunk.name
        self.domain = domain
        self.peers = [Peer(text) for text in trunk.peers]
        self._networks = [ipaddress.ip_network(text, strict=False) for text in trunk.accept_from]
        self._is_within = lru_cache(HOSTS_LIMIT)(self._within)

    @property
    def credentials(self) -> Credentials | None:
        """By which we prove ourselves to it."""
        trunk = self.trunk
        return Credentials(trunk.username, trunk.password) if trunk.username else None

    def is_forbidden(self, number: str) -> bool:
        """Whether a number is never dialled over it."""
        return number.startswith(self.trunk.forbidden)

    def accepts(self, source: Target) -> bool:
        """Whether whatever comes from there is this trunk's, without a password."""
        if self._networks:
            return self.is_at(source.host)
        return any(
            peer.target is not None
            and peer.target.host == source.host
            and (source.reliable or peer.target.port == source.port)
            for peer in self.peers
        )

    def is_at(self, host: str) -> bool:
        """Whether a host is one that its calls come from."""
        if not self._networks:
            return any(peer.target is not None and peer.target.host == host for peer in self.peers)
        return self._is_within(host)

    def _within(self, host: str) -> bool:
        """Whether an address is in one of the networks whose calls are taken."""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._networks)

    def way(self, number: str) -> Way:
        """Where a call to the number is sent: one peer after the other."""
        known = [peer for peer in self.peers if peer.target is not None]
        usable = [peer for peer in known if peer.is_up] or known
        return tuple((self._destination(peer, number),) for peer in usable)

    def find(self, called: str, resolve: Resolve, then: Callable[[Way], object]) -> None:
        """Tell the way of a call, once, at once or later; empty: there is none."""
        then(() if self.is_forbidden(called) else self.way(called))

    def addressee(self, called: str, destination: Destination) -> NameAddress:
        """Whom an invitation is for."""
        host = destination.uri.host if isinstance(destination.uri, SipUri) else self.domain
        return NameAddress(SipUri(host, called))

    def _destination(self, peer: Peer, number: str) -> Destination:
        assert peer.target is not None, "only peers that were found are tried"
        uri = msgspec.structs.replace(
            peer.uri, user=number, parameters=(*peer.uri.parameters, ("user", "phone"))
        )
        return Destination(
            uri=uri,
            next_hop=peer.target,
            secure=peer.secure,
            credentials=self.credentials,
            peer=peer.name,
        )

    def peer(self, name: str) -> Peer | None:
        """The peer of that name."""
        return next((peer for peer in self.peers if peer.name == name), None)

    def binding(self, peer: Peer) -> Binding:
        """What we register with a peer."""
        assert peer.target is not None, "only peers that were found are registered with"
        registrar = msgspec.structs.replace(peer.uri, user=None)
        address = msgspec.structs.replace(peer.uri, user=self.trunk.username, parameters=())
        return Binding(
            registrar=registrar,
            address=NameAddress(address),
            next_hop=peer.target,
            credentials=self.credentials,
        )

    def views(self) -> list[PeerView]:
        """Its peers, in order."""
        return [
            PeerView(
                peer.text,
                "" if peer.target is None else str(peer.target.host) + f":{peer.target.port}",
                peer.is_up and peer.target is not None,
                peer.registered_s,
                peer.is_judged,
            )
            for peer in self.peers
        ]


def resolve_addresses(uri: SipUri, told: Callable[[Sequence[Target]], object]) -> None:
    """Finds what needs no DNS: a URI whose host is an address."""
    try:
        next(locate(uri, lambda: 0.0))
    except StopIteration as found:
        targets: list[Target] = found.value
        told(targets)
    else:
        told(())


def trunks_of(trunks: Iterable[SipTrunk], switch: str, domain: str) -> dict[str, Trunk]:
    """The trunks of a switch, by name."""
    return {one.name: Trunk(one, domain) for one in trunks if one.switch == switch}
