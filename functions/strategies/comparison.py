"""Runs beside each other."""

from collections.abc import Sequence
from typing import Any, get_args

from functions.strategies.metrics import Metrics
from functions.strategies.model import Comparison, Difference, Result

# Of these less is better.
_LESS = ("volatility", "turnover")
# More or less invested is neither.
_NEITHER = ("exposure",)


def compare(results: Sequence[Result]) -> Comparison:
    """For each metric the best; a drawdown nearer to 0 is better. Of equal ones the first."""
    best: dict[str, int | None] = {}
    for metric in Metrics.model_fields:
        if metric not in _NEITHER:
            known = [
                (value, result.id)
                for result in results
                if (value := getattr(result.metrics, metric)) is not None
            ]
            choose = min if metric in _LESS else max
            best[metric] = choose(known, key=lambda found: found[0])[1] if known else None
    return Comparison(
        results=list(results),
        differences=[
            field
            for field in get_args(Difference)
            if any(_told(result, field) != _told(results[0], field) for result in results)
        ],
        best=best,
    )


def _told(result: Result, field: Difference) -> Any:
    found = getattr(result, field)
    # Their order says nothing.
    return sorted(found) if field == "tickers" else found
