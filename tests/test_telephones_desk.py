"""The testers' desk over HTTP: what a person beside a telephone can do and see."""

import io
import struct
import wave
from collections.abc import Callable
from typing import Any

import pytest

from calleq.lines.messages import Setup
from calleq.lines.plants import InProcessLines
from calleq.lines.q931 import encode
from calleq.media.contract import Player, Prompt, Verdict
from calleq.media.remote import Recording, VoiceLostError
from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap
from calleq.telephones.desk import BODY_LIMIT, desk_app
from calleq.telephones.diary import Diary
from calleq.telephones.house import Telephones
from calleq.topology import AccessServer, Line, Switch, Topology
from tests.asgi import client_of

PERSON = "+12125550100"
REPRESENTATIVE = "+12125550143"
SECOND = 1_000_000


class Mute:
    """A voice plane in which nothing is ever heard."""

    def feed(self, element: str, wire: str, sources: tuple[str, ...]) -> None: ...

    def play(self, element: str, player: str, prompt: Prompt, report: Player) -> None: ...

    def stop(self, element: str, player: str) -> None: ...

    def detect(
        self, element: str, wire: str, limit_us: int, verdict: Callable[[Verdict], object]
    ) -> None: ...

    def hear(self, element: str, wire: str, heard: Callable[[frozenset[str]], object]) -> None:
        heard(frozenset())


class Office:
    """Two telephones on one switch, and their desk."""

    def __init__(self) -> None:
        self.clock = VirtualClock(1_700_000_000 * SECOND)
        self.plant = InProcessLines(self.clock, 0, NoTap())
        topology = Topology(
            name="two telephones",
            access_server=AccessServer(
                name="server-72", numeral="72", equipment_address="x", switch="ssp-62"
            ),
            switches=(
                Switch(name="ssp-62", numeral="62", point_code="2-62-1", prefixes=("+1212",)),
            ),
            lines=(Line(number=PERSON), Line(number=REPRESENTATIVE)),
        )
        self.telephones = Telephones(
            topology, self.plant, Mute(), self.clock, Diary(self.clock), talk_us=5 * SECOND
        )
        self.telephones.start()
        self.voice_is_lost = False
        self.asked: list[tuple[str, str]] = []
        self.client = client_of(desk_app(self.telephones, self.recording))

    async def recording(self, element: str, wire: str) -> Recording:
        self.asked.append((element, wire))
        if self.voice_is_lost:
            raise VoiceLostError("the voice process is gone")
        return Recording(1_700_000_000 * SECOND, b"\xff\x80\x00", 0)

    def ring(self, line: str) -> None:
        self.plant.to_telephone("ssp-62", line, encode(Setup(64, line, "+12125550140")))
        self.clock.advance_us(0)

    def problem(self, method: str, path: str, **request: Any) -> tuple[int, str]:
        answer = self.client.request(method, path, **request)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["request_id"] == answer.headers["request-id"]
        return answer.status_code, answer.json()["code"]


@pytest.fixture
def office() -> Office:
    return Office()


def test_all_telephones_and_what_they_do(office: Office) -> None:
    office.ring(PERSON)
    assert office.client.get("/telephones").json() == {
        "telephones": [
            {"number": PERSON, "state": "Ringing", "far": "+12125550140", "hears": []},
            {"number": REPRESENTATIVE, "state": "OnHook", "far": "", "hears": []},
        ],
        "talk_seconds": 5.0,
    }


@pytest.mark.parametrize(
    "path", ["12125550100", "+12125550100", "%2B12125550100", "%2012125550100"]
)
def test_a_number_in_a_path_may_have_its_plus(office: Office, path: str) -> None:
    office.ring(PERSON)
    office.clock.advance_us(4 * SECOND)
    entries = office.client.get(f"/telephones/{path}/diary").json()["entries"]
    assert [entry["event"] for entry in entries] == ["rings", "answers", "says"]
    assert entries[1] == {
        "number": PERSON,
        "at": "2023-11-14T22:13:24.000000Z",
        "at_us": 1_700_000_004 * SECOND,
        "monotonic_us": 4 * SECOND,
        "event": "answers",
        "detail": "",
        "cause": 0,
    }
    assert office.client.get(f"/telephones/{path}").json()["state"] == "Talking"


def test_dialling_saying_and_hanging_up(office: Office) -> None:
    dialled = office.client.post(f"/telephones/{PERSON}/dial", json={"to": REPRESENTATIVE})
    assert (dialled.status_code, dialled.json()["state"]) == (202, "Dialing")
    said = office.client.post(f"/telephones/{PERSON}/say", json={"hz": 1004, "seconds": 2})
    assert said.status_code == 202
    assert office.client.post(f"/telephones/{PERSON}/hang-up").json()["state"] == "HangingUp"
    events = office.telephones.diary.events(PERSON)
    assert events == ["dials", "says", "hangs_up"]


def test_how_long_people_talk(office: Office) -> None:
    assert office.client.put("/talk", json={"seconds": 0.5}).json() == {"seconds": 0.5}
    assert office.telephones.talk_us == 500_000


def test_what_an_ear_heard_is_a_wave_file(office: Office) -> None:
    answer = office.client.get(f"/telephones/{PERSON}/heard.wav")
    assert answer.headers["content-type"] == "audio/wav"
    assert office.asked == [("telephones", f"line:{PERSON}")]
    with wave.open(io.BytesIO(answer.content)) as heard:
        assert heard.getparams()[:4] == (1, 2, 8_000, 3)
        # G.711 table 2: FF is zero, 80 the greatest positive, 00 the greatest negative value.
        assert struct.unpack("<3h", heard.readframes(3)) == (0, 32_124, -32_124)
    assert answer.headers["heard-from"] == "2023-11-14T22:13:20.000000Z"


def test_without_the_voice_process_nothing_was_heard(office: Office) -> None:
    office.voice_is_lost = True
    assert office.problem("GET", f"/telephones/{PERSON}/heard.wav") == (503, "voice_lost")


def test_refusals_are_problems(office: Office) -> None:
    problem = office.problem
    dial = f"/telephones/{PERSON}/dial"
    say = f"/telephones/{PERSON}/say"
    assert problem("GET", "/telephones/19995550100/diary") == (404, "unknown_telephone")
    assert problem("GET", "/telephones/nobody/heard.wav") == (404, "unknown_telephone")
    assert problem("POST", dial, json={"to": "143"}) == (422, "invalid_number")
    assert problem("POST", dial, json={"to": 143}) == (422, "invalid_field")
    assert problem("POST", dial, content="{") == (400, "invalid_json")
    assert problem("POST", dial, content="x" * (BODY_LIMIT + 1)) == (413, "body_too_large")
    assert problem("POST", f"/telephones/{PERSON}/hang-up") == (409, "not_in_a_call")
    assert problem("POST", say, json={"hz": 440}) == (409, "not_in_a_call")
    assert problem("POST", say, json={"hz": 44_000}) == (422, "invalid_value")
    assert problem("PUT", "/talk", json={"seconds": -1}) == (422, "invalid_value")
    assert problem("DELETE", "/talk") == (405, "method_not_allowed")
    assert problem("GET", "/telephone") == (404, "not_found")
    office.ring(PERSON)
    assert problem("POST", dial, json={"to": REPRESENTATIVE}) == (409, "telephone_in_use")


def test_a_faulty_field_is_pointed_at(office: Office) -> None:
    answer = office.client.post(f"/telephones/{PERSON}/dial", json={"to": 143})
    assert answer.json()["errors"] == [{"pointer": "/to", "detail": "Expected `str`, got `int`"}]


def test_keys_are_pressed_at_a_telephone_that_is_off_the_hook(office: Office) -> None:
    keys = f"/telephones/{PERSON}/keys"
    assert office.problem("POST", keys, json={"keys": "1"}) == (409, "not_in_a_call")
    office.client.post(f"/telephones/{PERSON}/dial", json={"to": REPRESENTATIVE})
    assert office.client.post(keys, json={"keys": "42#"}).status_code == 202
    assert office.telephones.diary.entries(PERSON)[-1].detail == "keys 42#"
    assert office.problem("POST", keys, json={"keys": "42E"}) == (422, "invalid_value")
