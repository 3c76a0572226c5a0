"""Antonacci's dual momentum: the strongest asset, if it beats cash."""

from typing import ClassVar

import numpy as np
from pydantic import Field

from functions.runtime.fields import Ticker
from functions.strategies.prices import Floats, Prices
from functions.strategies.strategy import Strategy


class DualMomentum(Strategy):
    """Each month all in the asset with the best return over `lookback` days, if that is more than `risk_free`
    pays in the same time (risk_free x lookback / 252); else all in the best of `defensive`.
    """

    name: ClassVar[str] = "dual_momentum"

    lookback: int = Field(252, ge=20, le=504, description="days of the return that ranks the assets")
    risk_free: float = Field(0.04, ge=0, le=0.25, description="what cash pays a year")
    defensive: tuple[Ticker, ...] = Field(
        ("TLT", "IEF", "BND"),
        min_length=1,
        max_length=10,
        description="what is held when no asset beats cash",
    )

    @property
    def bars(self) -> int:
        return self.lookback + 1

    @property
    def bars_read(self) -> int:
        return 2

    @property
    def besides(self) -> tuple[str, ...]:
        return self.defensive

    def held_at_most(self, candidates: int) -> int:  # noqa: ARG002 - of how many does not matter
        return 1

    def weights(self, known: Prices, previous: Floats) -> Floats:  # noqa: ARG002 - where it came from does not matter
        returns = known.total_return(self.lookback)
        hurdle = self.risk_free * self.lookback / 252
        ranked = np.where(known.candidates & (returns > hurdle), returns, -np.inf)
        if np.isneginf(ranked).all():
            safe = np.isin(known.tickers, self.defensive) & ~np.isnan(returns)
            ranked = np.where(safe, returns, -np.inf)
        weights = np.zeros(len(returns))
        if not np.isneginf(ranked).all():
            weights[int(ranked.argmax())] = 1.0
        return weights
