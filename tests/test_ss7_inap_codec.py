"""The INAP codec against a grammar in pyasn1 that it shares nothing with, and its refusals."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from calleq.ss7.inap import schema_operations as reference
from calleq.ss7.inap.codec import (
    decode_argument,
    decode_error,
    decode_result,
    encode_argument,
    encode_error,
    encode_result,
)
from calleq.ss7.inap.errors import ErrorCode, OperationError, Version
from calleq.ss7.inap.operations import OperationCode
from calleq.ss7.inap.party_layouts import PROBLEMS
from calleq.ss7.inap.schema_parts import of_octets, to_octets
from tests.inap_values import arguments, results, spoken

BOTH = [(code, version) for version in Version for code in spoken(version)]
TRIES = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=(Phase.generate,),
)
"""Not shrunk: a failing argument is legible as it is, and shrinking one takes minutes."""


@pytest.mark.parametrize(("code", "version"), BOTH, ids=lambda one: one.name)
@TRIES
@given(data=st.data())
def test_arguments_are_the_octets_of_the_reference_both_ways(
    code: OperationCode, version: Version, data: st.DataObject
) -> None:
    argument = data.draw(arguments(code, version))
    known = frozenset(one.kind for one in getattr(argument, "extensions", ()))
    octets = encode_argument(argument, version)
    assert decode_argument(code, octets, version, known) == argument
    grammar = reference.argument(code, version)
    if grammar is None:
        assert octets == b""
        return
    value, rest = of_octets(octets, grammar)
    assert rest == b""
    assert to_octets(value) == octets
    assert decode_argument(code, to_octets(value, definite=False), version, known) == argument


@pytest.mark.parametrize("code", [48, 89])
@TRIES
@given(data=st.data())
def test_results_are_the_octets_of_the_reference_both_ways(code: int, data: st.DataObject) -> None:
    result = data.draw(results(code, Version.CS2))
    octets = encode_result(result, Version.CS2)
    assert decode_result(code, octets, Version.CS2) == result
    value, rest = of_octets(octets, reference.result(code))
    assert rest == b""
    assert to_octets(value) == octets
    assert decode_result(code, to_octets(value, definite=False), Version.CS2) == result


@pytest.mark.parametrize("code", list(ErrorCode))
def test_errors_are_the_octets_of_the_reference_both_ways(code: ErrorCode) -> None:
    grammar = reference.error(code)
    if grammar is None:
        assert encode_error(OperationError(code)) == b""
        assert decode_error(code, b"") == OperationError(code)
        return
    for problem in PROBLEMS[code]:
        operation = -3 if code is ErrorCode.CANCEL_FAILED else None
        error = OperationError(code, problem, operation)
        octets = encode_error(error)
        assert decode_error(code, octets) == error
        value, rest = of_octets(octets, grammar)
        assert rest == b""
        assert to_octets(value) == octets
