"""Foreign nodes in a topology file: what is a network, what is refused, where their calls go."""

import pytest

from calleq.cli.foreign import ForeignLinks
from calleq.network_nodes import point_codes
from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap
from calleq.ssp.routing import NoRoute, Routing, Towards
from calleq.topology import TopologyError, figure1_path, home_switch, load_topology, parse_topology

FIGURE_1 = figure1_path().read_text(encoding="utf-8")

NODE = """
[[foreign_nodes]]
name = "exchange-90"
point_code = "2-90-1"
prefixes = ["+1415555"]
"""
LINK = """
[[links]]
ends = ["ssp-66", "exchange-90"]
connect = "127.0.0.1:3565"
"""
TRUNK = """
[[trunks]]
name = "66-90"
ends = ["ssp-66", "exchange-90"]
"""
M3UA = LINK + 'protocol = "m3ua"\n'


def test_calls_to_a_foreign_exchange_go_by_its_prefix_over_the_trunks_that_lead_there() -> None:
    topology = parse_topology(FIGURE_1 + NODE + LINK + TRUNK, "file")
    assert point_codes(topology)["exchange-90"] == 2 << 11 | 90 << 3 | 1
    near = Routing(topology, "ssp-66").route("+14155550100")
    assert isinstance(near, Towards)
    assert near.nearer == ("66-90",)
    far = Routing(topology, "ssp-62").route("+14155550100")
    assert isinstance(far, Towards)
    assert "62-66" in far.nearer
    assert home_switch(topology, "+14155550100") is None


def test_no_call_of_ours_is_switched_through_a_foreign_exchange() -> None:
    """66 and 64 both have trunks to it, and it is no way between them."""
    second = TRUNK.replace("66-90", "64-90").replace("ssp-66", "ssp-64")
    topology = parse_topology(FIGURE_1 + NODE + LINK + TRUNK + second, "file")
    found = Routing(topology, "ssp-64").route("+12125550153")
    assert isinstance(found, Towards)
    assert "64-90" not in found.nearer + found.detours


def test_an_exchange_without_trunks_cannot_be_reached() -> None:
    topology = parse_topology(FIGURE_1 + NODE + LINK, "file")
    assert isinstance(Routing(topology, "ssp-66").route("+14155550100"), NoRoute)


@pytest.mark.parametrize(
    ("added", "said"),
    [
        (NODE.replace("exchange-90", "ssp-62"), "foreign_nodes[0].name: 'ssp-62' is the name"),
        (NODE.replace("2-90-1", "2-62-1"), "foreign_nodes[0].point_code: 2-62-1 is the code of"),
        (NODE.replace("+1415555", "+1212555010"), "foreign_nodes[0].prefixes[0]: +1212555010"),
        (
            NODE + 'kind = "transfer_point"\n',
            "foreign_nodes[0].prefixes: a transfer point serves no numbers",
        ),
        (
            NODE + LINK.replace('connect = "127.0.0.1:3565"\n', ""),
            "links[N]: exchange-90 is foreign: either connect or listen expected",
        ),
        (NODE + LINK + 'listen = "127.0.0.1:1"\n', "links[N]: exchange-90 is foreign: either"),
        (NODE + LINK.replace("3565", "65536"), "links[N].connect: '127.0.0.1:65536'"),
        (NODE + LINK + "routing_context = 22\n", "links[N]: routing_context, register, traffic"),
        (NODE + LINK + 'transport = "sctp"\n', "links[N]: routing_context, register, traffic"),
        (NODE + M3UA + 'role = "gateway"\n', "links[N]: role gateway needs a routing_context"),
        (NODE + M3UA + "routing_context = -1\n", "links[N].routing_context: -1: 0 to"),
        (NODE + M3UA + "routing_context = 1\nregister = true\n", "links[N].register: the routing"),
        (
            LINK.replace("exchange-90", "mtso-65"),
            "links[N].connect: both ends are ours; none expected",
        ),
        (
            NODE
            + NODE.replace("90", "91").replace('["+1415555"]', "[]")
            + LINK.replace("ssp-66", "exchange-91"),
            "links[N].ends: both are foreign",
        ),
        (
            NODE
            + NODE.replace("90", "91").replace('["+1415555"]', "[]")
            + LINK
            + TRUNK.replace("ssp-66", "exchange-91"),
            "trunks[",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_key(added: str, said: str) -> None:
    with pytest.raises(TopologyError) as caught:
        parse_topology(FIGURE_1 + added, "file")
    added_link = f"links[{len(load_topology().links)}]"
    assert str(caught.value).startswith(f"file: {said.replace('links[N]', added_link)}")


def test_a_representative_may_be_beyond_the_network_where_a_prefix_leads() -> None:
    business = '\n[[businesses]]\nidentifier = "far"\nrepresentatives = ["+14155550100"]\n'
    topology = parse_topology(FIGURE_1 + NODE + LINK + TRUNK + business, "file")
    assert topology.businesses[-1].representatives == ("+14155550100",)
    with pytest.raises(TopologyError, match="no line has"):
        parse_topology(FIGURE_1 + business, "file")


class Door:
    """An end of a foreign link, as far as its state is told."""

    link, near, in_service = "ssp-62/stp-99", "ssp-62", False
    watch: object = None


def test_a_link_that_came_while_the_states_were_told_is_told_of() -> None:
    """Between `states` and `report` the loop may turn, and the link is there in milliseconds."""
    links = ForeignLinks(load_topology(), VirtualClock(), NoTap())
    still, came = Door(), Door()
    came.link = "ssp-66/stp-99"
    links.ends += [still, came]  # type: ignore[list-item]
    assert [line.split(": ")[1].split(",")[0] for line in links.states()] == ["out of service"] * 2
    came.in_service = True
    said: list[str] = []
    links.report(said.append)
    assert said == ["foreign signalling link ssp-66/stp-99 at ssp-62: in service"]
    assert still.watch is not None
