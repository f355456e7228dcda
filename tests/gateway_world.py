"""The shipped network of SIP on the virtual clock, with telephones that register."""

from collections.abc import Sequence

from msgspec.structs import replace

from calleq.billing.records import LegRecord
from calleq.sip.transaction import Target
from calleq.topology import Topology, load_topology
from calleq.topology_sip import SipTrunk
from calleq.units import SECOND_US
from tests.sip_network import SHIPPED
from tests.sip_scene import SipWorld, Telephone
from tests.virtual import VirtualNetwork, leg_of

CUSTOMER, REPRESENTATIVE = "+12125550120", "+12125550143"
TALK_US = 5 * SECOND_US
FIRST_PORT = 5_100


class Scene:
    """The shipped network of SIP, a customer and a representative who have registered."""

    def __init__(self, free_ports: int = 1_000, topology: Topology | None = None) -> None:
        self.world = SipWorld(free_ports)
        shipped = topology or load_topology(SHIPPED)
        self.network = VirtualNetwork(shipped, sip=self.world.ground)
        self.net, self.ports = self.world.net, self.world.ports
        self.clock = self.network.clock
        self.gateways = self.network.network.gateways
        self.customer = self.telephone(FIRST_PORT, 62)
        self.representative = self.telephone(FIRST_PORT + 1, 64)
        self.customer.register("12125550120", "customer-120", "ssp-62.calleq.example")
        self.representative.register("12125550143", "agent-143", "ssp-64.calleq.example")
        self.representative.hang_up_after_us = TALK_US
        self.clock.advance_us(SECOND_US)
        assert self.customer.happened == self.representative.happened == ["registered"]

    def telephone(self, port: int, switch: int, host: str = "127.0.0.1") -> Telephone:
        """A telephone that knows where a switch is."""
        server = Target("127.0.0.1", 5_000 + switch)
        return Telephone(self.net, self.clock, (host, port), server)

    def call(self, customer: str = CUSTOMER) -> str:
        """A message is posted; the call, ended."""
        return self.network.call(customer, REPRESENTATIVE).call

    def leg(self, call: str, leg: str = "customer", attempt: int = 1) -> LegRecord:
        """One leg of the call's record."""
        return leg_of(self.network.records()[call], leg, attempt)

    def assert_nothing_is_left(self) -> None:
        """No circuit, no port, no call reference."""
        self.network.assert_at_rest()
        assert not self.ports.taken
        for gateway in self.gateways.values():
            assert gateway.calls_in_progress == 0
            assert gateway.malformed == 0


def with_trunks(trunks: Sequence[SipTrunk]) -> Topology:
    """The shipped network with other trunks."""
    return replace(load_topology(SHIPPED), sip_trunks=tuple(trunks))
