"""A deployed function's package in a process of its own: `python -I -S -B inside.py`, its order on stdin.

The order is JSON: `folders` for sys.path, the handler's `module`, an `event`, and how many `requests` of it.
The answer, on stdout, is JSON too: the import's `cpu_ms` and `wall_ms`; `requests_ms`, one time for each;
`request_cpu_ms`, the mean; and the last `answer`. It imports the standard library alone.
"""

import json
import os
import sys
import time
from importlib import import_module
from typing import Any

WARMING = 20


def main() -> None:
    """Import, then answer the event that many times."""
    order = json.load(sys.stdin)
    said = os.fdopen(os.dup(1), "w")
    # Functions log to stdout. That costs what it costs, and goes nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.path[:0] = order["folders"]

    cpu, wall = time.process_time(), time.perf_counter()
    handler = import_module(order["module"]).handler
    found: dict[str, Any] = {
        "cpu_ms": (time.process_time() - cpu) * 1000,
        "wall_ms": (time.perf_counter() - wall) * 1000,
    }
    if order["requests"]:
        for _ in range(WARMING):
            handler(order["event"], None)
        times = []
        cpu = time.process_time()
        for _ in range(order["requests"]):
            start = time.perf_counter()
            found["answer"] = handler(order["event"], None)
            times.append((time.perf_counter() - start) * 1000)
        found["request_cpu_ms"] = (time.process_time() - cpu) * 1000 / order["requests"]
        found["requests_ms"] = times
    json.dump(found, said)
    said.close()


if __name__ == "__main__":
    main()
