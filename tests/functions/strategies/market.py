"""A market to run strategies on, and the strategies API on it."""

from collections.abc import Iterator

import numpy as np
import pytest

from functions.database.connection import Database
from functions.market.cache import Cache
from functions.market.objects import Objects
from functions.strategies import handler as strategies
from tests.functions.calling import Call, caller
from tests.functions.filled_cache import empty_cache, fill

DAYS = 500
TICKERS = ("SPY", "TLT", "IEF", "BND", "A", "B", "C", "D", "NEVER")


@pytest.fixture(scope="session")
def market() -> Iterator[Objects]:
    """Two years of nine tickers, one without bars, from 2023-01-02; AUDUSD is known from the sixth day on."""
    chance = np.random.default_rng(8)
    days = np.busday_offset("2023-01-02", np.arange(DAYS), roll="forward").astype("datetime64[D]")
    closes = 50 * np.exp(np.cumsum(chance.normal(0.0004, 0.012, (DAYS, len(TICKERS))), axis=0))
    closes[:, -1] = np.nan
    rates = 0.7 * np.exp(np.cumsum(chance.normal(0, 0.004, DAYS)))
    rates[:5] = np.nan
    with empty_cache() as objects:
        columns = {"adjusted_close": closes, "volume": np.full(closes.shape, 1e6)}
        fill(objects, days, TICKERS, columns, rates, bars=True)
        yield objects


def caller_on(
    database: Database, objects: Objects, monkeypatch: pytest.MonkeyPatch, memory_mb: int = 1769
) -> Call:
    """Sends requests to the strategies API on that database and cache."""
    cached = Cache(objects)
    variables = {
        "SECRETS_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:database",
        "AWS_S3_BUCKET": objects.bucket,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    strategies.Settings.read.cache_clear()
    monkeypatch.setattr(strategies, "database", lambda: database)
    monkeypatch.setattr(strategies, "_cache", lambda: cached)
    return caller(strategies.handler)
