"""The benchmark of all strategies."""

from typing import ClassVar

import numpy as np

from functions.strategies.prices import Floats, Prices
from functions.strategies.strategy import Strategy


class EqualWeight(Strategy):
    """Each month the same weight for every asset that has a price."""

    name: ClassVar[str] = "equal_weight"

    @property
    def bars(self) -> int:
        return 1

    def weights(self, known: Prices, previous: Floats) -> Floats:  # noqa: ARG002 - where it came from does not matter
        chosen = known.candidates & ~np.isnan(known.closes[-1])
        return np.asarray(chosen / max(1, chosen.sum()))
