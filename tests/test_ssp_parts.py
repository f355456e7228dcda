"""The parts of a switch by themselves: tables, routes, the OSN, and what it does with rubbish."""

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calleq.journal.entries import LineAnswered, LineReleased, LineSeized
from calleq.lines.channel import LInput, LState
from calleq.lines.messages import Alerting, Connect, Disconnect, Release, ReleaseComplete, Setup
from calleq.lines.q931 import encode
from calleq.osn.messages import CallEnded, SetUpCall, SetUpRefused, decode
from calleq.osn.messages import encode as osn_encode
from calleq.ssp import LINE_CALL, ORIGINATING, TERMINATING, SwitchService, machine_tables
from calleq.ssp.originating import OInput, OState
from calleq.ssp.routing import NoRoute, OwnNumber, Routing, Towards
from calleq.ssp.terminating import TInput, TState
from calleq.topology import TopologyError, TrunkGroup, load_topology
from tests.ssp_neighbours import Town, town_topology

DSL, DIAL_UP, ISDN = "+12125550100", "+12125550102", "+12125550104"


@pytest.mark.parametrize(
    ("machine", "states", "inputs"),
    [
        (ORIGINATING, OState, OInput),
        (TERMINATING, TState, TInput),
        (LINE_CALL, LState, LInput),
    ],
)
def test_every_pair_of_state_and_input_is_decided(machine, states, inputs):
    table = machine_tables()[machine]
    assert set(table) == {(str(state), str(given)) for state in states for given in inputs}
    reached = {following for _, following in table.values()}
    assert reached == {str(state) for state in states}
    moves_in_silence = {
        (state, following)
        for (state, _), (action, following) in table.items()
        if action == "ignore" and state != following
    }
    assert moves_in_silence <= SILENT_MOVES


SILENT_MOVES = {
    ("O_Null", "O_Disconnect"),
    ("Collect_Information", "O_Disconnect"),
    ("Analyze_Information", "O_Disconnect"),
    ("T_Disconnect", "T_Null"),
}
"""Only these change the state and do nothing: the far side is gone and there is nobody to tell."""


def test_every_machine_is_shown_to_the_documents():
    assert [len(table) for table in machine_tables().values()] == [70, 70, 165, 72, 60]


# Routes.


def test_the_longest_prefix_wins():
    routing = Routing(town_topology(), "ssp-a")
    assert routing.route("+12125550100") == OwnNumber()
    assert routing.route("+12125550108") == Towards("ssp-c", ("a-c",), ("a-b",))
    assert routing.route("+12125550140") == Towards("ssp-b", ("a-b",), ("a-c",))


def test_a_switch_without_direct_trunks_is_reached_by_those_that_have_them():
    routing = Routing(town_topology(), "ssp-a")
    assert routing.route("+12125550170") == Towards("ssp-d", ("a-b", "a-c"), ())


def test_numbers_that_lead_nowhere():
    routing = Routing(town_topology(), "ssp-a")
    assert routing.route("+12125550180") == NoRoute(3)  # ssp-e has no trunks
    assert routing.route("+442079460000") == NoRoute(3)


def test_routes_cross_as_many_switches_as_they_must():
    base = town_topology()
    chain = msgspec.structs.replace(
        base,
        trunks=(
            TrunkGroup(name="a-b", ends=("ssp-a", "ssp-b")),
            TrunkGroup(name="b-c", ends=("ssp-b", "ssp-c")),
            TrunkGroup(name="c-d", ends=("ssp-d", "ssp-c")),
        ),
    )
    assert Routing(chain, "ssp-a").route("+12125550170") == Towards("ssp-d", ("a-b",), ())
    assert Routing(chain, "ssp-b").route("+12125550170") == Towards("ssp-d", ("b-c",), ())


def test_no_call_goes_round_in_a_circle():
    """Whatever trunks are full: follow every choice of every switch of the shipped network."""
    topology = load_topology()
    ends = {trunk.name: trunk.ends for trunk in topology.trunks}
    routes = {switch.name: Routing(topology, switch.name) for switch in topology.switches}

    def follow(switch: str, number: str, visited: tuple[str, ...]) -> None:
        assert switch not in visited, visited
        route = routes[switch].route(number)
        if isinstance(route, Towards):
            groups = route.nearer if visited else route.nearer + route.detours
            for group in groups:
                one, other = ends[group]
                follow(other if switch == one else one, number, (*visited, switch))

    for start in routes:
        for line in topology.lines:
            follow(start, line.number, ())


@pytest.mark.row("S2-82", part=True)
def test_telephone_38_is_provisioned_on_switch_62():
    town = Town(msgspec.structs.replace(town_topology(), name="any"))
    assert DSL in town.switch.register
    shipped = load_topology()
    line = next(line for line in shipped.lines if line.telephone == "38" and line.place == "22")
    assert Routing(shipped, "ssp-62").route(line.number) == OwnNumber()


def test_a_switch_that_the_topology_does_not_have():
    town = Town()
    with pytest.raises(TopologyError, match="ssp-z"):
        SwitchService(
            town.topology,
            "ssp-z",
            exchange=town.exchange,
            lines=town.telephones,
            voice=town.voice,
            bus=town.osn,
            journal=town.journal,
            clock=town.clock,
        )


# The OSN.

INSTRUCTION = SetUpCall(
    call="c1",
    business="abc",
    business_name="ABC Company",
    business_number="+12125550140",
    customer="+12125550100",
    representative="+12125550143",
    representatives=("+12125550143",),
    hunt=True,
    dial_first="customer",
    detect_machine=False,
    ring_limit_us=30_000_000,
    answer_to="server-72",
)


def test_an_instruction_of_the_access_server_reaches_the_peripheral_unchanged():
    town = Town()
    octets = osn_encode(INSTRUCTION)
    town.osn.receive["ssp-a"]("server-72", octets)
    assert town.osn.sent == [("ssp-a", "ip-76", octets)]


def test_without_a_peripheral_and_a_board_the_instruction_is_refused():
    topology = town_topology()
    bare = tuple(msgspec.structs.replace(switch, board=0) for switch in topology.switches)
    town = Town(msgspec.structs.replace(topology, peripherals=(), trunks=(), switches=bare))
    town.osn.receive["ssp-a"]("server-72", osn_encode(INSTRUCTION))
    ((sender, receiver, octets),) = town.osn.sent
    refusal = decode(octets)
    assert (sender, receiver) == ("ssp-a", "server-72")
    assert isinstance(refusal, SetUpRefused)
    assert (refusal.call, refusal.cause) == ("c1", 27)


@pytest.mark.parametrize(
    ("sender", "octets"),
    [
        ("desk-54", osn_encode(INSTRUCTION)),
        ("server-72", osn_encode(CallEnded("c1", "completed", 16, 1))),
        ("server-72", b"\x00rubbish"),
        ("server-72", b"{}"),
    ],
)
def test_nothing_else_goes_anywhere(sender: str, octets: bytes):
    town = Town()
    town.osn.receive["ssp-a"](sender, octets)
    assert town.osn.sent == []
    assert town.switch.relay.discarded == 1


# Rubbish from telephones.


def test_malformed_octets_are_counted_and_a_call_after_them_completes():
    town = Town()
    valid = [
        encode(message)
        for message in (
            Setup(1, DSL),
            Alerting(64, True),
            Connect(64, True),
            Disconnect(64, 16, True),
            Release(64, 16, True),
            ReleaseComplete(64, 16, True),
        )
    ]
    draw = random.Random("line octets")
    for _ in range(3_000):
        octets = bytearray(draw.choice(valid))
        octets[draw.randrange(len(octets))] = draw.randrange(256)
        if draw.random() < 0.3:
            del octets[draw.randrange(1, len(octets)) :]
        town.telephones.to_switch("ssp-a", draw.choice((DSL, DIAL_UP, ISDN)), bytes(octets))
    assert town.switch.malformed_lines > 500
    town.clock.advance_us(600_000_000)
    assert town.at_rest()
    town.log.clear()
    town.call_in(ISDN)
    assert town.flow() == [("journal", "LineSeized"), ("0104", "Setup")]


def test_messages_without_a_call_are_answered_as_q931_wants():
    town = Town()
    town.picks_up(DSL, reference=70)
    town.releases(DSL, reference=70, cause=16)
    town.refuses(DSL, reference=70)
    town.dials(DSL, ISDN, reference=99)  # a reference that telephones do not choose
    assert town.flow() == [("0100", "ReleaseComplete 81"), ("0100", "ReleaseComplete 16")]
    assert town.switch.register.unexpected_lines == 4


def test_octets_for_a_line_of_another_switch():
    town = Town()
    town.telephones.to_switch("ssp-a", "+12125550140", encode(Setup(1, DSL)))
    assert town.switch.register.foreign_lines == 1
    assert town.flow() == []


# Any order of events.

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            (
                "in dsl",
                "in isdn",
                "in dial_up",
                "in transit",
                "dial",
                "dial out",
                "ring",
                "pick up",
                "hang up",
                "release",
                "refuse",
                "far rings",
                "far answers",
                "far hangs up",
                "caller hangs up",
                "tick",
                "wait",
            )
        ),
        st.sampled_from((DSL, DIAL_UP, ISDN)),
        st.integers(0, 3),
    ),
    max_size=40,
)


class Storm:
    """Drives a town by arbitrary events, each in a form that a neighbour could produce."""

    def __init__(self) -> None:
        self.town = Town()
        self.incoming = []
        self.cic = 0

    def happens(self, event: str, line: str, index: int) -> None:
        town = self.town
        reference = (64 + index, 1 + index)[index % 2]
        match event.split():
            case ["in", where]:
                self.cic += 1
                called = {"dsl": DSL, "isdn": ISDN, "dial_up": DIAL_UP, "transit": "+12125550170"}
                self.incoming.append(town.call_in(called[where], cic=self.cic))
            case ["dial"]:
                town.dials(line, (DSL, DIAL_UP, ISDN, "+12125550103")[index], 1 + index)
            case ["dial", "out"]:
                town.dials(line, "+12125550140", 1 + index)
            case ["ring"]:
                town.rings(line, reference)
            case ["pick", "up"]:
                town.picks_up(line, reference)
            case ["hang", "up"]:
                town.hangs_up(line, reference)
            case ["release"]:
                town.releases(line, reference)
            case ["refuse"]:
                town.refuses(line, reference)
            case ["far" | "caller", *what]:
                circuits = town.exchange.outgoing if event.startswith("far") else self.incoming
                alive = [circuit for circuit in circuits if not circuit.ended]
                if index < len(alive):
                    getattr(alive[index], "_".join(what))(*((34,) if index == 3 else ()))
            case ["tick"]:
                town.clock.run_next()
            case _:
                town.passes(2.5)

    def calms_down(self) -> None:
        for circuit in (*self.incoming, *self.town.exchange.outgoing):
            if not circuit.ended:
                circuit.hangs_up()
        for _ in range(3):
            for line in (DSL, DIAL_UP, ISDN):
                for reference in (*range(1, 8), *range(64, 80)):
                    self.town.releases(line, reference)
            self.town.clock.advance_us(300_000_000)


@settings(max_examples=300, deadline=None)
@given(EVENTS)
def test_whatever_happens_nothing_is_left_and_each_seizure_is_released_once(events):
    storm = Storm()
    for event in events:
        storm.happens(*event)
    storm.calms_down()
    assert storm.town.at_rest()
    entries = storm.town.journal.entries
    seized = [entry.seizure for entry in entries if isinstance(entry, LineSeized)]
    released = [entry.seizure for entry in entries if isinstance(entry, LineReleased)]
    answered = [entry.seizure for entry in entries if isinstance(entry, LineAnswered)]
    assert sorted(seized) == sorted(released)
    assert len(set(seized)) == len(seized)
    assert len(set(answered)) == len(answered)
