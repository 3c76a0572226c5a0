"""Base64url and JSON that have one meaning only."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Never


class AmbiguousError(ValueError):
    """Not what it should be, or what two readers may read differently. The text holds nothing of it."""


def decode_base64url(text: str) -> bytes:
    """What the text stands for. Padding and any other text for the same bytes raise AmbiguousError."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise AmbiguousError("not base64url") from None
    # Unused bits at the end and skipped characters would make several texts one token.
    if urlsafe_b64encode(data).rstrip(b"=") != text.encode():
        raise AmbiguousError("not base64url")
    return data


def parse_object(data: bytes) -> dict[str, Any]:
    """A JSON object in UTF-8. A name that stands twice, NaN and Infinity raise AmbiguousError."""
    # Decoded here: json would guess UTF-16 and UTF-32 too.
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise AmbiguousError("not JSON of one meaning") from None
    if not isinstance(value, dict):
        raise AmbiguousError("not a JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise AmbiguousError("a name stands twice")
    return found


def _refuse(_constant: str) -> Never:
    raise AmbiguousError("not a number of JSON")
