"""The engine: what a strategy would have made of its prices, day by day."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from functions.strategies.prices import ENDED_AFTER_DAYS, Floats, Prices, Rows
from functions.strategies.rebalancing import Costs, rebalance
from functions.strategies.strategy import Strategy


@dataclass(frozen=True, eq=False)
class Decision:
    """`weights` (tickers,) decided on the close of `decided` and executed on that of `executed`.

    `executed` is None where there is no next day yet.
    """

    decided: int
    executed: int | None
    weights: Floats


@dataclass(frozen=True, eq=False)
class Trades:
    """What was traded, in the order it was: a row of each array is a trade.

    `units` is negative for a sale, `prices` in USD, `values` (units x price) and `costs` in the account's
    currency.
    """

    rows: Rows
    columns: Rows
    units: Floats
    prices: Floats
    values: Floats
    costs: Floats


@dataclass(frozen=True, eq=False)
class Backtest:
    """A run: `equity` = `cash` + `invested`, each (days from the first on,), in the account's currency."""

    prices: Prices
    first: int
    cash: Floats
    invested: Floats
    decisions: tuple[Decision, ...]
    trades: Trades

    @property
    def equity(self) -> Floats:
        """At the close of every day."""
        return self.cash + self.invested

    @property
    def days(self) -> NDArray[np.datetime64]:
        """The days of the run."""
        return self.prices.days[self.first :]


class _Account:
    """Cash and units, and the last price of each asset that is held."""

    def __init__(
        self, prices: Prices, first: int, *, capital: float, rates: Floats, costs: Costs, fee: float
    ) -> None:
        self._closes, self._rates, self._first = prices.closes, rates, first
        self._commission, self._fee = float(costs.commission), fee
        self._units = np.zeros(len(prices.tickers))
        self._last = np.zeros(len(prices.tickers))
        self._money = capital
        self._row = first - 1
        days = len(prices.closes) - first
        self.cash, self.invested = np.empty(days), np.empty(days)
        self._trades: list[tuple[int, Rows, Floats, Floats, Floats, Floats]] = []

    def hold_until(self, row: int) -> None:
        """Let positions drift up to the close of that row; one without a price keeps its last."""
        if row <= self._row:
            return
        since = self._row + 1
        days = slice(since - self._first, row + 1 - self._first)
        held = np.flatnonzero(self._units)
        # Not `[..., held]`, which lays several days out by column, nor `@`: both round a day differently with
        # how many days are asked for.
        closes, last = self._closes[since : row + 1].take(held, axis=1), self._last[held]
        if np.isnan(closes).any():
            for today in closes:
                np.copyto(today, last, where=np.isnan(today))
                last = today
        self.cash[days] = self._money
        self.invested[days] = (closes * self._units[held]).sum(axis=1) / self._rates[since : row + 1]
        self._last[held] = closes[-1]
        self._row = row

    def sell_ended(self, columns: Rows) -> None:
        """Sell at the last price. Nobody pays more for a sale than it brings."""
        columns = columns[self._units[columns] > 0]
        if len(columns):
            values = self._units[columns] * self._last[columns] / self._rates[self._row]
            self._book(columns, -values, np.minimum(self._commission + self._fee * values, values))

    def rebalance(self, weights: Floats) -> None:
        """Trade at the closes of the row that it has come to."""
        closes = self._closes[self._row]
        tradable = ~np.isnan(closes)
        self._last = np.where(tradable, closes, self._last)
        values = self._units * self._last / self._rates[self._row]
        orders = rebalance(
            values, self._money, weights, tradable, commission=self._commission, rate=self._fee
        )
        columns = np.flatnonzero(orders.changes)
        if len(columns):
            self._book(columns, orders.changes[columns], orders.costs[columns])

    def _book(self, columns: Rows, changes: Floats, costs: Floats) -> None:
        rate = self._rates[self._row]
        units = changes * rate / self._last[columns]
        after = self._units[columns] + units
        # What is sold whole leaves no unit behind through rounding.
        after[after * self._last[columns] / rate < 1e-6] = 0.0
        units = after - self._units[columns]
        self._units[columns] = after
        self._money -= float(changes.sum() + costs.sum())
        self._trades.append((self._row, columns, units, self._last[columns], changes, costs))
        day, held = self._row - self._first, np.flatnonzero(self._units)
        self.cash[day] = self._money
        self.invested[day] = (self._last[held] * self._units[held]).sum() / rate

    def trades(self) -> Trades:
        if not self._trades:
            nothing, nowhere = np.empty(0), np.empty(0, dtype=np.intp)
            return Trades(nowhere, nowhere, nothing, nothing, nothing, nothing)
        rows = np.repeat(
            np.array([row for row, *_ in self._trades], dtype=np.intp),
            [len(columns) for _, columns, *_ in self._trades],
        )
        columns, units, prices, values, costs = (
            np.concatenate(parts) for parts in list(zip(*self._trades, strict=True))[1:]
        )
        return Trades(rows, columns, units, prices, values, costs)


def backtest(
    strategy: Strategy,
    prices: Prices,
    first: int,
    *,
    capital: float,
    costs: Costs,
    rates: Floats | None = None,
) -> Backtest:
    """Run from the close of row `first`; earlier rows are what the strategy may look back on.

    `rates` (days,) are USD for one unit of the account's currency, known on each day from `first` on; None is
    an account in USD. What is decided on a close is executed on the next one. Positions drift in between;
    cash earns nothing; an asset that has ended is sold at its last price. Raises ValueError for an unknown
    rate, and for weights that are none.
    """
    per_unit = np.ones(len(prices.days)) if rates is None else rates
    if not (per_unit[first:] > 0).all():
        raise ValueError("a currency rate is not known")
    fee = costs.rate(foreign=rates is not None)
    account = _Account(prices, first, capital=capital, rates=per_unit, costs=costs, fee=fee)
    ended = _ended(prices, first)
    decides = set(strategy.calendar.decisions(prices.days, first).tolist())
    decisions: list[Decision] = []
    weights = np.zeros(len(prices.tickers))
    final = len(prices.days) - 1
    for row in sorted(decides | {decided + 1 for decided in decides if decided < final} | ended.keys()):
        account.hold_until(row)
        if row in ended:
            account.sell_ended(ended[row])
        if row - 1 in decides:
            account.rebalance(weights)
        if row in decides:
            known = prices.until(row)
            weights = (
                _checked(strategy, known, weights) if row + 1 >= strategy.bars else np.zeros_like(weights)
            )
            decisions.append(Decision(row, row + 1 if row < final else None, weights))
    account.hold_until(final)
    return Backtest(prices, first, account.cash, account.invested, tuple(decisions), account.trades())


def _checked(strategy: Strategy, known: Prices, previous: Floats) -> Floats:
    weights = strategy.weights(known, previous)
    if weights.shape != previous.shape or not (weights >= 0).all() or weights.sum() > 1 + 1e-9:
        raise ValueError(
            f"{strategy.name} on {known.days[-1]}: weights have to be at least 0 and add up to 1 or less"
        )
    return weights


def _ended(prices: Prices, first: int) -> dict[int, Rows]:
    """The columns that count as ended from each row on, for rows after `first`."""
    missing = np.isnan(prices.closes[max(0, first - ENDED_AFTER_DAYS) :])
    if not missing.any() or len(missing) <= ENDED_AFTER_DAYS:
        return {}
    run = missing[ENDED_AFTER_DAYS:] & ~missing[:-ENDED_AFTER_DAYS]
    for back in range(1, ENDED_AFTER_DAYS):
        run &= missing[ENDED_AFTER_DAYS - back : -back]
    rows, columns = np.nonzero(run)
    rows += ENDED_AFTER_DAYS + max(0, first - ENDED_AFTER_DAYS)
    return {int(row): columns[rows == row] for row in np.unique(rows)}
