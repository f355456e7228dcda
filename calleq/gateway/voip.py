"""The way of calling equipment to SIP URIs: a trunk without peers, to wherever calls are allowed.

The equipment offers a call on the line `voip` with a URI as the called number. The host is looked
up for each call (RFC 3263), and what it leads to is held against the operator's policy once more: a
name that is allowed may lead into a network that is not. Nobody calls in by it.
"""

from collections.abc import Callable, Sequence

from calleq.gateway.contract import Resolve
from calleq.gateway.trunks import Trunk
from calleq.gateway.way import DESTINATIONS_LIMIT, Destination, Way
from calleq.lines.contract import VOIP_LINE
from calleq.numbering import NumberingError, VoipPolicy, parse_sip
from calleq.sip.fields import NameAddress
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri, parse_uri
from calleq.topology_sip import SipTrunk


class VoipTrunk(Trunk):
    """Calls of one piece of equipment to SIP URIs."""

    def __init__(self, element: str, domain: str, policy: VoipPolicy, channels: int) -> None:
        trunk = SipTrunk(name=VOIP_LINE, switch=element, peers=(), channels=channels, options_s=0.0)
        super().__init__(trunk, domain)
        self._policy = policy
        self.refused = 0
        """Calls whose host is not allowed, or leads to where it must not."""

    def find(self, called: str, resolve: Resolve, then: Callable[[Way], object]) -> None:
        """Look the host up; an empty way where it cannot be found, or not be called."""
        try:
            address = parse_sip(called)
        except NumberingError:
            address = None
        uri = parse_uri(called) if address is not None else None
        if address is None or not isinstance(uri, SipUri) or not self._policy.allows(address):
            self.refused += 1
            then(())
            return
        host, found_uri = address.host, uri

        def found(targets: Sequence[Target]) -> None:
            allowed = [one for one in targets if self._policy.allows_found(host, one.host)]
            self.refused += bool(targets) and not allowed
            then(tuple((_destination(found_uri, one),) for one in allowed[:DESTINATIONS_LIMIT]))

        resolve(uri, found)

    def addressee(self, called: str, destination: Destination) -> NameAddress:
        """The URI itself, with nothing that says how it is reached (RFC 3261 §8.1.1.2)."""
        uri = destination.uri
        assert isinstance(uri, SipUri), "nothing else is called"
        return NameAddress(SipUri(uri.host, uri.user, secure=uri.secure))


def _destination(uri: SipUri, target: Target) -> Destination:
    return Destination(uri=uri, next_hop=target, secure=target.transport == "TLS")
