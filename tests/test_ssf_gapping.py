"""Call gapping: how many calls of a mass ask their SCP, and what becomes of the others."""

import random

import pytest

from calleq.causes import Q850
from calleq.media.numbered import ALL_BUSY, RECORDED
from calleq.ss7.inap.arguments import CallGap, InitialDP, ReleaseCall
from calleq.ss7.inap.interaction import InbandInfo
from calleq.ss7.inap.values import (
    AnnouncementAndCause,
    CalledAddressAndService,
    CallingAddressAndService,
    CompoundCriteria,
    ControlType,
    EventTypeBCSM,
    GapIndicators,
    GapOnService,
)
from calleq.ss7.isup.messages import Cause, Nature
from calleq.ss7.isup.optional_types import GenericNumber, Number
from calleq.ssp.ssf.gapping import GAPS_LIMIT, Asking, Gaps
from calleq.units import HOUR_US, MILLISECOND_US, SECOND_US
from tests.ssf_scene import FREEPHONE, Scene
from tests.test_ssf_freephone import asked
from tests.virtual import number

CALLER = number("00")
CALL = Asking(800, FREEPHONE, CALLER, EventTypeBCSM.ANALYSED_INFORMATION)
ON_SERVICE = GapOnService(800)


def gap(
    criteria: object = ON_SERVICE, duration_s: int = 60, interval_ms: int = 1_000, **more: object
) -> CallGap:
    return CallGap(criteria, GapIndicators(duration_s, interval_ms), **more)


@pytest.mark.parametrize("interval_ms", [100, 1_000, 5_000])
def test_under_mass_calling_one_call_for_each_interval_asks(interval_ms: int) -> None:
    """A hundred calls for each interval, at random instants."""
    gaps = Gaps("1")
    gaps.set(gap(duration_s=-1, interval_ms=interval_ms), 0)
    draw = random.Random(interval_ms)
    now_us, passed, calls = 0.0, 0, 0
    end_us = 200 * interval_ms * MILLISECOND_US
    while now_us < end_us:
        now_us += draw.expovariate(100 / (interval_ms * MILLISECOND_US))
        calls += 1
        passed += gaps.stopped(CALL, round(now_us)) is None
    assert calls > 19_000
    assert abs(passed / 200 - 1) <= 0.05


def test_a_mass_of_telephones_is_gapped_by_the_switch() -> None:
    """Fifty calls within seven seconds, one of which asks in each second."""
    scene = Scene()
    dialogue = asked(scene)
    dialogue.next(InitialDP)
    dialogue.end(gap(gap_treatment=Cause(42)), ReleaseCall(Cause(31)))
    scene.passes(0.05)
    scene.hang_up(CALLER)
    scene.passes(0.05)
    questions = 0
    for _ in range(50):
        if scene.state(CALLER) == "OnHook":
            scene.dials(CALLER, FREEPHONE)
        scene.passes(0.1)
        while scene.scp.begun:
            questions += 1
            scene.scp.asked().end(ReleaseCall(Cause(31)))
        scene.passes(0.02)
        scene.hang_up(CALLER)
        scene.passes(0.02)
    assert questions in (6, 7, 8)
    (in_force,) = scene.services("ssp-62").gaps
    assert in_force.passed == questions
    assert in_force.gapped == 50 - questions
    scene.is_over()


@pytest.mark.parametrize(
    ("treatment", "cause"),
    [
        (None, Q850.CONGESTION),
        (Cause(34), 34),
        (InbandInfo(ALL_BUSY), Q850.CONGESTION),
        (AnnouncementAndCause(InbandInfo(ALL_BUSY), Cause(17)), 17),
        (InbandInfo(4_711), Q850.CONGESTION),
    ],
    ids=["network", "cause", "announcement", "both", "not recorded"],
)
def test_what_a_gapped_caller_is_told(treatment: object, cause: int) -> None:
    scene = Scene()
    dialogue = asked(scene)
    dialogue.end(gap(interval_ms=-1, gap_treatment=treatment), ReleaseCall(Cause(31)))
    scene.passes(0.5)
    scene.hang_up(CALLER)
    scene.passes(0.5)
    scene.dials(CALLER, FREEPHONE)
    scene.passes(0.5)
    heard = {entry.detail for entry in scene.entries(CALLER) if entry.event == "hears"}
    spoken = isinstance(treatment, InbandInfo) and treatment.message_id == ALL_BUSY
    spoken = spoken or isinstance(treatment, AnnouncementAndCause)
    assert (f"speech:{RECORDED[ALL_BUSY].text}" in heard) is spoken
    scene.passes(10)
    assert scene.cause_told(CALLER) == cause
    assert not scene.scp.begun
    scene.is_over()


def test_a_gap_ends_with_its_duration_or_by_the_scp() -> None:
    gaps = Gaps("1")
    gaps.set(gap(duration_s=10, interval_ms=-1), 0)
    assert gaps.stopped(CALL, 9_999_999) is not None
    assert gaps.stopped(CALL, 10 * SECOND_US) is None
    gaps.set(gap(duration_s=-1, interval_ms=-1), 0)
    assert gaps.stopped(CALL, HOUR_US) is not None
    gaps.set(gap(duration_s=0), HOUR_US)
    assert gaps.stopped(CALL, HOUR_US) is None
    gaps.set(gap(duration_s=-2, interval_ms=-1), 0)
    assert gaps.stopped(CALL, 299 * SECOND_US) is not None
    assert gaps.stopped(CALL, 300 * SECOND_US) is None
    gaps.set(gap(interval_ms=0), 0)
    assert all(gaps.stopped(CALL, now_us) is None for now_us in range(5))


def address(digits: str, nature: int = Nature.INTERNATIONAL) -> GenericNumber:
    return GenericNumber(0, Number(digits, nature))


@pytest.mark.parametrize(
    ("criteria", "concerned"),
    [
        (None, True),
        (GapOnService(800, EventTypeBCSM.ANALYSED_INFORMATION), True),
        (GapOnService(800, EventTypeBCSM.COLLECTED_INFO), False),
        (GapOnService(801), False),
        (address("1800"), True),
        (address("800", Nature.NATIONAL), True),
        (address("1900"), False),
        (CalledAddressAndService(address("18005550199"), 800), True),
        (CalledAddressAndService(address("18005550199"), 801), False),
        (CallingAddressAndService(address("1212"), 800), True),
        (CallingAddressAndService(address("1313"), 800), False),
        (CompoundCriteria(GapOnService(800)), True),
    ],
)
def test_whom_a_gap_concerns(criteria: object, concerned: bool) -> None:
    gaps = Gaps("1")
    gaps.set(gap(criteria, interval_ms=-1), 0)
    assert (gaps.stopped(CALL, 1) is not None) is concerned


def test_a_manual_gap_outlives_those_of_an_scp() -> None:
    gaps = Gaps("1")
    gaps.set(gap(interval_ms=-1, control_type=ControlType.MANUALLY_INITIATED), 0)
    gaps.set(gap(duration_s=0), 1)
    gaps.set(gap(interval_ms=0), 1)
    assert gaps.stopped(CALL, 2) is not None
    gaps.set(gap(duration_s=0, control_type=ControlType.MANUALLY_INITIATED), 3)
    assert gaps.stopped(CALL, 4) is None


def test_gaps_are_bounded() -> None:
    gaps = Gaps("1")
    for service in range(GAPS_LIMIT + 10):
        gaps.set(gap(GapOnService(service), duration_s=100 + service), 0)
    assert len(gaps) == GAPS_LIMIT
