"""The calling side on each access: a circuit from another exchange, or a line of this switch.

A caller on a circuit learns of the end by its cause (REL). A caller on a line learns it by
DISCONNECT with the cause, and hears the comfort tone of that cause until its telephone hangs up or
T306 ends; while the called party is rung it hears ringback.
"""

from calleq.lines.channel import LineChannel
from calleq.ss7.isup.contract import Circuit
from calleq.ss7.isup.information import answer_to
from calleq.ss7.isup.messages import CallingNumber, Cause, Location, Message
from calleq.ssp.office import Office
from calleq.ssp.originating import CallingSide, OInput, OriginatingCall
from calleq.ssp.tones import RINGBACK, comfort_tone


class CallingCircuit(CallingSide):
    """The caller is behind an incoming circuit."""

    __slots__ = ("_circuit", "_heard", "_office", "_released")

    def __init__(self, office: Office, circuit: Circuit, call: OriginatingCall) -> None:
        super().__init__(call)
        self._office = office
        self._circuit = circuit
        self._heard: tuple[str, ...] = ()
        self._released = False

    @property
    def wire(self) -> str:
        return self._circuit.wire

    def hear(self, sources: tuple[str, ...]) -> None:
        if not self._released and sources != self._heard:
            self._heard = sources
            self._office.voice.feed(self._office.name, self._circuit.wire, sources)

    def alert(self) -> None:
        self._circuit.alerting(self.call.heard)

    def progress(self, heard: Message | None) -> None:
        self._circuit.progress(heard)

    def notice(self, message: Message) -> None:
        self._circuit.pass_on(message)

    def connect(self) -> None:
        self.call.connect_voices()
        self._circuit.answer(self.call.answered_with())

    def treat(self) -> None:
        self._silence()
        self._circuit.release(self.call.cause, self.call.heard)

    def _silence(self) -> None:
        """Before the circuit can be seized anew, so that no other call is cut."""
        self.hear(())
        self._released = True

    # CircuitUser

    def circuit_alerting(self, circuit: Circuit) -> None:
        """Only outgoing calls alert."""

    def circuit_progress(self, circuit: Circuit) -> None:
        """Only outgoing calls make progress."""

    def circuit_answered(self, circuit: Circuit) -> None:
        """Only outgoing calls are answered."""

    def circuit_notice(self, circuit: Circuit, message: Message) -> None:
        self.call.says(message)

    def circuit_released(self, circuit: Circuit, cause: Cause) -> None:
        self._silence()
        self.call.cause = cause
        self.call.heard = circuit.heard
        self.receive(OInput.CALLER_RELEASED)

    def circuit_cleared(self, circuit: Circuit) -> None:
        self._silence()
        self.receive(OInput.CLEARED)


class CallingLine(CallingSide):
    """The caller is a telephone of this switch."""

    __slots__ = ("_channel", "_office", "_wire")

    def __init__(
        self, office: Office, channel: LineChannel, wire: str, call: OriginatingCall
    ) -> None:
        super().__init__(call)
        self._office = office
        self._channel = channel
        self._wire = wire

    @property
    def wire(self) -> str:
        return self._wire

    def hear(self, sources: tuple[str, ...]) -> None:
        self._office.register.hear(self._channel, sources)

    def alert(self) -> None:
        self.hear((RINGBACK,))
        self._channel.alerting()

    def progress(self, heard: Message | None) -> None:
        """The caller hears what comes back on the circuit; nothing is signalled on the line."""

    def notice(self, message: Message) -> None:
        """Who asks about the caller is answered; a suspended called party may come back."""
        answer = answer_to(message, CallingNumber(self._channel.line[1:]))
        if answer is not None:
            self.call.says(answer)

    def connect(self) -> None:
        self.call.connect_voices()
        self._channel.answer()

    def treat(self) -> None:
        cause = self.call.cause.value
        tone = comfort_tone(cause)
        self.hear((tone,) if tone else ())
        self._channel.release(cause)

    # ChannelUser

    def channel_alerting(self) -> None:
        """Only called telephones alert."""

    def channel_connected(self) -> None:
        """Only called telephones connect."""

    def channel_notified(self, *, suspended: bool) -> None:
        """Only called telephones may be put down without the call being over."""

    def channel_released(self, cause: int, *, by_line: bool) -> None:
        self.hear(())
        location = Location.USER if by_line else Location.PUBLIC_LOCAL
        self.call.cause = Cause(cause, location)
        self.receive(OInput.CALLER_RELEASED)

    def channel_cleared(self) -> None:
        self.receive(OInput.CLEARED)
