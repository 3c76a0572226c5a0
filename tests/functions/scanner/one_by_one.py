"""The scanners' oracle: their rules in plain Python, one ticker at a time, sharing no code with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan
from statistics import fmean, pstdev

from functions.market.panel import Recent

Finding = tuple[str | None, dict[str, float]]
"""The signal that a ticker gives, if any, and by which number each signal ranks it."""


@dataclass(frozen=True)
class Walk:
    """A ticker's bars without gaps, oldest first."""

    raw: list[float]
    volume: list[float]
    high: list[float]
    low: list[float]
    close: list[float]

    def gain(self, days: int) -> float:
        return self.close[-1] / self.close[-1 - days] - 1

    def average(self, days: int, ago: int = 0) -> float:
        return fmean(self.close[len(self.close) - ago - days : len(self.close) - ago])

    def of_high(self, days: int) -> float:
        return self.close[-1] / max(self.high[-days:])

    def dollars(self) -> float:
        return fmean(price * shares for price, shares in zip(self.raw[-20:], self.volume[-20:], strict=True))


def quallamaggie(walk: Walk, spy: Walk) -> Finding:
    ranges = [
        max(high, before) - min(low, before)
        for high, low, before in zip(walk.high[1:], walk.low[1:], walk.close[:-1], strict=True)
    ]
    atr = _wilder(ranges)
    good = (
        walk.raw[-1] > 5
        and walk.dollars() >= 20_000_000
        and walk.gain(63) >= 0.3
        and walk.gain(21) >= 0.1
        and walk.gain(63) > spy.gain(63)
        and walk.close[-1] > walk.average(10) > walk.average(20) > walk.average(50)
        and walk.close[-1] > walk.average(200)
        and walk.average(50) > walk.average(50, ago=10)
        and walk.of_high(126) >= 0.85
        and atr[-1] < fmean(atr[-20:])
    )
    signal = "STRONG" if walk.gain(63) >= 0.4 and walk.of_high(126) >= 0.9 else "WATCH"
    return signal if good else None, dict.fromkeys(("STRONG", "WATCH"), walk.gain(63))


def breakout(walk: Walk, spy: Walk) -> Finding:  # noqa: ARG001 - every rule's
    good = walk.close[-1] > max(walk.average(20), walk.average(50)) and walk.of_high(252) >= 0.9
    return "BREAKOUT" if good else None, {"BREAKOUT": walk.gain(21)}


def high_52_week(walk: Walk, spy: Walk) -> Finding:  # noqa: ARG001 - every rule's
    good = walk.of_high(252) >= 0.98 and fmean(walk.volume[-20:]) > fmean(walk.volume[-60:])
    return "NEAR_HIGH" if good else None, {"NEAR_HIGH": walk.of_high(252)}


def mean_reversion(walk: Walk, spy: Walk) -> Finding:  # noqa: ARG001 - every rule's
    changes = [after - before for after, before in zip(walk.close[1:], walk.close[:-1], strict=True)]
    gains = _wilder([max(0.0, change) for change in changes])[-1]
    losses = _wilder([max(0.0, -change) for change in changes])[-1]
    rsi = 100 - 100 / (1 + gains / losses)
    last, width = walk.close[-1], 2 * pstdev(walk.close[-20:])
    oversold = (rsi < 30 or last < walk.average(20) - width) and last > walk.average(200)
    overbought = rsi > 70 or last > walk.average(20) + width
    signal = None if oversold == overbought else "OVERSOLD" if oversold else "OVERBOUGHT"
    return signal, {"OVERSOLD": -rsi, "OVERBOUGHT": rsi}


RULES: dict[str, tuple[Callable[[Walk, Walk], Finding], int]] = {
    "quallamaggie": (quallamaggie, 200),
    "breakout": (breakout, 252),
    "high_52_week": (high_52_week, 252),
    "mean_reversion": (mean_reversion, 200),
}
"""And how many bars each needs."""


def scanned(name: str, panel: Recent) -> dict[str, tuple[str, float]]:
    """Signal and score of each ticker found on the panel's last day."""
    rule, bars = RULES[name]
    spy = _walk(panel, 0)
    findings = {}
    for column in range(1, len(panel.tickers)):
        walk = _walk(panel, column)
        if len(walk.close) >= bars and not isnan(panel.columns["close"][-1, column]):
            findings[panel.tickers[column]] = rule(walk, spy)
    found = {}
    for ticker, (signal, ranks) in findings.items():
        if signal:
            mine, all_ranks = ranks[signal], [others[signal] for _, others in findings.values()]
            below, equal = sum(rank < mine for rank in all_ranks), all_ranks.count(mine)
            found[ticker] = (signal, 100 * (below + equal / 2) / len(all_ranks))
    return found


def _walk(panel: Recent, column: int) -> Walk:
    names = ("close", "volume", "adjusted_high", "adjusted_low", "adjusted_close")
    rows = zip(*(panel.columns[name][:, column].tolist() for name in names), strict=True)
    whole = [row for row in rows if not isnan(sum(row))]
    return Walk(*(list(values) for values in zip(*whole, strict=True)))


def _wilder(values: Sequence[float]) -> list[float]:
    averages = [fmean(values[:14])]
    for value in values[14:]:
        averages.append(averages[-1] * 13 / 14 + value / 14)
    return averages
