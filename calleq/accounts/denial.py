"""Why somebody was not let in: for the log, and for nobody outside."""

from typing import Literal

import msgspec

from calleq.accounts.page_tokens import TokenFault
from calleq.accounts.signatures import SignatureFault

DenialReason = (
    Literal[
        "unknown_business",
        "bad_password",
        "suspended",
        "demo_password_from_outside",
        "too_many_failures",
        "verifier_busy",
        "no_credential",
        "several_credentials",
        "malformed_credential",
        "unknown_credential",
        "unknown_certificate",
        "revoked",
        "expired",
        "no_user",
        "origin_not_allowed",
        "replayed_page_token",
    ]
    | SignatureFault
    | TokenFault
)

BUSY: frozenset[str] = frozenset(("verifier_busy", "replays_full"))
"""Reasons that say nothing about who asks: it may ask again."""


class Denial(msgspec.Struct, frozen=True):
    """Not this business, or not now; of `BUSY` reasons nothing was looked at."""

    reason: DenialReason
    business: str = ""
    """Whose credential it was said to be, as far as that is known."""
    credential: str = ""
    """Its identifier, where there is one of that."""

    @property
    def is_busy(self) -> bool:
        """Whether it says nothing about who asks."""
        return self.reason in BUSY
