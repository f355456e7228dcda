"""Which call a captured SIP message belongs to.

A switch journals `LineSeized` when it offers a call to a line or a trunk, and so does equipment
that calls a SIP URI; the INVITEs that its gateway sends to that number or URI next begin the call's
part of SIP, and whatever has the same Call-ID belongs to it. What a telephone or another system
dials itself belongs to no call of the journals.

Odd case: a message that cannot be read belongs to the dialog whose Call-ID it still has.
"""

import re
from collections.abc import Iterable

from calleq.lines.contract import VOIP_LINE
from calleq.lines.plants import telephone_name
from calleq.sip.bounds import SipError
from calleq.sip.message import parse
from calleq.sip.uri import SipUri, parse_uri
from calleq.trace.capture import Captured
from calleq.trace.circuits import LineOffer

SLACK_US = 10_000
"""A switch may journal an offer this much after its INVITE left."""
DIALOGS_LIMIT = 1_000_000

_CALL_ID = re.compile(rb"^(?:call-id|i)[ \t]*:[ \t]*([^\r\n]+?)[ \t]*\r?$", re.I | re.M)


class SipCalls:
    """Puts SIP messages, given in the order of time, into calls."""

    def __init__(self, offers: Iterable[LineOffer]) -> None:
        self._offers: dict[tuple[str, str], list[LineOffer]] = {}
        for offer in offers:
            self._offers.setdefault((offer.switch, _plain(offer.called)), []).append(offer)
        self._dialogs: dict[bytes, LineOffer | None] = {}

    def offer_of(self, captured: Captured) -> LineOffer | None:
        """What the message belongs to; None: to no call of the journals."""
        found = _CALL_ID.search(captured.octets)
        if found is None:
            return None
        call_id = found[1]
        if call_id not in self._dialogs and len(self._dialogs) < DIALOGS_LIMIT:
            self._dialogs[call_id] = self._begun(captured)
        return self._dialogs.get(call_id)

    def _begun(self, captured: Captured) -> LineOffer | None:
        """Whose INVITE it is."""
        if not captured.octets.startswith(b"INVITE "):
            return None
        try:
            uri = parse(captured.octets).called.uri
        except SipError:
            return None
        number = uri.unescaped_user if isinstance(uri, SipUri) else str(uri)
        offers = (
            self._offers.get((captured.sender, number))
            or self._offers.get((captured.sender, _plain(str(uri))))
            or ()
        )
        before = [one for one in offers if one.start_us - SLACK_US <= captured.at_us]
        return before[-1] if before else None


def _plain(called: str) -> str:
    """A number as it is; a SIP URI without how it is reached, as To says it."""
    try:
        uri = parse_uri(called)
    except SipError:
        return called
    return str(SipUri(uri.host, uri.user, secure=uri.secure)) if isinstance(uri, SipUri) else called


def far_name(captured: Captured, offer: LineOffer) -> Captured:
    """The message with its far end named as the line's telephone, or as the trunk."""
    name = telephone_name(offer.line) if offer.line.startswith("+") else offer.line
    if offer.line == VOIP_LINE:
        name = _plain(offer.called)
    if captured.sender == offer.switch:
        return captured._replace(receiver=name)
    return captured._replace(sender=name)
