"""When a strategy decides, and how its weights become orders."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from functions.strategies.prices import Floats, Rows

# Where orders are free, the rounding of floats must not make one.
_SMALLEST_ORDER = 0.01


class Calendar(StrEnum):
    """The decision falls on the first trading day of each month, or of each ISO week (from Monday).

    The day before it is enough to know such a day, so that no calendar of the future is needed.
    """

    MONTHLY = "monthly"
    WEEKLY = "weekly"

    def decisions(self, days: NDArray[np.datetime64], first: int) -> Rows:
        """The rows from `first` on at whose close is decided: `first` itself, so that no money waits, and
        each row that opens a new month or week.
        """
        if self is Calendar.MONTHLY:
            periods = days.astype("datetime64[M]").astype(np.int64)
        else:
            # Day 0 is a Thursday.
            periods = (days.astype("datetime64[D]").astype(np.int64) + 3) // 7
        opens = np.diff(periods, prepend=periods[:1]) != 0
        opens[:first] = False
        opens[first] = True
        return np.flatnonzero(opens)


@dataclass(frozen=True)
class Costs:
    """What trading costs: `commission` per order in the account's currency, the others of the traded value.

    `fx_bps` is what changing currencies costs; it is paid in an account that is not in USD.
    """

    commission: Decimal = Decimal("3.00")
    slippage_bps: Decimal = Decimal(5)
    fx_bps: Decimal = Decimal(50)

    def rate(self, *, foreign: bool) -> float:
        """The part of the traded value that is paid."""
        return float(self.slippage_bps + (self.fx_bps if foreign else 0)) / 10_000


@dataclass(frozen=True, eq=False)
class Orders:
    """What a rebalance does to each asset, in the account's currency: change of value, and cost."""

    changes: Floats
    costs: Floats


def rebalance(
    values: Floats,
    cash: float,
    weights: Floats,
    tradable: NDArray[np.bool_],
    *,
    commission: float,
    rate: float,
) -> Orders:
    """The orders that lead from `values` and `cash` to `weights` of what remains when their costs are paid.

    What cannot be traded stays as it is, and the others share what is left in the proportion of their
    weights. An order that would move less than its commission is not placed, and none is where they would
    leave nothing.
    """
    equity = cash + float(values.sum())
    least = max(commission, _SMALLEST_ORDER)
    traded = tradable & ((weights > 0) | (values > 0))
    untouched, share = float(values[~traded].sum()), float(weights[traded].sum())
    traded &= np.abs(weights * _scale(equity, untouched, share) - values) >= least
    while True:
        before, wanted = values[traded], weights[traded]
        untouched, share = float(values[~traded].sum()), float(wanted.sum())
        fees = commission * len(before)
        remaining = equity
        while True:
            moved = wanted * _scale(remaining, untouched, share) - before
            left = equity - fees - rate * float(np.abs(moved).sum())
            if len(before) and left <= untouched:
                return Orders(np.zeros_like(values), np.zeros_like(values))
            # `left` falls by at most `rate` for what `remaining` falls, so this ends soon.
            if abs(left - remaining) <= 1e-12 * equity:
                break
            remaining = left
        placed = np.abs(moved) >= least
        if placed.all():
            break
        traded[traded] = placed
    changes = np.zeros_like(values)
    changes[traded] = moved
    return Orders(changes, np.where(traded, commission + rate * np.abs(changes), 0.0))


def _scale(equity: float, untouched: float, share: float) -> float:
    """What weights are multiplied with: the equity, or less where what is not traded leaves too little."""
    return max(0.0, min(equity, (equity - untouched) / share)) if share > 0 else 0.0
