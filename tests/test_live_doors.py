"""`calleq up` and its three doors, over real sockets: each takes both messages, none lets more in.

The network runs once for all tests here, because real time is slow.
"""

import contextlib
import functools
import json
import pathlib
import re
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from calleq.journal.entries import Accepted, Dialled, Refused
from calleq.journal.reading import read_data
from calleq.runtime.tap import Segment
from calleq.topology import figure1_path
from tests.door_scenes import ADDRESSES, DOORS, INNER, PAGE, PERIPHERAL, SERVER, SWITCH
from tests.live import LiveNetwork, at_once
from tests.test_doors_inside import CALL, forgeries
from tests.test_live_surfaces import GARBAGE, listening_ports, poke

CUSTOMERS = {SERVER: "+12125550100", PERIPHERAL: "+12125550111", SWITCH: "+12125550106"}
REPRESENTATIVES = {
    SERVER: ("abc", "sales", "+12125550143"),
    PERIPHERAL: ("abc", "service", "+12125550144"),
    SWITCH: ("xyz", "cruise-expert", "+12125550153"),
}
FORGED = 3_400
"""To each of three doors, over real connections; ten thousand in all."""
ORIGIN = "https://www.abc.example"
PATIENCE_S = 60.0
"""Of a stranger; the machine of a test may be busy."""
REST_S, REST_TURNS = 2.0, 15
BATCH = 100
"""Requests that are sent before the first answer is read."""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveNetwork]:
    """Figure 1, where nobody is slow to answer, and the pages of ABC Company are known."""
    folder = tmp_path_factory.mktemp("doors")
    file = folder / "network.toml"
    text = figure1_path().read_text("utf-8").replace('behaviour = "slow"', "")
    text = text.replace('password = "abc-demo"', f'password = "abc-demo"\norigins = ["{ORIGIN}"]')
    file.write_text(text, "utf-8")
    with LiveNetwork(folder / "data", "--network", str(file), "--talk", "1") as network:
        yield network


@pytest.fixture(scope="module")
def urls(network: LiveNetwork) -> dict[str, str]:
    said = json.loads((network.data / "listening.json").read_text())
    return {SERVER: said["front door"]} | {name: said[f"door of {name}"] for name in INNER}


def crossed(network: LiveNetwork, *segments: Segment) -> list[bytes]:
    return [one.octets for one in network.captures() if one.segment in segments]


def at_rest(network: LiveNetwork, *segments: Segment) -> list[bytes]:
    """The same when nothing has crossed for a while: dial-up computers are on-line by then."""
    seen = crossed(network, *segments)
    for _ in range(REST_TURNS):
        time.sleep(REST_S)
        again = crossed(network, *segments)
        if again == seen:
            return seen
        seen = again
    raise AssertionError("the network does not come to rest")


def inside(network: LiveNetwork) -> list[bytes]:
    """What crossed the OSN, or passed between an element and its own door."""
    return crossed(network, Segment.OSN, Segment.INSIDE)


def followed(url: str, path: str, business: str, body: dict[str, Any]) -> dict[str, Any]:
    """Post a message and follow its call to the end at the same door."""
    credentials = (business, f"{business}-demo")
    with httpx.Client(base_url=url, auth=credentials, timeout=30) as client:
        accepted = client.post(path, json=body)
        assert accepted.status_code == 202, accepted.text
        call = accepted.json()["call"]
        seen: list[dict[str, Any]] = []
        while not any(one["event"] == "ended" for one in seen):
            page = client.get(f"/v1/calls/{call}/events", params={"after": len(seen), "wait": 20})
            assert page.status_code == 200, page.text
            seen += page.json()["events"]
        view: dict[str, Any] = client.get(f"/v1/calls/{call}").json()
    return {**view, "told": [one["event"] for one in seen]}


def placed(url: str, element: str, figure: int) -> dict[str, Any]:
    business, identifier, telephone = REPRESENTATIVES[element]
    body = {
        "equipment_address": ADDRESSES[element],
        "business_id": business,
        "customer_number": CUSTOMERS[element],
    }
    if figure == 8:
        body |= {"password": f"{business}-demo", "representative_number": telephone}
        return followed(url, "/v1/calls", business, body)
    asked = {**body, "representative": identifier, "web_page": PAGE, "note": "größer?"}
    return followed(url, "/v1/direct-calls", business, asked)


@pytest.mark.row("S2-103")
@pytest.mark.row("S2-107")
def test_a_scan_and_forged_messages_leave_nothing_on_the_osn(
    network: LiveNetwork, urls: dict[str, str]
) -> None:
    """Every port that the network listens on is connected to, poked, and left half open; a TLS
    hello and ten thousand forged messages go to each door. A good message right after gets in."""
    ports = {name: urlsplit(url).port or 0 for name, url in urls.items()}
    found = listening_ports(network) if pathlib.Path("/proc/net/tcp").exists() else set()
    assert set(ports.values()) <= (found or set(ports.values()))
    quiet = (Segment.OSN, Segment.INSIDE, Segment.CIRCUIT)
    before = at_rest(network, *quiet)
    half_open = [connect(port) for port in (found or ports.values())]
    for stranger in half_open:
        stranger.sendall(b"POST /v1/calls HTTP/1.1\r\nHost: x\r\nContent-Le")
    pokes = [
        threading.Thread(target=poke, args=(port, octets))
        for port in (found or ports.values())
        for octets in GARBAGE
    ]
    for one in pokes:
        one.start()
    for one in pokes:
        one.join()
    for name, port in ports.items():
        with pytest.raises((ssl.SSLError, OSError)):
            ssl.create_default_context().wrap_socket(connect(port), server_hostname=name)
        answers = forged(name, port)
        assert sum(answers.values()) >= FORGED
        assert all(400 <= status < 500 or status in (501, 503) for status in answers), answers
    for stranger in half_open:
        stranger.close()
    assert crossed(network, *quiet) == before
    accepted = httpx.post(
        f"{urls[SWITCH]}/v1/calls",
        json={
            "business_id": "abc",
            "password": "abc-demo",
            "customer_number": "+12125550107",
            "representative_number": "+12125550143",
        },
    )
    assert accepted.status_code == 202, accepted.text
    call = accepted.json()["call"]
    rejected = followed_view(urls[SWITCH], call)
    assert rejected["state"] == "customer_rejected"
    assert crossed(network, Segment.INSIDE) != []


def connect(port: int) -> socket.socket:
    stranger = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    stranger.settimeout(PATIENCE_S)
    return stranger


def forged(element: str, port: int) -> Counter[int]:
    """Send the forged messages over one connection after another; the statuses of the answers."""
    kinds = [
        (body, f"/v1/{'direct-calls' if figure == 9 else 'calls'}")
        for body, figure, _ in forgeries(element)[:8]
    ]
    kinds.append((b'{"number":"+12125550100"}', f"/v1/calls/{CALL}/parties"))
    requests = [
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
        for body, path in kinds
    ]
    statuses: Counter[int] = Counter()
    sent = 0
    while sent < FORGED:
        with connect(port) as stranger:
            while sent < FORGED:
                batch = [requests[(sent + place) % len(requests)] for place in range(BATCH)]
                with contextlib.suppress(ConnectionError):  # closed: what was answered counts
                    stranger.sendall(b"".join(batch))
                heard = answers_of(stranger, BATCH)
                statuses.update(heard)
                sent += len(heard)
                assert heard, "a door answers, whatever it is sent"
                if len(heard) < BATCH:
                    break  # the door closed the connection: another one
    return statuses


def answers_of(stranger: socket.socket, count: int) -> list[int]:
    """The statuses of so many answers, or of those that came before the connection ended."""
    octets = b""
    while octets.count(b"HTTP/1.1 ") < count or not octets.endswith(b"}"):
        try:
            more = stranger.recv(262_144)
        except ConnectionError:
            break
        if not more:
            break
        octets += more
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3})", octets)]


def followed_view(url: str, call: str) -> dict[str, Any]:
    with httpx.Client(base_url=url, auth=("abc", "abc-demo"), timeout=30) as client:
        while True:
            view: dict[str, Any] = client.get(f"/v1/calls/{call}").json()
            if view["final"]:
                return view
            client.get(f"/v1/calls/{call}/events", params={"after": view["events"], "wait": 10})


@pytest.mark.row("S2-105")
@pytest.mark.row("S2-102", part=True)
@pytest.mark.row("S2-106", part=True)
@pytest.mark.row("S2-47")
@pytest.mark.row("S2-46", part=True)
def test_each_door_takes_messages_of_both_figures(
    network: LiveNetwork, urls: dict[str, str]
) -> None:
    """Three at once by figure 8, as from web servers, then three by figure 9, as from pages."""
    stories = []
    for figure in (8, 9):
        views = at_once(*(functools.partial(placed, urls[name], name, figure) for name in DOORS))
        for name, view in zip(DOORS, views, strict=True):
            assert view["state"] == "completed", view
            numbers = [leg["number"] for leg in view["legs"]]
            assert numbers == [CUSTOMERS[name], REPRESENTATIVES[name][2]]
            assert "bridged" in view["told"]
            assert (view["note"] == "größer?") == (figure == 9)
        stories.append([view["told"] for view in views])
    assert stories[0] == stories[1]
    entries = read_data(network.data)
    accepted = [s.entry for s in entries if isinstance(s.entry, Accepted)]
    doors = Counter((entry.door, entry.figure) for entry in accepted)
    assert all(doors[INNER.get(name, name), 9] == 1 for name in DOORS)
    made_by = {s.entry.call: s.entity for s in entries if isinstance(s.entry, Dialled)}
    by_door = {entry.door: made_by[entry.call] for entry in accepted}
    assert by_door == {
        SERVER: PERIPHERAL,
        INNER[PERIPHERAL]: PERIPHERAL,
        INNER[SWITCH]: SWITCH,
    }
    records = {one["call"]: one for one in network.records()}
    for entry in accepted:
        if entry.figure == 9:
            assert records[entry.call]["state"] == "completed"
            assert records[entry.call]["business"] == entry.business


@pytest.mark.row("S2-29", part=True)
@pytest.mark.row("S2-19", part=True)
def test_a_message_is_refused_at_another_door_than_it_is_meant_for(
    network: LiveNetwork, urls: dict[str, str]
) -> None:
    """It went to a door by TCP; the door it is meant for has never heard of it."""
    body = {
        "equipment_address": ADDRESSES[SERVER],
        "business_id": "abc",
        "customer_number": "+12125550100",
    }
    before = inside(network)
    for name in INNER:
        answer = httpx.post(
            f"{urls[name]}/v1/direct-calls", json=body, auth=("abc", "abc-demo"), timeout=10
        )
        assert (answer.status_code, answer.json()["code"]) == (421, "wrong_equipment")
    assert inside(network) == before
    logged = [s.entry for s in read_data(network.data) if isinstance(s.entry, Refused)]
    told = {entry.door for entry in logged if entry.reason == "wrong_equipment"}
    assert set(INNER.values()) <= told


class WebServer:
    """A business's web server: its pages hold a page token, and say where requests go."""

    def __init__(self, door: str, contacts: Mapping[str, str]) -> None:
        """`door`: where it gets tokens; `contacts`: the equipment that each page names."""
        asks = self._token
        pages = dict(contacts)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                said = asks(self.path)
                page = (
                    f'<button data-contact-address="{pages[self.path]}" data-business="abc"'
                    f' data-token="{said["token"]}" data-visitor="{said["visitor"]}">'
                    "Talk to a customer service representative</button>"
                ).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *said: object) -> None:
                pass

        self._door = door
        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _token(self, page: str) -> dict[str, str]:
        answer = httpx.post(
            f"{self._door}/v1/page-tokens", json={"page": page}, auth=("abc", "abc-demo")
        )
        assert answer.status_code == 201, answer.text
        told: dict[str, str] = answer.json()
        return told

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def clicked(page: str, path: str, customer: str, **more: Any) -> tuple[dict[str, Any], Any]:
    """What a browser sends: what the page says and what its customer gives, and the headers."""
    said = dict(re.findall(r'data-([a-z-]+)="([^"]*)"', page))
    body = {
        "equipment_address": said["contact-address"],
        "business_id": said["business"],
        "customer_number": customer,
        "web_page": {"current": {"url": ORIGIN + path}},
        **more,
    }
    headers = {
        "origin": ORIGIN,
        "referer": ORIGIN + path,
        "calleq-page-token": said["token"],
        "calleq-visitor": said["visitor"],
    }
    return body, headers


@pytest.mark.row("S2-46")
@pytest.mark.row("S2-10", part=True)
@pytest.mark.row("S2-11", part=True)
@pytest.mark.row("S2-17", part=True)
@pytest.mark.row("S2-19", part=True)
def test_a_pages_request_needs_no_web_server_any_more(
    network: LiveNetwork, urls: dict[str, str]
) -> None:
    """Two pages, alike but for the equipment that they name, are fetched; the web server stops.
    Each request goes to the equipment of its page and gives a bridged and billed call."""
    contacts = {"/cruises": PERIPHERAL, "/flights": SWITCH}
    site = WebServer(urls[SERVER], {path: ADDRESSES[name] for path, name in contacts.items()})
    pages = {path: httpx.get(site.url + path).text for path in contacts}
    site.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(site.url)
    doors = {ADDRESSES[name]: urls[name] for name in DOORS}
    calls = {}
    for path, element in contacts.items():
        body, headers = clicked(pages[path], path, CUSTOMERS[element])
        url = doors[body["equipment_address"]]
        answer = httpx.post(f"{url}/v1/direct-calls", json=body, headers=headers)
        assert answer.status_code == 202, answer.text
        again = httpx.post(f"{url}/v1/direct-calls", json=body, headers=headers)
        assert again.status_code == 401, "a page's token is good once"
        calls[path] = answer.json()["call"]
    views = [followed_view(urls[element], calls[path]) for path, element in contacts.items()]
    entries = [s.entry for s in read_data(network.data) if isinstance(s.entry, Accepted)]
    accepted = {entry.call: entry for entry in entries}
    records = {record["call"]: record for record in network.records()}
    for (path, element), view in zip(contacts.items(), views, strict=True):
        assert view["state"] == "completed"
        assert view["web_page"]["current"]["url"] == ORIGIN + path
        entry, record = accepted[view["call"]], records[view["call"]]
        assert (entry.door, entry.figure) == (INNER[element], 9)
        assert entry.visitor
        assert (record["business"], record["state"]) == ("abc", "completed")
        # The two do not know of each other: one may have found the other's representative busy.
        billed = {leg["leg"] for leg in record["legs"] if leg["billable_s"] > 0}
        assert billed == {"customer", "agent"}
