"""What a scanner is, and what it finds."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from functions.scanner.bars import COLUMNS, Bars
from functions.scanner.indicators import Floats

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Signal:
    """Which tickers give it, and by which number they are ranked, the best the highest."""

    given: Mask
    rank_by: Floats


@dataclass(frozen=True, eq=False)
class Findings:
    """What a scanner says of each ticker, (tickers,) everywhere.

    `stages` are its conditions in their order: a ticker passes one if it has passed those before. Comparisons
    with NaN are false, so what is not defined passes none. `numbers` are what a result shows.
    """

    stages: dict[str, Mask]
    signals: dict[str, Signal]
    numbers: dict[str, Floats]

    def passed(self) -> dict[str, Mask]:
        """Who passed each stage and those before it."""
        masks = np.logical_and.accumulate(list(self.stages.values()))
        return dict(zip(self.stages, masks, strict=True))


@dataclass(frozen=True)
class Scanner:
    """A function of bars and the benchmark's (one column), whose keyword defaults are the rule's numbers."""

    find: Callable[[Bars, Bars], Findings]
    bars: int
    """How many bars a ticker needs."""

    @property
    def name(self) -> str:
        """As routes have it."""
        return self.find.__name__

    @property
    def rule(self) -> str:
        """Its docstring in one line."""
        return " ".join((self.find.__doc__ or "").split())

    @property
    def signals(self) -> tuple[str, ...]:
        """Those that it may give: it names them for no tickers too."""
        nobody = Bars.of(self.bars, **{name: np.empty((0, 0)) for name in COLUMNS})
        return tuple(self.find(nobody, nobody).signals)

    @property
    def numbers(self) -> dict[str, Any]:
        """Its rule's numbers by name."""
        parameters = inspect.signature(self.find).parameters.values()
        return {
            parameter.name: parameter.default
            for parameter in parameters
            if parameter.kind is parameter.KEYWORD_ONLY
        }
