"""Tiingo's end-of-day and currency prices (https://www.tiingo.com/documentation/end-of-day and /forex)."""

from datetime import date
from typing import Any

import numpy as np

from functions.ingest.http_client import HttpClient
from functions.ingest.provider import NoDataError, ProviderError, table
from functions.market.bars import Quotes
from functions.market.layout import COLUMNS
from functions.market.universe import Instrument

_SPLIT_AND_DIVIDEND = ("splitFactor", "divCash")
_FIELDS = (
    *("open", "high", "low", "close", "volume"),
    *("adjOpen", "adjHigh", "adjLow", "adjClose"),
    *_SPLIT_AND_DIVIDEND,
)
_CURRENCY_FIELDS = ("open", "high", "low", "close")


class Tiingo:
    """Adjusted for splits and dividends."""

    name = "tiingo"
    counts_dividends = True

    def __init__(self, client: HttpClient, url: str, key: str) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Token {key}"}

    def daily(self, instrument: Instrument, start: date, end: date) -> Quotes:
        """As Provider's."""
        asked = {"startDate": start.isoformat(), "endDate": end.isoformat()}
        if instrument.kind == "FX":
            path, asked["resampleFreq"] = f"/tiingo/fx/{instrument.ticker.lower()}/prices", "1day"
        else:
            path, asked["format"] = f"/tiingo/daily/{instrument.ticker}/prices", "json"
        rows = self._client.get(self._url + path, asked, self._headers)
        if not isinstance(rows, list):
            raise ProviderError("its answer is no list")
        if not rows:
            raise NoDataError("it has no bars of these days")
        return _currency(rows) if instrument.kind == "FX" else _equity(rows)


def _equity(rows: list[Any]) -> Quotes:
    values = table(rows, _FIELDS)
    split, dividend = values[:, len(COLUMNS)], values[:, len(COLUMNS) + 1]
    return Quotes(_dates(rows), values[:, : len(COLUMNS)], (split != 1) | (dividend != 0))


def _currency(rows: list[Any]) -> Quotes:
    prices = table(rows, _CURRENCY_FIELDS)
    # Nothing adjusts a currency, and its volume is nobody's to know.
    values = np.column_stack([prices, np.zeros(len(prices)), prices])
    return Quotes(_dates(rows), values, np.zeros(len(rows), bool))


def _dates(rows: list[Any]) -> "np.ndarray[Any, np.dtype[np.datetime64]]":
    try:
        return np.array([row["date"][:10] for row in rows], "datetime64[D]")
    except (KeyError, TypeError, ValueError) as error:
        raise ProviderError(f"its answer has another shape: date {type(error).__name__}") from None
