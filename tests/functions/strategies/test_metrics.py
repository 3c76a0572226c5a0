"""The figures of a run, against empyrical-reloaded."""

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from functions.strategies.backtest import backtest
from functions.strategies.catalog import STRATEGIES
from functions.strategies.metrics import metrics
from functions.strategies.prices import Floats, Prices
from functions.strategies.rebalancing import Costs
from tests.oracles.series import closes, weekdays

EXPECTED = json.loads((Path(__file__).parents[2] / "oracles" / "expected.json").read_text())["metrics"]


def of(*equity: float, invested: Floats | None = None, traded: float = 0) -> dict[str, float | None]:
    values = np.array(equity)
    return metrics(values, np.zeros(len(values)) if invested is None else invested, traded).model_dump()


@pytest.mark.parametrize(
    ("name", "parameters"), [("dual_momentum", {"lookback": 126}), ("momentum", {"top": 4})]
)
def test_they_are_what_empyrical_says(name: str, parameters: dict[str, int]) -> None:
    """To a part in 10 to the 9; tests/oracles/make_expected.py made the numbers."""
    walks = closes()
    prices = Prices.of(
        np.array(weekdays(), dtype="datetime64[D]"),
        tuple(walks),
        np.array(list(walks.values())).T,
        frozenset(ticker for ticker in walks if ticker.startswith("A")),
    )
    free = Costs(Decimal(0), Decimal(0), Decimal(0))
    run = backtest(STRATEGIES[name].model_validate(parameters), prices, 300, capital=100_000, costs=free)

    found = metrics(run.equity, run.invested, float(np.abs(run.trades.values).sum())).model_dump()

    assert len(EXPECTED[name]) == 7
    for metric, value in EXPECTED[name].items():
        assert found[metric] == pytest.approx(value, rel=1e-9), metric


def test_a_ratio_without_a_meaning_is_none() -> None:
    flat = of(100, 100, 100)
    assert (flat["sharpe"], flat["sortino"], flat["calmar"]) == (None, None, None)
    assert (flat["total_return"], flat["volatility"], flat["max_drawdown"]) == (0, 0, 0)

    rising = of(100, 101, 103)
    assert rising["sharpe"] is not None
    assert (rising["sortino"], rising["calmar"]) == (None, None)

    steady = of(*(100 * 1.01**day for day in range(50)))
    assert steady["sharpe"] is None, "its volatility is the rounding of floats"


def test_the_rounding_of_floats_is_neither_a_winning_day_nor_a_drawdown() -> None:
    above, below = np.nextafter(100, 101), np.nextafter(100, 99)
    still = of(100, above, 100, below, 100, 101)
    assert (still["win_rate_days"], still["max_drawdown"]) == (0.2, 0)


def test_one_day_has_no_figures_and_two_days_no_deviation() -> None:
    assert {name for name, value in of(100).items() if value is not None} == {"exposure"}
    assert of(100, 90)["volatility"] is None
    assert of(100, 90)["total_return"] == pytest.approx(-0.1)


def test_an_account_emptied_by_costs_has_figures() -> None:
    ruined = of(100, 0, 0)
    assert (ruined["total_return"], ruined["max_drawdown"], ruined["cagr"]) == (-1, -1, -1)


def test_a_gain_that_no_float_holds_once_it_is_a_years_has_no_figure_a_year() -> None:
    found = of(1, 0.5, 1000)
    assert (found["total_return"], found["cagr"], found["calmar"]) == (999, None, None)


def test_turnover_is_half_of_what_was_traded_a_year_over_the_mean_equity() -> None:
    days = [100.0] * 253
    assert of(*days, traded=400)["turnover"] == pytest.approx(2)


def test_exposure_and_winning_days_are_parts() -> None:
    figures = of(100, 110, 105, 120, invested=np.array([0, 110, 105, 120]) * 0.5)
    assert figures["exposure"] == pytest.approx(0.375)
    assert figures["win_rate_days"] == pytest.approx(2 / 3)
