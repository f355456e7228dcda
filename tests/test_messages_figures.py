"""The messages of figures 7, 8 and 9: golden octets, round trips, what is refused."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calleq.messages import (
    CallInitiation,
    CallRequest,
    DirectCallRequest,
    MessageError,
    decode,
    desired_time_us,
    encode,
)
from calleq.messages.errors import LIMIT_FAULTS
from calleq.messages.fields import LIMIT_EXTENSION_OCTETS
from calleq.messages.schemas import EXAMPLES, FIGURES, json_schema
from calleq.units import parse_utc

NUMERALS = {
    "7": {"702", "704", "706", "708"},
    "8": {"802", "804", "806", "808", "810", "812", "814"},
    "9": {"902", "904", "906", "908", "910", "912"},
}


@pytest.mark.row("S2-24", part=True)
@pytest.mark.parametrize("figure", ["7", "8", "9"])
def test_the_golden_octets_are_read_and_written_exactly(figure: str):
    message = decode(FIGURES[figure], EXAMPLES[figure])
    assert encode(message) == EXAMPLES[figure]


@pytest.mark.parametrize("figure", ["7", "8", "9"])
def test_each_field_of_the_figure_names_its_numeral(figure: str):
    fields = json_schema(figure)["properties"]
    assert isinstance(fields, dict)
    text = " ".join(json.dumps(field) for field in fields.values())
    assert set(re.findall(r"[789][01][02468]\b", text)) == NUMERALS[figure]


def test_golden_figure_8():
    message = decode(CallInitiation, EXAMPLES["8"])
    assert message == CallInitiation(
        equipment_address="server-72.calleq.example",
        business_id="abc",
        password="abc-demo",
        extension=None,
        customer_number="+12125550100",
        representative_number="+12125550143",
        desired_time="",
    )


def test_a_password_is_not_shown_by_repr():
    assert "abc-demo" not in repr(decode(CallInitiation, EXAMPLES["8"]))


@pytest.mark.row("S2-24")
def test_an_invalid_customer_number_of_figure_7_names_the_field():
    for number in ("+1", "12125550100", "911", "+12120550100", 5, ""):
        body = json.dumps({"web_server_address": "www.abc.example", "customer_number": number})
        with pytest.raises(MessageError) as refused:
            decode(CallRequest, body.encode())
        assert [fault.pointer for fault in refused.value.faults] == ["/customer_number"]


@pytest.mark.row("S2-18", part=True)
def test_a_message_of_figure_7_is_none_of_figure_9():
    body = b'{"web_server_address":"www.abc.example","customer_number":"+12125550100"}'
    decode(CallRequest, body)
    with pytest.raises(MessageError) as refused:
        decode(DirectCallRequest, body)
    pointers = {fault.pointer for fault in refused.value.faults}
    assert {"/business_id", "/equipment_address", "/web_server_address"} == pointers


def test_nested_fields_are_named_by_pointer():
    page = {"current": {"url": "https://abc.example"}, "recent": [{"url": ""}, {"a/b~": 1}]}
    body = {"web_server_address": "w", "customer_id": "c", "web_page": page}
    with pytest.raises(MessageError) as refused:
        decode(CallRequest, json.dumps(body).encode())
    assert {fault.pointer for fault in refused.value.faults} == {
        "/web_page/recent/0/url",
        "/web_page/recent/1/url",
        "/web_page/recent/1/a~1b~0",
    }


def test_not_more_than_so_many_faults_are_told():
    body = json.dumps({f"field {number}": 1 for number in range(5_000)}).encode()
    with pytest.raises(MessageError) as refused:
        decode(CallInitiation, body[:60_000] + b'":1}' if len(body) > 65_536 else body)
    assert len(refused.value.faults) <= LIMIT_FAULTS


def test_nothing_is_coerced():
    whole = {"business_id": "abc", "password": "p", "customer_number": "+12125550100"}
    for name, value in [
        ("business_id", 7),
        ("hunt", "true"),
        ("hunt", 1),
        ("hunt", None),
        ("dial_first", "both"),
        ("desired_time", 1_764_000_000),
        ("customer_id", ""),
        ("business_id", "a b"),
        ("business_id", "abc\n"),
        ("password", "p" * 257),
    ]:
        with pytest.raises(MessageError) as refused:
            decode(CallInitiation, json.dumps(whole | {name: value}).encode())
        assert {fault.pointer for fault in refused.value.faults} == {f"/{name}"}


def test_the_extension_is_bounded():
    whole = {"business_id": "abc", "password": "p", "customer_id": "c"}
    fits = "x" * (LIMIT_EXTENSION_OCTETS - 2)
    decode(CallInitiation, json.dumps(whole | {"extension": fits}).encode())
    with pytest.raises(MessageError, match="/extension"):
        decode(CallInitiation, json.dumps(whole | {"extension": fits + "x"}).encode())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@pytest.mark.row("S2-32", part=True)
@settings(max_examples=100, deadline=None)
@given(extension=JSON)
def test_any_extension_comes_back_as_it_went(extension: object):
    whole = {"business_id": "abc", "password": "p", "customer_id": "c", "extension": extension}
    body = json.dumps(whole).encode()
    message = decode(CallInitiation, body)
    again = decode(CallInitiation, encode(message))
    assert again == message
    assert json.loads(encode(message)) == json.loads(body)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        (None, None),
        ("", None),
        (" \t", None),
        ("2026-11-21T10:15:00-05:00", "2026-11-21T15:15:00Z"),
        ("2026-11-21t15:15:00.5z", "2026-11-21T15:15:00.500000Z"),
        ("0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00+23:59"),
    ],
)
def test_desired_times(text: str | None, instant: str | None):
    message = CallInitiation(business_id="abc", password="p", customer_id="c", desired_time=text)
    assert desired_time_us(message) == (None if instant is None else parse_utc(instant))
    assert decode(CallInitiation, encode(message)) == message


def test_a_message_built_in_the_program_needs_a_customer_too():
    with pytest.raises(ValueError, match="customer"):
        CallInitiation(business_id="abc", password="p")


def test_a_message_is_frozen():
    message = decode(CallInitiation, EXAMPLES["8"])
    with pytest.raises(ValueError, match="frozen"):
        message.password = "other"  # type: ignore[misc]
