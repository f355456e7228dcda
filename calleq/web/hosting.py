"""An ASGI application served inside a loop that somebody else runs.

    server = GuestServer(app, "127.0.0.1", 8072)
    port = await server.start()
    ...
    await server.stop()

Owns the listening socket and the uvicorn server on it. Signals belong to the process, so none is
caught here. Stopping takes no new connection, lets requests under way finish for
`GRACE_S` and then drops them.

What it refuses: an address that cannot be listened on, or an application that does not start, is a
`HostingError` (an `OSError`, with the system's own reason where there is one).
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from calleq.web.certificates import WithCertificates
from calleq.web.exchange import Direct
from calleq.web.front import Front
from calleq.web.gate import Gate
from calleq.web.tls import ServerTls

GRACE_S = 5
"""How long requests under way may take once the site is being stopped."""
STOP_LIMIT_S = 2 * GRACE_S
"""After this the application's own shutting down is cancelled too."""
BACKLOG = 512
"""Connections that wait to be accepted."""
KEEP_ALIVE_S = 75


class HostingError(OSError):
    """The site cannot be served; the text names the address and why."""

    def __str__(self) -> str:
        if self.filename is None:
            return super().__str__()
        return f"cannot listen on {self.filename}: {self.strerror}"


class _Guest(uvicorn.Server):
    """A uvicorn server that is a guest of its process: it takes no signals and says when it is up.

    Set `should_exit` to end `serve()`.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, except that an application that does not start ends nobody's process."""
        try:
            await super().startup(sockets)
        except SystemExit as refused:
            raise HostingError("the application refused to start") from refused
        self.is_up.set()


class GuestServer:
    """One application on one address."""

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        port: int,
        tls: ServerTls | None = None,
        gate: Gate | None = None,
        direct: Direct | None = None,
        **options: Any,
    ) -> None:
        """Port 0 takes a free one; `tls` None: in the clear. `gate`: of a site that strangers
        reach; `direct` answers some of its requests without the application. `options` go to
        `uvicorn.Config`."""
        options.setdefault("http", WithCertificates)
        if gate is not None:
            options["http"] = partial(Front, gate, direct)
        self._app = app
        self._tls = tls
        self._host = host
        self._port = port
        self._options = options
        self._server: _Guest | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listen; returns the bound port. Raises HostingError."""
        listening = self._listen()
        tls = self._tls
        config = uvicorn.Config(
            self._app,
            ssl_context_factory=None if tls is None else lambda *_: tls.context,
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            **self._options,
        )
        self._server = server = _Guest(config)
        self._serving = serving = asyncio.create_task(server.serve(sockets=[listening]))
        up = asyncio.create_task(server.is_up.wait())
        try:
            await asyncio.wait((up, serving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            up.cancel()
        if serving.done():
            listening.close()
            reason = None if serving.cancelled() else serving.exception()
            raise HostingError(
                f"what is served on {self._host}:{self._port} did not start"
            ) from reason
        port: int = listening.getsockname()[1]
        return port

    async def stop(self) -> None:
        """End within `STOP_LIMIT_S`, whatever hangs; does nothing when it is not running."""
        if self._server is None or self._serving is None:
            return
        self._server.should_exit = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._serving, STOP_LIMIT_S)
        self._server = self._serving = None

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        # The loop turns Nagle's algorithm off only where the protocol is named; with it an answer
        # whose head and body are written apart waits 40 ms for the far end's acknowledgement.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((self._host, self._port))
            listening.setblocking(False)
        except OSError as error:
            listening.close()
            address = f"{self._host}:{self._port}"
            raise HostingError(error.errno, error.strerror, address) from error
        return listening
