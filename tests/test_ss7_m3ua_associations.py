"""Processes and gateways over M3UA associations (RFC 4666 §4), on the virtual clock."""

from collections.abc import Callable
from itertools import product

import pytest

from calleq.runtime.clock import VirtualClock
from calleq.ss7.m3ua import asp, codec, server
from calleq.ss7.m3ua import messages as m
from calleq.ss7.m3ua.asp import Asp, AspSettings
from calleq.ss7.m3ua.association import Association
from calleq.ss7.m3ua.gateway import Destination, Gateway
from calleq.ss7.m3ua.server import WAITING_LIMIT, ApplicationServer
from calleq.units import SECOND_US

DELAY_US = 1_000
RELEASE = m.Data(4593, 4609, 5, 2, 1, b"\x11\0\x0c\2\0\2\x83\x90", routing_context=22)


class Cable:
    """Two associations joined; what crosses it is written down as (sender, message)."""

    def __init__(self, clock: VirtualClock, near: Association, far: Association) -> None:
        self.clock = clock
        self.near, self.far = near, far
        self.seen: list[tuple[str, m.Message]] = []
        self.cut = False
        self.mute = False
        """The far end receives nothing any more."""

    def connect(self) -> None:
        self.cut = False
        self.far.connected(self._carry("far", self.near), self.disconnect)
        self.near.connected(self._carry("near", self.far), self.disconnect)

    def disconnect(self) -> None:
        self.cut = True
        self.near.lost()
        self.far.lost()

    def _carry(self, sender: str, receiver: Association) -> Callable[[bytes], None]:
        def write(octets: bytes) -> None:
            self.seen.append((sender, codec.decode(octets)))
            if not (self.mute and sender == "near"):
                self.clock.call_later_us(DELAY_US, arrive, octets)

        def arrive(octets: bytes) -> None:
            if not self.cut:
                receiver.receive(octets)

        return write

    def names(self) -> list[str]:
        return [f"{sender} {type(message).__name__}" for sender, message in self.seen]


class Scene:
    """A gateway with one application server, and as many processes as are asked for."""

    def __init__(self, mode: m.TrafficMode = m.TrafficMode.OVERRIDE, **options: bool) -> None:
        self.clock = VirtualClock()
        self.known: dict[int, Destination] = {}
        self.gateway = Gateway(
            self.clock, lambda code: self.known.get(code, Destination.UNKNOWN), **options
        )
        self.server = ApplicationServer("ssp", 22, 4593, self.clock, traffic_mode=mode)
        self.gateway.add(self.server)
        self.arrived: list[m.Data] = []
        self.flows: list[bool] = []
        self.server.receive = self.arrived.append
        self.server.changed = self.flows.append

    def process(self, settings: AspSettings | None = None) -> Cable:
        settings = settings or AspSettings(routing_contexts=(22,))
        near = Association(self.clock, asp=settings)
        far = Association(self.clock, gateway=self.gateway)
        return Cable(self.clock, near, far)

    def up(self, settings: AspSettings | None = None) -> Cable:
        cable = self.process(settings)
        cable.connect()
        self.clock.advance_us(SECOND_US)
        assert cable.near.asp is not None
        assert cable.near.asp.active
        return cable


def test_every_pair_of_state_and_input_is_decided() -> None:
    assert set(asp.TABLE) == set(product(asp.State, asp.Input))
    assert set(server.TABLE) == set(product(server.State, server.Input))


def test_a_process_comes_up_becomes_active_and_carries_traffic_both_ways() -> None:
    scene = Scene()
    cable = scene.process()
    received: list[m.Data] = []
    cable.near.receive_data = received.append
    cable.connect()
    scene.clock.advance_us(SECOND_US)
    assert cable.names() == [
        "near AspUp",
        "far AspUpAck",
        "far Notify",
        "near AspActive",
        "far AspActiveAck",
        "far Notify",
    ]
    assert cable.near.send_data(RELEASE)
    assert scene.server.transfer(RELEASE)
    scene.clock.advance_us(SECOND_US)
    assert scene.arrived == received == [RELEASE]
    assert scene.flows == [True]


def test_a_process_that_stops_leaves_in_order_and_the_server_waits_for_another() -> None:
    scene = Scene()
    cable = scene.up()
    cable.near.stop()
    scene.clock.advance_us(SECOND_US)
    assert cable.names()[-5:] == [
        "near AspInactive",
        "far AspInactiveAck",
        "far Notify",
        "near AspDown",
        "far AspDownAck",
    ]
    assert scene.server.state is server.State.PENDING
    assert scene.server.transfer(RELEASE)
    scene.clock.advance_us(server.T_R_US)
    assert scene.server.state is server.State.DOWN
    assert scene.server.discarded == 1
    assert scene.flows == [True, False]


def test_messages_wait_while_the_server_is_pending_and_reach_the_one_that_comes_back() -> None:
    scene = Scene()
    cable = scene.up()
    received: list[m.Data] = []
    cable.near.receive_data = received.append
    cable.disconnect()
    numbered = [m.Data(1, 4593, 5, 2, 0, bytes([n]), routing_context=22) for n in range(5)]
    assert all(scene.server.transfer(data) for data in numbered)
    cable.connect()
    scene.clock.advance_us(SECOND_US)
    assert received == numbered
    assert scene.server.discarded == 0


def test_what_waits_is_bounded() -> None:
    scene = Scene()
    scene.up().disconnect()
    sent = sum(scene.server.transfer(RELEASE) for _ in range(WAITING_LIMIT + 3))
    assert sent == WAITING_LIMIT
    assert scene.server.discarded == 3


def test_in_override_the_newcomer_takes_over_and_the_other_stands_by_until_it_is_needed() -> None:
    scene = Scene(m.TrafficMode.OVERRIDE)
    first = scene.up(AspSettings(routing_contexts=(22,), asp_identifier=1))
    second = scene.up(AspSettings(routing_contexts=(22,), asp_identifier=2))
    assert first.near.asp is not None
    assert first.near.asp.state is asp.State.STANDING_BY
    alternate = [one for _, one in first.seen if isinstance(one, m.Notify)][-1]
    assert (alternate.kind, alternate.information, alternate.asp_identifier) == (2, 2, 2)
    second.disconnect()
    scene.clock.advance_us(SECOND_US)
    assert first.near.asp.active
    assert scene.flows == [True, True]


def test_load_is_shared_by_selection_and_each_selection_keeps_its_process() -> None:
    scene = Scene(m.TrafficMode.LOADSHARE)
    cables = [scene.up(), scene.up()]
    got: list[list[int]] = [[], []]
    for cable, selections in zip(cables, got, strict=True):
        cable.near.receive_data = lambda data, into=selections: into.append(data.selection)
    for selection in [*range(16), *range(16)]:
        scene.server.transfer(m.Data(1, 4593, 5, 2, selection, b""))
    scene.clock.advance_us(SECOND_US)
    assert sorted(got[0] + got[1]) == sorted([*range(16), *range(16)])
    assert not set(got[0]) & set(got[1])
    assert len(got[0]) == len(got[1])


def test_broadcast_reaches_every_process() -> None:
    scene = Scene(m.TrafficMode.BROADCAST)
    cables = [scene.up(), scene.up()]
    got: list[m.Data] = []
    for cable in cables:
        cable.near.receive_data = got.append
    scene.server.transfer(RELEASE)
    scene.clock.advance_us(SECOND_US)
    assert got == [RELEASE, RELEASE]


def test_a_routing_key_is_registered_and_gives_its_context() -> None:
    scene = Scene(may_register=True)
    made: list[int] = []
    scene.gateway.on_registered = lambda server: made.append(server.destination)
    cable = scene.up(AspSettings(keys=(m.RoutingKey(1, (4609,)),)))
    assert made == [4609]
    assert cable.near.asp is not None
    (context,) = cable.near.asp.routing_contexts
    assert scene.gateway.servers[context].active
    cable.disconnect()
    assert context not in scene.gateway.servers


@pytest.mark.parametrize(
    ("key", "status"),
    [
        (m.RoutingKey(1, (4593,)), m.Registration.NO_UNIQUE_ROUTING),
        (m.RoutingKey(1, (1, 2)), m.Registration.UNSUPPORTED_FIELD),
        (m.RoutingKey(1, (7,), services=b"\5"), m.Registration.UNSUPPORTED_FIELD),
        (m.RoutingKey(1, (7,), traffic_mode=9), m.Registration.UNSUPPORTED_TRAFFIC_MODE),
        (m.RoutingKey(1, (7,), routing_context=22), m.Registration.CHANGE_REFUSED),
    ],
)
def test_a_key_that_does_not_fit_is_refused_with_its_reason(
    key: m.RoutingKey, status: m.Registration
) -> None:
    scene = Scene(may_register=True)
    cable = scene.process(AspSettings(keys=(key,)))
    cable.connect()
    scene.clock.advance_us(SECOND_US)
    assert cable.near.asp is not None
    assert cable.near.asp.refusal is status
    assert not cable.near.asp.active


def test_registration_is_refused_where_it_is_not_allowed() -> None:
    scene = Scene()
    cable = scene.process(AspSettings(keys=(m.RoutingKey(1, (7,)),)))
    cable.connect()
    scene.clock.advance_us(SECOND_US)
    assert cable.near.asp is not None
    assert cable.near.asp.refusal is m.Registration.PERMISSION_DENIED


def refusals(cable: Cable) -> list[int]:
    return [one.code for _, one in cable.seen if isinstance(one, m.Error)]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (m.AspActive(routing_contexts=(99,)), m.ErrorCode.INVALID_ROUTING_CONTEXT),
        (m.AspInactive((99,)), m.ErrorCode.INVALID_ROUTING_CONTEXT),
        (m.AspActive(9, (22,)), m.ErrorCode.UNSUPPORTED_TRAFFIC_MODE),
        (m.AspUp(), m.ErrorCode.UNEXPECTED_MESSAGE),
        (m.Daud((m.Affected(5),)), m.ErrorCode.DESTINATION_STATUS_UNKNOWN),
        (m.Data(1, 2, 5, 2, 0, b"", routing_context=99), m.ErrorCode.INVALID_ROUTING_CONTEXT),
        (m.AspUpAck(), m.ErrorCode.UNEXPECTED_MESSAGE),
        (m.Duna((m.Affected(5),)), m.ErrorCode.UNEXPECTED_MESSAGE),
    ],
)
def test_what_an_active_process_may_not_send_is_answered_with_err(
    message: m.Message, code: m.ErrorCode
) -> None:
    scene = Scene()
    cable = scene.up()
    cable.near.send(message)
    scene.clock.advance_us(SECOND_US)
    assert refusals(cable) == [code]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (m.AspActive(routing_contexts=(22,)), m.ErrorCode.UNEXPECTED_MESSAGE),
        (m.AspInactive((22,)), m.ErrorCode.UNEXPECTED_MESSAGE),
        (RELEASE, m.ErrorCode.UNEXPECTED_MESSAGE),
        (m.Daud((m.Affected(5),)), m.ErrorCode.UNEXPECTED_MESSAGE),
    ],
)
def test_a_process_that_is_not_up_is_refused(message: m.Message, code: m.ErrorCode) -> None:
    scene = Scene()
    cable = scene.process()
    cable.mute = True
    cable.connect()
    cable.far.receive(codec.encode(message))
    assert refusals(cable) == [code]
    assert scene.arrived == []


def test_an_identifier_in_use_is_refused() -> None:
    scene = Scene()
    scene.up(AspSettings(routing_contexts=(22,), asp_identifier=1))
    twin = scene.process(AspSettings(routing_contexts=(22,), asp_identifier=1))
    twin.connect()
    scene.clock.advance_us(SECOND_US)
    assert refusals(twin)[0] == m.ErrorCode.INVALID_ASP_IDENTIFIER
    assert twin.near.asp is not None
    assert not twin.near.asp.active


def test_octets_that_are_no_message_are_answered_with_err_and_an_err_never_is() -> None:
    scene = Scene()
    cable = scene.up()
    before = len(cable.seen)
    cable.far.receive(bytes.fromhex("0200030300000008"))
    cable.far.receive(bytes.fromhex("010003090000000a0000"))
    cable.far.receive(bytes.fromhex("0100000000000008"))
    answers = [one for _, one in cable.seen[before:]]
    assert [one.code for one in answers if isinstance(one, m.Error)] == [
        m.ErrorCode.INVALID_VERSION,
        m.ErrorCode.UNSUPPORTED_TYPE,
    ]
    assert len(answers) == 2
    assert cable.far.counters.malformed == 3


def test_a_stream_that_cannot_be_followed_is_closed() -> None:
    scene = Scene()
    cable = scene.up()
    cable.far.receive(bytes.fromhex("0100030300000002"))
    assert cable.cut
    assert not cable.far.stands


@pytest.mark.parametrize(
    ("status", "answers"),
    [
        (Destination.AVAILABLE, [m.Dava]),
        (Destination.UNAVAILABLE, [m.Duna]),
        (Destination.RESTRICTED, [m.Drst]),
        (Destination.CONGESTED, [m.Scon, m.Dava]),
    ],
)
def test_an_audit_is_answered_with_what_is_known(status: Destination, answers: list[type]) -> None:
    scene = Scene()
    cable = scene.up()
    scene.known[4609] = status
    heard: list[m.Message] = []
    cable.near.destination = heard.append
    cable.near.send(m.Daud((m.Affected(4609),)))
    scene.clock.advance_us(SECOND_US)
    assert [type(one) for one in heard] == answers


def test_active_processes_hear_of_destinations_and_others_do_not() -> None:
    scene = Scene(m.TrafficMode.OVERRIDE)
    standing_by, active = scene.up(), scene.up()
    heard: list[str] = []
    standing_by.near.destination = lambda one: heard.append("standing by")
    active.near.destination = lambda one: heard.append("active")
    scene.gateway.tell(m.Duna((m.Affected(4609),)))
    scene.clock.advance_us(SECOND_US)
    assert heard == ["active"]


def test_requests_are_repeated_and_a_far_end_that_answers_nothing_is_left() -> None:
    scene = Scene()
    cable = scene.process()
    cable.mute = True
    cable.connect()
    scene.clock.advance_us((asp.REPEATS_LIMIT + 2) * asp.T_ACK_US)
    assert cable.names() == ["near AspUp"] * (1 + asp.REPEATS_LIMIT)
    assert cable.cut


def test_an_answer_to_a_heartbeat_is_not_answered() -> None:
    scene = Scene()
    cable = scene.up()
    before = len(cable.seen)
    cable.near.receive(codec.encode(m.BeatAck(b"1")))
    scene.clock.advance_us(SECOND_US)
    assert len(cable.seen) == before


def test_no_message_is_a_kind_of_another() -> None:
    messages = m.Message.__args__
    assert [
        (one, other)
        for one, other in product(messages, repeat=2)
        if one is not other and issubclass(one, other)
    ] == []


def test_heartbeats_find_a_far_end_that_has_gone() -> None:
    scene = Scene()
    cable = scene.up()
    scene.clock.advance_us(300 * SECOND_US)
    assert not cable.cut
    cable.mute = True
    cable.near.asp = None
    cable.far._write = lambda octets: None
    scene.clock.advance_us(300 * SECOND_US)
    assert cable.cut


def test_an_operator_who_takes_a_process_out_is_asked_again() -> None:
    scene = Scene()
    cable = scene.up()
    cable.far.send(m.AspDownAck())
    scene.clock.advance_us(SECOND_US)
    assert cable.near.asp is not None
    assert not cable.near.asp.active
    scene.clock.advance_us(asp.T_RETRY_US + SECOND_US)
    assert cable.near.asp.active


def test_traffic_that_is_acknowledged_and_then_refused_pauses_and_is_asked_for_again() -> None:
    scene = Scene()
    cable = scene.up()
    heard: list[bool] = []
    cable.near.active = heard.append
    cable.far.send(m.Error(m.ErrorCode.NO_CONFIGURED_AS, (22,)))
    scene.clock.advance_us(SECOND_US)
    assert heard == [False]
    scene.clock.advance_us(asp.T_RETRY_US + SECOND_US)
    assert heard == [False, True]


def test_two_peers_in_double_exchange_carry_traffic_without_a_gateway() -> None:
    """IPSP: each end is process and server to the other (RFC 4666 §5.6.2)."""
    clock = VirtualClock()
    ends = []
    for own, other in ((1, 2), (2, 1)):
        gateway = Gateway(clock, lambda code: Destination.UNKNOWN)
        gateway.add(ApplicationServer("peer", other, other, clock))
        ends.append(Association(clock, asp=AspSettings(routing_contexts=(own,)), gateway=gateway))
    cable = Cable(clock, *ends)
    cable.connect()
    clock.advance_us(SECOND_US)
    got: list[tuple[str, m.Data]] = []
    for name, end in (("near", ends[0]), ("far", ends[1])):
        end.receive_data = lambda data, name=name: got.append((name, data))
        assert end.asp is not None
        assert end.asp.active
    ends[0].send_data(m.Data(1, 2, 5, 2, 0, b"one"))
    ends[1].send_data(m.Data(2, 1, 5, 2, 0, b"other"))
    clock.advance_us(SECOND_US)
    assert [(name, data.payload) for name, data in got] == [("far", b"one"), ("near", b"other")]


def test_a_process_alone_sends_nothing_before_it_is_active() -> None:
    clock = VirtualClock()
    sent: list[m.Message] = []
    process = Asp(AspSettings(), clock, sent.append, lambda flows: None, lambda: None)
    process.stop()
    process.lost()
    assert process.state is asp.State.DOWN
    assert sent == []
