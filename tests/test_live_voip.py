"""Voice over IP with real telephones: baresip called by its address, by the peripheral alone.

No switch, no circuit and no registrar is between calleq and these telephones. One speaks µ-law, the
other A-law, so every voice is transcoded on its way. The tone that each speaks must arrive in the
other's ear.
"""

import pathlib
from collections.abc import Callable

import pytest

from calleq.topology import figure1_path
from tests.baresip import Samples, Telephone, baresip, seconds_of_tone, until
from tests.live import LiveNetwork
from tests.sip_network import host_of_worker

CUSTOMER_HZ, REP_HZ = 440, 1_200
NUMBER = "+12125550100"
NUMBERED_REPRESENTATIVE = "+12125550143"
TALK_S = 3.0
ANSWERED_WITHIN_S = 30.0

Dials = Callable[..., Telephone]


def address_of(telephone: Telephone, username: str) -> str:
    """The URI by which it is called."""
    return f"sip:{username}@{telephone.control[0]}:{telephone.port}"


def in_folder(folder: pathlib.Path, text: str) -> pathlib.Path:
    """A topology of this worker's own addresses, as a file."""
    path = folder / "network.toml"
    path.write_text(text.replace("127.0.0.1:5076", f"{host_of_worker()}:5076"), "utf-8")
    return path


def talked(ear: Callable[[], Samples], hz: int) -> None:
    """Wait until the other's tone has been heard for a while."""
    until(lambda: seconds_of_tone(ear(), hz) >= TALK_S, ANSWERED_WITHIN_S)


@pytest.fixture
def alone(tmp_path: pathlib.Path) -> pathlib.Path:
    return in_folder(tmp_path, figure1_path().with_name("voip.toml").read_text("utf-8"))


@pytest.fixture
def mixed(tmp_path: pathlib.Path) -> pathlib.Path:
    text = figure1_path().read_text("utf-8")
    had = 'assist = "+12125559"\n'
    assert had in text
    more = 'sip = { listen = "127.0.0.1:5076" }\nvoip_allowed = ["127.0.0.0/8"]\n'
    return in_folder(tmp_path, text.replace(had, had + more))


@pytest.mark.foreign("baresip")
@pytest.mark.row("S2-13")
@pytest.mark.row("S2-114")
def test_two_real_telephones_and_no_telephone_network(
    alone: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    host = host_of_worker()
    common = {"password": "", "domain": host, "server": f"{host}:5076", "host": host}
    with (
        LiveNetwork(tmp_path / "data", "--network", str(alone)) as network,
        baresip(
            tmp_path / "customer",
            username="ann",
            tone_hz=CUSTOMER_HZ,
            registers=False,
            codecs="pcmu",
            **common,
        ) as customer,
        baresip(
            tmp_path / "rep",
            username="56",
            tone_hz=REP_HZ,
            registers=False,
            codecs="pcma",
            **common,
        ) as representative,
    ):
        for telephone in (customer, representative):
            telephone.wait_for("baresip is ready")
        reply = network.post(
            {
                "business_id": "abc",
                "password": "abc-demo",
                "customer_number": address_of(customer, "ann"),
                "representative_number": address_of(representative, "56"),
            }
        )
        assert reply.status_code == 202, reply.text
        call = reply.json()["call"]
        network.wait_for_event(call, "bridged")
        talked(customer.heard, REP_HZ)
        talked(representative.heard, CUSTOMER_HZ)
        representative.command("hangup")
        view = network.follow(call)
        assert (view["state"], view["cause"]) == ("completed", 16)
        (record,) = network.records()
    legs = {leg["leg"]: leg for leg in record["legs"]}
    assert {leg["entity"] for leg in legs.values()} == {"ip-76"}
    assert all(leg["talk_us"] > TALK_S * 1e6 for leg in legs.values())
