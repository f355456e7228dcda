"""800 numbers end to end: telephones, switches, SCCP through the transfer points, two SCPs."""

from typing import Any

import msgspec
import pytest

from calleq.journal.entries import LineSeized, Transit
from calleq.operation.views import status_of
from calleq.topology import RoutingRule, Share, Topology, load_topology
from calleq.units import SECOND_US, parse_utc
from tests.virtual import (
    OTHER_REPRESENTATIVE,
    REPRESENTATIVE,
    XYZ_REPRESENTATIVE,
    VirtualNetwork,
    number,
)

ABC, XYZ = "+18005550199", "+18005550150"
CALLER = number("00")
ISDN_CALLER = number("06")
MONDAY_NOON = parse_utc("2026-01-05T17:00:00Z")
"""In New York."""


def with_rules(*rules: RoutingRule, **more: Any) -> Topology:
    """The shipped network with other rules for ABC's 800 number."""
    topology = load_topology()
    return msgspec.structs.replace(
        topology,
        freephone=tuple(
            msgspec.structs.replace(one, rules=rules, **more) if one.number == ABC else one
            for one in topology.freephone
        ),
    )


def rule(*numbers: str, **more: Any) -> RoutingRule:
    return RoutingRule(shares=(Share(numbers=numbers),), **more)


def dials(network: VirtualNetwork, telephone: str, called: str) -> None:
    assert network.network.telephones is not None
    network.network.telephones.dial(telephone, called)


def translated(network: VirtualNetwork, name: str) -> int:
    return network.network.control_points[name].freephone.translated


def ends_with(network: VirtualNetwork, telephone: str) -> int | None:
    """The cause that ended the telephone's last call, when everything is over."""
    network.clock.advance_us(90 * SECOND_US)
    network.assert_at_rest()
    ended = [one for one in network.entries(telephone) if one.event == "released"]
    return ended[-1].cause if ended else None


@pytest.mark.row("S2-48", part=True)
@pytest.mark.parametrize("caller", [CALLER, ISDN_CALLER, number("11")])
def test_a_telephone_dials_an_800_number_and_the_centre_rings(caller: str) -> None:
    network = VirtualNetwork()
    dials(network, caller, ABC)
    network.clock.advance_us(8 * SECOND_US)
    assert network.hears(caller) == {f"mouth:{REPRESENTATIVE}"}
    assert network.hears(REPRESENTATIVE) == {f"mouth:{caller}"}
    network.clock.advance_us(60 * SECOND_US)
    assert network.rings(REPRESENTATIVE) == 1
    assert translated(network, "scp-1") == 1
    assert translated(network, "scp-2") == 0
    network.assert_at_rest()


@pytest.mark.row("S2-48")
@pytest.mark.parametrize("representative", [REPRESENTATIVE, ABC])
@pytest.mark.parametrize("equipment", ["ip-76", "ssp-62", "scp-1", "scp-2"])
def test_a_message_may_name_a_representatives_number_or_the_centres_800_number(
    equipment: str, representative: str
) -> None:
    """Whoever makes the call dials it; at an 800 number the switch asks where it leads."""
    topology = load_topology()
    server = msgspec.structs.replace(topology.access_server, equipment=equipment)
    network = VirtualNetwork(msgspec.structs.replace(topology, access_server=server))
    view = network.call(CALLER, representative)
    assert view.state == "completed"
    assert [leg.number for leg in view.legs] == [CALLER, representative]
    assert translated(network, "scp-1") == (representative == ABC)
    assert network.rings(REPRESENTATIVE) == 1
    record = network.records()[view.call]
    (lived,) = network.calls(REPRESENTATIVE)
    assert lived.answered is not None
    assert lived.ended is not None
    agent = next(leg for leg in record.legs if leg.leg == "agent")
    assert agent.talk_us == lived.ended.at_us - lived.answered.at_us
    network.assert_at_rest()


def test_an_operator_sees_who_asks_and_who_answers() -> None:
    network = VirtualNetwork()
    dials(network, CALLER, ABC)
    network.clock.advance_us(60 * SECOND_US)
    network.stp_fails("scp-2")
    network.clock.advance_us(SECOND_US)
    seen = {view.at: view for view in status_of(network.network).services}
    assert seen["scp-1"].counters["translated"] == 1
    assert seen["scp-2"].counters["translated"] == 0
    assert seen["ssp-62"].counters == {"asked": 1, "defaulted": 0, "expired": 0}
    assert all(view.in_service and not view.dialogues for view in seen.values())
    network.stp_fails("scp-1")
    network.clock.advance_us(SECOND_US)
    seen = {view.at: view for view in status_of(network.network).services}
    assert not seen["ssp-62"].in_service, "no SCP is left"


def test_the_centre_sees_who_calls_and_the_journal_where_the_number_led() -> None:
    network = VirtualNetwork()
    dials(network, CALLER, ABC)
    network.clock.advance_us(60 * SECOND_US)
    entries = [stamped.entry for stamped in network.journal.entries]
    seized = [one for one in entries if isinstance(one, LineSeized) and one.called != CALLER]
    assert (seized[-1].line, seized[-1].calling) == (REPRESENTATIVE, CALLER)
    assert [one.called for one in entries if isinstance(one, Transit)][-1] == REPRESENTATIVE


def test_a_busy_representative_overflows_to_the_second() -> None:
    network = VirtualNetwork(talk_us=40 * SECOND_US)
    dials(network, ISDN_CALLER, ABC)
    network.clock.advance_us(10 * SECOND_US)
    dials(network, CALLER, ABC)
    network.clock.advance_us(8 * SECOND_US)
    assert network.hears(CALLER) == {f"mouth:{OTHER_REPRESENTATIVE}"}
    assert network.hears(ISDN_CALLER) == {f"mouth:{REPRESENTATIVE}"}


def test_nobody_answers_and_the_next_is_tried_when_the_service_says() -> None:
    topology = with_rules(rule(number("02"), number("03"), REPRESENTATIVE), ring_limit_s=12.0)
    network = VirtualNetwork(topology)
    dials(network, CALLER, ABC)
    network.clock.advance_us(10 * SECOND_US)
    assert network.rings(number("02")) == 1
    assert network.rings(REPRESENTATIVE) == 0
    network.clock.advance_us(10 * SECOND_US)
    assert network.hears(CALLER) == {f"mouth:{REPRESENTATIVE}"}, "the second is not allocated"


@pytest.mark.parametrize(
    ("last", "cause"), [(number("01"), 17), (number("03"), 1), (number("07"), 21)]
)
def test_when_none_can_be_had_the_caller_learns_why_the_last_could_not(
    last: str, cause: int
) -> None:
    network = VirtualNetwork(with_rules(rule(number("01"), last)))
    dials(network, CALLER, ABC)
    assert ends_with(network, CALLER) == cause


def test_a_closed_service_says_so_and_releases() -> None:
    """9 in the morning of UTC is no hour of business in New York."""
    network = VirtualNetwork()
    dials(network, CALLER, XYZ)
    network.clock.advance_us(3 * SECOND_US)
    (heard,) = network.hears(CALLER)
    assert heard.startswith("speech:X Y Z Travel is closed now.")
    assert ends_with(network, CALLER) == 31
    assert network.rings(XYZ_REPRESENTATIVE) == 0
    assert network.network.control_points["scp-1"].freephone.closed == 1


def test_the_same_number_is_open_at_noon() -> None:
    network = VirtualNetwork(start_us=MONDAY_NOON)
    dials(network, CALLER, XYZ)
    network.clock.advance_us(8 * SECOND_US)
    assert network.hears(CALLER) == {f"mouth:{XYZ_REPRESENTATIVE}"}


def test_without_words_a_closed_service_just_releases() -> None:
    network = VirtualNetwork(with_rules(RoutingRule()))
    dials(network, CALLER, ABC)
    assert ends_with(network, CALLER) == 31


def test_a_number_of_the_service_that_nobody_has_is_released_by_default() -> None:
    network = VirtualNetwork()
    dials(network, CALLER, "+18005550100")
    assert ends_with(network, CALLER) is not None
    assert network.network.control_points["scp-1"].platform.unknown == 1


def test_the_caller_leaves_while_the_centre_rings() -> None:
    network = VirtualNetwork()
    dials(network, CALLER, ABC)
    network.clock.advance_us(2 * SECOND_US)
    network.hang_up(CALLER)
    network.clock.advance_us(20 * SECOND_US)
    assert network.hears(REPRESENTATIVE) == set()
    network.assert_at_rest()


# Two SCPs, one standby.


def test_with_the_first_scp_isolated_its_mate_translates() -> None:
    network = VirtualNetwork()
    network.stp_fails("scp-1")
    network.clock.advance_us(5 * SECOND_US)
    dials(network, CALLER, ABC)
    network.clock.advance_us(8 * SECOND_US)
    assert network.hears(CALLER) == {f"mouth:{REPRESENTATIVE}"}
    assert translated(network, "scp-2") == 1


def test_an_scp_that_takes_itself_out_of_service_is_not_asked() -> None:
    """SSP of SCCP management: the switches know before anybody dials (Q.714 §5.3.2)."""
    network = VirtualNetwork()
    network.network.sccp["scp-1"].set_in_service(241, False)
    network.clock.advance_us(SECOND_US)
    assert not any(
        network.network.sccp[switch].available(network.network.sccp["scp-1"].point_code, 241)
        for switch in network.network.switches
    )
    dials(network, CALLER, ABC)
    network.clock.advance_us(8 * SECOND_US)
    assert network.hears(CALLER) == {f"mouth:{REPRESENTATIVE}"}
    assert translated(network, "scp-2") == 1
    network.network.sccp["scp-1"].set_in_service(241, True)
    network.clock.advance_us(90 * SECOND_US)
    dials(network, CALLER, ABC)
    network.clock.advance_us(8 * SECOND_US)
    assert translated(network, "scp-1") == 1


def test_without_any_scp_the_trigger_says_what_becomes_of_the_call() -> None:
    network = VirtualNetwork()
    for name in ("scp-1", "scp-2"):
        network.stp_fails(name)
    network.clock.advance_us(5 * SECOND_US)
    dials(network, CALLER, ABC)
    assert ends_with(network, CALLER) == 31
    assert network.rings(REPRESENTATIVE) == 0


@pytest.mark.parametrize("after_s", [0.0, 0.01, 0.5, 3.0, 6.0])
def test_an_scp_that_is_lost_leaves_no_call_behind(after_s: float) -> None:
    network = VirtualNetwork()
    dials(network, CALLER, ABC)
    network.clock.advance_us(round(after_s * SECOND_US))
    network.stp_fails("scp-1")
    network.clock.advance_us(120 * SECOND_US)
    assert network.rings(REPRESENTATIVE) <= 1
    switches = network.network.switches.values()
    assert not any(len(one.services) for one in switches if one.services is not None)
    assert not any("ssp" in name for name in network.activity().keys() - network.at_rest)
