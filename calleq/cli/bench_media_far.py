"""The far ends of `calleq bench media`: one process that speaks for all telephones, and hears all.

It reads one line of JSON from its standard input (`Task`), sends to every port a packet each 20 ms,
spread evenly over the 20 ms, and receives what comes back, by batches; then it prints one line of
JSON (`Outcome`). A telephone's packet bears in its voice when it was sent, as octets that a relay
hands through and a mix does not: where they come back whole they say how long the way was.
"""

import socket
import sys
import time

import msgspec
import numpy as np
from numpy.typing import NDArray

from calleq.media.rtp.batch import MOST_AT_ONCE, Batch, Keys, address_key
from calleq.media.rtp.packet import FRAME_OCTETS, HEADER_OCTETS, PLAIN, SLOT, SLOT_OCTETS
from calleq.media.rtp.ready import Ready
from calleq.media.rtp.table import Integers, Octets

STEPS = 16
"""In how many parts the 20 ms are cut."""
RECEIVE_OCTETS = 4 << 20
REST_S = 0.2
"""How long is listened after the last packet was sent."""
STAMP = b"calleq"
"""Before the instant, so that voice is not taken for one."""
KEPT_DELAYS = 200_000


class Task(msgspec.Struct, frozen=True):
    """What to do."""

    host: str
    """Where we are."""
    target_host: str
    targets: tuple[int, ...]
    """The port of each leg, there."""
    sources: tuple[int, ...]
    """Our port for each leg."""
    listening: tuple[int, ...]
    """Our ports at which something may come."""
    frames: int
    stamped: bool


class Outcome(msgspec.Struct, frozen=True):
    """What came of it."""

    sent: int
    received: int
    late_steps: int
    """Parts of 20 ms in which this process itself was more than 5 ms late."""
    delays_us: tuple[float, ...]
    """Median, 99th percentile and the most; empty where packets bore no time."""
    cpu_s: float


class FarEnds:
    """All telephones."""

    def __init__(self, task: Task) -> None:
        self._task = task
        count = len(task.targets)
        self._packets: Octets = np.zeros((count, SLOT_OCTETS), dtype=np.uint8)
        self._headers = self._packets.reshape(-1).view(SLOT)
        self._headers["first"] = PLAIN
        self._headers["source"] = np.arange(count) + 1
        random = np.random.default_rng(1)
        voice = random.integers(0, 256, (count, FRAME_OCTETS - HEADER_OCTETS), dtype=np.uint8)
        self._packets[:, HEADER_OCTETS:FRAME_OCTETS] = voice
        self._keys: Keys = np.array(
            [address_key(task.target_host, port) for port in task.targets], dtype=np.uint64
        )
        self._out = Batch(self._packets)
        self._came: Octets = np.zeros((MOST_AT_ONCE, SLOT_OCTETS), dtype=np.uint8)
        self._in = Batch(self._came)
        self._sockets = {port: _socket(task.host, port) for port in task.listening}
        self._ready = Ready()
        for source in self._sockets.values():
            self._ready.add(source.fileno())
        self._parts = self._cut(np.array(task.sources))
        self._delays: list[NDArray[np.int64]] = []
        self.received = 0

    def _cut(self, sources: Integers) -> list[list[tuple[socket.socket, Integers]]]:
        """Which legs send in each part of the 20 ms, by socket."""
        every = np.arange(sources.size)
        parts = []
        for step in range(STEPS):
            legs = every[every % STEPS == step]
            ports = np.unique(sources[legs]).tolist()
            parts.append([(self._sockets[port], legs[sources[legs] == port]) for port in ports])
        return parts

    def run(self) -> Outcome:
        """Speak and listen."""
        task = self._task
        start = time.monotonic() + 0.05
        late = sent = 0
        for step in range(task.frames * STEPS):
            pause_s = start + step * 0.02 / STEPS - time.monotonic()
            if pause_s > 0:
                time.sleep(pause_s)
            late += pause_s < -0.005
            for source, legs in self._parts[step % STEPS]:
                self._speak(source, legs, step // STEPS)
                sent += legs.size
            self._listen()
        end = time.monotonic() + REST_S
        while time.monotonic() < end:
            time.sleep(0.005)
            self._listen()
        return Outcome(sent, self.received, late, self._told_delays(), time.process_time())

    def _speak(self, source: socket.socket, legs: Integers, frame: int) -> None:
        self._headers["sequence"][legs] = frame & 0xFFFF
        self._headers["timestamp"][legs] = frame * 160
        if self._task.stamped:
            stamp = STAMP + (time.monotonic_ns() // 1_000).to_bytes(8, "little")
            octets = np.frombuffer(stamp, dtype=np.uint8)
            self._packets[legs, HEADER_OCTETS : HEADER_OCTETS + octets.size] = octets
        self._out.send(source.fileno(), legs, self._keys[legs], FRAME_OCTETS)

    def _listen(self) -> None:
        for descriptor, _ in self._ready.now():
            count = MOST_AT_ONCE
            while count == MOST_AT_ONCE:
                count = self._in.receive(descriptor)
                self.received += count
                if count and self._task.stamped:
                    self._delays.append(self._delayed(count))

    def _delayed(self, count: int) -> NDArray[np.int64]:
        """How long those packets were on their way that say when they left."""
        start = HEADER_OCTETS + len(STAMP)
        now_us = time.monotonic_ns() // 1_000
        said = self._came[:count, HEADER_OCTETS:start] == np.frombuffer(STAMP, dtype=np.uint8)
        octets = self._came[:count, start : start + 8][said.all(axis=1)].copy()
        delays: NDArray[np.int64] = now_us - octets.view("<i8")[:, 0]
        return delays

    def _told_delays(self) -> tuple[float, ...]:
        delays = np.concatenate(self._delays)[:KEPT_DELAYS] if self._delays else np.zeros(0)
        if not delays.size:
            return ()
        return (*map(float, np.percentile(delays, (50, 99))), float(delays.max()))


def _socket(host: str, port: int) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_OCTETS)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, RECEIVE_OCTETS)
    one.bind((host, port))
    one.setblocking(False)
    return one


if __name__ == "__main__":
    task = msgspec.json.decode(sys.stdin.buffer.readline(), type=Task)
    ends = FarEnds(task)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.buffer.readline()
    outcome = ends.run()
    sys.stdout.buffer.write(msgspec.json.encode(outcome) + b"\n")
