"""sipp, a foreign SIP tester, against a user agent by sockets on 127.0.0.1, in both directions."""

import asyncio
import contextlib
import pathlib
from collections.abc import AsyncIterator, Coroutine

import pytest

from calleq.causes import Q850
from calleq.sip import events as sip
from calleq.sip.digest import shared_secret
from calleq.sip.events import Credentials, Event
from calleq.sip.guard import Guard
from calleq.sip.registrar import Registrar
from calleq.sip.transaction import Target
from tests.sip_sockets import Phone, free_port, ground

SCENARIOS = pathlib.Path(__file__).parent / "sipp"
HOST = "127.0.0.1"
LIMIT_S = 25.0
pytestmark = pytest.mark.foreign("sipp")


class Sipp:
    """One run of sipp."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.target = Target(HOST, port)

    async def ended(self) -> int:
        """Its verdict: 0 where every call went as the scenario says."""
        return await asyncio.wait_for(self.process.wait(), LIMIT_S)


@contextlib.asynccontextmanager
async def sipp(scenario: str, *options: str, towards: Target | None = None) -> AsyncIterator[Sipp]:
    """sipp at work; whatever happens it is stopped."""
    port = free_port()
    arguments = [
        *("-sf", str(SCENARIOS / f"{scenario}.xml"), "-i", HOST, "-p", str(port)),
        *("-nostdin", "-timeout", "20s", "-timeout_error", *options),
    ]
    if towards is not None:
        arguments.append(f"{towards.host}:{towards.port}")
    process = await asyncio.create_subprocess_exec(
        "sipp",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield Sipp(process, port)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


@contextlib.asynccontextmanager
async def phone(answer: bool = True, handed: frozenset[str] = frozenset()) -> AsyncIterator[Phone]:
    async with ground() as (reactor, clock):
        made = Phone("calleq", reactor, clock, answer=answer, handed=handed)
        made.start()
        try:
            yield made
        finally:
            made.stop()


def count(made: Phone, kind: type[Event]) -> int:
    return sum(isinstance(event, kind) for event in made.events)


@pytest.mark.parametrize("transport", ["u1", "t1", "tn"])
def test_calls_of_sipp_are_answered_held_taken_back_and_released(transport: str):
    async def scene() -> None:
        calls = 200 if transport == "u1" else 40
        options = ("-m", str(calls), "-r", "100", "-t", transport, "-max_socket", "500")
        async with phone() as made, sipp("calls", *options, towards=made.target()) as caller:
            assert await caller.ended() == 0
            assert count(made, sip.Confirmed) == count(made, sip.Ended) == calls
            assert count(made, sip.Reoffered) == 2 * calls
            assert len(made.agent) == 0

    run(scene())


def test_calls_that_sipp_takes_back_are_over():
    async def scene() -> None:
        async with phone(answer=False) as made:

            def rings(event: Event) -> None:
                made.events.append(event)
                if isinstance(event, sip.Invited):
                    made.agent.ring(event.call, made.end.now_us())

            made.end._handler = rings
            options = ("-m", "20", "-r", "50")
            async with sipp("takes_back", *options, towards=made.target()) as caller:
                assert await caller.ended() == 0
            ended = [event for event in made.events if isinstance(event, sip.Ended)]
            assert [event.status for event in ended] == [487] * 20
            assert len(made.agent) == 0

    run(scene())


def house(made: Phone) -> Registrar:
    """A registrar at the phone, for ann whose password is zanzibar."""

    def secret_of(user: str, algorithm: str) -> str | None:
        return shared_secret(algorithm, user, "bell", "zanzibar") if user == "ann" else None

    guard = Guard("bell", b"0123456789abcdef", secret_of)
    registrar = Registrar(guard, {"ann": "+12015550101"}.get)

    def judge(event: Event) -> None:
        made.events.append(event)
        if isinstance(event, sip.Requested):
            now_us = made.end.now_us()
            reply = registrar.register(event.request, event.source, now_us)
            fields = dict(reply.fields)
            if "www-authenticate" in fields:  # sipp takes the first, and knows MD5
                fields["www-authenticate"] = [s for s in fields["www-authenticate"] if "MD5" in s]
            made.agent.reply(event.key, reply.status, now_us, fields=fields)

    made.end._handler = judge
    return registrar


@pytest.mark.parametrize("scenario", ["registers", "guesses"])
def test_sipp_registers_by_digest_or_is_asked_again(scenario: str):
    async def scene() -> None:
        async with phone(handed=frozenset(("REGISTER",))) as made:
            registrar = house(made)
            options = ("-m", "5", "-r", "5", "-l", "1")
            async with sipp(scenario, *options, towards=made.target()) as caller:
                assert await caller.ended() == 0
            assert count(made, sip.Requested) == (20 if scenario == "registers" else 10)
            assert len(registrar) == 0

    run(scene())


def test_voice_that_sipp_sends_before_it_answers_is_pracked_and_no_answer():
    async def scene() -> None:
        async with phone() as made, sipp("speaks_early", "-m", "10") as far:
            for index in range(10):
                call = made.calls(far.target)
                await made.until(sip.EarlyMedia, index + 1)
                accepted = await made.until(sip.Accepted, index + 1)
                assert isinstance(accepted, sip.Accepted)
                assert accepted.agreed.codec == "PCMA", "the first that the answer names"
                made.hangs_up(call)
                await made.until(sip.Ended, index + 1)
            assert await far.ended() == 0
            names = [type(event).__name__ for event in made.events]
            told = [name for name in names if name != "Trying"]
            assert told == ["Ringing", "EarlyMedia", "Accepted", "Ended"] * 10

    run(scene())


def test_a_cause_of_q850_comes_with_a_refusal_of_sipp():
    async def scene() -> None:
        async with phone() as made, sipp("refuses", "-m", "5") as far:
            for index in range(5):
                made.calls(far.target)
                failed = await made.until(sip.Failed, index + 1)
                assert isinstance(failed, sip.Failed)
                assert (failed.status, failed.cause) == (486, Q850.REJECTED)
            assert await far.ended() == 0

    run(scene())


def test_sipp_asks_who_calls_and_finds_the_digest_right():
    async def scene() -> None:
        async with phone() as made, sipp("asks_who", "-m", "1") as far:
            call = made.calls(far.target, credentials=Credentials("ann", "zanzibar"))
            await made.until(sip.Accepted)
            made.hangs_up(call)
            await made.until(sip.Ended)
            assert await far.ended() == 0

    run(scene())


def run(scene: Coroutine[object, object, None]) -> None:
    asyncio.run(scene)
