"""The browser process as a whole: its parts, wired in one place.

    async with serving(configuration, clock) as service:
        ...

Owns the order of beginning and end: doors are closed last, so that pages are told; every peer
connection is closed before the loop stops.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import msgspec

from calleq.browser.configuration import Configuration
from calleq.browser.hub import Hub
from calleq.browser.messages import FRAME_OCTETS_LIMIT
from calleq.browser.peers import Peers
from calleq.browser.site import operator_app, page_app
from calleq.runtime.clock import Clock
from calleq.web.hosting import GuestServer

PING_S = 10.0
"""How often a page is asked whether it is there, and how long it may take to say so."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Service(msgspec.Struct, frozen=True):
    """Where it is reached."""

    page: str
    operator: str
    hub: Hub


@contextlib.asynccontextmanager
async def serving(configuration: Configuration, clock: Clock) -> AsyncIterator[Service]:
    """Serve. Raises HostingError where an address cannot be listened on."""
    hub = Hub(configuration, clock, Peers(configuration.media_host))
    host, _, port_text = configuration.listen.rpartition(":")
    scheme = "https" if configuration.certificate else "http"
    ours: set[str] = set()
    tls: dict[str, Any] = {}
    if configuration.certificate:
        tls = {"ssl_certfile": configuration.certificate, "ssl_keyfile": configuration.key}
    page = GuestServer(
        page_app(hub, ours.__contains__),
        host.strip("[]"),
        int(port_text),
        ws="websockets-sansio",
        ws_max_size=FRAME_OCTETS_LIMIT,
        ws_ping_interval=PING_S,
        ws_ping_timeout=PING_S,
        **tls,
    )
    operator_host, _, operator_port = configuration.operator_listen.rpartition(":")
    operator = GuestServer(operator_app(hub), operator_host.strip("[]"), int(operator_port))
    async with contextlib.AsyncExitStack() as stack:
        port = await page.start()
        stack.push_async_callback(page.stop)
        bound = await operator.start()
        stack.push_async_callback(operator.stop)
        stack.push_async_callback(hub.close)
        ours.update(origins(scheme, host, port, configuration.origins))
        yield Service(f"{scheme}://{host}:{port}", f"http://{operator_host}:{bound}", hub)


def origins(scheme: str, host: str, port: int, more: tuple[str, ...]) -> set[str]:
    """What browsers call pages of ours: by the address that is listened on, all names of loopback
    where it is that, and what the configuration adds.

    >>> sorted(origins("http", "127.0.0.1", 80, ("https://phone.example.com/",)))[0]
    'http://127.0.0.1'
    """
    hosts = LOOPBACK if host in LOOPBACK else {host}
    usual = {"http": 80, "https": 443}[scheme]
    found = {f"{scheme}://{name}" + ("" if port == usual else f":{port}") for name in hosts}
    for text in more:
        parts = urlsplit(text)
        found.add(f"{parts.scheme}://{parts.netloc}".lower())
    return found
