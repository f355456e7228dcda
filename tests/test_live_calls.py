"""Calls to every number through `calleq up`, as people make them; seen from every public side.

All calls are made while one network runs, most of them at the same time; each test then asks a
surface (commands, HTTP, the telephones' desk, the data directory) what became of them.
"""

import json
import pathlib
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from calleq.topology import load_topology, numerals
from tests.live import LiveNetwork, Outcome, at_once, calleq

TALK_S = 2
ABC, OTHER, XYZ = "+12125550143", "+12125550144", "+12125550153"
BUSINESS_NUMBERS = {"abc": "+12125550140", "xyz": "+12125550150"}

NAMED: dict[str, tuple[str, str, str, str, int | None]] = {
    "00": (ABC, "abc", "completed", "both", 16),
    "01": (ABC, "abc", "customer_busy", "customer", 17),
    "02": (ABC, "abc", "customer_no_answer", "customer", 19),
    "03": (ABC, "abc", "failed", "customer", 1),
    "04": (ABC, "abc", "customer_machine", "customer", 16),
    "05": (XYZ, "xyz", "customer_abandoned", "both", 16),
    "06": (XYZ, "xyz", "completed", "both", 16),
    "07": (ABC, "abc", "customer_rejected", "customer", 21),
    "08": (ABC, "abc", "failed", "customer", 42),
    "09": (ABC, "abc", "customer_machine", "customer", 16),
    "10": (ABC, "abc", "customer_busy", "customer", 17),
    "11": (OTHER, "abc", "completed", "both", 16),
}
"""Customer: representative, business, final state, whose legs there are, the customer's cause."""
ANSWERING = {"00", "04", "05", "06", "09", "11"}


def number(ending: str) -> str:
    return f"+121255501{ending}"


@dataclass
class Scene:
    """The network and what became of the calls made in it, by name."""

    network: LiveNetwork
    done: dict[str, Outcome] = field(default_factory=dict)
    ladders: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)

    def call(self, name: str, customer: str, rep: str, business: str, *more: str) -> None:
        """`calleq call`; a name that ends in `as text` goes without `--json`."""
        options = [] if name.endswith("as text") else ["--json"]
        options += ["--customer", customer, "--business", business]
        options += ["--password", f"{business}-demo", *more]
        if rep:
            options += ["--rep", rep]
        self.done[name] = self.network.outcome(*options)

    def told(self, name: str) -> dict[str, Any]:
        """The object that a call's command printed."""
        return self.done[name].told

    def record(self, name: str) -> dict[str, Any]:
        """The call's record, from `calleq cdr list`."""
        if not self.records:
            self.records = {one["call"]: one for one in self.network.reads("cdr", "list")}
        return self.records[self.told(name)["call"]]

    def rings(self, telephone: str, shown: str) -> list[dict[str, Any]]:
        """How often a telephone rang, showing this calling number."""
        return [
            entry
            for entry in self.network.diary(telephone)
            if entry["event"] == "rings" and entry["detail"] == shown
        ]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Every number as customer at once, then calls that need people who are free again."""
    data = tmp_path_factory.mktemp("calls") / "data"
    with LiveNetwork(data, "--talk", str(TALK_S)) as network:
        scene = Scene(network)

        def customer(ending: str) -> None:
            rep, business, *_ = NAMED[ending]
            scene.call(ending, number(ending), rep, business)

        def first_two() -> None:
            at_once(lambda: customer("00"), lambda: customer("11"))
            at_once(
                lambda: scene.call("found as text", number("11"), "", "abc"),
                lambda: scene.call("hunted", number("00"), number("01"), "abc"),
            )
            at_once(
                lambda: scene.call(
                    "agent first", number("11"), ABC, "abc", "--dial-first", "agent"
                ),
                lambda: scene.call("only one", number("00"), number("07"), "abc", "--only-rep"),
            )

        others = [ending for ending in NAMED if ending not in ("00", "11")]
        at_once(first_two, *(lambda ending=ending: customer(ending) for ending in others))
        yield scene


# What the command prints.


@pytest.mark.parametrize("ending", NAMED)
def test_each_number_as_customer_ends_in_its_named_state(scene: Scene, ending: str) -> None:
    rep, _, state, whose, cause = NAMED[ending]
    outcome = scene.done[ending]
    assert outcome.status == (0 if state == "completed" else 1)
    assert outcome.errors == ""
    told = outcome.told
    assert {"call", "state", "legs"} <= set(told)
    assert told["state"] == state
    numbers = [leg["number"] for leg in told["legs"]]
    assert numbers == [number(ending), rep][: 2 if whose == "both" else 1]
    for leg in told["legs"]:
        assert {"number", "dialled_at", "answered_at", "released_at", "cause"} <= set(leg)
        times = [leg[key] for key in ("dialled_at", "answered_at", "released_at")]
        for text in times:
            assert text is None or len(text) == len("2026-11-21T12:00:00.000000Z")
        instants = [datetime.fromisoformat(text) for text in times if text is not None]
        assert instants == sorted(instants)
        assert leg["dialled_at"] is not None
        assert leg["released_at"] is not None
    first = told["legs"][0]
    assert first["cause"] == cause
    assert (first["answered_at"] is not None) == (ending in ANSWERING)
    if state == "customer_abandoned":
        assert told["legs"][1]["answered_at"] is None


def test_the_timeline_is_printed_as_it_happens_and_says_bridged(scene: Scene) -> None:
    outcome = scene.done["found as text"]
    assert outcome.status == 0
    lines = outcome.output.splitlines()
    assert lines[0].startswith("call ")
    assert lines[-2] == "completed (cause 16)"
    assert re.fullmatch(r"price 0\.0\d+ USD", lines[-1])
    happened = [line.partition(" s  ")[2] for line in lines[1:-2]]
    order = [
        f"customer {number('11')} dialled",
        f"customer {number('11')} answered",
        "announcement starts",
        "dialled",
        "whisper starts",
        "bridged",
        "ended completed",
    ]
    places = [next(i for i, said in enumerate(happened) if words in said) for words in order]
    assert places[0] < places[1] < places[2]
    assert places[4] < places[5] < places[6]
    assert places[5] == happened.index("bridged")


def test_the_next_representative_is_tried_and_a_message_may_forbid_it(scene: Scene) -> None:
    hunted = scene.told("hunted")
    assert hunted["state"] == "completed"
    legs = [(leg["number"], leg["answered_at"] is not None) for leg in hunted["legs"]]
    assert legs[:2] == [(number("00"), True), (number("01"), False)]
    assert legs[2][0] in (ABC, OTHER)
    assert legs[2][1]
    only = scene.told("only one")
    assert (scene.done["only one"].status, only["state"]) == (1, "agent_rejected")
    assert [leg["number"] for leg in only["legs"]] == [number("00"), number("07")]
    assert only["legs"][1]["cause"] == 21


# What the door says over HTTP.


@pytest.mark.row("S2-56")
def test_the_customer_is_called_first_unless_it_is_set_otherwise(scene: Scene) -> None:
    """No IAM towards the representative precedes the customer's answer, octets of the capture."""
    for name in ("00", "11", "06", "05", "hunted"):
        rows = ladder(scene, name)
        answer = next(i for i, row in enumerate(rows) if row["message"] in ("ANM", "CON"))
        called = [value(row, "called") for row in rows[:answer] if row["message"] == "IAM"]
        assert set(called) == {scene.told(name)["legs"][0]["number"][1:]}
        assert any(
            value(row, "called") != called[0] for row in rows[answer:] if row["message"] == "IAM"
        )
    told = scene.told("agent first")
    assert told["state"] == "completed"
    assert [leg["number"] for leg in told["legs"]] == [ABC, number("11")]
    rows = ladder(scene, "agent first")
    answer = next(i for i, row in enumerate(rows) if row["message"] in ("ANM", "CON"))
    assert {value(r, "called") for r in rows[:answer] if r["message"] == "IAM"} == {ABC[1:]}


@pytest.mark.row("S2-33")
@pytest.mark.row("S2-34")
def test_exactly_the_numbers_of_the_message_are_dialled(scene: Scene) -> None:
    """810 on leg 1, 812 on leg 2: in the octets of the peripheral's IAMs."""
    for ending, (rep, _, _, whose, _) in NAMED.items():
        iams = [
            value(row, "called")
            for row in ladder(scene, ending)
            if row["message"] == "IAM" and row["from"] == "ip-76"
        ]
        assert iams == [number(ending)[1:], rep[1:]][: 2 if whose == "both" else 1]


def test_a_call_that_was_joined_says_bridged_in_its_timeline(scene: Scene) -> None:
    for ending, (_, business, state, _, _) in NAMED.items():
        events = scene.network.events(scene.told(ending)["call"], business)
        assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
        names = [event["event"] for event in events]
        assert names[0] == "accepted"
        assert names.count("ended") == 1
        assert names.count("bridged") == (state == "completed")


@pytest.mark.row("S2-36")
def test_a_blank_time_null_and_none_all_mean_at_once(scene: Scene) -> None:
    """The first leg is dialled at once: within a second of the answer to the message."""
    for wish in ({"desired_time": ""}, {"desired_time": None}, {}):
        answer = scene.network.post(
            {
                "business_id": "abc",
                "password": "abc-demo",
                "customer_number": number("01"),
                "representative_number": ABC,
                **wish,
            }
        )
        assert answer.status_code == 202, answer.text
        view = scene.network.follow(answer.json()["call"])
        assert view["state"] == "customer_busy"
        accepted = datetime.fromisoformat(view["accepted_at"])
        dialled = datetime.fromisoformat(view["legs"][0]["dialled_at"])
        assert 0 <= (dialled - accepted).total_seconds() < 1


# What the telephones' own diary says.


def test_the_representatives_telephone_rang_only_where_it_should(scene: Scene) -> None:
    """A representative sees the customer's number, so each ring tells whose call it was."""
    for ending, (rep, business, _, whose, _) in NAMED.items():
        expected = 1 if whose == "both" else 0
        if ending in ("00", "11"):
            continue  # These made more calls; see below.
        assert len(scene.rings(rep, number(ending))) == expected
        for other in {ABC, OTHER, XYZ} - {rep}:
            assert not scene.rings(other, number(ending))
        if ending not in ("01", "03", "07", "08", "10"):
            (ring,) = scene.rings(number(ending), BUSINESS_NUMBERS[business])
            assert ring["event"] == "rings"
    served = [leg["number"] for leg in scene.told("hunted")["legs"]]
    rang = [rep for rep in (ABC, OTHER) for _ in scene.rings(rep, number("00"))]
    assert sorted(rang) == sorted([ABC, served[-1]])
    assert not scene.rings(number("01"), number("00"))
    assert not scene.rings(number("07"), number("00"))


def test_the_telephone_of_a_representative_stops_ringing_when_the_customer_goes(
    scene: Scene,
) -> None:
    customer = scene.network.diary(number("05"))
    gone = next(entry for entry in customer if entry["event"] == "hangs_up")
    (rang,) = scene.rings(XYZ, number("05"))
    stopped = next(
        entry
        for entry in scene.network.diary(XYZ)
        if entry["event"] == "stops_ringing" and entry["at_us"] > rang["at_us"]
    )
    assert 0 < stopped["at_us"] - gone["at_us"] < 500_000
    speech = next(entry for entry in customer if entry["detail"].startswith("speech:"))
    assert 2_900_000 < gone["at_us"] - speech["at_us"] < 3_500_000


@pytest.mark.row("S2-60")
def test_nobody_waits_for_a_customer_who_is_not_reached(scene: Scene) -> None:
    """Busy, no answer, rejected, invalid: no attempt on the second leg, no busy second."""
    for ending in ("01", "02", "03", "07", "10"):
        assert [leg["leg"] for leg in scene.record(ending)["legs"]] == ["customer"]
        for rep in (ABC, OTHER, XYZ):
            assert not scene.rings(rep, number(ending))
        assert all(leg["number"] not in (ABC, OTHER, XYZ) for leg in scene.told(ending)["legs"])


def test_people_hang_up_as_long_after_the_bridge_as_they_were_told_to(scene: Scene) -> None:
    events = scene.network.events(scene.told("00")["call"])
    at = {event["event"]: datetime.fromisoformat(event["at"]) for event in events}
    assert TALK_S - 0.1 < (at["ended"] - at["bridged"]).total_seconds() < TALK_S + 1


# Records.


def test_every_call_has_one_record_and_its_times_are_the_telephones_own(scene: Scene) -> None:
    listed = scene.network.reads("cdr", "list")
    assert isinstance(listed, list)
    assert len({record["call"] for record in listed}) == len(listed)
    by_call = {record["call"]: record for record in listed}
    for ending, (_, business, state, _, _) in NAMED.items():
        record = by_call[scene.told(ending)["call"]]
        assert (record["business"], record["state"], record["complete"]) == (business, state, True)
        for leg in record["legs"]:
            if leg["answered_at"] is None:
                assert (leg["talk_us"], leg["billable_s"]) == (0, 0)
                continue
            entries = scene.network.diary(leg["number"])
            answered = nearest(entries, {"answers"}, leg["answered_at"])
            ended = nearest(entries, {"hangs_up", "released"}, leg["released_at"])
            talk_us = ended["monotonic_us"] - answered["monotonic_us"]
            assert abs(leg["talk_us"] - talk_us) < 250_000
            assert leg["billable_s"] == -(-leg["talk_us"] // 1_000_000)


def nearest(entries: list[dict[str, Any]], events: set[str], at: str) -> dict[str, Any]:
    """The entry of one of these events nearest to an instant."""
    at_us = datetime.fromisoformat(at).timestamp() * 1e6
    return min(
        (entry for entry in entries if entry["event"] in events),
        key=lambda entry: abs(float(entry["at_us"]) - at_us),
    )


@pytest.mark.row("S2-30")
def test_the_record_carries_the_business_and_an_unknown_one_is_refused(scene: Scene) -> None:
    for ending, (_, business, *_) in NAMED.items():
        assert scene.record(ending)["business"] == business
    before = len(scene.network.reads("cdr", "list"))
    seen = len(dialling(scene.network))
    refused = scene.network.outcome(
        *("--customer", number("00"), "--rep", ABC, "--business", "nobody", "--password", "x")
    )
    assert (refused.status, refused.output) == (1, "")
    assert len(refused.errors.splitlines()) == 1
    assert len(scene.network.reads("cdr", "list")) == before
    assert len(dialling(scene.network)) == seen


def dialling(network: LiveNetwork) -> list[str]:
    """What the telephone network was asked to ring, by the subscriber lines' SETUP."""
    return [
        captured.link
        for captured in network.captures()
        if captured.link.startswith("line:") and captured.octets[3:4] == b"\x05"
    ]


# Ladders and captures.


def ladder(scene: Scene, name: str) -> list[dict[str, Any]]:
    """`calleq trace CALL --json`, asked once for each call."""
    if name not in scene.ladders:
        scene.ladders[name] = scene.network.reads("trace", scene.told(name)["call"])
    return scene.ladders[name]


def value(row: dict[str, Any], name: str) -> str:
    """A field of a ladder's row."""
    return next((str(one["value"]) for one in row["fields"] if one["name"] == name), "")


@pytest.mark.row("S2-82")
def test_telephone_38_is_a_line_of_ssp_62_and_the_trace_shows_it(scene: Scene) -> None:
    network = json.loads(calleq("topology", "--json").stdout)
    line = next(line for line in network["lines"] if line["number"] == number("00"))
    assert (line["telephone"], line["place"]) == ("38", "22")
    premises = next(place for place in network["premises"] if place["numeral"] == "22")
    assert premises["computers"] == ["36"]
    rows = [row for row in ladder(scene, "00") if row["link"] == f"line:{number('00')}"]
    assert [row["message"] for row in rows[:3]] == ["SETUP", "ALERTING", "CONNECT"]
    switch = next(one["numeral"] for one in network["switches"] if one["name"] == rows[0]["from"])
    assert switch == "62"
    assert all({row["from"], row["to"]} == {"ssp-62", f"telephone {number('00')}"} for row in rows)


@pytest.mark.row("S2-98")
def test_a_mobile_customer_is_called_first_and_bridged_by_the_mtso(scene: Scene) -> None:
    told = scene.told("11")
    assert told["state"] == "completed"
    names = [event["event"] for event in scene.network.events(told["call"])]
    assert names.index("answered") < names.index("bridged")
    rows = ladder(scene, "11")
    mobile = [row for row in rows if row["link"] == f"line:{number('11')}"]
    assert {row["from"] for row in mobile} == {"mtso-65", f"telephone {number('11')}"}
    first = next(row for row in rows if row["message"] == "SETUP")
    assert first["to"] == f"telephone {number('11')}"


@pytest.mark.row("S2-84", part=True)
def test_a_customer_on_line_is_called_unless_the_only_line_is_in_use(scene: Scene) -> None:
    """DSL on-line: completed. Single-line dial-up on-line: busy, and nobody was rung for it."""
    lines = {line.number: line for line in load_topology().lines}
    assert (lines[number("00")].kind, lines[number("00")].online) == ("dsl", True)
    assert scene.told("00")["state"] == "completed"
    assert (lines[number("10")].kind, lines[number("10")].online) == ("dial_up", True)
    assert scene.told("10")["state"] == "customer_busy"
    assert scene.network.telephone(number("10"))["state"] == "Talking"
    assert not scene.rings(ABC, number("10"))


@pytest.mark.row("S2-85")
def test_customers_call_at_the_same_time_and_do_not_disturb_each_other(scene: Scene) -> None:
    def span(ending: str) -> tuple[datetime, datetime]:
        legs = scene.told(ending)["legs"]
        starts = [datetime.fromisoformat(leg["dialled_at"]) for leg in legs]
        return min(starts), max(datetime.fromisoformat(leg["released_at"]) for leg in legs)

    long_ones = [span(ending) for ending in ("00", "11", "06", "02", "05")]
    assert max(start for start, _ in long_ones) < min(end for _, end in long_ones)
    heard: dict[str, set[str]] = {}
    for ending in ("06", "05", "04", "09"):
        heard[ending] = {
            voice
            for entry in scene.network.diary(number(ending))
            if entry["event"] == "hears"
            for voice in entry["detail"].split(", ")
            if voice.startswith("mouth:")
        }
    assert heard == {"06": {f"mouth:{XYZ}"}, "05": set(), "04": set(), "09": set()}


@pytest.mark.foreign("tshark")
def test_tshark_reads_the_pcapng_of_a_call_link_by_link(
    scene: Scene, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "call.pcapng"
    call = scene.told("00")["call"]
    done = calleq(
        *("trace", call, "--data", str(scene.network.data), "--json", "--pcap", str(file))
    )
    assert done.returncode == 0, done.stderr
    columns = ("frame.interface_name", "frame.packet_flags_direction", "frame.comment", "isup.cic")
    read = subprocess.run(
        [
            *("tshark", "-n", "-r", str(file), "-T", "fields"),
            *(argument for column in columns for argument in ("-e", column)),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    ours = []
    for row in json.loads(done.stdout):
        if row["segment"] == "signalling link":
            ends = {row["from"], row["to"]}
            link = "/".join(sorted(ends, key=lambda name: name.startswith("stp-")))
            direction = 2 if link.startswith(row["from"]) else 1
            ours.append((link, f"0x{direction:08x}", call, value(row, "CIC")))
    assert [tuple(line.split("\t")) for line in read.stdout.splitlines()] == ours


@pytest.mark.foreign("tshark")
def test_tshark_reads_the_pcap_of_a_call_as_the_ladder_does(
    scene: Scene, tmp_path: pathlib.Path
) -> None:
    for name in ("00", "02", "08", "11", "hunted"):
        file = tmp_path / f"{name}.pcap"
        done = calleq(
            *("trace", scene.told(name)["call"], "--data", str(scene.network.data), "--json"),
            *("--pcap", str(file)),
        )
        assert done.returncode == 0, done.stderr
        assert file.read_bytes()[20:24] == (141).to_bytes(4, "little")
        rows = [
            row
            for row in json.loads(done.stdout)
            if row["segment"] == "signalling link" and not row["from"].startswith("stp-")
        ]
        columns = ("isup.cic", "e164.called_party_number.digits", "isup.cause_indicator")
        columns += ("e164.calling_party_number.digits", "_ws.malformed", "_ws.expert.severity")
        read = subprocess.run(
            [
                *("tshark", "-n", "-r", str(file), "-T", "fields"),
                *(argument for column in columns for argument in ("-e", column)),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        seen = [tuple(line.split("\t")) for line in read.stdout.splitlines()]
        ours = [
            (
                value(row, "CIC"),
                value(row, "called"),
                value(row, "cause").split(" ")[0],
                value(row, "calling"),
                "",
                "",
            )
            for row in rows
        ]
        assert seen == ours


# Sites and equipment.


@pytest.mark.row("S2-80")
@pytest.mark.row("S2-94")
def test_the_topology_lists_every_numeral_of_figure_1(scene: Scene) -> None:
    network = json.loads(calleq("topology", "--json").stdout)
    listed = {(row["numeral"], row["what"]) for row in network["numerals"]}
    assert {numeral for numeral, _ in listed} == {
        *("22", "24", "26", "28", "30", "36", "38", "50", "52", "54", "55", "56", "56'", "56''"),
        *("58", "58'", "58''", "59", "62", "64", "65", "66", "67", "68", "70", "71", "72", "73"),
        *("74", "76", "80", "100"),
    }
    assert {numeral for numeral, what in listed if what == "customer premises"} == {
        *("22", "24", "26", "28")
    }
    for numeral, what in {
        "30": "internet",
        "50": "business site",
        "59": "remote business site",
        "62": "service switching point",
        "64": "service switching point",
        "66": "service switching point",
        "65": "mobile switching office",
        "67": "antenna",
        "68": "signal transfer point",
        "70": "signal transfer point",
        "71": "telephone network",
        "72": "internet access server",
        "74": "operational switching network",
        "76": "intelligent peripheral",
    }.items():
        assert (numeral, what) in listed
    table = calleq("topology").stdout
    assert all(numeral in table for numeral, *_ in numerals(load_topology()))


@pytest.mark.row("S2-87")
def test_no_pbx_is_needed_all_equipment_is_the_carriers(scene: Scene) -> None:
    """Every element that a completed call's messages touch is the carrier's or a telephone."""
    network = json.loads(calleq("topology", "--json").stdout)
    carrier = {one["name"] for one in network["switches"] + network["transfer_points"]}
    carrier |= {one["name"] for one in network["peripherals"]} | {network["access_server"]["name"]}
    assert "pbx" not in json.dumps(network).lower()
    for name in ("00", "06", "11", "hunted"):
        assert scene.told(name)["state"] == "completed"
        touched = {end for row in ladder(scene, name) for end in (row["from"], row["to"])}
        others = {end for end in touched - carrier if not end.startswith("telephone +")}
        assert others == {"business"}


# The end.


def test_ctrl_c_ends_the_network_cleanly_and_its_records_can_still_be_read(scene: Scene) -> None:
    call = scene.told("00")["call"]
    time.sleep(0.5)
    while_up = [scene.network.reads("cdr", "list"), scene.network.reads("trace", call)]
    assert scene.network.up.stop() == 0
    assert scene.network.up.errors == []
    assert "Traceback" not in "".join(scene.network.up.lines)
    assert [scene.network.reads("cdr", "list"), scene.network.reads("trace", call)] == while_up
    text = calleq("trace", "last", "--data", str(scene.network.data))
    assert text.returncode == 0
    assert text.stdout.startswith("call ")
    table = calleq("cdr", "show", call, "--data", str(scene.network.data))
    assert "completed" in table.stdout
