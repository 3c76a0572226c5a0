"""What a trade earned, and what may be done to it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.runtime.errors import ConflictError, InvalidError
from functions.trades.trades import cancelled, closed, corrected, percent, pnl, refuse_deletion

ENTRY = datetime(2025, 1, 2, tzinfo=UTC)

amounts = st.decimals("0.00000001", "999999999999.99999999", places=8)
commissions = st.decimals("0", "999999999999.99999999", places=8)


def trade(**changed: Any) -> dict[str, Any]:
    given = {
        "ticker": "SPY",
        "direction": "BUY",
        "quantity": Decimal(10),
        "entry_price": Decimal("100.50"),
        "exit_price": None,
        "commission": Decimal("3.00"),
        "entry_date": ENTRY,
        "exit_date": None,
        "status": "OPEN",
        "notes": None,
        "pnl": None,
        "pnl_percent": None,
    }
    return {**given, **changed}


def closed_trade() -> dict[str, Any]:
    return trade(**closed(trade(), Decimal(110), ENTRY + timedelta(days=1)))


@given(st.sampled_from(["BUY", "SELL"]), amounts, amounts, amounts, commissions)
def test_pnl_is_the_exact_fraction(
    direction: str, quantity: Decimal, entry: Decimal, exit_price: Decimal, commission: Decimal
) -> None:
    sign = 1 if direction == "BUY" else -1
    exact = sign * (Fraction(exit_price) - Fraction(entry)) * Fraction(quantity) - Fraction(commission)
    assert Fraction(pnl(direction, quantity, entry, exit_price, commission)) == exact


@given(st.decimals("-1e24", "1e24", places=16), st.decimals("1e-16", "1e24", places=16))
def test_a_percentage_is_rounded_once_to_six_places(part: Decimal, whole: Decimal) -> None:
    rounded = percent(part, whole)
    assert rounded.as_tuple().exponent == -6
    assert abs(Fraction(rounded) - Fraction(part) * 100 / Fraction(whole)) <= Fraction(1, 2_000_000)


def test_closing_settles_the_result_once() -> None:
    changes = closed(trade(), Decimal(110), ENTRY)
    assert changes == {
        "status": "CLOSED",
        "exit_price": Decimal(110),
        "exit_date": ENTRY,
        "pnl": Decimal("92.00"),
        "pnl_percent": Decimal("9.154229"),
    }


def test_a_sale_earns_when_the_price_falls() -> None:
    assert closed(trade(direction="SELL"), Decimal("90.50"), ENTRY)["pnl"] == Decimal("97.00")


def test_an_exit_before_the_entry_is_refused_and_says_which_entry() -> None:
    with pytest.raises(InvalidError, match="2025-01-02T00:00:00Z"):
        closed(trade(), Decimal(110), ENTRY - timedelta(microseconds=1))


@pytest.mark.parametrize("status", ["CLOSED", "CANCELLED"])
def test_only_an_open_trade_is_closed_or_cancelled(status: str) -> None:
    with pytest.raises(ConflictError):
        closed(trade(status=status), Decimal(110), ENTRY)
    with pytest.raises(ConflictError):
        cancelled(trade(status=status))


def test_a_closed_trade_is_not_deleted() -> None:
    refuse_deletion(trade())
    refuse_deletion(trade(status="CANCELLED"))
    with pytest.raises(ConflictError):
        refuse_deletion(closed_trade())


def test_a_correction_of_a_closed_trades_price_corrects_what_it_earned() -> None:
    changes = corrected(closed_trade(), {"entry_price": Decimal("100.00")})
    assert changes == {
        "entry_price": Decimal("100.00"),
        "pnl": Decimal("97.00"),
        "pnl_percent": Decimal("9.700000"),
    }


def test_a_correction_of_an_open_trade_gives_it_no_result() -> None:
    assert corrected(trade(), {"quantity": Decimal(5)}) == {"quantity": Decimal(5)}


def test_what_is_sent_but_the_same_is_no_change() -> None:
    assert corrected(trade(), {"ticker": "SPY", "notes": None, "quantity": Decimal(10)}) == {}
    assert corrected(trade(), {"quantity": Decimal("1e1")}) == {}
    assert corrected(trade(), {"quantity": Decimal("10.00")}) == {}


@pytest.mark.parametrize("field", ["exit_price", "exit_date"])
@pytest.mark.parametrize("status", ["OPEN", "CANCELLED"])
def test_a_trade_that_is_not_closed_has_no_exit_to_correct(field: str, status: str) -> None:
    with pytest.raises(ConflictError, match=field):
        corrected(trade(status=status), {field: Decimal(1)})


def test_a_correction_may_not_move_the_entry_behind_the_exit() -> None:
    with pytest.raises(InvalidError):
        corrected(closed_trade(), {"entry_date": ENTRY + timedelta(days=2)})
