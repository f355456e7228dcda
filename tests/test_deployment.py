"""Deployment without a process: what may be exposed, what is told, whether it is ready."""

import io
import json
import logging
import pathlib
import re
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import PlainTextResponse

from calleq.cli.exposure import door_certificates
from calleq.cli.failure import UsageError
from calleq.journal.entries import Dialled, LineAnswered, LineSeized
from calleq.network import Network
from calleq.operation.metrics import ProcessMetrics
from calleq.operation.standing import Standing
from calleq.runtime.durations import Durations
from calleq.topology import TopologyError, load_topology, parse_topology
from calleq.web.browser_headers import BrowserHeaders
from calleq.web.events import JsonLines, LoggingToEvents, shortened
from calleq.web.tls import ServerTls
from calleq.web.told import Told
from tests.asgi import client_of
from tests.certificates import make
from tests.deployed import topology_text
from tests.door import Door
from tests.virtual import VirtualNetwork

FILES = 'tls = { certificate = "door.pem", key = "door.key" }'


def loaded(directory: pathlib.Path, text: str) -> Any:
    path = directory / "network.toml"
    path.write_text(text)
    return load_topology(path)


# What may be reached from other machines


def test_a_door_beyond_loopback_needs_tls(tmp_path: pathlib.Path):
    for listen in ("0.0.0.0:8072", "192.0.2.1:8072", "[::]:8072"):
        topology = loaded(tmp_path, topology_text("", listen, demonstrate=False))
        with pytest.raises(UsageError, match=r"without TLS: give access_server\.tls a certificate"):
            door_certificates(topology, None)
        assert door_certificates(topology, frozenset(("ssp-64",))) == {}, "it is not opened here"


@pytest.mark.parametrize("listen", ["127.0.0.1:8072", "127.8.9.1:8072", "[::1]:8072"])
def test_a_door_of_this_machine_needs_none(tmp_path: pathlib.Path, listen: str):
    assert door_certificates(loaded(tmp_path, topology_text("", listen)), None) == {}


def test_no_demonstration_password_is_exposed(tmp_path: pathlib.Path):
    make(tmp_path, "door")
    topology = loaded(tmp_path, topology_text(FILES, "0.0.0.0:8072"))
    with pytest.raises(UsageError, match="demonstration passwords: abc, xyz"):
        door_certificates(topology, None)
    topology = loaded(tmp_path, topology_text(FILES, "0.0.0.0:8072", demonstrate=False))
    [tls] = door_certificates(topology, None).values()
    assert tls.subject == "CN=door"


def test_an_element_s_own_door_is_no_way_round(tmp_path: pathlib.Path):
    text = topology_text("", demonstrate=False)
    text, changed = re.subn(
        r'(\[peripherals\.internet\]\nlisten = ")127\.0\.0\.1:\d+', r"\g<1>0.0.0.0:8073", text
    )
    assert changed == 1
    topology = loaded(tmp_path, text)
    with pytest.raises(UsageError, match=r"the door of ip-76 .*0\.0\.0\.0:8073.* without TLS"):
        door_certificates(topology, None)


def test_a_certificate_that_cannot_be_used_is_said_before_anything_starts(tmp_path: pathlib.Path):
    topology = loaded(tmp_path, topology_text(FILES))
    with pytest.raises(UsageError, match=r"the front door: .*door\.pem: cannot be read"):
        door_certificates(topology, None)


@pytest.mark.parametrize(
    ("tls", "said"),
    [
        ('tls = { certificate = "a" }', "access_server.tls.key: is needed beside certificate"),
        ('tls = { key = "a" }', "access_server.tls.certificate: is needed beside key"),
        ('tls = { client_authorities = "a" }', "access_server.tls.certificate: is needed before"),
    ],
)
def test_keys_of_tls_that_do_not_fit(tls: str, said: str):
    with pytest.raises(TopologyError, match=said):
        parse_topology(topology_text(tls), "network.toml")


# What is told


def lines_of(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_whatever_stands_in_it():
    stream = io.StringIO()
    log = JsonLines(lambda: "now", stream=stream)
    evil = 'x\n{"event":"call_accepted"}\r\n\x1b[31m\u2028'
    log.tell("request", "warning", path=evil, status=200, empty="", absent=None, ok=True)
    [line] = stream.getvalue().splitlines()
    assert json.loads(line) == {
        "at": "now",
        "level": "warning",
        "event": "request",
        "path": evil,
        "status": 200,
        "ok": True,
    }
    log.tell("request", path="a" * 5_000)
    assert len(str(lines_of(stream)[1]["path"])) == 1_000


def test_numbers_are_shortened_unless_asked_for_in_full():
    texts = {
        "+12125550100": "+121…00",
        "to +442079460000, then": "to +442…00, then",
        "/v1/businesses/abc/numbers/+12125550100": "/v1/businesses/abc/numbers/+121…00",
        "/v1/numbers/%2B12125550100": "/v1/numbers/%2B121…00",
        "sip:+12125550100@example.com": "sip:+121…00@example.com",
        "2026-11-22T10:00:00+01:00": "2026-11-22T10:00:00+01:00",
        "01M80BC5ZD17XRM057C526054A": "01M80BC5ZD17XRM057C526054A",
    }
    for text, short in texts.items():
        assert shortened(text) == short
    stream = io.StringIO()
    JsonLines(lambda: "now", full_numbers=True, stream=stream).tell("x", number="+12125550100")
    assert lines_of(stream)[0]["number"] == "+12125550100"


def test_a_collector_that_is_gone_stops_nothing():
    stream = io.StringIO()
    log = JsonLines(lambda: "now", stream=stream)
    stream.close()
    log.tell("request")
    assert stream.closed


def test_a_request_is_told_with_its_id_its_call_and_why_it_was_refused():
    stream = io.StringIO()
    door = Door()
    app = Told(door.surface.app, JsonLines(lambda: "now", stream=stream), "server-72")
    http = client_of(app)
    call = door.place()
    http.get(f"/v1/calls/{call}?secret=x", headers={"authorization": "Bearer cq_no"})
    http.get("/v1/calls/x")
    http.get("/nowhere")
    first, second, third = lines_of(stream)
    assert {name: first[name] for name in ("status", "call", "reason", "request_id", "path")} == {
        "status": 401,
        "call": call,
        "reason": "unknown_credential",
        "request_id": "request-1",
        "path": f"/v1/calls/{call}",
    }
    assert (second["reason"], third["status"]) == ("no_credential", 404)


@pytest.mark.parametrize("tls", [True, False])
def test_every_answer_tells_a_browser_to_make_nothing_of_it(tls: bool):
    http = client_of(BrowserHeaders(Door().surface.app, tls=tls))
    for path in ("/health", "/v1/calls/x", "/nowhere", "/openapi.json"):
        headers = http.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["referrer-policy"] == "no-referrer"
        assert ("strict-transport-security" in headers) == tls


def test_a_page_s_own_policy_is_left_as_it_is():
    own = PlainTextResponse("x", headers={"content-security-policy": "default-src 'self'"})
    headers = client_of(BrowserHeaders(own, tls=False)).get("/").headers
    assert headers.get_list("content-security-policy") == ["default-src 'self'"]


# How a process stands


@pytest.fixture(scope="module")
def network() -> Network:
    return VirtualNetwork().network


def test_ready_while_it_can_do_what_it_promises(network: Network):
    clock: Any = SimpleNamespace(now_us=lambda: 0)

    def reasons(**more: Any) -> tuple[str, ...]:
        view = Standing(network=network, clock=clock, **more).view()
        assert (view.status == "ready") == (not view.reasons)
        return view.reasons

    assert reasons() == ()
    assert reasons(draining=lambda: True) == ("draining",)
    assert reasons(journal_failure=lambda: "the disk failed") == ("journal_not_writable",)
    assert reasons(reaches=lambda element: False) == ("no_equipment_reachable",)
    one_left = [door.instructs for door in network.doors.values()][-1]
    assert reasons(reaches=lambda element: element == one_left) == (), "another can be instructed"


def test_metrics_are_what_prometheus_reads(network: Network, tmp_path: pathlib.Path):
    made = make(tmp_path, "door")
    tls = ServerTls("front door", made.path, made.key)
    flushes = Durations((1_000, 10_000))
    for duration_us in (500, 1_000, 5_000, 50_000):
        flushes.note(duration_us)
    written = {
        ("ip-76", Dialled): 5,
        ("ssp-62", LineSeized): 4,
        ("ssp-62", LineAnswered): 3,
    }
    clock: Any = SimpleNamespace(now_us=lambda: 0)
    standing = Standing(
        network=network,
        clock=clock,
        certificates={"server-72": tls},
        flushes=flushes,
        written=written,
        outstanding=lambda: 7,
    )
    text = ProcessMetrics(standing).text().decode()
    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }

    def value(name: str, **labels: str) -> float:
        return found[(name, *sorted(labels.items()))]

    assert value("calleq_line_seizures_total", element="ssp-62") == 4
    assert value("calleq_line_answers_total", element="ssp-62") == 3
    assert value("calleq_dial_attempts_total", element="ip-76") == 5
    assert value("calleq_journal_flush_seconds_bucket", le="0.001") == 2
    assert value("calleq_journal_flush_seconds_bucket", le="+Inf") == 4
    assert value("calleq_journal_flush_seconds_sum") == pytest.approx(0.0565)
    assert value("calleq_journal_outstanding_entries") == 7
    expiry = value("calleq_certificate_expiry_timestamp_seconds", door="front door")
    assert expiry == round(made.certificate.not_valid_after_utc.timestamp())
    assert value("calleq_ready") == 1
    assert value("calleq_password_verifications_waiting") == 0
    assert value("calleq_queue_length", queue="messages_in_work", element="server-72") == 0
    assert value("calleq_circuits", exchange="ip-76", group="76-62", state="idle") == 60
    for name, *_ in found:
        assert name.startswith(("calleq_", "process_", "python_")), name


def test_no_label_tells_of_anybody(network: Network):
    clock: Any = SimpleNamespace(now_us=lambda: 0)
    text = ProcessMetrics(Standing(network=network, clock=clock)).text().decode()
    labels = {
        name
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for name in sample.labels
    }
    assert labels.isdisjoint({"business", "number", "customer", "call", "peer", "credential"})


def test_what_libraries_log_is_told_too():
    stream = io.StringIO()
    handler = LoggingToEvents(JsonLines(lambda: "now", stream=stream))
    logger = logging.Logger("a.library")
    logger.addHandler(handler)
    logger.info("chatter")
    logger.warning("the peer %s\nbroke off", "+12125550100")
    try:
        raise RuntimeError("of ours")
    except RuntimeError:
        logger.exception("a request met a defect")
    warned, failed = lines_of(stream)
    assert (warned["level"], warned["message"]) == ("warning", "the peer +121…00\nbroke off")
    assert failed["level"] == "error"
    assert "RuntimeError: of ours" in str(failed["traceback"])
