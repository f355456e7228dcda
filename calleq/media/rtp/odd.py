"""Packets of a believed source that are not as usual: of other lengths, other kinds, after a jump.

Voice of any length up to 60 ms is buffered and relayed like any other. Comfort noise (payload type
13) says how loud the silence is. A jump of the sequence numbers is believed when the next packet
follows it (RFC 3550 A.1): the far end has begun anew; a single one is refused. What is none of
this is counted in `unknown`.
"""

import numpy as np

from calleq.media.frames import FRAME_SAMPLES, FRAME_US
from calleq.media.g711 import FROM_A_LAW, TO_A_LAW
from calleq.media.rtp.inputs import Inputs
from calleq.media.rtp.intake import MAX_DROPOUT, MAX_MISORDER, PHASE_US, Intake
from calleq.media.rtp.jitter import JitterBuffers
from calleq.media.rtp.keys import KeysIn
from calleq.media.rtp.leg import Leg
from calleq.media.rtp.packet import COMFORT_NOISE, MARKER, Packet, header
from calleq.media.rtp.table import LegTable


class OddPackets:
    """Takes them one by one."""

    def __init__(
        self,
        table: LegTable,
        buffers: JitterBuffers,
        inputs: Inputs,
        intake: Intake,
        legs: dict[int, Leg],
    ) -> None:
        self._table = table
        self._buffers = buffers
        self._inputs = inputs
        self._intake = intake
        self._legs = legs
        self.keys = KeysIn(table, buffers)
        self.unknown = 0
        self.jumps = 0

    def take(self, leg: Leg, packet: Packet, now_us: int) -> None:
        """A packet of the believed source."""
        table, number = self._table, leg.number
        step = (packet.sequence - int(table.newest[number])) & 0xFFFF
        step -= (step >> 15) << 16
        if not -MAX_MISORDER <= step < MAX_DROPOUT:
            if packet.sequence != leg.restarts_at:
                leg.restarts_at = (packet.sequence + 1) & 0xFFFF
                self.jumps += 1
                return
            table.believe(number, packet.source, packet.sequence)
            step = 1
        leg.restarts_at = -1
        here = np.array([number])
        self._intake.count(here, np.array([step]), np.array([packet.timestamp]), now_us)
        if packet.kind == table.payload[number]:
            self._voice(leg, packet, now_us)
        elif packet.kind == COMFORT_NOISE and packet.payload:
            self._inputs.comfort(number, packet.payload[0])
        elif leg.plan is not None and packet.kind == leg.plan.event_payload:
            self._key(leg, packet, now_us)
        else:
            self.unknown += 1
        table.latched[number] = not self.keys.pressing(number)

    def _key(self, leg: Leg, packet: Packet, now_us: int) -> None:
        number = leg.number
        self.keys.take(number, packet, self._slack_us(number, now_us))
        onto = int(self._table.relay_to[number])
        if onto >= 0:
            plan = self._legs[onto].plan
            if plan is not None and plan.event_payload is not None:
                self._pass_on(onto, packet, plan.event_payload, packet.payload, now_us)

    def _slack_us(self, number: int, now_us: int) -> int:
        """How long until the leg's tick."""
        return int(self._table.phase[number] * PHASE_US - now_us) % FRAME_US

    def _voice(self, leg: Leg, packet: Packet, now_us: int) -> None:
        if not packet.payload:
            return
        table, number = self._table, leg.number
        octets = np.frombuffer(packet.payload, dtype=np.uint8)
        a_law = bool(table.a_law[number])
        pressed = self.keys.covers(number, packet.timestamp)
        if table.buffered[number] and not pressed:
            plain = FROM_A_LAW[octets] if a_law else octets
            slack_us = self._slack_us(number, now_us)
            self._buffers.put_piece(number, packet.timestamp, plain, slack_us)
        onto = int(table.relay_to[number])
        if onto >= 0:
            if a_law != table.a_law[onto]:
                octets = (FROM_A_LAW if a_law else TO_A_LAW)[octets]
            kind = int(table.payload[onto])
            self._pass_on(onto, packet, kind, octets.tobytes(), now_us)

    def _pass_on(self, onto: int, packet: Packet, kind: int, payload: bytes, now_us: int) -> None:
        table, leg = self._table, self._legs[onto]
        if table.fresh[onto]:
            at = np.array([packet.sequence]), np.array([packet.timestamp])
            self._intake.begin_stretch(np.array([onto]), *at, now_us)
        sequence = packet.sequence + int(table.sequence_shift[onto])
        timestamp = packet.timestamp + int(table.time_shift[onto])
        table.out_sequence[onto] = sequence
        table.out_time[onto] = timestamp
        table.sent[onto] += 1
        kind |= MARKER if packet.marker else 0
        octets = header(kind, sequence, timestamp, int(table.out_source[onto])) + payload
        leg.other_octets += len(payload) - FRAME_SAMPLES
        leg.send(octets)
