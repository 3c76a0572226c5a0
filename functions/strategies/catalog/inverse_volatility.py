"""Risk parity without correlations."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from functions.strategies.prices import Floats, Prices
from functions.strategies.strategy import Strategy


class InverseVolatility(Strategy):
    """Each month weights in proportion to 1 / sample standard deviation of the last `window` returns."""

    name: ClassVar[str] = "inverse_volatility"

    window: int = Field(63, ge=20, le=252, description="daily returns of the standard deviation")

    @property
    def bars(self) -> int:
        return self.window + 1

    def weights(self, known: Prices, previous: Floats) -> Floats:  # noqa: ARG002 - where it came from does not matter
        closes = known.last(self.bars)
        deviations = np.std(closes[1:] / closes[:-1] - 1, axis=0, ddof=1)
        # Below it is the rounding of prices that do not move.
        eligible = known.candidates & (deviations > 1e-12)
        inverse = np.where(eligible, 1 / np.where(eligible, deviations, 1.0), 0.0)
        return np.asarray(inverse / max(inverse.sum(), 1e-300))
