"""RTCP and the quality of voice: packets by the octet, reports of legs, figures as published."""

import pytest

from calleq.media.frames import FRAME_SAMPLES
from calleq.media.rtp.control import (
    Block,
    Report,
    RtcpError,
    build,
    ntp_time,
    parse,
    round_trip_us,
)
from calleq.media.rtp.quality import opinion, rating
from tests.rtp_bench import Plane

SILENCE = b"\xff" * FRAME_SAMPLES


def test_a_report_is_read_by_the_octet():
    octets = bytes.fromhex(
        "81c8000c 00000007 e1f0c900 80000000 00001f40 00000064 00003e80"
        "00000009 20000003 00010010 00000028 c9008000 00008000"
        "81ca0003 00000007 01036140 62000000"
        "81cb0001 00000007"
    )
    report = parse(octets)
    assert report == Report(
        source=7,
        blocks=(Block(9, 0.125, 3, 65_552, 40, 0xC900_8000, 0x8000),),
        sent_at=0xE1F0_C900_8000_0000,
        timestamp=8_000,
        packets=100,
        octets=16_000,
        leaves=True,
    )
    assert build(report, "a@b") == octets


@pytest.mark.parametrize(
    ("octets", "says"),
    [
        ("", "0 octets"),
        ("81cb000100000007", "begins with a report"),
        ("81c9000100000007", "1 blocks do not fit"),
        ("80c9000200000007", "a part of 12 octets where 8"),
        ("40c9000100000007", "version 1"),
        ("80c900010000000780", "cut off"),
        ("80c900010000000783cb000100000007", "3 sources"),
    ],
)
def test_what_is_no_rtcp_is_refused(octets: str, says: str):
    with pytest.raises(RtcpError, match=says):
        parse(bytes.fromhex(octets))


def test_the_round_trip_of_the_example_in_rfc_3550():
    """RFC 3550 §6.4.1, figure 2: 6.125 s."""
    block = Block(1, 0.0, 0, 0, 0, last_report=0xB705_2000, since_report=0x0005_4000)
    assert round_trip_us(block, 0xB710_8000 << 16) == 6_125_000


def test_ntp_time_begins_in_1900():
    assert ntp_time(500_000) == (2_208_988_800 << 32) | 0x8000_0000


def test_the_rating_without_impairments_is_the_default_of_g107():
    assert rating(0, 0) == pytest.approx(93.2, abs=0.05)


@pytest.mark.parametrize(
    ("loss", "equipment"),
    [(0.01, 95 * 1 / 26.1), (0.02, 95 * 2 / 27.1), (0.05, 95 * 5 / 30.1), (0.1, 95 * 10 / 35.1)],
)
def test_loss_impairs_by_g113(loss: float, equipment: float):
    """G.711 with concealment: Ie 0, Bpl 25.1."""
    assert rating(0, 0) - rating(0, loss) == pytest.approx(equipment)


@pytest.mark.parametrize(
    ("value", "mos"),
    [
        (0, 1.0),
        (50, 2.58),
        (60, 3.10),
        (70, 3.60),
        (80, 4.03),
        (90, 4.34),
        (93.2, 4.41),
        (100, 4.5),
    ],
)
def test_the_opinion_scores_of_g107_annex_b(value: float, mos: float):
    assert opinion(value) == pytest.approx(mos, abs=0.01)


def test_more_delay_and_more_loss_are_never_better():
    delays = [rating(delay, 0) for delay in range(0, 800, 20)]
    losses = [rating(0, loss / 100) for loss in range(100)]
    assert delays == sorted(delays, reverse=True)
    assert losses == sorted(losses, reverse=True)
    assert 0 <= min(losses) < max(delays) <= 100


def test_a_leg_reports_what_it_got_and_learns_what_the_far_end_got():
    plane = Plane()
    leg, far = plane.leg("sip", "line:1")
    plane.voice.feed("switch", "line:1", ("tone:busy",))
    reports = []
    for number in range(700):
        if number % 50 == 20:
            far.skip()  # one in fifty is lost
        far.say(leg, SILENCE)
        plane.frames(1)
        for octets in far.reports():
            ours = parse(octets)
            reports.append(ours)
            assert ours.sent_at is not None
            block = Block(ours.source, 0.1, 5, 100, 80, (ours.sent_at >> 16) & 0xFFFF_FFFF, 0)
            plane.now_us += 30_000
            far.report(leg, build(Report(far.source, (block,), ntp_time(1)), "far@end"))
    assert 2 <= len(reports) <= 5  # in 14 s
    (block,) = reports[-1].blocks
    assert block.source == far.source
    assert block.last_report != 0
    assert 0 < block.lost <= 14
    plane.frames(1)
    far.reports()
    quality = plane.legs.close(leg)
    assert quality.lost == 14
    assert quality.far_lost == 5
    assert quality.far_jitter_us == 10_000
    assert quality.round_trip_us == pytest.approx(35_000, abs=6_000)
    assert 85 < quality.r_factor < 91
    assert 4.1 < quality.mos < 4.4
    (goodbye,) = [parse(octets) for octets in far.reports()]
    assert goodbye.leaves
    plane.close()


def test_reports_of_strangers_change_nothing():
    plane = Plane()
    leg, far = plane.leg("sip", "line:1")
    far.say(leg, SILENCE)
    plane.frames(2)
    number = plane.legs.table.out_source[leg.number]
    far.report(leg, build(Report(666, (Block(int(number), 1.0, 99, 0, 0),)), "x@y"))
    far.report(leg, b"nonsense")
    plane.frames(1)
    assert plane.legs.close(leg).far_lost == 0
    assert (plane.legs.reports.strangers, plane.legs.reports.malformed) == (1, 1)
    plane.close()
