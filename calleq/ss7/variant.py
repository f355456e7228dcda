"""The two signalling systems No. 7 that calleq speaks, as data: ITU-T and ANSI.

Owns the widths and places in which they differ: point codes, link selection, circuit identification
codes, and where a management message carries its link. The codecs take a `Variant`, or give the
pair of functions for one (`mtp3_codec.unit_codec`, `isup.ansi.message_codec`), so that an element
asks once and then speaks it without knowing which.
"""

import msgspec


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

    @property
    def selections(self) -> int:
        """How many values the link selection has."""
        return 1 << self.selection_bits


ITU = Variant("ITU", 14, 4, 12, 4, link_code_in_label=True, test_service=1)
"""Q.704 §2.2: 14-bit point codes, 4-bit selection."""

ANSI = Variant("ANSI", 24, 8, 14, 7, link_code_in_label=False, test_service=2)
"""T1.111.4 §2.2: 24-bit point codes (network, cluster, member), 8-bit selection."""

ANSI_5 = Variant("ANSI, 5-bit SLS", 24, 5, 14, 7, link_code_in_label=False, test_service=2)
"""ANSI as before 1996: five of the eight bits of the selection field are used."""

VARIANTS = {variant.name: variant for variant in (ITU, ANSI, ANSI_5)}
"""By the name that a topology gives."""


def point_code_text(code: int, variant: Variant) -> str:
    """A point code as people of that variant write it: 3-8-3 bits, or network-cluster-member.

    >>> point_code_text(2057, ITU), point_code_text(0x010203, ANSI)
    ('1-1-1', '1-2-3')
    """
    if variant.point_code_bits == 24:
        return f"{code >> 16}-{code >> 8 & 255}-{code & 255}"
    return f"{code >> 11}-{code >> 3 & 255}-{code & 7}"
