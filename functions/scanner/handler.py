"""The scanner API."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated

from functions.market.cache import Cache
from functions.market.reading import answering, cache_of
from functions.runtime.errors import InvalidError
from functions.runtime.fields import Exact, OneTo
from functions.runtime.http_api import HttpApi
from functions.runtime.log import log
from functions.runtime.parameters import Query
from functions.runtime.variables import Variables
from functions.scanner import store
from functions.scanner.catalog import SCANNERS
from functions.scanner.model import Name, ScanAnswer, Scanner, Scanners, ScanRequest, ScanResults
from functions.scanner.run import run

MOST = 500
Score = Annotated[Decimal, Exact(digits=5, places=2, ge=0, le=100)]


class Settings(Variables):
    """The scanner's variables."""

    aws_s3_bucket: str
    aws_lambda_function_memory_size: int


api = HttpApi()


@cache
def _cache() -> Cache:
    return cache_of(Settings.read().aws_s3_bucket)


@api.get("/scanner", tags=["scanner"])
def list_scanners() -> Scanners:
    """The scanners, their rules, and the numbers in them."""
    return Scanners(
        scanners=[
            Scanner(name=scanner.name, rule=scanner.rule, bars=scanner.bars, numbers=scanner.numbers)
            for scanner in SCANNERS.values()
        ]
    )


@api.post("/scanner/run", tags=["scanner"])
def run_scanner(request: ScanRequest) -> ScanAnswer:
    """Scan the last day of the market; it becomes the latest run. What would not end in 25 s is refused."""
    by, settings = api.caller, Settings.read()
    with answering(_cache()) as cached:
        made, results = run(
            request,
            cached.universe(),
            cached.snapshot(),
            memory_mb=settings.aws_lambda_function_memory_size,
            by=by,
            now=datetime.now(UTC),
            code_version=settings.code_version,
        )
        store.save(cached.objects, made, results)
    log.info("ran a scanner", extra={"scanner": made.scanner, "found": made.counts.found})
    return ScanAnswer(**dict(made), results=results[:MOST])


@api.get("/scanner/results", tags=["scanner"])
def list_scan_results(
    scanner: Annotated[Name | None, Query(description="Of this scanner only")] = None,
    signal: Annotated[str | None, Query(min_length=1, max_length=50)] = None,
    min_score: Annotated[Score, Query(description="0 to 100")] = Decimal(0),
    limit: Annotated[int, OneTo(MOST), Query()] = 50,
) -> ScanResults:
    """What the latest run of each scanner found, the best scores first."""
    names = [scanner] if scanner else [*SCANNERS]
    if signal is not None:
        signals = dict.fromkeys(one for name in names for one in SCANNERS[name].signals)
        if signal not in signals:
            raise InvalidError.field("signal", signal, f"One of {', '.join(signals)}", place="query")
    with answering(_cache()) as cached:
        every = [store.latest(cached.objects, name) for name in names]
    kept = [one for one in every if one is not None]
    found = [
        result
        for one in kept
        for result in one.results
        if (signal is None or result.signal == signal) and result.score >= min_score
    ]
    found.sort(key=lambda result: (-result.score, result.scanner, result.ticker))
    return ScanResults(total=len(found), results=found[:limit], runs=[one.run for one in kept])


handler = api.handler
