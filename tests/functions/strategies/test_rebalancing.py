"""When a strategy decides, and what its orders do."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.strategies.rebalancing import Calendar, Costs, rebalance

money = st.floats(0, 1e6, allow_subnormal=False).map(lambda value: round(value, 2))


def decisions(calendar: Calendar, first: int, *days: str) -> list[int]:
    return [int(row) for row in calendar.decisions(np.array(days, dtype="datetime64[D]"), first)]


def test_a_month_is_decided_on_its_first_trading_day() -> None:
    days = ("2024-01-30", "2024-01-31", "2024-02-01", "2024-02-02", "2024-03-04", "2024-03-05")
    assert decisions(Calendar.MONTHLY, 0, *days) == [0, 2, 4]


def test_a_week_is_decided_on_its_first_trading_day_also_when_monday_is_a_holiday() -> None:
    # 15 January 2024 and 1 January 2025 were holidays; the year changes within a week.
    days = ("2024-01-11", "2024-01-12", "2024-01-16", "2024-01-17", "2024-12-30", "2024-12-31", "2025-01-02")
    assert decisions(Calendar.WEEKLY, 0, *days) == [0, 2, 4]


def test_weeks_are_those_of_iso_8601() -> None:
    days = [date.fromordinal(date(2019, 1, 1).toordinal() + offset) for offset in range(1500)]
    opens = [
        row
        for row, day in enumerate(days)
        if row == 0 or day.isocalendar()[:2] != days[row - 1].isocalendar()[:2]
    ]
    assert Calendar.WEEKLY.decisions(np.array(days, dtype="datetime64[D]"), 0).tolist() == opens


def test_the_first_day_of_a_run_decides_and_those_before_do_not() -> None:
    assert decisions(Calendar.MONTHLY, 2, "2024-01-31", "2024-02-01", "2024-02-02", "2024-03-01") == [2, 3]


def test_only_an_account_in_another_currency_pays_for_changing_it() -> None:
    costs = Costs(slippage_bps=Decimal(5), fx_bps=Decimal(50))
    assert costs.rate(foreign=False) == 0.0005
    assert costs.rate(foreign=True) == 0.0055


@settings(deadline=None)
@given(
    values=st.lists(money, min_size=4, max_size=4),
    cash=money,
    shares=st.lists(st.floats(0, 1), min_size=4, max_size=4),
    tradable=st.lists(st.booleans(), min_size=4, max_size=4),
    commission=st.sampled_from([0.0, 3.0]),
    rate=st.sampled_from([0.0, 0.0055, 0.2]),
)
def test_orders_keep_the_books(
    *,
    values: list[float],
    cash: float,
    shares: list[float],
    tradable: list[bool],
    commission: float,
    rate: float,
) -> None:
    """No debt, no short position, nothing traded that has no price, and each cost is its formula."""
    weights = np.array(shares) / max(1.0, sum(shares))
    held = np.array(values)

    orders = rebalance(held, cash, weights, np.array(tradable), commission=commission, rate=rate)

    traded = orders.changes != 0
    after = held + orders.changes
    left = cash - orders.changes.sum() - orders.costs.sum()
    tolerance = 1e-9 * (cash + held.sum()) + 1e-9
    assert not traded[~np.array(tradable)].any()
    assert (after >= -tolerance).all()
    assert left >= -tolerance
    assert orders.costs[traded] == pytest.approx(commission + rate * np.abs(orders.changes[traded]))
    assert (orders.costs[~traded] == 0).all()
    remaining = after.sum() + left
    if traded.all() and commission == 0:
        # All could be traded: what is held afterwards are the weights, of what remains after costs.
        assert after == pytest.approx(weights * remaining, abs=tolerance + 1e-6)


def test_what_cannot_be_sold_leaves_less_for_the_others() -> None:
    """60 of 100 cannot be traded; two others want 50 each, and share the 40."""
    orders = rebalance(
        np.array([60.0, 0, 0]),
        40.0,
        np.array([0, 0.5, 0.5]),
        np.array([False, True, True]),
        commission=0,
        rate=0,
    )
    assert orders.changes.tolist() == [0, 20, 20]


def test_an_order_smaller_than_its_commission_is_not_placed() -> None:
    orders = rebalance(
        np.array([5001.0, 4999]), 0.0, np.array([0.5, 0.5]), np.array([True, True]), commission=3, rate=0.0005
    )
    assert not orders.changes.any()
    assert not orders.costs.any()
