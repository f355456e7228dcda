"""One network in one process and in nine: `calleq run` with real sockets, clocks and captures.

The whole story is lived once (`story`), because real time is slow; each test then looks at one side
of it through the public commands. Nothing in a test reaches into a process.
"""

import contextlib
import json
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from calleq.trace.capture import read_capture
from tests.live import ROOT, LiveNetwork, Running, calleq
from tests.split_network import PROCESSES, SplitNetwork, free_base_port

CUSTOMER, REPRESENTATIVE = "+12125550100", "+12125550143"
XYZ_REPRESENTATIVE = "+12125550153"
REJECTING, DIAL_UP = "+12125550107", "+12125550110"
"""A telephone of another switch that turns every call away; a line whose computer is on-line."""
OWN_DOORS = ("ip-76", "ssp-62")
"""Some that are asked for calls on the internet themselves."""
NEIGHBOURS = ("ssp-62", "ip-76", "ssp-64")
"""Some that have a link to stp-68."""

Row = dict[str, Any]


@dataclass
class Story:
    """What happened, as its files and processes tell it."""

    one: pathlib.Path
    """The data directory of `calleq up`."""
    many: pathlib.Path
    """Everything that nine processes wrote, brought to one place."""
    machines: list[str]
    """Where they wrote it, on two machines; as options of commands."""
    in_one: str
    in_many: str
    """The same call in each."""
    before: str
    """A rejected call while both transfer points were there."""
    during: dict[str, Any]
    """The outcome of the call under way when stp-68 was killed."""
    after: str
    """The rejected call once more, without stp-68."""
    at_own_doors: dict[str, str]
    """A rejected call by the door of each element that has one of its own."""
    dial_up: dict[str, Any]
    lines: dict[str, list[str]]
    errors: dict[str, str]
    killed: int
    statuses: dict[str, int]


def ladder(data: pathlib.Path, call: str) -> list[Row]:
    """`calleq trace CALL --json`."""
    done = calleq("trace", call, "--data", str(data), "--json")
    assert done.returncode == 0, done.stderr
    rows: list[Row] = json.loads(done.stdout)
    return rows


def post(url: str, customer: str, rep: str, business: str, *options: str) -> Running:
    """`calleq call`, going on."""
    return Running(
        *("call", "--customer", customer, "--rep", rep, "--business", business),
        *("--password", f"{business}-demo", "--url", url, *options),
    )


def outcome(url: str, customer: str, rep: str, business: str) -> dict[str, Any]:
    """`calleq call … --json` to its end."""
    arguments = ["call", "--customer", customer, "--rep", rep, "--business", business, "--json"]
    done = calleq(*arguments, "--password", f"{business}-demo", "--url", url)
    ended: dict[str, Any] = json.loads(done.stdout)
    return ended


def reference_of(running: Running) -> str:
    """The call's reference, as `calleq call` prints it first."""
    return running.wait_for(r"^call (\w+)$")[1]


def hang_up(desk: str, number: str) -> None:
    answer = httpx.post(f"{desk}/telephones/{number.lstrip('+')}/hang-up", timeout=10)
    assert answer.status_code == 202, answer.text


def the_same_call(networks: Iterable[LiveNetwork | SplitNetwork]) -> list[str]:
    """In each network at once: the customer hangs up as soon as both are joined."""
    calls = [(post(n.url, CUSTOMER, REPRESENTATIVE, "abc"), n) for n in networks]
    references = [reference_of(running) for running, _ in calls]
    for running, network in calls:
        running.wait_for(r"  bridged$")
        hang_up(network.desk, CUSTOMER)
    for running, _ in calls:
        running.wait_for(r"^completed \(cause 16\)$")
        assert running.process.wait(timeout=10) == 0
    return references


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    directory = tmp_path_factory.mktemp("processes")
    many = SplitNetwork(directory / "many", "--talk", "30")
    try:
        with LiveNetwork(directory / "one", "--talk", "30") as one:
            shutil.copytree(one.data / "prompts", many.machines[0] / "prompts")
            many.start_voice()
            many.wait_until_ready()
            in_one, in_many = the_same_call((one, many))
        yield _trouble(one.data, many, in_one, in_many)
    finally:
        many.stop()


def _trouble(one: pathlib.Path, many: SplitNetwork, in_one: str, in_many: str) -> Story:
    """A transfer point dies in the middle of a call, and comes back."""
    before = outcome(many.url, REJECTING, XYZ_REPRESENTATIVE, "xyz")
    at_own_doors = {
        element: outcome(many.door(element), REJECTING, XYZ_REPRESENTATIVE, "xyz")["call"]
        for element in OWN_DOORS
    }
    talking = post(
        many.url, CUSTOMER, XYZ_REPRESENTATIVE, "xyz", "--talk", "1", "--desk", many.desk
    )
    during = reference_of(talking)
    dial_up = outcome(many.url, DIAL_UP, REPRESENTATIVE, "abc")
    talking.wait_for(r"agent \S+ rings$")
    killed = many.kill("stp-68")
    for element in NEIGHBOURS:
        many.running[element].wait_for(rf"{element}/stp-68 at {element}: out of service")
    after = outcome(many.url, REJECTING, XYZ_REPRESENTATIVE, "xyz")
    talking.wait_for(r"^completed \(cause 16\)$")
    many.start("stp-68").wait_for(r"^ready$")
    for element in NEIGHBOURS:
        many.running[element].wait_for(rf"{element}/stp-68 at {element}: in service$")
    statuses = many.stop()
    gathered = many.machines[0].parent / "gathered"
    for machine in many.machines:
        shutil.copytree(machine, gathered, dirs_exist_ok=True)
    record = calleq("cdr", "show", during, "--data", str(gathered), "--json")
    assert record.returncode == 0, record.stderr
    return Story(
        one=one,
        many=gathered,
        machines=[word for machine in many.machines for word in ("--data", str(machine))],
        in_one=in_one,
        in_many=in_many,
        before=before["call"],
        during=json.loads(record.stdout),
        after=after["call"],
        at_own_doors=at_own_doors,
        dial_up=dial_up,
        lines={name: running.said() for name, running in many.running.items()},
        errors={name: "".join(running.errors) for name, running in many.running.items()},
        killed=killed,
        statuses=statuses,
    )


TIMES_AND_REFERENCES = {"at us", "reference", "call", "events", "talk limit us"}
"""Calls have a price where all elements are in one process, and so may last as long as is paid."""


def essence(row: Row) -> tuple[str, ...]:
    """What a message says, without instants and without names given anew each time.

    A signalling unit carries neither, so its octets are compared as they are.
    """
    fields = {field["name"]: field["value"] for field in row["fields"]}
    told = [f"{name} {value}" for name, value in fields.items() if name not in TIMES_AND_REFERENCES]
    octets = row["octets"] if row["segment"] == "signalling link" else ""
    return (row["segment"], row["link"], row["from"], row["to"], row["message"], *told, octets)


def streams(rows: list[Row]) -> dict[tuple[str, ...], list[tuple[str, ...]]]:
    """What one element says to another about one leg or on one circuit, in order.

    Between streams the order is chance: two legs go on at the same time.
    """
    found = defaultdict(list)
    for row in rows:
        fields = {field["name"]: field["value"] for field in row["fields"]}
        leg = fields.get("leg", "") + fields.get("CIC", "")
        found[row["segment"], row["link"], row["from"], row["to"], leg].append(essence(row))
    return dict(found)


CAUSES = """
business server-72 POST /v1/calls
server-72 ssp-62 set_up_call
ssp-62 ip-76 set_up_call
ip-76 stp-68 IAM
stp-68 ssp-62 IAM
ssp-62 telephone +12125550100 SETUP
telephone +12125550100 ssp-62 ALERTING
ssp-62 stp-68 ACM
stp-68 ip-76 ACM
telephone +12125550100 ssp-62 CONNECT
ssp-62 stp-68 ANM
stp-68 ip-76 ANM
ip-76 server-72 announcement_started
ip-76 server-72 machine_verdict
ip-76 stp-68 IAM
stp-68 ssp-62 IAM
ssp-62 stp-70 IAM
stp-70 ssp-64 IAM
ssp-64 telephone +12125550143 SETUP
telephone +12125550143 ssp-64 ALERTING
ssp-64 stp-70 ACM
stp-70 ssp-62 ACM
ssp-62 stp-68 ACM
stp-68 ip-76 ACM
telephone +12125550143 ssp-64 CONNECT
ssp-64 stp-70 ANM
stp-70 ssp-62 ANM
ssp-62 stp-68 ANM
stp-68 ip-76 ANM
ip-76 server-72 whisper_started
ip-76 server-72 bridged
telephone +12125550100 ssp-62 DISCONNECT
ssp-62 stp-68 REL
stp-68 ip-76 REL
ip-76 stp-68 REL
stp-68 ssp-62 REL
ssp-62 stp-70 REL
stp-70 ssp-64 REL
ssp-64 telephone +12125550143 DISCONNECT
telephone +12125550143 ssp-64 RELEASE
ssp-64 telephone +12125550143 RELEASE COMPLETE
"""
"""The thread of the call: no line can come before the one above it, wherever the elements run."""


def thread(rows: list[Row]) -> list[str]:
    """The rows as lines of CAUSES, in the ladder's order; OSN progress by its event."""
    lines = []
    for row in rows:
        fields = {field["name"]: field["value"] for field in row["fields"]}
        what = fields["event"] if row["message"] == "call_progress" else row["message"]
        lines.append(f"{row['from']} {row['to']} {what}")
    return lines


def holds_in_order(lines: Iterable[str], wanted: Iterable[str]) -> str:
    """The first wanted line that does not come after the ones before it; empty: all do."""
    left = iter(lines)
    return next((line for line in wanted if line not in left), "")


def test_the_same_call_in_one_process_and_in_nine_gives_the_same_ladder(story: Story) -> None:
    one, many = ladder(story.one, story.in_one), ladder(story.many, story.in_many)
    assert not [row["error"] for row in one + many if row["error"]]
    assert streams(many) == streams(one)
    wanted = CAUSES.strip().splitlines()
    assert holds_in_order(thread(one), wanted) == ""
    assert holds_in_order(thread(many), wanted) == ""
    assert len(list(story.one.glob("*.capture"))) == 1
    # Every element process but the voice keeps its own journal and capture.
    assert len(list(story.many.glob("*.capture"))) == len(PROCESSES) - 1
    assert len(list(story.many.glob("*.journal"))) == len(PROCESSES) - 1


def test_the_record_of_nine_processes_says_what_one_says(story: Story) -> None:
    records = []
    for data, call in ((story.one, story.in_one), (story.many, story.in_many)):
        done = calleq("cdr", "show", call, "--data", str(data), "--json")
        assert done.returncode == 0, done.stderr
        records.append(json.loads(done.stdout))
    one, many = records
    assert many["state"] == one["state"] == "completed"
    told = ("leg", "attempt", "entity", "number", "cause", "location", "released_by")
    told += ("circuit", "route", "partial")
    legs = [[{key: leg[key] for key in told} for leg in record["legs"]] for record in records]
    assert legs[0] == legs[1]
    assert [(leg["leg"], leg["entity"], leg["released_by"]) for leg in legs[0]] == [
        ("customer", "ssp-62", "line"),
        ("agent", "ssp-64", "network"),
    ]


@pytest.mark.row("S2-95")
@pytest.mark.row("S2-81", part=True)
def test_the_set_up_instruction_crosses_the_osn_and_never_the_internet(story: Story) -> None:
    """The customer's and the business's side speak HTTP to server 72 and meet nothing else."""
    for data, call in ((story.one, story.in_one), (story.many, story.in_many)):
        rows = ladder(data, call)
        instructions = [row for row in rows if row["message"] == "set_up_call"]
        assert [(row["from"], row["to"], row["segment"]) for row in instructions] == [
            ("server-72", "ssp-62", "osn"),
            ("ssp-62", "ip-76", "osn"),
        ]
        internet = [row for row in rows if row["segment"] == "internet"]
        assert [(row["from"], row["to"], row["message"]) for row in internet] == [
            ("business", "server-72", "POST /v1/calls"),
            ("server-72", "business", "202"),
        ]
        crossed = b"".join(bytes.fromhex(row["octets"]) for row in internet)
        assert b"set_up_call" not in crossed
        assert b"representatives" not in crossed


@pytest.mark.row("S2-105", part=True)
@pytest.mark.parametrize("element", OWN_DOORS)
def test_a_door_of_an_element_in_a_process_of_its_own_has_the_authority_instruct_it(
    story: Story, element: str
) -> None:
    """What came in at the element's process is decided in the access server's, and no other
    equipment has a part in the call."""
    rows = ladder(story.many, story.at_own_doors[element])
    instructions = [row for row in rows if row["message"] == "set_up_call"]
    assert [(row["segment"], row["from"], row["to"]) for row in instructions] == [
        ("osn", f"{element}-internet", element)
    ]
    on_osn = {end for row in rows if row["segment"] == "osn" for end in (row["from"], row["to"])}
    assert on_osn == {element, f"{element}-internet"}
    assert {"internet", "circuit"} <= {row["segment"] for row in rows}
    listed = calleq("cdr", "list", "--data", str(story.many), "--json")
    states = {one["call"]: one["state"] for one in json.loads(listed.stdout)}
    assert states[story.at_own_doors[element]] == "customer_rejected"


def test_a_flipped_octet_in_a_capture_file_shows_in_the_ladder(
    story: Story, tmp_path: pathlib.Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(story.many, data, ignore=shutil.ignore_patterns("prompts"))
    honest = ladder(data, story.in_many)
    index = next(
        index
        for index, row in enumerate(honest)
        if (row["from"], row["to"], row["message"]) == ("ssp-62", "stp-70", "IAM")
    )
    octets = bytes.fromhex(honest[index]["octets"])
    digits = octets.index(bytes.fromhex("2121550541"))  # 12125550143, two digits to an octet
    path = data / "ssp-62.capture"
    assert octets in {captured.octets for captured in read_capture(path).captures}
    held = bytearray(path.read_bytes())
    held[held.index(octets) + digits] ^= 0x01
    path.write_bytes(held)
    flipped = ladder(data, story.in_many)
    assert [row for row in range(len(honest)) if flipped[row] != honest[row]] == [index]
    assert {"name": "called", "value": "02125550143"} in flipped[index]["fields"]
    shown = calleq("trace", story.in_many, "--data", str(data)).stdout
    assert shown.count("IAM  called 02125550143") == 1
    assert shown.count("IAM  called 12125550143") == 3


def printed(*arguments: str) -> Any:
    done = calleq(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refusal(*arguments: str) -> str:
    done = calleq(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    message: str = done.stderr
    return message


def test_what_two_machines_wrote_is_read_together(story: Story) -> None:
    together = ["--data", str(story.many)]
    assert any("ssp-62.journal" in path.name for path in pathlib.Path(story.machines[3]).iterdir())
    for call in (story.in_many, story.before, story.after):
        ladders = printed("trace", call, *story.machines)
        assert len(ladders) > 20
        assert ladders == printed("trace", call, *together)
    records = printed("cdr", "list", *story.machines)
    assert len(records) > 4
    assert records == printed("cdr", "list", *together)
    assert printed("cdr", "check", *story.machines) == []
    assert printed("rebuild", *story.machines)["calls"] == len(records)
    names = [one["journal"] for one in printed("journal", "check", *story.machines)]
    assert sorted(names) == sorted(path.stem for path in story.many.glob("*.journal"))


def test_records_are_not_made_of_half_a_network(story: Story, tmp_path: pathlib.Path) -> None:
    west, east = (pathlib.Path(one) for one in story.machines[1::2])
    for machine in (west, east):
        shutil.copytree(machine, tmp_path / machine.name, ignore=shutil.ignore_patterns("prompts"))
    west, east = tmp_path / "west", tmp_path / "east"
    (west / "records.sqlite").unlink(missing_ok=True)
    both = ("--data", str(west), "--data", str(east))
    assert printed("cdr", "list", *both)
    said = refusal("cdr", "list", "--data", str(west))
    assert "were made from the journal of ss" in said
    assert "name every data directory of the network with --data" in said
    said = refusal("rebuild", "--data", str(west))
    assert "the journals no longer hold all entries of ss" in said
    for path in west.glob("records.sqlite*"):
        path.unlink()
    assert printed("cdr", "list", "--data", str(west))
    with contextlib.closing(sqlite3.connect(west / "records.sqlite")) as connection, connection:
        connection.execute("UPDATE projection SET horizon_us = horizon_us + 3600000000")
    said = refusal("cdr", "list", *both)
    assert "is new here and begins before the records end" in said
    assert "Make them anew with `calleq rebuild`, naming every data directory" in said
    assert printed("rebuild", *both)["calls"] > 4
    assert printed("cdr", "check", *both) == []
    shutil.copy(east / "ssp-62.journal", west)
    said = refusal("trace", "last", *both)
    assert "ssp-62.journal are the journals of one process in two directories" in said
    assert refusal("cdr", "list", *both) == said


@pytest.mark.row("S2-97")
def test_signalling_between_switches_crosses_a_transfer_point_and_then_its_mate(
    story: Story,
) -> None:
    """The same call before and after the death of stp-68, from the captures alone."""
    before, after = ladder(story.many, story.before), ladder(story.many, story.after)
    points = {"stp-68", "stp-70"}
    for rows in (before, after, ladder(story.many, story.in_many)):
        signalling = [row for row in rows if row["segment"] == "signalling link"]
        assert signalling
        assert all(len({row["from"], row["to"]} & points) == 1 for row in signalling)
    crossed = [
        {end for row in rows for end in (row["from"], row["to"])} & points
        for rows in (before, after)
    ]
    assert "stp-68" in crossed[0]
    assert crossed[1] == {"stp-70"}
    switches = [
        [(row["from"], row["to"], row["message"]) for row in rows if row["from"] == "ssp-66"]
        for rows in (before, after)
    ]
    # The distant switch turned both calls away with the same words.
    assert [message for _, _, message in switches[0]] == [message for _, _, message in switches[1]]
    assert "REL" in {message for _, _, message in switches[1]}


def test_the_call_under_way_when_a_transfer_point_dies_ends_as_it_should(story: Story) -> None:
    assert story.during["state"] == "completed"
    assert [leg["cause"] for leg in story.during["legs"]] == [16, 16]
    assert story.killed == -9


def test_who_lives_says_what_died_and_what_came_back(story: Story) -> None:
    for element in NEIGHBOURS:
        wire = f"signalling link {element}/stp-68 at {element}: "
        lines = story.lines[element]
        told = [line.removeprefix(wire) for line in lines if line.startswith(wire)]
        since = told.index("in service") + 1
        assert told[since : since + 2] == ["out of service, tried again and again", "in service"]


def test_every_process_says_where_it_listens_and_then_that_it_is_ready(story: Story) -> None:
    listens = {
        "server-72": ["OSN of server-72", "front door"],
        "ssp-62": ["OSN of ssp-62", "subscriber lines of ssp-62"],
        "ssp-64": ["OSN of mtso-65", "subscriber lines of mtso-65", "subscriber lines of ssp-66"],
        "stp-68": ["signalling links of stp-68"],
        "stp-70": ["signalling links of stp-70"],
        "ip-76": ["OSN of ip-76"],
        "telephones": ["telephones' desk"],
        "voice": ["voice"],
    }
    for name, what in listens.items():
        lines = story.lines[name]
        head = lines[: lines.index("ready")]
        for place in what:
            assert [line for line in head if line.startswith(f"{place}: ")], (name, place, lines)


def test_ctrl_c_ends_every_process_with_status_0_and_nothing_on_standard_error(
    story: Story,
) -> None:
    assert story.statuses == dict.fromkeys(story.statuses, 0)
    assert len(story.statuses) == len(PROCESSES)
    assert story.errors == dict.fromkeys(story.errors, "")


def test_a_computer_that_dialled_before_its_switch_was_there_is_on_line(story: Story) -> None:
    """Its line is busy by its own call, which it began when nothing else was running."""
    assert story.dial_up["state"] == "customer_busy"
    assert [leg["cause"] for leg in story.dial_up["legs"]] == [17]


def test_an_address_that_is_taken_is_named_and_no_traceback_shown(tmp_path: pathlib.Path) -> None:
    base = free_base_port()
    options = ("--data", str(tmp_path), "--base-port", str(base))
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", base + 51))
        holder.listen()
        stp = calleq("run", "stp-68", *options)
    assert stp.returncode == 1
    assert f"cannot listen on 127.0.0.1:{base + 51}" in stp.stderr
    assert "--base-port" in stp.stderr
    assert "Traceback" not in stp.stderr


@pytest.mark.parametrize("stdin", ["closed", "null", "ended"])
def test_the_voice_process_needs_no_standard_input(tmp_path: pathlib.Path, stdin: str) -> None:
    command = [sys.executable, "-u", "-m", "calleq.cli.main", "run", "voice"]
    command += ["--data", str(tmp_path), "--base-port", str(free_base_port())]
    if stdin == "closed":
        command = ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *command]
    given = {"closed": None, "null": subprocess.DEVNULL, "ended": subprocess.PIPE}[stdin]
    voice = subprocess.Popen(
        command, cwd=ROOT, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert voice.stdout
        if voice.stdin:
            voice.stdin.close()
        assert voice.stdout.readline().startswith("voice: 127.0.0.1:")
        assert voice.stdout.readline() == "ready\n"
        assert voice.poll() is None
        voice.send_signal(2)
        assert voice.wait(timeout=10) == 0
        assert voice.stderr
        assert voice.stderr.read() == ""
    finally:
        voice.kill()
        voice.wait(timeout=10)
