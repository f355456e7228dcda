"""How a business pays: the keys of `[businesses.billing]`."""

from typing import Literal

import msgspec


class Billing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prices and limits of spending of one business; amounts are text (`"25.00"`)."""

    deck: str = ""
    """Name of the rate deck; empty: the carrier's default, or, where there is none, no prices."""
    payment: Literal["prepaid", "postpaid"] = "postpaid"
    cap_day: str = ""
    cap_month: str = ""
