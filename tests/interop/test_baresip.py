"""Two baresip telephones, registered on two switches, connected by one posted message."""

import json
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from calleq.media.frames import FRAME_SAMPLES
from calleq.media.g711 import encode
from calleq.runtime.tap import Segment
from calleq.sip.message import Request, Response, parse
from calleq.trace.capture import Captured
from calleq.units import MILLISECOND_US, parse_utc
from tests.baresip import AMPLITUDE, RATE_HZ, Telephone, seconds_of_tone, until
from tests.live import LiveNetwork, calleq
from tests.sip_network import host_of_worker, sip_file, telephone

pytestmark = pytest.mark.foreign("baresip")

CUSTOMER, REPRESENTATIVE = "+12125550120", "+12125550143"
CUSTOMER_HZ, REPRESENTATIVE_HZ = 700, 1_100
HEARD_S = 2.0
AGREE_US = 20 * MILLISECOND_US
STRANGE_HZ, STRANGE_PACKETS = 1_700, 100


@dataclass
class Scene:
    """The network, its two telephones and the call they had."""

    network: LiveNetwork
    customer: Telephone
    representative: Telephone
    call: str = ""
    view: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("baresip")
    file = sip_file(folder)
    with (
        LiveNetwork(folder / "data", "--network", str(file)) as network,
        telephone(folder, file, CUSTOMER, CUSTOMER_HZ) as customer,
        telephone(folder, file, REPRESENTATIVE, REPRESENTATIVE_HZ) as representative,
    ):
        until(lambda: registered(network) >= {CUSTOMER, REPRESENTATIVE}, 10.0)
        scene = Scene(network, customer, representative)
        scene.call = one_call(scene)
        yield scene


def one_call(scene: Scene, meanwhile: Callable[[], object] = lambda: None) -> str:
    """A message is posted, the two talk, the representative hangs up."""
    message = {
        "business_id": "abc",
        "password": "abc-demo",
        "customer_number": CUSTOMER,
        "representative_number": REPRESENTATIVE,
    }
    call: str = scene.network.post(message).json()["call"]
    scene.network.wait_for_event(call, "bridged")
    try:
        meanwhile()
        until(lambda: both_heard(scene) >= HEARD_S, 30.0, lambda: f"heard {both_heard(scene)} s")
    finally:  # so that the next call finds both free
        scene.representative.command("hangup")
    scene.view = scene.network.follow(call)
    return call


def both_heard(scene: Scene) -> float:
    """How long each at least has heard the other."""
    return min(
        seconds_of_tone(scene.customer.heard(), REPRESENTATIVE_HZ),
        seconds_of_tone(scene.representative.heard(), CUSTOMER_HZ),
    )


def registered(network: LiveNetwork) -> set[str]:
    """The lines whose telephones have registered."""
    shown = network.reads("sip")
    return {line["line"] for line in shown["lines"] if line["contacts"]}


def test_the_call_is_completed_and_both_telephones_say_so(scene: Scene) -> None:
    assert scene.view["state"] == "completed"
    for one in (scene.customer, scene.representative):
        assert "Call established" in one.log()
        assert "terminated (duration" in one.log()


@pytest.mark.row("S2-59", part=True)
def test_a_tone_spoken_into_each_arrives_in_the_other(scene: Scene) -> None:
    assert both_heard(scene) >= HEARD_S
    assert seconds_of_tone(scene.customer.heard(), CUSTOMER_HZ) == 0, "nobody hears an echo"
    assert seconds_of_tone(scene.representative.heard(), REPRESENTATIVE_HZ) == 0


def test_isup_between_the_switches_and_sip_beside_it_are_in_the_ladder(scene: Scene) -> None:
    rows = scene.network.reads("trace", scene.call)
    between = [
        row["message"]
        for row in rows
        if row["segment"] == "signalling link" and "ssp-64" in (row["from"], row["to"])
    ]
    for message in ("IAM", "ACM", "ANM", "REL", "RLC"):
        assert message in between, between
    for number in (CUSTOMER, REPRESENTATIVE):
        ends = {f"telephone {number}"}
        said = [
            row["message"]
            for row in rows
            if row["segment"] == "sip" and ends & {row["from"], row["to"]}
        ]
        provisional = [one for one in said if one.startswith("1")]
        assert [one for one in said if one not in provisional] == [
            *("INVITE", "200 Answering", "ACK", "BYE", "200 OK"),
        ]


def test_the_record_has_the_talk_times_of_the_sip_capture(scene: Scene) -> None:
    """What a crowded machine does to one call it seldom does to three in a row."""
    off_us = [differences_us(scene, scene.call)]
    while max(off_us[-1]) > AGREE_US and len(off_us) < 3:
        off_us.append(differences_us(scene, one_call(scene)))
    assert max(off_us[-1]) <= AGREE_US, off_us


def differences_us(scene: Scene, call: str) -> list[int]:
    """By how much a call's record and its SIP differ on answer, end and talk of each leg."""
    record = next(one for one in scene.network.records() if one["call"] == call)
    captures = [one for one in scene.network.captures() if one.segment is Segment.SIP]
    found = []
    for leg in record["legs"]:
        assert leg["rtp_received"] > 50, leg
        since_us = parse_utc(leg["seized_at"]) - AGREE_US
        answered_us, ended_us = talk_in(captures, leg["number"], since_us)
        found += [
            abs(parse_utc(leg["answered_at"]) - answered_us),
            abs(parse_utc(leg["released_at"]) - ended_us),
            abs(leg["talk_us"] - (ended_us - answered_us)),
        ]
    return found


def talk_in(captures: list[Captured], number: str, since_us: int) -> tuple[int, int]:
    """When the next INVITE to a number was answered, and when the dialog's BYE came or went."""
    call_id, answered_us, ended_us = "", 0, 0
    for captured in captures:
        message = parse(captured.octets)
        if captured.at_us < since_us:
            continue
        if not call_id and isinstance(message, Request) and number in message.fields["to"][0]:
            call_id = message.call_id if message.method == "INVITE" else ""
        if not call_id or message.call_id != call_id:
            continue
        if isinstance(message, Response):
            if message.status == 200 and message.cseq.method == "INVITE":
                answered_us = captured.at_us
        elif message.method == "BYE":
            ended_us = captured.at_us
    return answered_us, ended_us


def test_voice_from_a_stranger_is_not_heard_and_is_in_the_record(scene: Scene) -> None:
    """Somebody who knows the port speaks into the call of another."""

    def intrude() -> None:
        until(lambda: both_heard(scene) > 0.5, 60.0, lambda: f"heard {both_heard(scene)} s")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind((host_of_worker(), 0))
            for number in range(STRANGE_PACKETS):
                start = number * FRAME_SAMPLES
                at = np.arange(start, start + FRAME_SAMPLES) / RATE_HZ
                voice = encode((AMPLITUDE * np.sin(2 * np.pi * STRANGE_HZ * at)).astype(np.int16))
                header = struct.pack(">BBHII", 0x80, 0, number, start, 4_711)
                stranger.sendto(header + voice, port_towards(scene, CUSTOMER))

    call = one_call(scene, intrude)
    assert scene.view["state"] == "completed"
    record = next(one for one in scene.network.records() if one["call"] == call)
    customer, representative = record["legs"]
    assert customer["rtp_strangers"] >= 0.9 * STRANGE_PACKETS
    assert (customer["cause"], representative["cause"]) == (16, 16)
    assert representative["rtp_strangers"] < 10
    assert seconds_of_tone(scene.representative.heard(), STRANGE_HZ, 0.1) == 0
    assert seconds_of_tone(scene.representative.heard(), CUSTOMER_HZ) >= HEARD_S


def test_a_call_goes_on_after_the_voice_process_was_killed(scene: Scene) -> None:
    """It is started again, has the same ports, and both hear each other as before."""

    def kill() -> None:
        until(lambda: both_heard(scene) > 0.5, 60.0, lambda: f"heard {both_heard(scene)} s")
        os.kill(voice_process(scene), signal.SIGKILL)
        before_s = both_heard(scene)
        until(
            lambda: both_heard(scene) > before_s + 1.0,
            30.0,
            lambda: f"heard {both_heard(scene)} s; {scene.network.up.said()}",
        )

    call = one_call(scene, kill)
    assert scene.view["state"] == "completed"
    record = next(one for one in scene.network.records() if one["call"] == call)
    assert [(leg["cause"], leg["partial"]) for leg in record["legs"]] == [(16, False)] * 2
    assert all(leg["rtp_received"] > 20 for leg in record["legs"])
    assert "voice: the process has ended; it is started again" in "\n".join(
        scene.network.up.said() + scene.network.up.errors
    )


def voice_process(scene: Scene) -> int:
    """The process with the voices of the network."""
    up = scene.network.up.process.pid
    children = pathlib.Path(f"/proc/{up}/task/{up}/children").read_text().split()
    (found,) = [
        int(child)
        for child in children
        if b"calleq.media\0" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    return found


def port_towards(scene: Scene, number: str) -> tuple[str, int]:
    """Where we said that we hear the telephone of a number in its last call."""
    invited = [
        message
        for one in scene.network.captures()
        if one.segment is Segment.SIP and isinstance(message := parse(one.octets), Request)
        if message.method == "INVITE" and number in message.fields["to"][0]
    ]
    described = invited[-1].body.decode()
    host = re.search(r"c=IN IP4 (\S+)", described)
    port = re.search(r"m=audio (\d+)", described)
    assert host is not None, described
    assert port is not None, described
    return host[1], int(port[1])


@pytest.mark.foreign("tshark")
def test_tshark_dissects_the_sip_of_the_call(scene: Scene, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "call.pcapng"
    data = ("--data", str(scene.network.data))
    done = calleq("trace", scene.call, "--pcap", str(file), *data)
    assert done.returncode == 0, done.stderr
    shown = subprocess.run(
        [
            "tshark",
            "-r",
            str(file),
            "-Y",
            "sip",
            "-T",
            "fields",
            "-e",
            "sip.Method",
            "-e",
            "ip.src",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    methods = [line.split("\t")[0] for line in shown.stdout.splitlines()]
    assert methods.count("INVITE") == 2
    assert methods.count("BYE") == 2
    isup = subprocess.run(
        ["tshark", "-r", str(file), "-Y", "isup"], capture_output=True, text=True, check=True
    )
    assert "IAM" in isup.stdout


def test_calleq_sip_shows_who_is_registered(scene: Scene) -> None:
    done = calleq("sip", "--data", str(scene.network.data))
    assert done.returncode == 0, done.stderr
    assert CUSTOMER in done.stdout
    assert "not registered" in done.stdout
    shown = json.dumps(scene.network.reads("sip"))
    assert "carrier" in shown
