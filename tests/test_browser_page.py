"""The page in a browser that nobody here wrote: Chromium, its microphone and its ear."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser

from calleq.browser.rtp import EVENT_KEYS
from calleq.browser.service import Service
from calleq.media.g711 import Samples
from calleq.sip import events as sip
from tests.browser_scene import (
    NUMBER,
    PASSWORD,
    FarEnd,
    scene,
    strongest_hertz,
    until,
)
from tests.chromium import (
    chromium,
    hard_to_read,
    loudest_hertz,
    open_page,
    shows,
    switch_on,
    write_tone,
)

MICROPHONE_HZ = 1_000
SWITCH_HZ = 440
VIEWS = ("sign-in", "microphone", "connecting", "ready", "ringing", "preparing", "talking", "ended")

pytestmark = pytest.mark.foreign("chromium")


def play(
    tmp_path: Path, flow: Callable[[FarEnd, Service, Browser, list[str]], Awaitable[None]]
) -> None:
    """Play a flow between a switch, the browser process and Chromium; nothing goes wrong in it."""
    microphone = tmp_path / "microphone.wav"
    write_tone(microphone, MICROPHONE_HZ)
    problems: list[str] = []

    async def played() -> None:
        async with scene() as (far_end, service), chromium(microphone) as browser:
            await flow(far_end, service, browser, problems)

    asyncio.run(played())
    assert problems == []


def loudest_of_late(far_end: FarEnd) -> int:
    """Of the samples of the last 30 packets."""
    return int(abs(far_end.heard_samples()[-30 * 160 :].astype(int)).max())


def voiced(samples: Samples) -> Samples:
    """The loudest fifth of a second."""
    size = 1_600
    parts = [samples[at : at + size] for at in range(0, samples.size - size, size)]
    return max(parts, key=lambda part: float(abs(part.astype(float)).mean()))


@pytest.mark.row("S2-113", part=True)
@pytest.mark.row("S2-111")
def test_a_browser_takes_a_call_and_voice_goes_both_ways(tmp_path: Path) -> None:
    async def flow(
        far_end: FarEnd, service: Service, browser: Browser, problems: list[str]
    ) -> None:
        context = await browser.new_context(permissions=["microphone"])
        page = await open_page(context, f"{service.page}/#{NUMBER}", problems)
        await switch_on(page, PASSWORD)
        await shows(page, "ready")
        call = far_end.call()
        await shows(page, "ringing")
        assert await page.title() == "☎ ABC Company calls"
        assert await page.locator("[data-for=ringing]").inner_text() == (
            "ABC Company calls\n\n+1 212 555 0140\n\nDecline\nAnswer"
        )
        await page.keyboard.press("Enter")
        await shows(page, "talking")
        far_end.speak(SWITCH_HZ)
        await until(lambda: len(far_end.heard()) > 75, "the microphone is heard")
        heard = strongest_hertz(voiced(far_end.heard_samples()))
        assert heard == pytest.approx(MICROPHONE_HZ, abs=10)
        assert await loudest_hertz(page) == pytest.approx(SWITCH_HZ, abs=6)
        await page.keyboard.press("7")
        await page.click("#keys")
        await page.click("#keypad >> text=#")
        agreed = far_end.agreed
        assert agreed is not None
        events = lambda: far_end.heard(agreed.event_payload or 0)  # noqa: E731
        await until(lambda: sum(each[1] >> 7 for each in events()) == 6, "two keys")
        pressed = dict.fromkeys(EVENT_KEYS[each[0]] for each in events())
        assert "".join(pressed) == "7#" == await page.locator("#pressed").inner_text()
        await page.keyboard.press("m")
        assert await page.locator("#muted").is_visible()
        await until(lambda: loudest_of_late(far_end) <= 8, "packets while muted, all of silence")
        far_end.hang_up(call)
        await shows(page, "ended")
        why = await page.inner_text("#ended-why")
        assert why.startswith("The other side hung up.\nYou talked for 0:0")
        await page.keyboard.press("Enter")
        await shows(page, "ready")
        (line,) = service.hub.views()
        assert line.client is not None
        assert line.client.browser.startswith("Chromium ")
        assert line.client.operating_system == "Linux"
        assert line.client.voip_routine == "WebRTC, G.711 PCMU"
        assert (line.client.number, line.client.address) == (NUMBER, "127.0.0.1")
        await page.close(run_before_unload=True)
        await until(lambda: not far_end.contacts, "a closed page is no telephone")

    play(tmp_path, flow)


def test_the_person_is_told_what_is_wrong(tmp_path: Path) -> None:
    async def flow(
        far_end: FarEnd, service: Service, browser: Browser, problems: list[str]
    ) -> None:
        context = await browser.new_context()
        page = await open_page(context, f"{service.page}/#{NUMBER}", problems)
        await switch_on(page, PASSWORD)
        await shows(page, "microphone")
        assert "not allowed" in await page.inner_text("#microphone-why")
        await context.grant_permissions(["microphone"])
        await page.click("#microphone-back")
        await page.fill("#password", "guess")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#refused:visible")
        assert "do not belong together" in await page.inner_text("#refused")
        await page.fill("#password", PASSWORD)
        await page.keyboard.press("Enter")
        await shows(page, "ready")
        far_end.call()
        await shows(page, "ringing")
        await page.click("#decline")
        await shows(page, "ended")
        assert await page.inner_text("#ended-what") == "Declined"
        await until(lambda: bool(far_end.happened(sip.Failed)), "603")
        await page.click("#dismiss")
        missed = far_end.call()
        await shows(page, "ringing")
        far_end.hang_up(missed)
        await shows(page, "ended")
        assert await page.inner_text("#ended-what") == "Missed call"

    play(tmp_path, flow)


def test_the_page_finds_the_network_again_and_goes_on_with_its_call(tmp_path: Path) -> None:
    async def flow(
        far_end: FarEnd, service: Service, browser: Browser, problems: list[str]
    ) -> None:
        context = await browser.new_context(permissions=["microphone"])
        sockets: list[str] = []
        page = await open_page(context, f"{service.page}/#{NUMBER}", problems)
        page.on("websocket", lambda socket: sockets.append(socket.url))
        await page.evaluate(
            """() => {
              const Real = WebSocket;
              window.WebSocket = class extends Real {
                constructor(...all) { super(...all); window.lastSocket = this; }
              };
            }"""
        )
        await switch_on(page, PASSWORD)
        await shows(page, "ready")
        far_end.call()
        await shows(page, "ringing")
        await page.click("#answer")
        await shows(page, "talking")
        await page.evaluate("window.lastSocket.close()")
        await page.wait_for_selector("#offline:visible")
        await page.wait_for_selector("#offline", state="hidden")
        assert len(sockets) == 2
        heard = len(far_end.heard())
        await until(lambda: len(far_end.heard()) > heard + 20, "the voice went on")
        assert await page.get_attribute("body", "data-view") == "talking"
        await page.click("#hang-up")
        await shows(page, "ended")
        await until(lambda: bool(far_end.happened(sip.Ended)), "BYE")
        await page.click("#dismiss")
        second = far_end.call()
        await shows(page, "ringing")
        await page.click("#answer")
        await shows(page, "talking")
        await page.evaluate("window.lastSocket.onmessage = null")
        far_end.hang_up(second)
        await until(lambda: len(far_end.happened(sip.Ended)) == 2, "200 of BYE")
        await page.evaluate("window.lastSocket.close()")
        await shows(page, "ended")
        assert await page.inner_text("#ended-what") == "Connection lost"
        assert far_end.registrations == 1

    play(tmp_path, flow)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_of_the_page_can_be_read(
    tmp_path: Path, scheme: Literal["light", "dark"]
) -> None:
    """In the dark the word on the green button stood out by 3.6 to 1 only."""

    async def flow(
        far_end: FarEnd, service: Service, browser: Browser, problems: list[str]
    ) -> None:
        context = await browser.new_context(color_scheme=scheme)
        page = await open_page(context, service.page, problems)
        await page.evaluate("document.querySelectorAll('[hidden]').forEach((at) => at.hidden = 0)")
        for view in VIEWS:
            await page.evaluate(f"document.body.dataset.view = '{view}'")
            assert await hard_to_read(page) == [], view

    play(tmp_path, flow)


def test_the_page_fits_narrow_and_wide_screens(tmp_path: Path) -> None:
    async def flow(
        far_end: FarEnd, service: Service, browser: Browser, problems: list[str]
    ) -> None:
        page = await open_page(await browser.new_context(), service.page, problems)
        for width in (320, 390, 1_280):
            await page.set_viewport_size({"width": width, "height": 640})
            for view in VIEWS:
                await page.evaluate(f"document.body.dataset.view = '{view}'")
                assert await page.evaluate("document.documentElement.scrollWidth") <= width
                for button in await page.locator("button:visible").all():
                    box = await button.bounding_box()
                    assert box is not None
                    assert box["height"] >= 44, f"a thumb cannot press {view}"

    play(tmp_path, flow)
