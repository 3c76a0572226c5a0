"""One scan: who is looked at, what is found, and the counts that say why the others are not."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from functions.market.panel import Recent
from functions.scanner.bars import Bars
from functions.scanner.indicators import Floats
from functions.scanner.scanner import Scanner


@dataclass(frozen=True)
class Filters:
    """Limits of the raw close, and of the 20-day mean of raw close x volume."""

    min_price: Decimal | None = None
    max_price: Decimal | None = None
    min_dollar_volume: Decimal | None = None


NO_FILTERS = Filters()


@dataclass(frozen=True)
class Result:
    """One ticker that gives a signal. `price` is the raw close in USD, `change_percent` that of adjusted
    closes.
    """

    ticker: str
    date: date
    price: Decimal
    change_percent: float
    volume: int
    signal: str
    score: float
    numbers: dict[str, float | None]


@dataclass(frozen=True)
class Counts:
    """Of the tickers `asked` for, some were `not_traded` on the day or have `too_few_bars`; the others are
    `scanned`.

    `passed` says how many came through the filters and each stage after it; `found` is the number of results.
    """

    asked: int
    not_traded: int
    too_few_bars: int
    scanned: int
    passed: dict[str, int]
    found: int


@dataclass(frozen=True)
class Scan:
    """`date` is the day scanned, None where nothing has a bar; results are the best scores first."""

    date: date | None
    counts: Counts
    results: tuple[Result, ...]


def scan(
    scanner: Scanner,
    recent: Recent,
    asked: frozenset[str],
    day: date | None,
    *,
    benchmark: str,
    filters: Filters = NO_FILTERS,
) -> Scan:
    """Scan the tickers `asked` for on that day, by what is known after its close.

    The score is the percentile of a ticker's number among all scanned: the part that is below it and half of
    those equal, x 100. `recent` has the benchmark besides.
    """
    if day is None:
        return Scan(None, Counts(len(asked), len(asked), 0, 0, {}, 0), ())
    known = int(np.searchsorted(recent.dates, np.datetime64(day, "D"), side="right"))
    columns = {name: values[:known] for name, values in recent.columns.items()}
    bars = Bars.of(scanner.bars, **columns)
    tickers = np.array(recent.tickers)
    today = recent.dates[:known] == np.datetime64(day, "D")
    present = np.logical_and.reduce([np.isfinite(values[today]).any(axis=0) for values in columns.values()])
    traded = np.isin(tickers, list(asked)) & present
    eligible = np.flatnonzero(traded & (bars.counts >= scanner.bars))
    # In the order of the alphabet, so that the one asked for does not matter.
    eligible = eligible[np.argsort(tickers[eligible])]
    seen, names = bars.columns(eligible), tickers[eligible].tolist()
    findings = scanner.find(seen, bars.columns(np.flatnonzero(tickers == benchmark)))
    passing = _passes(filters, seen)
    passed = {"filters": int(passing.sum())}
    for stage, mask in findings.passed().items():
        passed[stage] = int((passing & mask).sum())
    for mask in findings.stages.values():
        passing = passing & mask
    results: list[Result] = []
    for name, signal in findings.signals.items():
        scores = percentiles(signal.rank_by)
        for column in np.flatnonzero(passing & signal.given & ~np.isnan(scores)):
            numbers = {key: _number(values[column]) for key, values in findings.numbers.items()}
            results.append(
                _result(
                    ticker=names[column],
                    day=day,
                    bars=seen,
                    column=int(column),
                    signal=name,
                    score=float(scores[column]),
                    numbers=numbers,
                )
            )
    results.sort(key=lambda result: (-result.score, result.ticker))
    counts = Counts(
        asked=len(asked),
        not_traded=len(asked) - int(traded.sum()),
        too_few_bars=int(traded.sum()) - len(eligible),
        scanned=len(eligible),
        passed=passed,
        found=len(results),
    )
    return Scan(day, counts, tuple(results))


def percentiles(values: Floats) -> Floats:
    """The percentile rank of each among all that are defined: those below and half of those equal, x 100."""
    defined = values[~np.isnan(values)]
    ascending = np.sort(defined)
    below = np.searchsorted(ascending, values, side="left")
    upto = np.searchsorted(ascending, values, side="right")
    return np.where(np.isnan(values), np.nan, 50 * (below + upto) / max(1, len(defined)))


def _passes(filters: Filters, bars: Bars) -> NDArray[np.bool_]:
    passing = np.ones(bars.close.shape[1], dtype=np.bool_)
    if filters.min_price is not None:
        passing &= bars.close[-1] >= float(filters.min_price)
    if filters.max_price is not None:
        passing &= bars.close[-1] <= float(filters.max_price)
    if filters.min_dollar_volume is not None:
        passing &= bars.dollar_volume() >= float(filters.min_dollar_volume)
    return passing


def _number(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


def _result(
    *,
    ticker: str,
    day: date,
    bars: Bars,
    column: int,
    signal: str,
    score: float,
    numbers: dict[str, float | None],
) -> Result:
    adjusted = bars.adjusted_close[-2:, column]
    return Result(
        ticker,
        day,
        # The cache keeps millionths; a float of them is read back exactly.
        Decimal(repr(round(float(bars.close[-1, column]), 6))),
        round(float(adjusted[1] / adjusted[0] - 1) * 100, 4),
        int(bars.volume[-1, column]),
        signal,
        round(score, 2),
        numbers,
    )
