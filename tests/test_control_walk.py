"""Orders at random, crossed by people who hang up: whatever is done, the call ends and nothing is
left of it, everybody who was called has a record, and nobody is recorded who was not told."""

import pathlib
import random

import pytest

from calleq.journal.entries import Recorded
from calleq.osn.orders import (
    AddThird,
    Complete,
    Consult,
    HangUp,
    Hold,
    Mute,
    Order,
    PauseRecording,
    PlayPrompt,
    Record,
    ResumeRecording,
    SendKeys,
    StopPrompt,
    StopRecording,
    TakeBack,
    Transfer,
    Unhold,
    Unmute,
)
from calleq.topology import load_topology
from tests.control_scene import AGENT, ALL, CUSTOMER, OTHER, ControlledCall
from tests.test_ssp_board import without_peripheral
from tests.virtual import OTHER_REPRESENTATIVE, number

SEEDS = range(24)
STEPS = 14
CALLED = (OTHER, OTHER_REPRESENTATIVE, number("01"), number("02"), number("05"), "+12125559999")


def drawn(draw: random.Random) -> Order:
    """Any order."""
    leg, called = draw.choice(ALL), draw.choice(CALLED)
    return draw.choice(
        (
            Hold(leg),
            Unhold(leg),
            Mute(leg),
            Unmute(leg),
            PlayPrompt(leg, text="One moment."),
            PlayPrompt(prompt="hold"),
            StopPrompt(),
            SendKeys(leg, "12#"),
            AddThird(called),
            Transfer(called),
            Transfer(called),
            Consult(called),
            Consult(called),
            Complete(),
            TakeBack(),
            Record(),
            Record(),
            PauseRecording(),
            ResumeRecording(),
            StopRecording(),
            HangUp("third"),
        )
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_ordered_nothing_is_left(seed: int, tmp_path: pathlib.Path) -> None:
    draw = random.Random(f"control {seed}")
    topology = draw.choice((load_topology(), without_peripheral()))
    call = ControlledCall(topology, recordings=tmp_path, seed=seed)
    for _ in range(STEPS):
        if call.view(call.reference).final:
            break
        call.order(drawn(draw))
        call.passes(draw.choice((0, 0.003, 0.5, 4, 9, 26)))
        if draw.random() < 0.12:
            call.hang_up(draw.choice((AGENT, OTHER, OTHER_REPRESENTATIVE)))
    call.ends()
    view = call.view(call.reference)
    assert view.state == "completed"
    for leg in view.legs:
        assert leg.released_at is not None, leg
    record = call.records()[call.reference]
    assert record.complete
    for telephone in (CUSTOMER, AGENT, OTHER, OTHER_REPRESENTATIVE):
        lived_us = sum(
            lived.ended.at_us - lived.answered.at_us
            for lived in call.calls(telephone)
            if lived.answered is not None and lived.ended is not None
        )
        billed_us = sum(leg.talk_us for leg in record.legs if leg.number == telephone)
        assert billed_us == lived_us, telephone
    last = {
        one.entry.recording: one.entry
        for one in call.journal.entries
        if isinstance(one.entry, Recorded)
    }
    assert {entry.status for entry in last.values()} <= {"completed", "absent"}
    files = {file.stem for file in tmp_path.iterdir()}
    assert files == {name for name, entry in last.items() if entry.status == "completed"}
