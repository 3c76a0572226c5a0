"""Panels, derived from the bars: the former panels with the columns of the tickers that changed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from functions.ingest.ticker import Column
from functions.market.bars import HOLIDAYS
from functions.market.layout import COLUMNS, PANEL_TICKERS, RECENT_DAYS, RENEW_AFTER_DAYS
from functions.market.manifest import Panel
from functions.market.panel import read_recent
from functions.market.parquet import arrays, decimals, millionths, quoted, write

# Where there is no bar: no price and no volume is below 0.
NOTHING = -1
Days = NDArray[np.datetime64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Group:
    """A panel's tickers, and whether it has to be written. `former` is the panel that it comes from."""

    tickers: tuple[str, ...]
    former: Panel | None
    changed: bool


def grouped(
    panels: Sequence[Panel],
    changed: Sequence[str],
    kept: Callable[[str], bool],
    derivable: Callable[[Panel, Sequence[str]], Sequence[str] | None],
    today: date,
) -> list[Group]:
    """The panels to be: tickers stay where they are, new ones go to the end, and those not `kept` go.

    A panel that is old is written anew, as lifecycle removes what is old. `derivable` says with which of its
    tickers one that would be written can be: without those whose bars are lost too, which are in no panel
    then. If that is not known of all of them, it is None and the panel stays as it is: who reads it is told
    that it is lost.
    """
    known = {ticker for panel in panels for ticker in panel.tickers}
    new = [ticker for ticker in changed if ticker not in known]
    groups = []
    for panel in panels:
        tickers = [ticker for ticker in panel.tickers if kept(ticker)]
        added = new[: PANEL_TICKERS - len(tickers)]
        aged = (today - date.fromisoformat(panel.written_on)).days > RENEW_AFTER_DAYS
        other = (
            bool(added) or aged or len(tickers) < len(panel.tickers) or not set(tickers).isdisjoint(changed)
        )
        there = derivable(panel, tickers) if other else tickers
        if there is None:
            groups.append(Group(panel.tickers, panel, changed=False))
            continue
        new = new[len(added) :]
        groups.append(Group((*there, *added), panel, other))
    groups += [
        Group(tuple(new[at : at + PANEL_TICKERS]), None, changed=True)
        for at in range(0, len(new), PANEL_TICKERS)
    ]
    return [group for group in groups if group.tickers]


def closes(
    former: Path | None, kept: Sequence[str], tickers: Sequence[str], columns: Mapping[str, Column]
) -> bytes:
    """The panel of adjusted closes of `tickers`.

    `columns` where given; those `kept` as they are in `former`.
    """
    dates: list[Days] = [columns[ticker].dates for ticker in tickers if ticker in columns]
    found: Mapping[str, Any] = {}
    former_days: Days = np.array([], "datetime64[D]")
    if former:
        names = ", ".join(f"{millionths(quoted(ticker))} AS {quoted(ticker)}" for ticker in kept)
        found = arrays(former, f"SELECT date, {names} FROM {{file}} ORDER BY date")  # noqa: S608 - quoted
        former_days = np.asarray(found["date"]).astype("datetime64[D]")
        dates.append(former_days)
    days = _trading_days(dates)
    table: dict[str, Any] = {"date": days.astype("datetime64[us]")}
    for ticker in tickers:
        column = np.full(len(days), NOTHING, np.int64)
        if ticker in columns:
            _place(column, days, columns[ticker].dates, columns[ticker].adjusted)
        elif ticker in found:
            # DuckDB masks what is NULL.
            _place(column, days, former_days, np.ma.filled(np.ma.asarray(found[ticker]), NOTHING))
        table[ticker] = column
    selected = ", ".join(f"{_nothing_is_null(quoted(ticker))} AS {quoted(ticker)}" for ticker in tickers)
    return write(f"SELECT date::DATE AS date, {selected} FROM source", table)  # noqa: S608 - names are quoted


def recent(
    former: Path | None, kept: Sequence[str], tickers: Sequence[str], columns: Mapping[str, Column]
) -> bytes:
    """The panel of the last days, as `closes`."""
    dates = [columns[ticker].recent.dates for ticker in tickers if ticker in columns]
    former_days: Days = np.array([], "datetime64[D]")
    found: tuple[Whole, ...] = ()
    if former:
        whole = [name if name == "volume" else f"{millionths(name)} AS {name}" for name in COLUMNS]
        former_days, found = read_recent(former, kept, whole, nothing=np.int64(NOTHING))
        dates.append(former_days)
    days = _trading_days(dates)[-RECENT_DAYS:]
    place = {ticker: number for number, ticker in enumerate(kept)}
    table: dict[str, Any] = {
        "ticker": np.repeat(np.array(tickers, object), len(days)),
        "date": np.tile(days.astype("datetime64[us]"), len(tickers)),
    }
    for number, name in enumerate(COLUMNS):
        matrix = np.full((len(tickers), len(days)), NOTHING, np.int64)
        for row, ticker in enumerate(tickers):
            if ticker in columns:
                bars = columns[ticker].recent
                _place(matrix[row], days, bars.dates, bars.values[:, number])
            elif ticker in place:
                _place(matrix[row], days, former_days, found[number][:, place[ticker]])
        table[name] = matrix.reshape(-1)
    selected = ", ".join(
        f"nullif(volume, {NOTHING}) AS volume" if name == "volume" else f"{_nothing_is_null(name)} AS {name}"
        for name in COLUMNS
    )
    return write(f"SELECT ticker, date::DATE AS date, {selected} FROM source", table)  # noqa: S608 - the layout's own names


def _place(column: Whole, days: Days, dates: Days, values: Whole) -> None:
    # Both ascend; a day that is no row is left out.
    at = np.searchsorted(days, dates)
    inside = at < len(days)
    inside[inside] = days[at[inside]] == dates[inside]
    column[at[inside]] = values[inside]


def _trading_days(dates: Sequence[Days]) -> Days:
    # One ticker's stray bar on a holiday would otherwise be a day without prices for all others.
    days = np.unique(np.concatenate([np.array([], "datetime64[D]"), *dates]))
    return days[np.is_busday(days, holidays=HOLIDAYS)]


def _nothing_is_null(name: str) -> str:
    return decimals(f"nullif({name}, {NOTHING})")
