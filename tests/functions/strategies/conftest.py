"""The strategies API on a database and a cache of the test's own."""

import pytest

from functions.database.connection import Database
from functions.market.objects import Objects
from tests.functions.calling import Call
from tests.functions.strategies.market import caller_on, market

__all__ = ["market"]


@pytest.fixture
def call(database: Database, market: Objects, monkeypatch: pytest.MonkeyPatch) -> Call:
    return caller_on(database, market, monkeypatch)
