"""Random bits from the system, asked for in blocks: one call of the kernel for many draws."""

import os

BLOCK_OCTETS = 4_096


class SystemDraws:
    """Bits that nobody can foresee (`os.urandom`), each given once."""

    def __init__(self) -> None:
        self._block = b""
        self._at = 0

    def bits(self, count: int) -> int:
        """A number of `count` random bits; at most eight times BLOCK_OCTETS."""
        octets = (count + 7) // 8
        if self._at + octets > len(self._block):
            self._block = os.urandom(BLOCK_OCTETS)
            self._at = 0
        start = self._at
        self._at = end = start + octets
        return int.from_bytes(self._block[start:end], "big") >> (-count % 8)
