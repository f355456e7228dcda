"""What a topology says of level 3: the ranges of its timers, and screening at transfer points.

Owns the ranges that the Recommendations allow, and the checks of those keys. Errors are
TopologyError and begin with the key.
"""

import math
from collections.abc import Mapping

from msgspec.structs import replace

from calleq.topology_types import (
    ScreeningRule,
    Topology,
    TopologyError,
    VariantName,
    parse_point_code,
)
from calleq.units import MILLISECOND_US, MINUTE_US, SECOND_US

_MS = MILLISECOND_US
_S = SECOND_US

SERVICES: dict[str, int] = {
    "management": 0,
    "test": 1,
    "sccp": 3,
    "tup": 4,
    "isup": 5,
    "bicc": 13,
}
"""Service indicators by name (Q.704 §14.2.1); others are written as numbers."""

SERVICE_LIMIT = 15

ANSI_NETWORK = 240
"""The network of `as_ansi`, for point codes of zone 0; then upwards."""

SELECTION_BITS = (0, 5, 8)
"""Of an ANSI network; 0 stands for 8 (T1.111.4 §2.2.4)."""

RANGES_US: dict[str, tuple[int, int]] = {
    "t1_us": (500 * _MS, 1_200 * _MS),
    "t2_us": (700 * _MS, 2_000 * _MS),
    "t3_us": (500 * _MS, 1_200 * _MS),
    "t4_us": (500 * _MS, 1_200 * _MS),
    "t5_us": (500 * _MS, 1_200 * _MS),
    "t6_us": (500 * _MS, 1_200 * _MS),
    "t8_us": (800 * _MS, 1_200 * _MS),
    "t10_us": (30 * _S, 60 * _S),
    "t11_us": (30 * _S, 90 * _S),
    "t12_us": (800 * _MS, 1_500 * _MS),
    "t13_us": (800 * _MS, 1_500 * _MS),
    "t14_us": (2 * _S, 3 * _S),
    "t15_us": (2 * _S, 3 * _S),
    "t16_us": (1_400 * _MS, 2_000 * _MS),
    "t17_us": (800 * _MS, 1_500 * _MS),
    "t18_us": (2 * _S, 20 * _S),
    "t19_us": (67 * _S, 69 * _S),
    "t20_us": (59 * _S, 61 * _S),
    "t21_us": (63 * _S, 65 * _S),
    "t22_us": (3 * MINUTE_US, 6 * MINUTE_US),
    "t23_us": (3 * MINUTE_US, 6 * MINUTE_US),
    "test_t1_us": (4 * _S, 12 * _S),
    "test_t2_us": (30 * _S, 90 * _S),
}
"""Shortest and longest of each; T7 and T24 concern what our links do not have, T9 is not used."""


def check_mtp3(topology: Topology) -> None:
    """Raise TopologyError for a timer out of its range, or a rule about nobody."""
    for name, seconds in topology.mtp3_timers.items():
        _check_timer(name, seconds)
    if topology.selection_bits and topology.variant != "ansi":
        raise TopologyError("selection_bits: only where variant is ansi; ITU-T has 4")
    if topology.selection_bits not in SELECTION_BITS:
        raise TopologyError(f"selection_bits: {topology.selection_bits}: 5 or 8 expected")
    codes = node_codes(topology)
    for place, point in enumerate(topology.transfer_points):
        for number, rule in enumerate(point.screening):
            key = f"transfer_points[{place}].screening[{number}]"
            _check_rule(key, rule, codes, topology.variant)


def node_codes(topology: Topology) -> dict[str, int]:
    """The point code of every signalling node by name, foreign ones too."""
    texts = {
        **{node.name: node.point_code for node in topology.switches},
        **{node.name: node.point_code for node in topology.transfer_points},
        **{node.name: node.point_code for node in topology.peripherals},
        **{node.name: node.point_code for node in topology.service_control_points},
        **{node.name: node.point_code for node in topology.foreign_nodes},
    }
    return {name: parse_point_code(text, topology.variant) for name, text in texts.items()}


def code_of(text: str, codes: Mapping[str, int], variant: VariantName = "itu") -> int:
    """The point code of a node's name, or of its notation. Raises TopologyError."""
    return codes[text] if text in codes else parse_point_code(text, variant)


def as_ansi(topology: Topology) -> Topology:
    """The same network speaking ANSI; one that does already is left as it is.

    Each point code 3-8-3 becomes that of the network 240 and more, so that their order, which says
    who prevails in a dual seizure, stays. Raises TopologyError for a text that is none.
    """
    if topology.variant == "ansi":
        return topology

    def moved(text: str) -> str:
        code = parse_point_code(text)
        return f"{ANSI_NETWORK + (code >> 11)}-{code >> 3 & 255}-{code & 7}"

    def rule_moved(rule: ScreeningRule) -> ScreeningRule:
        texts = {
            key: tuple(text if text in names else moved(text) for text in getattr(rule, key))
            for key in ("origins", "destinations", "neighbours")
        }
        return replace(rule, **texts)

    names = topology.point_codes()
    return replace(
        topology,
        variant="ansi",
        **{
            key: tuple(
                replace(node, point_code=moved(node.point_code)) for node in getattr(topology, key)
            )
            for key in (
                "switches",
                "peripherals",
                "service_control_points",
                "foreign_nodes",
            )
        },
        transfer_points=tuple(
            replace(
                point,
                point_code=moved(point.point_code),
                screening=tuple(map(rule_moved, point.screening)),
            )
            for point in topology.transfer_points
        ),
    )


def service_of(text: str) -> int:
    """The service indicator of a user part's name, or of its number. Raises TopologyError."""
    if text in SERVICES:
        return SERVICES[text]
    if text.isascii() and text.isdigit() and int(text) <= SERVICE_LIMIT:
        return int(text)
    raise TopologyError(f"{text!r}: {', '.join(SERVICES)}, or 0 to {SERVICE_LIMIT} expected")


def timers_us(topology: Topology) -> dict[str, int]:
    """The timers that a topology sets, in microseconds by the names of their fields."""
    return {
        f"{name}_us": round(seconds * SECOND_US) for name, seconds in topology.mtp3_timers.items()
    }


def _check_timer(name: str, seconds: float) -> None:
    key = f"mtp3_timers.{name}"
    if f"{name}_us" not in RANGES_US:
        known = ", ".join(name.removesuffix("_us") for name in RANGES_US)
        raise TopologyError(f"{key}: no such timer: one of {known} expected")
    shortest_us, longest_us = RANGES_US[f"{name}_us"]
    if not (math.isfinite(seconds) and shortest_us <= round(seconds * SECOND_US) <= longest_us):
        raise TopologyError(
            f"{key}: {seconds}: {shortest_us / SECOND_US:g} to {longest_us / SECOND_US:g} s"
            " expected"
        )


def _check_rule(
    key: str, rule: ScreeningRule, codes: Mapping[str, int], variant: VariantName
) -> None:
    for name in ("origins", "destinations", "neighbours"):
        for place, text in enumerate(getattr(rule, name)):
            try:
                code_of(text, codes, variant)
            except TopologyError as error:
                notation = "network-cluster-member" if variant == "ansi" else "3-8-3"
                raise TopologyError(
                    f"{key}.{name}[{place}]: {text!r}: the name of a node, or a point code"
                    f" ({notation}) expected"
                ) from error
    for place, text in enumerate(rule.services):
        try:
            service_of(text)
        except TopologyError as error:
            raise TopologyError(f"{key}.services[{place}]: {error}") from error
