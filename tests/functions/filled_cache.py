"""A cache in S3 with made-up bars, in the layout of functions/market/layout.py, as an ingest leaves it."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx
import numpy as np
from moto.server import ThreadedMotoServer
from numpy.typing import NDArray

from functions.market.layout import (
    COLUMNS,
    LAST_RUN_KEY,
    MANIFEST_KEY,
    PANEL_TICKERS,
    RECENT_DAYS,
    UNIVERSE_KEY,
    report_key,
)
from functions.market.manifest import Catalogue, Entry, Manifest, Panel, catalogue_json, manifest_json
from functions.market.objects import Objects
from functions.market.parquet import quoted, write
from functions.market.report import Report, last_run_json, report_json

RUN = "20260101T060000Z-aaaaaa"
Floats = NDArray[np.float64]


@contextmanager
def s3() -> Iterator[str]:
    """An S3 on a free port; its endpoint."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def new_bucket(endpoint: str) -> Objects:
    """An empty one."""
    # moto's servers of one process share what they keep.
    bucket = f"cache-{secrets.token_hex(8)}"
    httpx.put(f"{endpoint}/{bucket}").raise_for_status()
    made_up = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "made-up")
    return Objects(bucket, variables={**made_up, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": endpoint})


@contextmanager
def empty_cache() -> Iterator[Objects]:
    """A bucket in an S3 of its own."""
    with s3() as endpoint:
        yield new_bucket(endpoint)


def fill(
    objects: Objects,
    days: NDArray[np.datetime64],
    tickers: tuple[str, ...],
    columns: Mapping[str, Floats],
    audusd: Floats | None = None,
    *,
    bars: bool = False,
) -> None:
    """Bars of `tickers`, with the columns of a bar as (days, tickers), NaN for none; some may be left out,
    and are then the adjusted close. Indices: EVEN and ODD. With `bars` there are objects of each ticker's
    too, and the report of the run.
    """
    lines = [
        f"{ticker},{ticker} Inc.,EQUITY,{('EVEN', 'ODD')[number % 2]}"
        for number, ticker in enumerate(tickers)
    ]
    objects.put(UNIVERSE_KEY, "\n".join(["ticker,name,kind,indices", *lines, ""]).encode())
    close = columns["adjusted_close"]
    panels = []
    for at in range(0, len(tickers), PANEL_TICKERS):
        group = slice(at, at + PANEL_TICKERS)
        keys = (f"cache/runs/{RUN}/x/closes-{at}.parquet", f"cache/runs/{RUN}/x/recent-{at}.parquet")
        table = {"date": _stamps(days)} | {
            ticker: close[:, at + number] for number, ticker in enumerate(tickers[group])
        }
        chosen = ", ".join(f"{_decimal(quoted(ticker))} AS {quoted(ticker)}" for ticker in tickers[group])
        select = f"SELECT date::DATE AS date, {chosen} FROM source"  # noqa: S608 - the tests' own names
        objects.put(keys[0], write(select, table))
        objects.put(keys[1], _recent(days, tickers[group], {n: v[:, group] for n, v in columns.items()}))
        panels.append(Panel(tickers[group], *keys, written_on="2026-01-01"))
    entries = {}
    for number, ticker in enumerate(tickers):
        key = f"cache/runs/{RUN}/x/bars/{ticker}.parquet" if bars else ""
        entries[ticker] = _entry(days, close[:, number], key)
        if bars:
            objects.put(key, _bars(days, {name: values[:, number] for name, values in columns.items()}))
    if bars:
        ended = "2026-01-01T06:00:00Z"
        report = Report(RUN, "schedule", ended, ended, len(tickers), [], "done", ended, ok=len(tickers))
        objects.put(report_key(RUN), report_json(report))
        objects.put(LAST_RUN_KEY, last_run_json(RUN))
    if audusd is not None:
        key = f"cache/runs/{RUN}/x/bars/AUDUSD.parquet"
        rates = {"date": _stamps(days), "close": audusd}
        select = f"SELECT date::DATE AS date, {_decimal('close')} AS close FROM source"  # noqa: S608 - as above
        objects.put(key, write(select, rates))
        entries["AUDUSD"] = _entry(days, audusd, key)
    found = {ticker: entry for ticker, entry in entries.items() if entry.rows}
    catalogue = f"cache/runs/{RUN}/x/catalogue.json"
    objects.put(catalogue, catalogue_json(Catalogue(found)))
    manifest = Manifest(RUN, "x", "2026-01-01T06:00:00Z", catalogue, tuple(panels))
    objects.put(MANIFEST_KEY, manifest_json(manifest))


def _bars(days: NDArray[np.datetime64], columns: Mapping[str, Floats]) -> bytes:
    there = ~np.isnan(columns["adjusted_close"])
    table = {name: columns.get(name, columns["adjusted_close"])[there] for name in COLUMNS}
    select = f"SELECT date::DATE AS date, {_CHOSEN} FROM source"  # noqa: S608 - the layout's own names
    return write(select, {"date": _stamps(days[there]), **table})


def _recent(days: NDArray[np.datetime64], tickers: tuple[str, ...], columns: Mapping[str, Floats]) -> bytes:
    days = days[-RECENT_DAYS:]
    table: dict[str, Any] = {
        "ticker": np.repeat(np.array(tickers, object), len(days)),
        "date": np.tile(_stamps(days), len(tickers)),
    }
    for name in COLUMNS:
        values = columns.get(name, columns["adjusted_close"])
        table[name] = np.ascontiguousarray(values[-RECENT_DAYS:].T).reshape(-1)
    return write(f"SELECT ticker, date::DATE AS date, {_CHOSEN} FROM source", table)  # noqa: S608 - as above


def _decimal(name: str) -> str:
    return f"CASE WHEN isnan({name}) THEN NULL ELSE {name} END::DECIMAL(18, 6)"


_CHOSEN = ", ".join(
    f"CASE WHEN isnan({name}) THEN NULL ELSE {name} END::BIGINT AS {name}"
    if name == "volume"
    else f"{_decimal(name)} AS {name}"
    for name in COLUMNS
)


def _stamps(days: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    return days.astype("datetime64[us]")


def _entry(days: NDArray[np.datetime64], values: Floats, key: str = "") -> Entry:
    known = days[~np.isnan(values)]
    first, last = (str(known[0]), str(known[-1])) if len(known) else ("", "")
    return Entry(key, "tiingo", first, last, len(known), "2026-01-01")
