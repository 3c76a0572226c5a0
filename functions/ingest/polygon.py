"""Polygon's aggregates (https://polygon.io/docs/rest/stocks/aggregates/custom-bars)."""

from datetime import date
from typing import Any

import numpy as np

from functions.ingest.http_client import HttpClient
from functions.ingest.provider import NoDataError, ProviderError, table
from functions.market.bars import Quotes
from functions.market.universe import Instrument

_FIELDS = ("t", "o", "h", "l", "c", "v")
_MS_PER_DAY = 86_400_000


class Polygon:
    """Adjusted for splits only, in a second answer."""

    name = "polygon"
    counts_dividends = False

    def __init__(self, client: HttpClient, url: str, key: str) -> None:
        self._client = client
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"}

    def daily(self, instrument: Instrument, start: date, end: date) -> Quotes:
        """As Provider's."""
        raw = self._aggregates(instrument, start, end, adjusted=False)
        # Nothing splits a currency.
        adjusted = raw if instrument.kind == "FX" else self._aggregates(instrument, start, end, adjusted=True)
        if not np.array_equal(raw[:, 0], adjusted[:, 0]):
            raise ProviderError("its raw and its adjusted bars are not of the same days")
        # A bar's time is its start: midnight in New York, which is four or five hours after midnight in UTC.
        # Of a currency it is midnight in UTC.
        dates = (raw[:, 0] // _MS_PER_DAY).astype(np.int64).astype("datetime64[D]")
        values = np.column_stack([raw[:, 1:], adjusted[:, 1:5]])
        values[:, 4] = np.rint(values[:, 4])
        factor = adjusted[:, 4] / raw[:, 4]
        adjusting = np.zeros(len(raw), bool)
        adjusting[1:] = ~np.isclose(factor[1:], factor[:-1], rtol=1e-3)
        return Quotes(dates, values, adjusting)

    def _aggregates(
        self, instrument: Instrument, start: date, end: date, *, adjusted: bool
    ) -> "np.ndarray[Any, np.dtype[np.float64]]":
        ticker = f"C:{instrument.ticker}" if instrument.kind == "FX" else instrument.ticker.replace("-", ".")
        answer = self._client.get(
            f"{self._url}/v2/aggs/ticker/{ticker}/range/1/day/{start}/{end}",
            {"adjusted": str(adjusted).lower(), "sort": "asc", "limit": "50000"},
            self._headers,
        )
        rows = answer.get("results", []) if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            raise ProviderError("its answer has no list of results")
        if not rows:
            raise NoDataError("it has no bars of these days")
        found = table(rows, _FIELDS)
        if np.isnan(found[:, 0]).any():
            raise ProviderError("its answer has bars without a time")
        return found
