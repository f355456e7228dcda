"""Every (phase, signal) pair of a leg on its circuit is decided, once."""

from itertools import product

from calleq.calling_logic.leg import LEG_ACTIONS, LEG_IGNORED, LEG_TABLE, Phase, Signal


def test_every_pair_has_a_row_or_is_ignored_on_purpose() -> None:
    for phase, signal in product(Phase, Signal):
        assert ((phase, signal) in LEG_TABLE) != (signal in LEG_IGNORED[phase]), (phase, signal)


def test_actions_and_rows_name_each_other() -> None:
    assert {action for action, _ in LEG_TABLE.values()} == set(LEG_ACTIONS)
