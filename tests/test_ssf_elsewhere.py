"""Triggers met by calls that no telephone of the switch dialled: trunks, peripherals, boards."""

import pytest

from calleq.billing.derivation import records_of
from calleq.billing.indexing import index_entries
from calleq.billing.records import records_as_json
from calleq.billing.settling import settle
from calleq.journal.entries import (
    Dialled,
    Furnished,
    LineRefused,
    LineReleased,
    LineSeized,
    Redirected,
)
from calleq.journal.service_keys import service_key
from calleq.ss7.inap.arguments import (
    Connect,
    ConnectToResource,
    Continue,
    FurnishChargingInformation,
    InitialDP,
    InitiateCallAttempt,
    PlayAnnouncement,
    ReleaseCall,
    SpecializedResourceReport,
)
from calleq.ss7.inap.interaction import InbandInfo
from calleq.ss7.inap.values import EventTypeBCSM, MonitorMode
from calleq.ss7.isup.messages import Cause, Iam
from calleq.ss7.isup.optional import GENERIC_NUMBER, ORIGINAL_CALLED_NUMBER, REDIRECTION, find
from calleq.ss7.isup.optional_types import GenericNumber, Number, Redirection
from calleq.topology import Topology, load_topology
from calleq.units import HOUR_US, SECOND_US
from tests.ssf_scene import FREEPHONE, Dialogue, Scene, arm, number_of, with_control_points
from tests.test_ssp_board import without_peripheral
from tests.virtual import OTHER_REPRESENTATIVE, REPRESENTATIVE, leg_of, number

CUSTOMER = number("00")
E = EventTypeBCSM
BOTH = pytest.mark.parametrize(
    "topology", [load_topology(), without_peripheral()], ids=["peripheral", "board"]
)


def placed(topology: Topology) -> tuple[Scene, str, Dialogue]:
    """A message whose representative is a freephone number, until the SCP is asked about it."""
    scene = Scene(with_control_points(topology))
    call = scene.place(CUSTOMER, FREEPHONE)
    for _ in range(400):
        if scene.scp.begun:
            break
        scene.passes(0.1)
    return scene, call, scene.scp.asked()


@pytest.mark.row("S2-48", part=True)
@BOTH
def test_a_message_whose_representative_has_a_freephone_number(topology: Topology) -> None:
    scene, call, dialogue = placed(topology)
    question = dialogue.next(InitialDP)
    assert question.called_party_number.digits == FREEPHONE[1:]
    dialogue.say(
        arm(E.O_CALLED_PARTY_BUSY, E.O_NO_ANSWER, leg=2),
        arm(E.O_DISCONNECT, leg=2, mode=MonitorMode.NOTIFY_AND_CONTINUE),
        Connect(destination_routing_address=number_of(REPRESENTATIVE)),
    )
    scene.run_to_end(call)
    view = scene.view(call)
    assert view.state == "completed"
    (lived,) = scene.calls(REPRESENTATIVE)
    record = leg_of(scene.records()[call], "agent")
    assert record.number == FREEPHONE
    assert lived.answered is not None
    assert lived.ended is not None
    assert record.talk_us == lived.ended.at_us - lived.answered.at_us
    heard = {one.detail for one in scene.entries(REPRESENTATIVE) if one.event == "hears"}
    assert f"mouth:{CUSTOMER}" in heard
    scene.is_over()


@BOTH
def test_the_centre_overflows_and_the_customer_never_knows(topology: Topology) -> None:
    scene, call, dialogue = placed(topology)
    dialogue.next(InitialDP)
    dialogue.say(
        arm(E.O_CALLED_PARTY_BUSY, leg=2),
        Connect(destination_routing_address=number_of(number("01"))),
    )
    assert dialogue.event() == (E.O_CALLED_PARTY_BUSY, 2, 17)
    dialogue.say(Connect(destination_routing_address=number_of(OTHER_REPRESENTATIVE)))
    scene.run_to_end(call)
    assert scene.view(call).state == "completed"
    assert leg_of(scene.records()[call], "agent").talk_us > 0
    scene.is_over()
    # Once the records are final, nothing of the way there is kept.
    entries = scene.journal.entries
    assert any(isinstance(one.entry, Redirected) and one.entry.again for one in entries)
    journals = index_entries(entries)
    done = settle(journals, records_of(journals), entries[-1].at_us + HOUR_US, set())
    assert call in done.settled
    assert not done.orphans
    kept = {type(one.entry) for one in done.kept}
    assert not kept & {Redirected, LineRefused, LineReleased, Dialled}
    lines = {one.entry.line for one in done.kept if isinstance(one.entry, LineSeized)}
    assert lines == {scene.topology.isp_number}, "the computer that is on-line still talks"


@BOTH
def test_a_centre_that_is_closed_ends_the_call_as_any_party_would(topology: Topology) -> None:
    scene, call, dialogue = placed(topology)
    dialogue.end(ReleaseCall(Cause(21)))
    scene.run_to_end(call)
    assert leg_of(scene.records()[call], "agent").cause == 21
    scene.is_over()


def test_a_caller_behind_a_trunk_hears_what_the_scp_has_played() -> None:
    """The trigger is armed for a number of the second switch, at its termination."""
    scene = Scene(with_control_points(point="termination_attempt", called=("+12125550143",)))
    scene.dials(CUSTOMER, REPRESENTATIVE)
    scene.passes(0.5)
    dialogue = scene.scp.asked()
    question = dialogue.next(InitialDP)
    assert question.event_type_bcsm is E.TERM_ATTEMPT_AUTHORIZED
    assert question.bearer_capability is not None
    assert scene.rings(REPRESENTATIVE) == 0
    dialogue.say(ConnectToResource(), PlayAnnouncement(InbandInfo(10), False))
    scene.passes(1)
    assert any(voice.startswith("speech:") for voice in scene.hears(CUSTOMER))
    dialogue.waits()
    dialogue.next(SpecializedResourceReport)
    dialogue.say(
        arm(E.T_ANSWER, E.T_DISCONNECT, leg=2, mode=MonitorMode.NOTIFY_AND_CONTINUE),
        arm(E.CALL_ACCEPTED, leg=2, mode=MonitorMode.NOTIFY_AND_CONTINUE),
        Continue(),
    )
    assert dialogue.event() == (E.CALL_ACCEPTED, 2, None)
    assert dialogue.event() == (E.T_ANSWER, 2, None)
    scene.passes(1)
    scene.hang_up(REPRESENTATIVE)
    assert dialogue.event() == (E.T_DISCONNECT, 2, 16)
    assert dialogue.over == "end"
    scene.is_over()


@pytest.mark.parametrize(
    ("ending", "event", "cause"), [("01", E.T_BUSY, 17), ("02", E.T_NO_ANSWER, None)]
)
def test_a_party_that_cannot_be_had_at_its_own_switch_is_forwarded(
    ending: str, event: E, cause: int | None
) -> None:
    called = number(ending)
    scene = Scene(
        with_control_points(point="termination_attempt", called=(called,)),
        talk_us=60 * SECOND_US,
    )
    scene.dials(OTHER_REPRESENTATIVE, called)
    scene.passes(0.5)
    dialogue = scene.scp.asked()
    dialogue.next(InitialDP)
    dialogue.say(arm(E.T_BUSY, E.T_NO_ANSWER, leg=2, no_answer_s=5), Continue())
    assert dialogue.event() == (event, 2, cause)
    dialogue.end(Connect(destination_routing_address=number_of(CUSTOMER)))
    scene.answers(CUSTOMER)
    assert scene.hears(OTHER_REPRESENTATIVE) == {f"mouth:{CUSTOMER}"}
    scene.hang_up(OTHER_REPRESENTATIVE)
    scene.is_over()


def test_information_that_is_collected_may_be_asked_about_before_it_is_analysed() -> None:
    scene = Scene(with_control_points(point="collected_information"))
    scene.dials(CUSTOMER, FREEPHONE)
    scene.passes(0.5)
    dialogue = scene.scp.asked()
    assert dialogue.next(InitialDP).event_type_bcsm is E.COLLECTED_INFO
    dialogue.end(Connect(destination_routing_address=number_of(REPRESENTATIVE)))
    scene.answers(REPRESENTATIVE)
    assert scene.hears(CUSTOMER) == {f"mouth:{REPRESENTATIVE}"}
    scene.hang_up(CUSTOMER)
    scene.is_over()


def test_an_ordinary_call_is_no_service_call() -> None:
    scene = Scene()
    scene.dials(CUSTOMER, REPRESENTATIVE)
    scene.answers(REPRESENTATIVE)
    assert type(next(iter(scene.network.switches["ssp-64"]._calls))).__name__ == "Call"
    assert not scene.scp.begun
    scene.hang_up(CUSTOMER)
    scene.is_over()


def test_a_connect_says_in_the_iam_where_the_call_comes_from() -> None:
    """Original called number, redirection and generic number; from a telephone and from a trunk."""
    scene = Scene(with_control_points(capability_set=2), talk_us=60 * SECOND_US)
    scene.dials(CUSTOMER, FREEPHONE)
    scene.passes(0.5)
    generic = GenericNumber(6, Number("12125550140"))
    scene.scp.asked().end(
        Connect(
            destination_routing_address=number_of(REPRESENTATIVE),
            original_called_party_id=Number(FREEPHONE[1:]),
            redirecting_party_id=Number(FREEPHONE[1:]),
            redirection_information=Redirection(3, 1, 1, 15),
            generic_numbers=(generic,),
            calling_partys_category=15,
        )
    )
    scene.answers(REPRESENTATIVE)
    iam = next(message for _, _, message in scene.signalling() if isinstance(message, Iam))
    assert iam.category == 15
    assert iam.called.digits == REPRESENTATIVE[1:]
    assert iam.calling is not None
    assert iam.calling.digits == CUSTOMER[1:]
    original = find(iam.other, ORIGINAL_CALLED_NUMBER, Number)
    assert original is not None
    assert original.digits == FREEPHONE[1:]
    assert find(iam.other, GENERIC_NUMBER, GenericNumber) == generic
    assert find(iam.other, REDIRECTION, Redirection) == Redirection(3, 1, 1, 15)
    assert scene.hears(CUSTOMER) == {f"mouth:{REPRESENTATIVE}"}
    assert scene.calls(REPRESENTATIVE)[-1].began.detail == CUSTOMER
    scene.hang_up(CUSTOMER)
    scene.is_over()


def test_a_dialled_number_may_be_cut_and_pasted_and_its_caller_hidden_behind_another() -> None:
    scene = Scene(talk_us=60 * SECOND_US)
    scene.dials(CUSTOMER, FREEPHONE)
    scene.passes(0.5)
    dialogue = scene.scp.asked()
    from calleq.ss7.isup.messages import CallingNumber

    dialogue.end(
        Connect(
            destination_routing_address=number_of("+121255501"),
            cut_and_paste=len(FREEPHONE) - 1,
            calling_party_number=CallingNumber("12125550140"),
        )
    )
    scene.passes(1)
    assert scene.cause_told(CUSTOMER) != 0, "too short a number leads nowhere"
    scene.passes(40)
    scene.dials(CUSTOMER, FREEPHONE)
    scene.passes(0.5)
    dialogue = scene.scp.asked()
    dialogue.end(
        Connect(
            destination_routing_address=number_of(REPRESENTATIVE),
            calling_party_number=CallingNumber("12125550140"),
        )
    )
    scene.answers(REPRESENTATIVE)
    assert scene.calls(REPRESENTATIVE)[-1].began.detail == "+12125550140"
    scene.hang_up(CUSTOMER)
    scene.is_over()


@BOTH
def test_what_an_scp_furnishes_is_in_the_record_of_the_leg(topology: Topology) -> None:
    """Once before the call is dialled, and once while the parties talk."""
    scene, call, dialogue = placed(topology)
    dialogue.say(
        FurnishChargingInformation(b"\x30\x01"),
        arm(E.O_ANSWER, leg=2, mode=MonitorMode.NOTIFY_AND_CONTINUE),
        arm(E.O_DISCONNECT, leg=2, mode=MonitorMode.NOTIFY_AND_CONTINUE),
        Connect(destination_routing_address=number_of(REPRESENTATIVE)),
    )
    dialogue.next(InitialDP)
    assert dialogue.event() == (E.O_ANSWER, 2, None)
    dialogue.say(FurnishChargingInformation(b"\xca\xfe"))
    scene.run_to_end(call)
    record = scene.records()[call]
    assert leg_of(record, "agent").furnished == "3001 cafe"
    assert leg_of(record, "customer").furnished == ""
    assert records_as_json(record)["legs"][-1]["furnished"] == "3001 cafe"


def test_what_is_furnished_for_a_leg_of_the_scps_own_is_in_the_record_of_its_dialling() -> None:
    scene = Scene(talk_us=60 * SECOND_US)
    dialogue = scene.scp.begin(
        "ssp-62",
        InitiateCallAttempt(destination_routing_address=number_of(CUSTOMER)),
        FurnishChargingInformation(b"\x01"),
        arm(E.O_ANSWER, leg=1),
        Continue(),
    )
    assert dialogue.event() == (E.O_ANSWER, 1, None)
    dialogue.end(FurnishChargingInformation(b"\x02"), ReleaseCall(Cause(16)))
    scene.is_over()
    key = service_key(
        dialogue.point.sccp.point_code,
        scene.network.sccp["ssp-62"].point_code,
        dialogue.number,
        1,
    )
    journals = index_entries(scene.journal.entries)
    (arrival,) = journals.arrivals[key]
    assert [one.entry.tag for one in arrival.besides if isinstance(one.entry, Furnished)] == [
        "01",
        "02",
    ]


def test_what_is_furnished_for_nobody_is_not_kept_for_ever() -> None:
    scene = Scene()
    scene.dials(CUSTOMER, FREEPHONE)
    scene.passes(0.5)
    scene.scp.asked().end(FurnishChargingInformation(b"\x01"), ReleaseCall(Cause(31)))
    dialogue = scene.scp.begin(
        "ssp-62",
        InitiateCallAttempt(destination_routing_address=number_of(CUSTOMER)),
        FurnishChargingInformation(b"\x02"),
    )
    scene.passes(0.5)
    dialogue.end(ReleaseCall(Cause(31)))
    scene.is_over()
    entries = scene.journal.entries
    assert sum(isinstance(one.entry, Furnished) for one in entries) == 2
    journals = index_entries(entries)
    done = settle(journals, records_of(journals), entries[-1].at_us + HOUR_US, set())
    assert not any(isinstance(one.entry, Furnished) for one in done.kept)
