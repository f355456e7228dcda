"""A network in as many processes as a carrier would have machines, each `calleq run` on its own."""

import contextlib
import os
import pathlib
import socket
from concurrent.futures import ThreadPoolExecutor

from calleq.topology import element_names, figure1_path, load_topology
from tests.live import Running

PROCESSES = (
    ("telephones",),
    ("ip-76",),
    ("ssp-64", "ssp-66", "mtso-65"),
    ("server-72",),
    ("ssp-62",),
    ("stp-68",),
    ("stp-70",),
    ("scp-1", "scp-2"),
    ("voice",),
)
"""In an order in which nothing finds what it needs: each must wait for others, most for voice."""

EAST = {"ssp-64", "ssp-62", "stp-70"}
"""The first elements of the processes that the eastern machine runs; the western has the others."""

PORTS = 10 * len(element_names(load_topology(figure1_path())))
FRONT_DOOR_OFFSET, DESK_OFFSET = 4, 5
"""Ports of server 72's row that no wire uses."""


def free_base_port() -> int:
    """The first of a row of ports that are all free, another one for every test process."""
    start = 10_000 + os.getpid() % 150 * PORTS
    for base in range(start, start + 5_000, PORTS):
        with contextlib.ExitStack() as held:
            try:
                for port in range(base, base + PORTS):
                    listening = held.enter_context(socket.socket())
                    listening.bind(("127.0.0.1", port))
            except OSError:
                continue
            return base
    raise AssertionError("no row of free ports")


class SplitNetwork:
    """The processes by the name of their first element, as on two machines: each has a data
    directory of its own."""

    def __init__(self, data: pathlib.Path, *options: str) -> None:
        self.machines = (data / "west", data / "east")
        self._base = free_base_port()
        self._options = options
        self.running: dict[str, Running] = {}
        self.url = f"http://127.0.0.1:{self._base + FRONT_DOOR_OFFSET}"
        self.desk = f"http://127.0.0.1:{self._base + DESK_OFFSET}"
        for elements in PROCESSES[:-1]:
            self.start(*elements)

    def door(self, element: str) -> str:
        """Where the door is that an element has of its own."""
        place = element_names(load_topology(figure1_path())).index(element)
        return f"http://127.0.0.1:{self._base + 10 * place + FRONT_DOOR_OFFSET}"

    def start_voice(self) -> None:
        """The last process, for which the others wait."""
        self.start(*PROCESSES[-1])

    def start(self, *elements: str) -> Running:
        """One process, started and not waited for."""
        running = Running(
            "run",
            *elements,
            *("--data", str(self.machines[elements[0] in EAST]), "--base-port", str(self._base)),
            *("--port", str(self._base + FRONT_DOOR_OFFSET)),
            *("--desk-port", str(self._base + DESK_OFFSET)),
            *self._options,
        )
        self.running[elements[0]] = running
        return running

    def wait_until_ready(self) -> None:
        """Every process has said `ready`."""
        for running in self.running.values():
            running.wait_for(r"^ready$")

    def kill(self, element: str) -> int:
        """As a power failure would; its exit status."""
        process = self.running[element].process
        process.kill()
        return process.wait(timeout=10)

    def stop(self) -> dict[str, int]:
        """Ctrl-C in every terminal at once; the exit status of each."""
        with ThreadPoolExecutor(len(self.running)) as hands:
            statuses = list(hands.map(Running.stop, self.running.values()))
        return dict(zip(self.running, statuses, strict=True))
