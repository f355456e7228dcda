"""The intelligent network in a topology file: service control points, triggers, timing.

Owns the structures alone; whether they fit the rest is checked by `topology_service_checks`.
"""

from typing import Literal

import msgspec

TriggerPoint = Literal["collected_information", "analysed_information", "termination_attempt"]
"""Detection points at which a call may be suspended: 2, 3 and 12 of Q.1214 and Q.1224."""

DefaultHandling = Literal["continue", "release"]


class ServiceControlPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An SCP; mates carry the same services, and one takes over where the other is out of reach."""

    name: str
    numeral: str = ""
    point_code: str
    mate: str = ""


class Trigger(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A detection point armed by service management: calls that stop there and ask an SCP."""

    service_key: int
    control_point: str
    """The SCP asked first; its mate is asked where it is out of reach."""
    called: tuple[str, ...]
    """E.164 prefixes (with `+`) of the numbers that it is about; the longest prefix decides."""
    switches: tuple[str, ...] = ()
    """Where it is armed; none named: at every switch."""
    point: TriggerPoint = "analysed_information"
    capability_set: Literal[1, 2] = 1
    """Which INAP is spoken with the SCP: CS-1 or CS-2."""
    default: DefaultHandling = "release"
    """What becomes of a call whose SCP is silent or out of reach."""


class IntelligentNetwork(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all switches and SCPs have in common."""

    subsystem: int = 241
    """The subsystem number of INAP: 241 by custom, 106 in some networks."""
    tssf_s: float = 10.0
    """How long a switch waits for instructions."""
