"""The guards that stand before any dial: whom a business may call, and how often anybody may.

`judge` looks and counts nothing; `accepted` counts. Both happen in one turn of the door's thread,
so of many messages for one number that come at once the first is accepted and the others find it
going on. What is counted:

| bucket | key | asked for |
|---|---|---|
| number | the customer's address, over all businesses | every call but a further try |
| visitor | business and cookie | calls from pages |
| source | the sender's address (IPv6: its /64) | calls from pages |
| calls | the business | every call |
| all_calls | | every call |

A business's own server sends all its calls from one address, so addresses are limited only where
visitors of pages send. A further try of a call (`retry_of`) is the same wish of the same customer:
it is judged by its destination and the limits of business and carrier alone. Calls to the carrier's
test numbers count nowhere.

Everything is rebuilt from the journal (`restore`). Odd cases: an end that the journal has twice, as
equipment's and as the door's, counts once; the call of a message that was accepted before its
business had this policy goes on being counted until it ends.
"""

import ipaddress
import math
from collections.abc import Callable

from calleq.guards.buckets import Level, WallBuckets
from calleq.guards.cooling import CoolDowns
from calleq.guards.destinations import DeckOf, Destinations
from calleq.guards.facts import facts_of
from calleq.guards.going_on import GoingOn
from calleq.guards.prefixes import Prefixes
from calleq.guards.reasons import CUSTOMER, REPRESENTATIVE, THIRD, TIME, refusal
from calleq.guards.refused import RefusalList
from calleq.intake.contract import NO_HOLD, Ending, Hold, Refusal, Room, Wanted
from calleq.journal.entries import Accepted, Ended, Refused, Rescheduled, Stamped
from calleq.messages.guarding import Limits, LimitView
from calleq.numbering import Address, NumberingError, VoipPolicy, parse_address
from calleq.topology import Business
from calleq.topology_policy import LIKELY_FREE, CarrierPolicy, Rate
from calleq.units import SECOND_US

ALL = ""
"""The one key of the bucket of all calls."""
LIMIT_RESTORING = 2_000_000
SOURCE_BITS_IPV6 = 64


class CallGuards:
    """The guards of one process; fulfils `calleq.intake.contract.Guards`."""

    def __init__(
        self,
        carrier: CarrierPolicy,
        business_of: Callable[[str], Business | None],
        home_regions: frozenset[str] = frozenset(),
        *,
        deck_of: DeckOf | None = None,
        voip: VoipPolicy | None = None,
        ring_limit_s: float = 30.0,
    ) -> None:
        """`business_of` knows businesses by identifier; `ring_limit_s` is the network's, to be
        told; the others are as in `Destinations`."""
        self._ring_limit_s = ring_limit_s
        self.carrier = carrier
        self._business_of = business_of
        self.destinations = Destinations(carrier, home_regions, deck_of=deck_of, voip=voip)
        self.refusals = RefusalList()
        self.cooling = CoolDowns(carrier)
        self.going_on = GoingOn()
        self._numbers = WallBuckets()
        self._visitors = WallBuckets()
        self._sources = WallBuckets()
        self._businesses = WallBuckets()
        self._all = WallBuckets()
        self._test_numbers = Prefixes(carrier.test_numbers)
        self._apart_us = carrier.apart_s * SECOND_US
        self._restoring: dict[str, tuple[str, str]] = {}
        """Business and customer of calls that the journal of before has not ended yet."""

    # Guards

    def judge(self, wanted: Wanted, now_us: int) -> Refusal | None:
        """See `Guards`; nothing is counted."""
        self._restoring.clear()
        business = wanted.business
        barred = self._judge_addresses(business, wanted.customer, wanted.representative, now_us)
        if barred is not None or self._test_numbers.longest(wanted.customer) is not None:
            return barred
        number = str(wanted.customer)
        due_us = now_us if wanted.desired_us is None else wanted.desired_us
        return (
            self._judge_others(number, business.identifier, due_us, now_us)
            or (None if wanted.retry_of else self._judge_asker(wanted, now_us))
            or self._judge_totals(business, now_us)
        )

    def judge_again(self, entry: Accepted, business: Business, now_us: int) -> Refusal | None:
        """See `Guards`: the policy, the deck and what became of other calls may have changed."""
        try:
            customer = _address(entry, "customer_number")
            representative = _address(entry, "representative_number")
        except NumberingError as error:
            return refusal("not_e164", str(error))
        assert customer is not None, "a call without a customer is never accepted"
        barred = self._judge_addresses(business, customer, representative, now_us)
        if barred is not None or self._test_numbers.longest(customer) is not None:
            return barred
        if self.going_on.others_near(customer, now_us, now_us, self._apart_us, but=entry.call):
            return refusal("called_already")
        if entry.due_us and not entry.retry_of:
            return self._judge_rest(customer, now_us)
        return None

    def judge_move(self, entry: Accepted, due_us: int, now_us: int) -> Refusal | None:
        """See `Guards`: other calls of the number, as for a new call; its own does not count."""
        number = str(entry.message.get("customer_number", ""))
        if self._test_numbers.longest(number) is not None:
            return None
        if self.going_on.others_near(number, due_us, now_us, self._apart_us, but=entry.call):
            return refusal("called_already", pointer=TIME)
        return self._judge_rest(number, now_us, TIME) if due_us <= now_us else None

    def judge_party(self, business: Business, number: str, now_us: int) -> Refusal | None:
        """See `Guards`."""
        try:
            address = parse_address(number)
        except NumberingError as error:
            return refusal(facts_of(number).kind or "not_e164", str(error), THIRD)
        return self._judge_address(business, address, THIRD, now_us)

    def hold(self, business: Business, customer: str) -> Hold:
        """See `Guards`."""
        policy = business.policy
        chance = policy.likely_free
        if chance is None:
            chance = LIKELY_FREE if self._test_numbers.longest(customer) is None else 0.0
        within_us, limit_us = policy.free_within_s * SECOND_US, policy.hold_s * SECOND_US
        return Hold(chance, within_us, limit_us) if chance else NO_HOLD

    def accepted(self, entry: Accepted, at_us: int) -> None:
        """See `Guards`: counted from here on."""
        number = str(entry.message.get("customer_number", ""))
        if self._test_numbers.longest(number) is not None:
            return
        business, carrier = entry.business, self.carrier
        self.going_on.begins(entry.call, business, number, entry.due_us or at_us)
        self._numbers.take(number, business, carrier.number, at_us)
        self._businesses.take(business, business, self._calls_rate(business), at_us)
        self._all.take(ALL, ALL, carrier.all_calls, at_us)
        if entry.visitor and not entry.retry_of:
            visitor = _visitor(business, entry.visitor)
            self._visitors.take(visitor, business, self._visitor_rate(business), at_us)
            if entry.source:
                self._sources.take(_network(entry.source), business, carrier.source, at_us)

    def dropped(self, entry: Accepted) -> None:
        """See `Guards`; what was taken from buckets stays taken, for whoever floods a disk."""
        number = str(entry.message.get("customer_number", ""))
        self.going_on.ends(entry.call, entry.business, number)

    def rescheduled(self, entry: Accepted, due_us: int) -> None:
        """See `Guards`."""
        number = str(entry.message.get("customer_number", ""))
        if self.going_on.ends(entry.call, entry.business, number):
            self.going_on.begins(entry.call, entry.business, number, due_us)

    def ended(self, call: str, ending: Ending) -> None:
        """See `Guards`."""
        if self.going_on.ends(call, ending.business, ending.customer):
            self.cooling.ended(ending.customer, ending.business, ending.state, ending.at_us)

    def refused(self, entry: Refused, at_us: int) -> None:
        """See `Guards`."""
        self.refusals.add(entry, at_us)

    def restore(self, stamped: Stamped) -> None:
        """See `Guards`."""
        entry = stamped.entry
        match entry:
            case Accepted():
                if entry.call in self._restoring:
                    return
                self.accepted(entry, stamped.at_us)
                if len(self._restoring) < LIMIT_RESTORING:
                    number = str(entry.message.get("customer_number", ""))
                    self._restoring[entry.call] = (entry.business, number)
            case Rescheduled(call, due_us):
                business, number = self._restoring.get(call, ("", ""))
                if self.going_on.ends(call, business, number):
                    self.going_on.begins(call, business, number, due_us)
            case Ended(call, state, cause):
                business, number = self._restoring.pop(call, ("", ""))
                at_us = stamped.at_us
                self.ended(call, Ending(business, number, state, cause, at_us, dialled=True))
            case Refused():
                self.refused(entry, stamped.at_us)
            case _:
                pass

    # What is left

    def room(self, business: str, now_us: int) -> Room | None:
        """See `Guards`."""
        rate = self._calls_rate(business)
        if not rate.burst:
            return None
        level = self._businesses.level(business, rate, now_us)
        return Room(level.left, level.full_in_s, rate.burst, math.ceil(rate.burst * rate.refill_s))

    def limits_of(self, business: Business, now_us: int) -> tuple[LimitView, ...]:
        """What the business may still ask for; the buckets of numbers, visitors and addresses are
        told without what is left in them, which is nobody's to know."""
        identifier, carrier = business.identifier, self.carrier
        calls = self._calls_rate(identifier)
        level = self._businesses.level(identifier, calls, now_us)
        told = (
            ("number", carrier.number),
            ("visitor", self._visitor_rate(identifier)),
            ("source", carrier.source),
        )
        return (
            _told("calls", calls, level),
            *(LimitView(name, rate.burst, rate.refill_s) for name, rate in told if rate.burst),
        )

    def told_to(self, business: Business, now_us: int) -> Limits:
        """All that a business is told of its guards."""
        policy = business.policy
        return Limits(
            business.identifier,
            tuple(sorted(self.destinations.regions(business))),
            self.limits_of(business, now_us),
            min(self._ring_limit_s, policy.ring_s or self._ring_limit_s),
            policy.announcement_s,
            policy.call_s,
            self.hold(business, "").chance,
            policy.free_within_s,
            policy.hold_s,
        )

    def level_of_all(self, now_us: int) -> LimitView:
        """What is left for all businesses together: for the carrier."""
        rate = self.carrier.all_calls
        return _told("all_calls", rate, self._all.level(ALL, rate, now_us))

    # Inside

    def _judge_addresses(
        self, business: Business, customer: Address, representative: Address | None, now_us: int
    ) -> Refusal | None:
        barred = self._judge_address(business, customer, CUSTOMER, now_us)
        if barred is None and representative is not None:
            barred = self._judge_address(business, representative, REPRESENTATIVE, now_us)
        return barred

    def _judge_address(
        self, business: Business, address: Address, pointer: str, now_us: int
    ) -> Refusal | None:
        barred = self.destinations.judge(business, address, now_us)
        return None if barred is None else refusal(barred.code, barred.why, pointer)

    def _judge_others(self, number: str, business: str, due_us: int, now_us: int) -> Refusal | None:
        if self.going_on.full(business):
            return refusal("guards_full", pointer="", retry_after_s=60)
        if self.going_on.others_near(number, due_us, now_us, self._apart_us):
            return refusal("called_already")
        return None

    def _judge_rest(self, number: str, now_us: int, pointer: str = CUSTOMER) -> Refusal | None:
        wait_us = self.cooling.wait_us(number, now_us)
        if not wait_us:
            return None
        return refusal("cooling_down", pointer=pointer, retry_after_s=_seconds(wait_us))

    def _judge_asker(self, wanted: Wanted, now_us: int) -> Refusal | None:
        number, business = str(wanted.customer), wanted.business.identifier
        if wanted.desired_us is None or wanted.desired_us <= now_us:
            rests = self._judge_rest(number, now_us)
            if rests is not None:
                return rests
        waits = self._numbers.wait_us(number, self.carrier.number, now_us)
        if waits:
            return refusal("number_limit", retry_after_s=_seconds(waits))
        visitor = wanted.by.visitor
        if not visitor:
            return None
        rate = self._visitor_rate(business)
        waits = self._visitors.wait_us(_visitor(business, visitor), rate, now_us)
        if waits:
            return refusal("visitor_limit", pointer="", retry_after_s=_seconds(waits))
        if wanted.source:
            network = _network(wanted.source)
            waits = self._sources.wait_us(network, self.carrier.source, now_us)
            if waits:
                return refusal("source_limit", pointer="", retry_after_s=_seconds(waits))
        return None

    def _judge_totals(self, business: Business, now_us: int) -> Refusal | None:
        identifier = business.identifier
        waits = self._businesses.wait_us(identifier, self._calls_rate(identifier), now_us)
        if waits:
            return refusal("calls_limit", pointer="", retry_after_s=_seconds(waits))
        waits = self._all.wait_us(ALL, self.carrier.all_calls, now_us)
        if waits:
            return refusal("all_calls_limit", pointer="", retry_after_s=_seconds(waits))
        return None

    def _calls_rate(self, business: str) -> Rate:
        found = self._business_of(business)
        return (None if found is None else found.policy.calls) or self.carrier.calls

    def _visitor_rate(self, business: str) -> Rate:
        found = self._business_of(business)
        return (None if found is None else found.policy.visitor) or self.carrier.visitor


def _address(entry: Accepted, field: str) -> Address | None:
    text = entry.message.get(field)
    return parse_address(text) if isinstance(text, str) and text else None


def _visitor(business: str, visitor: str) -> str:
    return f"{business} {visitor}"


def _network(source: str) -> str:
    """What addresses are limited together: whoever has one IPv6 address has the whole /64."""
    if ":" not in source:
        return source
    try:
        address = ipaddress.IPv6Address(source.partition("%")[0])
    except ValueError:
        return source
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address), SOURCE_BITS_IPV6), strict=False))


def _seconds(length_us: int) -> int:
    return -(-length_us // SECOND_US)


def _told(name: str, rate: Rate, level: Level) -> LimitView:
    if not rate.burst:
        return LimitView(name, 0, rate.refill_s)
    return LimitView(name, rate.burst, rate.refill_s, level.left, level.full_in_s, level.one_in_s)
