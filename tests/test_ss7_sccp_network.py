"""SCCP over real links and transfer points: translation, failure and the way back."""

import pytest

from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap
from calleq.ss7 import mtp3_codec
from calleq.ss7.links import InProcessLink
from calleq.ss7.mtp3 import SERVICE_ISUP
from calleq.ss7.node import Mtp3Node
from calleq.ss7.sccp.contract import SccpProvider, SccpUser
from calleq.ss7.sccp.plan import RemoteSubsystem, SccpPlan, TitledService, plans_of
from calleq.ss7.sccp.service import SccpNode
from calleq.ss7.sccp.translation import Entity, Rule
from calleq.ss7.sccp.values import SERVICE_SCCP, PartyAddress, PlanTitle, ReturnCause
from calleq.ss7.variant import ANSI
from calleq.units import SECOND_US
from tests.sccp_scene import (
    BACKUP,
    DELAY_US,
    HERE,
    INAP,
    SCP,
    SSP,
    STP68,
    STP70,
    TO_FREEPHONE,
    Diary,
    Scene,
    SignallingNetwork,
)
from tests.ss7_network import WireTap

SERVICE = TitledService(
    prefix="1800", subsystems=(RemoteSubsystem(SCP, INAP), RemoteSubsystem(BACKUP, INAP))
)
NAMES = {SSP: "ssp", STP68: "stp-68", STP70: "stp-70", SCP: "scp", BACKUP: "backup"}
PLANS = {
    NAMES[code]: plan
    for code, plan in plans_of((SSP, SCP, BACKUP), (STP68, STP70), (SERVICE,)).items()
}
CONTROL_OCTETS = b"\xee" * 40


def ask(network: SignallingNetwork, count: int = 16) -> list[bytes]:
    """Questions to the 800 number, one for each selection; what was asked."""
    asked = [bytes([number]) + CONTROL_OCTETS for number in range(count)]
    for number, data in enumerate(asked):
        network.sccp["ssp"].send(TO_FREEPHONE, HERE, data, sequence=number)
    network.pass_time(SECOND_US // 10)
    return asked


def heard(network: SignallingNetwork, name: str) -> list[bytes]:
    data, network.diaries[name].data = network.diaries[name].heard, []
    return sorted(data)


def test_the_service_is_what_its_users_were_promised() -> None:
    network = SignallingNetwork(PLANS)
    provider: SccpProvider = network.sccp["ssp"]
    user: SccpUser = Diary()
    provider.register(99, user)
    assert provider.available(SSP, 99)


def test_questions_to_a_number_reach_the_primary_over_both_transfer_points() -> None:
    tap = WireTap()
    network = SignallingNetwork(PLANS, tap)
    asked = ask(network)
    assert heard(network, "scp") == asked
    assert network.sccp["stp-68"].relayed == network.sccp["stp-70"].relayed == 8
    units = [
        mtp3_codec.decode(octets)
        for _, sender, _, octets, _ in tap.seen
        if sender == "ssp" and mtp3_codec.decode(octets).service == SERVICE_SCCP
    ]
    assert {msu.destination for msu in units} == {STP68, STP70}
    assert {msu.service for msu in units} == {SERVICE_SCCP}


def test_an_answer_needs_no_translation() -> None:
    network = SignallingNetwork(PLANS)
    (asked,) = ask(network, 1)
    ((called, calling, data),) = network.diaries["scp"].data
    assert data == asked
    network.sccp["scp"].send(calling, PartyAddress(called.ssn), b"answer")
    network.pass_time()
    assert network.diaries["ssp"].heard == [b"answer"]
    assert network.sccp["stp-68"].relayed + network.sccp["stp-70"].relayed == 1


def test_who_asks_is_told_how_the_service_is() -> None:
    network = SignallingNetwork(PLANS)
    network.sccp["scp"].set_in_service(INAP, False)
    network.pass_time(SECOND_US // 10)
    assert network.diaries["ssp"].states[-1] == f"{SCP}:{INAP} prohibited"
    assert not network.sccp["ssp"].available(SCP, INAP)
    network.sccp["scp"].set_in_service(INAP, True)
    network.pass_time(SECOND_US // 10)
    assert network.sccp["ssp"].available(SCP, INAP)


def test_without_transfer_points_every_node_translates_for_itself() -> None:
    plans = plans_of((SSP, SCP, BACKUP), (), (SERVICE,))
    scene = Scene(plans, (SSP, SCP, BACKUP))
    scene.nodes[SSP].send(TO_FREEPHONE, HERE, b"1")
    scene.pass_time()
    scene.nodes[SCP].set_in_service(INAP, False)
    scene.pass_time()
    scene.nodes[SSP].send(TO_FREEPHONE, HERE, b"2")
    scene.pass_time()
    assert (scene.diaries[SCP].heard, scene.diaries[BACKUP].heard) == ([b"1"], [b"2"])


def test_the_backup_answers_while_the_primary_is_out_of_service() -> None:
    network = SignallingNetwork(PLANS)
    network.sccp["scp"].set_in_service(INAP, False)
    network.pass_time(SECOND_US // 10)
    asked = ask(network)
    assert heard(network, "backup") == asked
    network.sccp["scp"].set_in_service(INAP, True)
    network.pass_time(SECOND_US // 10)
    asked = ask(network)
    assert heard(network, "scp") == asked
    assert network.diaries["ssp"].notices == []


def test_the_backup_answers_while_the_primary_cannot_be_reached() -> None:
    network = SignallingNetwork(PLANS)
    for stp in ("stp-68", "stp-70"):
        network.links[f"scp/{stp}"].fail()
    network.pass_time(5 * SECOND_US)
    asked = ask(network)
    assert heard(network, "backup") == asked
    for stp in ("stp-68", "stp-70"):
        network.links[f"scp/{stp}"].restore()
    network.pass_time(30 * SECOND_US)
    asked = ask(network)
    assert heard(network, "scp") == asked


def test_with_one_transfer_point_lost_the_other_translates_everything() -> None:
    network = SignallingNetwork(PLANS)
    for name, link in network.links.items():
        if "stp-68" in name:
            link.fail()
    network.pass_time(5 * SECOND_US)
    asked = ask(network)
    assert heard(network, "scp") == asked
    assert network.sccp["stp-70"].relayed == 16


def test_with_nobody_to_ask_each_question_comes_back() -> None:
    network = SignallingNetwork(PLANS)
    for name in ("scp", "backup"):
        network.sccp[name].set_in_service(INAP, False)
    network.pass_time(SECOND_US)
    asked = ask(network, 4)
    assert network.diaries["ssp"].notices == [
        (ReturnCause.SUBSYSTEM_FAILURE, data) for data in asked
    ]
    for link in ("ssp/stp-68", "ssp/stp-70"):
        network.links[link].fail()
    network.pass_time(5 * SECOND_US)
    ask(network, 1)
    assert network.diaries["ssp"].notices[-1][0] is ReturnCause.MTP_FAILURE


@pytest.mark.parametrize("length", [300, 3_000])
def test_long_questions_reach_the_primary_whole(length: int) -> None:
    network = SignallingNetwork(PLANS)
    data = bytes(number % 256 for number in range(length))
    for _ in range(20):
        network.sccp["ssp"].send(TO_FREEPHONE, HERE, data)
    network.pass_time()
    assert network.diaries["scp"].heard == [data] * 20
    assert network.sccp["scp"].snapshot().reassembling == 0


def test_a_node_without_sccp_is_found_out_by_upu() -> None:
    clock = VirtualClock()
    link = InProcessLink(("ssp", "switch"), clock, NoTap(), DELAY_US)
    near, far = Mtp3Node("ssp", SSP, clock), Mtp3Node("switch", SCP, clock)
    near.attach(link.end("ssp"), SCP)
    far.attach(link.end("switch"), SSP)
    node = SccpNode(near, clock, SccpPlan(watched=(RemoteSubsystem(SCP, INAP),)))
    diary = Diary()
    node.register(INAP, diary)
    assert not node.available(SCP, INAP), "no link is in service yet"
    clock.advance_us(SECOND_US)
    assert node.available(SCP, INAP)
    node.send(PartyAddress(INAP, SCP), HERE, b"anybody there?")
    clock.advance_us(SECOND_US)
    assert not node.available(SCP, INAP)
    node.send(PartyAddress(INAP, SCP), HERE, b"anybody there?")
    clock.advance_us(SECOND_US)
    assert [cause for cause, _ in diary.notices] == [ReturnCause.UNEQUIPPED_USER]


def test_other_user_parts_go_their_own_way_beside_it() -> None:
    network = SignallingNetwork(PLANS)
    calls: list[int] = []
    network.mtp["scp"].on_message(SERVICE_ISUP, lambda msu: calls.append(msu.service))
    assert network.mtp["ssp"].transfer(SCP, 0, b"\x01\x00\x10\x00")
    asked = ask(network, 1)
    assert calls == [SERVICE_ISUP]
    assert heard(network, "scp") == asked


def test_an_ansi_network_speaks_t1_112() -> None:
    """24-bit point codes, eight bits of selection, units three octets shorter."""
    near, stp, far = 0x010203, 0x010204, 0x010205
    number = PlanTitle("18005550199", 254)
    onward = Rule(entities=(Entity(stp),), translation_type=254, nature=None, route_on_title=True)
    final = Rule(prefix="1800", entities=(Entity(far, INAP),), translation_type=254, nature=None)
    plans = {
        near: SccpPlan(rules=(onward,), watched=(RemoteSubsystem(far, INAP),)),
        stp: SccpPlan(rules=(final,)),
        far: SccpPlan(concerned=(near,)),
    }
    scene = Scene(plans, (near, far), ANSI)
    called = PartyAddress(INAP, None, number, route_on_title=True)
    sent = [bytes([length % 251]) * length for length in (1, 200, 240, 250, 255, 3_000)]
    for data in sent:
        scene.nodes[near].send(called, HERE, data, sequence=200)
    scene.pass_time()
    assert scene.diaries[far].heard == sent
    ((_, calling, _), *_) = scene.diaries[far].data
    assert calling == PartyAddress(INAP, near, national=True)
    assert max(len(msu.payload) for msu in scene.wires.seen) <= 265
    assert {msu.selection for msu in scene.wires.seen if msu.origin == near} == {200}
    scene.nodes[far].set_in_service(INAP, False)
    scene.pass_time()
    assert scene.diaries[near].states == [f"{far}:{INAP} prohibited"]
    scene.nodes[far].set_in_service(INAP, True)
    scene.pass_time(6 * SECOND_US)
    assert scene.diaries[near].states[-1] == f"{far}:{INAP} allowed"
