"""`python -m calleq.cli.bench_telephones`: many SIP telephones in one process, to measure by.

It reads a `Fleet` (JSON, one line) from its standard input, registers every telephone, and says
`ready`. A telephone of the fleet rings and answers at once; one that `hangs_up_s` is set for
releases its calls so long after it answered. Commands follow, a line each: `hang up` releases every
call, `report` prints a `Report` (JSON, one line); the end of the input ends it.

With `voices` each call has an RTP port of its own: a customer's telephone sends frames of one octet
(`TONE_OCTET`) as soon as it has answered, and a representative's notes when they first arrive.
Without, what is sent to the telephones is thrown away by the kernel, unread.
"""

import asyncio
import os
import socket
import struct
import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, cast

import msgspec

from calleq.cli.bench_fleet import Fleet, FleetTelephone, Report, Told
from calleq.sip import events
from calleq.sip.fields import NameAddress
from calleq.sip.negotiation import Local
from calleq.sip.sdp import PCMU
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri, parse_uri
from calleq.sip.user_agent import UserAgent
from calleq.units import SECOND_US

TONE_OCTET: Final = 0x2A
IDLE_OCTET: Final = 0xFF
HOST: Final = "127.0.0.1"
FRAME_S = 0.02
FRAME_OCTETS = 160
HOUSE = 400
"""Telephones at one address."""
REGISTERING_AT_ONCE = 50
"""REGISTERs under way; more would only wait in the registrar's socket."""
BUFFER_OCTETS = 4 << 20
_RTP = struct.Struct(">BBHII")


def main() -> int:
    """Run until standard input ends."""
    fleet = msgspec.json.decode(sys.stdin.buffer.readline(), type=Fleet)
    asyncio.run(_run(fleet))
    return 0


async def _run(fleet: Fleet) -> None:
    loop = asyncio.get_running_loop()
    houses = []
    for number, first in enumerate(range(0, len(fleet.telephones), HOUSE), 1):
        house = _Telephones(fleet, fleet.telephones[first : first + HOUSE], loop)
        sock = _bound(f"127.0.1.{number}")
        await loop.create_datagram_endpoint(partial(_itself, house), sock=sock)
        houses.append(house)
    await asyncio.gather(*(house.register() for house in houses))
    print("ready", flush=True)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).strip():
        if line == b"hang up":
            for house in houses:
                house.hang_up_all()
        else:
            print(msgspec.json.encode(_together(houses)).decode(), flush=True)
    for house in houses:
        house.close()


def _itself(house: "_Telephones") -> "_Telephones":
    return house


def _together(houses: "Sequence[_Telephones]") -> Report:
    reports = [house.report() for house in houses]
    return Report(
        [told for report in reports for told in report.told],
        [failure for report in reports for failure in report.failures],
        sum(report.up for report in reports),
        sum(os.times()[:2]),
    )


def _bound(host: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_OCTETS)
    made.setblocking(False)
    made.bind((host, 0))
    return made


class _Telephones(asyncio.DatagramProtocol):
    """Those of one address: one user agent, one socket."""

    def __init__(
        self,
        fleet: Fleet,
        telephones: Sequence[FleetTelephone],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._fleet = fleet
        self._loop = loop
        self._by_user = {telephone.username: telephone for telephone in telephones}
        self._host = ""
        self._transport: asyncio.DatagramTransport
        self._port = 0
        self._agent = UserAgent(contact=self._contact, random=_random_bits, user_agent="fleet")
        self._timer: asyncio.TimerHandle | None = None
        self._pumping = False
        self._unregistered: set[int] = set()
        self._waiting: asyncio.Future[None] | None = None
        self._up: dict[int, asyncio.DatagramTransport | None] = {}
        """The calls that are up, with their RTP."""
        self._hearing: dict[int, Told] = {}
        self._told: list[Told] = []
        self._failures: list[str] = []
        self._sink = _bound(HOST)
        self._sessions = 0

    def _contact(self, towards: Target) -> str:
        return f"sip:fleet@{self._host}:{self._port}"

    # The wire.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self._host, self._port = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, address: tuple[Any, ...]) -> None:
        self._agent.receive(data, Target(address[0], address[1]), _now_us())
        self._pump()

    def _pump(self) -> None:
        """Take events and send what is to be sent; a handler's own wishes go with it."""
        if self._pumping:
            return
        self._pumping = True
        agent = self._agent
        while event := agent.next_event():
            self._happened(event)
        self._pumping = False
        for target, octets in agent.data_to_send():
            self._transport.sendto(octets, (target.host, target.port))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_us = agent.next_timer_us()
        if due_us is not None:
            delay_s = max(0, due_us - _now_us()) / SECOND_US
            self._timer = self._loop.call_later(delay_s, self._timers)

    def _timers(self) -> None:
        self._timer = None
        self._agent.handle_timers(_now_us())
        self._pump()

    # What happens.

    async def register(self) -> None:
        """Register all, some at a time. Raises RuntimeError where one is refused."""
        telephones = list(self._by_user.values())
        while telephones:
            batch, telephones = telephones[:REGISTERING_AT_ONCE], telephones[REGISTERING_AT_ONCE:]
            self._waiting = self._loop.create_future()
            for telephone in batch:
                self._unregistered.add(self._agent.register(self._binding(telephone), _now_us()))
            self._pump()
            await self._waiting

    def _binding(self, telephone: FleetTelephone) -> events.Binding:
        host = telephone.registrar_host
        return events.Binding(
            registrar=parse_uri(f"sip:{host}"),
            address=NameAddress(parse_uri(f"sip:{telephone.username}@{host}")),
            next_hop=Target(host, telephone.registrar_port),
            contact=f"sip:{telephone.username}@{self._host}:{self._port}",
            credentials=events.Credentials(telephone.username, telephone.password),
        )

    def _happened(self, event: events.Event) -> None:
        match event:
            case events.Registered(binding, _):
                self._unregistered.discard(binding)
                if not self._unregistered and self._waiting and not self._waiting.done():
                    self._waiting.set_result(None)
            case events.RegistrationFailed(_, status, again_us):
                # A registrar that is asked too much says so, and is asked again by itself.
                if again_us is None and self._waiting is not None and not self._waiting.done():
                    self._waiting.set_exception(RuntimeError(f"registration: {status}"))
            case events.Invited():
                self._invited(event)
            case events.Ended(call, cause, status, by_us):
                rtp = self._up.pop(call, None)
                if rtp is not None:
                    rtp.close()
                if status is not None and not by_us:
                    self._failures.append(f"{status} {cause}")
            case _:
                pass

    def _invited(self, event: events.Invited) -> None:
        now_us = _now_us()
        uri = event.request.uri
        user = uri.user if isinstance(uri, SipUri) else None
        telephone = self._by_user.get(user or "")
        if telephone is None:
            self._failures.append("404")
            self._agent.refuse(event.call, 404, None, now_us)
            return
        told = Told(telephone.username, time.time_ns())
        self._told.append(told)
        self._agent.ring(event.call, now_us)
        if self._fleet.voices:
            self._loop.create_task(self._answer_with_voice(event.call, telephone, told))
        else:
            self._accept(event.call, telephone, told, self._sink.getsockname()[1])

    def _accept(self, call: int, telephone: FleetTelephone, told: Told, port: int) -> Target | None:
        self._sessions += 1
        local = Local(self._sessions, 1, HOST, port, codecs=(PCMU,))
        agreed = self._agent.accept(call, local, _now_us())
        if agreed is None:
            self._failures.append("488")
            return None
        told.answered_ns = time.time_ns()
        self._up[call] = None
        if telephone.hangs_up_s:
            self._loop.call_later(telephone.hangs_up_s, self._hang_up, call)
        return Target(agreed.address, agreed.port)

    def _hang_up(self, call: int) -> None:
        if call in self._up:
            self._agent.hang_up(call, 16, _now_us())
            self._pump()

    def hang_up_all(self) -> None:
        """Every telephone is put down."""
        for call in list(self._up):
            self._agent.hang_up(call, 16, _now_us())
        self._pump()

    # Voice.

    async def _answer_with_voice(self, call: int, telephone: FleetTelephone, told: Told) -> None:
        listener = _Listener(told)
        transport, _ = await self._loop.create_datagram_endpoint(
            lambda: listener, local_addr=(HOST, 0)
        )
        port = transport.get_extra_info("sockname")[1]
        far = self._accept(call, telephone, told, port)
        if far is None:
            transport.close()
            return
        self._up[call] = transport
        self._pump()
        if telephone.speaks:
            speak = partial(transport.sendto, addr=(far.host, far.port))
            self._loop.create_task(_speak(transport, speak))

    def report(self) -> Report:
        """What happened since the last report."""
        told, self._told = self._told, []
        failures, self._failures = self._failures, []
        return Report(told, failures, len(self._up), 0.0)

    def close(self) -> None:
        """No more timers."""
        if self._timer is not None:
            self._timer.cancel()
        self._transport.close()


async def _speak(transport: asyncio.DatagramTransport, send: Any) -> None:
    """Frames of a tone's place-holder, every 20 ms, for as long as the call is up."""
    loop = asyncio.get_running_loop()
    number, due_s = 0, loop.time()
    payload = bytes([TONE_OCTET]) * FRAME_OCTETS
    source = _random_bits(32)
    while not transport.is_closing():
        send(
            _RTP.pack(0x80, 0, number & 0xFFFF, number * FRAME_OCTETS & 0xFFFFFFFF, source)
            + payload
        )
        number += 1
        due_s += FRAME_S
        await asyncio.sleep(max(0.0, due_s - loop.time()))


class _Listener(asyncio.DatagramProtocol):
    """Notes when the other party is first heard."""

    def __init__(self, told: Told) -> None:
        self._told = told

    def datagram_received(self, data: bytes, address: tuple[Any, ...]) -> None:
        told = self._told
        if not told.first_audio_ns and data.count(IDLE_OCTET) < FRAME_OCTETS // 2:
            told.first_audio_ns = time.time_ns()
        if not told.first_heard_ns and data.count(TONE_OCTET) > FRAME_OCTETS * 3 // 4:
            told.first_heard_ns = time.time_ns()


def _random_bits(bits: int) -> int:
    return int.from_bytes(os.urandom((bits + 7) // 8)) >> (-bits % 8)


def _now_us() -> int:
    return time.monotonic_ns() // 1_000


if __name__ == "__main__":
    sys.exit(main())
