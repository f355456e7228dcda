"""What may be dialled for a business, and how often: the keys of `[businesses.policy]`."""

import msgspec


class CallPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Guards of one business; each key's default is the carrier's."""

    regions: tuple[str, ...] = ()
    """ISO 3166 regions that may be called; empty: those of the business's own numbers."""
    ring_s: int = 30
    announcement_s: int = 60
    """The most that a customer waits from answering to the representative's answer."""
    call_s: int = 4 * 3600
