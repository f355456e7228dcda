"""The pieces that SIP header fields are made of: tokens, quoted strings, values, parameters.

Owns the cutting of one header field's text; knows no field by name. Everything is linear in the
length of the text: no pattern goes back over what it has matched.

Odd cases: a comma separates values only outside quotes and angle brackets; an empty parameter
(`;;`) and an unclosed quote are refused (RFC 4475 §3.1.2.1, §3.1.2.6).
"""

import re

from calleq.sip.bounds import PARAMETERS_LIMIT, VALUES_LIMIT, SipError

TOKEN_CHARACTERS = r"A-Za-z0-9\-.!%*_+`'~"
TOKEN = re.compile(rf"[{TOKEN_CHARACTERS}]++")
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_PIECE = re.compile(r'[^",<>]++|"(?:[^"\\]|\\.)*+"|<[^<>]*+>|,', re.DOTALL)
_PARAMETER = re.compile(
    rf"[ \t]*+;[ \t]*+([{TOKEN_CHARACTERS}]++)"
    rf'(?:[ \t]*+=[ \t]*+([{TOKEN_CHARACTERS}\[\]:/]++|"(?:[^"\\]|\\.)*+"))?+[ \t]*+',
    re.DOTALL,
)
_ASSIGNMENT = re.compile(
    rf"[ \t]*+([{TOKEN_CHARACTERS}]++)[ \t]*+=[ \t]*+"
    r'([^\s,"=;]++=*+|"(?:[^"\\]|\\.)*+")[ \t]*+(,|$)',
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_DIGITS = re.compile(r"[0-9]{1,10}")

Parameters = dict[str, str | None]
"""By name in small letters; None is a parameter without a value. Quotes are kept."""


def split_values(text: str) -> list[str]:
    """The values of a header field between its commas, without white space around them.

    Raises SipError where a quote or bracket is not closed, or a value is empty.

    >>> split_values('"a, b" <sip:c@d>, e')
    ['"a, b" <sip:c@d>', 'e']
    """
    if "," not in text:
        return [text.strip(" \t")]
    values: list[str] = []
    at = start = 0
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None:
            raise SipError(f"a quote or bracket is not closed: {text[at : at + 40]!r}")
        if text[at] == ",":
            values.append(text[start:at].strip(" \t"))
            start = piece.end()
        at = piece.end()
    values.append(text[start:].strip(" \t"))
    if len(values) > VALUES_LIMIT:
        raise SipError(f"{len(values)} values: at most {VALUES_LIMIT} expected")
    if not all(values):
        raise SipError(f"an empty value in {text[:40]!r}")
    return values


def parse_parameters(text: str, at: int = 0) -> Parameters:
    """The parameters from `at` to the end, each behind its semicolon.

    Raises SipError where one is not well formed or comes twice.

    >>> parse_parameters(';tag=1;lr; q = 0.3')
    {'tag': '1', 'lr': None, 'q': '0.3'}
    """
    found: Parameters = {}
    end = len(text)
    while at < end:
        matched = _PARAMETER.match(text, at)
        if matched is None:
            if not text[at:].strip(" \t"):
                break
            raise SipError(f"no parameter: {text[at : at + 40]!r}")
        name = matched[1].lower()
        if name in found:
            raise SipError(f"parameter {name} comes twice")
        found[name] = matched[2]
        at = matched.end()
        if len(found) > PARAMETERS_LIMIT:
            raise SipError(f"more than {PARAMETERS_LIMIT} parameters")
    return found


def encode_parameters(parameters: Parameters) -> str:
    """As they stand behind a value."""
    return "".join(
        f";{name}" if value is None else f";{name}={value}" for name, value in parameters.items()
    )


def parse_assignments(text: str) -> dict[str, str]:
    """`name=value` between commas, as credentials and challenges have them; values unquoted.

    Raises SipError where one is not well formed or comes twice.
    """
    found: dict[str, str] = {}
    at = 0
    while True:
        matched = _ASSIGNMENT.match(text, at)
        if matched is None:
            raise SipError(f"no name and value: {text[at : at + 40]!r}")
        name = matched[1].lower()
        if name in found or len(found) >= PARAMETERS_LIMIT:
            raise SipError(f"{name} comes twice, or there are too many")
        found[name] = unquote(matched[2])
        at = matched.end()
        if not matched[3]:
            return found


def is_token(text: str) -> bool:
    """Whether the text is a token (RFC 3261 §25.1)."""
    return TOKEN.fullmatch(text) is not None


def unquote(text: str) -> str:
    """What a quoted string says; other text as it is."""
    if len(text) >= 2 and text[0] == '"' == text[-1]:
        inner = text[1:-1]
        return _ESCAPED.sub(r"\1", inner) if "\\" in inner else inner
    return text


def quote(text: str) -> str:
    """The text as a quoted string; SipError where it has line ends, which none can carry."""
    if "\r" in text or "\n" in text:
        raise SipError("a line end cannot be quoted")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse_number(text: str, limit: int) -> int:
    """A decimal number of 0 to `limit`; SipError otherwise."""
    if _DIGITS.fullmatch(text) is None or int(text) > limit:
        raise SipError(f"{text[:20]!r} is no number of 0 to {limit}")
    return int(text)
