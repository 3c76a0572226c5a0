"""Technical indicators over columns of bars: (days, tickers) in, the same out, NaN where one is not defined.

A column may begin with NaN, for the days before the first bar, but has none after it.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_PLACES = 9


def sma(values: Floats, days: int) -> Floats:
    """Simple moving average, to nine places: prices are millionths, and what is beyond is the rounding of
    floats, by which a price that does not move would be above its own average.
    """
    averages = np.full(values.shape, np.nan)
    if len(values) >= days:
        averages[days - 1 :] = np.round(sliding_window_view(values, days, axis=0).mean(axis=-1), _PLACES)
    return averages


def bollinger(values: Floats, days: int = 20, deviations: float = 2) -> tuple[Floats, Floats]:
    """The lower and upper band, by the population's standard deviation, as Bollinger has it."""
    width = np.full(values.shape, np.nan)
    if len(values) >= days:
        width[days - 1 :] = deviations * sliding_window_view(values, days, axis=0).std(axis=-1)
    middle = sma(values, days)
    return middle - width, middle + width


def wilder(values: Floats, days: int) -> Floats:
    """Wilder's average: the mean of a column's first `days` values, then 1 / `days` of each new one."""
    present = ~np.isnan(values)
    seen = present.cumsum(axis=0)
    averages, average = np.where(present, values, 0.0), np.zeros(values.shape[1])
    for today, here, full in zip(averages, present, seen > days, strict=True):
        np.copyto(average, average + (today - average * full) / days, where=here)
        today[:] = average
    return np.where(seen >= days, averages, np.nan)


def rsi(closes: Floats, days: int = 14) -> Floats:
    """Wilder's relative strength index, 0 to 100; NaN for prices that have not moved."""
    changes = np.diff(closes, axis=0, prepend=np.nan)
    gains, losses = wilder(np.maximum(changes, 0), days), wilder(np.maximum(-changes, 0), days)
    moved = gains + losses
    return np.asarray(np.divide(100 * gains, moved, out=np.full(closes.shape, np.nan), where=moved > 0))


def atr(highs: Floats, lows: Floats, closes: Floats, days: int = 14) -> Floats:
    """Wilder's average true range. The first bar has no range, since it has no close before it."""
    before = np.vstack((np.full((1, closes.shape[1]), np.nan), closes[:-1]))
    # `fmax` would take the day's own range for the first bar.
    ranges = np.maximum(np.maximum(highs - lows, np.abs(highs - before)), np.abs(lows - before))
    return wilder(ranges, days)
