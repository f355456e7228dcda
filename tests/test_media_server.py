"""The voice process as other processes meet it: over its socket, with its real ticks.

Nothing here waits for a length of time: each test awaits what the voice process reports.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import pytest

from calleq.media import protocol
from calleq.media.contract import Player, Prompt, player_source, tone_source
from calleq.media.g711 import decode, rms_of_dbm0
from calleq.media.graph import VoiceError
from calleq.media.prompts import SpokenPrompts
from calleq.media.remote import (
    RemoteVoice,
    VoiceLostError,
    VoiceProcessHandle,
    connect_voice,
    start_voice_process,
)
from calleq.media.server import loopback
from calleq.media.sounds import LEVEL_DBM0
from calleq.media.wording import whisper_text
from tests.media_scenes import (
    AGENT,
    AGENT_LINE,
    CUSTOMER,
    CUSTOMER_LEG,
    CUSTOMER_LINE,
    connect,
    correlation,
    join,
    level_at,
    speak,
)

WAIT_S = 30.0
Result = TypeVar("Result")


def run(
    scene: Callable[[VoiceProcessHandle, RemoteVoice], Awaitable[Result]], cache: Path
) -> Result:
    """Play a scene with a voice process of its own, which ends well in the end."""

    async def played() -> Result:
        process = await start_voice_process(cache)
        voice = await connect_voice(process.address)
        try:
            return await asyncio.wait_for(scene(process, voice), WAIT_S)
        finally:
            voice.close()
            assert await process.stop() == 0

    return asyncio.run(played())


def reported() -> tuple[asyncio.Future[str], Player]:
    """A player's report, to be awaited."""
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    return future, Player(ended=future.set_result)


async def sounded(voice: RemoteVoice, number: str, prompt: Prompt) -> str:
    """Let a telephone utter a prompt to its end."""
    ended, player = reported()
    voice.feed("telephones", f"line:{number}", (player_source(f"{number}/mouth"),))
    voice.play("telephones", f"{number}/mouth", prompt, player)
    return await ended


@pytest.mark.row("S2-59", part=True)
def test_a_tone_goes_from_mouth_to_ear_through_elements_of_different_processes(tmp_path: Path):
    async def scene(process: VoiceProcessHandle, telephones: RemoteVoice) -> None:
        switch, peripheral = [await connect_voice(process.address) for _ in range(2)]
        for line in (CUSTOMER_LINE, AGENT_LINE):
            connect(switch, line)
        join(peripheral)
        await switch.prepare()
        await peripheral.prepare()  # all that was asked before it has been done
        tone = Prompt("tone", "1000", limit_us=400_000)
        for mouth, own, other in (
            (CUSTOMER, CUSTOMER_LINE, AGENT_LINE),
            (AGENT, AGENT_LINE, CUSTOMER_LINE),
        ):
            telephones.clear("telephones", own)
            telephones.clear("telephones", other)
            telephones.feed("telephones", other, ())
            telephones.record("telephones", other)
            assert await sounded(telephones, mouth, tone) == "complete"
            there = await telephones.recording("telephones", other)
            here = await telephones.recording("telephones", own)
            heard = decode(there.octets)
            spoken = heard[heard != 0]
            assert spoken.size > 1_000
            frame = heard[:160].astype(np.int16)
            assert level_at(frame, 1_000) == pytest.approx(rms_of_dbm0(LEVEL_DBM0), rel=0.05)
            assert here.octets == b""
        for each in (switch, peripheral):
            assert each.refusals == []
            each.close()

    run(scene, tmp_path)


def test_keys_are_received_one_by_one_by_an_element_of_another_process(tmp_path: Path):
    """What is listened for again when a key has been told comes in time for the next."""
    heard: list[str] = []

    async def scene(process: VoiceProcessHandle, peripheral: RemoteVoice) -> None:
        switch, telephones = [await connect_voice(process.address) for _ in range(2)]
        connect(switch, CUSTOMER_LINE)
        await switch.prepare()
        silence: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def pressed(key: str) -> None:
            heard.append(key)
            if key:
                peripheral.next_key("ip-76", CUSTOMER_LEG, 1_000_000, pressed)
            else:
                silence.set_result(None)

        peripheral.next_key("ip-76", CUSTOMER_LEG, 1_000_000, pressed)
        await peripheral.prepare()
        assert await sounded(telephones, CUSTOMER, Prompt("keys", "147*")) == "complete"
        await silence
        for each in (switch, telephones):
            assert each.refusals == []
            each.close()

    run(scene, tmp_path)
    assert heard == ["1", "4", "7", "*", ""]


def test_an_announcement_is_heard_as_it_was_rendered(tmp_path: Path):
    pytest.importorskip("espeakng_loader")
    prompt = Prompt("speech", whisper_text("ABC Company"), "ABC")
    events: list[str] = []

    async def scene(process: VoiceProcessHandle, voice: RemoteVoice) -> tuple[bytes, int]:
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        voice.record("ssp-62", CUSTOMER_LEG)
        voice.feed("ip-76", CUSTOMER_LEG, (player_source("p"),))
        assert await voice.prepare(prompt) == ""
        voice.play("ip-76", "p", prompt, Player(ended.set_result, lambda: events.append("mark")))
        events.append(await ended)
        recording = await voice.recording("ssp-62", CUSTOMER_LEG)
        return recording.octets, recording.missed_frames

    octets, _ = run(scene, tmp_path)
    assert events == ["mark", "complete"]
    rendered = SpokenPrompts(tmp_path).samples(prompt)
    heard = decode(octets)
    count = min(rendered.size, heard.size) // 160 * 160
    assert count > 0.9 * rendered.size
    # a tick that a busy machine missed is silence in its place: compare what was ticked
    ticked = heard[:count].reshape(-1, 160).any(axis=1)
    one = heard[:count].reshape(-1, 160)[ticked].ravel()
    other = rendered[:count].reshape(-1, 160)[ticked].ravel()
    assert correlation(one, other) > 0.95


def test_who_hears_whom_and_who_answered_come_back_over_the_socket(tmp_path: Path):
    async def scene(process: VoiceProcessHandle, voice: RemoteVoice) -> None:
        loop = asyncio.get_running_loop()
        verdict: asyncio.Future[str] = loop.create_future()
        silent_again = asyncio.Event()
        told: list[frozenset[str]] = []

        def heard(voices: frozenset[str]) -> None:
            told.append(voices)
            if len(told) == 3:
                silent_again.set()

        connect(voice, CUSTOMER_LINE)
        voice.hear("ip-76", CUSTOMER_LEG, heard)
        voice.detect("ip-76", CUSTOMER_LEG, 2_000_000, verdict.set_result)
        speak(voice, CUSTOMER, Prompt("mouth", "fax"))
        assert await verdict == "fax"
        voice.stop("telephones", f"{CUSTOMER}/mouth")
        await silent_again.wait()
        assert told == [frozenset(), {f"mouth:{CUSTOMER}"}, frozenset()]

    run(scene, tmp_path)


def test_what_an_element_fed_ends_with_its_process(tmp_path: Path):
    async def scene(process: VoiceProcessHandle, voice: RemoteVoice) -> None:
        told: asyncio.Queue[frozenset[str]] = asyncio.Queue()
        voice.hear("ssp-62", CUSTOMER_LEG, told.put_nowait)
        assert await told.get() == frozenset()
        other = await connect_voice(process.address)
        other.feed("ip-76", CUSTOMER_LEG, (player_source("m"),))
        other.play("ip-76", "m", Prompt("music"), Player())
        assert await told.get() == {"music"}
        other.close()
        assert await told.get() == frozenset()

    run(scene, tmp_path)


def test_an_element_that_came_back_is_not_silenced_by_its_past(tmp_path: Path):
    async def scene(process: VoiceProcessHandle, voice: RemoteVoice) -> None:
        told: asyncio.Queue[frozenset[str]] = asyncio.Queue()
        voice.hear("ssp-62", CUSTOMER_LEG, told.put_nowait)
        assert await told.get() == frozenset()
        before, after = [await connect_voice(process.address) for _ in range(2)]
        for each in (before, after):
            each.feed("ip-76", CUSTOMER_LEG, (player_source("m"),))
            each.play("ip-76", "m", Prompt("music"), Player())
            await each.prepare()
        before.close()
        third = await connect_voice(process.address)
        third.feed("ip-76", CUSTOMER_LEG, (player_source("m"), tone_source("busy")))
        # the second player takes the first one's place; the first connection's end changes nothing
        heard = [await told.get() for _ in range(4)]
        assert heard == [{"music"}, frozenset(), {"music"}, {"music", "tone:busy"}]
        assert told.empty()
        third.close()
        after.close()

    run(scene, tmp_path)


def test_voice_is_served_before_other_processes_where_it_may_ask_for_that(tmp_path: Path):
    if not hasattr(os, "SCHED_RESET_ON_FORK"):
        pytest.skip("no such policy on this system")
    asks = "import os; os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))"
    may = subprocess.run([sys.executable, "-c", asks], capture_output=True, check=False)

    async def scene(process: VoiceProcessHandle, voice: RemoteVoice) -> None:
        await voice.prepare(Prompt("speech", "Hello."))  # spoken by a thread
        policies = {
            int(task.name): os.sched_getscheduler(int(task.name)) & ~os.SCHED_RESET_ON_FORK
            for task in Path(f"/proc/{process.pid}/task").iterdir()
        }
        expected = os.SCHED_OTHER if may.returncode else os.SCHED_RR
        assert policies.pop(process.pid) == expected
        assert set(policies.values()) <= {os.SCHED_OTHER}

    run(scene, tmp_path)


def test_a_lost_voice_process_fails_every_player_and_is_reported_once(tmp_path: Path):
    async def scene() -> None:
        lost: list[str] = []
        process = await start_voice_process(tmp_path)
        gone = asyncio.Event()

        def was_lost() -> None:
            lost.append("lost")
            gone.set()

        voice = await connect_voice(process.address, was_lost)
        ended: list[str] = []
        verdicts: list[str] = []
        voice.play("ip-76", "m", Prompt("music"), Player(ended.append))
        voice.play("ip-76", "n", Prompt("music"), Player(ended.append))
        voice.detect("ip-76", CUSTOMER_LEG, 9_000_000, verdicts.append)
        await voice.prepare()
        os.kill(process.pid, signal.SIGKILL)
        await gone.wait()
        assert ended == ["failed", "failed"]
        assert verdicts == ["human"]
        late, player = reported()
        voice.play("ip-76", "o", Prompt("music"), player)
        assert await late == "failed"
        voice.feed("ip-76", CUSTOMER_LEG, ())
        with pytest.raises(VoiceLostError):
            await voice.recording("telephones", CUSTOMER_LINE)
        assert lost == ["lost"]
        await process.stop()
        with pytest.raises(VoiceLostError):
            await connect_voice(process.address)

    asyncio.run(scene())


def test_a_source_or_prompt_that_cannot_be_is_refused(tmp_path: Path):
    async def scene(process: VoiceProcessHandle, voice: RemoteVoice) -> None:
        with pytest.raises(VoiceError):
            voice.feed("ip-76", CUSTOMER_LEG, (tone_source("whistle"),))
        ended, player = reported()
        voice.play("ip-76", "p", Prompt("mouth", "cough"), player)
        assert await ended == "failed"

    run(scene, tmp_path)


def test_a_voice_process_that_comes_back_is_told_again_what_goes_on(tmp_path: Path):
    async def scene() -> None:
        heard: asyncio.Queue[set[str]] = asyncio.Queue()
        lost = asyncio.Event()
        first = await start_voice_process(tmp_path)
        voice = await connect_voice(first.address, lost.set)
        voice.feed("ip-76", CUSTOMER_LEG, (tone_source("busy"),))
        voice.feed("ip-76", CUSTOMER_LINE, (tone_source("ringback"),))
        voice.feed("ip-76", CUSTOMER_LINE, ())
        voice.hear("ssp-62", CUSTOMER_LEG, lambda voices: heard.put_nowait(set(voices)))
        voice.hear("ssp-62", CUSTOMER_LINE, lambda voices: heard.put_nowait(set(voices)))
        reports = [await heard.get(), await heard.get()]
        assert {"tone:busy"} in reports
        os.kill(first.pid, signal.SIGKILL)
        await lost.wait()
        assert [heard.get_nowait(), heard.get_nowait()] == [set(), set()]
        with pytest.raises(VoiceLostError):
            await voice.prepare()
        await first.stop()
        second = await start_voice_process(tmp_path, first.address)
        await voice.connect(second.address)
        assert [await heard.get(), await heard.get()] == [{"tone:busy"}, set()]
        assert await voice.prepare() == ""
        assert voice.refusals == []
        voice.close()
        assert await second.stop() == 0

    asyncio.run(asyncio.wait_for(scene(), WAIT_S))


@pytest.mark.parametrize(
    "octets",
    [
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x02\xc1\xc1",
        b"\x00\x00\x00\x00",
        protocol.framed(protocol.Marked(1)),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_a_peer_that_breaks_the_protocol_is_disconnected_and_nobody_else(
    tmp_path: Path, octets: bytes
):
    async def scene(process: VoiceProcessHandle, voice: RemoteVoice) -> None:
        host, _, port = process.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(octets)
        assert await reader.read() == b""
        writer.close()
        assert await voice.prepare() == ""

    run(scene, tmp_path)


def test_messages_are_cut_out_of_a_stream_wherever_it_breaks():
    messages = [
        protocol.Feed("ip-76", CUSTOMER_LEG, (tone_source("busy"),)),
        protocol.Play(1, "ip-76", "p", Prompt("speech", "Hallo – ä")),
        protocol.Detect(2, "ip-76", CUSTOMER_LEG, 2_000_000),
    ]
    octets = b"".join(protocol.framed(message) for message in messages)
    for size in (1, 3, 7, len(octets)):
        frames = protocol.requests()
        found: list[msgspec.Struct] = []
        for start in range(0, len(octets), size):
            found += frames.receive(octets[start : start + size])
        assert found == messages


def test_the_process_ends_on_sigterm_and_serves_a_unix_socket(tmp_path: Path):
    async def scene() -> int:
        path = tmp_path / "voice.sock"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "calleq.media", "--unix", str(path)),
            *("--cache", str(tmp_path)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode().split()
        assert line == ["ready", f"unix:{path}"]
        voice = await connect_voice(line[1])
        assert await voice.prepare() == ""
        process.terminate()
        return await process.wait()

    assert asyncio.run(scene()) == 0
    assert not (tmp_path / "voice.sock").exists()


@pytest.mark.parametrize(
    "address", ["0.0.0.0:1", "192.0.2.1:5", "example.org:5", "127.0.0.1", ":9"]
)
def test_only_this_machine_is_served(address: str):
    with pytest.raises(ValueError, match="--listen"):
        loopback(address)


def test_wrong_use_of_the_command_is_one_clear_line():
    answer = subprocess.run(
        [sys.executable, "-m", "calleq.media", "--listen", "0.0.0.0:8076"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 2
    assert "only a loopback address" in answer.stderr
    assert "Traceback" not in answer.stderr
