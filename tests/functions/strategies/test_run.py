"""Runs on a cache in S3 whose tickers are not all of the same day."""

import json
import tracemalloc
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.market.cache import Cache
from functions.market.panel import load_closes
from functions.runtime.errors import InvalidError
from functions.strategies import run as runs
from functions.strategies.catalog import STRATEGIES
from functions.strategies.estimate import Size
from functions.strategies.model import RunRequest
from functions.strategies.prices import Floats
from functions.strategies.rebalancing import Calendar
from functions.strategies.run import Outcome, Plan, execute, plan
from tests.functions.filled_cache import fill, new_bucket, s3
from tests.functions.strategies import day_by_day
from tests.functions.strategies.panels import SMALL

pytestmark = pytest.mark.integration

CANDIDATES = ("A", "B", "C", "D")
OTHERS = ("SPY", "TLT", "IEF", "BND")
TICKERS = (*OTHERS, *CANDIDATES)
PARAMETERS = {name: strategy.model_dump() for name, strategy in SMALL.items()}
PARAMETERS["dual_momentum"]["defensive"] = ["TLT"]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3() as address:
        yield address


def walks(days: int) -> Floats:
    """The first so many days of the same prices."""
    changes = np.random.default_rng(8).normal(0.0004, 0.012, (300, len(TICKERS)))
    return np.asarray(50 * np.exp(np.cumsum(changes, axis=0))[:days])


def filled(endpoint: str, closes: Floats) -> Cache:
    """A cache of them, from 2023-01-02 on."""
    objects = new_bucket(endpoint)
    stamps = np.busday_offset("2023-01-02", np.arange(len(closes)), roll="forward").astype("datetime64[D]")
    columns = {"adjusted_close": closes, "volume": np.full(closes.shape, 1e6)}
    fill(objects, stamps, TICKERS, columns, np.full(len(stamps), 0.7))
    return Cache(objects)


def test_a_run_has_its_closes_in_memory_once(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 5,000 tickers they are a hundred megabytes, and a copy of them costs more than its share of time."""
    monkeypatch.setattr("tests.functions.filled_cache.PANEL_TICKERS", 20)
    objects, tickers = new_bucket(endpoint), (*OTHERS, *(f"T{number:03}" for number in range(200)))
    # DuckDB answers in vectors of 2,048 rows, however few there are.
    days = np.busday_offset("2015-01-01", np.arange(2000), roll="forward").astype("datetime64[D]")
    closes = 50 * np.exp(np.random.default_rng(8).normal(0, 0.1, (len(days), len(tickers))))
    fill(objects, days, tickers, {"adjusted_close": closes, "volume": np.full(closes.shape, 1e6)})
    cache = Cache(objects)
    asked = {"tickers": tickers, "start": str(days[60]), "currency": "USD", "parameters": {"lookback": 20}}
    request = RunRequest.model_validate(asked)
    snapshot = cache.snapshot()
    planned = plan(STRATEGIES["dual_momentum"], request, cache.universe(), snapshot, 10_240)
    # Once before: what is read from S3, which is of this process here, is kept.
    execute(planned, snapshot)
    tracemalloc.start()
    try:
        execute(planned, snapshot)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert closes.nbytes < peak < 2 * closes.nbytes


def market(endpoint: str, days: int, more: int = 0, *tickers: str) -> Cache:
    """Of so many days, and then some more that these tickers alone have."""
    closes = walks(days + more)
    closes[days:, [column for column, name in enumerate(TICKERS) if name not in tickers]] = np.nan
    return filled(endpoint, closes)


def planned(cache: Cache, name: str, **more: Any) -> Plan:
    asked = {"tickers": [*CANDIDATES], "start": "2023-03-06", "parameters": PARAMETERS[name]}
    request = RunRequest.model_validate({**asked, **more})
    return plan(STRATEGIES[name], request, cache.universe(), cache.snapshot(), memory_mb=1769)


def ran(cache: Cache, name: str, **more: Any) -> Outcome:
    return execute(planned(cache, name, **more), cache.snapshot())


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


@pytest.mark.parametrize("name", day_by_day.ORACLES)
@pytest.mark.parametrize("end", [None, "2030-01-01"])
def test_candidates_that_have_all_ended_are_sold_and_the_run_goes_on_as_a_plain_simulation_does(
    endpoint: str, name: str, end: str | None
) -> None:
    cache = market(endpoint, 150, 60, *OTHERS)
    closes = load_closes(cache.snapshot(), TICKERS, date(2023, 1, 1), date(2030, 1, 1))
    first = int(np.searchsorted(closes.dates, np.datetime64("2023-03-06")))
    curve, _ = day_by_day.simulate(
        closes.dates.tolist(),
        {
            ticker: [None if np.isnan(close) else float(close) for close in closes.adjusted[:, column]]
            for column, ticker in enumerate(TICKERS)
        },
        first,
        day_by_day.ORACLES[name](CANDIDATES, "TLT"),
        capital=100_000,
        commission=3.0,
        cost=0.0005,
        rates=[1.0] * len(closes.dates),
        weekly=STRATEGIES[name].calendar is Calendar.WEEKLY,
    )

    made = ran(cache, name, currency="USD", end=end)

    assert made.row["end_date"] == closes.dates[-1].item()
    found = [day["equity"] for day in json.loads(made.row["equity_curve"])]
    assert found == pytest.approx(curve, abs=0.006)
    bought = {ticker for _, _, ticker, direction, *_ in made.trades if direction == "BUY"}
    assert bought & set(CANDIDATES)
    held = json.loads(made.row["rebalances"])[-1]["weights"]
    assert held == ({"TLT": 1.0} if name == "dual_momentum" else {})


def test_no_run_begins_after_all_of_its_candidates_have_ended(endpoint: str) -> None:
    cache = market(endpoint, 150, 60, *OTHERS)
    with pytest.raises(InvalidError, match="before 2023-07-28, the last day of these tickers"):
        planned(cache, "equal_weight", start="2023-07-28")
    assert planned(cache, "equal_weight", start="2023-07-27").end == date(2023, 10, 20)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("dual_momentum", {"lookback": 200}),
        ("momentum", {"lookback": 200, "top": 1}),
        ("inverse_volatility", {"window": 200}),
        ("olmar", {"window": 30}),
        ("equal_weight", {}),
    ],
)
def test_no_more_days_are_loaded_than_were_estimated_also_where_the_candidate_is_young(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, name: str, parameters: dict[str, int]
) -> None:
    """What is needed besides is older."""
    estimated: list[Size] = []
    monkeypatch.setattr(runs, "refuse_what_does_not_end", lambda size, _memory_mb: estimated.append(size))
    closes = walks(290)
    closes[:240, TICKERS.index("A")] = np.nan
    cache = filled(endpoint, closes)

    made = planned(cache, name, tickers=["A"], parameters=parameters)

    loaded = load_closes(cache.snapshot(), made.loaded, made.since, made.end)
    assert loaded.adjusted.shape == (len(loaded.dates), estimated[0].tickers)
    assert len(loaded.dates) <= estimated[0].days
