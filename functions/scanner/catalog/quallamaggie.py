"""Kristjan Qullamaggie's momentum set-up."""

from functions.scanner.bars import Bars
from functions.scanner.indicators import atr, sma
from functions.scanner.scanner import Findings, Signal


def quallamaggie(
    bars: Bars,
    benchmark: Bars,
    *,
    above_price: float = 5,
    min_dollar_volume: float = 20e6,
    min_return_63: float = 0.30,
    min_return_21: float = 0.10,
    near_high_126: float = 0.85,
    strong_return_63: float = 0.40,
    strong_near_high_126: float = 0.90,
) -> Findings:
    """Liquidity: raw close above 5, 20-day mean of raw close x volume at least 20 million. Momentum: 63-day
    return at least 30 %, 21-day at least 10 %, 63-day above SPY's. Trend: close > SMA10 > SMA20 > SMA50,
    close > SMA200, SMA50 above its value 10 days ago. Consolidation: close at least 85 % of the 126-day high,
    ATR14 below its 20-day mean. STRONG: 63-day return at least 40 % and close at least 90 % of that high;
    else WATCH. Ranked by the 63-day return.
    """
    close = bars.adjusted_close
    last = close[-1]
    dollar_volume = bars.dollar_volume()
    return_63, return_21 = bars.total_return(63), bars.total_return(21)
    sma_10, sma_20, sma_200 = (sma(close[-days:], days)[-1] for days in (10, 20, 200))
    sma_50 = sma(close[-60:], 50)
    near_high = bars.of_high(126)
    ranges = atr(bars.adjusted_high, bars.adjusted_low, close)
    mean_range = sma(ranges[-20:], 20)[-1]
    stages = {
        "liquidity": (bars.close[-1] > above_price) & (dollar_volume >= min_dollar_volume),
        "momentum": (return_63 >= min_return_63)
        & (return_21 >= min_return_21)
        & (return_63 > benchmark.total_return(63)),
        "trend": (last > sma_10)
        & (sma_10 > sma_20)
        & (sma_20 > sma_50[-1])
        & (last > sma_200)
        & (sma_50[-1] > sma_50[-11]),
        "consolidation": (near_high >= near_high_126) & (ranges[-1] < mean_range),
    }
    strong = (return_63 >= strong_return_63) & (near_high >= strong_near_high_126)
    return Findings(
        stages,
        {"STRONG": Signal(strong, return_63), "WATCH": Signal(~strong, return_63)},
        {
            "dollar_volume": dollar_volume,
            "return_63": return_63,
            "return_21": return_21,
            "sma_10": sma_10,
            "sma_20": sma_20,
            "sma_50": sma_50[-1],
            "sma_200": sma_200,
            "of_high_126": near_high,
            "atr_14": ranges[-1],
            "atr_14_mean_20": mean_range,
        },
    )
