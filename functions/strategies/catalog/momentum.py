"""Cross-sectional momentum with the last month left out (Jegadeesh and Titman)."""

from typing import ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from functions.runtime.errors import InvalidError
from functions.strategies.prices import Floats, Prices
from functions.strategies.strategy import Strategy


class Momentum(Strategy):
    """Each month 1 / `top` in each of the `top` assets with the best return from `lookback` to `skip` days
    ago, where that is above 0; the rest is cash.
    """

    name: ClassVar[str] = "momentum"

    lookback: int = Field(252, ge=20, le=504, description="days ago that the return begins")
    skip: int = Field(21, ge=0, le=63, description="days ago that the return ends, less than lookback")
    top: int = Field(10, ge=1, le=100, description="how many assets are held")

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.skip >= self.lookback:
            raise ValueError(f"skip {self.skip} is not less than lookback {self.lookback}")
        return self

    @property
    def bars(self) -> int:
        return self.lookback + 1

    @property
    def bars_read(self) -> int:
        return 3

    def held_at_most(self, candidates: int) -> int:
        return min(self.top, candidates)

    def refuse_candidates(self, count: int) -> None:
        if count < self.top:
            raise InvalidError.field("parameters.top", self.top, f"At most the number of tickers, {count}")

    def weights(self, known: Prices, previous: Floats) -> Floats:  # noqa: ARG002 - where it came from does not matter
        returns = known.total_return(self.lookback, self.skip)
        eligible = known.candidates & ~np.isnan(known.closes[-1]) & (returns > 0)
        # Stable, so that of equal returns the first ticker of the alphabet is taken.
        best = np.argsort(np.where(eligible, -returns, np.inf), kind="stable")[: self.top]
        weights = np.zeros(len(returns))
        weights[best[eligible[best]]] = 1 / self.top
        return weights
