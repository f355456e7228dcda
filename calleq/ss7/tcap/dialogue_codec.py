"""Dialogue portions to octets and back (Q.773 §3.2, §4.2.3).

A portion is an EXTERNAL; in it stands a unit of the structured or the unidirectional dialogue
syntax. Few different portions pass in great numbers, so both ways keep what they made, up to
KEPT_LIMIT each; `forget` drops it.

Whatever cannot be read, or is of another syntax, is an `OtherDialogue`: what to make of it is
decided where the state of the dialogue is known.
"""

from calleq.ss7 import ber
from calleq.ss7.tcap.messages import (
    DialogueAbort,
    DialoguePortion,
    DialogueRequest,
    DialogueResponse,
    OtherDialogue,
    UnidirectionalDialogue,
)

DIALOGUE_PORTION = 0x6B
STRUCTURED = (0, 0, 17, 773, 1, 1, 1)
UNSTRUCTURED = (0, 0, 17, 773, 1, 2, 1)
"""The abstract syntaxes of dialogues, and of what is said outside of them (Q.773 §3.2)."""

KEPT_LIMIT = 256
"""Different portions that are kept ready, each way."""
KEPT_OCTETS_LIMIT = 128
"""Longer ones are not kept."""

_REQUEST = 0x60
_RESPONSE = 0x61
_ABORT = 0x64
_VERSION = 0x80
_CONTEXT = 0xA1
_RESULT = 0xA2
_DIAGNOSTIC = 0xA3
_SOURCE = 0x80
_USER_INFORMATION = 0xBE
_VERSION_1 = ber.tlv(_VERSION, b"\x07\x80")
_NO_VERSION = ber.tlv(_VERSION, b"\x07\x00")
_DIAGNOSTIC_SOURCES = (0xA1, 0xA2)

_written: dict[DialoguePortion, bytes] = {}
_read: dict[bytes, DialoguePortion] = {}

_Fields = dict[int, tuple[int, int]]


def forget() -> None:
    """Drop what is kept."""
    _written.clear()
    _read.clear()


# Writing.


def encode(portion: DialoguePortion) -> bytes:
    """The whole dialogue portion; BerError for a context that is no object identifier."""
    octets = _written.get(portion)
    if octets is None:
        octets = ber.tlv(DIALOGUE_PORTION, _write(portion))
        if len(octets) <= KEPT_OCTETS_LIMIT:
            if len(_written) >= KEPT_LIMIT:
                _written.clear()
            _written[portion] = octets
    return octets


def _write(portion: DialoguePortion) -> bytes:
    match portion:
        case DialogueRequest(context, information, version1):
            return ber.write_external(STRUCTURED, _write_request(context, information, version1))
        case UnidirectionalDialogue(context, information, version1):
            return ber.write_external(UNSTRUCTURED, _write_request(context, information, version1))
        case DialogueResponse(context, accepted, diagnostic, information):
            source, reason = divmod(diagnostic, 0x100)
            if source not in _DIAGNOSTIC_SOURCES:
                raise ber.BerError(f"no diagnostic: {diagnostic:#x}")
            unit = ber.constructed(
                _RESPONSE,
                _VERSION_1,
                ber.tlv(_CONTEXT, ber.write_oid(ber.OBJECT_IDENTIFIER, context)),
                ber.tlv(_RESULT, ber.write_integer(ber.INTEGER, 0 if accepted else 1)),
                ber.tlv(_DIAGNOSTIC, ber.tlv(source, ber.write_integer(ber.INTEGER, reason))),
                _write_information(information),
            )
            return ber.write_external(STRUCTURED, unit)
        case DialogueAbort(by_provider, information):
            source_octets = ber.write_integer(_SOURCE, int(by_provider))
            unit = ber.constructed(_ABORT, source_octets, _write_information(information))
            return ber.write_external(STRUCTURED, unit)
        case OtherDialogue(contents):
            return contents


def _write_request(context: tuple[int, ...], information: bytes, version1: bool) -> bytes:
    return ber.constructed(
        _REQUEST,
        _VERSION_1 if version1 else _NO_VERSION,
        ber.tlv(_CONTEXT, ber.write_oid(ber.OBJECT_IDENTIFIER, context)),
        _write_information(information),
    )


def _write_information(information: bytes) -> bytes:
    return ber.tlv(_USER_INFORMATION, information) if information else b""


# Reading.


def decode(contents: bytes) -> DialoguePortion:
    """What the contents of a dialogue portion say; it never raises."""
    portion = _read.get(contents)
    if portion is None:
        try:
            portion = _decode(contents)
        except ber.BerError:
            portion = OtherDialogue(contents)
        if len(contents) <= KEPT_OCTETS_LIMIT:
            if len(_read) >= KEPT_LIMIT:
                _read.clear()
            _read[contents] = portion
    return portion


def _decode(contents: bytes) -> DialoguePortion:
    tag, start, stop = ber.element(contents, 0, len(contents))
    if tag != ber.EXTERNAL:
        return OtherDialogue(contents)
    external = ber.read_external(contents, start, stop)
    if external.form != ber.SINGLE_ASN1_TYPE:
        return OtherDialogue(contents)
    tag, start, stop = ber.element(contents, external.start, external.stop)
    fields = _fields(contents, start, stop)
    if external.direct_reference == UNSTRUCTURED and tag == _REQUEST:
        return UnidirectionalDialogue(*_request(contents, fields))
    if external.direct_reference != STRUCTURED:
        return OtherDialogue(contents)
    if tag == _REQUEST:
        return DialogueRequest(*_request(contents, fields))
    if tag == _RESPONSE:
        return _response(contents, fields)
    if tag == _ABORT:
        source = ber.read_integer(contents, *_field(fields, _SOURCE))
        if source not in (0, 1):
            raise ber.BerError(f"an abort of source {source}")
        return DialogueAbort(source == 1, _information(contents, fields))
    return OtherDialogue(contents)


def _fields(contents: bytes, start: int, stop: int) -> _Fields:
    """The elements of a unit by tag; their order is as their tags."""
    fields: _Fields = {}
    last = 0
    for tag, inner, end in ber.elements(contents, start, stop):
        order = tag & 0x1F if tag < 0x100 else 0x100
        if fields and order <= last:
            raise ber.BerError(f"tag {tag:#x} out of its place in a dialogue portion")
        last = order
        fields[tag] = inner, end
    return fields


def _field(fields: _Fields, tag: int) -> tuple[int, int]:
    found = fields.get(tag)
    if found is None:
        raise ber.BerError(f"no tag {tag:#x} in a dialogue portion")
    return found


def _request(contents: bytes, fields: _Fields) -> tuple[tuple[int, ...], bytes, bool]:
    return _context(contents, fields), _information(contents, fields), _version1(contents, fields)


def _response(contents: bytes, fields: _Fields) -> DialogueResponse:
    context = _context(contents, fields)
    result = _inner_integer(contents, *_field(fields, _RESULT))
    start, stop = _field(fields, _DIAGNOSTIC)
    source, start, stop = ber.element(contents, start, stop)
    reason = _inner_integer(contents, start, stop)
    if result not in (0, 1) or source not in _DIAGNOSTIC_SOURCES or not 0 <= reason < 0x100:
        raise ber.BerError("a response of no known result")
    information = _information(contents, fields)
    return DialogueResponse(context, result == 0, source << 8 | reason, information)


def _inner_integer(contents: bytes, start: int, stop: int) -> int:
    tag, start, stop = ber.element(contents, start, stop)
    if tag != ber.INTEGER:
        raise ber.BerError(f"tag {tag:#x} where an integer stands")
    return ber.read_integer(contents, start, stop)


def _context(contents: bytes, fields: _Fields) -> tuple[int, ...]:
    tag, start, stop = ber.element(contents, *_field(fields, _CONTEXT))
    if tag != ber.OBJECT_IDENTIFIER:
        raise ber.BerError("an application context that is no object identifier")
    return ber.read_oid(contents, start, stop)


def _version1(contents: bytes, fields: _Fields) -> bool:
    """Whether bit 0 of the versions is set; where there are none, it is (DEFAULT)."""
    found = fields.get(_VERSION)
    if found is None:
        return True
    start, stop = found
    if stop - start < 1 or contents[start] > 7 or (stop - start == 1 and contents[start]):
        raise ber.BerError("protocol versions that are no bit string")
    return stop - start > 1 and bool(contents[start + 1] & 0x80)


def _information(contents: bytes, fields: _Fields) -> bytes:
    """The EXTERNAL elements of the user information, in definite form."""
    found = fields.get(_USER_INFORMATION)
    if found is None:
        return b""
    parts = []
    for tag, start, stop in ber.elements(contents, *found):
        if tag != ber.EXTERNAL:
            raise ber.BerError(f"tag {tag:#x} in user information")
        parts.append(ber.tlv(tag, contents[start:stop]))
    return b"".join(parts)
