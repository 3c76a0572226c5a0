"""What backtests and scans cost, from 50 to 5,000 tickers over ten years.

Whole requests, from event to answer, against an S3 and a PostgreSQL of its own, each in a process of its own:
CPU time (other programs do not change it) and wall time. The first request of a process loads all; the later
ones, of which the median is told, find the panels' files on /tmp. Behind them what the functions' estimate.py
expect, which has to be more; and the peak of memory beside the least that an environment gives the function,
which has to be more too, or the request is refused there. At last how CPU time grows with the tickers, which
has to be at most as they do.
"""

import argparse
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from benchmarks.growth import growth
from benchmarks.memory import of_memory
from benchmarks.research_requests import names
from functions.database.migrations.schema import migrate
from functions.scanner import estimate
from functions.scanner.catalog import SCANNERS
from functions.strategies.catalog import STRATEGIES
from functions.strategies.estimate import Size, megabytes, seconds
from functions.strategies.rebalancing import Calendar
from packages.lambda_runtime import VARIABLES
from tests.functions.filled_cache import fill, new_bucket, s3
from tests.functions.postgresql import OWNER, postgresql

SIZES = (50, 500, 5_000)
DAYS = 252 * 10 + 260
TARGETS = {
    ("dual_momentum", 50): 0.15,
    ("momentum", 500): 0.4,
    **{(scanner, 500): 0.3 for scanner in SCANNERS},
    **{(scanner, 5_000): 3.0 for scanner in SCANNERS},
}
"""Seconds on the clock, of a later request."""
PROCESSOR_MB = 1769


@dataclass(frozen=True)
class Market:
    """Where a child finds its cache and its database."""

    endpoint: str
    bucket: str
    database: dict[str, Any]


@contextmanager
def market(tickers: int) -> Iterator[Market]:
    """Random walks, with tickers that begin late and end early."""
    chance = np.random.default_rng(1)
    days = np.busday_offset("2014-01-01", np.arange(DAYS), roll="forward").astype("datetime64[D]")
    closes = 100 * np.exp(np.cumsum(chance.normal(4e-4, 0.018, (DAYS, tickers)), axis=0))
    closes[:700, : tickers // 10] = np.nan
    closes[2000:, tickers // 10 : tickers // 8] = np.nan
    volume = np.where(np.isnan(closes), np.nan, 1e6)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with s3() as endpoint, postgresql() as server:
        objects = new_bucket(endpoint)
        fill(
            objects,
            days,
            tuple(names(tickers)),
            {"adjusted_close": np.clip(closes, 0.01, 1e6), "volume": volume},
            np.full(DAYS, 0.7),
        )
        server.execute(f"CREATE DATABASE benchmark OWNER {OWNER}")
        migrate(server.parameters("benchmark"))
        yield Market(endpoint, objects.bucket, server.parameters("benchmark"))


def measure(task: str, tickers: int, where: Market) -> dict[str, Any]:
    """Run a child. Exits with what it said if it fails."""
    variables = {
        **os.environ,
        **VARIABLES,
        "ENVIRONMENT": "dev",
        "POWERTOOLS_SERVICE_NAME": "benchmark",
        "LOG_LEVEL": "ERROR",
        "SECRETS_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:database",
        "AWS_S3_BUCKET": where.bucket,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(10_240),
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": where.endpoint,
    }
    command = [
        sys.executable,
        "-m",
        "benchmarks.research_requests",
        task,
        str(tickers),
        json.dumps(where.database),
    ]
    ran = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=300)
    if ran.returncode:
        sys.exit(f"{task}: {ran.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(ran.stderr.splitlines()[-1])
    return found


def expected(name: str, tickers: int) -> tuple[float, float]:
    """What estimate.py says of the request: seconds and MiB."""
    if name in SCANNERS:
        return estimate.seconds(tickers, PROCESSOR_MB), estimate.megabytes(tickers)
    strategy = STRATEGIES[name]()
    decisions = 528 if strategy.calendar is Calendar.WEEKLY else 132
    size = Size(DAYS, tickers, decisions, strategy.bars_read, strategy.held_at_most(tickers))
    return seconds(size, PROCESSOR_MB), megabytes(size)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row for each measurement."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks --only research", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="tickers (default: 50 500 5000)")
    asked = parser.parse_args(arguments)
    print(f"{'':>24} {'first':>17} {'later':>17} {'answer':>8}   {'expected':16}   peak")
    seen: dict[str, dict[int, float]] = {}
    for tickers in asked.sizes:
        with market(tickers) as where:
            for name in STRATEGIES:
                found = measure(f"strategies:{name}", tickers, where)
                seen.setdefault(name, {})[tickers] = show("strategies", name, tickers, found)
            for name in SCANNERS:
                found = measure(f"scanner:{name}", tickers, where)
                seen.setdefault(name, {})[tickers] = show("scanner", name, tickers, found)
    for name, costs in seen.items():
        for line in growth(name, costs):
            print(line)


def show(function: str, name: str, tickers: int, found: dict[str, Any]) -> float:
    """Print one row. CPU seconds of a later request; NaN if it is refused."""
    longest, most = expected(name, tickers)
    more = f"{longest:6.2f} s {most:4.0f} MiB"
    title = f"{f'{name} {tickers}':>24}"
    if "refused" in found:
        print(f"{title} refused: {found['refused']}   {more}", flush=True)
        return float("nan")
    first, *later = found["requests"]
    cpu, wall = (median(one[kind] for one in later) for kind in ("cpu", "wall"))
    target = f"   target: < {TARGETS[name, tickers]} s" if (name, tickers) in TARGETS else ""
    print(
        f"{title} {first['cpu']:6.2f} s {first['wall']:6.2f} s {cpu:6.2f} s {wall:6.2f} s "
        f"{first['answer'] / 1024:6.0f} k   {more}   "
        f"{of_memory(function, found['peak'], expected=most)}{target}",
        flush=True,
    )
    return float(cpu)
