"""JSON Schema (2020-12) and one example of each figure's message."""

from typing import Literal

from pydantic import JsonValue, TypeAdapter

from calleq.messages.figures import CallInitiation, CallRequest, DirectCallRequest

Figure = Literal["7", "8", "9"]

FIGURES: dict[str, type[CallRequest] | type[CallInitiation] | type[DirectCallRequest]] = {
    "7": CallRequest,
    "8": CallInitiation,
    "9": DirectCallRequest,
}

EXAMPLES: dict[str, bytes] = {
    "7": (
        b'{"web_server_address":"www.abc.example","customer_number":"+12125550100",'
        b'"web_page":{"current":{"url":"https://www.abc.example/shoes","title":"Shoes"},'
        b'"recent":[{"url":"https://www.abc.example/","viewed_at":"2026-11-21T10:14:00-05:00"}]},'
        b'"desired_time":"2026-11-21T18:00:00-05:00","note":"Does it come in blue?",'
        b'"customer_id":"c-1071"}'
    ),
    "8": (
        b'{"equipment_address":"server-72.calleq.example","business_id":"abc",'
        b'"password":"abc-demo","extension":null,"customer_number":"+12125550100",'
        b'"representative_number":"+12125550143","desired_time":""}'
    ),
    "9": (
        b'{"equipment_address":"server-72.calleq.example","business_id":"xyz",'
        b'"web_page":{"current":{"url":"https://www.xyz.example/cruises"}},'
        b'"customer_number":"+12125550106","representative":"cruise-expert","desired_time":null}'
    ),
}

_dialect = "https://json-schema.org/draft/2020-12/schema"
_json: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


def json_schema(figure: str) -> dict[str, JsonValue]:
    """The schema of a figure's message; KeyError for a figure that is no message."""
    model = FIGURES[figure]
    schema = _json.validate_python(model.model_json_schema(ref_template="#/$defs/{model}"))
    example = _json.validate_json(EXAMPLES[figure])
    return {
        "$schema": _dialect,
        "$id": f"urn:calleq:schema:figure-{figure}",
        **schema,
        "examples": [example],
    }


def example(figure: str) -> JsonValue:
    """The example of a figure's message."""
    return _json.validate_json(EXAMPLES[figure])
