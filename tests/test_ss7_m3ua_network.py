"""A node behind a gateway: an M3UA association for a link, a transfer point for a gateway."""

import pytest

from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap
from calleq.ss7.links import InProcessLink
from calleq.ss7.m3ua import audit
from calleq.ss7.m3ua import messages as m
from calleq.ss7.m3ua.asp import AspSettings
from calleq.ss7.m3ua.association import Association
from calleq.ss7.m3ua.audit import T_AUDIT_US
from calleq.ss7.m3ua.ends import gateway_end, server_end
from calleq.ss7.m3ua.gateway import Destination, Gateway
from calleq.ss7.m3ua.network import tell_each_other
from calleq.ss7.m3ua.server import ApplicationServer
from calleq.ss7.mtp3 import SERVICE_ISUP, Congested, Msu, Status, UserPartUnavailable
from calleq.ss7.node import Mtp3Node
from calleq.ss7.transfer_point import TransferPoint
from calleq.units import SECOND_US
from tests.ss7_network import PC62, PC64, PC68
from tests.test_ss7_m3ua_associations import Cable

SETTLE_US = 65 * SECOND_US
"""Link tests and the restart of a node are over by then, and no heartbeat is due."""


class BehindGateway:
    """62 is a process of gateway 68, which has a link of its own to 64."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        tap = NoTap()
        self.near = Mtp3Node("ssp-62", PC62, self.clock)
        self.stp = TransferPoint("stp-68", PC68, self.clock)
        self.far = Mtp3Node("ssp-64", PC64, self.clock)
        self.link = InProcessLink(("ssp-64", "stp-68"), self.clock, tap, 1_000)
        gateway = Gateway(self.clock, lambda code: Destination.UNKNOWN)
        server = ApplicationServer("ssp-62", 62, PC62, self.clock)
        gateway.add(server)
        process = Association(self.clock, asp=AspSettings(routing_contexts=(62,)))
        self.cable = Cable(self.clock, process, Association(self.clock, gateway=gateway))
        names = "ssp-62/stp-68"
        near_end = gateway_end((names, "ssp-62", "stp-68"), self.clock, tap, process)
        far_end = server_end((names, "stp-68", "ssp-62"), self.clock, tap, server, gateway)
        self.near.attach(near_end, PC68)
        self.near.set_route(PC64, (PC68,))
        self.stp.attach(far_end, PC62)
        self.stp.attach(self.link.end("stp-68"), PC64)
        self.far.attach(self.link.end("ssp-64"), PC68)
        self.far.set_route(PC62, (PC68,))
        tell_each_other(self.near, near_end, PC68)
        tell_each_other(self.stp, far_end, PC62)
        self.near_got: list[Msu] = []
        self.far_got: list[Msu] = []
        self.near_heard: list[tuple[int, bool]] = []
        self.near.on_message(SERVICE_ISUP, self.near_got.append)
        self.far.on_message(SERVICE_ISUP, self.far_got.append)
        self.near.on_status(lambda code, accessible: self.near_heard.append((code, accessible)))
        self.cable.connect()
        self.clock.advance_us(SETTLE_US)
        self.near_heard.clear()


def test_units_cross_the_gateway_both_ways() -> None:
    scene = BehindGateway()
    assert scene.near.transfer(PC64, 3, b"there")
    assert scene.far.transfer(PC62, 5, b"back")
    scene.clock.advance_us(SECOND_US)
    assert [(unit.origin, unit.selection, unit.payload) for unit in scene.far_got] == [
        (PC62, 3, b"there")
    ]
    assert [(unit.origin, unit.selection, unit.payload) for unit in scene.near_got] == [
        (PC64, 5, b"back")
    ]


def test_no_message_of_network_management_crosses_m3ua() -> None:
    scene = BehindGateway()
    scene.link.fail()
    scene.clock.advance_us(SETTLE_US)
    scene.link.restore()
    scene.clock.advance_us(SETTLE_US)
    services = {one.service for _, one in scene.cable.seen if isinstance(one, m.Data)}
    assert services <= {SERVICE_ISUP}


def test_a_destination_that_is_lost_behind_the_gateway_pauses_and_resumes() -> None:
    scene = BehindGateway()
    scene.link.fail()
    scene.clock.advance_us(SETTLE_US)
    assert scene.near_heard == [(PC64, False)]
    assert not scene.near.transfer(PC64, 0, b"nowhere")
    scene.link.restore()
    scene.clock.advance_us(SETTLE_US)
    assert scene.near_heard == [(PC64, False), (PC64, True)]
    assert scene.near.transfer(PC64, 0, b"again")
    scene.clock.advance_us(SECOND_US)
    assert [unit.payload for unit in scene.far_got] == [b"again"]


def test_an_association_that_breaks_makes_everything_behind_it_inaccessible() -> None:
    scene = BehindGateway()
    scene.cable.disconnect()
    scene.clock.advance_us(SETTLE_US)
    assert set(scene.near_heard) == {(PC64, False), (PC68, False)}
    scene.cable.connect()
    scene.clock.advance_us(SETTLE_US)
    assert scene.near.accessible(PC64)


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (m.Scon((m.Affected(PC64),), level=2), Congested(PC64, 2)),
        (m.Scon((m.Affected(PC64),)), Congested(PC64, 1)),
        (m.Dupu((m.Affected(PC64),), 1, SERVICE_ISUP), UserPartUnavailable(PC64, 5, 1)),
    ],
)
def test_congestion_and_missing_user_parts_reach_the_user_part(
    said: m.DestinationMessage, heard: Status
) -> None:
    scene = BehindGateway()
    indicated: list[Status] = []
    scene.near.on_indication(indicated.append)
    scene.cable.far.send(said)
    scene.clock.advance_us(SECOND_US)
    assert indicated == [heard]


def test_a_mask_stands_for_every_destination_of_a_cluster() -> None:
    scene = BehindGateway()
    scene.cable.far.send(m.Duna((m.Affected(PC64, 14),)))
    scene.clock.advance_us(SECOND_US)
    assert (PC64, False) in scene.near_heard


@pytest.mark.parametrize(("code", "answer"), [(PC64, m.Dava), (PC68, m.Dava), (9, m.Error)])
def test_an_audit_is_answered_from_the_gateways_own_routes(code: int, answer: type) -> None:
    scene = BehindGateway()
    before = len(scene.cable.seen)
    scene.cable.near.send(m.Daud((m.Affected(code),)))
    scene.clock.advance_us(SECOND_US)
    answers = [one for sender, one in scene.cable.seen[before:] if sender == "far"]
    assert [type(one) for one in answers] == [answer]


def test_a_word_of_the_gateway_that_was_lost_is_asked_for() -> None:
    """The DAVA that should have followed never came: the process asks after T(audit) (§4.5.3)."""
    scene = BehindGateway()
    scene.cable.far.send(m.Duna((m.Affected(PC64),)))
    scene.clock.advance_us(SECOND_US)
    assert not scene.near.accessible(PC64)
    scene.clock.advance_us(T_AUDIT_US)
    assert scene.near.accessible(PC64)
    asked = len([one for _, one in scene.cable.seen if isinstance(one, m.Daud)])
    scene.clock.advance_us(3 * T_AUDIT_US)
    assert asked == len([one for _, one in scene.cable.seen if isinstance(one, m.Daud)]) == 1


def test_audits_end_with_the_association_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "AUDITED_LIMIT", 2)
    scene = BehindGateway()
    scene.cable.far.send(m.Duna(tuple(m.Affected(code) for code in (7, 8, 9))))
    scene.clock.advance_us(T_AUDIT_US + SECOND_US)
    assert len([one for _, one in scene.cable.seen if isinstance(one, m.Daud)]) == 2
    scene.cable.disconnect()
    scene.clock.advance_us(3 * T_AUDIT_US)
    assert len([one for _, one in scene.cable.seen if isinstance(one, m.Daud)]) == 2


def test_an_audit_of_a_cluster_is_answered_for_every_destination_in_it() -> None:
    scene = BehindGateway()
    before = len(scene.cable.seen)
    scene.cable.near.send(m.Daud((m.Affected(PC64, 14),)))
    scene.clock.advance_us(SECOND_US)
    answers = [one for sender, one in scene.cable.seen[before:] if sender == "far"]
    affected = {one.affected for one in answers if isinstance(one, m.Dava)}
    assert {(m.Affected(PC62),), (m.Affected(PC64),)} <= affected
