"""Another try of a call that came to nothing: a new call, asked for by the door itself.

It is the same wish of the same customer, so nobody proves anything again and no key is bound; but
who must not be called, the business's hours, the guards and charging are asked as for any call. Its
`Accepted` entry names the call that it is another try of, and how many there have been.
"""

from collections.abc import Callable

from calleq.accounts.principal import Principal
from calleq.intake import errors
from calleq.intake.contract import Beside, Refusal, Wanted
from calleq.intake.do_not_call import DoNotCallList
from calleq.intake.outcome import Acceptance, Order
from calleq.journal.contract import Journal
from calleq.journal.entries import Accepted
from calleq.numbering import parse_address
from calleq.runtime.clock import Clock
from calleq.topology import Business

Done = Callable[[Acceptance | str], object]
"""Told once: the acceptance when it is durable, or the code of why there is no further try."""


class FurtherTries:
    """Those of one door."""

    def __init__(
        self,
        door: str,
        beside: Beside,
        do_not_call: DoNotCallList,
        journal: Journal,
        clock: Clock,
        new_call_reference: Callable[[], str],
    ) -> None:
        self._door = door
        self._beside = beside
        self._do_not_call = do_not_call
        self._journal = journal
        self._clock = clock
        self._new_call_reference = new_call_reference

    def accept(
        self, before: Accepted, business: Business, due_us: int, expires_us: int, done: Done
    ) -> None:
        """Accept another try of a call, due then and not begun after it expires."""
        order = Order.of(before)
        named = order.representative_number
        wanted = Wanted(
            call=self._new_call_reference(),
            business=business,
            by=Principal(
                "business_owner",
                "operator",
                business.identifier,
                name=before.by,
                visitor=before.visitor,
            ),
            customer=parse_address(order.customer_number),
            representative=None if named is None else parse_address(named),
            content=before.message,
            source=before.source,
            desired_us=due_us,
            retry_of=before.call,
            try_number=before.try_number + 1,
        )
        if self._do_not_call.forbids(business.identifier, order.customer_number):
            done(errors.DO_NOT_CALL.code)
            return
        now_us = self._clock.now_us()
        refusal = self._beside.guards.judge(wanted, now_us)
        if refusal is not None:
            done(refusal.reason)
            return
        held = self._beside.charging.hold(wanted, now_us)
        if isinstance(held, Refusal):
            done(held.reason)
            return
        entry = Accepted(
            wanted.call,
            business.identifier,
            self._door,
            before.message,
            figure=before.figure,
            by=before.by,
            source=before.source,
            visitor=before.visitor,
            due_us=due_us,
            expires_us=expires_us,
            held=held.content or None,
            talk_limit_us=held.talk_limit_us,
            retry_of=before.call,
            try_number=wanted.try_number,
            code_of=before.code_of,
        )
        self._beside.guards.accepted(entry, now_us)
        acceptance = Acceptance(
            entry, business, now_us, self._journal.last_sequence(self._door) + 1
        )
        try:
            self._journal.append(self._door, entry, lambda: done(acceptance))
        except Exception:  # as in `Intake`: nothing was accepted
            self._beside.guards.dropped(entry)
            self._beside.charging.dropped(entry.call)
            raise
