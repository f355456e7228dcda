"""Packets of a believed source that are not as usual: of other lengths, other kinds, after a jump.

Voice of any length up to 60 ms is buffered and relayed like any other. Comfort noise (payload type
13) says how loud the silence is. A jump of the sequence numbers is believed when the next packet
follows it (RFC 3550 A.1): the far end has begun anew; a single one is refused. What is none of
this is counted in `unknown`.
"""

import numpy as np

from calleq.media.frames import FRAME_US
from calleq.media.g711 import FROM_A_LAW, TO_A_LAW
from calleq.media.rtp.inputs import Inputs
from calleq.media.rtp.intake import MAX_DROPOUT, MAX_MISORDER, PHASE_US, Intake
from calleq.media.rtp.jitter import JitterBuffers
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
        table.latched[number] = True
        here = np.array([number])
        self._intake.count(here, np.array([step]), np.array([packet.timestamp]), now_us)
        if packet.kind == table.payload[number]:
            self._voice(leg, packet, now_us)
        elif packet.kind == COMFORT_NOISE and packet.payload:
            self._inputs.comfort(number, packet.payload[0])
        else:
            self.unknown += 1

    def _voice(self, leg: Leg, packet: Packet, now_us: int) -> None:
        if not packet.payload:
            return
        table, number = self._table, leg.number
        octets = np.frombuffer(packet.payload, dtype=np.uint8)
        a_law = bool(table.a_law[number])
        if table.buffered[number]:
            slack_us = int(table.phase[number] * PHASE_US - now_us) % FRAME_US
            plain = FROM_A_LAW[octets] if a_law else octets
            self._buffers.put_piece(number, packet.timestamp, plain, slack_us)
        onto = int(table.relay_to[number])
        if onto >= 0:
            if a_law != table.a_law[onto]:
                octets = (FROM_A_LAW if a_law else TO_A_LAW)[octets]
            self._pass_on(onto, packet, octets.tobytes(), now_us)

    def _pass_on(self, onto: int, packet: Packet, payload: bytes, now_us: int) -> None:
        table, leg = self._table, self._legs[onto]
        if table.fresh[onto]:
            at = np.array([packet.sequence]), np.array([packet.timestamp])
            self._intake.begin_stretch(np.array([onto]), *at, now_us)
        sequence = packet.sequence + int(table.sequence_shift[onto])
        timestamp = packet.timestamp + int(table.time_shift[onto])
        table.out_sequence[onto] = sequence
        table.out_time[onto] = timestamp
        table.sent[onto] += 1
        kind = int(table.payload[onto]) | (MARKER if packet.marker else 0)
        octets = header(kind, sequence, timestamp, int(table.out_source[onto])) + payload
        leg.send(octets)
