"""sipp as a foreign system: scenarios of ours, its own statistics, and what it wrote down.

    with sipp(folder, "answers", host="127.0.0.2", port=11_110) as called:
        ...
    called.statistics()            # after its end: calls, successful, failed, retransmissions

Scenarios are in `tests/interop/sipp`. A scenario writes lines `NUMBER WORD REST` (`<log>`), of
which `said` makes lists by word. Each run has a folder of its own; ports lie outside those that the
kernel gives away, at least ten apart. It is started and ended here, by its process.
"""

import contextlib
import csv
import pathlib
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

SCENARIOS = pathlib.Path(__file__).parent / "interop" / "sipp"
END_WITHIN_S = 20.0
MEDIA_PORT_AWAY = 1_000
"""A run's port of voice is so far from its port of SIP."""


@dataclass(frozen=True)
class Statistics:
    """What sipp counted of its calls."""

    calls: int
    successful: int
    failed: int
    retransmissions: int
    rate: float
    """Calls begun per second, over the whole run."""


@dataclass
class Sipp:
    """One run of sipp."""

    process: subprocess.Popen[bytes]
    folder: pathlib.Path

    def wait(self, within_s: float) -> int:
        """Until it ends by itself; 0 where every call went as the scenario says."""
        return self.process.wait(within_s)

    def statistics(self) -> Statistics:
        """Its last count."""
        with (self.folder / "statistics.csv").open(newline="") as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
        calls = int(last["OutgoingCall(C)"]) + int(last["IncomingCall(C)"])
        return Statistics(
            calls,
            int(last["SuccessfulCall(C)"]),
            int(last["FailedCall(C)"]),
            int(last["Retransmissions(C)"]),
            float(last["CallRate(C)"]),
        )

    def said(self, word: str) -> dict[str, list[str]]:
        """What it wrote down under that word, by number."""
        found: dict[str, list[str]] = {}
        path = self.folder / "said.log"
        for line in path.read_text("utf-8").splitlines() if path.exists() else []:
            number, kind, rest = (*line.split(" ", 2), "")[:3]
            if kind == word:
                found.setdefault(number, []).append(rest)
        return found

    def errors(self) -> str:
        """What went another way than the scenario says."""
        path = self.folder / "errors.log"
        return path.read_text("utf-8", errors="replace")[-3_000:] if path.exists() else ""


@contextlib.contextmanager
def sipp(
    folder: pathlib.Path,
    scenario: str,
    *options: str,
    host: str,
    port: int,
    towards: str = "",
    calls: Iterable[tuple[str, ...]] = (),
) -> Iterator[Sipp]:
    """sipp at work; `calls` are the fields of its calls, in turn. Whatever happens it is ended,
    where it has calls still, after these."""
    folder.mkdir(parents=True)
    rows = [";".join(fields) for fields in calls]
    if rows:
        (folder / "calls.csv").write_text("\n".join(["SEQUENTIAL", *rows, ""]))
        options = (*options, "-inf", str(folder / "calls.csv"), "-m", str(len(rows)))
    arguments = [
        *("sipp", "-sf", str(SCENARIOS / f"{scenario}.xml")),
        *("-i", host, "-mi", host, "-p", str(port), "-mp", str(port + MEDIA_PORT_AWAY)),
        *("-nostdin", "-timer_resol", "2", "-buff_size", str(4 << 20)),
        *("-trace_stat", "-stf", str(folder / "statistics.csv"), "-fd", "1"),
        *("-trace_err", "-error_file", str(folder / "errors.log")),
        *("-trace_logs", "-log_file", str(folder / "said.log")),
        *options,
        *((towards,) if towards else ()),
    ]
    with (folder / "screen.log").open("wb") as screen:
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen, cwd=folder
        )
    try:
        _wait_until_bound(process, host, port)
        yield Sipp(process, folder)
        if process.poll() is None:
            process.send_signal(signal.SIGUSR1)
            process.wait(END_WITHIN_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _wait_until_bound(process: subprocess.Popen[bytes], host: str, port: int) -> None:
    """Until nobody else can have its port: then it listens. Raises AssertionError."""
    end = time.monotonic() + END_WITHIN_S
    while process.poll() is None:
        assert time.monotonic() < end, "sipp does not listen"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                return
        time.sleep(0.02)
