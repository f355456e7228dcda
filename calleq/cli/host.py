"""A process that hosts elements in real time: what `calleq up`, `run` and `demo` stand on.

One asyncio loop; a Twisted reactor rides on it as a guest where elements of other processes must be
reached; the voice process runs beside. `Host` starts everything in order, says where it listens and
ends everything in the reverse order: doors first, then the elements' wires, the journal last.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp

from calleq.access_server.http import http_app
from calleq.accounts.passwords import PooledVerifier
from calleq.cli.failure import CommandError
from calleq.cli.plants import OneProcess, SeveralProcesses, Wires
from calleq.cli.reading import read_json, write_json, write_point_codes
from calleq.journal.file import FileJournal
from calleq.journal.reading import journal_path
from calleq.media.remote import (
    RemoteVoice,
    VoiceLostError,
    VoiceProcessHandle,
    connect_voice,
    start_voice_process,
)
from calleq.network import TELEPHONES, Network, Plant, build_network, point_codes, prompts_of
from calleq.runtime.clock import LoopClock
from calleq.telephones.desk import desk_app
from calleq.telephones.diary import Diary
from calleq.topology import Topology, address_of
from calleq.trace.capture import CaptureFile
from calleq.web.hosting import GuestServer, HostingError

VOICE: Final = "voice"
VERIFIERS = 2
"""Threads that verify passwords; more would only take the elements' processor time."""
VOICE_WAIT_S = 20.0
VOICE_RETRY_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a process shall host and where."""

    topology: Topology
    data: Path
    elements: frozenset[str] | None
    """None: the whole network in this process."""
    process: str
    """Names the journal and the capture."""
    port: int | None = None
    desk_port: int = 0
    talk_us: int
    say: Callable[[str], None]


@dataclass(slots=True)
class Host:
    """A running process."""

    network: Network
    voice: RemoteVoice
    addresses: dict[str, str] = field(default_factory=dict)
    failure: str = ""

    @property
    def url(self) -> str:
        """The front door."""
        return self.addresses["front door"]


@contextlib.asynccontextmanager
async def hosting(wish: Wish, stop: asyncio.Event) -> AsyncIterator[Host]:
    """Start everything; on leaving, end everything. `stop` is set when the disk or voice fails."""
    wish.data.mkdir(parents=True, exist_ok=True)
    loop = asyncio.get_running_loop()
    clock = LoopClock(loop)
    async with contextlib.AsyncExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(VERIFIERS, "passwords"))
        failures: list[str] = []

        def failed(what: str) -> None:
            failures.append(what)
            stop.set()

        journal = FileJournal(
            journal_path(wish.data, wish.process), clock, loop, lambda error: failed(str(error))
        )
        stack.callback(journal.close)
        capture = CaptureFile(wish.data / f"{wish.process}.capture", clock)
        stack.callback(capture.close)
        diary = Diary(clock, wish.data / "telephones.diary" if _has_telephones(wish) else None)
        stack.callback(diary.close)
        voice = await stack.enter_async_context(
            _voice(wish, lambda: failed("the voice process ended"))
        )
        notice = await voice.prepare(*prompts_of(wish.topology))
        if notice:
            wish.say(notice)
        wires = await stack.enter_async_context(_wires(wish, clock, capture))
        plant = Plant(
            clock=clock,
            journal=journal,
            bus=wires.bus,
            lines=wires.lines,
            voice=voice,
            tap=capture,
            link_ends=wires.link_ends,
            verifier=PooledVerifier(pool, loop.call_soon_threadsafe),
            random_bits=secrets.randbits,
            secret=secrets.token_bytes(32),
            diary=diary,
            talk_us=wish.talk_us,
        )
        network = build_network(wish.topology, plant, wish.elements, journal.recovered)
        host = Host(network, voice)
        wires.open()
        network.start(journal.recovered)
        journal.forget_recovered()
        await _open_doors(wish, host, stack)
        _write_addresses(wish.data, host.addresses)
        write_point_codes(wish.data, point_codes(wish.topology))
        try:
            yield host
        finally:
            host.failure = "; ".join(failures)


def _has_telephones(wish: Wish) -> bool:
    return wish.elements is None or TELEPHONES in wish.elements


@contextlib.asynccontextmanager
async def _voice(wish: Wish, lost: Callable[[], object]) -> AsyncIterator[RemoteVoice]:
    """The voice process: started beside `calleq up`, found by address in `calleq run`."""
    ending = False
    handle: VoiceProcessHandle | None = None

    def gone() -> None:
        if not ending:
            lost()

    try:
        if wish.elements is None:
            handle = await start_voice_process(wish.data / "prompts")
            voice = await connect_voice(handle.address, gone)
        else:
            voice = await _find_voice(voice_address(wish.topology), gone)
    except VoiceLostError as error:
        raise CommandError(str(error)) from error
    try:
        yield voice
    finally:
        ending = True
        voice.close()
        if handle is not None:
            await handle.stop()


def voice_address(topology: Topology) -> str:
    """Where the voice process of a network in several processes listens."""
    host, port = address_of(topology, topology.access_server.name, VOICE)
    return f"{host}:{port}"


async def _find_voice(address: str, lost: Callable[[], object]) -> RemoteVoice:
    deadline = asyncio.get_running_loop().time() + VOICE_WAIT_S
    while True:
        try:
            return await connect_voice(address, lost)
        except VoiceLostError as error:
            if asyncio.get_running_loop().time() > deadline:
                raise CommandError(f"{error}: start it with `calleq run voice`") from error
        await asyncio.sleep(VOICE_RETRY_S)


@contextlib.asynccontextmanager
async def _wires(wish: Wish, clock: LoopClock, capture: CaptureFile) -> AsyncIterator[Wires]:
    if wish.elements is None:
        yield OneProcess(wish.topology, clock, capture)
        return
    wires = SeveralProcesses(wish.topology, clock, capture, wish.elements)
    try:
        yield wires
    finally:
        await wires.close()


async def _open_doors(wish: Wish, host: Host, stack: contextlib.AsyncExitStack) -> None:
    network = host.network
    if network.server is not None and network.accounts is not None:
        address, _, port_text = wish.topology.access_server.listen.rpartition(":")
        port = int(port_text) if wish.port is None else wish.port
        app = http_app(network.server, network.accounts, lambda: secrets.token_hex(12))
        await _serve(app, address, port, "front door", host, stack)
    if network.telephones is not None:
        app = desk_app(network.telephones, host.voice.recording)
        await _serve(app, "127.0.0.1", wish.desk_port, "telephones' desk", host, stack)


async def _serve(
    app: ASGIApp, address: str, port: int, name: str, host: Host, stack: contextlib.AsyncExitStack
) -> None:
    site = GuestServer(app, address, port)
    try:
        bound = await site.start()
    except HostingError as error:
        raise CommandError(
            f"the {name}: {error}; choose another port with --port or --desk-port"
        ) from error
    stack.push_async_callback(site.stop)
    host.addresses[name] = f"http://{address}:{bound}"


def _write_addresses(data: Path, addresses: Mapping[str, str]) -> None:
    """Tell other commands where this process listens."""
    if addresses:
        path = data / "listening.json"
        write_json(path, {**read_json(path), **addresses})
