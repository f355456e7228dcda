"""The disk as a journal needs it, small enough that a test can stand in for it and lie.

Owns opening, locking, writing at an offset, making durable, and the names in a directory. It
refuses a file that another process holds (`DiskLocked`, which names the file); every other failure
is the OSError of the system, and what it means is the caller's decision.

Odd cases: `fdatasync` does not exist everywhere, there `fsync` stands in, and on macOS the drive
itself must be told (F_FULLFSYNC). The lock is advisory, tied to the open file and gone with the
process, however it ends. On Windows a locked region is mandatory, so one byte far beyond any
journal's end is locked and readers are not disturbed; directories need no flush there.
"""

import os
import sys
from pathlib import Path
from typing import Protocol

if sys.platform == "win32":
    import msvcrt

    _LOCKED_BYTE = 1 << 40
else:
    import fcntl


class DiskLocked(OSError):  # noqa: N818
    """Another process holds the file; the text names it."""


class DiskFile(Protocol):
    """One open file that only its holder writes."""

    def read_all(self) -> bytes:
        """Everything in it."""

    def write_at(self, offset: int, octets: bytes) -> None:
        """Write all of `octets`; raises OSError, after which the content there is unknown."""

    def truncate(self, size: int) -> None:
        """Cut to `size` octets."""

    def sync(self) -> None:
        """Return once everything written is durable. A failure is final: never try again."""

    def close(self) -> None:
        """Give up the lock and the file; does not sync."""


class Disk(Protocol):
    """What opens journal files."""

    def open(self, path: Path) -> DiskFile:
        """Open for reading and writing, made when it does not exist, and locked.

        A new file's name is durable when this returns. Raises DiskLocked, OSError.
        """

    def read(self, path: Path) -> bytes:
        """Everything in a file that nobody need hold. Raises OSError."""

    def names(self, directory: Path) -> list[str]:
        """The names of the files in a directory, sorted; none when there is no such directory."""

    def remove(self, path: Path) -> None:
        """Remove a file; its name is durably gone when this returns. Raises OSError."""


class RealDisk:
    """The machine's own."""

    def open(self, path: Path) -> DiskFile:
        existed = path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        handle = os.open(path, flags, 0o600)
        try:
            _lock(handle, path)
            if not existed:
                os.fsync(handle)
                _sync_directory(path.parent)
                _sync_directory(path.parent.parent)
        except BaseException:
            os.close(handle)
            raise
        return _RealFile(handle)

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def names(self, directory: Path) -> list[str]:
        try:
            return sorted(os.listdir(directory))
        except FileNotFoundError:
            return []

    def remove(self, path: Path) -> None:
        os.unlink(path)
        _sync_directory(path.parent)


class _RealFile:
    def __init__(self, handle: int) -> None:
        self._handle = handle

    def read_all(self) -> bytes:
        os.lseek(self._handle, 0, os.SEEK_SET)
        parts = []
        while part := os.read(self._handle, 1 << 24):
            parts.append(part)
        return b"".join(parts)

    def write_at(self, offset: int, octets: bytes) -> None:
        view = memoryview(octets)
        while view:
            if sys.platform == "win32":
                os.lseek(self._handle, offset, os.SEEK_SET)
                written = os.write(self._handle, view)
            else:
                written = os.pwrite(self._handle, view, offset)
            offset += written
            view = view[written:]

    def truncate(self, size: int) -> None:
        os.ftruncate(self._handle, size)

    def sync(self) -> None:
        if sys.platform == "darwin":
            fcntl.fcntl(self._handle, fcntl.F_FULLFSYNC)
        elif sys.platform == "win32":
            os.fsync(self._handle)
        else:
            os.fdatasync(self._handle)

    def close(self) -> None:
        os.close(self._handle)


def _lock(handle: int, path: Path) -> None:
    try:
        if sys.platform == "win32":
            os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise DiskLocked(f"{path}: another process is writing this file") from error


def _sync_directory(directory: Path) -> None:
    if sys.platform == "win32":
        return
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
