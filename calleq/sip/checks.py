"""Whether a request may be worked on, and with which answer it is refused otherwise.

Owns the order in which a user agent looks (RFC 3261 §8.2): version, form, method, Request-URI,
extensions, body, and what it may answer with; and the verdict RFC 4475 gives on each of its
messages. It knows no state: authentication and dialogs come after.

Odd cases: a method that is unknown and does not fit its CSeq is 501 and not 400 (RFC 4475
§3.1.2.18); a Date that is no date is of no interest; Max-Forwards of zero is for proxies; a branch
that is the magic cookie alone is 400 (§3.2.1); a request of RFC 2543, without branch, From tag or
Max-Forwards, is served (§3.4.1).
"""

import msgspec

from calleq.sip.bounds import BAD_REQUEST, SipError
from calleq.sip.fields import MAGIC_COOKIE
from calleq.sip.message import Request, Response, respond
from calleq.sip.uri import OpaqueUri, SipUri, TelUri

SDP_TYPE = "application/sdp"
MAX_FORWARDS_LIMIT = 255

_CHECKED_ADDRESSES = ("contact", "route", "record-route")
_BODY_METHODS = frozenset({"INVITE", "UPDATE", "PRACK", "ACK"})


class Abilities(msgspec.Struct, frozen=True, gc=False):
    """What this user agent can do."""

    methods: tuple[str, ...] = (
        "INVITE",
        "ACK",
        "CANCEL",
        "BYE",
        "OPTIONS",
        "PRACK",
        "UPDATE",
        "REGISTER",
    )
    """REFER is not among them: it is answered 405 with what is (RFC 3261 §8.2.1)."""
    extensions: tuple[str, ...] = ("100rel", "timer")
    body_types: tuple[str, ...] = (SDP_TYPE,)

    def fields(self) -> dict[str, list[str]]:
        """Allow, Supported and Accept, as an answer to OPTIONS has them."""
        return {
            "allow": [", ".join(self.methods)],
            "supported": [", ".join(self.extensions)],
            "accept": [", ".join(self.body_types)],
        }


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """The answer instead of service."""

    status: int
    text: str
    """What is wrong, for people; not the reason phrase."""
    fields: dict[str, list[str]] = {}

    def response(self, request: Request, to_tag: str) -> Response:
        """The answer, made."""
        return respond(request, self.status, to_tag=to_tag, fields=self.fields)


def refusal(request: Request, abilities: Abilities) -> Refusal | None:
    """Why the request is not to be worked on; None where it is. ACK is never to be answered."""
    if request.version != "2.0":
        return Refusal(505, f"version {request.version}")
    try:
        if request.method != request.cseq.method:
            known = request.method in abilities.methods
            return Refusal(BAD_REQUEST if known else 501, "CSeq of another method")
        _check_form(request)
        return _beyond(request, abilities)
    except SipError as error:
        return Refusal(BAD_REQUEST, str(error))


def _check_form(request: Request) -> None:
    """Raise SipError where a field that matters is missing or not well formed."""
    if request.flaw:
        raise SipError(request.flaw)
    uri = request.uri
    if isinstance(uri, SipUri) and uri.headers:
        raise SipError("headers in the Request-URI")
    if not request.call_id or not request.caller.uri or not request.called.uri:
        raise SipError("an empty Call-ID")
    for via in request.vias:
        if via.branch == MAGIC_COOKIE:
            raise SipError("a branch without a name")
    forwards = request.fields.get("max-forwards", ())
    if len(forwards) > 1:
        raise SipError("several Max-Forwards")
    request.number("max-forwards", MAX_FORWARDS_LIMIT)
    for name in _CHECKED_ADDRESSES:
        if request.fields.get(name, ("",))[0].strip() != "*" and name in request.fields:
            request.addresses(name)
    if request.method == "INVITE" and len(request.fields.get("contact", ())) > 1:
        raise SipError("several Contact in an INVITE")
    if request.method == "REGISTER" and isinstance(request.called.uri, OpaqueUri):
        raise SipError("To of a REGISTER is no address of SIP")


def _beyond(request: Request, abilities: Abilities) -> Refusal | None:
    """What is well formed but more than this user agent can do."""
    match request.uri:
        case SipUri() | TelUri():
            pass
        case OpaqueUri(text):
            return Refusal(416, f"scheme of {text[:40]}")
    if request.method not in abilities.methods:
        allowed = {"allow": [", ".join(abilities.methods)]}
        return Refusal(405, f"method {request.method[:40]}", allowed)
    if request.method in ("ACK", "CANCEL"):
        return None
    wanted = sorted(request.tokens("require") - set(abilities.extensions))
    if wanted:
        return Refusal(420, "extensions", {"unsupported": [", ".join(wanted)]})
    if request.body and request.content_type not in abilities.body_types:
        optional = (request.first("content-disposition") or "").lower()
        if "handling=optional" not in optional.replace(" ", ""):
            kinds = {"accept": [", ".join(abilities.body_types)]}
            return Refusal(415, f"a body of type {request.content_type[:40]}", kinds)
    if request.method in _BODY_METHODS and not _takes_sdp(request):
        return Refusal(406, "no answer with SDP is wanted")
    return None


def _takes_sdp(request: Request) -> bool:
    if "accept" not in request.fields:
        return True
    kinds = {v.partition(";")[0].strip(" \t").lower() for v in request.values("accept")}
    return bool(kinds & {SDP_TYPE, "application/*", "*/*"})


def check_response(response: Response) -> None:
    """Raise SipError where a response is to be dropped: it can't be answered.

    One with more than one Via went astray (RFC 3261 §8.1.3.3).
    """
    if response.flaw:
        raise SipError(response.flaw)
    if len(response.vias) > 1:
        raise SipError("more than one Via: the response is for another")
    if not response.call_id or not response.caller.uri or not response.called.uri:
        raise SipError("an empty Call-ID")
    if not response.cseq.method:
        raise SipError("CSeq without a method")
