"""A run of the ingest.

Steps of one invocation each, until all tickers are settled or the bound is reached.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event
from uuid import uuid4

from functions.ingest.clients import Clients
from functions.ingest.former import Former, read_former
from functions.ingest.provider import OutOfTimeError, WrongKeyError
from functions.ingest.publication import publish
from functions.ingest.ticker import Outcome, TickerIngest
from functions.market.cache import Cache
from functions.market.calendar import last_trading_day_before
from functions.market.layout import LAST_RUN_KEY, PANEL_TICKERS, folder, report_key
from functions.market.manifest import UnreadableError
from functions.market.objects import ObjectChangedError, StorageError
from functions.market.report import Report, instant, last_run_json, read_report, report_json, with_flags
from functions.market.universe import AUDUSD, Instrument, Universe

# Kept back of an invocation's time, to write panels and move the manifest: 4 s for 500 tickers in 0.6 of a
# core.
RESERVE_SECONDS = 75
# An invocation holds 110 kB of each of its tickers until the panels are written. Whole panels of them: what
# one step leaves half full, the next one writes again.
STEP_TICKERS = 2 * PANEL_TICKERS
# Lambda's own recursion detection stops a chain of a function's invocations of itself after 16.
STEPS = 15
# Nobody works on a step for longer than Lambda lets an invocation run, and a retry comes later than this.
CLAIM_SECONDS = 330


@dataclass(frozen=True)
class Order:
    """What an invocation is to do. `holder` is the same when Lambda tries again. No tickers are all."""

    run_id: str
    source: str
    holder: str
    step: int = 1
    tickers: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Step:
    """What it did.

    `report` is the run's so far; `follow_up` is the number of the step to start now, if any.
    """

    report: Report
    settled: int = 0
    failed: int = 0
    refused: int = 0
    rows: int = 0
    follow_up: int | None = None


class IngestFailedError(Exception):
    """Lambda is to count this as an error, so that it tries again and the alarm rings.

    `step` is what was done before.
    """

    def __init__(self, message: str, step: Step | None = None) -> None:
        super().__init__(message)
        self.step = step


class Run:
    """`clients` are this invocation's, and `remaining` says how many seconds it still has."""

    def __init__(
        self,
        cache: Cache,
        clients: Clients,
        *,
        concurrency: int,
        failure_share: float,
        remaining: Callable[[], float],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._cache = cache
        self._clients = clients
        self._concurrency = concurrency
        self._failure_share = failure_share
        self._remaining = remaining
        self._now = now

    def step(self, order: Order) -> Step | None:
        """Do one step; None where another invocation has this step or did it already.

        Raises IngestFailedError where the run fails, and StorageError: a retry with the same order goes on
        from there.
        """
        # Before all that can fail: a run that has no report seems to be waiting.
        report = self._claimed(order)
        if report is None:
            return None
        universe = self._cache.universe()
        former = read_former(self._cache)
        if not report.tickers:
            report.remaining = _tickers(order, universe, former)
            report.tickers = len(report.remaining)
            self._written(report)
        try:
            outcomes, kept = self._ingest(report, universe, former)
            move = f"{report.step:02d}-{uuid4().hex[:8]}"
            publish(
                self._cache, universe, [*kept, *outcomes], run_id=report.run_id, move=move, now=self._now()
            )
        except WrongKeyError as error:
            self._finish(report, "failed", str(error))
            raise IngestFailedError(str(error)) from error
        except StorageError:
            # The retry is to know what was sent.
            with suppress(StorageError):
                self._written(report)
            raise
        step = self._counted(report, outcomes)
        if report.remaining:
            return self._handed_on(report, step)
        share = report.failed / report.tickers
        if share > self._failure_share:
            message = (
                f"{report.failed} of {report.tickers} tickers failed, more than {self._failure_share:.0%}"
            )
            self._finish(report, "failed", message)
            raise IngestFailedError(message, step)
        self._finish(report, "done", "")
        return step

    def _claimed(self, order: Order) -> Report | None:
        """The run's report with this step as ours: written, so that nobody else works on it.

        A new one has no tickers yet.
        """
        key = report_key(order.run_id)
        now = self._now()
        found = self._cache.objects.get_unless(key, None)
        text, etag = found if isinstance(found, tuple) else (None, None)
        report = _report(text)
        if report is None:
            report = Report(order.run_id, order.source, instant(now), instant(now), tickers=0, remaining=[])
        else:
            report.sent = report.sent_within_an_hour(now)
            silent = (now - datetime.fromisoformat(report.updated_at)).total_seconds() > CLAIM_SECONDS
            ours = report.step == order.step and (report.holder == order.holder or silent)
            if report.status == "done" or not (ours or report.step == order.step - 1):
                return None
            if report.status == "failed":
                # Lambda tries again: those that failed, and those that were not reached.
                report.remaining += [failure["ticker"] for failure in report.failures]
                report.failures, report.status, report.finished_at, report.message = [], "running", None, ""
        report.step, report.holder, report.updated_at = order.step, order.holder, instant(now)
        try:
            self._cache.objects.put(key, report_json(report), replacing=etag, new=etag is None)
        except ObjectChangedError:
            return None
        if etag is None:
            self._cache.objects.put(LAST_RUN_KEY, last_run_json(order.run_id))
        return report

    def _ingest(
        self, report: Report, universe: Universe, former: Former
    ) -> tuple[list[Outcome], list[Outcome]]:
        """What became of the step's tickers; and the bars as they are of all in a lost panel with these."""
        stop = Event()
        today = self._now().astimezone(UTC).date()
        work = TickerIngest(
            self._cache,
            self._clients.providers(report.sent, report.waits(self._now()), stop),
            folder=folder(report.run_id, f"{report.step:02d}-{uuid4().hex[:8]}"),
            today=today,
            end=last_trading_day_before(today),
        )
        entries = former.tickers
        tickers = _of_a_step(report.remaining)
        instruments = [ticker for ticker in tickers if ticker != AUDUSD.ticker]
        without_panel = sorted(former.without_panel(self._cache, instruments))

        def over() -> bool:
            return stop.is_set() or self._remaining() < RESERVE_SECONDS

        def one(ticker: str) -> Outcome | None:
            if over():
                return None
            instrument = _instrument(ticker, universe)
            if instrument is None:
                return Outcome(ticker, failure="it is not in the universe any more")
            try:
                return work.ingest(instrument, entries.get(ticker))
            except OutOfTimeError:
                return None
            except BaseException:
                # The others end at their next wait.
                stop.set()
                raise

        def kept(ticker: str) -> Outcome | None:
            return None if over() else work.kept(ticker, entries[ticker])

        left = self._remaining() - RESERVE_SECONDS
        pool = ThreadPoolExecutor(self._concurrency)
        try:
            # First, as a panel is derived from all of its tickers that are there or not at all.
            intact = [pool.submit(kept, ticker) for ticker in without_panel]
            asked = [pool.submit(one, ticker) for ticker in tickers]
            # No longer, whatever a provider or S3 does: who is late is left for the next step.
            wait([*intact, *asked], timeout=max(0.0, left))
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            report.sent = dict(Counter(report.sent) + Counter(self._clients.sent()))
            report.wait_for(self._clients.waits(), self._now())
        return _in_time(asked), _in_time(intact)

    def _counted(self, report: Report, outcomes: Sequence[Outcome]) -> Step:
        settled = {outcome.ticker for outcome in outcomes}
        failures = [
            {"ticker": outcome.ticker, "reason": outcome.failure} for outcome in outcomes if outcome.failure
        ]
        report.remaining = [ticker for ticker in report.remaining if ticker not in settled]
        report.failures = sorted(report.failures + failures, key=lambda failure: failure["ticker"])
        report.ok += len(outcomes) - len(failures)
        report.rows += sum(outcome.rows for outcome in outcomes)
        for outcome in outcomes:
            for reason, count in outcome.refused.items():
                report.refused[reason] = report.refused.get(reason, 0) + count
            report.flagged = with_flags(report.flagged, outcome.flagged)
        return Step(
            report,
            settled=len(outcomes),
            failed=len(failures),
            refused=sum(outcome.refused.total() for outcome in outcomes),
            rows=sum(outcome.rows for outcome in outcomes),
        )

    def _handed_on(self, report: Report, step: Step) -> Step:
        left = f"{len(report.remaining)} of {report.tickers} tickers were not reached"
        if not step.settled or report.step >= STEPS:
            why = f"in {STEPS} steps" if step.settled else f"since step {report.step} settled none"
            self._finish(report, "failed", f"{left} {why}; the next run begins with them")
            raise IngestFailedError(report.message, step)
        self._written(report)
        return replace(step, follow_up=report.step + 1)

    def _finish(self, report: Report, status: str, message: str) -> None:
        report.status = "done" if status == "done" else "failed"
        report.message = message
        report.finished_at = instant(self._now())
        self._written(report)

    def _written(self, report: Report) -> None:
        report.updated_at = instant(self._now())
        self._cache.objects.put(report_key(report.run_id), report_json(report))


def _in_time(begun: Sequence[Future[Outcome | None]]) -> list[Outcome]:
    ended = [future.result() for future in begun if future.done() and not future.cancelled()]
    return [outcome for outcome in ended if outcome]


def _report(text: bytes | None) -> Report | None:
    try:
        return read_report(text) if text is not None else None
    except UnreadableError:
        # Of another version of this code, or nothing of it: this one begins anew.
        return None


def _tickers(order: Order, universe: Universe, former: Former) -> list[str]:
    """Those without bars first, then those whose bars are oldest, so that a run that ends early has done the
    most good.
    """
    asked = [AUDUSD.ticker, *(order.tickers or [instrument.ticker for instrument in universe])]
    known = former.tickers
    return sorted(dict.fromkeys(asked), key=lambda ticker: known[ticker].last if ticker in known else "")


def _of_a_step(remaining: Sequence[str]) -> list[str]:
    # AUDUSD is in no panel, and may not take a place in one.
    instruments = [ticker for ticker in remaining if ticker != AUDUSD.ticker][:STEP_TICKERS]
    return [AUDUSD.ticker, *instruments] if AUDUSD.ticker in remaining else instruments


def _instrument(ticker: str, universe: Universe) -> Instrument | None:
    return AUDUSD if ticker == AUDUSD.ticker else universe.instruments.get(ticker)
