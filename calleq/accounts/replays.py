"""What has been used once and must not be used again: nonces of signatures, page tokens.

Whatever is remembered has an instant from which it would be refused anyway (`until_s`); from then
on it is forgotten. At most `LIMIT_REPLAYS` are remembered; beyond that `use` says "full", and the
proof is not accepted: nothing that is good yet is ever forgotten. One owner has at most
`LIMIT_OF_OWNER` of them, so that no business can fill the table for the others.

A restart must not make a proof good again. With a `ReplayFile` every use is first written to a file
(not flushed: it survives the end of the process, not that of the machine), and read back. Where
that file is absent, or was written before the machine itself was started, nobody can say what was
used: `since_s` is then the instant of this start, and proofs that were made before it are refused.
A use that cannot be written is none ("full").
"""

import os
import struct
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Literal, Protocol

LIMIT_REPLAYS = 1_000_000
LIMIT_OF_OWNER = 400_000
LIFE_S = 3_600
"""Nothing is remembered for longer."""

_RECORD = struct.Struct(">I16s")
_SINCE = struct.Struct(">Q")
_BOOT = Path("/proc/sys/kernel/random/boot_id")

Use = Literal["first", "again", "full"]


class Witness(Protocol):
    """Where uses are written, so that another life of the process knows them."""

    def write(self, until_s: int, digest: bytes) -> None:
        """Note one use. Raises OSError."""


class Replays:
    """Everything that was used and would still be good."""

    def __init__(self, since_s: int = 0, witness: Witness | None = None) -> None:
        self.since_s = since_s
        """Proofs made before are refused."""
        self._witness = witness
        self._by_end: dict[int, dict[bytes, str]] = {}
        self._of_owner: Counter[str] = Counter()
        self._count = 0
        self._forgot_s = 0
        self.last: tuple[str, str, int] | None = None
        """Owner, mark and end of the last first use: a front has the authority use it as well."""

    def __len__(self) -> int:
        return self._count

    def use(self, owner: str, mark: str, until_s: int, now_s: int) -> Use:
        """Use `mark` of `owner`, which is refused by its own time from `until_s` on."""
        assert until_s - now_s <= LIFE_S, "nothing is good for longer"
        self._forget(now_s)
        digest = blake2b(f"{owner}\n{mark}".encode(), digest_size=16).digest()
        used = self._by_end.setdefault(until_s, {})
        if digest in used:
            return "again"
        if self._count >= LIMIT_REPLAYS or self._of_owner[owner] >= LIMIT_OF_OWNER:
            return "full"
        if self._witness is not None:
            try:
                self._witness.write(until_s, digest)
            except OSError:
                return "full"
        self._keep(until_s, digest, owner)
        self.last = (owner, mark, until_s)
        return "first"

    def restore(self, until_s: int, digest: bytes) -> None:
        """Know a use of a life before."""
        if self._count < LIMIT_REPLAYS:
            self._keep(until_s, digest, "")

    def _keep(self, until_s: int, digest: bytes, owner: str) -> None:
        used = self._by_end.setdefault(until_s, {})
        if digest not in used:
            used[digest] = owner
            self._of_owner[owner] += 1
            self._count += 1

    def _forget(self, now_s: int) -> None:
        if now_s == self._forgot_s:
            return
        self._forgot_s = now_s
        for until_s in [end for end in self._by_end if end <= now_s]:
            gone = self._by_end.pop(until_s)
            self._count -= len(gone)
            self._of_owner.subtract(gone.values())
        self._of_owner += Counter()


class ReplayFile:
    """The witness on disk: two files in turn, each begun anew when nothing in it counts any more.

    A record that was cut short by the end of the process is not read. Raises OSError.
    """

    def __init__(self, path: Path, now_s: int) -> None:
        self._paths = (path.with_name(path.name + ".0"), path.with_name(path.name + ".1"))
        self._boot = _boot()
        self._since_s = now_s
        self._begun_s = now_s
        self._found = list(self._read(now_s))
        self._turn = 0
        self._file = self._begin()
        self._paths[1].unlink(missing_ok=True)

    def table(self) -> Replays:
        """The table, with what lives before have used."""
        replays = Replays(self._since_s, self)
        for until_s, digest in self._found:
            replays.restore(until_s, digest)
        self._found = []
        return replays

    def write(self, until_s: int, digest: bytes) -> None:
        """Note one use."""
        if until_s - self._begun_s > 2 * LIFE_S:
            os.close(self._file)
            self._turn = 1 - self._turn
            self._begun_s = until_s - LIFE_S
            self._file = self._begin()
        os.write(self._file, _RECORD.pack(until_s, digest))

    def close(self) -> None:
        """Free the file."""
        os.close(self._file)

    def _begin(self) -> int:
        """A file with what is known so far, whole before it takes the other's place."""
        path = self._paths[self._turn]
        fresh = path.with_name(path.name + ".new")
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        records = [_RECORD.pack(*record) for record in self._found]
        os.write(file, self._boot + _SINCE.pack(self._since_s) + b"".join(records))
        fresh.replace(path)
        return file

    def _read(self, now_s: int) -> Iterator[tuple[int, bytes]]:
        header = len(self._boot) + _SINCE.size
        for path in self._paths:
            try:
                octets = path.read_bytes()
            except FileNotFoundError:
                continue
            if not self._boot or not octets.startswith(self._boot) or len(octets) < header:
                continue
            [since_s] = _SINCE.unpack_from(octets, len(self._boot))
            self._since_s = min(since_s, self._since_s)
            for start in range(header, len(octets) - _RECORD.size + 1, _RECORD.size):
                until_s, digest = _RECORD.unpack_from(octets, start)
                if now_s < until_s <= now_s + LIFE_S:
                    yield until_s, digest


def _boot() -> bytes:
    """What names this start of the machine; empty where the system does not tell."""
    try:
        return _BOOT.read_bytes().strip()[:36]
    except OSError:
        return b""
