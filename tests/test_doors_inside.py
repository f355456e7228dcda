"""The firewall of an element with a door of its own: nothing gets past it to the OSN, or from it.

The bus inside, the topology's checks, and what crosses nothing when strangers send.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calleq.accounts.principal import Principal
from calleq.door.replies import Reply
from calleq.journal.entries import Undertaken
from calleq.osn.in_process import InProcessBus
from calleq.osn.inner import InnerBus
from calleq.osn.messages import CallEnded, SetUpCall, SetUpTaken, encode
from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import Segment
from calleq.topology import TopologyError, figure1_path, parse_topology
from calleq.topology_doors import doors_of
from calleq.units import SECOND_US
from tests.door_scenes import ADDRESSES, DOORS, INNER, PERIPHERAL, SWITCH, AtDoor, changed
from tests.doubles import RecordingTap
from tests.virtual import REPRESENTATIVE, number

FORGED = 10_000
CHEAP = 12
"""So many of the kinds of forgery, the first ones, hold no password that is looked at."""
INSIDE = (Segment.OSN, Segment.INSIDE)
CALL = "01KE6P4ZK8CRN1KHA0F770ADTP"
INSTRUCTION = SetUpCall(
    call=CALL,
    business="abc",
    business_name="ABC Company",
    business_number="+12125550140",
    customer=number("00"),
    representative=REPRESENTATIVE,
    representatives=(REPRESENTATIVE,),
    hunt=True,
    dial_first="customer",
    detect_machine=False,
    ring_limit_us=30_000_000,
    answer_to="ssp-62-internet",
)


class Scene:
    """An element, its door and a stranger on the OSN."""

    def __init__(self) -> None:
        self.clock = VirtualClock(0)
        self.tap = RecordingTap()
        self.osn = InProcessBus(self.clock, 500, self.tap)
        self.inner = InnerBus("ssp-62", "ssp-62-internet", self.osn, self.clock, self.tap)
        self.got: list[tuple[str, str, bytes]] = []
        self.inner.attach("ssp-62", self._receiver("ssp-62"))
        self.inner.attach("ssp-62-internet", self._receiver("ssp-62-internet"))
        self.osn.attach("ip-76", self._receiver("ip-76"))

    def _receiver(self, name: str) -> Callable[[str, bytes], None]:
        return lambda sender, octets: self.got.append((name, sender, octets))

    def settle(self) -> list[tuple[str, str, bytes]]:
        self.clock.advance_us(SECOND_US)
        got, self.got = self.got, []
        return got


def test_what_passes_between_an_element_and_its_door_stays_inside() -> None:
    scene = Scene()
    scene.inner.send("ssp-62-internet", "ssp-62", b"there")
    assert scene.got == [], "nobody is re-entered by its own message"
    scene.inner.send("ssp-62", "ssp-62-internet", b"back")
    assert scene.settle() == [
        ("ssp-62", "ssp-62-internet", b"there"),
        ("ssp-62-internet", "ssp-62", b"back"),
    ]
    assert {segment for segment, *_ in scene.tap.seen} == {Segment.INSIDE}


def test_everything_else_crosses_the_osn() -> None:
    scene = Scene()
    scene.inner.send("ssp-62", "ip-76", b"there")
    scene.osn.send("ip-76", "ssp-62", b"back")
    assert scene.settle() == [("ip-76", "ssp-62", b"there"), ("ssp-62", "ip-76", b"back")]
    assert {segment for segment, *_ in scene.tap.seen} == {Segment.OSN}


@pytest.mark.row("S2-107", part=True)
def test_a_door_reaches_its_own_element_and_nobody_on_the_osn() -> None:
    scene = Scene()
    for receiver in ("ip-76", "server-72", "ssp-62-internet", ""):
        scene.inner.send("ssp-62-internet", receiver, b"x")
    assert scene.settle() == []
    assert scene.tap.seen == []
    assert scene.inner.stopped == 4


@pytest.mark.row("S2-107", part=True)
def test_nobody_on_the_osn_is_taken_for_the_door_nor_reaches_it() -> None:
    scene = Scene()
    scene.osn.send("ssp-62-internet", "ssp-62", encode(INSTRUCTION))
    scene.osn.send("ip-76", "ssp-62-internet", b"x")
    assert scene.settle() == []
    assert scene.inner.stopped == 1


def test_only_an_element_and_its_door_are_attached_and_once() -> None:
    scene = Scene()
    for name in ("ip-76", "ssp-62", "ssp-62-internet"):
        with pytest.raises(ValueError, match=name):
            scene.inner.attach(name, lambda sender, octets: None)


@pytest.mark.row("S2-107", part=True)
@pytest.mark.parametrize("element", [PERIPHERAL, SWITCH])
def test_an_instruction_in_the_doors_name_on_the_osn_makes_no_call(element: str) -> None:
    network = AtDoor(element)
    octets = encode(INSTRUCTION)
    osn = network.bus
    osn.send(INNER[element], element, octets)
    osn.send("somebody", INNER[element], encode(SetUpTaken(CALL, "somebody")))
    osn.send("somebody", INNER[element], encode(CallEnded(CALL, "completed", 16, 0)))
    network.clock.advance_us(60 * SECOND_US)
    assert network.of(Undertaken) == []
    assert network.rings(number("00")) == 0


# Strangers.


def forgeries(element: str) -> list[tuple[bytes, int, Principal | None]]:
    """One message of each kind that must not get in, with what stands beside it."""
    address = ADDRESSES[element]
    eight: dict[str, Any] = {
        "equipment_address": address,
        "business_id": "abc",
        "password": "abc-demo",
        "customer_number": number("00"),
        "representative_number": REPRESENTATIVE,
    }
    nine = {
        "equipment_address": address,
        "business_id": "abc",
        "customer_number": number("00"),
    }
    stranger = Principal("page", "page_token", "xyz", visitor="v", origin="https://evil.example")
    found: list[tuple[bytes, int, Principal | None]] = [
        (b"", 8, None),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 8, None),
        (encode(INSTRUCTION), 8, None),
        (encode(INSTRUCTION), 9, None),
        (b"[" * 4_000, 9, None),
        (json.dumps(nine).encode(), 9, None),
        (json.dumps(nine).encode(), 9, stranger),
        (json.dumps({**nine, "business_id": "nobody"}).encode(), 9, stranger),
        (json.dumps({**eight, "kind": "set_up_call"}).encode(), 8, None),
    ]
    for change in (
        {"password": None},
        {"equipment_address": "elsewhere.example"},
        {"customer_number": "911"},
        {"password": "guess"},
        {"business_id": "nobody"},
        {"business_id": "xyz"},
    ):
        found.append((json.dumps({**eight, **change}).encode(), 8, None))
    return found


@pytest.mark.row("S2-103", part=True)
@pytest.mark.row("S2-107", part=True)
@pytest.mark.parametrize("element", DOORS)
def test_ten_thousand_forged_messages_leave_nothing_inside(element: str) -> None:
    network = AtDoor(element)
    kinds = forgeries(element)
    answers: list[Reply] = []
    for turn in range(FORGED):
        # Guessed passwords first, and few: each costs what argon2id is there to cost.
        body, figure, principal = kinds[turn % (len(kinds) if turn < 32 else CHEAP)]
        peer = f"198.51.100.{turn % 16}"
        network.server.submit(
            body,
            {},
            peer,
            answers.append,
            figure=figure,  # type: ignore[arg-type]
            principal=principal,
        )
        if turn % 100 == 0:
            network.clock.advance_us(1_000)
    network.clock.advance_us(120 * SECOND_US)
    assert len(answers) == FORGED
    assert all(400 <= reply.status < 500 or reply.status == 503 for reply in answers)
    assert network.captured(*INSIDE) == []
    assert network.captured(Segment.CIRCUIT) == []
    assert network.signalling() == []
    call = network.ask_to_end(representative="sales")
    assert network.view(call).state == "completed"
    assert network.captured(*INSIDE) != []


@pytest.mark.row("S2-104", part=True)
@pytest.mark.parametrize("element", DOORS)
def test_strangers_hear_one_reason_at_every_door_and_the_journal_has_the_true_one(
    element: str,
) -> None:
    """No subscriber, a wrong password, suspended; then the good one is let in."""
    network = AtDoor(element, changed("xyz", active=False))
    told = []
    for business, password in (("nobody", "x"), ("abc", "guess"), ("xyz", "xyz-demo")):
        body = {
            "business_id": business,
            "password": password,
            "customer_number": number("00"),
            "representative_number": REPRESENTATIVE,
        }
        told.append(network.post(body))
    assert told[0].status == 401
    assert told[0] == told[1] == told[2]
    reasons = [(entry.door, entry.reason) for entry in network.refusals()]
    name = INNER.get(element, element)
    assert reasons == [
        (name, reason) for reason in ("unknown_business", "bad_password", "suspended")
    ]
    assert network.captured(*INSIDE) == []
    assert network.call(number("00"), REPRESENTATIVE).state == "completed"


@pytest.mark.row("S2-107", part=True)
@given(
    st.binary(max_size=300)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["business_id", "customer_number", "password", "kind", "call"])
                | st.text(max_size=8),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode())
)
@settings(max_examples=150, deadline=None)
def test_no_octets_whatever_get_in(octets: bytes) -> None:
    network = _shared()
    for element in DOORS:
        network.use(element)
        for figure in (8, 9):
            assert network.answered(octets, figure).status >= 400
    assert network.captured(*INSIDE) == []


_made: list[AtDoor] = []


def _shared() -> AtDoor:
    if not _made:
        _made.append(AtDoor(SWITCH))
    return _made[0]


# The topology.


def wrong(change: Callable[[str], str]) -> str:
    with pytest.raises(TopologyError) as error:
        parse_topology(change(figure1_path().read_text("utf-8")), "network")
    return str(error.value)


def test_the_doors_of_figure_1() -> None:
    topology = parse_topology(figure1_path().read_text("utf-8"), "network")
    told = [(d.element, d.equipment_address, d.listen, d.is_inner) for d in doors_of(topology)]
    assert told == [
        ("server-72", "server-72.calleq.example", "127.0.0.1:8072", False),
        ("ip-76", "ip-76.calleq.example", "127.0.0.1:8076", True),
        ("ssp-62", "ssp-62.calleq.example", "127.0.0.1:8062", True),
    ]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        (
            'equipment_address = "ip-76.calleq.example"',
            'equipment_address = "Server-72.calleq.example."',
            "peripherals[0].internet.equipment_address",
        ),
        (
            'equipment_address = "ssp-62.calleq.example"',
            'equipment_address = ""',
            "switches[0].internet.equipment_address",
        ),
        (
            'listen = "127.0.0.1:8062"',
            'listen = "8062"',
            "switches[0].internet.listen",
        ),
        (
            'prefixes = ["+1212555010", "+12125550110"]',
            'prefixes = ["+1212555010", "+12125550110"]\nboard = 0',
            "switches[0].internet",
        ),
        (
            'listen = "127.0.0.1:8062"\nequip',
            'listen = "127.0.0.1:8062"\nname = "x"\nequip',
            "switches[0].internet.name",
        ),
    ],
)
def test_a_door_that_does_not_fit_is_named(old: str, new: str, key: str) -> None:
    assert key in wrong(lambda text: text.replace(old, new, 1))


def test_no_element_may_be_called_as_a_door_is() -> None:
    told = wrong(lambda text: text.replace("scp-2", "ip-76-internet"))
    assert "peripherals[0].internet: its door is called 'ip-76-internet'" in told
