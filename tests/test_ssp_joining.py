"""A switch joins parties for equipment that cannot bridge, and for nobody else."""

import json

import pytest

from calleq.journal.entries import CircuitKey, Dialled
from calleq.osn.messages import JoinCircuits, encode
from calleq.runtime.tap import Segment
from calleq.topology import load_topology
from calleq.topology_equipment import made_by
from calleq.units import SECOND_US
from tests.control_scene import ControlledCall
from tests.virtual import REPRESENTATIVE, number

CUSTOMER = number("00")


class Joined(ControlledCall):
    """A call that a dialler has made and its switch has joined."""

    def __init__(self) -> None:
        super().__init__(made_by(load_topology(), "dialler-78"))
        self.joining = self.network.switches["ssp-62"].joining
        self.circuits = [
            stamped.entry.circuit
            for stamped in self.journal.entries
            if isinstance(stamped.entry, Dialled)
        ]

    def asks(self, sender: str, *circuits: CircuitKey | None) -> bool:
        """Whether the switch does what somebody asks of it."""
        wanted = tuple(one for one in circuits if one is not None)
        before = self.joining.refused
        self.joining.asked(sender, JoinCircuits("call", 7, wanted))
        return self.joining.refused == before


@pytest.fixture
def joined() -> Joined:
    made = Joined()
    assert len(made.joining) == 2
    assert made.hears(CUSTOMER) == {f"mouth:{REPRESENTATIVE}"}
    return made


def test_one_alone_hears_its_circuit_and_may_be_joined_again(joined: Joined) -> None:
    one, other = joined.circuits
    assert joined.asks("dialler-78", one)
    joined.passes(1)
    assert joined.hears(CUSTOMER) == set()
    assert joined.asks("dialler-78", one, other)
    joined.passes(1)
    assert joined.hears(CUSTOMER) == {f"mouth:{REPRESENTATIVE}"}


@pytest.mark.parametrize("sender", ["ip-76", "server-72", "ssp-64", "nobody"])
def test_nobody_else_may_part_them(joined: Joined, sender: str) -> None:
    assert not joined.asks(sender, joined.circuits[0])
    joined.passes(1)
    assert joined.hears(CUSTOMER) == {f"mouth:{REPRESENTATIVE}"}


def test_circuits_without_an_answered_call_are_not_joined(joined: Joined) -> None:
    one, other = joined.circuits
    assert one is not None
    idle = CircuitKey(one.origin, one.destination, 60)
    assert not joined.asks("dialler-78", one, idle)
    assert not joined.asks("dialler-78")
    assert not joined.asks("dialler-78", one, one)
    assert not joined.asks("dialler-78", one, other, idle, CircuitKey(1, 2, 3))
    assert joined.hears(CUSTOMER) == {f"mouth:{REPRESENTATIVE}"}


def test_over_the_osn_whoever_asks_in_vain_is_told(joined: Joined) -> None:
    bus = joined.network.switches["ssp-62"].relay
    assert bus.discarded == 0
    bus._received("ip-76", encode(JoinCircuits("call", 9, ())))
    joined.passes(1)
    told = [
        json.loads(captured.octets)
        for captured in joined.tap.captures()
        if captured.segment is Segment.OSN and captured.receiver == "ip-76"
    ]
    assert told[-1] == {"kind": "circuits_joined", "call": "call", "request": 9, "joined": False}


def test_who_hangs_up_is_heard_by_nobody_and_nothing_is_kept(joined: Joined) -> None:
    joined.hang_up(CUSTOMER)
    joined.clock.advance_us(40 * SECOND_US)
    assert len(joined.joining) == 0
    assert joined.view(joined.reference).state == "completed"
    joined.assert_at_rest()
