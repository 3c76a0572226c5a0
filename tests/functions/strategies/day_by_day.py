"""A backtest in plain Python, a day after the other, that shares no code with the engine: its oracle."""

from collections.abc import Callable
from datetime import date

Known = dict[str, list[float | None]]
Weights = dict[str, float]


def dual_momentum(
    lookback: int, risk_free: float, shares: tuple[str, ...], safe: str
) -> Callable[[Known], Weights]:
    def weights(known: Known) -> Weights:
        returns = {
            ticker: gain for ticker in known if (gain := _gain(known[ticker], lookback, 0)) is not None
        }
        best = [(gain, ticker) for ticker, gain in returns.items() if ticker in shares]
        if best and max(best)[0] > risk_free * lookback / 252:
            return {max(best)[1]: 1.0}
        return {safe: 1.0} if safe in returns else {}

    return weights


def momentum(lookback: int, skip: int, top: int, shares: tuple[str, ...]) -> Callable[[Known], Weights]:
    def weights(known: Known) -> Weights:
        gains = [
            (gain, ticker)
            for ticker in shares
            if (gain := _gain(known[ticker], lookback, skip)) is not None and known[ticker][-1] is not None
        ]
        return {ticker: 1 / top for gain, ticker in sorted(gains, reverse=True)[:top] if gain > 0}

    return weights


def _gain(walk: list[float | None], since: int, until: int) -> float | None:
    if len(walk) <= since:
        return None
    before, after = walk[-1 - since], walk[-1 - until]
    return None if before is None or after is None else after / before - 1


def simulate(
    days: list[date],
    walks: Known,
    first: int,
    decide: Callable[[Known], Weights],
    *,
    capital: float,
    commission: float,
    cost: float,
    rates: list[float],
) -> tuple[list[float], float]:
    """The equity of each day from `first` on, and all costs. `cost` is a part of the traded value."""
    cash, units, last, silent = (
        capital,
        dict.fromkeys(walks, 0.0),
        dict.fromkeys(walks, 0.0),
        dict.fromkeys(walks, 0),
    )
    waiting: Weights | None = None
    curve, paid = [], 0.0
    for today in range(first, len(days)):
        for ticker, walk in walks.items():
            price = walk[today]
            silent[ticker] = silent[ticker] + 1 if price is None else 0
            last[ticker] = last[ticker] if price is None else price
            if silent[ticker] == 5 and units[ticker]:
                value = units[ticker] * last[ticker] / rates[today]
                fee = min(value, commission + cost * value)
                cash, units[ticker], paid = cash + value - fee, 0.0, paid + fee
        if waiting is not None:
            values = {ticker: units[ticker] * last[ticker] / rates[today] for ticker in walks}
            open_today = [ticker for ticker in walks if walks[ticker][today] is not None]
            orders = _orders(values, cash, waiting, open_today, commission=commission, cost=cost)
            for ticker, change in orders.items():
                fee = commission + cost * abs(change)
                units[ticker] += change * rates[today] / last[ticker]
                cash, paid = cash - change - fee, paid + fee
            waiting = None
        opens_month = today > 0 and days[today].month != days[today - 1].month
        if today == first or opens_month:
            waiting = decide({ticker: walk[: today + 1] for ticker, walk in walks.items()})
        curve.append(cash + sum(units[ticker] * last[ticker] / rates[today] for ticker in walks))
    return curve, paid


def _orders(
    values: Weights, cash: float, weights: Weights, open_today: list[str], *, commission: float, cost: float
) -> Weights:
    """By bisection for the equity that remains, dropping orders that are smaller than their commission."""
    equity = cash + sum(values.values())

    def targets(traded: list[str], remaining: float) -> Weights:
        left = remaining - sum(value for ticker, value in values.items() if ticker not in traded)
        share = sum(weights.get(ticker, 0.0) for ticker in traded)
        scale = min(remaining, left / share) if share else 0.0
        return {ticker: weights.get(ticker, 0.0) * scale for ticker in traded}

    def changes(traded: list[str], remaining: float) -> Weights:
        return {ticker: target - values[ticker] for ticker, target in targets(traded, remaining).items()}

    traded = [ticker for ticker in open_today if weights.get(ticker) or values[ticker]]
    traded = [
        ticker for ticker, change in changes(traded, equity).items() if abs(change) >= max(commission, 0.01)
    ]
    while traded:
        low, high = 0.0, equity
        for _ in range(200):
            middle = (low + high) / 2
            fees = sum(commission + cost * abs(change) for change in changes(traded, middle).values())
            low, high = (middle, high) if equity - fees > middle else (low, middle)
        found = changes(traded, low)
        kept = [ticker for ticker, change in found.items() if abs(change) >= max(commission, 0.01)]
        if kept == traded:
            return found
        traded = kept
    return {}
