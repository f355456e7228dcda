"""How a call is shown to its business: what its acceptance says, and how far it has come."""

from collections.abc import Mapping

import msgspec

from calleq.journal.entries import Accepted, Charged
from calleq.messages.answers import CallView, ChargeView, LegView, WebPageView
from calleq.units import utc_text


class Standing(msgspec.Struct, frozen=True):
    """How far a call has come."""

    state: str
    final: bool = False
    ended_at_us: int | None = None
    cause: int = 0
    detail: str = ""
    legs: tuple[LegView, ...] = ()
    events: int = 1
    due_us: int | None = None
    """None: as its acceptance says."""
    expires_us: int | None = None
    retried_as: str = ""
    charge: Charged | None = None


def call_view(entry: Accepted, at_us: int, standing: Standing) -> CallView:
    """The call that was accepted by an entry at an instant."""
    message = entry.message
    due_us = entry.due_us if standing.due_us is None else standing.due_us
    expires_us = entry.expires_us if standing.expires_us is None else standing.expires_us
    return CallView(
        call=entry.call,
        state=standing.state,
        final=standing.final,
        business=entry.business,
        customer_number=_text(message, "customer_number") or "",
        representative_number=_text(message, "representative_number"),
        accepted_at=utc_text(at_us),
        ended_at=None if standing.ended_at_us is None else utc_text(standing.ended_at_us),
        cause=standing.cause or None,
        legs=standing.legs,
        events=standing.events,
        detail=standing.detail,
        figure=entry.figure,
        by=entry.by,
        customer_id=_text(message, "customer_id"),
        representative=_text(message, "representative"),
        desired_time=_text(message, "desired_time"),
        due_at=utc_text(due_us) if due_us else None,
        expires_at=utc_text(expires_us) if expires_us else None,
        retry_of=entry.retry_of or None,
        retried_as=standing.retried_as or None,
        try_number=entry.try_number,
        web_page=_web_page(message.get("web_page")),
        note=_text(message, "note"),
        held=entry.held,
        charge=None if standing.charge is None else charge_view(standing.charge),
    )


def charge_view(entry: Charged) -> ChargeView:
    """What a call cost."""
    return ChargeView(entry.amount_micro, entry.currency, entry.over_micro, entry.charges)


def _web_page(value: object) -> WebPageView | None:
    try:
        return msgspec.convert(value, WebPageView | None)
    except msgspec.ValidationError:
        return None  # a journal of another version


def _text(message: Mapping[str, object], name: str) -> str | None:
    value = message.get(name)
    return value if isinstance(value, str) else None
