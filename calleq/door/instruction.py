"""The set-up instruction of an accepted message: the same before and after a restart.

It is made of the `Accepted` entry, of the business as it is when the call is begun, and of what the
network's topology says of every call; of nothing else.
"""

from collections.abc import Mapping

from calleq.intake import Order
from calleq.journal.entries import Accepted
from calleq.osn.messages import SetUpCall
from calleq.topology import Business
from calleq.units import SECOND_US


def instruction_of(
    entry: Accepted,
    business: Business,
    *,
    answer_to: str,
    ring_limit_us: int,
    supplied: Mapping[str, str],
) -> SetUpCall:
    """What equipment is told. `supplied` are the keys of the business's recordings by purpose.

    Raises msgspec.ValidationError for an entry that this version cannot read.
    """
    order = Order.of(entry)
    return SetUpCall(
        call=entry.call,
        business=business.identifier,
        business_name=business.name,
        business_number=business.number,
        customer=order.customer_number,
        representative=order.representative_number or "",
        representatives=business.representatives,
        hunt=order.hunt,
        dial_first=order.dial_first or business.dial_first,
        detect_machine=business.detect_machine,
        ring_limit_us=ring_limit_us,
        answer_to=answer_to,
        consent=business.consent,
        question_tries=business.question_tries,
        answer_limit_us=round(business.answer_limit_s * SECOND_US),
        language=order.language or business.language,
        supplied=tuple(supplied.items()),
    )
