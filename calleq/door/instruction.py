"""The set-up instruction of an accepted message: the same before and after a restart.

It is made of the `Accepted` entry, of the business as it is when the call is begun, those of its
representatives who are on shift then, and of what the network's topology says of every call; of
nothing else.
"""

from collections.abc import Callable, Mapping

from calleq.accounts.shifts import on_shift
from calleq.call.one_time_code import OneTimeCodes
from calleq.intake import Order
from calleq.intake.contract import Guards
from calleq.journal.entries import Accepted
from calleq.osn.messages import SetUpCall
from calleq.topology import Business
from calleq.units import SECOND_US


class Instructing:
    """Makes the instructions of one door."""

    def __init__(
        self,
        door: str,
        ring_limit_us: int,
        supplied: Mapping[str, Mapping[str, str]],
        may_dial: Callable[[Business, str], bool],
        guards: Guards,
        codes: OneTimeCodes | None = None,
    ) -> None:
        """`supplied` are the keys of the businesses' recordings by purpose; representatives whom a
        business `may_dial` not are left out; `guards` say who is to be held; `codes` makes
        one-time codes."""
        self._door = door
        self._ring_limit_us = ring_limit_us
        self._supplied = supplied
        self._may_dial = may_dial
        self._guards = guards
        self._codes = codes

    def of(self, entry: Accepted, business: Business, now_us: int) -> SetUpCall:
        """What equipment is told.

        Raises msgspec.ValidationError for an entry that this version cannot read.
        """
        order = Order.of(entry)
        policy = business.policy
        hold = self._guards.hold(business, order.customer_number)
        talk_limits = (entry.talk_limit_us, policy.call_s * SECOND_US)
        offered = tuple(
            number for number in on_shift(business, now_us) if self._may_dial(business, number)
        )
        return SetUpCall(
            call=entry.call,
            business=business.identifier,
            business_name=business.name,
            business_number=business.number,
            customer=order.customer_number,
            representative=_asked_for(order, business, offered),
            representatives=offered,
            hunt=order.hunt,
            dial_first=order.dial_first or business.dial_first,
            detect_machine=business.detect_machine,
            ring_limit_us=min(
                self._ring_limit_us, policy.ring_s * SECOND_US or self._ring_limit_us
            ),
            answer_to=self._door,
            consent=business.consent,
            question_tries=business.question_tries,
            answer_limit_us=round(business.answer_limit_s * SECOND_US),
            language=order.language or business.language,
            supplied=tuple(self._supplied.get(business.identifier, {}).items()),
            talk_limit_us=min(filter(None, talk_limits)),
            announcement_limit_us=policy.announcement_s * SECOND_US,
            code_mark=_code_mark(entry, business, self._codes),
            likely_free=hold.chance,
            free_within_us=hold.within_us,
            hold_limit_us=hold.limit_us,
        )


def _code_mark(entry: Accepted, business: Business, codes: OneTimeCodes | None) -> str:
    """Empty where no code is asked for, or none was told: then consent is given by key."""
    if codes is None or business.consent != "code" or not entry.code_of:
        return ""
    return codes.mark(entry.code_of, entry.call)


def _asked_for(order: Order, business: Business, offered: tuple[str, ...]) -> str:
    """The representative's number; empty: equipment finds one, also in place of somebody whom a
    page asks for (field 910) and who is off shift while others are on."""
    number = order.representative_number or ""
    by_page = order.representative is not None
    off_shift = number in business.representatives and number not in offered
    return "" if by_page and off_shift and offered else number
