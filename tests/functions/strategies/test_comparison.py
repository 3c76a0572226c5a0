"""Results beside each other, of prices that an ingest wrote."""

from datetime import date

import pytest

from functions.database.connection import Database
from tests.functions.market_cache import SECOND_MORNING, Market, market, market_aws, market_server
from tests.functions.strategies.market import caller_on

__all__ = ["market", "market_aws", "market_server"]

pytestmark = pytest.mark.integration


def test_results_of_two_steps_of_one_ingest_are_not_taken_for_of_the_same_prices(
    market: Market, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.ingest.ticker.HISTORY_START", date(2024, 1, 1))
    market.ingest()
    market.wake(SECOND_MORNING)
    # Its time is over when BRK-B and CTRA are still to be done.
    left = iter([300.0] * 6)
    market.ingest(2, concurrency=1, remaining=lambda: next(left, 0.0))
    call = caller_on(database, market.objects(), monkeypatch)
    asked = {"tickers": ["BRK-B", "AAPL"], "start": "2024-02-01"}
    between = call("POST", "/strategies/equal_weight/run", asked)[1]
    market.ingest(2, step=2, holder="request-2-2")
    after, again = (call("POST", "/strategies/equal_weight/run", asked)[1] for _ in range(2))

    def differences(*results: dict[str, object]) -> object:
        ids = ",".join(str(result["id"]) for result in results)
        return call("GET", "/strategies/compare", query={"ids": ids})[1]["differences"]

    assert between["end_date"] == after["end_date"]
    assert between["final_equity"] != after["final_equity"]
    assert differences(between, after) == ["ingest_run"]
    assert differences(after, again) == []
