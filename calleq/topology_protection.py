"""How a business's messages must be encrypted: the keys of `[businesses.encryption]`."""

from typing import Literal

import msgspec

from calleq.messages.sealed import SEALABLE


class Encryption(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a business insists on, so that nobody on the way can make its messages plain ones."""

    required: Literal["none", "fields", "whole"] = "none"
    """`none`: messages may be encrypted, `fields`: those of `fields` must be, `whole`: all."""
    fields: tuple[str, ...] = ("customer_number", "customer_id", "note")
    """The fields that must be encrypted, each by itself or with the whole message."""

    def wrong(self) -> tuple[str, str] | None:
        """A key that does not fit, and what is wrong with it; None where all do."""
        for name in self.fields:
            if name not in SEALABLE:
                return "fields", f"{name!r}: one of {', '.join(sorted(SEALABLE))} was expected"
        if self.required == "fields" and not self.fields:
            return "fields", "none are named, though some must be encrypted"
        return None
