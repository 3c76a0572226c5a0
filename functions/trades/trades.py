"""What may be done to a trade, and what it earned. Knows neither HTTP nor SQL; every number is exact."""

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation
from typing import Any

from functions.runtime.errors import ConflictError, InvalidError
from functions.runtime.json_text import instant

WIDE = Context(prec=100, rounding=ROUND_HALF_EVEN, traps=[DivisionByZero, InvalidOperation])
"""Enough for sums of products of 20-digit numbers. Python's own 28 digits would round them without a word."""

_SIX_PLACES = Decimal("0.000001")

_PRICED = frozenset({"direction", "quantity", "entry_price", "exit_price", "commission"})


def pnl(
    direction: str, quantity: Decimal, entry: Decimal, exit_price: Decimal, commission: Decimal
) -> Decimal:
    """What a closed trade earned after its commission, in its own currency. Not rounded."""
    gain = WIDE.subtract(exit_price, entry) if direction == "BUY" else WIDE.subtract(entry, exit_price)
    return WIDE.subtract(WIDE.multiply(gain, quantity), commission)


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """Rounded half to even, to six places."""
    return ratio(WIDE.multiply(part, Decimal(100)), whole)


def ratio(part: Decimal, whole: Decimal) -> Decimal:
    """Rounded half to even, to six places."""
    return WIDE.quantize(WIDE.divide(part, whole), _SIX_PLACES)


def product(left: Decimal, right: Decimal) -> Decimal:
    """Exact."""
    return WIDE.multiply(left, right)


def closed(trade: Mapping[str, Any], exit_price: Decimal, exit_date: datetime) -> dict[str, Any]:
    """What closing changes.

    Raises ConflictError if the trade is not open, InvalidError for an exit before the entry.
    """
    _refuse_unless_open(trade, "closed")
    changes = {"status": "CLOSED", "exit_price": exit_price, "exit_date": exit_date}
    _refuse_exit_before_entry({**trade, **changes})
    return {**changes, **_result({**trade, **changes})}


def cancelled(trade: Mapping[str, Any]) -> dict[str, Any]:
    """What cancelling changes. Raises ConflictError if the trade is not open."""
    _refuse_unless_open(trade, "cancelled")
    return {"status": "CANCELLED"}


def refuse_deletion(trade: Mapping[str, Any]) -> None:
    """Raises ConflictError for a closed trade: it is part of what was earned."""
    if trade["status"] == "CLOSED":
        raise ConflictError("A closed trade cannot be deleted.", [_status(trade, "OPEN, CANCELLED")])


def corrected(trade: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """What a correction changes, with the result that follows from it; empty if nothing differs.

    Raises ConflictError for an exit of a trade that has none, InvalidError for an exit before the entry.
    """
    if trade["status"] != "CLOSED" and (exits := sorted({"exit_price", "exit_date"} & set(sent))):
        raise ConflictError(f"Only a closed trade has an {exits[0]}.", [_status(trade, "CLOSED")])
    changes = {name: value for name, value in sent.items() if value != trade[name]}
    _refuse_exit_before_entry({**trade, **changes})
    if trade["status"] == "CLOSED" and _PRICED & set(changes):
        changes |= _result({**trade, **changes})
    return changes


def _result(trade: Mapping[str, Any]) -> dict[str, Decimal]:
    earned = pnl(
        trade["direction"], trade["quantity"], trade["entry_price"], trade["exit_price"], trade["commission"]
    )
    return {"pnl": earned, "pnl_percent": percent(earned, product(trade["entry_price"], trade["quantity"]))}


def _refuse_unless_open(trade: Mapping[str, Any], verb: str) -> None:
    if trade["status"] != "OPEN":
        raise ConflictError(f"Only an open trade can be {verb}.", [_status(trade, "OPEN")])


def _refuse_exit_before_entry(trade: Mapping[str, Any]) -> None:
    if trade["exit_date"] is not None and trade["exit_date"] < trade["entry_date"]:
        entry = instant(trade["entry_date"])
        raise InvalidError.field("exit_date", trade["exit_date"], f"Not before the entry_date, {entry}")


def _status(trade: Mapping[str, Any], allowed: str) -> dict[str, str]:
    return {"field": "status", "in": "trade", "value": trade["status"], "allowed": allowed}
