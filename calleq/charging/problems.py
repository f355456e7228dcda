"""Why a call is not paid for, as the sender is told it: what is wrong and what to do.

| code | status | what to do |
|---|---|---|
| `no_rate` | 403 | call another destination, or ask the carrier for a rate |
| `barred` | 403 | call another destination: this one is not sold |
| `balance` | 402 | pay in at least what is missing |
| `spend_cap` | 402 | wait for the next day or month, or have the cap raised |
| `held_calls` | 429 | wait until a call has ended |
| `prices` | 503 | tell the carrier: its prices are not in order |
"""

from calleq.charging.decks import ChargingError
from calleq.intake.contract import Refusal, Wanted
from calleq.messages import Fault
from calleq.rating import RatingError, Refused, amount_text
from calleq.web.problems import ProblemDetail

_CAPS = {"day": "today", "month": "this month", "ever": "ever"}


def party_not_sold(error: RatingError) -> Refusal:
    """A further party cannot be priced."""
    return _not_sold(error, "/number")


def not_sold(error: RatingError, wanted: Wanted) -> Refusal:
    """One of the parties cannot be priced."""
    representative = wanted.representative
    text = str(error)
    named = representative is not None and str(representative) in text
    customer = str(wanted.customer) in text
    pointer = "/customer_number" if customer or not named else "/representative_number"
    return _not_sold(error, pointer)


def _not_sold(error: RatingError, pointer: str) -> Refusal:
    text = str(error)
    if error.reason == "barred":
        title, what = "Not sold", "call another number"
    else:
        title, what = "No rate", "call another number, or ask the carrier for a rate"
    problem = ProblemDetail(
        status=403,
        code=error.reason,
        title=title,
        detail=f"{text}: {what}",
        errors=(Fault(pointer, error.reason, text),),
    )
    return Refusal(problem, error.reason)


def no_room(refused: Refused, currency: str) -> Refusal:
    """Balance or a cap have no room for it."""
    room = f"{amount_text(refused.room_micro)} {currency}"
    asked = f"{amount_text(refused.asked_micro)} {currency}"
    if refused.reason == "too_many":
        problem = ProblemDetail(
            status=429,
            code="held_calls",
            title="Too many calls",
            detail=refused.text,
            retry_after_s=60,
        )
        return Refusal(problem, "held_calls")
    if refused.reason == "balance":
        missing = amount_text(refused.asked_micro - refused.room_micro)
        problem = ProblemDetail(
            status=402,
            code="balance",
            title="Not enough money",
            detail=f"the balance has {room} left and this call may need {asked}:"
            f" pay in at least {missing} {currency}",
        )
        return Refusal(problem, "balance")
    when = _CAPS[refused.reason]
    problem = ProblemDetail(
        status=402,
        code="spend_cap",
        title="Spend cap reached",
        detail=f"the spend cap has {room} left {when} and this call may need {asked}:"
        f" wait until it begins anew, or have it raised",
    )
    return Refusal(problem, f"spend_cap_{refused.reason}")


def unpriced(error: ChargingError) -> Refusal:
    """The carrier's own prices are not in order."""
    problem = ProblemDetail(
        status=503,
        code="prices",
        title="No prices",
        detail="this call cannot be priced now: tell the carrier",
    )
    return Refusal(problem, f"prices: {error}")
