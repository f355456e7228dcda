"""What benches measure against: a process of calleq's own in a directory of its own, and the disk.

`Served` runs a command until it says `ready`, knows the addresses it printed, and ends it by the
signal of Ctrl-C. `DiskProbe` times a small append that is made durable, on the disk of that
directory and in the same minutes, because a figure with an fsync in it means nothing without it.
"""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from calleq.cli.failure import CommandError
from calleq.cli.figures import Figure, percentile

READY_WITHIN_S = 60.0
END_WITHIN_S = 30.0
PROBE_OCTETS = 500
"""About one accepted message in the journal."""


class Served:
    """`calleq` with some arguments, running; a context manager."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self.addresses: dict[str, str] = {}
        self._lines: queue.Queue[str] = queue.Queue()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "calleq.cli.main", *self._arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self._wait_until_ready()
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def pids(self) -> list[int]:
        """The process and its children (Linux only)."""
        pids = [self._process.pid]
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
                if int(parent) == self._process.pid:
                    pids.append(int(folder.name))
        return pids

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put("")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = ""
            if line == "ready":
                return
            if not line:
                self._process.kill()
                _, said = self._process.communicate()
                raise CommandError(f"calleq {self._arguments[0]} did not start: {said.strip()}")
            name, _, address = line.partition(": ")
            self.addresses[name] = address


class DiskProbe:
    """Appends to a file of its own and makes it durable, again and again."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "probe.tmp"
        self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._taken_ms: list[float] = []

    def sample(self, count: int) -> None:
        """Time `count` appends, each by itself."""
        for _ in range(count):
            started = time.perf_counter()
            os.write(self._handle, bytes(PROBE_OCTETS))
            if hasattr(os, "fdatasync"):
                os.fdatasync(self._handle)
            else:
                os.fsync(self._handle)
            self._taken_ms.append((time.perf_counter() - started) * 1e3)

    def percentile_ms(self, share: float) -> float:
        """Of all samples so far."""
        return percentile(self._taken_ms, share)

    def figures(self, command: str) -> list[Figure]:
        """The disk's own figures, to be printed beside the others."""
        return [
            Figure(f"fdatasync of {PROBE_OCTETS} octets, {name}", value, "ms", command)
            for name, value in (
                ("p50", self.percentile_ms(0.5)),
                ("p99", self.percentile_ms(0.99)),
            )
        ]

    def close(self) -> None:
        """Remove the file."""
        os.close(self._handle)
        self._path.unlink()
