"""Too far from its average."""

from functions.scanner.bars import Bars
from functions.scanner.indicators import bollinger, rsi, sma
from functions.scanner.scanner import Findings, Signal


def mean_reversion(
    bars: Bars,
    benchmark: Bars,  # noqa: ARG001 - every scanner's
    *,
    oversold_rsi_14: float = 30,
    overbought_rsi_14: float = 70,
    deviations: float = 2,
) -> Findings:
    """OVERSOLD: RSI14 below 30 or close below the lower Bollinger band (20, 2), and close above SMA200;
    ranked by the lowest RSI. OVERBOUGHT: RSI14 above 70 or close above the upper band; ranked by the highest
    RSI. What would be both is neither.
    """
    close = bars.adjusted_close
    last = close[-1]
    rsi_14 = rsi(close)[-1]
    lower, upper = (band[-1] for band in bollinger(close[-20:], 20, deviations))
    sma_200 = sma(close[-200:], 200)[-1]
    oversold = ((rsi_14 < oversold_rsi_14) | (last < lower)) & (last > sma_200)
    overbought = (rsi_14 > overbought_rsi_14) | (last > upper)
    return Findings(
        {"stretched": oversold ^ overbought},
        {"OVERSOLD": Signal(oversold, -rsi_14), "OVERBOUGHT": Signal(overbought, rsi_14)},
        {"rsi_14": rsi_14, "bollinger_lower": lower, "bollinger_upper": upper, "sma_200": sma_200},
    )
