"""Records of calls, derived from the journals: what was asked, what happened, what is billed."""

from calleq.billing.derivation import derive_records
from calleq.billing.records import (
    LEG_COLUMNS,
    LegRecord,
    SessionRecord,
    billable_seconds,
    leg_rows,
    records_as_json,
)

__all__ = [
    "LEG_COLUMNS",
    "LegRecord",
    "SessionRecord",
    "billable_seconds",
    "derive_records",
    "leg_rows",
    "records_as_json",
]
