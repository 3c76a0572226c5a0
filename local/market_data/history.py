"""Made-up prices of every instrument since 2005, the same on every machine and every run."""

import zlib
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.datetime64]
Prices = NDArray[np.float64]

FIRST, LAST = date(2005, 1, 1), date(2034, 12, 31)
# What a test can rely on.
DELISTED = {"CTRA": date(2024, 3, 28)}
LISTED_LATER = {"ABNB": date(2020, 12, 10), "PLTR": date(2020, 9, 30), "META": date(2012, 5, 18)}
LACKING_AT_TIINGO = frozenset({"BRK-B"})
LACKING_AT_POLYGON = frozenset({"BF-B"})
SPLITS = {"AAPL": (date(2014, 6, 9), 7.0), "NVDA": (date(2024, 6, 10), 10.0), "C": (date(2011, 5, 9), 0.1)}
# A dividend by its day, and the day on which the providers first tell of it.
TOLD_LATE = {"KO": (date(2024, 5, 15), date(2024, 6, 10))}

_CLOSURES = Path(__file__).with_name("closures.txt")
_DAYS_A_QUARTER = 63


@dataclass(frozen=True, eq=False)
class History:
    """`close` and the others are as traded. `split` is 1 and `dividend` 0 but on a day with one.

    `told` is the day on which providers tell of a day's split and dividend: itself, or later.
    """

    dates: Days
    open: Prices
    high: Prices
    low: Prices
    close: Prices
    volume: NDArray[np.int64]
    split: Prices
    dividend: Prices
    told: Days

    def between(self, start: date, end: date) -> slice:
        """The rows of these days, both included."""
        first, after = np.searchsorted(self.dates, [np.datetime64(start), np.datetime64(end) + 1])
        return slice(int(first), int(after))

    def known(self, today: date) -> NDArray[np.bool_]:
        """Of which days' split and dividend one knows on `today`."""
        return np.asarray(self.told <= np.datetime64(today))

    def factors(self, today: date, *, dividends: bool) -> Prices:
        """What makes prices adjusted ones, as known on `today`: later splits (and dividends) count backwards.

        A dividend counts as its share of the close before it, which is CRSP's method and Tiingo's.
        """
        effect = 1 / self.split
        if dividends:
            effect[1:] *= 1 - self.dividend[1:] / self.close[:-1]
        effect[~self.known(today)] = 1
        # Of a day: what came after it.
        return np.append(np.cumprod(effect[:0:-1])[::-1], 1.0)


@cache
def trading_days() -> Days:
    """Of the New York Stock Exchange, as exchange-calendars has them."""
    closed = np.array(_CLOSURES.read_text(encoding="utf-8").split(), "datetime64[D]")
    days = np.arange(np.datetime64(FIRST), np.datetime64(LAST) + 1)
    return days[np.is_busday(days, holidays=closed)]


@lru_cache(maxsize=64)
def history(ticker: str) -> History:
    """Of a stock or a fund."""
    random = np.random.default_rng(zlib.crc32(ticker.encode()))
    dates = trading_days()
    market = np.random.default_rng(0).normal(0.0003, 0.007, len(dates))
    beta, spread = random.uniform(0.5, 1.5), random.uniform(0.004, 0.018)
    returns = np.clip(beta * market + random.normal(0, spread, len(dates)), -0.2, 0.2)
    yields = np.zeros(len(dates))
    if random.random() < 0.6:
        yields[random.integers(_DAYS_A_QUARTER) :: _DAYS_A_QUARTER] = random.uniform(0.002, 0.009)
    told = dates.copy()
    if ticker in TOLD_LATE:
        day, later = TOLD_LATE[ticker]
        late = np.searchsorted(dates, np.datetime64(day))
        yields[late], told[late] = 0.008, np.datetime64(later)
    split = np.ones(len(dates))
    if ticker in SPLITS:
        day, ratio = SPLITS[ticker]
        split[np.searchsorted(dates, np.datetime64(day))] = ratio
    elif random.random() < 0.3:
        split[random.integers(500, len(dates) - 500)] = random.choice([2.0, 3.0, 4.0])
    exact = random.uniform(20, 200) * np.cumprod((1 + returns) * (1 - yields) / split)
    close = _cents(np.maximum(exact, 0.05))
    before = np.append(close[0], close[:-1] / split[1:])
    opened = _cents(before * (1 + random.normal(0, 0.003, len(dates))))
    high = _cents(np.maximum(opened, close) * (1 + np.abs(random.normal(0, 0.004, len(dates)))))
    low = _cents(np.minimum(opened, close) * (1 - np.abs(random.normal(0, 0.004, len(dates)))))
    volume = (random.lognormal(0, 0.4, len(dates)) * 10 ** random.uniform(5.5, 7.5)).astype(np.int64)
    dividend = np.round(np.append(0.0, yields[1:] * close[:-1]), 4)
    listed = dates >= np.datetime64(LISTED_LATER.get(ticker, FIRST))
    listed &= dates <= np.datetime64(DELISTED.get(ticker, LAST))
    return History(
        dates=dates[listed],
        open=opened[listed],
        high=np.maximum.reduce([high, opened, close])[listed],
        low=np.minimum.reduce([low, opened, close])[listed],
        close=close[listed],
        volume=volume[listed],
        split=split[listed],
        dividend=dividend[listed],
        told=told[listed],
    )


@cache
def audusd() -> History:
    """US dollars for an Australian one, on every weekday."""
    random = np.random.default_rng(zlib.crc32(b"AUDUSD"))
    days = np.arange(np.datetime64(FIRST), np.datetime64(LAST) + 1)
    dates = days[np.is_busday(days)]
    # Pulled back to 0.75, so that it stays a rate one knows: half of a distance is gone in 14 months.
    pull = 0.998 ** np.arange(len(dates))
    shocks = random.normal(0, 0.006, len(dates))
    close = np.round(0.75 * np.exp(np.convolve(shocks, pull)[: len(dates)]), 5)
    opened = np.append(close[0], close[:-1])
    wide = 1 + np.abs(random.normal(0, 0.002, len(dates)))
    high = np.round(np.maximum(opened, close) * wide, 5)
    low = np.round(np.minimum(opened, close) / wide, 5)
    none = np.zeros(len(dates))
    return History(dates, opened, high, low, close, none.astype(np.int64), none + 1, none, dates)


@cache
def with_sundays(rates: History) -> History:
    """As providers quote a currency: New York's Sunday evening, when Sydney opens, is a bar of its own."""
    mondays = np.flatnonzero(np.is_busday(rates.dates, weekmask="Mon"))
    columns = {name: np.insert(values, mondays, values[mondays]) for name, values in vars(rates).items()}
    sundays = mondays + np.arange(len(mondays))
    for name in ("high", "low", "close"):
        columns[name][sundays] = rates.open[mondays]
    for name in ("dates", "told"):
        columns[name][sundays] -= np.timedelta64(1, "D")
    return History(**columns)


def _cents(prices: Prices) -> Prices:
    return np.maximum(np.round(prices, 2), 0.01)
