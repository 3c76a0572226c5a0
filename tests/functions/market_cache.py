"""What tests of the market data functions need: a bucket in an embedded AWS, and an ingest into it.

A folder's conftest.py imports the fixtures.
"""

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

import boto3
import httpx
import numpy as np
import pytest

from functions.ingest.clients import Clients, Keys, Settings
from functions.ingest.run import Order, Run, Step
from functions.market.bars import ADJUSTED_CLOSE, HOLIDAYS, Bars
from functions.market.cache import Cache, Snapshot
from functions.market.layout import COLUMNS, MANIFEST_KEY, MILLIONTHS, UNIVERSE_KEY
from functions.market.objects import Objects
from functions.market.panel import load_closes, load_recent
from functions.market.parquet import on_disk
from functions.market.universe import AUDUSD
from local.embedded_aws import EmbeddedAws
from local.market_data.market_data import MarketData

# What the server has of each is in local/market_data/history.py.
UNIVERSE = """ticker,name,kind,indices
AAPL,"Apple, split in 2014",EQUITY,SPX500
NVDA,"NVIDIA, split on the second day",EQUITY,NASDAQ100 SPX500
SPY,A fund,ETF,US_ETFS
BRK-B,Tiingo lacks it,EQUITY,SPX500
CTRA,Delisted before the first day,EQUITY,SPX500
"""
TICKERS = ("AAPL", "NVDA", "SPY", "BRK-B", "CTRA")
# Two mornings with a weekend between them; NVDA splits on the Monday, whose bars the second has.
FIRST_MORNING = datetime(2024, 6, 7, 6, tzinfo=UTC)
SECOND_MORNING = datetime(2024, 6, 11, 6, tzinfo=UTC)
_ids = itertools.count(1)


class Market:
    """A bucket of its own, and the providers' server. `morning` is what the ingest takes for now."""

    def __init__(self, aws: EmbeddedAws, server: MarketData, universe: str = UNIVERSE) -> None:
        self.variables = aws.variables(os.environ)
        self.server = server
        self.bucket = f"cache-{next(_ids)}-{os.getpid()}"
        self.client = boto3.client(
            "s3",
            endpoint_url=aws.endpoint,
            region_name=self.variables["AWS_REGION"],
            aws_access_key_id=self.variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.variables["AWS_SECRET_ACCESS_KEY"],
        )
        self.client.create_bucket(Bucket=self.bucket)
        self.client.put_object(Bucket=self.bucket, Key=UNIVERSE_KEY, Body=universe.encode())
        self.morning = FIRST_MORNING
        self.wake(FIRST_MORNING)

    def wake(self, morning: datetime) -> None:
        """Let it be that morning, for the providers too."""
        self.morning = morning
        self.server.move_to(morning.date() - timedelta(1))

    def objects(self) -> Objects:
        return Objects(self.bucket, variables=self.variables)

    def snapshot(self) -> Snapshot:
        """What a reader that starts now sees."""
        return Cache(self.objects()).snapshot()

    def ingest(
        self,
        number: int = 1,
        *,
        tickers: Sequence[str] = TICKERS,
        holder: str = "",
        step: int = 1,
        objects: Objects | None = None,
        remaining: Callable[[], float] = lambda: 300.0,
        failure_share: float = 0.05,
        concurrency: int = 4,
        per_hour: int = 10_000,
    ) -> Step | None:
        """One step of the run of that number."""
        with httpx.Client(timeout=10) as http:
            settings = Settings.model_validate(
                {
                    "environment": "dev",
                    "powertools_service_name": "ingest",
                    "aws_s3_bucket": self.bucket,
                    "api_keys_arn": "not read",
                    "tiingo_url": self.server.endpoint,
                    "polygon_url": self.server.endpoint,
                    "ingest_requests_per_hour": per_hour,
                    "ingest_concurrency": concurrency,
                    "ingest_failure_share": failure_share,
                }
            )
            run = Run(
                Cache(objects or self.objects()),
                Clients(settings, lambda: Keys(**self.server.keys), http, lambda: 300),
                concurrency=settings.ingest_concurrency,
                failure_share=settings.ingest_failure_share,
                remaining=remaining,
                now=lambda: self.morning,
            )
            order = Order(run_id(number), "refresh", holder or f"request-{number}", step, tuple(tickers))
            return run.step(order)

    def keys(self) -> list[str]:
        """Of all objects."""
        return [row["Key"] for row in self.client.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def contents(self) -> dict[str, bytes]:
        """All objects."""
        return {key: self.objects().get(key) or b"" for key in self.keys()}

    def fill(self, contents: dict[str, bytes]) -> None:
        """Have these objects and no others."""
        if more := [{"Key": key} for key in self.keys() if key not in contents]:
            self.client.delete_objects(Bucket=self.bucket, Delete={"Objects": more})
        objects = self.objects()
        for key, content in contents.items():
            objects.put(key, content)


class Interrupting(Objects):
    """Does something before it moves the manifest for the first time."""

    def __init__(self, market: Market, before: Callable[[], object]) -> None:
        super().__init__(market.bucket, variables=market.variables)
        self.before: Callable[[], object] | None = before

    def put(self, key: str, body: bytes, *, replacing: str | None = None, new: bool = False) -> str:
        if key == MANIFEST_KEY and self.before is not None:
            before, self.before = self.before, None
            before()
        return super().put(key, body, replacing=replacing, new=new)


@pytest.fixture(scope="session")
def market_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """An embedded AWS for the cache."""
    with EmbeddedAws(tmp_path_factory.mktemp("aws") / "aws.log") as aws:
        yield aws


@pytest.fixture(scope="session")
def market_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MarketData]:
    """Tiingo and Polygon."""
    with MarketData(tmp_path_factory.mktemp("market") / "market.log") as server:
        yield server


@pytest.fixture
def market(market_aws: EmbeddedAws, market_server: MarketData) -> Iterator[Market]:
    """An empty cache, on the first morning."""
    yield Market(market_aws, market_server)
    market_server.recover()
    market_server.answer_after(0)


def run_id(number: int) -> str:
    return f"20240607T0600{number:02d}Z-{number:06x}"


def bars_of(snapshot: Snapshot, ticker: str) -> Bars:
    with on_disk(snapshot.cache.content(snapshot.catalogue.tickers[ticker].key)) as file:
        return Bars.from_parquet(file)


def view(snapshot: Snapshot) -> dict[str, bytes]:
    """All that readers can see of the market: equal if and only if they see the same.

    Fails unless catalogue and panels say what the bars say.
    """
    seen = {}
    tickers = [ticker for panel in snapshot.manifest.panels for ticker in panel.tickers]
    assert sorted(tickers) == sorted(set(snapshot.catalogue.tickers) - {AUDUSD.ticker})
    closes = load_closes(snapshot, tickers, date(2005, 1, 1), date(2100, 1, 1))
    recent = load_recent(snapshot, tickers, COLUMNS)
    for ticker, entry in snapshot.catalogue.tickers.items():
        bars = bars_of(snapshot, ticker)
        seen[ticker] = bars.dates.tobytes() + bars.values.tobytes()
        assert (entry.first, entry.last, entry.rows) == (str(bars.dates[0]), str(bars.dates[-1]), len(bars))
        if ticker == AUDUSD.ticker:
            continue
        assert np.is_busday(bars.dates, holidays=HOLIDAYS).all()
        column = closes.adjusted[:, tickers.index(ticker)]
        there = ~np.isnan(column)
        np.testing.assert_array_equal(closes.dates[there], bars.dates)
        np.testing.assert_array_equal(column[there], bars.values[:, ADJUSTED_CLOSE] / MILLIONTHS)
        for number, name in enumerate(COLUMNS):
            unit = 1 if name == "volume" else MILLIONTHS
            matrix = recent.columns[name][:, tickers.index(ticker)]
            shown = np.isin(bars.dates, recent.dates)
            np.testing.assert_array_equal(matrix[~np.isnan(matrix)], bars.values[shown, number] / unit)
    return seen
