"""What the manifest names is gone, or of another schema: the ingest makes the cache whole again."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest

from functions.ingest.run import IngestFailedError
from functions.market.bars import ADJUSTED_CLOSE
from functions.market.cache import GoneError, LostTickersError
from functions.market.layout import MILLIONTHS, RENEW_AFTER_DAYS, RUNS_PREFIX, SCHEMA_VERSION, report_key
from functions.market.manifest import Panel, UnknownSchemaError, UnreadableError
from functions.market.objects import Objects, StorageError
from functions.market.panel import load_closes, load_recent
from tests.functions.market_cache import SECOND_MORNING, TICKERS, Interrupting, Market, bars_of, run_id, view

pytestmark = pytest.mark.integration

Choose = Callable[[str], bool]
FIRST_PANEL = "-0.parquet"
LOST_FOR_GOOD = "its bars were lost and are not to be had again"
EVER = date(2005, 1, 1), date(2100, 1, 1)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A year and a half instead of two decades, retries at once, and three panels instead of one."""
    monkeypatch.setattr("functions.ingest.ticker.HISTORY_START", date(2023, 1, 1))
    monkeypatch.setattr("functions.ingest.http_client.FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr("functions.ingest.panels.PANEL_TICKERS", 2)


def lose(market: Market, chosen: Choose) -> None:
    """As lifecycle does, of what is below cache/runs/."""
    lost = [key for key in market.contents() if key.startswith(RUNS_PREFIX) and chosen(key)]
    assert lost
    for key in lost:
        market.client.delete_object(Bucket=market.bucket, Key=key)


def without_its_first_panel(market: Market) -> tuple[dict[str, bytes], Panel]:
    """All is ingested, then the panel is lost: what readers read before, and the panel."""
    market.ingest()
    before = view(market.snapshot())
    first = market.snapshot().manifest.panels[0]
    lose(market, lambda key: key in (first.closes, first.recent))
    return before, first


def assert_lost(market: Market, panel: Panel) -> None:
    """It is named as it was, and readers of each of its tickers are told so."""
    snapshot = market.snapshot()
    assert panel in snapshot.manifest.panels
    for ticker in panel.tickers:
        with pytest.raises(GoneError):
            load_closes(snapshot, [ticker], *EVER)
        with pytest.raises(GoneError):
            load_recent(snapshot, [ticker], ["close"])


LOSSES: dict[str, Choose] = {
    "everything": lambda _: True,
    "the catalogue": lambda key: key.endswith("catalogue.json"),
    "one ticker's bars": lambda key: key.endswith("SPY.parquet"),
    "one panel": lambda key: key.endswith(FIRST_PANEL),
    "half of one panel": lambda key: key.endswith(f"closes{FIRST_PANEL}"),
    "a panel and bars in it": lambda key: key.endswith((FIRST_PANEL, "NVDA.parquet")),
}


@pytest.mark.parametrize("chosen", LOSSES.values(), ids=LOSSES)
def test_what_lifecycle_removed_is_whole_again_after_the_next_ingest(market: Market, chosen: Choose) -> None:
    market.ingest()
    before = view(market.snapshot())
    lose(market, chosen)
    # The providers have nothing that is new.
    step = market.ingest(2)
    assert step is not None
    assert step.report.status == "done"
    assert view(market.snapshot()) == before


@pytest.mark.parametrize("what", ["everything", "the catalogue", "a panel and bars in it"])
def test_an_ingest_of_one_ticker_and_then_one_of_all_make_it_whole_too(market: Market, what: str) -> None:
    market.ingest()
    before = view(market.snapshot())
    lose(market, LOSSES[what])
    market.ingest(2, tickers=["SPY"])
    market.ingest(3)
    assert view(market.snapshot()) == before


@pytest.mark.parametrize("asked", ["AAPL", "SPY"], ids=["one in it", "one in another"])
def test_a_lost_panel_is_derived_from_all_its_tickers_bars_and_no_provider_is_asked_for_them(
    market: Market, asked: str
) -> None:
    market.ingest()
    first = market.snapshot().manifest.panels[0]
    assert (asked in first.tickers) is (asked == "AAPL")
    before = view(market.snapshot())
    lose(market, lambda key: key in (first.closes, first.recent))
    requests = market.server.requests()["tiingo"]
    market.ingest(2, tickers=[asked])
    # Its last bars and the rate's; and on their turn, their first ones.
    assert market.server.requests()["tiingo"] <= requests + 4
    if asked not in first.tickers:
        # Nobody needed that panel.
        assert_lost(market, first)
        market.ingest(3, tickers=first.tickers)
    assert view(market.snapshot()) == before


def test_a_lost_panel_of_which_nobody_asks_is_named_until_it_is_whole_also_when_it_is_old(
    market: Market,
) -> None:
    before, first = without_its_first_panel(market)
    market.morning += timedelta(RENEW_AFTER_DAYS + 1)
    market.ingest(2, tickers=["SPY"])
    assert_lost(market, first)
    market.ingest(3)
    assert view(market.snapshot()) == before


def test_a_new_ticker_is_in_no_lost_panel(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.ingest.panels.PANEL_TICKERS", 3)
    market.ingest(tickers=["AAPL", "NVDA"])
    only = market.snapshot().manifest.panels[0]
    lose(market, lambda key: key in (only.closes, only.recent))
    market.ingest(2, tickers=["SPY"])
    assert_lost(market, only)
    assert load_closes(market.snapshot(), ["SPY"], *EVER).adjusted.size
    market.ingest(3)
    assert set(view(market.snapshot())) == {*TICKERS, "AUDUSD"}


def test_what_a_lost_panel_is_derived_from_comes_before_what_a_provider_is_asked(market: Market) -> None:
    before, first = without_its_first_panel(market)
    # The step's own look at the clock, and one of each ticker of that panel: then the time is over.
    clock = iter([300.0] * (1 + len(first.tickers)))
    with pytest.raises(IngestFailedError, match="settled none"):
        market.ingest(2, tickers=["AAPL"], remaining=lambda: next(clock, 10.0), concurrency=1)
    assert view(market.snapshot()) == before


def test_a_lost_panel_for_which_the_time_is_too_short_stays_named_and_the_next_run_derives_it(
    market: Market,
) -> None:
    before, first = without_its_first_panel(market)
    clock = iter([300.0] * 2)
    with pytest.raises(IngestFailedError, match="settled none"):
        market.ingest(2, tickers=["AAPL"], remaining=lambda: next(clock, 10.0), concurrency=1)
    assert market.snapshot().manifest.run_id == run_id(2)
    assert_lost(market, first)
    market.ingest(3, tickers=["AAPL"])
    assert view(market.snapshot()) == before


def test_a_ticker_whose_request_has_to_wait_is_in_the_panel_made_anew_with_the_bars_it_had(
    market: Market,
) -> None:
    market.ingest()
    before = view(market.snapshot())
    lose(market, lambda key: key.endswith(FIRST_PANEL))
    # The rate takes the hour's only request.
    step = market.ingest(2, tickers=["AAPL"], per_hour=1, concurrency=1)
    assert step is not None
    assert step.report.remaining == ["AAPL"]
    assert view(market.snapshot()) == before


@pytest.mark.parametrize("part", ["AAPL.parquet", ("AAPL.parquet", FIRST_PANEL)], ids=["bars", "panel too"])
def test_bars_that_are_lost_and_nobody_has_any_more_are_named_no_longer(
    market: Market, part: str | tuple[str, ...]
) -> None:
    market.ingest()
    before = view(market.snapshot())
    lose(market, lambda key: key.endswith(part))
    market.server.fail("empty", ticker="AAPL")
    step = market.ingest(2, failure_share=1)
    assert step is not None
    (failure,) = step.report.failures
    assert (failure["ticker"], failure["reason"].partition("; ")[0]) == ("AAPL", LOST_FOR_GOOD)
    del before["AAPL"]
    assert view(market.snapshot()) == before
    # From now on it is a ticker without bars.
    step = market.ingest(3, failure_share=1)
    assert step is not None
    assert LOST_FOR_GOOD not in step.report.failures[0]["reason"]
    assert view(market.snapshot()) == before


def test_bars_that_are_lost_stay_named_while_a_provider_may_have_them(market: Market) -> None:
    market.ingest()
    before = view(market.snapshot())
    entry = market.snapshot().catalogue.tickers["SPY"]
    lose(market, lambda key: key == entry.key)
    market.server.fail("empty", provider="tiingo", ticker="SPY")
    market.server.fail("500", provider="polygon", ticker="SPY")
    market.ingest(2, tickers=["SPY"], failure_share=1)
    assert market.snapshot().catalogue.tickers["SPY"] == entry
    with pytest.raises(GoneError):
        view(market.snapshot())
    market.server.recover()
    market.ingest(3, tickers=["SPY"])
    assert view(market.snapshot()) == before


def test_bars_that_another_run_brought_again_stay(market: Market) -> None:
    market.ingest()
    before = view(market.snapshot())
    lose(market, lambda key: key.endswith("SPY.parquet"))

    def another() -> None:
        market.server.recover()
        market.ingest(3, tickers=["SPY"])

    market.server.fail("empty", ticker="SPY")
    market.ingest(2, tickers=["SPY"], failure_share=1, objects=Interrupting(market, another))
    assert view(market.snapshot()) == before


def test_a_ticker_that_fails_is_in_the_panel_made_anew_with_the_bars_it_had(market: Market) -> None:
    market.ingest()
    before = view(market.snapshot())
    lose(market, lambda key: key.endswith(FIRST_PANEL))
    market.server.fail("500", ticker="AAPL")
    with pytest.raises(IngestFailedError, match="1 of 6 tickers failed"):
        market.ingest(2)
    assert view(market.snapshot()) == before


def test_a_lost_panel_is_derived_without_a_ticker_whose_bars_are_lost_too_and_which_nobody_gives(
    market: Market,
) -> None:
    before, first = without_its_first_panel(market)
    whole = market.snapshot()
    lost, stays = first.tickers
    lose(market, lambda key: key == whole.catalogue.tickers[lost].key)
    market.server.fail("500", ticker=lost)
    step = market.ingest(2, failure_share=1)
    assert step is not None
    (failure,) = step.report.failures
    assert (failure["ticker"], failure["reason"].partition("; ")[0]) == (lost, "its bars are lost")
    # Who asks for the others has the prices of before; who asks for it, among others, is told so.
    snapshot = market.snapshot()
    assert snapshot.lost == {lost}
    assert snapshot.catalogue.tickers[lost] == whole.catalogue.tickers[lost]
    bars = bars_of(snapshot, stays)
    assert bars.dates.tobytes() + bars.values.tobytes() == before[stays]
    adjusted = load_closes(snapshot, [stays], *EVER).adjusted[:, 0]
    np.testing.assert_array_equal(adjusted, bars.values[:, ADJUSTED_CLOSE] / MILLIONTHS)
    others = [ticker for ticker in TICKERS if ticker != lost]
    assert load_recent(snapshot, others, ["close"]).columns["close"].size
    with pytest.raises(LostTickersError, match=f"names {lost}, but"):
        load_closes(snapshot, TICKERS, *EVER)
    with pytest.raises(LostTickersError, match=f"names {lost}, but"):
        load_recent(snapshot, TICKERS, ["close"])
    market.server.recover()
    market.ingest(3)
    assert view(market.snapshot()) == before


def test_a_lost_ticker_that_was_not_asked_for_holds_no_panel_back_either(market: Market) -> None:
    before, first = without_its_first_panel(market)
    lost, stays = first.tickers
    lose(market, lambda key: key.endswith(f"{lost}.parquet"))
    market.ingest(2, tickers=[stays])
    assert market.snapshot().lost == {lost}
    assert load_closes(market.snapshot(), [stays], *EVER).adjusted.size
    market.ingest(3, tickers=[lost])
    assert view(market.snapshot()) == before


def test_what_was_lost_comes_back_in_as_many_steps_as_it_takes(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.ingest.run.STEP_TICKERS", 1)
    market.ingest(step=1)
    for number in range(2, 6):
        market.ingest(step=number)
    before = view(market.snapshot())
    assert len(before) == len(TICKERS) + 1
    lose(market, lambda _: True)
    number = 1
    while (step := market.ingest(2, step=number)) and step.follow_up:
        number = step.follow_up
        view(market.snapshot())
    assert number == len(TICKERS)
    assert view(market.snapshot()) == before


def test_a_ticker_of_a_lost_panel_that_left_the_universe_does_not_come_back(market: Market) -> None:
    market.ingest()
    lost = market.snapshot().manifest.panels[0]
    gone, stays = lost.tickers
    rows = [row for row in market.contents()["cache/universe.csv"].decode().splitlines() if gone not in row]
    market.client.put_object(Bucket=market.bucket, Key="cache/universe.csv", Body="\n".join(rows).encode())
    lose(market, lambda key: key in (lost.closes, lost.recent))
    market.ingest(2, tickers=[stays])
    assert set(view(market.snapshot())) == {*TICKERS, "AUDUSD"} - {gone}


@pytest.mark.parametrize(
    "part", ["manifest.json", "catalogue.json", "/bars/SPY", FIRST_PANEL], ids=lambda part: part.strip("-/")
)
def test_what_was_written_for_a_former_schema_is_written_anew(market: Market, part: str) -> None:
    market.ingest()
    before = view(market.snapshot())
    for key, content in market.contents().items():
        if part in key:
            market.objects().put(key, of_a_former_schema(content))
    with pytest.raises(UnknownSchemaError):
        view(market.snapshot())
    market.ingest(2)
    assert view(market.snapshot()) == before


ZEROES = b"\0"
"""For all between a file's first bytes and its footer."""


def emptied(parquet: bytes) -> bytes:
    """The file without its data; its footer, which says how long it is itself, is whole."""
    footer = int.from_bytes(parquet[-8:-4], "little") + 8
    return parquet[:4] + ZEROES * (len(parquet) - 4 - footer) + parquet[-footer:]


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("manifest.json", b""),
        ("catalogue.json", b'{"schema_version":1}'),
        ("/bars/SPY", b"PAR1 garbage"),
        ("/bars/SPY", ZEROES),
        (FIRST_PANEL, b""),
    ],
)
def test_what_is_named_and_cannot_be_read_is_written_anew(market: Market, part: str, content: bytes) -> None:
    market.ingest()
    before = view(market.snapshot())
    for key in market.contents():
        if part in key:
            market.objects().put(key, content if content != ZEROES else emptied(market.contents()[key]))
    with pytest.raises(UnreadableError):
        view(market.snapshot())
    market.ingest(2)
    assert view(market.snapshot()) == before


@pytest.mark.parametrize("content", [b"", b"not JSON"])
def test_a_run_whose_report_cannot_be_read_begins_anew(market: Market, content: bytes) -> None:
    market.objects().put(report_key(run_id(1)), content)
    step = market.ingest(tickers=["SPY"])
    assert step is not None
    assert (step.report.status, step.report.ok) == ("done", 2)


def test_a_run_whose_report_was_written_for_a_former_schema_begins_anew(market: Market) -> None:
    clock = iter([300.0] * 3)
    market.ingest(remaining=lambda: next(clock, 10.0), concurrency=1)
    key = report_key(run_id(1))
    market.objects().put(key, of_a_former_schema(market.contents()[key]))
    step = market.ingest(step=2)
    assert step is not None
    assert (step.report.status, step.report.ok) == ("done", len(TICKERS) + 1)
    assert set(view(market.snapshot())) == {*TICKERS, "AUDUSD"}


def of_a_former_schema(content: bytes) -> bytes:
    """JSON, or Parquet with its metadata's text "1" in Thrift."""
    now, then = f"{SCHEMA_VERSION}".encode(), f"{SCHEMA_VERSION - 1}".encode()
    for name in (b'"schema_version":', b"schema_version\x18\x01"):
        content = content.replace(name + now, name + then)
    return content


class Unanswering(Objects):
    """S3 does not answer for some keys."""

    def __init__(self, market: Market, part: str) -> None:
        super().__init__(market.bucket, variables=market.variables)
        self.part = part

    def get_unless(self, key: str, etag: str | None) -> tuple[bytes, str] | str | None:
        if self.part in key:
            raise StorageError(f"S3 does not answer for {key}")
        return super().get_unless(key, etag)


@pytest.mark.parametrize("part", ["manifest.json", "catalogue.json", "/bars/SPY", "/closes-"])
def test_where_s3_does_not_answer_nothing_counts_as_lost(market: Market, part: str) -> None:
    market.ingest()
    manifest = market.snapshot().manifest
    market.wake(SECOND_MORNING)
    with pytest.raises(StorageError, match="S3 does not answer"):
        market.ingest(2, objects=Unanswering(market, part))
    assert market.snapshot().manifest == manifest
