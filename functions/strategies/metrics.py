"""What a run of daily values is worth, by the field's usual figures."""

import numpy as np
from pydantic import BaseModel, ConfigDict

from functions.strategies.prices import Floats

DAYS_A_YEAR = 252
RISK_FREE = 0.04

# A return or a deviation below it is the rounding of floats.
_NOISE = 1e-12


class Metrics(BaseModel):
    """Fractions, not percents; a year is 252 days. None where a figure has no meaning.

    `max_drawdown` is 0 or negative. `turnover` is half of what was bought and sold a year, over the mean
    equity. `exposure` is the mean part of the equity that was invested.
    """

    model_config = ConfigDict(frozen=True)

    total_return: float | None = None
    cagr: float | None = None
    volatility: float | None = None
    sharpe: float | None = None
    sortino: float | None = None
    max_drawdown: float | None = None
    calmar: float | None = None
    win_rate_days: float | None = None
    turnover: float | None = None
    exposure: float | None = None


def metrics(equity: Floats, invested: Floats, traded: float) -> Metrics:
    """Of daily values: `equity` (days,), how much of it was `invested`; `traded`: the value of all orders."""
    # An account that costs have emptied earns nothing.
    alive = equity > 0
    returns = np.divide(equity[1:], equity[:-1], out=np.ones(len(equity) - 1), where=alive[:-1]) - 1
    exposure = float(np.divide(invested, equity, out=np.zeros(len(equity)), where=alive).mean())
    days = len(returns)
    if days == 0:
        return Metrics(exposure=exposure)
    total = float(equity[-1] / equity[0] - 1)
    cagr = _a_year(total, days)
    lowest = float((equity / np.maximum.accumulate(equity) - 1).min())
    drawdown = lowest if lowest < -_NOISE else 0.0
    volatility = float(returns.std(ddof=1)) * DAYS_A_YEAR**0.5 if days > 1 else None
    downside = float(np.sqrt(np.mean(np.minimum(returns, 0) ** 2))) * DAYS_A_YEAR**0.5
    excess = float(returns.mean()) * DAYS_A_YEAR - RISK_FREE
    return Metrics(
        total_return=total,
        cagr=cagr,
        volatility=volatility,
        sharpe=_ratio(excess, volatility),
        sortino=_ratio(excess, downside),
        max_drawdown=drawdown,
        calmar=None if cagr is None else _ratio(cagr, -drawdown),
        win_rate_days=float((returns > _NOISE).mean()),
        turnover=traded / 2 / float(equity.mean()) * DAYS_A_YEAR / days,
        exposure=exposure,
    )


def _a_year(total: float, days: int) -> float | None:
    """The return compounded to a year; None where a few days' would be more than a float holds."""
    try:
        return float((1 + total) ** (DAYS_A_YEAR / days)) - 1
    except OverflowError:
        return None


def _ratio(numerator: float, denominator: float | None) -> float | None:
    return numerator / denominator if denominator is not None and denominator > _NOISE else None
