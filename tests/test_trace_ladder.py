"""Ladders: every message of one call, nothing of another, and what the octets say is shown."""

import pytest

from calleq.journal.entries import CircuitKey, Dialled, Transit
from calleq.lines.messages import Alerting, Connect, ReleaseComplete, Setup
from calleq.osn import messages as osn
from calleq.runtime.tap import Segment
from calleq.ss7.isup.messages import Acm, CalledNumber, Cause, Iam, Rel, Rlc, Rsc
from calleq.trace.capture import Captured
from calleq.trace.ladder import Ladder, ladder, last_call
from calleq.trace.render import WIDTH_COLUMNS, render_text, rows_as_json
from tests.trace_scene import POINT_CODES, Scene

CALL = "01KAJ3T8Q6S7XG3WQ0V9J5N2ZR"
OTHER = "01KAJ3T8Q6S7XG3WQ0V9J5N2ZS"
CUSTOMER = "+12125550100"
AGENT = "+12125550143"


def one_call() -> Scene:
    scene = Scene()
    scene.accepts(0, CALL)
    scene.tells(500, "server-72", "ip-76", set_up(CALL))
    scene.customer_leg(1_000, CALL, CUSTOMER, 1, 5)
    scene.agent_leg_busy(4_100_000, CALL, AGENT, 2, 9)
    scene.tells(20_000_000, "ip-76", "server-72", osn.CallEnded(CALL, "agent_busy", 17, 20_000_000))
    return scene


def set_up(call: str) -> osn.SetUpCall:
    return osn.SetUpCall(
        call=call,
        business="abc",
        business_name="ABC Company",
        business_number="+12125550140",
        customer=CUSTOMER,
        representative=AGENT,
        representatives=(AGENT,),
        hunt=True,
        dial_first="customer",
        detect_machine=False,
        ring_limit_us=30_000_000,
        answer_to="server-72",
    )


def ladder_of(scene: Scene, call: str, captures: list[Captured] | None = None) -> Ladder:
    taken = scene.captures() if captures is None else captures
    return ladder(call, taken, scene.entries, POINT_CODES)


def steps(found: Ladder) -> list[str]:
    return [f"{row.sender} > {row.receiver} {row.name}" for row in found.rows]


@pytest.mark.row("S2-97", part=True)
def test_the_ladder_of_a_call_has_every_message_and_both_hops_over_an_stp() -> None:
    scene = one_call()
    found = ladder_of(scene, CALL)
    assert len(found.rows) == len(scene.captures())
    assert steps(found)[:10] == [
        "client > server-72 POST /v1/calls",
        "server-72 > ip-76 set_up_call",
        "ip-76 > stp-68 IAM",
        "stp-68 > ssp-62 IAM",
        f"ssp-62 > telephone {CUSTOMER} SETUP",
        f"telephone {CUSTOMER} > ssp-62 ALERTING",
        "ssp-62 > stp-68 ACM",
        "stp-68 > ip-76 ACM",
        f"telephone {CUSTOMER} > ssp-62 CONNECT",
        "ssp-62 > stp-68 ANM",
    ]
    segments = [row.segment for row in found.rows[:5]]
    assert segments == [
        Segment.INTERNET,
        Segment.OSN,
        Segment.SIGNALLING_LINK,
        Segment.SIGNALLING_LINK,
        Segment.CIRCUIT,
    ]
    busy = [row for row in found.rows if row.sender == "ssp-64"]
    assert [row.fields[0] for row in busy] == [("cause", "17 user busy")]
    assert all(not row.error for row in found.rows)


def test_text_fits_100_columns_and_names_every_element_and_message() -> None:
    found = ladder_of(one_call(), CALL)
    text = render_text(found)
    assert all(len(line) <= WIDTH_COLUMNS for line in text.splitlines())
    for told in (*POINT_CODES, "called 12125550100", "17 user busy", "SETUP", "POST /v1/calls"):
        assert told in text
    assert sum(line.count("▶") + line.count("◀") for line in text.splitlines()) == len(found.rows)


def test_json_rows_hold_the_octets() -> None:
    scene = one_call()
    rows = rows_as_json(ladder_of(scene, CALL))
    assert [row["octets"] for row in rows] == [one.octets.hex() for one in scene.captures()]
    assert rows[2]["message"] == "IAM"
    assert rows[2]["fields"][0] == {"name": "called", "value": "12125550100"}  # type: ignore[index]


def test_a_call_without_octets_has_an_empty_ladder() -> None:
    assert ladder_of(one_call(), "nobody").rows == ()
    assert "no message" in render_text(Ladder("nobody", ()))


def test_a_circuit_used_by_two_calls_in_turn_is_in_each_ladder_once() -> None:
    scene = Scene()
    scene.customer_leg(0, CALL, CUSTOMER, 1, 5)
    scene.customer_leg(20_000_000, OTHER, CUSTOMER, 1, 5)
    ours, theirs = ladder_of(scene, CALL), ladder_of(scene, OTHER)
    assert steps(ours) == steps(theirs)
    assert [row.at_us for row in ours.rows] == [row.at_us - 20_000_000 for row in theirs.rows]
    assert len(ours.rows) + len(theirs.rows) == len(scene.captures())


def test_a_circuit_seized_again_while_its_rlc_is_under_way_keeps_the_ladders_apart() -> None:
    """Switch 62 sends RLC and seizes the circuit the other way in the same microsecond."""
    scene = Scene()
    ip, switch = POINT_CODES["ip-76"], POINT_CODES["ssp-62"]
    scene.writes(0, "ip-76", Dialled(CALL, "customer", 1, CUSTOMER, CircuitKey(ip, switch, 1)))
    scene.sends(0, "ip-76", "ssp-62", Iam(1, CalledNumber("12125550100")))
    scene.sends(5_000, "ip-76", "ssp-62", Rel(1, Cause(16)))
    scene.writes(6_900, "ip-76", Dialled(OTHER, "customer", 1, "", CircuitKey(ip, switch, 3)))
    scene.sends(6_900, "ip-76", "ssp-62", Iam(3, CalledNumber("12125550199")))
    scene.sends(9_000, "ssp-62", "ip-76", Rlc(1))
    back = Transit(CircuitKey(ip, switch, 3), CircuitKey(switch, ip, 1))
    scene.writes(9_000, "ssp-62", back)
    scene.sends(9_000, "ssp-62", "ip-76", Iam(1, CalledNumber("12125550198")))
    scene.sends(12_000, "ip-76", "ssp-62", Acm(1))
    assert [row.name for row in ladder_of(scene, CALL).rows] == ["IAM"] * 2 + ["REL"] * 2 + [
        "RLC"
    ] * 2
    assert [row.name for row in ladder_of(scene, OTHER).rows] == ["IAM"] * 4 + ["ACM"] * 2


def test_both_ends_seizing_a_circuit_at_once_are_told_apart_by_who_answers() -> None:
    scene = Scene()
    ip, switch = POINT_CODES["ip-76"], POINT_CODES["ssp-62"]
    scene.writes(0, "ip-76", Dialled(CALL, "customer", 1, "", CircuitKey(ip, switch, 1)))
    scene.writes(0, "ip-76", Dialled(OTHER, "customer", 1, "", CircuitKey(ip, switch, 3)))
    scene.sends(0, "ip-76", "ssp-62", Iam(3, CalledNumber("12125550198")))
    scene.sends(100, "ip-76", "ssp-62", Iam(1, CalledNumber("12125550100")))
    scene.writes(200, "ssp-62", Transit(CircuitKey(ip, switch, 3), CircuitKey(switch, ip, 1)))
    scene.sends(200, "ssp-62", "ip-76", Iam(1, CalledNumber("12125550198")))
    scene.sends(5_000, "ssp-62", "ip-76", Acm(1, 0x0400))
    assert [row.name for row in ladder_of(scene, CALL).rows] == ["IAM"] * 2 + ["ACM"] * 2


def test_what_is_on_an_idle_circuit_is_nobodys() -> None:
    scene = Scene()
    scene.sends(0, "ssp-62", "ip-76", Rsc(1))
    scene.sends(3_000, "ip-76", "ssp-62", Rlc(1))
    scene.customer_leg(1_000_000, CALL, CUSTOMER, 1, 5)
    scene.sends(60_000_000, "ssp-62", "ip-76", Rsc(1))
    scene.sends(60_003_000, "ip-76", "ssp-62", Rlc(1))
    assert len(ladder_of(scene, CALL).rows) == len(scene.captures()) - 8


def test_two_calls_on_one_line_at_once_are_told_apart_by_reference() -> None:
    scene = one_call()
    scene.on_line(5_000_000, "", CUSTOMER, Setup(5, AGENT))
    scene.on_line(5_000_010, "ssp-62", CUSTOMER, Alerting(5, True))
    scene.on_line(5_000_020, "ssp-62", CUSTOMER, Connect(5, True))
    scene.on_line(19_000_000, "ssp-62", CUSTOMER, ReleaseComplete(5, 16, True))
    assert len(ladder_of(scene, CALL).rows) == len(scene.captures()) - 4


def test_osn_and_internet_messages_of_another_call_stay_out() -> None:
    scene = one_call()
    scene.accepts(100, OTHER)
    scene.tells(600, "server-72", "ip-76", set_up(OTHER))
    assert len(ladder_of(scene, CALL).rows) == len(scene.captures()) - 2
    assert len(ladder_of(scene, OTHER).rows) == 2


def test_a_flipped_octet_shows_wherever_it_is_and_every_row_stays_in_its_place() -> None:
    """Every octet of every message on SS7 links, lines and the OSN, one at a time."""
    scene = one_call()
    captures = scene.captures()
    plain = ladder_of(scene, CALL)
    text = render_text(plain)
    for index, captured in enumerate(captures):
        for position in range(len(captured.octets)):
            octets = bytearray(captured.octets)
            octets[position] ^= 1 << (position + index) % 8
            damaged = list(captures)
            damaged[index] = captured._replace(octets=bytes(octets))
            found = ladder_of(scene, CALL, damaged)
            told = f"{captured.sender} > {captured.receiver}, octet {position}"
            assert [row.at_us for row in found.rows] == [row.at_us for row in plain.rows], told
            assert render_text(found) != text, told
            same = [row == before for row, before in zip(found.rows, plain.rows, strict=True)]
            assert same.count(False) == 1, told


def test_octets_that_are_no_message_keep_their_place_with_their_error() -> None:
    scene = one_call()
    captures = scene.captures()
    hit = next(n for n, one in enumerate(captures) if one.segment is Segment.SIGNALLING_LINK)
    octets = captures[hit].octets
    captures[hit] = captures[hit]._replace(octets=octets[:13] + b"\xff" + octets[14:])
    row = ladder_of(scene, CALL, captures).rows[hit]
    assert row.name == "ISUP"
    assert "pointer 255" in row.error
    assert "!! IAM: pointer 255" in render_text(ladder_of(scene, CALL, captures))


def test_an_iam_whose_circuit_was_damaged_on_the_first_link_follows_its_copy() -> None:
    """Its circuit is then another call's; that call's ladder must not lose or win a message."""
    scene = one_call()
    scene.customer_leg(500, OTHER, "+12125550106", 3, 6)
    captures = scene.captures()
    hit = next(
        n
        for n, one in enumerate(captures)
        if one.segment is Segment.SIGNALLING_LINK and one.octets[5] == 1
    )
    octets = bytearray(captures[hit].octets)
    octets[5] = 3
    captures[hit] = captures[hit]._replace(octets=bytes(octets))
    damaged = ladder_of(scene, CALL, captures)
    assert [row.at_us for row in damaged.rows] == [row.at_us for row in ladder_of(scene, CALL).rows]
    assert ladder_of(scene, OTHER, captures) == ladder_of(scene, OTHER)
    assert ("on circuit", "1") in next(row for row in damaged.rows if row.name == "IAM").fields


def test_the_last_call_is_the_one_accepted_last() -> None:
    scene = one_call()
    assert last_call(scene.entries) == CALL
    scene.accepts(100, OTHER)
    assert last_call(scene.entries) == OTHER
    assert last_call([]) is None
