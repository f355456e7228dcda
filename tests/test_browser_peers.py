"""Voice paths and what pages may do to them: damaged offers, too many, none left behind."""

import asyncio
import os
import random
from pathlib import Path

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection

from calleq.browser import peers as module
from calleq.browser.peers import PeerError, Peers
from tests.browser_scene import Microphone

SEED = 20_261
OFFERS = 300


async def offer() -> str:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTrack(Microphone(1_000))
    await connection.setLocalDescription(await connection.createOffer())
    sdp: str = connection.localDescription.sdp
    await connection.close()
    return sdp


def damaged(draw: random.Random, sdp: str) -> str:
    """The offer with a few of its lines gone, doubled, swapped or altered."""
    lines = sdp.splitlines()
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(lines))
        match draw.randrange(4):
            case 0 if len(lines) > 2:
                del lines[at]
            case 1:
                lines.insert(at, lines[draw.randrange(len(lines))])
            case 2:
                other = draw.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
            case _:
                line = bytearray(lines[at].encode())
                for _ in range(draw.randint(1, 3)):
                    line[draw.randrange(len(line))] = draw.randint(0x20, 0x7E)
                lines[at] = line.decode()
    return "\r\n".join(lines) + "\r\n"


def open_sockets() -> int:
    return sum(
        os.readlink(path).startswith("socket:")
        for path in Path("/proc/self/fd").iterdir()
        if path.is_symlink()
    )


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts sockets by /proc")
def test_damaged_offers_are_answered_or_refused_and_leave_nothing_behind() -> None:
    async def run() -> tuple[int, int]:
        draw = random.Random(SEED)
        peers = Peers("127.0.0.1")
        good = await offer()
        before = open_sockets()
        answered = 0
        for _ in range(OFFERS):
            peer = peers.make(lambda octets, sample: None, lambda stands: None)
            try:
                assert "m=audio" in await peer.answer(damaged(draw, good))
                answered += 1
            except PeerError:
                pass
            peers.drop(peer)
        await peers.close()
        await asyncio.sleep(0)
        assert open_sockets() == before
        return answered, OFFERS - answered

    answered, refused = asyncio.run(run())
    assert answered > 0
    assert refused > 0


def makes_another(peers: Peers) -> bool:
    """Whether there was room for one."""
    try:
        peers.make(lambda octets, sample: None, lambda stands: None)
    except PeerError:
        return False
    return True


def test_there_are_only_so_many_voice_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PEERS_LIMIT", 2)

    async def run() -> None:
        peers = Peers("127.0.0.1")
        first = peers.make(lambda octets, sample: None, lambda stands: None)
        peers.make(lambda octets, sample: None, lambda stands: None)
        with pytest.raises(PeerError, match="2 voice paths"):
            peers.make(lambda octets, sample: None, lambda stands: None)
        peers.drop(first)
        async with asyncio.timeout(10):
            while not makes_another(peers):  # once the first is closed
                await asyncio.sleep(0)
        await peers.close()

    asyncio.run(run())


def test_what_the_page_does_not_take_in_time_is_dropped_oldest_first() -> None:
    async def run() -> None:
        earpiece = module._Earpiece()
        for number in range(module.EARPIECE_LIMIT + 3):
            earpiece.put(number * 160, bytes(160))
        assert earpiece.dropped == 3
        assert (await earpiece.recv()).pts == 3 * 160

    asyncio.run(run())
