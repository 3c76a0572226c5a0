"""One ticker's bars as JSON: exact decimals from the cache to the answer's text, in US or Australian dollars.

DuckDB writes the text: as rows of Python's decimals, the 2,517 bars of ten years take twice as long.
"""

from datetime import date

from functions.market.cache import Snapshot
from functions.market.layout import ADJUSTED_COLUMNS, MILLIONTHS, PRICE_COLUMNS
from functions.market.parquet import decimals, millionths, rows
from functions.market.universe import AUDUSD

_PRICES = (*PRICE_COLUMNS, "adjusted_close")


class NoRateError(Exception):
    """No rate of Australian dollars is known on a bar's day or before it."""


def bars(
    snapshot: Snapshot,
    ticker: str,
    *,
    start: date,
    end: date,
    limit: int | None = None,
    adjusted: bool,
    aud: bool = False,
) -> list[str]:
    """The bars from `start` to `end`, both included, or the last `limit` of them: ascending JSON objects.

    Open, high, low and close are adjusted for splits and dividends, or as traded. With `aud` all prices are
    at the day's rate or the last one before it, never a later one, to the nearest millionth.

    Raises NoRateError.
    """
    entry = snapshot.catalogue.tickers.get(ticker)
    if entry is None:
        return []
    columns = zip(ADJUSTED_COLUMNS if adjusted else PRICE_COLUMNS, PRICE_COLUMNS, strict=True)
    chosen = ", ".join(f"{column} AS {name}" for column, name in columns)
    bars = (
        f"SELECT date, volume, adjusted_close, {chosen} FROM {{file}} "  # noqa: S608 - the layout's own names
        "WHERE date BETWEEN $1 AND $2" + (f" ORDER BY date DESC LIMIT {limit}" if limit is not None else "")
    )
    first_rate = None
    if aud:
        rates = snapshot.catalogue.tickers.get(AUDUSD.ticker)
        if rates is None:
            raise NoRateError("no AUDUSD rate is known yet")
        bars = _in_aud(bars, str(snapshot.cache.file(rates.key)))
        first_rate = rates.first
    found = rows(
        snapshot.cache.file(entry.key),
        f"SELECT {_json()} FROM ({bars}) ORDER BY date",  # noqa: S608 - the code's own names and files
        [start, end],
    )
    texts = [text for (text,) in found]
    if None in texts:
        raise NoRateError(f"no AUDUSD rate is known before {first_rate}")
    return texts


def _in_aud(rows: str, rates: str) -> str:
    prices = ", ".join(f"{_divided(price)} AS {price}" for price in _PRICES)
    rate = f"SELECT date, {millionths('close')} AS rate FROM read_parquet('{rates}')"  # noqa: S608 - the code's own names and files
    # As of: the last rate that is not later than the bar; NULL where there is none.
    return f"SELECT date, volume, {prices} FROM ({rows}) ASOF LEFT JOIN ({rate}) USING (date)"  # noqa: S608 - the code's own names and files


def _divided(price: str) -> str:
    # In whole millionths, since a quotient of decimals is a float to DuckDB; half a millionth is rounded up.
    usd = f"{millionths(price)}::HUGEINT"
    # The rate is a millionth at least, so six digits more than US dollars have are enough.
    return decimals(f"((2 * {MILLIONTHS} * {usd} + rate) // (2 * rate))", digits=25)


def _json() -> str:
    # One concat makes the text once: `||` makes it anew for each part, which takes half as long again. But
    # concat passes over NULL, so that a bar without a price is told by one of its prices.
    parts = [f"',\"{name}\":', {name}" for name in (*_PRICES[:4], "volume", _PRICES[4])]
    text = f"concat('{{\"date\":\"', date, '\"', {', '.join(parts)}, '}}')"
    return f"CASE WHEN close IS NOT NULL THEN {text} END"
