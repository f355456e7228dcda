"""The machine of a party at the peripheral: every state has an answer to every input."""

from itertools import product

from calleq.ip_peripheral import assist
from calleq.ip_peripheral.assist_table import TABLE, AssistAction, AssistInput, AssistState

S, G, A = AssistState, AssistInput, AssistAction


def test_every_pair_of_state_and_input_is_decided() -> None:
    assert set(TABLE) == set(product(AssistState, AssistInput))


def test_every_action_is_used_and_done_and_every_state_is_reached() -> None:
    assert {action for action, _ in TABLE.values()} == set(AssistAction)
    assert set(assist.ACTS) == set(AssistAction)
    assert {following for _, following in TABLE.values()} == set(AssistState)


def test_whoever_is_gone_stays_so_and_from_everywhere_there_is_a_way_out() -> None:
    for given in AssistInput:
        assert TABLE[S.GONE, given] == (A.IGNORE, S.GONE)
    for state in set(AssistState) - {S.GONE}:
        assert TABLE[state, G.CLEARED] == (A.VANISH, S.GONE)
    for state in set(AssistState) - {S.GONE, S.RELEASING}:
        assert TABLE[state, G.FAR_RELEASE] == (A.LEAVE, S.RELEASING)
        assert TABLE[state, G.LOSE][1] is S.RELEASING


def test_whoever_waits_for_an_scp_waits_for_so_long_only() -> None:
    for state in (S.ASKING, S.SERVED, S.CONCLUDING):
        assert TABLE[state, G.SILENT] == (A.GIVE_UP, S.RELEASING)
        assert TABLE[state, G.LOST][1] in (S.RELEASING, S.CONCLUDING)
