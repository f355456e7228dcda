"""All legs of a voice process: taken, planned, moved on 5 ms by 5 ms, closed.

A leg is an RTP port in use at one end of a wire. It is the end's own source in the graph, and what
arrives at the end is sent to the far end. `Routes` says which row a leg hears. Where that is one
other leg's row and both speak G.711, packets are relayed as they come (`Intake`); otherwise the leg
is sent a frame each 20 ms (`Output`), made of what the jitter buffers and the sums hold.

`step` is called every 5 ms: it compiles what has changed, ticks the phase that is due, and takes
what has come. A phase whose tick did not come before its next is skipped, never caught up: its
frame is missing from the streams, as their timestamps say.
"""

from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address

import numpy as np

from calleq.media.frames import FRAME_US, SAMPLE_RATE_HZ
from calleq.media.g711 import DECODING, IDLE_OCTET, Samples
from calleq.media.graph import SILENCE
from calleq.media.ports import PortEvent, PortPlan, Quality, Tally
from calleq.media.rtp import talkers
from calleq.media.rtp.crossing import Crossing
from calleq.media.rtp.inputs import Inputs
from calleq.media.rtp.intake import PHASE_US, SAMPLES_PER_MS, Intake
from calleq.media.rtp.jitter import JitterBuffers
from calleq.media.rtp.latch import Address
from calleq.media.rtp.leg import Leg
from calleq.media.rtp.odd import OddPackets
from calleq.media.rtp.output import Output
from calleq.media.rtp.packet import Packet, RtpError, parse
from calleq.media.rtp.quality import opinion, rating
from calleq.media.rtp.receiver import Receiver
from calleq.media.rtp.reports import Reported, Reports
from calleq.media.rtp.routes import Routes
from calleq.media.rtp.secure import SecureError
from calleq.media.rtp.shared import SharedPorts
from calleq.media.rtp.sockets import PortPair
from calleq.media.rtp.sounding import Sounding
from calleq.media.rtp.table import PHASES, SILENT_ROW, Legs, LegTable
from calleq.media.rtp.talkers import Talkers
from calleq.media.ticked import TickedVoice
from calleq.units import SECOND_US

SAMPLE_US = SECOND_US // SAMPLE_RATE_HZ
SILENT_LIMIT_US = 5_000_000
WANTED_FRAMES = 100
"""So long after an ear has asked for a leg's voice it is kept at hand."""
KEPT_HOSTS = 1_024
LOOK_FRAMES = 50
"""How often legs are looked at for silence."""


@lru_cache(KEPT_HOSTS)
def _is_address(host: str) -> bool:
    """Names are not looked up: their far end is where its packets will come from."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


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
        self.routes = Routes(voice.graph)
        self._legs: dict[int, Leg] = {}
        self._crossing = Crossing(self.table, self.routes, self.output, self._legs)
        self.intake = Intake(self.table, self.buffers, self._odd, self._crossing.relay)
        self.receiver = Receiver(self.table, self.intake, self.strange)
        self.shared = SharedPorts(self.intake)
        self.reports = Reports(self.table, random, utc_us)
        self._sounding = Sounding(voice.repertoire)
        self._popped: list[Legs] | None = None
        """By phase: the legs that somebody hears but by relay; None: to be worked out."""
        self._rendered = [-1] * PHASES
        self._watching = False
        self.odd_packets = OddPackets(
            self.table, self.buffers, self.inputs, self.intake, self._legs
        )
        self._talkers = Talkers(self.table)
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
        self._crossing.add(number)
        table = self.table
        table.out_source[number] = self._random(32)
        table.out_sequence[number] = self._random(15)
        table.time_base[number] = self._random(31)
        self.buffers.clear(number)
        self.inputs.clear(number)
        self._voice.graph.attach(end, leg.leaf)
        self.routes.add(end, number)
        if not pair.shared:
            pair.drain()
            self.receiver.add(number, pair.rtp)
        return leg

    def plan(self, leg: Leg, plan: PortPlan) -> None:
        """What was negotiated, at first or again. Raises SecureError, and changes nothing."""
        if plan.keys is not None and leg.pair.shared:
            raise SecureError("a shared port cannot be secured")
        leg.secure(plan.keys)
        table, number = self.table, leg.number
        if leg.plan is None:
            self.reports.add(leg, self._now_us())
        leg.plan = plan
        address = (plan.host, plan.port) if _is_address(plan.host) else None
        leg.latch.plan(address)
        leg.far = leg.latch.address or address
        if leg.pair.shared:
            self._place(leg)
        table.payload[number] = plan.payload
        table.a_law[number] = plan.codec == "PCMA"
        table.last_us[number] = self._now_us()
        heard = plan.receives and leg.latch.address is not None
        table.latched[number] = heard
        self.receiver.secure(number, leg.opener)
        self.receiver.believe(number, leg.latch.address)
        if not plan.receives:
            self.inputs.clear(number)
        self._settle({number, *self._crossing.sources_of(number)})

    def _place(self, leg: Leg) -> None:
        """Where a leg of a shared port has its far end."""
        self.shared.place(leg.number, leg.pair.rtp, leg.far)
        self.table.shared[leg.number] = leg.pair.rtp.fileno()

    def close(self, leg: Leg) -> Quality:
        """Take a port out of use; what its voice was like."""
        number = leg.number
        reported = self.reports.remove(leg, self._now_us())
        quality = self.quality(leg, reported)
        if leg.pair.shared:
            self.shared.place(number, leg.pair.rtp, None)
        else:
            self.receiver.remove(number, leg.pair.rtp)
        self.odd_packets.keys.forget(number)
        self.output.exclude(number)
        self._crossing.hear(number, SILENT_ROW)
        self.routes.remove(leg.end)
        self._voice.graph.attach(leg.end, None)
        self._voice.graph.forget_idle(leg.end.wire)
        self._compile()  # nobody hears its row any more
        del self._legs[number]
        self._crossing.remove(number)
        self.table.remove(number)
        self._talkers.forget(number)
        self._popped = None
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

    def speaking(self) -> list[tuple[str, str]]:
        """Element and wire of each leg that speaks where several are mixed."""
        numbers = self._talkers.speaking(max(self._rendered)).tolist()
        legs = [self._legs[number] for number in numbers if number in self._legs]
        return [(leg.end.element, leg.end.wire) for leg in legs]

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
            unknown=self.odd_packets.unknown + self.odd_packets.keys.unknown,
        )

    def frame_of(self, number: int, frame: int) -> Samples | None:
        """What a leg brings in now, for an ear that is no leg; from the next packet on at least."""
        table = self.table
        table.wanted_frame[number] = frame
        if not table.buffered[number]:
            self._judge_buffered(number, frame)
            self._popped = None
        return None if table.silent[number] else DECODING[table.rows[1 + number]]

    def step(self) -> None:
        """Compile what has changed, send what is due, then take what has come."""
        now_us = self._now_us()
        if self.routes.pending():
            self._compile()
        step = now_us // PHASE_US
        # the phase whose tick was longest ago is the one that follows on the present one
        for phase in ((step + 1 + each) % PHASES for each in range(PHASES)):
            frame = (step - phase) // PHASES
            if frame > self._rendered[phase]:
                self._render(phase, frame)
        now_us = self._now_us()
        self.receiver.receive(now_us)
        self.shared.receive(now_us)
        self.reports.step(now_us)

    def _render(self, phase: int, frame: int) -> None:
        if self._rendered[phase] >= 0:
            self.skipped += frame - self._rendered[phase] - 1
        self._rendered[phase] = frame
        if frame % LOOK_FRAMES == 0 and phase == 0:
            self._look()
        if self._popped is None:
            self._popped = self._buffered()
        legs = self._popped[phase]
        if legs.size:
            self.inputs.pop(legs, frame)
            if frame % talkers.LOOK_FRAMES == phase:
                self._talkers.look(legs, frame)
        sounds = self.routes.due[phase]
        if sounds:
            self._sounding.fill(sounds, frame, self.table.rows)
        self.routes.sums.work_out(phase, self.table.rows)
        self.output.send(phase, frame, (frame * PHASES + phase) * PHASE_US)

    def _buffered(self) -> list[Legs]:
        """By phase: the legs that somebody hears but by relay."""
        legs = np.flatnonzero(self.table.buffered)
        phases = self.table.phase[legs]
        return [legs[phases == phase] for phase in range(PHASES)]

    def _judge_buffered(self, number: int, frame: int) -> None:
        """Whether somebody hears a leg but by relay, after something has changed."""
        table = self.table
        heard = self.routes.users[number + 1] > (table.relay_to[number] >= 0)
        buffered = bool(heard or frame - table.wanted_frame[number] < WANTED_FRAMES)
        if buffered == table.buffered[number]:
            return
        if buffered:
            self.buffers.reset(number)
        else:
            table.silent[number] = True
        table.buffered[number] = buffered

    def _settle(self, numbers: set[int]) -> None:
        self._crossing.settle(numbers)
        frame, recounted = self._now_us() // FRAME_US, self.routes.recounted
        for number in numbers.union(row - 1 for row in recounted):
            if number in self._legs:
                self._judge_buffered(number, frame)
        recounted.clear()
        self._popped = None

    def _compile(self) -> None:
        changed: set[int] = set()
        for number, row in self.routes.compile(self._next_phase()):
            if number in self._legs:
                before = int(self.table.hears[number])
                self._crossing.hear(number, row)
                changed |= {number, before - 1, row - 1}
        self.routes.settle()
        if self.routes.begun:
            self.table.rows[self.routes.begun] = IDLE_OCTET
            self.routes.begun.clear()
        self._settle({number for number in changed if number in self._legs})

    def _next_phase(self) -> int:
        """The phase that is ticked next."""
        step = self._now_us() // PHASE_US
        return (step + (self._rendered[step % PHASES] >= step // PHASES)) % PHASES

    def _odd(self, number: int, octets: bytes, now_us: int) -> None:
        """A packet from the believed address that is not as usual."""
        leg = self._legs[number]
        address = leg.latch.address or leg.far
        if address is not None:
            self.strange(number, octets, address, now_us)

    def strange(self, number: int, octets: bytes, address: Address, now_us: int) -> None:
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
            self.odd_packets.take(leg, packet, now_us)

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
            self._settle({number, *self._crossing.sources_of(number)})
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
        table, every = self.table, np.flatnonzero(self.table.taken)
        for number in np.flatnonzero(table.buffered).tolist():
            self._judge_buffered(number, self._now_us() // FRAME_US)
        self._popped = None
        self._sounding.forget_but(self.routes.sounds)
        silent = self._now_us() - table.last_us[every] > SILENT_LIMIT_US
        for number, is_silent in zip(every.tolist(), silent.tolist(), strict=True):
            leg = self._legs[number]
            if leg.silent != is_silent and leg.plan is not None and leg.plan.receives:
                self._tell(leg, silent=is_silent)
