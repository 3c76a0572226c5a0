"""The strategies API."""

import re
from functools import cache
from typing import Annotated, Any

from functions.database.connection import DatabaseVariables, database
from functions.market.cache import Cache
from functions.market.reading import answering, cache_of
from functions.runtime.errors import InvalidError, MalformedError, NotFoundError
from functions.runtime.fields import OneTo
from functions.runtime.http_api import HttpApi
from functions.runtime.json_text import JsonText
from functions.runtime.log import log
from functions.runtime.paging import PageNumber, PageSize, paged
from functions.runtime.parameters import Path, Query
from functions.strategies import store
from functions.strategies.catalog import STRATEGIES
from functions.strategies.comparison import compare
from functions.strategies.model import (
    MAX_ID,
    Comparison,
    Result,
    ResultInFull,
    Results,
    RunRequest,
    Strategies,
    StrategyWithResult,
    TradingCosts,
)
from functions.strategies.model import Strategy as StrategyAnswer
from functions.strategies.run import execute, plan
from functions.strategies.strategy import Strategy

Name = Annotated[str, Path(max_length=50)]
Id = Annotated[int, OneTo(MAX_ID), Path()]
Ids = Annotated[str, Query(max_length=210, description="2 to 10 ids of results, with commas between")]
_COSTS = tuple(TradingCosts.model_fields)


class Settings(DatabaseVariables):
    """The strategies' variables."""

    aws_s3_bucket: str
    aws_lambda_function_memory_size: int


api = HttpApi()


@cache
def _cache() -> Cache:
    return cache_of(Settings.read().aws_s3_bucket)


@api.get("/strategies", tags=["strategies"])
def list_strategies() -> Strategies:
    """The strategies, their rules, and their parameters with the limits."""
    return Strategies(strategies=[StrategyAnswer(**_described(strategy)) for strategy in STRATEGIES.values()])


@api.get("/strategies/compare", tags=["strategies"])
def compare_results(ids: Ids) -> Comparison:
    """Runs beside each other: their metrics, the best of each, and in what they cannot be compared."""
    wanted = _ids(ids)
    with database().read() as cursor:
        rows = store.find(cursor, wanted)
    missing = set(wanted) - {row["id"] for row in rows}
    if missing:
        raise NotFoundError(f"There is no result {', '.join(map(str, sorted(missing)))}.")
    return compare([Result(**_summary(row)) for row in rows])


@api.get("/strategies/results/<result_id>", tags=["strategies"])
def get_result(result_id: Id, page: PageNumber = 1, page_size: PageSize = 200) -> ResultInFull:
    """A run with its equity curve, the weights at each rebalance, and a page of its trades."""
    return _in_full(result_id, page, page_size)


@api.get("/strategies/<name>", tags=["strategies"])
def get_strategy(name: Name) -> StrategyWithResult:
    """A strategy, and its last result."""
    strategy = _known(name)
    with database().read() as cursor:
        rows, _ = store.find_page(cursor, name, 1, 1)
    return StrategyWithResult(
        **_described(strategy), last_result=Result(**_summary(rows[0])) if rows else None
    )


@api.get("/strategies/<name>/results", tags=["strategies"])
def list_results(name: Name, page: PageNumber = 1, page_size: PageSize = 50) -> Results:
    """A strategy's runs, the newest first."""
    _known(name)
    with database().read() as cursor:
        rows, total = store.find_page(cursor, name, page, page_size)
    return Results(
        results=[Result(**_summary(row)) for row in rows],
        **paged(total, page, page_size),
    )


@api.post("/strategies/<name>/run", status_code=201, tags=["strategies"])
def run_strategy(name: Name, request: RunRequest) -> ResultInFull:
    """Backtest a strategy, and keep the result. What would not end in 25 s is refused before it starts."""
    strategy, by, settings = _known(name), api.caller, Settings.read()
    with answering(_cache()) as cached:
        snapshot = cached.snapshot()
        memory_mb = settings.aws_lambda_function_memory_size
        planned = plan(strategy, request, cached.universe(), snapshot, memory_mb)
        outcome = execute(planned, snapshot)
    row = {**outcome.row, "code_version": settings.code_version, "run_by": by}
    with database().write() as cursor:
        made = store.insert(cursor, row, outcome.trades)
    log.info("ran a strategy", extra={"strategy": name, "result": made, "trades": len(outcome.trades)})
    return _in_full(made, 1, 200)


def _known(name: str) -> type[Strategy]:
    if name not in STRATEGIES:
        raise NotFoundError(f"There is no such strategy; there is {', '.join(STRATEGIES)}.")
    return STRATEGIES[name]


def _ids(text: str) -> list[int]:
    # One text for a number: to Python 1_0 is 10, and 01 is 1.
    if not re.fullmatch(r"(0|[1-9][0-9]*)(,(0|[1-9][0-9]*))*", text):
        raise MalformedError(
            "ids: not numbers with commas between",
            [{"field": "ids", "in": "query", "value": text, "allowed": "Numbers with commas between"}],
        )
    found = [int(part) for part in text.split(",")]
    if not 2 <= len(set(found)) == len(found) <= 10 or not all(1 <= number <= MAX_ID for number in found):
        raise InvalidError.field("ids", text, "2 to 10 different ids", place="query")
    return found


def _described(strategy: type[Strategy]) -> dict[str, Any]:
    return {
        "name": strategy.name,
        "rule": " ".join((strategy.__doc__ or "").split()),
        "rebalanced": strategy.calendar.value,
        "parameters": strategy.model_json_schema().get("properties", {}),
    }


def _summary(row: store.Row) -> dict[str, Any]:
    costs = {name: row[name] for name in _COSTS}
    return {**{name: value for name, value in row.items() if name not in _COSTS}, "costs": costs}


def _in_full(identity: int, page: int, page_size: int) -> ResultInFull:
    with database().read() as cursor:
        row = store.find_in_full(cursor, identity)
        trades, total = store.find_trades(cursor, identity, page, page_size)
    if row is None:
        raise NotFoundError("There is no result of this id.")
    return ResultInFull(
        **{
            **_summary(row),
            "equity_curve": JsonText(row["equity_curve"]),
            "rebalances": JsonText(row["rebalances"]),
            "trades": {"trades": trades, **paged(total, page, page_size)},
        }
    )


handler = api.handler
