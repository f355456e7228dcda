"""The file of a data directory in which the carrier's decryption keys lie: `message-keys.json`.

It is readable by its owner alone; one that others may read is refused, as its keys must be taken
for known. It is replaced whole, by a file that is durable before it takes the old one's name.
"""

import contextlib
import os
import secrets
from pathlib import Path

import msgspec

from calleq.protection.keys import MessageKey, MessageKeyError, checked

NAME = "message-keys.json"
LIMIT_OCTETS = 16 * 1024 * 1024
_OTHERS = 0o077


class KeyFile:
    """The keys of one data directory; a `KeySource`."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / NAME
        self._seen: tuple[int, int, int] | None = None

    def changed(self) -> tuple[MessageKey, ...] | None:
        """All keys; None when the file is as it was. Raises MessageKeyError."""
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            gone, self._seen = self._seen is not None, None
            return () if gone else None
        except OSError as error:
            raise MessageKeyError(f"{self.path} cannot be read: {error.strerror}") from error
        mark = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        if mark == self._seen:
            return None
        keys = self.read()
        self._seen = mark
        return keys

    def read(self) -> tuple[MessageKey, ...]:
        """All keys; none where there is no file. Raises MessageKeyError."""
        try:
            with self.path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                octets = file.read(LIMIT_OCTETS + 1)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise MessageKeyError(f"{self.path} cannot be read: {error.strerror}") from error
        if os.name == "posix" and mode & _OTHERS:
            raise MessageKeyError(
                f"{self.path} may be read by others: chmod 600, and rotate the keys"
            )
        if len(octets) > LIMIT_OCTETS:
            raise MessageKeyError(f"{self.path} is larger than {LIMIT_OCTETS} octets")
        try:
            return checked(msgspec.json.decode(octets, type=tuple[MessageKey, ...]))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MessageKeyError(f"{self.path} holds no keys") from error

    def write(self, keys: tuple[MessageKey, ...]) -> None:
        """Replace all keys, durably. Raises MessageKeyError."""
        trial = self.path.with_name(f"{NAME}.{secrets.token_hex(4)}")
        try:
            handle = os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(keys)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(trial, self.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                trial.unlink()
            raise MessageKeyError(f"{self.path} cannot be written: {error.strerror}") from error
