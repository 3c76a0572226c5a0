"""What is asked of scanners, and what is answered."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from functions.runtime.fields import Exact, Instant, Number, Ticker
from functions.scanner.catalog import SCANNERS

MAX_TICKERS = 10_000


Dollars = Annotated[Decimal, Exact(digits=20, places=6, ge=0)]
Name = Literal[*SCANNERS]  # type: ignore[valid-type] # as many as there are


class ScanRequest(BaseModel):
    """Either `tickers` or an `index`, or neither: then all instruments. Prices are raw closes in USD; dollar
    volume is the 20-day mean of raw close x volume.
    """

    model_config = ConfigDict(extra="forbid")

    scanner: Name
    index: Annotated[str, StringConstraints(min_length=1, max_length=50)] | None = None
    tickers: Annotated[list[Ticker], Field(min_length=1, max_length=MAX_TICKERS)] | None = None
    min_price: Dollars | None = None
    max_price: Dollars | None = None
    min_dollar_volume: Dollars | None = None

    @model_validator(mode="after")
    def _means_one_thing(self) -> Self:
        if self.tickers is not None and self.index is not None:
            raise PydanticCustomError("selection", "Input should have tickers or an index, not both")
        if self.min_price is not None and self.max_price is not None and self.min_price > self.max_price:
            raise PydanticCustomError(
                "prices", "Input should have a min_price that is not above its max_price"
            )
        return self


class Scanner(BaseModel):
    """`numbers` are those of the rule, `bars` how many a ticker needs."""

    name: str
    rule: str
    bars: int
    numbers: dict[str, float]


class Scanners(BaseModel):
    """All scanners."""

    scanners: list[Scanner]


class ScanResult(BaseModel):
    """`price` is the raw close in USD, `change_percent` of adjusted closes, `score` the percentile among the
    scanned.
    """

    scanner: str
    ticker: str
    date: date
    price: Number
    change_percent: float
    volume: int
    signal: str
    score: float
    numbers: dict[str, float | None]


class ScanCounts(BaseModel):
    """Of the tickers `asked` for, some were `not_traded` on the day or have `too_few_bars`; the others are
    `scanned`.

    `passed`: how many came through the filters, and then each stage.
    """

    asked: int
    not_traded: int
    too_few_bars: int
    scanned: int
    passed: dict[str, int]
    found: int


class ScanRun(BaseModel):
    """`date` is the trading day that was scanned; null where nothing has a bar."""

    scanner: str
    date: date | None
    index: str | None
    filters: dict[str, Number | None]
    counts: ScanCounts
    ingest_run: str = Field(
        description="The state of the market data that it saw: the ingest's run, and which of its moves"
    )
    code_version: str
    run_by: str
    ran_at: Instant


class ScanAnswer(ScanRun):
    """The best 500 results first; GET /scanner/results has filters."""

    results: list[ScanResult]


class ScanResults(BaseModel):
    """Of the latest run of each scanner, the best scores first."""

    total: int = Field(description="Results that match, of which at most `limit` are here")
    results: list[ScanResult]
    runs: list[ScanRun]


class Kept(BaseModel):
    """What the cache keeps of a scanner's latest run: all results."""

    schema_version: Literal[1] = 1
    run: ScanRun
    results: list[ScanResult]
