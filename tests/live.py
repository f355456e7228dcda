"""A whole network running as its users run it: `calleq up` in a process of its own."""

import json
import pathlib
import queue
import re
import signal
import subprocess
import sys
import threading
from types import TracebackType
from typing import Any

import httpx

ROOT = pathlib.Path(__file__).parent.parent
READY_WITHIN_S = 60


def calleq(*arguments: str, module: str = "calleq.cli.main", **options: Any) -> Any:
    """Run a command to its end; returns the CompletedProcess with text output."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=options.pop("cwd", ROOT),
        capture_output=True,
        text=True,
        timeout=options.pop("timeout", 120),
        check=False,
        env=options.pop("env", None),
    )


class Running:
    """A command that goes on until it is stopped; its lines can be waited for."""

    def __init__(self, *arguments: str, module: str = "calleq.cli.main") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", module, *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._arrived: queue.Queue[str | None] = queue.Queue()
        self._readers = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._arrived.put(line.rstrip("\n"))
        self._arrived.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr
        self.errors.extend(self.process.stderr)

    def wait_for(self, pattern: str, within_s: float = READY_WITHIN_S) -> re.Match[str]:
        """The first line from now on that matches; fails when the command ends before."""
        while True:
            line = self._arrived.get(timeout=within_s)
            assert line is not None, "ended early: " + "".join(self.errors)
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found

    def said(self) -> list[str]:
        """Every line so far, waited for or not; none is waited for any more."""
        while not self._arrived.empty():
            if (line := self._arrived.get()) is not None:
                self.lines.append(line)
        return self.lines

    def stop(self) -> int:
        """Ctrl-C, as a person stops it; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(timeout=30)
        finally:
            if self.process.poll() is None:
                self.process.kill()
        for reader in self._readers:
            reader.join(timeout=5)
        return status


class LiveNetwork:
    """`calleq up` on ports of its own, with the front door's and the desk's addresses."""

    def __init__(self, data: pathlib.Path, *options: str) -> None:
        self.data = data
        self.up = Running("up", "--data", str(data), "--port", "0", *options)

    def __enter__(self) -> "LiveNetwork":
        try:
            self.up.wait_for(r"^ready$")
        except BaseException:
            self.up.stop()
            raise
        addresses = json.loads((self.data / "listening.json").read_text())
        self.url: str = addresses["front door"]
        self.desk: str = addresses["telephones' desk"]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.status = self.up.stop()

    def call(self, customer: str, rep: str | None, *options: str, business: str = "abc") -> Any:
        """`calleq call … --json`: its exit status and the object it printed."""
        arguments = ["call", "--customer", customer, "--business", business, "--json"]
        arguments += ["--password", f"{business}-demo", "--url", self.url, *options]
        if rep is not None:
            arguments += ["--rep", rep]
        done = calleq(*arguments)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def diary(self, number: str) -> list[dict[str, Any]]:
        """What a telephone noted."""
        answer = httpx.get(f"{self.desk}/telephones/{number.lstrip('+')}/diary", timeout=10)
        assert answer.status_code == 200, answer.text
        entries: list[dict[str, Any]] = answer.json()["entries"]
        return entries

    def records(self) -> list[dict[str, Any]]:
        """`calleq cdr list --json`."""
        done = calleq("cdr", "list", "--data", str(self.data), "--json")
        assert done.returncode == 0, done.stderr
        listed: list[dict[str, Any]] = json.loads(done.stdout)
        return listed
