"""Mutants of a switch: what changes its exchange itself, and the place where octets are altered."""

from collections.abc import Callable
from typing import Protocol, cast

import msgspec

from calleq.media.contract import Voice, circuit_wire, line_wire, wire_source
from calleq.runtime.clock import Clock, VirtualClock
from calleq.ss7 import mtp3_codec
from calleq.ss7.isup.circuit_states import Input, State
from calleq.ss7.isup.circuit_steps import STEPS
from calleq.ss7.isup.exchange import IsupExchange
from calleq.ss7.isup.snapshots import Use
from calleq.ss7.links import LinkEnd
from calleq.ss7.m2pa import Remains
from calleq.ss7.mtp3 import SERVICE_ISUP, Msu, Mtp3Error
from calleq.units import SECOND_US
from simulator.conformance.isup.octets import read
from simulator.conformance.language import Language, Read, WireError
from simulator.conformance.mutants import Leaving, Mutant, Payloads, Verb

SOON_US = SECOND_US // 10


class Switch(Protocol):
    """What a mutant may alter of the switch under test."""

    clock: VirtualClock
    exchange: IsupExchange
    voice: Voice


class _Timer(Mutant):
    """`timer t7 60`: a timer of the exchange runs so many seconds."""

    def __init__(self, language: Language, name: str, seconds: str) -> None:
        super().__init__(language)
        self._change = {f"{name.lower()}_us": round(float(seconds) * SECOND_US)}

    def prepare(self, element: object) -> None:
        exchange = _switch(element).exchange
        self.acted += 1
        exchange.timers = msgspec.structs.replace(exchange.timers, **self._change)


class _Table(Mutant):
    """`table IDLE RSC as RLC`: in that state one input is treated as another."""

    def __init__(self, language: Language, state: str, given: str, _as: str, other: str) -> None:
        super().__init__(language)
        self._place = State[state], Input[given]
        self._cell = STEPS[State[state]][Input[other]]

    def prepare(self, element: object) -> None:
        self.acted += 1
        rows = [list(row) for row in STEPS]
        state, given = self._place
        rows[state][given] = self._cell
        _switch(element).exchange.steps = tuple(tuple(row) for row in rows)


class _Through(Leaving):
    """`through +12125550100`: that caller hears the circuit as soon as IAM leaves."""

    def __init__(self, language: Language, telephone: str) -> None:
        super().__init__(language, "IAM")
        self._line = line_wire(telephone)
        self._switch: Switch | None = None

    def prepare(self, element: object) -> None:
        self._switch = _switch(element)

    def change(self, message: Read, payload: bytes) -> Payloads:
        assert self._switch is not None, "prepared before anything happens"
        exchange = self._switch.exchange
        for pool in exchange.pools.values():
            trunk = pool.trunk
            for circuit in exchange.circuits(trunk.name):
                if circuit.cic == message.cic and circuit.use == Use.OUTGOING:
                    wire = circuit_wire(exchange.point_code, trunk.far_point_code, circuit.cic)
                    self._switch.clock.call_later_us(
                        SOON_US,
                        self._switch.voice.feed,
                        exchange.name,
                        self._line,
                        (wire_source(wire),),
                    )
        return ((0, payload),)


def _switch(element: object) -> Switch:
    return cast(Switch, element)


ISUP_VERBS: dict[str, Verb] = {"timer": _Timer, "table": _Table, "through": _Through}


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

    @property
    def congestion(self) -> int:
        return self._end.congestion

    def on_congestion(self, told: Callable[[int], None]) -> None:
        self._end.on_congestion(told)

    def start(self) -> None:
        self._end.start()

    def stop(self) -> None:
        self._end.stop()

    def last_received(self) -> int:
        return self._end.last_received()

    def retrieve(self, after: int | None) -> list[bytes]:
        return self._end.retrieve(after)

    def take_back(self) -> Remains:
        return self._end.take_back()

    def _arrived(self, octets: bytes) -> None:
        mutant = self._mutant
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
        return [
            (delay_us, mtp3_codec.encode(msgspec.structs.replace(msu, payload=payload)))
            for delay_us, payload in change(message, msu.payload)
        ]


def _reversed(octets: bytes, payload: bytes) -> bytes:
    """The unit that would answer another one, with this payload."""
    msu = mtp3_codec.decode(octets)
    return mtp3_codec.encode(
        Msu(msu.origin, msu.destination, msu.selection, payload, msu.service, msu.network)
    )
