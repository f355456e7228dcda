"""A switch that bridges by itself: its announcement board and bridge, as ways to parties.

Calling logic 80 makes its calls here on ports of the board, where the peripheral makes them on
circuits. Behind a port is an ordinary call of this switch, by its own routing, to a line of its own
or over trunks; what the called party hears is what the logic puts on the port, so announcements and
bridges of two, three or more parties are sums of voices made in this switch.

A port's key is a circuit of this exchange to itself: the journal joins the attempt to the seizure
of the line, or to the trunk that the call left by, as it does for every other circuit. Keys are
given out in turn, so that one is not used again at once.
"""

from collections import deque
from collections.abc import Callable

from calleq.calling_logic.means import NUMBERS, Parties, Reservations, Way, WayUser
from calleq.journal.entries import CircuitKey
from calleq.runtime.clock import Clock
from calleq.ss7.isup.contract import Exchange
from calleq.ss7.isup.messages import Cause, Iam, Message
from calleq.ssp.call import Call, CallMaker
from calleq.ssp.office import Attempt, Office
from calleq.ssp.originating import CallingSide, OInput, OriginatingCall

GROUP = "board"


class Port:
    """One seizure of one port; fulfils `Way`."""

    __slots__ = ("_board", "_side", "call", "key")

    def __init__(self, board: "Board", key: CircuitKey) -> None:
        self.key = key
        self.call: Call | None = None
        """From dialling on."""
        self._board = board
        self._side: PortSide | None = None

    @property
    def wire(self) -> str:
        call = self.call
        return "" if call is None else call.called_wire

    def begin(self, call: Call, user: WayUser) -> None:
        """The port has its call."""
        self.call = call
        self._side = PortSide(self, call, user, self._board.clock)
        call.calling = self._side

    def hear(self, sources: tuple[str, ...]) -> None:
        """What the party hears from now on."""
        if self.call is not None:
            self.call.called_hears(sources)

    def release(self, cause: Cause) -> None:
        if self._side is not None:
            self._side.release(cause)

    def pass_on(self, message: Message) -> None:
        """Nothing asks a board about its caller: it is the switch itself."""

    def cleared(self) -> None:
        """Nothing is left of the call."""
        self._board.free(self)


class PortSide(CallingSide):
    """The caller is the switch itself."""

    __slots__ = ("_clock", "_is_over", "_port", "_user")

    def __init__(self, port: Port, call: OriginatingCall, user: WayUser, clock: Clock) -> None:
        super().__init__(call)
        self._port = port
        self._user = user
        self._clock = clock
        self._is_over = False

    @property
    def wire(self) -> str:
        return ""

    def hear(self, sources: tuple[str, ...]) -> None:
        """The logic listens to the called party's wire itself."""

    def alert(self) -> None:
        self._user.circuit_alerting(self._port)

    def progress(self, heard: Message | None) -> None:
        self._user.circuit_progress(self._port)

    def notice(self, message: Message) -> None:
        self._user.circuit_notice(self._port, message)

    def connect(self) -> None:
        """Voices are the logic's: it says what the party hears."""
        self._user.circuit_answered(self._port)

    def treat(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._clear_soon()  # first: the port is free before the end is durable anywhere
            self._user.circuit_released(self._port, self.call.cause)

    def release(self, cause: Cause) -> None:
        """The logic ends the call."""
        if not self._is_over:
            self._is_over = True
            self.call.cause = cause
            self.receive(OInput.CALLER_RELEASED)
            self._clear_soon()

    def _clear_soon(self) -> None:
        """Never from inside what ended the call, as a circuit is not clear at once either."""
        self._clock.call_later_us(0, self._clear)

    def _clear(self) -> None:
        self.receive(OInput.CLEARED)
        self._port.cleared()
        self._user.circuit_cleared(self._port)


class Board:
    """The ports of one switch; fulfils `Access`."""

    group = GROUP

    def __init__(
        self,
        office: Office,
        point_code: int,
        ports: int,
        groups: tuple[str, ...],
        begun: Callable[[Call], object],
        ended: Callable[[Call], object],
    ) -> None:
        """`groups` are the switch's trunk groups; `begun` and `ended` are told of each call."""
        self.clock = office.clock
        self._office = office
        self._point_code = point_code
        self._groups = groups
        self._begun = begun
        self._ended = ended
        self.new_call: CallMaker = Call
        self._reservations = Reservations()
        self._free = deque(range(1, ports + 1))
        """The numbers of the ports that are free, the longest free first."""

    def reserve(
        self, call: str, answer: Callable[[bool], object], parties: Parties = NUMBERS
    ) -> None:
        answer(self._reservations.reserve(call, len(self._free)))

    def are_resetting(self) -> bool:
        exchange: Exchange = self._office.exchange
        return any(exchange.is_resetting(group) for group in self._groups)

    def seize(self, call: str, called: str = "") -> Port | None:
        if not (self._free and self._reservations.may_take(call)):
            return None
        self._reservations.taken(call)
        return self._take()

    def seize_extra(self, call: str = "", called: str = "") -> Port | None:
        """Any port that is not promised; `call` makes no difference to a board."""
        return self._take() if len(self._free) > self._reservations.promised else None

    def _take(self) -> Port:
        own = self._point_code
        return Port(self, CircuitKey(own, own, self._free.popleft()))

    def dial(
        self, way: Way, called: str, caller: str, user: WayUser, iam: Iam | None = None
    ) -> None:
        """See `Access`; `iam` is what a circuit towards another exchange is to carry besides."""
        assert isinstance(way, Port), "seize gives nothing else"
        attempt = Attempt(called=called, calling=caller, shown=caller, incoming=way.key, iam=iam)
        call = self.new_call(self._office, attempt, self._ended)
        way.begin(call, user)
        self._begun(call)

    def give_back(self, way: Way) -> None:
        assert isinstance(way, Port), "seize gives nothing else"
        self.free(way)

    def hear(self, way: Way, sources: tuple[str, ...]) -> None:
        """What the party hears from now on; nothing once its call is being released."""
        assert isinstance(way, Port), "seize gives nothing else"
        way.hear(sources)

    def returned(self, call: str, way: Way | None = None) -> None:
        self._reservations.returned(call)

    def done(self, call: str) -> None:
        self._reservations.done(call)

    def free(self, port: Port) -> None:
        """A port can be seized again."""
        self._free.append(port.key.cic)
