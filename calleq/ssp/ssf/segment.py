"""A call segment: legs that meet in one connection point, and what an SCP may want of them now.

Owns the states of the SSF for one segment (Q.1218 §3.1.1.5, Q.1228: CS-FSM), which operations each
state allows, and who hears whom. In `Waiting_For_Instructions` and while a resource is connected
Tssf runs. An operation that a state does not allow is refused as unexpected component sequence, and
nothing is changed; what happens in the network is never refused.

Every party hears all others and the resource of the segment. A party that is alone hears silence.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from calleq.media.contract import wire_source
from calleq.runtime.steps import steps_of
from calleq.ss7.inap.errors import ErrorCode
from calleq.ss7.inap.refusals import refuse
from calleq.ssp.ssf.leg import HELD, OVER, Leg


class SegmentState(StrEnum):
    """States of a call segment; Idle is its end."""

    WAITING = "Waiting_For_Instructions"
    MONITORING = "Monitoring"
    INTERACTION = "Waiting_For_End_Of_User_Interaction"
    TEMPORARY = "Waiting_For_End_Of_Temporary_Connection"
    IDLE = "Idle"


class SegmentInput(StrEnum):
    """Operations by their names in small letters; what happens in capitals."""

    CONNECT = "connect"
    CONTINUE = "continue"
    RELEASE = "release call"
    CONNECT_TO_RESOURCE = "connect to resource"
    ESTABLISH_TEMPORARY = "establish temporary connection"
    DISCONNECT_FORWARD = "disconnect forward connection"
    INTERACT = "play announcement, prompt and collect"
    RESHAPE = "split, move, merge"
    """Legs come or go by the SCP's will."""
    RECONNECT = "reconnect"
    HELD = "WAITS FOR SCP"
    """A leg waits at a detection point."""
    RESOURCE_GONE = "RESOURCE GONE"
    EMPTIED = "LAST LEG GONE"


class SegmentAction(StrEnum):
    """What the segment does about it."""

    IGNORE = "ignore"
    REFUSE = "refuse"
    ALLOW = "allow"
    """What is asked for may be done; the timer starts anew."""
    GO_ON = "go on"
    """What is asked for may be done, and ends the waiting, unless another leg waits."""
    WAIT = "wait"
    """Tssf starts."""
    STAY = "stay"
    """Tssf starts anew where it runs."""
    PART = "part"
    """The resource is parted, then instructions are waited for."""
    CLOSE = "close"


_S, _I, _A = SegmentState, SegmentInput, SegmentAction
_Cell = tuple[SegmentAction, SegmentState]
_OPERATIONS = (
    _I.CONNECT,
    _I.CONTINUE,
    _I.CONNECT_TO_RESOURCE,
    _I.ESTABLISH_TEMPORARY,
    _I.DISCONNECT_FORWARD,
    _I.INTERACT,
    _I.RESHAPE,
    _I.RECONNECT,
)


def _row(state: SegmentState, **cells: _Cell) -> dict[SegmentInput, _Cell]:
    """The cells by input name. Not named: operations are refused, occurrences ignored."""
    row: dict[SegmentInput, _Cell] = dict.fromkeys(SegmentInput, (_A.IGNORE, state))
    row |= dict.fromkeys(_OPERATIONS, (_A.REFUSE, state))
    row[_I.RELEASE] = (_A.CLOSE, _S.IDLE)
    row[_I.EMPTIED] = (_A.CLOSE, _S.IDLE)
    row.update((SegmentInput[name], cell) for name, cell in cells.items())
    return row


_ROWS: dict[SegmentState, dict[SegmentInput, _Cell]] = {
    _S.WAITING: _row(
        _S.WAITING,
        CONNECT=(_A.GO_ON, _S.MONITORING),
        CONTINUE=(_A.GO_ON, _S.MONITORING),
        CONNECT_TO_RESOURCE=(_A.ALLOW, _S.INTERACTION),
        ESTABLISH_TEMPORARY=(_A.ALLOW, _S.TEMPORARY),
        RESHAPE=(_A.ALLOW, _S.WAITING),
        RECONNECT=(_A.GO_ON, _S.MONITORING),
        HELD=(_A.WAIT, _S.WAITING),
    ),
    _S.MONITORING: _row(
        _S.MONITORING,
        RESHAPE=(_A.STAY, _S.MONITORING),
        RECONNECT=(_A.STAY, _S.MONITORING),
        HELD=(_A.WAIT, _S.WAITING),
    ),
    _S.INTERACTION: _row(
        _S.INTERACTION,
        DISCONNECT_FORWARD=(_A.PART, _S.WAITING),
        INTERACT=(_A.ALLOW, _S.INTERACTION),
        HELD=(_A.WAIT, _S.INTERACTION),
        RESOURCE_GONE=(_A.PART, _S.WAITING),
    ),
    _S.TEMPORARY: _row(
        _S.TEMPORARY,
        DISCONNECT_FORWARD=(_A.PART, _S.WAITING),
        HELD=(_A.WAIT, _S.TEMPORARY),
        RESOURCE_GONE=(_A.PART, _S.WAITING),
    ),
    _S.IDLE: _row(
        _S.IDLE,
        RELEASE=(_A.IGNORE, _S.IDLE),
        EMPTIED=(_A.IGNORE, _S.IDLE),
    ),
}
TABLE: dict[tuple[SegmentState, SegmentInput], _Cell] = {
    (state, given): cell for state, row in _ROWS.items() for given, cell in row.items()
}


class Resource(Protocol):
    """What is connected to a segment for a while: a player of the switch, or a way to an IP."""

    @property
    def source(self) -> str:
        """What the parties hear of it; empty: nothing."""

    def hear(self, sources: tuple[str, ...]) -> None:
        """What it hears of the parties."""

    def part(self) -> None:
        """It is not wanted any more."""


class SegmentOwner(Protocol):
    """The call segment association that a segment is part of."""

    def segment_waits(self, segment: "CallSegment") -> None:
        """Tssf of the segment starts, or starts anew."""

    def segment_goes_on(self, segment: "CallSegment") -> None:
        """Tssf of the segment stops."""

    def segment_closed(self, segment: "CallSegment") -> None:
        """Nothing is left of it, or it is to be released."""


class CallSegment:
    """One connection point of an association."""

    def __init__(self, owner: SegmentOwner, number: int) -> None:
        self.number = number
        self.state = SegmentState.WAITING
        self.legs: list[Leg] = []
        self.resource: Resource | None = None
        self._owner = owner

    def receive(self, given: SegmentInput) -> None:
        """Take an input. Raises OperationRefused for an operation that the state does not allow."""
        act, following = _STEPS[self.state][given]
        if act is _refuse:
            raise refuse(ErrorCode.UNEXPECTED_COMPONENT_SEQUENCE, f"{given} in {self.state}")
        self.state = following
        act(self)

    def allows(self, given: SegmentInput) -> bool:
        """Whether an operation is allowed now."""
        return TABLE[self.state, given][0] is not SegmentAction.REFUSE

    @property
    def has_held(self) -> bool:
        """Whether a leg waits for the SCP."""
        return any(leg.state in HELD for leg in self.legs)

    def add(self, leg: Leg) -> None:
        """The leg belongs to this segment from now on."""
        self.legs.append(leg)

    def remove(self, leg: Leg) -> None:
        """The leg does not any more; who is left hears the rest."""
        if leg in self.legs:
            self.legs.remove(leg)
            self.mix()

    def connect(self, resource: Resource) -> None:
        """Parties and resource hear each other."""
        self.resource = resource
        self.mix()

    def mix(self) -> None:
        """Say what each party hears, as the segment stands."""
        talking = [leg for leg in self.legs if leg.talks and leg.wire]
        resource = self.resource
        heard = (resource.source,) if resource is not None and resource.source else ()
        for leg in talking:
            others = tuple(wire_source(other.wire) for other in talking if other is not leg)
            leg.hear(others + heard)
        if resource is not None:
            resource.hear(tuple(wire_source(leg.wire) for leg in talking))

    def part_resource(self) -> None:
        """Whatever is connected is let go."""
        resource, self.resource = self.resource, None
        if resource is not None:
            resource.part()
            self.mix()

    # The actions of the table.

    def wait(self) -> None:
        """Instructions are waited for."""
        self._owner.segment_waits(self)

    def stay(self) -> None:
        """Nothing is waited for: no timer runs."""

    def part(self) -> None:
        """The resource goes, and the SCP has the word."""
        self.part_resource()
        self._owner.segment_waits(self)

    def go_on(self) -> None:
        """The SCP had its word."""
        self._owner.segment_goes_on(self)

    def close(self) -> None:
        """The segment is over."""
        self.part_resource()
        self._owner.segment_goes_on(self)
        self._owner.segment_closed(self)

    def living(self) -> list[Leg]:
        """The legs of which something is left."""
        return [leg for leg in self.legs if leg.state not in OVER]


def _refuse(segment: CallSegment) -> None:
    """Refused before the state changes."""


_ACTS: dict[SegmentAction, Callable[[CallSegment], None]] = {
    SegmentAction.IGNORE: lambda segment: None,
    SegmentAction.REFUSE: _refuse,
    SegmentAction.ALLOW: CallSegment.wait,
    SegmentAction.GO_ON: CallSegment.go_on,
    SegmentAction.WAIT: CallSegment.wait,
    SegmentAction.STAY: CallSegment.stay,
    SegmentAction.PART: CallSegment.part,
    SegmentAction.CLOSE: CallSegment.close,
}
_STEPS = steps_of(TABLE, _ACTS)
