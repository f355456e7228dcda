"""RTP ports of the voice process, met over its socket and by real datagrams."""

import asyncio
import os
import signal
import socket
import struct
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from calleq.cli.voices import voice_beside, voice_starting
from calleq.media import protocol, sounds
from calleq.media.contract import Player, Prompt, player_source
from calleq.media.frames import FRAME_SAMPLES
from calleq.media.g711 import decode, encode, rms_of_dbm0
from calleq.media.ports import PortAddress, PortPlan, Quality
from calleq.media.remote import RemoteVoice, VoiceProcessHandle, start_voice_process
from calleq.media.remote_ports import MAX_STOCK_PORTS, RemotePorts
from calleq.media.sounds import LEVEL_DBM0
from tests.media_scenes import level_at
from tests.test_media_server import run

FRAME_S = 0.02
_HEADER = struct.Struct(">BBHII")


class Telephone(asyncio.DatagramProtocol):
    """A far end: says one tone, keeps what it is sent."""

    def __init__(self, hertz: int = 0) -> None:
        self.packets: list[bytes] = []
        self._tone = sounds.test_tone(hertz).samples if hertz else None
        self._sent = 0
        self._wanted = 0
        self._enough: asyncio.Future[None] | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self.port = 0

    @classmethod
    async def at(cls, host: str, hertz: int = 0) -> "Telephone":
        """A telephone whose number the kernel chooses."""
        loop = asyncio.get_running_loop()
        _, telephone = await loop.create_datagram_endpoint(lambda: cls(hertz), (host, 0))
        return telephone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.packets.append(data)
        enough = self._enough
        if enough is not None and not enough.done() and len(self.packets) >= self._wanted:
            enough.set_result(None)

    def speak(self, to: PortAddress) -> None:
        """Go on speaking, 20 ms after 20 ms, until closed."""
        assert self._transport is not None
        assert self._tone is not None
        if self._transport.is_closing():
            return
        start = self._sent * FRAME_SAMPLES % self._tone.size
        payload = encode(self._tone[start : start + FRAME_SAMPLES])
        at = self._sent * FRAME_SAMPLES
        header = _HEADER.pack(0x80, 0, self._sent & 0xFFFF, at, 77)
        self._transport.sendto(header + payload, (to.host, to.port))
        self._sent += 1
        asyncio.get_running_loop().call_later(FRAME_S, self.speak, to)

    async def hears(self, count: int) -> None:
        """Wait until so many packets more have come."""
        self._wanted = len(self.packets) + count
        self._enough = asyncio.get_running_loop().create_future()
        await self._enough

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()


async def taken(voice: RemoteVoice, element: str, wire: str, shared: bool = False) -> PortAddress:
    """A port, as soon as there is one."""
    await voice.prepare()  # what was asked before it has been answered
    address = voice.take_port(element, wire, shared)
    assert address is not None
    return address


async def closed(voice: RemoteVoice, element: str, wire: str) -> Quality:
    """Close a port; what its voice was like."""
    future: asyncio.Future[Quality] = asyncio.get_running_loop().create_future()
    voice.close_port(element, wire, future.set_result)
    return await future


@pytest.mark.parametrize("shared", [False, True], ids=["of their own", "shared"])
def test_two_ports_bridged_by_their_switch_hear_each_other(tmp_path: Path, shared: bool):
    async def scene(process: VoiceProcessHandle, voice: RemoteVoice) -> None:
        voice.open_ports("sip:ssp-62", "127.0.0.1", shared)
        wires = ("line:+12125550100/line-1", "line:+12125550143/switch-2")
        tones = (1_000, 700)
        telephones = [await Telephone.at("127.0.0.1", hertz) for hertz in tones]
        for wire, other, telephone in zip(wires, reversed(wires), telephones, strict=True):
            voice.feed("ssp-62", wire, (f"wire:{other}",))
            address = await taken(voice, "sip:ssp-62", wire, shared)
            assert address.port % 2 == 0
            voice.plan_port("sip:ssp-62", wire, PortPlan("127.0.0.1", telephone.port))
            telephone.speak(address)
        for telephone, hertz in zip(telephones, reversed(tones), strict=True):
            await telephone.hears(30)
            heard = decode(b"".join(packet[12:] for packet in telephone.packets[-10:]))
            assert level_at(heard, hertz) > rms_of_dbm0(LEVEL_DBM0) / 2
        for wire, telephone in zip(wires, telephones, strict=True):
            telephone.close()
            quality = await closed(voice, "sip:ssp-62", wire)
            assert quality.received >= 20
            assert quality.sent >= 20

    run(scene, tmp_path)


def test_a_telephone_behind_a_port_hears_an_announcement_and_a_simulated_one_hears_it(
    tmp_path: Path,
):
    async def scene(process: VoiceProcessHandle, voice: RemoteVoice) -> None:
        voice.open_ports("sip:ssp-62", "127.0.0.1")
        wire, line = "line:+12125550100/line-1", "line:+12125550143"
        voice.feed("ssp-62", wire, ("player:notice",))
        voice.feed("ssp-62", line, (f"wire:{wire}",))
        voice.play("ssp-62", "notice", Prompt("tone", "1200"), Player())
        voice.feed("telephones", line, (player_source("nobody"),))
        voice.record("telephones", line)
        telephone = await Telephone.at("127.0.0.1", 700)
        heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        voice.on_port_event("sip:ssp-62", lambda at, event: heard.set_result(f"{at} {event}"))
        address = await taken(voice, "sip:ssp-62", wire)
        voice.plan_port("sip:ssp-62", wire, PortPlan("127.0.0.1", telephone.port))
        telephone.speak(address)
        assert await heard == f"{wire} heard"
        await telephone.hears(30)
        announced = decode(b"".join(packet[12:] for packet in telephone.packets[-20:]))
        assert level_at(announced, 1_200) > rms_of_dbm0(LEVEL_DBM0) * 0.9
        while True:  # until its tone has come through, however busy the machine is
            recording = await voice.recording("telephones", line)
            spoken = decode(recording.octets)
            if level_at(spoken[-10 * FRAME_SAMPLES :], 700) > rms_of_dbm0(LEVEL_DBM0) / 2:
                break
            await telephone.hears(5)
        telephone.close()

    run(scene, tmp_path)


@pytest.mark.parametrize("shared", [False, True], ids=["of its own", "shared"])
def test_a_call_goes_on_with_the_same_port_after_the_voice_process_was_killed(
    tmp_path: Path, shared: bool
):
    said: list[str] = []
    ended: list[str] = []
    events: list[str] = []

    async def scene() -> None:
        async with voice_starting(tmp_path) as starting:
            beside = voice_beside(starting, (), said.append, lambda: said.append("lost"))
            async with beside as voice:
                voice.on_port_event("sip:ssp-62", lambda wire, event: events.append(event))
                voice.open_ports("sip:ssp-62", "127.0.0.1", shared)
                wire = "line:+12125550100/line-1"
                voice.feed("ssp-62", wire, ("player:music",))
                voice.play("ssp-62", "music", Prompt("music"), Player(ended=ended.append))
                telephone = await Telephone.at("127.0.0.1", 700)
                address = await taken(voice, "sip:ssp-62", wire, shared)
                voice.plan_port("sip:ssp-62", wire, PortPlan("127.0.0.1", telephone.port))
                telephone.speak(address)
                await telephone.hears(10)
                os.kill((await starting.handle()).pid, signal.SIGKILL)
                await telephone.hears(60)  # more than can have been on its way
                while len(events) < 2:  # until the new process has heard it
                    await telephone.hears(5)
                loud = [decode(packet[12:]) for packet in telephone.packets[-10:]]
                assert any(np.abs(samples).max() > 500 for samples in loud)
                quality = await closed(voice, "sip:ssp-62", wire)
                assert quality.received > 0, "heard by the new process"
                assert ended == []
                telephone.close()

    asyncio.run(asyncio.wait_for(scene(), 60))
    assert events[:2] == ["heard", "heard"]
    assert "failed" not in events
    assert said[0] == "voice: the process has ended; it is started again"
    assert "lost" not in said


def test_a_port_that_cannot_be_had_again_fails_visibly(tmp_path: Path):
    async def scene() -> None:
        process = await start_voice_process(tmp_path)
        lost = asyncio.Event()
        voice = RemoteVoice(lost.set, patience_s=5.0)
        await voice.connect(process.address)
        voice.open_ports("sip:ssp-62", "127.0.0.1")
        failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        address = await taken(voice, "sip:ssp-62", "line:1")
        os.kill(process.pid, signal.SIGKILL)
        await lost.wait()
        await process.stop()
        voice.on_port_event("sip:ssp-62", lambda wire, event: failed.set_result(f"{wire} {event}"))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
            thief.bind((address.host, address.port))
            again = await start_voice_process(tmp_path)
            await voice.connect(again.address)
            assert await failed == "line:1 failed"
        voice.close()
        await again.stop()

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_a_burst_of_calls_finds_ports_while_the_voice_process_is_busy():
    """A burst of sipp's calls was refused with cause 47: a hundred calls a second, two ports each,
    while the voice process let half a second pass."""
    asked: list[protocol.BindPorts] = []

    def send(request: protocol.Request) -> bool:
        if isinstance(request, protocol.BindPorts):
            asked.append(request)
        return True

    async def scene() -> None:
        ports = RemotePorts(send, asyncio.get_running_loop())
        ports.open("sip:ssp-62", "127.0.0.1", shared=False)
        numbers = iter(range(16_384, 32_768, 2))
        taken = 0
        for _ in range(6):
            pending = list(asked)
            asked.clear()
            for request in pending:
                bound = tuple(next(numbers) for _ in range(request.count))
                ports.bound(protocol.PortsBound(request.number, request.host, False, bound))
            for _ in range(100):
                assert ports.take("sip:ssp-62", f"trunk:{taken}", False) is not None, taken
                taken += 1
        assert next(numbers) < 16_384 + 2 * (taken + 2 * MAX_STOCK_PORTS)

    asyncio.run(scene())
