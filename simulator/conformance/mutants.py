"""Altered switches: each has one reaction removed or changed, and must fail the case that names it.

A case's data names its mutants by a short sentence, such as "suppress RLC"; `MUTATIONS` has the
verbs. Most of them stand between the switch and its links and see only octets, so they can be made
of any switch; `timer` and `table` change the exchange itself. A verb that a case uses and no
registry has is a mistake of the case (WireError), and so is a mutant that never did anything:
`Mutant.acted` says so.
"""

from collections.abc import Callable, Sequence

import msgspec

from calleq.runtime.clock import Clock
from calleq.ss7 import mtp3_codec
from calleq.ss7.isup.circuit_actions import STEPS
from calleq.ss7.isup.circuit_states import Input, State
from calleq.ss7.isup.exchange import IsupExchange
from calleq.ss7.links import LinkEnd
from calleq.ss7.mtp3 import SERVICE_ISUP, Msu, Mtp3Error
from calleq.units import SECOND_US
from simulator.conformance.octets import Read, build, has_group, read
from simulator.conformance.parameters import NUMBERS, Value, WireError, pack

Payloads = Sequence[tuple[int, bytes]]
"""What becomes of one message: nothing, or messages, each with a delay in microseconds."""


class Mutant:
    """No alteration at all; what each verb alters it overrides."""

    def __init__(self) -> None:
        self.acted = 0

    def prepare(self, exchange: IsupExchange) -> None:
        """Alter the exchange before anything happens."""

    def leaving(self, message: Read, payload: bytes) -> Payloads:
        """What leaves the switch instead of this message."""
        return ((0, payload),)

    def arriving(self, message: Read, payload: bytes) -> Payloads:
        """What the switch gets instead of this message."""
        return ((0, payload),)


class _Suppress(Mutant):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def leaving(self, message: Read, payload: bytes) -> Payloads:
        if message.name != self._name:
            return ((0, payload),)
        self.acted += 1
        return ()


class _Ignore(Mutant):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def arriving(self, message: Read, payload: bytes) -> Payloads:
        if message.name != self._name:
            return ((0, payload),)
        self.acted += 1
        return ()


class _Repeat(Mutant):
    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def leaving(self, message: Read, payload: bytes) -> Payloads:
        if message.name != self._name:
            return ((0, payload),)
        self.acted += 1
        return ((0, payload), (0, payload))


class _Delay(Mutant):
    def __init__(self, name: str, seconds: str) -> None:
        super().__init__()
        self._name = name
        self._delay_us = round(float(seconds) * SECOND_US)

    def leaving(self, message: Read, payload: bytes) -> Payloads:
        if message.name != self._name:
            return ((0, payload),)
        self.acted += 1
        return ((self._delay_us, payload),)


class _Say(Mutant):
    """`say ACM as CON`: another message leaves, of ordinary contents."""

    def __init__(self, name: str, _as: str, other: str) -> None:
        super().__init__()
        self._name = name
        self._other = other

    def leaving(self, message: Read, payload: bytes) -> Payloads:
        if message.name != self._name:
            return ((0, payload),)
        self.acted += 1
        return ((0, _ordinary(self._other, message)),)


class _Take(Mutant):
    """`take 0xf8 as REL`: the switch mistakes one message for another of ordinary contents."""

    def __init__(self, name: str, _as: str, other: str) -> None:
        super().__init__()
        self._name = name
        self._other = other

    def arriving(self, message: Read, payload: bytes) -> Payloads:
        if message.name != self._name:
            return ((0, payload),)
        self.acted += 1
        return ((0, _ordinary(self._other, message)),)


class _Answer(Mutant):
    """`answer SGM with REL`: a message too many leaves after one that came."""

    def __init__(self, name: str, _with: str, other: str) -> None:
        super().__init__()
        self._name = name
        self._other = other
        self._seen: Read | None = None
        self.tell: Callable[[bytes], object] = lambda payload: None

    def arriving(self, message: Read, payload: bytes) -> Payloads:
        if message.name == self._name:
            self.acted += 1
            self.tell(_ordinary(self._other, message))
        return ((0, payload),)


class _Alter(Mutant):
    """`alter IAM medium hex:02`: a parameter has other contents, or is added."""

    def __init__(self, name: str, parameter: str, value: str) -> None:
        super().__init__()
        self._name = name
        self._parameter = parameter
        number = value.isdecimal() and parameter not in NUMBERS
        self._value: Value = int(value) if number else value
        pack(parameter, self._value)

    def leaving(self, message: Read, payload: bytes) -> Payloads:
        if message.name != self._name:
            return ((0, payload),)
        self.acted += 1
        parameters = {**_as_fields(message), self._parameter: self._value}
        return ((0, build(message.name, message.cic, parameters)),)


class _Strip(Mutant):
    """`strip propagation_delay of IAM`: an optional parameter is missing."""

    def __init__(self, parameter: str, _of: str, name: str) -> None:
        super().__init__()
        self._name = name
        self._parameter = parameter

    def leaving(self, message: Read, payload: bytes) -> Payloads:
        parameters = _as_fields(message)
        if message.name != self._name or self._parameter not in parameters:
            return ((0, payload),)
        self.acted += 1
        del parameters[self._parameter]
        return ((0, build(message.name, message.cic, parameters)),)


class _Timer(Mutant):
    """`timer t7 60`: a timer of the exchange runs so many seconds."""

    def __init__(self, name: str, seconds: str) -> None:
        super().__init__()
        self._change = {f"{name.lower()}_us": round(float(seconds) * SECOND_US)}

    def prepare(self, exchange: IsupExchange) -> None:
        self.acted += 1
        exchange.timers = msgspec.structs.replace(exchange.timers, **self._change)


class _Table(Mutant):
    """`table IDLE RSC as RLC`: in that state one input is treated as another."""

    def __init__(self, state: str, given: str, _as: str, other: str) -> None:
        super().__init__()
        self._place = State[state], Input[given]
        self._cell = STEPS[State[state]][Input[other]]

    def prepare(self, exchange: IsupExchange) -> None:
        self.acted += 1
        rows = [list(row) for row in STEPS]
        state, given = self._place
        rows[state][given] = self._cell
        exchange.steps = tuple(tuple(row) for row in rows)


MUTATIONS: dict[str, Callable[..., Mutant]] = {
    "suppress": _Suppress,
    "ignore": _Ignore,
    "repeat": _Repeat,
    "delay": _Delay,
    "say": _Say,
    "take": _Take,
    "answer": _Answer,
    "alter": _Alter,
    "strip": _Strip,
    "timer": _Timer,
    "table": _Table,
}


def mutant_of(sentence: str) -> Mutant:
    """The mutant that a case names. Raises WireError."""
    verb, *words = sentence.split()
    if verb not in MUTATIONS:
        raise WireError(f"mutant {sentence!r}: one of {', '.join(MUTATIONS)} expected first")
    try:
        return MUTATIONS[verb](*words)
    except (TypeError, KeyError, ValueError) as error:
        raise WireError(f"mutant {sentence!r}: {error}") from error


def _as_fields(message: Read) -> dict[str, Value]:
    return {name: f"hex:{contents.hex()}" for name, contents in message.parameters.items()}


def _ordinary(name: str, message: Read) -> bytes:
    """A message of that name about the same circuits, otherwise as such messages mostly are."""
    fields = {
        parameter: value
        for parameter, value in _as_fields(message).items()
        if parameter in ("group_type", "range_and_status")
    }
    return build(name, message.cic, fields if has_group(name) else {})


class MeddledEnd:
    """The switch's end of a link, with a mutant between the two; fulfils `LinkEnd`."""

    def __init__(self, end: LinkEnd, mutant: Mutant, clock: Clock) -> None:
        self.link = end.link
        self.near = end.near
        self.far = end.far
        self._end = end
        self._mutant = mutant
        self._clock = clock
        self._receive: Callable[[bytes], None] = lambda octets: None

    @property
    def in_service(self) -> bool:
        return self._end.in_service

    def send(self, octets: bytes) -> bool:
        if not self._end.in_service:
            return False
        for delay_us, changed in self._changed(octets, self._mutant.leaving):
            if delay_us:
                self._clock.call_later_us(delay_us, self._end.send, changed)
            else:
                self._end.send(changed)
        return True

    def attach(self, receive: Callable[[bytes], None], changed: Callable[[bool], None]) -> None:
        self._receive = receive
        self._end.attach(self._arrived, changed)

    def _arrived(self, octets: bytes) -> None:
        mutant = self._mutant
        if isinstance(mutant, _Answer):
            mutant.tell = lambda payload: self._end.send(_reversed(octets, payload))
        for _, changed in self._changed(octets, mutant.arriving):
            self._receive(changed)

    def _changed(self, octets: bytes, change: Callable[[Read, bytes], Payloads]) -> Payloads:
        try:
            msu = mtp3_codec.decode(octets)
            if msu.service != SERVICE_ISUP:
                return ((0, octets),)
            message = read(msu.payload)
        except (Mtp3Error, WireError):
            return ((0, octets),)
        payloads = change(message, msu.payload)
        return [
            (delay_us, mtp3_codec.encode(msgspec.structs.replace(msu, payload=payload)))
            for delay_us, payload in payloads
        ]


def _reversed(octets: bytes, payload: bytes) -> bytes:
    """The unit that would answer another one, with this payload."""
    msu = mtp3_codec.decode(octets)
    return mtp3_codec.encode(
        Msu(msu.origin, msu.destination, msu.selection, payload, msu.service, msu.network)
    )
