"""The OpenAPI 3.1 description of the server's HTTP surface, from the models that it really uses."""

import msgspec
from pydantic import JsonValue, TypeAdapter

from calleq import __version__
from calleq.messages.answers import ANSWERS
from calleq.messages.schemas import json_schema

_REF = "#/components/schemas/"
_object: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


def openapi_document() -> dict[str, JsonValue]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "calleq",
            "version": __version__,
            "description": "Customer service calls: one message in, a customer-first call made.",
        },
        "paths": {
            "/v1/calls": {"post": _post_call()},
            "/v1/calls/{call}": {"get": _get_call()},
            "/v1/calls/{call}/events": {"get": _get_events()},
            "/v1/calls/{call}/parties": {"post": _post_party()},
            "/v1/schemas/{figure}": {"get": _get_schema()},
            "/health": {"get": _get_health()},
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "business": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "business identifier and password",
                }
            },
        },
    }


def _schemas() -> dict[str, JsonValue]:
    _, answers = msgspec.json.schema_components(ANSWERS, ref_template=_REF + "{name}")
    schemas = _object.validate_json(msgspec.json.encode(answers))
    initiation = json_schema("8")
    definitions = initiation.pop("$defs", {})
    initiation.pop("$schema", None)
    initiation.pop("$id", None)
    if isinstance(definitions, dict):
        schemas.update(definitions)
    text = msgspec.json.encode(initiation).replace(b"#/$defs/", _REF.encode())
    schemas["CallInitiation"] = _object.validate_json(text)
    return schemas


def _post_call() -> dict[str, JsonValue]:
    accepted = _answer("Accepted, durably; the call will be made.", "CallAccepted")
    accepted["headers"] = {
        "Location": _header("Where the call is read."),
        "Idempotent-Replayed": _header("true: this message had been accepted before."),
        "Request-Id": _header("Names this request."),
    }
    return {
        "operationId": "placeCall",
        "summary": "Ask for a customer service call (figure 8).",
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "Same key and same message within 24 h: the same call.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": _REF + "CallInitiation"}}},
        },
        "responses": {
            "202": accepted,
            "400": _problem("Not JSON, or a malformed Idempotency-Key."),
            "401": _problem("Business or password not accepted."),
            "409": _problem("A message with this Idempotency-Key is being accepted."),
            "413": _problem("More than 64 KiB."),
            "415": _problem("Not application/json."),
            "421": _problem("Addressed to other equipment."),
            "422": _problem("Fields that cannot be acted upon; each is named."),
            "503": _problem("Too much in work; Retry-After says when to try again."),
        },
    }


def _get_call() -> dict[str, JsonValue]:
    return {
        "operationId": "getCall",
        "summary": "State and legs of one of your calls.",
        "security": [{"business": []}],
        "parameters": [_call_parameter()],
        "responses": {
            "200": _answer("The call.", "CallView"),
            "401": _problem("Business or password not accepted."),
            "404": _problem("No such call of yours."),
        },
    }


def _get_events() -> dict[str, JsonValue]:
    return {
        "operationId": "getCallEvents",
        "summary": "The timeline of one of your calls; waits for news if asked to.",
        "security": [{"business": []}],
        "parameters": [
            _call_parameter(),
            _query("after", "Only events with a greater sequence number.", "integer", 1_000_000),
            _query("wait", "Seconds to wait for one, when there is none yet.", "number", 30),
        ],
        "responses": {
            "200": _answer("Events, possibly none.", "EventPage"),
            "400": _problem("after or wait is no number in its range."),
            "401": _problem("Business or password not accepted."),
            "404": _problem("No such call of yours."),
            "503": _problem("Too many wait already."),
        },
    }


def _post_party() -> dict[str, JsonValue]:
    number: JsonValue = {"type": "string", "description": "E.164 with +"}
    schema: JsonValue = {
        "type": "object",
        "required": ["number"],
        "properties": {"number": number},
        "additionalProperties": False,
    }
    return {
        "operationId": "addParty",
        "summary": "Dial a third party and join it to one of your calls, while its parties talk.",
        "security": [{"business": []}],
        "parameters": [_call_parameter()],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            "202": _answer("Asked for; the call's events say what becomes of it.", "CallView"),
            "400": _problem("Not JSON."),
            "401": _problem("Business or password not accepted."),
            "404": _problem("No such call of yours."),
            "409": _problem("The call is not bridged."),
            "415": _problem("Not application/json."),
            "422": _problem("No telephone number."),
        },
    }


def _get_schema() -> dict[str, JsonValue]:
    return {
        "operationId": "getSchema",
        "summary": "JSON Schema of the message of figure 7, 8 or 9.",
        "parameters": [
            {
                "name": "figure",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "enum": ["7", "8", "9"]},
            }
        ],
        "responses": {
            "200": {
                "description": "The schema.",
                "content": {"application/schema+json": {"schema": {"type": "object"}}},
            },
            "404": _problem("No such message."),
        },
    }


def _get_health() -> dict[str, JsonValue]:
    return {
        "operationId": "getHealth",
        "summary": "Whether the server lives.",
        "responses": {"200": _answer("It does.", "Health")},
    }


def _answer(description: str, schema: str) -> dict[str, JsonValue]:
    content: JsonValue = {"application/json": {"schema": {"$ref": _REF + schema}}}
    return {"description": description, "content": content}


def _problem(description: str) -> JsonValue:
    content: JsonValue = {"application/problem+json": {"schema": {"$ref": _REF + "ProblemView"}}}
    return {"description": description, "content": content}


def _header(description: str) -> JsonValue:
    return {"description": description, "schema": {"type": "string"}}


def _call_parameter() -> JsonValue:
    return {"name": "call", "in": "path", "required": True, "schema": {"type": "string"}}


def _query(name: str, description: str, kind: str, largest: int) -> JsonValue:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": {"type": kind, "minimum": 0, "maximum": largest, "default": 0},
    }
