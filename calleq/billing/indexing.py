"""What the entries of all journals say, indexed once, with the uses of each circuit joined. Pure.

The only thing that joins processes is what the signalling has in common: the circuit. The calling
equipment says by which circuit it dialled (`Dialled`); each switch says by which circuit a call
came and by which it went on (`Transit`), or at which line it ended (`LineSeized`, `LineRefused`).

Entries may come in any order and more than once: each is known by its entity and sequence. A call
between two telephones has no `Dialled`, so it makes no session, but its seizures stand in line with
the others when uses of a circuit are told apart. A line's events belong to the last `LineSeized` of
their seizure number, so that a switch may begin anew at 1 after a restart.

The working objects are out of the garbage collector's sight (`gc=False`), which halves the time for
a day's journals; what points in a circle in damaged data is therefore not freed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter

import msgspec
from msgspec.structs import replace

from calleq.billing.pairing import CLOCK_TOLERANCE_US, pair_uses
from calleq.billing.skew import clock_skew_us
from calleq.journal.entries import (
    Accepted,
    Charged,
    CircuitKey,
    Dialled,
    Ended,
    Furnished,
    LineAnswered,
    LineMeasured,
    LineRefused,
    LineReleased,
    LineRinging,
    LineSeized,
    Progress,
    Redirected,
    Stamped,
    Started,
    Transit,
    Undertaken,
)

HOP_LIMIT = 16
"""A call passes fewer switches; more is a circle in damaged data."""

_FAILURES = ("failed", "released")


class LineCall(msgspec.Struct, gc=False):
    """A call at a line, as its switch told it."""

    seized: Stamped
    software: str
    ringing: Stamped | None = None
    answered: Stamped | None = None
    released: Stamped | None = None
    measured: Stamped | None = None


class Arrival(msgspec.Struct, gc=False):
    """What an exchange did with a call that came by a circuit."""

    stamped: Stamped
    outgoing: "Use | None" = None
    line: LineCall | None = None
    refused: Stamped | None = None
    software: str = ""
    tried: tuple["Use", ...] = ()
    """Ways on that came to nothing before `outgoing` was taken."""
    besides: tuple[Stamped, ...] = ()
    """What the exchange wrote of it beside `stamped` and the ways on: redirections, refusals."""
    matched: bool = False
    """Whether the exchange at the other end of the circuit wrote that it sent the call."""
    skew_us: int = 0
    """How far the clock of this exchange is ahead of that one's."""


class Use(msgspec.Struct, gc=False):
    """One use of a circuit, as the exchange that sent the IAM wrote it."""

    key: CircuitKey
    stamped: Stamped
    arrival: Arrival | None = None


class Attempt(msgspec.Struct, gc=False):
    dialled: Stamped
    entry: Dialled
    use: Use | None
    software: str


@dataclass(slots=True)
class Session:
    call: str
    business: str = ""
    accepted: Stamped | None = None
    ended_at_us: int | None = None
    state: str = ""
    cause: int = 0
    attempts: list[Attempt] = field(default_factory=list)
    causes: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)
    """The cause and instant at which the equipment saw an attempt of a leg end."""
    charged: Charged | None = None

    @property
    def awaits_charge(self) -> bool:
        """Whether money was held for it, and what it cost has not been written."""
        accepted = None if self.accepted is None else self.accepted.entry
        return self.charged is None and isinstance(accepted, Accepted) and bool(accepted.held)


class Journals:
    """Everything of all journals, indexed once."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.instants: dict[str, list[Stamped]] = {}
        self.uses: dict[CircuitKey, list[Use]] = {}
        self.arrivals: dict[CircuitKey, list[Arrival]] = {}
        self.local: list[Arrival] = []
        """Calls that a line of the same switch made."""
        self.software: dict[str, str] = {}
        """The version that runs at an entity, as of the last entry read."""
        self._lines: dict[tuple[str, int], LineCall] = {}
        self._redirected: dict[CircuitKey, Stamped] = {}
        """Redirections whose call has not been dialled yet."""
        self._furnished: dict[CircuitKey, list[Stamped]] = {}
        """What an SCP furnished for calls that have not been dialled yet."""

    def read(self, stamped: Stamped) -> None:
        """Take one entry; those of one entity come in their order, and once."""
        entry = stamped.entry
        match entry:  # the most frequent first: half of a journal is progress
            case Progress():
                if entry.event in _FAILURES and entry.leg:
                    causes = self._session(entry.call).causes
                    causes.setdefault((entry.leg, entry.attempt), (entry.cause, stamped.at_us))
            case (
                LineRinging(seizure)
                | LineAnswered(seizure)
                | LineReleased(seizure)
                | LineMeasured(seizure)
            ):
                self._line_event(stamped, entry, seizure)
            case LineSeized():
                line = LineCall(stamped, self._software(stamped))
                self._lines[stamped.entity, entry.seizure] = line
                arrival = Arrival(stamped, line=line)
                if not (entry.again and self._takes_another_line(entry.incoming, arrival)):
                    self._arrives(entry.incoming, arrival)
            case Dialled():
                key = entry.circuit
                use_or_none = None if key is None else self._uses_circuit(key, stamped)
                attempt = Attempt(stamped, entry, use_or_none, self._software(stamped))
                self._session(entry.call).attempts.append(attempt)
            case Ended():
                session = self._session(entry.call)
                if session.ended_at_us is None:
                    session.ended_at_us = stamped.at_us
                    session.state, session.cause = entry.state, entry.cause
            case Accepted():
                session = self._session(entry.call)
                session.business = session.business or entry.business
                session.accepted = session.accepted or stamped
            case Charged():
                session = self._session(entry.call)
                session.charged = session.charged or entry
            case Undertaken():
                business = entry.instruction.get("business")
                session = self._session(entry.call)
                if not session.business and isinstance(business, str):
                    session.business = business
            case Transit():
                use = self._uses_circuit(entry.outgoing, stamped)
                if not (entry.again and self._goes_on(entry.incoming, use)):
                    self._arrives(entry.incoming, Arrival(stamped, outgoing=use))
            case LineRefused():
                arrival = Arrival(stamped, refused=stamped, software=self._software(stamped))
                self._arrives(entry.incoming, arrival)
            case Redirected(incoming):
                self._redirected[incoming] = stamped
            case Furnished(circuits=circuits, coming=coming):
                for key in circuits:
                    if self.arrivals.get(key):
                        self.arrivals[key][-1].besides += (stamped,)
                for key in coming:
                    self._furnished.setdefault(key, []).append(stamped)
            case Started(software):
                self.software[stamped.entity] = software

    def join(self) -> None:
        """Give each use of a circuit what the exchange at its other end did with the call."""
        between: dict[tuple[str, str], list[CircuitKey]] = {}
        for key, uses in self.uses.items():
            arrivals = self.arrivals.get(key)
            if arrivals:
                ends = uses[0].stamped.entity, arrivals[0].stamped.entity
                between.setdefault(ends, []).append(key)
        for keys in between.values():
            skew_us = self._skew_us(keys)
            for key in keys:
                self._pair(key, skew_us)

    def _pair(self, key: CircuitKey, skew_us: int) -> None:
        uses, arrivals = self.uses[key], self.arrivals[key]
        received = [one.stamped for one in arrivals]
        if skew_us:
            received = [replace(one, at_us=one.at_us - skew_us) for one in received]
        pairs = pair_uses([use.stamped for use in uses], received)
        for arrival, index in zip(arrivals, pairs, strict=True):
            if index >= 0:
                uses[index].arrival = arrival
                arrival.matched, arrival.skew_us = True, skew_us

    def _skew_us(self, keys: list[CircuitKey]) -> int:
        """How far the clocks at the two ends of some circuits differ; most often not at all."""
        if all(_agree(self.uses[key], self.arrivals[key]) for key in keys):
            return 0
        return clock_skew_us(
            [
                (
                    [use.stamped.at_us for use in self.uses[key]],
                    [one.stamped.at_us for one in self.arrivals[key]],
                )
                for key in keys
            ]
        )

    def _session(self, call: str) -> Session:
        session = self.sessions.get(call)
        if session is None:
            session = self.sessions[call] = Session(call)
        return session

    def _software(self, stamped: Stamped) -> str:
        return self.software.get(stamped.entity, "")

    def _uses_circuit(self, key: CircuitKey, stamped: Stamped) -> Use:
        use = Use(key, stamped)
        self.uses.setdefault(key, []).append(use)
        return use

    def _goes_on(self, key: CircuitKey | None, use: Use) -> bool:
        """The call that came last by a circuit takes another way; False when none came."""
        arrivals = None if key is None else self.arrivals.get(key)
        if not arrivals:
            return False
        before = arrivals[-1]
        if before.outgoing is not None:
            before.tried += (before.outgoing,)
        before.outgoing, before.line, before.refused = use, None, None
        return True

    def _takes_another_line(self, key: CircuitKey | None, arrival: Arrival) -> bool:
        """The call that came last by a circuit is offered at another SIP trunk."""
        arrivals = None if key is None else self.arrivals.get(key)
        if not arrivals:
            return False
        before = arrivals[-1]
        before.besides += (arrival.stamped,)
        before.outgoing, before.line, before.refused = None, arrival.line, None
        return True

    def _arrives(self, key: CircuitKey | None, arrival: Arrival) -> None:
        if key is None:
            self.local.append(arrival)
            return
        arrivals = self.arrivals.setdefault(key, [])
        redirected = self._redirected.pop(key, None) if self._redirected else None
        if redirected is not None:
            assert isinstance(redirected.entry, Redirected)
            if redirected.entry.again and arrivals:
                arrival.besides = tuple(self._furnished.pop(key, ()))
                _goes_another_way(arrivals[-1], redirected, arrival)
                return
            arrival.besides = (redirected,)
            arrival.stamped = _as_dialled(arrival.stamped, redirected.entry.dialled)
        if self._furnished:
            arrival.besides += tuple(self._furnished.pop(key, ()))
        arrivals.append(arrival)

    def unattached(self) -> Iterator[Stamped]:
        """What an SCP wanted of calls that were not dialled after all, or have not been yet."""
        yield from self._redirected.values()
        for furnished in self._furnished.values():
            yield from furnished

    def _line_event(
        self,
        stamped: Stamped,
        entry: LineRinging | LineAnswered | LineReleased | LineMeasured,
        seizure: int,
    ) -> None:
        line = self._lines.get((stamped.entity, seizure))
        if line is None:
            return
        match entry:
            case LineRinging():
                line.ringing = line.ringing or stamped
            case LineAnswered():
                line.answered = line.answered or stamped
            case LineReleased():
                line.released = line.released or stamped
            case LineMeasured():
                line.measured = line.measured or stamped


def _goes_another_way(before: Arrival, redirected: Stamped, arrival: Arrival) -> None:
    """An SCP had the call dialled anew: the arrival is that of before, with another outcome."""
    before.besides += (redirected, arrival.stamped, *arrival.besides)
    if before.outgoing is not None:
        before.tried += (before.outgoing,)
    before.outgoing, before.line = arrival.outgoing, arrival.line
    before.refused, before.software = arrival.refused, arrival.software


def _as_dialled(stamped: Stamped, dialled: str) -> Stamped:
    """An arrival with the number that the call came for, as who sent it wrote it."""
    entry = stamped.entry
    if not isinstance(entry, Transit | LineSeized | LineRefused):
        return stamped
    return replace(stamped, entry=replace(entry, called=dialled))


def _agree(uses: list[Use], arrivals: list[Arrival]) -> bool:
    """Whether a circuit shows at a glance that its two clocks agree and nothing was lost."""
    if len(uses) != len(arrivals):
        return False
    for use, arrival in zip(uses, arrivals, strict=True):
        if abs(arrival.stamped.at_us - use.stamped.at_us) > CLOCK_TOLERANCE_US:
            return False
    return True


def path_of(use: Use | None) -> list[Use]:
    """The uses of circuits one after the other, from `use` to the last that is known."""
    path: list[Use] = []
    while use is not None and len(path) < HOP_LIMIT:
        path.append(use)
        use = use.arrival.outgoing if use.arrival is not None else None
    return path


def furnished_for(path: Iterable[Use]) -> str:
    """What SCPs furnished on the way of a call, in hexadecimal; several with a blank between."""
    found = [
        stamped.entry.tag
        for use in path
        if use.arrival is not None
        for stamped in use.arrival.besides
        if isinstance(stamped.entry, Furnished)
    ]
    return " ".join(found)


def index_entries(entries: Iterable[Stamped]) -> Journals:
    """Everything that the entries say, with the uses of each circuit joined."""
    by_entity: dict[str, dict[int, Stamped]] = {}
    for stamped in entries:
        by_entity.setdefault(stamped.entity, {}).setdefault(stamped.sequence, stamped)
    journals = Journals()
    for entity in sorted(by_entity):
        ordered = sorted(by_entity[entity].values(), key=attrgetter("sequence"))
        journals.instants[entity] = ordered
        for stamped in ordered:
            journals.read(stamped)
    journals.join()
    return journals
