"""All legs of a voice process: taken, planned, moved on 5 ms by 5 ms, closed.

A leg is an RTP port in use at one end of a wire. It is the end's own source in the graph, and what
arrives at the end is sent to the far end. `Routes` says which row a leg hears. Where that is one
other leg's row and both speak G.711, packets are relayed as they come (`Intake`); otherwise the leg
is sent a frame each 20 ms (`Output`), made of what the jitter buffers and the sums hold.

`step` is called every 5 ms: it takes what has come, compiles what has changed, and ticks the phase
that is due. A phase whose tick did not come before its next is skipped, never caught up: its frame
is missing from the streams, as their timestamps say.
"""

from collections.abc import Callable

import numpy as np

from calleq.media.frames import FRAME_US, SAMPLE_RATE_HZ
from calleq.media.g711 import DECODING, Samples
from calleq.media.graph import SILENCE
from calleq.media.ports import PortEvent, PortPlan, Quality, Tally
from calleq.media.rtp.inputs import Inputs
from calleq.media.rtp.intake import PHASE_US, SAMPLES_PER_MS, Intake, Ring
from calleq.media.rtp.jitter import JitterBuffers
from calleq.media.rtp.keys import KeysOut
from calleq.media.rtp.latch import Address
from calleq.media.rtp.leg import Leg
from calleq.media.rtp.odd import OddPackets
from calleq.media.rtp.output import Output, SendTo
from calleq.media.rtp.packet import Packet, RtpError, parse
from calleq.media.rtp.quality import opinion, rating
from calleq.media.rtp.receiver import Receiver
from calleq.media.rtp.reports import Reported, Reports
from calleq.media.rtp.routes import PHASES, Routes
from calleq.media.rtp.sockets import PortPair
from calleq.media.rtp.sounding import Sounding
from calleq.media.rtp.table import MAX_LEGS, SILENT_ROW, Integers, Legs, LegTable
from calleq.media.ticked import TickedVoice
from calleq.units import SECOND_US

SAMPLE_US = SECOND_US // SAMPLE_RATE_HZ
SILENT_LIMIT_US = 5_000_000
WANTED_FRAMES = 100
"""So long after an ear has asked for a leg's voice it is kept at hand."""
LOOK_FRAMES = 50
"""How often legs are looked at for silence."""


def _nowhere(packet: memoryview, far: Address) -> object:
    """Nothing is sent to a leg that has no far end."""
    raise OSError


class LegSet:
    """See the module."""

    def __init__(
        self,
        voice: TickedVoice,
        random: Callable[[int], int],
        now_us: Callable[[], int],
        utc_us: Callable[[], int],
    ) -> None:
        """`random(bits)`; `now_us` counts from the beginning of frame 0."""
        self._voice = voice
        self._random = random
        self._now_us = now_us
        self.table = LegTable()
        self.buffers = JitterBuffers()
        self.inputs = Inputs(self.table, self.buffers)
        self.output = Output(self.table, now_us)
        self.intake = Intake(self.table, self.buffers, self._odd, self._relay)
        self.receiver = Receiver(self.intake, self._strange)
        self.routes = Routes(voice.graph)
        self.reports = Reports(self.table, random, utc_us)
        self._sounding = Sounding(voice.repertoire)
        self._legs: dict[int, Leg] = {}
        self._numbers: Legs = np.zeros(0, dtype=np.int64)
        self._listeners: dict[int, set[int]] = {}
        """By leg: those that hear its row and nothing else."""
        self._popped: list[Legs | None] = [None] * PHASES
        self._rendered = [-1] * PHASES
        self._relays: list[SendTo] = [_nowhere] * MAX_LEGS
        self._fars: list[Address] = [("", 0)] * MAX_LEGS
        """How relayed packets are sent to each leg, and where."""
        self._watching = False
        self._odd_packets = OddPackets(
            self.table, self.buffers, self.inputs, self.intake, self._legs
        )
        self.skipped = 0
        self.malformed = 0

    def __len__(self) -> int:
        return len(self._legs)

    def take(
        self, pair: PortPair, element: str, wire: str, told: Callable[[PortEvent], object]
    ) -> Leg | None:
        """Let a port be an end's; None when there are too many."""
        number = self.table.add()
        if number is None:
            return None
        if not self._watching:
            self._watching = True
            self._voice.watch_changes(self.routes.touch)
        end = self._voice.graph.end(element, wire)
        leg = self._legs[number] = Leg(number, pair, end, self.frame_of, told)
        self._numbers = np.array(sorted(self._legs), dtype=np.int64)
        self._listeners[number] = set()
        table = self.table
        table.out_source[number] = self._random(32)
        table.out_sequence[number] = self._random(15)
        table.time_base[number] = self._random(31)
        self.buffers.clear(number)
        self.inputs.clear(number)
        self._voice.graph.attach(end, leg.leaf)
        self.routes.add(end, number)
        self.receiver.add(number, pair.rtp)
        return leg

    def plan(self, leg: Leg, plan: PortPlan) -> None:
        """What was negotiated, at first or again."""
        table, number = self.table, leg.number
        if leg.plan is None:
            self.reports.add(leg, self._now_us())
        leg.plan = plan
        address = (plan.host, plan.port) if plan.host else None
        leg.latch.plan(address)
        leg.far = leg.latch.address or address
        table.payload[number] = plan.payload
        table.a_law[number] = plan.codec == "PCMA"
        table.last_us[number] = self._now_us()
        heard = plan.receives and leg.latch.address is not None
        table.latched[number] = heard
        self.receiver.believe(number, leg.latch.address)
        if not plan.receives:
            self.inputs.clear(number)
        self._settle({number, *self._sources_of(number)})

    def close(self, leg: Leg) -> Quality:
        """Take a port out of use; what its voice was like."""
        number = leg.number
        reported = self.reports.remove(leg, self._now_us())
        quality = self.quality(leg, reported)
        self.receiver.remove(number, leg.pair.rtp)
        self._odd_packets.keys.forget(number)
        self.output.exclude(number)
        self._hear(number, SILENT_ROW)
        self.routes.remove(leg.end)
        self._voice.graph.attach(leg.end, None)
        self._compile()  # nobody hears its row any more
        del self._legs[number]
        self._numbers = np.array(sorted(self._legs), dtype=np.int64)
        del self._listeners[number]
        self.table.remove(number)
        self._changed()
        return quality

    def quality(self, leg: Leg, reported: Reported | None = None) -> Quality:
        """What its voice was like so far; with what reports say, where they are given."""
        table, number = self.table, leg.number
        received, late = int(table.received[number]), int(self.buffers.late[number])
        expected = table.expected(number)
        lost = max(expected - received, 0)
        trip_us = 0 if reported is None else reported.round_trip_us
        delay_us = trip_us // 2 + FRAME_US + self.buffers.delay_us(number)
        share = min((lost + late) / expected, 1.0) if expected else 0.0
        rated = rating(delay_us / 1_000, share) if received else 0.0
        return Quality(
            received=received,
            lost=lost,
            late=late,
            strangers=leg.latch.strangers,
            jitter_us=int(table.jitter[number] * SAMPLE_US),
            sent=int(table.sent[number]),
            far_lost=0 if reported is None else reported.far_lost,
            far_jitter_us=0 if reported is None else reported.far_jitter * SAMPLE_US,
            round_trip_us=trip_us,
            r_factor=round(rated, 1),
            mos=round(opinion(rated), 2) if received else 0.0,
        )

    def tally(self) -> Tally:
        """What was done with all legs so far."""
        output = self.output
        return Tally(
            ports=len(self._legs),
            sent=output.sent,
            late=output.late,
            latest_us=output.latest_us,
            skipped=self.skipped,
            failed=output.failed,
            concealed=self.inputs.concealed,
            malformed=self.malformed,
            unknown=self._odd_packets.unknown + self._odd_packets.keys.unknown,
        )

    def frame_of(self, number: int, frame: int) -> Samples | None:
        """What a leg brings in now, for an ear that is no leg; from the next packet on at least."""
        table = self.table
        if not table.buffered[number]:
            self._changed()
        table.wanted_frame[number] = frame
        return None if table.silent[number] else DECODING[table.rows[1 + number]]

    def step(self) -> None:
        """Take what has come, compile what has changed, send what is due."""
        now_us = self._now_us()
        self.receiver.receive(now_us)
        self.reports.step(now_us)
        if self.routes.pending():
            self._compile()
        step = now_us // PHASE_US
        late_first = sorted(
            range(PHASES), key=lambda phase: (step - phase) // PHASES * PHASES + phase
        )
        for phase in late_first:
            frame = (step - phase) // PHASES
            if frame > self._rendered[phase]:
                self._render(phase, frame)

    def _render(self, phase: int, frame: int) -> None:
        if self._rendered[phase] >= 0:
            self.skipped += frame - self._rendered[phase] - 1
        self._rendered[phase] = frame
        if frame % LOOK_FRAMES == 0 and phase == 0:
            self._look()
        legs = self._popped[phase]
        if legs is None:
            legs = self._popped[phase] = self._buffered(phase, frame)
        if legs.size:
            self.inputs.pop(legs, frame)
        if self.routes.sounds and max(self._rendered) == frame:
            self._sounding.fill(self.routes.sounds, frame, self.table.rows)
        self.routes.sums.work_out(phase, self.table.rows)
        self.output.send(phase, frame, (frame * PHASES + phase) * PHASE_US)

    def _changed(self) -> None:
        """Who is buffered has to be worked out anew."""
        self._popped = [None] * PHASES

    def _buffered(self, phase: int, frame: int) -> Legs:
        """The legs of a phase that somebody hears but by relay."""
        table, every = self.table, self._numbers
        heard = self.routes.users[every + 1] > (table.relay_to[every] >= 0)
        wanted = frame - table.wanted_frame[every] < WANTED_FRAMES
        buffered = heard | wanted
        begins = every[buffered & ~table.buffered[every]]
        if begins.size:
            self.buffers.reset(begins)
        ends = every[~buffered & table.buffered[every]]
        if ends.size:
            table.silent[ends] = True
        table.buffered[every] = buffered
        legs: Legs = every[buffered & (table.phase[every] == phase)]
        return legs

    def _compile(self) -> None:
        changed: set[int] = set()
        for number, row in self.routes.compile():
            if number in self._legs:
                before = int(self.table.hears[number])
                self._hear(number, row)
                changed |= {number, before - 1, row - 1}
        self.routes.settle()
        self._settle({number for number in changed if number in self._legs})
        self._changed()

    def _hear(self, number: int, row: int) -> None:
        """Let a leg be sent a row."""
        before = int(self.table.hears[number])
        if row == before:
            return
        self.routes.use(row)
        self.table.hears[number] = row
        if before - 1 in self._listeners:
            self._listeners[before - 1].discard(number)
        if row - 1 in self._listeners:
            self._listeners[row - 1].add(number)
        phase = self.routes.phase_of(row)
        self.table.phase[number] = number % PHASES if phase is None else phase
        self.output.changed()
        self.routes.leave(before)

    def _sources_of(self, number: int) -> tuple[int, ...]:
        source = int(self.table.hears[number]) - 1
        return (source,) if source in self._legs else ()

    def _settle(self, numbers: set[int]) -> None:
        """Decide for these legs, and those that hear them, what is relayed and what is ticked."""
        table = self.table
        concerned = set(numbers)
        for number in numbers:
            concerned |= self._listeners[number]
            fit = [each for each in self._listeners[number] if self._can_relay(number, each)]
            onto = min(fit, default=-1)
            if onto >= 0:
                there = self._legs[onto]
                self._relays[onto], self._fars[onto] = there.sendto, there.far or ("", 0)
            if onto != table.relay_to[number]:
                table.relay_to[number] = onto
                table.fresh[onto] = True
        relayed = {
            int(table.relay_to[source])
            for number in concerned
            for source in self._sources_of(number)
        }
        for number in concerned:
            leg = self._legs[number]
            sends = leg.plan is not None and leg.plan.sends and leg.far is not None
            if sends and number not in relayed and leg.far is not None:
                self.output.include(number, self._sender(leg), leg.far)
            else:
                self.output.exclude(number)
        self._changed()

    def _sender(self, leg: Leg) -> SendTo:
        """What sends a leg's frames: voice, or the keys that it hears as events."""
        leaf = self.routes.sound_of(int(self.table.hears[leg.number]))
        events = None if leg.plan is None else leg.plan.event_payload
        prompt = None if leaf is None else leaf.prompt
        if events is None or leaf is None or prompt is None or prompt.kind != "keys":
            return leg.sendto
        return KeysOut(self.table, leg, leaf, events).send_to

    def _can_relay(self, source: int, onto: int) -> bool:
        here, there = self._legs[source], self._legs[onto]
        if here.plan is None or there.plan is None or there.far is None:
            return False
        if here.plan.event_payload is not None and there.plan.event_payload is None:
            return False  # its keys have to become tones
        return here.plan.receives and there.plan.sends

    def _relay(self, ring: Ring, slots: Integers, onto: Legs) -> None:
        sends, fars, frames, failed = self._relays, self._fars, ring.frames, 0
        for slot, number in zip(slots.tolist(), onto.tolist(), strict=True):
            try:
                sends[number](frames[slot], fars[number])
            except OSError:
                failed += 1
        self.output.failed += failed
        self.output.sent += slots.size

    def _odd(self, number: int, octets: bytes, now_us: int) -> None:
        """A packet from the believed address that is not as usual."""
        address = self._legs[number].latch.address
        if address is not None:
            self._strange(number, octets, address, now_us)

    def _strange(self, number: int, octets: bytes, address: Address, now_us: int) -> None:
        """A packet that has to be looked at by itself."""
        leg = self._legs[number]
        if leg.plan is None or not leg.plan.receives:
            return
        try:
            packet = parse(octets)
        except RtpError:
            self.malformed += 1
            return
        leg.latch.last_us = int(self.table.last_us[number])
        verdict = leg.latch.judge(address, packet.source, packet.sequence, now_us)
        if verdict == "changed":
            self._adopt(leg, packet, address, now_us)
        if verdict != "refused":
            self._odd_packets.take(leg, packet, now_us)

    def _adopt(self, leg: Leg, packet: Packet, address: Address, now_us: int) -> None:
        """Believe a source from now on."""
        number = leg.number
        self.table.believe(number, packet.source, packet.sequence)
        self.table.transit[number] = now_us * SAMPLES_PER_MS // 1_000 - packet.timestamp
        self.table.last_us[number] = now_us
        self.buffers.reset(number)
        self.receiver.believe(number, address)
        onto = int(self.table.relay_to[number])
        if onto >= 0:
            self.table.fresh[onto] = True
        if leg.far != address:
            leg.far = address
            self._settle({number, *self._sources_of(number)})
        self._tell(leg, silent=False)

    def _tell(self, leg: Leg, silent: bool) -> None:
        """Whether anything is heard of a far end, where that is news."""
        if leg.silent == silent:
            return
        leg.silent = silent
        leg.leaf.voice = SILENCE if silent else leg.voice
        self._voice.graph.tell(leg.end)
        leg.told("silent" if silent else "heard")

    def _look(self) -> None:
        """See whose far end has fallen silent, or speaks again."""
        table, every = self.table, self._numbers
        silent = self._now_us() - table.last_us[every] > SILENT_LIMIT_US
        for number, is_silent in zip(every.tolist(), silent.tolist(), strict=True):
            leg = self._legs[number]
            if leg.silent != is_silent and leg.plan is not None and leg.plan.receives:
                self._tell(leg, silent=is_silent)
