"""kamailio as a foreign system: a trunk to it, and a line of ours that it registers for.

The trunk proves itself to kamailio and registers there; kamailio is believed by its address. Behind
it is a baresip in London; another one, of kamailio's, is what rings for a subscriber's line.
"""

import json
import pathlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.baresip import Telephone, baresip, seconds_of_tone, until
from tests.kamailio import DOMAIN, PASSWORD, Line, System, kamailio
from tests.live import ROOT, LiveNetwork

HOST = "127.0.0.12"
PORT = 9_590
SHARED_HOST = "127.0.0.1"
"""Where London is, so that it sends from the address that it names: baresip's voice leaves by
whatever address the system chooses, and on loopback that is this one."""
SWITCHES = {"5062": "9562", "5064": "9564"}
LONDON, LONDON_HZ = "+442071838750", 1_000
ALICE, ALICE_HZ = "+12125550121", 1_400
REPRESENTATIVE, REPRESENTATIVE_HZ = "+12125550143", 600
TALK_S = 1.5

pytestmark = [pytest.mark.foreign("kamailio"), pytest.mark.foreign("baresip")]


@dataclass
class Scene:
    """Everything that runs."""

    network: LiveNetwork
    system: System
    london: Telephone
    alice: Telephone
    representative: Telephone


def network_with_a_trunk(folder: pathlib.Path) -> pathlib.Path:
    """The network of real telephones, its trunk to kamailio by password and registration."""
    text = (ROOT / "calleq" / "data" / "gateway.toml").read_text("utf-8")
    for port, other in SWITCHES.items():
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{other}")
    before = 'peers = ["127.0.0.2:5090", "127.0.0.3:5090"]\n'
    assert before in text
    text = text.replace(
        before,
        f'peers = ["{HOST}:{PORT}"]\nregister = true\nshared_ports = true\nusername = "calleq"\n'
        f'password = "{PASSWORD}"\n',
    )
    path = folder / "trunk.toml"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("kamailio")
    switch = f"127.0.0.1:{SWITCHES['5062']}"
    line = Line("alice", "customer-121", "ssp-62.calleq.example")
    options = ("--network", str(network_with_a_trunk(folder)))
    with (
        kamailio(
            folder / "system", switch=switch, host=HOST, port=PORT, asks=True, registers=line
        ) as system,
        LiveNetwork(folder / "data", *options) as network,
        baresip(
            folder / "london",
            username=LONDON,
            password=PASSWORD,
            domain=DOMAIN,
            server=system.address,
            tone_hz=LONDON_HZ,
            host=SHARED_HOST,
        ) as london,
        baresip(
            folder / "alice",
            username="alice",
            password=PASSWORD,
            domain=DOMAIN,
            server=system.address,
            tone_hz=ALICE_HZ,
            host=HOST,
        ) as alice,
        baresip(
            folder / "representative",
            username=REPRESENTATIVE[1:],
            password="agent-143",
            domain="ssp-64.calleq.example",
            server=f"127.0.0.1:{SWITCHES['5064']}",
            tone_hz=REPRESENTATIVE_HZ,
            host=HOST,
        ) as representative,
    ):
        for telephone in (london, alice, representative):
            telephone.wait_for("200 OK")
        until(lambda: is_registered(network), 15.0, lambda: "\n".join(network.up.said()))
        yield Scene(network, system, london, alice, representative)


def is_registered(network: LiveNetwork) -> bool:
    """Whether kamailio has registered for its line, and our trunk at kamailio."""
    doors = json.loads((network.data / "listening.json").read_text())
    view = httpx.get(doors["operator"] + "/sip").json()
    (alice,) = [line for line in view["lines"] if line["line"] == ALICE]
    (trunk,) = view["trunks"]
    (peer,) = trunk["peers"]
    return bool(alice["contacts"]) and peer["registered_s"] is not None


def talk(scene: Scene, number: str, customer: Telephone, customer_hz: int) -> None:
    """One posted message connects the customer with the representative; both hear each other."""

    def hang_up() -> None:
        until(
            lambda: seconds_of_tone(customer.heard(), REPRESENTATIVE_HZ) > TALK_S,
            20.0,
            lambda: f"{number} hears nobody:\n{customer.log()[-2_000:]}",
        )
        customer.command("hangup")

    called = len(heard_files(customer))
    hanging_up = threading.Thread(
        target=lambda: (wait_for_another(customer, called), hang_up()), daemon=True
    )
    hanging_up.start()
    status, call = scene.network.call(number, None)
    hanging_up.join(30.0)
    assert (status, call["state"]) == (0, "completed"), scene.system.log()
    assert [(leg["number"], leg["cause"]) for leg in call["legs"]] == [
        (number, 16),
        (REPRESENTATIVE, 16),
    ]
    assert seconds_of_tone(scene.representative.heard(), customer_hz) > TALK_S / 2


def heard_files(telephone: Telephone) -> list[pathlib.Path]:
    return sorted((telephone.folder / "heard").glob("dump-*-dec.wav"))


def wait_for_another(telephone: Telephone, known: int) -> None:
    until(lambda: len(heard_files(telephone)) > known, 20.0, telephone.log)


def test_a_customer_behind_a_kamailio_trunk_talks_with_a_baresip_representative(
    scene: Scene,
) -> None:
    talk(scene, LONDON, scene.london, LONDON_HZ)
    (record,) = scene.network.reads("cdr", "list", "--trunk", "carrier")
    leg = next(leg for leg in record["legs"] if leg["leg"] == "customer")
    assert (leg["number"], leg["outgoing_trunk"]) == (LONDON, "carrier")
    assert leg["talk_us"] > TALK_S * 1e6
    assert f"to a telephone of ours: {LONDON}" in scene.system.log()


def test_a_telephone_behind_a_kamailio_trunk_calls_one_of_ours(scene: Scene) -> None:
    known = len(heard_files(scene.representative))
    scene.london.command("dial", f"sip:{REPRESENTATIVE}@{DOMAIN}")
    wait_for_another(scene.representative, known)
    until(
        lambda: seconds_of_tone(scene.representative.heard(), LONDON_HZ) > 1.0,
        15.0,
        lambda: f"London is not heard:\n{scene.london.log()[-2_000:]}",
    )
    scene.london.command("hangup")
    until(
        lambda: f"Call with sip:{LONDON}@" in scene.representative.log(),
        10.0,
        lambda: f"the representative's call goes on:\n{scene.representative.log()[-2_000:]}",
    )
    assert seconds_of_tone(scene.london.heard(), REPRESENTATIVE_HZ) > 0.5
    (record,) = scene.network.reads("cdr", "ordinary", "--trunk", "carrier")
    assert [record[name] for name in ("came_by", "calling", "number", "cause")] == [
        *("carrier", LONDON),
        *(REPRESENTATIVE, 16),
    ]
    assert record["talk_us"] > 1e6
    assert record["rtp_received"] > 50


def test_a_line_whose_telephone_is_a_kamailio_that_registers_is_called(scene: Scene) -> None:
    talk(scene, ALICE, scene.alice, ALICE_HZ)


def test_a_number_that_nobody_has_behind_the_trunk_is_unallocated(scene: Scene) -> None:
    status, call = scene.network.call("+442071838751", None)
    assert status == 1
    (leg,) = call["legs"]
    assert leg["cause"] == 1
