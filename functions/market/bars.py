"""What a daily bar is, and what it cannot be.

Prices are whole millionths of a dollar in 64 bits: exact, as the cache's DECIMAL(18,6) is. A float of JSON
becomes them without loss below 2**51 millionths (2 billion dollars): reading the text and multiplying are
each wrong by at most half of a last bit, together by less than half a millionth. Beyond that are only
adjusted prices of funds that were merged again and again, to a float's precision.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from functions.market.calendar import holidays
from functions.market.layout import COLUMNS, MILLIONTHS
from functions.market.parquet import arrays, decimals, millionths, write

Days = NDArray[np.datetime64]
_OPEN, _HIGH, _LOW, CLOSE, _VOLUME = range(5)
_PRICES = [column for column, name in enumerate(COLUMNS) if name != "volume"]
ADJUSTED_CLOSE = COLUMNS.index("adjusted_close")
# What DECIMAL(18,6) holds.
_LARGEST = 1e18
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
HOLIDAYS = np.array(
    sorted(day for year in range(_FIRST_YEAR, _LAST_YEAR) for day in holidays(year)), "datetime64[D]"
)

GREATEST_CHANGE = 0.5
LONGEST_GAP_DAYS = 5

_READ = (
    "SELECT date, "  # noqa: S608 - the names are the layout's own
    + ", ".join(name if name == "volume" else f"{millionths(name)} AS {name}" for name in COLUMNS)
    + " FROM {file} ORDER BY date"
)


_WRITE = (
    "SELECT date::DATE AS date, "  # noqa: S608 - the layout's own names
    + ", ".join(name if name == "volume" else f"{decimals(name)} AS {name}" for name in COLUMNS)
    + " FROM source"
)


@dataclass(frozen=True)
class Bars:
    """Daily bars of one ticker, checked.

    `dates` are ascending `datetime64[D]`, none twice; `values` is int64 of shape (days, 9) in the order of
    layout.COLUMNS: prices in millionths, volume in shares.
    """

    dates: Days
    values: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.dates)

    @classmethod
    def none(cls) -> Self:
        """No bars."""
        return cls(np.array([], "datetime64[D]"), np.empty((0, len(COLUMNS)), np.int64))

    @classmethod
    def from_parquet(cls, file: Path) -> Self:
        """From a file that was checked."""
        found = arrays(file, _READ)
        values = np.column_stack([np.asarray(found[name], np.int64) for name in COLUMNS])
        return cls(np.asarray(found["date"]).astype("datetime64[D]"), values)

    def to_parquet(self) -> bytes:
        """As layout describes it."""
        table = {name: np.ascontiguousarray(self.values[:, column]) for column, name in enumerate(COLUMNS)}
        return write(_WRITE, {"date": self.dates.astype("datetime64[us]"), **table})

    def after(self, day: np.datetime64) -> "Bars":
        """Those later than `day`."""
        later = self.dates > day
        return Bars(self.dates[later], self.values[later])

    def then(self, later: "Bars") -> "Bars":
        """These and later ones."""
        return Bars(np.concatenate([self.dates, later.dates]), np.concatenate([self.values, later.values]))

    def corrected_by(self, newer: "Bars") -> "Bars":
        """These and newer ones; of a day that both have, the newer one's."""
        kept = ~np.isin(self.dates, newer.dates)
        both = Bars(self.dates[kept], self.values[kept]).then(newer)
        order = np.argsort(both.dates)
        return Bars(both.dates[order], both.values[order])

    def last(self, days: int) -> "Bars":
        """The last so many."""
        return Bars(self.dates[-days:], self.values[-days:])

    def last_alike(self, days: int) -> "Bars":
        """Of the last so many those that are adjusted as the very last is."""
        last = self.last(days)
        factors = last.factors()
        others = last.dates[~_close(factors, factors[-1])]
        return last.after(others[-1]) if len(others) else last

    def factors(self) -> NDArray[np.float64]:
        """By what each close is adjusted."""
        return np.asarray(self.values[:, ADJUSTED_CLOSE] / self.values[:, CLOSE])


@dataclass(frozen=True)
class Quotes:
    """What a provider answered, unchecked.

    `values` are those of Bars in dollars and shares, NaN where one is missing. `adjusting` is true on a day
    with a split or a dividend, as far as the provider tells.
    """

    dates: Days
    values: NDArray[np.float64]
    adjusting: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.dates)

    @classmethod
    def none(cls) -> Self:
        """No bars."""
        return cls(np.array([], "datetime64[D]"), np.empty((0, len(COLUMNS))), np.array([], bool))

    def on_weekdays(self) -> "Quotes":
        """Without Saturdays and Sundays."""
        kept = np.isnat(self.dates) | np.is_busday(self.dates)
        return Quotes(self.dates[kept], self.values[kept], self.adjusting[kept])


def check(quotes: Quotes, *, today: date, end: date | None = None) -> tuple[Bars, Counter[str]]:
    """The bars among the quotes, ascending, and how many were refused by reason; a bar is refused once.

    `end` is the last day that was asked for. Of equal bars of a day one counts; where they differ, none does,
    as nobody knows which is right.
    """
    units = np.ones(len(COLUMNS))
    units[_PRICES] = MILLIONTHS
    scaled = np.rint(quotes.values * units)
    whole: NDArray[np.bool_] = np.all(np.abs(scaled) < _LARGEST, axis=1)
    values = np.where(whole[:, None], scaled, 0).astype(np.int64)
    dates = quotes.dates
    raw, adjusted = values[:, _PRICES[:4]], values[:, _PRICES[4:]]
    # Factors and their products are rounded.
    rounding = adjusted.max(axis=1) // MILLIONTHS + 1
    # NaT is later than nothing and no weekend.
    reasons = {
        "a value is missing or too large": ~whole | np.isnat(dates),
        "day in the future": dates > np.datetime64(today, "D"),
        "day after those asked for": dates > np.datetime64(end or today, "D"),
        "day on a weekend": ~np.is_busday(np.where(np.isnat(dates), np.datetime64(today, "D"), dates)),
        "price not above 0": (values[:, _PRICES] <= 0).any(axis=1),
        "negative volume": values[:, _VOLUME] < 0,
        "high below low": _high_below_low(raw) | _high_below_low(adjusted, rounding),
        "open or close outside low to high": _outside(raw) | _outside(adjusted, rounding),
    }
    refused: Counter[str] = Counter()
    good = np.ones(len(dates), bool)
    for reason, wrong in reasons.items():
        if count := int((wrong & good).sum()):
            refused[reason] = count
        good &= ~wrong
    order = np.argsort(dates[good], kind="stable")
    bars = Bars(dates[good][order], values[good][order])
    once = _once(bars)
    if again := len(bars) - len(once):
        refused["day twice in one answer"] = again
    return once, refused


def _high_below_low(prices: NDArray[np.int64], rounding: NDArray[np.int64] | int = 0) -> NDArray[np.bool_]:
    return np.asarray(prices[:, _HIGH] + rounding < prices[:, _LOW])


def _outside(prices: NDArray[np.int64], rounding: NDArray[np.int64] | int = 0) -> NDArray[np.bool_]:
    ends = prices[:, [_OPEN, CLOSE]]
    low, high = prices[:, _LOW] - rounding, prices[:, _HIGH] + rounding
    return np.asarray((ends.min(axis=1) < low) | (ends.max(axis=1) > high))


def _once(bars: Bars) -> Bars:
    """Ascending bars without those whose day another one has too; of equal ones the first stays."""
    same_day = bars.dates[1:] == bars.dates[:-1]
    differs = same_day & (bars.values[1:] != bars.values[:-1]).any(axis=1)
    first = np.concatenate([[True], ~same_day])[: len(bars)]
    kept = first & ~np.isin(bars.dates, bars.dates[1:][differs])
    return Bars(bars.dates[kept], bars.values[kept])


def flags(bars: Bars, *, since: Bars) -> list[str]:
    """What is possible but strange in the days of `since`, the last of `bars`, a line each.

    Changes of the adjusted close, which no split or dividend moves, and gaps.
    """
    # With the one before, from which the first change is counted.
    bars = bars.last(len(since) + 1)
    closes = bars.values[:, ADJUSTED_CLOSE].astype(float)
    changes = closes[1:] / closes[:-1] - 1
    large = np.flatnonzero(np.abs(changes) > GREATEST_CHANGE)
    days_apart = np.busday_count(bars.dates[:-1], bars.dates[1:], holidays=HOLIDAYS)
    gaps = np.flatnonzero(days_apart > LONGEST_GAP_DAYS)
    return [f"{bars.dates[at + 1]}: close changed by {changes[at]:+.0%} without a split" for at in large] + [
        f"{bars.dates[at + 1]}: {days_apart[at]} trading days after the bar before" for at in gaps
    ]


def same_adjustment(old: Bars, new: Bars) -> bool:
    """Whether the days that both have, at least one, have the same prices, raw and adjusted."""
    days, in_old, in_new = np.intersect1d(old.dates, new.dates, return_indices=True)
    before, now = old.values[in_old][:, _PRICES], new.values[in_new][:, _PRICES]
    return len(days) > 0 and bool((before == now).all())


def same_factor(old: Bars, new: Bars) -> bool:
    """Whether the days that both have are adjusted alike. Their closes may differ by their source."""
    _, in_old, in_new = np.intersect1d(old.dates, new.dates, return_indices=True)
    return bool(_close(old.factors()[in_old], new.factors()[in_new]).all())


def _close(factors: NDArray[np.float64], others: NDArray[np.float64] | np.float64) -> NDArray[np.bool_]:
    return np.isclose(factors, others, rtol=1e-4)
