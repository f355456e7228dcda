"""The calling side on each access: a circuit from another exchange, or a line of this switch.

A caller on a circuit learns of the end by its cause (REL). A caller on a line learns it by
DISCONNECT with the cause, and hears the comfort tone of that cause until its telephone hangs up or
T306 ends; while the called party is rung it hears ringback, unless something else is to be heard
already (Q.764 §2.1.4.1: in-band information). Only real telephones and trunks are told that there
is; to a simulated one nothing is signalled.
"""

from calleq.lines.channel import LineChannel
from calleq.media.ports import Quality
from calleq.ss7.isup.contract import Circuit
from calleq.ss7.isup.in_band import is_in_band
from calleq.ss7.isup.information import answer_to
from calleq.ss7.isup.messages import Cause, Location, Message
from calleq.ssp.office import Attempt, Office
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
    """The caller is a telephone of this switch, or behind a SIP trunk."""

    __slots__ = ("_attempt", "_channel", "_in_band", "_office", "_wire")

    def __init__(
        self, office: Office, channel: LineChannel, attempt: Attempt, call: OriginatingCall
    ) -> None:
        super().__init__(call)
        self._office = office
        self._channel = channel
        self._attempt = attempt
        self._wire = office.register.wire_of(channel)
        self._in_band = False
        """Whether something is to be heard of the called side."""

    @property
    def wire(self) -> str:
        return self._wire

    def hear(self, sources: tuple[str, ...]) -> None:
        self._office.register.hear(self._channel, sources)

    def alert(self) -> None:
        self.progress(self.call.heard)
        if not self._in_band:
            self.hear((RINGBACK,))
        self._channel.alerting()

    def progress(self, heard: Message | None) -> None:
        """The caller hears what comes back; a real one is told that there is something."""
        if not self._in_band and is_in_band(heard):
            self._in_band = True
            if self._office.register.is_real(self._channel.line):
                self._channel.progresses()

    def notice(self, message: Message) -> None:
        """Who asks about the caller is answered; a suspended called party may come back."""
        answer = answer_to(message, self._attempt.calling_number())
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

    def channel_progress(self, *, in_band: bool) -> None:
        """Only called telephones make progress."""

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

    def channel_measured(self, channel: LineChannel, measured: Quality) -> None:
        """Of a caller no record is made: the switch that faces the called party bills."""

    def channel_cleared(self) -> None:
        self.receive(OInput.CLEARED)
