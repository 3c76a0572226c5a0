"""Indicators, against TA-Lib."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.scanner.indicators import Floats, atr, bollinger, rsi, sma, wilder
from tests.oracles.series import closes, ranges

EXPECTED = json.loads((Path(__file__).parents[2] / "oracles" / "expected.json").read_text())["indicators"]


def column(values: list[float]) -> Floats:
    return np.array(values)[:, None]


@pytest.mark.parametrize("ticker", EXPECTED)
def test_they_are_what_ta_lib_says(ticker: str) -> None:
    """To a part in 10 to the 9; tests/oracles/make_expected.py made the numbers."""
    close = column(closes()[ticker])
    high, low = (column(side) for side in ranges()[ticker])
    lower, upper = bollinger(close)
    found = {
        "sma_10": sma(close, 10),
        "sma_200": sma(close, 200),
        "rsi_14": rsi(close),
        "atr_14": atr(high, low, close),
        "bollinger_lower": lower,
        "bollinger_upper": upper,
    }

    assert EXPECTED[ticker].keys() == found.keys()
    for name, values in EXPECTED[ticker].items():
        np.testing.assert_allclose(found[name][-600::10, 0], values, rtol=1e-9, err_msg=name)


def test_an_indicator_begins_when_it_has_enough_bars() -> None:
    """As TA-Lib: the first RSI14 is the 15th bar's, the first ATR14 too, the first SMA10 the 10th's."""
    close = column(closes()["A00"][:40])
    defined = {
        "sma": sma(close, 10),
        "bollinger": bollinger(close)[0],
        "rsi": rsi(close),
        "atr": atr(close, close, close),
    }
    first = {name: int(np.flatnonzero(~np.isnan(values[:, 0]))[0]) for name, values in defined.items()}
    assert first == {"sma": 9, "bollinger": 19, "rsi": 14, "atr": 14}


@pytest.mark.parametrize("late", [1, 7, 25])
def test_a_late_first_bar_only_moves_a_column(late: int) -> None:
    close = np.array(closes()["A00"][:60])
    high, low = close * 1.01, close * 0.98
    highs, lows, closed = (
        np.column_stack((values, np.concatenate((np.full(late, np.nan), values[:-late]))))
        for values in (high, low, close)
    )
    for values in (rsi(closed), atr(highs, lows, closed), sma(closed, 10), bollinger(closed)[1]):
        np.testing.assert_allclose(values[late:, 1], values[:-late, 0])


def test_prices_that_never_moved_have_no_rsi() -> None:
    assert np.isnan(rsi(column([5.0] * 40))).all()


def test_prices_that_only_rose_have_an_rsi_of_100() -> None:
    assert rsi(column([float(day) for day in range(1, 41)]))[-1, 0] == 100


def test_too_short_a_series_has_no_indicator() -> None:
    short = column([1.0, 2, 3])
    for values in (sma(short, 10), *bollinger(short), rsi(short), atr(short, short, short), wilder(short, 4)):
        assert np.isnan(values).all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), row=st.integers(0, 118))
def test_values_up_to_a_day_do_not_depend_on_later_ones(seed: int, row: int) -> None:
    chance = np.random.default_rng(seed)
    values = chance.uniform(1, 100, (120, 3))
    other = values.copy()
    other[row + 1 :] = chance.uniform(1, 100, (119 - row, 3))
    for indicator in (
        lambda close: sma(close, 20),
        lambda close: bollinger(close)[0],
        rsi,
        lambda close: atr(close * 1.1, close * 0.9, close),
    ):
        np.testing.assert_array_equal(indicator(values)[: row + 1], indicator(other)[: row + 1])
        np.testing.assert_array_equal(indicator(values)[: row + 1], indicator(values[: row + 1]))
