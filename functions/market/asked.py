"""What a request asks of the universe."""

from collections.abc import Iterable

from functions.market.universe import Instrument, Universe
from functions.runtime.errors import InvalidError

_NAMED = 10
_DETAILED = 100


def refuse_unknown(tickers: Iterable[str], universe: Universe, *, field: str = "tickers") -> None:
    """Raises InvalidError, which names tickers that the universe does not have."""
    unknown = [ticker for ticker in tickers if ticker not in universe]
    if unknown:
        allowed = "A ticker of GET /data/universe"
        details = [
            {"field": field, "in": "body", "value": ticker, "allowed": allowed}
            for ticker in unknown[:_DETAILED]
        ]
        raise InvalidError(f"{field}: not in the universe: {', '.join(unknown[:_NAMED])}", details)


def instruments_of(index: str, universe: Universe, *, place: str = "body") -> list[Instrument]:
    """An index's instruments. Raises InvalidError, which names the indices, if it is none of them."""
    if index not in universe.indices:
        raise InvalidError.field("index", index, f"One of {', '.join(universe.indices)}", place=place)
    return universe.of_index(index)
