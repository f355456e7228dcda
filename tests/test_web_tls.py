"""TLS at a door: real handshakes on loopback, a renewed certificate, certificates of clients."""

import asyncio
import ssl
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from calleq.units import SECOND_US
from calleq.web.certificates import certificate_in
from calleq.web.hosting import GuestServer
from calleq.web.tls import EXPIRES_SOON_S, ServerTls, TlsError
from tests.certificates import Made, make

DAY_US = 86_400 * SECOND_US


async def says_certificate(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the fingerprint of the client's certificate."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": certificate_in(scope).encode()})


def trusting(
    authority: Made,
    client: Made | None = None,
    version: ssl.TLSVersion | None = None,
    least: ssl.TLSVersion | None = None,
) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.path))
    if client is not None:
        context.load_cert_chain(client.path, client.key)
    if version is not None:
        context.minimum_version = least or ssl.TLSVersion.MINIMUM_SUPPORTED
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # old versions are what is tried
            context.maximum_version = version
    return context


def served(tls: ServerTls, visit: Callable[[str], Awaitable[None]]) -> None:
    async def main() -> None:
        site = GuestServer(says_certificate, "127.0.0.1", 0, tls, lifespan="off")
        port = await site.start()
        try:
            await visit(f"https://127.0.0.1:{port}/")
        finally:
            await site.stop()

    asyncio.run(asyncio.wait_for(main(), 20))


async def get(url: str, context: ssl.SSLContext) -> tuple[str, str]:
    """What is answered, and by whom: the subject of the server's certificate."""
    async with (
        httpx.AsyncClient(verify=context, trust_env=False) as client,
        client.stream("GET", url) as answer,
    ):
        stream = answer.extensions["network_stream"]
        certificate = stream.get_extra_info("ssl_object").getpeercert()
        name = dict(pair for [pair] in certificate["subject"])["commonName"]
        return (await answer.aread()).decode(), name


@pytest.fixture
def authority(tmp_path: Path) -> Made:
    return make(tmp_path, "authority", authority=True)


def test_a_certificate_is_renewed_without_a_restart(tmp_path: Path, authority: Made):
    """A half renewal, and one with the wrong key, leave the old certificate in use."""
    old, new = make(tmp_path, "old", authority, days=3), make(tmp_path, "new", authority)
    path, key = tmp_path / "door.pem", tmp_path / "door.key"
    old.copy_to(path, key)
    tls = ServerTls("front door", path, key)
    now_us = tls.expires_at_us - 3 * DAY_US
    assert tls.warning(now_us) == "the certificate ends in 3 days: renew it"

    async def visit(url: str) -> None:
        context = trusting(authority)
        assert (await get(url, context))[1] == "old"
        assert not tls.look()
        path.write_bytes(new.path.read_bytes())  # its key comes later
        assert not tls.look()
        assert "the key is not that of the certificate" in tls.warning(now_us)
        assert (await get(url, context))[1] == "old"
        path.write_bytes(b"-----BEGIN CERTIFICATE-----\nhalf")
        assert not tls.look()
        assert (await get(url, context))[1] == "old"
        new.copy_to(path, key)
        assert tls.look()
        assert (await get(url, context))[1] == "new"
        assert tls.warning(now_us) == ""
        assert not tls.look()

    served(tls, visit)
    assert tls.renewals == 1
    assert tls.left_s(now_us) > EXPIRES_SOON_S
    assert tls.warning(tls.expires_at_us + 1) == "the certificate has ended: renew it"


def test_a_client_proves_itself_with_a_certificate_or_without(tmp_path: Path, authority: Made):
    clients = make(tmp_path, "clients", authority=True)
    shop, stranger = make(tmp_path, "shop", clients), make(tmp_path, "stranger")
    pinned = make(tmp_path, "pinned")
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(clients.path.read_bytes() + pinned.path.read_bytes())
    door = make(tmp_path, "door", authority)
    tls = ServerTls("front door", door.path, door.key, trusted)

    async def visit(url: str) -> None:
        assert (await get(url, trusting(authority)))[0] == ""
        assert (await get(url, trusting(authority, shop)))[0] == shop.fingerprint
        assert (await get(url, trusting(authority, pinned)))[0] == pinned.fingerprint
        with pytest.raises((httpx.TransportError, ssl.SSLError)):
            await get(url, trusting(authority, stranger))

    served(tls, visit)


def test_nothing_below_tls_1_2_is_spoken(tmp_path: Path, authority: Made):
    door = make(tmp_path, "door", authority)
    tls = ServerTls("front door", door.path, door.key)

    async def visit(url: str) -> None:
        await get(url, trusting(authority, version=ssl.TLSVersion.TLSv1_2))
        await get(url, trusting(authority, version=ssl.TLSVersion.TLSv1_3))
        with pytest.raises(httpx.TransportError):
            await get(url, trusting(authority, version=ssl.TLSVersion.TLSv1_1))
        weak = trusting(authority, version=ssl.TLSVersion.TLSv1_2)
        weak.set_ciphers("AES128-SHA:@SECLEVEL=0")  # no forward secrecy
        with pytest.raises(httpx.TransportError):
            await get(url, weak)
        with pytest.raises(httpx.TransportError):
            await get(url.replace("https", "http"), trusting(authority))

    served(tls, visit)


def test_what_cannot_be_used_is_said_at_the_start(tmp_path: Path, authority: Made):
    door, other = make(tmp_path, "door", authority), make(tmp_path, "other", authority)
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing here")
    absent = tmp_path / "absent.pem"
    for certificate, key, authorities, said in (
        (door.path, other.key, None, "the key is not that of the certificate"),
        (empty, door.key, None, "no certificate in PEM"),
        (absent, door.key, None, "absent.pem: cannot be read: No such file"),
        (door.path, absent, None, "absent.pem: cannot be read: no such file"),
        (door.path, door.key, absent, "cannot be read"),
        (door.path, door.key, empty, "cannot be used"),
    ):
        with pytest.raises(TlsError, match=said):
            ServerTls("front door", certificate, key, authorities)
