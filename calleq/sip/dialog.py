"""Dialogs (RFC 3261 §12): what two user agents share between the first answer and BYE.

Owns tags, CSeq of both sides, route set and remote target, as a frozen value that each step
replaces. A request is made or judged by functions of it; offers, reliable answers and session
timers are `negotiation`'s, `reliable`'s and `session_timer`'s.

It refuses a request whose CSeq is lower than the last: 500 with Retry-After (§12.2.2).

Odd cases: the route set is the caller's Record-Route backwards and the called's forwards; a first
route without `lr` is a strict router and stands in the Request-URI (§12.2.1.1); a dialog without a
remote tag is one of RFC 2543. A Contact that nobody outside can reach is replaced by where the
request came from (`reachable_target`).
"""

import ipaddress

import msgspec

from calleq.sip.bounds import FORKS_LIMIT, NUMBER_LIMIT, SipError
from calleq.sip.checks import Refusal
from calleq.sip.fields import NameAddress
from calleq.sip.message import Fields, Request, Response
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri, Uri, host_of

MAX_FORWARDS = 70
RETRY_AFTER_S = 2
TARGET_REFRESHING = frozenset({"INVITE", "UPDATE"})
"""Requests whose Contact is the new remote target (RFC 3261 §12.2, RFC 3311 §5.1)."""

DialogKey = tuple[str, str, str]
"""Call-ID, our tag, their tag."""


class Dialog(msgspec.Struct, frozen=True, gc=False):
    """One dialog as one side sees it."""

    call_id: str
    local: NameAddress
    """Us, with our tag: From of our requests."""
    remote: NameAddress
    """Them, with their tag."""
    target: Uri
    """Their Contact: the Request-URI of our requests."""
    routes: tuple[NameAddress, ...] = ()
    local_number: int = 0
    """CSeq of our last request."""
    remote_number: int = -1
    """CSeq of theirs; -1 before the first."""
    invite_number: int = 0
    """CSeq of our last INVITE: its ACK repeats it."""
    confirmed: bool = False
    """False: early, no 2xx yet."""
    local_text: str = ""
    """From of our requests as it was written; empty: as `local` is written."""
    remote_text: str = ""
    """To, likewise."""

    @property
    def key(self) -> DialogKey:
        """Its name on this side."""
        return (self.call_id, self.local.tag, self.remote.tag)


def key_of_request(request: Request) -> DialogKey:
    """The name of the dialog that a request of theirs belongs to."""
    return (request.call_id, request.called.tag, request.caller.tag)


def _contact(message: Request | Response) -> Uri:
    contacts = message.addresses("contact")
    if len(contacts) != 1:
        raise SipError(f"{len(contacts)} Contact: one expected")
    return contacts[0].uri


def as_caller(request: Request, response: Response) -> Dialog:
    """The dialog that an answer to our INVITE makes (§12.1.2); SipError where it makes none.

    A telephone that names no Contact is reached as the INVITE reached it.
    """
    if response.status <= 100 or response.status >= 300 or not response.called.tag:
        raise SipError(f"a {response.status} that makes no dialog")
    number = request.cseq.number
    return Dialog(
        call_id=response.call_id,
        local=request.caller,
        remote=response.called,
        target=_contact(response) if "contact" in response.fields else request.uri,
        routes=tuple(reversed(response.addresses("record-route"))),
        local_number=number,
        invite_number=number,
        confirmed=response.status >= 200,
        local_text=request.fields["from"][0],
        remote_text=response.fields["to"][0],
    )


def as_called(
    request: Request, local_tag: str, *, confirmed: bool = False, source: Target | None = None
) -> Dialog:
    """The dialog that our answer with that tag to their INVITE makes (§12.1.1).

    With `source`, a Contact that is no address of the public network gives way to it.
    """
    parameters = {**request.called.parameters, "tag": local_tag}
    target = _contact(request)
    if source is not None:
        target = reachable_target(target, source)
    return Dialog(
        call_id=request.call_id,
        local=msgspec.structs.replace(request.called, parameters=parameters),
        remote=request.caller,
        target=target,
        routes=tuple(request.addresses("record-route")),
        remote_number=request.cseq.number,
        confirmed=confirmed,
        remote_text=request.fields["from"][0],
    )


def updated(dialog: Dialog, response: Response) -> Dialog:
    """The dialog after an answer to a request of ours in it: confirmed, or with a new target.

    The route set of a confirmed dialog never changes; a 2xx to the first INVITE sets it once more
    (RFC 3261 §13.2.2.4).
    """
    if response.status >= 300 or response.cseq.method not in TARGET_REFRESHING:
        return dialog
    target = _contact(response) if "contact" in response.fields else dialog.target
    routes = dialog.routes
    confirmed = dialog.confirmed
    if response.status >= 200 and response.cseq.method == "INVITE":
        if not confirmed:
            routes = tuple(reversed(response.addresses("record-route")))
        confirmed = True
    return msgspec.structs.replace(dialog, target=target, routes=routes, confirmed=confirmed)


def confirmed(dialog: Dialog) -> Dialog:
    """The dialog after we have answered 2xx."""
    return msgspec.structs.replace(dialog, confirmed=True)


def make_request(
    dialog: Dialog, method: str, via: str, *, fields: Fields | None = None, body: bytes = b""
) -> tuple[Dialog, Request]:
    """A request in the dialog, and the dialog after it: see `request_fields`."""
    dialog, uri, made = request_fields(dialog, method)
    return dialog, Request(method, uri, {"via": [via], **made, **(fields or {})}, body)


def request_fields(dialog: Dialog, method: str) -> tuple[Dialog, str, Fields]:
    """Request-URI and fields, but Via, of a request in the dialog; and the dialog after it
    (§12.2.1.1).

    ACK repeats the CSeq of the last INVITE; CANCEL is made from its INVITE, not here. Raises
    SipError where CSeq has come to its end.
    """
    if method == "ACK":
        number = dialog.invite_number
    else:
        number = dialog.local_number + 1
        if number > NUMBER_LIMIT:
            raise SipError("no CSeq is left")
        invite = number if method == "INVITE" else dialog.invite_number
        dialog = msgspec.structs.replace(dialog, local_number=number, invite_number=invite)
    uri, routes = _way(dialog)
    made: Fields = {
        "max-forwards": [str(MAX_FORWARDS)],
        "from": [dialog.local_text or str(dialog.local)],
        "to": [dialog.remote_text or str(dialog.remote)],
        "call-id": [dialog.call_id],
        "cseq": [f"{number} {method}"],
    }
    if routes:
        made["route"] = routes
    return dialog, uri, made


def _way(dialog: Dialog) -> tuple[str, list[str]]:
    """Request-URI and Route."""
    if not dialog.routes:
        return str(dialog.target), []
    first = dialog.routes[0].uri
    if not isinstance(first, SipUri) or first.parameter("lr") is not None:
        return str(dialog.target), [str(route) for route in dialog.routes]
    strict = msgspec.structs.replace(first, headers=())
    rest = [str(route) for route in dialog.routes[1:]]
    return str(strict), [*rest, str(NameAddress(dialog.target))]


def next_hop(dialog: Dialog) -> Uri:
    """Whose address requests in the dialog are sent to: the first route, strict or loose, or the
    remote target (§8.1.2)."""
    return dialog.routes[0].uri if dialog.routes else dialog.target


def receive_request(
    dialog: Dialog, request: Request, *, source: Target | None = None
) -> tuple[Dialog, Refusal | None]:
    """Judge a request of theirs in the dialog, and the dialog after it (§12.2.2).

    ACK and CANCEL repeat a CSeq and are always taken. Raises SipError for a Contact that is none.
    """
    if request.method in ("ACK", "CANCEL"):
        return dialog, None
    number = request.cseq.number
    if number <= dialog.remote_number:
        late = {"retry-after": [str(RETRY_AFTER_S)]}
        return dialog, Refusal(500, f"CSeq {number} after {dialog.remote_number}", late)
    target = dialog.target
    if request.method in TARGET_REFRESHING and "contact" in request.fields:
        target = _contact(request)
        if source is not None:
            target = reachable_target(target, source)
    return msgspec.structs.replace(dialog, remote_number=number, target=target), None


def reachable_target(contact: Uri, source: Target) -> Uri:
    """The Contact, with host and port of the source where its own is an address that only the
    sender's side of a translation knows (private, link-local, unspecified)."""
    if not isinstance(contact, SipUri) or contact.host.strip("[]") == source.host:
        return contact
    try:
        address = ipaddress.ip_address(contact.host.strip("[]"))
    except ValueError:
        return contact
    if not (address.is_private or address.is_unspecified or address.is_link_local):
        return contact
    return msgspec.structs.replace(contact, host=host_of(source.host), port=source.port)


class Forks:
    """The dialogs of one INVITE of ours, whose answers may come from several telephones.

    The first 2xx wins. A 2xx of another is to be acknowledged and released with BYE (RFC 3261
    §13.2.2.4).
    """

    def __init__(self, request: Request) -> None:
        self.request = request
        self.dialogs: dict[str, Dialog] = {}
        """By their tag."""
        self.winner: str | None = None

    def answered(self, response: Response) -> Dialog | None:
        """The dialog that an answer belongs to, made or brought up to date.

        None where it has none: 100, a refusal, one without tag, or one early dialog too many.
        Raises SipError where it should make one and cannot.
        """
        status, tag = response.status, response.called.tag
        if status <= 100 or status >= 300 or not tag:
            return None
        known = self.dialogs.get(tag)
        if known is None:
            if len(self.dialogs) >= FORKS_LIMIT and status < 200:
                return None
            known = as_caller(self.request, response)
        else:
            known = updated(known, response)
        if status >= 200 and self.winner is None:
            self.winner = tag
        self.dialogs[tag] = known
        return known

    def is_surplus(self, dialog: Dialog) -> bool:
        """Whether the dialog is of another telephone than the one that won."""
        return self.winner is not None and dialog.remote.tag != self.winner
