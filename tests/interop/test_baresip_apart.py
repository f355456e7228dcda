"""Two switches in processes of their own, each with its telephone: one by TLS, one by TCP.

The one by TLS insists on encrypted voice (SRTP).
"""

import pathlib
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from calleq.runtime.tap import Segment
from calleq.trace.capture import read_captures
from tests.baresip import Telephone, seconds_of_tone, until
from tests.live import Running, calleq
from tests.sip_network import host_of_worker, sip_file, telephone
from tests.split_network import free_base_port
from tests.test_gateway_sockets import certificate

CUSTOMER, REPRESENTATIVE = "+12125550120", "+12125550143"
TALK_S = 1.5


@pytest.mark.foreign("baresip")
def test_telephones_of_switches_in_two_processes_hear_each_other(tmp_path: pathlib.Path) -> None:
    """The gateway is where its switch is."""
    certificate(tmp_path)
    domain = 'domain = "ssp-62.calleq.example"\n'
    files = 'certificate = "certificate.pem"\nkey = "key.pem"\n'
    secure = f'listen_tls = "{host_of_worker()}:5072"\nsrtp = true\n{files}'
    encrypted = {"transport": "tls", "more": ";mediaenc=srtp-mand", "modules": ("srtp",)}
    file = sip_file(tmp_path, (domain, domain + secure))
    with file.open("a", encoding="utf-8") as more:
        more.write(f"\n[processes]\nbase_port = {free_base_port()}\n")
    data = tmp_path / "data"
    options = ("--data", str(data), "--network", str(file), "--port", "0", "--desk-port", "0")
    parts = (
        ("voice",),
        ("server-72", "ip-76", "stp-68", "stp-70", "ssp-62"),
        ("ssp-64",),
    )
    running = [Running("run", *elements, *options) for elements in parts]
    try:
        door = running[1].wait_for(r"^front door: (http://\S+)$")[1]
        for one in running:
            one.wait_for(r"^ready$")
        with (
            telephone(tmp_path, file, CUSTOMER, 700, **encrypted) as customer,
            telephone(tmp_path, file, REPRESENTATIVE, 1_100, transport="tcp") as representative,
        ):
            for one in (customer, representative):
                one.wait_for("200 OK")
            message = {
                "business_id": "abc",
                "password": "abc-demo",
                "customer_number": CUSTOMER,
                "representative_number": REPRESENTATIVE,
            }
            answer = httpx.post(f"{door}/v1/calls", json=message, timeout=30)
            assert answer.status_code == 202, answer.text
            until(
                lambda: heard(customer, 1_100) >= TALK_S and heard(representative, 700) >= TALK_S,
                30,
            )
            shown = calleq("sip", "--data", str(data))
            assert CUSTOMER in shown.stdout
            assert "TLS 127." in shown.stdout
            assert "TCP 127." in shown.stdout
            representative.command("hangup")
            customer.wait_for("terminated (duration")
    finally:
        with ThreadPoolExecutor(len(running)) as hands:
            statuses = list(hands.map(Running.stop, running))
    assert statuses == [0, 0, 0], [one.errors for one in running]
    answers = [
        one.octets
        for one in read_captures(sorted(data.glob("*.capture")))
        if one.segment is Segment.SIP and one.octets.startswith(b"SIP/2.0 200")
    ]
    assert [octets for octets in answers if b"RTP/SAVP" in octets and b"inline:" in octets]


def heard(one: Telephone, hz: int) -> float:
    """How long a telephone has heard a tone so far."""
    if not list((one.folder / "heard").glob("dump-*-dec.wav")):
        return 0.0
    return seconds_of_tone(one.heard(), hz)
