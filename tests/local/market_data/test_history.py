"""Made-up prices are as real ones have to be."""

import json
from datetime import date, timedelta

import numpy as np
import pytest

from local.market_data import answers
from local.market_data.history import (
    DELISTED,
    LISTED_LATER,
    SPLITS,
    TOLD_LATE,
    audusd,
    history,
    trading_days,
    with_sundays,
)
from local.market_data.market_data import UNIVERSE

TICKERS = [row.partition(",")[0] for row in UNIVERSE.read_text(encoding="utf-8").splitlines()[1:]]
TODAY = date(2026, 11, 23)


@pytest.mark.parametrize("ticker", [*TICKERS[::25], *DELISTED, *LISTED_LATER, *SPLITS])
def test_every_bar_is_one_that_can_be(ticker: str) -> None:
    known = history(ticker)
    assert (np.diff(known.dates) > np.timedelta64(0)).all()
    assert np.isin(known.dates, trading_days()).all()
    assert (known.low > 0).all()
    assert (known.low <= np.minimum(known.open, known.close)).all()
    assert (known.high >= np.maximum(known.open, known.close)).all()
    assert (known.volume >= 0).all()


@pytest.mark.parametrize("ticker", TICKERS[::50])
def test_a_split_or_a_dividend_is_no_loss_once_it_is_counted(ticker: str) -> None:
    known = history(ticker)
    adjusted = known.close * known.factors(TODAY, dividends=True)
    days = known.dates <= np.datetime64(TODAY)
    returns = adjusted[days][1:] / adjusted[days][:-1] - 1
    # Rounding to cents is a large share of a small price only.
    large = known.close[days][1:] > 1
    assert np.abs(returns[large]).max() < 0.25


def test_an_adjustment_is_known_from_its_day_on_and_not_before() -> None:
    day, ratio = SPLITS["NVDA"]
    known = history("NVDA")
    before = known.factors(day - timedelta(1), dividends=False)
    after = known.factors(day, dividends=False)
    earlier = known.dates < np.datetime64(day)
    np.testing.assert_allclose(after[earlier] * ratio, before[earlier])
    np.testing.assert_allclose(after[~earlier], before[~earlier])


def test_a_dividend_that_is_told_of_late_is_nowhere_before() -> None:
    day, told = TOLD_LATE["KO"]
    known = history("KO")
    for today, factor in ((told - timedelta(1), 1), (told, 1 - 0.008)):
        text = answers.tiingo_daily(known, day - timedelta(1), day, today)
        before, after = json.loads(text)
        assert (after["divCash"] > 0) == (today == told)
        # A dividend is rounded to hundredths of a cent.
        assert before["adjClose"] / before["close"] == pytest.approx(factor, rel=1e-4)
        assert after["adjClose"] == after["close"]


def test_listings_begin_and_end_on_their_days() -> None:
    assert [history(ticker).dates[-1] for ticker in DELISTED] == list(map(np.datetime64, DELISTED.values()))
    assert [history(ticker).dates[0] for ticker in LISTED_LATER] == list(
        map(np.datetime64, LISTED_LATER.values())
    )
    assert {*DELISTED, *LISTED_LATER, *SPLITS, *TOLD_LATE} <= set(TICKERS)


def test_prices_are_the_same_wherever_they_are_made_up() -> None:
    known = history("SPY")
    assert [known.close[0], known.close[-1], audusd().close[1000]] == [196.14, 297.39, 0.69282]


def test_a_rate_stays_one_that_is_known_in_the_world() -> None:
    assert 0.4 < audusd().close.min() < audusd().close.max() < 1.3


def test_providers_quote_a_currency_on_sundays_too() -> None:
    rates, quoted = audusd(), with_sundays(audusd())
    sundays = ~np.is_busday(quoted.dates)
    np.testing.assert_array_equal(quoted.dates[~sundays], rates.dates)
    np.testing.assert_array_equal(quoted.close[~sundays], rates.close)
    days = quoted.dates[sundays]
    np.testing.assert_array_equal(days, np.arange(np.datetime64("2005-01-02"), days[-1] + 1, 7))


def test_tiingos_answer_has_its_fields_and_ends_today() -> None:
    text = answers.tiingo_daily(history("AAPL"), date(2014, 6, 6), date(2014, 6, 9), date(2014, 6, 9))
    rows = json.loads(text)
    assert [row["date"] for row in rows] == ["2014-06-06T00:00:00.000Z", "2014-06-09T00:00:00.000Z"]
    assert set(rows[0]) == {
        *("date", "open", "high", "low", "close", "volume", "adjOpen", "adjHigh", "adjLow", "adjClose"),
        *("adjVolume", "divCash", "splitFactor"),
    }
    assert [row["splitFactor"] for row in rows] == [1.0, 7.0]
    assert rows[0]["adjClose"] == pytest.approx(rows[0]["close"] / 7)


def test_polygons_answer_is_an_envelope_with_or_without_results() -> None:
    asked = date(2014, 6, 6), date(2014, 6, 9), date(2014, 6, 9)
    full = json.loads(answers.polygon("AAPL", history("AAPL"), *asked, adjusted=True))
    assert (full["resultsCount"], full["adjusted"], len(full["results"])) == (2, True, 2)
    assert set(full["results"][0]) == {"v", "vw", "o", "c", "h", "l", "t", "n"}
    sunday = date(2014, 6, 8)
    empty = json.loads(answers.polygon("AAPL", history("AAPL"), sunday, sunday, TODAY, adjusted=False))
    assert empty["resultsCount"] == 0
    assert "results" not in empty
