"""Bodies and queries of requests, read strictly: bounded, typed, nothing unknown.

A body is JSON as `calleq.messages.strict_json` has it (no name twice, no NaN, at most 32 deep),
then the route's model without any coercion. A query is the route's model from text: a parameter
that is not in it, or stands twice, is refused. What is wrong is said as a problem: 400 for what is
no JSON and for a query, 413, 415 and 408 for what cannot be read, 422 with a pointer for a field.
"""

import asyncio
import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec
import msgspec.inspect
from starlette.requests import ClientDisconnect, Request

from calleq.intake import errors
from calleq.messages.errors import Fault, MessageError
from calleq.messages.sealed import MEDIA_TYPE as JOSE
from calleq.messages.strict_json import LIMIT_OCTETS, parse_object
from calleq.web.problems import ProblemDetail, ProblemError

LIMIT_BODY_S = 10.0
"""How long a sender may take over a message's body."""

TOO_LARGE = ProblemDetail(
    status=413,
    code="too_large",
    title="Message too large",
    detail=f"at most {LIMIT_OCTETS} octets are accepted",
)
TOO_SLOW = ProblemDetail(
    status=408,
    code="too_slow",
    title="Message too slow",
    detail=f"the message did not arrive within {LIMIT_BODY_S:g} s",
)
NOT_JSON_TYPE = ProblemDetail(
    status=415,
    code="media_type",
    title="Unsupported media type",
    detail="send application/json in UTF-8, without a content encoding",
)
NO_BODY = ProblemDetail(
    status=400,
    code="body_unexpected",
    title="No body is expected",
    detail="this request has no body",
)

_AT = re.compile(r"^(?P<text>.*?)(?: - at `(?P<path>.*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<index>[0-9]+|\.\.\.)\]")
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,25})?([Ee][+-]?[0-9]{1,3})?")
_BOOLEAN = re.compile("true|false")


async def read_body(request: Request) -> bytes:
    """The body, bounded in size and time; ProblemError beyond."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and len(announced) < 20 and int(announced) > LIMIT_OCTETS:
        raise ProblemError(TOO_LARGE)
    body = bytearray()
    try:
        async with asyncio.timeout(LIMIT_BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LIMIT_OCTETS:
                    raise ProblemError(TOO_LARGE)
    except (TimeoutError, ClientDisconnect) as error:
        raise ProblemError(TOO_SLOW) from error
    return bytes(body)


def check_json_type(request: Request, *, sealed: bool = False) -> None:
    """ProblemError 415 unless the body is announced as plain JSON, or, where that may be, as
    encrypted whole."""
    if not is_json(
        request.headers.get("content-type", ""),
        request.headers.get("content-encoding", "identity"),
        sealed=sealed,
    ):
        raise ProblemError(NOT_JSON_TYPE)


def is_json(content_type: str, coding: str, *, sealed: bool = False) -> bool:
    """Whether a body of that media type is plain JSON, or, where that may be, an encrypted one."""
    media_type, _, parameters = content_type.partition(";")
    kind = media_type.strip().lower()
    charset = parameters.replace(" ", "").replace('"', "").lower() if parameters else ""
    if kind == JOSE:
        return sealed and coding == "identity"
    return kind == "application/json" and charset in ("", "charset=utf-8") and coding == "identity"


def body_of(octets: bytes, model: object) -> object:
    """The body as the model has it; ProblemError 400, 413 or 422."""
    try:
        value = parse_object(octets)
    except MessageError as error:
        raise ProblemError(errors.malformed(error)) from error
    try:
        converted: object = msgspec.convert(value, model)
    except msgspec.ValidationError as error:
        raise ProblemError(errors.invalid(_fault(str(error)))) from error
    return converted


def query_of(request: Request, model: type[msgspec.Struct]) -> msgspec.Struct:
    """The query as the model has it; ProblemError 400."""
    if not request.scope.get("query_string"):
        return _query({}, model)
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise invalid_query(f"{name[:40]} stands twice")
        given[name] = value
    return _query(given, model)


def _query(given: Mapping[str, str], model: type[msgspec.Struct]) -> msgspec.Struct:
    parameters = _parameters(model)
    for name, text in given.items():
        if name not in parameters:
            known = ", ".join(parameters) or "there is none"
            raise invalid_query(f"no parameter {name[:40]!r} is known here: {known}")
        pattern = parameters[name]
        if pattern is not None and not pattern.fullmatch(text):
            raise invalid_query(f"{name} must be a number in digits, or true or false")
    try:
        return msgspec.convert(given, model, strict=False)
    except msgspec.ValidationError as error:
        fault = _fault(str(error))
        raise invalid_query(f"{fault.pointer[1:]}: {fault.detail}") from error


@lru_cache(maxsize=256)
def _parameters(model: type[msgspec.Struct]) -> dict[str, re.Pattern[str] | None]:
    """The parameters by name, and how each that is a number is written."""
    shape = msgspec.inspect.type_info(model)
    assert isinstance(shape, msgspec.inspect.StructType)
    return {field.encode_name: _written(field.type) for field in shape.fields}


def _written(kind: msgspec.inspect.Type) -> re.Pattern[str] | None:
    match kind:
        case msgspec.inspect.Metadata(type=inner):
            return _written(inner)
        case msgspec.inspect.UnionType(types=types):
            return next((found for one in types if (found := _written(one))), None)
        case msgspec.inspect.IntType():
            return _WHOLE
        case msgspec.inspect.FloatType():
            return _NUMBER
        case msgspec.inspect.BoolType():
            return _BOOLEAN
        case _:
            return None


def invalid_query(detail: str) -> ProblemError:
    """A parameter that is none, or not what it should be."""
    return ProblemError(
        ProblemDetail(status=400, code="invalid_query", title="Invalid query", detail=detail)
    )


def unusable_query(detail: str) -> ProblemError:
    """A parameter of the right form that means nothing."""
    return ProblemError(
        ProblemDetail(status=422, code="invalid_query", title="Invalid query", detail=detail)
    )


def _fault(text: str) -> Fault:
    """What msgspec says is wrong, with a JSON pointer in place of its path."""
    found = _AT.match(text)
    assert found is not None, "the pattern matches any text"
    said, path = found["text"], found["path"] or "$"
    pointer = "".join(
        "/" + (step["name"] or step["index"]).replace("~", "~0").replace("/", "~1")
        for step in _STEP.finditer(path)
    )
    if unknown := _UNKNOWN.fullmatch(said):
        name = unknown["name"][:80]
        return Fault(f"{pointer}/{name}", "unknown_field", "is no field of this message")
    if missing := _MISSING.fullmatch(said):
        return Fault(f"{pointer}/{missing['name']}", "missing", "is needed")
    return Fault(pointer, "invalid", said[:200])
