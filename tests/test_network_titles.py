"""Global titles in the network as it is shipped: the transfer points translate for everybody."""

from msgspec.structs import replace

from calleq.network import Network
from calleq.network_nodes import point_codes
from calleq.network_services import sccp_plans
from calleq.ss7.sccp.values import FullTitle, PartyAddress, ReturnCause
from calleq.topology import load_topology
from calleq.units import SECOND_US
from simulator.virtual import VirtualNetwork
from tests.sccp_scene import Diary

FREEPHONE = PartyAddress(241, None, FullTitle("18005550199"), route_on_title=True)
NOBODYS = PartyAddress(241, None, FullTitle("19005550199"), route_on_title=True)
ASKER = 99
"""A subsystem of the test's at the switch, beside the switch's own."""


class Scene:
    """The shipped network, and a user of SCCP at SSP 62."""

    def __init__(self) -> None:
        self.world = VirtualNetwork(load_topology())
        self.network: Network = self.world.network
        self.diary = Diary()
        self.sccp = self.network.sccp
        self.sccp["ssp-62"].register(ASKER, self.diary)
        self.pass_time(2)

    def pass_time(self, seconds: float) -> None:
        self.world.clock.advance_us(round(seconds * SECOND_US))

    def ask(self, called: PartyAddress, count: int = 4) -> None:
        """Questions that no SCP understands: it is enough that one gets them."""
        for number in range(count):
            self.sccp["ssp-62"].send(called, PartyAddress(ASKER), b"\xee\x00", sequence=number)
        self.pass_time(0.5)

    def delivered(self) -> tuple[int, int]:
        return self.sccp["scp-1"].delivered, self.sccp["scp-2"].delivered


def test_a_services_number_leads_to_its_scp_and_to_the_mate_when_that_is_out_of_service() -> None:
    scene = Scene()
    scene.ask(FREEPHONE)
    assert scene.delivered() == (4, 0)
    assert scene.sccp["stp-68"].relayed == scene.sccp["stp-70"].relayed == 2
    scene.sccp["scp-1"].set_in_service(241, False)
    scene.pass_time(0.5)
    scene.ask(FREEPHONE)
    assert scene.delivered() == (4, 4)
    assert not scene.sccp["ssp-62"].available(point_codes(scene.world.topology)["scp-1"], 241)
    scene.sccp["scp-1"].set_in_service(241, True)
    scene.pass_time(0.5)
    scene.ask(FREEPHONE)
    assert scene.delivered() == (8, 4)
    assert scene.diary.notices == []


def test_the_mate_gets_what_is_for_an_scp_whose_links_are_lost() -> None:
    scene = Scene()
    for name, link in scene.world.links.items():
        if "scp-1" in name:
            link.fail()
    scene.pass_time(5)
    scene.ask(FREEPHONE)
    assert scene.delivered() == (0, 4)


def test_a_number_without_a_service_comes_back() -> None:
    scene = Scene()
    scene.ask(NOBODYS, 2)
    assert [cause for cause, _ in scene.diary.notices] == [ReturnCause.NO_TRANSLATION] * 2


def test_a_network_without_scps_has_no_sccp() -> None:
    bare = replace(load_topology(), service_control_points=(), triggers=(), freephone=())
    assert sccp_plans(bare) == {}
