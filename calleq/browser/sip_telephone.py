"""The SIP telephone of one browser line: a user agent, its socket, and the RTP of its call.

Registers with the line's switch while the page is there, takes one call at a time from its owner's
hands, and tells the owner what happens by `Told`. Sockets are asyncio's, all on one loopback (or
inner) address; RTP ports lie outside of the ephemeral range.

Odd cases: voice is only taken from where the switch said that it sends from; a switch that holds us
hears nothing until it takes us back; a new offer of the switch in a call is answered with what we
have.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from typing import Protocol

from calleq.browser.configuration import BrowserLine
from calleq.browser.rtp import DATAGRAM_OCTETS_LIMIT, Downlink, Uplink
from calleq.runtime.clock import Clock, Timer
from calleq.sip.bounds import SipError
from calleq.sip.events import (
    AgreedAgain,
    Binding,
    Confirmed,
    Credentials,
    Ended,
    Event,
    Invited,
    Limits,
    Registered,
    RegistrationFailed,
    Reoffered,
)
from calleq.sip.fields import NameAddress, parse_name_address
from calleq.sip.message import Request
from calleq.sip.negotiation import Agreed, Local
from calleq.sip.sdp import PCMU
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri, TelUri, escape_user
from calleq.sip.user_agent import UserAgent

RTP_PORTS = range(12_000, 14_000, 2)
REGISTRATION_S = 300
CALLS_LIMIT = 4
"""Of one line at once; all but one find it busy."""
TRANSACTIONS_LIMIT = 100
BUSY, UNABLE, DECLINED = 486, 480, 603
CAUSE_BUSY, CAUSE_NO_ANSWER, CAUSE_REJECTED, CAUSE_NORMAL = 17, 19, 21, 16


class Told(Protocol):
    """What its owner is told."""

    def registered(self, stands: bool) -> None:
        """Whether the switch can call."""

    def invited(self, call: int, name: str, number: str) -> None:
        """Somebody calls; `ring`, then `accept`, `refuse_busy`, `decline` or `refuse_unable`."""

    def far_ended(self, call: int) -> None:
        """The call is over, and not by us."""

    def heard(self, sample: int, octets: bytes) -> None:
        """Mu-law for the ear, with its place among all samples."""


class _Datagrams(asyncio.DatagramProtocol):
    """Hands on what comes."""

    def __init__(self, received: Callable[[bytes, str, int], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._received(data, addr[0], addr[1])


class _Media:
    """The RTP of one call."""

    def __init__(self, socket: asyncio.DatagramTransport, heard: Callable[[int, bytes], object]):
        self._socket = socket
        self._heard = heard
        self._far: tuple[str, int] | None = None
        self._sends = False
        self.uplink = Uplink(
            secrets.randbits(32), secrets.randbits(16), secrets.randbits(32), PCMU.payload
        )
        self.downlink = Downlink(PCMU.payload)

    @property
    def port(self) -> int:
        port: int = self._socket.get_extra_info("sockname")[1]
        return port

    def plan(self, agreed: Agreed) -> None:
        self._far = (agreed.address, agreed.port)
        self._sends = agreed.sends
        self.uplink.event_payload = self.downlink.event_payload = agreed.event_payload

    def receive(self, datagram: bytes, host: str, port: int) -> None:
        if (host, port) != self._far:
            self.downlink.strangers += 1
            return
        heard = self.downlink.hear(datagram)
        if heard is not None:
            self._heard(*heard)

    def speak(self, octets: bytes, sample: int) -> None:
        packets = self.uplink.speak(octets, sample)
        if self._far is not None and self._sends:
            for packet in packets:
                self._socket.sendto(packet, self._far)

    def close(self) -> None:
        self._far = None
        self._socket.close()


class SipTelephone:
    """See above. Made by `start`."""

    def __init__(self, line: BrowserLine, host: str, clock: Clock, told: Told) -> None:
        """`host` is the address that the switch is spoken to from."""
        self._line = line
        self._host = host
        self._clock = clock
        self._told = told
        self._agent = UserAgent(
            contact=self._contact,
            random=secrets.randbits,
            user_agent="calleq browser",
            limits=Limits(calls=CALLS_LIMIT, transactions=TRANSACTIONS_LIMIT),
        )
        self._socket: asyncio.DatagramTransport | None = None
        self._timer: Timer | None = None
        self._binding: int | None = None
        self._gone = asyncio.Event()
        self._call: int | None = None
        self._media: _Media | None = None

    async def start(self) -> None:
        """Open the socket and register. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._socket, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._received), local_addr=(self._host, 0)
        )
        domain = self._line.domain or self._line.host
        address = NameAddress(SipUri(domain, escape_user(self._line.user)))
        binding = Binding(
            registrar=SipUri(domain),
            address=address,
            next_hop=self._registrar,
            expires_s=REGISTRATION_S,
            credentials=Credentials(self._line.user, self._line.password),
        )
        self._binding = self._agent.register(binding, self._now_us())
        self._work()

    async def stop(self, limit_s: float) -> None:
        """Unregister, and close once that is answered, or after the limit."""
        if self._socket is None:
            return
        if self._binding is not None:
            self._agent.unregister(self._binding, self._now_us())
            self._work()
            with contextlib.suppress(TimeoutError):  # then the registration runs out by itself
                await asyncio.wait_for(self._gone.wait(), limit_s)
        if self._timer is not None:
            self._timer.cancel()
        self._close_media()
        self._socket.close()
        self._socket = None

    @property
    def _registrar(self) -> Target:
        return Target(self._line.host, self._line.port)

    def _contact(self, target: Target) -> str:
        port = self._socket.get_extra_info("sockname")[1] if self._socket is not None else 0
        return str(SipUri(self._host, escape_user(self._line.user), port=port))

    def _now_us(self) -> int:
        return self._clock.monotonic_us()

    # What the owner does.

    def ring(self, call: int) -> None:
        """The call is this telephone's from now on."""
        self._call = call
        self._agent.ring(call, self._now_us())
        self._work()

    async def accept(self, call: int) -> bool:
        """Answer it with voice; whether that could be."""
        media = await self._open_media()
        if media is None or call != self._call:
            if media is not None:
                media.close()
            return False
        self._media = media
        local = Local(secrets.randbits(31), 0, self._host, media.port, codecs=(PCMU,))
        agreed = self._agent.accept(call, local, self._now_us())
        if agreed is not None:
            media.plan(agreed)
        self._work()
        return True

    def refuse_busy(self, call: int) -> None:
        """There is another call."""
        self._refuse(call, BUSY, CAUSE_BUSY)

    def decline(self, call: int) -> None:
        """The person does not want it."""
        self._refuse(call, DECLINED, CAUSE_REJECTED)

    def refuse_unable(self, call: int) -> None:
        """The page cannot take it."""
        self._refuse(call, UNABLE, CAUSE_NO_ANSWER)

    def hang_up(self, call: int) -> None:
        """End it."""
        self._forget(call)
        self._agent.hang_up(call, CAUSE_NORMAL, self._now_us())
        self._work()

    def speak(self, octets: bytes, sample: int) -> None:
        """Mu-law of the page, with its place."""
        if self._media is not None:
            self._media.speak(octets, sample)

    def press(self, key: str) -> None:
        """A key."""
        if self._media is not None:
            self._media.uplink.press(key)

    def _refuse(self, call: int, status: int, cause: int) -> None:
        self._forget(call)
        self._agent.refuse(call, status, cause, self._now_us())
        self._work()

    def _forget(self, call: int) -> None:
        if call == self._call:
            self._call = None
            self._close_media()

    # What comes.

    def _received(self, datagram: bytes, host: str, port: int) -> None:
        if (host, port) != (self._line.host, self._line.port):
            return  # only its switch speaks to it
        self._agent.receive(datagram, Target(host, port), self._now_us())
        self._work()

    def _timers(self) -> None:
        self._timer = None
        self._agent.handle_timers(self._now_us())
        self._work()

    def _work(self) -> None:
        """Send what is to be sent, tell what happened, and wait for what is due next."""
        while True:
            for target, octets in self._agent.data_to_send():
                if self._socket is not None:
                    self._socket.sendto(octets, (target.host, target.port))
            event = self._agent.next_event()
            if event is None:
                break
            self._happened(event)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_us = self._agent.next_timer_us()
        if due_us is not None and self._socket is not None:
            wait_us = max(0, due_us - self._now_us())
            self._timer = self._clock.call_later_us(wait_us, self._timers)

    def _happened(self, event: Event) -> None:
        match event:
            case Invited(call=call, request=request):
                name, number = caller_of(request)
                self._told.invited(call, name, number)
            case Ended(call=call):
                ours = call == self._call
                self._forget(call)
                if ours:
                    self._told.far_ended(call)
            case Confirmed(call=call, agreed=agreed):
                self._agreed(call, agreed)
            case AgreedAgain(call=call, agreed=agreed):
                self._agreed(call, agreed)
            case Reoffered(call=call):
                self._reoffered(call)
            case Registered(expires_s=expires_s):
                if expires_s:
                    self._told.registered(True)
                else:
                    self._gone.set()
            case RegistrationFailed():
                self._gone.set()
                self._told.registered(False)
            case _:
                pass  # of calls and requests of our own, which a browser makes none of

    def _agreed(self, call: int, agreed: Agreed | None) -> None:
        if call == self._call and agreed is not None and self._media is not None:
            self._media.plan(agreed)

    def _reoffered(self, call: int) -> None:
        if call != self._call or self._media is None:
            self._agent.refuse_offer(call, self._now_us())
            return
        local = Local(secrets.randbits(31), 0, self._host, self._media.port, codecs=(PCMU,))
        self._agreed(call, self._agent.answer_offer(call, local, self._now_us()))

    async def _open_media(self) -> _Media | None:
        """RTP on a port of its own; None where none is free."""
        loop = asyncio.get_running_loop()
        first = secrets.randbelow(len(RTP_PORTS))
        media: _Media | None = None

        def received(datagram: bytes, host: str, port: int) -> None:
            if media is not None and len(datagram) <= DATAGRAM_OCTETS_LIMIT:
                media.receive(datagram, host, port)

        for port in (*RTP_PORTS[first:], *RTP_PORTS[:first]):
            try:
                socket, _ = await loop.create_datagram_endpoint(
                    lambda: _Datagrams(received), local_addr=(self._host, port)
                )
            except OSError:
                continue
            media = _Media(socket, self._told.heard)
            return media
        return None

    def _close_media(self) -> None:
        if self._media is not None:
            self._media.close()
            self._media = None


def caller_of(request: Request) -> tuple[str, str]:
    """Name and number of who calls; the asserted identity first (RFC 3325), empty where hidden."""
    try:
        if "id" in request.tokens("privacy") or "user" in request.tokens("privacy"):
            return "", ""
        text = request.first("p-asserted-identity") or request.first("from") or ""
        address = parse_name_address(text)
        named = address if address.display else request.caller
    except SipError:
        return "", ""
    match address.uri:
        case SipUri() as uri:
            number = uri.unescaped_user
        case TelUri() as uri:
            number = uri.digits
        case _:
            number = ""
    return named.display, "" if number == "anonymous" else number
