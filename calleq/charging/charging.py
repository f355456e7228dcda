"""Charging: money is held before a call is dialled, and settled once when its record is complete.

| when | what |
|---|---|
| `hold` | the call is priced by what holds now; the most it may cost is held, or it is refused |
| `extend` | somebody else is to be dialled in the call: what that may cost is held besides |
| `settle` | the record is there: it is rated, `Charged` is written, the rest is free again |
| `dropped` | it was never accepted: nothing is held |
| a restart | `recover` rebuilds accounts and open calls from the journal's entries |

What was held is in the call's `Accepted` entry, so acceptance and reservation are one write. Every
call for which money was held has one `Charged` in the end, of 0 where nobody was dialled. An end of
a call settles nothing by itself: money stays held until the record is complete.

The journal is kept for a while only, so what businesses have paid and spent is written anew every
`RESTATED_US` (`BalanceStated`).

Odd cases: a leg that no rate is for (representatives changed since a scheduled call was accepted)
costs nothing (`calleq cdr check` shows it). What was held besides is not written: after a restart
no call goes on. Where the deck of a call is not remembered any more, its money stays held until the
deck is there again. A call that cost more than was held is charged in full, and `Charged` says by
how much it exceeds it. A business that is known no more keeps its account. Where a business's deck
is of another currency than its account, its calls are refused.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from calleq.charging.accounts import Account
from calleq.charging.decks import ChargingError, Decks
from calleq.charging.planning import CallPlan, leg_maximum_micro
from calleq.charging.pricing import price_of
from calleq.charging.problems import no_room, not_sold, party_not_sold, unpriced
from calleq.intake.contract import Ending, Held, Refusal, Wanted
from calleq.journal.contract import Journal
from calleq.journal.entries import Accepted, BalanceStated, Charged, Credited, Stamped
from calleq.messages.prices import BalanceView, PriceView
from calleq.numbering import Address
from calleq.rating import (
    CallCharge,
    Deck,
    LegUse,
    RatingError,
    Reserved,
    ServiceUse,
    rate_call,
    rate_leg,
)
from calleq.runtime.clock import Clock, Timer
from calleq.topology import Business
from calleq.units import HOUR_US, SECOND_US

RESTATED_US = 24 * HOUR_US


class HeldContent(msgspec.Struct, frozen=True, kw_only=True):
    """What an `Accepted` entry says of money."""

    deck: str
    currency: str
    priced_at_us: int
    amount_micro: int
    length_s: int
    """For which it is enough, from the first answer on."""


@dataclass(slots=True)
class _Open:
    """A call that holds money."""

    business: str
    deck: str
    priced_at_us: int
    length_s: int
    is_accepted: bool = False


class CallCharging:
    """What calls cost, and who has the money; implements `Charging` of the intake."""

    def __init__(
        self,
        decks: Decks,
        businesses: Callable[[str], Business | None],
        journal: Journal,
        clock: Clock,
        name: str,
        *,
        reserve_minutes: int = 60,
        ring_limit_s: float = 30.0,
    ) -> None:
        """`name` is the element that writes the journal."""
        self.decks = decks
        self.reserve_s = reserve_minutes * 60
        self.ring_limit_s = ring_limit_s
        self._businesses = businesses
        self._journal = journal
        self._clock = clock
        self._name = name
        self._accounts: dict[str, Account] = {}
        self._open: dict[str, _Open] = {}
        self._timer: Timer | None = None

    def now_us(self) -> int:
        """UTC, by which calls are priced."""
        return self._clock.now_us()

    # What the intake asks.

    def hold(self, wanted: Wanted, now_us: int) -> Held | Refusal:
        """Hold what the call may cost. Held until it is settled or dropped."""
        business = wanted.business
        try:
            deck = self.decks.of(business.billing)
            if deck is None:
                return Held({})
            account = self._account(business, deck)
        except ChargingError as error:
            return unpriced(error)
        try:
            plan = CallPlan(
                deck, business, wanted.customer, wanted.representative, now_us, self.ring_limit_s
            )
        except RatingError as error:
            return not_sold(error, wanted)
        longest_s = min(self.reserve_s, business.policy.call_s)
        found = plan.estimate(account.room_micro(now_us), longest_s)
        asked_micro = found if isinstance(found, int) else found.amount_micro
        refused = account.hold(wanted.call, asked_micro, now_us)
        if refused is not None:
            return no_room(refused, deck.currency)
        if isinstance(found, int):
            account.release(wanted.call)
            raise AssertionError("there is room for a second that there was none for")
        self._open[wanted.call] = _Open(business.identifier, deck.name, now_us, found.length_s)
        content = HeldContent(
            deck=deck.name,
            currency=deck.currency,
            priced_at_us=now_us,
            amount_micro=found.amount_micro,
            length_s=found.length_s,
        )
        return Held(msgspec.to_builtins(content), found.talk_s * SECOND_US)

    def extend(self, call: str, party: Address) -> Refusal | None:
        """Hold what a further party of a call may cost, as long as the call can go on."""
        found = self._open.get(call)
        deck = None if found is None else self.decks.named(found.deck)
        if found is None or deck is None:
            return None
        try:
            amount_micro = leg_maximum_micro(deck, party, found.length_s, found.priced_at_us)
        except RatingError as error:
            return party_not_sold(error)
        refused = self._accounts[found.business].hold_more(call, amount_micro)
        return None if refused is None else no_room(refused, deck.currency)

    def dropped(self, call: str) -> None:
        """The call was never accepted; one that was is settled when it has ended."""
        found = self._open.get(call)
        if found is not None and not found.is_accepted:
            del self._open[call]
            self._accounts[found.business].release(call)

    def ended(self, call: str, ending: Ending) -> None:
        """Money stays held: the record settles the call."""

    def restore(self, stamped: Stamped) -> None:
        """Nothing: `recover` is given the whole journal before doors open."""

    # What the records say.

    def settle(
        self, call: str, legs: tuple[LegUse, ...], services: tuple[ServiceUse, ...] = ()
    ) -> None:
        """The call is over and its record complete: charge it, once."""
        found = self._open.get(call)
        deck = None if found is None else self.decks.named(found.deck)
        if found is None or deck is None:
            return
        del self._open[call]
        charge = _rated(deck, legs, services, found.priced_at_us)
        over_micro = self._accounts[found.business].charge(call, charge.amount_micro)
        charged = Charged(
            call,
            found.business,
            charge.amount_micro,
            charge.currency,
            over_micro,
            tuple(msgspec.to_builtins(one) for one in charge.charges),
        )
        self._journal.append(self._name, charged)
        self._keep_stated()

    def open_since_us(self) -> int | None:
        """When the oldest call was priced for which money is held; None: for none is."""
        return min((one.priced_at_us for one in self._open.values()), default=None)

    def is_open(self, call: str) -> bool:
        """Whether money is held for a call."""
        return call in self._open

    # What the journal says.

    def accepted(self, entry: Accepted) -> None:
        """An `Accepted` was written."""
        found = self._open.get(entry.call)
        if found is not None:
            found.is_accepted = True

    def recover(self, entries: Iterable[Stamped]) -> None:
        """Take up accounts and open calls of the journal of before, oldest entry first."""
        for stamped in entries:
            match stamped.entry:
                case Accepted(held=held) as entry if held:
                    self._held_before(entry, held)
                case Charged() as entry:
                    self._open.pop(entry.call, None)
                    account = self._found(entry.business, entry.currency)
                    account.charge(entry.call, entry.amount_micro)
                case Credited() as entry:
                    account = self._found(entry.business, entry.currency)
                    account.credit(entry.amount_micro)
                case BalanceStated() as entry:
                    account = self._found(entry.business, entry.currency)
                    account.state(entry.credited_micro, entry.charged_micro, entry.spent_micro)
                case _:
                    pass
        if self._accounts:
            self._keep_stated()

    # What people ask.

    def credit(
        self,
        business: Business,
        amount_micro: int,
        by: str,
        note: str = "",
        durable: Callable[[], object] | None = None,
    ) -> None:
        """Money was paid in; below zero: taken out. `durable` is called when that is on disk.

        Raises ChargingError.
        """
        deck = self.decks.of(business.billing)
        if deck is None:
            raise ChargingError(f"calls of {business.identifier} have no price: it needs no money")
        account = self._account(business, deck)
        account.credit(amount_micro)
        entry = Credited(business.identifier, amount_micro, deck.currency, by, note)
        self._journal.append(self._name, entry, durable)
        self._keep_stated()

    def balance(self, business: Business) -> BalanceView | None:
        """What a business has; None where its calls have no price. Raises ChargingError."""
        deck = self.decks.of(business.billing)
        if deck is None:
            return None
        return self._account(business, deck).view(deck.name, self._clock.now_us())

    def price(
        self,
        business: Business,
        customer: Address,
        representative: Address | None,
        length_s: int,
    ) -> PriceView | None:
        """What a call would cost now; None where calls have no price.

        Raises ChargingError, RatingError (`no_rate`, `barred`, `bad_length`).
        """
        deck = self.decks.of(business.billing)
        if deck is None:
            return None
        now_us = self._clock.now_us()
        return price_of(deck, business, customer, representative, length_s, now_us)

    def deck_of(self, business: Business) -> Deck | None:
        """By which a business's calls are priced; None: they are not, or their deck is missing."""
        try:
            return self.decks.of(business.billing)
        except ChargingError:
            return None

    def barred(self, business: Business, address: Address) -> str:
        """Why the business's deck does not sell a destination; empty where it does, or there is
        no deck."""
        try:
            deck = self.decks.of(business.billing)
            if deck is not None:
                deck.find(address, self._clock.now_us())
        except (ChargingError, RatingError) as error:
            return str(error)
        return ""

    @property
    def held_micro(self) -> Mapping[str, int]:
        """By business."""
        return {name: account.held_micro for name, account in self._accounts.items()}

    # Inside.

    def _account(self, business: Business, deck: Deck) -> Account:
        account = self._accounts.get(business.identifier)
        if account is None:
            account = Account(business, deck.currency)
            self._accounts[business.identifier] = account
        elif account.currency != deck.currency:
            raise ChargingError(
                f"{business.identifier} has an account in {account.currency}, and deck"
                f" {deck.name} is in {deck.currency}: name a deck in {account.currency}"
            )
        account.fit(business)
        return account

    def _found(self, name: str, currency: str) -> Account:
        account = self._accounts.get(name)
        if account is None:
            business = self._businesses(name) or Business(identifier=name)
            account = self._accounts[name] = Account(business, currency)
        return account

    def _held_before(self, entry: Accepted, content: dict[str, object]) -> None:
        if entry.call in self._open:
            return
        held = msgspec.convert(content, HeldContent)
        account = self._found(entry.business, held.currency)
        account.hold_again(Reserved(entry.call, held.amount_micro, held.priced_at_us))
        self._open[entry.call] = _Open(
            entry.business, held.deck, held.priced_at_us, held.length_s, is_accepted=True
        )

    def _keep_stated(self) -> None:
        if self._timer is None:
            self._timer = self._clock.call_later_us(RESTATED_US, self._restate)

    def _restate(self) -> None:
        self._timer = None
        for name, account in self._accounts.items():
            stated = BalanceStated(
                name,
                account.currency,
                account.credited_micro,
                account.charged_micro,
                account.spent_micro,
            )
            self._journal.append(self._name, stated)
        self._keep_stated()


def _rated(
    deck: Deck, legs: tuple[LegUse, ...], services: tuple[ServiceUse, ...], priced_at_us: int
) -> CallCharge:
    try:
        return rate_call(deck, legs, services, priced_at_us=priced_at_us)
    except RatingError:
        sold = tuple(leg for leg in legs if _is_sold(deck, leg, priced_at_us))
        return rate_call(deck, sold, services, priced_at_us=priced_at_us)


def _is_sold(deck: Deck, leg: LegUse, priced_at_us: int) -> bool:
    try:
        rate_leg(deck, leg, priced_at_us)
    except RatingError:
        return False
    return True
