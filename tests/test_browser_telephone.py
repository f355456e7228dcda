"""A browser as a telephone, between a switch of SIP and a page without a browser."""

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from calleq.browser.hub import ATTEMPTS
from calleq.browser.messages import FRAME_OCTETS_LIMIT
from calleq.browser.rtp import EVENT_KEYS
from calleq.browser.service import Service, origins, serving
from calleq.browser.site import CONNECTIONS, MESSAGES, NAMELESS_LIMIT
from calleq.media.keys import measure_keys
from calleq.runtime.clock import LoopClock
from calleq.sip import events as sip
from tests.browser_scene import (
    CALLER,
    NUMBER,
    FarEnd,
    Page,
    configuration,
    scene,
    strongest_hertz,
    until,
)

Scene = Callable[[FarEnd, Service], Awaitable[None]]


def play(flow: Scene) -> None:
    """Play a flow between a switch and a browser process."""

    async def played() -> None:
        async with scene() as (far_end, service):
            await flow(far_end, service)

    asyncio.run(played())


async def registered(far_end: FarEnd, page: Page) -> None:
    await page.hello()
    await page.until("line", registered=True)
    assert len(far_end.contacts) == 1


def test_a_page_is_a_telephone_that_talks() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        async with Page.open(service) as page:
            await registered(far_end, page)
            call = far_end.call()
            ringing = await page.until("ringing")
            assert (ringing["name"], ringing["number"]) == ("ABC Company", CALLER)
            await until(lambda: bool(far_end.happened(sip.Ringing)), "180")
            assert not far_end.happened(sip.Accepted)
            await page.answer(ringing["call"], hertz=1_000)
            await until(lambda: far_end.agreed is not None, "200 with voice")
            far_end.speak(440)
            await until(lambda: len(far_end.heard()) > 60, "the page is heard")
            await until(lambda: len(page.frames) > 60, "the switch is heard")
            assert strongest_hertz(far_end.heard_samples()[-4_000:]) == pytest.approx(1_000, abs=4)
            assert strongest_hertz(page.heard_samples()[-4_000:]) == pytest.approx(440, abs=4)
            await page.say(type="hang_up", call=ringing["call"])
            await page.until("ended", reason="hung_up")
            await until(lambda: bool(far_end.happened(sip.Ended)), "BYE")
            assert far_end.happened(sip.Ended) == [sip.Ended(call, 16)]

    play(flow)


def test_keys_go_both_ways() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        async with Page.open(service) as page:
            await registered(far_end, page)
            far_end.call()
            ringing = await page.until("ringing")
            await page.answer(ringing["call"])
            for key in "1x#":
                await page.say(type="key", call=ringing["call"], key=key)
            agreed = far_end.agreed
            assert agreed is not None
            assert agreed.event_payload is not None
            events = lambda: far_end.heard(agreed.event_payload or 0)  # noqa: E731
            await until(lambda: sum(each[1] >> 7 for each in events()) == 6, "two keys' ends")
            codes = [each[0] for each in events()]
            assert "".join(EVENT_KEYS[code] for code in dict.fromkeys(codes)) == "1#"
            event = struct.pack(">BBH", EVENT_KEYS.index("9"), 10, 160)
            header = struct.pack(">BBHII", 0x80, agreed.event_payload, 1, 160, 77)
            far_end.send_voice(header + event)
            far_end.speak(440)
            heard = lambda: measure_keys(page.heard_samples())  # noqa: E731
            await until(lambda: heard().count("9") >= 4, "the tone of 9")

    play(flow)


def test_a_call_that_the_person_declines_is_refused() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        async with Page.open(service) as page:
            await registered(far_end, page)
            far_end.call()
            ringing = await page.until("ringing")
            await page.say(type="hang_up", call=ringing["call"])
            await page.until("ended", reason="declined")
            await until(lambda: bool(far_end.happened(sip.Failed)), "a refusal")
            (failed,) = far_end.happened(sip.Failed)
            assert isinstance(failed, sip.Failed)
            assert (failed.status, failed.cause) == (603, 21)

    play(flow)


def test_a_caller_who_gives_up_is_a_missed_call() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        async with Page.open(service) as page:
            await registered(far_end, page)
            call = far_end.call(name="")
            ringing = await page.until("ringing")
            assert ringing["name"] == ""
            far_end.hang_up(call)
            ended = await page.until("ended", call=ringing["call"])
            assert ended["reason"] == "missed"

    play(flow)


def test_a_second_call_finds_the_line_busy() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        async with Page.open(service) as page:
            await registered(far_end, page)
            far_end.call()
            await page.until("ringing")
            second = far_end.call(number="+12125550199")
            await until(lambda: bool(far_end.happened(sip.Failed)), "486")
            (failed,) = far_end.happened(sip.Failed)
            assert isinstance(failed, sip.Failed)
            assert (failed.call, failed.status, failed.cause) == (second, 486, 17)
            assert len([one for one in page.told if one["type"] == "ringing"]) == 1

    play(flow)


@pytest.mark.parametrize("sdp", ["v=0", "x" * 20_000, ""])
def test_an_offer_that_is_none_ends_the_call_and_is_not_charged(sdp: str) -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        async with Page.open(service) as page:
            await registered(far_end, page)
            far_end.call()
            ringing = await page.until("ringing")
            await page.say(type="answer", call=ringing["call"], sdp=sdp)
            await page.until("ended", reason="no_voice")
            await until(lambda: bool(far_end.happened(sip.Failed)), "a refusal")
            assert not far_end.happened(sip.Accepted)

    play(flow)


def test_the_switch_holds_the_page_and_takes_it_back() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        async with Page.open(service) as page:
            await registered(far_end, page)
            call = far_end.call()
            ringing = await page.until("ringing")
            await page.answer(ringing["call"])
            await until(lambda: len(far_end.heard()) > 10, "the page is heard")
            far_end.hold(call, True)
            await until(lambda: bool(far_end.happened(sip.AgreedAgain)), "the hold")
            await page.speaks(15)  # what was on its way has come by then
            silent = len(far_end.heard())
            await page.speaks(15)
            assert len(far_end.heard()) == silent
            far_end.hold(call, False)
            await until(lambda: len(far_end.heard()) > silent + 10, "the page is heard again")

    play(flow)


def test_a_connection_that_breaks_does_not_end_the_call() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        async with Page.open(service) as page:
            await registered(far_end, page)
            far_end.call()
            ringing = await page.until("ringing")
            await page.answer(ringing["call"])
            welcome = await page.until("welcome")
            await page.drop()
            heard = len(far_end.heard())
            async with Page.open(service) as again:
                await again.hello(password="", resume=welcome["resume"])
                talking = await again.until("talking", call=ringing["call"])
                assert talking["name"] == "ABC Company"
                await until(lambda: len(far_end.heard()) > heard + 20, "the voice went on")
                await again.say(type="hang_up", call=ringing["call"])
                await again.until("ended", reason="hung_up")
                assert far_end.registrations == 1

    play(flow)


def test_a_call_that_ended_while_the_page_was_away_is_told_when_it_comes_back() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        async with Page.open(service) as page:
            await registered(far_end, page)
            call = far_end.call()
            ringing = await page.until("ringing")
            await page.answer(ringing["call"])
            welcome = await page.until("welcome")
            await page.drop()
            far_end.hang_up(call)
            await until(lambda: bool(far_end.happened(sip.Ended)), "200 of BYE")
            async with Page.open(service) as again:
                await again.hello(password="", resume=welcome["resume"])
                line = await again.until("line", registered=True)
                assert line["call"] == 0

    play(flow)


def test_a_page_whose_voice_path_closes_loses_its_call() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        async with Page.open(service) as page:
            await registered(far_end, page)
            far_end.call()
            ringing = await page.until("ringing")
            await page.answer(ringing["call"])
            await page.close_voice()
            ended = await page.until("ended")
            assert ended["reason"] == "lost"
            await until(lambda: bool(far_end.happened(sip.Ended)), "BYE")

    play(flow)


def test_one_address_has_only_so_many_pages_that_do_not_say_who_they_are() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(NAMELESS_LIMIT):
                await stack.enter_async_context(Page.open(service))
            with pytest.raises(InvalidStatus):
                await stack.enter_async_context(Page.open(service))
        async with Page.open(service) as page:
            await registered(far_end, page)

    play(flow)


def test_a_page_that_says_too_much_is_closed_and_others_go_on() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        async with Page.open(service) as page:
            await registered(far_end, page)
            for _ in range(2 * MESSAGES.burst):
                with contextlib.suppress(ConnectionClosed):
                    await page.say(type="key", call=0, key="1")
            refused = await page.until("refused")
            assert refused["reason"] == "too_many_messages"
            await page.closed()
        async with Page.open(service) as page:
            await page.hello()
            await page.until("line", registered=True)

    play(flow)


def test_one_address_connects_so_often_and_then_once_a_second() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        taken = 0
        with contextlib.suppress(InvalidStatus):
            while taken < 2 * CONNECTIONS.burst:
                async with Page.open(service):
                    taken += 1
        assert CONNECTIONS.burst <= taken < 2 * CONNECTIONS.burst

    play(flow)


def test_a_page_that_leaves_unregisters_and_takes_its_call_with_it() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        async with Page.open(service) as page:
            await registered(far_end, page)
            far_end.call()
            ringing = await page.until("ringing")
            await page.answer(ringing["call"])
            await page.say(type="leave")
            await until(lambda: not far_end.contacts, "unregistered")
            assert len(far_end.happened(sip.Ended)) == 1

    play(flow)


def test_the_process_ends_with_calls_released_and_lines_unregistered() -> None:
    async def played() -> None:
        async with FarEnd.open() as far_end:
            clock = LoopClock(asyncio.get_running_loop())
            async with contextlib.AsyncExitStack() as stack:
                service = await stack.enter_async_context(serving(configuration(far_end), clock))
                page = await stack.enter_async_context(Page.open(service))
                await registered(far_end, page)
                far_end.call()
                ringing = await page.until("ringing")
                await page.answer(ringing["call"])
            assert far_end.happened(sip.Ended)
            assert not far_end.contacts

    asyncio.run(played())


def test_a_second_page_takes_the_line_over_unless_the_first_is_in_a_call() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        async with Page.open(service) as first, Page.open(service) as second:
            await registered(far_end, first)
            await second.hello()
            await first.until("refused", reason="moved")
            await first.closed()
            await until(lambda: far_end.registrations >= 2, "the second registers")
            await second.until("line", registered=True)
            await until(lambda: len(far_end.contacts) == 1, "the first is unregistered")
            far_end.call()
            await second.until("ringing")
            async with Page.open(service) as third:
                await third.hello()
                await third.until("refused", reason="in_use")
                assert await third.closed() == 1000

    play(flow)


@pytest.mark.row("S2-111")
def test_the_clients_profile_is_kept_and_its_voip_routine_takes_a_call() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        async with Page.open(service) as page:
            await registered(far_end, page)
            async with httpx.AsyncClient() as http:
                (line,) = (await http.get(f"{service.operator}/status")).json()["lines"]
                assert line["registered"] is True
                client = line["client"]
                assert client.pop("since_us") > 0
                assert client == {
                    "number": NUMBER,
                    "address": "127.0.0.1",
                    "browser": "Page 1",
                    "operating_system": "None",
                    "voip_routine": "WebRTC, G.711 PCMU",
                    "user": "C. Stomer",
                    "language": "en",
                }
                far_end.call()
                ringing = await page.until("ringing")
                await page.answer(ringing["call"])
                await until(lambda: len(far_end.heard()) > 5, "voice")
                (line,) = (await http.get(f"{service.operator}/status")).json()["lines"]
                assert (line["state"], line["calls"]) == ("talking", 1)

    play(flow)


# Who is let in.


def test_guessing_costs_the_guesser_and_not_the_line() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        for _ in range(ATTEMPTS.burst):
            async with Page.open(service) as guesser:
                await guesser.hello(password="guess")
                await guesser.until("refused", reason="credentials")
        async with Page.open(service) as guesser:
            await guesser.hello()
            await guesser.until("refused", reason="too_many_attempts")
            assert await guesser.closed() == 1000
        assert far_end.registrations == 0

    play(flow)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"version": 2}, "version"),
        ({"number": "+12125550199"}, "credentials"),
        ({"resume": "guessed", "password": ""}, "credentials"),
        ({"number": 7}, "malformed"),
    ],
)
def test_a_page_that_may_not_be_the_line_is_told_why(
    changed: dict[str, object], reason: str
) -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        async with Page.open(service) as page:
            await page.hello(**changed)
            await page.until("refused", reason=reason)
            assert await page.closed() == 1000
        assert far_end.registrations == 0

    play(flow)


def test_a_message_that_is_none_ends_the_connection_and_not_the_process() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        for text in ("", "{}", "x" * (FRAME_OCTETS_LIMIT + 1), '{"type":"leave"}'):
            async with Page.open(service) as page:
                await page.send_text(text)
                assert await page.closed() in (1000, 1009)
        async with Page.open(service) as page:
            await registered(far_end, page)
            await page.hello()
            await page.until("refused", reason="malformed")

    play(flow)


def test_pages_of_others_are_refused() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        for origin in ("https://elsewhere.example", service.page + ".elsewhere.example", "null"):
            with pytest.raises(InvalidStatus):
                async with Page.open(service, origin):
                    pass

    play(flow)


def test_pages_of_ours_are_those_of_the_address_and_of_the_configuration() -> None:
    assert origins("http", "127.0.0.1", 8073, ()) == {
        "http://127.0.0.1:8073",
        "http://localhost:8073",
        "http://[::1]:8073",
    }
    assert origins("https", "192.0.2.1", 443, ("https://Phone.example.com/",)) == {
        "https://192.0.2.1",
        "https://phone.example.com",
    }


def test_the_page_may_load_nothing_from_elsewhere_and_run_nothing_inline() -> None:
    async def flow(far_end: FarEnd, service: Service) -> None:
        async with httpx.AsyncClient() as http:
            page = await http.get(service.page)
            policy = page.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "<style" not in page.text
            assert "<script>" not in page.text
            assert "http" not in page.text.replace("http-equiv", "")
            for path in ("/telephone.js", "/signalling.js", "/voice.js", "/words.js"):
                answer = await http.get(service.page + path)
                assert answer.headers["content-type"].startswith("text/javascript")
                assert answer.headers["x-content-type-options"] == "nosniff"
            assert (await http.get(service.page + "/status")).status_code == 404
            assert (await http.get(service.page + "/../hub.py")).status_code == 404

    play(flow)
