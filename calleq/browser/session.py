"""One page that is a telephone: what page, switch and voice path do, and what becomes of it.

Owns the call at one page by `call_table`; the page's connection may break and come back within
`AWAY_LIMIT_US` while the call goes on (voice has its own way). Messages to a page that is away are
not kept: when it comes back it is told how things stand.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import assert_never

from calleq.browser import messages
from calleq.browser.call_table import TABLE, Action, Input, State
from calleq.browser.configuration import BrowserLine
from calleq.browser.messages import ClientProfile, ToPage
from calleq.browser.peers import Peer, PeerError, Peers
from calleq.browser.sip_telephone import SipTelephone
from calleq.media.keypad import KEYS
from calleq.runtime.clock import Clock, Timer
from calleq.units import MILLISECOND_US, SECOND_US

AWAY_LIMIT_US = 15 * SECOND_US
VOICE_LIMIT_US = 10 * SECOND_US
"""How long the voice path may take from the answer of the person."""
UNREGISTER_LIMIT_S = 2.0

Send = Callable[[ToPage], None]


class Session:
    """See above. Fulfils `sip_telephone.Told`."""

    def __init__(
        self,
        line: BrowserLine,
        profile: ClientProfile,
        address: str,
        resume: str,
        *,
        clock: Clock,
        peers: Peers,
        sip_host: str,
        names: Mapping[str, str],
        over: Callable[["Session"], None],
    ) -> None:
        """`address` is where the page connects from, `resume` what it may come back with, `names`
        whose numbers are; `over` is told when nothing is left of it."""
        self.line = line
        self.profile = profile
        self.address = address
        self.resume = resume
        self.state = State.IDLE
        self.is_registered = False
        self.since_us = clock.now_us()
        self.calls = 0
        """Answered ones."""
        self._clock = clock
        self._peers = peers
        self._names = names
        self._over = over
        self._telephone = SipTelephone(line, sip_host, clock, self)
        self._send: Send | None = None
        self._call = 0
        self._shown = ("", "")
        """Name and number of who calls."""
        self._answered_us = 0
        self._reason = ""
        self._offer = ""
        self._peer: Peer | None = None
        self._away: Timer | None = None
        self._patience: Timer | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_here(self) -> bool:
        """Whether its page is connected."""
        return self._send is not None

    async def start(self) -> None:
        """Register with the switch. Raises OSError."""
        await self._telephone.start()

    def attach(self, send: Send) -> None:
        """The page is here, for the first time or again: tell it how things stand."""
        if self._away is not None:
            self._away.cancel()
            self._away = None
        self._send = send
        self._tell(messages.Welcome(messages.VERSION, self.line.number, self.resume))
        self._tell(messages.Line(self.is_registered, self._call))
        match self.state:
            case State.RINGING:
                self._tell(messages.Ringing(self._call, *self._shown))
            case State.PREPARING:
                self._reason = "lost"  # its half of the path went with the page
                self._give(Input.VOICE_FAILED)
            case State.TALKING:
                self._tell_talking()
            case State.IDLE | State.OVER:
                pass
            case _ as never:
                assert_never(never)

    def detach(self, send: Send) -> None:
        """That connection of the page broke; it may come back."""
        if self._send is send:
            self._send = None
            self._away = self._clock.call_later_us(AWAY_LIMIT_US, self.leave)

    def tell_moved(self) -> None:
        """Another page takes the line."""
        self._tell(messages.Refused("moved"))
        self._send = None

    def leave(self) -> None:
        """The page is gone for good, or must go."""
        self._reason = "lost"
        self._give(Input.GONE)

    # What the page does.

    def take(self, message: messages.Answer | messages.HangUp | messages.Key) -> None:
        """What the page says of its call; of another it means nothing."""
        if message.call != self._call:
            return
        match message:
            case messages.Answer(sdp=sdp):
                if self.state is State.RINGING:
                    self._offer = sdp
                self._give(Input.ANSWERED)
            case messages.HangUp(fault=fault):
                if fault:
                    self._reason = "microphone" if fault == "microphone" else "no_voice"
                else:
                    self._reason = "hung_up" if self.state is State.TALKING else "declined"
                self._give(Input.HUNG_UP)
            case messages.Key(key=key):
                if self.state is State.TALKING and len(key) == 1 and key in KEYS:
                    self._telephone.press(key)
            case _ as never:
                assert_never(never)

    # What the switch does.

    def registered(self, stands: bool) -> None:
        if stands is not self.is_registered:
            self.is_registered = stands
            self._tell(messages.Line(stands, self._call))

    def invited(self, call: int, name: str, number: str) -> None:
        if self.state is State.IDLE:
            self._call, self._shown = call, (name or self._names.get(number, ""), number)
        self._give(Input.INVITED, call)

    def far_ended(self, call: int) -> None:
        self._reason = "missed" if self.state is State.RINGING else "caller_ended"
        self._give(Input.FAR_ENDED)

    def heard(self, sample: int, octets: bytes) -> None:
        if self._peer is not None:
            self._peer.play(sample, octets)

    # What becomes of it.

    def _give(self, given: Input, call: int | None = None) -> None:
        actions, self.state = TABLE[self.state, given]
        for action in actions:
            self._carry_out(action, self._call if call is None else call)

    def _carry_out(self, action: Action, call: int) -> None:
        match action:
            case Action.RING:
                self._telephone.ring(call)
                self._tell(messages.Ringing(call, *self._shown))
            case Action.PREPARE:
                self._begin(self._prepare(call))
            case Action.ACCEPT:
                self._begin(self._accept(call))
            case Action.REFUSE_BUSY:
                self._telephone.refuse_busy(call)
            case Action.DECLINE:
                self._telephone.decline(call)
            case Action.REFUSE_UNABLE:
                self._telephone.refuse_unable(call)
            case Action.HANG_UP:
                self._telephone.hang_up(call)
            case Action.CLOSE_VOICE:
                self._close_voice()
            case Action.TELL_ENDED:
                self._tell(messages.Ended(call, self._reason))
                self._call = 0
            case Action.UNREGISTER:
                self._begin(self._unregister())
            case _ as never:
                assert_never(never)

    async def _prepare(self, call: int) -> None:
        """Make the voice path; `_path` is told when it stands."""
        try:
            peer = self._peers.make(self._telephone.speak, self._path)
        except PeerError:
            self._no_voice()
            return
        self._peer = peer
        self._patience = self._clock.call_later_us(VOICE_LIMIT_US, self._no_voice)
        try:
            sdp = await peer.answer(self._offer)
        except PeerError:
            if self._peer is peer:
                self._no_voice()
            return
        if self._peer is peer:
            self._tell(messages.Voice(call, sdp))

    def _path(self, stands: bool) -> None:
        if stands:
            self._give(Input.VOICE_STANDS)
        else:
            self._no_voice()

    def _no_voice(self) -> None:
        self._reason = "lost" if self.state is State.TALKING else "no_voice"
        self._give(Input.VOICE_FAILED)

    async def _accept(self, call: int) -> None:
        self._end_patience()
        self._answered_us = self._clock.monotonic_us()
        if await self._telephone.accept(call):
            self.calls += 1
            self._tell_talking()
        elif self.state is State.TALKING and call == self._call:
            self._no_voice()

    def _close_voice(self) -> None:
        self._end_patience()
        self._offer = ""
        if self._peer is not None:
            self._peers.drop(self._peer)
            self._peer = None

    def _end_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    async def _unregister(self) -> None:
        if self._away is not None:
            self._away.cancel()
        await self._telephone.stop(UNREGISTER_LIMIT_S)
        self.is_registered = False
        self._over(self)

    async def ended(self) -> None:
        """Wait until nothing of it goes on."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _tell_talking(self) -> None:
        for_ms = (self._clock.monotonic_us() - self._answered_us) // MILLISECOND_US
        self._tell(messages.Talking(self._call, for_ms, *self._shown))

    def _tell(self, message: ToPage) -> None:
        if self._send is not None:
            self._send(message)
