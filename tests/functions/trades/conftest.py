"""The trades API on a database of the test's own."""

import json
from decimal import Decimal
from typing import Any, Protocol

import pytest

from functions.database.connection import Database
from functions.trades import handler as trades
from tests.functions.events import event

NEW = {
    "ticker": "SPY",
    "direction": "BUY",
    "quantity": 10,
    "entry_price": 100.5,
    "entry_date": "2025-01-02T00:00:00Z",
}


class Call(Protocol):
    """Status and body, with numbers as decimals."""

    def __call__(self, method: str, path: str, body: object = None, **more: Any) -> tuple[int, Any]: ...


@pytest.fixture
def call(database: Database, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setattr(trades, "database", lambda: database)

    def call(method: str, path: str, body: object = None, **more: Any) -> tuple[int, Any]:
        answer = trades.handler(event(method, path, body, **more), None)
        text = answer["body"]
        return answer["statusCode"], json.loads(text, parse_float=Decimal) if text else None

    return call
