"""scapy layers for MTP3 and ISUP, made of the layouts that the codecs run by (extra `scapy`).

For people who take messages apart by hand, and for mutations that know what they damage: `mutated`
changes pointers, lengths and the order of parameters, which blind damage seldom hits. No command
needs this module for its own work.

>>> from calleq.ss7.isup.codec import encode
>>> from calleq.ss7.isup.messages import Cause, Rel
>>> Isup(encode(Rel(17, Cause(17))))[Isup].cic
17
"""

import random

from scapy.compat import raw
from scapy.fields import (
    BitField,
    ByteEnumField,
    ByteField,
    ConditionalField,
    Field,
    FieldLenField,
    LEShortField,
    PacketListField,
    StrLenField,
    XByteField,
    XShortField,
)
from scapy.packet import Packet, bind_layers

from calleq.ss7.isup.layouts import LAYOUTS, MESSAGE_NAMES, Layout
from calleq.ss7.isup.names import PARAMETER_NAMES
from calleq.ss7.mtp3 import SERVICE_ISUP

END = 0
POINTERS_EXTREME = (0, 1, 2, 3, 127, 254, 255)


class Mtp3(Packet):  # type: ignore[misc]
    """A signal unit from the service information octet on, ITU (Q.704 §2.2, §14.2)."""

    name = "MTP3"
    fields_desc = [  # noqa: RUF012 - scapy's way
        BitField("network", 2, 2),
        BitField("spare", 0, 2),
        BitField("service", SERVICE_ISUP, 4),
        BitField("selection", 0, 4, tot_size=-4),
        BitField("origin", 0, 14),
        BitField("destination", 0, 14, end_tot_size=-4),
    ]


class Isup(Packet):  # type: ignore[misc]
    """Circuit identification code and message type; the message is its payload (Q.763 §1)."""

    name = "ISUP"
    fields_desc = [  # noqa: RUF012
        LEShortField("cic", 0),
        ByteEnumField("message_type", 0, MESSAGE_NAMES),
    ]


class OptionalParameter(Packet):  # type: ignore[misc]
    """Name, length and contents of one optional parameter (Q.763 §1.7)."""

    name = "optional parameter"
    fields_desc = [  # noqa: RUF012
        ByteEnumField("code", 0, PARAMETER_NAMES),
        FieldLenField("length", None, fmt="B", length_of="contents"),
        StrLenField("contents", b"", length_from=lambda packet: packet.length),
    ]

    def extract_padding(self, octets: bytes) -> tuple[bytes, bytes]:
        """What follows is the next parameter."""
        return b"", octets


class Message(Packet):  # type: ignore[misc]
    """The parameters of one message type; pointers that are None are worked out."""

    layout: Layout

    def post_build(self, built: bytes, payload: bytes) -> bytes:
        """Put the pointers in that were left open."""
        layout = self.layout
        octets = bytearray(built)
        at = sum(length for _, length in layout.fixed)
        start = at + len(layout.variable) + layout.optional
        for code in layout.variable:
            if self.getfieldval(_pointer(code)) is None:
                octets[at] = start - at
            start += 1 + len(self.getfieldval(_word(code)))
            at += 1
        if layout.optional and self.getfieldval("pointer_to_optional") is None:
            octets[at] = start - at if self.getfieldval("optional") else 0
        return bytes(octets) + payload


def _word(code: int) -> str:
    """A parameter's name as a name of Python's."""
    return "".join(one if one.isalnum() else "_" for one in PARAMETER_NAMES[code])


def _pointer(code: int) -> str:
    return f"pointer_to_{_word(code)}"


def _next_parameter(
    packet: Packet, found: list[Packet], last: Packet | None, rest: bytes
) -> type[Packet] | None:
    """Go on until the end of optional parameters."""
    return OptionalParameter if rest and rest[0] != END else None


def _fields(layout: Layout) -> list[Field]:
    fields: list[Field] = []
    for code, length in layout.fixed:
        fields.append((XByteField if length == 1 else XShortField)(_word(code), 0))
    fields += [ByteField(_pointer(code), None) for code in layout.variable]
    if layout.optional:
        fields.append(ByteField("pointer_to_optional", None))
    for code in layout.variable:
        name = _word(code)
        fields.append(FieldLenField(f"length_of_{name}", None, fmt="B", length_of=name))
        fields.append(
            StrLenField(name, b"", length_from=lambda packet, name=name: _length(packet, name))
        )
    if layout.optional:
        fields.append(PacketListField("optional", [], next_cls_cb=_next_parameter))
        fields.append(ConditionalField(ByteField("end", END), lambda packet: packet.optional))
    return fields


def _length(packet: Packet, name: str) -> int:
    found: int = packet.getfieldval(f"length_of_{name}")
    return found


def _layer(layout: Layout) -> type[Message]:
    made: type[Message] = type(
        layout.name.capitalize(),
        (Message,),
        {"name": layout.name, "layout": layout, "fields_desc": _fields(layout)},
    )
    return made


LAYERS = {layout.message_type: _layer(layout) for layout in LAYOUTS.values()}
"""The layer of each message, by its type."""

bind_layers(Mtp3, Isup, service=SERVICE_ISUP)
for _message_type, _made in LAYERS.items():
    bind_layers(Isup, _made, message_type=_message_type)


def mutated(octets: bytes, draw: random.Random) -> bytes:
    """An ISUP message with its structure damaged; as it was where it has none to damage."""
    packet = Isup(octets)
    message = packet.payload
    if not isinstance(message, Message):
        return octets
    layout = message.layout
    ways = [_mistype]
    if layout.variable:
        ways += [_mispoint, _misjudge]
    if message.fields.get("optional"):
        ways += [_reorder, _double, _drop, _misname, _resize]
    draw.choice(ways)(packet, message, draw)
    return bytes(raw(packet))


def _mistype(packet: Packet, message: Message, draw: random.Random) -> None:
    packet.message_type = draw.randrange(256)


def _mispoint(packet: Packet, message: Message, draw: random.Random) -> None:
    code = draw.choice(message.layout.variable)
    message.setfieldval(_pointer(code), draw.choice(POINTERS_EXTREME))


def _misjudge(packet: Packet, message: Message, draw: random.Random) -> None:
    code = draw.choice(message.layout.variable)
    message.setfieldval(f"length_of_{_word(code)}", draw.choice(POINTERS_EXTREME))


def _reorder(packet: Packet, message: Message, draw: random.Random) -> None:
    draw.shuffle(message.optional)


def _double(packet: Packet, message: Message, draw: random.Random) -> None:
    message.optional.append(draw.choice(message.optional))


def _drop(packet: Packet, message: Message, draw: random.Random) -> None:
    del message.optional[draw.randrange(len(message.optional))]


def _misname(packet: Packet, message: Message, draw: random.Random) -> None:
    draw.choice(message.optional).code = draw.randrange(256)


def _resize(packet: Packet, message: Message, draw: random.Random) -> None:
    draw.choice(message.optional).length = draw.choice(POINTERS_EXTREME)
