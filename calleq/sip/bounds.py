"""What a SIP message may be at most, and how long its timers run (RFC 3261 §17, Table 4).

Owns the named bounds of the room and its one error class. Every reader refuses what is beyond them.
"""

from calleq.units import MILLISECOND_US, SECOND_US

MESSAGE_OCTETS_LIMIT = 65_535
HEAD_OCTETS_LIMIT = 16_384
FIELDS_LIMIT = 200
"""Header field lines in one message."""
VALUES_LIMIT = 64
"""Values of one header field, over all its lines."""
PARAMETERS_LIMIT = 64
URI_CHARACTERS_LIMIT = 4_096
NUMBER_LIMIT = 2**31 - 1
"""CSeq, RSeq and the like (RFC 3261 §8.1.1.5)."""
SDP_OCTETS_LIMIT = 16_384
SDP_LINES_LIMIT = 400
STREAMS_LIMIT = 32
FORMATS_LIMIT = 64
TRANSACTIONS_LIMIT = 20_000
NONCES_LIMIT = 20_000
FORKS_LIMIT = 16
"""Early dialogs of one INVITE that are kept apart."""
RELIABLE_LIMIT = 32
"""Reliable provisional answers of one INVITE."""

REMEMBERED_LIMIT = 2_048
"""Texts of one kind whose reading is remembered: those of one call come again and again."""
REMEMBERED_CHARACTERS = 256
"""Longer ones are read anew."""

T1_US = 500 * MILLISECOND_US
T2_US = 4 * SECOND_US
T4_US = 5 * SECOND_US
GIVE_UP_US = 64 * T1_US
TRYING_US = 200 * MILLISECOND_US
"""An INVITE that its user has not answered by then is answered 100 (RFC 3261 §17.2.1)."""

BAD_REQUEST = 400


class SipError(ValueError):
    """What was read is no SIP, SDP or digest as it should be; the message says what is wrong."""
