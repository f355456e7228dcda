"""The voice process as a child: started, known by its address and its number, ended."""

import asyncio
import subprocess
import sys
from pathlib import Path

from calleq.media.recorder import RECORDINGS

START_LIMIT_S = 15.0
END_LIMIT_S = 5.0


class VoiceLostError(ConnectionError):
    """The voice process is gone, or could not be started; the text says which."""


class VoiceProcessHandle:
    """A voice process that this process has started and will end."""

    def __init__(self, process: asyncio.subprocess.Process, address: str) -> None:
        self.address = address
        self._process = process

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    async def stop(self) -> int:
        """End it, by the pipe first, by force after `END_LIMIT_S`; its exit status."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            return await asyncio.wait_for(self._process.wait(), END_LIMIT_S)
        except TimeoutError:
            self._process.kill()
            return await self._process.wait()


async def start_voice_process(
    cache_dir: Path,
    listen: str = "127.0.0.1:0",
    rtp: str = "",
    recordings: Path | None = None,
) -> VoiceProcessHandle:
    """Start `python -m calleq.media` and wait for its `ready`. Raises VoiceLostError.

    `rtp` is HOST:FIRST-LAST, where it has its RTP ports; empty for the default. Recordings go to
    `recordings`, else to a directory beside that of the prompts.
    """
    recordings = recordings or cache_dir.parent / RECORDINGS
    given = ("--listen", listen, "--cache", str(cache_dir), *(("--rtp", rtp) if rtp else ()))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "calleq.media", *given, "--recordings", str(recordings)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_LIMIT_S)
    except TimeoutError:
        line = b""
    word, _, address = line.decode("utf-8", "replace").strip().partition(" ")
    if word != "ready" or not address:
        if process.returncode is None:
            process.kill()
        await process.wait()
        raise VoiceLostError("the voice process did not start")
    return VoiceProcessHandle(process, address)
