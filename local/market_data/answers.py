"""The providers' answers as they write them."""

import json
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from local.market_data.history import History

_TIINGO = (
    '{"date":"%sT00:00:00.000Z","close":%s,"high":%s,"low":%s,"open":%s,"volume":%s,"adjClose":%s,"adjHigh":%s,'
    '"adjLow":%s,"adjOpen":%s,"adjVolume":%s,"divCash":%s,"splitFactor":%s}'
)
_TIINGO_FX = '{"date":"%sT00:00:00.000Z","ticker":"audusd","open":%s,"high":%s,"low":%s,"close":%s}'
_POLYGON = '{"v":%s,"vw":%s,"o":%s,"c":%s,"h":%s,"l":%s,"t":%s,"n":1000}'
_MS_PER_DAY = 86_400_000
# Midnight in New York, in summer; in winter it is an hour more.
_NEW_YORK_MS = 4 * 3_600_000


def tiingo_daily(history: History, start: date, end: date, today: date) -> str:
    """Its end-of-day prices: adjusted for splits and dividends, with as many decimals as come out."""
    rows = history.between(start, end)
    factor = history.factors(today, dividends=True)[rows]
    split = history.factors(today, dividends=False)[rows]
    known = history.known(today)[rows]
    raw = [column[rows] for column in (history.close, history.high, history.low, history.open)]
    volume = history.volume[rows]
    return _list(
        _TIINGO,
        history.dates[rows],
        *raw,
        volume,
        *(np.round(prices * factor, 10) for prices in raw),
        np.rint(volume / split).astype(np.int64),
        np.where(known, history.dividend[rows], 0.0),
        np.where(known, history.split[rows], 1.0),
    )


def tiingo_fx(history: History, start: date, end: date) -> str:
    """Its currency prices."""
    rows = history.between(start, end)
    columns = (history.open, history.high, history.low, history.close)
    return _list(_TIINGO_FX, history.dates[rows], *(column[rows] for column in columns))


def polygon(ticker: str, history: History, start: date, end: date, today: date, *, adjusted: bool) -> str:
    """Its daily aggregates, adjusted for splits only."""
    rows = history.between(start, end)
    factor = history.factors(today, dividends=False)[rows] if adjusted else np.ones(rows.stop - rows.start)
    prices = [
        np.round(column[rows] * factor, 6)
        for column in (history.open, history.close, history.high, history.low)
    ]
    volume = np.rint(history.volume[rows] / factor).astype(np.int64)
    times = history.dates[rows].astype(np.int64) * _MS_PER_DAY + _NEW_YORK_MS
    count = rows.stop - rows.start
    said = {
        "ticker": ticker,
        "queryCount": count,
        "resultsCount": count,
        "adjusted": adjusted,
        "status": "OK",
    }
    if not count:
        return json.dumps({**said, "request_id": "madeup"})
    vwap = np.round((prices[2] + prices[3] + prices[1]) / 3, 4)
    results = _list(_POLYGON, volume, vwap, *prices, times)
    return json.dumps(said)[:-1] + f', "results": {results}, "request_id": "madeup", "count": {count}}}'


def _list(form: str, *columns: NDArray[Any]) -> str:
    texts = [map(str, column.tolist()) for column in columns]
    return "[" + ",".join([form % row for row in zip(*texts, strict=True)]) + "]"
