"""Before a representative is rung the customer is asked: every answer, every equipment, what is kept.

Calls through the whole network of figure 1 on the virtual clock. Keys are heard from samples; words
too, where the recogniser's extra is installed: spoken by the synthesiser at 8 kHz over mu-law wires.
"""

from typing import Any

import msgspec
import pytest

from calleq.access_server.server import Reply
from calleq.journal.entries import DoNotCall, Stamped
from calleq.messages.answers import ProblemView
from calleq.telephones.habits import HABITS
from calleq.topology import Topology, load_topology
from calleq.units import SECOND_US
from tests.test_equipments import BY_PERIPHERAL, OTHERS, made_by
from tests.virtual import REPRESENTATIVE, VirtualNetwork, leg_of, number

CUSTOMER = number("00")
EQUIPMENTS = (BY_PERIPHERAL, *OTHERS)


def asking(equipment: str = BY_PERIPHERAL, behaviour: str = "person", **business: Any) -> Topology:
    """The network in which ABC asks its customers, one of whom behaves so."""
    topology = made_by(equipment, load_topology())
    keys = {"consent": "key", "detect_machine": False, **business}
    return msgspec.structs.replace(
        topology,
        businesses=tuple(
            msgspec.structs.replace(one, **keys) if one.identifier == "abc" else one
            for one in topology.businesses
        ),
        lines=tuple(
            msgspec.structs.replace(line, behaviour=behaviour) if line.number == CUSTOMER else line
            for line in topology.lines
        ),
    )


def answers(network: VirtualNetwork, call: str) -> list[str]:
    return [one.detail for one in network.events(call) if one.event == "consent_answered"]


@pytest.mark.row("S2-60", part=True)
@pytest.mark.parametrize("equipment", EQUIPMENTS)
def test_a_customer_who_presses_1_is_connected(equipment: str) -> None:
    network = VirtualNetwork(asking(equipment))
    view = network.call(CUSTOMER, REPRESENTATIVE)
    assert view.state == "completed"
    assert answers(network, view.call) == ["key_1"]
    asked = network.event_at_us(view.call, "consent_answered")
    assert network.event_at_us(view.call, "dialled", "agent") >= asked
    network.assert_at_rest()


@pytest.mark.row("S2-60", part=True)
@pytest.mark.parametrize("behaviour", ["presses_other", "keeps_quiet", "says_no", "machine"])
@pytest.mark.parametrize("equipment", EQUIPMENTS)
def test_whoever_does_not_press_1_rings_nobody(equipment: str, behaviour: str) -> None:
    network = VirtualNetwork(asking(equipment, behaviour))
    view = network.call(CUSTOMER, REPRESENTATIVE)
    assert (view.state, view.cause) == ("customer_rejected", 21)
    assert [leg.leg for leg in view.legs] == ["customer"]
    assert network.rings(REPRESENTATIVE) == 0
    said = {"presses_other": "key_5"}.get(behaviour, "silence")
    assert answers(network, view.call) == [said, said]
    ended = network.events(view.call)[-1]
    assert (ended.event, ended.detail) == ("ended", f"customer_rejected: {said}")
    assert leg_of(network.records()[view.call], "customer").talk_us > 0
    network.assert_at_rest()
