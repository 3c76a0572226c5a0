"""The strategies API, from event to answer, on a real PostgreSQL and a cache in S3."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from functions.database.connection import Database
from functions.market.cache import Cache
from functions.market.objects import Objects
from functions.market.panel import load_audusd, load_closes
from functions.strategies import run as runs
from functions.strategies.backtest import backtest
from functions.strategies.catalog import STRATEGIES
from functions.strategies.model import DayEquity, Rebalance
from functions.strategies.prices import Prices
from functions.strategies.rebalancing import Costs
from tests.functions.calling import Call
from tests.functions.events import EMAIL, NO_DAYS
from tests.functions.filled_cache import RUN, empty_cache, fill
from tests.functions.strategies.market import caller_on

pytestmark = pytest.mark.integration

ASKED = {"tickers": ["A", "B", "C", "D"], "start": "2024-03-05"}

REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"tickers": ["A", "XYZ"]}, 422, "tickers"),
    ({"tickers": []}, 422, "tickers"),
    ({"tickers": ["A", "a"]}, 422, "body"),
    ({"tickers": ["NEVER"]}, 422, "tickers"),
    ({"index": "EVEN"}, 422, "body"),
    ({"tickers": None}, 422, "body"),
    ({"tickers": None, "index": "NASDAQ100"}, 422, "index"),
    *(({"start": day}, 400, "start") for day in (*NO_DAYS, 20240101, None)),
    *(({"end": day}, 400, "end") for day in (*NO_DAYS, 20240101)),
    ({"start": "2030-01-01"}, 422, "start"),
    ({"end": "2024-03-05"}, 422, "body"),
    ({"start": "2023-01-02"}, 422, "start"),
    ({"start": "2024-03-09", "end": "2024-03-10"}, 422, "start"),
    ({"initial_capital": 999}, 422, "initial_capital"),
    ({"initial_capital": 100_000_001}, 422, "initial_capital"),
    ({"initial_capital": "1e5"}, 400, "initial_capital"),
    ({"currency": "EUR"}, 422, "currency"),
    ({"costs": {"commission": -1}}, 422, "costs.commission"),
    ({"costs": {"tax": 1}}, 422, "costs.tax"),
    ({"parameters": {"lookback": 19}}, 422, "parameters.lookback"),
    *(({"parameters": {"lookback": wrong}}, 400, "parameters.lookback") for wrong in ("long", "60", True)),
    ({"parameters": {"risk_free": False}}, 400, "parameters.risk_free"),
    ({"parameters": {"leverage": 2}}, 422, "parameters.leverage"),
    ({"parameters": {"defensive": ["XYZ"]}}, 422, "parameters"),
    ({"leverage": 2}, 422, "leverage"),
]


def ran(call: Call, name: str = "dual_momentum", **changed: Any) -> dict[str, Any]:
    status, result = call("POST", f"/strategies/{name}/run", {**ASKED, **changed})
    assert status == 201, result
    found: dict[str, Any] = result
    return found


def test_every_strategy_is_listed_with_its_rule_and_the_limits_of_its_parameters(call: Call) -> None:
    status, answer = call("GET", "/strategies")

    assert status == 200
    found = {strategy["name"]: strategy for strategy in answer["strategies"]}
    assert list(found) == list(STRATEGIES)
    assert (found["momentum"]["rebalanced"], found["olmar"]["rebalanced"]) == ("monthly", "weekly")
    lookback = found["dual_momentum"]["parameters"]["lookback"]
    assert (lookback["default"], lookback["minimum"], lookback["maximum"]) == (252, 20, 504)
    assert found["equal_weight"]["parameters"] == {}
    assert all(len(strategy["rule"]) > 40 for strategy in found.values())


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_runs_and_its_result_is_kept(call: Call, name: str) -> None:
    parameters = {"top": 2} if name == "momentum" else {}
    made = ran(call, name, parameters=parameters)

    assert made["strategy"] == name
    assert made["run_by"] == EMAIL
    assert made["ingest_run"] == f"{RUN}/x"
    assert call("GET", f"/strategies/results/{made['id']}") == (200, made)
    # These two are written as text, past the check of the answer.
    assert [str(DayEquity.model_validate(day).date) for day in made["equity_curve"]] == [
        day["date"] for day in made["equity_curve"]
    ]
    assert all(sum(Rebalance.model_validate(one).weights.values()) <= 1.001 for one in made["rebalances"])
    status, described = call("GET", f"/strategies/{name}")
    assert status == 200
    assert described["last_result"]["id"] == made["id"]


def test_a_result_is_what_the_engine_makes_of_the_cache(call: Call, market: Objects) -> None:
    made = ran(call, "inverse_volatility", parameters={"window": 20})

    snapshot = Cache(market).snapshot()
    tickers = ("A", "B", "C", "D", "SPY")
    closes = load_closes(
        snapshot, tickers, *(day.item() for day in np.array(["2023-01-01", "2025-01-01"], "M8[D]"))
    )
    first = int(np.searchsorted(closes.dates, np.datetime64("2024-03-05")))
    run = backtest(
        STRATEGIES["inverse_volatility"].model_validate({"window": 20}),
        Prices.of(closes.dates, tickers, closes.adjusted, frozenset("ABCD")),
        first,
        capital=100_000,
        costs=Costs(),
        rates=load_audusd(snapshot, closes.dates),
    )
    curve = made["equity_curve"]
    assert [day["date"] for day in curve] == [str(day) for day in run.days]
    assert [float(day["equity"]) for day in curve] == pytest.approx(run.equity.tolist(), abs=0.005)
    assert made["final_equity"] == curve[-1]["equity"]
    assert float(made["costs_paid"]) == pytest.approx(run.trades.costs.sum(), abs=0.01)
    assert made["trades"]["total"] == len(run.trades.rows)
    assert [len(rebalance["weights"]) for rebalance in made["rebalances"]] == [4] * len(run.decisions)
    assert float(made["metrics"]["total_return"]) == pytest.approx(run.equity[-1] / 100_000 - 1)
    assert (made["start_date"], made["end_date"]) == ("2024-03-05", str(run.days[-1]))


def test_tickers_are_taken_in_lower_case_and_with_spaces_wherever_they_are_asked_for(call: Call) -> None:
    made = ran(call, tickers=[" a", "b"], parameters={"lookback": 20, "defensive": ["tlt "]})
    assert (made["tickers"], made["parameters"]["defensive"]) == (["A", "B"], ["TLT"])


def test_a_run_whose_tickers_have_all_ended_goes_on_without_them(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = np.busday_offset("2023-01-02", np.arange(300), roll="forward").astype("datetime64[D]")
    closes = np.repeat(50 * 1.002 ** np.arange(300)[:, None], 3, axis=1)
    closes[200:, 2] = np.nan
    with empty_cache() as objects:
        columns = {"adjusted_close": closes, "volume": np.full(closes.shape, 1e6)}
        fill(objects, days, ("SPY", "TLT", "GONE"), columns)
        made = ran(
            caller_on(database, objects, monkeypatch),
            tickers=["GONE"],
            start=str(days[50]),
            end="2026-06-30",
            currency="USD",
            parameters={"lookback": 20, "defensive": ["TLT"]},
        )
    assert made["end_date"] == str(days[-1])
    traded = [(trade["direction"], trade["ticker"]) for trade in made["trades"]["trades"]]
    assert traded == [("BUY", "GONE"), ("SELL", "GONE"), ("BUY", "TLT")]
    assert made["rebalances"][-1]["weights"] == {"TLT": 1}


def test_money_is_exact_and_the_defaults_are_the_contracts(call: Call) -> None:
    made = ran(call, "equal_weight", initial_capital="12345.67")

    assert made["initial_capital"] == Decimal("12345.67")
    assert made["currency"] == "AUD"
    assert made["costs"] == {"commission": Decimal("3.00"), "slippage_bps": 5, "fx_bps": 50}
    for trade in made["trades"]["trades"]:
        paid = 3 + trade["value"] * Decimal("0.0055")
        assert abs(trade["cost"] - paid) <= Decimal("0.01")
    assert sum(trade["cost"] for trade in made["trades"]["trades"]) == pytest.approx(
        made["costs_paid"], abs=Decimal(1)
    )


def test_an_account_in_us_dollars_pays_for_no_currency(call: Call) -> None:
    made = ran(call, "equal_weight", currency="USD")
    for trade in made["trades"]["trades"]:
        assert abs(trade["cost"] - 3 - trade["value"] * Decimal("0.0005")) <= Decimal("0.01")


def test_an_index_is_all_its_instruments(call: Call) -> None:
    status, made = call("POST", "/strategies/equal_weight/run", {"index": "ODD", "start": "2024-03-05"})
    assert status == 201
    assert (made["index"], made["tickers"]) == ("ODD", ["TLT", "BND", "B", "D"])


def test_trades_come_in_pages(call: Call) -> None:
    made = ran(call, "equal_weight")
    first = call("GET", f"/strategies/results/{made['id']}", query={"page_size": 3})[1]["trades"]
    second = call("GET", f"/strategies/results/{made['id']}", query={"page_size": 3, "page": 2})[1]["trades"]

    assert first["trades"] + second["trades"] == made["trades"]["trades"][:6]
    assert first["total_pages"] == -(-first["total"] // 3)


def test_results_are_listed_newest_first_in_pages(call: Call) -> None:
    ids = [ran(call, "equal_weight")["id"] for _ in range(3)]
    ran(call, "olmar")

    status, first = call("GET", "/strategies/equal_weight/results", query={"page_size": 2})

    assert status == 200
    assert [result["id"] for result in first["results"]] == [ids[2], ids[1]]
    assert (first["total"], first["total_pages"]) == (3, 2)
    assert "equity_curve" not in first["results"][0]


def test_a_strategy_that_never_ran_has_no_result(call: Call) -> None:
    assert call("GET", "/strategies/olmar")[1]["last_result"] is None
    assert call("GET", "/strategies/olmar/results")[1] == {
        "results": [],
        "total": 0,
        "page": 1,
        "page_size": 50,
        "total_pages": 1,
    }


def test_a_comparison_names_the_best_and_what_cannot_be_compared(call: Call) -> None:
    one, other = ran(call, "equal_weight"), ran(call, "olmar", currency="USD")

    status, found = call("GET", "/strategies/compare", query={"ids": f"{other['id']},{one['id']}"})

    assert status == 200
    assert [result["id"] for result in found["results"]] == [other["id"], one["id"]]
    assert found["differences"] == ["currency"]
    by = {
        metric: max((one, other), key=lambda made: made["metrics"][metric])["id"]
        for metric in ("cagr", "sharpe")
    }
    assert {metric: found["best"][metric] for metric in by} == by
    calm = min((one, other), key=lambda made: made["metrics"]["volatility"])["id"]
    assert found["best"]["volatility"] == calm
    alike = call(
        "GET", "/strategies/compare", query={"ids": f"{one['id']},{ran(call, 'equal_weight')['id']}"}
    )[1]
    assert alike["differences"] == []


def test_runs_of_other_tickers_or_other_code_are_not_taken_for_alike(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(tickers: list[str]) -> int:
        return int(ran(call, "equal_weight", tickers=tickers)["id"])

    one, again, other = made(["A", "B"]), made(["B", "A"]), made(["A", "C"])
    monkeypatch.setattr("functions.runtime.variables.code_version", lambda: "another")
    later = made(["A", "B"])
    for number, differences in ((again, []), (other, ["tickers"]), (later, ["code_version"])):
        found = call("GET", "/strategies/compare", query={"ids": f"{one},{number}"})[1]
        assert found["differences"] == differences


@pytest.mark.parametrize(
    ("ids", "status"),
    [
        *(("1", 422), ("1,1", 422), ("1,x", 400), (",".join(map(str, range(1, 12))), 422), ("8,9", 404)),
        *((text, 400) for text in ("1_0,2", "01,2", "+1,2", "1, 2", "1,2,", "\u0661,2")),
    ],
)
def test_a_comparison_is_of_two_to_ten_results_that_there_are(call: Call, ids: str, status: int) -> None:
    assert call("GET", "/strategies/compare", query={"ids": ids})[0] == status


def test_what_cannot_be_run_is_refused_with_its_field_and_nothing_is_kept(call: Call) -> None:
    for changed, status, field in REFUSED:
        found, answer = call("POST", "/strategies/dual_momentum/run", {**ASKED, **changed})
        assert (found, answer["error"]["details"][0]["field"]) == (status, field), (changed, answer)
    assert call("GET", "/strategies/dual_momentum/results")[1]["total"] == 0


def test_momentum_cannot_hold_more_than_there_is(call: Call) -> None:
    status, answer = call("POST", "/strategies/momentum/run", ASKED)
    assert (status, answer["error"]["details"][0]["allowed"]) == (422, "At most the number of tickers, 4")


def test_a_run_that_would_not_end_is_refused_before_a_price_is_read(
    database: Database, market: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object) -> None:
        raise AssertionError("prices were read")

    monkeypatch.setattr(runs, "load_closes", load)
    small = caller_on(database, market, monkeypatch, memory_mb=16)

    status, answer = small("POST", "/strategies/equal_weight/run", ASKED)

    assert status == 422
    assert "would take about" in answer["error"]["message"]
    assert "25 s" in answer["error"]["message"]


def test_an_unknown_strategy_or_result_is_404(call: Call) -> None:
    assert call("GET", "/strategies/buffett")[0] == 404
    assert call("GET", "/strategies/buffett/results")[0] == 404
    assert call("POST", "/strategies/buffett/run", ASKED)[0] == 404
    assert call("GET", "/strategies/results/1")[0] == 404
    assert call("GET", "/strategies/results/x")[0] == 400
    assert call("DELETE", "/strategies/olmar")[0] == 405


def test_a_run_says_who_asked_for_it_or_is_none(call: Call) -> None:
    robot = {"lambda": {"common_name": "robot.access"}}
    status, made = call("POST", "/strategies/equal_weight/run", ASKED, authorizer=robot)
    assert (status, made["run_by"]) == (201, "robot.access")
    assert call("POST", "/strategies/equal_weight/run", ASKED, authorizer={})[0] == 401


def test_without_any_ingest_or_any_cache_it_is_unavailable(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with empty_cache() as objects:
        call = caller_on(database, objects, monkeypatch)
        status, answer = call("POST", "/strategies/equal_weight/run", ASKED)
        assert (status, answer["error"]["message"]) == (503, "Nothing has been ingested yet.")
    status, answer = call("POST", "/strategies/equal_weight/run", ASKED)
    assert (status, answer["error"]["message"]) == (503, "The cache does not answer at the moment.")
