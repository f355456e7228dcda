"""`calleq control` and `calleq recordings` over a network that runs, as its operator uses them."""

import contextlib
import io
import json
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from calleq.cli.main import main
from calleq.media.frames import SAMPLE_RATE_HZ
from calleq.media.recorder import read_recording
from tests.live import LiveNetwork

CUSTOMER, AGENT = "+12125550100", "+12125550143"
WITHIN_S = 60


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveNetwork]:
    with LiveNetwork(tmp_path_factory.mktemp("control") / "data", "--talk", "300") as network:
        yield network


def command(*words: str) -> tuple[int, str, str]:
    """A command of `calleq`, within this process: its exit status and what it printed."""
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        status = main(words)
    return status, said.getvalue(), complained.getvalue()


class Talk:
    """A call whose parties talk."""

    def __init__(self, network: LiveNetwork) -> None:
        self.network = network
        answer = network.post(
            {
                "business_id": "abc",
                "password": "abc-demo",
                "customer_number": CUSTOMER,
                "representative_number": AGENT,
            }
        )
        self.call: str = answer.json()["call"]
        self.until(lambda: "bridged" in self.happened())

    def happened(self) -> list[str]:
        return [event["event"] for event in self.network.events(self.call)]

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so; a running network is given a minute for it."""
        deadline = time.monotonic() + WITHIN_S
        with httpx.Client(auth=("abc", "abc-demo"), timeout=30) as client:
            while not is_so():
                assert time.monotonic() < deadline, self.happened()
                client.get(
                    f"{self.network.url}/v1/calls/{self.call}/events",
                    params={"after": len(self.happened()), "wait": 5},
                )

    def hears(self, telephone: str, what: str) -> None:
        """Wait until that is all that is heard there: an order is answered before it is heard."""
        deadline = time.monotonic() + WITHIN_S
        url = f"{self.network.desk}/telephones/{telephone}"
        while (heard := httpx.get(url, timeout=10).json()["hears"]) != [what]:
            assert time.monotonic() < deadline, heard

    def sounds(self, telephone: str, hertz: int) -> None:
        said = {"hz": hertz, "seconds": 30}
        url = f"{self.network.desk}/telephones/{telephone}/say"
        assert httpx.post(url, json=said, timeout=10).status_code == 202

    def command(self, *words: str, status: int = 0) -> Any:
        answered, said, complained = command(*words, "--data", str(self.network.data))
        assert answered == status, said + complained
        if "--json" in words:
            return json.loads(said)
        return complained if status else said


HEARD_OCTETS = 3 * SAMPLE_RATE_HZ
"""More than a second of both sides: there is something to measure, however slow the machine."""


def loudest_hz(samples: Any) -> int:
    middle = samples[SAMPLE_RATE_HZ // 2 :][:SAMPLE_RATE_HZ].astype(np.float64)
    return int(np.argmax(np.abs(np.fft.rfft(middle)))) * SAMPLE_RATE_HZ // int(middle.size)


def test_a_call_is_controlled_and_recorded_by_commands(network: LiveNetwork) -> None:
    talk = Talk(network)
    assert talk.command("control", talk.call, "record") == f"call {talk.call}: record, done\n"
    talk.until(lambda: "recording_started" in talk.happened())
    talk.sounds(CUSTOMER, 440)
    talk.sounds(AGENT, 1_000)
    name = f"{talk.call}-1"
    (going_on,) = talk.command("recordings", "list", "--json", "--call", talk.call)
    assert (going_on["recording"], going_on["status"]) == (name, "in-progress")
    assert {party["number"] for party in going_on["parties"]} == {CUSTOMER, AGENT}
    assert "goes on" in talk.command("recordings", "delete", name, status=1)
    folder = network.data / "recordings"
    talk.until(lambda: any(one.stat().st_size > HEARD_OCTETS for one in folder.glob(f"{name}*")))
    talk.command("control", "last", "hold", "customer")
    talk.hears(CUSTOMER, "music")
    talk.command("control", "last", "unhold", "customer")
    refusal = talk.command("control", "last", "hold", "third", status=1)
    assert refusal == "calleq: that party is not in the call\n"
    assert "which party" in talk.command("control", "last", "hold", status=2)
    assert talk.command("control", "last", "record", "stop", "--json")["order"] == "stop_recording"
    talk.until(lambda: "recording_completed" in talk.happened())
    shown = talk.command("recordings", "show", name, "--json")
    file = network.data / "recordings" / f"{name}.wav"
    assert shown["octets"] == file.stat().st_size
    left, right = read_recording(file)
    assert (loudest_hz(left), loudest_hz(right)) == (440, 1_000)
    assert shown["seconds"] == left.size / SAMPLE_RATE_HZ
    assert "had heard the announcement" in talk.command("recordings", "show", name)
    talk.command("recordings", "play", name, "--into", "last", "--to", "agent")
    talk.hears(AGENT, f"recording:{name}")
    talk.command("control", "last", "stop")
    assert talk.command("recordings", "delete", name, "--json")["status"] == "deleted"
    assert not file.exists()
    assert "no recording" in talk.command("recordings", "show", "01NONE-1", status=1)
    talk.command("control", "last", "hang-up")
    assert network.follow(talk.call)["state"] == "completed"
    assert talk.command("control", talk.call, "hold", "customer", status=1).startswith(
        "calleq: the call is over"
    )
    assert "no such call" in talk.command("control", "last", "hold", "customer", status=1)


def test_the_surface_refuses_what_is_no_order(network: LiveNetwork) -> None:
    doors = json.loads((network.data / "listening.json").read_text("utf-8"))
    url = f"{doors['operator']}/calls/01NOTHING/control"
    assert httpx.post(url, content=b'{"order": "explode"}').status_code == 422
    assert httpx.post(url, content=b" " * 9_000).status_code == 413
    named = httpx.post(url, params={"command": "x" * 65}, content=b'{"order": "record"}')
    assert named.status_code == 422
    nobody = httpx.post(url, content=b'{"order": "record"}')
    assert (nobody.status_code, nobody.json()["code"]) == (404, "no_such_call")
    listed = httpx.get(f"{doors['operator']}/recordings", params={"call": "none"})
    assert listed.json() == {"recordings": []}


def test_words_that_are_no_order_are_refused(tmp_path: pathlib.Path) -> None:
    for words in (
        ("hold",),
        ("hold", "everybody"),
        ("keys", "agent"),
        ("transfer",),
        ("complete", "now"),
        ("record", "loudly"),
        ("play",),
        ("play", "a", "--prompt", "busy"),
        ("hold", "agent", "--to", "agent"),
    ):
        status, _, complained = command("control", "last", *words, "--data", str(tmp_path))
        assert status == 2, words
        assert complained.startswith("calleq: ")
