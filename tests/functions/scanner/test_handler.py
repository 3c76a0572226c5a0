"""The scanner API, from event to answer, on a cache in S3."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from functions.market.objects import Objects
from functions.scanner import run as runs
from functions.scanner.catalog import SCANNERS
from functions.scanner.scan import scan
from tests.functions.calling import Call
from tests.functions.events import EMAIL
from tests.functions.filled_cache import RUN, empty_cache, fill
from tests.functions.scanner.market import PANEL, caller_on, market
from tests.functions.scanner.panels import business_days

pytestmark = pytest.mark.integration

__all__ = ["market"]


@pytest.fixture
def call(market: Objects, monkeypatch: pytest.MonkeyPatch) -> Call:
    return caller_on(market, monkeypatch)


def test_every_scanner_is_listed_with_its_rule_and_its_numbers(call: Call) -> None:
    status, answer = call("GET", "/scanner")
    assert status == 200
    found = {one["name"]: one for one in answer["scanners"]}
    assert list(found) == list(SCANNERS)
    assert found["quallamaggie"]["numbers"]["min_return_63"] == Decimal("0.3")
    assert found["quallamaggie"]["bars"] == 200


@pytest.mark.parametrize("name", SCANNERS)
def test_a_run_is_what_the_scan_makes_of_the_cache_and_is_kept(call: Call, name: str) -> None:
    status, made = call("POST", "/scanner/run", {"scanner": name})

    assert status == 200, made
    day = PANEL.dates[-1].item()
    expected = scan(SCANNERS[name], PANEL, frozenset(PANEL.tickers), day, benchmark="SPY")
    assert made["counts"]["asked"] == len(PANEL.tickers)
    assert made["counts"]["passed"] == expected.counts.passed
    assert [result["ticker"] for result in made["results"]] == [result.ticker for result in expected.results]
    for result, other in zip(made["results"], expected.results, strict=True):
        assert result["price"] == other.price
        assert float(result["score"]) == other.score
        assert {key: float(value) for key, value in result["numbers"].items()} == pytest.approx(
            other.numbers, rel=1e-4
        )
    assert (made["run_by"], made["ingest_run"], made["date"]) == (
        EMAIL,
        f"{RUN}/x",
        str(PANEL.dates[-1]),
    )
    assert datetime.now(UTC) - datetime.fromisoformat(made["ran_at"]) < timedelta(minutes=1)
    status, kept = call("GET", "/scanner/results", query={"scanner": name, "limit": 500})
    assert (status, kept["results"]) == (200, made["results"])


@pytest.mark.parametrize("name", SCANNERS)
def test_days_that_one_ticker_alone_has_are_not_scanned(call: Call, market: Objects, name: str) -> None:
    """Six of them, after which all others have ended as far as they alone tell."""
    before = call("POST", "/scanner/run", {"scanner": name})[1]
    days = business_days(len(PANEL.dates) + 6)
    later = {
        column: np.vstack((np.round(values, 6), np.full((6, len(PANEL.tickers)), np.nan)))
        for column, values in PANEL.columns.items()
    }
    for values in later.values():
        values[-6:, 38] = values[-7, 38]
    fill(market, days, PANEL.tickers, later)

    after = call("POST", "/scanner/run", {"scanner": name})[1]
    alone = call("POST", "/scanner/run", {"scanner": name, "tickers": ["T38"]})[1]

    assert after == {**before, "ran_at": after["ran_at"]}
    assert (alone["date"], alone["counts"]["scanned"]) == (before["date"], 1)


def test_results_are_of_the_latest_run_of_each_scanner(call: Call) -> None:
    assert call("GET", "/scanner/results") == (200, {"total": 0, "results": [], "runs": []})
    call("POST", "/scanner/run", {"scanner": "breakout"})
    call("POST", "/scanner/run", {"scanner": "mean_reversion"})
    call("POST", "/scanner/run", {"scanner": "breakout", "tickers": ["t38", "T39"]})

    _, found = call("GET", "/scanner/results", query={"limit": 500})

    assert [run["scanner"] for run in found["runs"]] == ["breakout", "mean_reversion"]
    assert {one["ticker"] for one in found["results"] if one["scanner"] == "breakout"} <= {"T38", "T39"}
    scores = [one["score"] for one in found["results"]]
    assert scores == sorted(scores, reverse=True)
    some = call("GET", "/scanner/results", query={"signal": "OVERBOUGHT", "min_score": 50, "limit": 2})[1]
    matching = [one for one in found["results"] if one["signal"] == "OVERBOUGHT" and one["score"] >= 50]
    assert (some["results"], some["total"]) == (matching[:2], len(matching))


def test_filters_and_an_index_choose(call: Call) -> None:
    _, every = call("POST", "/scanner/run", {"scanner": "breakout"})
    limit = sorted(one["price"] for one in every["results"])[3]

    _, cheap = call("POST", "/scanner/run", {"scanner": "breakout", "max_price": str(limit)})
    _, odd = call("POST", "/scanner/run", {"scanner": "breakout", "index": "ODD"})

    assert len(cheap["results"]) == 4
    assert cheap["filters"] == {"min_price": None, "max_price": limit, "min_dollar_volume": None}
    assert odd["counts"]["asked"] == 20
    assert odd["index"] == "ODD"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "scanner"),
        ({"scanner": "buffett"}, 422, "scanner"),
        ({"scanner": "breakout", "tickers": ["XYZ"]}, 422, "tickers"),
        ({"scanner": "breakout", "tickers": []}, 422, "tickers"),
        ({"scanner": "breakout", "index": "ASX"}, 422, "index"),
        ({"scanner": "breakout", "index": "ODD", "tickers": ["T01"]}, 422, "body"),
        ({"scanner": "breakout", "min_price": -1}, 422, "min_price"),
        ({"scanner": "breakout", "min_price": 10, "max_price": 9}, 422, "body"),
        ({"scanner": "breakout", "min_price": "cheap"}, 400, "min_price"),
        ({"scanner": "breakout", "limit": 5}, 422, "limit"),
    ],
)
def test_what_cannot_be_scanned_is_refused_with_its_field(
    call: Call, body: dict[str, Any], status: int, field: str
) -> None:
    found, answer = call("POST", "/scanner/run", body)
    assert (found, answer["error"]["details"][0]["field"]) == (status, field), answer


def test_a_scan_that_does_not_fit_is_refused_before_a_bar_is_read(
    market: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object) -> None:
        raise AssertionError("bars were read")

    monkeypatch.setattr(runs, "load_recent", load)
    small = caller_on(market, monkeypatch, memory_mb=127)

    status, answer = small("POST", "/scanner/run", {"scanner": "breakout"})

    assert status == 422
    assert "the limit is 127 MiB" in answer["error"]["message"]


@pytest.mark.parametrize(
    "query",
    [
        {"scanner": "buffett"},
        {"signal": "breakout"},
        {"scanner": "breakout", "signal": "OVERSOLD"},
        *({"min_score": 101}, {"limit": 501}, {"limit": 0}, {"min_scores": 1}),
    ],
)
def test_a_filter_that_there_is_not_is_refused(call: Call, query: dict[str, Any]) -> None:
    assert call("GET", "/scanner/results", query=query)[0] == 422


@pytest.mark.parametrize("text", ["1_0", "1e1", "inf", "nan", "+5", " 5", "5.", "\u0661"])
def test_a_score_that_is_no_plain_number_is_refused_by_name(call: Call, text: str) -> None:
    status, body = call("GET", "/scanner/results", query={"min_score": text})
    assert status == 400
    assert [detail["field"] for detail in body["error"]["details"]] == ["min_score"]


def test_a_score_is_compared_exactly(call: Call) -> None:
    assert call("GET", "/scanner/results", query={"min_score": "100.00"})[0] == 200
    assert call("GET", "/scanner/results", query={"min_score": "99.999"})[0] == 422


def test_a_signal_that_there_is_not_is_answered_with_those_that_there_are(call: Call) -> None:
    _, answer = call("GET", "/scanner/results", query={"signal": "SELL"})
    allowed = "One of STRONG, WATCH, BREAKOUT, NEAR_HIGH, OVERSOLD, OVERBOUGHT"
    assert answer["error"]["details"] == [
        {"field": "signal", "in": "query", "value": "SELL", "allowed": allowed}
    ]
    _, answer = call("GET", "/scanner/results", query={"signal": "SELL", "scanner": "mean_reversion"})
    assert answer["error"]["details"][0]["allowed"] == "One of OVERSOLD, OVERBOUGHT"


def test_a_scan_says_who_asked_for_it_or_is_none(call: Call) -> None:
    assert call("POST", "/scanner/run", {"scanner": "breakout"}, authorizer={})[0] == 401
    assert call("GET", "/scanner/results")[1]["runs"] == []


def test_a_kept_scan_of_another_version_is_none_until_the_next_run(call: Call, market: Objects) -> None:
    market.put("cache/scans/breakout.json", b'{"schema_version":2,"run":{},"results":[]}')
    assert call("GET", "/scanner/results")[1]["runs"] == []
    call("POST", "/scanner/run", {"scanner": "breakout"})
    assert len(call("GET", "/scanner/results")[1]["runs"]) == 1


@pytest.mark.parametrize("kept", [b'{"schema_version":1,', b"[]", b"\xff", b""])
def test_a_kept_scan_that_cannot_be_read_is_503_until_the_next_run(
    call: Call, market: Objects, kept: bytes
) -> None:
    market.put("cache/scans/breakout.json", kept)
    status, answer = call("GET", "/scanner/results")
    assert (status, answer["error"]["code"]) == (503, "unavailable")
    call("POST", "/scanner/run", {"scanner": "breakout"})
    assert len(call("GET", "/scanner/results")[1]["runs"]) == 1


def test_without_any_ingest_or_any_cache_it_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    with empty_cache() as objects:
        call = caller_on(objects, monkeypatch)
        objects.put("cache/universe.csv", b"ticker,name,kind,indices\nSPY,SPDR,ETF,US_ETFS\n")
        status, answer = call("POST", "/scanner/run", {"scanner": "breakout"})
        assert (status, answer["error"]["message"]) == (503, "Nothing has been ingested yet.")
    assert call("POST", "/scanner/run", {"scanner": "breakout"})[0] == 503
    assert call("GET", "/scanner/results")[0] == 503
