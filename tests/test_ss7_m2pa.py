"""One end of an M2PA link (RFC 4165): its states, its timers, what it says and how often."""

from collections.abc import Callable
from itertools import product

import pytest

from calleq.runtime.clock import VirtualClock
from calleq.ss7.m2pa import TABLE, Bounds, Input, State, Status, Timers
from calleq.ss7.m2pa.frames import Frame, status_frame
from calleq.units import MILLISECOND_US, SECOND_US
from tests.m2pa_pair import START, End, Pair

LETTERS = dict(zip("UIWPNAVRQSLMBC", State, strict=True))

# What follows each state (a row) at each input, in the order of `Input`: level 3 and the wire |
# Link Status 1 to 9 | unit, acknowledgement, fault, timer of the state, T6, T7.
FOLLOWING = """
U  WUIUUU UUUUUUUUU UUUUUU
I  NIIUII IIIIIIIII IIIIII
W  WUNWWW WWWWWWWWW WWWWWW
P  PIPWPP PPPPPPPPP PPPNPP
N  NINWNN AVVNNNNNN NNPPNN
A  AIAWAA AVVAAAAAP AAPPAA
V  VIVWVV AVVVVVVVP VVPRVV
R  RIRWQR PRRSMRRRP SSPPRR
Q  QIQWQR PQQLBQQQP QLPPQQ
S  SISWLS PPPSMSSSP SSPPPP
L  LILWLC PPPLBLLLP LLPPPP
M  MIMWBM PPPSMSMMP MMPPPP
B  BIBWBM PPPLBLBBP BBPPPP
C  CICWLC PPPSMCCCP CCPPPP
"""


def following() -> dict[tuple[State, Input], State]:
    table = {}
    for line in FOLLOWING.split("\n"):
        if line:
            letter, *groups = line.split()
            states = [LETTERS[after] for after in "".join(groups)]
            table |= {
                (LETTERS[letter], what): after for what, after in zip(Input, states, strict=True)
            }
    return table


def test_every_pair_of_state_and_input_is_decided_as_the_rfc_has_it() -> None:
    assert set(TABLE) == set(product(State, Input))
    assert {pair: after for pair, (_, after) in TABLE.items()} == following()


def unconnected(end: End) -> None:
    end.session.stop()


def idle(end: End) -> None:
    end.session.connected()
    end.session.stop()


def awaiting(end: End) -> None:
    """It is wanted from the first."""


def pausing(end: End) -> None:
    ready(end)
    end.session.fault()


def not_aligned(end: End) -> None:
    end.session.connected()


def aligned(end: End) -> None:
    not_aligned(end)
    end.hears_status(Status.ALIGNMENT)


def proving(end: End) -> None:
    aligned(end)
    end.hears_status(Status.PROVING_EMERGENCY)


def ready(end: End) -> None:
    proving(end)
    end.clock.advance_us(500 * MILLISECOND_US)


def not_ready(end: End) -> None:
    ready(end)
    end.session.set_processor_outage(True)


def in_service(end: End) -> None:
    end.aligns()


def local_outage(end: End) -> None:
    in_service(end)
    end.session.set_processor_outage(True)


def remote_outage(end: End) -> None:
    in_service(end)
    end.hears_status(Status.PROCESSOR_OUTAGE)


def both_outage(end: End) -> None:
    local_outage(end)
    end.hears_status(Status.PROCESSOR_OUTAGE)


def recovering(end: End) -> None:
    local_outage(end)
    end.session.set_processor_outage(False)


WAYS: dict[State, Callable[[End], None]] = {
    State.UNCONNECTED: unconnected,
    State.IDLE: idle,
    State.AWAITING_CONNECTION: awaiting,
    State.PAUSING: pausing,
    State.NOT_ALIGNED: not_aligned,
    State.ALIGNED: aligned,
    State.PROVING: proving,
    State.READY: ready,
    State.NOT_READY: not_ready,
    State.IN_SERVICE: in_service,
    State.LOCAL_OUTAGE: local_outage,
    State.REMOTE_OUTAGE: remote_outage,
    State.BOTH_OUTAGE: both_outage,
    State.RECOVERING: recovering,
}

HAPPENINGS: dict[Input, Callable[[End], None]] = {
    Input.START: lambda end: end.session.start(),
    Input.STOP: lambda end: end.session.stop(),
    Input.CONNECTED: lambda end: end.session.connected(),
    Input.DISCONNECTED: lambda end: end.session.disconnected(),
    Input.ALIGNMENT: lambda end: end.hears_status(Status.ALIGNMENT),
    Input.PROVING_NORMAL: lambda end: end.hears_status(Status.PROVING_NORMAL),
    Input.PROVING_EMERGENCY: lambda end: end.hears_status(Status.PROVING_EMERGENCY),
    Input.FAR_READY: lambda end: end.hears_status(Status.READY),
    Input.FAR_OUTAGE: lambda end: end.hears_status(Status.PROCESSOR_OUTAGE),
    Input.FAR_RECOVERED: lambda end: end.hears_status(Status.PROCESSOR_RECOVERED),
    Input.FAR_BUSY: lambda end: end.hears_status(Status.BUSY),
    Input.FAR_BUSY_ENDED: lambda end: end.hears_status(Status.BUSY_ENDED),
    Input.FAR_OUT_OF_SERVICE: lambda end: end.hears_status(Status.OUT_OF_SERVICE),
    Input.UNIT: lambda end: end.hears_unit(0),
    Input.ACKNOWLEDGEMENT: lambda end: end.hears_acknowledgement(START),
    Input.FAULT: lambda end: end.hears(b"no frame"),
}


@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_a_session_goes_where_the_table_says(state: State) -> None:
    for what, happens in HAPPENINGS.items():
        end = End(VirtualClock())
        WAYS[state](end)
        assert end.state is state
        happens(end)
        assert end.state is following()[state, what], what.name
        served = end.states[-1:] == [True]
        assert end.session.in_service == served, "level 3 knows"


def test_alignment_says_each_thing_in_its_turn() -> None:
    """RFC 4165 §4.1.3 after Q.703 §7: emergency proving, numbers at 2**24 - 1."""
    end = End(VirtualClock(), name="ssp-62")
    end.session.connected()
    assert end.said() == [
        Frame(START, START, Status.OUT_OF_SERVICE, b""),
        Frame(START, START, Status.ALIGNMENT, b""),
    ]
    end.hears_status(Status.ALIGNMENT)
    assert end.said() == [Frame(START, START, Status.PROVING_EMERGENCY, b"ssp-62")]
    end.hears_status(Status.PROVING_EMERGENCY)
    assert end.statuses() == ["PROVING_EMERGENCY"]
    end.clock.advance_us(499 * MILLISECOND_US)
    assert set(end.statuses()) == {"PROVING_EMERGENCY"}
    end.clock.advance_us(MILLISECOND_US)
    assert end.statuses() == ["READY"]
    assert end.states == []
    end.hears_status(Status.READY)
    assert (end.states, end.statuses()) == ([True], [])
    assert end.clock.run(60 * SECOND_US), "an idle link sets no timer"


@pytest.mark.parametrize(
    ("one", "other", "proves_us"),
    [
        (True, True, 500_000),
        (True, False, 500_000),
        (False, True, 500_000),
        (False, False, 8_200_000),
    ],
)
def test_proving_is_short_when_either_end_wants_it(one: bool, other: bool, proves_us: int) -> None:
    """Q.703 §7.3: one emergency proving is enough for both."""
    pair = Pair(emergency=(one, other))
    pair.connect()
    pair.clock.advance_us(proves_us)
    assert not pair.a.session.in_service
    pair.clock.advance_us(10 * MILLISECOND_US)
    assert pair.a.session.in_service
    assert pair.b.session.in_service


@pytest.mark.parametrize("later_us", [0, 1, 999, 1_000, 77_000, 4_000_000, 11_000_000])
def test_ends_that_come_one_after_the_other_align(later_us: int) -> None:
    pair = Pair()
    pair.a.session.connected()
    pair.clock.advance_us(later_us)
    pair.b.session.connected()
    pair.clock.advance_us(2 * SECOND_US)
    assert pair.a.session.in_service
    assert pair.b.session.in_service
    assert pair.clock.run(60 * SECOND_US)


TIMED = [
    (State.NOT_ALIGNED, 5 * SECOND_US, "T2"),
    (State.ALIGNED, 1_500 * MILLISECOND_US, "T3"),
    (State.READY, 45 * SECOND_US, "T1"),
    (State.NOT_READY, 45 * SECOND_US, "T1"),
    (State.RECOVERING, 2 * SECOND_US, "T7"),
]


@pytest.mark.parametrize(("state", "limit_us", "timer"), TIMED, ids=lambda x: str(x))
def test_a_state_that_lasts_too_long_ends_in_another_attempt(
    state: State, limit_us: int, timer: str
) -> None:
    end = End(VirtualClock())
    WAYS[state](end)
    end.clock.advance_us(limit_us - 1)
    assert end.state is state
    end.said()
    end.clock.advance_us(1)
    assert end.state is State.PAUSING
    assert end.statuses()[-1] == "OUT_OF_SERVICE"
    end.clock.advance_us(100 * MILLISECOND_US)
    assert end.state is State.NOT_ALIGNED
    assert end.statuses() == ["OUT_OF_SERVICE", "ALIGNMENT"]


def test_timers_can_be_chosen() -> None:
    end = End(VirtualClock(), timers=Timers(t2_us=7_000, pause_us=2_000, repeat_us=3_000))
    end.session.connected()
    end.clock.advance_us(6_999)
    assert end.statuses() == ["OUT_OF_SERVICE", *["ALIGNMENT"] * 3]
    end.clock.advance_us(1)
    assert end.state is State.PAUSING


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"t1_us": 0}, "t1_us: 0"),
        ({"t6_us": 601_000_000}, "t6_us: 601000000"),
        ({"t7_us": 300_000}, "less than T7"),
    ],
)
def test_timers_that_make_no_link_are_refused(wrong: dict[str, int], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Timers(**wrong)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"onset": (512, 512, 4_096)}, "onset"),
        ({"limit": 4_096}, "onset"),
        ({"abatement": (512, 1_536, 3_072)}, "abatement"),
        ({"window": 8_193}, "window"),
        ({"acknowledge_after": 0}, "window"),
    ],
)
def test_bounds_that_contradict_each_other_are_refused(
    wrong: dict[str, int | tuple[int, int, int]], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        Bounds(**wrong)  # type: ignore[arg-type]


def test_what_is_said_while_aligning_is_said_again() -> None:
    """One frame lost on the way is no failed alignment."""
    for lost in range(1, 9):
        pair = Pair()
        sent = 0

        def passes(frame: bytes, lost: int = lost) -> bytes | None:
            nonlocal sent
            sent += 1
            return None if sent == lost else frame

        pair.passes = passes
        pair.connect()
        pair.clock.advance_us(4 * SECOND_US)
        assert pair.a.session.in_service
        assert pair.b.session.in_service
        assert pair.a.states == pair.b.states == [True], f"frame {lost}"


def test_a_ready_that_comes_while_this_end_proves_is_remembered() -> None:
    end = End(VirtualClock())
    proving(end)
    end.hears_status(Status.READY)
    assert end.state is State.PROVING
    end.clock.advance_us(500 * MILLISECOND_US)
    assert end.state is State.IN_SERVICE


def test_a_unit_tells_that_the_far_end_is_in_service() -> None:
    end = End(VirtualClock())
    ready(end)
    end.hears_unit(0, b"\x85first")
    assert (end.state, end.units) == (State.IN_SERVICE, [b"\x85first"])
    end.hears_unit(1, b"\x85next")
    assert end.units == [b"\x85first", b"\x85next"]


class TestLevel3:
    def test_a_stopped_link_says_so_and_answers_alignment_with_out_of_service(self) -> None:
        pair = Pair().aligned()
        pair.a.session.stop()
        pair.clock.advance_us(10 * MILLISECOND_US)
        assert pair.a.states == pair.b.states == [True, False]
        pair.clock.advance_us(20 * SECOND_US)
        assert pair.a.state is State.IDLE
        assert not pair.b.session.in_service
        pair.a.session.start()
        pair.clock.advance_us(8 * SECOND_US)
        assert pair.a.session.in_service
        assert pair.b.session.in_service

    def test_a_stopped_end_and_a_wanted_one_do_not_answer_each_other_without_end(self) -> None:
        """Out of Service was answered by Alignment, and that by Out of Service, for ever."""
        pair = Pair().aligned()
        pair.a.session.stop()
        before = len(pair.b.frames)
        pair.clock.advance_us(20 * SECOND_US)
        assert 0 < len(pair.b.frames) - before <= 20 * 10 + 10, "as often as it is said again"

    def test_a_link_that_is_stopped_without_a_wire_waits_for_both(self) -> None:
        end = End(VirtualClock())
        end.session.stop()
        end.session.connected()
        assert (end.state, end.statuses()) == (State.IDLE, ["OUT_OF_SERVICE"])
        end.session.start()
        assert end.state is State.NOT_ALIGNED

    def test_nothing_is_taken_out_of_service(self) -> None:
        end = End(VirtualClock())
        for _, way in sorted(WAYS.items()):
            end = End(VirtualClock())
            way(end)
            assert end.send(b"\x85") is end.session.in_service


class TestProcessorOutage:
    """RFC 4165 §4.1.4."""

    def test_units_of_the_outage_are_sent_again_after_it(self) -> None:
        pair = Pair().aligned()
        pair.a.send(b"\x85before")
        pair.clock.advance_us(5_000)
        pair.b.session.set_processor_outage(True)
        assert pair.a.send(b"\x85under way")
        pair.clock.advance_us(5_000)
        assert pair.a.state is State.REMOTE_OUTAGE
        assert not pair.a.send(b"\x85refused")
        assert pair.b.units == [b"\x85before"]
        pair.b.session.set_processor_outage(False)
        pair.clock.advance_us(5_000)
        assert pair.b.units == [b"\x85before", b"\x85under way"]
        assert pair.a.send(b"\x85after")
        pair.clock.advance_us(SECOND_US)
        assert pair.b.units[2:] == [b"\x85after"]
        assert pair.a.session.in_service
        assert pair.b.session.in_service
        assert pair.a.states == pair.b.states == [True, False, True]
        assert pair.clock.run(60 * SECOND_US)

    def test_both_processors_out_in_either_order(self) -> None:
        for first, second in (("a", "b"), ("b", "a")):
            pair = Pair().aligned()
            ends = {"a": pair.a, "b": pair.b}
            pair.a.send(b"\x85one")
            for name in ("a", "b"):
                ends[name].session.set_processor_outage(True)
            pair.clock.advance_us(10_000)
            assert pair.a.state is pair.b.state is State.BOTH_OUTAGE
            ends[first].session.set_processor_outage(False)
            pair.clock.advance_us(10_000)
            assert not pair.a.session.in_service
            assert not pair.b.session.in_service
            ends[second].session.set_processor_outage(False)
            pair.clock.advance_us(10_000)
            assert pair.b.units == [b"\x85one"]
            pair.b.send(b"\x85two")
            pair.clock.advance_us(10_000)
            assert pair.a.units == [b"\x85two"]

    def test_an_outage_before_the_link_is_up_is_told_when_it_has_proved(self) -> None:
        pair = Pair()
        pair.b.session.set_processor_outage(True)
        pair.connect()
        pair.clock.advance_us(SECOND_US)
        assert (pair.a.state, pair.b.state) == (State.REMOTE_OUTAGE, State.LOCAL_OUTAGE)
        pair.b.session.set_processor_outage(False)
        pair.clock.advance_us(10_000)
        assert pair.a.session.in_service
        assert pair.b.session.in_service


class TestBusy:
    """RFC 4165 §4.1.5, Q.703 §9."""

    def test_a_busy_end_says_so_each_t5_and_is_sent_nothing(self) -> None:
        pair = Pair().aligned()
        pair.b.session.set_busy(True)
        pair.clock.advance_us(SECOND_US + 50_000)
        assert pair.b.statuses() == ["BUSY"] * 11
        assert pair.a.send(b"\x85waits")
        pair.clock.advance_us(SECOND_US)
        assert pair.b.units == []
        pair.b.session.set_busy(False)
        pair.clock.advance_us(5_000)
        assert pair.b.units == [b"\x85waits"]
        assert "BUSY_ENDED" in pair.b.statuses()
        assert pair.clock.run(60 * SECOND_US)
        assert pair.a.states == [True]

    def test_t7_does_not_run_meanwhile(self) -> None:
        end = End(VirtualClock())
        end.aligns()
        end.send(b"\x85")
        end.hears_status(Status.BUSY)
        end.clock.advance_us(4 * SECOND_US)
        end.hears_status(Status.BUSY_ENDED)
        end.clock.advance_us(2 * SECOND_US - 1)
        assert end.session.in_service
        end.clock.advance_us(1)
        assert not end.session.in_service

    def test_t6_ends_a_business_without_end(self) -> None:
        end = End(VirtualClock())
        end.aligns()
        end.hears_status(Status.BUSY)
        end.clock.advance_us(3 * SECOND_US)
        end.hears_status(Status.BUSY)
        end.clock.advance_us(2 * SECOND_US - 1)
        assert end.session.in_service
        end.clock.advance_us(1)
        assert end.state is State.PAUSING

    def test_an_end_that_is_busy_when_the_link_comes_up_says_so(self) -> None:
        end = End(VirtualClock())
        end.session.set_busy(True)
        ready(end)
        end.said()
        end.hears_status(Status.READY)
        assert end.statuses() == ["BUSY"]


class TestNames:
    def test_a_name_in_the_proving_is_told_and_any_filler_is_taken(self) -> None:
        for filler, names in (
            (b"stp-68", ["stp-68"]),
            (b"stp-68\0\0", ["stp-68"]),
            (b"", []),
            (bytes(200), []),
            (b"\xff\x80 no text", []),
        ):
            end = End(VirtualClock())
            aligned(end)
            end.hears(status_frame(START, START, Status.PROVING_EMERGENCY, filler))
            assert end.names == names
            assert end.state is State.PROVING

    def test_without_a_name_the_proving_is_bare(self) -> None:
        end = End(VirtualClock())
        aligned(end)
        assert end.said()[-1] == Frame(START, START, Status.PROVING_EMERGENCY, b"")
