"""A whole network that speaks ANSI (T1.111, T1.113): its calls, its supervision, its management."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
from msgspec.structs import replace

from calleq.causes import Q850
from calleq.network_nodes import point_codes
from calleq.runtime.tap import Segment
from calleq.ss7 import mtp3_management as management
from calleq.ss7.isup import sending
from calleq.ss7.isup.ansi import message_codec
from calleq.ss7.isup.messages import (
    Acm,
    Anm,
    CalledNumber,
    Cause,
    Cgb,
    Con,
    Cqm,
    Cra,
    Crm,
    Cvr,
    Cvt,
    Exm,
    Gra,
    Grs,
    Iam,
    Message,
    RangeStatus,
    Rel,
    Sam,
    Unknown,
    Upt,
)
from calleq.ss7.isup.optional import USER_TO_USER
from calleq.ss7.mtp3 import SERVICE_ISUP, Msu, UserPartUnavailable
from calleq.ss7.mtp3_codec import unit_codec
from calleq.ss7.mtp3_management_codec import from_msu, to_msu
from calleq.ss7.variant import ANSI, ANSI_5, variant_of
from calleq.topology import Topology, TopologyError, load_topology, parse_topology
from calleq.topology_mtp3 import as_ansi
from calleq.trace.capture import MemoryCapture
from calleq.trace.pcap import write_pcap
from calleq.units import SECOND_US
from simulator.foreign.check_capture import check
from simulator.foreign.frames import FrameFile, overhear
from simulator.scenarios.loading import catalogue, load_scenario, topology_of
from simulator.scenarios.model import in_ansi
from simulator.scenarios.running import run_scenario
from simulator.virtual import VirtualNetwork
from tests.live import LiveNetwork, calleq

FIGURE_1_ANSI = Path(str(files("calleq") / "data" / "figure1_ansi.toml"))
MAGIC = tuple(f"+12125550{ending}" for ending in range(100, 113))


class AnsiNetwork:
    """Figure 1 in ANSI with a capture, and what a test asks of it."""

    def __init__(self, topology: Topology | None = None) -> None:
        self.topology = topology or load_topology(FIGURE_1_ANSI)
        self.capture = MemoryCapture()
        self.virtual = VirtualNetwork(self.topology, seed=1, tap=self.capture)
        self.clock = self.virtual.clock
        self.codes = point_codes(self.topology)
        self.nodes = self.virtual.network.nodes
        self.exchanges = self.virtual.network.exchanges
        self.variant = variant_of(self.topology)
        self._seen = 0

    def call(self, customer: str) -> tuple[str, list[int | None]]:
        """A business's call to a customer: its final state and the causes of its legs."""
        body = {"business_id": "abc", "password": "abc-demo", "customer_number": customer}
        call = self.virtual.place(json.dumps(body).encode())
        view = self.virtual.run_to_end(call, "abc")
        return view.state, [leg.cause for leg in view.legs]

    def units(self) -> list[tuple[str, Msu]]:
        """Every unit since the last question, where it was made, with its maker."""
        seen = self.capture.captures()[self._seen :]
        self._seen += len(seen)
        decode = unit_codec(self.variant).decode
        units = [
            (one.sender, decode(one.octets))
            for one in seen
            if one.segment is Segment.SIGNALLING_LINK
        ]
        return [(sender, msu) for sender, msu in units if self.codes[sender] == msu.origin]

    def messages(self) -> list[tuple[str, Message]]:
        """Every ISUP message since the last question, with its sender."""
        decode = message_codec(self.variant).decode
        return [
            (sender, decode(msu.payload))
            for sender, msu in self.units()
            if msu.service == SERVICE_ISUP
        ]

    def say(self, exchange: str, far: str, message: Message) -> list[tuple[str, Message]]:
        """An exchange says a message; everything said in the next second, that one first."""
        self.messages()
        assert self.exchanges[exchange].say(self.codes[far], message)
        self.clock.advance_us(SECOND_US)
        return self.messages()


@pytest.fixture(scope="module")
def itu_outcomes() -> dict[str, tuple[str, list[int | None]]]:
    """What the magic numbers come to in the network of figure 1."""
    network = AnsiNetwork(load_topology())
    return {number: network.call(number) for number in MAGIC}


def test_every_magic_number_ends_as_in_itu(
    itu_outcomes: dict[str, tuple[str, list[int | None]]],
) -> None:
    network = AnsiNetwork()
    assert {number: network.call(number) for number in MAGIC} == itu_outcomes
    assert len({state for state, _ in itu_outcomes.values()}) == 7
    units = network.units()
    assert len(units) > 200
    assert {msu.selection for _, msu in units} > {1, 2, 16_301 & 255}, "8 bits of selection"
    for _, msu in units:
        priority = 3 if msu.service != SERVICE_ISUP else sending.PRIORITIES.get(msu.payload[2], 0)
        assert msu.priority == priority


@pytest.mark.parametrize("path", catalogue(), ids=lambda path: path.stem)
def test_every_shipped_scenario_ends_as_in_itu(path: Path) -> None:
    """Its expectations are those of ITU. Of a sweep one value is run here: every one by
    `calleq-sim scenario --all --variant ansi`."""
    scenario = in_ansi(load_scenario(path))
    only_us = None if scenario.sweep is None else scenario.sweep.values_us()[0]
    verdict = run_scenario(scenario, topology_of(scenario, path.parent), only_us=only_us)
    assert verdict.failures == ()
    assert scenario.expect, "its expectations are those of ITU"


@pytest.mark.foreign("tshark")
def test_tshark_reads_every_field_as_we_do(tmp_path: Path) -> None:
    network = AnsiNetwork()
    frames = tmp_path / "frames.pcap"
    with frames.open("wb") as file:
        overhear(network.virtual.links.values(), FrameFile(file, network.clock))
        for number in ("+12125550100", "+12125550101", "+12125550111", "+12125550103"):
            network.call(number)
        for order in ("block", "unblock", "query", "reset"):
            getattr(network.exchanges["ssp-62"], order)("62-64")
            network.clock.advance_us(SECOND_US)
        network.exchanges["ssp-62"].reset("62-64", [7])
        network.virtual.links["ssp-62/stp-68"].fail()
        network.clock.advance_us(10 * SECOND_US)
        network.virtual.links["ssp-62/stp-68"].restore()
        network.clock.advance_us(200 * SECOND_US)
    units = tmp_path / "units.pcap"
    with units.open("wb") as file:
        write_pcap(file, network.capture.captures(), network.codes, ANSI)
    for path in (units, frames):
        found = check(path, ANSI)
        assert found.passed, found.told
        assert found.messages.keys() >= {"IAM", "ACM", "ANM", "REL", "RLC", "CGB", "CGBA", "CGU"}
        assert found.messages.keys() >= {"CGUA", "CQM", "CQR", "GRS", "GRA", "RSC", "SLTM", "TRA"}
        assert found.messages.keys() >= {"TFP", "TFA", "XCO", "XCA"}
        assert found.fields > 10 * found.frames


class TestSupervision:
    def test_groups_have_24_circuits_at_most_and_leave_twice(self) -> None:
        network = AnsiNetwork()
        network.messages()
        network.exchanges["ssp-62"].reset("62-64")
        network.clock.advance_us(SECOND_US)
        said = network.messages()
        asked = [message for sender, message in said if sender == "ssp-62"]
        assert [type(message) for message in asked] == [Grs] * 6
        assert all(message.circuits.circuits <= 24 for message in asked)
        assert asked[0::2] == asked[1::2]
        assert all(isinstance(message, Gra) for sender, message in said if sender == "ssp-64")
        assert {one.use for one in network.exchanges["ssp-62"].circuits("62-64")} == {"idle"}
        network.exchanges["ssp-62"].block("62-64")
        network.clock.advance_us(SECOND_US)
        far = network.exchanges["ssp-64"]
        assert all(one.blocked_remotely for one in far.circuits("62-64"))
        assert not any(one.unacknowledged for one in network.exchanges["ssp-62"].circuits("62-64"))
        assert sum(isinstance(message, Cgb) for _, message in network.messages()) == 6

    def test_what_is_not_answered_is_repeated_each_minute(self) -> None:
        timers = AnsiNetwork().exchanges["ssp-62"].timers
        longest = {timers.t5_us, timers.t13_us, timers.t17_us, timers.t19_us, timers.t23_us}
        assert longest == {60 * SECOND_US}
        assert 10 * SECOND_US <= timers.t6_us <= 32 * SECOND_US

    def test_a_reserved_circuit_waits_for_its_call_and_no_longer_than_20_s(self) -> None:
        network = AnsiNetwork()
        near = network.exchanges["ssp-64"]
        said = network.say("ssp-62", "ssp-64", Crm(1))
        assert said == [("ssp-62", Crm(1)), ("ssp-64", Cra(1))]
        assert near.snapshot().groups[0].blocked == 1, "not chosen for calls from here"
        network.clock.advance_us(20 * SECOND_US)
        assert near.snapshot().groups[0].blocked == 0
        network.say("ssp-62", "ssp-64", Crm(1))
        said = network.say("ssp-62", "ssp-64", Iam(1, CalledNumber("12125550143", 4)))
        assert isinstance(said[1][1], Acm), "its call is taken"
        assert near.snapshot().groups[0].blocked == 0
        seized = near.seize("62-64")
        assert seized is not None
        assert network.say("ssp-62", "ssp-64", Crm(seized.key.cic))[1:] == [], "it is busy"
        network.say("ssp-62", "ssp-64", Crm(1))
        network.exchanges["ssp-62"].reset("62-64", [1])
        network.clock.advance_us(SECOND_US)
        assert near.snapshot().groups[0].blocked == 0, "a reset ends it too"

    def test_a_validated_circuit_is_told_with_who_controls_it(self) -> None:
        network = AnsiNetwork()
        (_, there) = network.say("ssp-62", "ssp-64", Cvt(1))[1]
        (_, back) = network.say("ssp-64", "ssp-62", Cvt(2))[1]
        (_, nowhere) = network.say("ssp-62", "ssp-64", Cvt(4_000))[1]
        assert isinstance(there, Cvr)
        assert isinstance(back, Cvr)
        assert isinstance(nowhere, Cvr)
        assert (there.response, back.response, nowhere.response) == (0, 0, 1)
        evens, odds = 0b10, 0b01
        assert there.characteristics >> 2 & 3 == evens, "64 has the higher point code"
        assert back.characteristics >> 2 & 3 == odds

    def test_an_exit_message_passes_on_to_where_the_call_comes_from(self) -> None:
        network = AnsiNetwork()
        body = {"business_id": "abc", "password": "abc-demo", "customer_number": "+12125550106"}
        network.virtual.place(json.dumps(body).encode())
        network.clock.advance_us(SECOND_US)
        said = network.messages()
        cic = next(one.cic for name, one in said if isinstance(one, Iam) and name == "ip-76")
        assert network.say("ssp-62", "ip-76", Exm(cic)) == [("ssp-62", Exm(cic))]
        assert network.exchanges["ip-76"].snapshot().unexpected == 0

    def test_a_user_part_that_is_away_is_asked_by_a_query(self) -> None:
        network = AnsiNetwork()
        near, far = network.exchanges["ssp-62"], network.codes["ssp-64"]
        network.messages()
        network.nodes["ssp-62"].indicate(UserPartUnavailable(far, SERVICE_ISUP, 0))
        assert near.seize("62-64") is None
        network.clock.advance_us(SECOND_US)
        assert [type(message) for _, message in network.messages()][:1] == [Cqm]
        assert near.seize("62-64") is not None, "any answer means that it is there"


class TestForms:
    """What T1.113 says otherwise than Q.764, or not at all."""

    def test_connect_becomes_address_complete_and_answer(self) -> None:
        codec = message_codec(ANSI)
        said = [codec.decode(octets) for octets in sending.ansi_octets(Con(5, 0x1604))]
        assert said == [Acm(5, 0x1604), Anm(5)]

    def test_messages_that_it_does_not_have_are_not_said(self) -> None:
        assert sending.ansi_octets(Sam(5, "123f")) == ()
        assert [message_codec(ANSI).decode(one) for one in sending.ansi_octets(Upt(5))] == [
            Cqm(5, RangeStatus(0))
        ]
        assert isinstance(message_codec(ANSI).decode(bytes.fromhex("050002")), Unknown)

    def test_its_own_cause_has_its_own_coding_standard(self) -> None:
        for value, coding in ((Q850.ROUTING_ERROR, 2), (Q850.USER_BUSY, 0)):
            (octets,) = sending.ansi_octets(Rel(5, Cause(value)))
            said = message_codec(ANSI).decode(octets)
            assert isinstance(said, Rel)
            assert (said.cause.value, said.cause.coding) == (value, coding)

    def test_what_is_too_long_goes_without_its_longest_parameter(self) -> None:
        long, short = (USER_TO_USER, bytes(129)), (0x2C, b"\xe0")
        called = CalledNumber("12125550143", 4)
        (octets,) = sending.ansi_octets(Iam(5, called, other=(long, (0x03, bytes(128)), short)))
        said = message_codec(ANSI).decode(octets)
        assert isinstance(said, Iam)
        assert short in said.other
        assert long not in said.other


class TestManagement:
    def test_a_cluster_is_prohibited_and_allowed_at_once(self) -> None:
        network = AnsiNetwork()
        near, stp = network.nodes["ssp-62"], network.nodes["stp-68"]
        cluster = network.codes["ssp-64"] & 0xFFFF00
        for message, ways in (
            (management.Tcp(cluster), {("stp-70",)}),
            (management.Tca(cluster), {("stp-68", "stp-70")}),
            (management.Tcr(cluster), {("stp-70",)}),
            (management.Tca(cluster), {("stp-68", "stp-70")}),
        ):
            assert stp.point.send(message, near.point_code)
            network.clock.advance_us(3 * SECOND_US)
            names = {code: name for name, code in network.codes.items()}
            routes = {
                tuple(sorted(names[code] for code in route.next_nodes))
                for route in near.snapshot().routes
                if names[route.destination].startswith(("ssp", "mtso", "ip"))
            }
            assert routes == ways, message
        assert near.snapshot().ignored == 0
        assert network.call("+12125550100")[0] == "completed"

    def test_a_test_of_a_cluster_is_answered_when_all_of_it_is_reached(self) -> None:
        network = AnsiNetwork()
        near, stp = network.nodes["ssp-62"], network.nodes["stp-68"]
        cluster = network.codes["ssp-64"] & 0xFFFF00
        network.units()
        assert near.point.send(management.Rcp(cluster), stp.point_code)
        assert near.point.send(management.Rcr(0x010100), stp.point_code)
        network.clock.advance_us(SECOND_US)
        tca = bytes((4 | 6 << 4,)) + cluster.to_bytes(3, "little")
        assert [msu.payload for name, msu in network.units() if name == "stp-68"] == [tca]
        assert stp.snapshot().ignored == 1, "nothing is known of the other cluster"

    @pytest.mark.parametrize("service", [1, 2])
    def test_a_link_test_is_answered_in_the_service_that_it_has(self, service: int) -> None:
        """Yate asks as service 1; without an answer there it gives the link up."""
        network = AnsiNetwork()
        network.units()
        test = management.Sltm(0, b"\0\1\2\3")
        near, far = network.codes["ssp-62"], network.codes["stp-68"]
        asked = replace(to_msu(test, near, far, variant=ANSI), service=service)
        end = network.virtual.links["ssp-62/stp-68"].end("stp-68")
        assert end.send(unit_codec(ANSI).encode(asked))
        network.clock.advance_us(SECOND_US)
        (answer,) = [msu for name, msu in network.units() if name == "ssp-62"]
        assert answer.service == service
        assert from_msu(answer, ANSI) == management.Slta(0, test.pattern)

    def test_a_neighbour_that_waits_with_its_restart_is_understood(self) -> None:
        network = AnsiNetwork()
        near, stp = network.nodes["ssp-62"], network.nodes["stp-68"]
        assert stp.point.send(management.Trw(), near.point_code)
        network.clock.advance_us(SECOND_US)
        assert (near.snapshot().ignored, near.snapshot().malformed) == (0, 0)


class TestTopology:
    def test_five_bits_of_selection_when_the_file_says_so(self) -> None:
        text = FIGURE_1_ANSI.read_text().replace(
            'variant = "ansi"', 'variant = "ansi"\nselection_bits = 5'
        )
        network = AnsiNetwork(parse_topology(text, "x"))
        assert network.variant is ANSI_5
        assert network.call("+12125550111")[0] == "completed"
        selections = {msu.selection for _, msu in network.units()}
        assert 16_301 & 31 in selections
        assert max(selections) < 32

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ('"244-16-62"', '"2-62-1-1"', "switches[0].point_code: '2-62-1-1' is no ANSI point"),
            ('"244-16-62"', '"0-16-62"', "network-cluster-member, 1-0-0 to 255-255-255"),
            ('"244-16-62"', '"244-16-256"', "for example 244-16-62"),
            ('"244-16-64"', '"244-16-62"', "switches[1].point_code: 244-16-62 is the code of"),
            ('variant = "ansi"', "", "is no ITU point code: write it 3-8-3"),
            ('variant = "ansi"', 'variant = "ttc"', "variant: invalid enum value"),
            ('variant = "ansi"', 'variant = "ansi"\nselection_bits = 4', "5 or 8 expected"),
            ("first = 16300", "first = 16380", "CICs 16380 to 16409: 1 to 16383 expected"),
            (
                'mate = "stp-70"',
                'mate = "stp-70"\n[[transfer_points.screening]]\norigins = ["2-62-1000"]',
                "a point code (network-cluster-member) expected",
            ),
        ],
    )
    def test_a_mistake_is_named_by_its_key(self, old: str, new: str, words: str) -> None:
        text = FIGURE_1_ANSI.read_text()
        assert old in text
        with pytest.raises(TopologyError) as refused:
            parse_topology(text.replace(old, new, 1), "x")
        assert words in str(refused.value)

    def test_selection_bits_belong_to_ansi(self) -> None:
        text = FIGURE_1_ANSI.with_name("figure1.toml").read_text()
        with pytest.raises(TopologyError, match="selection_bits: only where variant is ansi"):
            parse_topology("selection_bits = 8\n" + text, "x")

    def test_any_network_becomes_one_of_ansi(self) -> None:
        topology = load_topology()
        moved = as_ansi(topology)
        assert moved.point_codes()["ssp-62"] == "242-62-1"
        assert as_ansi(moved) is moved
        order = sorted(point_codes(topology), key=point_codes(topology).__getitem__)
        assert order == sorted(point_codes(moved), key=point_codes(moved).__getitem__)


@pytest.mark.foreign("tshark")
def test_a_call_of_a_running_network_is_traced_and_captured(tmp_path: Path) -> None:
    with LiveNetwork(tmp_path / "data", "--network", str(FIGURE_1_ANSI), "--talk", "1") as network:
        done = calleq(
            *("call", "--customer", "+12125550111", "--password", "abc-demo"),
            *("--url", network.url, "--business", "abc"),
        )
        assert done.returncode == 0, done.stderr
        capture = tmp_path / "call.pcap"
        traced = calleq("trace", "last", "--data", str(network.data), "--pcap", str(capture))
        assert "IAM" in traced.stdout
        assert "CIC 16301" in traced.stdout, "14 bits"
    found = check(capture, ANSI)
    assert found.passed, found.told
    assert found.messages["IAM"] == found.messages["RLC"]


@pytest.mark.foreign("tshark")
def test_a_capture_of_another_variant_does_not_pass(tmp_path: Path) -> None:
    network = AnsiNetwork()
    network.call("+12125550101")
    path = tmp_path / "units.pcap"
    with path.open("wb") as file:
        write_pcap(file, network.capture.captures(), network.codes, ANSI)
    done = calleq("check-capture", str(path), module="simulator.cli")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert check(path, ANSI).passed
