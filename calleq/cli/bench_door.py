"""The benches of the door: what an accepted message costs, and how soon its first IAM leaves.

`measure_accept` runs access server 72 alone. A stand-in for the switch takes its instructions over
the OSN and refuses every call, so that no queue grows and no switching is on the server's bill.
What is on it: HTTP, the door, the journal, the OSN and the call's end.

`measure_first_iam` runs the whole network and posts one message at a time, each to a number that
fails at once. The first IAM is the one that `calleq trace` finds in the captures; both instants are
of the same wall clock. Between two messages the disk is measured, because two flushes in a row (the
acceptance, then the attempt to dial) lie on the way.
"""

import asyncio
import secrets
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec

from calleq.causes import Q850
from calleq.cli.bench_process import DiskProbe, Served
from calleq.cli.failure import CommandError
from calleq.cli.figures import Figure, percentile
from calleq.cli.given import given_topology
from calleq.cli.reading import read_entries, read_point_codes
from calleq.client import CalleqClient
from calleq.messages.answers import CallAccepted, Health
from calleq.osn.messages import CallProgress, SetUpCall, SetUpRefused, SetUpTaken, decode, encode
from calleq.osn.tcp import TcpBus
from calleq.runtime.clock import LoopClock
from calleq.runtime.guest import GuestReactor, start_guest, stop_guest
from calleq.runtime.tap import NoTap, Segment
from calleq.ss7.isup.messages import Iam, IsupError
from calleq.ss7.mtp3 import Mtp3Error
from calleq.topology import Topology, address_of
from calleq.trace.capture import Captured, read_captures
from calleq.trace.circuits import Circuits, seizures
from calleq.trace.decoding import Decoders
from calleq.units import SECOND_US

OUTSTANDING = 32
MESSAGES = 4_000
WARMING_MESSAGES = 400
FLUSHES = 200
"""Measured on the disk before and again after the messages of `accept`."""

FIRST_IAM_MESSAGES = 200
FIRST_IAM_WARMING = 20
FLUSHES_BETWEEN = 2
P50_ALLOWANCE_MS, P99_ALLOWANCE_MS = 3.0, 8.0
"""What may come on top of two flushes: the aim."""

BUSINESS, PASSWORD = "xyz", "xyz-demo"
CUSTOMER, REPRESENTATIVE = "+12125550103", "+12125550153"
"""The customer's number is not allocated: the call ends as soon as it is dialled."""
ANSWER_LIMIT_S = 30.0
ANSWER_LIMIT_OCTETS = 64 * 1024
PORT_TRIES = 100
PROGRESS_US = SECOND_US // 2

_BODY = msgspec.json.encode(
    {
        "business_id": BUSINESS,
        "password": PASSWORD,
        "customer_number": CUSTOMER,
        "representative_number": REPRESENTATIVE,
    }
)


def measure_accept(command: str) -> list[Figure]:
    """Processor time of the server per message, with OUTSTANDING of them at once."""
    with tempfile.TemporaryDirectory(prefix="calleq-bench-") as directory:
        base_port = free_base_port()
        probe = DiskProbe(Path(directory))
        given = ("--data", directory, "--base-port", str(base_port), "--port", "0")
        with Served("run", "server-72", *given) as served:
            probe.sample(FLUSHES)
            url = served.addresses["front door"]
            figures = asyncio.run(_accept(url, given_topology(None, base_port), command))
            probe.sample(FLUSHES)
        figures += probe.figures(command)
        probe.close()
    return figures


async def _accept(url: str, topology: Topology, command: str) -> list[Figure]:
    reactor = start_guest()
    bus = refusing_switch(topology, reactor)
    try:
        await post_all(url, WARMING_MESSAGES)
        cpu_s, started = server_cpu_s(url), time.perf_counter()
        waits_ms = await post_all(url, MESSAGES)
        took_s, cpu_s = time.perf_counter() - started, server_cpu_s(url) - cpu_s
    finally:
        bus.close()
        await stop_guest(reactor)
    return [
        Figure("message accepted", cpu_s / MESSAGES * 1e6, "us CPU", command),
        Figure("messages accepted", MESSAGES / took_s, "per s", command),
        Figure("answer, p50", percentile(waits_ms, 0.5), "ms", command),
        Figure("answer, p99", percentile(waits_ms, 0.99), "ms", command),
        Figure("messages outstanding", OUTSTANDING, "messages", command),
    ]


def refusing_switch(topology: Topology, reactor: GuestReactor, going_on: str = "") -> TcpBus:
    """In the place of the switch behind the server: takes every instruction, makes no call, but
    for one to a customer of the number `going_on`, of which it tells something every
    `PROGRESS_US` until the bus is closed."""
    clock = LoopClock(asyncio.get_running_loop())
    bus = TcpBus(reactor, clock, NoTap(), lambda name: address_of(topology, name, "osn"))
    name = topology.access_server.switch

    def tell(message: SetUpCall, attempt: int) -> None:
        progress = CallProgress(message.call, "ringing", clock.now_us(), "customer", attempt)
        bus.send(name, message.answer_to, encode(progress))
        clock.call_later_us(PROGRESS_US, tell, message, attempt + 1)

    def receive(sender: str, octets: bytes) -> None:
        message = decode(octets)
        if isinstance(message, SetUpCall) and message.customer == going_on:
            bus.send(name, message.answer_to, encode(SetUpTaken(message.call, name)))
            tell(message, 1)
        elif isinstance(message, SetUpCall):
            refusal = SetUpRefused(message.call, Q850.OUT_OF_ORDER, "a bench makes no calls")
            bus.send(name, message.answer_to, encode(refusal))

    bus.attach(name, receive)
    bus.listen()
    return bus


def server_cpu_s(url: str) -> float:
    answer = httpx.get(f"{url}/health", timeout=ANSWER_LIMIT_S, trust_env=False)
    cpu_s = msgspec.json.decode(answer.content, type=Health).cpu_s
    assert cpu_s is not None, "the server tells its own machine"
    return cpu_s


async def post_all(
    url: str, count: int, request: Callable[[str], bytes] | None = None
) -> list[float]:
    """Post `count` messages over OUTSTANDING connections; what each answer took, in ms."""
    request = request or _request
    loop = asyncio.get_running_loop()
    address = urlsplit(url)
    waits_ms: list[float] = []
    left = count

    def another() -> bytes:
        nonlocal left
        left -= 1
        return b"" if left < 0 else request(url)

    async with asyncio.timeout(ANSWER_LIMIT_S + count / 100):
        posters = [_Poster(another, waits_ms.append) for _ in range(OUTSTANDING)]
        for poster in posters:
            await loop.create_connection(
                lambda poster=poster: poster,  # type: ignore[misc]
                host=address.hostname or "",
                port=address.port or 0,
            )
        await asyncio.gather(*(poster.done for poster in posters))
    return waits_ms


def _request(url: str) -> bytes:
    """One message as a business's program sends it: with a key of its own."""
    head = (
        f"POST /v1/calls HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n"
        f"Idempotency-Key: {secrets.token_hex(16)}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(_BODY)}\r\n\r\n"
    )
    return head.encode() + _BODY


class Answers:
    """Cuts a connection's octets into answers with a Content-Length."""

    def __init__(self) -> None:
        self._held = b""

    def receive(self, data: bytes) -> bytes | None:
        """The body of the one answer awaited, once it is whole; CommandError unless it is 202."""
        self._held += data
        head, end, body = self._held.partition(b"\r\n\r\n")
        if len(self._held) > ANSWER_LIMIT_OCTETS:
            raise CommandError("the server answers without end")
        if not end:
            return None
        lengths = [
            int(line.partition(b":")[2])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ]
        if not lengths or len(body) < lengths[0]:
            return None
        self._held = body[lengths[0] :]
        status, _, _ = head.partition(b"\r\n")
        if b" 202 " not in status:
            raise CommandError(f"the server answered {status.decode()}: {body.decode()}")
        return body[: lengths[0]]


class _Poster(asyncio.Protocol):
    """One connection: posts, awaits the answer, posts again."""

    def __init__(self, another: Callable[[], bytes], took_ms: Callable[[float], object]) -> None:
        self._another = another
        self._took_ms = took_ms
        self._answers = Answers()
        self._sent = 0.0
        self._transport: asyncio.Transport
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._post()

    def data_received(self, data: bytes) -> None:
        try:
            answered = self._answers.receive(data) is not None
        except CommandError as error:
            self.done.set_exception(error)
            self._transport.abort()
            return
        if answered:
            self._took_ms((time.perf_counter() - self._sent) * 1e3)
            self._post()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(CommandError("the server closed a connection"))

    def _post(self) -> None:
        octets = self._another()
        if octets:
            self._sent = time.perf_counter()
            self._transport.write(octets)
        else:
            self.done.set_result(None)
            self._transport.close()


def measure_first_iam(command: str) -> list[Figure]:
    """From the last octet of a message to the first IAM of its call on a signalling link."""
    with tempfile.TemporaryDirectory(prefix="calleq-bench-") as directory:
        data = Path(directory)
        probe = DiskProbe(data)
        with Served("up", "--data", directory, "--port", "0") as served:
            sent_ns = _post_one_by_one(served.addresses["front door"], probe)
        first_us = first_iams(data)
        probe.close()
    waits_ms = [first_us[call] / 1e3 - at_ns / 1e6 for call, at_ns in sent_ns.items()]
    figures = []
    for name, share, allowance_ms in (
        ("p50", 0.5, P50_ALLOWANCE_MS),
        ("p99", 0.99, P99_ALLOWANCE_MS),
    ):
        bound_ms = 2 * probe.percentile_ms(share) + allowance_ms
        figures += [
            Figure(f"POST to first IAM, {name}", percentile(waits_ms, share), "ms", command),
            Figure(f"twice fdatasync + {allowance_ms:g} ms, {name}", bound_ms, "ms", command),
        ]
    return [*figures, *probe.figures(command), Figure("messages", len(waits_ms), "", command)]


def _post_one_by_one(url: str, probe: DiskProbe) -> dict[str, int]:
    """When (UTC ns) the last octet of each counted message was given to the connection, by call."""
    address = urlsplit(url)
    sent_ns: dict[str, int] = {}
    with (
        CalleqClient(url, BUSINESS, PASSWORD) as client,
        socket.create_connection((address.hostname or "", address.port or 0)) as connection,
    ):
        connection.settimeout(ANSWER_LIMIT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answers = Answers()
        for number in range(FIRST_IAM_WARMING + FIRST_IAM_MESSAGES):
            request = _request(url)
            at_ns = time.time_ns()
            connection.sendall(request)
            body = None
            while body is None:
                data = connection.recv(ANSWER_LIMIT_OCTETS)
                if not data:
                    raise CommandError("the server closed the connection")
                body = answers.receive(data)
            call = msgspec.json.decode(body, type=CallAccepted).call
            for _ in client.events(call):
                pass
            if number >= FIRST_IAM_WARMING:
                sent_ns[call] = at_ns
                probe.sample(FLUSHES_BETWEEN)
    return sent_ns


def first_iams(data: Path) -> dict[str, int]:
    """The instant (UTC us) of the first IAM on a signalling link of every call of a directory."""
    decoders = Decoders()
    announced, _ = seizures(read_entries(data))
    circuits = Circuits(announced, read_point_codes(data), decoders)
    captures = read_captures(sorted(data.glob("*.capture")))
    for index, captured in enumerate(captures):
        if captured.segment is Segment.SIGNALLING_LINK:
            circuits.take(index, captured)
    first: dict[str, int] = {}
    for index, seizure in circuits.owners.items():
        if seizure is not None and seizure.call and _is_iam(captures[index], decoders):
            at_us = captures[index].at_us
            first[seizure.call] = min(first.get(seizure.call, at_us), at_us)
    return first


def _is_iam(captured: Captured, decoders: Decoders) -> bool:
    try:
        return isinstance(decoders.isup(decoders.mtp3(captured.octets).payload), Iam)
    except (Mtp3Error, IsupError):
        return False


def free_base_port() -> int:
    """A first port for the wires between the server and the switch behind it."""
    topology = given_topology(None)
    offsets = [
        address_of(topology, name, "osn")[1] - topology.processes.base_port
        for name in (topology.access_server.name, topology.access_server.switch)
    ]
    for _ in range(PORT_TRIES):
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            base_port: int = chosen.getsockname()[1]
        if base_port <= 65_000 and all(_is_free(base_port + offset) for offset in offsets):
            return base_port
    raise CommandError("no free ports between elements")


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
