"""Requests of one strategy or scanner, in a process whose memory is measured: it imports no more than that.

`python -m benchmarks.research_requests scanner:<name> <tickers> <database as JSON>`, as research.py does.
"""

import json
import os
import sys
import time
from importlib import import_module
from typing import Any

from tests.functions.events import event

LATER = 5


def names(tickers: int) -> list[str]:
    """So many made-up tickers."""
    return [*(f"T{number:04}" for number in range(tickers - 4)), "BND", "IEF", "TLT", "SPY"]


def ask(task: str, tickers: int, database: dict[str, Any]) -> None:
    """Requests in this process; prints what each cost."""
    kind, name = task.split(":")
    if kind == "strategies":
        strategies: Any = import_module("functions.strategies.handler")

        connection = import_module("functions.database.connection").Database(lambda _: database)
        # The secret is not what is measured.
        strategies.database = lambda: connection
        body: dict[str, Any] = {"tickers": names(tickers), "start": "2015-01-01", "costs": {"commission": 0}}
        asked = event("POST", f"/strategies/{name}/run", body)
        handler = strategies.handler
    else:
        asked, handler = (
            event("POST", "/scanner/run", {"scanner": name}),
            import_module("functions.scanner.handler").handler,
        )
    measured = []
    for _ in range(1 + LATER):
        wall, cpu = time.perf_counter(), time.process_time()
        answer = handler(asked, None)
        if answer["statusCode"] == 422:
            sys.stderr.write(json.dumps({"refused": json.loads(answer["body"])["error"]["message"]}))
            return
        assert answer["statusCode"] < 300, answer["body"][:500]
        measured.append(
            {
                "cpu": time.process_time() - cpu,
                "wall": time.perf_counter() - wall,
                "answer": len(answer["body"]),
            }
        )
    from local.aws.functions.process import peak_bytes  # noqa: PLC0415 - no part of a request's memory

    # Not getrusage's: Linux lets a child begin with its parent's, who has made the market.
    peak = peak_bytes(os.getpid()) / 2**20
    sys.stderr.write(json.dumps({"requests": measured, "peak": peak}))


if __name__ == "__main__":
    ask(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]))
