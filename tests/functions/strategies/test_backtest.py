"""The engine: no look-ahead, no money lost or found, and what simulations that share no code with it give."""

import json
from dataclasses import replace
from decimal import Decimal
from math import isnan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from functions.strategies.backtest import Backtest, backtest
from functions.strategies.catalog import STRATEGIES
from functions.strategies.catalog.equal_weight import EqualWeight
from functions.strategies.prices import ENDED_AFTER_DAYS, Floats, Prices
from functions.strategies.rebalancing import Calendar, Costs
from functions.strategies.strategy import Strategy
from tests.functions.strategies import day_by_day
from tests.functions.strategies.panels import (
    CANDIDATES,
    DAYS,
    FIRST,
    SMALL,
    TICKERS,
    business_days,
    prices_of,
    random_closes,
    random_rates,
)
from tests.oracles.series import closes as oracle_closes
from tests.oracles.series import weekdays

FREE = Costs(Decimal(0), Decimal(0), Decimal(0))
EXPECTED = json.loads((Path(__file__).parents[2] / "oracles" / "expected.json").read_text())
every_strategy = pytest.mark.parametrize("name", SMALL)
seeds = st.integers(0, 2**32 - 1)


def run(name: str, prices: Prices, rates: Floats | None = None, capital: float = 100_000) -> Backtest:
    return backtest(SMALL[name], prices, FIRST, capital=capital, costs=Costs(), rates=rates)


def same_until(row: int, one: Backtest, other: Backtest) -> None:
    """Every decision, trade and value up to the close of that row."""
    known = row - FIRST + 1
    np.testing.assert_array_equal(one.cash[:known], other.cash[:known])
    np.testing.assert_array_equal(one.invested[:known], other.invested[:known])
    for mine, theirs in zip(_decided(one, row), _decided(other, row), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    past, past_too = one.trades.rows <= row, other.trades.rows <= row
    for field in ("rows", "columns", "units", "prices", "values", "costs"):
        np.testing.assert_array_equal(
            getattr(one.trades, field)[past], getattr(other.trades, field)[past_too]
        )


def _decided(run: Backtest, row: int) -> list[Floats]:
    return [
        np.append(decision.weights, decision.decided) for decision in run.decisions if decision.decided <= row
    ]


def test_every_strategy_of_the_catalog_is_tested_here() -> None:
    assert SMALL.keys() == STRATEGIES.keys(), "panels.py needs parameters for each"
    assert day_by_day.ORACLES.keys() == STRATEGIES.keys(), (
        "day_by_day.py needs the rule of each, in plain Python"
    )


@every_strategy
@settings(max_examples=25, deadline=None)
@given(seed=seeds, row=st.integers(FIRST, DAYS - 2))
def test_prices_after_a_day_change_nothing_up_to_that_day(name: str, seed: int, row: int) -> None:
    closes, rates = random_closes(seed), random_rates(seed)
    other, other_rates = closes.copy(), rates.copy()
    chance = np.random.default_rng(seed + 2)
    later = chance.uniform(1, 500, other[row + 1 :].shape)
    later[chance.random(later.shape) < 0.2] = np.nan
    other[row + 1 :] = later
    other_rates[row + 1 :] = chance.uniform(0.5, 1, DAYS - row - 1)

    same_until(row, run(name, prices_of(closes), rates), run(name, prices_of(other), other_rates))


@every_strategy
@settings(max_examples=25, deadline=None)
@given(seed=seeds, row=st.integers(FIRST, DAYS - 2))
def test_a_run_that_ends_earlier_is_the_beginning_of_the_longer_one(name: str, seed: int, row: int) -> None:
    prices, rates = prices_of(random_closes(seed)), random_rates(seed)

    short = run(name, prices.until(row), rates[: row + 1])

    assert len(short.equity) == row - FIRST + 1
    same_until(row, short, run(name, prices, rates))


def test_a_day_of_many_assets_is_rounded_alike_however_many_days_follow() -> None:
    closes = np.random.default_rng(4).uniform(10, 500, (DAYS, 50))
    prices = Prices.of(business_days(), tuple(f"A{number:02}" for number in range(50)), closes)
    whole = run("equal_weight", prices)

    # The first day after the orders, alone and as the first of many.
    for row in (decision.decided + 2 for decision in whole.decisions):
        same_until(row, run("equal_weight", prices.until(row)), whole)


@every_strategy
@settings(max_examples=25, deadline=None)
@given(seed=seeds, capital=st.sampled_from([1_000, 100_000, 100_000_000]), abroad=st.booleans())
def test_equity_is_cash_and_positions_after_costs_every_day(
    name: str, seed: int, capital: float, abroad: bool
) -> None:
    """Both kept again from the list of trades alone, with the last known price of each asset."""
    prices = prices_of(random_closes(seed))
    rates = random_rates(seed) if abroad else np.ones(DAYS)

    made = run(name, prices, rates if abroad else None, capital)

    rates, last = rates[FIRST:], np.nan_to_num(prices.closes[FIRST:])
    for day in range(1, len(last)):
        np.copyto(last[day], last[day - 1], where=np.isnan(prices.closes[FIRST + day]))
    trades, days = made.trades, made.trades.rows - FIRST
    assert (days >= 0).all()
    traded = last[days, trades.columns]
    np.testing.assert_array_equal(trades.prices, traded)
    np.testing.assert_allclose(trades.units * traded / rates[days], trades.values, rtol=0, atol=1e-5)
    assert (trades.costs >= 0).all()
    units, paid = np.zeros(last.shape), np.zeros(len(last))
    np.add.at(units, (days, trades.columns), trades.units)
    np.add.at(paid, days, trades.values + trades.costs)
    units, cash = units.cumsum(axis=0), capital - paid.cumsum()
    np.testing.assert_allclose(made.cash, cash, rtol=0, atol=capital * 1e-9)
    np.testing.assert_allclose(made.equity, cash + (units * last).sum(axis=1) / rates, rtol=1e-9)
    assert (made.cash >= -capital * 1e-9).all()
    assert (units >= 0).all()


@every_strategy
@settings(max_examples=15, deadline=None)
@given(seed=seeds, order=st.permutations(range(len(TICKERS))))
@example(seed=507, order=[1, 2, 3, 4, 5, 0])  # whose closes lie by column, as `[:, order]` has them
def test_the_order_of_the_tickers_changes_nothing(name: str, seed: int, order: list[int]) -> None:
    closes = np.round(random_closes(seed))  # whole numbers, so that there are ties

    made = run(name, prices_of(closes))
    other = run(name, prices_of(closes[:, order], tuple(TICKERS[column] for column in order)))

    np.testing.assert_array_equal(made.equity, other.equity)
    np.testing.assert_array_equal(made.trades.costs, other.trades.costs)


@every_strategy
@settings(max_examples=15, deadline=None)
@given(seed=seeds, powers=st.lists(st.integers(-6, 6), min_size=len(TICKERS), max_size=len(TICKERS)))
def test_a_later_adjustment_changes_prices_and_quantities_of_trades_and_nothing_else(
    name: str, seed: int, powers: list[int]
) -> None:
    """By powers of two, which floats multiply exactly."""
    closes, rates = random_closes(seed), random_rates(seed)
    factors = 2.0 ** np.array(powers)
    one, other = run(name, prices_of(closes), rates), run(name, prices_of(closes * factors), rates)

    trades = one.trades
    own = factors[[TICKERS.index(one.prices.tickers[column]) for column in trades.columns]]
    adjusted = replace(trades, prices=trades.prices * own, units=trades.units / own)
    same_until(DAYS - 1, replace(one, trades=adjusted), other)


@every_strategy
@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_weights_are_at_least_0_and_at_most_1_together_and_only_what_has_a_price_gets_one(
    name: str, seed: int
) -> None:
    prices = prices_of(random_closes(seed))
    for decision in run(name, prices).decisions:
        assert (decision.weights >= 0).all()
        assert decision.weights.sum() <= 1 + 1e-12
        assert not np.isnan(prices.closes[decision.decided][decision.weights > 0]).any()


@every_strategy
def test_without_turnover_nothing_is_paid(name: str) -> None:
    """Prices that all move alike: what is bought first stays the best and keeps its weight."""
    walk = 10 * 1.01 ** np.arange(DAYS) * np.random.default_rng(5).uniform(0.999, 1.001, DAYS)

    made = run(name, prices_of(np.repeat(walk[:, None], len(TICKERS), axis=1)))

    assert set(made.trades.rows) == {FIRST + 1}
    assert len(made.trades.rows) == SMALL[name].held_at_most(len(CANDIDATES))
    assert len(made.decisions) > 5
    assert made.equity[1:] / made.equity[1] == pytest.approx(walk[FIRST + 1 :] / walk[FIRST + 1])


@settings(max_examples=60, deadline=None)
@given(
    seed=seeds,
    capital=st.sampled_from([5_000, 100_000]),
    abroad=st.booleans(),
    ended=st.sampled_from([DAYS, 100]),
)
@pytest.mark.parametrize("name", day_by_day.ORACLES)
def test_it_is_what_a_plain_simulation_day_by_day_gives(
    name: str, seed: int, capital: float, abroad: bool, ended: int
) -> None:
    """To a billionth, with costs, gaps, late starts and an end, of one candidate or of all."""
    closes, rates = random_closes(seed), random_rates(seed) if abroad else np.ones(DAYS)
    closes[ended:, [TICKERS.index(ticker) for ticker in CANDIDATES]] = np.nan
    walks = {
        ticker: [None if isnan(close) else close for close in closes[:, column].tolist()]
        for column, ticker in enumerate(TICKERS)
    }
    curve, paid = day_by_day.simulate(
        business_days().astype(object).tolist(),
        walks,
        FIRST,
        day_by_day.ORACLES[name](CANDIDATES, "B0"),
        capital=capital,
        commission=3.0,
        cost=0.0055 if abroad else 0.0005,
        rates=rates.tolist(),
        weekly=STRATEGIES[name].calendar is Calendar.WEEKLY,
    )

    made = run(name, prices_of(closes), rates if abroad else None, capital)

    np.testing.assert_allclose(made.equity, curve, rtol=1e-9)
    assert made.trades.costs.sum() == pytest.approx(paid, rel=1e-9)


@pytest.mark.parametrize(
    "strategy",
    [
        STRATEGIES["dual_momentum"].model_validate({"lookback": 126}),
        STRATEGIES["momentum"].model_validate({"top": 4}),
    ],
    ids=lambda strategy: strategy.name,
)
def test_without_costs_it_is_what_the_library_bt_gives(strategy: Strategy) -> None:
    """To a trillionth; tests/oracles/make_expected.py made the numbers."""
    walks = oracle_closes()
    prices = Prices.of(
        np.array(weekdays(), dtype="datetime64[D]"),
        tuple(walks),
        np.array(list(walks.values())).T,
        frozenset(ticker for ticker in walks if ticker.startswith("A")),
    )

    made = backtest(strategy, prices, 300, capital=100_000, costs=FREE)

    np.testing.assert_allclose(
        [*made.equity[::10], made.equity[-1]], EXPECTED["equity"][strategy.name], rtol=1e-12
    )
    held = {prices.tickers[column] for column in made.trades.columns}
    assert any(ticker.startswith("A") for ticker in held)
    if strategy.name == "dual_momentum":
        assert held & {"TLT", "IEF", "BND"}, "the market never fell, so half of the rule was not tried"


def test_what_is_decided_on_a_close_is_bought_at_the_next_one_and_earns_from_then_on() -> None:
    closes = np.full((DAYS, len(TICKERS)), np.nan)
    closes[:, 1] = 10.0
    closes[FIRST + 1 :, 1] = 20.0
    closes[FIRST + 2 :, 1] = 30.0

    made = backtest(SMALL["equal_weight"], prices_of(closes), FIRST, capital=1000, costs=FREE)

    # The doubling on the day of the purchase is not earned, the half after it is.
    assert made.equity[:3].tolist() == [1000, 1000, 1500]
    assert made.trades.prices[0] == 20


def test_a_change_of_currency_is_paid_at_each_trade() -> None:
    closes = np.full((FIRST + 3, len(TICKERS)), np.nan)
    closes[:, 1] = 10.0
    costs = Costs(commission=Decimal(3), slippage_bps=Decimal(5), fx_bps=Decimal(50))

    made = backtest(
        SMALL["equal_weight"],
        prices_of(closes),
        FIRST,
        capital=1000,
        costs=costs,
        rates=np.full(FIRST + 3, 0.5),
    )

    bought = (1000 - 3) / 1.0055
    assert made.equity[-1] == pytest.approx(bought)
    assert made.trades.costs.sum() == pytest.approx(3 + 0.0055 * bought)
    assert made.trades.units[0] == pytest.approx(bought * 0.5 / 10)


def test_an_asset_that_ends_is_sold_at_its_last_price_once_it_has_been_silent_for_five_days() -> None:
    closes = np.full((DAYS, len(TICKERS)), np.nan)
    closes[:, 0] = 1.0
    closes[: FIRST + 5, 1] = 10.0
    closes[FIRST + 4, 1] = 8.0

    made = backtest(SMALL["equal_weight"], prices_of(closes), FIRST, capital=1000, costs=FREE)

    sale = made.trades.rows.tolist()[1]
    assert sale == FIRST + 4 + ENDED_AFTER_DAYS
    assert made.trades.prices[1] == 8
    assert made.invested[sale - FIRST] == 0
    assert made.equity[-1] == 800


def test_an_asset_without_a_price_on_the_day_is_not_bought_and_its_part_stays_cash() -> None:
    closes = np.full((DAYS, len(TICKERS)), 10.0)
    closes[FIRST + 1, 2] = np.nan

    made = backtest(SMALL["equal_weight"], prices_of(closes), FIRST, capital=1000, costs=FREE)

    bought = {made.prices.tickers[column] for column in made.trades.columns[made.trades.rows == FIRST + 1]}
    assert bought == {"A0", "A2", "A3", "A4"}
    assert made.cash[1] == pytest.approx(200)


def test_before_there_are_enough_bars_all_is_cash() -> None:
    made = backtest(SMALL["momentum"], prices_of(random_closes(3)), 0, capital=1000, costs=Costs())

    early = [decision for decision in made.decisions if decision.decided < SMALL["momentum"].bars - 1]
    assert early
    assert all(decision.weights.sum() == 0 for decision in early)
    assert (made.invested[: SMALL["momentum"].bars] == 0).all()


@pytest.mark.parametrize("commission", [Decimal(195), Decimal(200), Decimal(201)])
def test_orders_whose_costs_would_leave_nothing_of_them_are_not_placed(commission: Decimal) -> None:
    """Five orders of 200 each."""
    prices = prices_of(np.full((DAYS, len(TICKERS)), 10.0))
    costs = replace(Costs(), commission=commission)

    made = backtest(SMALL["equal_weight"], prices, FIRST, capital=1000, costs=costs)

    assert len(made.trades.rows) == 0
    assert (made.equity == 1000).all()


def test_weights_that_are_none_stop_the_run() -> None:
    class Leveraged(EqualWeight):
        def weights(self, known: Prices, previous: Floats) -> Floats:  # noqa: ARG002 - the signature
            return np.ones(len(previous))

    with pytest.raises(ValueError, match="equal_weight on 2021-02-08: weights have to be at least 0"):
        backtest(Leveraged(), prices_of(random_closes(1)), FIRST, capital=1000, costs=Costs())


def test_a_day_without_a_currency_rate_stops_the_run() -> None:
    rates = np.full(DAYS, np.nan)
    with pytest.raises(ValueError, match="rate"):
        backtest(SMALL["olmar"], prices_of(random_closes(1)), FIRST, capital=1000, costs=Costs(), rates=rates)
