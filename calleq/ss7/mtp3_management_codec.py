"""Management messages of level 3 to units and back, in both variants (Q.704 §15, T1.111.4 §15).

Owns the headings and layouts of network management (service 0) and of link tests (service 1, ANSI
2) as data. `to_msu` refuses fields that do not fit, `from_msu` refuses octets that are no such
message, both with Mtp3Error and nothing else; a heading that nobody knows becomes
`UnknownManagement`.

What names a link (`slc`) is the label's selection field in ITU and the message's first four bits in
ANSI. Fields follow one another from the lowest bit of the first octet on; the last octet is filled
with spare bits, sent as 0 and ignored. Octets after the end are ignored too.

>>> to_msu(m.Tfp(300), destination=2, origin=1).payload.hex()
'142c01'
"""

from typing import NamedTuple

from calleq.ss7 import mtp3_management as m
from calleq.ss7.mtp3 import SERVICE_MANAGEMENT, Msu, Mtp3Error
from calleq.ss7.variant import ITU, Variant

PATTERN_LIMIT_OCTETS = 15
"""The longest test pattern: its length has four bits (Q.707 §2.2)."""

LINK_CODE_BITS = 4
POINT_CODE = 0
"""Stands for the width of the variant's point codes in a layout."""
CIRCUIT = -1
"""Stands for the width of the variant's circuit identification codes."""
ALIGNED = ""
"""A field of that name: spare bits up to the next octet."""


class Layout(NamedTuple):
    """One message: heading codes H0 and H1, then its fields after the link code, if it has one."""

    name: str
    h0: int
    h1: int
    clause: str
    fields: tuple[tuple[str, int], ...]
    of_link: bool
    ansi_alone: bool


def _link(
    kind: type[m.Management], h0: int, h1: int, clause: str, *fields: tuple[str, int]
) -> tuple[type[m.Management], Layout]:
    return kind, Layout(kind.__name__.upper(), h0, h1, clause, fields, True, False)


def _route(
    kind: type[m.Management],
    h0: int,
    h1: int,
    clause: str,
    *fields: tuple[str, int],
    ansi_alone: bool = False,
) -> tuple[type[m.Management], Layout]:
    return kind, Layout(kind.__name__.upper(), h0, h1, clause, fields, False, ansi_alone)


_DESTINATION = ("destination", POINT_CODE)

NETWORK_LAYOUTS: dict[type[m.Management], Layout] = dict(
    (
        _link(m.Coo, 1, 1, "§15.4", ("fsn", 7)),
        _link(m.Coa, 1, 2, "§15.4", ("fsn", 7)),
        _link(m.Xco, 1, 3, "§15.4", ("fsn", 24)),
        _link(m.Xca, 1, 4, "§15.4", ("fsn", 24)),
        _link(m.Cbd, 1, 5, "§15.5", ("code", 8)),
        _link(m.Cba, 1, 6, "§15.5", ("code", 8)),
        _link(m.Eco, 2, 1, "§15.6"),
        _link(m.Eca, 2, 2, "§15.6"),
        _route(m.Rct, 3, 1, "§15.10"),
        _route(m.Tfc, 3, 2, "§15.8", _DESTINATION, ("status", 2)),
        _route(m.Tfp, 4, 1, "§15.7", _DESTINATION),
        _route(m.Tcp, 4, 2, "T1.111.4 §15.7", _DESTINATION, ansi_alone=True),
        _route(m.Tfr, 4, 3, "§15.7", _DESTINATION),
        _route(m.Tcr, 4, 4, "T1.111.4 §15.7", _DESTINATION, ansi_alone=True),
        _route(m.Tfa, 4, 5, "§15.7", _DESTINATION),
        _route(m.Tca, 4, 6, "T1.111.4 §15.7", _DESTINATION, ansi_alone=True),
        _route(m.Rst, 5, 1, "§15.9", _DESTINATION),
        _route(m.Rsr, 5, 2, "§15.9", _DESTINATION),
        _route(m.Rcp, 5, 3, "T1.111.4 §15.9", _DESTINATION, ansi_alone=True),
        _route(m.Rcr, 5, 4, "T1.111.4 §15.9", _DESTINATION, ansi_alone=True),
        _link(m.Lin, 6, 1, "§15.13"),
        _link(m.Lun, 6, 2, "§15.13"),
        _link(m.Lia, 6, 3, "§15.13"),
        _link(m.Lua, 6, 4, "§15.13"),
        _link(m.Lid, 6, 5, "§15.13"),
        _link(m.Lfu, 6, 6, "§15.13"),
        _link(m.Llt, 6, 7, "§15.13"),
        _link(m.Lrt, 6, 8, "§15.13"),
        _route(m.Tra, 7, 1, "§15.12"),
        _route(m.Trw, 7, 2, "T1.111.4 §15.12", ansi_alone=True),
        _link(m.Dlc, 8, 1, "§15.11", ("data_link", CIRCUIT)),
        _link(m.Css, 8, 2, "§15.11"),
        _link(m.Cns, 8, 3, "§15.11"),
        _link(m.Cnp, 8, 4, "§15.11"),
        _route(m.Upu, 10, 1, "§15.14", _DESTINATION, (ALIGNED, 0), ("user", 4), ("cause", 4)),
    )
)
"""Signalling network management messages (Q.704 Table 1, T1.111.4 Table 2)."""

TEST_LAYOUTS: dict[type[m.Management], Layout] = dict(
    (_link(m.Sltm, 1, 1, "Q.707 §2.2"), _link(m.Slta, 1, 2, "Q.707 §2.2"))
)
"""Link tests; their layout has the length of the pattern, then the pattern."""

_NETWORK_KINDS = {(layout.h0, layout.h1): kind for kind, layout in NETWORK_LAYOUTS.items()}
_TEST_KINDS: dict[int, type[m.Sltm | m.Slta]] = {0x11: m.Sltm, 0x21: m.Slta}


def to_msu(
    message: m.Management,
    destination: int,
    origin: int,
    network: int = 2,
    variant: Variant = ITU,
    selection: int = 0,
) -> Msu:
    """The unit that carries the message between two points; `selection` where it names no link.

    Raises Mtp3Error when a field does not fit or the variant has no such message.
    """
    if isinstance(message, m.UnknownManagement):
        payload = bytes((message.heading,)) + message.body
        service = SERVICE_MANAGEMENT
        selection = message.selection
    elif isinstance(message, m.Sltm | m.Slta):
        payload = _test_payload(message, variant)
        service = variant.test_service
    else:
        payload = _network_payload(message, variant)
        service = SERVICE_MANAGEMENT
    if variant.link_code_in_label:
        selection = getattr(message, "slc", selection)
    priority = variant.management_priority
    return Msu(destination, origin, selection, payload, service, network, priority)


def from_msu(msu: Msu, variant: Variant = ITU) -> m.Management:
    """The message that a unit of service 0 or of link tests carries; Mtp3Error when it is none."""
    if not msu.payload:
        raise Mtp3Error("management message without a heading (Q.704 §15.3)")
    if msu.service in (1, 2):
        return _test_message(msu, variant)
    if msu.service != SERVICE_MANAGEMENT:
        raise Mtp3Error(f"service {msu.service} carries no management messages")
    heading = msu.payload[0]
    kind = _NETWORK_KINDS.get((heading & 15, heading >> 4))
    if kind is None or (NETWORK_LAYOUTS[kind].ansi_alone and variant is ITU):
        return m.UnknownManagement(heading, msu.payload[1:], msu.selection)
    layout = NETWORK_LAYOUTS[kind]
    octets, places = _places(layout, variant)
    if len(msu.payload) < 1 + octets:
        raise Mtp3Error(
            f"{layout.name} of {len(msu.payload)} octets: {1 + octets} expected ({layout.clause})"
        )
    bits = int.from_bytes(msu.payload[1 : 1 + octets], "little")
    values = {name: bits >> shift & (1 << width) - 1 for name, shift, width in places}
    if layout.of_link and variant.link_code_in_label:
        values["slc"] = msu.selection
    return kind(**values)  # type: ignore[arg-type]


def _network_payload(message: m.NetworkMessage, variant: Variant) -> bytes:
    layout = NETWORK_LAYOUTS[type(message)]
    if layout.ansi_alone and variant is ITU:
        raise Mtp3Error(f"{layout.name} is no message of Q.704")
    octets, places = _places(layout, variant)
    bits = 0
    for name, shift, width in places:
        value = getattr(message, name)
        if value >> width:
            raise Mtp3Error(
                f"{layout.name}: {name} {value} does not fit into {width} bits ({layout.clause})"
            )
        bits |= value << shift
    return bytes((layout.h0 | layout.h1 << 4,)) + bits.to_bytes(octets, "little")


def _places(layout: Layout, variant: Variant) -> tuple[int, list[tuple[str, int, int]]]:
    """How many octets follow the heading, and the (name, shift, width) of each field in them."""
    places = []
    shift = 0
    if layout.of_link and not variant.link_code_in_label:
        places.append(("slc", 0, LINK_CODE_BITS))
        shift = LINK_CODE_BITS
    for name, given in layout.fields:
        if name == ALIGNED:
            shift += -shift % 8
            continue
        width = {POINT_CODE: variant.point_code_bits, CIRCUIT: variant.circuit_bits}.get(
            given, given
        )
        places.append((name, shift, width))
        shift += width
    return (shift + 7) // 8, places


def _test_payload(message: m.TestMessage, variant: Variant) -> bytes:
    length = len(message.pattern)
    if not 1 <= length <= PATTERN_LIMIT_OCTETS or message.slc >> LINK_CODE_BITS:
        raise Mtp3Error(
            f"link test of link {message.slc} with {length} octets: link 0 to 15, 1 to"
            f" {PATTERN_LIMIT_OCTETS} octets (Q.707 §2.2)"
        )
    layout = TEST_LAYOUTS[type(message)]
    code = 0 if variant.link_code_in_label else message.slc
    return bytes((layout.h0 | layout.h1 << 4, length << 4 | code)) + message.pattern


def _test_message(msu: Msu, variant: Variant) -> m.TestMessage:
    payload = msu.payload
    kind = _TEST_KINDS.get(payload[0])
    if kind is None:
        raise Mtp3Error(f"heading 0x{payload[0]:02x} is no link test (Q.707 §2.2)")
    if len(payload) < 2:
        raise Mtp3Error("link test without a length (Q.707 §2.2)")
    length = payload[1] >> 4
    if not length or len(payload) < 2 + length:
        raise Mtp3Error(
            f"link test pattern of {length} octets in {len(payload)}: 1 to 15 (Q.707 §2.2)"
        )
    slc = msu.selection if variant.link_code_in_label else payload[1] & 15
    return kind(slc, payload[2 : 2 + length])
