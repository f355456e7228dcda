"""The OSN: once and in order between live processes, whatever the connection does."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from calleq.osn import OSN_LINK, InProcessBus
from calleq.osn import in_process as in_process_module
from calleq.osn.frames import Hello, Message, encode_frame
from calleq.osn.tcp import TcpBus
from calleq.runtime.clock import LoopClock, VirtualClock
from calleq.runtime.guest import GuestReactor, start_guest, stop_guest
from calleq.runtime.tap import NoTap, Segment
from tests.doubles import RecordingTap

# In one process


def test_a_message_arrives_after_the_delay_and_is_tapped_once_when_sent() -> None:
    clock, tap = VirtualClock(1_000), RecordingTap()
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
        tap, inboxes = RecordingTap(), {name: Inbox() for name in places}
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
