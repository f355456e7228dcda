"""What a topology file may say of a link's wire, its timers and where a foreign node is."""

import re

import pytest

from calleq.network_nodes import point_codes
from calleq.ssp.routing import NoRoute, Routing, Towards
from calleq.topology import Topology, TopologyError, figure1_path, parse_topology
from tests.live import ROOT
from tests.test_docs import blocks

FIGURE_1 = figure1_path().read_text(encoding="utf-8")
FIRST = '[[links]]\nends = ["ssp-62", "stp-68"]\n'

ABROAD = """
[[foreign_nodes]]
name = "far-80"
point_code = "2-90-1"
prefixes = ["+1212555080"]
[[links]]
ends = ["ssp-64", "far-80"]
LINK
[[trunks]]
name = "64-80"
ends = ["ssp-64", "far-80"]
"""


def laid(keys: str) -> Topology:
    """Figure 1 with these keys at its first link."""
    assert FIGURE_1.count(FIRST) == 1
    return parse_topology(FIGURE_1.replace(FIRST, FIRST + keys + "\n"), "test.toml")


def abroad(link: str) -> Topology:
    """Figure 1 and a foreign exchange beyond switch 64."""
    return parse_topology(FIGURE_1 + ABROAD.replace("LINK", link), "test.toml")


def test_a_link_has_its_wire_and_its_timers() -> None:
    link = laid(
        "delay_us = 5\njitter_us = 7\nloss = 0.5\ndamage = 1\ndoubling = 0.25\nreordering = 0.125\n"
        'proving = "normal"\ntimers = { t1 = 40, t7 = 0.5 }'
    ).links[0]
    assert (link.delay_us, link.jitter_us) == (5, 7)
    assert (link.loss, link.damage, link.doubling, link.reordering) == (0.5, 1.0, 0.25, 0.125)
    assert (link.proving, link.timers) == ("normal", {"t1": 40, "t7": 0.5})


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("jitter_us = -1", r"links\[0\]\.jitter_us: -1: 0 to 10000000 us expected"),
        ("loss = 1.5", r"links\[0\]\.loss: 1\.5: a probability, 0 to 1, expected"),
        ("damage = nan", r"links\[0\]\.damage: nan: a probability"),
        ('proving = "never"', r"links\[0\]\.proving: invalid enum value 'never'"),
        ("timers = { t8 = 1 }", r"links\[0\]\.timers\.t8: no such timer: one of t1, t2, t3"),
        ("timers = { t7 = 0.4 }", r"links\[0\]\.timers\.t7: 0\.4: 0\.5 to 600\.0 s expected"),
        ("timers = { t2 = inf }", r"links\[0\]\.timers\.t2: inf: 0\.001 to 600\.0 s expected"),
        ('remote = "127.0.0.1"', r"links\[0\]\.remote: only where this end listens"),
        ('connect = "127.0.0.1:1"', r"links\[0\]\.connect: both ends are ours"),
    ],
)
def test_a_wire_that_there_cannot_be_is_named(keys: str, text: str) -> None:
    with pytest.raises(TopologyError, match=f"test.toml: {text}"):
        laid(keys)


def test_a_foreign_node_has_a_point_code_and_numbers_and_calls_find_their_way_to_it() -> None:
    topology = abroad('listen = "0.0.0.0:3565"\nremote = "192.0.2.80"')
    assert topology.links[-1].is_foreign
    assert point_codes(topology)["far-80"] == 2 << 11 | 90 << 3 | 1
    ways = {name: Routing(topology, name).route("+12125550801") for name in ("ssp-62", "ssp-64")}
    assert isinstance(ways["ssp-64"], Towards)
    assert ways["ssp-64"].nearer == ("64-80",)
    assert isinstance(ways["ssp-62"], Towards)
    assert ways["ssp-62"].nearer == ("62-64",)
    assert isinstance(Routing(topology, "far-80").route("+19995550000"), NoRoute)


@pytest.mark.parametrize(
    ("link", "text"),
    [
        ("", "far-80 is foreign: either connect or listen expected"),
        ('connect = "far.example"', r"connect: 'far\.example': HOST:PORT expected"),
        ('connect = "127.0.0.1:1"\nlisten = "127.0.0.1:2"', "either connect or listen expected"),
        ('connect = "127.0.0.1:1"\nremote = "127.0.0.1"', "remote: only where this end listens"),
        (
            'listen = "127.0.0.1:1"\nremote = "far.example"',
            r"remote: 'far\.example': an IP address",
        ),
        ('connect = "127.0.0.1:1"\nloss = 0.1', "loss: the wire to a foreign node is a real one"),
        (
            'connect = "127.0.0.1:1"\nprotocol = "m3ua"\nproving = "normal"',
            "timers, remote and proving belong to protocol m2pa",
        ),
    ],
)
def test_where_a_foreign_node_is_must_be_said_rightly(link: str, text: str) -> None:
    with pytest.raises(TopologyError, match=text):
        abroad(link)


def test_the_guide_s_links_are_links() -> None:
    pages = blocks((ROOT / "docs" / "guide.md").read_text("utf-8"), "toml")
    wire = next(page for page in pages if "jitter_us" in page)
    foreign = next(page for page in pages if "far-80" in page)
    text = FIGURE_1.replace(FIRST, wire) + foreign
    topology = parse_topology(text, "guide")
    assert topology.links[0].timers == {"t7": 1.0}
    assert re.fullmatch(r"192\.0\.2\.80:\d+", topology.links[-1].connect)
