"""When calls of a business may be made: the keys of `[businesses.calendar]` and of retries."""

import msgspec


class Opening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time of the week, in the zone of whoever it is of; one that ends at or before it begins
    runs into the next day."""

    days: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    begin: str = "00:00"
    end: str = "24:00"


class Calendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours of one business."""

    zone: str = "UTC"
    hours: tuple[Opening, ...] = ()
    """When it is open; empty: always."""


class Retries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a customer who was busy or did not answer is called again."""

    tries: int = 1
    """In all."""
    spacing_s: int = 300
    window_s: int = 3_600
    """No try begins later than so long after the first was due."""
