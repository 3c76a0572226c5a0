"""Types for the fields of requests and answers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from annotated_types import GroupedMetadata
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    StringConstraints,
    TypeAdapter,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError


@dataclass(frozen=True, kw_only=True)
class Exact(GroupedMetadata):
    """For `Annotated[Decimal, Exact(...)]`: at most so many digits, `places` of them after the point.

    Takes a JSON number, or the same as text without an exponent. Answers a JSON number.
    """

    digits: int
    places: int
    gt: int | None = None
    ge: int | None = None
    le: int | None = None

    def __iter__(self) -> Iterator[Any]:
        limits = {name: limit for name in ("gt", "ge", "le") if (limit := getattr(self, name)) is not None}
        words = {"gt": "exclusiveMinimum", "ge": "minimum", "le": "maximum"}
        number = {"type": "number", **{words[name]: limit for name, limit in limits.items()}}
        if self.le is None:
            number["exclusiveMaximum"] = 10 ** (self.digits - self.places)
        sign = "" if {"gt", "ge"} & set(limits) else "-?"
        pattern = rf"^{sign}[0-9]{{1,{self.digits - self.places}}}(\.[0-9]{{1,{self.places}}})?$"
        yield Field(max_digits=self.digits, decimal_places=self.places, allow_inf_nan=False, **limits)
        yield BeforeValidator(_plain)
        yield WithJsonSchema({"anyOf": [number, {"type": "string", "pattern": pattern}]}, mode="validation")
        yield WithJsonSchema({"type": "number"}, mode="serialization")


def _plain(value: object) -> object:
    # True is an int to Python, and so 1 to pydantic; and 1_000 is a number in Python's text only.
    if isinstance(value, bool) or (isinstance(value, str) and not _PLAIN.fullmatch(value)):
        raise PydanticCustomError("decimal_type", "Input should be a decimal number, as 12.50")
    return value


_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?")

Number = Annotated[Decimal, WithJsonSchema({"type": "number"}, mode="serialization")]
"""A decimal in an answer."""


@dataclass(frozen=True)
class OneTo(GroupedMetadata):
    """For `Annotated[int, OneTo(...)]` in a path or a query: in digits, one text for a number."""

    most: int

    def __iter__(self) -> Iterator[Any]:
        yield Field(ge=1, le=self.most)
        yield BeforeValidator(_in_digits)


def _in_digits(value: object) -> object:
    # To pydantic 1_0 is 10; and +1, 01, 1.0 and 1 with a space are 1.
    if isinstance(value, str) and not _INTEGER.fullmatch(value):
        raise PydanticCustomError("int_parsing", "Input should be an integer, as 12")
    return value


_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")


def line(value: object) -> object:
    """For `BeforeValidator(line)`: text of one line, trimmed."""
    if isinstance(value, str):
        value = value.strip()
        if not value.isprintable():
            raise PydanticCustomError("printable", "Input should have printable characters only")
    return value


def _ticker(value: object) -> object:
    # Before its length is checked: some letters are two in upper case.
    trimmed = line(value)
    return trimmed.upper() if isinstance(trimmed, str) else trimmed


Ticker = Annotated[
    str, StringConstraints(min_length=1, max_length=20, pattern=r"\S"), BeforeValidator(_ticker)
]
"""In a request: trimmed and in upper case."""


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


def _days_text(value: object) -> object:
    # Pydantic reads numbers as Unix time, also from text, and takes a time of midnight for its day.
    if not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise PydanticCustomError("date_parsing", "Input should be a day, YYYY-MM-DD")
    return value


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Day = Annotated[date, BeforeValidator(_days_text)]
"""`YYYY-MM-DD` and nothing else."""


def _day_or_instant(value: object) -> object:
    # Here and not in the union, where a day is the midnight of no zone too.
    if isinstance(value, str):
        return _DATE.validate_python(value) if _DAY.fullmatch(value) else _utc(_TIME.validate_python(value))
    return value


_DATE: TypeAdapter[date] = TypeAdapter(Day)
_TIME: TypeAdapter[datetime] = TypeAdapter(Annotated[AwareDatetime, BeforeValidator(_text_only)])

DayOrInstant = Annotated[
    datetime | date,
    BeforeValidator(_day_or_instant),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}
    ),
]
"""`YYYY-MM-DD`, or a time with its zone."""
