"""Calling a function as API Gateway does."""

import json
from decimal import Decimal
from typing import Any, Protocol

from tests.functions.events import event


class Handler(Protocol):
    """A function's entry."""

    def __call__(self, event: dict[str, Any], context: Any, /) -> dict[str, Any]: ...


class Call(Protocol):
    """Sends a request, told as `event` is, and gives status and body, with numbers as decimals."""

    def __call__(self, method: str, path: str, body: object = None, **more: Any) -> tuple[int, Any]: ...


def caller(handler: Handler) -> Call:
    """Sends requests to that handler."""

    def call(method: str, path: str, body: object = None, **more: Any) -> tuple[int, Any]:
        answer = handler(event(method, path, body, **more), None)
        text = answer["body"]
        return answer["statusCode"], json.loads(text, parse_float=Decimal) if text else None

    return call
