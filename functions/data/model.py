"""What the data API is asked, and what it answers."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from functions.market.universe import Kind
from functions.runtime.fields import Instant, Number, Ticker

Currency = Literal["USD", "AUD"]
MOST_TICKERS = 10_000


class Instrument(BaseModel):
    """What can be asked for."""

    ticker: str
    name: str
    kind: Kind
    indices: list[str]


class Instruments(BaseModel):
    """A list of them."""

    total: int
    instruments: list[Instrument]


class Bar(BaseModel):
    """A trading day. `adjusted_close` counts splits and dividends since then."""

    date: date
    open: Number
    high: Number
    low: Number
    close: Number
    volume: int
    adjusted_close: Number


class Prices(BaseModel):
    """A ticker's bars, oldest first."""

    ticker: str
    currency: Currency
    adjusted: bool = Field(description="Whether open, high, low and close count splits and dividends too")
    total: int
    # Written as JSON where they are read; pydantic would take longer for ten years than all else.
    bars: SkipValidation[list[Bar]] = Field(description="By ascending date")


class Latest(BaseModel):
    """The last bar, as it was traded; null where there is none."""

    ticker: str
    bar: SkipValidation[Bar | None]


class Failure(BaseModel):
    """Why a ticker failed."""

    ticker: str
    reason: str


class Ingest(BaseModel):
    """A run of the ingest. Counts are of what it has done so far."""

    run_id: str
    status: Literal["running", "done", "failed"]
    source: str | None = None
    started_at: Instant | None = None
    finished_at: Instant | None = None
    tickers: int = Field(default=0, description="That it is to do, AUDUSD among them")
    remaining: int = 0
    ok: int = 0
    failed: int = 0
    refused_bars: int = 0
    refused: dict[str, int] = Field(default={}, description="Refused bars by reason")
    flagged: list[str] = Field(
        default=[],
        description="Bars that are possible but strange, and tickers adjusted for splits only, the first 100",
    )
    rows: int = Field(default=0, description="Bars written")
    failures: list[Failure] = []
    message: str = Field(default="", description="Why the run failed")


class Status(BaseModel):
    """What the cache holds."""

    tickers: int
    rows: int
    oldest_date: date | None
    newest_date: date | None = Field(description="The newest bar of any ticker")
    market_date: date | None = Field(
        description="The newest day that at least half of the tickers have; backtests and scans end there"
    )
    stale: bool = Field(
        description="That day, or that of the newest AUDUSD, is before the last trading day before now"
    )
    lost: list[str] = Field(
        description="Tickers whose bars were lost: a backtest or scan with one is refused until an ingest "
        "brings them again"
    )
    last_ingest: Ingest | None


class Refresh(BaseModel):
    """No tickers are all of the universe."""

    model_config = ConfigDict(extra="forbid")

    tickers: Annotated[list[Ticker], Field(min_length=1, max_length=MOST_TICKERS)] | None = None


class Started(BaseModel):
    """An ingest that was asked for."""

    run_id: str
