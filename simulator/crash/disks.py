"""Disks that fail as disks do: one that forgets what was not synced, one whose process is killed.

`ForgetfulDisk` keeps files in memory with every write since the last sync beside them. `crash`
gives the disk as it may be found after a power failure: each 512-octet sector of each unsynced
write is there, absent or cut short, in any order; each unsynced cut of a file has happened or not.
What `Disk` promises to be durable is (a name when `open` returns, a removal when `remove` does);
`keeps_names=False` and `syncs=False` break those promises, to show that a test would notice.

`KillingDisk` is the machine's own disk in a process that ends itself, as `kill -9` would, at its
n-th durable step; a write is cut in two at a place drawn from a seed, and a step lies between.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path

from calleq.runtime.disk import DiskFile, DiskLocked, RealDisk

SECTOR_BYTES = 512
"""What a disk writes whole or not at all, except for the one under the head."""

KILLED_STATUS = 137
"""The exit status of a process that a KillingDisk ended, as a shell shows a SIGKILL."""

_Change = tuple[int, bytes] | int
"""A write (offset, octets), or the size of a cut."""


class _Content:
    """One file: what its process sees, what is on the platter, and what lies between."""

    def __init__(self, durable: bytes = b"") -> None:
        self.seen = bytearray(durable)
        self.durable = bytearray(durable)
        self.unsynced: list[_Change] = []
        self.named = True
        self.held = False


class ForgetfulDisk:
    """Fulfils `Disk` in memory; `on_step` is called before and after each change."""

    def __init__(
        self,
        *,
        syncs: bool = True,
        keeps_names: bool = True,
        on_step: Callable[[], object] = lambda: None,
    ) -> None:
        self._files: dict[Path, _Content] = {}
        self.syncs = syncs
        self.keeps_names = keeps_names
        self.on_step = on_step

    def open(self, path: Path) -> DiskFile:
        content = self._files.get(path)
        if content is None:
            self.on_step()
            content = self._files[path] = _Content()
            content.named = self.keeps_names
            self.on_step()
        if content.held:
            raise DiskLocked(f"{path}: another process is writing this file")
        content.held = True
        return _ForgetfulFile(self, content)

    def read(self, path: Path) -> bytes:
        content = self._files.get(path)
        if content is None:
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return bytes(content.seen)

    def names(self, directory: Path) -> list[str]:
        return sorted(path.name for path in self._files if path.parent == directory)

    def remove(self, path: Path) -> None:
        self.on_step()
        del self._files[path]
        self.on_step()

    def crash(self, draw: random.Random) -> "ForgetfulDisk":
        """The disk as the next process may find it; this one is not changed."""
        found = ForgetfulDisk(syncs=self.syncs, keeps_names=self.keeps_names)
        share = draw.choice((0.0, 0.2, 0.5, 0.8, 1.0))
        for path, content in self._files.items():
            if content.named or draw.random() < share:
                found._files[path] = _Content(_left(content, draw, share))
        return found


class _ForgetfulFile:
    def __init__(self, disk: ForgetfulDisk, content: _Content) -> None:
        self._disk = disk
        self._content = content

    def read_all(self) -> bytes:
        return bytes(self._content.seen)

    def write_at(self, offset: int, octets: bytes) -> None:
        self._disk.on_step()
        self._content.unsynced.append((offset, octets))
        _write(self._content.seen, offset, octets)
        self._disk.on_step()

    def truncate(self, size: int) -> None:
        self._disk.on_step()
        self._content.unsynced.append(size)
        _cut(self._content.seen, size)
        self._disk.on_step()

    def sync(self) -> None:
        self._disk.on_step()
        if self._disk.syncs:
            self._content.durable = bytearray(self._content.seen)
            self._content.unsynced.clear()
        self._disk.on_step()

    def close(self) -> None:
        self._content.held = False


def _left(content: _Content, draw: random.Random, share: float) -> bytes:
    """What the platter has of a file after a power failure."""
    left = bytearray(content.durable)
    pieces: list[_Change] = []
    for change in content.unsynced:
        if isinstance(change, int):
            pieces.append(change)
        else:
            pieces += _sectors(*change)
    if draw.random() < 0.5:
        draw.shuffle(pieces)
    for piece in pieces:
        if draw.random() >= share:
            continue
        if isinstance(piece, int):
            _cut(left, piece)
        else:
            offset, octets = piece
            torn = draw.random() < 0.05
            _write(left, offset, octets[: draw.randrange(len(octets) + 1)] if torn else octets)
    return bytes(left)


def _sectors(offset: int, octets: bytes) -> list[_Change]:
    pieces: list[_Change] = []
    start = 0
    while start < len(octets):
        end = min(len(octets), start + SECTOR_BYTES - (offset + start) % SECTOR_BYTES)
        pieces.append((offset + start, octets[start:end]))
        start = end
    return pieces


def _write(content: bytearray, offset: int, octets: bytes) -> None:
    if octets:
        content.extend(bytes(max(0, offset - len(content))))
        content[offset : offset + len(octets)] = octets


def _cut(content: bytearray, size: int) -> None:
    del content[size:]
    content.extend(bytes(max(0, size - len(content))))


class KillingDisk(RealDisk):
    """Ends this process at its durable step number `fatal`, counted from 1; 0: at none."""

    def __init__(self, fatal: int, seed: int) -> None:
        self.steps = 0
        self._fatal = fatal
        self._draw = random.Random(f"cuts {seed}")

    def step(self) -> None:
        """One more step; the process may end here, without a word."""
        self.steps += 1
        if self.steps == self._fatal:
            os._exit(KILLED_STATUS)

    def cut(self, length: int) -> int:
        """Where a write is interrupted: anywhere, and often near its beginning."""
        near = min(length, 400) if self._draw.random() < 0.7 else length
        return self._draw.randrange(near + 1)

    def open(self, path: Path) -> DiskFile:
        self.step()
        file = super().open(path)
        self.step()
        return _KillingFile(self, file)

    def remove(self, path: Path) -> None:
        self.step()
        super().remove(path)
        self.step()


class _KillingFile:
    def __init__(self, disk: KillingDisk, file: DiskFile) -> None:
        self._disk = disk
        self._file = file

    def read_all(self) -> bytes:
        return self._file.read_all()

    def write_at(self, offset: int, octets: bytes) -> None:
        disk, file = self._disk, self._file
        cut = disk.cut(len(octets))
        disk.step()
        file.write_at(offset, octets[:cut])
        disk.step()
        file.write_at(offset + cut, octets[cut:])
        disk.step()

    def truncate(self, size: int) -> None:
        self._disk.step()
        self._file.truncate(size)
        self._disk.step()

    def sync(self) -> None:
        self._file.sync()
        self._disk.step()

    def close(self) -> None:
        self._file.close()
