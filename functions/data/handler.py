"""The data API, and the platform's public health check."""

from datetime import UTC, date, datetime
from functools import cache
from http import HTTPStatus
from typing import Annotated

from functions.data import ingests, prices
from functions.data.health import Checks, Health, HealthVariables, platform_checks
from functions.data.model import (
    Currency,
    Ingest,
    Instrument,
    Instruments,
    Latest,
    Prices,
    Refresh,
    Started,
    Status,
)
from functions.market.asked import instruments_of, refuse_unknown
from functions.market.cache import Cache, CacheEmptyError
from functions.market.reading import answering, cache_of
from functions.market.universe import Universe
from functions.runtime.errors import InvalidError, NotFoundError
from functions.runtime.fields import Day, OneTo, Ticker
from functions.runtime.http_api import HttpApi
from functions.runtime.invocation import start as start_function
from functions.runtime.json_text import JsonText
from functions.runtime.log import log
from functions.runtime.parameters import Path, Query
from functions.runtime.variables import Variables

MOST_BARS = 10_000
# So that no day that is sent is beyond the one that is not.
FIRST_DAY, LAST_DAY = date.min, date.max

api = HttpApi()


class Settings(Variables):
    """The variables of the data routes."""

    aws_s3_bucket: str
    ingest_function_name: str


@cache
def _cache() -> Cache:
    return cache_of(Settings.read().aws_s3_bucket)


@api.get("/data/status", tags=["data"])
def get_status() -> Status:
    """How much there is, how old it is, and how the last ingest went."""
    with answering(_cache()) as cached:
        return ingests.status(cached, datetime.now(UTC))


@api.get("/data/universe", tags=["data"])
def list_instruments(
    index: Annotated[str | None, Query(description="Of this index only", max_length=50)] = None,
) -> Instruments:
    """The instruments that the platform knows."""
    with answering(_cache()) as cached:
        universe = cached.universe()
    found = universe if index is None else instruments_of(index, universe, place="query")
    rows = [Instrument(ticker=i.ticker, name=i.name, kind=i.kind, indices=list(i.indices)) for i in found]
    return Instruments(total=len(rows), instruments=rows)


@api.get("/data/prices/<ticker>", tags=["data"])
def list_prices(
    ticker: Annotated[Ticker, Path()],
    start: Annotated[Day, Query(description="First day")] = FIRST_DAY,
    end: Annotated[Day, Query(description="Last day")] = LAST_DAY,
    limit: Annotated[
        Annotated[int, OneTo(MOST_BARS)] | None, Query(description="The last so many bars")
    ] = None,
    *,
    adjusted: Annotated[bool, Query(description="Open, high, low and close adjusted too")] = True,
    currency: Annotated[Currency, Query(description="AUD at each day's rate or the last before it")] = "USD",
) -> Prices:
    """A ticker's daily bars; an empty list where there are none."""
    if start > end:
        raise InvalidError.field("end", end, f"Not before the start, {start}", place="query")
    with answering(_cache()) as cached:
        _known(ticker, cached.universe())
        try:
            bars = prices.bars(
                cached.snapshot(),
                ticker,
                start=start,
                end=end,
                limit=limit,
                adjusted=adjusted,
                aud=currency == "AUD",
            )
        except CacheEmptyError:
            bars = []
        except prices.NoRateError as error:
            raise InvalidError.field("currency", currency, f"USD, as {error}", place="query") from error
    return Prices.model_validate(
        {
            "ticker": ticker,
            "currency": currency,
            "adjusted": adjusted,
            "total": len(bars),
            "bars": JsonText(f"[{','.join(bars)}]"),
        }
    )


@api.get("/data/latest/<ticker>", tags=["data"])
def get_latest(ticker: Annotated[Ticker, Path()]) -> Latest:
    """A ticker's last bar, in US dollars."""
    with answering(_cache()) as cached:
        _known(ticker, cached.universe())
        try:
            bars = prices.bars(
                cached.snapshot(), ticker, start=FIRST_DAY, end=LAST_DAY, limit=1, adjusted=False
            )
        except CacheEmptyError:
            bars = []
    return Latest.model_validate({"ticker": ticker, "bar": JsonText(bars[0]) if bars else None})


@api.post("/data/refresh", status_code=202, tags=["data"])
def start_refresh(refresh: Refresh) -> Started:
    """Start an ingest, of all tickers or of these. One of all that is under way is joined."""
    by = api.caller
    with answering(_cache()) as cached:
        universe = cached.universe()
        run_id, under_way = ingests.run_for(cached, universe, refresh.tickers, datetime.now(UTC))
    refuse_unknown(refresh.tickers or (), universe)
    if not under_way:
        event = {"run_id": run_id, "source": "refresh", "tickers": refresh.tickers}
        start_function(Settings.read().ingest_function_name, event)
    log.info("asked for an ingest", extra={"run_id": run_id, "by": by, "under_way": under_way})
    return Started(run_id=run_id)


@api.get("/data/refresh/<run_id>", tags=["data"])
def get_refresh(run_id: Annotated[str, Path(max_length=100)]) -> Ingest:
    """How an ingest goes, or went."""
    with answering(_cache()) as cached:
        found = ingests.ingest(cached, run_id, datetime.now(UTC))
    if found is None:
        raise NotFoundError("There is no ingest of this id.")
    return found


def _known(ticker: str, universe: Universe) -> None:
    if ticker not in universe:
        raise NotFoundError(f"{ticker} is not in the universe.")


@cache
def checks() -> Checks:
    """Of this execution environment."""
    return platform_checks(HealthVariables.read())


@api.get(
    "/health",
    tags=["health"],
    responses={
        200: {"description": "Both answer", "content": {"application/json": {"model": Health}}},
        503: {"description": "One does not", "content": {"application/json": {"model": Health}}},
    },
)
def get_health() -> Health:
    """Whether database and cache answer: 200 if both do, 503 if not. Needs no token."""
    variables = HealthVariables.read()
    parts, checked_at = checks().parts()
    well = all(part.status == "ok" for part in parts.values())
    if not well:
        api.answer_with(HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "30"})
    return Health(
        status="ok" if well else "failed",
        name=variables.name,
        environment=variables.environment,
        version=variables.code_version,
        checked_at=checked_at,
        parts=parts,
    )


handler = api.handler
