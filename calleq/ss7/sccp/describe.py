"""A message of SCCP as people read it: a short name and its fields in words.

Owns the wording of what SCCP itself says, its management messages included. What the data of a user
says, its own decoder says: `describe` is given the data as fields, or shows it as hexadecimal.
"""

from collections.abc import Callable

from calleq.ss7.sccp.management_codec import (
    Kind,
    Management,
    decode_management,
    encode_management,
)
from calleq.ss7.sccp.messages import CLASS_IN_SEQUENCE, HOPS, Message, Udts, Xudt, Xudts
from calleq.ss7.sccp.values import (
    FullTitle,
    GlobalTitle,
    NatureTitle,
    PartyAddress,
    PlanTitle,
    ReturnCause,
    SccpError,
    SubsystemNumber,
    TranslationTitle,
    UnknownTitle,
)
from calleq.ss7.variant import ITU, Variant
from calleq.topology import VariantName, point_code_text

Fields = tuple[tuple[str, str], ...]
Payload = Callable[[Message], tuple[str, Fields] | None]
"""What the data of a message says: its name and fields; None when its decoder is not known."""

_SUBSYSTEMS: dict[int, str] = {
    SubsystemNumber.UNKNOWN: "unknown",
    SubsystemNumber.MANAGEMENT: "SCCP management",
    SubsystemNumber.ISUP: "ISUP",
    SubsystemNumber.INAP: "INAP",
    SubsystemNumber.INAP_NATIONAL: "INAP",
}
_KINDS = {
    Kind.SSA: "subsystem allowed",
    Kind.SSP: "subsystem prohibited",
    Kind.SST: "subsystem status test",
    Kind.SOR: "subsystem out of service request",
    Kind.SOG: "subsystem out of service grant",
    Kind.SSC: "SCCP congested",
}


def describe(
    message: Message, variant: Variant = ITU, payload: Payload | None = None
) -> tuple[str, Fields]:
    """Name and (field, text) pairs: what the data says first, then who to, who from and how.

    >>> from calleq.ss7.sccp.messages import Udt
    >>> address = PartyAddress(241, 4593)
    >>> describe(Udt(address, address, b"hi"))
    ('UDT', (('called', 'SSN 241 INAP at 2-62-1'), ('calling', 'SSN 241 INAP at 2-62-1'), \
('data', '6869')))
    """
    name = type(message).__name__.upper()
    told = _payload(message, variant, payload)
    fields: Fields = (
        ("called", address_text(message.called, variant)),
        ("calling", address_text(message.calling, variant)),
    )
    if told is None:
        return name, (*fields, *_transport(message), ("data", message.data.hex()))
    inner, inside = told
    return f"{name} {inner}", (*inside, *fields, *_transport(message))


def address_text(address: PartyAddress, variant: Variant = ITU) -> str:
    """An address in words.

    >>> address_text(PartyAddress(241, title=FullTitle("18005550199"), route_on_title=True))
    'title 18005550199, SSN 241 INAP'
    """
    parts = []
    title = "" if address.title is None else title_text(address.title)
    if address.route_on_title:
        parts.append(title or "no title")
    number = "no SSN"
    if address.ssn is not None:
        number = f"SSN {address.ssn} {_SUBSYSTEMS.get(address.ssn, '')}".rstrip()
    if address.point_code is not None:
        number += f" at {point_code_text(address.point_code, _name_of(variant))}"
    parts.append(number)
    if title and not address.route_on_title:
        parts.append(title)
    if address.national:
        parts.append("national")
    return ", ".join(parts)


def title_text(title: GlobalTitle) -> str:
    """A global title in words; what INAP's have everywhere is left out."""
    match title:
        case NatureTitle(digits, nature):
            return f"title {digits} (nature {nature})"
        case TranslationTitle(digits, kind):
            return f"title {digits} (type {kind})"
        case PlanTitle(digits, kind, plan, scheme):
            return f"title {digits} (type {kind}, plan {plan}{_scheme(scheme)})"
        case FullTitle(digits, kind, plan, nature, scheme):
            if title == FullTitle(digits):
                return f"title {digits}"
            return f"title {digits} (type {kind}, plan {plan}, nature {nature}{_scheme(scheme)})"
        case UnknownTitle(indicator, octets):
            return f"title of indicator {indicator} {octets.hex()}"


def management_fields(message: Management, variant: Variant = ITU) -> Fields:
    """The fields of a message of SCCP management."""
    where = point_code_text(message.point_code, _name_of(variant))
    fields: Fields = (("subsystem", f"{message.ssn} at {where}"),)
    if message.multiplicity:
        fields = (*fields, ("multiplicity", str(message.multiplicity)))
    if message.kind is Kind.SSC:
        fields = (*fields, ("level", str(message.congestion)))
    return fields


def _payload(
    message: Message, variant: Variant, payload: Payload | None
) -> tuple[str, Fields] | None:
    if message.called.ssn != SubsystemNumber.MANAGEMENT:
        return None if payload is None else payload(message)
    try:
        told = decode_management(message.data, variant)
    except SccpError:
        return None
    fields = management_fields(told, variant)
    if encode_management(told, variant) != message.data:
        fields = (*fields, ("data", message.data.hex()))
    return f"{told.kind.name} {_KINDS[told.kind]}", fields


def _transport(message: Message) -> Fields:
    """What of class, options and causes is not as it mostly is."""
    fields: list[tuple[str, str]] = []
    if isinstance(message, Udts | Xudts):
        causes = {int(cause): cause.name.lower().replace("_", " ") for cause in ReturnCause}
        fields.append(("cause", f"{message.cause} {causes.get(message.cause, '')}".rstrip()))
    else:
        if message.protocol_class == CLASS_IN_SEQUENCE:
            fields.append(("class", "1"))
        if message.return_on_error:
            fields.append(("return", "on error"))
    if isinstance(message, Xudt | Xudts):
        if message.hop_counter != HOPS:
            fields.append(("hops", str(message.hop_counter)))
        part = message.segmentation
        if part is not None:
            first = "first, " if part.first else ""
            fields.append(("segment", f"{first}{part.remaining} follow, of {part.reference}"))
            if part.in_sequence:
                fields.append(("wanted", "in sequence"))
        if message.importance is not None:
            fields.append(("importance", str(message.importance)))
        fields += [(f"parameter 0x{code:02x}", held.hex()) for code, held in message.other]
    return tuple(fields)


def _scheme(scheme: int | None) -> str:
    return "" if scheme is None else f", scheme {scheme}"


def _name_of(variant: Variant) -> VariantName:
    return "ansi" if variant.is_ansi else "itu"
