"""On-line portfolio selection with moving average reversion."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from functions.strategies.prices import Floats, Prices
from functions.strategies.rebalancing import Calendar
from functions.strategies.strategy import Strategy


class Olmar(Strategy):
    """OLMAR-1 (Li and Hoi 2012), each week: expects every price to return to its average of `window` days,
    moves the weights as little as makes the expected relative price reach `epsilon`, and projects them onto
    the simplex.
    """

    name: ClassVar[str] = "olmar"
    calendar: ClassVar[Calendar] = Calendar.WEEKLY

    window: int = Field(5, ge=2, le=30, description="days of the average")
    epsilon: float = Field(10, ge=1, le=100, description="the expected relative price to reach")

    @property
    def bars(self) -> int:
        return self.window

    def weights(self, known: Prices, previous: Floats) -> Floats:
        closes = known.last(self.window)
        eligible = np.flatnonzero(known.candidates & ~np.isnan(closes).any(axis=0))
        weights = np.zeros(len(previous))
        if len(eligible) == 0:
            return weights
        held = previous[eligible]
        total = held.sum()
        held = held / total if total > 0 else np.full(len(eligible), 1 / len(eligible))
        expected = closes[:, eligible].mean(axis=0) / closes[-1, eligible]
        deviation = expected - expected.mean()
        spread = float(deviation @ deviation)
        step = max(0.0, self.epsilon - float(held @ expected)) / spread if spread > 1e-18 else 0.0
        weights[eligible] = project_onto_simplex(held + step * deviation)
        return weights


def project_onto_simplex(point: Floats) -> Floats:
    """The nearest point (Euclid) whose coordinates are at least 0 and add up to 1 (Duchi et al. 2008)."""
    descending = np.sort(point)[::-1]
    excess = np.cumsum(descending) - 1
    count = np.arange(1, len(point) + 1)
    kept = int(np.flatnonzero(descending * count > excess)[-1])
    projected = np.maximum(point - excess[kept] / count[kept], 0.0)
    return np.asarray(projected / projected.sum())
