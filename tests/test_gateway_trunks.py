"""Trunks to other systems, on the virtual clock: who is called where, who comes in, and as whom."""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from calleq.gateway.voice import CallVoice
from calleq.operation.views import status_of
from calleq.runtime.clock import VirtualClock
from calleq.sip.digest import shared_secret
from calleq.sip.guard import Guard
from calleq.sip.message import Request, parse, respond
from calleq.sip.registrar import Registrar
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri
from calleq.topology_sip import SipTrunk
from calleq.units import SECOND_US
from tests.gateway_world import REPRESENTATIVE, Scene, with_trunks
from tests.sip_scene import SipWorld, Telephone, VirtualPorts
from tests.virtual import VirtualNetwork

ABROAD = "+442079460000"
DOMAIN = "ssp-62.calleq.example"
FIRST, SECOND = ("127.0.0.2", 5_090), ("127.0.0.3", 5_090)


def trunk(**changes: Any) -> SipTrunk:
    """The shipped trunk, otherwise."""
    given: dict[str, Any] = {
        "name": "carrier",
        "switch": "ssp-62",
        "peers": ("127.0.0.2:5090", "127.0.0.3:5090"),
        "prefixes": ("+44",),
        "forbidden": ("+449",),
        "channels": 2,
        "trusted": True,
    }
    return SipTrunk(**given | changes)


class TrunkScene(Scene):
    """... with another system of two doors behind the trunk."""

    def __init__(self, *trunks: SipTrunk) -> None:
        super().__init__(topology=with_trunks(trunks or (trunk(),)))
        self.peers = [self.peer(FIRST), self.peer(SECOND)]
        self.clock.advance_us(40 * SECOND_US)
        self.net.passing.clear()

    def peer(self, address: tuple[str, int]) -> Telephone:
        """A door of the other system."""
        return Telephone(self.net, self.clock, address, Target("127.0.0.1", 5_062))

    def invited(self) -> list[int]:
        """How often each door was invited."""
        return [len(peer.invited) for peer in self.peers]

    def states(self) -> list[bool]:
        """Whether each door is up."""
        return [one.up for one in self.gateways["ssp-62"].trunks["carrier"].views()]


@pytest.fixture
def scene() -> Iterator[TrunkScene]:
    made = TrunkScene()
    yield made
    made.assert_nothing_is_left()


def test_a_customer_behind_a_trunk_is_connected(scene: TrunkScene) -> None:
    call = scene.call(ABROAD)
    assert scene.network.view(call).state == "completed"
    assert scene.invited() == [1, 0]
    request = scene.peers[0].invited[0].request
    assert request.target == f"sip:{ABROAD}@127.0.0.2:5090;user=phone"
    leg = scene.leg(call)
    assert leg.number == ABROAD
    assert leg.outgoing_trunk == "carrier"
    assert leg.rtp_received == 250
    assert "hangs up" in scene.representative.happened
    assert scene.peers[0].happened[-1] == "is ended 16"


def test_a_door_that_says_503_gives_way_to_the_next_before_anybody_has_answered(
    scene: TrunkScene,
) -> None:
    scene.peers[0].refuses = 503
    call = scene.call(ABROAD)
    assert scene.network.view(call).state == "completed"
    assert scene.invited() == [1, 1]
    assert len([one for one in scene.network.records()[call].legs if one.leg == "customer"]) == 1


def test_a_door_that_says_nothing_gives_way_within_seconds(scene: TrunkScene) -> None:
    scene.peers[0].vanish()
    call = scene.network.place(ABROAD, REPRESENTATIVE)
    scene.clock.advance_us(5 * SECOND_US)
    assert scene.invited() == [0, 1]
    assert scene.states() == [False, True]
    scene.network.run_to_end(call)
    assert scene.network.view(call).state == "completed"


def test_a_door_that_is_down_is_passed_over_and_asked_until_it_is_back(scene: TrunkScene) -> None:
    scene.peers[0].vanish()
    scene.clock.advance_us(120 * SECOND_US)
    assert scene.states() == [False, True]
    scene.call(ABROAD)
    assert scene.invited() == [0, 1]
    scene.net.mute.clear()
    scene.clock.advance_us(60 * SECOND_US)
    assert scene.states() == [True, True]
    scene.call(ABROAD)
    assert scene.invited() == [1, 1]


def test_a_door_that_has_shown_nothing_yet_is_only_taken_for_up() -> None:
    scene = Scene(topology=with_trunks([trunk()]))
    views = scene.gateways["ssp-62"].trunks["carrier"].views
    assert [(one.up, one.judged) for one in views()] == [(True, False)] * 2
    scene.clock.advance_us(40 * SECOND_US)
    assert [(one.up, one.judged) for one in views()] == [(False, True)] * 2


def test_a_door_that_is_down_is_an_alarm_until_it_is_back(scene: TrunkScene) -> None:
    def alarms() -> list[tuple[str, str, str, bool]]:
        status = status_of(scene.network.network)
        every = [*status.alarms, *status.cleared]
        return [(one.element, one.kind, one.subject, bool(one.until)) for one in every]

    assert alarms() == []
    scene.peers[0].vanish()
    scene.clock.advance_us(120 * SECOND_US)
    out = ("ssp-62", "SIP trunk out of service", "carrier 127.0.0.2:5090")
    assert alarms() == [(*out, False)]
    scene.net.mute.clear()
    scene.clock.advance_us(60 * SECOND_US)
    assert alarms() == [(*out, True)]


def test_a_trunk_that_is_not_let_register_is_an_alarm() -> None:
    scene = TrunkScene(trunk(username="calleq", password="not that", register=True))
    registrars = [registrar(scene, address) for address in (FIRST, SECOND)]
    scene.clock.advance_us(120 * SECOND_US)
    assert all(registrars)
    subjects = {one.subject for one in status_of(scene.network.network).alarms}
    assert {f"{host}:{port} (registration)" for host, port in (FIRST, SECOND)} <= subjects


def test_a_party_who_is_busy_is_not_sought_by_another_door(scene: TrunkScene) -> None:
    scene.peers[0].refuses = 486
    call = scene.call(ABROAD)
    assert scene.network.legs(call) == [(ABROAD, False, 17)]
    assert scene.invited() == [1, 0]
    assert scene.states() == [True, True]


def test_a_door_that_takes_long_to_ring_is_waited_for(scene: TrunkScene) -> None:
    """Its 100 says that it has the call (Q.931 §5.1.5.2: CALL PROCEEDING)."""
    scene.peers[0].ring_after_us = 12 * SECOND_US
    scene.peers[0].answer_after_us = 15 * SECOND_US
    call = scene.call(ABROAD)
    assert scene.network.view(call).state == "completed"
    assert scene.invited() == [1, 0]


def test_a_forbidden_number_is_never_dialled() -> None:
    scene = TrunkScene(trunk(forbidden=("+44207947",)))
    call = scene.call("+442079470000")
    assert scene.network.legs(call) == [("+442079470000", False, 21)]
    assert scene.invited() == [0, 0]
    scene.assert_nothing_is_left()


def test_all_channels_in_use_is_no_circuit(scene: TrunkScene) -> None:
    scene.representative.hang_up_after_us = None
    for peer in scene.peers:
        peer.answer_after_us = None
    for ending in "12":
        scene.network.place(ABROAD[:-1] + ending, REPRESENTATIVE)
    scene.clock.advance_us(3 * SECOND_US)
    third = scene.network.place(ABROAD, REPRESENTATIVE)
    scene.network.run_to_end(third)
    assert scene.network.legs(third) == [(ABROAD, False, 34)]
    scene.clock.advance_us(60 * SECOND_US)


def test_calls_of_a_trunk_share_a_port_where_it_says_so() -> None:
    scene = TrunkScene(trunk(shared_ports=True, channels=4))
    scene.representative.hang_up_after_us = None
    peer = scene.peers[0]
    peer.answer_after_us = None
    for ending in "12":
        scene.network.place(ABROAD[:-1] + ending, REPRESENTATIVE)
    dials_from(scene, scene.peers[1], "+12125550120", ABROAD)
    scene.clock.advance_us(3 * SECOND_US)
    ports = scene.ports.taken
    by_trunk = {port for (_, wire), port in ports.items() if wire.startswith("line:carrier/")}
    others = [port for (_, wire), port in ports.items() if "carrier" not in wire]
    assert len(ports) == 4
    assert len(by_trunk) == len(others) == 1
    assert by_trunk.isdisjoint(others)
    scene.peers[1].hang_up()
    scene.clock.advance_us(60 * SECOND_US)
    scene.assert_nothing_is_left()


def test_voice_over_a_shared_port_is_never_offered_encrypted() -> None:
    """What comes to such a port is told apart by its address, and nothing there is kept by leg."""
    ports = VirtualPorts(VirtualClock())
    ports.open_ports("sip:ssp-62", "127.0.0.1", shared=True)
    for shared in (False, True):
        bits = random.Random(1).getrandbits
        wire = f"line:carrier/{shared}"
        voice = CallVoice(ports, "sip:ssp-62", wire, bits, encrypts=True, shared=shared)
        assert voice.take()
        assert bool(voice.local(secure=True).crypto) is not shared


def dials_from(scene: TrunkScene, peer: Telephone, called: str, caller: str, **fields: Any) -> int:
    return peer.dial(called, caller, domain="carrier.example", **fields)


def test_the_other_system_calls_a_telephone_of_ours_without_a_password(scene: TrunkScene) -> None:
    peer = scene.peers[0]
    peer.hang_up_after_us = 2 * SECOND_US
    dials_from(scene, peer, "+12125550120", ABROAD)
    scene.clock.advance_us(40 * SECOND_US)
    assert "is answered" in peer.happened
    assert ABROAD in str(scene.customer.invited[0].request.caller.uri)


def test_more_callers_than_channels_are_refused_and_nothing_of_them_stays() -> None:
    scene = TrunkScene(trunk(options_s=0.0))
    peer = scene.peers[0]
    for number in ["+12125550104", "+12125550120", *["+12125550143"] * 18]:
        dials_from(scene, peer, number, ABROAD)
        scene.clock.advance_us(SECOND_US // 100)
    assert peer.happened.count("fails 503 34") == 18
    scene.clock.advance_us(SECOND_US)
    for call in peer.calls:
        peer.agent.hang_up(call, 16, scene.clock.monotonic_us())
    peer.flush()
    scene.clock.advance_us(50 * SECOND_US)
    agent = scene.gateways["ssp-62"].agent
    assert (len(agent), agent.transactions) == (0, 0)
    scene.assert_nothing_is_left()


def test_somebody_else_at_the_same_host_is_not_the_trunk(scene: TrunkScene) -> None:
    stranger = scene.peer((FIRST[0], 5_999))
    dials_from(scene, stranger, "+12125550120", ABROAD)
    scene.clock.advance_us(40 * SECOND_US)
    assert stranger.happened == ["fails 401 21"]


def test_a_number_beyond_is_not_reached_from_outside(scene: TrunkScene) -> None:
    """Numbers of others are for our own subscribers to call, not for the world through us."""
    dials_from(scene, scene.peers[0], "+442079461111", ABROAD)
    scene.clock.advance_us(40 * SECOND_US)
    assert scene.peers[0].happened[0].startswith("fails")


def test_a_trusted_system_says_who_calls_by_p_asserted_identity(scene: TrunkScene) -> None:
    identity = [f"<sip:{ABROAD}@carrier.example>"]
    dials_from(scene, scene.peers[0], "+12125550120", "extension-7", p_asserted_identity=identity)
    scene.clock.advance_us(40 * SECOND_US)
    assert ABROAD in str(scene.customer.invited[0].request.caller.uri)
    scene.peers[0].hang_up()
    scene.clock.advance_us(40 * SECOND_US)


def test_a_caller_of_another_system_who_is_private_stays_so(scene: TrunkScene) -> None:
    dials_from(scene, scene.peers[0], "+12125550120", ABROAD, privacy=["id"])
    scene.clock.advance_us(40 * SECOND_US)
    request = scene.customer.invited[0].request
    assert ABROAD not in request.encode().decode()
    scene.peers[0].hang_up()
    scene.clock.advance_us(40 * SECOND_US)


def private_call(scene: TrunkScene) -> str:
    """A telephone of ours calls abroad and wants not to be shown; the INVITE at the door."""
    scene.customer.hang_up_after_us = SECOND_US
    scene.customer.dial(ABROAD, "12125550120", "customer-120", privacy=["id"])
    scene.clock.advance_us(40 * SECOND_US)
    assert "is answered" in scene.customer.happened
    return scene.peers[0].invited[0].request.encode().decode()


def test_a_trusted_system_is_told_who_calls_and_that_it_is_private(scene: TrunkScene) -> None:
    said = private_call(scene)
    assert "P-Asserted-Identity: <sip:+12125550120@" in said
    assert "Privacy: id" in said
    assert "anonymous.invalid" in said


def test_a_system_that_is_not_trusted_is_not_told() -> None:
    scene = TrunkScene(trunk(trusted=False))
    said = private_call(scene)
    assert "2125550120" not in said.replace("ssp-62", "")
    scene.assert_nothing_is_left()


def test_a_trunk_by_digest_answers_the_challenge_of_its_peer() -> None:
    scene = TrunkScene(trunk(username="calleq", password="between us", trusted=False))
    peer = scene.peers[0]
    peer.asks_for = ("calleq", "between us", "carrier.example")
    call = scene.call(ABROAD)
    assert scene.network.view(call).state == "completed"
    assert scene.invited() == [2, 0], "once without, once with credentials"
    scene.assert_nothing_is_left()


def test_a_peer_elsewhere_comes_in_by_digest() -> None:
    scene = TrunkScene(trunk(username="calleq", password="between us", accept_from=("127.0.0.9",)))
    stranger = scene.peer(("127.0.0.77", 5_060))
    stranger.hang_up_after_us = SECOND_US
    stranger.dial("+12125550120", "calleq", "between us", domain=DOMAIN)
    scene.clock.advance_us(40 * SECOND_US)
    assert "is answered" in stranger.happened
    scene.assert_nothing_is_left()


def test_a_network_of_addresses_is_let_in() -> None:
    scene = TrunkScene(trunk(accept_from=("127.0.7.0/24",)))
    peer = scene.peer(("127.0.7.30", 40_000))
    peer.hang_up_after_us = SECOND_US
    dials_from(scene, peer, "+12125550120", ABROAD)
    scene.clock.advance_us(40 * SECOND_US)
    assert "is answered" in peer.happened
    scene.assert_nothing_is_left()


def test_a_trunk_registers_with_its_peers_and_takes_that_back_at_the_end() -> None:
    scene = TrunkScene(trunk(username="calleq", password="between us", register=True))
    registrars = [registrar(scene, address) for address in (FIRST, SECOND)]
    scene.clock.advance_us(4_000 * SECOND_US)
    views = scene.gateways["ssp-62"].trunks["carrier"].views()
    assert [view.registered_s for view in views] == [3_600, 3_600]
    for gateway in scene.gateways.values():
        gateway.stop()
    scene.clock.advance_us(5 * SECOND_US)
    for one in registrars:
        assert one[:2] == ["REGISTER", "REGISTER"], "asked for a proof, then refreshed"
        assert len(one) >= 3


def registrar(scene: TrunkScene, address: tuple[str, int]) -> list[str]:
    """A system at which registers who has the password; what it was asked, in order."""
    asked: list[str] = []
    guard = Guard(
        "carrier.example",
        b"0123456789abcdef",
        lambda name, how: shared_secret(how, name, "carrier.example", "between us"),
    )
    kept = Registrar(guard, lambda name: name)

    def arrived(octets: bytes, source: Target) -> None:
        request = parse(octets)
        if isinstance(request, Request) and request.method == "REGISTER":
            asked.append(request.method)
            reply = kept.register(request, source, scene.clock.monotonic_us())
            answer = respond(request, reply.status, to_tag="r", fields=reply.fields)
            scene.net.send(address, source, answer.encode())

    scene.net.attach(*address, arrived)
    return asked


def test_a_peer_by_name_is_found_later_where_it_was_not_at_first() -> None:
    """The names' server was not there when we began; then the name leads to the first door."""
    names: dict[str, list[Target]] = {}
    world = SipWorld()
    topology = with_trunks([trunk(peers=("sip:carrier.example",))])

    def look(uri: SipUri, told: Any) -> None:
        told(names.get(uri.host, []))

    network = VirtualNetwork(topology, sip=lambda clock: replace(world.ground(clock), resolve=look))
    (view,) = network.network.gateways["ssp-62"].trunks["carrier"].views()
    assert (view.address, view.up) == ("", False)
    names["carrier.example"] = [Target(*FIRST)]
    peer = Telephone(world.net, network.clock, FIRST, Target("127.0.0.1", 5_062))
    network.clock.advance_us(60 * SECOND_US)
    (view,) = network.network.gateways["ssp-62"].trunks["carrier"].views()
    assert (view.address, view.up) == ("127.0.0.2:5090", True)
    assert any(octets.startswith(b"OPTIONS") for *_, octets in world.net.passing)
    assert not peer.invited
