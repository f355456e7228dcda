"""Which numbers may be called."""

import pytest

from calleq.numbering import NumberingError, NumberRefusedError, public_number


@pytest.mark.parametrize(
    "text",
    [f"+121255501{nn:02d}" for nn in range(13)]
    + ["+442079460123", "+18005550199", "+4930901820", "+33 1 99 00 12 34", "+1-212-555-0100"],
)
def test_may_be_called(text: str):
    number = public_number(text)
    assert number.startswith("+")
    assert number.digits.isdigit()
    assert public_number(number) == number


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("+447012345678", "personal"),
        ("+447640123456", "pager"),
        ("+19005550123", "premium_rate"),
        ("+4918012345", "shared_cost"),
        ("+33884012345", "shared_cost"),
        ("+883510012345", "international_network"),
        ("+870773123456", "international_network"),
        ("+999123456789", "unknown_country"),
        ("+12120550100", "invalid"),
        ("+4420794601", "invalid"),
        ("112", "emergency"),
        ("9-1-1", "emergency"),
        ("+44999", "emergency"),
        ("411", "short_code"),
        ("", "not_e164"),
        ("+", "not_e164"),
        ("0012125550100", "not_e164"),
        ("+12125550100;ext=5", "not_e164"),
        ("+1212555010٠", "not_e164"),
        ("+1" * 1_000, "not_e164"),
    ],
)
def test_may_not_be_called_and_why(text: str, reason: str):
    with pytest.raises(NumberRefusedError) as refused:
        public_number(text)
    assert refused.value.reason == reason
    assert isinstance(refused.value, NumberingError)
