"""Every state machine of level 3: every pair of state and input is decided, every state reached."""

from collections.abc import Mapping
from enum import IntEnum
from itertools import product

import msgspec
import pytest

from calleq.ss7.level3 import (
    changeback,
    changeover,
    congestion,
    inhibition_tables,
    link_test,
    restart_tables,
)
from calleq.ss7.level3.screening import Rule
from calleq.ss7.level3.timers import Mtp3Timers
from calleq.ss7.machines import machine_tables
from calleq.ss7.transfer_point import TransferPoint
from calleq.topology import TopologyError, figure1_path, parse_point_code, parse_topology
from calleq.topology_mtp3 import RANGES_US
from simulator.virtual import VirtualNetwork

Table = Mapping[tuple[IntEnum, IntEnum], tuple[IntEnum, IntEnum]]

TABLES: dict[str, tuple[Table, type[IntEnum], type[IntEnum], type[IntEnum]]] = {
    "link test": (link_test.TABLE, link_test.State, link_test.Input, link_test.Action),
    "changeover": (changeover.TABLE, changeover.State, changeover.Input, changeover.Action),
    "changeback": (changeback.TABLE, changeback.State, changeback.Input, changeback.Action),
    "congestion": (congestion.TABLE, congestion.State, congestion.Input, congestion.Action),
    "inhibiting": (
        inhibition_tables.TABLE,
        inhibition_tables.State,
        inhibition_tables.Input,
        inhibition_tables.Action,
    ),
    "own restart": (
        restart_tables.OWN_TABLE,
        restart_tables.Own,
        restart_tables.OwnInput,
        restart_tables.OwnAction,
    ),
    "neighbour": (
        restart_tables.ADJACENT_TABLE,
        restart_tables.Adjacent,
        restart_tables.AdjacentInput,
        restart_tables.AdjacentAction,
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_every_pair_is_decided_and_nothing_else_is(name: str) -> None:
    table, states, inputs, actions = TABLES[name]
    assert set(table) == set(product(states, inputs))
    assert {action for action, _ in table.values()} == set(actions), "no action is out of use"


@pytest.mark.parametrize("name", TABLES)
def test_every_state_is_reached_and_an_ignored_input_changes_none(name: str) -> None:
    table, states, _, _ = TABLES[name]
    reached = {next(iter(states))}
    while True:
        more = {following for (state, _), (_, following) in table.items() if state in reached}
        if more <= reached:
            break
        reached |= more
    assert reached == set(states)
    for (state, _), (action, following) in table.items():
        if action.name == "IGNORE":
            assert following is state


def test_the_documents_draw_all_of_them() -> None:
    drawn = [name for name in machine_tables() if name.startswith("MTP3")]
    assert len(drawn) == len(TABLES)


@pytest.mark.parametrize("name", RANGES_US)
def test_a_timer_outside_its_range_is_refused(name: str) -> None:
    shortest_us, longest_us = RANGES_US[name]
    default_us = getattr(Mtp3Timers(), name)
    assert shortest_us <= default_us <= longest_us
    for wrong_us in (shortest_us - 1, longest_us + 1):
        with pytest.raises(ValueError, match=name):
            Mtp3Timers(**{name: wrong_us})


def test_every_timer_has_a_range_that_another_topology_may_choose_from() -> None:
    assert set(RANGES_US) == set(Mtp3Timers.__struct_fields__)
    Mtp3Timers(**{name: longest_us for name, (_, longest_us) in RANGES_US.items()})


RULE = """
[[transfer_points.screening]]
origins = ["ssp-62", "2-100-3"]
destinations = ["ssp-64"]
services = ["isup", "3"]
neighbours = ["ssp-62"]
"""


def figure1_with(text: str, before: str = '[[transfer_points]]\nname = "stp-70"') -> str:
    shipped = figure1_path().read_text()
    return shipped.replace(before, text + before, 1)


def test_a_topology_says_which_timers_and_what_is_screened() -> None:
    topology = parse_topology(figure1_with(RULE), "x")
    network = VirtualNetwork(
        msgspec.structs.replace(topology, mtp3_timers={"t1": 0.6, "test_t2": 30.0})
    )
    node = network.network.nodes["stp-68"]
    assert isinstance(node, TransferPoint)
    assert (node.point.timers.t1_us, node.point.timers.test_t2_us) == (600_000, 30_000_000)
    codes = network.point_codes()
    assert node.screening is not None
    assert node.screening.rules == (
        Rule(
            frozenset((codes["ssp-62"], parse_point_code("2-100-3"))),
            frozenset((codes["ssp-64"],)),
            frozenset((5, 3)),
            frozenset((codes["ssp-62"],)),
        ),
    )
    other = network.network.nodes["stp-70"]
    assert isinstance(other, TransferPoint)
    assert other.screening is None


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (RULE.replace('"ssp-64"', '"ssp-65"'), "screening[0].destinations[0]: 'ssp-65'"),
        (RULE.replace("2-100-3", "9-1-1"), "screening[0].origins[1]: '9-1-1'"),
        (RULE.replace('"3"', '"16"'), "screening[0].services[1]: '16'"),
        (RULE.replace("isup", "is"), "screening[0].services[0]: 'is'"),
        (RULE.replace("services", "service"), "screening[0].service: no such key"),
    ],
)
def test_a_rule_about_nobody_is_refused(text: str, error: str) -> None:
    with pytest.raises(TopologyError) as refused:
        parse_topology(figure1_with(text), "x")
    assert error in str(refused.value)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("t1 = 0.4", "mtp3_timers.t1: 0.4: 0.5 to 1.2 s expected"),
        ("t7 = 1", "mtp3_timers.t7: no such timer"),
        ("t2 = nan", "mtp3_timers.t2: nan"),
    ],
)
def test_a_timer_that_there_cannot_be_is_refused(text: str, error: str) -> None:
    whole = figure1_path().read_text() + f"\n[mtp3_timers]\n{text}\n"
    with pytest.raises(TopologyError) as refused:
        parse_topology(whole, "x")
    assert error in str(refused.value)
