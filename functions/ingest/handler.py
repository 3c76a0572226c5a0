"""The daily ingest."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx

from functions.ingest.clients import Clients, Keys, Settings
from functions.ingest.http_client import TIMEOUT_SECONDS
from functions.ingest.order import order
from functions.ingest.run import RESERVE_SECONDS, IngestFailedError, Order, Run, Step
from functions.market.cache import Cache, CacheEmptyError
from functions.market.manifest import UnreadableError
from functions.market.objects import Objects, StorageError
from functions.runtime.invocation import start
from functions.runtime.log import log
from functions.runtime.metrics import metrics
from functions.runtime.secrets import Secret


def handler(event: object, context: Any) -> dict[str, object]:
    """One step of a run; starts the next one where tickers are left.

    Events are those of `order`. Raises where the step or the run fails, so that Lambda tries again: what was
    done stays done.
    """
    started = time.perf_counter()
    asked = order(event, context.aws_request_id)
    log.append_keys(request_id=context.aws_request_id, run_id=asked.run_id, step=asked.step)

    def remaining() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    settings = Settings.read()
    cache = _cache(settings.aws_s3_bucket)
    try:
        step = _step(asked, settings, cache, remaining)
        _measure(step, started)
    except IngestFailedError as error:
        _measure(error.step, started)
        log.error("the ingest failed", extra={"reason": str(error)})
        raise
    finally:
        # However it went: the alarm of old prices hears nothing else.
        _measure_age(cache)
        if metrics.metric_set:
            metrics.flush_metrics()
    if step is None:
        log.warning("another invocation has this step")
        return {"run_id": asked.run_id, "status": "given_way"}
    if step.follow_up:
        start(
            context.invoked_function_arn,
            {"run_id": asked.run_id, "source": "continuation", "step": step.follow_up},
        )
    counts = {
        "tickers": step.settled,
        "failed": step.failed,
        "rows": step.rows,
        "remaining": len(step.report.remaining),
    }
    log.info("a step is done", extra=counts)
    return {"run_id": asked.run_id, "status": step.report.status, **counts}


def _step(asked: Order, settings: Settings, cache: Cache, remaining: Callable[[], float]) -> Step | None:
    with httpx.Client(
        timeout=TIMEOUT_SECONDS,
        limits=httpx.Limits(max_connections=settings.ingest_concurrency),
        follow_redirects=False,
    ) as http:
        clients = Clients(
            settings, _keys(settings.api_keys_arn).read, http, lambda: remaining() - RESERVE_SECONDS
        )
        run = Run(
            cache,
            clients,
            concurrency=settings.ingest_concurrency,
            failure_share=settings.ingest_failure_share,
            remaining=remaining,
        )
        return run.step(asked)


@cache
def _keys(arn: str) -> Secret[Keys]:
    return Secret(arn, Keys)


@cache
def _cache(bucket: str) -> Cache:
    return Cache(Objects(bucket))


def _measure(step: Step | None, started: float) -> None:
    if step is None:
        return
    metrics.add_metric("TickersProcessed", "Count", step.settled)
    metrics.add_metric("TickersSuccessful", "Count", step.settled - step.failed)
    metrics.add_metric("TickersFailed", "Count", step.failed)
    metrics.add_metric("BarsRefused", "Count", step.refused)
    metrics.add_metric("RowsWritten", "Count", step.rows)
    metrics.add_metric("ExecutionTime", "Seconds", time.perf_counter() - started)


def _measure_age(cache: Cache) -> None:
    try:
        market_day = cache.snapshot().catalogue.market_day
    except (CacheEmptyError, UnreadableError, StorageError) as error:
        log.warning("The age of the prices is unknown", extra={"error": type(error).__name__})
        return
    if market_day:
        metrics.add_metric("NewestBarAgeDays", "Count", (datetime.now(UTC).date() - market_day).days)
