"""The structures of a network: what a topology file may say, and nothing about whether it fits.

`calleq.topology` reads files into these and checks them; other rooms import them from there. Point
codes are written 3-8-3 ("2-62-1") and held as 14-bit integers; those of an ANSI network are written
network-cluster-member ("244-16-62") and held as 24-bit integers.
"""

from typing import Literal

import msgspec

from calleq.topology_billing import Pricing
from calleq.topology_business import Business
from calleq.topology_callers import (
    AccessServer,
    CallingEquipment,
    InternetInterface,
    Peripheral,
)
from calleq.topology_policy import CarrierPolicy, PasswordPolicy
from calleq.topology_services import (
    FreephoneNumber,
    IntelligentNetwork,
    ServiceControlPoint,
    Trigger,
)
from calleq.topology_sip import BrowserAccess, LineAccess, SipAccess, SipTrunk
from calleq.topology_tls import WireTls
from calleq.units import SECOND_US


class TopologyError(ValueError):
    """The file is no network; the text names the file, the key and what was expected."""


VariantName = Literal["itu", "ansi"]
"""Which signalling system No. 7 the network speaks: ITU-T's (Q.700) or ANSI's (T1.110)."""

LineKind = Literal["dial_up", "two_lines", "isdn", "dsl", "mobile"]
Behaviour = (
    Literal["person", "busy", "silent", "machine", "fax", "hangs_up", "slow", "rejects", "modem"]
    | Literal["says_yes", "says_no", "says_other", "presses_other", "opts_out", "keeps_quiet"]
)


class Switch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An SSP or the MTSO: a node that switches calls."""

    name: str
    numeral: str
    point_code: str
    kind: Literal["ssp", "mtso"] = "ssp"
    prefixes: tuple[str, ...] = ()
    """E.164 prefixes (with `+`) whose lines it serves."""
    antenna: str = ""
    antennas: tuple[str, ...] = ()
    """MTSO only: antennas beside the first."""
    radio_channels: int = 60
    """MTSO only: calls at once on each antenna."""
    paging_s: float = 0.5
    """MTSO only: how long it takes to find a mobile telephone."""
    board: int = 60
    """Ports of its own announcement board and conference bridge, two for each call; 0: none."""
    number: str = ""
    """What its board presents as calling number where a business has none."""
    sip: SipAccess | None = None
    """Where its lines and trunks of SIP are served; None: it has none."""
    internet: InternetInterface | None = None
    """Its own door on the internet, for calls that it makes on its board; None: it has none."""

    @property
    def all_antennas(self) -> tuple[str, ...]:
        """Every antenna, the first first; their places, from 1, are the numbers of their cells."""
        return (self.antenna, *self.antennas)


class ScreeningRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Gateway screening at a transfer point: what some origins may reach; what is empty is open."""

    origins: tuple[str, ...] = ()
    """Names of nodes, or point codes (3-8-3) of nodes beyond; so are the destinations."""
    destinations: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    """User parts: `isup`, `sccp`, `management`, or a service indicator as a number."""
    neighbours: tuple[str, ...] = ()
    """Adjacent nodes whose links those origins may come over."""


class TransferPoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An STP; mates are linked to each other."""

    name: str
    numeral: str
    point_code: str
    mate: str = ""
    screening: tuple[ScreeningRule, ...] = ()
    """What may be passed on; no rule: everything."""


class ForeignNode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signalling node that is not ours: an exchange of another network, or its transfer point."""

    name: str
    point_code: str
    kind: Literal["exchange", "transfer_point"] = "exchange"
    prefixes: tuple[str, ...] = ()
    """Exchange only: E.164 prefixes (with `+`) of the numbers that calls to it have."""


LINK_TIMERS = ("t1", "t2", "t3", "t4_normal", "t4_emergency", "t5", "t6", "t7")
"""Timers of a signalling link that a topology may set, by their names in RFC 4165 and Q.703."""


def link_name(ends: tuple[str, str], slc: int = 0) -> str:
    """What a tap calls a link between two nodes: its ends in the topology's order, and its code.

    >>> link_name(("ssp-62", "stp-68"))
    'ssp-62/stp-68'
    >>> link_name(("ssp-62", "stp-68"), 3)
    'ssp-62/stp-68/3'
    """
    return f"{ends[0]}/{ends[1]}/{slc}" if slc else f"{ends[0]}/{ends[1]}"


class SignallingLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signalling link between two nodes.

    What its wire does to frames is simulated where both ends are in one process; between processes
    the wire is TCP.
    """

    ends: tuple[str, str]
    slc: int = 0
    """Its signalling link code among the links between the two (Q.704 §15.2)."""
    delay_us: int = 1_000
    jitter_us: int = 0
    """A frame takes up to so much longer; frames stay in order."""
    loss: float = 0.0
    """Probability that a frame is lost; the others alike."""
    damage: float = 0.0
    """... damaged, and so dropped."""
    doubling: float = 0.0
    """... doubled."""
    reordering: float = 0.0
    """... overtaken by later ones."""
    proving: Literal["emergency", "normal"] = "emergency"
    """M2PA: how long it is tried before traffic (Q.703 §7.2)."""
    timers: dict[str, float] = {}
    """M2PA: seconds by name, such as `t7 = 1.5`; those not named are inside Q.703's ranges."""
    protocol: Literal["m2pa", "m3ua"] = "m2pa"
    """M3UA leads to foreign nodes only."""
    transport: Literal["tcp", "sctp"] = "tcp"
    """M3UA: what carries it; SCTP needs a kernel that has it."""
    connect: str = ""
    """Link to a foreign node: HOST:PORT where that node waits."""
    listen: str = ""
    """Link to a foreign node that connects: HOST:PORT where this side waits."""
    remote: str = ""
    """M2PA with `listen`: the address that the node connects from; empty: any."""
    role: Literal["process", "gateway", "peer"] = "process"
    """M3UA: which side of it is ours (RFC 4666 §1.5)."""
    routing_context: int | None = None
    """M3UA: as agreed with the far end."""
    register: bool = False
    """M3UA process: have the gateway give a routing context for our point code."""
    traffic_mode: Literal["", "override", "loadshare", "broadcast"] = ""
    """M3UA: how several processes share; empty: as the gateway has it."""
    processes_needed: int = 1
    """M3UA gateway: with fewer active processes of the far node its others are told so."""

    @property
    def name(self) -> str:
        """What it is called everywhere: `ssp-62/stp-68`, with a code other than 0
        `ssp-62/stp-68/1`."""
        return link_name(self.ends, self.slc)

    @property
    def is_foreign(self) -> bool:
        """Whether one of its ends is not ours; the topology's checks see to it."""
        return bool(self.connect or self.listen)


class TrunkGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Voice circuits between two exchanges: CICs `first` to `first + circuits - 1`."""

    name: str
    ends: tuple[str, str]
    first: int = 1
    circuits: int = 30
    check_every: int = 0
    """Of how many calls one has the continuity of its circuit checked; 0: none."""
    delay_ms: int = 0
    """What its circuits add to the propagation delay counter of a call; 0: nothing is counted."""
    satellite: bool = False
    """Its circuits go by way of a satellite."""


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A subscriber line and the simulated telephone on it."""

    number: str
    kind: LineKind = "two_lines"
    telephone: str = ""
    """Its numeral in figure 1."""
    place: str = ""
    behaviour: Behaviour = "person"
    online: bool = False
    """A computer on this line is on the internet; a `dial_up` line is busy meanwhile."""
    coverage: bool = True
    """Mobile only: within reach of the antenna."""
    congested: bool = False
    """The line's switch refuses calls to it as congested (Q.850 42)."""
    access: LineAccess = "simulated"
    """What is at the line: a simulated telephone, one that registers by SIP, or a browser."""
    username: str = ""
    """SIP and browsers: what the telephone registers as; empty: the number without its +."""
    password: str = ""
    """SIP: of its digest."""


class Premises(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place of figure 1: customer premises, business site or remote site."""

    numeral: str
    kind: Literal["customer", "business", "remote"]
    name: str = ""
    computers: tuple[str, ...] = ()
    telephones: tuple[str, ...] = ()
    web_server: str = ""
    positions: tuple[str, ...] = ()


class Timing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits and delays of the whole network."""

    ring_limit_s: float = 30.0
    osn_delay_us: int = 500
    line_delay_us: int = 0


TELEPHONES = "telephones"
"""What the simulated telephones of all lines are called where they run as a process."""


class Processes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where elements that run alone find each other."""

    base_port: int = 8100
    hosts: dict[str, str] = {}
    tls: WireTls = WireTls()
    """By what they prove themselves to each other; none: the wires are in the clear."""


class Topology(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole network."""

    name: str
    variant: VariantName = "itu"
    """Of every node and circuit: point codes, MTP level 3 and ISUP."""
    selection_bits: int = 0
    """ANSI only: bits of the signalling link selection that are used, 8 or 5; 0: 8."""
    country_code: str = "1"
    internet: str = "30"
    network: str = "71"
    osn: str = "74"
    system: str = "100"
    """The numeral of the system as a whole."""
    isp_number: str = "+12125550190"
    """What a dial-up computer calls to be on the internet: a line that behaves as a modem."""
    access_server: AccessServer
    switches: tuple[Switch, ...] = ()
    transfer_points: tuple[TransferPoint, ...] = ()
    peripherals: tuple[Peripheral, ...] = ()
    equipments: tuple[CallingEquipment, ...] = ()
    service_control_points: tuple[ServiceControlPoint, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    intelligent_network: IntelligentNetwork = IntelligentNetwork()
    freephone: tuple[FreephoneNumber, ...] = ()
    foreign_nodes: tuple[ForeignNode, ...] = ()
    links: tuple[SignallingLink, ...] = ()
    trunks: tuple[TrunkGroup, ...] = ()
    sip_trunks: tuple[SipTrunk, ...] = ()
    browsers: BrowserAccess = BrowserAccess()
    """Where lines whose telephone is a browser are served."""
    lines: tuple[Line, ...] = ()
    premises: tuple[Premises, ...] = ()
    businesses: tuple[Business, ...] = ()
    guards: CarrierPolicy = CarrierPolicy()
    """What the carrier lets nobody dial, and how often at most."""
    passwords: PasswordPolicy = PasswordPolicy()
    pricing: Pricing = Pricing()
    timing: Timing = Timing()
    mtp3_timers: dict[str, float] = {}
    """Seconds by name (`t1`, `test_t2`), within the ranges of Q.704 §16.8 and Q.707 §5.5."""
    isup_timers: dict[str, float] = {}
    """Lengths of ISUP timers in seconds, by name ("T7"), where they are not calleq's own."""
    processes: Processes = Processes()

    def point_codes(self) -> dict[str, str]:
        """The point code of every signalling node by name, as written; the foreign ones last."""
        return {
            node.name: node.point_code
            for nodes in (
                self.switches,
                self.transfer_points,
                self.peripherals,
                self.equipments,
                self.service_control_points,
                self.foreign_nodes,
            )
            for node in nodes
        }

    def foreign(self) -> dict[str, ForeignNode]:
        """The foreign nodes by name."""
        return {node.name: node for node in self.foreign_nodes}

    def ring_limit_us(self) -> int:
        """How long a telephone may ring."""
        return round(self.timing.ring_limit_s * SECOND_US)


def parse_point_code(text: str, variant: VariantName = "itu") -> int:
    """The point code that people write 3-8-3 (Q.704 §2.2.3), or network-cluster-member in ANSI.

    >>> parse_point_code("2-62-1"), hex(parse_point_code("244-16-62", "ansi"))
    (4593, '0xf4103e')
    """
    parts = text.split("-")
    if len(parts) == 3 and all(part.isascii() and part.isdigit() for part in parts):
        first, second, third = (int(part) for part in parts)
        if variant == "ansi":
            if 0 < first < 256 and second < 256 and third < 256:
                return first << 16 | second << 8 | third
        elif first < 8 and second < 256 and third < 8:
            return first << 11 | second << 3 | third
    if variant == "ansi":
        raise TopologyError(
            f"{text!r} is no ANSI point code: write it network-cluster-member, 1-0-0 to"
            " 255-255-255, for example 244-16-62"
        )
    raise TopologyError(f"{text!r} is no ITU point code: write it 3-8-3, for example 2-62-1")


def point_code_text(code: int, variant: VariantName = "itu") -> str:
    """A point code as people write it: 3-8-3, or network-cluster-member in ANSI.

    >>> point_code_text(2057), point_code_text(0x010203, "ansi")
    ('1-1-1', '1-2-3')
    """
    if variant == "ansi":
        return f"{code >> 16}-{code >> 8 & 255}-{code & 255}"
    return f"{code >> 11}-{code >> 3 & 255}-{code & 7}"


class HomeSwitches:
    """Which switch serves a number, for many numbers of one topology."""

    def __init__(self, topology: Topology) -> None:
        self._by_prefix: dict[str, str] = {}
        for switch in topology.switches:
            for prefix in switch.prefixes:
                self._by_prefix.setdefault(prefix, switch.name)
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix}, reverse=True)

    def of(self, number: str) -> str | None:
        """The name of the switch whose longest prefix matches; None when none does."""
        for length in self._lengths:
            found = self._by_prefix.get(number[:length])
            if found is not None:
                return found
        return None


def home_switch(topology: Topology, number: str) -> str | None:
    """The name of the switch whose longest prefix matches a number; None when none does."""
    return HomeSwitches(topology).of(number)


def element_names(topology: Topology) -> tuple[str, ...]:
    """Everything that can run as a process, in the order in which ports are given out.

    The last is `telephones`: the simulated telephones of all lines.
    """
    return (
        topology.access_server.name,
        *(switch.name for switch in topology.switches),
        *(point.name for point in topology.transfer_points),
        *(peripheral.name for peripheral in topology.peripherals),
        *(point.name for point in topology.service_control_points),
        *(equipment.name for equipment in topology.equipments),
        TELEPHONES,
    )
