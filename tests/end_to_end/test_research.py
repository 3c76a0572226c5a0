"""From an ingest to prices, a backtest, a comparison and a scan, over HTTP."""

from typing import Any

import pytest

from tests.end_to_end.served import Api, Served, error, ingested

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("end_to_end")]

TICKERS = ["SPY", "TLT", "IEF", "BND", "AAPL", "MSFT"]


@pytest.fixture(scope="module")
def report(served: Served) -> dict[str, Any]:
    """Of an ingest of a few tickers that somebody asked for."""
    return ingested(served, TICKERS)


def test_an_ingest_that_was_asked_for_is_done_and_counted(report: dict[str, Any], api: Api) -> None:
    # And the rate of the two currencies.
    assert (report["ok"], report["failed"]) == (len(TICKERS) + 1, 0)
    status = api.get("/data/status").json()
    assert status["last_ingest"]["run_id"] == report["run_id"]


def test_unknown_tickers_are_named_before_anything_starts(report: dict[str, Any], api: Api) -> None:
    refused = api.post("/data/refresh", json={"tickers": ["SPY", "NOTHING"]})
    assert error(refused) == (422, "invalid")
    assert "NOTHING" in refused.text
    assert api.get("/data/status").json()["last_ingest"]["run_id"] == report["run_id"]


@pytest.mark.usefixtures("report")
def test_prices_are_listed_with_their_days_and_unknown_ones_are_not_found(api: Api) -> None:
    answer = api.get("/data/prices/SPY", params={"limit": 5})
    bars = answer.json()["bars"]
    days = [bar["date"] for bar in bars]
    assert len(days) == 5
    assert days == sorted(set(days))
    assert all(bar["low"] <= bar["close"] <= bar["high"] for bar in bars)
    assert error(api.get("/data/prices/NOTHING")) == (404, "not_found")


@pytest.mark.usefixtures("report")
def test_strategies_are_run_kept_and_compared(api: Api) -> None:
    asked = {"tickers": TICKERS, "start": "2012-01-03", "end": "2020-12-31"}
    runs = [api.post(f"/strategies/{name}/run", json=asked) for name in ("dual_momentum", "equal_weight")]
    assert [run.status_code for run in runs] == [201, 201], [run.text[:500] for run in runs]
    results = [run.json() for run in runs]
    for result in results:
        assert api.get(f"/strategies/results/{result['id']}").json() == result
    compared = api.get("/strategies/compare", params={"ids": ",".join(str(each["id"]) for each in results)})
    assert compared.status_code == 200, compared.text
    assert api.get("/strategies/dual_momentum/results").json()["total"] >= 1


@pytest.mark.usefixtures("report")
def test_a_scan_is_kept_for_whoever_asks_next(api: Api) -> None:
    scanned = api.post("/scanner/run", json={"scanner": "breakout"})
    assert scanned.status_code in (200, 201), scanned.text
    listed = api.get("/scanner/results", params={"scanner": "breakout"})
    assert listed.status_code == 200, listed.text
