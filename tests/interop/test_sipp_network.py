"""sipp as foreign systems at both ends of a network: calls by thousands, more than there is room
for, and where they may not go.

A call of the first test comes by a trunk of ssp-62, crosses ISUP, and leaves by a trunk of ssp-64.
`CALLEQ_SIPP_CALLS=20000` makes as many of them (100 a second; 200 s), `CALLEQ_SIPP_MESSAGES=500` as
many calls by posted messages (20 a second); `CALLEQ_INTEROP=DIR` leaves the figures there.
"""

import contextlib
import json
import os
import pathlib
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import httpx
import pytest

from calleq.journal.entries import (
    LineAnswered,
    LineRefused,
    LineReleased,
    LineSeized,
    Stamped,
    Transit,
)
from calleq.journal.reading import read_data
from calleq.units import MILLISECOND_US, SECOND_US
from tests.baresip import until
from tests.live import LiveNetwork
from tests.sip_network import host_of_worker
from tests.sipp import Sipp, Statistics, sipp

CALLS = int(os.environ.get("CALLEQ_SIPP_CALLS", "300"))
MESSAGES = int(os.environ.get("CALLEQ_SIPP_MESSAGES", "60"))
SETTLE_S = 40.0 if CALLS >= 10_000 else 0.0
"""Transactions are remembered for 32 s (RFC 3261 §17): memory is only at rest after these."""
RATE, MESSAGES_RATE = 100, 20
HELD_MS, TALK_MS = 300, 3_000
HERE = host_of_worker()
SYSTEM = HERE.removesuffix(".1") + ".2"
SWITCH_62, SWITCH_64 = f"{HERE}:11062", f"{HERE}:11064"
PARTNER, NARROW, VISITOR, LONDON, PARIS = 11_110, 11_120, 11_130, 11_140, 11_150
REPRESENTATIVE = "+12125550143"
AGREE_US = 60 * MILLISECOND_US
"""Half of all talk times agree so well; on a machine with nothing else to do within 5 ms."""
NO_MORE = "Subject: a call"

pytestmark = pytest.mark.foreign("sipp")


@dataclass
class Scene:
    """The network, and where its runs of sipp have their folders."""

    network: LiveNetwork
    folder: pathlib.Path
    runs: int = 0

    def sipp(
        self, scenario: str, port: int, *options: str, **more: Any
    ) -> contextlib.AbstractContextManager[Sipp]:
        """A run of sipp at a port of the foreign system's host."""
        self.runs += 1
        folder = self.folder / f"{self.runs}-{scenario}"
        return sipp(folder, scenario, *options, host=SYSTEM, port=port, **more)

    def entries(self) -> list[Stamped]:
        """Everything in the journals."""
        return read_data(self.network.data)

    def is_at_rest(self) -> bool:
        """Whether no channel of a trunk and no circuit is in use."""
        doors = json.loads((self.network.data / "listening.json").read_text())
        trunks = httpx.get(doors["operator"] + "/sip").json()["trunks"]
        circuits = httpx.get(doors["operator"] + "/circuits").json()["circuits"]
        in_use = [one for one in circuits if one["use"] != "idle"]
        return not in_use and not any(trunk["calls"] for trunk in trunks)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("sipp")
    text = pathlib.Path(__file__).with_name("sipp_network.toml").read_text("utf-8")
    file = folder / "network.toml"
    file.write_text(text.replace("HERE", HERE).replace("FAR", SYSTEM), "utf-8")
    with LiveNetwork(folder / "data", "--network", str(file)) as network:
        yield Scene(network, folder)


def own_pids(network: LiveNetwork) -> list[int]:
    """The process of the network, and its voice process."""
    own = network.up.process.pid
    pids = [own]
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == own:
                pids.append(int(stat.parent.name))
    return pids


def cpu_s(network: LiveNetwork) -> float:
    """Processor time that calleq has had."""
    ticks = 0
    for pid in own_pids(network):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_octets(network: LiveNetwork) -> int:
    """Memory that calleq holds."""
    pages = sum(
        int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in own_pids(network)
    )
    return pages * os.sysconf("SC_PAGE_SIZE")


def open_files(network: LiveNetwork) -> int:
    """Files and sockets that calleq has open."""
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in own_pids(network))


@dataclass
class Record:
    """What the switch that faced a party wrote of one call."""

    seized: LineSeized
    answered_us: int = 0
    released_us: int = 0
    cause: int = 0
    released_by: str = ""

    @property
    def talk_us(self) -> int:
        """From answer to release."""
        return self.released_us - self.answered_us if self.answered_us else 0


def records(entries: list[Stamped], switch: str, trunk: str) -> dict[str, Record]:
    """The calls that a switch offered at one of its trunks, by the number called."""
    found: dict[int, Record] = {}
    for one in entries:
        if one.entity != switch:
            continue
        match one.entry:
            case LineSeized() as seized if seized.line == trunk:
                found[seized.seizure] = Record(seized)
            case LineAnswered(seizure) if seizure in found:
                found[seizure].answered_us = one.at_us
            case LineReleased(seizure, cause, _, released_by) if seizure in found:
                record = found[seizure]
                record.released_us, record.cause = one.at_us, cause
                record.released_by = released_by
    return {record.seized.called: record for record in found.values()}


def talk_differences_us(
    talks_us: dict[str, int], told: dict[str, list[str]], ended: dict[str, list[str]]
) -> list[int]:
    """By how much what calleq wrote differs from what sipp says of the same calls."""
    return sorted(
        abs(talk_us - (int(ended[number][0]) - int(told[number][0])) * MILLISECOND_US)
        for number, talk_us in talks_us.items()
    )


def keep(name: str, figures: dict[str, Any]) -> None:
    """Leave figures where they are wanted."""
    text = json.dumps(figures, indent=2)
    if folder := os.environ.get("CALLEQ_INTEROP"):
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        pathlib.Path(folder, f"{name}.json").write_text(text + "\n")


def spread_ms(differences_us: list[int]) -> dict[str, float]:
    last = len(differences_us) - 1
    return {
        name: differences_us[round(share * last)] / MILLISECOND_US
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    }


def good(run: Sipp, calls: int) -> Statistics:
    """A run in which no call failed."""
    told = run.statistics()
    assert (told.calls, told.successful, told.failed) == (calls, calls, 0), run.errors()
    return told


def test_calls_of_a_system_go_through_to_another_and_none_fails(scene: Scene) -> None:
    numbers = [f"+4420{70_000_000 + index}" for index in range(CALLS)]
    calls = [(number, f"+1914{5_000_000 + index}", NO_MORE) for index, number in enumerate(numbers)]
    cost_s, started_s = cpu_s(scene.network), time.monotonic()
    options = ("-r", str(RATE), "-d", str(HELD_MS))
    with (
        scene.sipp("answers", LONDON) as called,
        scene.sipp("caller", PARTNER, *options, towards=SWITCH_62, calls=calls) as caller,
    ):
        status = caller.wait(CALLS / RATE + 60.0)
        took_s = time.monotonic() - started_s
        cost_s = cpu_s(scene.network) - cost_s
        until(scene.is_at_rest, 10.0)
    assert status == 0, caller.errors()
    told = good(caller, CALLS)
    good(called, CALLS)
    found = records(scene.entries(), "ssp-64", "london")
    assert sorted(found) == numbers
    assert {(one.cause, one.released_by) for one in found.values()} == {(16, "network")}
    assert {one.seized.incoming is not None for one in found.values()} == {True}, "by ISUP"
    talks_us = {number: one.talk_us for number, one in found.items()}
    differences_us = talk_differences_us(talks_us, called.said("answered"), called.said("released"))
    assert statistics.median(differences_us) <= AGREE_US
    figures = {
        "sipp": asdict(told),
        "took_s": round(took_s, 1),
        "cpu_ms_per_call": round(cost_s / CALLS * 1e3, 2),
        "talk_differs_ms": spread_ms(differences_us),
    }
    keep("through", figures)


def post(scene: Scene, pairs: list[tuple[str, str]]) -> None:
    """A message for each pair of customer and representative, at a steady rate."""
    with httpx.Client(timeout=30.0) as client, ThreadPoolExecutor(8) as pool:

        def one(pair: tuple[str, str]) -> int:
            message = {
                "business_id": "bench",
                "password": "bench-demo",
                "customer_number": pair[0],
                "representative_number": pair[1],
            }
            return client.post(f"{scene.network.url}/v1/calls", json=message).status_code

        answers, begun_s = [], time.monotonic()
        for index, pair in enumerate(pairs):
            time.sleep(max(0.0, begun_s + index / MESSAGES_RATE - time.monotonic()))
            answers.append(pool.submit(one, pair))
        assert {answer.result() for answer in answers} == {202}


def completed(scene: Scene) -> list[dict[str, Any]]:
    """The records of calls that were completed."""
    found: list[dict[str, Any]] = scene.network.reads("cdr", "list", "--state", "completed")
    return found


def test_both_telephones_of_posted_calls_are_behind_trunks_and_none_fails(scene: Scene) -> None:
    pairs = [(f"+4420{34_000_000 + n}", f"+1914{6_000_000 + n}") for n in range(MESSAGES)]
    cost_s = cpu_s(scene.network)
    with (
        scene.sipp("answers", LONDON) as customers,
        scene.sipp("answers_and_hangs_up", PARTNER, "-d", str(TALK_MS)) as representatives,
    ):
        post(scene, pairs)
        until(
            lambda: len(customers.said("released")) == MESSAGES,
            30.0,
            lambda: customers.errors() + representatives.errors(),
        )
        cost_s = cpu_s(scene.network) - cost_s
        until(scene.is_at_rest, 10.0)
    good(customers, MESSAGES)
    good(representatives, MESSAGES)
    talks_us: dict[str, int] = {}
    for record in completed(scene):
        customer, representative = record["legs"]
        assert (customer["outgoing_trunk"], representative["outgoing_trunk"]) == (
            "london",
            "partner",
        )
        assert (customer["cause"], representative["cause"]) == (16, 16)
        talks_us[representative["number"]] = representative["talk_us"]
    assert sorted(talks_us) == [representative for _, representative in pairs]
    differences_us = talk_differences_us(
        talks_us, representatives.said("answered"), representatives.said("released")
    )
    assert statistics.median(differences_us) <= AGREE_US
    figures = {
        "messages": MESSAGES,
        "cpu_ms_per_call": round(cost_s / MESSAGES * 1e3, 2),
        "talk_differs_ms": spread_ms(differences_us),
    }
    keep("posted", figures)


def overload(scene: Scene, turn: int, calls: int) -> tuple[int, int]:
    """Two systems offer more than there are channels, on the way in and on the way out; how many
    calls of each were answered."""
    options = ("-r", "50", "-d", "1000")
    into = [
        (f"+4420{80_000_000 + turn * calls + n}", "+19155550100", NO_MORE) for n in range(calls)
    ]
    out = [(f"+331{40_000_000 + turn * calls + n}", "+19145550100", NO_MORE) for n in range(calls)]
    with (
        scene.sipp("answers", LONDON) as london,
        scene.sipp("answers", PARIS) as paris,
        scene.sipp("caller_or_refused", NARROW, *options, towards=SWITCH_62, calls=into) as narrow,
        scene.sipp("caller_or_refused", PARTNER, *options, towards=SWITCH_62, calls=out) as wide,
    ):
        assert [narrow.wait(30.0), wide.wait(30.0)] == [0, 0], narrow.errors() + wide.errors()
        until(scene.is_at_rest, 10.0)
    answered = []
    for caller, called in ((narrow, london), (wide, paris)):
        good(caller, calls)
        refused, taken = caller.said("refused"), caller.said("answered")
        assert len(refused) + len(taken) == calls
        assert {tuple(how) for how in refused.values()} == {("503 cause=34",)}
        good(called, len(taken))
        answered.append(len(taken))
    return answered[0], answered[1]


def test_more_calls_than_channels_are_refused_cleanly_and_leave_nothing(scene: Scene) -> None:
    calls = 120
    held = []
    for turn in range(3):
        first, second = overload(scene, turn, calls)
        assert 40 <= first < calls
        assert 40 <= second < calls
        time.sleep(SETTLE_S)
        held.append((resident_octets(scene.network), open_files(scene.network)))
    keep("overload", {"resident_octets": [one[0] for one in held]})
    if SETTLE_S:
        assert held[2][0] < 1.01 * held[1][0], held
    assert held[2][1] <= held[1][1] + 2, held
    found = records(scene.entries(), "ssp-64", "paris")
    assert all(one.cause == 16 and one.talk_us > SECOND_US / 2 for one in found.values())


FORGED = "P-Asserted-Identity: <sip:+12125550143@calleq.example>"
TRIED = [
    # To a trunk of another switch, of the same switch, to dear numbers, to nobody's.
    ("+442079460000", 21),
    ("+19145550100", 21),
    ("+449098790000", 21),
    ("+33140000000", 21),
    ("+18005550100", 3),
    ("+19005550100", 3),
]


def test_a_call_from_outside_reaches_our_own_numbers_only(scene: Scene) -> None:
    told_before = len(scene.entries())
    calls = [(number, "+12125550120", FORGED) for number, _ in TRIED]
    with (
        scene.sipp("answers", LONDON) as london,
        scene.sipp("answers", PARTNER) as partner,
        scene.sipp("caller_or_refused", VISITOR, towards=SWITCH_62, calls=calls) as caller,
    ):
        assert caller.wait(20.0) == 0, caller.errors()
    refused = {number: how[0].rpartition("=")[2] for number, how in caller.said("refused").items()}
    assert refused == {number: str(cause) for number, cause in TRIED}
    assert london.statistics().calls == partner.statistics().calls == 0
    kinds = {type(one.entry) for one in scene.entries()[told_before:]}
    assert not kinds & {LineSeized, Transit, LineRefused}, "nothing was dialled"


def test_a_caller_who_is_not_trusted_is_believed_by_nobody(scene: Scene) -> None:
    """Its From is shown, since somebody must be; what it asserts is not looked at."""
    username = REPRESENTATIVE[1:]
    proof = f"[authentication username={username} password=agent-143]"
    line = [(username, "ssp-64.calleq.example", proof)]
    port = 11_160
    with scene.sipp("registers_line", port, towards=SWITCH_64, calls=line) as telephone:
        assert telephone.wait(10.0) == 0, telephone.errors()
    calls = [(REPRESENTATIVE, "+19165550100", FORGED)]
    with (
        scene.sipp("answers", port) as called,
        scene.sipp("caller", VISITOR, "-d", "200", towards=SWITCH_62, calls=calls) as caller,
    ):
        assert caller.wait(20.0) == 0, caller.errors()
    good(called, 1)
    assert called.said("invited")[REPRESENTATIVE] == ["+19165550100"]
    (seized,) = [
        one.entry
        for one in scene.entries()
        if isinstance(one.entry, LineSeized) and one.entry.line == REPRESENTATIVE
    ]
    assert (seized.calling, seized.called) == ("+19165550100", REPRESENTATIVE)
