"""RTP and RTCP under mutation: a voice plane with legs takes them, relays, buffers and ticks.

Three legs hear each other in a conference and two are relayed to each other, one with keys as
events. Each packet comes from the believed address or, each eighth time, from a stranger's. Nothing
is sent: what would leave is counted. The plane itself never refuses by an error; what is no RTP is
refused by `parse`, and counted by the plane.
"""

import itertools
import socket
from types import FunctionType

import numpy as np

from calleq.media.ports import PortPlan
from calleq.media.prompts import NominalPrompts
from calleq.media.rtp import control, packet
from calleq.media.rtp.control import Block, Report, RtcpError, build
from calleq.media.rtp.intake import Ring
from calleq.media.rtp.keys import KeysIn
from calleq.media.rtp.latch import Address
from calleq.media.rtp.leg import Leg
from calleq.media.rtp.legs import LegSet
from calleq.media.rtp.odd import OddPackets
from calleq.media.rtp.packet import SLOT_OCTETS, RtpError, header, parse
from calleq.media.rtp.sockets import PortPair
from calleq.media.ticked import TickedVoice
from simulator.fuzz.coverage_of import functions_of
from simulator.fuzz.target import Target

SOURCE = 7
EVENTS = 101
FAR: Address = ("192.0.2.1", 5_000)
STRANGER: Address = ("192.0.2.2", 5_000)
STEP_US = 2_500
STRANGER_EACH = 8


class _Sunk:
    """Where packets go that would leave."""

    def __init__(self) -> None:
        self.packets = 0

    def send_to(self, octets: memoryview, far: Address) -> None:
        """Count one."""
        assert len(octets) <= SLOT_OCTETS
        self.packets += 1


class _Plane:
    """Five legs; the first and the fourth get what comes."""

    def __init__(self) -> None:
        self._now_us = 0
        self._turn = 0
        self._sunk = _Sunk()
        self._ring = Ring(1)
        voice = TickedVoice(NominalPrompts())
        bits = itertools.count(1)
        self._legs = LegSet(voice, lambda _: next(bits), self._time_us, self._time_us)
        self._all = [self._leg(number) for number in range(5)]
        for group in ((0, 1, 2), (3, 4)):
            for own in group:
                others = tuple(f"wire:line:{each}" for each in group if each != own)
                voice.feed("switch", f"line:{own}", others)
        for leg in self._all:
            self.take(leg, header(0, 1, 0, SOURCE) + bytes(160), stranger=False)

    def _time_us(self) -> int:
        return self._now_us

    def _leg(self, number: int) -> Leg:
        rtp, rtcp = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for one in (rtp, rtcp):
            one.setblocking(False)
        pair = PortPair("", 0, rtp, rtcp)
        leg = self._legs.take(pair, "sip", f"line:{number}", lambda event: None)
        assert leg is not None
        leg.sendto = self._sunk.send_to
        events = EVENTS if number < 4 else None
        self._legs.plan(leg, PortPlan(*FAR, event_payload=events))
        return leg

    def take(self, leg: Leg, octets: bytes, stranger: bool) -> None:
        """A packet comes to a leg, then time goes on."""
        whole = octets[: SLOT_OCTETS - 1]
        if stranger or leg.latch.address is None:
            address = STRANGER if stranger else FAR
            self._legs.strange(leg.number, whole, address, self._now_us)
        else:
            self._ring.octets[0, : len(whole)] = np.frombuffer(whole, dtype=np.uint8)
            lengths = np.array([len(whole)])
            self._legs.intake.take(self._ring, np.array([leg.number]), lengths, self._now_us)
        self._now_us += STEP_US
        self._legs.step()

    def _counted(self) -> int:
        """Packets that the plane has refused."""
        tally = self._legs.tally()
        strangers = sum(leg.latch.strangers for leg in self._all)
        return tally.malformed + tally.unknown + strangers + self._legs.odd_packets.jumps

    def decode(self, octets: bytes) -> object:
        """A damaged packet comes."""
        self._turn += 1
        stranger = self._turn % STRANGER_EACH == 0
        counted = self._counted()
        self.take(self._all[0 if self._turn % 2 else 3], octets, stranger)
        read = parse(octets)
        if self._counted() != counted:
            raise RtpError("counted by the plane, and not heard")
        if octets[0] == packet.PLAIN:
            kind = read.kind | (packet.MARKER if read.marker else 0)
            written = header(kind, read.sequence, read.timestamp, read.source) + read.payload
            assert written == octets
        return read


def samples() -> list[bytes]:
    """Voice, keys, comfort noise; with and without all that a header may have."""
    voice = bytes(range(96, 256))
    head = header(0, 2, 160, SOURCE)
    return [
        head + voice,
        header(0x80, 3, 320, SOURCE) + voice[:80],
        header(EVENTS | 0x80, 4, 480, SOURCE) + bytes((5, 10, 0, 160)),
        header(EVENTS, 5, 480, SOURCE) + bytes((5, 0x8A, 3, 32)),
        header(13, 6, 640, SOURCE) + bytes((60,)),
        b"\x92" + head[1:] + bytes(8) + b"\xbe\xde\x00\x01abcd" + voice,
        b"\xa0" + head[1:] + voice + b"\x00\x00\x03",
    ]


def target() -> Target:
    """RTP."""
    looked_at = (parse, OddPackets.take, KeysIn.take, KeysIn.covers)
    return Target(
        name="rtp",
        samples=samples(),
        header_octets=packet.HEADER_OCTETS,
        past_header=lambda octets: len(octets) > packet.HEADER_OCTETS and octets[0] >> 6 == 2,
        decode=_Plane().decode,
        refusal=RtpError,
        decoder=tuple(each for each in looked_at if isinstance(each, FunctionType)),
    )


_BLOCK = Block(9, 0.125, 3, 65_552, 40, 0xC900_8000, 0x8000)


def rtcp_samples() -> list[bytes]:
    """Reports of senders and receivers, with and without blocks, and the last of a leg."""
    return [
        build(Report(7, (_BLOCK,), 0xE1F0_C900_8000_0000, 8_000, 100, 16_000), "a@b"),
        build(Report(7, (_BLOCK, _BLOCK)), "calleq@192.0.2.1"),
        build(Report(7, leaves=True), "x"),
    ]


def _decode_rtcp(octets: bytes) -> object:
    read = control.parse(octets)
    assert control.parse(build(read, "a@b")) == read
    for block in read.blocks:
        trip_us = control.round_trip_us(block, 0xE1F0_C900_8000_0000)
        assert trip_us is None or 0 <= trip_us < 1 << 35
    return read


def rtcp_target() -> Target:
    """RTCP."""
    return Target(
        name="rtcp",
        samples=rtcp_samples(),
        header_octets=2,
        past_header=lambda octets: octets[:1] > b"\x7f" and octets[1:2] in (b"\xc8", b"\xc9"),
        decode=_decode_rtcp,
        refusal=RtcpError,
        decoder=functions_of(control, "parse", "_part", "_report", "_block", "_leaves"),
    )
