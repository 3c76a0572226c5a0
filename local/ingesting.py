"""Filling the cache of a served platform, by its own API and its own function, with progress."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx

from config.errors import OneLineError

FIRST_TICKERS = 40
"""As many are ingested when the platform is served, so that it has something to answer."""
DEFENSIVE = ("SPY", "TLT", "IEF", "BND", "QQQ")
"""What scans and strategies compare with or flee to; always among the first."""
UNIVERSE = Path(__file__).parents[1] / "config/universe.csv"
_POLL_SECONDS = 0.5
_SECONDS = 1800


class IngestError(OneLineError):
    """The ingest did not end well; the text is what its report says."""


def first_tickers() -> list[str]:
    """Those that a served platform starts with."""
    lines = UNIVERSE.read_text(encoding="utf-8").splitlines()[1:]
    tickers = [line.partition(",")[0] for line in lines]
    wanted = [ticker for ticker in DEFENSIVE if ticker in tickers]
    return wanted + [ticker for ticker in tickers if ticker not in wanted][: FIRST_TICKERS - len(wanted)]


def api_client(url: str, token: str) -> httpx.Client:
    """Who calls the API with a token."""
    return httpx.Client(base_url=url, headers={"Cf-Access-Jwt-Assertion": token}, timeout=60, trust_env=False)


def ingest(
    client: httpx.Client, tickers: Sequence[str] | None, progress: Callable[[int, int, float], None]
) -> dict[str, Any]:
    """Ask for an ingest of the tickers, or of all, and wait for it; its report.

    `progress` is told how many of how many tickers are settled, and the seconds since the start. Raises
    IngestError.
    """
    started = time.monotonic()
    asked = client.post("/data/refresh", json={"tickers": list(tickers)} if tickers else {})
    if asked.status_code != 202:
        raise IngestError(f"POST /data/refresh was answered {asked.status_code}: {asked.text}")
    run_id = asked.json()["run_id"]
    while True:
        report: dict[str, Any] = client.get(f"/data/refresh/{run_id}").json()
        seconds = time.monotonic() - started
        total = report.get("tickers") or 0
        progress(total - (report.get("remaining") or 0), total, seconds)
        if report.get("status") == "done":
            return report
        if report.get("status") == "failed" or seconds > _SECONDS:
            raise IngestError(f"the ingest {run_id} is {report.get('status')}: {report.get('failures')}")
        time.sleep(_POLL_SECONDS)
