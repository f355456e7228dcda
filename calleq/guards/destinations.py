"""Whom a business may call at all: judged for every leg, before any dial.

In this order, the first that bars counts:

1. voice over IP: the host, by the operator's list (`VoipPolicy`); a number before the @ is judged
   as that number;
2. the kind of number, by the numbering plans: nobody can allow one that is never called;
3. the carrier's barred prefixes, save those it allows within them;
4. the rate deck: what it bars or has no price for;
5. the business's ceilings on the price of a minute, the dearest of the week;
6. the business's barred prefixes, save longer ones that it allows;
7. regions: the carrier's, then the business's, save prefixes that the business allows.

Regions of a business that says none are those of its own numbers; where it has none, those of its
representatives; where there are none, the carrier's own country.

What the plans say of a number is remembered (`facts`), and what a business's policy comes to, for
as long as it is the same `Business`. The deck is asked each time, because rates change with time.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from calleq.guards.facts import UNIVERSAL_ACCESS, facts_of
from calleq.guards.prefixes import Prefixes, PrefixTable
from calleq.numbering import E164, Address, SipUri, VoipPolicy
from calleq.rating import Deck, RatingError, amount_text, parse_amount
from calleq.topology import Business
from calleq.topology_policy import CarrierPolicy

LIMIT_COMPILED = 10_000
"""Businesses whose policy is remembered."""


class Barred(msgspec.Struct, frozen=True):
    """Not to be called: the reason's code (`reasons.REASONS`) and what is true of this address."""

    code: str
    why: str


DeckOf = Callable[[Business], Deck | None]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A business's policy as it is asked."""

    business: Business
    regions: frozenset[str]
    barred: Prefixes
    allowed: Prefixes
    ceilings: PrefixTable


class Destinations:
    """Judges addresses for the businesses of one carrier."""

    def __init__(
        self,
        carrier: CarrierPolicy,
        home_regions: frozenset[str],
        *,
        deck_of: DeckOf | None = None,
        voip: VoipPolicy | None = None,
    ) -> None:
        """`home_regions` is the carrier's own country. `deck_of` has the rate deck of a business,
        None where it has no prices. `voip` None: hosts are judged elsewhere."""
        self._home_regions = home_regions
        self._regions = frozenset(carrier.regions)
        self._barred = Prefixes(carrier.barred)
        self._allowed = Prefixes(carrier.allowed)
        self._deck_of = deck_of
        self._voip = voip
        self._compiled: dict[str, _Compiled] = {}

    def judge(self, business: Business, address: Address, at_us: int) -> Barred | None:
        """Why the business must not call the address; None where it may."""
        if isinstance(address, E164):
            return self._judge_number(business, address, at_us)
        if self._voip is not None and not self._voip.allows(address):
            return Barred("voice_over_ip", f"{address} is at no host that may be called")
        if isinstance(address, SipUri) and address.user.startswith("+"):
            return self._judge_number(business, E164(address.user), at_us)
        return self._judge_price(self._policy(business), address, at_us)

    def regions(self, business: Business) -> frozenset[str]:
        """The regions that the business may call, within those that the carrier serves."""
        regions = self._policy(business).regions
        return regions & self._regions if self._regions else regions

    def _judge_number(self, business: Business, number: E164, at_us: int) -> Barred | None:
        facts = facts_of(number)
        carrier_allows = self._allowed.longest(number)
        if facts.kind and not (facts.kind == UNIVERSAL_ACCESS and carrier_allows):
            return Barred(facts.kind, facts.why)
        carrier_bars = self._barred.longest(number)
        if _bars(carrier_bars, carrier_allows):
            return Barred("carrier_barred", f"numbers that begin with {carrier_bars} are barred")
        policy = self._policy(business)
        dear = self._judge_price(policy, number, at_us)
        if dear is not None:
            return dear
        bars, allows = policy.barred.longest(number), policy.allowed.longest(number)
        if _bars(bars, allows):
            return Barred("business_barred", f"numbers that begin with {bars} are barred")
        if self._regions and self._regions.isdisjoint(facts.regions):
            return Barred("carrier_region", _is_in(number, facts.regions))
        if allows is None and policy.regions.isdisjoint(facts.regions):
            allowed = ", ".join(sorted(policy.regions)) or "none"
            return Barred(
                "region", f"{_is_in(number, facts.regions)}, and only {allowed} may be called"
            )
        return None

    def _judge_price(self, policy: _Compiled, address: Address, at_us: int) -> Barred | None:
        deck = None if self._deck_of is None else self._deck_of(policy.business)
        if deck is None:
            return None
        try:
            terms = deck.find(address, at_us).terms
        except RatingError as error:
            return Barred(error.reason, str(error))
        ceiling = policy.ceilings.longest(address if isinstance(address, E164) else "+")
        if ceiling is None or terms.dearest_per_minute_micro <= ceiling[1]:
            return None
        price = amount_text(terms.dearest_per_minute_micro)
        most = f"{amount_text(ceiling[1])} {deck.currency} for {ceiling[0]}"
        return Barred("too_dear", f"a minute costs up to {price} {deck.currency}, at most {most}")

    def _policy(self, business: Business) -> _Compiled:
        found = self._compiled.get(business.identifier)
        if found is not None and found.business is business:
            return found
        if len(self._compiled) >= LIMIT_COMPILED:
            self._compiled.clear()
        policy = business.policy
        made = self._compiled[business.identifier] = _Compiled(
            business,
            frozenset(policy.regions) or self._own_regions(business),
            Prefixes(policy.barred),
            Prefixes(policy.allowed),
            PrefixTable({key: parse_amount(text) for key, text in policy.ceilings.items()}),
        )
        return made

    def _own_regions(self, business: Business) -> frozenset[str]:
        for numbers in ((business.number, *business.numbers), business.representatives):
            regions: frozenset[str] = frozenset().union(
                *(facts_of(number).regions for number in numbers if number.startswith("+"))
            )
            if regions:
                return regions
        return self._home_regions


def _bars(barred: str | None, allowed: str | None) -> bool:
    return barred is not None and (allowed is None or len(allowed) <= len(barred))


def _is_in(number: str, regions: frozenset[str]) -> str:
    return f"{number} is in {', '.join(sorted(regions)) or 'no known region'}"
