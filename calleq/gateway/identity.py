"""Numbers and callers as SIP writes them (RFC 3261 §8.1.1.3, RFC 3323, RFC 3325, RFC 3966).

Owns how a dialled Request-URI becomes E.164, who is believed to call, and how a caller is shown to
a telephone or to a trunk. Who is believed at all (a line that proved itself, a trunk that is
trusted) is asked elsewhere.

Odd cases: a number without + is one of the country unless it begins with its code; a caller who
wants no name shown says so by Privacy, or by an anonymous From; whoever is not trusted never learns
a restricted number, whoever is learns it together with `Privacy: id`.
"""

import re

import msgspec

from calleq.numbering import NumberingError, is_voip, parse_e164
from calleq.sip.bounds import SipError
from calleq.sip.fields import NameAddress
from calleq.sip.message import Fields, Request
from calleq.sip.uri import SipUri, TelUri, Uri, parse_uri

ANONYMOUS_HOST = "anonymous.invalid"
ANONYMOUS = NameAddress(SipUri(ANONYMOUS_HOST, "anonymous"), "Anonymous")

_RESTRICTING = frozenset(("id", "user", "header", "session"))
_DIALLED = re.compile(r"\+?[0-9]{1,18}", re.ASCII)
_VISUAL = str.maketrans("", "", "-.() ")
_ABROAD = ("00", "011")
"""What is dialled before a number abroad, in Europe and in North America."""
_NATIONAL_DIGITS = 10


class Caller(msgspec.Struct, frozen=True):
    """Who calls, as far as it is believed."""

    number: str = ""
    """E.164 with +, or a SIP URI of equipment that dials such; empty where it is not known."""
    restricted: bool = False
    """Not to be shown to whom is called."""
    display: str = ""


def dialled_number(uri: Uri, country_code: str) -> str:
    """The number that a URI dials, as E.164 with +; empty where it is none.

    >>> dialled_number(SipUri("ssp-62.example", "2125550143"), "1")
    '+12125550143'
    """
    match uri:
        case TelUri():
            text = uri.digits
        case SipUri():
            text = uri.unescaped_user.partition(";")[0].translate(_VISUAL)
        case _:
            return ""
    if not _DIALLED.fullmatch(text):
        return ""
    if not text.startswith("+"):
        text = _international(text, country_code)
    try:
        return str(parse_e164(text))
    except NumberingError:
        return ""


def _international(digits: str, country_code: str) -> str:
    for prefix in _ABROAD:
        if digits.startswith(prefix):
            return "+" + digits.removeprefix(prefix)
    if digits.startswith(country_code) and len(digits) > _NATIONAL_DIGITS:
        return "+" + digits
    return f"+{country_code}{digits}"


def read_caller(request: Request, country_code: str, *, trusted: bool) -> Caller:
    """Who another system says is calling: P-Asserted-Identity where it is trusted, else From."""
    try:
        named = request.caller
        asserted = request.addresses("p-asserted-identity") if trusted else []
    except SipError:
        return Caller(restricted=True)
    restricted = wants_privacy(request)
    for address in (*asserted, named):
        number = dialled_number(address.uri, country_code)
        if number:
            return Caller(number, restricted, "" if restricted else address.display)
    return Caller("", restricted, "" if restricted else named.display)


def wants_privacy(request: Request) -> bool:
    """Whether the caller is not to be shown (RFC 3323 §4.2, RFC 3325 §7)."""
    try:
        asked = {one for value in request.values("privacy") for one in value.lower().split(";")}
        uri = request.caller.uri
    except SipError:
        return True
    hidden = isinstance(uri, SipUri) and uri.host.lower() == ANONYMOUS_HOST
    return hidden or bool(_RESTRICTING & {one.strip() for one in asked})


def shown_caller(caller: Caller, domain: str, *, trusted: bool) -> tuple[NameAddress, Fields]:
    """From (without a tag), and the fields beside it, for whom we call."""
    known = NameAddress(SipUri(domain, caller.number, parameters=(("user", "phone"),)))
    fields: Fields = {}
    if is_voip(caller.number) and caller.number and not caller.restricted:
        return NameAddress(_plain_address(caller.number), caller.display), fields
    if caller.number and (trusted or not caller.restricted):
        fields["p-asserted-identity"] = [str(NameAddress(known.uri))]
    if caller.restricted or not caller.number:
        if caller.restricted:
            fields["privacy"] = ["id"]
        return ANONYMOUS, fields
    return msgspec.structs.replace(known, display=caller.display), fields


def _plain_address(text: str) -> Uri:
    """Whoever it is, without how it is reached: nobody who calls back is told to go another way."""
    uri = parse_uri(text)
    return SipUri(uri.host, uri.user, secure=uri.secure) if isinstance(uri, SipUri) else uri
