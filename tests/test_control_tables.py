"""Every pair of the machines of in-call control is decided, once."""

from itertools import product

import pytest

from calleq.calling_logic import control_table, recording_table
from calleq.calling_logic.control import HAPPENING_ACTIONS, ORDER_ACTIONS, input_of
from calleq.calling_logic.control_table import Input, Stage
from calleq.calling_logic.recording import ACTIONS
from calleq.osn.orders import REFUSALS, HangUp, Order, OrderError, Record, read_order, write_order


def test_every_order_and_happening_is_decided_in_every_stage() -> None:
    for stage, given in product(Stage, Input):
        decisions = [
            (stage, given) in control_table.CONTROL_TABLE,
            given in control_table.REFUSED[stage],
            given in control_table.IGNORED[stage],
        ]
        assert decisions.count(True) == 1, (stage, given, decisions)
        assert not (decisions[1] and given in control_table.HAPPENINGS)
        assert not (decisions[2] and given in control_table.ORDERS)


def test_every_pair_of_a_recording_is_decided() -> None:
    for state, given in product(recording_table.State, recording_table.Input):
        decisions = [
            (state, given) in recording_table.RECORDING_TABLE,
            given in recording_table.REFUSED[state],
            given in recording_table.IGNORED[state],
        ]
        assert decisions.count(True) == 1, (state, given, decisions)
        assert not (decisions[1] and given not in recording_table.ORDERS)
        assert not (decisions[2] and given in recording_table.ORDERS)


def test_actions_and_rows_name_each_other() -> None:
    by_order = {
        action
        for (_, given), (action, _) in control_table.CONTROL_TABLE.items()
        if given in control_table.ORDERS
    }
    by_happening = {
        action
        for (_, given), (action, _) in control_table.CONTROL_TABLE.items()
        if given in control_table.HAPPENINGS
    }
    assert by_order == set(ORDER_ACTIONS)
    assert by_happening == set(HAPPENING_ACTIONS)
    assert {action for action, _ in recording_table.RECORDING_TABLE.values()} == set(ACTIONS)


def test_every_kind_of_order_has_its_word_in_the_table() -> None:
    kinds = {kind.__struct_config__.tag for kind in Order.__args__}
    words = {word.value for word in control_table.ORDERS} - {Input.HANG_UP_CALL.value}
    assert kinds == words
    assert input_of(HangUp()) is Input.HANG_UP_CALL
    assert input_of(HangUp("third")) is Input.HANG_UP


def test_every_refusal_has_its_words() -> None:
    given = {refusal for table in control_table.REFUSED.values() for refusal in table.values()}
    given |= {refusal for table in recording_table.REFUSED.values() for refusal in table.values()}
    assert given <= set(REFUSALS)


def test_an_order_is_read_as_it_was_written_and_nothing_else_is() -> None:
    assert read_order(write_order(Record())) == Record()
    for octets in (
        b"",
        b"{}",
        b"[]",
        b'{"order":"explode"}',
        b'{"order":"hold"}',
        b'{"order":"hold","leg":"everybody"}',
        b'{"order":"record","loud":true}',
        b'{"order":"play","text":1}',
        b"\xff",
    ):
        with pytest.raises(OrderError):
            read_order(octets)
