"""What a topology says of SIP, and what is refused of it, by its key."""

import pathlib

import pytest

from calleq.topology import TopologyError, load_topology, parse_topology
from calleq.topology_sip_checks import username_of
from tests.sip_network import SHIPPED, line_of

TEXT = SHIPPED.read_text("utf-8")
DOMAIN_62 = 'domain = "ssp-62.calleq.example"\n'
TRUNK = "trusted = true\n"
ALICE = 'username = "alice"\n'


def test_the_shipped_network_has_telephones_and_a_trunk() -> None:
    topology = load_topology(SHIPPED)
    assert username_of(line_of(topology, "+12125550121")) == "alice"
    assert username_of(line_of(topology, "+12125550120")) == "12125550120"
    assert [trunk.name for trunk in topology.sip_trunks] == ["carrier"]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (
            'listen = "127.0.0.1:5064"',
            'listen = "127.0.0.1:5062"',
            "is taken by switches[0].sip.listen",
        ),
        ('listen = "127.0.0.1:5064"', 'listen = "5064"', "switches[1].sip.listen"),
        ('listen = "127.0.0.1:5064"', 'listen = "127.0.0.1:0"', "switches[1].sip.listen"),
        ('listen = "127.0.0.1:5064"', 'listen = "0.0.0.0:5064"', "is every address"),
        (DOMAIN_62, 'domain = "not a domain"\n', "switches[0].sip.domain"),
        (DOMAIN_62, DOMAIN_62 + 'listen_tls = "127.0.0.1:5072"\n', "needs certificate and key"),
        (DOMAIN_62, DOMAIN_62 + 'certificate = "a.pem"\nkey = "b.pem"\n', "listen_tls"),
        ('password = "customer-120"', "", "lines[2].password"),
        (ALICE, 'username = "12125550120"\n', "is that of +12125550120"),
        (ALICE, 'username = "al ice"\n', "lines[3].username"),
        (
            '[[lines]]\nnumber = "+12125550104"',
            '[[lines]]\nusername = "x"\nnumber = "+12125550104"',
            "does not register",
        ),
        ('switch = "ssp-62"\npeers', 'switch = "ssp-99"\npeers', "sip_trunks[0].switch"),
        ('name = "carrier"', 'name = "62-64"', "sip_trunks[0].name"),
        ('name = "carrier"', 'name = "+44"', "sip_trunks[0].name"),
        ('peers = ["127.0.0.2:5090", "127.0.0.3:5090"]', "peers = []", "sip_trunks[0].peers"),
        (
            'peers = ["127.0.0.2:5090", "127.0.0.3:5090"]',
            'peers = ["a b"]',
            "sip_trunks[0].peers[0]",
        ),
        ('prefixes = ["+44"]', 'prefixes = ["44"]', "sip_trunks[0].prefixes[0]"),
        ('forbidden = ["+449"]', 'forbidden = ["x"]', "sip_trunks[0].forbidden[0]"),
        (TRUNK, TRUNK + 'accept_from = ["nowhere"]\n', "sip_trunks[0].accept_from[0]"),
        (TRUNK, TRUNK + "register = true\n", "needs username and password"),
        (TRUNK, TRUNK + 'password = "x"\n', "sip_trunks[0].username"),
        (TRUNK, TRUNK + "options_s = -1.0\n", "sip_trunks[0].options_s"),
        ("channels = 60", "channels = 0", "sip_trunks[0].channels"),
        (TRUNK, TRUNK + 'shaken_key = "key.pem"\n', "shaken_certificate"),
    ],
)
def test_what_does_not_fit_is_said_with_its_key(old: str, new: str, error: str) -> None:
    assert old in TEXT
    with pytest.raises(TopologyError, match="gateway: ") as refused:
        parse_topology(TEXT.replace(old, new, 1), "gateway")
    assert error in str(refused.value)


def test_a_line_of_sip_needs_a_switch_that_speaks_it() -> None:
    head, _, tail = TEXT.partition("[switches.sip]")
    text = head + tail[tail.index("[[switches]]") :]
    with pytest.raises(TopologyError, match="the switch needs sip"):
        parse_topology(text, "gateway")


def test_pem_files_lie_beside_the_topology(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "network.toml"
    secure = 'listen_tls = "127.0.0.1:5072"\ncertificate = "own.pem"\nkey = "own.key"\n'
    file.write_text(TEXT.replace(DOMAIN_62, DOMAIN_62 + secure), "utf-8")
    with pytest.raises(
        TopologyError, match=r"switches\[0\].sip.certificate: own.pem: no such file"
    ):
        load_topology(file)
    (tmp_path / "own.pem").write_text("")
    (tmp_path / "own.key").write_text("")
    access = load_topology(file).switches[0].sip
    assert access is not None
    assert access.certificate == str(tmp_path / "own.pem")
    assert access.key == str(tmp_path / "own.key")
