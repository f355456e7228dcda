"""The recogniser as the voice process has it: a worker process, asked and answered in order.

The worker is started when words are first to be listened for and stays. One that dies, is not ready
within `START_LIMIT_S` or does not answer within `ANSWER_LIMIT_S` of being asked, is started anew
for the next word; whoever waits is told
`OTHER_WORDS` then, so that nobody is rung because of it. So is whoever comes when `WAITING_LIMIT`
words wait already.
"""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from calleq.media import recognise
from calleq.media.contract import OTHER_WORDS
from calleq.media.g711 import Samples, encode
from calleq.media.recognise import Heard, RecogniserError, Understood
from calleq.runtime.framing import LengthReader, framed

START_LIMIT_S = 20.0
ANSWER_LIMIT_S = 5.0
WAITING_LIMIT = 64
END_LIMIT_S = 2.0


@dataclass(slots=True)
class _Waiting:
    request: bytes
    told: Callable[[str], object]
    timer: asyncio.TimerHandle


class Understanding:
    """Which word an utterance is, found out elsewhere."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: dict[int, _Waiting] = {}
        """Whoever has not been told yet, by the number of the request."""
        self._number = recognise.READY
        self._is_ready = False
        self._worker: asyncio.subprocess.Process | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def notice(self) -> str:
        """A line for the operator where nothing can be understood; else empty."""
        return "" if recognise.is_installed() else f"speech: {recognise.MISSING}"

    def begin(self) -> None:
        """Have a worker ready, as words are about to be listened for."""
        if self._running is None or self._running.done():
            self._running = self._loop.create_task(self._run())

    def ask(
        self, words: tuple[str, ...], utterance: Samples, told: Callable[[str], object]
    ) -> None:
        """Tell `told`, later and once, which of the words it is."""
        if len(self._waiting) >= WAITING_LIMIT:
            self._loop.call_soon(told, OTHER_WORDS)
            return
        self.begin()
        self._number += 1
        octets = encode(utterance[: recognise.REQUEST_OCTETS_LIMIT // 2])
        request = framed(msgspec.msgpack.encode(Heard(self._number, words, octets)))
        limit_s = ANSWER_LIMIT_S if self._is_ready else START_LIMIT_S
        timer = self._loop.call_later(limit_s, self._too_late, self._number)
        self._waiting[self._number] = _Waiting(request, told, timer)
        if self._is_ready:
            self._send(request)

    async def close(self) -> None:
        """End the worker; whoever waits is told."""
        if self._worker is not None and self._worker.stdin is not None:
            self._worker.stdin.close()
        if self._running is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._running), END_LIMIT_S)
            self._kill()
            await self._running

    async def _run(self) -> None:
        """One worker, from its start to its end."""
        worker = self._worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "calleq.media.recognise"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        reader: LengthReader[Understood] = LengthReader(
            1,
            recognise.REQUEST_OCTETS_LIMIT,
            msgspec.msgpack.Decoder(Understood).decode,
            RecogniserError,
        )
        assert worker.stdout is not None
        while octets := await worker.stdout.read(recognise.REQUEST_OCTETS_LIMIT):
            for answer in reader.receive(octets):
                if answer.number == recognise.READY:
                    self._ready()
                else:
                    self._answer(answer.number, answer.word)
        await worker.wait()
        self._is_ready = False
        for number in list(self._waiting):
            self._answer(number, OTHER_WORDS)

    def _ready(self) -> None:
        self._is_ready = True
        for waiting in self._waiting.values():
            self._send(waiting.request)

    def _send(self, request: bytes) -> None:
        if self._worker is not None and self._worker.stdin is not None:
            self._worker.stdin.write(request)

    def _too_late(self, number: int) -> None:
        """It hangs: a word is not worth waiting for."""
        self._answer(number, OTHER_WORDS)
        self._kill()

    def _kill(self) -> None:
        if self._worker is not None and self._worker.returncode is None:
            self._worker.kill()

    def _answer(self, number: int, word: str) -> None:
        waiting = self._waiting.pop(number, None)
        if waiting is not None:
            waiting.timer.cancel()
            waiting.told(word)
