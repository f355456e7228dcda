"""What an invitation of the gateway says: whom it calls, who calls, and who vouches for that."""

from collections.abc import Callable, Mapping

from calleq.gateway.identity import Caller, shown_caller
from calleq.gateway.means import LineCall
from calleq.gateway.trunks import Trunk
from calleq.gateway.vouching import Vouching
from calleq.gateway.way import Destination
from calleq.runtime.clock import Clock
from calleq.sip import events as sip
from calleq.sip.fields import NameAddress
from calleq.sip.negotiation import Local
from calleq.sip.uri import SipUri
from calleq.units import SECOND_US

CALL_ID_BITS = 64


class Composer:
    """Makes the invitations of one gateway."""

    def __init__(
        self,
        domain: str,
        trunks: Mapping[str, Trunk],
        vouching: Vouching,
        random_bits: Callable[[int], int],
        clock: Clock,
    ) -> None:
        self._domain = domain
        self._trunks = trunks
        self._vouching = vouching
        self._random_bits = random_bits
        self._clock = clock

    def compose(self, call: LineCall, destination: Destination, local: Local) -> sip.Outgoing:
        """The invitation of a call to one destination."""
        setup = call.setup
        trunk = self._trunks.get(call.line)
        trusted = trunk is not None and trunk.trunk.trusted
        caller = Caller(setup.calling, setup.restricted or not setup.calling, setup.display)
        shown, fields = shown_caller(caller, self._domain, trusted=trusted)
        to = NameAddress(SipUri(self._domain, setup.called))
        if trunk is not None:
            to = trunk.addressee(setup.called, destination)
            now_s = self._clock.now_us() // SECOND_US
            fields |= self._vouching.signed(trunk.trunk, setup, now_s)
        token = f"{self._random_bits(CALL_ID_BITS):016x}"
        return sip.Outgoing(
            target=destination.uri,
            to=to,
            caller=shown,
            next_hop=destination.next_hop,
            local=local,
            route=destination.route,
            fields=fields,
            credentials=destination.credentials,
            call_id=f"{token}@{self._domain}",
        )
