"""The bars a scan looks at."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from functions.scanner.indicators import Floats


@dataclass(frozen=True, eq=False)
class Bars:
    """The last bars of each ticker, (bars, tickers) each, the last row the newest day of the market.

    A column is the bars of a ticker without gaps: a day it was not traded is no row of it, so that ten rows
    are ten of its trading days. NaN stands above the first bar only.
    """

    close: Floats
    volume: Floats
    adjusted_high: Floats
    adjusted_low: Floats
    adjusted_close: Floats

    @classmethod
    def of(cls, **panel: Floats) -> Self:
        """Of a panel (days, tickers), NaN where a ticker has no bar. A bar that lacks a number is none."""
        whole = np.logical_and.reduce([np.isfinite(values) for values in panel.values()])
        order = np.argsort(whole, axis=0, kind="stable")
        return cls(
            **{
                name: np.take_along_axis(np.where(whole, values, np.nan), order, axis=0)
                for name, values in panel.items()
            }
        )

    @property
    def counts(self) -> NDArray[np.intp]:
        """How many bars each ticker has."""
        return np.asarray((~np.isnan(self.close)).sum(axis=0))

    def columns(self, chosen: NDArray[np.intp]) -> Self:
        """Of the tickers in these places only."""
        return type(self)(**{field.name: getattr(self, field.name)[:, chosen] for field in fields(self)})

    def total_return(self, days: int) -> Floats:
        """p(t) / p(t - days) - 1 of adjusted closes."""
        return np.asarray(self.adjusted_close[-1] / self.adjusted_close[-1 - days] - 1)

    def highest(self, days: int) -> Floats:
        """The highest adjusted high of so many days, today's with it."""
        return np.asarray(self.adjusted_high[-days:].max(axis=0))

    def dollar_volume(self) -> Floats:
        """The 20-day mean of raw close x volume."""
        return np.asarray((self.close[-20:] * self.volume[-20:]).mean(axis=0))
