"""A customer at a browser and a representative at a telephone, connected by one posted message."""

import asyncio
import importlib.util
import json
import os
import pathlib
import signal
from typing import Any

import httpx
import pytest

from calleq.browser.configuration import INSTALL
from calleq.cli.browsers import PAGE, BrowserProcess, configuration_of
from calleq.topology import load_topology
from tests.baresip import Telephone, baresip, seconds_of_tone
from tests.chromium import chromium, loudest_hertz, open_page, shows, switch_on, write_tone
from tests.live import ROOT, LiveNetwork

CUSTOMER, CUSTOMER_HZ = "+12125550120", 1_000
REPRESENTATIVE_HZ = 600
HOST = "127.0.0.11"
"""Of the representative's telephone."""
PORTS = {"5062": "9462", "5064": "9464"}
"""Of the two switches: others than those of other tests."""
TALK_S = 1.0


def network_with_a_browser(folder: pathlib.Path) -> pathlib.Path:
    """The network of real telephones, with a browser at the customer's line."""
    text = (ROOT / "calleq" / "data" / "gateway.toml").read_text("utf-8")
    for port, other in PORTS.items():
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{other}")
    before = f'number = "{CUSTOMER}"\nkind = "dsl"\naccess = '
    assert f'{before}"sip"' in text
    text = text.replace(f'{before}"sip"', f'{before}"webrtc"')
    text = text.replace("# Customers.", '[browsers]\nmedia_host = "127.0.0.1"\n')
    path = folder / "browser.toml"
    path.write_text(text)
    return path


def customer_heard_s(representative: Telephone) -> float:
    """How long the representative has heard the customer's microphone by now."""
    if not any((representative.folder / "heard").glob("dump-*-dec.wav")):
        return 0.0
    return seconds_of_tone(representative.heard(), CUSTOMER_HZ, least=0.5)


async def customer(
    network: LiveNetwork, address: str, microphone: pathlib.Path, representative: Telephone
) -> tuple[float, Any, list[str]]:
    """Answer the call of a message, talk until both are heard, hang up: what was heard at last,
    what came of the call, and what went wrong in the page."""
    problems: list[str] = []
    async with chromium(microphone) as browser:
        context = await browser.new_context(permissions=["microphone"])
        page = await open_page(context, f"{address}/#{CUSTOMER}", problems)
        await switch_on(page, "customer-120")
        await shows(page, "ready")
        call = asyncio.create_task(asyncio.to_thread(network.call, CUSTOMER, None))
        await shows(page, "ringing")
        assert "ABC Company calls" in await page.inner_text("[data-for=ringing]")
        await page.click("#answer")
        await shows(page, "talking")
        heard_hertz = 0.0
        async with asyncio.timeout(30):
            while (
                abs(heard_hertz - REPRESENTATIVE_HZ) > 10
                or customer_heard_s(representative) < TALK_S
            ):
                heard_hertz = await loudest_hertz(page)
        await page.click("#hang-up")
        await shows(page, "ended")
        return heard_hertz, await call, problems


@pytest.mark.foreign("chromium")
@pytest.mark.foreign("baresip")
@pytest.mark.row("S2-111")
@pytest.mark.row("S2-113", part=True)
def test_a_browser_customer_talks_with_a_baresip_representative(tmp_path: pathlib.Path) -> None:
    microphone = tmp_path / "microphone.wav"
    write_tone(microphone, CUSTOMER_HZ)
    options = ("--network", str(network_with_a_browser(tmp_path)))
    with (
        LiveNetwork(tmp_path / "data", *options) as network,
        baresip(
            tmp_path / "representative",
            username="12125550143",
            password="agent-143",
            domain="ssp-64.calleq.example",
            server=f"127.0.0.1:{PORTS['5064']}",
            tone_hz=REPRESENTATIVE_HZ,
            host=HOST,
        ) as representative,
    ):
        representative.wait_for("200 OK")
        doors = json.loads((network.data / "listening.json").read_text())
        heard_hertz, (status, call), problems = asyncio.run(
            customer(network, doors["page for browsers"], microphone, representative)
        )
        view = httpx.get(doors["operator's view of browsers"] + "/status").json()
    assert problems == []
    assert heard_hertz == pytest.approx(REPRESENTATIVE_HZ, abs=10)
    assert (status, call["state"]) == (0, "completed")
    assert [(leg["leg"], leg["cause"]) for leg in call["legs"]] == [("customer", 16), ("agent", 16)]
    (line,) = view["lines"]
    assert line["client"]["number"] == CUSTOMER
    assert line["client"]["address"] == "127.0.0.1"
    assert line["client"]["browser"].startswith("Chromium ")
    assert line["client"]["voip_routine"] == "WebRTC, G.711 PCMU"
    assert network.status == 0


def test_without_the_extra_a_line_says_what_to_install(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topology = load_topology(network_with_a_browser(tmp_path))
    told = configuration_of(topology, any_port=True)
    assert told is not None
    assert told.listen == "127.0.0.1:0"
    assert [line.number for line in told.lines] == [CUSTOMER]
    assert told.names["+12125550140"] == "ABC Company"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    said: list[str] = []

    async def run() -> None:
        async with BrowserProcess(told, said.append).running() as doors:
            assert doors == {}

    asyncio.run(run())
    assert said == [INSTALL]


def test_a_browser_process_that_ends_is_started_again_where_it_was(tmp_path: pathlib.Path) -> None:
    told = configuration_of(load_topology(network_with_a_browser(tmp_path)), any_port=True)
    assert told is not None
    said: list[str] = []

    async def run() -> None:
        beside = BrowserProcess(told, said.append)
        async with beside.running() as doors, httpx.AsyncClient() as http:
            assert (await http.get(doors[PAGE])).status_code == 200
            assert beside.pid is not None
            os.kill(beside.pid, signal.SIGKILL)
            async with asyncio.timeout(30):
                while not said:
                    await asyncio.sleep(0.02)
                while True:
                    try:
                        assert (await http.get(doors[PAGE])).status_code == 200
                        break
                    except httpx.TransportError:
                        await asyncio.sleep(0.05)

    asyncio.run(run())
    assert said == ["the page for browsers ended; it is started again in 1 s"]
