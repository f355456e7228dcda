"""The one door: every message from outside passes here before anything inside moves.

Order of the checks: what is encrypted, size and JSON, fields, key's form, equipment address,
business and password, then what only the business itself may be told (whether it must encrypt,
customer identifiers, its representatives, time, who must not be called), then the key. An accepted
message is durable in the journal before it is answered and before anyone acts on it. Every refusal
of a sender who has not proved who it is says the same (`NOT_ACCEPTED`); its true reason goes to the
journal as `Refused`.

Odd cases: the journal's disk is not at a stranger's command, so refusals beyond `REFUSED_RATE` are
counted (`refusals_unwritten`) and not written. A sender behind a proxy is never "the same machine",
whatever the proxy's address.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from calleq.accounts import Accounts, Denial, Verdict
from calleq.accounts.principal import Principal
from calleq.intake import errors
from calleq.intake.content import (
    content_of,
    fingerprint_of,
    message_of,
    plain_address,
    veiling,
)
from calleq.intake.contract import Beside, Held, Refusal, Room, Wanted, When
from calleq.intake.customers import KnownCustomers
from calleq.intake.do_not_call import DoNotCallList
from calleq.intake.further_tries import FurtherTries
from calleq.intake.idempotency import (
    KEPT_US,
    IdempotencyKeys,
    Replay,
    binds,
    is_key,
)
from calleq.intake.outcome import Acceptance, Admitted, Declined, Order, Outcome
from calleq.intake.refusals import KEY_PROBLEMS, Refusals
from calleq.intake.resolving import Resolver
from calleq.intake.work import Answer, Work
from calleq.journal.contract import Journal
from calleq.journal.entries import Accepted, Refused, Stamped
from calleq.journal.frames import JournalError
from calleq.messages import (
    DirectCallRequest,
    Fault,
    MessageError,
    desired_time_us,
)
from calleq.messages.answers import ProblemView
from calleq.numbering import KINDS_NOT_CALLED, Address, VoipPolicy, parse_address
from calleq.protection.keys import NoKeys
from calleq.protection.opening import Protection, SealRefusedError, protection_by
from calleq.runtime.clock import Clock
from calleq.topology import Business
from calleq.web.problems import ProblemDetail, problem_of

LIMIT_IN_WORK = 1_024
"""Messages between their arrival and their answer."""
IDEMPOTENCY_KEY = "idempotency-key"
PROXY_HEADERS = frozenset(("forwarded", "x-forwarded-for", "x-real-ip", "via"))


class Intake:
    """The door of one equipment. `headers` given to it have lower-case names."""

    def __init__(
        self,
        accounts: Accounts,
        journal: Journal,
        clock: Clock,
        new_call_reference: Callable[[], str],
        equipment_address: str,
        door_name: str,
        voip: VoipPolicy | None = None,
        beside: Beside | None = None,
        *,
        do_not_call: DoNotCallList | None = None,
        customers: KnownCustomers | None = None,
        centres: Mapping[str, frozenset[str]] | None = None,
        protection: Protection | None = None,
    ) -> None:
        """`voip`: who may be called by voice over IP; None: nobody. `beside`: what is asked before
        a call is accepted; None: nothing is. Doors of one process share what follows; `centres`:
        the 800 numbers of each business's service centres; without `protection` nothing encrypted
        can be opened."""
        self._accounts = accounts
        self._journal = journal
        self._clock = clock
        self._new_call_reference = new_call_reference
        self._equipment_address = plain_address(equipment_address)
        self._door_name = door_name
        self._keys = IdempotencyKeys()
        self._customers = customers or KnownCustomers(accounts.registry)
        self._resolver = Resolver(self._customers, voip or VoipPolicy(), clock, centres)
        self.beside = beside or Beside()
        self.protection = protection or protection_by(NoKeys(), clock)
        if do_not_call is None:
            do_not_call = DoNotCallList(journal, clock, door_name, accounts.registry)
        self.do_not_call = do_not_call
        self.further_tries = FurtherTries(
            door_name, self.beside, self.do_not_call, journal, clock, new_call_reference
        )
        self.refusals = Refusals(door_name, self.beside, journal, clock)
        self._in_work = 0
        self.outcomes: Counter[str] = Counter()
        """How many messages ended how: `accepted`, `replayed`, or the true reason of a refusal."""

    def submit(
        self,
        body: bytes,
        headers: Mapping[str, str],
        peer: str,
        answer: Answer,
        *,
        figure: Literal[8, 9] = 8,
        principal: Principal | None = None,
    ) -> None:
        """Take one message of figure 8 or 9; `answer` is called once, at once or later.

        `peer` is the sender's IP address. `principal` is who has proved itself beside the message,
        by key, signature, certificate or page token; without one a message of figure 8 proves it
        by its password, and one of figure 9 is not accepted. Accepted means durable.
        """
        if self.in_work >= LIMIT_IN_WORK:
            self._turn_away(answer, errors.BUSY, "busy")
            return
        opened = None
        try:
            opened = self.protection.open(body, headers)
            message = message_of(figure, opened.body)
        except SealRefusedError as refused:
            self._turn_away(answer, refused.problem, refused.reason)
            return
        except MessageError as error:
            self._turn_away(veiling(answer, opened), errors.malformed(error), "malformed")
            return
        answer = veiling(answer, opened)
        key = headers.get(IDEMPOTENCY_KEY)
        if key is not None and not is_key(key):
            self._turn_away(answer, errors.KEY_MALFORMED, "idempotency_key")
            return
        source = peer
        if not PROXY_HEADERS.isdisjoint(headers):
            peer, source = f"behind proxy {peer}", ""
        mark = "" if key is None else fingerprint_of(message)
        work = Work(message, opened, figure, key, peer, source, answer, mark)
        self._in_work += 1
        if not self._is_meant(message.equipment_address):
            self._refuse(work, errors.NOT_AT_THIS_EQUIPMENT, "wrong_equipment")
            return
        self._identify(work, principal)

    def judge_again(self, entry: Accepted, business: Business) -> str:
        """Why an accepted call is not dialled now, as a code; empty where it is."""
        order = Order.of(entry)
        if self.do_not_call.forbids(
            business.identifier, order.customer_number, order.customer_id or ""
        ):
            return errors.DO_NOT_CALL.code
        refusal = self.beside.guards.judge_again(entry, business, self._clock.now_us())
        return "" if refusal is None else refusal.reason

    def may_dial(self, business: Business, number: str) -> bool:
        """Whether one of the business's own representatives may be dialled."""
        return self.beside.guards.judge_party(business, number, self._clock.now_us()) is None

    def judge_party(self, business: Business, number: str, by: str = "") -> Refusal | None:
        """Whether a further party of a call may be dialled, whoever asks; a refusal is journalled
        as that of a message."""
        now_us = self._clock.now_us()
        if self.do_not_call.forbids(business.identifier, number):
            refusal: Refusal | None = Refusal(errors.DO_NOT_CALL, errors.DO_NOT_CALL.code)
        else:
            refusal = self.beside.guards.judge_party(business, number, now_us)
        if refusal is not None:
            self.outcomes[refusal.reason] += 1
            self.refusals.write(
                Refused(
                    self._door_name, business.identifier, refusal.reason, "", number[:100], by=by
                )
            )
        return refusal

    def _identify(self, work: Work, principal: Principal | None) -> None:
        message = work.message
        if principal is not None:
            business = self._accounts.business(message.business_id)
            if business is None or principal.business != business.identifier:
                self._refuse(work, errors.NOT_ACCEPTED, "other_business")
            elif not business.active:
                self._refuse(work, errors.NOT_ACCEPTED, "suspended")
            else:
                self._authenticated(work, business, principal)
            return
        if isinstance(message, DirectCallRequest):
            self._refuse(work, errors.NOT_ACCEPTED, "no_credential")
            return
        if message.password is None:
            missing = Fault("/password", "missing", "is needed where nothing else proves who asks")
            self._decline(work, errors.invalid(missing), "missing")
            return

        def decided(verdict: Verdict) -> None:
            if isinstance(verdict, Denial):
                problem = errors.BUSY if verdict.is_busy else errors.NOT_ACCEPTED
                self._refuse(work, problem, verdict.reason)
                return
            identifier = verdict.identifier
            owner = Principal("business_owner", "password", identifier, identifier)
            self._authenticated(work, verdict, owner)

        self._accounts.authenticate(message.business_id, message.password, work.peer, decided)

    @property
    def refusals_unwritten(self) -> int:
        """Refusals that were counted and not written: too many came at once."""
        return self.refusals.unwritten

    @property
    def in_work(self) -> int:
        """Messages between their arrival and their answer."""
        return self._in_work

    def room_of(self, business: str) -> Room | None:
        """How many calls a business may ask for; None: nobody has said who asks, or no limit."""
        return self.beside.guards.room(business, self._clock.now_us()) if business else None

    def denied(self, denial: Denial, peer: str) -> None:
        """Somebody did not prove who it is, beside a message or without one: for the log."""
        self.outcomes[denial.reason] += 1
        by = denial.credential
        self.refusals.write(Refused(self._door_name, denial.business, denial.reason, peer, by=by))

    def begin_with(self, keys: IdempotencyKeys) -> None:
        """Know these keys, before anything of the journal is taken."""
        self._keys = keys

    def restore(self, stamped: Stamped) -> None:
        """Take the key of one entry of the journal of before, oldest first; customers are taken
        with the other accounts (`calleq.accounts.keeping`), and what stands beside is restored for
        all doors at once."""
        self.do_not_call.restore(stamped)
        if isinstance(entry := stamped.entry, Refused) and entry.door == self._door_name:
            self._keep_refusal(entry, stamped.at_us)
        if not isinstance(entry, Accepted) or entry.door != self._door_name:
            return
        self._accounts.restore(entry)
        if stamped.at_us >= self._clock.now_us() - KEPT_US:
            self._keys.restore(entry, stamped.at_us)

    def _keep_refusal(self, entry: Refused, at_us: int) -> None:
        key = entry.idempotency_key
        if key is not None and at_us >= self._clock.now_us() - KEPT_US:
            problem = problem_of(msgspec.convert(entry.problem, ProblemView))
            self._keys.refused(entry.business, key, entry.fingerprint, problem, at_us)

    def _authenticated(self, work: Work, business: Business, by: Principal) -> None:
        try:
            self.protection.check(work.opened, business, work.key)
        except SealRefusedError as refused:
            self._refuse(work, refused.problem, refused.reason)
            return
        if work.key is not None:
            now_us = self._clock.now_us()
            found = self._keys.find(business.identifier, work.key, work.fingerprint, now_us)
            if isinstance(found, Replay) and found.refusal is not None:
                again = Declined(found.refusal, "replayed refusal", replayed=True)
                self._finish(work, again, again.reason)
                return
            if isinstance(found, Replay):
                before = Admitted(found.call, business.identifier, None, found.is_later)
                self._finish(work, before, "replayed")
                return
            if found is not None:
                self._decline(work, KEY_PROBLEMS[found], f"idempotency_{found.name.lower()}")
                return
        resolved = self._resolver.resolve(work.message, business, by)
        if isinstance(resolved, Fault):
            if resolved.code in KINDS_NOT_CALLED:  # a premium number, for one: somebody tried it
                self._note_refused(work, resolved.code, by, work.message.customer_number)
            self._decline(work, errors.invalid(resolved), resolved.code)
            return
        wanted = Wanted(
            call=self._new_call_reference(),
            business=business,
            by=by,
            customer=resolved.customer,
            representative=resolved.representative,
            content=content_of(work.message, resolved),
            source=work.source,
            desired_us=desired_time_us(work.message),
        )
        customer_id = work.message.customer_id or ""
        number = str(resolved.customer)
        if self.do_not_call.forbids(business.identifier, number, customer_id):
            self._refuse(work, errors.DO_NOT_CALL, "do_not_call", wanted)
            return
        self._weigh(work, wanted)

    def _weigh(self, work: Work, wanted: Wanted) -> None:
        """Ask calendar, guards and charging, in this order."""
        now_us = self._clock.now_us()
        when = self.beside.calendar.decide(wanted, now_us)
        if isinstance(when, Refusal):
            self._refuse(work, when.problem, when.reason, wanted)
            return
        refusal = self.beside.guards.judge(wanted, now_us)
        if refusal is not None:
            self._refuse(work, refusal.problem, refusal.reason, wanted)
            return
        held = self.beside.charging.hold(wanted, now_us)
        if isinstance(held, Refusal):
            self._refuse(work, held.problem, held.reason, wanted)
            return
        self._accept(work, wanted, when, held, now_us)

    def _accept(self, work: Work, wanted: Wanted, when: When, held: Held, now_us: int) -> None:
        business = wanted.business
        entry = Accepted(
            wanted.call,
            business.identifier,
            self._door_name,
            dict(wanted.content),
            work.key,
            work.fingerprint,
            figure=work.figure,
            by=wanted.by.credential or wanted.by.name,
            source=wanted.source,
            visitor=wanted.by.visitor,
            due_us=when.due_us if when.due_us > now_us else 0,
            expires_us=when.expires_us,
            held=held.content or None,
            talk_limit_us=held.talk_limit_us,
            code_of=wanted.call if business.consent == "code" else "",
        )
        self._keys.bind(entry, now_us)
        self.beside.guards.accepted(entry, now_us)
        sequence = self._journal.last_sequence(self._door_name) + 1
        acceptance = Acceptance(entry, business, now_us, sequence)
        try:
            self._journal.append(self._door_name, entry, lambda: self._durable(work, acceptance))
        except JournalError:  # the disk failed, or too much waits for it: nothing was accepted
            self._keys.dropped(entry)
            self.beside.guards.dropped(entry)
            self.beside.charging.dropped(wanted.call)
            self._decline(work, errors.BUSY, "journal")

    def _durable(self, work: Work, acceptance: Acceptance) -> None:
        entry = acceptance.entry
        if entry.idempotency_key is not None:
            self._keys.accepted(entry.business, entry.idempotency_key)
        self._learn(entry)
        admitted = Admitted(entry.call, entry.business, acceptance, is_later=entry.due_us > 0)
        self._finish(work, admitted, "accepted")

    def _learn(self, entry: Accepted) -> None:
        customer_id = entry.message.get("customer_id")
        number = entry.message.get("customer_number")
        if isinstance(customer_id, str) and isinstance(number, str):
            self._customers.learn(entry.business, customer_id, parse_address(number))

    def _is_meant(self, address: str | None) -> bool:
        return address is None or plain_address(address) == self._equipment_address

    def _refuse(
        self, work: Work, problem: ProblemDetail, reason: str, wanted: Wanted | None = None
    ) -> None:
        bound = wanted is not None and work.key is not None and binds(problem)
        if bound and work.key is not None:
            now_us = self._clock.now_us()
            self._keys.refused(
                work.message.business_id, work.key, work.fingerprint, problem, now_us
            )
        by = None if wanted is None else wanted.by
        customer = None if wanted is None else wanted.customer
        self._note_refused(work, reason, by, customer, problem if bound else None)
        business = "" if wanted is None else wanted.business.identifier
        self._finish(work, Declined(problem, reason, business=business), reason)

    def _note_refused(
        self,
        work: Work,
        reason: str,
        by: Principal | None,
        customer: Address | None,
        bound: ProblemDetail | None = None,
    ) -> None:
        """For the log, and for carrier and business; `bound` is answered again to its key."""
        self.refusals.write(
            Refused(
                self._door_name,
                work.message.business_id,
                reason,
                work.peer,
                customer=str(customer or ""),
                by="" if by is None else by.credential or by.name,
                visitor="" if by is None else by.visitor,
                idempotency_key=None if bound is None else work.key,
                fingerprint="" if bound is None else work.fingerprint,
                problem=None if bound is None else msgspec.to_builtins(bound.view()),
            )
        )

    def _decline(self, work: Work, problem: ProblemDetail, reason: str) -> None:
        self._finish(work, Declined(problem, reason), reason)

    def _turn_away(self, answer: Answer, problem: ProblemDetail, reason: str) -> None:
        self.outcomes[reason] += 1
        answer(Declined(problem, reason))

    def _finish(self, work: Work, outcome: Outcome, counted_as: str) -> None:
        self._in_work -= 1
        self.outcomes[counted_as] += 1
        work.answer(outcome)
