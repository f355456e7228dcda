"""The peripheral's neighbours for its tests: a far exchange, a voice plane, a journal, the OSN.

Each keeps its contract on the virtual clock and writes what it saw into one list, `seen`, so that
the order across neighbours can be read.
"""

from collections.abc import Callable

from calleq.ip_peripheral.service import IntelligentPeripheral
from calleq.journal.entries import CircuitKey, Dialled, Ended, Entry, Progress, Stamped, Undertaken
from calleq.media.contract import Played, Player, Prompt, Verdict
from calleq.osn.messages import CallEnded, CallProgress, OsnMessage, SetUpCall, decode, encode
from calleq.runtime.clock import Timer, VirtualClock
from calleq.ss7.isup.contract import Circuit, CircuitUser, NumberPlan
from calleq.ss7.isup.messages import CalledNumber, CallingNumber, Cause, Iam, Message
from calleq.units import SECOND_US

CUSTOMER, BUSINESS, OWN = "+12125550100", "+12125550140", "+12125550199"
JANE, JOE, JIM = "+12125550143", "+12125550144", "+12125550145"
IP, SWITCH = 1, 2
DURABLE_AFTER_US = 1_000
SIGNAL_US = 2_000
RING_US = 4 * SECOND_US


class Telephone:
    """What answers at a number; None for a time means never."""

    def __init__(
        self,
        answers_after_us: int | None = RING_US,
        refuses: int | None = None,
        hangs_up_after_us: int | None = None,
    ) -> None:
        self.answers_after_us = answers_after_us
        self.refuses = refuses
        self.hangs_up_after_us = hangs_up_after_us


class FarCircuit:
    """A circuit and the far exchange's side of it."""

    def __init__(self, exchange: "FarExchange", cic: int) -> None:
        self.exchange = exchange
        self.key = CircuitKey(IP, SWITCH, cic)
        self.wire = f"circuit:{IP}-{SWITCH}:{cic}"
        self.far = "ssp-62"
        self.user: CircuitUser | None = None
        self.number = ""
        self.calling: CallingNumber | None = None
        self.timers: list[Timer] = []
        self.heard: Message | None = None
        self.checking = False

    def later(self, delay_us: int, call: Callable[..., object], *arguments: object) -> None:
        self.timers.append(self.exchange.clock.call_later_us(delay_us, call, *arguments))

    def called(self, telephone: Telephone | None) -> None:
        assert self.user is not None
        if telephone is None or telephone.refuses is not None:
            cause = 1 if telephone is None else telephone.refuses
            self.later(SIGNAL_US, self.far_releases, cause)
            return
        self.later(SIGNAL_US, self.user.circuit_alerting, self)
        self.exchange.ringing[self.number] = self
        if telephone.answers_after_us is not None:
            self.later(SIGNAL_US + telephone.answers_after_us, self.answered, telephone)

    def answered(self, telephone: Telephone) -> None:
        assert self.user is not None
        self.exchange.up[self.number] = self
        self.user.circuit_answered(self)
        if telephone.hangs_up_after_us is not None:
            self.later(telephone.hangs_up_after_us, self.far_releases, 16)

    def far_releases(self, cause: int) -> None:
        user, self.user = self.user, None
        if user is None:
            return
        self.exchange.seen.append(f"REL {cause} from {self.number}")
        user.circuit_released(self, Cause(cause))
        self.idle()
        user.circuit_cleared(self)

    def release(self, cause: Cause, heard: Message | None = None) -> None:
        user, self.user = self.user, None
        if user is None:
            return
        self.exchange.seen.append(f"REL {cause.value} to {self.number}")
        self.silence()
        self.later(SIGNAL_US, self.released, user)

    def released(self, user: CircuitUser) -> None:
        self.idle()
        user.circuit_cleared(self)

    def silence(self) -> None:
        for timer in self.timers:
            timer.cancel()
        self.exchange.ringing.pop(self.number, None)
        self.exchange.up.pop(self.number, None)

    def idle(self) -> None:
        self.silence()
        self.exchange.free.append(self.key.cic)

    def progress(self, heard: Message | None = None) -> None:
        raise AssertionError("the peripheral serves no incoming call")

    def pass_on(self, message: Message) -> None:
        self.exchange.seen.append(f"{type(message).__name__.upper()} to {self.number}")

    alerting = answer = progress


class FarExchange:
    """The peripheral's circuits and everything behind them."""

    def __init__(self, clock: VirtualClock, seen: list[str], circuits: int = 10) -> None:
        self.clock = clock
        self.seen = seen
        self.free = list(range(1, circuits + 1))
        self.circuits = circuits
        self.telephones: dict[str, Telephone] = {}
        self.ringing: dict[str, FarCircuit] = {}
        self.up: dict[str, FarCircuit] = {}
        self.calling: dict[str, CallingNumber | None] = {}
        self.arrived: Callable[[Circuit, Iam], CircuitUser] | None = None

    def is_resetting(self, group: str) -> bool:
        return False

    def idle(self, group: str) -> int:
        assert group == "76-62"
        return len(self.free)

    def seize(self, group: str) -> FarCircuit | None:
        assert group == "76-62"
        return FarCircuit(self, self.free.pop(0)) if self.free else None

    def send_iam(
        self,
        circuit: Circuit,
        called: CalledNumber,
        calling: CallingNumber | None,
        user: CircuitUser,
    ) -> None:
        assert isinstance(circuit, FarCircuit)
        circuit.number = f"+{called.digits}"
        circuit.user = user
        self.calling[circuit.number] = calling
        self.seen.append(f"IAM {circuit.number}")
        circuit.called(self.telephones.get(circuit.number))

    def forward(self, circuit: Circuit, iam: Iam, user: CircuitUser) -> None:
        raise AssertionError("the peripheral is no transit exchange")

    def give_back(self, circuit: Circuit) -> None:
        self.seen.append("given back")
        self.free.append(circuit.key.cic)

    def on_set_up(self, arrived: Callable[[Circuit, Iam], CircuitUser]) -> None:
        self.arrived = arrived

    def on_digits(self, plan: NumberPlan) -> None:
        raise AssertionError("the peripheral has no numbers")

    def hangs_up(self, number: str) -> None:
        self.up[number].far_releases(16)


class Voices:
    """A voice plane that knows how long its prompts are."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.fed: dict[str, tuple[str, ...]] = {}
        self.heard: list[tuple[int, str, tuple[str, ...]]] = []
        self.playing: dict[str, tuple[Prompt, Player, list[Timer]]] = {}
        self.said: dict[str, Prompt] = {}
        self.verdict: Verdict = "human"

    def feed(self, element: str, wire: str, sources: tuple[str, ...]) -> None:
        self.fed[wire] = sources
        names = tuple(
            self.said[source[7:]].text or "music" if source.startswith("player:") else source
            for source in sources
        )
        self.heard.append((self.clock.monotonic_us(), wire, names))

    def play(self, element: str, player: str, prompt: Prompt, report: Player) -> None:
        timers: list[Timer] = []
        self.said[player] = prompt
        if prompt.kind == "speech":
            if prompt.mark and report.marked is not None:
                timers.append(self.clock.call_later_us(2 * SECOND_US, report.marked))
            length_us = 4 * SECOND_US if prompt.mark else SECOND_US
            timers.append(self.clock.call_later_us(length_us, self.over, player, "complete"))
        self.playing[player] = (prompt, report, timers)

    def over(self, player: str, how: Played) -> None:
        _, report, timers = self.playing.pop(player)
        for timer in timers:
            timer.cancel()
        if report.ended is not None:
            self.clock.call_later_us(0, report.ended, how)

    def stop(self, element: str, player: str) -> None:
        if player in self.playing:
            self.over(player, "stopped")

    def detect(
        self, element: str, wire: str, limit_us: int, verdict: Callable[[Verdict], object]
    ) -> None:
        self.clock.call_later_us(SECOND_US, lambda: verdict(self.verdict))

    def understands(self) -> bool:
        return False

    def listen_for(
        self,
        element: str,
        wire: str,
        words: tuple[str, ...],
        limit_us: int,
        heard: Callable[[str], object],
    ) -> None:
        raise AssertionError("nobody listens for words")

    def next_key(
        self, element: str, wire: str, limit_us: int, pressed: Callable[[str], object]
    ) -> None:
        raise AssertionError("nobody collects digits")

    def hear(self, element: str, wire: str, heard: Callable[[frozenset[str]], object]) -> None:
        raise AssertionError("the peripheral does not ask")


class Pages:
    """A journal whose entries are durable a little later, in order."""

    def __init__(self, clock: VirtualClock, seen: list[str]) -> None:
        self.clock = clock
        self.seen = seen
        self.entries: list[Stamped] = []

    def append(
        self, entity: str, entry: Entry, durable: Callable[[], object] | None = None
    ) -> None:
        now_us, monotonic_us = self.clock.now_us(), self.clock.monotonic_us()
        self.entries.append(Stamped(entity, len(self.entries) + 1, now_us, monotonic_us, entry))
        self.clock.call_later_us(DURABLE_AFTER_US, self._durable, entry, durable)

    def _durable(self, entry: Entry, durable: Callable[[], object] | None) -> None:
        match entry:
            case Undertaken():
                self.seen.append("durable: undertaken")
            case Dialled():
                self.seen.append(f"durable: dialled {entry.number}")
            case Ended():
                self.seen.append(f"durable: {entry.state}")
            case Progress():
                self.seen.append(" ".join(filter(None, ("durable:", entry.event, entry.leg))))
        if durable is not None:
            durable()


class Network:
    """The peripheral among its neighbours, and the server that instructs it."""

    def __init__(self, circuits: int = 10) -> None:
        self.clock = VirtualClock(start_us=1_000_000_000)
        self.seen: list[str] = []
        self.received: list[OsnMessage] = []
        self.exchange = FarExchange(self.clock, self.seen, circuits)
        self.voice = Voices(self.clock)
        self.journal = Pages(self.clock, self.seen)
        self.deliver: Callable[[str, bytes], None] | None = None
        self.exchange.telephones = {CUSTOMER: Telephone(), JANE: Telephone(), JOE: Telephone()}
        self.peripheral = IntelligentPeripheral(
            "ip-76", self.exchange, "76-62", self.voice, self, self.journal, self.clock, OWN
        )

    def attach(self, element: str, receive: Callable[[str, bytes], None]) -> None:
        assert element == "ip-76"
        self.deliver = receive

    def send(self, sender: str, receiver: str, octets: bytes) -> None:
        assert (sender, receiver) == ("ip-76", "server-72")
        message = decode(octets)
        self.received.append(message)
        match message:
            case CallProgress():
                text = f"told: {message.event} {message.leg}".rstrip()
            case CallEnded():
                text = f"told: ended {message.state}"
            case _:
                text = f"told: {type(message).__name__}"
        self.seen.append(text)

    def instruct(self, octets: bytes) -> None:
        assert self.deliver is not None
        self.deliver("ssp-62", octets)

    def set_up(self, call: str = "c1", **changes: object) -> None:
        self.instruct(encode(instruction(call, **changes)))

    def passes(self, length_us: int) -> None:
        self.clock.advance_us(length_us)

    def ends(self) -> list[CallEnded]:
        return [message for message in self.received if isinstance(message, CallEnded)]

    def told(self, prefix: str) -> list[str]:
        return [line for line in self.seen if line.startswith(prefix)]


def instruction(call: str = "c1", **changes: object) -> SetUpCall:
    """What access server 72 sends."""
    fields: dict[str, object] = {
        "call": call,
        "business": "abc",
        "business_name": "ABC Company",
        "business_number": BUSINESS,
        "customer": CUSTOMER,
        "representative": JANE,
        "representatives": (JANE, JOE),
        "hunt": True,
        "dial_first": "customer",
        "detect_machine": False,
        "ring_limit_us": 30 * SECOND_US,
        "answer_to": "server-72",
    }
    return SetUpCall(**{**fields, **changes})  # type: ignore[arg-type]
