"""The recogniser as the voice process has it: a worker process, asked and answered in order.

The worker is started when words are first to be listened for and stays. One that dies, or does not
answer within `ANSWER_LIMIT_S`, is started anew for the next word; whoever waits is told
`OTHER_WORDS` then, so that nobody is rung because of it. So is whoever comes when `WAITING_LIMIT`
words wait already.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable

import msgspec

from calleq.media import recognise
from calleq.media.contract import OTHER_WORDS
from calleq.media.g711 import Samples, encode
from calleq.media.recognise import Heard, RecogniserError, Understood
from calleq.runtime.framing import LengthReader, framed

ANSWER_LIMIT_S = 3.0
"""Long enough for a worker that has just been started."""
WAITING_LIMIT = 64
END_LIMIT_S = 2.0


class Understanding:
    """Which word an utterance is, found out elsewhere."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: dict[int, tuple[Callable[[str], object], asyncio.TimerHandle]] = {}
        self._number = 0
        self._worker: asyncio.subprocess.Process | None = None
        self._starting: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._unsent: list[bytes] = []

    @property
    def notice(self) -> str:
        """A line for the operator where nothing can be understood; else empty."""
        return "" if recognise.is_installed() else f"speech: {recognise.MISSING}"

    def begin(self) -> None:
        """Have a worker ready, as words are about to be listened for."""
        alive = self._worker is not None and self._worker.returncode is None
        if not alive and self._starting is None:
            self._starting = self._loop.create_task(self._start())

    def ask(
        self, words: tuple[str, ...], utterance: Samples, told: Callable[[str], object]
    ) -> None:
        """Tell `told`, later and once, which of the words it is."""
        if len(self._waiting) >= WAITING_LIMIT:
            self._loop.call_soon(told, OTHER_WORDS)
            return
        self.begin()
        self._number += 1
        number = self._number
        timer = self._loop.call_later(ANSWER_LIMIT_S, self._too_late, number)
        self._waiting[number] = (told, timer)
        octets = encode(utterance[: recognise.REQUEST_OCTETS_LIMIT // 2])
        self._send(framed(msgspec.msgpack.encode(Heard(number, words, octets))))

    async def close(self) -> None:
        """End the worker."""
        if self._starting is not None:
            await self._starting
        worker, self._worker = self._worker, None
        if worker is None:
            return
        if worker.stdin is not None:
            worker.stdin.close()
        try:
            await asyncio.wait_for(worker.wait(), END_LIMIT_S)
        except TimeoutError:
            worker.kill()
            await worker.wait()

    async def _start(self) -> None:
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "calleq.media.recognise"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._worker, self._starting = worker, None
        self._reading = self._loop.create_task(self._read(worker))
        unsent, self._unsent = self._unsent, []
        for octets in unsent:
            self._send(octets)

    def _send(self, octets: bytes) -> None:
        worker = self._worker
        if worker is None or worker.returncode is not None or worker.stdin is None:
            self._unsent.append(octets)
        else:
            worker.stdin.write(octets)

    async def _read(self, worker: asyncio.subprocess.Process) -> None:
        reader: LengthReader[Understood] = LengthReader(
            1,
            recognise.REQUEST_OCTETS_LIMIT,
            msgspec.msgpack.Decoder(Understood).decode,
            RecogniserError,
        )
        assert worker.stdout is not None
        while octets := await worker.stdout.read(recognise.REQUEST_OCTETS_LIMIT):
            for answer in reader.receive(octets):
                self._answer(answer.number, answer.word)
        await worker.wait()
        for number in list(self._waiting):
            self._answer(number, OTHER_WORDS)

    def _too_late(self, number: int) -> None:
        """It hangs: a word is not worth waiting for."""
        self._answer(number, OTHER_WORDS)
        if self._worker is not None and self._worker.returncode is None:
            self._worker.kill()

    def _answer(self, number: int, word: str) -> None:
        told, timer = self._waiting.pop(number, (None, None))
        if told is not None and timer is not None:
            timer.cancel()
            told(word)
