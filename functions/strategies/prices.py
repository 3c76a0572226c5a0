"""The prices a backtest runs on."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

# An asset without a price for so many trading days in a row has ended. That looks at the past only: whether a
# gap closes later is not known on the day.
ENDED_AFTER_DAYS = 5


@dataclass(frozen=True, eq=False)
class Prices:
    """Adjusted closes in USD, NaN where there is none: `closes` is (days, tickers), both axes ascending.

    `candidates` (tickers,) marks what the strategy may choose from; the others are what it needs besides.
    """

    days: NDArray[np.datetime64]
    tickers: tuple[str, ...]
    closes: Floats
    candidates: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        days: NDArray[np.datetime64],
        tickers: tuple[str, ...],
        closes: Floats,
        candidates: frozenset[str] | None = None,
    ) -> Self:
        """Sort by ticker, so that ties and sums do not depend on the order of the columns.

        All tickers are candidates unless told. Raises ValueError for a ticker that occurs twice, days that do
        not ascend, and a price that is not above 0.
        """
        if len(set(tickers)) != len(tickers):
            raise ValueError("a ticker occurs twice")
        if (days[1:] <= days[:-1]).any():
            raise ValueError("days do not ascend")
        if (closes <= 0).any() or np.isinf(closes).any():
            raise ValueError("a price is not above 0")
        order = sorted(range(len(tickers)), key=tickers.__getitem__)
        names = tuple(tickers[column] for column in order)
        chosen = np.array([candidates is None or name in candidates for name in names], dtype=np.bool_)
        # What has that order already is not copied: it may be a hundred megabytes. By rows in any case: NumPy
        # rounds a mean over days otherwise where they lie by column.
        placed = closes if names == tickers else np.take(closes, order, axis=1)
        return cls(days, names, np.ascontiguousarray(placed), chosen)

    def until(self, row: int) -> Self:
        """What is known after the close of that row, without a copy."""
        return type(self)(self.days[: row + 1], self.tickers, self.closes[: row + 1], self.candidates)

    def last(self, days: int) -> Floats:
        """The closes of so many days. One that is missing, but for the very last, is the one before it until
        the asset counts as ended; NaN from then on, and before it begins.
        """
        return self._held_at(max(0, len(self.closes) - days), len(self.closes))

    def total_return(self, since: int, until: int = 0) -> Floats:
        """p(t - until) / p(t - since) - 1 for each ticker, t the last row, of closes as `last` has them."""
        if since >= len(self.closes):
            return np.full(len(self.tickers), np.nan)
        rows = (len(self.closes) - 1 - ago for ago in (since, until))
        before, after = (self._held_at(row, row + 1)[0] for row in rows)
        return np.asarray(after / before - 1)

    def _held_at(self, begin: int, end: int) -> Floats:
        closes = self.closes[begin:end]
        past = closes[: len(self.closes) - 1 - begin]
        if not np.isnan(past).any():
            return closes
        closes = closes.copy()
        for back in range(1, ENDED_AFTER_DAYS):
            first = max(begin, back)
            past = closes[first - begin : len(self.closes) - 1 - begin]
            earlier = self.closes[first - back : first - back + len(past)]
            np.copyto(past, earlier, where=np.isnan(past))
        return closes
