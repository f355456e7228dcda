"""The digest of a run: every octet with its place and time, every diary entry, what records say.

The same plan and version give the same digest, whatever Python's hash seed; one octet, one
microsecond or one field more or less gives another. It is a tap as well, so it also counts the ISUP
messages, each where it is made, and passes what it sees on to a capture file.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from calleq.billing.records import SessionRecord
from calleq.runtime.tap import Segment, Tap
from calleq.ss7.mtp3 import SERVICE_ISUP
from calleq.telephones.diary import DiaryEntry

GATHERED_LIMIT = 8_192
"""Parts that wait to be hashed."""
_SIGNALLING_LINK = Segment.SIGNALLING_LINK


class Digest:
    """Hashes every octet with its place and time, counts ISUP messages, and passes all on."""

    def __init__(self, relays: frozenset[str], pcap: Tap | None = None) -> None:
        """`relays` are the transfer points: they make no message, they pass it on."""
        self._relays = relays
        self._hash = hashlib.sha256()
        self._pcap = pcap
        self._gathered: list[int | str | bytes] = []
        self._encode = msgspec.msgpack.Encoder().encode
        self.isup_messages = 0

    def saw(
        self, segment: Segment, link: str, sender: str, receiver: str, octets: bytes, at_us: int
    ) -> None:
        """See `Tap`."""
        gathered = self._gathered
        gathered += (at_us, link, sender, receiver, octets)
        if len(gathered) > GATHERED_LIMIT:
            self._flush()
        if segment is _SIGNALLING_LINK:
            if sender not in self._relays and octets[0] & 15 == SERVICE_ISUP:
                self.isup_messages += 1
            if self._pcap is not None:
                self._pcap.saw(segment, link, sender, receiver, octets, at_us)

    def diary(self, entries: Sequence[DiaryEntry]) -> None:
        """Hash entries of the diary."""
        self._gathered.append(self._encode(entries))

    def records(self, records: Sequence[SessionRecord]) -> None:
        """Hash what records say."""
        self._gathered.append(self._encode([_said(record) for record in records]))

    def digest(self) -> str:
        """The digest so far."""
        self._flush()
        return self._hash.hexdigest()

    def _flush(self) -> None:
        self._hash.update(self._encode(self._gathered))
        self._gathered.clear()


def _said(record: SessionRecord) -> tuple[object, ...]:
    """What a record says, whatever other fields later versions of it have."""
    legs = [
        (
            leg.leg,
            leg.attempt,
            leg.number,
            leg.dialled_at_us,
            leg.ringing_at_us,
            leg.answered_at_us,
            leg.released_at_us,
            leg.ring_us,
            leg.talk_us,
            leg.billable_s,
            leg.cause,
            leg.released_by,
        )
        for leg in record.legs
    ]
    return record.call, record.business, record.state, record.cause, record.accepted_at_us, legs
