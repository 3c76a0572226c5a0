"""What the cache says of its ingests."""

from datetime import UTC, datetime, timedelta

from functions.data.model import Failure, Ingest, Status
from functions.market.cache import Cache, CacheEmptyError
from functions.market.calendar import last_trading_day_before
from functions.market.layout import LAST_RUN_KEY, report_key
from functions.market.manifest import Catalogue
from functions.market.report import QUEUED_AT_MOST, Report, read_last_run, read_report, started_at
from functions.market.universe import AUDUSD


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
