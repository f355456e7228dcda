"""Voice by way of the voice process, for elements on an asyncio loop.

    process = await start_voice_process(Path("calleq-data/prompts"))
    voice = await connect_voice(process.address, lost=...)

`RemoteVoice` fulfils `calleq.media.contract.Voice`: calls write to the socket and return; reports
come back on the loop. Any number of processes may connect, each with all of its elements.

When the voice process is gone every outstanding verdict is `human` (nobody can say otherwise),
awaited answers raise VoiceLostError, and `lost` is called. What is fed, listened to and recorded,
and the ports that are taken, are remembered and said anew as soon as it is connected again
(`connect`), so that calls go on; players wait for that as long as there is patience
(`remote_players`), and otherwise report `failed`. A process that does not read its
socket any more (`MAX_UNREAD_OCTETS`) counts as gone.
"""

import asyncio
import itertools
from collections.abc import Callable
from typing import TypeVar, assert_never

import msgspec

from calleq.media import protocol
from calleq.media.contract import NOTHING_SAID, Player, Prompt, Verdict
from calleq.media.graph import Voices, check_sources
from calleq.media.keypad import NO_KEY
from calleq.media.ports import PortAddress, PortEvent, PortPlan, Quality, Tally
from calleq.media.recorder import RecordingEnd
from calleq.media.remote_players import RemotePlayers
from calleq.media.remote_ports import RemotePorts
from calleq.media.voice_child import VoiceLostError as VoiceLostError
from calleq.media.voice_child import VoiceProcessHandle as VoiceProcessHandle
from calleq.media.voice_child import start_voice_process as start_voice_process
from calleq.units import SECOND_US

MAX_REFUSALS_KEPT = 100

Answers = protocol.Prepared | protocol.Recorded | protocol.Told | protocol.TalkersTold
Answer = TypeVar("Answer", bound=Answers)


LOST_KEY_S = 1.0
"""After so long a key that is listened for when the voice process goes counts as not pressed."""


_VOICE_LOST = RecordingEnd("failed", reason="the voice process is gone")


class Recording(msgspec.Struct, frozen=True):
    """Part of what a telephone's ear has heard."""

    from_us: int
    """UTC microseconds of the first sample."""
    octets: bytes
    """Mu-law at 8 kHz; silence where nothing was heard."""
    missed_frames: int
    """Ticks of 20 ms that the voice process has missed since it started."""


class RemoteVoice(asyncio.Protocol):
    """The voice plane of another process. Made by `connect_voice`, or lost until `connect`."""

    def __init__(self, lost: Callable[[], object] | None = None, patience_s: float = 0.0) -> None:
        """`patience_s`: so long players wait for a voice process that was lost to come back."""
        self.notice = ""
        """A line for the operator when speech is not what it should be; set by `prepare`."""
        self.refusals: list[str] = []
        """What the voice process refused: faults of this process, the first hundred."""
        self._lost = lost
        self._frames = protocol.reports()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []
        """Requests of this turn of the loop."""
        self._closing = False
        self._numbers = itertools.count(1)
        self._players = RemotePlayers(self._send, self._loop, patience_s)
        self._verdicts: dict[int, Callable[[Verdict], object]] = {}
        self._keys: dict[int, Callable[[str], object]] = {}
        """Whoever waits for a key, or for a word."""
        self._understands = False
        self._supplied: dict[str, bytes] = {}
        self._ears: dict[tuple[str, str], tuple[int, Callable[[Voices], object]]] = {}
        self._listeners: dict[int, Callable[[Voices], object]] = {}
        self._asked: dict[int, asyncio.Future[Answers]] = {}
        self._tapes: dict[int, Callable[[RecordingEnd], object]] = {}
        self._fed: dict[tuple[str, str], tuple[str, ...]] = {}
        self._recording: dict[tuple[str, str], None] = {}
        self._ports = RemotePorts(self._send, self._loop)

    async def connect(self, address: str) -> None:
        """Connect to the voice process at `HOST:PORT` or `unix:PATH`, for the first time or again.

        Raises VoiceLostError.
        """
        loop = self._loop
        self._frames = protocol.reports()
        try:
            if address.startswith("unix:"):
                await loop.create_unix_connection(lambda: self, address.removeprefix("unix:"))
            else:
                host, _, port = address.rpartition(":")
                await loop.create_connection(lambda: self, host, int(port))
        except (OSError, ValueError) as error:
            raise VoiceLostError(f"no voice process at {address}: {error}") from None

    def feed(self, element: str, wire: str, sources: tuple[str, ...]) -> None:
        """See `Voice.feed`. Raises VoiceError for a source that cannot be."""
        check_sources(sources)
        if sources:
            self._fed[element, wire] = sources
        elif self._fed.pop((element, wire), None) is None:
            return  # as it is
        self._send(protocol.Feed(element, wire, sources))

    def play(self, element: str, player: str, prompt: Prompt, report: Player) -> None:
        """See `Voice.play`."""
        self._players.play(next(self._numbers), element, player, prompt, report)

    def stop(self, element: str, player: str) -> None:
        """See `Voice.stop`."""
        self._players.stop(element, player)

    def detect(
        self, element: str, wire: str, limit_us: int, verdict: Callable[[Verdict], object]
    ) -> None:
        """See `Voice.detect`."""
        number = next(self._numbers)
        if self._send(protocol.Detect(number, element, wire, limit_us)):
            self._verdicts[number] = verdict
        else:
            self._loop.call_soon(verdict, "human")

    def next_key(
        self, element: str, wire: str, limit_us: int, pressed: Callable[[str], object]
    ) -> None:
        """See `Voice.next_key`; where the voice process is gone no key is heard."""
        number = next(self._numbers)
        if self._send(protocol.NextKey(number, element, wire, limit_us)):
            self._keys[number] = pressed
        else:
            self._loop.call_later(limit_us / SECOND_US, pressed, NO_KEY)

    def understands(self) -> bool:
        """See `Voice.understands`; known when prompts have been prepared."""
        return self._understands

    def listen_for(
        self,
        element: str,
        wire: str,
        words: tuple[str, ...],
        limit_us: int,
        heard: Callable[[str], object],
    ) -> None:
        """See `Voice.listen_for`; where the voice process is gone nothing is heard."""
        number = next(self._numbers)
        if self._send(protocol.ListenFor(number, element, wire, words, limit_us)):
            self._keys[number] = heard
        else:
            self._loop.call_later(limit_us / SECOND_US, heard, NOTHING_SAID)

    def hear(self, element: str, wire: str, heard: Callable[[Voices], object]) -> None:
        """See `Voice.hear`; the first report comes as soon as the voice process has answered."""
        former = self._ears.pop((element, wire), None)
        if former is not None:
            del self._listeners[former[0]]
        number = next(self._numbers)
        self._ears[element, wire] = (number, heard)
        self._listeners[number] = heard
        self._send(protocol.Hear(number, element, wire))

    def open_ports(self, element: str, host: str, shared: bool = False) -> None:
        """See `Ports.open_ports`."""
        self._ports.open(element, host, shared)

    def take_port(self, element: str, wire: str, shared: bool = False) -> PortAddress | None:
        """See `Ports.take_port`."""
        return self._ports.take(element, wire, shared)

    def plan_port(self, element: str, wire: str, plan: PortPlan) -> None:
        """See `Ports.plan_port`; does nothing for an end without a port."""
        self._ports.plan(element, wire, plan)

    def close_port(self, element: str, wire: str, done: Callable[[Quality], object]) -> None:
        """See `Ports.close_port`."""
        self._ports.close(element, wire, done)

    def on_port_event(self, element: str, told: Callable[[str, PortEvent], object]) -> None:
        """See `Ports.on_port_event`."""
        self._ports.on_event(element, told)

    async def tally(self) -> Tally:
        """What the voice process has done with its ports. Raises VoiceLostError."""
        number = next(self._numbers)
        return (await self._ask(number, protocol.AskTally(number), protocol.Told)).tally

    async def talkers(self) -> tuple[tuple[str, str], ...]:
        """Element and wire of each port that speaks now where several are mixed.

        Raises VoiceLostError.
        """
        number = next(self._numbers)
        return (await self._ask(number, protocol.AskTalkers(number), protocol.TalkersTold)).talkers

    async def prepare(self, *prompts: Prompt, words: bool = False) -> str:
        """Have prompts rendered (announcements, before they are needed); returns `notice`.

        `words`: words will be listened for, so that has to be made ready, too.

        Raises VoiceLostError.
        """
        number = next(self._numbers)
        request = protocol.Prepare(number, prompts, words)
        prepared = await self._ask(number, request, protocol.Prepared)
        self.notice, self._understands = prepared.notice, prepared.understands
        return self.notice

    def supply(self, key: str, octets: bytes) -> None:
        """Have a business's recording at hand, mu-law at 8 kHz, also when connected anew."""
        self._supplied[key] = octets
        self._send(protocol.Supply(key, octets))

    def record(self, element: str, wire: str) -> None:
        """Record an ear; those of telephones on lines are recorded without being asked for."""
        self._recording[element, wire] = None
        self._send(protocol.Record(element, wire))

    async def recording(self, element: str, wire: str, since_us: int = 0) -> Recording:
        """The last minute of what arrived at `element` on `wire`, from `since_us` (UTC) on.

        It begins with the first frame that was not silent. Raises VoiceLostError.
        """
        number = next(self._numbers)
        request = protocol.FetchRecording(number, element, wire, since_us)
        answer = await self._ask(number, request, protocol.Recorded)
        return Recording(answer.from_us, answer.octets, answer.missed_frames)

    def clear(self, element: str, wire: str) -> None:
        """Forget what was recorded there so far."""
        self._send(protocol.ClearRecording(element, wire))

    def start_recording(
        self, element: str, recording: str, ended: Callable[[RecordingEnd], object]
    ) -> None:
        """See `Recorder.start_recording`; one that goes on when the voice process is lost fails."""
        number = next(self._numbers)
        if self._send(protocol.StartRecording(number, element, recording)):
            self._tapes[number] = ended
        else:
            self._loop.call_soon(ended, _VOICE_LOST)

    def stop_recording(self, element: str, recording: str) -> None:
        """See `Recorder.stop_recording`."""
        self._send(protocol.StopRecording(element, recording))

    async def _ask(self, number: int, request: protocol.Request, kind: type[Answer]) -> Answer:
        if not self._send(request):
            raise VoiceLostError("the voice process is gone")
        future: asyncio.Future[Answers] = self._loop.create_future()
        self._asked[number] = future
        try:
            answer = await future
        finally:
            self._asked.pop(number, None)
        assert isinstance(answer, kind)
        return answer

    def close(self) -> None:
        """End the connection; `lost` is not called. Players report `failed`."""
        self._closing = True
        if self._transport is not None:
            self._flush()
            self._transport.close()

    def _send(self, request: protocol.Request) -> bool:
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        if not self._unsent:
            # One write for all that one turn of the loop asks for: most of a write is the kernel's.
            self._loop.call_soon(self._flush)
        self._unsent.append(protocol.framed(request))
        return True

    def _flush(self) -> None:
        transport, octets = self._transport, b"".join(self._unsent)
        self._unsent.clear()
        if transport is not None and not transport.is_closing():
            transport.write(octets)
            if transport.get_write_buffer_size() > protocol.MAX_UNREAD_OCTETS:
                transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._unsent.clear()  # what was meant for a connection that is gone
        for key, octets in self._supplied.items():
            self._send(protocol.Supply(key, octets))
        for (element, wire), sources in self._fed.items():
            self._send(protocol.Feed(element, wire, sources))
        for (element, wire), (number, _) in self._ears.items():
            self._send(protocol.Hear(number, element, wire))
        for element, wire in self._recording:
            self._send(protocol.Record(element, wire))
        self._players.restore()
        self._ports.restore()

    def data_received(self, data: bytes) -> None:
        try:
            for report in self._frames.receive(data):
                self._report(report)
        except protocol.ProtocolError as error:
            self._refused(str(error))
            if self._transport is not None:
                self._transport.abort()

    def _report(self, report: protocol.Report) -> None:
        match report:
            case protocol.Ended(number, how):
                self._players.ended(number, how)
            case protocol.Marked(number):
                self._players.marked(number)
            case protocol.Judged(number, verdict):
                tell = self._verdicts.pop(number, None)
                if tell is not None:
                    tell(verdict)
            case protocol.Pressed(number, key):
                pressed = self._keys.pop(number, None)
                if pressed is not None:
                    pressed(key)
            case protocol.Said(number, word):
                said = self._keys.pop(number, None)
                if said is not None:
                    said(word)
            case protocol.Heard(number, voices):
                heard = self._listeners.get(number)
                if heard is not None:
                    heard(frozenset(voices))
            case protocol.PortsBound():
                self._ports.bound(report)
            case protocol.PortClosed():
                self._ports.closed(report)
            case protocol.PortTold():
                self._ports.told(report)
            case protocol.RecordingOver(number, end):
                over = self._tapes.pop(number, None)
                if over is not None:
                    over(end)
            case (
                protocol.Prepared(number)
                | protocol.Recorded(number)
                | protocol.Told(number)
                | protocol.TalkersTold(number)
            ):
                future = self._asked.get(number)
                if future is not None and not future.done():
                    future.set_result(report)
            case protocol.Refused(reason):
                self._refused(reason)
            case _:
                assert_never(report)

    def _refused(self, reason: str) -> None:
        if len(self.refusals) < MAX_REFUSALS_KEPT:
            self.refusals.append(reason)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        verdicts, self._verdicts = self._verdicts, {}
        keys, self._keys = self._keys, {}
        tapes, self._tapes = self._tapes, {}
        for future in list(self._asked.values()):
            if not future.done():
                future.set_exception(VoiceLostError("the voice process is gone"))
        self._players.lost()
        for tell in verdicts.values():
            tell("human")
        for over in tapes.values():
            over(_VOICE_LOST)
        for pressed in keys.values():
            self._loop.call_later(LOST_KEY_S, pressed, NO_KEY)
        for heard in list(self._listeners.values()):
            heard(frozenset())
        self._ports.lost()
        if self._lost is not None and not self._closing:
            self._lost()


async def connect_voice(address: str, lost: Callable[[], object] | None = None) -> RemoteVoice:
    """A voice connected to the process at `HOST:PORT` or `unix:PATH`. Raises VoiceLostError."""
    voice = RemoteVoice(lost)
    await voice.connect(address)
    return voice
