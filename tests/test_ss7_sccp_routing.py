"""Where a unit goes, and what comes back when it goes nowhere (Q.714 §2.3, §4.2)."""

import pytest
from msgspec.structs import replace

from calleq.ss7.mtp3 import Congested, Msu, UserPartUnavailable
from calleq.ss7.sccp.codec import MESSAGE_LIMIT_OCTETS, decode, encode
from calleq.ss7.sccp.messages import HOPS, Ludt, Ludts, Segmentation, Udt, Udts, Xudt, Xudts
from calleq.ss7.sccp.plan import RemoteSubsystem, SccpPlan
from calleq.ss7.sccp.translation import Entity, Rule
from calleq.ss7.sccp.values import (
    SERVICE_SCCP,
    FullTitle,
    PartyAddress,
    ReturnCause,
    SccpError,
)
from tests.sccp_scene import (
    BACKUP,
    FREEPHONE,
    HERE,
    INAP,
    SCP,
    SSP,
    STP68,
    STP70,
    TO_FREEPHONE,
    Diary,
    Scene,
)

TO_STP = SccpPlan(rules=(Rule(entities=(Entity(STP68),), route_on_title=True),))
FINAL = SccpPlan(rules=(Rule(prefix="1800", entities=(Entity(SCP, INAP), Entity(BACKUP, INAP))),))
TO_SCP = PartyAddress(INAP, SCP)
FROM_SSP = PartyAddress(INAP, SSP)


def pair(near: SccpPlan | None = None, far: SccpPlan | None = None) -> Scene:
    return Scene({SSP: near or SccpPlan(), SCP: far or SccpPlan()})


def with_stp(plan: SccpPlan = FINAL, near: SccpPlan = TO_STP) -> Scene:
    return Scene({SSP: near, STP68: plan, SCP: SccpPlan(), BACKUP: SccpPlan()}, (SSP, SCP, BACKUP))


def notices(scene: Scene) -> list[ReturnCause]:
    scene.pass_time()
    return [cause for cause, _ in scene.diaries[SSP].notices]


class TestDelivery:
    def test_on_point_code_and_subsystem(self) -> None:
        scene = pair()
        scene.nodes[SSP].send(TO_SCP, HERE, b"question")
        scene.pass_time()
        ((called, calling, data),) = scene.diaries[SCP].data
        assert (called, calling, data) == (TO_SCP, FROM_SSP, b"question")
        scene.nodes[SCP].send(calling, called, b"answer")
        scene.pass_time()
        assert scene.diaries[SSP].heard == [b"answer"]
        assert [type(message) for message in scene.wires.messages()] == [Udt, Udt]

    def test_a_subsystem_of_the_same_node_is_told_after_send_has_returned(self) -> None:
        scene = pair()
        scene.nodes[SSP].send(HERE, HERE, b"to myself")
        assert scene.diaries[SSP].heard == []
        scene.pass_time()
        assert scene.diaries[SSP].data == [(HERE, FROM_SSP, b"to myself")]
        assert scene.wires.seen == []

    def test_a_calling_address_without_point_code_gets_the_origin(self) -> None:
        """Other networks' nodes leave it out."""
        scene = pair()
        octets = encode(Udt(HERE, PartyAddress(INAP), b"hi"))
        scene.wires.carry(Msu(SCP, 77, 0, octets, SERVICE_SCCP))
        scene.pass_time()
        assert scene.diaries[SCP].data == [(HERE, PartyAddress(INAP, 77), b"hi")]

    def test_a_transfer_point_translates_and_the_answer_finds_its_way(self) -> None:
        scene = with_stp()
        scene.nodes[SSP].send(TO_FREEPHONE, HERE, b"question")
        scene.pass_time()
        ((called, calling, data),) = scene.diaries[SCP].data
        assert called == PartyAddress(INAP, None, FREEPHONE)
        assert calling == FROM_SSP
        assert data == b"question"
        path = [(msu.origin, msu.destination) for msu in scene.wires.seen]
        assert path == [(SSP, STP68), (STP68, SCP)]
        assert scene.nodes[STP68].relayed == 1

    def test_an_end_node_may_translate_itself(self) -> None:
        scene = pair(near=FINAL)
        scene.nodes[SSP].send(TO_FREEPHONE, HERE, b"question")
        scene.pass_time()
        assert scene.diaries[SCP].heard == [b"question"]

    def test_a_title_may_lead_to_the_node_itself(self) -> None:
        own = SccpPlan(rules=(Rule(entities=(Entity(SSP, INAP),)),))
        scene = pair(near=own)
        scene.nodes[SSP].send(TO_FREEPHONE, HERE, b"to myself")
        scene.pass_time()
        assert scene.diaries[SSP].heard == [b"to myself"]

    def test_class_1_goes_one_way_and_class_0_takes_turns(self) -> None:
        scene = pair()
        for number in range(32):
            scene.nodes[SSP].send(TO_SCP, HERE, b"a", sequence=21)
            scene.nodes[SSP].send(TO_SCP, HERE, bytes([number]))
        classes: dict[int, list[int]] = {0: [], 1: []}
        for msu in scene.wires.seen:
            message = decode(msu.payload)
            assert isinstance(message, Udt)
            classes[message.protocol_class].append(msu.selection)
        assert set(classes[1]) == {5}
        assert sorted(classes[0]) == sorted([*range(16)] * 2)

    def test_a_transfer_point_keeps_the_selection(self) -> None:
        scene = with_stp()
        for number in range(16):
            scene.nodes[SSP].send(TO_FREEPHONE, HERE, bytes([number]), sequence=number)
        scene.pass_time()
        assert scene.diaries[SCP].heard == [bytes([number]) for number in range(16)]
        selections = [msu.selection for msu in scene.wires.seen if msu.origin == STP68]
        assert selections == list(range(16))

    def test_titles_go_in_udt_where_the_plan_says_so(self) -> None:
        scene = with_stp(near=replace(TO_STP, extended=False))
        scene.nodes[SSP].send(TO_FREEPHONE, HERE, b"question")
        scene.pass_time()
        assert {type(message) for message in scene.wires.messages()} == {Udt}
        assert scene.diaries[SCP].heard == [b"question"]


class TestReturns:
    """Each cause with which data comes back, and where it was found."""

    @pytest.mark.parametrize(
        ("called", "cause"),
        [
            (PartyAddress(INAP, 99, FullTitle("1900"), True), ReturnCause.NO_TRANSLATION),
            (
                PartyAddress(INAP, None, FullTitle("1800", 9), True),
                ReturnCause.NO_TRANSLATION_FOR_NATURE,
            ),
            (PartyAddress(INAP, route_on_title=True), ReturnCause.UNQUALIFIED),
        ],
    )
    def test_no_translation_here(self, called: PartyAddress, cause: ReturnCause) -> None:
        scene = pair(near=FINAL)
        scene.nodes[SSP].send(called, HERE, b"lost")
        assert notices(scene) == [cause]
        assert scene.wires.seen == []

    @pytest.mark.parametrize("extended", [True, False])
    @pytest.mark.parametrize(
        ("title", "cause"),
        [
            (FullTitle("1900"), ReturnCause.NO_TRANSLATION),
            (FullTitle("1800", nature=1), ReturnCause.NO_TRANSLATION_FOR_NATURE),
        ],
    )
    def test_no_translation_at_the_transfer_point(
        self, title: FullTitle, cause: ReturnCause, extended: bool
    ) -> None:
        rules = tuple(
            Rule(entities=(Entity(STP68),), nature=nature, route_on_title=True) for nature in (1, 4)
        )
        scene = with_stp(near=SccpPlan(rules=rules, extended=extended))
        called = PartyAddress(INAP, None, title, True)
        scene.nodes[SSP].send(called, HERE, b"lost")
        assert notices(scene) == [cause]
        assert scene.diaries[SSP].returned == [(called, FROM_SSP)]
        kinds = [type(message) for message in scene.wires.messages()]
        assert kinds == ([Xudt, Xudts] if extended else [Udt, Udts])
        assert scene.nodes[STP68].returns == {cause: 1}

    def test_no_such_subsystem(self) -> None:
        scene = pair()
        scene.nodes[SSP].send(PartyAddress(99, SCP), HERE, b"lost")
        scene.nodes[SSP].send(PartyAddress(None, SCP), HERE, b"lost")
        assert notices(scene) == [ReturnCause.UNEQUIPPED_USER] * 2

    def test_a_subsystem_out_of_service(self) -> None:
        scene = pair()
        scene.nodes[SCP].set_in_service(INAP, False)
        scene.nodes[SSP].send(TO_SCP, HERE, b"lost")
        assert notices(scene) == [ReturnCause.SUBSYSTEM_FAILURE]
        assert scene.wires.management(SSP) == [f"SSP {SCP}:{INAP}"], "the origin is told"

    def test_a_prohibited_subsystem_is_not_sent_to(self) -> None:
        scene = pair(near=SccpPlan(watched=(RemoteSubsystem(SCP, INAP),)))
        scene.nodes[SCP].set_in_service(INAP, False)
        scene.nodes[SSP].send(TO_SCP, HERE, b"first")
        scene.pass_time()
        sent = len(scene.wires.seen)
        scene.nodes[SSP].send(TO_SCP, HERE, b"second")
        assert notices(scene) == [ReturnCause.SUBSYSTEM_FAILURE] * 2
        assert len(scene.wires.seen) == sent

    def test_no_route(self) -> None:
        scene = pair()
        scene.wires.port(SSP).refused.add(SCP)
        scene.nodes[SSP].send(TO_SCP, HERE, b"lost")
        assert scene.diaries[SSP].notices == [], "not from within send"
        assert notices(scene) == [ReturnCause.MTP_FAILURE]

    def test_no_route_from_the_transfer_point(self) -> None:
        scene = with_stp()
        scene.wires.port(STP68).refused |= {SCP, BACKUP}
        scene.nodes[SSP].send(TO_FREEPHONE, HERE, b"lost")
        assert notices(scene) == [ReturnCause.MTP_FAILURE]

    def test_a_circle_of_translations_ends_by_the_hop_counter(self) -> None:
        circle = {
            code: SccpPlan(rules=(Rule(entities=(Entity(to),), route_on_title=True),))
            for code, to in ((SSP, STP68), (STP68, STP70), (STP70, STP68))
        }
        scene = Scene(circle, (SSP,))
        scene.nodes[SSP].send(TO_FREEPHONE, HERE, b"round and round")
        assert notices(scene) == [ReturnCause.HOP_COUNTER_VIOLATION]
        hops = [one.hop_counter for one in scene.wires.messages() if isinstance(one, Xudt)]
        assert hops == list(range(HOPS, 0, -1))

    def test_a_translation_to_the_node_itself_without_end_is_a_fault(self) -> None:
        scene = pair(near=SccpPlan(rules=(Rule(entities=(Entity(SSP),), route_on_title=True),)))
        scene.nodes[SSP].send(TO_FREEPHONE, HERE, b"lost")
        assert notices(scene) == [ReturnCause.SCCP_FAILURE]

    def test_a_title_that_grows_too_long_on_its_way(self) -> None:
        longer = Rule(
            prefix="1800", entities=(Entity(SCP),), route_on_title=True, new_prefix="1" * 140
        )
        scene = with_stp(plan=SccpPlan(rules=(longer,)))
        scene.nodes[SSP].send(TO_FREEPHONE, HERE, bytes(200))
        assert notices(scene) == [ReturnCause.SEGMENTATION_FAILURE]

    def test_a_unit_that_is_long_for_these_links(self) -> None:
        """From a broadband link: it would have to be segmented here."""
        scene = with_stp()
        long = Ludt(TO_FREEPHONE, FROM_SSP, bytes(280), 0, True)
        scene.wires.carry(Msu(STP68, SSP, 0, encode(long), SERVICE_SCCP))
        scene.pass_time()
        assert scene.nodes[STP68].returns == {ReturnCause.SEGMENTATION_NOT_SUPPORTED: 1}
        assert scene.nodes[STP68].undeliverable == 1, "nor does the way back carry it"

    def test_subsystems_of_the_same_node_hear_of_each_other(self) -> None:
        scene = pair()
        other = Diary()
        scene.nodes[SSP].register(8, other)
        scene.nodes[SSP].send(PartyAddress(99), HERE, b"lost")
        scene.nodes[SSP].set_in_service(8, False)
        scene.nodes[SSP].send(PartyAddress(8, SSP), HERE, b"lost")
        causes = [ReturnCause.UNEQUIPPED_USER, ReturnCause.SUBSYSTEM_FAILURE]
        assert notices(scene) == causes
        assert scene.wires.seen == []

    def test_a_user_part_that_is_not_equipped(self) -> None:
        scene = pair(near=SccpPlan(watched=(RemoteSubsystem(SCP, INAP),)))
        scene.wires.port(SSP).indicate(UserPartUnavailable(SCP, SERVICE_SCCP, 1))
        scene.nodes[SSP].send(TO_SCP, HERE, b"lost")
        assert notices(scene) == [ReturnCause.UNEQUIPPED_USER]

    def test_what_matters_less_is_given_up_where_the_way_is_congested(self) -> None:
        scene = with_stp()
        scene.wires.port(STP68).indicate(Congested(SCP, 3))
        scene.wires.port(STP68).indicate(Congested(BACKUP, 3))
        scene.nodes[SSP].send(TO_FREEPHONE, HERE, b"of importance 4")
        less = Xudt(TO_FREEPHONE, FROM_SSP, b"of 2", 0, True, HOPS, None, 2)
        scene.wires.carry(Msu(STP68, SSP, 0, encode(less), SERVICE_SCCP))
        assert notices(scene) == [ReturnCause.NETWORK_CONGESTION]
        assert scene.diaries[SCP].heard == [b"of importance 4"]

    def test_without_return_option_nothing_comes_back(self) -> None:
        scene = with_stp()
        for called in (PartyAddress(99, SCP), PartyAddress(INAP, None, FullTitle("1900"), True)):
            scene.nodes[SSP].send(called, HERE, b"lost", return_on_error=False)
        scene.wires.port(SSP).refused.add(SCP)
        scene.nodes[SSP].send(TO_SCP, HERE, b"lost", return_on_error=False)
        assert notices(scene) == []

    def test_what_comes_back_and_cannot_be_delivered_is_discarded(self) -> None:
        scene = pair()
        scene.nodes[SSP].send(PartyAddress(99, SCP), PartyAddress(98), b"lost")
        scene.pass_time()
        assert scene.nodes[SSP].undeliverable == 1
        scene.wires.port(SCP).refused.add(SSP)
        scene.nodes[SSP].send(PartyAddress(99, SCP), HERE, b"lost")
        assert notices(scene) == []
        assert scene.nodes[SCP].undeliverable == 1

    def test_what_comes_back_for_a_title_that_leads_nowhere_is_discarded(self) -> None:
        scene = pair()
        calling = PartyAddress(INAP, None, FullTitle("33"), True)
        unit = Udt(PartyAddress(99, SCP), calling, b"lost", 0, True)
        scene.wires.carry(Msu(SCP, SSP, 0, encode(unit), SERVICE_SCCP))
        assert notices(scene) == []
        assert scene.nodes[SCP].undeliverable == 1

    def test_of_a_long_message_that_comes_back_the_first_segment_tells(self) -> None:
        scene = pair()
        for number, first in enumerate((True, False)):
            part = Segmentation(first, 1 - number, 5)
            back = Xudts(HERE, TO_SCP, b"part", ReturnCause.NO_REASSEMBLY, segmentation=part)
            scene.wires.carry(Msu(SSP, SCP, 0, encode(back), SERVICE_SCCP))
        assert notices(scene) == [ReturnCause.NO_REASSEMBLY]

    def test_a_long_unit_is_delivered_and_comes_back_long(self) -> None:
        scene = pair()
        scene.wires.carry(
            Msu(SCP, SSP, 0, encode(Ludt(TO_SCP, FROM_SSP, bytes(200), 0, True)), SERVICE_SCCP)
        )
        lost = Ludt(PartyAddress(99, SCP), FROM_SSP, b"long", 0, True)
        scene.wires.carry(Msu(SCP, SSP, 0, encode(lost), SERVICE_SCCP))
        assert notices(scene) == [ReturnCause.UNEQUIPPED_USER]
        assert scene.diaries[SCP].heard == [bytes(200)]
        assert isinstance(scene.wires.messages()[-1], Ludts)

    def test_a_cause_that_nobody_knows_is_unqualified(self) -> None:
        scene = pair()
        back = Udts(HERE, TO_SCP, b"data", 99)
        scene.wires.carry(Msu(SSP, SCP, 0, encode(back), SERVICE_SCCP))
        assert notices(scene) == [ReturnCause.UNQUALIFIED]


class TestBadInput:
    @pytest.mark.parametrize("octets", [b"", b"\x09", bytes(40), b"\x01\x00\x00\x00\x02\x00"])
    def test_what_cannot_be_read_is_counted(self, octets: bytes) -> None:
        scene = pair()
        scene.wires.port(SCP).receive(Msu(SCP, SSP, 0, octets, SERVICE_SCCP))  # type: ignore[misc]
        unreadable = encode(Udt(PartyAddress(1), PartyAddress(1), b"\xff\x00"))
        scene.wires.port(SCP).receive(  # type: ignore[misc]
            Msu(SCP, SSP, 0, unreadable, SERVICE_SCCP)
        )
        assert scene.nodes[SCP].malformed == 2

    def test_an_address_that_cannot_be_written_is_the_users_fault(self) -> None:
        scene = pair()
        with pytest.raises(SccpError, match="subsystem number"):
            scene.nodes[SSP].send(PartyAddress(300, SCP), HERE, b"a")

    @pytest.mark.parametrize("ssn", [0, 1, 255, INAP])
    def test_subsystems_are_registered_once_and_in_range(self, ssn: int) -> None:
        with pytest.raises(SccpError, match="each once"):
            pair().nodes[SSP].register(ssn, Diary())

    def test_only_subsystems_that_are_here_are_put_in_service(self) -> None:
        with pytest.raises(SccpError, match="no subsystem 99"):
            pair().nodes[SSP].set_in_service(99, True)

    def test_units_stay_within_what_a_link_carries(self) -> None:
        scene = with_stp()
        for length in range(1, 400, 7):
            scene.nodes[SSP].send(TO_FREEPHONE, HERE, bytes(length))
        scene.pass_time()
        assert max(len(msu.payload) for msu in scene.wires.seen) <= MESSAGE_LIMIT_OCTETS
        assert len(scene.diaries[SCP].heard) == len(range(1, 400, 7))


def test_a_snapshot_says_what_was_done() -> None:
    scene = with_stp()
    scene.nodes[SSP].send(TO_FREEPHONE, HERE, b"question")
    scene.nodes[SSP].send(PartyAddress(99, SCP), HERE, b"lost")
    scene.pass_time()
    assert scene.nodes[SCP].snapshot().returned == {"unequipped_user": 1}
    seen = scene.nodes[STP68].snapshot()
    assert seen.relayed == 1
    assert seen.remote == {
        str(SCP): "there",
        f"{SCP}:{INAP}": "allowed",
        str(BACKUP): "there",
        f"{BACKUP}:{INAP}": "allowed",
    }
    near = scene.nodes[SSP].snapshot()
    assert (near.sent, near.subsystems) == (2, {INAP: True})
    assert scene.nodes[SCP].snapshot().delivered == 1
