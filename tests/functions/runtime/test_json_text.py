"""JSON whose numbers are decimal text."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.runtime import json_text
from functions.runtime.errors import InvalidError, MalformedError

decimals = st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**12), max_value=10**12)


@given(decimals)
def test_a_decimal_keeps_every_digit_from_text_to_text(number: Decimal) -> None:
    text = f'{{"price":{number:f}}}'
    assert json_text.write(json_text.read(text)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_what_is_written_is_the_same_number_to_any_other_reader(number: Decimal) -> None:
    read = json.loads(json_text.write([number]), parse_float=Fraction, parse_int=Fraction)
    assert read == [Fraction(number)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"a":NaN}',
        '{"a":Infinity}',
        '{"a":-Infinity}',
        '{"a":.5}',
        '{"a":01}',
        '{"a":1,}',
        "{'a':1}",
        "[]",
        "null",
        "1",
        '"text"',
        '{"a":1,"a":2}',
        '{"a":{"b":1,"b":1}}',
        '{"a":"\\u0000"}',
        '{"\\u0000":1}',
        '{"a":["\\ud800"]}',
        '{"a":"\x00"}',
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_what_is_no_json_object_is_malformed(text: str) -> None:
    with pytest.raises(MalformedError):
        json_text.read(text)


@pytest.mark.parametrize("number", ["1e999999", "-1e999999999", "1e-999999", "9" * 5000, "1e101"])
def test_a_number_that_no_price_can_be_is_refused_before_it_costs_anything(number: str) -> None:
    with pytest.raises(InvalidError) as refused:
        json_text.read(f'{{"price":{number}}}')
    assert len(str(refused.value.details)) < 400


def test_a_surrogate_pair_is_one_character() -> None:
    assert json_text.read('{"a":"\\ud83e\\udd9c"}') == {"a": "\N{PARROT}"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("1.50"), "1.50"),
        (Decimal("0E-8"), "0.00000000"),
        (datetime(2025, 1, 31, 17, tzinfo=timezone(timedelta(hours=11))), '"2025-01-31T06:00:00Z"'),
        (datetime(2025, 1, 31, 6, 0, 0, 250_000, tzinfo=UTC), '"2025-01-31T06:00:00.250000Z"'),
        (date(2025, 1, 31), '"2025-01-31"'),
        ({"a": [None, True, 1, 0.5, "Zürich"]}, '{"a":[null,true,1,0.5,"Zürich"]}'),
    ],
)
def test_values_are_written_as_the_contract_says(value: Any, text: str) -> None:
    assert json_text.write(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("Infinity")])
def test_what_is_no_number_is_never_written(value: Any) -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_text.write([value])
