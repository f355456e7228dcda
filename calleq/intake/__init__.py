"""The one door: validation, authentication and durable acceptance of call-initiation messages."""

from calleq.intake.intake import Intake
from calleq.intake.outcome import Acceptance, Admitted, Declined, Order, Outcome
from calleq.intake.references import CallReferences, is_reference, reference_us
from calleq.intake.work import Answer

__all__ = [
    "Acceptance",
    "Admitted",
    "Answer",
    "CallReferences",
    "Declined",
    "Intake",
    "Order",
    "Outcome",
    "is_reference",
    "reference_us",
]
