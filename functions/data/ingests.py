"""What the cache says of its ingests."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from functions.data.model import Failure, Ingest, Status
from functions.market.cache import Cache, CacheEmptyError
from functions.market.calendar import last_trading_day_before
from functions.market.layout import LAST_RUN_KEY, report_key
from functions.market.manifest import Catalogue, UnreadableError
from functions.market.report import (
    QUEUED_AT_MOST,
    Report,
    new_run_id,
    read_last_run,
    read_report,
    started_at,
)
from functions.market.universe import AUDUSD, Universe


def status(cache: Cache, now: datetime) -> Status:
    """What there is, how old it is, and how the last ingest went."""
    lost: frozenset[str] = frozenset()
    try:
        snapshot = cache.snapshot()
    except CacheEmptyError:
        catalogue = Catalogue()
    else:
        catalogue, lost = snapshot.catalogue, snapshot.lost
    entries, market = catalogue.instruments, catalogue.market_day
    due = last_trading_day_before(now.astimezone(UTC).date())
    # An account in AUD is valued at the last rate, however old it is.
    rates = catalogue.tickers.get(AUDUSD.ticker)
    last_run = cache.objects.get(LAST_RUN_KEY)
    return Status.model_validate(
        {
            "tickers": len(entries),
            "rows": sum(entry.rows for entry in entries),
            "oldest_date": min((entry.first for entry in entries), default=None),
            "newest_date": max((entry.last for entry in entries), default=None),
            "market_date": market,
            "stale": market is None or market < due or (rates is not None and rates.last < str(due)),
            "lost": sorted(lost),
            "last_ingest": ingest(cache, read_last_run(last_run), now) if last_run is not None else None,
        }
    )


def ingest(cache: Cache, run_id: str, now: datetime) -> Ingest | None:
    """A run.

    None if there is none of that id. One that has no report yet is running while Lambda may still start it.
    """
    try:
        asked_for = started_at(run_id)
    except ValueError:
        return None
    text = cache.objects.get(report_key(run_id))
    if text is not None:
        return _told(read_report(text), now)
    if timedelta(0) <= now - asked_for <= QUEUED_AT_MOST:
        return Ingest(run_id=run_id, status="running", started_at=asked_for)
    return None


def run_for(
    cache: Cache, universe: Universe, tickers: Sequence[str] | None, now: datetime
) -> tuple[str, bool]:
    """The id of the run that ingests these tickers, or all of them; and whether it is under way already.

    All of them join a run of all. What is asked for again within a minute in which no run has begun is the
    same run, and the ingest does that once however often it is started.
    """
    last, run = "", None
    # Of another version of this code: the ingest begins anew, so it may not keep one from starting.
    with suppress(UnreadableError):
        text = cache.objects.get(LAST_RUN_KEY)
        if text is not None:
            last = read_last_run(text)
            run = ingest(cache, last, now)
    everything = len(universe) + len([AUDUSD])
    if tickers is None and run and run.status == "running" and run.tickers == everything:
        return run.run_id, True
    minute = now.replace(second=0, microsecond=0)
    return new_run_id(minute, f"{last} {tickers and sorted(tickers)}"), False


def _told(report: Report, now: datetime) -> Ingest:
    silent = report.silent(now)
    return Ingest(
        run_id=report.run_id,
        status="failed" if silent else report.status,
        source=report.source,
        started_at=datetime.fromisoformat(report.started_at),
        finished_at=datetime.fromisoformat(report.finished_at) if report.finished_at else None,
        tickers=report.tickers,
        remaining=len(report.remaining),
        ok=report.ok,
        failed=report.failed,
        refused_bars=report.refused_bars,
        refused=report.refused,
        flagged=report.flagged,
        rows=report.rows,
        failures=[Failure(**failure) for failure in report.failures],
        message=silent or report.message,
    )
