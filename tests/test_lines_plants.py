"""Line plants: the same contract in one process and over TCP, taps, order, bounds, damage."""

import itertools
import socket
import struct
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.base import ReactorBase
from twisted.internet.selectreactor import SelectReactor

from calleq.lines import tcp_lines
from calleq.lines.messages import LineError
from calleq.lines.plants import WIRE_LIMIT_MESSAGES, InProcessLines
from calleq.lines.q931 import MESSAGE_LIMIT
from calleq.lines.tcp_lines import FrameReader, TcpLines, pack_frame
from calleq.runtime.clock import Timer, VirtualClock
from calleq.runtime.tap import NoTap, Segment
from tests.doubles import RecordingTap

LINE = "+12125550100"
OTHER = "+12125550143"


def test_in_process_octets_arrive_later_in_order_and_are_tapped_once() -> None:
    clock, tap = VirtualClock(7), RecordingTap()
    lines = InProcessLines(clock, 250, tap)
    at_switch: list[tuple[int, str, bytes]] = []
    at_telephone: list[tuple[int, bytes]] = []
    lines.serve("ssp-62", lambda line, octets: at_switch.append((clock.now_us(), line, octets)))
    lines.plug_in("ssp-62", LINE, lambda octets: at_telephone.append((clock.now_us(), octets)))
    lines.to_telephone("ssp-62", LINE, b"1")
    lines.to_telephone("ssp-62", LINE, b"2")
    lines.to_switch("ssp-62", LINE, b"3")
    assert at_telephone == []
    clock.advance_us(250)
    assert at_telephone == [(257, b"1"), (257, b"2")]
    assert at_switch == [(257, LINE, b"3")]
    link, telephone = f"line:{LINE}", f"telephone {LINE}"
    assert tap.seen == [
        (Segment.CIRCUIT, link, "ssp-62", telephone, b"1", 7),
        (Segment.CIRCUIT, link, "ssp-62", telephone, b"2", 7),
        (Segment.CIRCUIT, link, telephone, "ssp-62", b"3", 7),
    ]


def test_without_delay_the_receiver_is_still_not_entered_by_the_sender() -> None:
    clock = VirtualClock()
    lines = InProcessLines(clock, 0, NoTap())
    got: list[bytes] = []
    lines.plug_in("ssp-62", LINE, got.append)
    lines.to_telephone("ssp-62", LINE, b"1")
    assert got == []
    clock.advance_us(0)
    assert got == [b"1"]


def test_octets_for_nobody_and_octets_without_room_are_counted() -> None:
    clock = VirtualClock()
    lines = InProcessLines(clock, 0, NoTap())
    lines.to_telephone("ssp-62", LINE, b"1")
    lines.to_switch("ssp-62", LINE, b"1")
    clock.advance_us(0)
    assert lines.lost == 2
    for _ in range(WIRE_LIMIT_MESSAGES + 3):
        lines.to_switch("ssp-62", LINE, b"1")
    assert lines.lost == 5


frames = st.lists(
    st.tuples(st.from_regex(r"\+[0-9]{7,15}", fullmatch=True), st.binary(max_size=MESSAGE_LIMIT)),
    max_size=5,
)


@given(frames, st.lists(st.integers(0, 1500), max_size=6))
def test_frames_survive_any_cutting(sent: list[tuple[str, bytes]], cuts: list[int]) -> None:
    stream = b"".join(pack_frame(line, octets) for line, octets in sent)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    reader = FrameReader()
    got = [
        frame
        for start, end in itertools.pairwise(places)
        for frame in reader.receive(stream[start:end])
    ]
    assert got == sent


@pytest.mark.parametrize(
    "stream",
    [
        struct.pack("!I", 0),
        struct.pack("!I", 1) + b"\x01",
        struct.pack("!I", 4_000) + b"x",
        struct.pack("!I", 3) + b"\x00ab",
        struct.pack("!I", 3) + b"\x05ab",
        struct.pack("!I", 3) + b"\x02\xff\xfe",
    ],
)
def test_a_stream_that_is_no_frames_is_refused(stream: bytes) -> None:
    with pytest.raises(LineError):
        FrameReader().receive(stream)


def test_what_does_not_fit_a_frame_is_refused() -> None:
    for line, octets in (("", b"1"), ("+" + "1" * 16, b"1"), (LINE, bytes(MESSAGE_LIMIT + 1))):
        with pytest.raises(LineError):
            pack_frame(line, octets)


class ReactorClock:
    """The real time of a Twisted reactor."""

    def __init__(self, reactor: ReactorBase) -> None:
        self._reactor = reactor

    def now_us(self) -> int:
        return time.time_ns() // 1_000

    def monotonic_us(self) -> int:
        return time.monotonic_ns() // 1_000

    def call_later_us(self, delay_us: int, call: Callable[..., object], *args: object) -> Timer:
        delayed = self._reactor.callLater(delay_us / 1e6, call, *args)

        class Cancelling:
            def cancel(self) -> None:
                if delayed.active():
                    delayed.cancel()

        return Cancelling()


class TwoProcesses:
    """A switch's and its telephones' side on one reactor, joined by TCP over loopback."""

    LIMIT_S = 10

    def __init__(self) -> None:
        self.reactor = SelectReactor()
        self.clock = ReactorClock(self.reactor)
        self.switch_tap, self.telephone_tap = RecordingTap(), RecordingTap()
        self.lost: list[str] = []
        self.found: list[str] = []
        self.at_switch: list[tuple[str, bytes]] = []
        self.at_telephones: list[tuple[str, bytes]] = []
        self.switch = self.listen(0)
        self.port = self.switch.listening_port("ssp-62")
        self.telephones = TcpLines(
            self.reactor,
            self.clock,
            self.telephone_tap,
            {"ssp-62": ("127.0.0.1", self.port)},
            lambda switch: self.lost.append(f"telephones lost {switch}"),
            lambda switch: self.found.append(f"telephones found {switch}"),
        )

    def listen(self, port: int) -> TcpLines:
        switch = TcpLines(
            self.reactor,
            self.clock,
            self.switch_tap,
            {"ssp-62": ("127.0.0.1", port)},
            lambda name: self.lost.append(f"{name} lost telephones"),
            lambda name: self.found.append(f"{name} found telephones"),
        )
        switch.serve("ssp-62", lambda line, octets: self.at_switch.append((line, octets)))
        return switch

    def plug_in(self, *lines: str) -> None:
        for line in lines:
            self.telephones.plug_in("ssp-62", line, self.ear_of(line))

    def ear_of(self, line: str) -> Callable[[bytes], None]:
        return lambda octets: self.at_telephones.append((line, octets))

    def until(self, true: Callable[[], bool]) -> None:
        """Let the reactor run until something holds; fails when it does not within the limit."""
        end = time.monotonic() + self.LIMIT_S
        while not true():
            assert time.monotonic() < end, "it never came to hold"
            self.reactor.iterate(0.01)

    def close(self) -> None:
        self.telephones.close()
        self.switch.close()
        for _ in range(5):
            self.reactor.iterate(0)
        for delayed in self.reactor.getDelayedCalls():
            delayed.cancel()
        self.reactor.removeAll()


@pytest.fixture
def scene() -> Iterator[TwoProcesses]:
    processes = TwoProcesses()
    yield processes
    processes.close()


def test_over_tcp_what_was_said_before_the_connection_arrives_too(scene: TwoProcesses) -> None:
    scene.switch.to_telephone("ssp-62", LINE, b"early")
    scene.plug_in(LINE, OTHER)
    scene.telephones.to_switch("ssp-62", OTHER, b"dial")
    scene.switch.to_telephone("ssp-62", "+12125550199", b"nobody's")
    scene.switch.to_telephone("ssp-62", OTHER, b"ring")
    scene.until(lambda: len(scene.at_telephones) == 2 and len(scene.at_switch) == 1)
    assert scene.at_telephones == [(LINE, b"early"), (OTHER, b"ring")]
    assert scene.at_switch == [(OTHER, b"dial")]
    assert [seen[1:5] for seen in scene.telephone_tap.seen] == [
        (f"line:{OTHER}", f"telephone {OTHER}", "ssp-62", b"dial")
    ]
    assert [seen[4] for seen in scene.switch_tap.seen] == [b"early", b"nobody's", b"ring"]
    assert scene.telephones.is_connected("ssp-62")
    assert scene.lost == []


def test_a_switch_that_comes_back_is_found_again(scene: TwoProcesses) -> None:
    scene.plug_in(LINE)
    scene.until(lambda: scene.switch.is_connected("ssp-62"))
    scene.switch.close()
    scene.until(lambda: "telephones lost ssp-62" in scene.lost)
    scene.telephones.to_switch("ssp-62", LINE, b"waits")
    scene.switch = scene.listen(scene.port)
    scene.until(lambda: scene.at_switch == [(LINE, b"waits")])
    assert scene.lost.count("telephones lost ssp-62") == 1
    assert scene.found.count("telephones found ssp-62") == 2
    assert scene.found.count("ssp-62 found telephones") == 2


def test_damage_ends_the_connection_and_the_next_octets_arrive(scene: TwoProcesses) -> None:
    with socket.create_connection(("127.0.0.1", scene.port)) as intruder:
        scene.until(lambda: scene.switch.is_connected("ssp-62"))
        intruder.sendall(b"GET / HTTP/1.1\r\n\r\n")
        scene.until(lambda: scene.switch.refused_frames() == 1)
        scene.until(lambda: not scene.switch.is_connected("ssp-62"))
    scene.plug_in(LINE)
    scene.telephones.to_switch("ssp-62", LINE, b"dial")
    scene.until(lambda: scene.at_switch == [(LINE, b"dial")])
    assert scene.switch.refused_frames() == 1


def test_a_newer_connection_takes_the_place_of_the_older(scene: TwoProcesses) -> None:
    with socket.create_connection(("127.0.0.1", scene.port)):
        scene.until(lambda: scene.switch.is_connected("ssp-62"))
        scene.plug_in(LINE)
        scene.until(lambda: "ssp-62 lost telephones" in scene.lost)
        scene.switch.to_telephone("ssp-62", LINE, b"ring")
        scene.until(lambda: scene.at_telephones == [(LINE, b"ring")])
        assert scene.lost.count("ssp-62 lost telephones") == 1


def test_what_waits_for_a_connection_is_bounded(
    scene: TwoProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp_lines, "WAITING_LIMIT_FRAMES", 3)
    for count in range(5):
        scene.switch.to_telephone("ssp-62", LINE, bytes((count,)))
    assert scene.switch.lost_frames() == 2
    scene.plug_in(LINE)
    scene.until(lambda: len(scene.at_telephones) == 3)


def test_a_peer_that_does_not_read_fills_a_bounded_queue(
    scene: TwoProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp_lines, "WAITING_LIMIT_FRAMES", 10)
    with socket.create_connection(("127.0.0.1", scene.port)):
        scene.until(lambda: scene.switch.is_connected("ssp-62"))
        for _ in range(100_000):
            scene.switch.to_telephone("ssp-62", LINE, bytes(MESSAGE_LIMIT))
            if scene.switch.lost_frames():
                break
        assert scene.switch.lost_frames() == 1
