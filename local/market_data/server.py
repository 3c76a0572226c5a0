"""The market data server's process.

Tiingo's and Polygon's requests, and those that set its clock and its failures.
"""

import hmac
import json
import os
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from local.market_data import answers
from local.market_data.history import (
    LACKING_AT_POLYGON,
    LACKING_AT_TIINGO,
    LAST,
    audusd,
    history,
    with_sundays,
)

Provider = Literal["tiingo", "polygon"]
FAULTS = ("429", "500", "slow", "truncated", "cut", "empty", "html", "wrong key")
_TIINGO_DAILY = re.compile(r"/tiingo/daily/([^/]+)/prices")
_TIINGO_FX = re.compile(r"/tiingo/fx/audusd/prices")
_POLYGON = re.compile(r"/v2/aggs/ticker/([^/]+)/range/1/day/(\d{4}-\d\d-\d\d)/(\d{4}-\d\d-\d\d)")


@dataclass
class Fault:
    """What goes wrong with a provider's next `times` answers about a ticker; `*` is any."""

    kind: str
    provider: str
    ticker: str
    times: int
    seconds: float


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    status: int
    body: str
    headers: tuple[tuple[str, str], ...] = ()


class State:
    """What the server knows: tickers, keys, the day, and what is to go wrong."""

    def __init__(self, tickers: frozenset[str], keys: dict[str, str], today: date) -> None:
        self.tickers = tickers
        self.keys = keys
        self.today = today
        self.latency = 0.0
        self.faults: list[Fault] = []
        self.requests = Counter(tiingo=0, polygon=0, connections=0)
        self._lock = Lock()

    def fault(self, provider: str, ticker: str) -> Fault | None:
        """The failure that this request meets, counted; and the request itself, counted."""
        with self._lock:
            self.requests[provider] += 1
            for fault in self.faults:
                if fault.times > 0 and fault.provider in {provider, "*"} and fault.ticker in {ticker, "*"}:
                    fault.times -= 1
                    return fault
        return None

    def set(self, asked: Any) -> None:
        """Change what is named. Raises ValueError for what is not understood, before anything changes."""
        match asked:
            case {"today": str(day)} if date.fromisoformat(day) <= LAST:
                self.today = date.fromisoformat(day)
            case {"latency": int() | float() as seconds}:
                self.latency = float(seconds)
            case {"faults": []}:
                self.faults = []
            case {"fault": dict(fault)} if fault["kind"] in FAULTS:
                self.faults.append(Fault(**fault))
            case _:
                raise ValueError(f"not understood: {asked!r}")


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    # Headers and body leave together.
    wbufsize = -1
    state: State

    def setup(self) -> None:
        """Count the connection."""
        super().setup()
        self.state.requests["connections"] += 1

    def do_GET(self) -> None:
        """A provider's request."""
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        state = self.state
        time.sleep(state.latency)
        if found := _TIINGO_DAILY.fullmatch(url.path):
            self._serve("tiingo", found[1].upper(), f"Token {state.keys['tiingo']}", query)
        elif _TIINGO_FX.fullmatch(url.path):
            self._serve("tiingo", "AUDUSD", f"Token {state.keys['tiingo']}", query)
        elif found := _POLYGON.fullmatch(url.path):
            days = {"startDate": found[2], "endDate": found[3]}
            self._serve("polygon", found[1], f"Bearer {state.keys['polygon']}", query | days)
        elif url.path == "/requests":
            self._send(Reply(200, json.dumps(state.requests)))
        else:
            self._send(Reply(404, '{"detail":"Not found."}'))

    def do_POST(self) -> None:
        """A change of the clock or of the failures."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self.state.set(json.loads(body))
        except (ValueError, TypeError) as error:
            self._send(Reply(400, json.dumps({"detail": str(error)})))
        else:
            self._send(Reply(200, "{}"))

    def _serve(self, provider: Provider, ticker: str, authorization: str, query: dict[str, str]) -> None:
        ours = ticker.removeprefix("C:").replace(".", "-")
        fault = self.state.fault(provider, ours)
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), authorization.encode()) or (
            fault and fault.kind == "wrong key"
        ):
            return self._send(_wrong_key(provider))
        if fault and fault.kind in {"429", "500"}:
            after = (("Retry-After", f"{fault.seconds:g}"),) if fault.kind == "429" else ()
            return self._send(Reply(int(fault.kind), '{"detail":"made to fail"}', after))
        if fault and fault.kind == "html":
            return self._send(Reply(200, "<html>Bad gateway</html>"))
        if fault and fault.kind == "slow":
            time.sleep(fault.seconds)
        reply = _reply(self.state, provider, ours, query)
        if fault and fault.kind == "empty":
            reply = Reply(200, "[]" if provider == "tiingo" else '{"status":"OK","resultsCount":0}')
        if fault and fault.kind == "truncated":
            reply = Reply(200, reply.body[: len(reply.body) // 2])
        return self._send(reply, cut=bool(fault and fault.kind == "cut"))

    def _send(self, reply: Reply, *, cut: bool = False) -> None:
        body = reply.body.encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in reply.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.wfile.flush()
        if cut:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing: a first load is a thousand requests, and nobody reads them."""


def _wrong_key(provider: Provider) -> Reply:
    if provider == "tiingo":
        return Reply(HTTPStatus.UNAUTHORIZED, '{"detail":"Invalid token."}')
    return Reply(HTTPStatus.UNAUTHORIZED, '{"status":"ERROR","error":"Unknown API Key"}')


def _reply(state: State, provider: Provider, ticker: str, query: dict[str, str]) -> Reply:
    start = date.fromisoformat(query["startDate"])
    end = min(date.fromisoformat(query["endDate"]), state.today)
    known = ticker in state.tickers or ticker == "AUDUSD"
    if provider == "tiingo":
        if not known or ticker in LACKING_AT_TIINGO:
            return Reply(404, json.dumps({"detail": f"Error: Ticker '{ticker}' not found"}))
        if ticker == "AUDUSD":
            return Reply(200, answers.tiingo_fx(with_sundays(audusd()), start, end))
        return Reply(200, answers.tiingo_daily(history(ticker), start, end, state.today))
    if not known or ticker in LACKING_AT_POLYGON:
        return Reply(200, '{"status":"OK","resultsCount":0,"queryCount":0,"adjusted":false}')
    found = with_sundays(audusd()) if ticker == "AUDUSD" else history(ticker)
    adjusted = query.get("adjusted") == "true"
    return Reply(200, answers.polygon(ticker, found, start, end, state.today, adjusted=adjusted))


def main() -> None:
    """Serve on a free port of 127.0.0.1, written to stdout, for as long as stdin is open."""
    universe, today = Path(sys.argv[1]), date.fromisoformat(sys.argv[2])
    rows = universe.read_text(encoding="utf-8").splitlines()[1:]
    keys = {"tiingo": os.environ["TIINGO_API_KEY"], "polygon": os.environ["POLYGON_API_KEY"]}
    Handler.state = State(frozenset(row.partition(",")[0] for row in rows), keys, today)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
