"""What each telephone does with a call, to the microsecond, on the virtual clock.

The switch's side is scripted: it speaks real octets over the line plant and decides nothing. What
arrives at a telephone's ear is told to it by an ear that the test moves.
"""

import itertools
from collections.abc import Callable

import msgspec
import pytest

from calleq.lines.messages import (
    Alerting,
    Connect,
    Disconnect,
    LineMessage,
    Release,
    ReleaseComplete,
    Setup,
)
from calleq.lines.plants import InProcessLines
from calleq.lines.q931 import decode, encode
from calleq.lines.radio import is_radio
from calleq.media.contract import Player, Prompt, Verdict
from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap
from calleq.telephones.diary import Diary, Event, fold_calls, read_diary
from calleq.telephones.house import REDIAL_LONGEST_US, REDIAL_TRIES, TelephoneError, Telephones
from calleq.telephones.table import TABLE, Input, State
from calleq.telephones.telephone import Telephone
from calleq.topology import home_switch, load_topology

PERSON = "+12125550100"
BUSY = "+12125550101"
SILENT = "+12125550102"
MACHINE = "+12125550104"
HANGS_UP = "+12125550105"
SLOW = "+12125550106"
REJECTS = "+12125550107"
FAX = "+12125550109"
DIAL_UP = "+12125550110"
REPRESENTATIVE = "+12125550143"
ISP = "+12125550190"
ABC = "+12125550140"

SECOND = 1_000_000
ANNOUNCEMENT = "speech:Please hold while we connect you to an ABC Company representative."


class Ears:
    """A voice plane that keeps what telephones do and lets the test say what they hear."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.done: list[tuple[object, ...]] = []
        self.listeners: dict[str, Callable[[frozenset[str]], object]] = {}

    def feed(self, element: str, wire: str, sources: tuple[str, ...]) -> None:
        self.done.append(("feed", wire, sources))

    def play(self, element: str, player: str, prompt: Prompt, report: Player) -> None:
        self.done.append(("play", player, prompt.kind, prompt.text))

    def stop(self, element: str, player: str) -> None:
        self.done.append(("stop", player))

    def detect(
        self, element: str, wire: str, limit_us: int, verdict: Callable[[Verdict], object]
    ) -> None:
        raise AssertionError("telephones detect nothing")

    def hear(self, element: str, wire: str, heard: Callable[[frozenset[str]], object]) -> None:
        assert element == "telephones"
        assert wire not in self.listeners
        self.listeners[wire] = heard
        heard(frozenset())

    def sound(self, number: str, *voices: str) -> None:
        self.listeners[f"line:{number}"](frozenset(voices))


class Scene:
    """The telephones of figure 1 and a switch that a test speaks for."""

    def __init__(self, *, online: bool = True) -> None:
        """`online`: the data call of the dial-up line is through already."""
        self.clock = VirtualClock(1_700_000_000 * SECOND)
        self.plant = InProcessLines(self.clock, 0, NoTap())
        self.voice = Ears(self.clock)
        self.diary = Diary(self.clock)
        self.topology = load_topology()
        self.telephones = Telephones(self.topology, self.plant, self.voice, self.clock, self.diary)
        self.said: list[tuple[int, str, LineMessage]] = []
        self.numbers = itertools.cycle(range(64, 128))
        for switch in self.topology.switches:
            self.plant.serve(switch.name, self.heard_by_switch)
        self.telephones.start()
        if online:
            self.clock.advance_us(0)
            self.switch_says(DIAL_UP, Connect(1, True))
            self.said.clear()
            self.voice.done.clear()

    def heard_by_switch(self, line: str, octets: bytes) -> None:
        if not is_radio(octets):  # where a mobile telephone is, its switch's tests ask
            self.said.append((self.clock.monotonic_us(), line, decode(octets)))

    def switch_says(self, line: str, message: LineMessage) -> None:
        switch = home_switch(self.topology, line)
        assert switch is not None
        self.plant.to_telephone(switch, line, encode(message))
        self.clock.advance_us(0)

    def offer(self, line: str, calling: str = ABC) -> int:
        reference = next(self.numbers)
        self.said.clear()
        self.switch_says(line, Setup(reference, line, calling))
        return reference

    def wait(self, seconds: float) -> None:
        self.clock.advance_us(round(seconds * SECOND))

    def messages(self, line: str) -> list[tuple[float, LineMessage]]:
        """What a telephone said since the last offer, each with its second."""
        return [(at_us / SECOND, message) for at_us, of, message in self.said if of == line]

    def kinds(self, line: str) -> list[type[LineMessage]]:
        return [type(message) for _, message in self.messages(line)]

    def noted(self, line: str) -> list[tuple[float, str, str, int]]:
        return [
            (entry.monotonic_us / SECOND, entry.event.value, entry.detail, entry.cause)
            for entry in self.diary.entries(line)
        ]

    def spoken(self, line: str) -> list[str]:
        return [entry.detail for entry in self.diary.entries(line) if entry.event is Event.SAYS]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_person_answers_talks_and_hangs_up(scene: Scene) -> None:
    reference = scene.offer(PERSON)
    scene.wait(4)
    scene.voice.sound(PERSON, ANNOUNCEMENT)
    scene.wait(6)
    scene.voice.sound(PERSON, "music")
    scene.wait(3)
    scene.voice.sound(PERSON, f"mouth:{REPRESENTATIVE}")
    scene.wait(5)
    scene.switch_says(PERSON, Release(reference, 16))
    assert scene.messages(PERSON) == [
        (0.0, Alerting(reference, True)),
        (4.0, Connect(reference, True)),
        (18.0, Disconnect(reference, 16, True)),
        (18.0, ReleaseComplete(reference, 16, True)),
    ]
    assert scene.noted(PERSON) == [
        (0.0, "rings", ABC, 0),
        (4.0, "answers", "", 0),
        (4.0, "says", "hello", 0),
        (4.0, "hears", ANNOUNCEMENT, 0),
        (10.0, "hears", "music", 0),
        (13.0, "hears", f"mouth:{REPRESENTATIVE}", 0),
        (13.0, "says", "talk", 0),
        (18.0, "hangs_up", "", 16),
    ]
    mouth = f"{PERSON}/mouth"
    assert scene.voice.done == [
        ("feed", f"line:{PERSON}", (f"player:{mouth}",)),
        ("play", mouth, "mouth", "hello"),
        ("play", mouth, "mouth", "talk"),
        ("stop", mouth),
        ("feed", f"line:{PERSON}", ()),
    ]
    (call,) = scene.diary.calls(PERSON)
    assert (call.rang, call.is_outgoing, call.far) == (True, False, ABC)
    assert (call.ring_us, call.talk_us) == (4 * SECOND, 14 * SECOND)
    assert scene.telephones.telephone(PERSON).state is State.ON_HOOK
    assert scene.clock.next_due_us() is None


def test_the_talk_time_can_be_changed(scene: Scene) -> None:
    scene.telephones.set_talk_us(90 * SECOND)
    scene.offer(REPRESENTATIVE, PERSON)
    scene.wait(4)
    scene.voice.sound(REPRESENTATIVE, f"mouth:{PERSON}")
    scene.wait(89.999999)
    assert scene.kinds(REPRESENTATIVE) == [Alerting, Connect]
    scene.wait(0.000001)
    assert scene.kinds(REPRESENTATIVE) == [Alerting, Connect, Disconnect]


def test_a_person_does_not_mistake_an_echo_for_another(scene: Scene) -> None:
    scene.offer(PERSON)
    scene.wait(4)
    scene.voice.sound(PERSON, "music", f"mouth:{PERSON}")
    scene.wait(600)
    assert scene.spoken(PERSON) == ["hello"]
    assert scene.telephones.telephone(PERSON).state is State.TALKING


def test_two_who_wait_for_each_other_say_hello_when_the_music_ends(scene: Scene) -> None:
    scene.offer(PERSON)
    scene.wait(4)
    scene.voice.sound(PERSON, "music")
    scene.wait(10)
    scene.voice.sound(PERSON)
    assert scene.spoken(PERSON) == ["hello", "hello"]
    scene.wait(4)
    assert scene.spoken(PERSON) == ["hello", "hello", "hello"]
    scene.voice.sound(PERSON, f"mouth:{REPRESENTATIVE}")
    scene.wait(5)
    assert scene.spoken(PERSON)[-1] == "talk"
    assert scene.noted(PERSON)[-1] == (23.0, "hangs_up", "", 16)


def test_a_person_who_never_hears_anything_hangs_up(scene: Scene) -> None:
    scene.offer(PERSON)
    scene.wait(4 + 4 * 11)
    assert scene.spoken(PERSON) == ["hello"] * 11
    assert scene.noted(PERSON)[-1] == (48.0, "hangs_up", "", 16)


def test_a_person_who_hears_nothing_but_busy_tone_hangs_up(scene: Scene) -> None:
    scene.offer(PERSON)
    scene.wait(4)
    scene.voice.sound(PERSON, f"mouth:{REPRESENTATIVE}")
    scene.wait(1)
    scene.voice.sound(PERSON, "tone:congestion")
    scene.wait(2)
    assert scene.noted(PERSON)[-1] == (7.0, "hangs_up", "", 16)


def test_a_tone_that_goes_away_is_forgiven(scene: Scene) -> None:
    scene.offer(PERSON)
    scene.wait(4)
    scene.voice.sound(PERSON, "tone:busy")
    scene.wait(1.999)
    scene.voice.sound(PERSON, "music")
    scene.wait(100)
    assert scene.telephones.telephone(PERSON).state is State.TALKING


@pytest.mark.parametrize("ending", [Disconnect, Release, ReleaseComplete])
def test_a_person_whose_call_is_ended_is_off_the_line_at_once(
    scene: Scene, ending: type[Disconnect | Release | ReleaseComplete]
) -> None:
    reference = scene.offer(PERSON)
    scene.wait(5)
    scene.switch_says(PERSON, ending(reference, 16))
    answers = {
        Disconnect: [Alerting, Connect, Release],
        Release: [Alerting, Connect, ReleaseComplete],
        ReleaseComplete: [Alerting, Connect],
    }
    assert scene.kinds(PERSON) == answers[ending]
    assert scene.noted(PERSON)[-1] == (5.0, "released", "", 16)
    assert scene.voice.done[-1] == ("feed", f"line:{PERSON}", ())
    if ending is Disconnect:
        scene.switch_says(PERSON, ReleaseComplete(reference, 16))
    assert scene.clock.next_due_us() is None


def test_a_caller_who_gives_up_stops_the_ringing(scene: Scene) -> None:
    reference = scene.offer(REPRESENTATIVE, PERSON)
    scene.wait(3.9)
    scene.switch_says(REPRESENTATIVE, Disconnect(reference, 16))
    scene.switch_says(REPRESENTATIVE, ReleaseComplete(reference, 16))
    assert scene.kinds(REPRESENTATIVE) == [Alerting, Release]
    assert scene.noted(REPRESENTATIVE) == [
        (0.0, "rings", PERSON, 0),
        (3.9, "stops_ringing", "", 16),
    ]
    assert scene.clock.next_due_us() is None
    assert scene.voice.done == []


def test_busy_is_in_use_from_the_start_and_does_not_ring(scene: Scene) -> None:
    reference = scene.offer(BUSY)
    assert scene.messages(BUSY) == [(0.0, ReleaseComplete(reference, 17, True))]
    assert scene.noted(BUSY) == [(0.0, "refuses", ABC, 17)]
    (call,) = scene.diary.calls(BUSY)
    assert (call.rang, call.talk_us) == (False, 0)


def test_silent_rings_for_ever(scene: Scene) -> None:
    scene.offer(SILENT)
    scene.wait(3_600)
    assert scene.kinds(SILENT) == [Alerting]
    assert scene.diary.events(SILENT) == ["rings"]


def test_a_machine_greets_and_leaves_after_20_s(scene: Scene) -> None:
    scene.offer(MACHINE)
    scene.wait(4)
    scene.voice.sound(MACHINE, f"mouth:{PERSON}")
    scene.wait(20)
    assert scene.spoken(MACHINE) == ["greeting"]
    assert [at for at, _ in scene.messages(MACHINE)] == [0.0, 4.0, 24.0]
    assert scene.kinds(MACHINE) == [Alerting, Connect, Disconnect]


def test_a_fax_whistles_until_t1(scene: Scene) -> None:
    scene.offer(FAX)
    scene.wait(39)
    assert scene.spoken(FAX) == ["fax"]
    assert [at for at, _ in scene.messages(FAX)] == [0.0, 4.0, 39.0]


def test_hangs_up_3_s_into_the_announcement(scene: Scene) -> None:
    scene.offer(HANGS_UP)
    scene.wait(4.5)
    scene.voice.sound(HANGS_UP, ANNOUNCEMENT)
    scene.wait(3)
    assert scene.noted(HANGS_UP)[-1] == (7.5, "hangs_up", "", 16)


def test_slow_answers_after_25_s(scene: Scene) -> None:
    scene.offer(SLOW)
    scene.wait(25)
    assert [at for at, _ in scene.messages(SLOW)] == [0.0, 25.0]
    assert scene.kinds(SLOW) == [Alerting, Connect]


def test_rejects_at_once(scene: Scene) -> None:
    reference = scene.offer(REJECTS)
    assert scene.messages(REJECTS) == [(0.0, ReleaseComplete(reference, 21, True))]
    assert scene.noted(REJECTS) == [(0.0, "refuses", ABC, 21)]


def test_a_second_call_is_refused_and_the_first_goes_on(scene: Scene) -> None:
    first = scene.offer(PERSON)
    scene.wait(1)
    second = scene.offer(PERSON, REPRESENTATIVE)
    assert scene.messages(PERSON) == [(1.0, ReleaseComplete(second, 17, True))]
    scene.switch_says(PERSON, Setup(first, PERSON, ABC))
    scene.wait(3)
    assert scene.messages(PERSON)[1:] == [(4.0, Connect(first, True))]
    calls = scene.diary.calls(PERSON)
    assert [(call.far, call.began.event) for call in calls] == [
        (REPRESENTATIVE, Event.REFUSES),
        (ABC, Event.RINGS),
    ]


def test_a_dial_up_line_is_busy_because_its_computer_is_on_line() -> None:
    scene = Scene(online=False)
    scene.clock.advance_us(0)
    setup = scene.messages(DIAL_UP)[0][1]
    assert setup == Setup(1, ISP, DIAL_UP)
    scene.switch_says(DIAL_UP, Connect(1, True))
    assert scene.telephones.are_computers_online
    reference = scene.offer(DIAL_UP)
    assert scene.messages(DIAL_UP) == [(0.0, ReleaseComplete(reference, 17, True))]
    scene.wait(3_600)
    assert scene.telephones.are_computers_online
    assert scene.spoken(DIAL_UP) == ["tone 1270"]


def test_a_computer_dials_again_but_not_for_ever() -> None:
    scene = Scene(online=False)
    dialled = 0
    for _ in range(REDIAL_TRIES + 5):
        scene.clock.advance_us(REDIAL_LONGEST_US)
        pending = [message for _, message in scene.messages(DIAL_UP)]
        scene.said.clear()
        for message in pending:
            if isinstance(message, Setup):
                dialled += 1
                scene.switch_says(DIAL_UP, ReleaseComplete(message.reference, 34, True))
    assert dialled == REDIAL_TRIES
    assert not scene.telephones.are_computers_online
    assert scene.clock.next_due_us() is None
    scene.offer(DIAL_UP)
    assert scene.kinds(DIAL_UP) == [Alerting]


def test_a_computer_that_was_on_line_has_all_its_tries_again() -> None:
    scene = Scene(online=False)
    for reference in range(1, REDIAL_TRIES):
        scene.switch_says(DIAL_UP, ReleaseComplete(reference, 34, True))
        scene.clock.advance_us(REDIAL_LONGEST_US)
    scene.switch_says(DIAL_UP, Connect(REDIAL_TRIES, True))
    scene.switch_says(DIAL_UP, Release(REDIAL_TRIES, 16, True))
    scene.wait(1)
    scene.switch_says(DIAL_UP, ReleaseComplete(REDIAL_TRIES + 1, 34, True))
    scene.wait(2)
    assert scene.telephones.telephone(DIAL_UP).state is State.DIALING


def test_a_telephone_dials_hears_ringing_talks_and_hangs_up(scene: Scene) -> None:
    scene.telephones.dial(PERSON, "+1 212 555 0143")
    scene.wait(1)
    scene.switch_says(PERSON, Alerting(1, True))
    scene.voice.sound(PERSON, "tone:ringback")
    scene.wait(4)
    scene.switch_says(PERSON, Connect(1, True))
    scene.voice.sound(PERSON, f"mouth:{REPRESENTATIVE}")
    scene.wait(5)
    assert scene.messages(PERSON) == [
        (0.0, Setup(1, REPRESENTATIVE, PERSON)),
        (10.0, Disconnect(1, 16)),
    ]
    assert scene.diary.events(PERSON) == [
        "dials",
        "far_end_rings",
        "hears",
        "far_end_answers",
        "says",
        "hears",
        "says",
        "hangs_up",
    ]
    (call,) = scene.diary.calls(PERSON)
    assert (call.is_outgoing, call.far, call.ring_us, call.talk_us) == (
        True,
        REPRESENTATIVE,
        5 * SECOND,
        5 * SECOND,
    )


def test_a_caller_listens_to_the_busy_tone_for_2_s(scene: Scene) -> None:
    scene.telephones.dial(PERSON, REPRESENTATIVE)
    scene.clock.advance_us(0)
    scene.switch_says(PERSON, Disconnect(1, 17, True))
    scene.voice.sound(PERSON, "tone:busy")
    scene.wait(2)
    scene.switch_says(PERSON, ReleaseComplete(1, 17, True))
    assert scene.messages(PERSON)[1:] == [(2.0, Release(1, 16))]
    assert scene.noted(PERSON)[1:] == [
        (0.0, "released", "", 17),
        (0.0, "hears", "tone:busy", 0),
        (2.0, "hangs_up", "", 16),
    ]
    (call,) = scene.diary.calls(PERSON)
    assert call.ended is not None
    assert call.ended.cause == 17


def test_a_caller_gives_up_after_a_minute_and_a_silent_switch_ends_by_timers(scene: Scene) -> None:
    scene.telephones.dial(PERSON, REPRESENTATIVE)
    scene.wait(600)
    assert scene.messages(PERSON) == [
        (0.0, Setup(1, REPRESENTATIVE, PERSON)),
        (60.0, Disconnect(1, 16)),
        (90.0, Release(1, 16)),
        (94.0, Release(1, 16)),
    ]
    assert scene.telephones.telephone(PERSON).state is State.ON_HOOK


def test_both_ends_hang_up_at_once(scene: Scene) -> None:
    reference = scene.offer(PERSON)
    scene.wait(4)
    scene.telephones.hang_up(PERSON)
    scene.switch_says(PERSON, Disconnect(reference, 16))
    scene.switch_says(PERSON, Release(reference, 16))
    assert scene.kinds(PERSON) == [Alerting, Connect, Disconnect, Release]
    assert scene.diary.events(PERSON)[-2:] == ["hangs_up", "crossed"]
    assert scene.clock.next_due_us() is None


def test_hanging_up_a_ringing_telephone_turns_the_call_away(scene: Scene) -> None:
    reference = scene.offer(PERSON)
    scene.telephones.hang_up(PERSON)
    scene.clock.advance_us(0)
    assert scene.messages(PERSON)[1:] == [(0.0, Disconnect(reference, 21, True))]
    assert scene.diary.events(PERSON) == ["rings", "declines"]


def test_freeing_a_busy_telephone_makes_it_an_ordinary_one(scene: Scene) -> None:
    scene.telephones.hang_up(BUSY)
    scene.offer(BUSY)
    scene.wait(4)
    assert scene.kinds(BUSY) == [Alerting, Connect]


def test_saying_a_tone(scene: Scene) -> None:
    scene.offer(PERSON)
    scene.wait(4)
    scene.telephones.say_tone(PERSON, 1_004, 2.5)
    assert scene.voice.done[-1] == ("play", f"{PERSON}/mouth", "tone", "1004")


def test_what_telephones_refuse(scene: Scene) -> None:
    refusals = [
        (lambda: scene.telephones.dial("+12125550199", PERSON), "unknown_telephone"),
        (lambda: scene.telephones.dial(PERSON, "0143"), "invalid_number"),
        (lambda: scene.telephones.dial(BUSY, PERSON), "telephone_in_use"),
        (lambda: scene.telephones.hang_up(PERSON), "not_in_a_call"),
        (lambda: scene.telephones.say_tone(PERSON, 1_000, 1), "not_in_a_call"),
        (lambda: scene.telephones.say_tone(PERSON, 9_000, 1), "invalid_value"),
        (lambda: scene.telephones.say_tone(PERSON, 1_000, 0), "invalid_value"),
        (lambda: scene.telephones.set_talk_us(-1), "invalid_value"),
    ]
    for act, code in refusals:
        with pytest.raises(TelephoneError) as refused:
            act()
        assert refused.value.code == code


def test_a_lost_line_ends_what_went_on_and_only_there(scene: Scene) -> None:
    scene.offer(PERSON)
    scene.offer(REPRESENTATIVE, PERSON)
    scene.wait(2)
    scene.offer(SILENT)
    scene.wait(2)
    scene.telephones.lines_lost("ssp-62")
    assert scene.diary.events(PERSON)[-1] == "line_lost"
    assert scene.diary.events(SILENT)[-1] == "line_lost"
    assert scene.telephones.telephone(REPRESENTATIVE).state is State.TALKING
    assert scene.telephones.telephone(PERSON).state is State.ON_HOOK


def test_octets_that_are_no_message_are_counted_and_the_next_call_rings(scene: Scene) -> None:
    scene.plant.to_telephone("ssp-62", PERSON, b"\x08\x01")
    scene.plant.to_telephone("ssp-62", PERSON, encode(Connect(99)))
    scene.clock.advance_us(0)
    assert scene.telephones.malformed == 1
    assert scene.messages(PERSON) == [(0.0, ReleaseComplete(99, 81, True))]
    scene.offer(PERSON)
    assert scene.kinds(PERSON) == [Alerting]


def test_a_line_with_an_unknown_behaviour_is_no_load_topology() -> None:
    scene = Scene()
    odd = msgspec.structs.replace(scene.topology.lines[0], behaviour="sleeps")
    topology = msgspec.structs.replace(scene.topology, lines=(odd,))
    with pytest.raises(TelephoneError, match="behaviour 'sleeps'"):
        Telephones(topology, scene.plant, scene.voice, scene.clock, scene.diary)


def test_a_modem_answers_at_once_and_stays(scene: Scene) -> None:
    line = msgspec.structs.replace(scene.topology.lines[0], behaviour="modem")
    topology = msgspec.structs.replace(scene.topology, lines=(line,))
    telephones = Telephones(topology, scene.plant, scene.voice, scene.clock, scene.diary)
    telephones.start()
    scene.offer(PERSON, DIAL_UP)
    scene.wait(3_600)
    assert [at for at, _ in scene.messages(PERSON)] == [0.0, 0.0]
    assert scene.kinds(PERSON) == [Alerting, Connect]
    assert scene.spoken(PERSON) == ["tone 2225"]


def test_the_diary_file_tells_what_memory_tells(tmp_path) -> None:
    clock = VirtualClock(1_700_000_000 * SECOND)
    path = tmp_path / "telephones.diary"
    diary = Diary(clock, path)
    diary.note(PERSON, Event.RINGS, ABC)
    clock.advance_us(5)
    diary.note(PERSON, Event.REFUSES, REPRESENTATIVE, 17)
    diary.close()
    with path.open("ab") as file:
        file.write(b'{"number":"+1212')
    assert tuple(read_diary(path)) == diary.entries()
    assert len(fold_calls(diary.entries(PERSON))) == 2
    path.write_text("no diary\n")
    with pytest.raises(ValueError, match="not a telephones' diary"):
        read_diary(path)


class Nobody:
    """An occupant that only remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def telephone_rings(self) -> None:
        self.told.append("rings")

    def telephone_stopped_ringing(self) -> None:
        self.told.append("stopped")

    def telephone_off_hook(self) -> None:
        self.told.append("off hook")

    def telephone_connected(self) -> None:
        self.told.append("connected")

    def telephone_put_down(self) -> None:
        self.told.append("put down")

    def telephone_hung_up(self) -> None:
        self.told.append("hung up")

    @property
    def is_on_the_line(self) -> bool:
        """Whether mouth and ear are."""
        said = [word for word in self.told if word in ("off hook", "put down", "hung up")]
        return said[-1:] == ["off hook"]

    @property
    def calls(self) -> int:
        """How many calls came off the hook, one that was taken up again counted once."""
        said = [word for word in self.told if word in ("off hook", "put down")]
        again = itertools.pairwise(said)
        return said.count("off hook") - sum(pair == ("put down", "off hook") for pair in again)

    def telephone_free(self) -> None:
        self.told.append("free")


ROADS: dict[State, list[Input]] = {
    State.ON_HOOK: [],
    State.IN_USE: [],
    State.RINGING: [Input.SETUP],
    State.DIALING: [Input.DIAL],
    State.LISTENING: [Input.DIAL, Input.ALERTING],
    State.TALKING: [Input.SETUP, Input.PICK_UP],
    State.PUT_DOWN: [Input.SETUP, Input.PICK_UP, Input.PUT_DOWN],
    State.HEARING_TONE: [Input.DIAL, Input.DISCONNECT],
    State.HANGING_UP: [Input.SETUP, Input.PICK_UP, Input.HANG_UP],
    State.RELEASING: [Input.SETUP, Input.PICK_UP, Input.DISCONNECT],
    State.RELEASING_AGAIN: [Input.SETUP, Input.PICK_UP, Input.DISCONNECT, Input.TIMER],
}


class Bench:
    """One telephone that can be brought into any state and given any input."""

    def __init__(self, state: State) -> None:
        self.clock = VirtualClock()
        self.sent: list[LineMessage] = []
        self.occupant = Nobody()
        self.telephone = Telephone(
            PERSON,
            self.clock,
            self.sent.append,
            lambda *note: None,
            in_use=state is State.IN_USE,
        )
        self.telephone.seat(self.occupant)
        self.reference = 100
        for given in ROADS[state]:
            self.give(given)
        assert self.telephone.state is state
        self.sent.clear()

    def give(self, given: Input) -> None:
        telephone = self.telephone
        match given:
            case Input.SETUP:
                telephone.receive(Setup(100 if telephone.state is State.ON_HOOK else 101, PERSON))
            case Input.UNWANTED_SETUP:
                telephone.rejects = True
                telephone.receive(Setup(101, PERSON))
            case Input.ALERTING:
                telephone.receive(Alerting(self.reference))
            case Input.CONNECT:
                telephone.receive(Connect(self.reference))
            case Input.DISCONNECT:
                telephone.receive(Disconnect(self.reference, 16))
            case Input.RELEASE:
                telephone.receive(Release(self.reference, 16))
            case Input.RELEASE_COMPLETE:
                telephone.receive(ReleaseComplete(self.reference, 16))
            case Input.STRANGE:
                telephone.receive(Connect(120))
            case Input.DIAL:
                if telephone.state is State.ON_HOOK:
                    self.reference = 1
                telephone.dial(REPRESENTATIVE)
            case Input.PICK_UP:
                telephone.pick_up()
            case Input.HANG_UP:
                telephone.hang_up()
            case Input.PUT_DOWN:
                telephone.put_down()
            case Input.TIMER:
                self.clock.run_next()
            case Input.LINE_LOST:
                telephone.lose_line()


def test_every_state_has_a_road_and_every_pair_is_decided() -> None:
    assert set(ROADS) == set(State)
    assert set(TABLE) == set(itertools.product(State, Input))


@pytest.mark.parametrize("given", list(Input))
@pytest.mark.parametrize("state", list(State))
def test_every_pair_keeps_the_telephone_whole(state: State, given: Input) -> None:
    """After any input: a line that is free has no timer; off the hook and hung up come in pairs;
    and whatever state it is in, the network and the timers bring it back to the hook."""
    bench = Bench(state)
    had_timer = bench.clock.next_due_us() is not None
    bench.give(given)
    _, following = TABLE[state, given]
    if given is not Input.TIMER or had_timer:
        assert bench.telephone.state is following
    occupant = bench.occupant
    assert occupant.is_on_the_line == bench.telephone.is_off_hook
    if bench.telephone.state is State.ON_HOOK:
        assert bench.clock.next_due_us() is None
    bench.telephone.hang_up()
    bench.clock.run(3_600 * SECOND)
    assert bench.telephone.state is State.ON_HOOK
    assert not occupant.is_on_the_line
    assert occupant.calls == occupant.told.count("hung up")
    assert bench.clock.next_due_us() is None
