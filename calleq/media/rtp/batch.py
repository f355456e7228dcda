"""Many datagrams with one call of the kernel: recvmmsg and sendmmsg, by ctypes (Linux, IPv4).

A `Batch` lays the kernel's headers over a ring of slots once; what changes from call to call is
written into its arrays. An address is one number (`address_key`): the first eight octets of its
sockaddr. Where the platform has no such calls (`available` says) sockets are read and written one
datagram at a time.
"""

import ctypes
import functools
import socket
import struct
import sys

import numpy as np
from numpy.typing import NDArray

from calleq.media.rtp.table import Integers, Octets

_DONTWAIT = 0x40
_MESSAGE = np.dtype(
    [
        ("name", "u8"),
        ("name_length", "u4"),
        ("_1", "u4"),
        ("pieces", "u8"),
        ("piece_count", "u8"),
        ("control", "u8"),
        ("control_length", "u8"),
        ("flags", "i4"),
        ("_2", "u4"),
        ("length", "u4"),
        ("_3", "u4"),
    ]
)
"""struct mmsghdr of 64 bits."""
_PIECE = np.dtype([("base", "u8"), ("length", "u8")])
"""struct iovec."""
NAME_OCTETS = 16
KEPT_ADDRESSES = 8_192
MOST_AT_ONCE = 1_024
"""What the kernel takes in one call (UIO_MAXIOV)."""

Keys = NDArray[np.uint64]


@functools.cache
def _calls() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux") or struct.calcsize("P") != 8:
        return None
    library = ctypes.CDLL(None, use_errno=True)
    try:
        receive, send = library.recvmmsg, library.sendmmsg
    except AttributeError:
        return None
    word, place = ctypes.c_int, ctypes.c_void_p
    receive.argtypes = [word, place, ctypes.c_uint, word, place]
    send.argtypes = [word, place, ctypes.c_uint, word]
    return library


def available() -> bool:
    """Whether this platform has the calls."""
    return _calls() is not None


@functools.lru_cache(KEPT_ADDRESSES)
def address_key(host: str, port: int) -> int:
    """An IPv4 address as one number, in the order of its octets in memory.

    >>> address_of(address_key("127.0.0.1", 5004))
    ('127.0.0.1', 5004)
    """
    octets = struct.pack("=H", socket.AF_INET) + struct.pack(">H", port) + socket.inet_aton(host)
    return int.from_bytes(octets, sys.byteorder)


def address_of(key: int) -> tuple[str, int]:
    """The address that a number stands for."""
    octets = key.to_bytes(8, sys.byteorder)
    return socket.inet_ntoa(octets[4:]), int.from_bytes(octets[2:4])


class Batch:
    """The kernel's headers over slots of datagrams."""

    def __init__(self, slots: Octets) -> None:
        """`slots` is contiguous, a row for each datagram."""
        count, self._octets = slots.shape
        self._slots = slots
        self._names: NDArray[np.uint64] = np.zeros((count, 2), dtype=np.uint64)
        self._pieces = np.zeros(count, dtype=_PIECE)
        self._messages = np.zeros(count, dtype=_MESSAGE)
        order = np.arange(count, dtype=np.uint64)
        self._bases: NDArray[np.uint64] = slots.ctypes.data + order * np.uint64(self._octets)
        self._pieces["base"] = self._bases
        self._pieces["length"] = self._octets
        self._messages["name"] = self._names.ctypes.data + order * np.uint64(NAME_OCTETS)
        self._messages["name_length"] = NAME_OCTETS
        self._messages["pieces"] = self._pieces.ctypes.data + order * np.uint64(_PIECE.itemsize)
        self._messages["piece_count"] = 1
        self._start = self._messages.ctypes.data
        self.messages: NDArray[np.uint64] = self._start + order * np.uint64(_MESSAGE.itemsize)
        """Where the header of each slot's datagram lies."""
        library = _calls()
        assert library is not None
        self._receive, self._send = library.recvmmsg, library.sendmmsg

    def receive(self, descriptor: int) -> int:
        """Fill slots from the first on; how many datagrams there were."""
        count = len(self._messages)
        got = self._receive(descriptor, self._start, min(count, MOST_AT_ONCE), _DONTWAIT, None)
        return max(int(got), 0)

    def lengths(self, count: int) -> Integers:
        """Of the first so many that were received."""
        lengths: Integers = self._messages["length"][:count].astype(np.int64)
        return lengths

    def senders(self, count: int) -> Keys:
        """Where they came from."""
        return self._names[:count, 0]

    def prepare(self, count: int) -> None:
        """Have room for so many datagrams, whole."""
        self._messages["name_length"][:count] = NAME_OCTETS

    def lay(self, slots: Integers, keys: Keys, lengths: Integers | int) -> None:
        """Let the first headers be those of these slots, to these addresses."""
        count = slots.size
        self._pieces["base"][:count] = self._bases[slots]
        self._pieces["length"][:count] = lengths
        self._names[:count, 0] = keys

    def send(self, descriptor: int, slots: Integers, keys: Keys, lengths: Integers | int) -> int:
        """Send these slots to these addresses, as many as there is room for; how many failed."""
        count = slots.size
        self.lay(slots, keys, lengths)
        failed = done = 0
        while done < count:
            at = self._start + done * _MESSAGE.itemsize
            sent = self._send(descriptor, at, min(count - done, MOST_AT_ONCE), _DONTWAIT)
            if sent <= 0:
                failed += 1
                sent = 1  # the first of the rest cannot be sent
            done += sent
        return failed
