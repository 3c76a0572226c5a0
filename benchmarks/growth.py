"""How a cost grows with the number of tickers."""

import itertools
import math
from collections.abc import Iterator, Mapping


def growth(name: str, costs: Mapping[int, float]) -> Iterator[str]:
    """A line for each step from one number of tickers to the next; a cost may be NaN, not known.

    CPU time is to grow at most as the tickers do.
    """
    for (fewer, less), (more, cost) in itertools.pairwise(costs.items()):
        if not (math.isnan(less) or math.isnan(cost)):
            yield f"{name:>20} {fewer:5} to {more:5}: tickers x {more / fewer:.1f}, CPU x {cost / less:.1f}"
