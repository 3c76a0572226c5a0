"""The bars a scan looks at."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from functions.scanner.indicators import Floats

# A day's change of the adjustment that is larger is a split; smaller ones are dividends.
_LEAST_SPLIT = 1.2
# Beyond is the rounding of floats: 28 / 20 - 1 is a hair below 0.4, which would decide at a rule's limit.
_PLACES_OF_RATIOS = 12


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
    def of(cls, at_least: int = 0, /, **panel: Floats) -> Self:
        """Of a panel (days, tickers), NaN where a ticker has no bar. A bar that lacks a number is none.

        A shorter panel gets empty rows above, so that there are `at_least` so many.
        """
        days, tickers = panel["close"].shape
        above = np.full((max(0, at_least - days), tickers), np.nan)
        panel = {name: np.concatenate((above, values)) for name, values in panel.items()}
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
        returns = self.adjusted_close[-1] / self.adjusted_close[-1 - days] - 1
        return np.asarray(returns.round(_PLACES_OF_RATIOS))

    def of_high(self, days: int) -> Floats:
        """The adjusted close over the highest adjusted high of so many days, today's with it."""
        ratios = self.adjusted_close[-1] / self.adjusted_high[-days:].max(axis=0)
        return np.asarray(ratios.round(_PLACES_OF_RATIOS))

    def volumes(self, days: int) -> Floats:
        """The volumes of so many days, (days, tickers), in today's shares: a split since makes them more."""
        # The adjustment itself, and the one place where raw and adjusted closes meet.
        factors = self.close[-days:] / self.adjusted_close[-days:]
        changes = factors[:-1] / factors[1:]
        splits = np.where((changes > _LEAST_SPLIT) | (changes < 1 / _LEAST_SPLIT), changes, 1.0)
        later = np.cumprod(splits[::-1], axis=0)[::-1]
        return self.volume[-days:] * np.vstack((later, np.ones((1, later.shape[1]))))

    def dollar_volume(self) -> Floats:
        """The 20-day mean of raw close x volume."""
        return np.asarray((self.close[-20:] * self.volume[-20:]).mean(axis=0))


COLUMNS = tuple(field.name for field in fields(Bars))
"""What a scan reads of the cache."""
