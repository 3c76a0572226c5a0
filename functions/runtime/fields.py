"""Types for the fields of requests and answers."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError


def exact(*, digits: int, places: int, **limits: Any) -> Any:
    """A decimal of so many digits, `places` of them after the point; `limits` as pydantic's gt, ge, lt, le.

    Takes a JSON number, or the same as text without an exponent. Answers a JSON number.
    """
    whole = digits - places
    bounds = {"exclusiveMinimum": "gt", "minimum": "ge", "exclusiveMaximum": "lt", "maximum": "le"}
    asked = {word: float(limits[limit]) for word, limit in bounds.items() if limit in limits}
    pattern = rf"^-?[0-9]{{1,{whole}}}(\.[0-9]{{1,{places}}})?$"

    def plain(value: object) -> object:
        # True is an int to Python, and so 1 to pydantic; and 1_000 is a number in Python's text only.
        if isinstance(value, bool) or (isinstance(value, str) and not _PLAIN.fullmatch(value)):
            raise PydanticCustomError("decimal_type", "Input should be a decimal number, as 12.50")
        return value

    return Annotated[
        Decimal,
        Field(max_digits=digits, decimal_places=places, allow_inf_nan=False, **limits),
        BeforeValidator(plain),
        WithJsonSchema(
            {"anyOf": [{"type": "number", **asked}, {"type": "string", "pattern": pattern}]},
            mode="validation",
        ),
        WithJsonSchema({"type": "number"}, mode="serialization"),
    ]


_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")

Number = Annotated[Decimal, WithJsonSchema({"type": "number"}, mode="serialization")]
"""A decimal in an answer."""


def _text_only(value: object) -> object:
    # Pydantic reads numbers as Unix time; nobody means that.
    if not isinstance(value, str | datetime):
        raise PydanticCustomError("datetime_type", "Input should be an ISO 8601 time with its zone, as text")
    if isinstance(value, str) and "T" not in value.upper():
        raise PydanticCustomError("datetime_parsing", "Input should be an ISO 8601 time with its zone")
    return value


def _utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("datetime_range", "Input should be a time of the years 1 to 9999") from None


Instant = Annotated[AwareDatetime, BeforeValidator(_text_only), AfterValidator(_utc)]
"""A time with its zone, kept in UTC."""
