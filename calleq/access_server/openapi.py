"""The OpenAPI 3.1 description of the API, made from the table of routes and the models they use.

Nothing is described twice: paths, parameters, bodies, answers and rights are those that the surface
itself goes by, and a field's description is the text beside it in its model.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus

import msgspec
from pydantic import BaseModel, JsonValue, TypeAdapter

from calleq import __version__
from calleq.access_server.field_notes import with_notes
from calleq.access_server.routing import Answer, Policy, Route
from calleq.messages.answers import ProblemView

_REF = "#/components/schemas/"
_PROBLEM: JsonValue = {"application/problem+json": {"schema": {"$ref": _REF + "ProblemView"}}}
_object: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])

PARAMETERS: dict[str, dict[str, JsonValue]] = {
    "call": {
        "description": "The call's reference.",
        "schema": {"type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{26}$"},
    },
    "recording": {
        "description": "The recording's name.",
        "schema": {"type": "string", "pattern": "^[0-9A-Za-z-]{1,64}$"},
    },
    "figure": {
        "description": "The message's figure.",
        "schema": {"type": "string", "enum": ["7", "8", "9"]},
    },
    "business": {
        "description": "The business's identifier.",
        "schema": {"type": "string", "maxLength": 63},
    },
    "number": {
        "description": "A telephone number, E.164 with +.",
        "schema": {"type": "string", "maxLength": 32},
    },
    "representative": {
        "description": "The business's identifier of a representative.",
        "schema": {"type": "string", "maxLength": 63},
    },
    "customer": {
        "description": "The business's identifier of a customer.",
        "schema": {"type": "string", "maxLength": 200},
    },
    "user": {
        "description": "The identifier of a user.",
        "schema": {"type": "string", "maxLength": 63},
    },
    "credential": {
        "description": "The identifier of a credential, not its secret.",
        "schema": {"type": "string", "pattern": "^(pwd|pin|key|sig|crt)-[0-9a-f]{12}$"},
    },
}
"""The parameters of paths, by name."""

SECURITY: dict[str, JsonValue] = {
    "password": {
        "type": "http",
        "scheme": "basic",
        "description": "A business's identifier (or business/user, for the carrier /user) and its"
        " password or PIN.",
    },
    "key": {"type": "http", "scheme": "bearer", "description": "An API key."},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "Calleq-Signature",
        "description": "HMAC-SHA-256 over the request, with Calleq-Credential, Calleq-Timestamp"
        " and Calleq-Nonce beside it.",
    },
    "certificate": {"type": "mutualTLS", "description": "A client's certificate that is known."},
    "page": {
        "type": "apiKey",
        "in": "header",
        "name": "Calleq-Page-Token",
        "description": "A token for one request from a page, bound to business, page, origin and"
        " visitor.",
    },
}

TAGS: dict[str, str] = {
    "calls": "Calls: asked for, followed, changed, ended.",
    "accounts": "Businesses, their people, users and credentials.",
    "guards": "What is refused and why, and what may still be asked for.",
    "prices": "What calls cost, and what a business has.",
    "recordings": "Recordings of calls.",
    "pages": "Pages of businesses that ask for calls.",
    "service": "The API itself.",
}


@lru_cache(maxsize=4)
def openapi_octets(routes: tuple[Route, ...]) -> bytes:
    """The document, as it is served."""
    return msgspec.json.encode(openapi_document(routes))


def openapi_document(routes: Iterable[Route]) -> dict[str, JsonValue]:
    """The whole document."""
    routes = tuple(routes)
    paths: dict[str, dict[str, JsonValue]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    used = {route.tag for route in routes}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "calleq",
            "version": __version__,
            "description": "Customer service calls: one message in, a customer-first call made.",
        },
        "tags": [
            {"name": name, "description": TAGS.get(name, name)}
            for name in [*TAGS, *sorted(used - set(TAGS))]
            if name in used
        ],
        "paths": dict(paths),
        "components": {"schemas": _schemas(routes), "securitySchemes": SECURITY},
    }


def _operation(route: Route) -> JsonValue:
    operation: dict[str, JsonValue] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "security": _security(route.policy),
        "responses": _responses(route),
    }
    if route.description:
        operation["description"] = route.description
    parameters = [*_path_parameters(route.path), *_query_parameters(route.query)]
    if route.takes_key:
        parameters.append(_IDEMPOTENCY_KEY)
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        content: dict[str, JsonValue] = {"schema": _body_schema(route.body)}
        if route.examples:
            content["examples"] = {
                name: {"value": _plain(value)} for name, value in route.examples.items()
            }
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    return operation


_IDEMPOTENCY_KEY: JsonValue = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Same key and same request within 24 h: done once, answered alike.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def _security(policy: Policy) -> JsonValue:
    if policy.owner == "public":
        return []
    schemes: list[JsonValue] = [
        {name: []} for name in SECURITY if name != "page" or "page" in policy.roles
    ]
    return [{}, *schemes] if policy.proof_in_message else schemes


def _path_parameters(path: str) -> list[JsonValue]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, **PARAMETERS[name]} for name in names]


def _query_parameters(model: type[msgspec.Struct]) -> list[JsonValue]:
    _, schemas = _components((model,))
    shape = schemas[model.__name__]
    assert isinstance(shape, dict)
    properties, required = shape.get("properties"), shape.get("required")
    assert isinstance(properties, dict)
    assert isinstance(required, list)
    found: list[JsonValue] = []
    for name, schema in properties.items():
        assert isinstance(schema, dict)
        description = schema.pop("description", "")
        schema = _without_null(schema)
        found.append(
            {
                "name": name,
                "in": "query",
                "required": name in required,
                "description": description,
                "schema": schema,
            }
        )
    return found


def _without_null(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """A parameter that may be left out is never the word null."""
    either = schema.get("anyOf")
    if schema.get("default", 0) is None:
        schema.pop("default")
    if isinstance(either, list):
        rest = [one for one in either if one != {"type": "null"}]
        if len(rest) == 1 and isinstance(rest[0], dict):
            return {**{key: schema[key] for key in schema if key != "anyOf"}, **rest[0]}
    return schema


def _responses(route: Route) -> JsonValue:
    responses: dict[str, JsonValue] = {}
    more = {"Request-Id": "Names this request."}
    if route.counted and route.policy.owner != "public":
        more["RateLimit"] = "How many requests are left, and the seconds until all are."
        more["RateLimit-Policy"] = "How many there may be in how many seconds."
    if route.takes_key:
        more["Idempotent-Replayed"] = "true: this is the answer that was given before."
    for status, answer in route.answers.items():
        responses[str(status)] = _answer(status, answer, more)
    for status, text in sorted(_problems(route).items()):
        responses[str(status)] = {"description": text, "content": _PROBLEM}
    return responses


def _problems(route: Route) -> Mapping[int, str]:
    found = {
        404: "This door does not offer that.",
        414: "Path and query are too long.",
        500: "A fault of ours.",
        503: "Too much in work.",
    }
    if route.query.__struct_fields__ or not route.changes:
        found[400] = "A parameter of the query is unknown, doubled or out of its range."
    if route.query.__struct_fields__:
        found[422] = "A parameter is of the right form and means nothing."
    if route.policy.owner != "public":
        found[401] = "Who asks is not known."
        found[403] = "Who asks may not do that."
        found[429] = "Too often; Retry-After says when to try again."
    if "{" in route.path:
        found[404] = "There is no such thing of yours, or this door does not offer that."
    if route.changes:
        found[400] = "Not JSON as RFC 8259 has it, a body where none belongs, or a malformed key."
        found[408] = "The body did not arrive in time."
        found[409] = "A request with this Idempotency-Key is being answered."
        found[413] = "More than 64 KiB."
        found[422] = "An Idempotency-Key of another request."
    if route.body is not None:
        found[415] = "Not application/json."
        found[422] = "Fields that cannot be acted upon, each named; or a key of another request."
    return {**found, **route.problems}


def _answer(status: int, answer: Answer, more: Mapping[str, str]) -> JsonValue:
    said: dict[str, JsonValue] = {"description": answer.description}
    headers: dict[str, JsonValue] = {
        name: {"description": text, "schema": {"type": "string"}}
        for name, text in {**answer.headers, **more}.items()
    }
    said["headers"] = headers
    if answer.model is not None:
        said["content"] = {answer.media_type: {"schema": {"$ref": _REF + answer.model.__name__}}}
    elif status == HTTPStatus.NO_CONTENT:
        pass
    elif answer.media_type == "text/event-stream":
        said["content"] = {answer.media_type: {}}  # OpenAPI 3.1 has no schema of one event
    elif answer.media_type:
        kind = "object" if answer.media_type.endswith("json") else "string"
        said["content"] = {answer.media_type: {"schema": {"type": kind}}}
    return said


def _body_schema(body: object) -> JsonValue:
    if isinstance(body, type):
        return {"$ref": _REF + body.__name__}
    (shape,), _ = _components((body,))
    return shape


def _schemas(routes: tuple[Route, ...]) -> dict[str, JsonValue]:
    structures: list[object] = [ProblemView]
    models: list[type[BaseModel]] = []
    for route in routes:
        structures += [answer.model for answer in route.answers.values() if answer.model]
        if isinstance(route.body, type) and issubclass(route.body, BaseModel):
            models.append(route.body)
        elif route.body is not None:
            structures.append(route.body)
    schemas = with_notes(_components(structures)[1], structures)
    for model in models:
        schema = _object.validate_python(model.model_json_schema(ref_template=_REF + "{model}"))
        definitions = schema.pop("$defs", {})
        assert isinstance(definitions, dict)
        schemas.update(definitions)
        schemas[model.__name__] = schema
    return schemas


def _components(kinds: Iterable[object]) -> tuple[list[JsonValue], dict[str, JsonValue]]:
    """The schema of each, and those that they refer to by name."""
    shapes, named = msgspec.json.schema_components(
        kinds, ref_template=_REF + "{name}", schema_hook=_any_value
    )
    made = _object.validate_json(msgspec.json.encode({"shapes": shapes, "named": named}))
    found_shapes, found_named = made["shapes"], made["named"]
    assert isinstance(found_shapes, list)
    assert isinstance(found_named, dict)
    return found_shapes, found_named


def _any_value(kind: type) -> dict[str, object]:
    """What msgspec has no schema for: `object` is any value."""
    if kind is object:
        return {"description": "Any value."}
    raise NotImplementedError(kind)


def _plain(value: object) -> JsonValue:
    plain: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)
    return plain.validate_json(msgspec.json.encode(value))
