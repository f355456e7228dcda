"""The browsable page of the API in Chromium, at a desk and in a hand, by keyboard and by eye."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, Route

from tests.chromium import chromium, hard_to_read
from tests.door import Door

pytestmark = pytest.mark.foreign("chromium")

URL = "http://server-72.example"
DESK, PHONE = (1280, 900), (360, 740)
MIRRORED = ("content-length", "content-encoding", "transfer-encoding", "connection")


@asynccontextmanager
async def opened(
    tmp_path: Path, door: Door, size: tuple[int, int], scheme: str = "light"
) -> AsyncIterator[Page]:
    """The page as the door serves it; every request of the browser is the door's to answer."""
    http = door.http()
    problems: list[str] = []

    async def answer(route: Route) -> None:
        asked = route.request
        headers = {name: text for name, text in asked.headers.items() if name not in MIRRORED}
        body = asked.post_data_buffer or b""

        def ask() -> httpx.Response:
            return http.request(asked.method, asked.url, headers=headers, content=body)

        said = await asyncio.to_thread(ask)
        kept = {name: text for name, text in said.headers.items() if name not in MIRRORED}
        await route.fulfill(status=said.status_code, headers=kept, body=said.content)

    async with chromium(tmp_path / "none.wav") as browser:
        context = await browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda said: problems.append(said.text) if said.type == "error" else None,
        )
        await page.route("**/*", answer)
        await page.goto(f"{URL}/docs#placeCall")
        await page.wait_for_selector("details#placeCall[open] button[type=submit]")
        yield page
        await context.close()
    refused = "Failed to load resource: the server responded with a status of"
    assert [said for said in problems if not said.startswith(refused)] == []


def play(
    tmp_path: Path,
    does: Callable[[Page], Awaitable[None]],
    size: tuple[int, int] = DESK,
    scheme: str = "light",
    door: Door | None = None,
) -> None:
    async def whole() -> None:
        async with opened(tmp_path, door or Door(), size, scheme) as page:
            await does(page)

    asyncio.run(whole())


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "dark"), (PHONE, "light")])
def test_everything_can_be_read_and_nothing_runs_over_the_edge(
    tmp_path: Path, size: tuple[int, int], scheme: str
):
    async def does(page: Page) -> None:
        for name in ("placeCall", "listCalls", "controlCall", "issueCredential"):
            await page.evaluate(f"document.getElementById('{name}').open = true")
        await page.wait_for_selector("#issueCredential button[type=submit]")
        await page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size[0]
        assert await hard_to_read(page) == []

    play(tmp_path, does, size, scheme)


def test_a_call_is_asked_for_followed_and_told_as_curl(tmp_path: Path):
    door = Door()

    async def does(page: Page) -> None:
        await page.fill("#business", "abc")
        await page.fill("#password", "abc-demo")
        card = page.locator("#placeCall")
        await card.locator("textarea").fill(
            json.dumps({"business_id": "abc", "customer_number": "+12125550100", "note": "it's me"})
        )
        await card.locator("button[type=submit]").press("Enter")
        await card.locator(".status-good").wait_for()
        call = json.loads(await card.locator("pre").first.inner_text())["call"]
        curl = await card.locator("pre.curl").inner_text()
        assert curl.startswith("curl -s -X POST -u abc -H 'content-type: application/json' -d ")
        assert "it'\\''s me" in curl, "quoted for a shell"
        assert "abc-demo" not in curl, "a password is asked for, not shown"
        assert curl.endswith(f"{URL}/v1/calls")
        await page.evaluate("location.hash = '#getCall'")
        found = page.locator("#getCall")
        await found.locator("input[name=call]").focus()
        assert await found.locator("input[name=call]").input_value() == call
        await found.locator("button[type=submit]").press("Enter")
        await found.locator(".status-good").wait_for()
        shown = json.loads(await found.locator("pre").first.inner_text())
        assert (shown["call"], shown["note"]) == (call, "it's me")

    play(tmp_path, does, door=door)


def test_a_refusal_is_shown_as_one_and_operations_are_found_by_keyboard(tmp_path: Path):
    async def does(page: Page) -> None:
        await page.keyboard.press("/")
        await page.keyboard.type("cancel")
        shown = await page.evaluate(
            "[...document.querySelectorAll('details.operation:not([hidden])')].map(one => one.id)"
        )
        assert "cancelCall" in shown
        assert "placeCall" not in shown
        await page.fill("#filter", "")
        card = page.locator("#placeCall")
        await card.locator("textarea").fill('{"business_id": "abc", "customer": "x"}')
        await card.locator("button[type=submit]").press("Enter")
        await card.locator(".status-bad").wait_for()
        assert "422" in await card.locator(".status-bad").inner_text()
        assert "/customer" in await card.locator("pre").first.inner_text()

    play(tmp_path, does)
