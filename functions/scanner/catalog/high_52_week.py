"""At a year's high, with volume (George and Hwang 2004 rank by the nearness to it)."""

import numpy as np

from functions.scanner.bars import Bars
from functions.scanner.indicators import sma
from functions.scanner.scanner import Findings, Signal


def high_52_week(bars: Bars, benchmark: Bars, *, within_high_252: float = 0.02) -> Findings:  # noqa: ARG001 - every scanner's
    """Close at most 2 % below the 252-day high, 20-day mean of the volume in today's shares above its
    60-day mean. Ranked by close / high.
    """
    of_high, volumes = bars.of_high(252), bars.volumes(60)
    volume_20, volume_60 = sma(volumes[-20:], 20)[-1], sma(volumes, 60)[-1]
    stages = {"near_high": of_high >= 1 - within_high_252, "volume": volume_20 > volume_60}
    return Findings(
        stages,
        {"NEAR_HIGH": Signal(np.ones(len(of_high), dtype=np.bool_), of_high)},
        {"of_high_252": of_high, "volume_mean_20": volume_20, "volume_mean_60": volume_60},
    )
