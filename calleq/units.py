"""Units in names: every instant is UTC microseconds, every length of time is microseconds.

Owns the conversions at the border (text people read, seconds people type) and nothing else. There
are no floats for time inside the house and no naive datetimes anywhere.
"""

from datetime import UTC, datetime, timedelta

MILLISECOND_US = 1_000
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_text(at_us: int) -> str:
    """RFC 3339 in UTC with microseconds, the one form in which calleq prints an instant.

    >>> utc_text(1_000_000)
    '1970-01-01T00:00:01.000000Z'
    """
    return (_EPOCH + timedelta(microseconds=at_us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_utc(text: str) -> int:
    """UTC microseconds of an RFC 3339 instant; it must carry its offset.

    Raises ValueError when the text is no RFC 3339 instant or has no offset.

    >>> parse_utc("1970-01-01T01:00:01+01:00")
    1000000
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset: end it with Z or +hh:mm")
    return round((instant - _EPOCH) / timedelta(microseconds=1))


def seconds_text(length_us: int) -> str:
    """A length of time in seconds with milliseconds, for tables that people read."""
    return f"{length_us / SECOND_US:.3f}"
