"""What the ingest asks of a market data provider.

A third one is a class of this shape, and a line in `providers`.
"""

from collections.abc import Sequence
from datetime import date
from itertools import chain
from operator import itemgetter
from typing import Any, Protocol

import numpy as np

from functions.market.bars import Quotes
from functions.market.universe import Instrument


class ProviderError(Exception):
    """It cannot give this ticker's bars; the text says why, for the run's report."""


class NoDataError(ProviderError):
    """It has none, and asking again would not help."""


class UnknownTickerError(NoDataError):
    """It has none of any day."""


class LostHistoryError(ProviderError):
    """The past of its own bars has changed, and what it has of it now would lose some of them.

    Nobody else's bars may follow these: they are adjusted for what is known to be no longer so.
    """


class WrongKeyError(Exception):
    """It refuses our key: no request of this run can succeed."""


class OutOfTimeError(Exception):
    """This invocation is about to end; the ticker is left for the next."""


class Provider(Protocol):
    """`name` is kept beside the bars that it gave; `counts_dividends` says whether its adjusted prices do."""

    name: str
    counts_dividends: bool

    def daily(self, instrument: Instrument, start: date, end: date) -> Quotes:
        """Its bars from `start` to `end`, both included.

        Raises ProviderError (NoDataError if it has none), WrongKeyError and OutOfTimeError.
        """


def table(rows: Sequence[Any], fields: Sequence[str]) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """The fields of JSON objects, two or more, as floats, a row each.

    NaN for null. Raises ProviderError for another shape.
    """
    try:
        found = list(chain.from_iterable(map(itemgetter(*fields), rows)))
    except (KeyError, TypeError, AttributeError) as error:
        raise ProviderError(f"its answer has another shape: {type(error).__name__} {error}") from None
    # numpy would take text and true for numbers.
    if not set(map(type, found)) <= {int, float, type(None)}:
        raise ProviderError("its answer has another shape: a value is no number")
    try:
        return np.array(found, np.float64).reshape(len(rows), len(fields))
    except OverflowError:
        raise ProviderError("its answer has a number beyond all prices") from None
