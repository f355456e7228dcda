"""Which seizure of which circuit a captured signalling message belongs to.

ISUP carries no call reference. What joins messages to a call is the circuit and the time: a journal
entry names the circuit before its IAM leaves (`Dialled`, `Transit`), and the seizure lasts until
RLC. `seizures` reads the journals and says who seized what for which call; `Circuits` then takes
captured messages in the order of time and puts each into its seizure.

Odd cases:

- a message crosses several links; the copy that a transfer point passes on belongs where the one it
  received belongs, whatever happened on the circuit meanwhile (a circuit may be seized again while
  its RLC is still under way);
- a copy in which one octet was changed is recognised by the rest. When its label or circuit was
  hit, it follows its undamaged twin;
- both ends may seize a circuit at once: two seizures are then open, and the one that is answered to
  from its far end stays;
- an IAM damaged beyond reading still begins the seizure that the journal says began.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from calleq.journal.entries import CircuitKey, Dialled, LineSeized, Stamped, Transit
from calleq.ss7.isup.messages import IsupError
from calleq.ss7.mtp3 import SERVICE_ISUP, Msu, Mtp3Error
from calleq.trace.capture import Captured
from calleq.trace.decoding import Decoders

RELAY_LIMIT_US = 5_000_000
"""A copy that comes later than this after the message it repeats is no copy."""
UNDER_WAY_LIMIT = 1_024
"""Messages remembered as under way to one transfer point."""
LATE_LIMIT_US = 1_000_000
"""A release repeated within this time after RLC belongs to the seizure that it ended."""

_IAM = 0x01
_REL = 0x0C
_RLC = 0x10
_BACKWARD = frozenset((0x06, 0x07, 0x09, 0x2C))
"""ACM, CON, ANM and CPG only come from the far end of a seizure."""

CircuitName = tuple[int, int, int]
"""Lower point code, higher point code, circuit identification code."""


@dataclass(slots=True, eq=False)
class Seizure:
    """One use of one circuit; `call` is empty when it is no call of the journals."""

    key: CircuitKey
    start_us: int
    call: str = ""
    closed_us: int | None = None


@dataclass(slots=True, eq=False)
class LineOffer:
    """A call offered to a line, as its switch journalled it."""

    switch: str
    line: str
    start_us: int
    call: str
    called: str = ""
    """The number; behind a trunk it is another than the line's name."""


def circuit_name(origin: int, destination: int, cic: int) -> CircuitName:
    """The circuit, whichever end seized it."""
    return min(origin, destination), max(origin, destination), cic


def seizures(entries: Iterable[Stamped]) -> tuple[list[Seizure], list[LineOffer]]:
    """What the journals of all processes say was seized, and what was offered to lines, in order.

    A call's first circuit is in its `Dialled` entry; each `Transit` hands its call on.
    """
    made: list[Seizure] = []
    offers: list[LineOffer] = []
    latest: dict[CircuitKey, Seizure] = {}
    for stamped in sorted(entries, key=lambda stamped: stamped.at_us):
        at_us = stamped.at_us
        match stamped.entry:
            case Dialled(call=call, circuit=CircuitKey() as key):
                latest[key] = Seizure(key, at_us, call)
                made.append(latest[key])
            case Transit(incoming=incoming, outgoing=key):
                before = latest.get(incoming) if incoming is not None else None
                latest[key] = Seizure(key, at_us, before.call if before else "")
                made.append(latest[key])
            case LineSeized(line=line, incoming=incoming, called=called):
                before = latest.get(incoming) if incoming is not None else None
                call = before.call if before else ""
                offers.append(LineOffer(stamped.entity, line, at_us, call, called))
            case _:
                pass
    return made, offers


@dataclass(slots=True)
class _Circuit:
    announced: dict[CircuitKey, deque[Seizure]] = field(default_factory=dict)
    open: list[Seizure] = field(default_factory=list)
    last: Seizure | None = None


@dataclass(slots=True, eq=False)
class _UnderWay:
    """A message on its way to a transfer point, which has not passed it on yet."""

    index: int
    octets: bytes
    at_us: int


class Circuits:
    """Puts signalling messages, given in the order of time, into seizures.

    `point_codes` has every node's by its name; it tells a message from a copy of it.
    """

    def __init__(
        self, announced: Iterable[Seizure], point_codes: Mapping[str, int], decoders: Decoders
    ) -> None:
        self._point_codes = point_codes
        self._decoders = decoders
        self._circuits: dict[CircuitName, _Circuit] = {}
        self._under_way: dict[str, deque[_UnderWay]] = {}
        self.owners: dict[int, Seizure | None] = {}
        """Seizure of each message by the index it was given with."""
        for seizure in announced:
            circuit = self._circuit(seizure.key.origin, seizure.key.destination, seizure.key.cic)
            circuit.announced.setdefault(seizure.key, deque()).append(seizure)

    def take(self, index: int, captured: Captured) -> None:
        """Attribute the message; `index` is the caller's name for it."""
        try:
            msu = self._decoders.mtp3(captured.octets)
        except Mtp3Error:
            msu = None
        originated = msu is not None and self._point_codes.get(captured.sender) == msu.origin
        twin = None if originated else self._passed_on(captured)
        if twin is None:
            self.owners[index] = self._place(msu, captured.at_us)
        else:
            self._follow(index, twin, msu, captured)
        if msu is None or self._point_codes.get(captured.receiver) != msu.destination:
            waiting = self._under_way.setdefault(captured.receiver, deque(maxlen=UNDER_WAY_LIMIT))
            waiting.append(_UnderWay(index, captured.octets, captured.at_us))

    def _circuit(self, origin: int, destination: int, cic: int) -> _Circuit:
        name = circuit_name(origin, destination, cic)
        circuit = self._circuits.get(name)
        if circuit is None:
            circuit = self._circuits[name] = _Circuit()
        return circuit

    def _passed_on(self, captured: Captured) -> _UnderWay | None:
        """The message of which this is the copy: the same octets, or all but one of them."""
        waiting = self._under_way.get(captured.sender)
        if not waiting:
            return None
        while waiting and captured.at_us - waiting[0].at_us > RELAY_LIMIT_US:
            waiting.popleft()
        octets = captured.octets
        found = next((one for one in waiting if one.octets == octets), None)
        if found is None:
            found = next((one for one in waiting if differs_by_one(one.octets, octets)), None)
        if found is not None:
            waiting.remove(found)
        return found

    def _follow(self, index: int, twin: _UnderWay, msu: Msu | None, captured: Captured) -> None:
        """Give a copy its twin's seizure, or, where that was lost on a damaged label, its own."""
        seizure = self.owners[twin.index]
        changed = twin.octets != captured.octets
        if changed and (seizure is None or not seizure.call or self._begins(msu, captured.at_us)):
            own = self._place(msu, captured.at_us)
            if own is not None and (seizure is None or own.call):
                seizure = self.owners[twin.index] = own
        elif seizure is not None and msu is not None and _type(msu) == _RLC:
            self._close(seizure, captured.at_us)
        self.owners[index] = seizure

    def _place(self, msu: Msu | None, at_us: int) -> Seizure | None:
        """The seizure by circuit and time; None when the circuit was idle or none is named."""
        if msu is None or msu.service != SERVICE_ISUP or len(msu.payload) < 3:
            return None
        cic = self._cic(msu)
        circuit = self._circuit(msu.origin, msu.destination, cic)
        message_type = _type(msu)
        if message_type == _IAM:
            key = CircuitKey(msu.origin, msu.destination, cic)
            seizure = _begin(circuit, key, at_us)
            busy = any(one.call for one in circuit.open)
            if seizure is None and not busy and self._is_message(msu.payload):
                seizure = Seizure(key, at_us)
            if seizure is not None:
                others = [one for one in circuit.open if one.key != key]
                circuit.open = [*others[-1:], seizure]
                return seizure
        seizure = _current(circuit, msu.origin, message_type, at_us)
        if seizure is not None and message_type == _RLC:
            self._close(seizure, at_us)
        return seizure

    def _begins(self, msu: Msu | None, at_us: int) -> bool:
        """Whether the unit is an IAM that a journal announced and nobody has seen yet."""
        if msu is None or _type(msu) != _IAM:
            return False
        cic = self._cic(msu)
        circuit = self._circuit(msu.origin, msu.destination, cic)
        waiting = circuit.announced.get(CircuitKey(msu.origin, msu.destination, cic))
        return waiting is not None and len(waiting) > 0 and waiting[0].start_us <= at_us

    def _cic(self, msu: Msu) -> int:
        return int.from_bytes(msu.payload[:2], "little") & self._decoders.variant.last_circuit

    def _is_message(self, payload: bytes) -> bool:
        try:
            self._decoders.isup(payload)
        except IsupError:
            return False
        return True

    def _close(self, seizure: Seizure, at_us: int) -> None:
        key = seizure.key
        circuit = self._circuit(key.origin, key.destination, key.cic)
        if seizure in circuit.open:
            circuit.open.remove(seizure)
            circuit.last = seizure
            seizure.closed_us = at_us


def differs_by_one(one: bytes, other: bytes) -> bool:
    """Whether two strings of the same length differ in exactly one octet."""
    if len(one) != len(other):
        return False
    return sum(left != right for left, right in zip(one, other, strict=True)) == 1


def _type(msu: Msu) -> int:
    return msu.payload[2] if len(msu.payload) > 2 else 0


def _begin(circuit: _Circuit, key: CircuitKey, at_us: int) -> Seizure | None:
    """The seizure that the journal announced last for this label, until now; it is used up."""
    begun = None
    waiting = circuit.announced.get(key)
    while waiting and waiting[0].start_us <= at_us:
        begun = waiting.popleft()
    return begun


def _current(circuit: _Circuit, origin: int, message_type: int, at_us: int) -> Seizure | None:
    """The seizure that a message other than an IAM belongs to."""
    if message_type in _BACKWARD and len(circuit.open) > 1:
        answered = [one for one in circuit.open if one.key.destination == origin]
        circuit.open = answered or circuit.open
    if circuit.open:
        return circuit.open[-1]
    last = circuit.last
    if message_type in (_REL, _RLC):
        if last is None or last.closed_us is None or at_us - last.closed_us > LATE_LIMIT_US:
            return None
        return last
    for key in circuit.announced:
        begun = _begin(circuit, key, at_us)
        if begun is not None:
            circuit.open = [begun]
            return begun
    return None
