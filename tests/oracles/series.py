"""Made-up prices that the oracles and our own code both see. Standard library only: the oracles have another
one.
"""

import math
import random
from datetime import date, timedelta
from functools import cache

TICKERS = ("BND", "IEF", "TLT", *(f"A{number:02}" for number in range(12)))
DAYS = 900


@cache
def weekdays() -> list[date]:
    """The days of all series."""
    days = [date(2018, 1, 1) + timedelta(days=offset) for offset in range(DAYS * 2)]
    return [day for day in days if day.weekday() < 5][:DAYS]


@cache
def closes() -> dict[str, list[float]]:
    """Random walks with four decimals. Bonds move a fifth as much; after two years shares fall a while."""
    chance = random.Random(20260101)  # noqa: S311 - made-up prices
    walks: dict[str, list[float]] = {}
    for ticker in TICKERS:
        bond = ticker in ("BND", "IEF", "TLT")
        drift = chance.gauss(0.0002, 0.0006) if not bond else 0.0001
        price, walk = chance.uniform(20, 200), []
        for day in range(DAYS):
            fall = -0.004 if not bond and 500 <= day < 640 else 0.0
            price *= math.exp(drift + fall + chance.gauss(0, 0.003 if bond else 0.015))
            walk.append(round(price, 4))
        walks[ticker] = walk
    return walks


@cache
def ranges() -> dict[str, tuple[list[float], list[float]]]:
    """Highs and lows around the closes."""
    chance = random.Random(7)  # noqa: S311 - made-up prices
    return {
        ticker: (
            [round(close * (1 + abs(chance.gauss(0, 0.01))), 4) for close in walk],
            [round(close * (1 - abs(chance.gauss(0, 0.01))), 4) for close in walk],
        )
        for ticker, walk in closes().items()
    }
