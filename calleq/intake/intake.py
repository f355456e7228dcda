"""The one door: every message from outside passes here before anything inside moves.

Order of the checks: size and JSON, fields, equipment address, key's form, business and password,
then what only the business itself may be told (customer identifiers, its representatives, time, who
must not be called), then the key. An accepted message is durable in the journal before it is
answered and before anyone acts on it. Every refusal of a sender who has not proved who it is says
the same (`NOT_ACCEPTED`); its true reason goes to the journal as `Refused`.

Odd cases: the journal's disk is not at a stranger's command, so refusals beyond `REFUSED_RATE` are
counted (`refusals_unwritten`) and not written. A sender behind a proxy is never "the same machine",
whatever the proxy's address. A desired time up to `PAST_TOLERANCE_US` ago means now (clocks
differ); a later one is refused, for calls are not scheduled yet.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from hashlib import sha256

import msgspec

from calleq.accounts import Accounts, Buckets, Denial, Rate, Verdict
from calleq.intake import errors
from calleq.intake.customers import KnownCustomers
from calleq.intake.do_not_call import DoNotCallList
from calleq.intake.idempotency import KEPT_US, IdempotencyKeys, KeyState, Replay, is_key
from calleq.intake.outcome import Acceptance, Admitted, Declined, Outcome
from calleq.journal.contract import Journal
from calleq.journal.entries import Accepted, Refused, Stamped
from calleq.messages import CallInitiation, Fault, MessageError, decode, desired_time_us
from calleq.numbering import E164, Address, VoipPolicy, parse_address
from calleq.runtime.clock import Clock
from calleq.topology import Business
from calleq.units import MINUTE_US, SECOND_US
from calleq.web.problems import ProblemDetail

LIMIT_IN_WORK = 1_024
"""Messages between their arrival and their answer."""
PAST_TOLERANCE_US = MINUTE_US
REFUSED_RATE = Rate(burst=1_000, refill_us=SECOND_US // 20)
"""Refusals written to the journal."""
IDEMPOTENCY_KEY = "idempotency-key"
PROXY_HEADERS = frozenset(("forwarded", "x-forwarded-for", "x-real-ip", "via"))

Answer = Callable[[Outcome], object]


class _Work(msgspec.Struct, frozen=True):
    """A well-formed message on its way through the door."""

    message: CallInitiation
    key: str | None
    peer: str
    answer: Answer
    fingerprint: str


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
    ) -> None:
        """`voip`: who may be called by voice over IP; None: nobody."""
        self._accounts = accounts
        self._journal = journal
        self._clock = clock
        self._new_call_reference = new_call_reference
        self._equipment_address = _plain(equipment_address)
        self._door_name = door_name
        self._voip = voip or VoipPolicy()
        self._keys = IdempotencyKeys()
        self._customers = KnownCustomers()
        self.do_not_call = DoNotCallList(journal, clock, door_name)
        self._refused_written = Buckets(REFUSED_RATE, clock)
        self._in_work = 0
        self.outcomes: Counter[str] = Counter()
        """How many messages ended how: `accepted`, `replayed`, or the true reason of a refusal."""
        self.refusals_unwritten = 0

    def submit(self, body: bytes, headers: Mapping[str, str], peer: str, answer: Answer) -> None:
        """Take one message of figure 8; `answer` is called once, at once or later.

        `peer` is the sender's IP address. Accepted means durable.
        """
        if self._in_work >= LIMIT_IN_WORK:
            self._turn_away(answer, errors.BUSY, "busy")
            return
        try:
            message = decode(CallInitiation, body)
        except MessageError as error:
            self._turn_away(answer, errors.malformed(error), "malformed")
            return
        key = headers.get(IDEMPOTENCY_KEY)
        if key is not None and not is_key(key):
            self._turn_away(answer, errors.KEY_MALFORMED, "idempotency_key")
            return
        if not PROXY_HEADERS.isdisjoint(headers):
            peer = f"behind proxy {peer}"
        work = _Work(message, key, peer, answer, "" if key is None else _fingerprint(message))
        self._in_work += 1
        if not self._is_meant(message.equipment_address):
            self._refuse(work, errors.NOT_AT_THIS_EQUIPMENT, "wrong_equipment")
            return
        self._accounts.authenticate(
            message.business_id,
            message.password,
            peer,
            lambda verdict: self._authenticated(work, verdict),
        )

    def restore(self, stamped: Stamped) -> None:
        """Take the key and the customer of one entry of the journal of before, oldest first."""
        entry = stamped.entry
        self.do_not_call.restore(stamped)
        if not isinstance(entry, Accepted) or entry.door != self._door_name:
            return
        self._learn(entry)
        key = entry.idempotency_key
        if key is not None and stamped.at_us >= self._clock.now_us() - KEPT_US:
            self._keys.restore(entry.business, key, entry.fingerprint, entry.call, stamped.at_us)

    def _authenticated(self, work: _Work, verdict: Verdict) -> None:
        if isinstance(verdict, Denial):
            busy = verdict.reason == "verifier_busy"
            problem = errors.BUSY if busy else errors.NOT_ACCEPTED
            self._refuse(work, problem, verdict.reason)
            return
        if work.key is not None:
            now_us = self._clock.now_us()
            found = self._keys.find(verdict.identifier, work.key, work.fingerprint, now_us)
            if isinstance(found, Replay):
                self._finish(work, Admitted(found.call, verdict.identifier, None), "replayed")
                return
            if found is not None:
                self._decline(work, _KEY_PROBLEMS[found], f"idempotency_{found.name.lower()}")
                return
        resolved = self._resolve(work.message, verdict)
        if isinstance(resolved, Fault):
            self._decline(work, errors.invalid(resolved), resolved.code)
            return
        if self.do_not_call.forbids(verdict.identifier, str(resolved)):
            self._decline(work, errors.DO_NOT_CALL, "do_not_call")
            return
        self._accept(work, verdict, resolved)

    def _resolve(self, message: CallInitiation, business: Business) -> Address | Fault:
        """The customer's number, or what makes the message impossible to carry out."""
        wrong = self._time_fault(message) or self._address_fault(message)
        if wrong is not None:
            return wrong
        if message.dial_first == "agent" and business.consent != "none":
            text = "this business asks its customers first: leave it out, or say customer"
            return Fault("/dial_first", "consent", text)
        if message.representative_number is None:
            if not message.hunt:
                return Fault(
                    "/hunt", "no_representative", "false needs a representative_number to call"
                )
            if not business.representatives:
                return Fault(
                    "/representative_number",
                    "no_representative",
                    "is needed: the business has no representatives of its own",
                )
        if message.customer_number is not None:
            return message.customer_number
        identifier = message.customer_id or ""
        number = self._customers.number(business.identifier, identifier)
        return number or Fault(
            "/customer_id", "unknown_customer", "no number is stored for this customer"
        )

    def _address_fault(self, message: CallInitiation) -> Fault | None:
        for name in ("customer_number", "representative_number"):
            address: Address | None = getattr(message, name)
            if address is None or isinstance(address, E164) or self._voip.allows(address):
                continue
            what = "that host may not be called by voice over IP"
            if not self._voip.is_offered:
                what = "voice over IP is not offered by this equipment: give a telephone number"
            return Fault(f"/{name}", "voice_over_ip", what)
        return None

    def _time_fault(self, message: CallInitiation) -> Fault | None:
        wanted_us = desired_time_us(message)
        if wanted_us is None:
            return None
        now_us = self._clock.now_us()
        if wanted_us > now_us:
            text = "scheduled calls are not offered yet; leave desired_time blank"
            return Fault("/desired_time", "not_offered", text)
        if wanted_us < now_us - PAST_TOLERANCE_US:
            text = "has passed; leave desired_time blank for a call as soon as possible"
            return Fault("/desired_time", "passed", text)
        return None

    def _accept(self, work: _Work, business: Business, customer: Address) -> None:
        call = self._new_call_reference()
        now_us = self._clock.now_us()
        content = _content(work.message)
        content["customer_number"] = str(customer)
        if work.key is not None:
            self._keys.bind(business.identifier, work.key, work.fingerprint, call, now_us)
        entry = Accepted(
            call, business.identifier, self._door_name, content, work.key, work.fingerprint
        )
        acceptance = Acceptance(entry, business, now_us)
        self._journal.append(self._door_name, entry, lambda: self._durable(work, acceptance))

    def _durable(self, work: _Work, acceptance: Acceptance) -> None:
        entry = acceptance.entry
        if entry.idempotency_key is not None:
            self._keys.accepted(entry.business, entry.idempotency_key)
        self._learn(entry)
        self._finish(work, Admitted(entry.call, entry.business, acceptance), "accepted")

    def _learn(self, entry: Accepted) -> None:
        customer_id = entry.message.get("customer_id")
        number = entry.message.get("customer_number")
        if isinstance(customer_id, str) and isinstance(number, str):
            self._customers.learn(entry.business, customer_id, parse_address(number))

    def _is_meant(self, address: str | None) -> bool:
        return address is None or _plain(address) == self._equipment_address

    def _refuse(self, work: _Work, problem: ProblemDetail, reason: str) -> None:
        if self._refused_written.take(self._door_name):
            refused = Refused(self._door_name, work.message.business_id, reason, work.peer)
            self._journal.append(self._door_name, refused)
        else:
            self.refusals_unwritten += 1
        self._decline(work, problem, reason)

    def _decline(self, work: _Work, problem: ProblemDetail, reason: str) -> None:
        self._finish(work, Declined(problem, reason), reason)

    def _turn_away(self, answer: Answer, problem: ProblemDetail, reason: str) -> None:
        self.outcomes[reason] += 1
        answer(Declined(problem, reason))

    def _finish(self, work: _Work, outcome: Outcome, counted_as: str) -> None:
        self._in_work -= 1
        self.outcomes[counted_as] += 1
        work.answer(outcome)


_KEY_PROBLEMS = {
    KeyState.IN_PROGRESS: errors.KEY_IN_PROGRESS,
    KeyState.REUSED: errors.KEY_REUSED,
    KeyState.FULL: errors.KEYS_FULL,
}
_canonical = msgspec.json.Encoder(order="sorted")


def _content(message: CallInitiation) -> dict[str, object]:
    """The message without its password, numbers canonical, what was left out left out."""
    content: dict[str, object] = message.model_dump(exclude={"password"}, exclude_unset=True)
    for name in ("customer_number", "representative_number"):
        if content.get(name) is not None:
            content[name] = str(content[name])  # a journal writes plain text
    return content


def _fingerprint(message: CallInitiation) -> str:
    return sha256(_canonical.encode(_content(message))).hexdigest()


def _plain(address: str) -> str:
    return address.casefold().rstrip(".")
