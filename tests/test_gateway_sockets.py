"""The sockets of SIP on 127.0.0.1: datagrams, connections, TLS, names."""

import asyncio
import contextlib
import datetime
import ipaddress
import pathlib
import socket
from collections.abc import Awaitable, Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from calleq.gateway import streams
from calleq.gateway.led import Led
from calleq.gateway.secure import SecureWrap
from calleq.gateway.streams import CONNECTIONS_OF_HOST_LIMIT, Streams
from calleq.runtime.clock import LoopClock
from calleq.runtime.guest import GuestReactor
from calleq.runtime.tap import Segment
from calleq.sip import events as sip
from calleq.sip.flood import Sources
from calleq.sip.message import parse
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri
from tests.sip_sockets import Phone, free_port, ground


def _has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as one:
        one.bind(("::1", 0))
        return True
    return False


HAS_IPV6 = _has_ipv6()
Scene = Callable[[GuestReactor, LoopClock], Awaitable[None]]


def played(scene: Scene) -> None:
    async def run() -> None:
        async with ground() as (reactor, clock):
            await scene(reactor, clock)

    asyncio.run(run())


def certificate(
    folder: pathlib.Path, of: x509.GeneralName | None = None
) -> tuple[pathlib.Path, pathlib.Path]:
    """A certificate that signs itself, of 127.0.0.1 or something else, and its key."""
    of = of or x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([of]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@pytest.mark.parametrize("transport", ["UDP", "TCP", "TLS"])
def test_a_call_by_each_transport_is_answered_and_released(transport: str, tmp_path: pathlib.Path):
    async def scene(reactor: GuestReactor, clock: LoopClock) -> None:
        files = certificate(tmp_path)
        wrap = SecureWrap(reactor, *files, trusted=files[:1])
        alice = Phone("alice", reactor, clock, wrap=wrap)
        bob = Phone("bob", reactor, clock, wrap=wrap)
        for phone in (alice, bob):
            phone.start()
        call = alice.calls(bob.target(transport))
        accepted = await alice.until(sip.Accepted)
        assert isinstance(accepted, sip.Accepted)
        await bob.until(sip.Confirmed)
        alice.hangs_up(call)
        await alice.until(sip.Ended)
        await bob.until(sip.Ended)
        assert bob.sockets.connections == (transport != "UDP")
        assert alice.sockets.connections == (transport != "UDP"), "one for the whole call"
        kinds = [parse(octets).start_line().split(" ")[0:2] for *_, octets, _ in alice.tap.seen]
        assert [kind[0] for kind in kinds if kind[0] != "SIP/2.0"] == ["INVITE", "ACK", "BYE"]
        assert {segment for segment, *_ in alice.tap.seen} == {Segment.SIP}
        for phone in (alice, bob):
            phone.stop()

    played(scene)


@pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6")
@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_a_call_by_ipv6(transport: str):
    async def scene(reactor: GuestReactor, clock: LoopClock) -> None:
        alice = Phone("alice", reactor, clock, host="::1")
        bob = Phone("bob", reactor, clock, host="::1")
        alice.start()
        bob.start()
        call = alice.calls(bob.target(transport))
        accepted = await alice.until(sip.Accepted)
        assert isinstance(accepted, sip.Accepted)
        assert accepted.agreed.address == "::1"
        alice.hangs_up(call)
        await bob.until(sip.Ended)
        alice.stop()
        bob.stop()

    played(scene)


def test_the_called_side_hangs_up_over_the_connection_of_the_caller():
    async def scene(reactor: GuestReactor, clock: LoopClock) -> None:
        alice, bob = Phone("alice", reactor, clock), Phone("bob", reactor, clock)
        alice.start()
        bob.start()
        alice.calls(bob.target("TCP"))
        invited = await bob.until(sip.Invited)
        assert isinstance(invited, sip.Invited)
        await bob.until(sip.Confirmed)
        bob.hangs_up(invited.call)
        await bob.until(sip.Ended)
        await alice.until(sip.Ended)
        assert bob.sockets.connections == 1
        alice.stop()
        bob.stop()

    played(scene)


def test_a_large_invite_goes_by_tcp_and_by_udp_where_nobody_listens_for_tcp():
    async def scene(reactor: GuestReactor, clock: LoopClock) -> None:
        alice, bob = Phone("alice", reactor, clock), Phone("bob", reactor, clock)
        alice.start()
        bob.start()
        alice.calls(bob.target(), subject=["x" * 1_400])
        await alice.until(sip.Accepted)
        assert "TCP" in alice.tap.seen[0][1]
        bob.sockets._streams["TCP"].close()
        alice.calls(bob.target(), subject=["x" * 1_400])
        await alice.until(sip.Accepted, 2)
        invites = [link for _, link, *_, octets, _ in alice.tap.seen if octets[:6] == b"INVITE"]
        assert [link.split(" ")[1] for link in invites] == ["TCP", "TCP", "UDP"]
        alice.stop()
        bob.stop()

    played(scene)


def test_nobody_listens_there():
    async def scene(reactor: GuestReactor, clock: LoopClock) -> None:
        alice = Phone("alice", reactor, clock)
        alice.start()
        alice.calls(Target("127.0.0.1", free_port(), "TCP"))
        failed = await alice.until(sip.Failed)
        assert isinstance(failed, sip.Failed)
        assert failed.status == 503
        alice.stop()

    played(scene)


def test_a_certificate_of_nobody_known_is_not_believed(tmp_path: pathlib.Path):
    async def scene(reactor: GuestReactor, clock: LoopClock) -> None:
        wraps = []
        for name in ("a", "b"):
            folder = tmp_path / name
            folder.mkdir()
            files = certificate(folder)
            wraps.append(SecureWrap(reactor, *files, trusted=files[:1]))
        alice = Phone("alice", reactor, clock, wrap=wraps[0])
        bob = Phone("bob", reactor, clock, wrap=wraps[1])
        alice.start()
        bob.start()
        alice.calls(bob.target("TLS"))
        failed = await alice.until(sip.Failed)
        assert isinstance(failed, sip.Failed)
        assert failed.status == 503
        assert bob.events == []
        alice.stop()
        bob.stop()

    played(scene)


@pytest.mark.parametrize(
    ("of", "led_by", "believed"),
    [
        ("carrier.example", "carrier.example", True),
        ("*.carrier.example", "sip.carrier.example", True),
        ("elsewhere.example", "carrier.example", False),
        ("carrier.example", "127.0.0.1", False),
        (None, "carrier.example", False),
    ],
)
def test_a_certificate_must_be_of_the_name_that_led_there(
    of: str | None, led_by: str, believed: bool, tmp_path: pathlib.Path
):
    """RFC 5922 §7.3: an authority's word for somebody else is no word for this one."""

    async def scene(reactor: GuestReactor, clock: LoopClock) -> None:
        files = certificate(tmp_path, x509.DNSName(of) if of else None)
        wrap = SecureWrap(
            reactor, *files, trusted=files[:1], names=lambda target: led.names(target)
        )
        alice, bob = (
            Phone("alice", reactor, clock, wrap=wrap),
            Phone("bob", reactor, clock, wrap=wrap),
        )
        alice.start()
        bob.start()
        target = bob.target("TLS")
        led = Led(lambda uri, told: told([target]))
        found: list[Target] = []
        led(SipUri(led_by), found.extend)
        alice.calls(found[0])
        event = await alice.until(sip.Accepted if believed else sip.Failed)
        assert (event.status == 503) if isinstance(event, sip.Failed) else believed
        assert bool(bob.events) == believed, "nothing of the call reaches somebody else"
        alice.stop()
        bob.stop()

    played(scene)


def test_the_names_of_targets_are_bounded_and_the_oldest_forgotten(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("calleq.gateway.led.TARGETS_LIMIT", 2)
    monkeypatch.setattr("calleq.gateway.led.NAMES_LIMIT", 2)
    targets = [Target(f"192.0.2.{last}", 5061, "TLS") for last in range(3)]
    where = {"d.example": targets[1], "e.example": targets[2]}
    led = Led(lambda uri, told: told([where.get(uri.host, targets[0])]))
    for name in ("a.example", "b.example", "a.example", "c.example"):
        led(SipUri(name), list)
    assert led.names(targets[0]) == ("c.example", "a.example")
    for name in where:
        led(SipUri(name), list)
    assert led.names(targets[0]) == ("192.0.2.0",)
    assert led.names(targets[2]) == ("e.example",)


async def talks(port: int, *pieces: bytes, reads: int = 1) -> list[bytes]:
    """What is read after each of so many pieces, over a plain connection; empty at its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = []
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    for _ in range(reads):
        found.append(await comes(reader))
    writer.close()
    return found


async def comes(reader: asyncio.StreamReader) -> bytes:
    """What is read next; empty where the connection is closed, however."""
    try:
        return await asyncio.wait_for(reader.read(4_096), 5)
    except ConnectionResetError:
        return b""


def test_keep_alives_are_answered_and_a_stream_that_lost_its_way_is_answered_and_closed():
    async def scene(reactor: GuestReactor, clock: LoopClock) -> None:
        bob = Phone("bob", reactor, clock)
        bob.start()
        port = bob.target("TCP").port
        assert await talks(port, b"\r\n\r\n") == [b"\r\n"]
        head = (
            "OPTIONS sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKk\r\n"
            "From: <sip:a@b>;tag=1\r\nTo: <sip:b@c>\r\nCall-ID: k\r\nCSeq: 1 OPTIONS\r\n"
        )
        answered, over = await talks(port, (head + "\r\n").encode(), reads=2)
        assert answered.startswith(b"SIP/2.0 200") or answered.startswith(b"SIP/2.0 400")
        assert over == b""
        first, second = head + "Content-Length: 0\r\n\r\n", head.replace("kk", "kk2")
        whole = (first + second + "Content-Length: 0\r\n\r\n").encode()
        (both,) = await talks(port, whole[:40], whole[40:])
        assert both.startswith(b"SIP/2.0 200")
        bob.stop()

    played(scene)


def test_connections_of_one_host_are_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streams, "CONNECTIONS_OF_HOST_LIMIT", 3)
    assert CONNECTIONS_OF_HOST_LIMIT > 3

    async def scene(reactor: GuestReactor, clock: LoopClock) -> None:
        bob = Phone("bob", reactor, clock)
        bob.start()
        port = bob.target("TCP").port
        kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for _, writer in kept:
            writer.write(b"\r\n\r\n")
        for reader, _ in kept:
            assert await comes(reader) == b"\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await comes(reader) == b"", "the fourth is closed"
        tcp = bob.sockets._streams["TCP"]
        assert isinstance(tcp, Streams)
        assert (len(tcp), tcp.refused) == (3, 1)
        for _, each in (*kept, (reader, writer)):
            each.close()
        bob.stop()

    played(scene)


def test_what_is_silent_for_long_is_closed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streams, "IDLE_US", 100_000)

    async def scene(reactor: GuestReactor, clock: LoopClock) -> None:
        bob = Phone("bob", reactor, clock)
        bob.start()
        (over,) = await talks(bob.target("TCP").port)
        assert over == b""
        assert bob.sockets.connections == 0
        bob.stop()

    played(scene)


def test_a_flood_is_kept_out_before_the_user_agent():
    async def scene(reactor: GuestReactor, clock: LoopClock) -> None:
        sources = Sources(openings_per_s=1, burst=5)
        alice = Phone("alice", reactor, clock)
        bob = Phone("bob", reactor, clock, gate=sources.judge)
        alice.start()
        bob.start()
        for _ in range(8):
            alice.calls(bob.target())
        await alice.until(sip.Accepted, 5)
        await alice.until(sip.Failed, 3)
        statuses = {event.status for event in alice.events if isinstance(event, sip.Failed)}
        assert statuses == {503}
        assert bob.sockets.gated == 3
        alice.stop()
        bob.stop()

    played(scene)
