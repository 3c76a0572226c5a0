"""Made-up prices for tests of the engine."""

import numpy as np

from functions.strategies.catalog import STRATEGIES
from functions.strategies.prices import Floats, Prices
from functions.strategies.strategy import Strategy

# Short windows, so that short series have many decisions.
SMALL: dict[str, Strategy] = {
    "dual_momentum": STRATEGIES["dual_momentum"].model_validate({"lookback": 20, "defensive": ["B0"]}),
    "momentum": STRATEGIES["momentum"].model_validate({"lookback": 20, "skip": 3, "top": 2}),
    "inverse_volatility": STRATEGIES["inverse_volatility"].model_validate({"window": 20}),
    "olmar": STRATEGIES["olmar"].model_validate({}),
    "equal_weight": STRATEGIES["equal_weight"].model_validate({}),
}
CANDIDATES = ("A0", "A1", "A2", "A3", "A4")
TICKERS = ("B0", *CANDIDATES)
DAYS = 160
FIRST = 25


def business_days(count: int = DAYS) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.busday_offset("2021-01-04", np.arange(count), roll="forward").astype("datetime64[D]")


def random_closes(seed: int) -> Floats:
    """Walks with late starts, gaps, a halt and an end."""
    chance = np.random.default_rng(seed)
    closes = 50 * np.exp(np.cumsum(chance.normal(0.0005, 0.02, (DAYS, len(TICKERS))), axis=0))
    closes[: int(chance.integers(0, 60)), 2] = np.nan
    closes[int(chance.integers(40, DAYS)) :, 3] = np.nan
    halted = int(chance.integers(30, DAYS - 8))
    closes[halted : halted + int(chance.integers(1, 9)), 4] = np.nan
    closes[chance.random(closes.shape) < 0.02] = np.nan
    return np.asarray(closes)


def random_rates(seed: int) -> Floats:
    """US dollars for an Australian one."""
    return np.asarray(0.7 * np.exp(np.cumsum(np.random.default_rng(seed + 1).normal(0, 0.005, DAYS))))


def prices_of(closes: Floats, tickers: tuple[str, ...] = TICKERS) -> Prices:
    return Prices.of(business_days(len(closes)), tickers, closes, frozenset(CANDIDATES))
