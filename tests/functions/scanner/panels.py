"""Made-up bars for tests of the scanners."""

import numpy as np

from functions.market.panel import Recent

DAYS = 300


def business_days(count: int = DAYS) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.busday_offset("2024-01-01", np.arange(count), roll="forward").astype("datetime64[D]")


def walks(seed: int, tickers: int = 40, days: int = DAYS) -> Recent:
    """Lively prices, so that each scanner finds something; a late start, gaps, and one that has ended.

    The first is SPY. Raw prices are ten times the adjusted ones.
    """
    chance = np.random.default_rng(seed)
    drift = np.linspace(-0.004, 0.008, tickers)
    moves = chance.normal(drift, 0.02, (days, tickers))
    moves[-30:] *= 0.5
    close = 50 * np.exp(np.cumsum(moves, axis=0))
    close[:, 0] = 400 * np.exp(np.cumsum(chance.normal(0, 0.005, days)))
    high = close * (1 + np.abs(chance.normal(0, 0.01, close.shape)))
    low = close * (1 - np.abs(chance.normal(0, 0.01, close.shape)))
    volume = np.round(chance.uniform(1e6, 3e6, close.shape))
    columns = {
        "close": np.round(close * 10, 6),
        "volume": volume,
        "adjusted_high": high,
        "adjusted_low": low,
        "adjusted_close": close,
    }
    missing = np.zeros(close.shape, dtype=np.bool_)
    missing[:150, 3] = True
    missing[100:103, 4] = True
    missing[-20:, 5] = True
    for values in columns.values():
        values[missing] = np.nan
    return Recent(business_days(days), ("SPY", *(f"T{number:02}" for number in range(1, tickers))), columns)


def of_one(walk: list[float], **others: list[float]) -> Recent:
    """T and a flat SPY. Without others: no range within a day, a volume of a million."""
    days = len(walk)
    columns = {
        "close": walk,
        "volume": [1e6] * days,
        "adjusted_high": walk,
        "adjusted_low": walk,
        "adjusted_close": walk,
        **others,
    }
    both = {name: np.column_stack((values, np.full(days, 100.0))) for name, values in columns.items()}
    return Recent(business_days(days), ("T", "SPY"), both)
