"""What captured octets say, and nothing that anybody else knows: one reading per message.

Owns the way from octets to a name and fields as text. The decoders of the other rooms stand in
`Decoders`, where others may be given. Octets that are no message give a reading with an error and
their hexadecimal; octets that are a message, but not as its encoder would write it (a spare bit
set, a key misspelt), give the message and the octets beside it, so that no change of an octet goes
unseen.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from calleq.causes import cause_name
from calleq.lines import q931, radio
from calleq.lines.messages import LineError, LineMessage, Setup
from calleq.osn import relaying as osn_messages
from calleq.osn.messages import OsnError
from calleq.osn.relaying import AnyMessage
from calleq.runtime.tap import Segment
from calleq.sip.bounds import SipError
from calleq.ss7 import mtp3_codec
from calleq.ss7.isup import codec as isup_codec
from calleq.ss7.isup.ansi import message_codec
from calleq.ss7.isup.describe import Fields, describe
from calleq.ss7.isup.messages import IsupError, Message
from calleq.ss7.mtp3 import SERVICE_ISUP, Msu, Mtp3Error
from calleq.ss7.mtp3_codec import unit_codec
from calleq.ss7.sccp import codec as sccp_codec
from calleq.ss7.sccp.describe import describe as describe_sccp
from calleq.ss7.sccp.messages import Message as SccpMessage
from calleq.ss7.sccp.values import SERVICE_SCCP, SccpError
from calleq.ss7.variant import ITU, Variant
from calleq.topology import VariantName, point_code_text
from calleq.trace import inap, sip
from calleq.trace.capture import Captured

NATIONAL = 2
"""The network indicator of calleq's own links (Q.704 §14.2.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoders:
    """The decoders a ladder reads with, and the encoders that tell whether all was read."""

    line: Callable[[bytes], LineMessage] = q931.decode
    """Raises LineError."""
    encode_line: Callable[[LineMessage], bytes] = q931.encode
    osn: Callable[[bytes], AnyMessage] = osn_messages.decode_any
    """Raises OsnError."""
    encode_osn: Callable[[AnyMessage], bytes] = osn_messages.encode
    mtp3: Callable[[bytes], Msu] = mtp3_codec.decode
    """Raises Mtp3Error."""
    encode_mtp3: Callable[[Msu], bytes] = mtp3_codec.encode
    isup: Callable[[bytes], Message] = isup_codec.decode
    """Raises IsupError."""
    encode_isup: Callable[[Message], bytes] = isup_codec.encode
    sccp: Callable[[bytes], SccpMessage] = sccp_codec.decode
    """Raises SccpError."""
    encode_sccp: Callable[[SccpMessage], bytes] = sccp_codec.encode
    user_data: Callable[[SccpMessage], tuple[str, Fields] | None] = inap.user_data
    """What the data in a message of SCCP says: its name and fields; None where it is shown as
    octets. Raises nothing."""
    variant: Variant = ITU
    """Whose notation point codes have, and how wide the selection is."""


def decoders_of(variant: Variant) -> Decoders:
    """The decoders of a network's variant."""
    units, messages = unit_codec(variant), message_codec(variant)
    sccp = sccp_codec.message_codec(variant)
    return Decoders(
        mtp3=units.decode,
        encode_mtp3=units.encode,
        isup=messages.decode,
        encode_isup=messages.encode,
        sccp=sccp.decode,
        encode_sccp=sccp.encode,
        variant=variant,
    )


class InternetExchange(msgspec.Struct, frozen=True):
    """What the access server's tap shows of HTTP: a request, an answer, or both."""

    call: str = ""
    request: str = ""
    """Method and path."""
    status: int | None = None
    body: object = None


class Reading(msgspec.Struct, frozen=True):
    """One message in words; `error` is empty unless the octets are no message."""

    name: str
    fields: Fields = ()
    error: str = ""


def read_internet(octets: bytes) -> tuple[InternetExchange, dict[str, object]]:
    """The HTTP exchange of the octets and what else they say; ValueError when they are none."""
    try:
        said = msgspec.json.decode(octets, type=dict[str, object])
        exchange = msgspec.convert(said, InternetExchange)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"not an HTTP exchange: {error}") from error
    known = InternetExchange.__struct_fields__
    return exchange, {key: value for key, value in said.items() if key not in known}


def reading(
    captured: Captured, decoders: Decoders, call: str, codes: tuple[int, int, int] | None
) -> Reading:
    """Decode one captured message; raises nothing the octets could cause.

    `call` is the reference that a message of the OSN or the internet should carry, `codes` are the
    point codes and the circuit on which a signalling message is expected. A message that says
    otherwise has that among its fields.
    """
    octets = captured.octets
    try:
        match captured.segment:
            case Segment.SIGNALLING_LINK:
                return _signalling(octets, decoders, codes)
            case Segment.CIRCUIT:
                return _line(octets, decoders)
            case Segment.OSN | Segment.INSIDE:
                return _osn(octets, decoders, call)
            case Segment.INTERNET:
                return _exchange(octets, call)
            case Segment.SIP:
                return Reading(*sip.described(octets))
    except (Mtp3Error, IsupError, LineError, OsnError, SipError) as error:
        return Reading("damaged", (("octets", octets.hex()),), str(error))


def _signalling(octets: bytes, decoders: Decoders, codes: tuple[int, int, int] | None) -> Reading:
    msu = decoders.mtp3(octets)
    label = _label_fields(msu, codes, decoders.variant)
    if msu.service == SERVICE_SCCP:
        return _sccp(octets, msu, label, decoders)
    if msu.service != SERVICE_ISUP:
        fields = (*label, ("octets", octets.hex()))
        return Reading("MSU", fields, f"service {msu.service} is not the ISDN user part")
    try:
        message = decoders.isup(msu.payload)
    except IsupError as error:
        return Reading("ISUP", (*label, ("octets", octets.hex())), str(error))
    name, fields = describe(message)
    if codes is not None and message.cic != codes[2]:
        label = (("on circuit", str(codes[2])), *label)
    elif msu.selection != message.cic & decoders.variant.selections - 1:
        label = (*label, ("selection", str(msu.selection)))
    whole = msgspec.structs.replace(msu, payload=decoders.encode_isup(message))
    if decoders.encode_mtp3(whole) != octets:
        label = (*label, ("octets", octets.hex()))
    return Reading(name, fields + label)


def _sccp(octets: bytes, msu: Msu, label: Fields, decoders: Decoders) -> Reading:
    try:
        message = decoders.sccp(msu.payload)
    except SccpError as error:
        return Reading("SCCP", (*label, ("octets", octets.hex())), str(error))
    name, fields = describe_sccp(message, payload=decoders.user_data)
    ends = (message.calling.point_code, message.called.point_code)
    if ends == (msu.origin, msu.destination):
        label = tuple(field for field in label if field[0] != "label")
    whole = msgspec.structs.replace(msu, payload=decoders.encode_sccp(message))
    if decoders.encode_mtp3(whole) != octets:
        label = (*label, ("octets", octets.hex()))
    return Reading(name, fields + label)


def _label_fields(msu: Msu, codes: tuple[int, int, int] | None, variant: Variant) -> Fields:
    """The label, where it is not the circuit's, and an unusual network indicator."""
    fields: Fields = ()
    if codes is None or {msu.origin, msu.destination} != set(codes[:2]):
        notation: VariantName = "ansi" if variant.is_ansi else "itu"
        origin, destination = (
            point_code_text(code, notation) for code in (msu.origin, msu.destination)
        )
        fields = (("label", f"{origin} to {destination}"),)
    if msu.network != NATIONAL:
        fields = (*fields, ("network indicator", str(msu.network)))
    return fields


def _line(octets: bytes, decoders: Decoders) -> Reading:
    if radio.is_radio(octets):
        return Reading(*radio.describe(radio.decode(octets)))
    message = decoders.line(octets)
    name, described = q931.describe(message)
    fields = [
        (field, f"{value} {cause_name(int(value))}" if field == "cause" else value)
        for field, value in described
    ]
    fields.sort(key=lambda field: field[0] == "reference")
    if not isinstance(message, Setup) and message.to_originator:
        fields.append(("flag", "1"))
    if decoders.encode_line(message) != octets:
        fields.append(("octets", octets.hex()))
    return Reading(name, tuple(fields))


def _osn(octets: bytes, decoders: Decoders, call: str) -> Reading:
    message = decoders.osn(octets)
    fields = [
        (field.replace("_", " "), _plain(value))
        for field, value in msgspec.structs.asdict(message).items()
        if value is False or value not in ("", 0, (), None, call)
    ]
    if decoders.encode_osn(message) != octets:
        fields.append(("as sent", octets.decode("utf-8", "backslashreplace")))
    tag = message.__struct_config__.tag
    return Reading(str(tag), tuple(fields))


def _exchange(octets: bytes, call: str) -> Reading:
    try:
        exchange, more = read_internet(octets)
    except ValueError as error:
        return Reading("damaged", (("octets", octets.hex()),), str(error))
    status = "" if exchange.status is None else str(exchange.status)
    fields = [("status", status)] if exchange.request and status else []
    fields += [("call", exchange.call)] if exchange.call != call else []
    body = exchange.body
    if isinstance(body, dict):
        fields += [(str(key), _plain(value)) for key, value in body.items()]
    elif body is not None:
        fields.append(("body", _plain(body)))
    fields += [(key, _plain(value)) for key, value in more.items()]
    return Reading(exchange.request or status or "HTTP", tuple(fields))


def _plain(value: object) -> str:
    """A JSON value as a person reads it."""
    match value:
        case str():
            return value or '""'
        case bool():
            return "yes" if value else "no"
        case tuple() | list():
            return " ".join(_plain(one) for one in value)
        case dict():
            return " ".join(f"{key} {_plain(one)}" for key, one in value.items())
        case msgspec.Struct():  # an order: its words
            said = msgspec.to_builtins(value).values()
            return " ".join(_plain(one) for one in said if one not in ("", 0))
        case None:
            return "none"
        case _:
            return str(value)
