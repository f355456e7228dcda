"""Who sends too much, and who guesses: judged by the address that octets come from, before anything
else is done with them.

Owns one small record for each address of late, at most SOURCES_LIMIT. Whoever opens more than
OPENINGS_PER_S calls, registrations or questions, beyond a burst, is answered 503 without state, and
after ANSWERS_LIMIT such answers not at all, until the rate falls. Messages that open nothing may be
OTHERS_FACTOR times as many; what is more is lost, as datagrams are. Whoever has shown GUESSES_LIMIT
wrong passwords within GUESSING_US is locked out for LOCKED_US: 403, then nothing.

It is the guesser who is locked out and never a subscriber: who has proven himself from an address
is let through from there by name, whatever others do at that address, and from every other anyway.
"""

import re
from collections import OrderedDict
from collections.abc import Callable

from calleq.sip.transaction import Target
from calleq.units import SECOND_US

SOURCES_LIMIT = 10_000
OPENINGS_PER_S = 200
BURST = 1_000
OTHERS_FACTOR = 10
"""An answered call that is offered, refreshed and released has so many messages of one side."""
ANSWERS_LIMIT = 50
"""Refusals that one address is sent in one flood, or while it is locked out."""
GUESSES_LIMIT = 10
GUESSING_US = 60 * SECOND_US
LOCKED_US = 300 * SECOND_US
PROVEN_LIMIT = 64
"""Names that one address has proven of late."""
RETRY_AFTER_S = 5

_OPENING = frozenset({b"INVITE", b"REGISTER", b"OPTIONS", b"MESSAGE", b"SUBSCRIBE", b"NOTIFY"})
_OPENING |= {b"PUBLISH", b"INFO", b"REFER"}
_REPEATED = re.compile(
    rb"^(?:via|v|from|f|to|t|call-id|i|cseq)[ \t]*:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*\r\n",
    re.IGNORECASE | re.MULTILINE,
)
_USERNAME = re.compile(rb'username="([^"\r\n]{1,128})"')
_TO_TAG = re.compile(rb"\r\n(?:to|t)[ \t]*:[^\r\n]*;[ \t]*tag[ \t]*=", re.IGNORECASE)
_TAIL = b"Content-Length: 0\r\n\r\n"


class _Source:
    """What is known of one address."""

    __slots__ = (
        "answers",
        "guesses",
        "guessing_us",
        "locked_us",
        "others",
        "proven",
        "seen_us",
        "tokens",
    )

    def __init__(self, now_us: int, burst: int) -> None:
        self.tokens = float(burst)
        self.others = float(burst * OTHERS_FACTOR)
        self.seen_us = now_us
        self.answers = 0
        self.guesses = 0
        self.guessing_us = now_us
        self.locked_us = -1
        self.proven: OrderedDict[str, None] = OrderedDict()


class Sources:
    """Addresses that octets came from."""

    def __init__(
        self,
        *,
        openings_per_s: int = OPENINGS_PER_S,
        burst: int = BURST,
        limit: int = SOURCES_LIMIT,
        is_trusted: Callable[[str], bool] = lambda host: False,
    ) -> None:
        """`is_trusted` are addresses that are never refused: the peers of trunks."""
        self._per_us = openings_per_s / SECOND_US
        self._burst = burst
        self._limit = limit
        self._is_trusted = is_trusted
        self._sources: OrderedDict[str, _Source] = OrderedDict()
        self.refused = 0
        self.ignored = 0

    def __len__(self) -> int:
        return len(self._sources)

    def _source(self, host: str, now_us: int) -> _Source:
        known = self._sources.get(host)
        if known is None:
            known = self._sources[host] = _Source(now_us, self._burst)
            if len(self._sources) > self._limit:
                self._drop()
        else:
            self._sources.move_to_end(host)
        return known

    def _drop(self) -> None:
        """Forget who was silent for longest, but rather nobody who is locked out."""
        for host, source in self._sources.items():
            if source.locked_us < source.seen_us:
                del self._sources[host]
                return
        self._sources.popitem(last=False)

    # The gate.

    def judge(self, octets: bytes, source: Target, now_us: int) -> bytes | None:
        """None where the message is to be worked on; otherwise what is answered, maybe nothing."""
        if self._is_trusted(source.host):
            return None
        known = self._source(source.host, now_us)
        grown = (now_us - known.seen_us) * self._per_us
        known.seen_us = now_us
        known.tokens = min(known.tokens + grown, float(self._burst))
        known.others = min(known.others + grown * OTHERS_FACTOR, float(self._burst * OTHERS_FACTOR))
        method = octets[:10].partition(b" ")[0]
        if method not in _OPENING or _TO_TAG.search(octets) is not None:
            if known.others < 1:
                self.ignored += 1
                return b""
            known.others -= 1
            return None
        if known.locked_us > now_us:
            return None if self._names_proven(known, octets) else self._refused(known, octets, 403)
        if known.tokens < 1:
            return self._refused(known, octets, 503)
        known.tokens -= 1
        if known.answers and known.tokens >= self._burst / 2:
            known.answers = 0
        return None

    def _names_proven(self, known: _Source, octets: bytes) -> bool:
        named = _USERNAME.search(octets) if known.proven else None
        return named is not None and named[1].decode("utf-8", "replace") in known.proven

    def _refused(self, known: _Source, octets: bytes, status: int) -> bytes:
        if known.answers >= ANSWERS_LIMIT:
            self.ignored += 1
            return b""
        known.answers += 1
        self.refused += 1
        return refusal_of(octets, status)

    # What became of passwords.

    def guessed(self, host: str, now_us: int) -> None:
        """A wrong password, or a name that does not exist, was shown from there."""
        if self._is_trusted(host):
            return
        known = self._source(host, now_us)
        if now_us - known.guessing_us > GUESSING_US:
            known.guesses, known.guessing_us = 0, now_us
        known.guesses += 1
        if known.guesses >= GUESSES_LIMIT:
            known.locked_us = now_us + LOCKED_US
            known.guesses = known.answers = 0

    def proven(self, host: str, username: str, now_us: int) -> None:
        """That subscriber showed the right password from there."""
        proven = self._source(host, now_us).proven
        proven[username] = None
        proven.move_to_end(username)
        if len(proven) > PROVEN_LIMIT:
            proven.popitem(last=False)

    def is_locked(self, host: str, now_us: int) -> bool:
        """Whether that address is locked out now."""
        known = self._sources.get(host)
        return known is not None and known.locked_us > now_us


def refusal_of(octets: bytes, status: int) -> bytes:
    """A refusal without state and without reading more than it repeats; empty where the request
    has not what an answer repeats. The first Via goes back as it came: the sender is who asked."""
    head = octets.partition(b"\r\n\r\n")[0] + b"\r\n"
    lines = _REPEATED.findall(head[:4_096])
    if len(lines) < 5:
        return b""
    reason = b"503 Service Unavailable\r\n" if status == 503 else b"403 Forbidden\r\n"
    again = b"Retry-After: %d\r\n" % RETRY_AFTER_S if status == 503 else b""
    return b"SIP/2.0 " + reason + b"".join(lines) + again + _TAIL
