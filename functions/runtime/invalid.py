"""From pydantic's errors to ours: 400 for what is malformed, 422 for what is well-formed and out of range."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from functions.runtime.errors import ApiError, InvalidError, MalformedError

_MALFORMED = {
    "missing",
    "int_from_float",
    "string_unicode",
    "datetime_object_invalid",
}
_PLACES = ("body", "query", "path", "header")


def error_of(rows: Iterable[Mapping[str, Any]]) -> ApiError:
    """MalformedError if any of the rows is; `details` name field, value and what is allowed of each."""
    rows = list(rows)
    details = [_detail(row) for row in rows]
    kind = MalformedError if any(_is_malformed(row["type"]) for row in rows) else InvalidError
    first = details[0]
    return kind(f"{first['field']}: {first['allowed']}", details)


def _is_malformed(kind: str) -> bool:
    return kind in _MALFORMED or kind.endswith(("_type", "_parsing")) or kind.startswith("timezone_")


def _detail(row: Mapping[str, Any]) -> dict[str, Any]:
    place, *names = map(str, row["loc"])
    if place not in _PLACES:
        place, names = "body", [place, *names]
    allowed = (
        "This field is required" if row["type"] == "missing" else row["msg"].removeprefix("Value error, ")
    )
    return {
        "field": ".".join(names) or place,
        "in": place,
        "value": _shown(row.get("input")),
        "allowed": allowed,
    }


def _shown(value: Any) -> Any:
    """What was sent, as far as it is short; lists and objects are not repeated."""
    match value:
        case str():
            return value if len(value) <= 100 else f"{value[:100]}..."
        case None | bool() | int() | float() | Decimal() | date() | datetime():
            return value
    return None
