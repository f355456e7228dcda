"""Passwords that people choose: none that is common, was in a breach, or is made of names.

Owns what is too easy to guess. `zxcvbn` estimates how many guesses somebody needs who knows 30 000
passwords of breaches, common words, names, dates and keyboards, how people write them differently
and put them together, and the words around this password: of the business, its user and the
carrier. `GUESSES_LEAST` is asked for. The deployer may name a file of breached passwords besides,
as Have I Been Pwned gives it away (one SHA-1 a line in hexadecimal, in order, `:` and a count
after it); it is looked up where it lies and nothing is sent anywhere.

Slow (milliseconds), like the hash that follows; so it is not for the elements' own thread.
"""

import re
from collections.abc import Iterable
from hashlib import sha1
from pathlib import Path
from typing import BinaryIO

GUESSES_LEAST = 10**10
LENGTH_LOOKED_AT = 72
"""Characters; a longer password is judged by its beginning."""
OWN_WORDS = ("calleq", "click to call", "clicktocall", "telephone", "representative", "customer")
WORDS_LIMIT = 64
LINE_LIMIT = 128
"""Octets of a line of the file."""
_DIGEST = re.compile(rb"[0-9A-F]{40}(:[0-9]+)?")


class BreachedError(ValueError):
    """The file of breached passwords is none; the text names it."""


class Breached:
    """A file of breached passwords, searched by halves."""

    def __init__(self, path: Path) -> None:
        """Raises BreachedError where it is no such file, as far as its ends show."""
        self._path = path
        try:
            with path.open("rb") as file:
                first = _digest_after(file, -1)
                file.seek(0, 2)
                last = _digest_after(file, max(-1, file.tell() - LINE_LIMIT))
        except OSError as error:
            raise BreachedError(f"{path}: cannot be read: {error.strerror}") from error
        if not first or first > last:
            raise BreachedError(
                f"{path}: is no file of SHA-1 digests in order, one a line"
                " (pwned-passwords-sha1-ordered-by-hash)"
            )

    def has(self, secret: str) -> bool:
        """Whether it is in the file. Raises BreachedError when that cannot be read any more."""
        # SHA-1 is the file's: it keeps nothing secret here, it finds a line
        wanted = sha1(secret.encode("utf-8", "surrogatepass"), usedforsecurity=False)
        digest = wanted.hexdigest().upper().encode()
        try:
            with self._path.open("rb") as file:
                file.seek(0, 2)
                low, high = -1, file.tell()  # lines that begin behind low and not behind high
                while low < high:
                    middle = (low + high) // 2
                    found = _digest_after(file, middle)
                    if found == digest:
                        return True
                    if found and found < digest:
                        low = middle + 1
                    else:
                        high = middle
        except OSError as error:
            raise BreachedError(f"{self._path}: cannot be read: {error.strerror}") from error
        return False


class Strength:
    """Judges passwords."""

    def __init__(self, breached: Breached | None = None, words: Iterable[str] = ()) -> None:
        """`words` are the carrier's, beside `OWN_WORDS`."""
        self._breached = breached
        self._words = (*OWN_WORDS, *words)[:WORDS_LIMIT]

    def fault(self, secret: str, words: Iterable[str]) -> str:
        """Why it is refused, `words` being those around it; empty: it is not."""
        if self._breached is not None and self._breached.has(secret):
            return "is known from a breach: it is on lists that are tried first"
        from zxcvbn import zxcvbn  # type: ignore[import-untyped] # slow to import

        around: list[str] = []
        for name in (*self._words, *words):
            around += [name, *name.split()]
        judged = zxcvbn(secret[:LENGTH_LOOKED_AT], user_inputs=list(filter(None, around)))
        if judged["guesses"] < GUESSES_LEAST:
            return (
                "is too easy to guess: common passwords and words, names around it, dates and runs"
                " of keys count for little, however they are written"
            )
        return ""


def _digest_after(file: BinaryIO, place: int) -> bytes:
    """The digest of the first line that begins behind a place (-1: the first of all); empty where
    there is none, or it is no digest."""
    file.seek(max(0, place))
    if place >= 0:
        file.readline(LINE_LIMIT)
    line = file.readline(LINE_LIMIT).strip().upper()
    return line[:40] if _DIGEST.fullmatch(line) else b""
