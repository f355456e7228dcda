"""The whole network in trouble: transfer points lost, octets damaged, people who hang up."""

import random
from collections import Counter

import pytest

from calleq.call.policy import CALL_LIMIT_US
from calleq.runtime.tap import Segment
from calleq.ss7.isup import codec as isup_codec
from calleq.ss7.isup.messages import IsupError
from calleq.ss7.mtp3 import SERVICE_ISUP
from calleq.units import HOUR_US, MILLISECOND_US, SECOND_US
from tests.test_network_virtual import assert_records_true
from tests.virtual import (
    OTHER_REPRESENTATIVE,
    REPRESENTATIVE,
    VirtualNetwork,
    number,
)

RECOVERY_US = 400 * SECOND_US
"""Beyond T5 and the first reset after it (Q.764): every circuit has been agreed on again."""
RESTART_US = 3 * SECOND_US
"""A transfer point without its mate waits for T18 before it lets traffic come (Q.704 §9)."""
CROSSING_US = 40 * MILLISECOND_US
"""What one party does while the network is acting on what the other did."""


def relays(network: VirtualNetwork, call: str) -> Counter[str]:
    """How many messages of the call each transfer point passed on."""
    return Counter(
        row.sender
        for row in network.ladder(call).rows
        if row.segment is Segment.SIGNALLING_LINK and row.sender.startswith("stp-")
    )


# The mated pair.


@pytest.mark.row("S2-97")
def test_every_message_between_switches_traverses_a_transfer_point() -> None:
    network = VirtualNetwork()
    view = network.call(number("11"), REPRESENTATIVE)
    rows = [row for row in network.ladder(view.call).rows if row.segment is Segment.SIGNALLING_LINK]
    assert rows
    for row in rows:
        assert [row.sender.startswith("stp-"), row.receiver.startswith("stp-")].count(True) == 1
    passed = relays(network, view.call)
    assert passed["stp-68"] > 0
    assert passed["stp-70"] > 0
    assert 2 * passed.total() == len(rows)


@pytest.mark.row("S2-97")
@pytest.mark.parametrize(("lost", "mate"), [("stp-68", "stp-70"), ("stp-70", "stp-68")])
def test_octets_take_the_mate_whenever_a_transfer_point_is_lost(lost: str, mate: str) -> None:
    """From before the call to its last second, every half second."""
    for tenth in range(0, 155, 5):
        network = VirtualNetwork()
        call = network.place(number("00"), REPRESENTATIVE)
        # Between two messages, so that none is lost on the way: MTP2 would repeat it.
        network.clock.advance_us(tenth * 100 * MILLISECOND_US + 500)
        before = relays(network, call)
        network.stp_fails(lost)
        network.run_to_end(call)
        assert network.view(call).state == "completed", tenth
        after = relays(network, call)
        assert after[lost] == before[lost]
        assert after[mate] > before[mate]
        assert_records_true(network, network.records()[call])
        network.assert_at_rest()


def test_one_failed_link_is_by_passed_over_the_mate() -> None:
    network = VirtualNetwork()
    network.links["ssp-64/stp-68"].fail()
    view = network.call(number("00"), REPRESENTATIVE)
    assert view.state == "completed"
    crossed = {row.link for row in network.ladder(view.call).rows}
    assert "ssp-64/stp-68" not in crossed
    assert "ssp-64/stp-70" in crossed
    network.assert_at_rest()


def test_with_both_transfer_points_lost_a_call_fails_and_nobody_is_rung() -> None:
    network = VirtualNetwork()
    network.stp_fails("stp-68")
    network.stp_fails("stp-70")
    view = network.call(number("00"), REPRESENTATIVE)
    assert view.state == "failed"
    assert network.legs(view.call) == [(number("00"), False, 38)]
    assert network.rings(number("00")) == network.rings(REPRESENTATIVE) == 0
    network.assert_at_rest()
    network.stp_returns("stp-70")
    network.clock.advance_us(RESTART_US)
    assert network.call(number("00"), REPRESENTATIVE).state == "completed"


def test_both_transfer_points_lost_in_the_midst_of_a_call() -> None:
    """One final state, true records, and nothing left once they are back; at each second."""
    for second in range(18):
        network = VirtualNetwork()
        call = network.place(number("00"), REPRESENTATIVE)
        network.clock.advance_us(second * SECOND_US)
        network.stp_fails("stp-68")
        network.stp_fails("stp-70")
        network.clock.advance_us(90 * SECOND_US)
        network.stp_returns("stp-68")
        network.stp_returns("stp-70")
        network.run_to_end(call)
        network.clock.advance_us(RECOVERY_US)
        assert [event.event for event in network.events(call)].count("ended") == 1
        assert_records_true(network, network.records()[call])
        network.assert_at_rest()
        assert network.call(number("00"), REPRESENTATIVE).state == "completed"


def cut_off_while_bridged(*hanging_up: str, talk_us: int = HOUR_US) -> tuple[VirtualNetwork, str]:
    """A bridged call without any signalling, in which some hang up, ten seconds apart."""
    network = VirtualNetwork(talk_us=talk_us)
    call = network.place(number("00"), REPRESENTATIVE)
    network.clock.advance_us(40 * SECOND_US)
    assert network.view(call).state == "bridged"
    network.stp_fails("stp-68")
    network.stp_fails("stp-70")
    for telephone in hanging_up:
        network.clock.advance_us(10 * SECOND_US)
        network.hang_up(telephone)
    network.clock.advance_us(SECOND_US)
    return network, call


def test_a_call_goes_on_without_signalling_as_long_as_its_parties_talk() -> None:
    """The voice path stands; what ends it is a party, and that is signalled again by then."""
    network, call = cut_off_while_bridged(talk_us=200 * SECOND_US)
    network.clock.advance_us(90 * SECOND_US)
    assert network.view(call).state == "bridged"
    network.stp_returns("stp-68")
    network.run_to_end(call)
    assert (network.view(call).state, network.view(call).cause) == ("completed", 16)
    assert_records_true(network, network.records()[call])
    network.assert_at_rest()


@pytest.mark.parametrize("outage_s", [60, 400], ids=["within T5", "beyond T5"])
@pytest.mark.parametrize(
    "hanging_up",
    [(number("00"),), (REPRESENTATIVE,), (number("00"), REPRESENTATIVE)],
    ids=["customer", "representative", "both"],
)
def test_who_hangs_up_while_no_signalling_gets_through_is_billed_to_that_instant(
    hanging_up: tuple[str, ...], outage_s: int
) -> None:
    """The switch facing the party clears its line and records the end at once. REL is repeated
    (T1), after T5 RSC (Q.764 §2.9.6), so the rest of the call ends when signalling is back; until
    then the business sees it bridged, and whoever has not hung up is still connected."""
    network, call = cut_off_while_bridged(*hanging_up)
    hung_up = {telephone: network.calls(telephone)[-1].talk_us for telephone in hanging_up}
    legs = {leg.number: leg for leg in network.records()[call].legs}
    assert {telephone: legs[telephone].talk_us for telephone in hanging_up} == hung_up
    assert all(legs[telephone].released_by == "line" for telephone in hanging_up)
    network.clock.advance_us(outage_s * SECOND_US)
    assert network.view(call).state == "bridged"
    network.stp_returns("stp-68")
    network.stp_returns("stp-70")
    network.clock.advance_us(RECOVERY_US)
    assert network.view(call).state == "completed"
    assert [event.event for event in network.events(call)].count("ended") == 1
    assert_records_true(network, network.records()[call])
    legs = {leg.number: leg for leg in network.records()[call].legs}
    assert {telephone: legs[telephone].talk_us for telephone in hanging_up} == hung_up
    network.assert_at_rest()


def test_where_signalling_never_returns_a_call_ends_at_its_longest_with_true_records() -> None:
    network, call = cut_off_while_bridged(number("00"), REPRESENTATIVE)
    network.clock.advance_us(CALL_LIMIT_US + RECOVERY_US)
    assert network.view(call).state == "completed"
    assert_records_true(network, network.records()[call])
    assert {leg.released_by for leg in network.records()[call].legs} == {"line"}


# People who hang up.


def undisturbed() -> dict[str, int]:
    """When things happen in a call that nobody disturbs: microseconds since its message."""
    network = VirtualNetwork()
    call = network.place(number("00"), REPRESENTATIVE)
    network.run_to_end(call)
    rung, answered, bridged = (
        network.event_at_us(call, "ringing", "customer"),
        network.event_at_us(call, "answered", "customer"),
        network.event_at_us(call, "bridged"),
    )
    since = network.began_us
    return {
        "rung": rung - since,
        "answered": answered - since,
        "rep rung": network.event_at_us(call, "ringing", "agent") - since,
        "rep answered": network.event_at_us(call, "answered", "agent") - since,
        "bridged": bridged - since,
        "ended": network.event_at_us(call, "released", "customer") - since,
    }


def test_the_customer_may_hang_up_at_any_instant() -> None:
    """Every 50 ms: one final state, the one of that moment, and nothing left of anything."""
    at = undisturbed()
    for instant_us in range(0, at["ended"] + SECOND_US, 50 * MILLISECOND_US):
        network = VirtualNetwork()
        call = network.place(number("00"), REPRESENTATIVE)
        network.clock.advance_us(network.began_us + instant_us - network.clock.now_us())
        network.hang_up(number("00"))
        network.run_to_end(call)
        expected = "completed"
        if at["rung"] <= instant_us < at["answered"]:
            expected = "customer_rejected"
        elif at["answered"] <= instant_us < at["bridged"]:
            expected = "customer_abandoned"
        allowed = {expected}
        if abs(instant_us - at["bridged"]) < CROSSING_US:
            allowed = {"customer_abandoned", "completed"}
        elif min(abs(instant_us - at[event]) for event in ("rung", "answered")) < CROSSING_US:
            allowed = {"completed", "customer_rejected", "customer_abandoned"}
        assert network.view(call).state in allowed, instant_us
        assert [event.event for event in network.events(call)].count("ended") == 1
        assert_records_true(network, network.records()[call])
        if expected == "customer_rejected":
            assert network.rings(REPRESENTATIVE) == 0
        network.assert_at_rest()


def test_the_representative_may_hang_up_at_any_instant() -> None:
    """Every 50 ms: the customer is not lost, the next representative is called."""
    at = undisturbed()
    for instant_us in range(0, at["ended"] + SECOND_US, 50 * MILLISECOND_US):
        network = VirtualNetwork()
        call = network.place(number("00"), REPRESENTATIVE)
        network.clock.advance_us(network.began_us + instant_us - network.clock.now_us())
        network.hang_up(REPRESENTATIVE)
        network.run_to_end(call)
        assert network.view(call).state == "completed", instant_us
        middle = (at["rep rung"] + CROSSING_US, at["bridged"] - CROSSING_US)
        if middle[0] < instant_us < middle[1]:
            assert network.legs(call)[-1] == (OTHER_REPRESENTATIVE, True, 16)
        elif instant_us < at["rep rung"] - CROSSING_US or instant_us > at["bridged"] + CROSSING_US:
            assert network.rings(OTHER_REPRESENTATIVE) == 0
        assert_records_true(network, network.records()[call])
        network.assert_at_rest()


def test_anyone_may_hang_up_at_any_instant_where_the_representative_is_first() -> None:
    for hanging in (number("00"), REPRESENTATIVE):
        for instant_us in range(0, 20 * SECOND_US, 100 * MILLISECOND_US):
            network = VirtualNetwork()
            call = network.place(number("00"), REPRESENTATIVE, dial_first="agent")
            network.clock.advance_us(instant_us)
            network.hang_up(hanging)
            network.run_to_end(call)
            assert network.view(call).final
            assert [event.event for event in network.events(call)].count("ended") == 1
            assert_records_true(network, network.records()[call])
            network.assert_at_rest()


# Damaged octets.

STRINGS = 52_000
PER_BATCH = 100
BATCH_US = 50 * MILLISECOND_US


def mutated(draw: random.Random, octets: bytes, whole: bool) -> bytes:
    """One to four changes; of the label too where `whole`, else behind it."""
    start = 0 if whole else 5
    changed = bytearray(octets)
    for _ in range(draw.randint(1, 4)):
        place = draw.randint(start, len(changed)) if len(changed) > start else start
        match draw.randrange(6):
            case 0 if place < len(changed):
                changed[place] ^= 1 << draw.randrange(8)
            case 1 if place < len(changed):
                changed[place] = draw.choice((0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)))
            case 2:
                del changed[place:]
            case 3:
                del changed[place : place + draw.randint(1, 8)]
            case 4:
                changed[place:place] = draw.randbytes(draw.randint(1, 8))
            case _:
                changed += draw.randbytes(draw.choice((1, 4, 300)))
    return bytes(changed)


def test_fifty_thousand_damaged_strings_stop_nothing() -> None:
    """Valid MSUs of real calls, damaged, into every node over its links while it is at work."""
    draw = random.Random(20_261_121)
    network = VirtualNetwork()
    for customer in ("00", "01", "02", "05", "11"):
        network.call(number(customer), REPRESENTATIVE)
    seeds: dict[str, list[tuple[str, str, bytes]]] = {}
    for captured in network.tap.captures():
        if captured.segment is Segment.SIGNALLING_LINK and captured.octets[0] & 15 == SERVICE_ISUP:
            seeds.setdefault(captured.receiver, []).append(
                (captured.link, captured.sender, captured.octets)
            )
    assert set(seeds) == set(network.network.nodes) - set(network.network.control_points)
    codes = {name: node.point_code for name, node in network.network.nodes.items()}
    before = counters(network)
    sent = passed = short = 0
    isup_bad: Counter[str] = Counter()
    names = sorted(seeds)
    calls = []
    while sent < STRINGS:
        if sent % 5_000 == 0:
            calls.append(network.place(number("00"), REPRESENTATIVE))
        for _ in range(PER_BATCH):
            receiver = names[sent % len(names)]
            link, sender, octets = draw.choice(seeds[receiver])
            damaged = mutated(draw, octets, whole=sent % 3 == 0)
            assert network.links[link].end(sender).send(damaged)
            sent += 1
            destination = addressee(damaged, sender, receiver, codes)
            if not 5 <= len(damaged) <= 1 + 272:
                short += 1
            elif destination is not None:
                passed += 1
                try:
                    isup_codec.decode(damaged[5:])
                except IsupError:
                    isup_bad[destination] += 1
        network.clock.advance_us(BATCH_US)
    # Calls made meanwhile may have been released by what was injected, each of them once.
    network.run_to_end(*calls)
    network.clock.advance_us(RECOVERY_US)
    network.assert_at_rest()
    for call in calls:
        assert [event.event for event in network.events(call)].count("ended") == 1
    after = counters(network)
    assert passed > STRINGS // 2
    assert short > 1_000
    assert sum(isup_bad.values()) > 5_000
    assert after["mtp3"] - before["mtp3"] == Counter({"malformed": short})
    assert after["isup"] - before["isup"] == isup_bad
    for customer in ("00", "11", "06"):
        assert network.call(number(customer), REPRESENTATIVE).state == "completed"


def addressee(octets: bytes, sender: str, receiver: str, codes: dict[str, int]) -> str | None:
    """The exchange whose ISDN user part gets the unit: service 5, national, its point code.

    An exchange takes only what is for itself; a transfer point passes on, but never back.
    """
    if len(octets) < 5 or octets[0] & 0x0F != 5 or octets[0] >> 6 != 2:
        return None
    destination = int.from_bytes(octets[1:5], "little") & 0x3FFF
    name = next((name for name, code in codes.items() if code == destination), "")
    if not name or name.startswith("stp-"):
        return None
    if receiver.startswith("stp-"):
        return name if name != sender else None
    return name if name == receiver else None


def counters(network: VirtualNetwork) -> dict[str, Counter[str]]:
    """Malformed units of level 3 in the whole network, and malformed messages by exchange."""
    elements = network.network
    return {
        "mtp3": Counter({"malformed": sum(node.malformed for node in elements.nodes.values())}),
        "isup": Counter(
            {name: exchange.malformed for name, exchange in elements.exchanges.items()}
        ),
    }
