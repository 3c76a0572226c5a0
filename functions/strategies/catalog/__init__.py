"""The strategies: a file each, and a line here."""

from functions.strategies.catalog.dual_momentum import DualMomentum
from functions.strategies.catalog.equal_weight import EqualWeight
from functions.strategies.catalog.inverse_volatility import InverseVolatility
from functions.strategies.catalog.momentum import Momentum
from functions.strategies.catalog.olmar import Olmar
from functions.strategies.strategy import Strategy

_CLASSES: tuple[type[Strategy], ...] = (
    DualMomentum,
    Momentum,
    InverseVolatility,
    Olmar,
    EqualWeight,
)

STRATEGIES: dict[str, type[Strategy]] = {strategy.name: strategy for strategy in _CLASSES}
"""By name."""
