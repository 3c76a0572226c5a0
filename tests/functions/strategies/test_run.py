"""Runs on a cache in S3 whose tickers are not all of the same day."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.market.cache import Cache
from functions.strategies.catalog import STRATEGIES
from functions.strategies.model import RunRequest
from functions.strategies.run import Outcome, execute, plan
from tests.functions.filled_cache import fill, new_bucket, s3

pytestmark = pytest.mark.integration

TICKERS = ("SPY", "TLT", "IEF", "BND", "A", "B", "C", "D")
PARAMETERS = {
    "dual_momentum": {"lookback": 20},
    "momentum": {"lookback": 20, "skip": 3, "top": 2},
    "inverse_volatility": {"window": 20},
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3() as address:
        yield address


def market(endpoint: str, days: int, alone: int = 0, ticker: str = "SPY") -> Cache:
    """Of so many days, and then some that this ticker alone has; the same prices for the same days."""
    prices = np.random.default_rng(8).normal(0.0004, 0.012, (300, len(TICKERS)))
    closes = 50 * np.exp(np.cumsum(prices, axis=0))[: days + alone]
    others = [column for column, name in enumerate(TICKERS) if name != ticker]
    closes[days:, others] = np.nan
    objects = new_bucket(endpoint)
    stamps = np.busday_offset("2023-01-02", np.arange(days + alone), roll="forward").astype("datetime64[D]")
    columns = {"adjusted_close": closes, "volume": np.full(closes.shape, 1e6)}
    fill(objects, stamps, TICKERS, columns, np.full(len(stamps), 0.7))
    return Cache(objects)


def ran(cache: Cache, name: str, **more: Any) -> Outcome:
    asked = {"tickers": ["A", "B", "C", "D"], "start": "2023-03-06", "parameters": PARAMETERS.get(name, {})}
    request = RunRequest.model_validate({**asked, **more})
    snapshot = cache.snapshot()
    return execute(plan(STRATEGIES[name], request, cache.universe(), snapshot, memory_mb=1769), snapshot)


@pytest.mark.parametrize("name", STRATEGIES)
@settings(max_examples=5, deadline=None)
@given(
    days=st.integers(100, 280),
    alone=st.integers(1, 12),
    ticker=st.sampled_from(TICKERS),
    end=st.sampled_from([None, "2030-01-01"]),
)
def test_days_that_one_ticker_alone_has_change_no_run(
    endpoint: str, name: str, *, days: int, alone: int, ticker: str, end: str | None
) -> None:
    """They would decide the next weights, and six of them would end all other assets."""
    before = ran(market(endpoint, days), name, end=end)

    assert ran(market(endpoint, days, alone, ticker), name, end=end) == before


def test_a_run_ends_before_the_month_that_one_ticker_alone_has_begun(endpoint: str) -> None:
    october = int(np.busday_count("2023-01-02", "2023-11-01"))
    row = ran(market(endpoint, october, 6, "A"), "equal_weight").row
    assert row["end_date"] == date(2023, 10, 31)
    assert '"decided":"2023-11-01"' not in row["rebalances"]
    later = ran(market(endpoint, october + 1), "equal_weight").row
    assert '"decided":"2023-11-01"' in later["rebalances"]
