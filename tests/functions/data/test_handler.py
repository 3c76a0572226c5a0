"""The data API, from an HTTP API's event to its answer, on a cache that an ingest wrote."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Self

import numpy as np
import pytest

from functions.data import handler as data
from functions.data.ingests import run_for
from functions.market.bars import ADJUSTED_CLOSE
from functions.market.cache import Cache
from functions.market.layout import LAST_RUN_KEY, MANIFEST_KEY, report_key
from functions.market.manifest import Catalogue, catalogue_json, manifest_json
from functions.market.panel import load_closes
from functions.market.report import (
    QUEUED_AT_MOST,
    SILENT_AFTER,
    Report,
    instant,
    last_run_json,
    new_run_id,
    report_json,
)
from functions.market.universe import AUDUSD
from functions.runtime.errors import UnauthenticatedError, UnavailableError
from local.market_data.history import audusd, history
from tests.functions.events import EMAIL, NO_DAYS, REQUEST_ID, event
from tests.functions.market_cache import SECOND_MORNING, TICKERS, Market, bars_of, run_id

pytestmark = pytest.mark.integration

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def started() -> list[tuple[str, Any]]:
    return []


@pytest.fixture
def ask(market: Market, monkeypatch: pytest.MonkeyPatch, started: list[tuple[str, Any]]) -> Ask:
    """Ask the API; status and body, whose numbers are decimals."""
    monkeypatch.setattr("functions.ingest.ticker.HISTORY_START", date(2023, 1, 1))
    monkeypatch.setattr(data, "start_function", lambda function, event: started.append((function, event)))
    settings = {
        "ENVIRONMENT": "dev",
        "POWERTOOLS_SERVICE_NAME": "data",
        "AWS_S3_BUCKET": market.bucket,
        "INGEST_FUNCTION_NAME": "potential-parakeet-ingest-dev",
    }
    for name, value in (market.variables | settings).items():
        monkeypatch.setenv(name, value)
    data.Settings.read.cache_clear()
    data._cache.cache_clear()

    def asked(method: str, path: str, body: object = None, **query: str) -> tuple[int, Any]:
        authorizer = {"lambda": {"email": EMAIL}}
        answer = data.handler(event(method, path, body, query=query, authorizer=authorizer), None)
        assert answer["headers"]["X-Request-Id"] == REQUEST_ID
        return answer["statusCode"], json.loads(answer["body"], parse_float=Decimal)

    return asked


def read_on(monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    class Noon(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls(day.year, day.month, day.day, 12, tzinfo=tz)

    monkeypatch.setattr(data, "datetime", Noon)


def test_before_the_first_ingest_lists_are_empty_and_the_status_says_so(ask: Ask) -> None:
    assert ask("GET", "/data/status") == (
        200,
        {
            "tickers": 0,
            "rows": 0,
            "oldest_date": None,
            "newest_date": None,
            "market_date": None,
            "stale": True,
            "lost": [],
            "last_ingest": None,
        },
    )
    assert ask("GET", "/data/prices/SPY")[1]["bars"] == []
    assert ask("GET", "/data/prices/SPY", currency="AUD")[1]["bars"] == []
    assert ask("GET", "/data/latest/SPY") == (200, {"ticker": "SPY", "bar": None})


def test_prices_are_the_providers_to_the_last_digit(ask: Ask, market: Market) -> None:
    market.ingest()
    status, answer = ask("GET", "/data/prices/spy", start="2024-05-28", end="2024-06-06", adjusted="false")
    known = history("SPY")
    rows = known.between(date(2024, 5, 28), date(2024, 6, 6))
    assert (status, answer["ticker"], answer["total"]) == (200, "SPY", 8)
    assert [bar["date"] for bar in answer["bars"]] == [str(day) for day in known.dates[rows]]
    for name in ("open", "high", "low", "close"):
        said = [bar[name] for bar in answer["bars"]]
        assert said == [Decimal(str(price)) for price in getattr(known, name)[rows].tolist()]
    assert [bar["volume"] for bar in answer["bars"]] == known.volume[rows].tolist()


def test_adjusted_prices_count_splits_and_dividends(ask: Ask, market: Market) -> None:
    market.ingest()
    adjusted = ask("GET", "/data/prices/SPY", start="2023-01-03", limit="10")[1]["bars"]
    raw = ask("GET", "/data/prices/SPY", start="2023-01-03", limit="10", adjusted="false")[1]["bars"]
    assert [bar["adjusted_close"] for bar in raw] == [bar["close"] for bar in adjusted]
    split = ask("GET", "/data/prices/NVDA", end="2024-06-06", limit="1")[1]["bars"][0]
    assert split["close"] == split["adjusted_close"]


def test_a_limit_is_of_the_last_bars_and_they_ascend(ask: Ask, market: Market) -> None:
    market.ingest()
    bars = ask("GET", "/data/prices/CTRA", limit="3")[1]["bars"]
    assert [bar["date"] for bar in bars] == ["2024-03-26", "2024-03-27", "2024-03-28"]
    assert ask("GET", "/data/latest/CTRA")[1]["bar"]["date"] == "2024-03-28"


def test_australian_dollars_are_at_the_days_rate_exactly(ask: Ask, market: Market) -> None:
    market.ingest()
    usd = ask("GET", "/data/prices/SPY", adjusted="false")[1]["bars"]
    aud = ask("GET", "/data/prices/SPY", adjusted="false", currency="AUD")[1]["bars"]
    known = audusd()
    rates = dict(zip(map(str, known.dates), map(str, known.close.tolist()), strict=True))
    assert len(usd) == len(aud) > 300
    for ours, theirs in zip(aud, usd, strict=True):
        rate = Decimal(rates[theirs["date"]])
        for name in ("open", "high", "low", "close", "adjusted_close"):
            exact = (theirs[name] / rate).quantize(Decimal("0.000001"), ROUND_HALF_UP)
            assert ours[name] == exact
        assert ours["volume"] == theirs["volume"]


def test_a_price_of_any_size_is_told_in_australian_dollars(ask: Ask, market: Market) -> None:
    market.ingest(tickers=["SPY"])
    snapshot = market.snapshot()
    bars = bars_of(snapshot, "SPY")
    # As much as the cache holds.
    bars.values[-1, ADJUSTED_CLOSE] = 10**18 - 1
    market.objects().put(snapshot.catalogue.tickers["SPY"].key, bars.to_parquet())
    status, answer = ask("GET", "/data/prices/SPY", limit="1", adjusted="false", currency="AUD")
    known = audusd()
    (rate,) = known.close[known.dates == bars.dates[-1]].tolist()
    exact = (Decimal("999999999999.999999") / Decimal(str(rate))).quantize(Decimal("0.000001"), ROUND_HALF_UP)
    assert (status, answer["bars"][0]["adjusted_close"]) == (200, exact)


def test_a_bar_before_the_first_known_rate_has_no_price_in_australian_dollars(
    ask: Ask, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.ingest(tickers=["SPY"])
    monkeypatch.setattr("functions.ingest.ticker.HISTORY_START", date(2022, 12, 1))
    market.ingest(2, tickers=["AAPL"])
    assert ask("GET", "/data/prices/AAPL")[1]["bars"][0]["date"] == "2022-12-01"
    status, answer = ask("GET", "/data/prices/AAPL", currency="AUD")
    assert (status, answer["error"]["details"][0]["field"]) == (422, "currency")
    assert "no AUDUSD rate is known before 2023-01-02" in answer["error"]["message"]
    assert ask("GET", "/data/prices/AAPL", currency="AUD", start="2023-01-02")[0] == 200


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        *(({"start": text}, 400, "start") for text in NO_DAYS),
        *(({"end": text}, 400, "end") for text in NO_DAYS),
        ({"start": "2024-02-02", "end": "2024-02-01"}, 422, "end"),
        ({"limit": "0"}, 422, "limit"),
        ({"limit": "10001"}, 422, "limit"),
        ({"limit": "many"}, 400, "limit"),
        ({"currency": "EUR"}, 422, "currency"),
        ({"adjusted": "perhaps"}, 400, "adjusted"),
        ({"ending": "2024-02-01"}, 422, "ending"),
    ],
)
def test_a_wrong_parameter_is_named(ask: Ask, query: dict[str, str], status: int, field: str) -> None:
    answered, answer = ask("GET", "/data/prices/SPY", **query)
    assert (answered, answer["error"]["details"][0]["field"]) == (status, field)


@pytest.mark.parametrize("query", [{"start": "2200-01-01"}, {"end": "1800-01-01"}])
def test_a_day_beyond_all_bars_finds_none(ask: Ask, market: Market, query: dict[str, str]) -> None:
    market.ingest(tickers=["SPY"])
    status, answer = ask("GET", "/data/prices/SPY", **query)
    assert (status, answer["total"]) == (200, 0), answer


@pytest.mark.parametrize("ticker", ["NOPE", AUDUSD.ticker, "..%2Fmanifest"])
def test_a_ticker_outside_the_universe_is_not_found(ask: Ask, ticker: str) -> None:
    assert ask("GET", f"/data/prices/{ticker}")[0] == 404
    assert ask("GET", f"/data/latest/{ticker}")[0] == 404


def test_the_universe_is_listed_whole_or_by_index(ask: Ask) -> None:
    assert [row["ticker"] for row in ask("GET", "/data/universe")[1]["instruments"]] == list(TICKERS)
    status, answer = ask("GET", "/data/universe", index="US_ETFS")
    assert (status, answer["total"], answer["instruments"][0]["indices"]) == (200, 1, ["US_ETFS"])
    assert ask("GET", "/data/universe", index="DAX")[0] == 422


def test_the_status_tells_of_the_last_ingest_also_when_it_failed(
    ask: Ask, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.ingest.http_client.FIRST_WAIT_SECONDS", 0.01)
    market.server.fail("500", ticker="AAPL")
    with pytest.raises(Exception, match="tickers failed"):
        market.ingest()
    status = ask("GET", "/data/status")[1]
    assert (status["tickers"], status["newest_date"], status["stale"]) == (4, "2024-06-06", True)
    last = status["last_ingest"]
    assert (last["run_id"], last["status"], last["failed"]) == (run_id(1), "failed", 1)
    assert last["failures"][0]["ticker"] == "AAPL"
    assert "500" in last["failures"][0]["reason"]


def test_the_status_names_the_tickers_that_have_bars_but_are_in_no_panel(ask: Ask, market: Market) -> None:
    market.ingest()
    assert ask("GET", "/data/status")[1]["lost"] == []
    manifest = market.snapshot().manifest
    (panel,) = manifest.panels
    without = replace(panel, tickers=tuple(ticker for ticker in panel.tickers if ticker != "SPY"))
    market.objects().put(MANIFEST_KEY, manifest_json(replace(manifest, panels=(without,))))
    assert ask("GET", "/data/status")[1]["lost"] == ["SPY"]


@pytest.mark.parametrize(("newest", "stale"), [("2024-06-06", False), ("2024-06-05", True)])
def test_data_is_stale_when_the_last_trading_day_before_now_is_missing(
    ask: Ask, market: Market, monkeypatch: pytest.MonkeyPatch, newest: str, stale: bool
) -> None:
    market.wake(datetime.fromisoformat(f"{newest}T06:00:00+00:00") + timedelta(1))
    market.ingest(tickers=["SPY"])
    read_on(monkeypatch, date(2024, 6, 7))
    assert ask("GET", "/data/status")[1]["stale"] is stale


def test_one_ticker_that_is_fresh_hides_not_that_the_others_are_stale(
    ask: Ask, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.ingest()
    market.wake(SECOND_MORNING)
    market.ingest(2, tickers=["SPY"])
    read_on(monkeypatch, date(2024, 6, 11))
    status = ask("GET", "/data/status")[1]
    assert (status["newest_date"], status["market_date"], status["stale"]) == (
        "2024-06-10",
        "2024-06-06",
        True,
    )
    market.ingest(3)
    status = ask("GET", "/data/status")[1]
    # CTRA has ended in March.
    assert (status["market_date"], status["stale"]) == ("2024-06-10", False)


def test_a_rate_that_has_stopped_makes_the_data_stale(
    ask: Ask, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.ingest()
    snapshot = market.snapshot()
    entries = dict(snapshot.catalogue.tickers)
    read_on(monkeypatch, date(2024, 6, 7))
    assert ask("GET", "/data/status")[1]["stale"] is False
    entries[AUDUSD.ticker] = replace(entries[AUDUSD.ticker], last="2020-06-05")
    market.objects().put(snapshot.manifest.catalogue, catalogue_json(Catalogue(entries)))
    data._cache.cache_clear()
    assert ask("GET", "/data/status")[1]["stale"] is True


def test_a_refresh_starts_the_ingest_and_is_running_until_it_reports(ask: Ask, started: list[Any]) -> None:
    status, answer = ask("POST", "/data/refresh", {"tickers": [" spy", "AAPL"]})
    assert status == 202
    event = {"run_id": answer["run_id"], "source": "refresh", "tickers": ["SPY", "AAPL"]}
    assert started == [("potential-parakeet-ingest-dev", event)]
    status, told = ask("GET", f"/data/refresh/{answer['run_id']}")
    assert (status, told["status"]) == (200, "running")


@pytest.mark.parametrize(
    ("hours", "status"), [(0, 200), (0.5, 200), (5.9, 200), (6.1, 404), (24, 404), (-1, 404)]
)
def test_a_refresh_is_running_while_lambda_may_still_start_it(ask: Ask, hours: float, status: int) -> None:
    """Behind another ingest it waits, for six hours at most."""
    asked_for = new_run_id(datetime.now(UTC) - timedelta(hours=hours), "waiting")
    answered, told = ask("GET", f"/data/refresh/{asked_for}")
    assert (answered, told.get("status")) == (status, "running" if status == 200 else None)


def test_a_refresh_of_all_names_no_tickers(ask: Ask, started: list[Any]) -> None:
    assert ask("POST", "/data/refresh", {})[0] == 202
    assert started[0][1]["tickers"] is None


ALL = len(TICKERS) + len([AUDUSD])


def begun(market: Market, *, tickers: int = ALL, silent: timedelta = timedelta(0), **told: Any) -> str:
    """The id of a run that began, and was last heard of so long ago."""
    heard = instant(datetime.now(UTC) - silent)
    report = Report(run_id(7), "schedule", heard, heard, tickers, ["SPY"], **told)
    market.objects().put(report_key(report.run_id), report_json(report))
    market.objects().put(LAST_RUN_KEY, last_run_json(report.run_id))
    return report.run_id


def test_a_refresh_of_all_joins_an_ingest_of_all_that_is_under_way(
    ask: Ask, market: Market, started: list[Any]
) -> None:
    under_way = begun(market)
    assert ask("POST", "/data/refresh", {}) == (202, {"run_id": under_way})
    assert started == []
    assert ask("POST", "/data/refresh", {"tickers": ["SPY"]})[1] != {"run_id": under_way}
    assert len(started) == 1


@pytest.mark.parametrize(
    "told",
    [
        {"status": "done"},
        {"status": "failed"},
        {"silent": SILENT_AFTER + timedelta(minutes=1)},
        {"tickers": 2},
        {"tickers": 0},
    ],
    ids=["done", "failed", "silent", "of some", "of unknown size"],
)
def test_a_refresh_of_all_joins_no_other_ingest(
    ask: Ask, market: Market, started: list[Any], told: dict[str, Any]
) -> None:
    other = begun(market, **told)
    status, answer = ask("POST", "/data/refresh", {})
    assert (status, len(started)) == (202, 1)
    assert answer["run_id"] != other


def test_a_refresh_is_started_where_the_last_runs_report_is_of_another_version_of_the_code(
    ask: Ask, market: Market, started: list[Any]
) -> None:
    last = begun(market)
    market.objects().put(report_key(last), b'{"schema_version": 0}')
    assert ask("POST", "/data/refresh", {})[0] == 202
    market.objects().put(LAST_RUN_KEY, b"{}")
    assert ask("POST", "/data/refresh", {})[0] == 202
    assert len(started) == 2


def test_what_is_asked_for_again_before_any_run_has_begun_is_the_same_run(market: Market) -> None:
    cache = Cache(market.objects())
    now = datetime(2024, 6, 11, 6, 0, 1, tzinfo=UTC)

    def asked(tickers: list[str] | None, after: float = 0) -> str:
        return run_for(cache, cache.universe(), tickers, now + timedelta(seconds=after))[0]

    every, some = asked(None), asked(["SPY", "AAPL"])
    assert (asked(None, 58), asked(["AAPL", "SPY"], 58)) == (every, some)
    assert len({every, some, asked(["SPY"]), asked(None, 60)}) == 4
    begun(market, status="done")
    assert asked(None, 58) != every


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"tickers": ["SPY", "NOPE"]}, 422),
        ({"tickers": []}, 422),
        ({"ticker": "SPY"}, 422),
        ({"tickers": "SPY"}, 400),
    ],
)
def test_a_wrong_refresh_starts_nothing(ask: Ask, started: list[Any], body: object, status: int) -> None:
    assert ask("POST", "/data/refresh", body)[0] == status
    assert started == []


def test_a_refresh_by_nobody_starts_nothing(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, started: list[Any]
) -> None:
    def nobody(_event: object) -> str:
        raise UnauthenticatedError("The request does not say who is calling.")

    monkeypatch.setattr("functions.runtime.callers.caller", nobody)
    assert ask("POST", "/data/refresh", {})[0] == 401
    assert started == []


def test_a_refresh_that_lambda_does_not_take_is_503(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_function: str, _event: object) -> None:
        raise UnavailableError("not now")

    monkeypatch.setattr(data, "start_function", refused)
    assert ask("POST", "/data/refresh", {})[0] == 503


def test_an_ingest_is_done_failed_or_unknown(ask: Ask, market: Market) -> None:
    market.ingest()
    assert ask("GET", f"/data/refresh/{run_id(1)}")[1]["status"] == "done"
    assert ask("GET", f"/data/refresh/{run_id(2)}")[0] == 404
    assert ask("GET", "/data/refresh/nonsense")[0] == 404


@pytest.mark.parametrize(
    ("silent", "status", "message"),
    [
        (SILENT_AFTER - timedelta(minutes=1), "running", ""),
        # Its next step waits behind another ingest, or was never started.
        (SILENT_AFTER + timedelta(minutes=1), "failed", "it was last heard of at {heard}; "),
        (QUEUED_AT_MOST - timedelta(minutes=1), "failed", "it was last heard of at {heard}; "),
        (QUEUED_AT_MOST + timedelta(minutes=1), "failed", "it ended without saying why"),
    ],
)
def test_an_ingest_that_is_silent_for_too_long_has_failed_and_says_whether_it_may_go_on_yet(
    ask: Ask, market: Market, silent: timedelta, status: str, message: str
) -> None:
    now = datetime.now(UTC)
    run, heard = new_run_id(now, "silent"), instant(now - silent)
    report = Report(run, "refresh", heard, heard, 2, ["SPY", "AAPL"])
    market.objects().put(report_key(run), report_json(report))
    told = ask("GET", f"/data/refresh/{run}")[1]
    assert (told["status"], told["remaining"]) == (status, 2)
    assert told["message"].startswith(message.format(heard=heard))
    assert bool(told["message"]) is bool(message)


def test_an_ingests_report_of_another_version_of_the_code_is_503_and_one_with_another_field_is_told(
    ask: Ask, market: Market
) -> None:
    market.ingest()
    key = report_key(run_id(1))
    said = json.loads(market.contents()[key])
    market.objects().put(key, json.dumps(said | {"in_addition": 1}).encode())
    assert ask("GET", "/data/status")[1]["last_ingest"]["status"] == "done"
    market.objects().put(key, json.dumps(said | {"schema_version": 0}).encode())
    for path in ("/data/status", f"/data/refresh/{run_id(1)}"):
        status, answer = ask("GET", path)
        assert (status, answer["error"]["code"]) == (503, "unavailable")


def test_a_cache_that_does_not_answer_is_503_and_says_nothing_of_it(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_S3_BUCKET", "no-such-bucket")
    data.Settings.read.cache_clear()
    data._cache.cache_clear()
    for path in ("/data/status", "/data/universe", "/data/prices/SPY", "/data/latest/SPY"):
        status, answer = ask("GET", path)
        assert status == 503
        assert "bucket" not in json.dumps(answer)


def test_what_a_lost_catalogue_named_is_503_and_then_without_bars_until_it_is_ingested(
    ask: Ask, market: Market
) -> None:
    market.ingest()
    bars = ask("GET", "/data/prices/AAPL")[1]["bars"]
    catalogue = market.snapshot().manifest.catalogue
    market.client.delete_object(Bucket=market.bucket, Key=catalogue)
    data._cache.cache_clear()
    assert ask("GET", "/data/prices/AAPL")[0] == 503
    assert ask("GET", "/data/status")[0] == 503
    market.ingest(2, tickers=["SPY"])
    status, answer = ask("GET", "/data/prices/AAPL")
    assert (status, answer["bars"]) == (200, [])
    assert ask("GET", "/data/latest/AAPL")[1]["bar"] is None
    assert ask("GET", "/data/status")[1]["tickers"] == 1
    closes = load_closes(market.snapshot(), ["SPY", "AAPL"], date(2005, 1, 1), date(2100, 1, 1))
    assert np.isnan(closes.adjusted[:, 1]).all()
    market.ingest(3)
    assert ask("GET", "/data/prices/AAPL")[1]["bars"] == bars


def test_what_a_reader_needs_is_read_only(ask: Ask, market: Market) -> None:
    market.ingest()
    before = market.contents()
    for path in ("/data/status", "/data/universe", "/data/prices/SPY", "/data/latest/SPY"):
        assert ask("GET", path)[0] == 200
    assert market.contents() == before
    assert LAST_RUN_KEY in before


@pytest.mark.parametrize("content", [b"", b"{}"])
def test_a_last_run_that_cannot_be_read_is_503(ask: Ask, market: Market, content: bytes) -> None:
    market.objects().put(LAST_RUN_KEY, content)
    status, answer = ask("GET", "/data/status")
    assert (status, answer["error"]["code"]) == (503, "unavailable")


def test_the_document_describes_the_bars_of_a_price_list() -> None:
    schemas = json.loads(data.api.get_openapi_json_schema(title="x", version="1"))["components"]["schemas"]
    assert schemas["Prices"]["properties"]["bars"]["items"] == {"$ref": "#/components/schemas/Bar"}
    assert set(schemas["Bar"]["properties"]) == {
        *("date", "open", "high", "low", "close", "volume", "adjusted_close")
    }
