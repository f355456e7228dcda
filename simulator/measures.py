"""What a run measured, each figure with its definition (E.411, E.425; billing terms elsewhere).

Legs are the calls of the telephone network: a customer service call has one leg per party dialled.
Everything is computed from the records.
"""

from collections.abc import Sequence

import msgspec

from calleq.billing.records import LegRecord, SessionRecord
from calleq.units import SECOND_US

BUSY = {17}
NO_ANSWER = {18, 19, 20}
REJECTED = {21}


class Measure(msgspec.Struct, frozen=True):
    """One figure."""

    value: float
    unit: str
    definition: str


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _reached(leg: LegRecord) -> bool:
    """The network did its part: answered, or the party was busy, silent or rejected."""
    return leg.answered_at_us is not None or leg.cause in BUSY | NO_ANSWER | REJECTED


def measure(records: Sequence[SessionRecord], length_us: int) -> dict[str, Measure]:
    """The figures of a run that lasted `length_us`."""
    legs = [leg for record in records for leg in record.legs]
    answered = [leg for leg in legs if leg.answered_at_us is not None]
    completed = sum(record.state == "completed" for record in records)
    talk_us = sum(leg.talk_us for leg in answered)
    held_us = sum(
        leg.released_at_us - leg.dialled_at_us for leg in legs if leg.released_at_us is not None
    )
    delays_us = [
        leg.ringing_at_us - leg.dialled_at_us for leg in legs if leg.ringing_at_us is not None
    ]
    without_circuit = sum(not record.legs for record in records)
    length_s = length_us / SECOND_US
    return {
        "ASR": Measure(
            _ratio(len(answered), len(legs)), "ratio", "answered legs / seizures (E.411)"
        ),
        "NER": Measure(
            _ratio(sum(map(_reached, legs)), len(legs)),
            "ratio",
            "(answered + busy + no answer + rejected) / seizures (E.425)",
        ),
        "ABR": Measure(
            _ratio(len(answered), len(legs) + without_circuit),
            "ratio",
            "answered legs / bids, those that found no circuit among them (E.411)",
        ),
        "CCR": Measure(_ratio(completed, len(records)), "ratio", "completed calls / calls offered"),
        "ACD": Measure(
            _ratio(talk_us / SECOND_US, len(answered)), "s", "talk time / answered legs"
        ),
        "MHT": Measure(
            _ratio(held_us / SECOND_US, len(legs)), "s", "dialling to release / seizures"
        ),
        "PDD": Measure(
            _ratio(sum(delays_us) / 1e6, len(delays_us)), "s", "dialling to ringing, mean"
        ),
        "CPS": Measure(_ratio(len(records), length_s), "1/s", "calls offered / length of the run"),
    }
