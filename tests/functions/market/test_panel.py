"""Panels, read from a cache that an ingest wrote."""

import gc
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from functions.market.cache import Cache, CacheEmptyError, LostTickersError, Snapshot
from functions.market.layout import COLUMNS
from functions.market.manifest import Catalogue, read_catalogue
from functions.market.panel import load_audusd, load_closes, load_recent
from functions.market.parquet import arrays, on_disk, write
from functions.market.universe import AUDUSD
from local.market_data.history import audusd, history
from tests.functions.market_cache import SECOND_MORNING, TICKERS, Market, view

pytestmark = pytest.mark.integration

EVER = date(2005, 1, 1), date(2100, 1, 1)


@pytest.fixture
def panels_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three panels instead of one."""
    monkeypatch.setattr("functions.ingest.panels.PANEL_TICKERS", 2)
    monkeypatch.setattr("functions.ingest.ticker.HISTORY_START", date(2023, 1, 1))


def test_before_the_first_ingest_there_is_nothing_to_read(market: Market) -> None:
    with pytest.raises(CacheEmptyError):
        market.snapshot()


@pytest.mark.usefixtures("panels_of_two")
def test_columns_are_in_the_order_asked_for_and_one_without_bars_is_empty(market: Market) -> None:
    market.ingest()
    snapshot = market.snapshot()
    assert len(snapshot.manifest.panels) == 3
    closes = load_closes(snapshot, ["SPY", "NONE", "AAPL"], *EVER)
    assert closes.tickers == ("SPY", "NONE", "AAPL")
    assert np.isnan(closes.adjusted[:, 1]).all()
    known = history("SPY")
    rows = known.between(date(2023, 1, 1), date(2024, 6, 6))
    np.testing.assert_array_equal(closes.dates, known.dates[rows])
    today = date(2024, 6, 6)
    adjusted = (known.close * known.factors(today, dividends=True))[rows]
    np.testing.assert_allclose(closes.adjusted[:, 0], adjusted, atol=5.1e-7)


@pytest.mark.usefixtures("panels_of_two")
def test_a_ticker_that_has_bars_but_is_in_no_panel_is_an_error_and_not_a_column_of_nan(
    market: Market,
) -> None:
    market.ingest()
    whole = market.snapshot()
    first, *others = whole.manifest.panels
    snapshot = Snapshot(whole.cache, replace(whole.manifest, panels=tuple(others)), whole.etag)
    for ticker in first.tickers:
        with pytest.raises(LostTickersError, match=f"names {ticker}, but no panel has it"):
            load_closes(snapshot, ["SPY", ticker], *EVER)
        with pytest.raises(LostTickersError, match=f"names {ticker}, but no panel has it"):
            load_recent(snapshot, ["SPY", ticker], ["close"])
    assert load_closes(snapshot, ["SPY", AUDUSD.ticker, "NONE"], *EVER).adjusted.size


@pytest.mark.usefixtures("panels_of_two")
def test_permuted_tickers_are_the_same_numbers(market: Market) -> None:
    market.ingest()
    snapshot = market.snapshot()
    one, other = ["CTRA", "SPY", "BRK-B"], ["BRK-B", "CTRA", "SPY"]
    order = [one.index(ticker) for ticker in other]
    np.testing.assert_array_equal(
        load_closes(snapshot, one, *EVER).adjusted[:, order], load_closes(snapshot, other, *EVER).adjusted
    )
    columns, permuted = (load_recent(snapshot, tickers, COLUMNS).columns for tickers in (one, other))
    for name in COLUMNS:
        np.testing.assert_array_equal(columns[name][:, order], permuted[name])


@pytest.mark.usefixtures("panels_of_two")
def test_days_are_those_on_which_one_of_the_tickers_has_a_bar(market: Market) -> None:
    market.ingest()
    closes = load_closes(market.snapshot(), ["CTRA"], *EVER)
    assert closes.dates[-1] == np.datetime64("2024-03-28")
    assert not np.isnan(closes.adjusted).any()
    some = load_closes(market.snapshot(), ["SPY"], date(2024, 1, 1), date(2024, 1, 5))
    assert [str(day) for day in some.dates] == ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]
    none = load_closes(market.snapshot(), [], *EVER)
    assert none.adjusted.shape == (0, 0)


@pytest.mark.usefixtures("panels_of_two")
def test_recent_days_are_the_last_300_of_all(market: Market) -> None:
    market.ingest()
    snapshot = market.snapshot()
    recent = load_recent(snapshot, TICKERS, COLUMNS)
    assert recent.columns["close"].shape == (300, 5)
    assert recent.dates[-1] == np.datetime64("2024-06-06")
    assert np.isnan(recent.columns["close"][-1, recent.tickers.index("CTRA")])


@pytest.mark.usefixtures("panels_of_two")
def test_columns_are_those_asked_for_in_that_order(market: Market) -> None:
    market.ingest()
    snapshot = market.snapshot()
    every = load_recent(snapshot, TICKERS, COLUMNS)
    few = load_recent(snapshot, TICKERS, ("volume", "high"))
    assert list(few.columns) == ["volume", "high"]
    for name, values in few.columns.items():
        np.testing.assert_array_equal(values, every.columns[name])


def put_in_order(market: Market, key: str, order: str) -> None:
    """Have the rows of a panel's file in that order."""
    with on_disk(market.snapshot().cache.content(key)) as file:
        rows = arrays(file, f"SELECT * FROM {{file}} ORDER BY {order}")  # noqa: S608 - the tests' own
        market.objects().put(key, write("SELECT * FROM source", rows))


@pytest.mark.parametrize("order", ["date DESC, ticker", "hash(ticker || date)"])
def test_recent_days_do_not_depend_on_the_order_of_a_files_rows(
    market: Market, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.ingest.ticker.HISTORY_START", date(2023, 1, 1))
    market.ingest()
    snapshot = market.snapshot()
    in_order = load_recent(snapshot, TICKERS, COLUMNS)
    put_in_order(market, snapshot.manifest.panels[0].recent, order)
    # A ticker that changes makes an ingest write the others again, from the file that is there.
    mixed = load_recent(market.snapshot(), TICKERS, COLUMNS)
    market.wake(SECOND_MORNING)
    market.ingest(2, tickers=["SPY"])
    for name in COLUMNS:
        np.testing.assert_array_equal(mixed.columns[name], in_order.columns[name])
    view(market.snapshot())


@pytest.mark.parametrize("order", ["date DESC", "hash(date)"])
def test_closes_do_not_depend_on_the_order_of_a_files_rows(
    market: Market, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.ingest.ticker.HISTORY_START", date(2023, 1, 1))
    market.ingest()
    snapshot = market.snapshot()
    in_order = load_closes(snapshot, TICKERS, *EVER)
    put_in_order(market, snapshot.manifest.panels[0].closes, order)
    mixed = load_closes(market.snapshot(), TICKERS, *EVER)
    np.testing.assert_array_equal(mixed.dates, in_order.dates)
    np.testing.assert_array_equal(mixed.adjusted, in_order.adjusted)


def test_a_rate_is_carried_forward_and_never_back(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.ingest.ticker.HISTORY_START", date(2023, 1, 1))
    market.ingest(tickers=["SPY"])
    known = audusd()
    friday = known.close[known.dates == np.datetime64("2023-01-06")][0]
    asked = np.array(["2022-12-30", "2023-01-06", "2023-01-08", "2024-12-31"], "datetime64[D]")
    rates = load_audusd(market.snapshot(), asked)
    last = known.close[known.dates == np.datetime64("2024-06-06")][0]
    np.testing.assert_allclose(rates, [np.nan, friday, friday, last])


def test_a_reader_keeps_what_did_not_change(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.ingest.ticker.HISTORY_START", date(2023, 1, 1))
    market.ingest(tickers=["SPY"])
    cache = Cache(market.objects())
    first = cache.snapshot()
    load_closes(first, ["SPY"], *EVER)
    market.client.delete_object(Bucket=market.bucket, Key=first.manifest.panels[0].closes)
    assert load_closes(cache.snapshot(), ["SPY"], *EVER).adjusted.size


def test_a_catalogue_is_not_read_by_who_has_just_written_it(market: Market) -> None:
    cache, catalogue = Cache(market.objects()), Catalogue()
    cache.put_catalogue("cache/runs/x/catalogue.json", catalogue)
    assert read_catalogue(market.contents()["cache/runs/x/catalogue.json"]) == catalogue
    assert cache.catalogue("cache/runs/x/catalogue.json") is catalogue


@pytest.mark.usefixtures("panels_of_two")
def test_what_was_read_is_on_the_disk_no_longer_than_its_cache(market: Market) -> None:
    market.ingest()
    snapshot = market.snapshot()
    file = snapshot.cache.file(snapshot.manifest.panels[0].closes)
    assert file.exists()
    del snapshot
    gc.collect()
    assert not file.parent.exists()
