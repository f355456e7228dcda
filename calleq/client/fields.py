"""What a caller may say by name: the fields of messages, and the filters of lists.

Types for a checker of types; what is misspelt is found before anything is sent. A test holds them
against the messages themselves.
"""

from typing import Literal, TypedDict

WebPage = dict[str, object]
"""The pages viewed, as figure 7's field 706 has them (`calleq.messages.figures`)."""


class Wish(TypedDict, total=False):
    """What both messages may say; None is as good as nothing."""

    customer_id: str | None
    desired_time: str | None
    time_zone: str | None
    web_page: WebPage | None
    note: str | None
    confirmed: bool | None


class InitiationFields(Wish, total=False):
    """Of the message of figure 8, beside the two numbers."""

    equipment_address: str | None
    extension: object
    dial_first: Literal["customer", "agent"] | None
    language: Literal["en", "fr", "es", "de"] | None
    hunt: bool | None


class RequestFields(Wish, total=False):
    """Of the request of figure 9, beside the equipment's address."""

    customer_number: str | None
    representative: str | None


class CallFilters(TypedDict, total=False):
    """Which calls are listed; instants are RFC 3339 with their offset."""

    state: str | None
    final: bool | None
    customer: str | None
    representative: str | None
    accepted_after: str | None
    accepted_before: str | None
    due_after: str | None
    due_before: str | None
    ended_after: str | None
    ended_before: str | None
    business: str | None
    limit: int | None
    cursor: str | None


class RefusalFilters(TypedDict, total=False):
    """Which refusals are listed."""

    business: str | None
    reason: str | None
    since: str | None
    until: str | None
    limit: int | None
