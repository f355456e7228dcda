"""TCAP cases: one subsystem's end of TCAP under test, the tester its far end, octets in between.

The end is calleq's `Entity`, joined with a wire where SCCP would be; its user does what the case
orders. It may have DIALOGUES_LIMIT dialogues, gives up those that are idle for IDLE_S, and always
answers operation 48. Its first transaction id is 1.

Orders are those of `user`, and these: `told` (the next thing that the user is told is `to`; with no
`to`: nothing was told), `forbidden` (the order in `to` cannot be given now), `dialogues` (there are
so many as `circuits` says).
"""

from collections import deque
from collections.abc import Mapping

from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import Segment
from calleq.ss7.sccp.contract import SccpUser
from calleq.ss7.sccp.values import PartyAddress
from calleq.ss7.tcap.contract import TcapError
from calleq.ss7.tcap.entity import Entity
from calleq.trace.ladder import Ladder, Row
from calleq.units import MILLISECOND_US, SECOND_US
from simulator.conformance.language import Arrived, Read, Value, WireError
from simulator.conformance.loading import LoadedCase
from simulator.conformance.mutants import Mutant
from simulator.conformance.performing import Performer
from simulator.conformance.steps import AnyStep, Expect, Order
from simulator.conformance.tcap.octets import OWN_ID, TCAP, name_of
from simulator.conformance.tcap.user import HERE, ORDERS, THERE, ScriptedUser, parse

DELAY_US = MILLISECOND_US
DIALOGUES_LIMIT = 4
IDLE_S = 60
ALWAYS_ANSWERED = 48
START_US = 256
"""So that the first transaction id is 1."""
OWN_ORDERS = ("told", "forbidden", "dialogues")


class Wire:
    """What the end under test takes for SCCP, and the tester's end `b`; fulfils `Party`."""

    name = "b"

    def __init__(self, clock: VirtualClock, mutant: Mutant | None) -> None:
        self.inbox: deque[Arrived] = deque()
        self.faults: list[str] = []
        self.rows: list[tuple[int, bool, bytes]] = []
        """When, whether the tester sent it, and the octets."""
        self._clock = clock
        self._mutant = mutant
        self._user: SccpUser | None = None
        self._far_id = ""
        """The transaction id of the end under test, as it came last."""

    # Of the tester.

    def send(self, name: str, cic: int, fields: Mapping[str, Value]) -> bool:
        """Send a message, of the last transaction where the case names no other."""
        given = dict(fields)
        if name in ("CONTINUE", "END", "ABORT") and self._far_id:
            given = {"otid": OWN_ID, "dtid": self._far_id, **given}
            if name != "CONTINUE" and "otid" not in fields:
                del given["otid"]
        octets = TCAP.build(name, cic, given)
        self.rows.append((self._clock.monotonic_us(), True, octets))
        self._clock.call_later_us(DELAY_US, self._reaches, octets)
        return True

    def _reaches(self, octets: bytes) -> None:
        if self._mutant is None:
            self._deliver(octets)
            return
        self._mutant.tell = self._goes
        for _, changed in self._mutant.arriving(_read(octets), octets):
            self._deliver(changed)

    def _deliver(self, octets: bytes) -> None:
        assert self._user is not None
        self._user.unitdata(HERE, THERE, octets, self._clock.monotonic_us())

    # Of the end under test.

    def register(self, ssn: int, user: SccpUser) -> None:
        """The end's user of SCCP."""
        self._user = user

    def set_in_service(self, ssn: int, in_service: bool) -> None:
        """It always is."""

    def available(self, point_code: int, ssn: int) -> bool:
        """The tester always is."""
        return True

    def send_data(self, data: bytes) -> None:
        """A message leaves the end."""
        if self._mutant is None:
            self._goes(data)
            return
        for delay_us, changed in self._mutant.leaving(TCAP.read(data), data):
            self._clock.call_later_us(delay_us, self._goes, changed)

    def _goes(self, octets: bytes) -> None:
        self.rows.append((self._clock.monotonic_us(), False, octets))
        self._clock.call_later_us(DELAY_US, self._arrives, octets)

    def _arrives(self, octets: bytes) -> None:
        try:
            message = TCAP.read(octets)
        except WireError as error:
            self.faults.append(str(error))
            return
        if "otid" in message.parameters:
            self._far_id = f"hex:{message.parameters['otid'].hex()}"
        self.inbox.append(Arrived(self._clock.monotonic_us(), message))


class _Carrier:
    """The wire as the end under test sees it; fulfils `SccpProvider`."""

    def __init__(self, wire: Wire) -> None:
        self.register = wire.register
        self.set_in_service = wire.set_in_service
        self.available = wire.available
        self._wire = wire

    def send(
        self,
        called: PartyAddress,
        calling: PartyAddress,
        data: bytes,
        *,
        return_on_error: bool = True,
        sequence: int | None = None,
    ) -> None:
        self._wire.send_data(data)


def _read(octets: bytes) -> Read:
    """What the tester sent, for mutants; what cannot be read has no parameters."""
    try:
        return TCAP.read(octets)
    except WireError:
        return Read(name_of(octets), 0, {})


def check_step(step: AnyStep) -> None:
    """Raises WireError for an order that the user does not know, or cannot understand."""
    if not isinstance(step, Order):
        return
    if step.order not in (*ORDERS, *OWN_ORDERS):
        raise WireError(
            f"order {step.order!r}: one of {', '.join((*ORDERS, *OWN_ORDERS))} expected"
        )
    if step.order in ORDERS:
        parse(step.to)
    if step.order == "forbidden" and step.to not in ORDERS:
        raise WireError(f"forbidden {step.to!r}: one of {', '.join(ORDERS)} expected")


class TcapPerformer(Performer):
    """One run of a TCAP case."""

    def __init__(self, loaded: LoadedCase, mutant: Mutant | None = None) -> None:
        super().__init__(loaded, TCAP)
        self.circuits["x"] = 0
        self.clock = VirtualClock(start_us=START_US)
        self._wire = Wire(self.clock, mutant)
        self.parties: dict[str, Wire] = {"b": self._wire}
        self._user = ScriptedUser()
        self._entity = self._user.entity = Entity(
            self.clock,
            _Carrier(self._wire),
            HERE.ssn or 0,
            self._user,
            dialogues_limit=DIALOGUES_LIMIT,
            idle_limit_us=IDLE_S * SECOND_US,
            answered=frozenset({ALWAYS_ANSWERED}),
        )
        if mutant is not None:
            mutant.prepare(self._user)

    def other_step(self, step: AnyStep) -> None:
        assert isinstance(step, Order), f"{step} is no step of a TCAP case"
        match step.order:
            case "told":
                self._told(step.to)
            case "forbidden":
                self._forbidden(step.to)
            case "dialogues":
                if len(self._entity) != int(step.circuits):
                    raise WireError(f"{len(self._entity)} dialogues are there")
            case _:
                try:
                    self._user.obey(step.order, step.to)
                except TcapError as error:
                    raise WireError(f"{step.order}: {error}") from error

    def _told(self, wanted: str) -> None:
        limit_us = self.now_us() + SECOND_US
        while wanted and not self._user.told and self.run_next(limit_us):
            pass
        told = self._user.told.popleft() if self._user.told else ""
        if told != wanted:
            raise WireError(f"the user was told {told or 'nothing'!r}, not {wanted or 'nothing'!r}")

    def _forbidden(self, order: str) -> None:
        try:
            self._user.obey(order, "")
        except TcapError:
            return
        raise WireError(f"{order} was done")

    def check_more(self, step: Expect, message: Read) -> None:
        """Nothing beside the parameters."""

    def left_over(self) -> str:
        """Everything that the user was told is a step of the case."""
        return f"the user was told {self._user.told[0]!r}" if self._user.told else ""

    def ladder(self) -> Ladder:
        rows = tuple(_row(at_us, sent, octets) for at_us, sent, octets in self._wire.rows)
        return Ladder(self.loaded.number, rows)


def _row(at_us: int, sent: bool, octets: bytes) -> Row:
    message = _read(octets)
    ends = ("b", "tcap") if sent else ("tcap", "b")
    return Row(
        at_us=at_us,
        offset_us=at_us,
        segment=Segment.SIGNALLING_LINK,
        link="b/tcap",
        sender=ends[0],
        receiver=ends[1],
        name=message.name,
        fields=tuple((key, contents.hex()) for key, contents in message.parameters.items()),
        error="",
        octets=octets,
    )
