"""A backtest in plain Python, a day after the other, that shares no code with the engine: its oracle."""

from collections.abc import Callable
from datetime import date
from statistics import fmean, stdev

Known = dict[str, list[float | None]]
Weights = dict[str, float]
# A float has 53 bits.
HALVINGS = 60


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


def equal_weight(shares: tuple[str, ...]) -> Callable[[Known], Weights]:
    def weights(known: Known) -> Weights:
        there = [ticker for ticker in shares if known[ticker][-1] is not None]
        return {ticker: 1 / len(there) for ticker in there}

    return weights


def inverse_volatility(window: int, shares: tuple[str, ...]) -> Callable[[Known], Weights]:
    def weights(known: Known) -> Weights:
        inverse = {}
        for ticker in shares:
            closes = _whole(known[ticker], window + 1)
            if closes:
                pairs = zip(closes[1:], closes[:-1], strict=True)
                inverse[ticker] = 1 / stdev(after / before - 1 for after, before in pairs)
        return {ticker: part / sum(inverse.values()) for ticker, part in inverse.items()}

    return weights


def olmar(window: int, epsilon: float, shares: tuple[str, ...]) -> Callable[[Known], Weights]:
    """Keeps what it decided last, as the algorithm does."""
    held: Weights = {}

    def weights(known: Known) -> Weights:
        closes = {ticker: found for ticker in shares if (found := _whole(known[ticker], window))}
        before = {ticker: held.get(ticker, 0.0) for ticker in closes}
        total = sum(before.values())
        held.clear()
        if closes:
            before = {
                ticker: part / total if total > 0 else 1 / len(closes) for ticker, part in before.items()
            }
            expected = {ticker: fmean(walk) / walk[-1] for ticker, walk in closes.items()}
            middle = fmean(expected.values())
            spread = sum((relative - middle) ** 2 for relative in expected.values())
            reached = sum(before[ticker] * expected[ticker] for ticker in closes)
            step = max(0.0, epsilon - reached) / spread if spread else 0.0
            held.update(_projected({t: before[t] + step * (expected[t] - middle) for t in closes}))
        return dict(held)

    return weights


ORACLES: dict[str, Callable[[tuple[str, ...], str], Callable[[Known], Weights]]] = {
    "dual_momentum": lambda shares, safe: dual_momentum(20, 0.04, shares, safe),
    "momentum": lambda shares, _: momentum(20, 3, 2, shares),
    "inverse_volatility": lambda shares, _: inverse_volatility(20, shares),
    "olmar": lambda shares, _: olmar(5, 10, shares),
    "equal_weight": lambda shares, _: equal_weight(shares),
}
"""Every strategy by name, with the parameters of panels.py: of what it chooses from, and of what is safe."""


def _projected(point: Weights) -> Weights:
    """Onto the simplex, by bisection for what is taken from each coordinate."""
    values = point.values()
    low, high = min(values) - 1, max(values)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        over = sum([value - middle for value in values if value > middle]) > 1
        low, high = (middle, high) if over else (low, middle)
    return {ticker: max(0.0, value - low) for ticker, value in point.items()}


def _bridged(walk: list[float | None]) -> list[float | None]:
    """A missing close is the close before it, of at most four days ago."""
    bridged = list(walk)
    for day in range(1, len(walk)):
        if walk[day] is None:
            earlier = [close for close in walk[max(0, day - 4) : day] if close is not None]
            bridged[day] = earlier[-1] if earlier else None
    return bridged


def _whole(walk: list[float | None], days: int) -> list[float]:
    """The last so many closes; none if there are fewer, or one is missing."""
    known = [close for close in walk[-days:] if close is not None]
    return known if len(known) == days else []


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
    weekly: bool = False,
) -> tuple[list[float], float]:
    """The equity of each day from `first` on, and all costs. `cost` is a part of the traded value."""
    cash, units, last, silent = (
        capital,
        dict.fromkeys(walks, 0.0),
        dict.fromkeys(walks, 0.0),
        dict.fromkeys(walks, 0),
    )
    bridged = {ticker: _bridged(walk) for ticker, walk in walks.items()}
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
        if today == first or _period(days[today], weekly) != _period(days[today - 1], weekly):
            waiting = decide({t: [*bridged[t][:today], walk[today]] for t, walk in walks.items()})
        curve.append(cash + sum(units[ticker] * last[ticker] / rates[today] for ticker in walks))
    return curve, paid


def _period(day: date, weekly: bool) -> tuple[int, int]:
    return day.isocalendar()[:2] if weekly else (day.year, day.month)


def _orders(
    values: Weights, cash: float, weights: Weights, open_today: list[str], *, commission: float, cost: float
) -> Weights:
    """By bisection for the equity that remains, dropping orders that are smaller than their commission."""
    equity = cash + sum(values.values())
    traded = [ticker for ticker in open_today if weights.get(ticker) or values[ticker]]
    traded = _large_enough(traded, _changes(values, weights, traded)(equity), commission)
    while traded:
        changes = _changes(values, weights, traded)
        low, high = 0.0, equity
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            fees = sum([commission + cost * abs(change) for change in changes(middle)])
            low, high = (middle, high) if equity - fees > middle else (low, middle)
        kept = _large_enough(traded, changes(low), commission)
        if kept == traded:
            return dict(zip(traded, changes(low), strict=True))
        traded = kept
    return {}


def _changes(values: Weights, weights: Weights, traded: list[str]) -> Callable[[float], list[float]]:
    """What is bought and sold, for the equity that remains."""
    untouched = sum(value for ticker, value in values.items() if ticker not in traded)
    pairs = [(weights.get(ticker, 0.0), values[ticker]) for ticker in traded]
    share = sum(weight for weight, _ in pairs)

    def changes(remaining: float) -> list[float]:
        scale = min(remaining, (remaining - untouched) / share) if share else 0.0
        return [weight * scale - value for weight, value in pairs]

    return changes


def _large_enough(traded: list[str], changes: list[float], commission: float) -> list[str]:
    pairs = zip(traded, changes, strict=True)
    return [ticker for ticker, change in pairs if abs(change) >= max(commission, 0.01)]
