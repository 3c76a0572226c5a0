"""What the trades of one currency add up to. Currencies are never added."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any
from zoneinfo import ZoneInfo

from functions.trades.trades import WIDE, percent, ratio

SYDNEY = ZoneInfo("Australia/Sydney")

Totals = Mapping[str, Any]
"""A ticker's counts and sums, as the store gives them."""


def portfolio(totals: Iterable[Totals], initial_capital: Decimal, currency: str) -> dict[str, Any]:
    """Of all tickers. Percentages and averages are rounded to six places, None with nothing to divide by."""
    totals = list(totals)

    def count(name: str) -> int:
        return sum(row[name] for row in totals)

    def amount(name: str) -> Decimal:
        return sum((row[name] for row in totals), start=Decimal(0))

    trades, closed, winning, losing = map(count, ("trades", "closed", "winning", "losing"))
    with localcontext(WIDE):
        earned, invested, won, lost = map(amount, ("pnl", "invested", "won", "lost"))
        total_value = initial_capital + earned
        cash_balance = total_value - invested
    return {
        "currency": currency,
        "initial_capital": initial_capital,
        "total_value": total_value,
        "invested_value": invested,
        "cash_balance": cash_balance,
        "total_return": percent(earned, initial_capital),
        "total_pnl": earned,
        "total_trades": trades,
        "open_trades": count("open"),
        "closed_trades": closed,
        "cancelled_trades": trades - count("open") - closed,
        "winning_trades": winning,
        "losing_trades": losing,
        "win_rate": percent(Decimal(winning), Decimal(closed)) if closed else None,
        "avg_pnl_per_trade": ratio(earned, Decimal(closed)) if closed else None,
        "avg_win": ratio(won, Decimal(winning)) if winning else None,
        "avg_loss": ratio(lost, Decimal(losing)) if losing else None,
        "best_trade": max((row["best"] for row in totals if row["closed"]), default=None),
        "worst_trade": min((row["worst"] for row in totals if row["closed"]), default=None),
    }


def ticker_statistics(totals: Totals, initial_capital: Decimal, currency: str) -> dict[str, Any]:
    """Of one ticker, rounded as the portfolio."""
    closed = totals["closed"]
    return {
        "ticker": totals["ticker"],
        "currency": currency,
        "total_trades": totals["trades"],
        "open_trades": totals["open"],
        "closed_trades": closed,
        "invested_value": totals["invested"],
        "total_pnl": totals["pnl"],
        "avg_pnl": ratio(totals["pnl"], Decimal(closed)) if closed else None,
        "win_rate": percent(Decimal(totals["winning"]), Decimal(closed)) if closed else None,
        "contribution": percent(totals["pnl"], initial_capital),
    }


def periods(now: datetime) -> tuple[dict[str, datetime], datetime]:
    """When Sydney's day, week (from Monday) and month began, by the dashboard's names, and the day's end."""
    local = now.astimezone(SYDNEY)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    began = {
        "today_pnl": day,
        "week_pnl": day - timedelta(days=day.weekday()),
        "month_pnl": day.replace(day=1),
    }
    return began, day + timedelta(days=1)
