"""JSON in which a number is decimal text: it becomes a Decimal, and a Decimal becomes it, digit for digit."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from types import NoneType
from typing import Any, NoReturn

from pydantic import BaseModel

from functions.runtime.errors import InvalidError, MalformedError

# Far beyond any price or quantity. Converting 1e999999999 to an integer would take all of a function's time.
MAX_EXPONENT = 100


class JsonText(str):
    """JSON already, which `write` puts in as it is: a long list is faster written by who knows its rows."""

    __slots__ = ()


def read(text: str) -> dict[str, Any]:
    """The object that is a request's body.

    Raises MalformedError for what is no JSON object (NaN is no JSON, nor is a name twice in one object), and
    InvalidError for a number beyond 10 to the 100.
    """
    try:
        value = json.loads(
            text,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_no_constant,
            object_pairs_hook=_object,
        )
        refuse_odd_text(value)
    except RecursionError:
        raise MalformedError("The body is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise MalformedError(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    if not isinstance(value, dict):
        raise MalformedError("The body has to be a JSON object.")
    return value


def write(value: Any) -> str:
    """Decimals as numbers with all their digits, times in UTC with Z.

    Raises ValueError for NaN and Infinity, TypeError for what JSON has no word for.
    """
    if writer := _WRITERS.get(type(value)):
        return writer(value)
    match value:
        case BaseModel():
            return _members(dict(value))
        case Mapping():
            return _members(value)
        case list() | tuple():
            return _elements(value)
        case str():
            return _quoted(value)
    return json.dumps(value, allow_nan=False)


def _members(value: Mapping[str, Any]) -> str:
    return "{" + ",".join([f"{_quoted(name)}:{write(member)}" for name, member in value.items()]) + "}"


def _elements(value: Sequence[Any]) -> str:
    return "[" + ",".join(map(write, value)) + "]"


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} is no JSON number")
    return f"{value:f}"


def _float(value: float) -> str:
    if not isfinite(value):
        raise ValueError(f"{value} is no JSON number")
    return repr(value)


# As json.dumps does it with ensure_ascii=False, without its encoder around it.
_quoted = json.encoder.encode_basestring

# By exact type, as a page of trades has a thousand values and a scan ten thousand: asking of each what it is
# an instance of takes three times as long.
_WRITERS: dict[type, Callable[[Any], str]] = {
    JsonText: str,
    str: _quoted,
    NoneType: lambda _: "null",
    int: int.__repr__,
    float: _float,
    Decimal: _number,
    datetime: lambda time: f'"{instant(time)}"',
    date: lambda day: f'"{day.isoformat()}"',
    dict: _members,
    list: _elements,
    tuple: _elements,
}


def instant(time: datetime) -> str:
    """In UTC, with Z: `2025-01-31T06:00:00Z`."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def refuse_odd_text(value: Any) -> None:
    """Raises MalformedError where a text has a NUL or half a character, which no database takes."""
    match value:
        case str():
            if "\0" in value:
                raise MalformedError("Text may not contain a NUL character.")
            try:
                value.encode()
            except UnicodeEncodeError:
                raise MalformedError("Text contains a surrogate without its other half.") from None
        case dict():
            for name, member in value.items():
                refuse_odd_text(name)
                refuse_odd_text(member)
        case list():
            for member in value:
                refuse_odd_text(member)


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if abs(number.adjusted()) > MAX_EXPONENT:
        raise _beyond(text)
    return number


def _integer(text: str) -> int:
    if len(text) > MAX_EXPONENT:
        raise _beyond(text)
    return int(text)


def _beyond(text: str) -> InvalidError:
    shown = text if len(text) <= 40 else f"{text[:40]}..."
    return InvalidError.field(
        "body", shown, f"a number of at most {MAX_EXPONENT} digits before and after the point"
    )


def _no_constant(name: str) -> NoReturn:
    raise MalformedError(f"The body is not JSON: {name} is no number.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedError(f"The body has {twice[:100]!r} twice in one object.")
    return members
