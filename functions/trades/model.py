"""What is asked of trades, and what is answered."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from functions.runtime.fields import Exact, Instant, Number, Ticker, line
from functions.runtime.paging import Page

MAX_ID = 2**63 - 1

Quantity = Annotated[Decimal, Exact(digits=20, places=8, gt=0)]
Price = Annotated[Decimal, Exact(digits=20, places=8, gt=0)]
Commission = Annotated[Decimal, Exact(digits=20, places=8, ge=0)]
Score = Annotated[Decimal, Exact(digits=9, places=8, ge=0, le=1)]
TradeId = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=r"\S"), BeforeValidator(line)]
Strategy = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"\S"), BeforeValidator(line)
]
AssetName = Annotated[str, StringConstraints(max_length=100)]
AssetClass = Annotated[str, StringConstraints(max_length=50)]
Notes = Annotated[str, StringConstraints(max_length=10_000)]
Past = Annotated[Instant, Field(description="Not in the future")]
Direction = Literal["BUY", "SELL"]
Currency = Literal["AUD", "USD"]
Status = Literal["OPEN", "CLOSED", "CANCELLED"]
Change = Literal["OPENED", "CORRECTED", "CLOSED", "CANCELLED", "DELETED"]


class Asked(BaseModel):
    """A body. What it does not know it refuses."""

    model_config = ConfigDict(extra="forbid")


class NewTrade(Asked):
    """A trade that was entered into."""

    trade_id: TradeId | None = Field(None, description="Made by the server if not given: TRD-YYYYMMDD-NNNN")
    ticker: Ticker
    asset_name: AssetName | None = None
    asset_class: AssetClass | None = None
    direction: Direction
    quantity: Quantity
    entry_price: Price
    commission: Commission = Decimal("3.00")
    currency: Currency = "AUD"
    entry_date: Past
    strategy_name: Strategy = "dual_momentum"
    signal_score: Score | None = None
    notes: Notes | None = None


class CorrectionFields(TypedDict, total=False):
    """Only what is sent is changed. Price and time of the exit only where the trade is closed."""

    __pydantic_config__ = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})  # type: ignore[misc] # pydantic's way

    ticker: Ticker
    asset_name: AssetName | None
    asset_class: AssetClass | None
    direction: Direction
    quantity: Quantity
    entry_price: Price
    exit_price: Price
    commission: Commission
    currency: Currency
    entry_date: Past
    exit_date: Past
    strategy_name: Strategy
    signal_score: Score | None
    notes: Notes | None
    event_date: Annotated[
        Instant, Field(description="When what is corrected happened, not in the future; now if not given")
    ]


def _status_has_routes_of_its_own(value: Any) -> Any:
    if isinstance(value, dict):
        if "status" in value:
            raise PydanticCustomError("status", "A status is changed by /close and /cancel")
        if not value:
            raise PydanticCustomError("empty", "Input should have at least one field")
    return value


Correction = Annotated[CorrectionFields, BeforeValidator(_status_has_routes_of_its_own)]


class Exit(Asked):
    """How a trade was closed."""

    exit_price: Price
    exit_date: Instant | None = Field(None, description="Not in the future; now if not given")


class Trade(BaseModel):
    """A trade as it is known."""

    id: int
    trade_id: str
    ticker: str
    asset_name: str | None
    asset_class: str | None
    direction: Direction
    quantity: Number
    entry_price: Number
    exit_price: Number | None
    commission: Number
    currency: Currency
    entry_date: datetime
    exit_date: datetime | None
    strategy_name: str
    signal_score: Number | None
    notes: str | None
    status: Status
    pnl: Number | None = Field(description="After commission, once the trade is closed")
    pnl_percent: Number | None = Field(description="Of entry price x quantity, rounded to 6 places")
    created_at: datetime
    updated_at: datetime
    changed_by: str


class Version(Trade):
    """What was known of a trade from `known_from` until `known_until`, or until now."""

    version: int
    change: Change
    event_date: datetime = Field(description="When it happened, as opposed to when it was learned")
    known_from: datetime
    known_until: datetime | None


class TradePage(Page):
    """A page of trades."""

    trades: list[Trade]


class HistoryPage(Page):
    """A page of a trade's versions, oldest first."""

    versions: list[Version]


class Portfolio(BaseModel):
    """How the trades of one currency did. Percentages and averages have 6 places, or are null."""

    currency: Currency
    initial_capital: Number
    total_value: Number
    invested_value: Number
    cash_balance: Number
    total_return: Number
    total_pnl: Number
    total_trades: int
    open_trades: int
    closed_trades: int
    cancelled_trades: int
    winning_trades: int
    losing_trades: int
    win_rate: Number | None
    avg_pnl_per_trade: Number | None
    avg_win: Number | None
    avg_loss: Number | None
    best_trade: Number | None
    worst_trade: Number | None


class Dashboard(BaseModel):
    """The portfolio and what is new. Days are Sydney's, weeks begin on Monday."""

    portfolio: Portfolio
    recent_trades: list[Trade]
    open_positions: int
    today_pnl: Number
    week_pnl: Number
    month_pnl: Number
    last_updated: datetime | None = Field(description="When the latest change was learned")


class TickerStatistics(BaseModel):
    """The trades of one ticker in one currency."""

    ticker: str
    currency: Currency
    total_trades: int
    open_trades: int
    closed_trades: int
    invested_value: Number
    total_pnl: Number
    avg_pnl: Number | None
    win_rate: Number | None
    contribution: Number = Field(description="P&L in percent of the initial capital")
