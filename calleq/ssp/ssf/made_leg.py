"""A leg that the switch makes for an SCP: an ordinary call of the switch, on a port of its board.

Before it is dialled the attempt is written and durable: which transaction and leg of the SCP took
which port (`Transit`). From there on billing follows the port as it does for calling logic 80.
Without a free port the attempt ends with cause 34.
"""

from calleq.calling_logic.means import Way
from calleq.causes import Q850
from calleq.journal.contract import Journal
from calleq.journal.entries import CircuitKey, Transit
from calleq.ss7.isup.information import answer_to
from calleq.ss7.isup.messages import CallingNumber, Cause, Iam, Location, Message
from calleq.ssp.board import Board, Port
from calleq.ssp.ssf.leg import Leg, LegInput, LegOwner, LegState


class MadeLeg(Leg):
    """The party is called by the switch itself; fulfils `WayUser`."""

    __slots__ = ("_board", "_chose", "_journal", "_name", "_port", "called", "caller", "iam")

    def __init__(
        self,
        owner: LegOwner,
        number: int,
        board: Board,
        name: str,
        journal: Journal,
        key: CircuitKey | None,
    ) -> None:
        """`name` is the switch's; `key` what the SCP's journal calls the leg, None: nothing."""
        super().__init__(owner, number, board.clock, LegState.IDLE)
        self._board = board
        self._journal = journal
        self._name = name
        self.key = key
        self.called = ""
        """E.164 with `+`."""
        self.caller = ""
        self.iam: Iam | None = None
        """More than the two numbers, where the far end is to have more."""
        self._port: Port | None = None
        self._chose = False
        """Whether a port was taken before."""

    @property
    def is_written(self) -> bool:
        return self._chose

    @property
    def address(self) -> str:
        return self.called

    @property
    def wire(self) -> str:
        return "" if self._port is None else self._port.wire

    @property
    def talks(self) -> bool:
        """An answer that the SCP has not acted on yet does not keep the party from being heard."""
        return self.is_up

    def hear(self, sources: tuple[str, ...]) -> None:
        if self._port is not None:
            self._port.hear(sources)

    def write(self) -> None:
        port = self._board.seize_extra()
        if port is None:
            self.ended(Cause(Q850.NO_CIRCUIT))
            return
        self._port = port
        transit = Transit(self.key, port.key, again=self._chose, called=self.called)
        self._chose = True
        self._journal.append(self._name, transit, self._durable)

    def _durable(self) -> None:
        self.receive(LegInput.DURABLE)

    def dial(self) -> None:
        port = self._port
        assert port is not None, "a port is seized before it is dialled"
        self.start_timer()
        self._board.dial(port, self.called, self.caller, self, self.iam)

    def give_back(self) -> None:
        port, self._port = self._port, None
        assert port is not None, "a port is seized before it is written of"
        self._board.give_back(port)
        self.owner.forgotten(self)

    def alert(self) -> None:
        """Nobody waits who would have to be told."""

    def join(self) -> None:
        self.owner.joined(self)

    def drop_party(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            port.release(self.cause)

    def over(self) -> None:
        """The board looks after its ports itself."""

    def report_answer(self) -> None:
        self.owner.joined(self)
        super().report_answer()

    # WayUser

    def circuit_alerting(self, circuit: Way) -> None:
        if circuit is self._port:
            self.receive(LegInput.ALERTED)

    def circuit_progress(self, circuit: Way) -> None:
        """The party is not rung yet."""

    def circuit_answered(self, circuit: Way) -> None:
        if circuit is self._port:
            self.receive(LegInput.ANSWERED)

    def circuit_notice(self, circuit: Way, message: Message) -> None:
        """Who asks about the caller is answered; a suspended party may come back."""
        calling = CallingNumber(self.caller.lstrip("+")) if self.caller else None
        answer = answer_to(message, calling)
        if answer is not None:
            circuit.pass_on(answer)

    def circuit_released(self, circuit: Way, cause: Cause) -> None:
        if circuit is self._port:
            self._port = None
            self.ended(cause)

    def circuit_cleared(self, circuit: Way) -> None:
        """Without a word before it, a temporary failure."""
        if circuit is self._port:
            self._port = None
            self.ended(Cause(Q850.TEMPORARY_FAILURE, Location.PUBLIC_LOCAL))
