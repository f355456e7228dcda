"""Control points and 800 numbers of a topology: what fits, and what is refused with its key."""

import msgspec
import pytest

from calleq.topology import (
    TopologyError,
    figure1_path,
    load_topology,
    parse_topology,
)

FIGURE_1 = figure1_path().read_text(encoding="utf-8")
ALWAYS = 'shares = [{ numbers = ["+12125550143", "+12125550144"] }]'


def spoiled(old: str, new: str) -> str:
    """The shipped file with the first occurrence of a text replaced."""
    assert old in FIGURE_1, f"{old!r} does not stand in the file"
    return FIGURE_1.replace(old, new, 1)


def test_the_shipped_network_has_two_control_points_linked_to_both_transfer_points() -> None:
    topology = load_topology()
    mates = {point.name: point.mate for point in topology.service_control_points}
    assert mates == {"scp-1": "scp-2", "scp-2": "scp-1"}
    links = {frozenset(link.ends) for link in topology.links}
    assert {frozenset((scp, stp)) for scp in mates for stp in ("stp-68", "stp-70")} <= links


@pytest.mark.row("S2-48", part=True)
def test_the_shipped_800_number_leads_to_the_centre_of_abc() -> None:
    topology = load_topology()
    service = next(one for one in topology.freephone if one.number == "+18005550199")
    (owner,) = (one for one in topology.businesses if one.identifier == service.business)
    (rule,) = service.rules
    (share,) = rule.shares
    assert share.numbers == owner.representatives


def test_a_representative_may_have_an_800_number() -> None:
    numbers = '"+12125550153", "+18005550199"'
    text = spoiled('representatives = ["+12125550153"]', f"representatives = [{numbers}]")
    assert parse_topology(text, "x").businesses[1].representatives[1] == "+18005550199"


@pytest.mark.parametrize("name", ["scp-2", "ip-76", "ssp-62"])
def test_calls_are_made_by_a_control_point_a_peripheral_or_the_switch(name: str) -> None:
    text = spoiled('switch = "ssp-62"\n', f'switch = "ssp-62"\nequipment = "{name}"\n')
    assert parse_topology(text, "x").access_server.equipment == name


def test_a_service_survives_being_written_and_read() -> None:
    topology = load_topology()
    again = msgspec.convert(msgspec.to_builtins(topology), type(topology))
    assert again.freephone == topology.freephone


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        (spoiled('mate = "scp-2"', 'mate = "scp-3"'), "service_control_points[0].mate", "scp-2"),
        (spoiled('mate = "scp-2"', 'mate = "scp-1"'), "service_control_points[0].mate", "scp-2"),
        (spoiled('mate = "scp-2"', ""), "service_control_points[1].mate", "another mate"),
        (spoiled("2-80-2", "2-80-1"), "service_control_points[1].point_code", "scp"),
        (spoiled('name = "scp-2"', 'name = "scp-1"'), "service_control_points[1].name", "already"),
        (
            spoiled('mate = "scp-2"', 'mate = "scp-2"\nbridge = "stp"'),
            "service_control_points[0].bridge",
            "'stp'",
        ),
        (
            spoiled('mate = "scp-2"\nnumber = "+12125550100"', 'mate = "scp-2"\nnumber = "22"'),
            "service_control_points[0].number",
            "22",
        ),
        (
            spoiled('["scp-1", "stp-68"]', '["scp-1", "ssp-62"]').replace(
                '["scp-1", "stp-70"]', '["scp-1", "ssp-64"]'
            ),
            "service_control_points[0]",
            "a link to a transfer point",
        ),
        (
            spoiled('switch = "ssp-62"\n', 'switch = "ssp-62"\nequipment = "ip-77"\n'),
            "access_server.equipment",
            "expected one of ip-76, scp-1, scp-2, ssp-62",
        ),
        (
            spoiled('control_point = "scp-1"', 'control_point = "scp-3"'),
            "triggers[0].control_point",
            "expected one of scp-1, scp-2",
        ),
        (
            spoiled("service_key = 800", "service_key = 2147483648"),
            "triggers[0].service_key",
            "0 to 2147483647",
        ),
        (spoiled('called = ["+1800"]', "called = []"), "triggers[0].called", "one prefix"),
        (
            spoiled('called = ["+1800"]', 'called = ["1800"]'),
            "triggers[0].called[0]",
            "+ and 1 to 15 digits",
        ),
        (
            spoiled('called = ["+1800"]', 'called = ["+1800", "+1800"]'),
            "triggers[0].called[1]",
            "a trigger already",
        ),
        (
            spoiled('called = ["+1800"]', 'called = ["+1800"]\nswitches = ["ssp-63"]'),
            "triggers[0].switches",
            "'ssp-63'",
        ),
        (
            spoiled('called = ["+1800"]', 'called = ["+1800"]\npoint = "answer"'),
            "triggers[0].point",
            "'answer'",
        ),
        (
            FIGURE_1 + "\n[intelligent_network]\nsubsystem = 1\n",
            "intelligent_network.subsystem",
            "2 to 254",
        ),
        (
            FIGURE_1 + "\n[intelligent_network]\ntssf_s = 0\n",
            "intelligent_network.tssf_s",
            "more than 0",
        ),
        (spoiled("+18005550150", "+18005550199"), "freephone[1].number", "translated already"),
        (spoiled('"+18005550199"', '"+12125550143"'), "freephone[0].number", "a line has"),
        (spoiled('"+18005550199"', '"18005550199"'), "freephone[0].number", ""),
        (
            spoiled('business = "abc"', 'business = "abd"'),
            "freephone[0].business",
            "expected one of abc, xyz",
        ),
        (
            spoiled('zone = "America/New_York"', 'zone = "America/Nowhere"'),
            "freephone[0].zone",
            "tz database",
        ),
        (spoiled('zone = "America/New_York"', 'zone = "../x"'), "freephone[0].zone", "tz database"),
        (
            spoiled('zone = "America/New_York"', "service_key = -1"),
            "freephone[0].service_key",
            "0 to",
        ),
        (
            spoiled('zone = "America/New_York"', "ring_limit_s = inf"),
            "freephone[0].ring_limit_s",
            "more than 0",
        ),
        (
            spoiled(ALWAYS, "shares = [{ numbers = [] }]"),
            "freephone[0].rules[0].shares[0].numbers",
            "1 to",
        ),
        (
            spoiled(ALWAYS, 'shares = [{ numbers = ["+12125550149"] }]'),
            "freephone[0].rules[0].shares[0].numbers[0]",
            "no line has +12125550149",
        ),
        (
            spoiled(ALWAYS, 'shares = [{ percent = 60, numbers = ["+12125550143"] }]'),
            "freephone[0].rules[0].shares",
            "a hundred",
        ),
        (
            spoiled(ALWAYS, ALWAYS + '\nclosed_text = "Good night."'),
            "freephone[0].rules[0].closed_text",
            "not closed",
        ),
        (
            spoiled('start = "08:00"', 'start = "8:00"'),
            "freephone[1].rules[0].start",
            "a time from 00:00 to 24:00",
        ),
        (
            spoiled('start = "08:00"', 'start = "18:00"'),
            "freephone[1].rules[0].start",
            "no time at all",
        ),
        (spoiled('"mon", "tue"', '"mon", "mon"'), "freephone[1].rules[0].days", "twice"),
        (spoiled('"mon", "tue"', '"mon", "tuesday"'), "freephone[1].rules[0].days[1]", ""),
        (
            spoiled(ALWAYS, ALWAYS + '\ncallers = ["1212"]'),
            "freephone[0].rules[0].callers[0]",
            "+ and 1 to 15 digits",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_key(text: str, key: str, reason: str) -> None:
    with pytest.raises(TopologyError) as raised:
        parse_topology(text, "network.toml")
    assert str(raised.value).startswith(f"network.toml: {key}: ")
    assert reason in str(raised.value)
