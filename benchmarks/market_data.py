"""Ingests and price lists, each in a process of its own, from 50 to 5,000 tickers.

Their peak of memory stands beside the least that an environment gives the function, and has to be below it.

Provider and S3 are this machine's; the provider takes 50 ms for an answer.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from benchmarks.growth import growth
from benchmarks.memory import of_memory
from functions.ingest import ticker
from local.aws.functions.process import peak_bytes
from local.embedded_aws import EmbeddedAws
from local.market_data.market_data import UNIVERSE, MarketData
from tests.functions.events import event

BUCKET = "cache-benchmark"
ANSWER_SECONDS = 0.05
REQUESTS = 200
MIB = 2**20
PRICES_TARGET_MS = 25
"""Of the p95 of ten years of one ticker."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print all figures, or those of one ingest as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks --only market_data", description=__doc__)
    parser.add_argument(
        "--tickers", type=int, nargs="*", default=[50, 500, 5000], help="of the ingests' growth"
    )
    parser.add_argument("--ingest", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--prices", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--since", type=int, default=2005, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.ingest:
        print(json.dumps(_ingest(chosen.ingest, chosen.since)))
    elif chosen.prices:
        print(json.dumps(_price_lists()))
    else:
        _report(chosen.tickers)


def _report(sizes: list[int]) -> None:
    print(f"ingests, from a provider that answers in {ANSWER_SECONDS * 1000:.0f} ms")
    print(
        "tickers  since   ingest       CPU   rows/s  requests   again   "
        f"ten years of prices: p50, p95 (target: < {PRICES_TARGET_MS} ms)"
    )
    _row(557, 2005, [_run(557, 2005)])
    runs: dict[int, list[dict[str, Any]]] = {size: [] for size in sizes}
    for size in _paired(sizes):
        runs[size].append(_run(size, 2023))
    for size in sizes:
        _row(size, 2023, runs[size])
    cost = {size: statistics.median(run["cpu"] for run in runs[size]) for size in sizes}
    for line in growth("ingest", cost):
        print(line)


def _paired(sizes: Sequence[int]) -> list[int]:
    """The sizes run by run: as many of each before the largest as after it.

    Of what takes a second or seven, 5 % are noise, and a machine that changes its speed is to change both
    sides of a ratio.
    """
    before = [size for size in sizes[:-1] for _ in range(max(1, min(3, 1000 // size)))]
    return [*before, *sizes[-1:], *reversed(before)]


def _run(tickers: int, since: int) -> dict[str, Any]:
    return _child("--ingest", str(tickers), "--since", str(since))


def _row(tickers: int, since: int, runs: Sequence[dict[str, Any]]) -> None:
    """Print the median run, by its CPU time."""
    seen = sorted(runs, key=lambda run: run["cpu"])[len(runs) // 2]
    print(
        f"{tickers:7}  {since}  {seen['seconds']:6.1f} s {seen['cpu']:7.1f} s"
        f" {seen['rows_a_second']:8.0f}  {seen['requests']:8}  {seen['again']:5.1f} s"
        f"  {seen['p50_ms']:.1f} ms, {seen['p95_ms']:.1f} ms ({seen['bars']} bars)"
        f"   ingest {of_memory('ingest', seen['mib'])}, data {of_memory('data', seen['prices_mib'])}",
        flush=True,
    )


def _child(*options: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.market_data", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _ingest(tickers: int, since: int) -> dict[str, float]:
    """A first ingest of so many tickers, a second one that brings nothing, and price lists."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        universe = folder / "universe.csv"
        universe.write_text(_universe(tickers), encoding="utf-8")
        with (
            EmbeddedAws(folder / "aws.log") as aws,
            MarketData(folder / "market.log", universe=universe) as server,
        ):
            server.answer_after(ANSWER_SECONDS)
            os.environ |= aws.variables(os.environ) | _variables(server)
            _prepare(aws, universe, server)
            return _measure(server, since)


def _universe(tickers: int) -> str:
    rows = UNIVERSE.read_text(encoding="utf-8").splitlines()[: 1 + tickers]
    return "\n".join([*rows, *(f"X{number},Made up,EQUITY," for number in range(tickers + 1 - len(rows)))])


def _variables(server: MarketData) -> dict[str, str]:
    return {
        "ENVIRONMENT": "dev",
        "POWERTOOLS_SERVICE_NAME": "benchmark",
        "LOG_LEVEL": "ERROR",
        "AWS_S3_BUCKET": BUCKET,
        "SECRETS_ARN": "none",
        "INGEST_FUNCTION_NAME": "none",
        "INGEST_REQUESTS_PER_HOUR": "10000",
        "INGEST_CONCURRENCY": "8",
        "INGEST_FAILURE_SHARE": "0.05",
        **server.variables,
    }


def _prepare(aws: EmbeddedAws, universe: Path, server: MarketData) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="cache/universe.csv", Body=universe.read_bytes())
    keys = aws.client("secretsmanager").create_secret(Name="keys", SecretString=json.dumps(server.keys))
    os.environ["API_KEYS_ARN"] = keys["ARN"]


def _measure(server: MarketData, since: int) -> dict[str, float]:
    from functions.ingest import handler as ingest  # noqa: PLC0415 - reads its variables when imported

    ticker.HISTORY_START = date(since, 1, 1)

    def run(number: int) -> tuple[float, float, int]:
        """All steps, as Lambda would start them: seconds, CPU seconds, rows."""
        event: dict[str, Any] | None = {"run_id": f"20260101T00000{number}Z-000000", "source": "refresh"}
        started, cpu, rows, step = time.perf_counter(), time.process_time(), 0, 1
        while event:
            context = SimpleNamespace(
                aws_request_id=f"{number}-{step}",
                invoked_function_arn="ingest",
                get_remaining_time_in_millis=_lambdas_clock(),
            )
            following: list[dict[str, Any]] = []
            with patch.object(ingest, "start", lambda _, event, to=following: to.append(dict(event))):
                rows += int(str(ingest.handler(event, context)["rows"]))
            event, step = (following[0] if following else None), step + 1
        return time.perf_counter() - started, time.process_time() - cpu, rows

    seconds, cpu, rows = run(1)
    mib = peak_bytes(os.getpid()) / MIB
    requests = sum(server.requests()[provider] for provider in ("tiingo", "polygon"))
    again, _, _ = run(2)
    return {
        "seconds": seconds,
        "cpu": cpu,
        "rows_a_second": rows / seconds,
        "requests": requests,
        "mib": mib,
        "again": again,
        **_child("--prices"),
    }


def _lambdas_clock() -> Callable[[], float]:
    until = time.monotonic() + 300
    return lambda: (until - time.monotonic()) * 1000


def _price_lists() -> dict[str, float]:
    from functions.data import handler as data  # noqa: PLC0415 - reads its variables when imported

    asked = event("GET", "/data/prices/AAPL", query={"start": "2014-01-01", "end": "2023-12-31"})
    taken = []
    bars = 0
    for _ in range(REQUESTS):
        started = time.perf_counter()
        bars = json.loads(data.handler(asked, None)["body"])["total"]
        taken.append(time.perf_counter() - started)
    return {
        "p50_ms": statistics.median(taken) * 1000,
        "p95_ms": statistics.quantiles(taken, n=20)[-1] * 1000,
        "bars": bars,
        "prices_mib": peak_bytes(os.getpid()) / MIB,
    }


if __name__ == "__main__":
    main()
