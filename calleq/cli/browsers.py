"""The browser process as a host has it: started beside the network where lines are browsers.

The network goes on without it: when it cannot be started, or ends by itself, the operator is told,
and it is started again after a while. Its configuration, with the lines' passwords, is given on its
standard input: it stands in no file and in no list of processes.
"""

import asyncio
import contextlib
import importlib.util
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec

from calleq.browser.configuration import INSTALL, NEEDED, BrowserLine, Configuration
from calleq.topology import HomeSwitches, Line, Switch, Topology
from calleq.topology_sip_checks import username_of

START_LIMIT_S = 15.0
END_LIMIT_S = 15.0
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
PAGE, OPERATOR = "page for browsers", "operator's view of browsers"
"""Names of its doors."""
_DOORS: Final = {b"page": PAGE, b"operator": OPERATOR}
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}


def configuration_of(topology: Topology, *, any_port: bool) -> Configuration | None:
    """What its browser process is told; None where no line is a browser.

    `any_port`: the page is served on any free port, whatever the topology says.
    """
    homes = HomeSwitches(topology)
    switches = {switch.name: switch for switch in topology.switches}
    lines = tuple(
        _line(line, switches[homes.of(line.number) or ""])
        for line in topology.lines
        if line.access == "webrtc"
    )
    if not lines:
        return None
    access = topology.browsers
    listen = f"{access.listen.rpartition(':')[0]}:0" if any_port else access.listen
    return Configuration(
        lines=lines,
        listen=listen,
        certificate=access.certificate,
        key=access.key,
        origins=access.origins,
        media_host=access.media_host,
        names={one.number: one.name for one in topology.businesses if one.number and one.name},
    )


def _line(line: Line, switch: Switch) -> BrowserLine:
    assert switch.sip is not None, "the topology's checks see to it"
    host, _, port = switch.sip.listen.rpartition(":")
    return BrowserLine(
        number=line.number,
        registrar=f"{_EVERYWHERE.get(host, host)}:{port}",
        username=username_of(line),
        password=line.password,
        domain=switch.sip.domain or host,
    )


class BrowserProcess:
    """See above."""

    def __init__(self, configuration: Configuration, say: Callable[[str], object]) -> None:
        self._configuration = configuration
        self._say = say
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Its process number; None before it was started."""
        return self._process.pid if self._process is not None else None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[dict[str, str]]:
        """Run it until the end; its doors by name, none where it could not be started."""
        missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
        if missing:
            self._say(INSTALL)
            yield {}
            return
        doors = await self._start()
        # a page is found again where it was
        if PAGE in doors:
            listen = doors[PAGE].partition("://")[2]
            self._configuration = msgspec.structs.replace(self._configuration, listen=listen)
        keeping = asyncio.create_task(self._keep())
        try:
            yield doors
        finally:
            keeping.cancel()
            await self._end()

    async def _start(self) -> dict[str, str]:
        self._process = process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "calleq.browser", "--config", "-"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(self._configuration) + b"\n")
        doors: dict[str, str] = {}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_LIMIT_S):
                while len(doors) < len(_DOORS):
                    line = await process.stdout.readline()
                    name, _, address = line.strip().partition(b" ")
                    if name not in _DOORS:
                        break
                    doors[_DOORS[name]] = address.decode()
        if len(doors) == len(_DOORS):
            return doors
        self._say("the page for browsers could not be started; it is tried again")
        if process.returncode is None:
            process.kill()
        return {}

    async def _keep(self) -> None:
        """Start it again whenever it ended."""
        wait_s = FIRST_WAIT_S
        while self._process is not None:
            await self._process.wait()
            self._say(f"the page for browsers ended; it is started again in {wait_s:g} s")
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
            if await self._start():
                wait_s = FIRST_WAIT_S

    async def _end(self) -> None:
        """Let it end in its own order: its standard input ends."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), END_LIMIT_S)
        except TimeoutError:
            process.kill()
            await process.wait()
