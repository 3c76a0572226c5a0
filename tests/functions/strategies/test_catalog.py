"""Each strategy's rule, on prices that a reader can follow."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from functions.strategies import catalog
from functions.strategies.catalog import STRATEGIES
from functions.strategies.catalog.olmar import project_onto_simplex
from functions.strategies.prices import Prices
from functions.strategies.strategy import Strategy


def test_every_file_of_the_catalog_is_a_strategy_of_that_name_with_a_line_in_it() -> None:
    files = Path(catalog.__file__).parent.glob("[!_]*.py")
    assert {file.stem for file in files} == STRATEGIES.keys()


def make(name: str, **parameters: object) -> Strategy:
    return STRATEGIES[name].model_validate(parameters)


def weights(strategy: Strategy, candidates: set[str] | None = None, **walks: list[float]) -> dict[str, float]:
    """What it decides on the last day; only what is not 0."""
    length = len(next(iter(walks.values())))
    days = np.arange(length) + np.datetime64("2024-01-01", "D")
    prices = Prices.of(
        days,
        tuple(walks),
        np.array(list(walks.values()), dtype=float).T,
        None if candidates is None else frozenset(candidates),
    )
    decided = strategy.weights(prices, np.zeros(len(walks)))
    return {ticker: float(weight) for ticker, weight in zip(prices.tickers, decided, strict=True) if weight}


def line(first: float, last: float, length: int = 21) -> list[float]:
    return [first + (last - first) * day / (length - 1) for day in range(length)]


nothing = float("nan")


def test_dual_momentum_takes_the_strongest_if_it_beats_cash() -> None:
    strategy = make("dual_momentum", lookback=20, risk_free=0.04, defensive=["D", "E"])
    walks = {"B": line(10, 12), "C": line(10, 11), "D": line(10, 13), "E": line(10, 9)}

    assert weights(strategy, {"B", "C"}, **walks) == {"B": 1}
    # 0.04 x 20 / 252 is 0.317 %.
    assert weights(strategy, {"B"}, B=line(1000, 1003.1), D=line(10, 9), E=line(10, 9.5)) == {"E": 1}
    assert weights(strategy, {"B"}, B=line(1000, 1003.2), D=line(10, 9), E=line(10, 9.5)) == {"B": 1}


def test_dual_momentum_without_any_defensive_price_is_cash() -> None:
    strategy = make("dual_momentum", lookback=20, defensive=["D"])
    assert weights(strategy, {"B"}, B=line(10, 9), D=[nothing] * 21) == {}


def test_momentum_leaves_out_the_last_days_and_what_fell_and_keeps_the_rest_as_cash() -> None:
    strategy = make("momentum", lookback=20, skip=3, top=3)
    jump = [*line(10, 9, 18), 50, 50, 50]
    found = weights(
        strategy, A=jump, B=line(10, 12), C=line(10, 11), D=line(10, 9), E=[*line(10, 20, 20), nothing]
    )
    assert found == {"B": 1 / 3, "C": 1 / 3}


def test_momentum_takes_the_first_of_the_alphabet_among_equals() -> None:
    strategy = make("momentum", lookback=20, skip=0, top=1)
    assert weights(strategy, C=line(10, 12), B=line(10, 12), D=line(10, 11)) == {"B": 1}


def test_inverse_volatility_halves_the_weight_of_what_moves_twice_as_much() -> None:
    strategy = make("inverse_volatility", window=20)
    calm, wild = [100.0], [100.0]
    for day in range(20):
        sign = 1 if day % 2 else -1
        calm.append(calm[-1] * (1 + 0.01 * sign))
        wild.append(wild[-1] * (1 + 0.02 * sign))
    found = weights(strategy, CALM=calm, WILD=wild, STILL=[5.0] * 21, NEW=[nothing, *calm[1:]])
    assert found == pytest.approx({"CALM": 2 / 3, "WILD": 1 / 3})


def with_gap(walk: list[float], first: int, days: int = 1) -> list[float]:
    return [nothing if first <= day < first + days else close for day, close in enumerate(walk)]


def test_a_missing_close_does_not_take_an_asset_out_of_a_window() -> None:
    strategy = make("inverse_volatility", window=20)
    calm, wild = ([100 + size * (day % 2) for day in range(25)] for size in (1.0, 2.0))
    found = weights(strategy, CALM=calm, WILD=with_gap(wild, 12), LONG=with_gap(wild, 8, 5))
    held = [*wild[:12], wild[11], *wild[13:]]
    assert found == pytest.approx(weights(strategy, CALM=calm, WILD=held))
    assert weights(strategy, CALM=calm, WILD=with_gap(wild, 24)) == {"CALM": 1}


@pytest.mark.parametrize(("name", "first"), [("dual_momentum", 4), ("momentum", 4), ("momentum", 21)])
def test_a_missing_close_where_a_lookback_begins_or_ends_is_the_one_before_it(name: str, first: int) -> None:
    more = {"skip": 3, "top": 1} if name == "momentum" else {"defensive": ["D"]}
    strategy = make(name, lookback=20, **more)
    walks = {"B": line(10, 12, 25), "D": line(10, 9, 25)}
    assert weights(strategy, {"B"}, **{**walks, "B": with_gap(walks["B"], first)}) == {"B": 1}
    # Four days are bridged. After five it has ended.
    assert weights(strategy, {"B"}, B=with_gap(line(10, 12, 30), first + 2, 4), D=line(10, 9, 30)) == {"B": 1}
    assert weights(strategy, {"B"}, B=with_gap(line(10, 12, 30), first + 1, 5), D=line(10, 9, 30)) != {"B": 1}


def test_equal_weight_holds_all_that_have_a_price() -> None:
    assert weights(make("equal_weight"), A=[1.0], B=[2.0], C=[nothing]) == {"A": 0.5, "B": 0.5}


def test_olmar_is_the_formula_of_the_paper() -> None:
    """Li and Hoi 2012, equations 1 and 4, by hand for two assets, window 2.

    A: 10, 12: expected relative price (10 + 12) / 2 / 12 = 11/12; B: 10, 8: 9/8. Their mean is 49/48, A's
    deviation -5/48, B's 5/48. From (1/2, 1/2) the expected return is 49/48; to reach 1.05 the step is (1.05 -
    49/48) / (2 x (5/48)^2) = 1.344, so A gets 0.5 - 1.344 x 5/48 = 0.36.
    """
    strategy = make("olmar", window=2, epsilon=1.05)
    assert weights(strategy, A=[10, 12], B=[10, 8]) == pytest.approx({"A": 0.36, "B": 0.64})
    # Reached already: nothing moves.
    assert weights(make("olmar", window=2, epsilon=1), A=[10, 12], B=[10, 8]) == {"A": 0.5, "B": 0.5}


def test_olmar_moves_from_what_it_decided_before() -> None:
    days = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]")
    prices = Prices.of(days, ("A", "B"), np.array([[10.0, 10], [10, 10]]))
    assert make("olmar", window=2).weights(prices, np.array([0.9, 0.1])).tolist() == [0.9, 0.1]


@settings(deadline=None)
@given(st.lists(st.floats(-20, 20), min_size=1, max_size=8))
def test_the_projection_is_the_nearest_point_of_the_simplex(point: list[float]) -> None:
    """By its conditions (Karush, Kuhn, Tucker): one number is taken off all that stay above 0."""
    projected = project_onto_simplex(np.array(point))

    assert projected.sum() == pytest.approx(1)
    assert (projected >= 0).all()
    taken = np.array(point) - projected
    kept = projected > 1e-9
    assert np.ptp(taken[kept]) == pytest.approx(0, abs=1e-9)
    assert (taken[~kept] <= taken[kept].max() + 1e-9).all()


@pytest.mark.parametrize(
    ("name", "parameters", "says"),
    [
        ("dual_momentum", {"lookback": 19}, "lookback"),
        ("dual_momentum", {"lookback": 505}, "lookback"),
        ("dual_momentum", {"risk_free": float("nan")}, "risk_free"),
        ("dual_momentum", {"defensive": []}, "defensive"),
        ("dual_momentum", {"defensive": ["T" * 21]}, "defensive"),
        ("momentum", {"skip": 64}, "skip"),
        ("momentum", {"lookback": 20, "skip": 20}, "skip 20 is not less than lookback 20"),
        ("momentum", {"top": 101}, "top"),
        ("inverse_volatility", {"window": 253}, "window"),
        ("olmar", {"window": 1}, "window"),
        ("olmar", {"epsilon": 101}, "epsilon"),
        ("equal_weight", {"lookback": 20}, "lookback"),
    ],
)
def test_a_parameter_outside_its_limits_is_refused_by_name(
    name: str, parameters: dict[str, object], says: str
) -> None:
    with pytest.raises(ValidationError, match=says):
        make(name, **parameters)
