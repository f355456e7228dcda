"""What is ordered of a call that goes on: a further party, and in-call control, by whom it is.

A number that an order names passes the same guards as one that a message names; where it must not
be dialled, nothing leaves the door.
"""

from calleq.accounts import Accounts
from calleq.door.control import Answer, Controls
from calleq.door.sending import Sending
from calleq.door.timeline import Timeline
from calleq.intake import Intake, errors
from calleq.numbering import parse_address
from calleq.osn.contract import Bus
from calleq.osn.messages import AddParty, ControlDone, ControlRefused, encode
from calleq.osn.orders import AddThird, Consult, Order, Transfer
from calleq.runtime.clock import Clock
from calleq.web.problems import ProblemDetail

NO_NUMBER = frozenset(("not_e164", "short_code"))
"""Problems of a text that is no whole telephone number."""


class Ordering:
    """The orders of one door."""

    def __init__(
        self,
        name: str,
        bus: Bus,
        clock: Clock,
        *,
        sending: Sending,
        accounts: Accounts,
        intake: Intake,
    ) -> None:
        self._name = name
        self._bus = bus
        self._sending = sending
        self._accounts = accounts
        self._intake = intake
        self._controls = Controls(name, bus, clock)

    def add_party(self, timeline: Timeline, number: str, by: str) -> bool | ProblemDetail:
        """See `Door.add_party`."""
        equipment = self._sending.equipment(timeline.call)
        if timeline.state != "bridged" or equipment is None:
            return False
        barred = self._barred(timeline, number, by)
        if barred is not None:
            return barred
        self._bus.send(self._name, equipment, encode(AddParty(timeline.call, number)))
        return True

    def control(
        self, timeline: Timeline | None, order: Order, answer: Answer, command: str, by: str
    ) -> None:
        """See `Door.control`; there is no such call where `timeline` is None."""
        equipment = None if timeline is None else self._sending.equipment(timeline.call)
        if timeline is None:
            answer("no_such_call")
        elif timeline.final:
            answer("call_over")
        elif equipment is None:
            answer("not_bridged")
        elif isinstance(order, AddThird | Transfer | Consult) and (
            barred := self._barred(timeline, order.number, by)
        ):
            answer("invalid_number" if barred.code in NO_NUMBER else "number_refused")
        else:
            self._controls.send(timeline.call, equipment, order, answer, command)

    def answered(self, message: ControlDone | ControlRefused) -> bool:
        """Equipment has answered an order; False when nobody waits for it."""
        return self._controls.answered(message)

    def _barred(self, timeline: Timeline, number: str, by: str) -> ProblemDetail | None:
        """Why a further party must not be dialled, or is not paid for; None where it may, and what
        it may cost is held."""
        business = self._accounts.business(timeline.business)
        if business is None:
            return errors.NOT_ACCEPTED
        refusal = self._intake.judge_party(business, number, by)
        if refusal is None:
            party = parse_address(number)
            refusal = self._intake.beside.charging.extend(timeline.call, party)
        return None if refusal is None else refusal.problem
