"""What is asked of strategies, and what is answered."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from functions.runtime.fields import Day, Exact, Instant, Number, Ticker
from functions.runtime.paging import Page
from functions.strategies.metrics import Metrics

MAX_ID = 2**63 - 1
MAX_TICKERS = 10_000


Currency = Literal["AUD", "USD"]
BasisPoints = Annotated[Decimal, Exact(digits=8, places=4, ge=0, le=1000)]


class _Asked(BaseModel):
    # What it does not know it refuses.
    model_config = ConfigDict(extra="forbid")


class RunCosts(_Asked):
    """Paid at each execution: `commission` an order, in the account's currency; the others of the traded
    value.
    """

    commission: Annotated[Decimal, Exact(digits=12, places=8, ge=0, le=1000)] = Decimal("3.00")
    slippage_bps: BasisPoints = Decimal(5)
    fx_bps: BasisPoints = Field(
        Decimal(50), description="Of an account in AUD, as all instruments are in USD"
    )


class RunRequest(_Asked):
    """A backtest. Either `tickers` or `index`; up to `end`, or the newest day that at least half of all
    instruments have, whichever is earlier.
    """

    tickers: Annotated[list[Ticker], Field(min_length=1, max_length=MAX_TICKERS)] | None = None
    index: Annotated[str, StringConstraints(min_length=1, max_length=50)] | None = None
    start: Day
    end: Day | None = None
    parameters: dict[str, Any] = Field(
        {}, description="Those of the strategy; GET /strategies has their limits"
    )
    initial_capital: Annotated[Decimal, Exact(digits=11, places=2, ge=1_000, le=100_000_000)] = Decimal(
        100_000
    )
    currency: Currency = "AUD"
    costs: RunCosts = Field(default_factory=lambda: RunCosts.model_validate({}))

    @model_validator(mode="after")
    def _means_one_thing(self) -> Self:
        if (self.tickers is None) == (self.index is None):
            raise PydanticCustomError("selection", "Input should have either tickers or an index")
        if self.tickers and len(set(self.tickers)) < len(self.tickers):
            raise PydanticCustomError("tickers", "Input should have each of its tickers once")
        if self.end is not None and self.end <= self.start:
            raise PydanticCustomError("period", "Input should have its end after its start")
        return self


class Strategy(BaseModel):
    """`parameters` are JSON Schema: type, default, minimum, maximum, description of each."""

    name: str
    rule: str
    rebalanced: Literal["monthly", "weekly"]
    parameters: dict[str, Any]


class Strategies(BaseModel):
    """All strategies."""

    strategies: list[Strategy]


class TradingCosts(BaseModel):
    """What an order costs."""

    commission: Number
    slippage_bps: Number
    fx_bps: Number


class Result(BaseModel):
    """A run. Metrics are fractions, not percents, and null where they have no meaning; money is in
    `currency`.
    """

    id: int
    strategy: str
    parameters: dict[str, Any]
    index: str | None
    tickers: list[str]
    start_date: date
    end_date: date
    currency: Currency
    initial_capital: Number
    costs: TradingCosts
    final_equity: Number
    costs_paid: Number
    metrics: Metrics
    ingest_run: str = Field(
        description="The state of the market data that it saw: the ingest's run, and which of its moves"
    )
    code_version: str
    run_by: str
    created_at: Instant


class StrategyWithResult(Strategy):
    """A strategy and its newest result."""

    last_result: Result | None


class Results(Page):
    """A page of results, newest first."""

    results: list[Result]


class DayEquity(BaseModel):
    """What the account was worth at a day's close."""

    date: date
    equity: Number


class Rebalance(BaseModel):
    """Decided on a close, executed on the next one; null where that is not there yet. What is missing to 1 is
    cash.
    """

    decided: date
    executed: date | None
    weights: dict[str, float]


class ResultTrade(BaseModel):
    """`value` and `cost` are in the account's currency."""

    date: date
    ticker: str
    direction: Literal["BUY", "SELL"]
    quantity: Number = Field(
        description="Adjusted as the price is: no shares of then, but quantity x price is the value in USD"
    )
    price: Number = Field(
        description="The close in USD, adjusted for the splits and dividends since, so not what was paid then"
    )
    value: Number
    cost: Number


class ResultTrades(Page):
    """A page of a result's trades."""

    trades: list[ResultTrade]


def _list_of(model: type[BaseModel], description: str) -> dict[str, Any]:
    return {
        "type": "array",
        "items": model.model_json_schema(mode="serialization"),
        "description": description,
    }


EQUITY_CURVE = _list_of(DayEquity, "The equity at each close, after costs")
REBALANCES = _list_of(Rebalance, "In their order")


class ResultInFull(Result):
    """With each day, each rebalance, and one page of the trades."""

    equity_curve: Annotated[Any, WithJsonSchema(EQUITY_CURVE)]
    rebalances: Annotated[Any, WithJsonSchema(REBALANCES)]
    trades: ResultTrades


Difference = Literal[
    "tickers",
    "start_date",
    "end_date",
    "currency",
    "initial_capital",
    "costs",
    "ingest_run",
    "code_version",
]


class Comparison(BaseModel):
    """`differences` names what is not the same of all, so that figures of unlike runs are not taken for
    alike.
    """

    results: list[Result]
    differences: list[Difference]
    best: dict[str, int | None] = Field(
        description="For each metric the id of the best; null where none has one"
    )
