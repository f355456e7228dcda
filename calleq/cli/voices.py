"""The voice process as a host has it: started beside it, or found by its address.

In one process the voice process is its child. When it ends by itself it is started again, and calls
go on after a gap (`calleq.media.remote`); when it ends `RESTARTS` times within `RESTARTS_WITHIN_S`
the host cannot go on without it. In several it is anyone's: it may be started later and may come
back, so `FoundVoice` connects for as long as it takes and says when it was lost and found.
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
    start_voice_process,
)
from calleq.topology import Topology, address_of

VOICE: Final = "voice"
RETRY_S = 0.1
PATIENCE_S = 1.0
"""How long the voice process may be missing before the operator is told."""
PLAYERS_PATIENCE_S = 5.0
"""How long players wait for it."""
RESTARTS = 5
RESTARTS_WITHIN_S = 60.0


class StoppedError(Exception):
    """The process was asked to stop while it waited for another one."""


def voice_address(topology: Topology) -> str:
    """Where the voice process of a network in several processes listens."""
    host, port = address_of(topology, topology.access_server.name, VOICE)
    return f"{host}:{port}"


class Starting:
    """A voice process of our own: being started, running, or being started again."""

    def __init__(self, data: Path, rtp: str) -> None:
        self._data = data
        self._rtp = rtp
        self._task = self._start()

    def _start(self) -> asyncio.Task[VoiceProcessHandle]:
        return asyncio.create_task(start_voice_process(self._data / "prompts", rtp=self._rtp))

    async def handle(self) -> VoiceProcessHandle:
        """It, as soon as it runs. Raises VoiceLostError."""
        return await self._task

    async def again(self) -> VoiceProcessHandle:
        """Another one in place of the last, which has ended. Raises VoiceLostError."""
        await self.stop()
        self._task = self._start()
        return await self._task

    async def stop(self) -> None:
        """End it."""
        with contextlib.suppress(VoiceLostError):
            await (await self._task).stop()


@contextlib.asynccontextmanager
async def voice_starting(data: Path, rtp: str = "") -> AsyncIterator[Starting]:
    """Start a voice process of our own, going on at once as it takes a while; end it at the end."""
    starting = Starting(data, rtp)
    await asyncio.sleep(0)  # the process is made now, whatever holds up the loop afterwards
    try:
        yield starting
    finally:
        await starting.stop()


@contextlib.asynccontextmanager
async def voice_beside(
    starting: Starting,
    prompts: Sequence[Prompt],
    say: Callable[[str], None],
    lost: Callable[[], object],
    *,
    words: bool = False,
    stop: asyncio.Event | None = None,
) -> AsyncIterator[RemoteVoice]:
    """The voice of our own process, `prompts` prepared, started again whenever it ends by itself.

    `words`: words will be listened for. `lost` is called when that does not help. Once `stop` is
    set it is not started again. Raises CommandError.
    """
    was_lost = asyncio.Event()
    voice = RemoteVoice(was_lost.set, PLAYERS_PATIENCE_S)
    try:
        await voice.connect((await starting.handle()).address)
        notice = await voice.prepare(*prompts, words=words)
    except VoiceLostError as error:
        raise CommandError(str(error)) from error
    if notice:
        say(notice)

    async def keep() -> None:
        ends: list[float] = []
        while True:
            await was_lost.wait()
            was_lost.clear()
            if stop is not None and stop.is_set():
                return  # whoever ends us may end all of our processes at once
            now = asyncio.get_running_loop().time()
            ends = [at for at in ends if now - at < RESTARTS_WITHIN_S] + [now]
            if len(ends) > RESTARTS:
                lost()
                return
            say("voice: the process has ended; it is started again")
            with contextlib.suppress(VoiceLostError):
                await voice.connect((await starting.again()).address)
                await voice.prepare(*prompts, words=words)
                continue
            was_lost.set()

    keeping = asyncio.create_task(keep())
    try:
        yield voice
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
        voice.close()


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
        self.voice = RemoteVoice(self._was_lost, PLAYERS_PATIENCE_S)
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
