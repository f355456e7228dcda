"""The machines of the SCP: every pair of state and input is decided, and the tables are sound."""

import pytest

from calleq.scp import freephone, party
from calleq.scp.freephone import FreephoneAction, FreephoneInput, FreephoneState
from calleq.scp.party import PartyAction, PartyInput, PartyState


def test_every_pair_of_a_freephone_call_is_decided() -> None:
    pairs = {(state, given) for state in FreephoneState for given in FreephoneInput}
    assert freephone.TABLE.keys() == pairs


def test_every_pair_of_a_party_is_decided() -> None:
    pairs = {(state, given) for state in PartyState for given in PartyInput}
    assert party.TABLE.keys() == pairs


@pytest.mark.parametrize("state", FreephoneState)
def test_a_freephone_call_ends_wherever_its_dialogue_does(state: FreephoneState) -> None:
    assert freephone.TABLE[state, FreephoneInput.ENDED] == (
        FreephoneAction.IGNORE,
        FreephoneState.OVER,
    )


@pytest.mark.parametrize("state", sorted(set(PartyState) - {PartyState.IDLE, PartyState.CLEAR}))
def test_a_party_that_was_dialled_is_clear_when_its_dialogue_is_lost(state: PartyState) -> None:
    action, following = party.TABLE[state, PartyInput.LOST]
    assert following is PartyState.CLEAR
    assert action in {PartyAction.LOSE, PartyAction.CLEAR}


def test_whoever_is_told_of_an_end_is_told_once() -> None:
    """From any state no way leads past two ends: an end leads where no other is told."""
    ends = {PartyAction.PART, PartyAction.LOSE}
    for (_, _), (action, following) in party.TABLE.items():
        if action in ends:
            later = {party.TABLE[following, given][0] for given in PartyInput}
            assert not later & ends


def test_nothing_is_told_of_a_clear_party() -> None:
    actions = {party.TABLE[PartyState.CLEAR, given][0] for given in PartyInput}
    assert actions == {PartyAction.IGNORE}
