"""The API's description is true: what it allows is answered as it says."""

import base64
import io
import json
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema as Schema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from functions.data import handler as data
from functions.data.health import Checks
from functions.database.connection import Database
from functions.market.cache import Cache
from functions.market.objects import Objects
from functions.openapi import openapi
from functions.trades import handler as trades
from tests.functions.events import REQUEST_ID, event
from tests.functions.filled_cache import RUN
from tests.functions.scanner.market import caller_on as scanner_on
from tests.functions.strategies.market import caller_on as strategies_on
from tests.functions.strategies.market import market
from tests.platform import APIS

__all__ = ["market"]

pytestmark = pytest.mark.integration

# By the first part of a path, as the gateway's routes.
HANDLERS = {"health": data, **{function: import_module(f"functions.{function}.handler") for function in APIS}}
Start = Callable[[str, list[tuple[str, str]]], object]


def application(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
    """The functions as a WSGI application, with events as API Gateway makes them."""
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
    headers = {
        name.removeprefix("HTTP_").replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    body: io.BufferedReader = environ["wsgi.input"]
    text = base64.b64encode(body.read(int(environ.get("CONTENT_LENGTH") or 0))).decode()
    sent = event(environ["REQUEST_METHOD"], path, text=text or None, headers=headers, base64=True)
    if not environ.get("CONTENT_TYPE"):
        sent["headers"].pop("content-type", None)
    query = environ.get("QUERY_STRING", "")
    pairs: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        pairs.setdefault(name, []).append(value)
    sent["rawQueryString"] = query
    sent["queryStringParameters"] = {name: ",".join(values) for name, values in pairs.items()}
    answer = HANDLERS[path.split("/")[1]].handler(sent, None)
    start(f"{answer['statusCode']} -", list(answer["headers"].items()))
    return [answer["body"].encode()]


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def data_on(market: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = Cache(market)
    monkeypatch.setenv("INGEST_FUNCTION_NAME", "potential-parakeet-ingest-dev")
    data.Settings.read.cache_clear()
    monkeypatch.setattr(data, "_cache", lambda: cached)
    monkeypatch.setattr(data, "start_function", lambda *_: None)
    monkeypatch.setattr(data, "checks", lambda: Checks({"database": lambda: None, "cache": lambda: None}))


@pytest.fixture
def served(database: Database, market: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    strategies_on(database, market, monkeypatch)
    scanner_on(market, monkeypatch)
    monkeypatch.setattr(trades, "database", lambda: database)
    data_on(market, monkeypatch)


@pytest.fixture(scope="module")
def described() -> Schema:
    schema = schemathesis.openapi.from_dict(json.loads(openapi()))
    schema.app = application
    return schema


# Of a fixture: made up when it runs, and not in every process that collects tests.
@pytest.mark.usefixtures("in_subtests", "served")
@schemathesis.pytest.from_fixture("described").parametrize()
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_nothing_that_the_description_allows_is_answered_otherwise_than_it_says(
    case: schemathesis.Case[Any],
) -> None:
    answer = case.call()
    assert answer.headers["x-request-id"] == [REQUEST_ID], "it was answered by a function"
    case.validate_response(answer, checks=CHECKS)


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/data/status", {}),
        ("/data/universe", {}),
        *(("/data/prices/{ticker}", {"ticker": ticker}) for ticker in ("SPY", "NEVER")),
        *(("/data/latest/{ticker}", {"ticker": ticker}) for ticker in ("SPY", "NEVER")),
        ("/data/refresh/{run_id}", {"run_id": RUN}),
    ],
)
def test_what_is_in_the_cache_is_answered_as_the_description_says(
    described: Schema, path: str, parameters: dict[str, str]
) -> None:
    # No made-up ticker is one that there is.
    case = described[path]["GET"].Case(path_parameters=parameters)
    answer = case.call()
    assert answer.status_code == 200
    case.validate_response(answer, checks=CHECKS)
