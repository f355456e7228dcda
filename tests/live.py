"""A whole network running as its users run it: `calleq up` in a process of its own."""

import io
import json
import pathlib
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

import httpx
import numpy as np

from calleq.trace.capture import Captured, read_captures
from calleq.units import parse_utc

ROOT = pathlib.Path(__file__).parent.parent
READY_WITHIN_S = 60
CALL_WITHIN_S = 90
FLUSHED_S = 0.4
"""What a running network has captured is in its file by then."""

RENDERED: pathlib.Path | None = None
"""Prompts that networks of this run of the tests have rendered; the next need not render them."""

T = TypeVar("T")


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
    """A command that goes on until it is stopped; its lines can be waited for.

    `program` is Python text to be run in place of the module.
    """

    def __init__(self, *arguments: str, module: str = "calleq.cli.main", program: str = "") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", *(("-c", program) if program else ("-m", module)), *arguments],
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

    def __init__(self, data: pathlib.Path, *options: str, program: str = "") -> None:
        self.data = data
        if RENDERED is not None and RENDERED.is_dir():
            shutil.copytree(RENDERED, data / "prompts", dirs_exist_ok=True)
        self.up = Running("up", "--data", str(data), "--port", "0", *options, program=program)

    def __enter__(self) -> "LiveNetwork":
        try:
            self.up.wait_for(r"^ready$")
        except BaseException:
            self.up.stop()
            raise
        addresses = json.loads((self.data / "listening.json").read_text())
        self.url: str = addresses["front door"]
        self.desk: str = addresses["telephones' desk"]
        if RENDERED is not None:
            shutil.copytree(self.data / "prompts", RENDERED, dirs_exist_ok=True)
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

    def outcome(self, *options: str) -> "Outcome":
        """`calleq call …`, whatever becomes of it; the address of the door is added."""
        done = calleq("call", "--url", self.url, *options)
        return Outcome(done.returncode, done.stdout, done.stderr)

    def post(self, body: Any, **options: Any) -> httpx.Response:
        """A message to the front door, as any program posts it."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {"content-type": "application/json", **options.pop("headers", {})}
        return httpx.post(
            f"{self.url}/v1/calls", content=body, headers=headers, timeout=30, **options
        )

    def events(self, call: str, business: str = "abc") -> list[dict[str, Any]]:
        """The call's timeline over HTTP."""
        answer = httpx.get(
            f"{self.url}/v1/calls/{call}/events",
            auth=(business, f"{business}-demo"),
            timeout=10,
        )
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["events"]
        return found

    def follow(self, call: str, business: str = "abc") -> dict[str, Any]:
        """Wait for the call's end; the call as the door shows it then."""
        deadline = time.monotonic() + CALL_WITHIN_S
        with httpx.Client(auth=(business, f"{business}-demo"), timeout=30) as client:
            while True:
                view: dict[str, Any] = client.get(f"{self.url}/v1/calls/{call}").json()
                if view["final"]:
                    return view
                assert time.monotonic() < deadline, view
                client.get(
                    f"{self.url}/v1/calls/{call}/events",
                    params={"after": view["events"], "wait": 10},
                )

    def wait_for_event(self, call: str, event: str, business: str = "abc") -> dict[str, Any]:
        """Wait until something has happened to a call; that event."""
        deadline = time.monotonic() + CALL_WITHIN_S
        seen: list[dict[str, Any]] = []
        while True:
            found = next((one for one in seen if one["event"] == event), None)
            if found is not None:
                return found
            assert time.monotonic() < deadline, seen
            assert not any(one["event"] == "ended" for one in seen), seen
            answer = httpx.get(
                f"{self.url}/v1/calls/{call}/events",
                params={"after": len(seen), "wait": 10},
                auth=(business, f"{business}-demo"),
                timeout=30,
            )
            seen += answer.json()["events"]

    def telephone(self, number: str) -> dict[str, Any]:
        """What a telephone does now."""
        answer = httpx.get(f"{self.desk}/telephones/{number.lstrip('+')}", timeout=10)
        found: dict[str, Any] = answer.json()
        return found

    def say(self, number: str, hz: int, seconds: float) -> None:
        """Sound a tone into a telephone."""
        answer = httpx.post(
            f"{self.desk}/telephones/{number.lstrip('+')}/say",
            json={"hz": hz, "seconds": seconds},
            timeout=10,
        )
        assert answer.status_code == 202, answer.text

    def heard(self, number: str) -> tuple[Any, int, int]:
        """What a telephone's ear heard (8 kHz samples), the UTC microsecond it begins at, and how
        many ticks a busy machine made the voice process miss."""
        answer = httpx.get(f"{self.desk}/telephones/{number.lstrip('+')}/heard.wav", timeout=10)
        assert answer.status_code == 200, answer.text
        with wave.open(io.BytesIO(answer.content)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8_000, 1, 2)
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        missed = int(answer.headers["missed-frames"])
        return samples.astype(np.float64), parse_utc(answer.headers["heard-from"]), missed

    def reads(self, *arguments: str) -> Any:
        """A command that reads the data directory; the JSON that it printed."""
        done = calleq(*arguments, "--data", str(self.data), "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def captures(self) -> list[Captured]:
        """Every octet captured so far (a file is flushed five times a second)."""
        time.sleep(FLUSHED_S)
        return read_captures(sorted(self.data.glob("*.capture")))


@dataclass(frozen=True)
class Outcome:
    """What a command came to."""

    status: int
    output: str
    errors: str

    @property
    def told(self) -> dict[str, Any]:
        """The object it printed."""
        found: dict[str, Any] = json.loads(self.output)
        return found


def at_once(*work: Callable[[], T]) -> list[T]:
    """Do all of it at the same time; the results in their order."""
    with ThreadPoolExecutor(max(len(work), 1)) as pool:
        return [future.result() for future in [pool.submit(one) for one in work]]
