"""A call that waits for its time, and the octets in which it is kept.

The octets are MessagePack, deflated against a dictionary of what every call has in common, because
there may be a million of them. `FORMAT` changes with either; what another version kept is read anew
from the journal.
"""

import zlib

import msgspec

from calleq.journal.entries import Accepted, Rescheduled, Stamped

FORMAT = 1
LIMIT_MOVES = 20
"""Of a call that is moved more often the last are kept."""


class Move(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The call was put to another time."""

    at_us: int
    due_us: int
    expires_us: int
    by: str = ""


class Waiting(msgspec.Struct, frozen=True, gc=False):
    """One call that was accepted for later."""

    entry: Accepted
    at_us: int
    """When it was accepted, UTC."""
    due_us: int
    expires_us: int = 0
    """From then on it is not begun any more; 0: never."""
    moves: tuple[Move, ...] = ()
    """Oldest first."""
    claimed: bool = False
    """It is due and somebody sees to it, or it has been begun."""

    @property
    def call(self) -> str:
        """Its reference."""
        return self.entry.call

    @property
    def stamped(self) -> Stamped:
        """Its acceptance as the journal had it, but for sequence and monotonic time."""
        return Stamped(self.entry.door, 0, self.at_us, 0, self.entry)

    @property
    def standing(self) -> Stamped:
        """As `stamped`, due as it is now."""
        entry = msgspec.structs.replace(self.entry, due_us=self.due_us, expires_us=self.expires_us)
        return Stamped(self.entry.door, 0, self.at_us, 0, entry)

    @property
    def history(self) -> list[Stamped]:
        """Its acceptance and its moves as the journal had them."""
        return [
            self.stamped,
            *(
                Stamped(
                    self.entry.door,
                    0,
                    move.at_us,
                    0,
                    Rescheduled(self.call, move.due_us, move.expires_us, move.by),
                )
                for move in self.moves
            ),
        ]

    def moved(self, move: Move) -> "Waiting":
        """The same at another time."""
        return msgspec.structs.replace(
            self,
            due_us=move.due_us,
            expires_us=move.expires_us,
            moves=(*self.moves, move)[-LIMIT_MOVES:],
            claimed=False,
        )


def waiting_of(stamped: Stamped, entry: Accepted) -> Waiting:
    """The call of an acceptance that has a due time."""
    return Waiting(entry, stamped.at_us, entry.due_us, entry.expires_us)


class _Kept(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What is kept beside call, due time and claim. Instants are told from the due time: a few
    octets each."""

    entry: Accepted
    """Without reference and instants."""
    at_us: int
    """Before it was due."""
    first_us: int
    """Its first due time before the one now."""
    expires_us: int
    """After it is due; negative: never."""
    first_expires_us: int
    """Of the acceptance, after its first due time; negative: never."""
    moves: tuple[Move, ...]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Kept)
_COMMON = _encoder.encode(
    _Kept(
        Accepted(
            "",
            "business",
            "server-72",
            {
                "business_id": "abc",
                "equipment_address": "server-72.calleq.example",
                "extension": None,
                "customer_id": "customer-",
                "language": "en",
                "dial_first": "customer",
                "hunt": False,
                "confirmed": True,
                "customer_number": "+12125550100",
                "representative_number": "+12125550143",
                "time_zone": "America/New_YorkEurope/London",
                "desired_time": "2026-11-21T10:15:00.000000+00:00-05:00Z",
            },
            None,
            "0123456789abcdef",
            9,
            "password",
            "203.0.113.9",
            "",
        ),
        3_600_000_000,
        0,
        900_000_000,
        900_000_000,
        (),
    )
)


def encode(waiting: Waiting) -> bytes:
    """The octets, without reference, due time and claim, which are kept beside them.

    The idempotency key is left out: it is the journal's, and lives for a day.
    """
    entry, due_us = waiting.entry, waiting.due_us
    kept = _Kept(
        msgspec.structs.replace(
            entry, call="", idempotency_key=None, fingerprint="", due_us=0, expires_us=0
        ),
        due_us - waiting.at_us,
        due_us - entry.due_us,
        _after(waiting.expires_us, due_us),
        _after(entry.expires_us, entry.due_us),
        waiting.moves,
    )
    deflate = zlib.compressobj(6, zlib.DEFLATED, -12, zdict=_COMMON)
    return deflate.compress(_encoder.encode(kept)) + deflate.flush()


def decode(octets: bytes, call: str, due_us: int, *, claimed: bool) -> Waiting:
    """What `encode` made. Raises ValueError when the octets are something else."""
    try:
        kept = _decoder.decode(zlib.decompressobj(-12, zdict=_COMMON).decompress(octets))
    except (zlib.error, msgspec.DecodeError) as error:
        raise ValueError(f"a kept call cannot be read: {error}") from error
    first_us = due_us - kept.first_us
    entry = msgspec.structs.replace(
        kept.entry,
        call=call,
        due_us=first_us,
        expires_us=_from(kept.first_expires_us, first_us),
    )
    at_us, expires_us = due_us - kept.at_us, _from(kept.expires_us, due_us)
    return Waiting(entry, at_us, due_us, expires_us, kept.moves, claimed)


def _after(expires_us: int, due_us: int) -> int:
    return expires_us - due_us if expires_us else -1


def _from(after_us: int, due_us: int) -> int:
    return due_us + after_us if after_us >= 0 else 0
