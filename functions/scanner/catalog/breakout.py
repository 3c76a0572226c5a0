"""Close to a year's high, above its averages."""

import numpy as np

from functions.scanner.bars import Bars
from functions.scanner.indicators import sma
from functions.scanner.scanner import Findings, Signal


def breakout(bars: Bars, benchmark: Bars, *, within_high_252: float = 0.10) -> Findings:  # noqa: ARG001 - every scanner's
    """Close above SMA20 and SMA50, and at most 10 % below the 252-day high. Ranked by the 21-day return."""
    close = bars.adjusted_close
    last = close[-1]
    sma_20, sma_50 = sma(close[-20:], 20)[-1], sma(close[-50:], 50)[-1]
    of_high, return_21 = bars.of_high(252), bars.total_return(21)
    stages = {"trend": (last > sma_20) & (last > sma_50), "near_high": of_high >= 1 - within_high_252}
    return Findings(
        stages,
        {"BREAKOUT": Signal(np.ones(len(last), dtype=np.bool_), return_21)},
        {"sma_20": sma_20, "sma_50": sma_50, "of_high_252": of_high, "return_21": return_21},
    )
