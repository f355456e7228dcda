"""The doors of `calleq up` against strangers, a line taken by data, and commands used wrongly."""

import pathlib
import shlex
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from calleq.cli.main import build_parser, main
from calleq.journal.entries import Refused
from calleq.journal.reading import read_data
from calleq.lines import q931
from calleq.lines.messages import Setup
from calleq.lines.radio import is_radio
from calleq.osn.messages import SetUpCall, encode
from calleq.runtime.tap import Segment
from calleq.ss7 import mtp3_codec
from calleq.ss7.isup import codec as isup_codec
from calleq.ss7.isup.messages import Iam
from calleq.ss7.mtp3 import SERVICE_ISUP
from calleq.topology import figure1_path
from tests.live import CALL_WITHIN_S, LiveNetwork, calleq

REP = "+12125550143"
CUSTOMER = "+12125550100"
ON_LINE = "+12125550110"
PROVIDER = "+12125550190"

SUSPENDED = """
[[businesses]]
identifier = "idle"
name = "Idle Company"
password = "idle-demo"
number = "+12125550160"
active = false
"""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveNetwork]:
    """Figure 1 with a business more, whose subscription is suspended."""
    folder = tmp_path_factory.mktemp("surfaces")
    file = folder / "network.toml"
    file.write_text(figure1_path().read_text("utf-8") + SUSPENDED, "utf-8")
    with LiveNetwork(folder / "data", "--network", str(file), "--talk", "1") as network:
        yield network


def message(**changes: Any) -> dict[str, Any]:
    return {
        "business_id": "abc",
        "password": "abc-demo",
        "customer_number": CUSTOMER,
        "representative_number": REP,
        **changes,
    }


QUIET_WITHIN_S = 30.0


def seen_on(network: LiveNetwork, segment: Segment) -> list[bytes]:
    return [one.octets for one in network.captures() if one.segment is segment]


def wait_until_on_line(network: LiveNetwork) -> None:
    """Computers dial in by themselves when a network is started: until they have."""
    deadline_s = time.monotonic() + QUIET_WITHIN_S
    before: list[bytes] | None = None
    while before != (now := seen_on(network, Segment.SIGNALLING_LINK)):
        assert time.monotonic() < deadline_s, "the links do not come to rest"
        before = now
        time.sleep(1.0)


# Strangers.


def listening_ports(network: LiveNetwork) -> set[int]:
    """Every TCP port on which the network's processes listen, as the kernel has it."""
    pids = {network.up.process.pid}
    tree: dict[int, int] = {}
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        tree[int(status.parent.name)] = int(after_name[1])
    for _ in range(len(tree)):
        pids |= {child for child, parent in tree.items() if parent in pids}
    sockets = set()
    for pid in pids:
        for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            try:
                sockets.add(str(link.readlink()))
            except OSError:
                continue
    ports = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in pathlib.Path(table).read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == "0A" and f"socket:[{columns[9]}]" in sockets:
                ports.add(int(columns[1].rpartition(":")[2], 16))
    return ports


INSTRUCTION = encode(
    SetUpCall(
        call="01KE6P4ZK8CRN1KHA0F770ADTP",
        business="abc",
        business_name="ABC Company",
        business_number="+12125550140",
        customer=CUSTOMER,
        representative=REP,
        representatives=(REP,),
        hunt=True,
        dial_first="customer",
        detect_machine=False,
        ring_limit_us=30_000_000,
        answer_to="server-72",
    )
)
POST = b"POST /v1/calls HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
GARBAGE = [
    b"\x00" * 64,
    bytes(range(256)) * 8,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x5a" * 500,
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"INVITE sip:ssp-62@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP x\r\nContent-Length: 0\r\n\r\n",
    b"\x01\x00\x0b\x01\x00\x00\x00\x11" + b"\x00" * 9,
    INSTRUCTION,
    len(INSTRUCTION).to_bytes(4, "big") + INSTRUCTION,
    POST + b"%d\r\n\r\n" % len(INSTRUCTION) + INSTRUCTION,
    POST + b"99999999999\r\n\r\n{",
]


def poke(port: int, octets: bytes) -> None:
    """Send to a port and read what comes until it is silent or closes."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as stranger:
            stranger.settimeout(0.2)
            stranger.sendall(octets)
            stranger.shutdown(socket.SHUT_WR)
            while stranger.recv(65_536):
                pass
    except OSError:
        return


@pytest.mark.row("S2-103")
def test_no_stranger_puts_anything_on_the_osn(network: LiveNetwork) -> None:
    """Every port that the network listens on is found, poked and asked without a password.

    Nobody else's capture shows anything; a message with the password right after does.
    """
    front, desk = (int(url.rpartition(":")[2]) for url in (network.url, network.desk))
    ports = listening_ports(network) if pathlib.Path("/proc/net/tcp").exists() else {front, desk}
    assert {front, desk} <= ports
    wait_until_on_line(network)
    osn_before = seen_on(network, Segment.OSN)
    links_before = seen_on(network, Segment.SIGNALLING_LINK)
    pokes = [
        threading.Thread(target=poke, args=(port, octets)) for port in ports for octets in GARBAGE
    ]
    for one in pokes:
        one.start()
    for one in pokes:
        one.join()
    for body in (
        message(password="abc-demp"),
        message(business_id="nobody"),
        message(password=""),
        {key: value for key, value in message().items() if key != "password"},
        {**message(), "kind": "set_up_call"},
        INSTRUCTION,
        b"",
        b"[" * 5_000,
    ):
        assert 400 <= network.post(body).status_code < 500
    assert seen_on(network, Segment.OSN) == osn_before
    assert seen_on(network, Segment.SIGNALLING_LINK) == links_before
    accepted = network.post(message())
    assert accepted.status_code == 202
    assert network.follow(accepted.json()["call"])["state"] == "completed"
    assert len(seen_on(network, Segment.OSN)) > len(osn_before)


@pytest.mark.row("S2-104")
def test_a_subscriber_is_passed_on_and_others_hear_one_reason(network: LiveNetwork) -> None:
    """Non-subscriber, bad password, suspended: distinct in the journal, the same outside."""
    refused = {
        "unknown_business": message(business_id="nobody"),
        "bad_password": message(password="guess"),
        "suspended": message(business_id="idle", password="idle-demo"),
    }
    before = len(refusals(network))
    osn = seen_on(network, Segment.OSN)
    told = []
    for body in refused.values():
        answer = network.post(body)
        problem = answer.json()
        problem.pop("request_id")
        told.append((answer.status_code, problem, answer.headers["content-type"]))
    assert told[0] == told[1] == told[2]
    assert told[0][0] == 401
    deadline = time.monotonic() + 10
    while len(refusals(network)) < before + 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert [one.reason for one in refusals(network)[before:]] == list(refused)
    assert seen_on(network, Segment.OSN) == osn
    accepted = network.post(message(customer_number="+12125550101"))
    call = accepted.json()["call"]
    assert network.follow(call)["state"] == "customer_busy"
    rows: list[dict[str, str]] = []
    while not any(row["segment"] == "osn" for row in rows):  # a capture is written now and then
        assert time.monotonic() < deadline + CALL_WITHIN_S
        rows = network.reads("trace", call)
    first = next(row for row in rows if row["segment"] == "osn")
    assert (first["from"], first["to"], first["message"]) == ("server-72", "ssp-62", "set_up_call")


def refusals(network: LiveNetwork) -> list[Refused]:
    return [one.entry for one in read_data(network.data) if isinstance(one.entry, Refused)]


# A line taken by data.


@pytest.mark.row("S2-83")
def test_a_dial_up_session_occupies_its_line_through_the_network(network: LiveNetwork) -> None:
    """The computer's call to its provider: diary, line, links; busy while it lasts, not after."""
    captures = network.captures()
    setups = [
        (one.link, one.sender, set_up.called.lstrip("+"))
        for one in captures
        if one.segment is Segment.CIRCUIT
        and not is_radio(one.octets)
        and isinstance(set_up := q931.decode(one.octets), Setup)
        and set_up.called.lstrip("+") == PROVIDER.lstrip("+")
    ]
    assert setups[:2] == [
        (f"line:{ON_LINE}", f"telephone {ON_LINE}", PROVIDER[1:]),
        (f"line:{PROVIDER}", "ssp-66", PROVIDER[1:]),
    ]
    iams = [
        (one.sender, sent.called.digits)
        for one in captures
        if one.segment is Segment.SIGNALLING_LINK
        and (unit := mtp3_codec.decode(one.octets)).service == SERVICE_ISUP
        and isinstance(sent := isup_codec.decode(unit.payload), Iam)
    ]
    assert ("ssp-62", PROVIDER[1:]) in iams
    lived = [(entry["event"], entry["detail"]) for entry in network.diary(ON_LINE)]
    assert ("dials", PROVIDER) in lived
    assert network.telephone(ON_LINE)["state"] == "Talking"
    assert network.telephone(PROVIDER)["state"] == "Talking"
    busy = network.follow(network.post(message(customer_number=ON_LINE)).json()["call"])
    assert (busy["state"], busy["cause"]) == ("customer_busy", 17)
    assert "rings" not in [entry["event"] for entry in network.diary(ON_LINE)]
    # Off-line for the second until its computer dials again, the same line can be called.
    hang_up(network, ON_LINE)
    call = network.post(message(customer_number=ON_LINE)).json()["call"]
    network.wait_for_event(call, "ringing")
    hang_up(network, ON_LINE)
    assert network.follow(call)["state"] == "customer_rejected"


def hang_up(network: LiveNetwork, number: str) -> None:
    answer = httpx.post(f"{network.desk}/telephones/{number[1:]}/hang-up", timeout=10)
    assert answer.status_code == 202, answer.text


# Commands used wrongly.


def assert_one_line(done: Any, status: int, *words: str) -> None:
    """One line that says what is wrong; a line more for each field at fault."""
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "fault of calleq's own" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if not line.startswith("  /")]
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("calleq")
    for word in words:
        assert word in lines[0]


CALL = ("call", "--customer", CUSTOMER, "--rep", REP, "--business", "abc")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (("--customer", "123"), ("customer_number",)),
        (("--customer", "+1 212 555 0100 ext. 5"), ("customer_number",)),
        (("--customer", ""), ("customer_number",)),
        (("--rep", "+999"), ("representative_number",)),
        (("--password", "guess"), ("not accepted",)),
        (("--business", "nobody"), ("not accepted",)),
        (("--business", "idle", "--password", "idle-demo"), ("not accepted",)),
    ],
)
def test_a_message_that_the_door_refuses_is_one_line(
    network: LiveNetwork, changes: tuple[str, ...], words: tuple[str, ...]
) -> None:
    done = calleq(*CALL, "--password", "abc-demo", "--url", network.url, *changes)
    assert_one_line(done, 1, *words)


def test_a_port_that_is_taken_is_one_line(network: LiveNetwork, tmp_path: pathlib.Path) -> None:
    port = network.url.rpartition(":")[2]
    shutil.copytree(network.data / "prompts", tmp_path / "other" / "prompts")
    done = calleq("up", "--data", str(tmp_path / "other"), "--port", port)
    assert_one_line(done, 1, port, "--port")


def test_a_data_directory_in_use_is_one_line(network: LiveNetwork) -> None:
    assert_one_line(calleq("up", "--data", str(network.data), "--port", "0"), 1, "journal")


BAD = [
    (2, "topology --network absent.toml", ("absent.toml",)),
    (2, "topology --network unknown.toml", ("unknown.toml", "colour")),
    (2, "topology --network wrong.toml", ("wrong.toml", "switches[0].point_code")),
    (2, "topology --network broken.toml", ("broken.toml", "TOML")),
    (2, "topology --network binary.toml", ("binary.toml",)),
    (2, "up --network absent.toml", ("absent.toml",)),
    (2, "up --talk -1", ("--talk",)),
    (2, "up --talk nan", ("--talk",)),
    (2, "up --talk 1e9", ("--talk",)),
    (2, "up --port 65536", ("--port", "65535")),
    (2, "up --port -1", ("--port", "65535")),
    (2, "up --desk-port 70000", ("--desk-port", "65535")),
    (2, "run nobody", ("nobody", "ssp-62")),
    (2, "run voice ssp-62", ("voice",)),
    (2, "run ssp-62 --base-port 80", ("--base-port",)),
    (1, " ".join(CALL) + " --password x --url http://127.0.0.1:9", ("127.0.0.1:9",)),
    (1, " ".join(CALL) + " --password x --url nonsense", ("nonsense",)),
    (2, " ".join(CALL) + " --password x --talk 0", ("--talk",)),
    (2, " ".join(CALL) + " --password x --talk 3 --desk http://127.0.0.1:9", ("--desk",)),
    (2, "cdr list --data absent", ("absent", "--data")),
    (2, "cdr show last --data absent", ("absent", "--data")),
    (2, "trace last --data absent", ("absent", "--data")),
    (1, "cdr show last --data empty", ("no call",)),
    (1, "trace 01KAJ3T8Q6S7XG3WQ0V9J5N2ZR --data empty", ("01KAJ3T8Q6S7XG3WQ0V9J5N2ZR",)),
    (1, "cdr list --data damaged", ("damaged",)),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Where the files of `BAD` lie."""
    folder = tmp_path_factory.mktemp("bad")
    text = figure1_path().read_text("utf-8")
    (folder / "unknown.toml").write_text('colour = "red"\n' + text, "utf-8")
    (folder / "wrong.toml").write_text(text.replace('"2-62-1"', "5"), "utf-8")
    (folder / "broken.toml").write_text("name = [", "utf-8")
    (folder / "binary.toml").write_bytes(b"\xff\xfe\x00name")
    (folder / "empty").mkdir()
    (folder / "damaged").mkdir()
    (folder / "damaged" / "network.journal").write_bytes(b"this is no journal at all" * 9)
    return folder


@pytest.mark.parametrize(("status", "command", "words"), BAD)
def test_a_command_used_wrongly_says_so_in_one_line(
    folder: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    status: int,
    command: str,
    words: tuple[str, ...],
) -> None:
    """Exit status 2 for wrong use, 1 for what did not succeed; the line names what was wrong."""
    monkeypatch.chdir(folder)
    try:
        returned = main(shlex.split(command))
    except SystemExit as left:
        returned = left.code
    printed, errors = capfd.readouterr()
    assert (returned, printed) == (status, ""), errors
    assert "Traceback" not in errors
    assert "fault of calleq's own" not in errors
    said = [line for line in errors.splitlines() if not line.startswith(("usage:", " "))]
    assert len(said) == 1, errors
    assert said[0].startswith("calleq")
    for word in words:
        assert word in said[0]


def test_a_command_that_is_none_is_told_so_by_the_program_itself() -> None:
    for command in ((), ("nonsense",), ("call",), ("cdr",), ("bench", "nonsense")):
        done = calleq(*command)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr
        assert done.stderr.splitlines()[-1].startswith("calleq")


COMMANDS = (
    *("", "demo", "up", "run", "call", "trace", "cdr", "cdr list", "cdr show"),
    *("topology", "bench"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_shows_an_example_that_can_be_typed(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main([*command.split(), "--help"])
    assert left.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    example = text.rpartition("example: ")[2]
    words = shlex.split(example)
    assert words[0] == "calleq"
    assert words[1 : 1 + len(command.split())] == command.split()
    build_parser().parse_args(words[1:])
