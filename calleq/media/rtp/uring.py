"""Datagrams of many sockets with one call of the kernel: io_uring, by ctypes (Linux).

A port for each leg means a socket for each packet: what costs is not the voice but a call, a loop
and a tuple for each. Here the kernel is told of a whole batch at once, in arrays that it shares
with us. Every operation is one that is done at once or not at all (`MSG_DONTWAIT`), and each call
waits for all that it told of: nothing is ever left with the kernel, so that memory may be used
again. Where the system has no io_uring, or forbids it, `open_uring` gives None, and sockets are
read and written one by one; CALLEQ_NO_URING does the same.
"""

import ctypes
import errno
import mmap
import os
import sys
from typing import Final

import numpy as np
from numpy.typing import NDArray

from calleq.media.rtp.batch import MOST_AT_ONCE, Batch
from calleq.media.rtp.table import Integers

LEAST: Final = 12
"""Fewer are read and written one by one: telling of a batch costs as much as some of them."""
FORBIDDEN: Final = "CALLEQ_NO_URING"

_SETUP, _ENTER = 425, 426
_SEND, _RECEIVE = 9, 10
"""IORING_OP_SENDMSG, IORING_OP_RECVMSG."""
_DONTWAIT = 0x40
_GETEVENTS = 1
_SQ_RING, _SQES = 0, 0x1000_0000
"""Offsets of what is mapped."""
_ONE_MAPPING = 1
"""IORING_FEAT_SINGLE_MMAP: both rings lie in one."""
_POPULATE = 0x8000

_ENTRY = np.dtype(
    [
        ("operation", "u1"),
        ("flags", "u1"),
        ("_1", "u2"),
        ("descriptor", "i4"),
        ("_2", "u8"),
        ("message", "u8"),
        ("count", "u4"),
        ("message_flags", "u4"),
        ("number", "u8"),
        ("_3", "u8", 3),
    ]
)
_DONE = np.dtype([("number", "u8"), ("result", "i4"), ("flags", "u4")])


class _Parameters(ctypes.Structure):
    _fields_ = (
        ("entries", ctypes.c_uint32),
        ("done_entries", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("thread", ctypes.c_uint32 * 2),
        ("features", ctypes.c_uint32),
        ("_", ctypes.c_uint32 * 4),
        ("told", ctypes.c_uint32 * 10),
        ("done", ctypes.c_uint32 * 10),
    )


class Uring:
    """One ring, for one kind of operation. Made by `open_uring`."""

    def __init__(self, operation: int, library: ctypes.CDLL) -> None:
        """Raises OSError where there is no io_uring."""
        self._call = library.syscall
        given = _Parameters()
        self._ring = self._call(_SETUP, MOST_AT_ONCE, ctypes.byref(given))
        if self._ring < 0:
            raise OSError(ctypes.get_errno(), "io_uring")
        if not given.features & _ONE_MAPPING:
            os.close(self._ring)
            raise OSError(errno.ENOSYS, "io_uring")
        told, done = list(given.told), list(given.done)
        size = max(told[6] + 4 * given.entries, done[5] + _DONE.itemsize * given.done_entries)
        shared, protection = mmap.MAP_SHARED | _POPULATE, mmap.PROT_READ | mmap.PROT_WRITE
        self._rings = mmap.mmap(self._ring, size, shared, protection, offset=_SQ_RING)
        entries = given.entries * _ENTRY.itemsize
        self._told = mmap.mmap(self._ring, entries, shared, protection, offset=_SQES)
        self._words: NDArray[np.uint32] = np.frombuffer(self._rings, dtype=np.uint32)
        self._tail, self._done_head, self._done_tail = told[1] // 4, done[0] // 4, done[1] // 4
        self._order = self._words[told[6] // 4 : told[6] // 4 + given.entries]
        self._mask, self._done_mask = given.entries - 1, given.done_entries - 1
        self._entries = np.frombuffer(self._told, dtype=_ENTRY)
        self._entries["operation"] = operation
        self._entries["count"] = 1
        self._entries["message_flags"] = _DONTWAIT
        self._entries["number"] = np.arange(given.entries)
        self._done = np.frombuffer(
            self._rings, dtype=_DONE, count=given.done_entries, offset=done[5]
        )
        self._steps = np.arange(given.entries, dtype=np.uint32)

    def receive(self, batch: Batch, descriptors: Integers) -> Integers:
        """Read a datagram of each socket into the slots, from the first on.

        Their lengths; negative where there was none. At most `MOST_AT_ONCE`.
        """
        count = descriptors.size
        batch.prepare(count)
        return self._do(batch, descriptors, count)

    def send(self, batch: Batch, descriptors: Integers) -> int:
        """Send what `batch.lay` has laid out, each by its socket; how many failed."""
        return int((self._do(batch, descriptors, descriptors.size) < 0).sum())

    def _do(self, batch: Batch, descriptors: Integers, count: int) -> Integers:
        entries = self._entries
        entries["descriptor"][:count] = descriptors
        entries["message"][:count] = batch.messages[:count]
        tail = int(self._words[self._tail])
        steps = self._steps[:count]
        self._order[(tail + steps) & self._mask] = steps
        self._words[self._tail] = (tail + count) & 0xFFFF_FFFF
        results: Integers = np.full(count, -errno.EIO, dtype=np.int64)
        done, told = 0, 0
        while done < count:
            entered = self._call(_ENTER, self._ring, count - told, count - done, _GETEVENTS, 0, 0)
            if entered < 0 and ctypes.get_errno() not in (errno.EINTR, errno.EAGAIN, errno.EBUSY):
                raise OSError(ctypes.get_errno(), "io_uring")
            told += max(int(entered), 0)
            done += self._reap(results)
        return results

    def _reap(self, results: Integers) -> int:
        """Take what is done; how many."""
        head, tail = int(self._words[self._done_head]), int(self._words[self._done_tail])
        count = (tail - head) & 0xFFFF_FFFF
        done = self._done[(head + np.arange(count)) & self._done_mask]
        results[done["number"].astype(np.int64)] = done["result"]
        self._words[self._done_head] = tail
        return count


def open_uring(receiving: bool) -> Uring | None:
    """A ring for one direction; None where this system has none for us."""
    if not sys.platform.startswith("linux") or os.environ.get(FORBIDDEN):
        return None
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    try:
        return Uring(_RECEIVE if receiving else _SEND, library)
    except OSError:
        return None
