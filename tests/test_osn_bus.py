"""The OSN: once and in order between live processes, whatever the connection does."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calleq.osn import OSN_LINK, InProcessBus, TcpBus
from calleq.osn import in_process as in_process_module
from calleq.osn import streams as streams_module
from calleq.osn.frames import (
    FRAME_LIMIT_BYTES,
    Frame,
    FrameError,
    FrameReader,
    Hello,
    Message,
    Taken,
    Welcome,
    encode_frame,
)
from calleq.osn.streams import ReceivingStream, SendingStream
from calleq.runtime.clock import LoopClock, VirtualClock
from calleq.runtime.guest import GuestReactor, start_guest, stop_guest
from calleq.runtime.tap import NoTap, Segment


class Notebook:
    """A tap that writes down what it saw."""

    def __init__(self) -> None:
        self.seen: list[tuple[Segment, str, str, str, bytes, int]] = []

    def saw(
        self, segment: Segment, link: str, sender: str, receiver: str, octets: bytes, at_us: int
    ) -> None:
        self.seen.append((segment, link, sender, receiver, octets, at_us))


# In one process


def test_a_message_arrives_after_the_delay_and_is_tapped_once_when_sent() -> None:
    clock, tap = VirtualClock(1_000), Notebook()
    bus = InProcessBus(clock, 500, tap)
    got: list[tuple[str, bytes, int]] = []
    bus.attach("ssp-62", lambda sender, octets: got.append((sender, octets, clock.now_us())))
    bus.send("server-72", "ssp-62", b"one")
    bus.send("server-72", "ssp-62", b"two")
    assert got == []
    clock.run(10_000)
    assert got == [("server-72", b"one", 1_500), ("server-72", b"two", 1_500)]
    assert tap.seen[0] == (Segment.OSN, OSN_LINK, "server-72", "ssp-62", b"one", 1_000)
    assert len(tap.seen) == 2


def test_messages_wait_in_order_for_an_element_that_comes_later_and_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(in_process_module, "WAITING_LIMIT_MESSAGES", 3)
    clock = VirtualClock()
    bus = InProcessBus(clock, 500, NoTap())
    got: list[bytes] = []
    for number in range(5):
        bus.send("server-72", "ip-76", b"%d" % number)
    clock.advance_us(600)
    assert bus.undeliverable == 2
    clock.call_later_us(900, bus.attach, "ip-76", lambda sender, octets: got.append(octets))
    bus.send("server-72", "ip-76", b"never: the room is full")
    clock.advance_us(890)
    bus.send("server-72", "ip-76", b"after")
    clock.run(10_000)
    assert got == [b"0", b"1", b"2", b"after"]
    assert bus.undeliverable == 3


def test_a_message_due_at_the_instant_of_attaching_does_not_overtake_those_that_waited() -> None:
    clock = VirtualClock()
    bus = InProcessBus(clock, 500, NoTap())
    got: list[bytes] = []
    bus.send("server-72", "ip-76", b"first")
    clock.call_later_us(600, bus.attach, "ip-76", lambda sender, octets: got.append(octets))
    clock.advance_us(100)
    bus.send("server-72", "ip-76", b"second")
    clock.run(10_000)
    assert got == [b"first", b"second"]


def test_attaching_twice_is_refused_and_detaching_makes_room() -> None:
    bus = InProcessBus(VirtualClock(), 0, NoTap())
    bus.attach("ip-76", lambda sender, octets: None)
    with pytest.raises(ValueError, match="ip-76 is attached"):
        bus.attach("ip-76", lambda sender, octets: None)
    bus.detach("ip-76")
    bus.attach("ip-76", lambda sender, octets: None)


# Frames


FRAMES: list[Frame] = [
    Hello("server-72", "ssp-62", 1_700_000_000_000_000),
    Welcome(17, 0),
    Message(1, b""),
    Message(2**40, b"{}" * 500),
    Taken(9),
]


@given(st.lists(st.integers(1, 40), max_size=200))
def test_frames_survive_any_cutting_of_the_stream(cuts: list[int]) -> None:
    octets = b"".join(map(encode_frame, FRAMES))
    reader, got, start = FrameReader(), [], 0
    for length in [*cuts, len(octets)]:
        got += reader.receive(octets[start : start + length])
        start += length
    assert got == FRAMES


@given(st.binary(max_size=60))
def test_any_octets_are_frames_or_a_frame_error(octets: bytes) -> None:
    with contextlib.suppress(FrameError):
        FrameReader().receive(octets)


def test_a_frame_over_the_limit_is_refused_both_ways() -> None:
    with pytest.raises(FrameError, match="1 to 1048576 expected"):
        FrameReader().receive((FRAME_LIMIT_BYTES + 1).to_bytes(4, "big"))
    with pytest.raises(ValueError, match="too long"):
        encode_frame(Message(1, bytes(FRAME_LIMIT_BYTES)))


# The two ends of a stream, joined by a wire that may break anywhere


class Wire:
    """Joins a sender's and a receiver's end; carries frames only when told to."""

    def __init__(self) -> None:
        self.sender = SendingStream("server-72", "ssp-62", incarnation=1)
        self.receiver = ReceivingStream(1, incarnation=100)
        self.delivered: list[bytes] = []
        self.to_receiver: list[Frame] = []
        self.to_sender: list[Frame] = []

    def connect(self) -> None:
        self.to_receiver, self.to_sender = [], []
        self.to_receiver += self.sender.connected()

    def carry(self, steps: int) -> None:
        for _ in range(steps):
            if self.to_receiver:
                self._arrives(self.to_receiver.pop(0))
            if self.to_sender:
                self.to_receiver += self.sender.receive(self.to_sender.pop(0))

    def _arrives(self, frame: Frame) -> None:
        if isinstance(frame, Hello):
            self.to_sender.append(self.receiver.welcome())
        elif isinstance(frame, Message):
            octets = self.receiver.receive(frame)
            if octets is not None:
                self.delivered.append(octets)
            self.to_sender.append(self.receiver.confirmation())

    def send(self, octets: bytes) -> None:
        self.to_receiver += self.sender.send(octets)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12)), max_size=30))
def test_each_message_arrives_once_and_in_order_however_often_the_connection_breaks(
    story: list[tuple[int, int]],
) -> None:
    wire, sent = Wire(), 0
    for messages, steps in [*story, (1, 10_000)]:
        wire.sender.disconnected()
        wire.connect()
        for _ in range(messages):
            wire.send(b"%d" % sent)
            sent += 1
        wire.carry(steps)
    assert wire.delivered == [b"%d" % number for number in range(sent)]
    assert wire.sender.pending == 0


def test_a_restarted_receiver_gets_what_was_never_sent_and_not_what_may_have_been_acted_on() -> (
    None
):
    wire = Wire()
    wire.connect()
    wire.carry(2)
    wire.send(b"sent, not confirmed")
    wire.sender.disconnected()
    wire.send(b"never sent")
    wire.receiver = ReceivingStream(1, incarnation=101)
    wire.connect()
    wire.carry(10)
    assert wire.delivered == [b"never sent"]
    assert wire.sender.lost_with_peer == 1
    assert wire.sender.pending == 0


def test_a_full_queue_drops_what_comes_and_counts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams_module, "QUEUE_LIMIT_MESSAGES", 5)
    monkeypatch.setattr(streams_module, "WINDOW_LIMIT_MESSAGES", 2)
    wire = Wire()
    for number in range(7):
        wire.send(b"%d" % number)
    assert wire.sender.dropped == 2
    wire.connect()
    wire.carry(3)
    assert wire.sender.unconfirmed <= 2
    wire.carry(100)
    assert wire.delivered == [b"0", b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (Taken(1), "Taken out of turn"),
        (Welcome(100, 3), "first time claims to have 3"),
        (Message(1, b""), "Message out of turn"),
        (Hello("a", "b", 1), "Hello out of turn"),
    ],
)
def test_a_sender_refuses_every_frame_but_a_welcome_first(frame: Frame, reason: str) -> None:
    stream = SendingStream("server-72", "ssp-62", 1)
    stream.connected()
    with pytest.raises(FrameError, match=reason):
        stream.receive(frame)


@pytest.mark.parametrize("frame", [Taken(2), Welcome(100, 0), Message(1, b""), Hello("a", "b", 1)])
def test_a_welcomed_sender_refuses_every_frame_but_a_true_confirmation(frame: Frame) -> None:
    stream = SendingStream("server-72", "ssp-62", 1)
    stream.connected()
    stream.receive(Welcome(100, 0))
    stream.send(b"one")
    with pytest.raises(FrameError):
        stream.receive(frame)


def test_a_receiver_refuses_a_gap_and_drops_a_repetition() -> None:
    stream = ReceivingStream(1, 100)
    assert stream.receive(Message(1, b"one")) == b"one"
    assert stream.receive(Message(1, b"one")) is None
    with pytest.raises(FrameError, match="message 3 came after message 1"):
        stream.receive(Message(3, b"three"))


# Over real sockets


class Inbox:
    """What an element got, and a way to wait for it."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        self._changed = asyncio.Event()

    def receive(self, sender: str, octets: bytes) -> None:
        self.got.append((sender, octets))
        self._changed.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.got) < count:
                self._changed.clear()
                await self._changed.wait()


class Relay:
    """A port that passes octets on to another and can cut every connection at once."""

    def __init__(self) -> None:
        self.target = 0
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._writers += [writer, far_writer]
        await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while octets := await reader.read(700):
                writer.write(octets)
                await writer.drain()
        except OSError:
            pass
        writer.transport.abort()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def on_guest(story: Callable[[GuestReactor, LoopClock], Awaitable[None]]) -> None:
    async def main() -> None:
        reactor = start_guest()
        try:
            await story(reactor, LoopClock(asyncio.get_running_loop()))
        finally:
            await stop_guest(reactor)

    asyncio.run(main())


async def closed(*buses: TcpBus) -> None:
    for bus in buses:
        await bus.close().asFuture(asyncio.get_running_loop())


@pytest.mark.row("S2-95", part=True)
def test_processes_talk_both_ways_and_to_themselves_over_tcp() -> None:
    async def story(reactor: GuestReactor, clock: LoopClock) -> None:
        places = {name: ("127.0.0.1", free_port()) for name in ("server-72", "ssp-62", "ssp-64")}
        tap, inboxes = Notebook(), {name: Inbox() for name in places}
        one = TcpBus(reactor, clock, tap, places.__getitem__)
        two = TcpBus(reactor, clock, tap, places.__getitem__)
        one.attach("server-72", inboxes["server-72"].receive)
        for name in ("ssp-62", "ssp-64"):
            two.attach(name, inboxes[name].receive)
        one.send("server-72", "ssp-62", b"before anybody listens")
        one.listen()
        two.listen()
        two.send("ssp-62", "ssp-64", b"inside")
        two.send("ssp-62", "server-72", b"back")
        for name in places:
            await inboxes[name].until(1)
        assert inboxes["ssp-62"].got == [("server-72", b"before anybody listens")]
        assert inboxes["ssp-64"].got == [("ssp-62", b"inside")]
        assert inboxes["server-72"].got == [("ssp-62", b"back")]
        assert [seen[2:5] for seen in tap.seen] == [
            ("server-72", "ssp-62", b"before anybody listens"),
            ("ssp-62", "ssp-64", b"inside"),
            ("ssp-62", "server-72", b"back"),
        ]
        await closed(one, two)

    on_guest(story)


def test_two_live_processes_lose_and_repeat_nothing_while_their_connection_is_cut() -> None:
    async def story(reactor: GuestReactor, clock: LoopClock) -> None:
        relay, inbox = Relay(), Inbox()
        relay.target = free_port()
        await relay.open()
        sender = TcpBus(reactor, clock, NoTap(), lambda name: ("127.0.0.1", relay.port))
        receiver = TcpBus(reactor, clock, NoTap(), lambda name: ("127.0.0.1", relay.target))
        receiver.attach("ssp-62", inbox.receive)
        receiver.listen()
        for number in range(600):
            sender.send("server-72", "ssp-62", b"%d" % number)
            if number in (100, 250, 400):
                await inbox.until(number // 2)
                relay.cut()
        await inbox.until(600)
        assert [octets for _, octets in inbox.got] == [b"%d" % number for number in range(600)]
        assert sender.undeliverable == 0
        await closed(sender, receiver)
        relay.close()

    on_guest(story)


def test_a_restarted_process_starts_afresh_under_its_old_name() -> None:
    async def story(reactor: GuestReactor, clock: LoopClock) -> None:
        places = {name: ("127.0.0.1", free_port()) for name in ("server-72", "ssp-62")}
        old, new, back = Inbox(), Inbox(), Inbox()
        sender = TcpBus(reactor, clock, NoTap(), places.__getitem__)
        sender.attach("server-72", back.receive)
        sender.listen()
        first_life = TcpBus(reactor, clock, NoTap(), places.__getitem__)
        first_life.attach("ssp-62", old.receive)
        first_life.listen()
        sender.send("server-72", "ssp-62", b"1")
        first_life.send("ssp-62", "server-72", b"first life")
        await old.until(1)
        await back.until(1)
        await closed(first_life)
        sender.send("server-72", "ssp-62", b"2")
        second_life = TcpBus(reactor, clock, NoTap(), places.__getitem__)
        second_life.attach("ssp-62", new.receive)
        second_life.listen()
        second_life.send("ssp-62", "server-72", b"second life")
        await back.until(2)
        sender.send("server-72", "ssp-62", b"3")
        while ("server-72", b"3") not in new.got:
            await new.until(len(new.got) + 1)
        assert b"1" not in [octets for _, octets in new.got]
        assert back.got == [("ssp-62", b"first life"), ("ssp-62", b"second life")]
        await closed(sender, second_life)

    on_guest(story)


@pytest.mark.parametrize(
    "octets",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        bytes(8),
        encode_frame(Message(1, b"before any hello")),
        encode_frame(Hello("server-72", "nobody here", 1)),
        encode_frame(Hello("server-72", "ssp-62", 1)) + encode_frame(Message(2, b"gap")),
        encode_frame(Hello("server-72", "ssp-62", 1)) * 2,
    ],
)
def test_a_peer_that_speaks_nonsense_is_cut_and_counted_and_others_go_on(octets: bytes) -> None:
    async def story(reactor: GuestReactor, clock: LoopClock) -> None:
        place, inbox = ("127.0.0.1", free_port()), Inbox()
        bus = TcpBus(reactor, clock, NoTap(), lambda name: place)
        bus.attach("ssp-62", inbox.receive)
        bus.listen()
        reader, writer = await asyncio.open_connection(*place)
        writer.write(octets)
        try:
            while await reader.read(100):
                pass
        except ConnectionResetError:
            pass
        writer.close()
        assert bus.malformed == 1
        assert inbox.got == []
        other = TcpBus(reactor, clock, NoTap(), lambda name: place)
        other.send("server-72", "ssp-62", b"good")
        await inbox.until(1)
        await closed(bus, other)

    on_guest(story)
