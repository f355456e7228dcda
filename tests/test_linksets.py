"""Several links between the same two nodes: from the topology file to what an operator sees."""

import io
import struct
from pathlib import Path

import pytest

from calleq.operation.views import status_of
from calleq.topology import Topology, TopologyError, figure1_path, link_name, parse_topology
from calleq.trace.pcapng import PcapngTap
from calleq.units import MILLISECOND_US, SECOND_US, utc_text
from simulator.faults.network import FragileNetwork
from simulator.scenarios.loading import catalogue, load_scenario
from simulator.scenarios.parts import ScenarioError
from simulator.virtual import VirtualNetwork

FIGURE_1 = figure1_path().read_text(encoding="utf-8")
ENDS = 'ends = ["ssp-62", "stp-68"]'


def with_links(*slcs: int) -> Topology:
    """Figure 1 with further links between 62 and 68."""
    more = "".join(f"\n[[links]]\n{ENDS}\nslc = {slc}\n" for slc in slcs)
    return parse_topology(FIGURE_1 + more, "test.toml")


def test_each_link_has_a_code_and_a_name_of_its_own() -> None:
    links = [link for link in with_links(1, 15).links if set(link.ends) == {"ssp-62", "stp-68"}]
    assert [link.name for link in links] == [
        "ssp-62/stp-68",
        "ssp-62/stp-68/1",
        "ssp-62/stp-68/15",
    ]
    assert link_name(("a", "b"), 0) == "a/b"


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (ENDS, r"slc: 0: links\[0\] between ssp-62 and stp-68 has it already"),
        (f"{ENDS}\nslc = 16", r"slc: 16: a signalling link code, 0 to 15, expected"),
        (f"{ENDS}\nslc = -1", r"slc: -1: a signalling link code, 0 to 15, expected"),
        (
            'ends = ["stp-68", "ssp-62"]\nslc = 1',
            r"ends: in the order of the other link between them expected: \['ssp-62', 'stp-68'\]",
        ),
    ],
)
def test_codes_that_there_cannot_be_are_refused_in_words(more: str, text: str) -> None:
    with pytest.raises(TopologyError, match=rf"test.toml: links\[\d+\]\.{text}"):
        parse_topology(FIGURE_1 + f"\n[[links]]\n{more}\n", "test.toml")


def test_sixteen_links_carry_one_selection_each_and_seventeen_have_no_code() -> None:
    network = VirtualNetwork(with_links(*range(1, 16)))
    node = network.network.nodes["ssp-62"]
    other = network.point_codes()["stp-68"]
    (linkset,) = [one for one in node.snapshot().linksets if one.adjacent == other]
    assert (linkset.links, linkset.in_traffic) == (16, 16)
    way = node.point.ways[other]
    assert {link.code for link in way.links} == set(range(16))
    with pytest.raises(ValueError, match="more than 16 links"):
        node.attach(network.links["ssp-62/stp-68/3"].end("ssp-62"), other)


def test_one_of_them_fails_by_name_and_the_others_take_its_traffic() -> None:
    network = FragileNetwork(with_links(1, 2))
    network.fail_link("ssp-62/stp-68/1")
    network.clock.advance_us(SECOND_US)
    node = network.processes["ssp-62"].network.nodes["ssp-62"]  # type: ignore[union-attr]
    states = {link.code: link.state for link in node.snapshot().links if "stp-68" in link.name}
    assert states == {0: "in traffic", 1: "out of service", 2: "in traffic"}
    network.restore_link("ssp-62/stp-68/1")
    network.clock.advance_us(2 * SECOND_US)
    assert {link.state for link in node.snapshot().links} == {"in traffic"}
    network.isolate("ssp-62")
    network.clock.advance_us(SECOND_US)
    assert {link.state for link in node.snapshot().links} == {"out of service"}, "each of them"


def test_an_operator_sees_each_with_its_code_and_since_when_it_is_out() -> None:
    network = VirtualNetwork(with_links(1))
    network.links["ssp-62/stp-68/1"].fail()
    lost_us = network.clock.now_us()
    network.clock.advance_us(70 * MILLISECOND_US)
    status = status_of(network.network)
    shown = [(one.link, one.slc, one.state) for one in status.links if one.node == "ssp-62"]
    assert ("ssp-62/stp-68", 0, "in traffic") in shown
    assert ("ssp-62/stp-68/1", 1, "out of service") in shown
    assert [(one.element, one.subject, one.since, one.until) for one in status.alarms] == [
        (node, "ssp-62/stp-68/1", utc_text(lost_us), "") for node in ("stp-68", "ssp-62")
    ]
    network.links["ssp-62/stp-68/1"].restore()
    network.clock.advance_us(2 * SECOND_US)
    status = status_of(network.network)
    assert status.alarms == []
    assert {one.since for one in status.cleared} == {utc_text(lost_us)}
    assert all(one.until > one.since for one in status.cleared)


def test_a_capture_keeps_them_apart() -> None:
    file = io.BytesIO()
    network = VirtualNetwork(with_links(1), tap=PcapngTap(file, lambda octets: ""))
    network.clock.advance_us(SECOND_US)
    for name in (b"ssp-62/stp-68", b"ssp-62/stp-68/1"):
        name_option = struct.pack("<HH", 2, len(name)) + name
        assert file.getvalue().count(name_option) == 1, "one interface each"


def test_a_scenario_has_more_of_a_link_and_refuses_what_there_cannot_be(tmp_path: Path) -> None:
    (scenario,) = [path.read_text("utf-8") for path in catalogue() if path.stem == "both-stps-lost"]
    for links, why in (
        ('{ "ssp-62/stp-68" = 17 }', "network.links.ssp-62/stp-68: 17: 1 to 16"),
        ('{ "ssp-62/stp-99" = 2 }', "network.links.ssp-62/stp-99: 2: 1 to 16 for one of ssp-62"),
    ):
        path = tmp_path / "both-stps-lost.toml"
        path.write_text(f"{scenario}\n[network]\nlinks = {links}\n", encoding="utf-8")
        with pytest.raises(ScenarioError, match=why):
            load_scenario(path)
