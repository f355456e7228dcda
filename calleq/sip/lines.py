"""Header field lines: their names, written out and compact, and the cutting of one line.

Owns how names are spelt; what a field says is `fields`'. A name that is in no table is written with
capitals behind its hyphens.
"""

from functools import lru_cache

from calleq.sip.bounds import REMEMBERED_LIMIT
from calleq.sip.grammar import is_token

COMPACT = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
"""Compact names of header fields (IANA, SIP parameters)."""

SPELT = {"call-id": "Call-ID", "cseq": "CSeq", "www-authenticate": "WWW-Authenticate"}
SPELT |= {"rseq": "RSeq", "rack": "RAck", "min-se": "Min-SE", "mime-version": "MIME-Version"}
_COMMON = (
    *("via", "from", "to", "call-id", "cseq", "contact", "max-forwards", "content-length"),
    *("content-type", "allow", "supported", "require", "user-agent", "server", "route"),
    *("record-route", "authorization", "www-authenticate", "expires", "date", "retry-after"),
    *("proxy-authorization", "proxy-authenticate", "session-expires", "accept", "unsupported"),
    *("min-se", "rseq", "rack", "reason", "privacy", "p-asserted-identity", "identity"),
    *("subject", "warning", "min-expires", "content-disposition", "allow-events", "event"),
)
_NAMES = {name: name for name in _COMMON}
_NAMES |= {SPELT.get(name, name.title()): name for name in _COMMON}
_NAMES |= COMPACT
WRITTEN = {name: f"{SPELT.get(name, name.title())}: " for name in _COMMON}


def read_line(line: str) -> tuple[str, str]:
    """A header field line: its full name in small letters, and its value. No name: it is none."""
    written, colon, value = line.partition(":")
    name = _NAMES.get(written)
    if name is None:
        name = written.rstrip(" \t").lower()
        name = COMPACT.get(name, name)
        if not colon or not is_token(name):
            return "", ""
    return name, value.strip(" \t")


remembered_line = lru_cache(REMEMBERED_LIMIT)(read_line)
"""As `read_line`, for short ones: those of one call come again and again."""
