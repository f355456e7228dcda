"""Frames and streams of the OSN: once and in order, wherever the connection breaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    try:
        got = FrameReader().receive(octets)
    except FrameError:
        return
    assert octets.startswith(b"".join(map(encode_frame, got)))


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
