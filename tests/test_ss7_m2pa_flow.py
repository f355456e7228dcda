"""Units on an M2PA link: numbers and their wrap, acknowledgements, back-pressure, what remains."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calleq.runtime.clock import VirtualClock
from calleq.ss7 import mtp3_codec
from calleq.ss7.isup import codec
from calleq.ss7.isup.messages import Cause, Rel
from calleq.ss7.m2pa import Bounds, Deframer, Remains, State, Status, Timers
from calleq.ss7.m2pa.frames import M2paError, decode, unit_frame
from calleq.ss7.mtp3 import Msu
from calleq.trace.pcap import SNAP_OCTETS
from calleq.units import MILLISECOND_US, SECOND_US
from tests.m2pa_pair import START, End, Pair

SMALL = Bounds(window=8, limit=20, onset=(4, 10, 16), abatement=(2, 6, 12), acknowledge_after=4)


def served(bounds: Bounds | None = None, timers: Timers | None = None) -> End:
    end = End(VirtualClock(), bounds=bounds, timers=timers)
    end.aligns()
    return end


def numbered(count: int, first: int = 0) -> list[bytes]:
    return [b"\x85" + number.to_bytes(3) for number in range(first, first + count)]


class TestNumbers:
    def test_the_first_unit_has_number_0_and_a_priority_octet(self) -> None:
        """RFC 4165 §2.2, §2.3.1."""
        end = served()
        assert end.send(b"\x85abc")
        assert end.frames == [bytes.fromhex("01000b01 00000015 00ffffff 00000000 00") + b"\x85abc"]

    def test_a_frame_carries_what_has_been_received(self) -> None:
        end = served()
        end.hears_unit(0)
        end.hears_unit(1)
        end.send(b"\x85")
        frame = end.said()[-1]
        assert (frame.bsn, frame.fsn) == (1, 0)

    @settings(deadline=None, max_examples=60)
    @given(st.integers(0, 0xFFFFFF), st.lists(st.integers(0, 3), max_size=30))
    def test_numbers_wrap_wherever_they_stand(self, start: int, turns: list[int]) -> None:
        """Any start, any order of units and acknowledgements: all arrive, in order, each once."""
        pair = Pair(bounds=SMALL).aligned()
        for end in (pair.a, pair.b):
            flow = end.session.flow
            flow.received = flow._sent = flow._confirmed = start
        sent: dict[str, list[bytes]] = {"a": [], "b": []}
        for turn in turns:
            end, name = ((pair.a, "a"), (pair.b, "b"))[turn % 2]
            octets = b"\x85" + bytes([len(sent[name])])
            if end.send(octets):
                sent[name].append(octets)
            if turn > 1:
                pair.clock.advance_us(700)
        assert pair.clock.run(60 * SECOND_US)
        assert (pair.a.units, pair.b.units) == (sent["b"], sent["a"])
        assert not pair.a.session.flow.buffer
        assert not pair.b.session.flow.buffer
        last = (start + len(sent["a"])) & 0xFFFFFF
        assert pair.b.session.last_received() == last
        assert pair.a.states == pair.b.states == [True]

    @pytest.mark.parametrize(
        ("fsn", "bsn", "what"),
        [
            (2, START, "a unit is missing"),
            (0, START, "the same unit again"),
            (START, START, "an old number"),
            (1, 0, "acknowledges what was never sent"),
            (1, 7, "acknowledges what was never sent"),
        ],
    )
    def test_a_number_out_of_sequence_ends_the_service(self, fsn: int, bsn: int, what: str) -> None:
        end = served()
        end.hears_unit(0)
        end.hears_unit(fsn, bsn=bsn)
        assert end.state is State.PAUSING, what
        assert (end.session.faults, end.session.malformed) == (1, 0)
        assert len(end.units) == 1
        assert end.session.last_received() == 0

    def test_an_acknowledgement_tells_of_a_lost_unit_as_well(self) -> None:
        end = served()
        end.hears_unit(0)
        end.hears_acknowledgement(START, fsn=1)
        assert end.state is State.PAUSING

    @pytest.mark.parametrize(
        "octets",
        [
            "",
            "01000b01",
            "02000b01 00000010 00ffffff 00ffffff",
            "01000c01 00000010 00ffffff 00ffffff",
            "01000b03 00000010 00ffffff 00ffffff",
            "01000b01 0000000f 00ffffff 00ffffff",
            "01000b01 00000011 00ffffff 00ffffff",
            "01000b02 00000012 00ffffff 00ffffff 0000",
            "01000b02 00000014 00ffffff 00ffffff 0000000a",
        ],
    )
    def test_what_is_no_frame_ends_the_service_and_is_counted(self, octets: str) -> None:
        end = served()
        end.hears(bytes.fromhex(octets))
        assert end.state is State.PAUSING
        assert end.session.malformed == 1
        assert not end.clock.run(60 * SECOND_US), "it goes on trying"

    @settings(deadline=None, max_examples=300)
    @given(st.binary(max_size=40))
    def test_no_octets_make_it_raise(self, octets: bytes) -> None:
        end = served()
        end.hears(octets, unit_frame(START, 0, octets))
        end.clock.advance_us(SECOND_US)
        assert end.state in set(State)


class TestStream:
    def test_frames_come_out_whole_however_the_stream_is_cut(self) -> None:
        frames = [unit_frame(START, number, bytes(number)) for number in range(50)]
        stream = b"".join(frames)
        for step in (1, 7, 16, 17, 1_000, len(stream)):
            deframer = Deframer()
            cut = [
                frame
                for place in range(0, len(stream), step)
                for frame in deframer.frames(stream[place : place + step])
            ]
            assert cut == frames
            assert [decode(frame).body[1:] for frame in cut] == [bytes(n) for n in range(50)]

    @pytest.mark.parametrize(
        ("octets", "text"),
        [
            ("47455420 2f204854 54502f31 2e310d0a", "version 71"),
            ("01000c01 00000010 00ffffff 00ffffff", "version 1, class 12"),
            ("01000b01 0000000f 00ffffff 00ffffff", "a frame of 15 octets"),
            ("01000b01 00100000 00ffffff 00ffffff", "a frame of 1048576 octets"),
        ],
    )
    def test_a_stream_without_frames_is_refused(self, octets: str, text: str) -> None:
        with pytest.raises(M2paError, match=text):
            Deframer().frames(bytes.fromhex(octets))


class TestAcknowledgement:
    def test_it_goes_with_a_unit_when_there_is_one_in_time(self) -> None:
        end = served()
        end.hears_unit(0)
        end.clock.advance_us(299 * MILLISECOND_US)
        end.send(b"\x85")
        end.clock.advance_us(299 * MILLISECOND_US)
        assert end.statuses() == ["unit"]

    def test_else_it_goes_alone_and_a_quiet_link_sets_no_timer(self) -> None:
        end = served()
        end.hears_unit(0)
        end.clock.advance_us(300 * MILLISECOND_US - 1)
        assert end.said() == []
        assert end.clock.run(60 * SECOND_US)
        assert end.clock.monotonic_us() == 800 * MILLISECOND_US
        (acknowledgement,) = end.said()
        assert (acknowledgement.bsn, acknowledgement.fsn) == (0, START)

    def test_it_counts_from_the_first_unit_that_is_not_acknowledged(self) -> None:
        end = served()
        end.hears_unit(0)
        end.clock.advance_us(200 * MILLISECOND_US)
        end.send(b"\x85")
        end.hears_unit(1, bsn=0)
        end.said()
        end.clock.advance_us(300 * MILLISECOND_US - 1)
        assert end.said() == []
        end.clock.advance_us(1)
        assert end.statuses() == ["acknowledgement"]

    def test_many_units_are_acknowledged_at_once(self) -> None:
        end = served()
        for number in range(128):
            end.hears_unit(number)
        assert [frame.bsn for frame in end.said()] == [63, 127]

    def test_t7_runs_from_the_last_progress(self) -> None:
        end = served()
        end.send(b"\x85")
        end.send(b"\x85")
        end.clock.advance_us(1_500 * MILLISECOND_US)
        end.hears_acknowledgement(0)
        end.clock.advance_us(2 * SECOND_US - 1)
        assert end.session.in_service
        end.clock.advance_us(1)
        assert end.state is State.PAUSING
        assert end.session.remains.sent == (b"\x85",)

    def test_t7_begins_anew_for_the_first_unit_after_a_pause(self) -> None:
        end = served()
        end.send(b"\x85")
        end.hears_acknowledgement(0)
        end.clock.advance_us(1_900 * MILLISECOND_US)
        end.send(b"\x85")
        end.clock.advance_us(1_999 * MILLISECOND_US)
        assert end.session.in_service
        end.clock.advance_us(MILLISECOND_US)
        assert not end.session.in_service


class TestPressure:
    def test_what_does_not_fit_the_window_waits_and_one_too_many_is_refused(self) -> None:
        end = served(SMALL)
        units = numbered(21)
        assert [end.send(octets) for octets in units] == [True] * 20 + [False]
        assert end.session.flow.refused == 1
        assert end.statuses() == ["unit"] * 8
        end.hears_acknowledgement(3)
        assert end.statuses() == ["unit"] * 4
        for fsn in (11, 19):
            end.hears_acknowledgement(fsn)
        assert not end.session.flow.buffer
        assert end.send(b"\x85again")

    def test_levels_rise_at_onset_and_fall_at_abatement(self) -> None:
        end = served(SMALL)
        seen = []
        for octets in numbered(20):
            end.send(octets)
            seen.append(end.session.flow.buffer.level)
        assert seen == [0] * 3 + [1] * 6 + [2] * 6 + [3] * 5
        assert end.levels == [1, 2, 3]
        kept = {}
        for fsn in range(20):
            end.hears_acknowledgement(fsn)
            kept[19 - fsn] = end.session.flow.buffer.level
        assert [kept[count] for count in (13, 12, 7, 6, 3, 2)] == [3, 2, 2, 1, 1, 0]
        assert end.levels == [1, 2, 3, 2, 1, 0]

    def test_a_burst_on_a_wire_of_a_millisecond_arrives_whole_and_in_order(self) -> None:
        """3 125 group resets at one instant are no reason to lose one."""
        pair = Pair().aligned()
        units = numbered(3_125)
        assert all(pair.a.send(octets) for octets in units)
        assert pair.a.session.flow.buffer.level == 2
        pair.clock.advance_us(20_000)
        assert pair.b.units == units
        assert pair.a.levels == [1, 2, 1, 0]

    def test_a_unit_sent_while_one_is_delivered_keeps_the_numbers_right(self) -> None:
        pair = Pair().aligned()
        left = [5]

        def answers(octets: bytes) -> None:
            if left[0]:
                left[0] -= 1
                pair.b.send(b"\x85answer")
                pair.b.send(b"\x85and more")

        pair.b.on_unit = answers
        for octets in numbered(5):
            pair.a.send(octets)
        assert pair.clock.run(60 * SECOND_US)
        assert pair.a.units == [b"\x85answer", b"\x85and more"] * 5
        assert pair.a.states == pair.b.states == [True]


class TestRetrieval:
    """Q.704 §5.6: what the far end says it had decides what is sent on another link."""

    def failed(self) -> End:
        """10 units: 0 to 2 acknowledged, 3 to 7 sent, 8 and 9 waiting for the window."""
        end = served(
            Bounds(window=5, limit=20, onset=(6, 8, 10), abatement=(1, 2, 3), acknowledge_after=4)
        )
        for octets in numbered(3):
            end.send(octets)
        end.hears_acknowledgement(2)
        for octets in numbered(7, 3):
            end.send(octets)
        end.session.fault()
        return end

    @pytest.mark.parametrize(
        ("after", "first"), [(2, 3), (3, 4), (6, 7), (7, 8), (None, 8), (1, 3), (8, 3), (START, 3)]
    )
    def test_units_after_a_number(self, after: int | None, first: int) -> None:
        end = self.failed()
        assert end.session.retrieve(after) == numbered(10 - first, first)
        assert end.session.retrieve(None) == end.session.retrieve(after) == []

    def test_they_remain_while_the_link_is_aligned_and_serves_again(self) -> None:
        end = self.failed()
        end.clock.advance_us(200 * MILLISECOND_US)
        end.hears_status(Status.ALIGNMENT)
        end.hears_status(Status.PROVING_EMERGENCY)
        end.clock.advance_us(500 * MILLISECOND_US)
        end.hears_status(Status.READY)
        assert end.session.in_service
        end.send(b"\x85new")
        assert end.session.retrieve(4) == numbered(5, 5)

    def test_what_nobody_retrieves_is_counted_when_the_link_fails_again(self) -> None:
        end = self.failed()
        assert end.session.forgotten == 0
        end.session.disconnected()
        end.aligns()
        end.session.fault()
        assert end.session.forgotten == 7
        assert end.session.remains == Remains()

    def test_the_last_received_of_either_end_is_what_the_other_needs(self) -> None:
        pair = Pair().aligned()
        units = numbered(6)
        for octets in units[:4]:
            pair.a.send(octets)
        pair.clock.advance_us(1_500)
        for octets in units[4:]:
            pair.a.send(octets)
        pair.disconnect()
        assert pair.b.session.last_received() == 3
        assert pair.a.session.retrieve(pair.b.session.last_received()) == units[4:]
        pair.clock.advance_us(SECOND_US)
        pair.connect()
        pair.clock.advance_us(SECOND_US)
        assert pair.b.session.last_received() == START


@pytest.mark.foreign("tshark")
def test_tshark_reads_every_frame_as_we_do(tmp_path: Path) -> None:
    """Frames in exported PDUs (DLT 252), the dissector named in the first tag."""
    pair = Pair()
    pair.connect()
    pair.clock.advance_us(SECOND_US)
    release = codec.encode(Rel(17, Cause(16)))
    for _ in range(2):
        pair.a.send(mtp3_codec.encode(Msu(4609, 4593, 1, release)))
    pair.clock.advance_us(2_000)
    pair.b.session.set_busy(True)
    pair.b.session.set_busy(False)
    pair.a.session.set_processor_outage(True)
    pair.clock.advance_us(2_000)
    pair.a.session.set_processor_outage(False)
    pair.clock.advance_us(SECOND_US)
    frames = [*pair.a.frames, *pair.b.frames]
    capture = tmp_path / "m2pa.pcap"
    words = (0xA1B2C3D4, 2 | 4 << 16, 0, 0, SNAP_OCTETS, 252)
    packets = b""
    for frame in frames:
        tagged = bytes.fromhex("000c0004") + b"m2pa" + bytes(4) + frame
        packets += b"".join(word.to_bytes(4, "little") for word in (0, 0, len(tagged), len(tagged)))
        packets += tagged
    capture.write_bytes(b"".join(word.to_bytes(4, "little") for word in words) + packets)
    names = ["m2pa.bsn", "m2pa.fsn", "m2pa.status", "mtp3.dpc", "isup.cic", "_ws.malformed"]
    shown = subprocess.run(
        [
            *("tshark", "-r", str(capture), "-T", "fields", "-E", "separator=,"),
            *(word for name in names for word in ("-e", name)),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    ours = []
    for frame in map(decode, frames):
        status = "" if frame.status is None else str(int(frame.status))
        msu = "4609,17" if frame.status is None and frame.body else ","
        ours.append(f"{frame.bsn},{frame.fsn},{status},{msu},")
    assert shown.stdout.split() == ours
    said = {frame.status for frame in map(decode, frames)}
    assert said == {None, *Status} - {Status.PROVING_NORMAL}


class SleepyClock(VirtualClock):
    """A clock whose process may stand still: time goes by, and nothing rings."""

    slept_us = 0

    def monotonic_us(self) -> int:
        return super().monotonic_us() + self.slept_us


@pytest.mark.parametrize("answered", [True, False])
def test_who_stood_still_longer_than_t7_waits_for_what_is_to_be_read_yet(answered: bool) -> None:
    """Stalls of some seconds under sipp's calls took links out of service whose far end had
    acknowledged in time; a far end that says nothing is given up all the same."""
    clock = SleepyClock()
    end = End(clock)
    end.aligns()
    end.send(b"\x85unit")
    clock.slept_us = 3 * SECOND_US
    clock.advance_us(2 * SECOND_US)
    assert end.state is State.IN_SERVICE
    if answered:
        end.hears_acknowledgement(0)
    clock.advance_us(SECOND_US)
    assert (end.state is State.IN_SERVICE) == answered
