"""What a topology says of equipment that stands by itself, and of voice over IP."""

import pathlib
from collections.abc import Callable

import msgspec
import pytest

from calleq.topology import (
    Topology,
    TopologyError,
    check_topology,
    figure1_path,
    load_topology,
    parse_topology,
)
from calleq.topology_equipment import (
    STAND_ALONE,
    attached,
    instructed,
    made_by,
    voip_policy,
)
from tests.live import ROOT
from tests.test_docs import follow

VOIP = figure1_path().with_name("voip.toml")
BRIDGE = made_by(load_topology(), "bridge-77")


def voip(**changes: object) -> Topology:
    """The network without telephones, its peripheral changed."""
    topology = load_topology(VOIP)
    (peripheral,) = topology.peripherals
    changed = msgspec.structs.replace(peripheral, **changes)
    return msgspec.structs.replace(topology, peripherals=(changed,))


def bridge(**changes: object) -> Topology:
    """Figure 1 with a bridge, changed."""
    changed = msgspec.structs.replace(BRIDGE.equipments[0], **changes)
    return msgspec.structs.replace(BRIDGE, equipments=(changed,))


def represented(number: str) -> Callable[[], Topology]:
    """The network without telephones whose business has that representative."""

    def made() -> Topology:
        topology = load_topology(VOIP)
        (business,) = topology.businesses
        changed = msgspec.structs.replace(business, representatives=(number,))
        return msgspec.structs.replace(topology, businesses=(changed,))

    return made


@pytest.mark.parametrize("name", STAND_ALONE)
def test_equipment_is_attached_with_all_that_it_needs(name: str) -> None:
    topology = made_by(load_topology(), name)
    check_topology(topology)
    assert instructed(topology) == name
    assert {link.ends for link in topology.links if name in link.ends} == {
        (name, "stp-68"),
        (name, "stp-70"),
    }
    assert made_by(topology, name) == topology, "it is there already"


def test_a_switch_without_transfer_points_is_linked_itself() -> None:
    topology = load_topology()
    lone = msgspec.structs.replace(topology, links=(), transfer_points=())
    assert [link.ends for link in attached(lone, STAND_ALONE["bridge-77"]).links] == [
        ("bridge-77", "ssp-62")
    ]


def test_without_a_switch_the_peripheral_gets_the_instructions() -> None:
    topology = load_topology(VOIP)
    assert instructed(topology) == "ip-76"
    assert voip_policy(topology).is_offered
    assert not voip_policy(load_topology()).is_offered


@pytest.mark.parametrize(
    ("made", "wrong"),
    [
        (lambda: bridge(switch="ssp-99"), "equipments[0].switch: no switch"),
        (lambda: bridge(switch="ssp-64"), "equipments[0].switch: no circuits lead to ssp-64"),
        (lambda: bridge(name="ssp-62"), "equipments[0].name: 'ssp-62' is the name of switches[0]"),
        (lambda: bridge(point_code="2-62-1"), "equipments[0].point_code: 2-62-1 is the code of"),
        (lambda: bridge(kind="outside"), "equipments[0].driver: expected with kind"),
        (lambda: bridge(driver="a:b"), "equipments[0].driver: expected with kind"),
        (
            lambda: bridge(kind="outside", driver="a.b"),
            "equipments[0].driver: 'a.b': expected package.module:factory",
        ),
        (lambda: voip(sip=None), "peripherals[0].switch: no switch is called ''"),
        (lambda: voip(voip_channels=0), "peripherals[0].voip_channels: 0: 1 to"),
        (lambda: voip(voip_allowed=("Example.com",)), "peripherals[0].voip_allowed[0]: 'Exam"),
        (lambda: voip(voip_allowed=("10.0.0.1/8",)), "peripherals[0].voip_allowed[0]: '10.0"),
        (
            lambda: voip(sip=msgspec.structs.replace(voip().peripherals[0].sip, listen="x")),
            "peripherals[0].sip.listen: 'x': HOST:PORT",
        ),
        (represented("sip:56@192.0.2.1"), "representatives[0]: sip:56@192.0.2.1: what makes"),
        (represented("SIP:56@127.0.0.1"), "representatives[0]: 'SIP:56@127.0.0.1': write it"),
        (represented("sip:56@"), "representatives[0]: 'sip:56@' is not a SIP URI"),
        (
            lambda: msgspec.structs.replace(voip(), peripherals=(), businesses=()),
            "access_server.switch: a switch, or a peripheral without one, expected",
        ),
    ],
)
def test_what_does_not_fit_is_named_by_its_key(made: Callable[[], Topology], wrong: str) -> None:
    with pytest.raises(TopologyError) as caught:
        check_topology(made())
    assert wrong in str(caught.value)


def test_whom_it_may_call_without_where_it_speaks_is_refused() -> None:
    text = figure1_path().read_text("utf-8")
    had = 'assist = "+12125559"\n'
    with pytest.raises(TopologyError, match=r"peripherals\[0\].sip"):
        parse_topology(text.replace(had, had + 'voip_allowed = ["example.com"]\n'), "network")


@pytest.mark.parametrize("page", ["equipment.md", "voip.md"])
def test_the_pages_can_be_followed(page: str, tmp_path: pathlib.Path) -> None:
    text = (ROOT / "docs" / "guide" / page).read_text("utf-8")
    assert follow(text, tmp_path) >= 3
