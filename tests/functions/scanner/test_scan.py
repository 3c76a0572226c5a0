"""Scans: counts that add up, scores, days, and no look-ahead."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.market.panel import Recent
from functions.scanner.bars import Bars
from functions.scanner.catalog import SCANNERS
from functions.scanner.scan import Filters, Scan, percentiles, scan
from tests.functions.scanner import one_by_one
from tests.functions.scanner.panels import DAYS, walks

every_scanner = pytest.mark.parametrize("name", SCANNERS)


def run(
    name: str,
    panel: Recent,
    filters: Filters | None = None,
    asked: frozenset[str] | None = None,
    row: int = -1,
) -> Scan:
    chosen = asked or frozenset(panel.tickers[1:])
    day = panel.dates[row].item()
    return scan(SCANNERS[name], panel, chosen, day, benchmark="SPY", filters=filters or Filters())


def until(panel: Recent, row: int) -> Recent:
    columns = {name: values[: row + 1] for name, values in panel.columns.items()}
    return Recent(panel.dates[: row + 1], panel.tickers, columns)


@every_scanner
def test_it_finds_something_in_the_made_up_market(name: str) -> None:
    """Else the properties below would hold of nothing."""
    assert sum(run(name, walks(seed)).counts.found for seed in range(5)) >= 5


@pytest.mark.parametrize("name", one_by_one.RULES)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_it_is_what_the_rule_in_plain_python_finds_ticker_by_ticker(name: str, seed: int) -> None:
    """Each signal, and each score to the hundredth that is shown; with gaps, a late start and an end."""
    panel = walks(seed)
    expected = one_by_one.scanned(name, panel)

    found = {result.ticker: (result.signal, result.score) for result in run(name, panel).results}

    assert {ticker: signal for ticker, (signal, _) in found.items()} == {
        ticker: signal for ticker, (signal, _) in expected.items()
    }
    for ticker, (_, score) in expected.items():
        assert found[ticker][1] == pytest.approx(score, abs=0.006)


@every_scanner
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), row=st.integers(260, DAYS - 2))
def test_bars_after_a_day_change_nothing_of_that_day(name: str, seed: int, row: int) -> None:
    panel = walks(seed)
    chance = np.random.default_rng(seed)
    other = {column: values.copy() for column, values in panel.columns.items()}
    missing = chance.random((DAYS - row - 1, len(panel.tickers))) < 0.2
    for values in other.values():
        values[row + 1 :] = np.where(missing, np.nan, chance.uniform(1, 1000, missing.shape))

    at_the_time = run(name, until(panel, row), row=row)

    assert run(name, panel, row=row) == at_the_time
    assert run(name, replace(panel, columns=other), row=row) == at_the_time


@every_scanner
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), data=st.data())
def test_the_order_of_the_tickers_changes_nothing(name: str, seed: int, data: st.DataObject) -> None:
    panel = walks(seed)
    order = data.draw(st.permutations(range(len(panel.tickers))))
    columns = {column: values[:, order] for column, values in panel.columns.items()}
    other = Recent(panel.dates, tuple(panel.tickers[place] for place in order), columns)

    assert run(name, other, asked=frozenset(panel.tickers[1:])) == run(name, panel)


@every_scanner
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_counts_add_up_and_the_best_comes_first(name: str, seed: int) -> None:
    panel = walks(seed)
    found = run(name, panel)

    counts = found.counts
    assert counts.asked == counts.not_traded + counts.too_few_bars + counts.scanned == 39
    assert counts.not_traded == 1  # T05 has ended
    assert counts.too_few_bars == 1  # T03 has 150 bars
    passed = list(counts.passed.values())
    assert passed == sorted(passed, reverse=True)
    assert list(counts.passed) == ["filters", *SCANNERS[name].find(*_bars(panel)).stages]
    assert counts.found == len(found.results) <= passed[-1]
    assert [result.score for result in found.results] == sorted(
        (result.score for result in found.results), reverse=True
    )
    assert all(0 <= result.score <= 100 for result in found.results)
    assert not {"T03", "T05", "SPY"} & {result.ticker for result in found.results}


def _bars(panel: Recent) -> tuple[Bars, Bars]:
    bars = Bars.of(**panel.columns)
    return bars, bars.columns(np.array([0]))


@every_scanner
def test_nothing_undefined_passes(name: str) -> None:
    """A benchmark without bars, and tickers whose every number is missing, zero or infinite."""
    panel = walks(2)
    broken = {column: values.copy() for column, values in panel.columns.items()}
    broken["adjusted_close"][:, 10:20] = np.nan
    broken["adjusted_high"][:, 20:30] = np.inf
    tickers = {f"T{number}" for number in range(10, 30)}

    found = run(name, replace(panel, columns=broken))

    assert not tickers & {result.ticker for result in found.results}
    if name == "quallamaggie":
        without = {column: values.copy() for column, values in panel.columns.items()}
        for values in without.values():
            values[:, 0] = np.nan
        assert run(name, replace(panel, columns=without)).counts.passed["momentum"] == 0


@every_scanner
@pytest.mark.parametrize("day", [None, date(2020, 1, 1), date(2024, 3, 2), date(2100, 1, 1)])
def test_on_a_day_without_bars_nothing_is_traded(name: str, day: date | None) -> None:
    """None as yet, before all bars, on a Saturday, after all bars."""
    panel = walks(1)
    found = scan(SCANNERS[name], panel, frozenset(panel.tickers[1:]), day, benchmark="SPY")
    assert (found.date, found.results, found.counts.not_traded) == (day, (), 39)


@every_scanner
@pytest.mark.parametrize("days", [1, 10, 30])
def test_a_market_that_is_too_young_has_too_few_bars(name: str, days: int) -> None:
    counts = run(name, walks(1, days=days)).counts
    assert (counts.scanned, counts.found) == (0, 0)
    assert counts.too_few_bars + counts.not_traded == counts.asked


def test_a_gap_is_no_row_of_a_ticker() -> None:
    """T04 lacks three days: with them cut out of its column it is found the same."""
    panel = walks(4)
    columns = {name: values[:, [0, 4]] for name, values in panel.columns.items()}
    gone = {
        name: np.column_stack((values[3:, 0], np.delete(values[:, 1], range(100, 103))))
        for name, values in columns.items()
    }

    with_gap = run("mean_reversion", Recent(panel.dates, ("SPY", "T04"), columns))
    without = run("mean_reversion", Recent(panel.dates[3:], ("SPY", "T04"), gone))

    assert with_gap == without
    assert with_gap.counts.scanned == 1


def test_filters_look_at_raw_prices_and_say_how_many_they_left() -> None:
    panel = walks(3)
    every = {result.ticker: result for result in run("breakout", panel).results}
    prices = sorted(result.price for result in every.values())
    middle = prices[len(prices) // 2]

    cheap = run("breakout", panel, Filters(max_price=middle))
    dear = run("breakout", panel, Filters(min_price=middle))

    assert {result.ticker for result in cheap.results} == {
        name for name in every if every[name].price <= middle
    }
    assert {result.ticker for result in dear.results} == {
        name for name in every if every[name].price >= middle
    }
    assert 0 < cheap.counts.passed["filters"] < cheap.counts.scanned
    # Filters choose; they do not change what a ticker is compared with.
    assert all(every[result.ticker] == result for result in cheap.results + dear.results)
    assert run("breakout", panel, Filters(min_dollar_volume=Decimal("1e15"))).results == ()


def test_a_result_shows_the_raw_price_and_the_change_of_adjusted_closes() -> None:
    panel = walks(3)
    for result in run("breakout", panel).results:
        column = panel.tickers.index(result.ticker)
        raw, adjusted = panel.columns["close"][-1, column], panel.columns["adjusted_close"][-2:, column]
        assert result.price == round(Decimal(raw), 6)
        assert result.change_percent == pytest.approx((adjusted[1] / adjusted[0] - 1) * 100, abs=1e-4)
        assert result.volume == panel.columns["volume"][-1, column]


def test_a_score_is_the_percentile_among_all_scanned() -> None:
    scores = percentiles(np.array([3.0, 1, np.nan, 2, 2]))
    assert scores[[0, 1, 3, 4]].tolist() == [87.5, 12.5, 50, 50]
    assert np.isnan(scores[2])
