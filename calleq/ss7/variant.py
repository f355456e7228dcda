"""The two signalling systems No. 7 that calleq speaks, as data: ITU-T and ANSI.

Owns the widths and places in which they differ: point codes, link selection, circuit identification
codes, and where a management message carries its link. The codecs take a `Variant`, or give the
pair of functions for one (`mtp3_codec.unit_codec`, `isup.ansi.message_codec`), so that an element
asks once and then speaks it without knowing which. `Labels` is for those who handle every unit: how
the service information octet and the routing label stand at its head.
"""

from collections.abc import Callable
from struct import Struct
from typing import NamedTuple

import msgspec

from calleq.topology import Topology


class Variant(msgspec.Struct, frozen=True):
    """One national or international form of signalling system No. 7."""

    name: str
    point_code_bits: int
    selection_bits: int
    """Of the label's link selection field that are used; the field itself is 4 or 8 bits wide."""
    circuit_bits: int
    """Of the circuit identification code (Q.763 §1.2, T1.113.3 §1.2)."""
    label_octets: int
    link_code_in_label: bool
    """Whether a management message's link is named by the label (ITU) or by its first octet."""
    test_service: int
    """Service indicator of link tests (Q.707 §2.2, T1.111.7 §2.2)."""
    group_circuits: int
    """Circuits that one group message names at most (Q.763 §3.43, T1.113.3 §3.30)."""
    management_priority: int = 0
    """Of messages of management, in the service information octet (T1.111.5)."""

    @property
    def selections(self) -> int:
        """How many values the link selection has."""
        return 1 << self.selection_bits

    @property
    def last_circuit(self) -> int:
        """The highest circuit identification code."""
        return (1 << self.circuit_bits) - 1

    @property
    def is_ansi(self) -> bool:
        """Whether it follows T1.111 and T1.113."""
        return self.point_code_bits == 24


ITU = Variant("ITU", 14, 4, 12, 4, link_code_in_label=True, test_service=1, group_circuits=32)
"""Q.704 §2.2: 14-bit point codes, 4-bit selection."""

ANSI = Variant(
    "ANSI",
    24,
    8,
    14,
    7,
    link_code_in_label=False,
    test_service=2,
    group_circuits=24,
    management_priority=3,
)
"""T1.111.4 §2.2: 24-bit point codes (network, cluster, member), 8-bit selection."""

ANSI_5 = msgspec.structs.replace(ANSI, name="ANSI, 5-bit SLS", selection_bits=5)
"""ANSI as before 1996: five of the eight bits of the selection field are used."""

VARIANTS = {variant.name: variant for variant in (ITU, ANSI, ANSI_5)}
"""By name."""


def variant_of(topology: Topology) -> Variant:
    """The variant of a network, whose keys are checked."""
    if topology.variant == "itu":
        return ITU
    return ANSI_5 if topology.selection_bits == ANSI_5.selection_bits else ANSI


class Labels(NamedTuple):
    """The head of a unit in one variant: information octet, then the label as one number."""

    read: Callable[[bytes], tuple[int, int]]
    """Of at least `head_octets`."""
    write: Callable[[int, int], bytes]
    head_octets: int
    code_mask: int
    """The destination's bits of a label."""
    origin_shift: int
    selection_shift: int
    selection_mask: int

    def flow_of(self, octets: bytes) -> tuple[int, int]:
        """Destination and selection of a unit."""
        _, label = self.read(octets)
        return label & self.code_mask, label >> self.selection_shift & self.selection_mask


_NARROW = Struct("<BI")
_WIDE = Struct("<Q")


def _read_wide(octets: bytes) -> tuple[int, int]:
    (head,) = _WIDE.unpack_from(octets)
    return head & 255, head >> 8


def _write_wide(information: int, label: int) -> bytes:
    return _WIDE.pack(information | label << 8)


def labels_of(variant: Variant) -> Labels:
    """How that variant's units begin."""
    bits, mask = variant.point_code_bits, variant.selections - 1
    places = (1 << bits) - 1, bits, 2 * bits, mask
    if variant.is_ansi:
        return Labels(_read_wide, _write_wide, _WIDE.size, *places)
    return Labels(_NARROW.unpack_from, _NARROW.pack, _NARROW.size, *places)
