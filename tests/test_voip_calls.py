"""Voice over IP as the source has it: IP addresses and SIP URIs in place of either number.

The peripheral calls them itself; telephones are user agents at addresses of a virtual net, the
network of figure 1 stands beside them where a leg goes by telephone.
"""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from calleq.billing.records import LegRecord, SessionRecord
from calleq.calling_logic.voip_way import VOIP_IGNORED, VOIP_TABLE, VInput, VState
from calleq.door.replies import Reply
from calleq.journal.entries import LineHeartbeat, LineMeasured
from calleq.messages.answers import CallAccepted, CallView, ProblemView
from calleq.network_gateways import lines_beside
from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap
from calleq.sip.sdp import PCMA
from calleq.sip.transaction import Target
from calleq.topology import Topology, figure1_path, load_topology
from calleq.topology_sip import SipAccess
from calleq.trace.capture import MemoryCapture
from calleq.trace.ladder import ladder
from calleq.trace.render import render_text
from calleq.units import SECOND_US
from simulator.virtual import VirtualNetwork
from tests.sip_scene import SipWorld, Telephone

SERVER = Target("127.0.0.1", 5076)
CUSTOMER = "sip:ann@127.0.0.38:5060"
REPRESENTATIVE = "sip:56@127.0.0.56:5060"
NUMBER = "+12125550100"
NUMBERED_REPRESENTATIVE = "+12125550143"


def voip_alone() -> Topology:
    """The shipped network without a telephone network."""
    return load_topology(figure1_path().with_name("voip.toml"))


def figure1_with_voip() -> Topology:
    """Figure 1, whose peripheral calls SIP URIs besides."""
    topology = load_topology()
    (peripheral,) = topology.peripherals
    peripheral = msgspec.structs.replace(
        peripheral,
        sip=SipAccess(listen="127.0.0.1:5076"),
        voip_allowed=("127.0.0.0/8", "phones.example"),
    )
    return msgspec.structs.replace(topology, peripherals=(peripheral,))


class Scene:
    """A network with telephones that speak SIP."""

    def __init__(self, topology: Topology, **more: Any) -> None:
        self.world = SipWorld()
        self.network = VirtualNetwork(
            topology, sip=self.world.ground, talk_us=5 * SECOND_US, **more
        )
        self.clock = self.network.clock
        self.wait_s(9)

    def wait_s(self, seconds: float) -> None:
        self.clock.advance_us(round(seconds * SECOND_US))

    def telephone(self, host: str, port: int = 5060) -> Telephone:
        return Telephone(self.world.net, self.clock, (host, port), SERVER)

    def post(self, customer: str, representative: str | None = None, **more: Any) -> Reply:
        body = {
            "business_id": "abc",
            "password": "abc-demo",
            "customer_number": customer,
            **({} if representative is None else {"representative_number": representative}),
            **more,
        }
        replies: list[Reply] = []
        self.network.submit(json.dumps(body).encode(), replies.append)
        while not replies:
            assert self.clock.run_next()
        return replies[0]

    def call(self, customer: str, representative: str | None = None, **more: Any) -> CallView:
        reply = self.post(customer, representative, **more)
        assert isinstance(reply.view, CallAccepted), reply
        view = self.network.run_to_end(reply.view.call, "abc", 300 * SECOND_US)
        self.wait_s(40)
        return view

    def record(self, call: str) -> SessionRecord:
        (record,) = [one for one in self.network.records() if one.call == call]
        return record

    def voip(self) -> Any:
        (peripheral,) = self.network.network.peripherals.values()
        assert peripheral.voip is not None
        return peripheral.voip

    def at_rest(self) -> None:
        """No way, port, gateway call or circuit is left."""
        assert len(self.voip()) == 0
        for stamped in self.network.journal.entries:
            msgspec.json.encode(stamped)  # plain text, and no subclass of it
        assert self.world.ports.taken == {}
        for gateway in self.network.network.gateways.values():
            assert gateway.calls_in_progress == 0
        exchange = self.network.network.exchanges.get("ip-76")
        assert exchange is None or all(not group.busy for group in exchange.snapshot().groups)
        for peripheral in self.network.network.peripherals.values():
            assert len(peripheral.calling_logic) == 0


def leg(record: SessionRecord, which: str) -> LegRecord:
    (found,) = [one for one in record.legs if one.leg == which]
    return found


@pytest.fixture
def alone() -> Iterator[Scene]:
    scene = Scene(voip_alone())
    yield scene
    scene.at_rest()


@pytest.fixture
def mixed() -> Iterator[Scene]:
    scene = Scene(figure1_with_voip())
    yield scene
    scene.at_rest()


@pytest.mark.row("S2-13")
@pytest.mark.row("S2-114")
def test_the_whole_method_without_any_telephone_network(alone: Scene) -> None:
    network = alone.network.network
    assert not network.nodes
    assert not network.exchanges
    assert not network.switches
    customer, representative = alone.telephone("127.0.0.38"), alone.telephone("127.0.0.56")
    representative.hang_up_after_us = 5 * SECOND_US
    view = alone.call(CUSTOMER, REPRESENTATIVE)
    assert (view.state, view.cause) == ("completed", 16)
    assert customer.happened == ["rings", "answers", "is ended 16"]
    assert representative.happened == ["rings", "answers", "hangs up", "ends"]
    record = alone.record(view.call)
    for which, telephone, number in (
        ("customer", customer, CUSTOMER),
        ("agent", representative, REPRESENTATIVE),
    ):
        found = leg(record, which)
        assert (found.number, found.entity, found.cause) == (number, "ip-76", 16)
        ended = telephone.at_us["is ended 16" if which == "customer" else "hangs up"]
        assert abs(found.talk_us - (ended - telephone.at_us["answers"])) < 20_000
        assert not found.partial
    assert record.complete
    measured = [e for e in alone.network.journal.entries if isinstance(e.entry, LineMeasured)]
    assert len(measured) == 2


def plans(scene: Scene) -> dict[str, str]:
    """The codec planned last for each voice wire."""
    return {wire: plan.codec for _, wire, plan in scene.world.ports.plans}


@pytest.mark.row("S2-38")
@pytest.mark.row("S2-115", part=True)
@pytest.mark.parametrize("door", ["server-72", "ip-76"])
def test_a_customer_by_ip_and_a_representative_by_number(mixed: Scene, door: str) -> None:
    """The customer's telephone speaks A-law, the telephone network µ-law."""
    mixed.network.door = door
    customer = mixed.telephone("127.0.0.38")
    customer.local = msgspec.structs.replace(customer.local, codecs=(PCMA,))
    view = mixed.call(CUSTOMER, NUMBERED_REPRESENTATIVE)
    assert (view.state, view.cause) == ("completed", 16)
    assert set(plans(mixed).values()) == {"PCMA"}
    record = mixed.record(view.call)
    by_ip, by_number = leg(record, "customer"), leg(record, "agent")
    assert (by_ip.entity, by_number.entity) == ("ip-76", "ssp-64")
    assert by_ip.talk_us > by_number.talk_us > 0
    (lived,) = mixed.network.diary.calls(NUMBERED_REPRESENTATIVE)
    assert by_number.talk_us == lived.talk_us
    assert lived.far == "", "a caller without a number is not shown as one"


def test_a_door_takes_addresses_where_what_makes_its_calls_may_call_them(mixed: Scene) -> None:
    """The switch's own board calls numbers alone, and its door says so by field."""
    mixed.network.door = "ssp-62"
    for field, parties in (
        ("/customer_number", (CUSTOMER, NUMBERED_REPRESENTATIVE)),
        ("/representative_number", (NUMBER, REPRESENTATIVE)),
    ):
        refused = mixed.post(*parties)
        assert isinstance(refused.view, ProblemView)
        told = [(fault.pointer, fault.code) for fault in refused.view.errors]
        assert told == [(field, "voice_over_ip")]


@pytest.mark.row("S2-38")
@pytest.mark.row("S2-115", part=True)
def test_a_customer_by_number_and_a_representative_by_ip(mixed: Scene) -> None:
    representative = mixed.telephone("127.0.0.56")
    representative.hang_up_after_us = 6 * SECOND_US
    view = mixed.call(NUMBER, REPRESENTATIVE)
    assert (view.state, view.cause) == ("completed", 16)
    (invited,) = representative.invited
    assert str(invited.request.caller.uri).startswith(f"sip:{NUMBER}@")
    record = mixed.record(view.call)
    assert (leg(record, "customer").entity, leg(record, "agent").entity) == ("ssp-62", "ip-76")


def test_an_address_alone_means_whoever_answers_there(alone: Scene) -> None:
    customer, representative = alone.telephone("127.0.0.38"), alone.telephone("127.0.0.56")
    representative.hang_up_after_us = 6 * SECOND_US
    view = alone.call("127.0.0.38", "sip:127.0.0.56")
    assert view.state == "completed"
    (invited,) = customer.invited
    assert str(invited.request.uri) == "sip:127.0.0.38"
    assert [one.number for one in alone.record(view.call).legs] == ["127.0.0.38", "sip:127.0.0.56"]
    assert str(representative.invited[0].request.caller.uri) == "sip:127.0.0.38"


def test_the_carrier_finds_a_representative_by_ip(alone: Scene) -> None:
    alone.telephone("127.0.0.38")
    alone.telephone("127.0.0.56").hang_up_after_us = 6 * SECOND_US
    assert alone.call(CUSTOMER).state == "completed"


@pytest.mark.parametrize(
    ("status", "state", "cause"),
    [
        (486, "customer_busy", 17),
        (603, "customer_rejected", 21),
        (404, "failed", 1),
        (480, "customer_no_answer", 18),
        (503, "failed", 41),
    ],
)
def test_what_the_telephone_refuses_is_told_by_its_cause(
    alone: Scene, status: int, state: str, cause: int
) -> None:
    alone.telephone("127.0.0.38").refuses = status
    view = alone.call(CUSTOMER, REPRESENTATIVE)
    assert (view.state, view.cause) == (state, cause)
    (only,) = alone.record(view.call).legs
    assert (only.talk_us, only.cause, only.released_by) == (0, cause, "line")


def test_a_telephone_that_does_not_answer_stops_ringing_at_the_limit(alone: Scene) -> None:
    customer = alone.telephone("127.0.0.38")
    customer.answer_after_us = None
    view = alone.call(CUSTOMER, REPRESENTATIVE)
    assert (view.state, view.cause) == ("customer_no_answer", 19)
    assert customer.happened == ["rings", "is ended 19"]
    (only,) = alone.record(view.call).legs
    assert only.ring_us > 29 * SECOND_US


def test_nobody_there(alone: Scene) -> None:
    view = alone.call(CUSTOMER, REPRESENTATIVE)
    assert (view.state, view.cause) == ("failed", 27)


def test_a_representative_who_is_busy_is_followed_by_the_next(alone: Scene) -> None:
    alone.telephone("127.0.0.38")
    alone.telephone("127.0.0.57").refuses = 486
    alone.telephone("127.0.0.56").hang_up_after_us = 6 * SECOND_US
    view = alone.call(CUSTOMER, "sip:other@127.0.0.57")
    assert view.state == "completed"
    record = alone.record(view.call)
    assert [(one.number, one.cause) for one in record.legs if one.leg == "agent"] == [
        ("sip:other@127.0.0.57", 17),
        (REPRESENTATIVE, 16),
    ]


@pytest.mark.parametrize("after_s", [0.5, 1.5, 3, 8])
def test_a_business_may_cancel_whenever(alone: Scene, after_s: float) -> None:
    customer, representative = alone.telephone("127.0.0.38"), alone.telephone("127.0.0.56")
    reply = alone.post(CUSTOMER, REPRESENTATIVE)
    assert isinstance(reply.view, CallAccepted)
    alone.wait_s(after_s)
    (peripheral,) = alone.network.network.peripherals.values()
    assert peripheral.cancel(reply.view.call)
    alone.wait_s(60)
    for telephone in (customer, representative):
        assert not telephone.happened or telephone.happened[-1].startswith("is ended")
    assert all(not one.partial for one in alone.record(reply.view.call).legs)


@pytest.mark.parametrize("after_s", [0.5, 1.5, 3, 8])
def test_a_crash_calls_nobody_again_and_closes_what_was_open(after_s: float) -> None:
    scene = Scene(voip_alone())
    scene.telephone("127.0.0.38")
    scene.telephone("127.0.0.56")
    reply = scene.post(CUSTOMER, REPRESENTATIVE)
    assert isinstance(reply.view, CallAccepted)
    scene.wait_s(after_s)
    before = list(scene.network.journal.entries)
    again = Scene(voip_alone(), entries=before, start_us=scene.clock.now_us() + SECOND_US)
    telephones = [again.telephone("127.0.0.38"), again.telephone("127.0.0.56")]
    again.wait_s(60)
    assert [one.happened for one in telephones] == [[], []]
    view = again.network.server.call(reply.view.call, "abc")
    assert view is not None
    assert (view.state, view.cause) == ("failed", 41)
    again.network.journal.entries[:0] = before
    record = again.record(reply.view.call)
    assert record.legs
    assert all(one.partial and one.times_dialled == 1 for one in record.legs)
    again.at_rest()


def test_seizures_go_on_counting_after_a_restart() -> None:
    scene = Scene(voip_alone())
    scene.telephone("127.0.0.38").refuses = 486
    scene.call(CUSTOMER, REPRESENTATIVE)
    before = list(scene.network.journal.entries)
    again = Scene(voip_alone(), entries=before, start_us=scene.clock.now_us() + SECOND_US)
    assert again.voip().next_seizure() == 2


@pytest.mark.parametrize(
    "address",
    [
        "sip:ann@192.0.2.7",
        "192.0.2.7",
        "sip:ann@elsewhere.example",
        "sip:ann@[::1]",
        "sip:+19005550123@127.0.0.38",
    ],
)
@pytest.mark.parametrize("field", ["customer_number", "representative_number"])
def test_the_door_refuses_hosts_that_are_not_allowed(
    alone: Scene, field: str, address: str
) -> None:
    numbers = {"customer_number": CUSTOMER, "representative_number": REPRESENTATIVE}
    numbers[field] = address
    reply = alone.post(numbers["customer_number"], numbers["representative_number"])
    assert reply.status == 422
    assert isinstance(reply.view, ProblemView)
    assert reply.view.errors is not None
    assert [(one.pointer, one.code) for one in reply.view.errors] == [
        (f"/{field}", "voice_over_ip")
    ]
    assert alone.world.net.passing == []


def test_without_voice_over_ip_nobody_is_called_so() -> None:
    scene = Scene(load_topology())
    reply = scene.post(CUSTOMER, NUMBERED_REPRESENTATIVE)
    assert reply.status == 422
    assert isinstance(reply.view, ProblemView)
    assert reply.view.errors is not None
    assert "not offered" in reply.view.errors[0].detail


class Names:
    """A resolver that answers when it is told to."""

    def __init__(self, addresses: dict[str, list[str]]) -> None:
        self.addresses = addresses
        self.waiting: list[Any] = []
        self.holds = False

    def __call__(self, uri: Any, told: Any) -> None:
        found = [Target(one, uri.port or 5060) for one in self.addresses.get(uri.host, [])]
        if self.holds:
            self.waiting.append(lambda: told(found))
        else:
            told(found)


def named(addresses: dict[str, list[str]]) -> tuple[Scene, Names]:
    """Figure 1 with a name that may be called, and where it leads."""
    names = Names(addresses)
    scene = Scene.__new__(Scene)
    scene.world = SipWorld()

    def ground(clock: Any) -> Any:
        made = scene.world.ground(clock)
        return type(made)(ports=made.ports, transport=made.transport, resolve=names)

    scene.network = VirtualNetwork(figure1_with_voip(), sip=ground, talk_us=5 * SECOND_US)
    scene.clock = scene.network.clock
    scene.wait_s(9)
    return scene, names


@pytest.mark.parametrize("leads_to", ["10.0.0.5", "169.254.169.254", "::1", "0.0.0.0"])
def test_a_name_that_leads_into_a_private_network_is_not_followed(leads_to: str) -> None:
    scene, _ = named({"phones.example": [leads_to]})
    telephone = scene.telephone(leads_to)
    view = scene.call("sip:ann@phones.example", NUMBERED_REPRESENTATIVE)
    assert (view.state, view.cause) == ("failed", 27)
    assert telephone.invited == []
    assert scene.world.net.passing == []
    scene.at_rest()


def test_a_name_is_tried_where_it_leads_one_after_the_other() -> None:
    scene, _ = named({"phones.example": ["10.0.0.5", "93.184.216.34", "127.0.0.38"]})
    broken, telephone = scene.telephone("93.184.216.34"), scene.telephone("127.0.0.38")
    broken.refuses = 503
    assert scene.call("sip:ann@phones.example", NUMBERED_REPRESENTATIVE).state == "completed"
    assert (len(broken.invited), len(telephone.invited)) == (1, 1)
    scene.at_rest()


def test_a_call_that_is_given_up_while_the_name_is_looked_up_rings_nobody() -> None:
    scene, names = named({"phones.example": ["127.0.0.38"]})
    names.holds = True
    telephone = scene.telephone("127.0.0.38")
    reply = scene.post("sip:ann@phones.example", NUMBERED_REPRESENTATIVE)
    assert isinstance(reply.view, CallAccepted)
    scene.wait_s(1)
    assert len(names.waiting) == 1
    scene.network.network.peripherals["ip-76"].cancel(reply.view.call)
    scene.wait_s(20)
    names.waiting.pop()()
    scene.wait_s(20)
    assert telephone.invited == []
    scene.at_rest()


def test_a_name_server_that_never_answers_ends_the_call() -> None:
    scene, names = named({})
    names.holds = True
    view = scene.call("sip:ann@phones.example", NUMBERED_REPRESENTATIVE)
    assert (view.state, view.cause) == ("customer_no_answer", 18)
    assert len(names.waiting) == 1, "a SETUP that is repeated is no second call"
    scene.at_rest()


def test_channels_are_promised_for_both_legs_before_anybody_is_called() -> None:
    topology = voip_alone()
    (peripheral,) = topology.peripherals
    peripheral = msgspec.structs.replace(peripheral, voip_channels=3)
    scene = Scene(msgspec.structs.replace(topology, peripherals=(peripheral,)))
    scene.telephone("127.0.0.38").answer_after_us = None
    other = scene.telephone("127.0.0.39")
    assert scene.post(CUSTOMER, REPRESENTATIVE).status == 202
    scene.wait_s(1)
    view = scene.call("sip:bob@127.0.0.39", REPRESENTATIVE)
    assert (view.state, view.cause) == ("failed", 34)
    assert other.invited == []
    scene.wait_s(60)
    scene.at_rest()


def test_a_voice_process_without_a_free_port_calls_nobody() -> None:
    scene = Scene(voip_alone())
    scene.world.ports.free = 0
    telephone = scene.telephone("127.0.0.38")
    view = scene.call(CUSTOMER, REPRESENTATIVE)
    assert (view.state, view.cause) == ("failed", 47)
    assert telephone.invited == []
    scene.at_rest()


def test_a_long_talk_is_proved_by_heartbeats(alone: Scene) -> None:
    alone.telephone("127.0.0.38")
    alone.telephone("127.0.0.56").hang_up_after_us = 200 * SECOND_US
    view = alone.call(CUSTOMER, REPRESENTATIVE)
    assert view.state == "completed"
    beats = [e for e in alone.network.journal.entries if isinstance(e.entry, LineHeartbeat)]
    assert len(beats) >= 6


def test_a_number_cannot_be_called_where_there_is_no_telephone_network(alone: Scene) -> None:
    view = alone.call(NUMBER, REPRESENTATIVE)
    assert (view.state, view.cause) == ("failed", 28)


def test_every_state_of_a_way_decides_every_input() -> None:
    for state, given in itertools.product(VState, VInput):
        decided = (state, given) in VOIP_TABLE
        assert decided is not (given in VOIP_IGNORED[state]), (state, given)


def test_whoever_calls_the_peripheral_by_sip_is_not_let_in(alone: Scene) -> None:
    stranger = alone.telephone("127.0.0.99")
    stranger.dial("+12125550143", "eve", domain="127.0.0.1")
    alone.wait_s(40)
    assert any(word.startswith("fails 4") for word in stranger.happened), stranger.happened


def test_a_third_party_by_ip_joins_and_leaves(alone: Scene) -> None:
    alone.telephone("127.0.0.38")
    alone.telephone("127.0.0.56").hang_up_after_us = 30 * SECOND_US
    third = alone.telephone("127.0.0.77")
    third.hang_up_after_us = 5 * SECOND_US
    reply = alone.post(CUSTOMER, REPRESENTATIVE)
    assert isinstance(reply.view, CallAccepted)
    call = reply.view.call
    alone.wait_s(12)
    for number in ("sip:cat@127.0.0.77", "sip:cat@192.0.2.7", NUMBER):
        assert alone.network.server.add_party(call, "abc", number)
        alone.wait_s(8)
    view = alone.network.run_to_end(call, "abc", 300 * SECOND_US)
    alone.wait_s(40)
    assert view.state == "completed"
    assert third.happened == ["rings", "answers", "hangs up", "ends"]
    thirds = [one for one in alone.record(call).legs if one.leg == "third"]
    assert [(one.number, one.cause) for one in thirds] == [("sip:cat@127.0.0.77", 16)]
    assert abs(thirds[0].talk_us - 5 * SECOND_US) < 20_000
    page = alone.network.server.events(call, "abc", 0)
    assert page is not None
    failed = [one.cause for one in page.events if (one.leg, one.event) == ("third", "failed")]
    assert failed == [28, 28]


@pytest.mark.parametrize("word", ["SETUP", "INVITE", "RELEASE"])
def test_a_ladder_has_the_lines_and_the_sip_of_a_call(word: str) -> None:
    capture = MemoryCapture()
    scene = Scene(voip_alone(), tap=capture)
    scene.telephone("127.0.0.38")
    scene.telephone("127.0.0.56").hang_up_after_us = 6 * SECOND_US
    view = scene.call(CUSTOMER, REPRESENTATIVE)
    found = ladder(view.call, capture.captures(), scene.network.journal.entries, {})
    text = render_text(found)
    assert text.count(f" {word} ") >= 2
    assert "sip:ann@127.0.0.38" in text


def test_the_pseudo_line_stays_within_the_process() -> None:
    """Where telephones are in another process, no wire leads there for equipment without any."""

    class Far:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"{name}: nothing of the peripheral is elsewhere")

    clock = VirtualClock(0)
    lines = lines_beside(voip_alone(), Far(), clock, NoTap())
    arrived: list[bytes] = []
    lines.serve("ip-76", lambda line, octets: arrived.append(octets))
    lines.plug_in("ip-76", "voip", arrived.append)
    lines.to_telephone("ip-76", "voip", b"down")
    lines.to_switch("ip-76", "voip", b"up")
    clock.advance_us(SECOND_US)
    assert arrived == [b"down", b"up"]
