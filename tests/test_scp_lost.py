"""An SCP that is lost in the middle of a call it makes: nothing is left behind, anywhere."""

import pytest

from calleq.units import MINUTE_US, SECOND_US
from tests.test_equipments import made_by
from tests.virtual import REPRESENTATIVE, VirtualNetwork, number

ENOUGH_US = 12 * MINUTE_US
"""A dialogue is idle for ten minutes at most."""
STATES = [
    ("accepted", 0.006),
    ("dialling the customer", 0.02),
    ("customer rings", 2.0),
    ("judging", 4.5),
    ("announcement, the representative rings", 6.5),
    ("music", 8.9),
    ("whisper", 9.5),
    ("bridging", 10.46),
    ("bridged", 12.0),
    ("released", 15.46),
]


EACH = pytest.mark.parametrize("equipment", ["scp-1", "scp-2"])


def lost(equipment: str, after_s: float, element: str = "") -> tuple[VirtualNetwork, str]:
    """A call whose SCP (or another element) is cut off at that time, and everything long over."""
    network = VirtualNetwork(made_by(equipment))
    call = network.place(number("00"), REPRESENTATIVE)
    network.clock.advance_us(round(after_s * SECOND_US))
    network.stp_fails(element or equipment)
    network.clock.advance_us(ENOUGH_US)
    return network, call


@EACH
@pytest.mark.parametrize(("state", "after_s"), STATES, ids=[state for state, _ in STATES])
def test_whatever_the_call_was_doing_every_leg_comes_to_its_end(
    equipment: str, state: str, after_s: float
) -> None:
    network, call = lost(equipment, after_s)
    network.stp_returns(equipment)
    network.clock.advance_us(MINUTE_US)
    network.assert_at_rest()
    view = network.view(call)
    assert view.final
    for telephone in (number("00"), REPRESENTATIVE):
        for lived in network.calls(telephone):
            assert lived.ended is not None, f"{telephone} in {state}"
    assert network.rings(number("00")) <= 1
    assert network.rings(REPRESENTATIVE) <= 1


@EACH
@pytest.mark.parametrize(("state", "after_s"), STATES, ids=[state for state, _ in STATES])
def test_what_the_parties_talked_is_billed_all_the_same(
    equipment: str, state: str, after_s: float
) -> None:
    """The switch that faces a party journals its talk, whatever becomes of the SCP."""
    network, call = lost(equipment, after_s)
    record = network.records()[call]
    for telephone in (number("00"), REPRESENTATIVE):
        talked = [
            one.ended.at_us - one.answered.at_us
            for one in network.calls(telephone)
            if one.answered is not None and one.ended is not None
        ]
        billed = [leg.talk_us for leg in record.legs if leg.number == telephone and leg.talk_us]
        assert billed == talked, state


@EACH
@pytest.mark.parametrize("after_s", [2.0, 6.5, 12.0])
def test_the_next_call_is_made_when_the_scp_is_back(equipment: str, after_s: float) -> None:
    network, _ = lost(equipment, after_s)
    network.stp_returns(equipment)
    network.clock.advance_us(MINUTE_US)
    assert network.call(number("06"), REPRESENTATIVE).state == "completed"
    network.assert_at_rest()


def test_a_switch_that_cannot_be_had_fails_the_call_at_once() -> None:
    network = VirtualNetwork(made_by("scp-1"))
    network.stp_fails("ssp-62")
    network.clock.advance_us(10 * SECOND_US)
    view = network.call(number("00"), REPRESENTATIVE)
    assert (view.state, view.cause) == ("failed", 34)
    assert network.rings(number("00")) == 0


@pytest.mark.parametrize(("state", "after_s"), STATES, ids=[state for state, _ in STATES])
def test_a_peripheral_that_is_lost_under_an_scps_command_leaves_no_party_behind(
    state: str, after_s: float
) -> None:
    network, call = lost("scp-2", after_s, "ip-76")
    network.stp_returns("ip-76")
    network.clock.advance_us(MINUTE_US)
    network.assert_at_rest()
    assert network.view(call).final, state
    assert network.call(number("06"), REPRESENTATIVE).state == "completed"


@EACH
def test_a_call_of_hours_keeps_its_dialogue(equipment: str) -> None:
    """Nothing is said while the parties talk, so the dialogue is tested now and then."""
    network = VirtualNetwork(made_by(equipment), talk_us=55 * MINUTE_US)
    call = network.place(number("00"), REPRESENTATIVE)
    network.clock.advance_us(56 * MINUTE_US)
    network.run_to_end(call)
    assert network.view(call).state == "completed"
    record = network.records()[call]
    assert all(leg.talk_us > 54 * MINUTE_US for leg in record.legs)
    network.assert_at_rest()
