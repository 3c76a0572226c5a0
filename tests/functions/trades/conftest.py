"""The trades API on a database of the test's own."""

import pytest

from functions.database.connection import Database
from functions.trades import handler as trades
from tests.functions.calling import Call, caller


@pytest.fixture
def call(database: Database, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setattr(trades, "database", lambda: database)
    return caller(trades.handler)
