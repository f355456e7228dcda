"""What every protocol over TCP shares: frames behind lengths, connections, dialling again."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.protocol import ClientFactory, Factory
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from calleq.runtime.clock import VirtualClock
from calleq.runtime.framing import LengthReader, framed
from calleq.runtime.tcp import Attempt, Connection, Dialler, Port

FAR = IPv4Address("TCP", "127.0.0.1", 8070)


class RefusedError(Exception):
    pass


def reader() -> LengthReader[bytes]:
    return LengthReader(1, 300, bytes, RefusedError)


@given(
    st.lists(st.binary(min_size=1, max_size=300), max_size=5),
    st.lists(st.integers(0, 1500), max_size=6),
)
def test_frames_survive_any_cutting(sent: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(framed(body[:2], body[2:]) for body in sent)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    one = reader()
    got = [
        frame
        for start, end in itertools.pairwise(places)
        for frame in one.receive(stream[start:end])
    ]
    assert got == sent


@pytest.mark.parametrize("length", [0, 301, 2**32 - 1])
def test_a_length_beyond_the_limits_is_refused_before_its_octets_come(length: int) -> None:
    with pytest.raises(RefusedError, match=f"a frame of {length} octets: 1 to 300 expected"):
        reader().receive(framed(b"good") + length.to_bytes(4, "big"))


class Wire(StringTransport):
    """Twisted's transport in memory, with what only TCP has."""

    no_delay = False

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802
        self.no_delay = enabled


class Line:
    """One attempt, of which the test decides what becomes."""

    def __init__(self, reactor: "Exchange", factory: ClientFactory) -> None:
        self.reactor = reactor
        self.factory = factory
        self.transport = Wire()
        self.given_up = False

    def succeeds(self) -> None:
        protocol = self.factory.buildProtocol(FAR)
        assert protocol is not None
        self.protocol = protocol
        protocol.makeConnection(self.transport)

    def fails(self) -> None:
        self.factory.clientConnectionFailed(None, Failure(OSError()))  # type: ignore[arg-type]

    def breaks(self) -> None:
        self.protocol.connectionLost(Failure(OSError()))
        self.factory.clientConnectionLost(None, Failure(OSError()))  # type: ignore[arg-type]

    def disconnect(self) -> None:
        self.given_up = True
        self.fails()


class Exchange:
    """A reactor that notes when it is asked to connect."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.asked_us: list[int] = []
        self.lines: list[Line] = []

    def listenTCP(  # noqa: N802
        self, port: int, factory: Factory, backlog: int = 50, interface: str = ""
    ) -> Port:
        raise AssertionError("nobody listens here")

    def connectTCP(  # noqa: N802
        self, host: str, port: int, factory: ClientFactory, timeout: float = 30
    ) -> Attempt:
        self.asked_us.append(self.clock.monotonic_us())
        self.lines.append(Line(self, factory))
        return self.lines[-1]


class Scene:
    """A dialler that is told to dial again whenever it is over."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.reactor = Exchange(self.clock)
        self.connections: list[Connection] = []
        self.dialler = Dialler(
            self.reactor, self.clock, ("127.0.0.1", 8070), self.make, self.over, 100, 500
        )

    def make(self) -> Connection:
        self.connections.append(Connection())
        return self.connections[-1]

    def over(self) -> None:
        self.dialler.dial_later()


def test_it_dials_again_after_pauses_that_double_up_to_the_longest_until_it_succeeded() -> None:
    scene = Scene()
    scene.dialler.dial()
    for _ in range(5):
        scene.reactor.lines[-1].fails()
        scene.clock.run(10_000)
    assert scene.reactor.asked_us == [0, 100, 300, 700, 1_200, 1_700]
    scene.reactor.lines[-1].succeeds()
    scene.dialler.succeeded()
    scene.reactor.lines[-1].breaks()
    assert scene.connections[0].is_over
    scene.clock.run(10_000)
    assert scene.reactor.asked_us[-1] == 1_800
    assert scene.dialler.attempts == 7


def test_closed_it_gives_up_its_attempt_and_its_pause_and_dials_no_more() -> None:
    dialling, pausing, connected = Scene(), Scene(), Scene()
    for scene in (dialling, pausing, connected):
        scene.dialler.dial()
    pausing.reactor.lines[0].fails()
    connected.reactor.lines[0].succeeds()
    for scene in (dialling, pausing, connected):
        scene.dialler.close()
    assert dialling.reactor.lines[0].given_up
    assert not connected.reactor.lines[0].given_up
    connected.reactor.lines[0].breaks()
    for scene in (dialling, pausing, connected):
        assert not scene.dialler.is_busy
        assert scene.clock.run(10_000)
        assert scene.dialler.attempts == 1


def test_what_arrives_after_a_connection_was_abandoned_is_not_read() -> None:
    heard: list[bytes] = []

    class Ear(Connection):
        def arrived(self, data: bytes) -> None:
            heard.append(data)
            self.abandon()

    ear, transport = Ear(), Wire()
    ear.makeConnection(transport)
    ear.dataReceived(b"one")
    ear.dataReceived(b"two")
    assert heard == [b"one"]
    assert transport.disconnecting
    assert transport.no_delay


def test_a_connection_abandoned_before_it_stood_ends_as_soon_as_it_stands() -> None:
    connection, transport = Connection(), Wire()
    connection.abandon()
    connection.makeConnection(transport)
    assert transport.disconnecting
