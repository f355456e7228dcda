"""The voice process as a host has it: started beside it, or found by its address.

In one process the voice process is its child, and the host cannot go on without it. In several it
is anyone's: it may be started later and may come back, so `FoundVoice` connects for as long as it
takes and says when it was lost and found. What plays meanwhile reports that it failed; what is fed
and listened to goes on afterwards (`calleq.media.remote`).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Final

from calleq.cli.failure import CommandError
from calleq.media.contract import Prompt
from calleq.media.remote import (
    RemoteVoice,
    VoiceLostError,
    VoiceProcessHandle,
    connect_voice,
    start_voice_process,
)
from calleq.topology import Topology, address_of

VOICE: Final = "voice"
RETRY_S = 0.1
PATIENCE_S = 1.0
"""How long the voice process may be missing before the operator is told."""


class StoppedError(Exception):
    """The process was asked to stop while it waited for another one."""


def voice_address(topology: Topology) -> str:
    """Where the voice process of a network in several processes listens."""
    host, port = address_of(topology, topology.access_server.name, VOICE)
    return f"{host}:{port}"


Starting = asyncio.Task[VoiceProcessHandle]


@contextlib.asynccontextmanager
async def voice_starting(data: Path) -> AsyncIterator[Starting]:
    """Start a voice process of our own, going on at once as it takes a while; end it at the end."""
    starting = asyncio.create_task(start_voice_process(data / "prompts"))
    await asyncio.sleep(0)  # the process is made now, whatever holds up the loop afterwards
    try:
        yield starting
    finally:
        with contextlib.suppress(VoiceLostError):
            await (await starting).stop()


@contextlib.asynccontextmanager
async def voice_beside(
    starting: Starting, lost: Callable[[], object]
) -> AsyncIterator[RemoteVoice]:
    """The voice of our own process; `lost` is called if it ends by itself. Raises CommandError."""
    ending = False

    def gone() -> None:
        if not ending:
            lost()

    try:
        handle = await starting
        voice = await connect_voice(handle.address, gone)
        try:
            yield voice
        finally:
            ending = True
            voice.close()
    except VoiceLostError as error:
        raise CommandError(str(error)) from error


class FoundVoice:
    """The voice process at `address`, found again whenever it was lost. `prompts` are prepared."""

    def __init__(
        self,
        address: str,
        prompts: Sequence[Prompt],
        say: Callable[[str], None],
        *,
        words: bool = False,
    ) -> None:
        """`words`: words will be listened for."""
        self.voice = RemoteVoice(self._was_lost)
        self._address = address
        self._prompts = prompts
        self._words = words
        self._say = say
        self._lost = asyncio.Event()

    @contextlib.asynccontextmanager
    async def kept(self, stop: asyncio.Event) -> AsyncIterator[RemoteVoice]:
        """Wait until it is found, then keep it. Raises StoppedError when `stop` comes first."""
        finding = asyncio.ensure_future(self._find())
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait((finding, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not finding.done():
                raise StoppedError
        finally:
            finding.cancel()
            stopping.cancel()
        keeping = asyncio.ensure_future(self._keep())
        try:
            yield self.voice
        finally:
            keeping.cancel()
            self.voice.close()

    async def _keep(self) -> None:
        while True:
            await self._lost.wait()
            self._say(f"voice at {self._address}: lost")
            await self._find()
            self._say(f"voice at {self._address}: connected")

    async def _find(self) -> None:
        """Connect and have the prompts made; goes on until both are done."""
        loop = asyncio.get_running_loop()
        patience_ends: float | None = loop.time() + PATIENCE_S
        while True:
            self._lost.clear()
            try:
                await self.voice.connect(self._address)
                notice = await self.voice.prepare(*self._prompts, words=self._words)
            except VoiceLostError:
                if patience_ends is not None and loop.time() > patience_ends:
                    patience_ends = None
                    self._say(
                        f"waiting for voice at {self._address}: start it with `calleq run voice`"
                    )
                await asyncio.sleep(RETRY_S)
                continue
            if notice:
                self._say(notice)
            return

    def _was_lost(self) -> None:
        self._lost.set()
