"""A run of the ingest, against the providers' server and the embedded S3."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier, Thread

import numpy as np
import pytest

from functions.ingest.run import RESERVE_SECONDS, IngestFailedError, Step
from functions.ingest.ticker import FIRST_BARS_EVERY, OVERLAP_BARS
from functions.market.bars import ADJUSTED_CLOSE, CLOSE
from functions.market.layout import (
    LAST_RUN_KEY,
    RENEW_AFTER_DAYS,
    SCHEMA_VERSION,
    UNIVERSE_KEY,
    report_key,
)
from functions.market.objects import Objects, StorageError
from functions.market.parquet import on_disk
from functions.market.report import Report, read_report
from local.embedded_aws import EmbeddedAws
from local.market_data.history import TOLD_LATE
from local.market_data.market_data import MarketData
from tests.functions.market_cache import (
    FIRST_MORNING,
    SECOND_MORNING,
    TICKERS,
    Interrupting,
    Market,
    bars_of,
    run_id,
    view,
)

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A year and a half instead of two decades, and retries at once."""
    monkeypatch.setattr("functions.ingest.ticker.HISTORY_START", date(2023, 1, 1))
    monkeypatch.setattr("functions.ingest.http_client.FIRST_WAIT_SECONDS", 0.01)


class Killed(BaseException):
    """The process is gone: nothing after this is done."""


class Dying(Objects):
    """Writes so many objects; then the process is gone."""

    def __init__(self, market: Market, writes: int) -> None:
        super().__init__(market.bucket, variables=market.variables)
        self.left = writes

    def put(self, key: str, body: bytes, *, replacing: str | None = None, new: bool = False) -> str:
        if self.left <= 0:
            raise Killed
        self.left -= 1
        return super().put(key, body, replacing=replacing, new=new)


def _enough_for(tickers: int) -> Callable[[], float]:
    """A clock that runs out after so many tickers, of one thread, and the step's own look at it."""
    left = iter([300.0] * (1 + tickers))
    return lambda: next(left, 10.0)


def report(market: Market, number: int = 1) -> Report:
    text = market.objects().get(report_key(run_id(number)))
    assert text is not None
    return read_report(text)


def test_a_first_run_brings_all_bars_since_2005_from_whom_has_them(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.ingest.ticker.HISTORY_START", date(2005, 1, 1))
    step = market.ingest()
    assert step is not None
    assert (step.settled, step.failed, step.follow_up) == (len(TICKERS) + 1, 0, None)
    snapshot = market.snapshot()
    view(snapshot)
    entries = snapshot.catalogue.tickers
    assert {ticker: entry.provider for ticker, entry in entries.items()} == {
        **dict.fromkeys(TICKERS, "tiingo"),
        "BRK-B": "polygon",
        "AUDUSD": "tiingo",
    }
    assert {entry.first for entry in entries.values()} == {"2005-01-03"}
    assert {ticker for ticker, entry in entries.items() if entry.last != "2024-06-06"} == {"CTRA"}
    assert entries["CTRA"].last == "2024-03-28"
    said = report(market)
    assert (said.status, said.ok, said.failed, said.remaining) == ("done", len(TICKERS) + 1, 0, [])
    assert said.rows == sum(entry.rows for entry in entries.values())


def test_every_object_but_the_universe_has_a_schema_version(market: Market) -> None:
    market.ingest()
    said = {}
    for key, content in market.contents().items():
        if key.endswith(".json"):
            said[key] = json.loads(content).get("schema_version")
        elif key.endswith(".parquet"):
            with on_disk(content):
                said[key] = SCHEMA_VERSION
    assert set(said) == set(market.keys()) - {UNIVERSE_KEY}
    assert set(said.values()) == {SCHEMA_VERSION}


def test_a_later_run_brings_only_what_is_new(market: Market) -> None:
    market.ingest()
    before = market.snapshot().catalogue.tickers
    market.wake(SECOND_MORNING)
    market.ingest(2)
    after = market.snapshot().catalogue.tickers
    view(market.snapshot())
    for ticker in ("AAPL", "SPY", "BRK-B", "AUDUSD"):
        assert (after[ticker].rows, after[ticker].last) == (before[ticker].rows + 2, "2024-06-10"), ticker
    assert after["CTRA"] == before["CTRA"]


def test_a_split_makes_the_whole_history_new(market: Market) -> None:
    market.ingest()
    before = bars_of(market.snapshot(), "NVDA")
    market.wake(SECOND_MORNING)
    market.ingest(2)
    after = bars_of(market.snapshot(), "NVDA")
    raw, adjusted = after.values[: len(before), CLOSE], after.values[: len(before), ADJUSTED_CLOSE]
    np.testing.assert_array_equal(raw, before.values[:, CLOSE])
    np.testing.assert_allclose(adjusted * 10, before.values[:, ADJUSTED_CLOSE], rtol=1e-5)
    # A split is no change of more than half; what only Polygon has is flagged in every run.
    why = "tiingo: it does not know this ticker (404)"
    assert report(market, 2).flagged == [f"BRK-B: polygon's bars, adjusted for splits only ({why})"]
    assert report(market, 2).rows >= len(after)


def test_a_dividend_told_of_weeks_late_is_in_the_adjusted_closes_within_five_trading_days(
    market_aws: EmbeddedAws, market_server: MarketData
) -> None:
    day, told = TOLD_LATE["KO"]
    universe = "ticker,name,kind,indices\nKO,Its dividend is told of late,EQUITY,SPX500\n"
    market = Market(market_aws, market_server, universe)
    market.ingest(tickers=["KO"])
    before = bars_of(market.snapshot(), "KO")
    assert (before.dates > np.datetime64(day)).sum() > OVERLAP_BARS
    # Tuesday to Saturday: each ingests the trading day before it.
    for number in range(FIRST_BARS_EVERY):
        market.wake(datetime.combine(told + timedelta(1 + number), time(6), UTC))
        market.ingest(2 + number, tickers=["KO"])
    afresh = Market(market_aws, market_server, universe)
    afresh.wake(market.morning)
    afresh.ingest(tickers=["KO"])
    assert view(market.snapshot()) == view(afresh.snapshot())
    after = bars_of(market.snapshot(), "KO")
    factors = after.values[: len(before), ADJUSTED_CLOSE] / before.values[:, ADJUSTED_CLOSE]
    earlier = before.dates < np.datetime64(day)
    np.testing.assert_allclose(factors[earlier], 1 - 0.008, rtol=1e-3)
    np.testing.assert_array_equal(factors[~earlier], 1)


def test_a_run_twice_changes_nothing(market: Market) -> None:
    market.ingest()
    manifest = market.snapshot().manifest
    step = market.ingest(2)
    assert step is not None
    assert step.rows == 0
    assert market.snapshot().manifest == manifest


def test_bars_and_panels_that_are_old_are_written_anew_before_lifecycle_removes_them(market: Market) -> None:
    market.ingest()
    before = view(market.snapshot())
    # The providers' clock stands still, so that nothing is new.
    market.morning = FIRST_MORNING + timedelta(RENEW_AFTER_DAYS + 1)
    market.ingest(2)
    manifest = market.snapshot().manifest
    assert manifest.run_id == run_id(2)
    named = [entry.key for entry in market.snapshot().catalogue.tickers.values()]
    named += [key for panel in manifest.panels for key in (panel.closes, panel.recent)]
    assert all(run_id(2) in key for key in named)
    assert view(market.snapshot()) == before


def test_killed_between_any_two_writes_readers_see_the_old_or_the_new_and_the_next_run_completes_it(
    market: Market,
) -> None:
    few = ("NVDA", "SPY")
    market.ingest(tickers=few)
    old = view(market.snapshot())
    before = market.contents()
    market.wake(SECOND_MORNING)
    market.ingest(2, tickers=few)
    new = view(market.snapshot())
    assert new != old
    seen = []
    writes = 0
    while True:
        market.fill(before)
        try:
            market.ingest(2, tickers=few, objects=Dying(market, writes), concurrency=1)
        except Killed:
            pass
        else:
            break
        seen.append(view(market.snapshot()))
        assert seen[-1] in (old, new)
        # Lambda tries the same again; or the next day's run comes.
        market.ingest(2 if writes % 2 else 3, tickers=few)
        assert view(market.snapshot()) == new
        writes += 1
    # report, last_run, report, three objects of bars, two panels, catalogue, manifest, report
    assert writes == 11
    assert (seen[0], seen[-1]) == (old, new)


def test_a_first_load_in_steps_writes_each_panel_once(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.ingest.panels.PANEL_TICKERS", 2)
    monkeypatch.setattr("functions.ingest.run.STEP_TICKERS", 2)
    number = 1
    while (step := market.ingest(step=number)) and step.follow_up:
        number = step.follow_up
    assert set(view(market.snapshot())) == {*TICKERS, "AUDUSD"}
    # Five instruments, two to a panel.
    assert number == 3
    assert sum("/closes-" in key for key in market.contents()) == 3


def test_two_runs_at_once_lose_nothing(market: Market) -> None:
    barrier = Barrier(2)
    failures: list[BaseException] = []

    def ingest(number: int, tickers: tuple[str, ...]) -> None:
        barrier.wait()
        try:
            market.ingest(number, tickers=tickers)
        except BaseException as error:  # noqa: BLE001 - of a thread, told below
            failures.append(error)

    threads = [Thread(target=ingest, args=(1, TICKERS[:3])), Thread(target=ingest, args=(2, TICKERS[1:]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert set(view(market.snapshot())) == {*TICKERS, "AUDUSD"}


def test_who_loses_the_manifest_adds_its_tickers_to_the_winners(market: Market) -> None:
    def another() -> None:
        market.ingest(2, tickers=["SPY", "NVDA"])

    market.ingest(1, tickers=["AAPL", "SPY"], objects=Interrupting(market, another))
    entries = market.snapshot().catalogue.tickers
    assert set(view(market.snapshot())) == {"AAPL", "SPY", "NVDA", "AUDUSD"}
    assert run_id(1) in entries["AAPL"].key
    # As new as ours, and there first.
    assert run_id(2) in entries["SPY"].key


def test_who_loses_the_manifest_keeps_later_days_than_the_winners(market: Market) -> None:
    def yesterday() -> None:
        market.wake(FIRST_MORNING)
        market.ingest(2, tickers=["SPY"])
        market.wake(SECOND_MORNING)

    market.wake(SECOND_MORNING)
    market.ingest(1, tickers=["SPY"], objects=Interrupting(market, yesterday))
    assert market.snapshot().catalogue.tickers["SPY"].last == "2024-06-10"
    view(market.snapshot())


def test_a_step_is_done_by_one_of_two_invocations(market: Market) -> None:
    gave_way: list[Step | None] = []
    twin = Interrupting(market, lambda: gave_way.append(market.ingest(1, holder="a twin")))
    assert market.ingest(1, holder="the first", objects=twin) is not None
    assert gave_way == [None]
    assert market.ingest(1, holder="the first") is None


def test_a_step_whose_invocation_is_silent_may_be_taken_over(market: Market) -> None:
    with pytest.raises(Killed):
        market.ingest(1, holder="gone", objects=Dying(market, 3))
    assert market.ingest(1, holder="another") is None
    market.morning += timedelta(minutes=6)
    assert market.ingest(1, holder="another") is not None
    assert report(market).status == "done"


def test_what_one_invocation_cannot_do_the_next_goes_on_with(market: Market) -> None:
    first = market.ingest(remaining=_enough_for(2), concurrency=1)
    assert first is not None
    assert first.follow_up == 2
    done = report(market).tickers - len(report(market).remaining)
    assert 0 < done < len(TICKERS) + 1
    assert len(view(market.snapshot())) == done
    second = market.ingest(step=2, holder="the second")
    assert second is not None
    assert second.follow_up is None
    assert set(view(market.snapshot())) == {*TICKERS, "AUDUSD"}
    assert (report(market).status, report(market).ok) == ("done", len(TICKERS) + 1)


def test_a_provider_that_hangs_near_the_end_leaves_what_was_ingested_before_published(
    market: Market,
) -> None:
    market.server.fail("slow", ticker="SPY", seconds=60)
    step = market.ingest(remaining=lambda: RESERVE_SECONDS + 6)
    assert step is not None
    assert (step.follow_up, report(market).remaining) == (2, ["SPY"])
    assert set(view(market.snapshot())) == {*TICKERS, "AUDUSD"} - {"SPY"}
    market.server.recover()
    market.ingest(step=2)
    assert set(view(market.snapshot())) == {*TICKERS, "AUDUSD"}


def test_a_run_whose_requests_of_the_hour_are_used_up_goes_on_in_the_next_hour(market: Market) -> None:
    def asked() -> int:
        return market.server.requests()["tiingo"]

    before = asked()
    step = market.ingest(concurrency=1, per_hour=5)
    assert step is not None
    assert (asked() - before, step.report.remaining, step.follow_up) == (5, ["CTRA"], 2)
    with pytest.raises(IngestFailedError, match="1 of 6 tickers were not reached since step 2 settled none"):
        market.ingest(step=2, per_hour=5)
    assert asked() - before == 5
    market.morning += timedelta(hours=1, seconds=2)
    market.ingest(step=2, per_hour=5)
    assert set(view(market.snapshot())) == {*TICKERS, "AUDUSD"}


def test_what_a_step_sent_counts_for_its_retry_where_it_could_not_be_published(market: Market) -> None:
    def unpublished() -> None:
        raise StorageError("S3 does not answer")

    with pytest.raises(StorageError):
        market.ingest(tickers=["SPY"], objects=Interrupting(market, unpublished))
    assert report(market).sent == {"tiingo": 2}


def test_what_one_provider_was_asked_counts_not_for_another(market: Market) -> None:
    # The rate, and two requests to Polygon for what Tiingo lacks.
    market.ingest(tickers=["BRK-B", "SPY"], remaining=_enough_for(2), concurrency=1, per_hour=3)
    assert report(market).sent == {"tiingo": 2, "polygon": 2}
    step = market.ingest(step=2, per_hour=3)
    assert step is not None
    assert (step.report.status, step.report.sent) == ("done", {"tiingo": 3, "polygon": 2})


def test_a_provider_that_wants_to_be_left_alone_is_and_the_other_one_is_asked(market: Market) -> None:
    before = market.server.requests()["tiingo"]
    market.server.fail("429", provider="tiingo", seconds=3600)
    market.ingest(concurrency=1)
    assert market.server.requests()["tiingo"] == before + 1
    assert {entry.provider for entry in market.snapshot().catalogue.tickers.values()} == {"polygon"}
    assert set(view(market.snapshot())) == {*TICKERS, "AUDUSD"}


def test_a_provider_is_left_alone_by_the_steps_to_come_too_until_it_may_be_asked(market: Market) -> None:
    def step(number: int) -> int:
        """So many requests to Tiingo it takes."""
        before = market.server.requests()["tiingo"]
        market.ingest(step=number, remaining=_enough_for(2), concurrency=1)
        return market.server.requests()["tiingo"] - before

    market.server.fail("429", provider="tiingo", seconds=3600)
    assert step(1) == 1
    left = datetime.fromisoformat(report(market).not_before["tiingo"]) - market.morning
    assert timedelta(seconds=3598) < left <= timedelta(seconds=3601)
    market.server.recover()
    assert step(2) == 0
    market.morning += timedelta(seconds=3602)
    assert step(3) == 2
    assert report(market).not_before == {}
    assert set(view(market.snapshot())) == {*TICKERS, "AUDUSD"}


def test_a_run_that_gets_nowhere_ends(market: Market) -> None:
    with pytest.raises(IngestFailedError, match="6 of 6 tickers were not reached since step 1 settled none"):
        market.ingest(remaining=lambda: 10.0)
    assert report(market).status == "failed"


def test_a_run_ends_with_its_last_step(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.ingest.run.STEPS", 2)
    market.ingest(remaining=_enough_for(2), concurrency=1)
    with pytest.raises(IngestFailedError, match=r"3 of 6 tickers were not reached in 2 steps"):
        market.ingest(step=2, holder="last", remaining=_enough_for(1), concurrency=1)
    assert (report(market).status, report(market).ok) == ("failed", 3)


def test_the_next_run_begins_with_what_has_no_bars(market: Market) -> None:
    market.ingest(tickers=["AAPL", "SPY"])
    market.ingest(2, remaining=_enough_for(3), concurrency=1)
    # The rate is asked for in every step, since all prices in another currency need it.
    assert {"AAPL", "SPY"} < set(report(market, 2).remaining)


def test_a_run_fails_when_more_than_five_percent_of_its_tickers_do(market: Market) -> None:
    market.server.fail("500", ticker="SPY")
    with pytest.raises(IngestFailedError, match="1 of 6 tickers failed, more than 5%"):
        market.ingest()
    said = report(market)
    assert said.status == "failed"
    assert [failure["ticker"] for failure in said.failures] == ["SPY"]
    # What could be had is there.
    assert set(view(market.snapshot())) == {*TICKERS, "AUDUSD"} - {"SPY"}
    # Lambda tries again: those that failed only.
    market.server.recover()
    market.ingest()
    assert (report(market).status, report(market).ok) == ("done", 6)
    assert "SPY" in view(market.snapshot())


def test_a_run_passes_when_few_enough_fail(market: Market) -> None:
    market.server.fail("500", ticker="SPY")
    market.ingest(failure_share=0.2)
    assert (report(market).status, report(market).failed) == ("done", 1)


def test_a_wrong_key_stops_the_run_and_leaves_the_data(market: Market) -> None:
    market.ingest()
    before = market.snapshot().manifest
    market.wake(SECOND_MORNING)
    market.server.fail("wrong key", provider="tiingo")
    asked = market.server.requests()["tiingo"]
    with pytest.raises(IngestFailedError, match="refuses our key"):
        market.ingest(2, concurrency=1)
    assert market.server.requests()["tiingo"] == asked + 1
    assert market.snapshot().manifest == before
    said = json.dumps(report(market, 2).__dict__)
    assert all(key not in said for key in market.server.keys.values())


def test_a_ticker_that_left_the_universe_leaves_the_cache(market: Market) -> None:
    market.ingest()
    rows = [row for row in market.contents()["cache/universe.csv"].decode().splitlines() if "CTRA" not in row]
    market.client.put_object(Bucket=market.bucket, Key="cache/universe.csv", Body="\n".join(rows).encode())
    market.wake(SECOND_MORNING)
    market.ingest(2, tickers=TICKERS[:4])
    assert "CTRA" not in view(market.snapshot())


def test_without_a_universe_nothing_is_ingested_until_there_is_one(market: Market) -> None:
    universe = market.contents()[UNIVERSE_KEY]
    market.client.delete_object(Bucket=market.bucket, Key=UNIVERSE_KEY)
    with pytest.raises(StorageError, match=r"there is no cache/universe\.csv"):
        market.ingest()
    assert market.keys() == [LAST_RUN_KEY, report_key(run_id(1))]
    # Lambda tries again.
    market.objects().put(UNIVERSE_KEY, universe)
    market.ingest()
    assert (report(market).status, report(market).ok) == ("done", len(TICKERS) + 1)
