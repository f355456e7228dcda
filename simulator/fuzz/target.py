"""What mutations are tried on: a codec with valid messages, by name.

A codec of another protocol joins by one module that has a function `target`, and one line in
`TARGETS`. Nothing is imported before it is asked for.
"""

import importlib
from collections.abc import Callable, Sequence
from types import FunctionType

import msgspec


class Target(msgspec.Struct, frozen=True):
    """One codec under test."""

    name: str
    samples: Sequence[bytes]
    header_octets: int
    """Octets at the front that lead to the right decoder; most mutations spare them."""
    past_header: Callable[[bytes], bool]
    """Whether damaged octets still have such a header."""
    decode: Callable[[bytes], object]
    """Decodes and, where it can, encodes again and compares: AssertionError is a failure."""
    refusal: type[Exception]
    """The one class of error that `decode` may raise."""
    decoder: Sequence[FunctionType]
    """The functions whose branches are to be covered."""
    forget: Callable[[], None] = lambda: None
    """Drops what the codec keeps on purpose, within bounds, before its memory is looked at."""


TARGETS = {
    "isup": "simulator.fuzz.isup:target",
    "isup-ansi": "simulator.fuzz.isup:ansi_target",
    "mtp3": "simulator.fuzz.mtp3:target",
    "mtp3-ansi": "simulator.fuzz.mtp3:ansi_target",
    "m2pa": "simulator.fuzz.sigtran:m2pa",
    "m3ua": "simulator.fuzz.sigtran:m3ua",
    "inap": "simulator.fuzz.inap:target",
    "tcap": "simulator.fuzz.tcap:target",
    "sccp": "simulator.fuzz.sccp:target",
    "sccp-ansi": "simulator.fuzz.sccp:ansi_target",
    "lines": "simulator.fuzz.lines:target",
    "sip": "simulator.fuzz.sip:target",
    "user-agent": "simulator.fuzz.user_agent:target",
    "sdp": "simulator.fuzz.sip:sdp_target",
    "rtp": "simulator.fuzz.rtp:target",
    "http": "simulator.fuzz.http:target",
    "jose": "simulator.fuzz.http:jose_target",
    "rtcp": "simulator.fuzz.rtp:rtcp_target",
    "relay": "simulator.fuzz.relay:target",
}
"""Where the target of each codec is made: module and function."""


def load(name: str) -> Target:
    """The target of that name; KeyError when there is none."""
    module, function = TARGETS[name].split(":")
    made: Target = getattr(importlib.import_module(module), function)()
    return made
