"""Voice over IP with real telephones: baresip called by its address, by the peripheral alone.

No switch, no circuit and no registrar is between calleq and these telephones. One speaks µ-law, the
other A-law, so every voice is transcoded on its way. The tone that each speaks must arrive in the
other's ear.
"""

import contextlib
import pathlib
from collections.abc import Callable

import pytest

from calleq.topology import figure1_path
from tests.baresip import Samples, Telephone, baresip, seconds_of_tone, until
from tests.live import LiveNetwork
from tests.sip_network import host_of_worker

CUSTOMER_HZ, REP_HZ, SAID_HZ = 440, 1_200, 800
NUMBER = "+12125550100"
NUMBERED_REPRESENTATIVE = "+12125550143"
TALK_S = 3.0
ANSWERED_WITHIN_S = 30.0


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
    text = text.replace(had, had + more)
    # Who whistles a tone from the first moment on is taken for a machine.
    return in_folder(tmp_path, text.replace("detect_machine = true", "detect_machine = false"))


def telephone(
    folder: pathlib.Path, username: str, tone_hz: int, codecs: str
) -> contextlib.AbstractContextManager[Telephone]:
    """A baresip that nobody registers; it is called by its address."""
    host = host_of_worker()
    return baresip(
        folder / username,
        username=username,
        password="",
        domain=host,
        server=f"{host}:5076",
        host=host,
        tone_hz=tone_hz,
        codecs=codecs,
        registers=False,
    )


def place(network: LiveNetwork, customer: str, representative: str) -> str:
    """Post a message; the call's reference."""
    reply = network.post(
        {
            "business_id": "abc",
            "password": "abc-demo",
            "customer_number": customer,
            "representative_number": representative,
        }
    )
    assert reply.status_code == 202, reply.text
    call: str = reply.json()["call"]
    return call


@pytest.mark.foreign("baresip")
@pytest.mark.row("S2-13")
@pytest.mark.row("S2-114")
def test_two_real_telephones_and_no_telephone_network(
    alone: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    with (
        LiveNetwork(tmp_path / "data", "--network", str(alone)) as network,
        telephone(tmp_path, "ann", CUSTOMER_HZ, "pcmu") as customer,
        telephone(tmp_path, "56", REP_HZ, "pcma") as representative,
    ):
        for one in (customer, representative):
            one.wait_for("baresip is ready")
        call = place(network, address_of(customer, "ann"), address_of(representative, "56"))
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


@pytest.mark.foreign("baresip")
@pytest.mark.row("S2-38")
@pytest.mark.row("S2-115")
def test_a_real_telephone_by_ip_and_a_party_in_the_telephone_network(
    mixed: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """Both ways round at once. The telephones speak A-law, the network µ-law."""
    with (
        LiveNetwork(tmp_path / "data", "--network", str(mixed), "--talk", "60") as network,
        telephone(tmp_path, "ann", CUSTOMER_HZ, "pcma") as customer,
        telephone(tmp_path, "56", REP_HZ, "pcma") as representative,
    ):
        for one in (customer, representative):
            one.wait_for("baresip is ready")
        first = place(network, address_of(customer, "ann"), NUMBERED_REPRESENTATIVE)
        second = place(network, NUMBER, address_of(representative, "56"))
        for call, number, ear in (
            (first, NUMBERED_REPRESENTATIVE, customer),
            (second, NUMBER, representative),
        ):
            network.wait_for_event(call, "bridged")
            network.say(number, SAID_HZ, TALK_S + 1)
            talked(ear.heard, SAID_HZ)
        customer.command("hangup")
        representative.command("hangup")
        for call, number, hz in (
            (first, NUMBERED_REPRESENTATIVE, CUSTOMER_HZ),
            (second, NUMBER, REP_HZ),
        ):
            view = network.follow(call)
            assert (view["state"], view["cause"]) == ("completed", 16)
            heard, _, _ = network.heard(number)
            assert seconds_of_tone(heard.astype("int16"), hz, least=0.5) >= TALK_S
        entities = {
            record["call"]: [leg["entity"] for leg in record["legs"]]
            for record in network.records()
        }
    assert entities == {first: ["ip-76", "ssp-64"], second: ["ssp-62", "ip-76"]}
