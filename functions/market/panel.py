"""Panels: prices of many tickers as matrices of floats, for statistics. Money comes from the bars instead."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from functions.market.cache import LostTickersError, Snapshot
from functions.market.layout import RECENT_DAYS
from functions.market.manifest import Panel
from functions.market.parquet import arrays, quoted
from functions.market.universe import AUDUSD

Number = TypeVar("Number", np.float64, np.int64)
Days = NDArray[np.datetime64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Closes:
    """Adjusted closes, a row per day and a column per ticker; NaN where a ticker has no bar.

    `dates` are ascending `datetime64[D]`: the days on which any of the tickers has a bar.
    """

    dates: Days
    tickers: tuple[str, ...]
    adjusted: Matrix


@dataclass(frozen=True)
class Recent:
    """The last days: each of `columns` has a row per day and a column per ticker, NaN where it has no bar.

    Prices in US dollars, `volume` in shares. Raw and adjusted values are never mixed in one formula.
    """

    dates: Days
    tickers: tuple[str, ...]
    columns: Mapping[str, Matrix]


def load_closes(snapshot: Snapshot, tickers: Sequence[str], start: date, end: date) -> Closes:
    """Adjusted closes from `start` to `end`, both included, of the tickers in the order given.

    A ticker that the cache has no bars of is a column of NaN. Raises StorageError and UnreadableError.
    """

    def read(panel: Panel, columns: Sequence[str]) -> tuple[Days, dict[str, Any]]:
        chosen = ", ".join(("date", *map(quoted, columns)))
        select = f"SELECT {chosen} FROM {{file}} WHERE date BETWEEN $1 AND $2"  # noqa: S608 - quoted
        found = arrays(snapshot.cache.file(panel.closes), select, [start, end])
        return _days(found.pop("date")), found

    panels = _panels(snapshot, tickers)
    # The days first, so that each panel goes straight to its place: of 5,000 tickers a copy of all is a
    # hundred megabytes of new memory, which costs more than its share.
    dates = _all_days(read(panel, ())[0] for panel, _ in panels)
    adjusted = np.full((len(dates), len(tickers)), np.nan)
    place = {ticker: column for column, ticker in enumerate(tickers)}
    for panel, wanted in panels:
        # By each row's own day: DuckDB promises no order, and sorting takes a third as long again.
        days, found = read(panel, wanted)
        rows = np.searchsorted(dates, days)
        for ticker in wanted:
            adjusted[rows, place[ticker]] = _floats(found[ticker])
    traded = ~np.isnan(adjusted).all(axis=1)
    if not traded.all():
        dates, adjusted = dates[traded], adjusted[traded]
    return Closes(dates, tuple(tickers), adjusted)


def load_recent(snapshot: Snapshot, tickers: Sequence[str], columns: Sequence[str]) -> Recent:
    """The last 300 trading days of the tickers in the order given, and of layout.COLUMNS those asked for:
    reading them is most of what a scan costs.

    Raises StorageError and UnreadableError.
    """
    parts = []
    for panel, wanted in _panels(snapshot, tickers):
        file = snapshot.cache.file(panel.recent)
        days, found = read_recent(file, wanted, columns, nothing=np.float64(np.nan))
        parts.append((days, wanted, found))
    dates, matrices = _aligned(parts, tickers, len(columns))
    last = slice(-RECENT_DAYS, None)
    named = {name: matrix[last] for name, matrix in zip(columns, matrices, strict=True)}
    return Recent(dates[last], tuple(tickers), named)


def read_recent(
    file: Path, tickers: Sequence[str], columns: Sequence[str], *, nothing: Number
) -> tuple[Days, tuple[NDArray[Number], ...]]:
    """A file of the recent days: which days, and a matrix for each of `columns`, which are SQL.

    A row per day and a column per ticker, of the type of `nothing`, which stands where there is no bar.
    """
    # By each row's own ticker and day: DuckDB promises no order, and sorting takes half as long again.
    found = arrays(
        file,
        f"SELECT place, date, {', '.join(columns)} FROM {{file}} JOIN ("  # noqa: S608 - the caller's own SQL
        "SELECT unnest($1) AS ticker, unnest(range(len($1))) AS place) USING (ticker)",
        [list(tickers)],
    )
    place, dates = found.pop("place"), _days(found.pop("date"))
    days = np.unique(dates)
    at = np.searchsorted(days, dates) * len(tickers) + place
    matrices = []
    for column in found.values():
        matrix = np.full(len(days) * len(tickers), nothing)
        matrix[at] = _filled(column, nothing)
        matrices.append(matrix.reshape(len(days), len(tickers)))
    return days, tuple(matrices)


def load_audusd(snapshot: Snapshot, dates: Days) -> Matrix:
    """US dollars for an Australian one on each of `dates`: the day's rate or the last before it.

    Never a later one; NaN before the first known rate. Raises StorageError and UnreadableError.
    """
    rates = np.full(len(dates), np.nan)
    if entry := snapshot.catalogue.tickers.get(AUDUSD.ticker):
        file = snapshot.cache.file(entry.key)
        found = arrays(file, "SELECT date, close FROM {file} ORDER BY date")
        at = np.searchsorted(_days(found["date"]), dates, side="right") - 1
        known = at >= 0
        rates[known] = _floats(found["close"])[at[known]]
    return rates


def _panels(snapshot: Snapshot, tickers: Sequence[str]) -> list[tuple[Panel, list[str]]]:
    """Those with some of the tickers, and with which.

    Raises LostTickersError.
    """
    if lost := sorted(snapshot.lost.intersection(tickers)):
        raise LostTickersError(lost)
    panels = snapshot.manifest.panels
    of = {ticker: number for number, panel in enumerate(panels) for ticker in panel.tickers}
    wanted: list[list[str]] = [[] for _ in panels]
    for ticker in tickers:
        if ticker in of:
            wanted[of[ticker]].append(ticker)
    return [(panel, names) for panel, names in zip(panels, wanted, strict=True) if names]


def _aligned(
    parts: Sequence[tuple[Days, Sequence[str], tuple[Matrix, ...]]], tickers: Sequence[str], count: int
) -> tuple[Days, tuple[Matrix, ...]]:
    dates = _all_days(days for days, _, _ in parts)
    place = {ticker: column for column, ticker in enumerate(tickers)}
    whole = tuple(np.full((len(dates), len(tickers)), np.nan) for _ in range(count))
    for days, names, matrices in parts:
        columns = np.array([place[name] for name in names], int)
        at = np.ix_(np.searchsorted(dates, days), columns)
        for target, matrix in zip(whole, matrices, strict=True):
            target[at] = matrix
    return dates, whole


def _all_days(panels: Iterable[Days]) -> Days:
    """Each panel has days of its own; theirs together are the rows."""
    return np.unique(np.concatenate([np.array([], "datetime64[D]"), *panels]))


def _days(column: NDArray[np.datetime64]) -> Days:
    return np.asarray(column).astype("datetime64[D]")


def _floats(column: NDArray[np.float64]) -> Matrix:
    return _filled(column, np.float64(np.nan))


def _filled(column: NDArray[Any], nothing: Number) -> NDArray[Number]:
    # DuckDB masks what is NULL. What it answered is ours, so it is filled where it is.
    filled: NDArray[Number] = np.ma.getdata(column).astype(nothing.dtype, copy=False)
    np.copyto(filled, nothing, where=np.ma.getmask(column))
    return filled
