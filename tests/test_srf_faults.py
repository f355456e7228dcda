"""An SCP, a circuit, a peripheral that fails in any state: nobody and nothing is left behind."""

import contextlib
import random
from collections.abc import Callable

import pytest

from calleq.ip_peripheral.assist import ASKING_US, IDLE_US
from calleq.media.numbered import CLOSED, DETECT, MUSIC
from calleq.ss7.inap import arguments as a
from calleq.ss7.inap.codec import encode_argument
from calleq.ss7.inap.contexts import Context
from calleq.ss7.inap.errors import ErrorCode, InapError, OperationError, Version
from calleq.ss7.inap.interaction import CollectedDigits, InbandInfo
from calleq.ss7.inap.operations import Argument, operation_of
from calleq.ss7.inap.values import EventTypeBCSM
from calleq.ss7.isup.messages import Rel
from calleq.ss7.sccp.values import PartyAddress
from calleq.ss7.tcap.components import Invocation, Problem
from calleq.ss7.tcap.contract import TcapError
from calleq.topology import parse_point_code
from calleq.units import MINUTE_US, SECOND_US
from simulator.faults.network import FragileNetwork
from tests.srf_scene import CONFERENCE, A, Assisted, B, SrfScene, collect, play, scene
from tests.ssf_scene import SSN, Dialogue
from tests.test_equipments import made_by
from tests.test_scp_lost import ENOUGH_US, STATES
from tests.virtual import REPRESENTATIVE, VirtualNetwork, number

E = EventTypeBCSM
MENU = "For sales press one."

Stage = Callable[[], tuple[SrfScene, Assisted]]


def with_orders(*orders: Argument, keys: str = "", ends: bool = False) -> Stage:
    def reach() -> tuple[SrfScene, Assisted]:
        network = scene()
        party = network.assisted()
        if ends:
            party.assist.end(*orders)
        elif orders:
            party.say(*orders)
        network.passes(0.5)
        if keys:
            party.presses(keys)
            network.passes(0.5)
        return network, party

    return reach


def talking() -> tuple[SrfScene, Assisted]:
    network = scene()
    party = network.joined(A, "1")
    network.joined(B, "2")
    network.passes(1)
    assert party.hears() == {f"mouth:{B}"}
    return network, party


STAGES: dict[str, Stage] = {
    "asking": with_orders(),
    "announcement": with_orders(play(CLOSED)),
    "music": with_orders(play(MUSIC)),
    "menu": with_orders(collect(4, MENU)),
    "digits": with_orders(collect(4, MENU), keys="12"),
    "judging": with_orders(
        a.PromptAndCollectUserInformation(
            CollectedDigits(1, first_digit_timeout_s=9), True, InbandInfo(DETECT)
        )
    ),
    "nothing ordered": with_orders(a.ActivityTest()),
    "concluding": with_orders(play(CLOSED), ends=True),
    "concluding for ever": with_orders(play(MUSIC), ends=True),
    "talking": talking,
}


def abort(network: SrfScene, party: Assisted) -> None:
    with contextlib.suppress(TcapError):
        party.assist.abort()


def cut(network: SrfScene, party: Assisted) -> None:
    network.stp_fails("scp-82")


def isolate(network: SrfScene, party: Assisted) -> None:
    network.stp_fails("ip-76")


def forget(network: SrfScene, party: Assisted) -> None:
    """The SCP is started anew: it knows nothing of its dialogues."""
    end = network.scp.entity._end
    for number_ in [dialogue.number for dialogue in network.scp.dialogues.values()]:
        with contextlib.suppress(TcapError):
            end._reception.forget(end._table.get(number_))


def hush(network: SrfScene, party: Assisted) -> None:
    """The SCP does not say anything any more."""


def reset(network: SrfScene, party: Assisted) -> None:
    network.network.exchanges["ip-76"].reset("76-62")


def reset_there(network: SrfScene, party: Assisted) -> None:
    network.network.exchanges["ssp-62"].reset("76-62")


def lose(network: SrfScene, party: Assisted) -> None:
    network.network.peripherals["ip-76"].lose_all()


def give_up(network: SrfScene) -> None:
    """What the SCPs did not hear the end of they give up."""
    for point in (network.scp, network.mate):
        for dialogue in point.dialogues.values():
            with contextlib.suppress(TcapError):
                dialogue.abort()


@pytest.mark.parametrize("fault", [abort, cut, isolate, forget, hush, reset, reset_there, lose])
@pytest.mark.parametrize("stage", STAGES)
def test_nothing_is_left_behind(stage: str, fault: Callable[[SrfScene, Assisted], None]) -> None:
    network, party = STAGES[stage]()
    fault(network, party)
    network.passes(90)
    for name in ("scp-82", "ip-76"):
        network.stp_returns(name)
    network.passes(30)
    if fault in (abort, reset, reset_there, lose):
        assert len(network.resource) <= (stage == "talking")
    network.passes(250)
    for telephone in (A, B):
        network.hang_up(telephone)
    network.passes(30)
    give_up(network)
    network.passes(15)
    network.is_over()


def released_with(network: SrfScene) -> list[int]:
    """The causes that the peripheral itself released with."""
    return [
        message.cause.value
        for captured, _, message in network.signalling()
        if isinstance(message, Rel) and captured.sender == "ip-76"
    ]


def test_an_scp_that_never_answers_is_waited_for_so_long_and_the_switch_is_told() -> None:
    network = scene()
    party = network.assisted()
    network.passes(ASKING_US / SECOND_US - 1)
    assert released_with(network) == []
    network.passes(1.5)
    assert released_with(network) == [31]
    party.goes()
    give_up(network)
    network.is_over()


def test_a_party_for_whom_nothing_is_ordered_any_more_is_let_go() -> None:
    network = scene()
    party = network.joined()
    network.passes(IDLE_US / SECOND_US - 2)
    assert len(network.resource) == 1
    network.passes(3)
    assert released_with(network) == [31]
    assert party.assist.over == "abort"
    party.goes()
    network.is_over()


def test_a_party_that_is_talked_to_is_not() -> None:
    network, party = talking()
    network.passes(4 * IDLE_US / SECOND_US)
    assert party.hears() == {f"mouth:{B}"}
    give_up(network)
    network.is_over()


def test_an_scp_that_knows_nothing_of_the_party_has_it_released() -> None:
    network = scene()
    party = network.assisted()
    dialogue = party.assist
    wrong = dialogue.conversation.error(0, OperationError(ErrorCode.MISSING_CUSTOMER_RECORD))
    network.scp.entity.end(dialogue.number, (wrong,))
    network.passes(0.5)
    assert released_with(network) == [31]
    party.goes()
    network.is_over()


def test_an_scp_out_of_reach_is_not_asked_and_the_call_is_not_answered() -> None:
    network = scene()
    leg = network.answered()
    network.stp_fails("scp-84")
    network.passes(1)
    network.sends(leg, "2000421")
    network.passes(0.5)
    assert released_with(network) == [31]
    assert leg.next_error() is ErrorCode.ETC_FAILED
    leg.end()
    network.stp_returns("scp-84")
    network.is_over()


@pytest.mark.parametrize(
    "order",
    [
        a.Continue(),
        a.DisconnectForwardConnection(),
        a.ConnectToResource(),
        a.SpecializedResourceReport(),
        a.ResetTimer(3),
    ],
    ids=lambda order: type(order).__name__,
)
def test_orders_that_are_none_for_a_resource_change_nothing(order: Argument) -> None:
    network = scene()
    party = network.joined()
    with contextlib.suppress(InapError):
        party.say(order)
    party.say(play(CLOSED))
    network.passes(0.5)
    assert len(party.hears()) == 1
    assert set(party.assist.log[2:]) <= {"error UNEXPECTED_COMPONENT_SEQUENCE"}
    give_up(network)
    network.is_over()


def test_what_cannot_be_played_is_an_error_and_the_rest_goes_on() -> None:
    network = scene()
    party = network.assisted()
    party.say(play(999), a.PlayAnnouncement("a display"), play(CLOSED))
    network.passes(0.5)
    assert party.assist.next_error() is ErrorCode.UNAVAILABLE_RESOURCE
    assert party.assist.next_error() is ErrorCode.UNEXPECTED_PARAMETER
    assert len(party.hears()) == 1
    give_up(network)
    network.is_over()


def test_unknown_operations_and_octets_are_rejected() -> None:
    network = scene()
    party = network.joined()
    entity, dialogue = network.scp.entity, party.assist
    wrong = [
        Invocation(entity.free_invoke_id(dialogue.number), 77, b"\x30\x00"),
        Invocation(entity.free_invoke_id(dialogue.number), 47, b"\x02\x01\x05"),
    ]
    entity.continue_(dialogue.number, wrong)
    network.passes(0.5)
    assert dialogue.log[2:] == [
        f"reject {Problem.UNRECOGNIZED_OPERATION:#x}",
        f"reject {Problem.MISTYPED_PARAMETER:#x}",
    ]
    party.goes()
    give_up(network)
    network.is_over()


def test_an_order_that_comes_twice_is_carried_out_once() -> None:
    network = scene()
    party = network.joined()
    (order,) = party.assist.invocations([play(CLOSED)])
    octets: list[tuple[object, ...]] = []
    send = network.scp.sccp.send

    def twice(*arguments: object, **more: object) -> None:
        octets.append(arguments)
        for _ in range(2):
            send(*arguments, **more)  # type: ignore[arg-type]

    network.scp.sccp.send = twice  # type: ignore[assignment]
    network.scp.entity.continue_(party.assist.number, [order])
    network.scp.sccp.send = send  # type: ignore[method-assign]
    network.passes(30)
    assert party.assist.log.count("SpecializedResourceReport") == 1
    party.goes()
    give_up(network)
    network.is_over()


def test_too_many_orders_are_refused() -> None:
    network = scene()
    party = network.joined()
    party.say(*(play(MUSIC) for _ in range(17)))
    network.passes(0.5)
    assert party.assist.next_error() is ErrorCode.UNAVAILABLE_RESOURCE
    give_up(network)
    network.is_over()


def test_a_flood_of_parties_is_bounded() -> None:
    network = scene()
    network.resource._limit = 3
    people = ((A, "1"), (B, "2"), (number("44"), "3"))
    legs = [network.joined(one, place).leg for one, place in people]
    for place, ending in ((4, "05"), (5, "53")):
        legs.append(network.answered(number(ending)))
        network.sends(legs[-1], f"{CONFERENCE}{place}")
        network.passes(0.5)
        assert legs[-1].next_error() is ErrorCode.ETC_FAILED
    assert len(network.resource) == 3
    assert network.resource.refused_floods == 2
    assert released_with(network) == [42, 42]
    for leg in legs:
        leg.end()
    give_up(network)
    network.is_over()


def test_nobody_opens_a_dialogue_with_the_peripheral() -> None:
    network = scene()
    dialogue = Dialogue(network.scp, 0, Context.CS1_IP_TO_SCP.version)
    code = parse_point_code(network.topology.peripherals[0].point_code)
    order = dialogue.conversation.invoke(0, a.ActivityTest())
    dialogue.number = network.scp.entity.begin(
        PartyAddress(SSN, code),
        network.scp.address,
        [order],
        context=Context.CS1_SCP_TO_SSP.identifier,
    )
    network.scp.dialogues[dialogue.number] = dialogue
    network.passes(0.5)
    assert dialogue.over == "abort"
    network.is_over()


@pytest.mark.parametrize("after_s", [0.01, 2, 4.1, 5, 6.5, 8, 9.3, 9.8, 11, 14, 15.5])
def test_the_peripheral_is_started_anew_while_an_scp_makes_a_call(after_s: float) -> None:
    network = FragileNetwork(made_by("scp-2"))
    body = (
        b'{"business_id": "abc", "password": "abc-demo", "customer_number": "%s",'
        b' "representative_number": "%s"}' % (number("00").encode(), REPRESENTATIVE.encode())
    )
    answers: list[object] = []
    network.submit(body, answers.append)
    network.clock.advance_us(round(after_s * SECOND_US))
    network.restart("ip-76", 3 * SECOND_US)
    network.clock.advance_us(400 * SECOND_US)
    for name in ("scp-2", "ip-76", "ssp-62"):
        running = network.running(name)
        assert running is not None
        for control in running.control_points.values():
            assert len(control.calling_logic) == len(control.platform) == 0
        for peripheral in running.peripherals.values():
            assert peripheral.resource is not None
            assert len(peripheral.resource) == peripheral.resource.dialogues == 0
        for switch in running.switches.values():
            assert switch.services is not None
            assert len(switch.services) == 0
        for exchange in running.exchanges.values():
            busy = {group.name: group.busy for group in exchange.snapshot().groups}
            assert busy["76-62"] == 0
    for telephone in (number("00"), REPRESENTATIVE):
        assert network.telephones.telephone(telephone).state.value == "OnHook"


def any_order(draw: random.Random) -> Argument:
    """Whatever an SCP might order."""
    forbidden = draw.random() < 0.8
    orders: list[Argument] = [
        play(draw.choice([MUSIC, CLOSED, "Hello.", 999]), forbidden=forbidden),
        play("Again.", number_of_repetitions=draw.randint(1, 3), interval_s=1),
        play(MUSIC, duration_s=draw.randint(0, 3), report=False),
        collect(draw.randint(1, 3), draw.choice([None, MENU]), first_digit_timeout_s=2),
        collect(4, MENU, interruptable=draw.random() < 0.5, end_of_reply="#", forbidden=forbidden),
        a.PromptAndCollectUserInformation(
            CollectedDigits(1, first_digit_timeout_s=3), forbidden, InbandInfo(DETECT)
        ),
        a.Cancel(draw.choice([None, draw.randint(0, 20)])),
        a.ActivityTest(),
        a.Continue(),
    ]
    return draw.choice(orders)


@pytest.mark.parametrize("seed", range(12))
def test_a_mad_scp_and_parties_that_do_as_they_like(seed: int) -> None:
    draw = random.Random(seed)
    network = scene()
    parties = [network.assisted(one, place) for one, place in ((A, "1"), (B, "2"))]
    for _ in range(draw.randint(5, 30)):
        for party in parties:
            over = party.assist.over
            if not over and draw.random() < 0.7:
                with contextlib.suppress(TcapError):
                    party.say(*(any_order(draw) for _ in range(draw.randint(1, 3))))
            if not over and draw.random() < 0.05:
                with contextlib.suppress(TcapError):
                    draw.choice([party.assist.end, party.assist.abort])()
            if draw.random() < 0.3 and network.state(party.telephone) == "Talking":
                party.presses(draw.choice(["1", "12#", "*", "999"]))
        if draw.random() < 0.05:
            network.hang_up(draw.choice((A, B)))
        network.passes(draw.choice([0.002, 0.05, 0.5, 3, 8]))
    give_up(network)
    network.passes(60)
    for telephone in (A, B):
        network.hang_up(telephone)
    network.passes(5)
    network.is_over()


@pytest.mark.parametrize(("state", "after_s"), STATES, ids=[state for state, _ in STATES])
def test_an_scp_that_bridges_by_the_peripheral_is_lost(state: str, after_s: float) -> None:
    """As `test_scp_lost` has it for the switch's bridge."""
    network = VirtualNetwork(made_by("scp-2"))
    call = network.place(A, REPRESENTATIVE)
    network.clock.advance_us(round(after_s * SECOND_US))
    network.stp_fails("scp-2")
    network.clock.advance_us(ENOUGH_US)
    network.stp_returns("scp-2")
    network.clock.advance_us(MINUTE_US)
    network.assert_at_rest()
    assert network.view(call).final
    for telephone in (A, REPRESENTATIVE):
        for lived in network.calls(telephone):
            assert lived.ended is not None, f"{telephone} in {state}"
        assert network.rings(telephone) <= 1
    assert network.call(number("06"), REPRESENTATIVE).state == "completed"
    network.assert_at_rest()


def damaged(draw: random.Random, octets: bytes) -> bytes:
    """The contents of an element with some octets changed, left out or put in."""
    head = 3 if octets[1] == 0x81 else 2
    contents = bytearray(octets[head:])
    for _ in range(draw.randint(1, 3)):
        place = draw.randrange(len(contents) + 1)
        match draw.randrange(3):
            case 0 if place < len(contents):
                contents[place] = draw.randrange(256)
            case 1 if place < len(contents):
                del contents[place]
            case _:
                contents.insert(place, draw.randrange(256))
    length = bytes((len(contents),)) if len(contents) < 0x80 else bytes((0x81, len(contents)))
    return octets[:1] + length + bytes(contents)


@pytest.mark.parametrize("seed", range(6))
def test_damaged_orders_are_refused_or_carried_out_and_nothing_else(seed: int) -> None:
    draw = random.Random(f"damage {seed}")
    network = scene()
    party = network.joined()
    entity, number_ = network.scp.entity, party.assist.number
    for _ in range(50):
        argument = any_order(draw)
        operation = operation_of(argument)
        octets = encode_argument(argument, Version.CS1)
        if not octets or party.assist.over:
            continue
        with contextlib.suppress(TcapError):
            order = Invocation(
                entity.free_invoke_id(number_),
                int(operation.code),
                damaged(draw, octets),
                operation_class=operation.kind,
                timer_us=10 * SECOND_US,
            )
            entity.continue_(number_, [order])
        network.passes(draw.choice([0.01, 0.2, 2]))
    give_up(network)
    network.passes(40)
    network.hang_up(A)
    network.passes(5)
    network.is_over()
