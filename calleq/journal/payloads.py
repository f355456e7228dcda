"""An entry as the octets of a frame, and back. Pure.

MessagePack; the acceptance of a call for later is deflated besides, because a million of them may
lie in a journal for days:

    C1 (an octet that MessagePack never uses) · the call's reference in MessagePack ·
    the entry without its reference, deflated

The reference stands in the open, so that a segment is searched for a call as plain octets
(`calleq.journal.lookup`). The deflated octets lean on `_COMMON`, what such an entry nearly always
says; it belongs to the format of journals and is never changed, only added to under another first
octet. What inflates to more than an entry may have is refused.
"""

import zlib

import msgspec
from msgspec.structs import replace

from calleq.journal.entries import Accepted, Stamped

PAYLOAD_LIMIT_BYTES = 1 << 20
"""No entry is longer, deflated or not; a longer length in a frame is damage."""
DEFLATED = 0xC1
_LEVEL, _WINDOW_BITS = 6, -12

_COMMON = (
    b"\xabdescription\xa4note\xabpage_sealed\xa9time_zone\xb0America/New_York\xadEurope/London"
    b"\xaeretry_of\xaatry_number\xa7visitor\xa6figure\x09"
    b"\xa4held\x85\xa4deck\xa8standard\xa8currency\xa3USD\xacpriced_at_us\xcf\x00\x06"
    b"\xacamount_micro\xce\x00\xa8length_s\xcd\x0f\xaetalk_limit_us\xce"
    b"\xabextension\xc0\xaecustomer_id\xa9customer-\xaalanguage\xa2en\xaadial_first\xa8customer"
    b"\xa4hunt\xc2\xa9confirmed\xc3\xaecustomer_note\xa8page_url\xb8https://www.example.com/"
    b"\x85\xa6entity\xa9server-72\xa8sequence\xce\x00\x01\xa5at_us\xcf\x00\x06`"
    b"\xacmonotonic_us\xcf\x00\x00\x00\x16\xa5entry\xde\x00\x0b\xa4type\xa8accepted\xa4call"
    b"\xa0\xa8business\xa3abc\xa4door\xa9server-72\xa7message\x85\xabbusiness_id\xa3abc"
    b"\xb1equipment_address\xb8server-72.calleq.example\xafcustomer_number\xac+12125550100"
    b"\xb5representative_number\xac+12125550143\xacdesired_time\xb42026-11-23T05:05:00Z"
    b"\xafidempotency_key\xd9$\xabfingerprint\xb6\xa2by\xa3abc\xa8password\xa6source"
    b"\xab203.0.113.7\xa6due_us\xcf\x00\x06`\xaaexpires_us\xcf\x00\x06`"
)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Stamped).decode
_decode_text = msgspec.msgpack.Decoder(str).decode


def encode_payload(stamped: Stamped) -> bytes:
    """The octets of an entry. Raises as msgspec does."""
    entry = stamped.entry
    if type(entry) is not Accepted or not entry.due_us:
        return _encode(stamped)
    head = bytes((DEFLATED,)) + _encode(entry.call)
    plain = _encode(replace(stamped, entry=replace(entry, call="")))
    if len(head) + len(plain) > PAYLOAD_LIMIT_BYTES:
        return _encode(stamped)  # too long for any frame, or as good as that
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_BITS, zdict=_COMMON)
    return head + deflate.compress(plain) + deflate.flush()


def decode_payload(payload: memoryview) -> Stamped:
    """The entry of octets that are not empty. Raises msgspec.DecodeError."""
    try:
        return _decode(payload) if payload[0] != DEFLATED else _inflated(payload)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from error


def _inflated(payload: memoryview) -> Stamped:
    end = 1 + _text_bytes(payload)
    inflate = zlib.decompressobj(_WINDOW_BITS, zdict=_COMMON)
    try:
        plain = inflate.decompress(payload[end:], PAYLOAD_LIMIT_BYTES)
    except zlib.error as error:
        raise msgspec.DecodeError(f"it cannot be inflated: {error}") from error
    if not inflate.eof or inflate.unused_data:
        raise msgspec.DecodeError("it cannot be inflated: it is cut, or too long")
    stamped = _decode(plain)
    if not isinstance(stamped.entry, Accepted):
        raise msgspec.DecodeError("only acceptances are deflated")
    return replace(stamped, entry=replace(stamped.entry, call=_decode_text(payload[1:end])))


def _text_bytes(payload: memoryview) -> int:
    """How long the MessagePack text is that begins at the second octet."""
    head = payload[1] if len(payload) > 3 else 0
    if 0xA0 <= head <= 0xBF:
        return 1 + (head & 0x1F)
    if head == 0xD9:
        return 2 + payload[2]
    raise msgspec.DecodeError("it begins with no call's reference")
