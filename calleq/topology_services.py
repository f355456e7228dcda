"""What a topology may say of the intelligent network: control points, triggers, services, timing.

Structures only, as `topology_types` has them for everything else; whether they fit the network is
the business of `topology_service_checks`.
"""

from typing import Literal

import msgspec

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

TriggerPoint = Literal["collected_information", "analysed_information", "termination_attempt"]
"""Detection points at which a call may be suspended: 2, 3 and 12 of Q.1214 and Q.1224."""

DefaultHandling = Literal["continue", "release"]

DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""In the order of `datetime.weekday`."""

FREEPHONE_KEY = 800
CUSTOMER_FIRST_KEY = 801
"""Service keys are the carrier's own to give out (ETS 300 374-1 §7.2.2.2, serviceKey)."""


class ServiceControlPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An SCP: a signalling node that tells switches what to do with calls."""

    name: str
    point_code: str
    numeral: str = ""
    """Figure 1 has none: it came to the network after it."""
    mate: str = ""
    """The SCP that answers where this one cannot; each names the other."""
    bridge: Literal["ssf", "ip"] = "ssf"
    """Where its own customer-first calls are bridged: in the switch (CS-2 call party handling), or
    in the peripheral, to which each party is sent (CS-1)."""
    number: str = ""
    """What it presents as calling number where a business has none."""


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


class Share(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Some of the calls of a rule, and where they go."""

    numbers: tuple[str, ...]
    """Tried in this order: the next one where one is busy, does not answer or is not reached."""
    percent: int = 100
    """Of a hundred calls so many; the shares of a rule make a hundred."""


class RoutingRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where calls go that come at such times and from such callers; what is empty is open.

    Times are of the service's zone, "08:00" to "24:00"; one that ends before it starts goes over
    midnight and belongs to the day on which it starts.
    """

    days: tuple[Day, ...] = ()
    start: str = "00:00"
    end: str = "24:00"
    callers: tuple[str, ...] = ()
    """E.164 prefixes (with `+`) of the callers' numbers."""
    shares: tuple[Share, ...] = ()
    """None: closed."""
    closed_text: str = ""
    """Closed: what the caller is told before the release; empty: nothing."""


class FreephoneNumber(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An 800 number: every call to it is translated by the first rule that fits.

    Where no rule fits the service is closed, without a word.
    """

    number: str
    business: str = ""
    """Whose it is; empty: nobody's in particular."""
    service_key: int = FREEPHONE_KEY
    zone: str = "UTC"
    """Of the rules' times, as the tz database has it ("America/New_York")."""
    ring_limit_s: float = 20.0
    """How long one of its numbers rings before the next is tried."""
    rules: tuple[RoutingRule, ...]
