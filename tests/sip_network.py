"""The shipped network of SIP on addresses of a test's own, and telephones that register with it."""

import os
import pathlib
from contextlib import AbstractContextManager
from typing import Any

from calleq.topology import Line, Topology, home_switch, load_topology
from calleq.topology_sip_checks import username_of
from tests import baresip
from tests.live import ROOT

SHIPPED = ROOT / "calleq" / "data" / "gateway.toml"


def host_of_worker() -> str:
    """A loopback address that no other worker of the tests uses."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return f"127.0.{100 + int(worker)}.1"


def sip_file(folder: pathlib.Path, *changes: tuple[str, str]) -> pathlib.Path:
    """The shipped network of SIP as a file, its switches at an address of this worker."""
    text = SHIPPED.read_text("utf-8").replace("127.0.0.1:50", f"{host_of_worker()}:50")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "gateway.toml"
    path.write_text(text, "utf-8")
    return path


def telephone(
    folder: pathlib.Path, file: pathlib.Path, number: str, tone_hz: int, **more: Any
) -> AbstractContextManager[baresip.Telephone]:
    """A baresip on the line of that number."""
    topology = load_topology(file)
    line = line_of(topology, number)
    home = home_switch(topology, number)
    access = next(switch.sip for switch in topology.switches if switch.name == home)
    assert access is not None
    tls = more.get("transport") == "tls"
    return baresip.baresip(
        folder / number,
        username=username_of(line),
        password=line.password,
        domain=access.domain,
        server=access.listen_tls if tls else access.listen,
        tone_hz=tone_hz,
        host=host_of_worker(),
        **more,
    )


def line_of(topology: Topology, number: str) -> Line:
    """The line of a number."""
    return next(line for line in topology.lines if line.number == number)
