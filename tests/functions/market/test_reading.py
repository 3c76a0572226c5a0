"""The readers of the cache where it cannot be read: each answers that itself, before anything else would."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from config.settings import API_TIMEOUT_SECONDS
from functions.market import reading
from functions.market.layout import MANIFEST_KEY
from functions.market.manifest import manifest_json, read_manifest
from functions.market.objects import CONNECT_SECONDS, Objects, Patience
from tests.functions.events import event
from tests.functions.filled_cache import empty_cache, fill
from tests.functions.slow_s3 import slow_s3

pytestmark = pytest.mark.integration

REQUESTS = {
    "data": event("GET", "/data/prices/SPY"),
    "strategies": event("POST", "/strategies/olmar/run", {"tickers": ["SPY"], "start": "2024-01-02"}),
    "scanner": event("POST", "/scanner/run", {"scanner": "breakout"}),
}
UNREADABLE = (b"", b"<html>", b"[]", b'{"schema_version":1}')
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """Ask a function that has just started."""
    functions = {name: import_module(f"functions.{name}.handler") for name in REQUESTS}

    def forget() -> None:
        for function in functions.values():
            function.Settings.read.cache_clear()
            function._cache.cache_clear()

    def asked(name: str, request: dict[str, Any] | None = None) -> dict[str, Any]:
        forget()
        answer: dict[str, Any] = functions[name].handler(request or REQUESTS[name], None)
        return answer

    settings = {
        "SECRETS_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:database",
        "AWS_S3_BUCKET": "bucket-x",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "INGEST_FUNCTION_NAME": "ingest",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    yield asked
    forget()


@pytest.mark.parametrize("function", REQUESTS)
def test_an_s3_that_never_answers_is_503_and_says_when_to_come_back(
    monkeypatch: pytest.MonkeyPatch, ask: Ask, function: str
) -> None:
    monkeypatch.setattr(reading, "REQUEST_PATIENCE", Patience(read_seconds=0.1, seconds=0.05))
    with slow_s3() as server:
        for name, value in server.variables.items():
            monkeypatch.setenv(name, value)
        answer = ask(function)

    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "5")
    assert json.loads(answer["body"]) == {
        "error": {
            "code": "unavailable",
            "message": "The cache does not answer at the moment.",
            "details": [],
        }
    }
    assert server.asked == 1


def test_a_request_waits_for_s3_for_half_of_a_functions_time_at_most() -> None:
    last_attempt = CONNECT_SECONDS + reading.REQUEST_PATIENCE.read_seconds
    assert reading.REQUEST_PATIENCE.seconds + last_attempt < API_TIMEOUT_SECONDS / 2


def fill_with_spy(objects: Objects) -> None:
    days = np.busday_offset("2024-01-01", np.arange(60), roll="forward").astype("datetime64[D]")
    columns = {"adjusted_close": np.full((60, 1), 10.0), "volume": np.full((60, 1), 1e6)}
    fill(objects, days, ("SPY",), columns, np.full(60, 0.7), bars=True)


@pytest.mark.parametrize("function", REQUESTS)
@pytest.mark.parametrize("other", ["manifest", "parquet"])
def test_a_cache_of_another_version_is_503_and_its_log_says_which(
    monkeypatch: pytest.MonkeyPatch,
    log_lines: Callable[[], list[dict[str, Any]]],
    ask: Ask,
    function: str,
    other: str,
) -> None:
    with empty_cache() as objects:
        with monkeypatch.context() as later:
            later.setattr(f"functions.market.{other}.SCHEMA_VERSION", 2)
            fill_with_spy(objects)
        for name, value in {**objects._variables, "AWS_S3_BUCKET": objects.bucket}.items():
            monkeypatch.setenv(name, value)
        answer = ask(function)

    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "60")
    assert json.loads(answer["body"])["error"]["code"] == "unavailable"
    assert ["has schema version" in line.get("reason", "") for line in log_lines()].count(True) == 1


@pytest.mark.parametrize("function", REQUESTS)
@pytest.mark.parametrize("what", ["manifest", "catalogue"])
def test_a_manifest_or_catalogue_that_cannot_be_read_is_503_and_its_log_says_which(
    monkeypatch: pytest.MonkeyPatch,
    log_lines: Callable[[], list[dict[str, Any]]],
    ask: Ask,
    function: str,
    what: str,
) -> None:
    with empty_cache() as objects:
        fill_with_spy(objects)
        manifest = read_manifest(objects.get(MANIFEST_KEY) or b"")
        for name, value in {**objects._variables, "AWS_S3_BUCKET": objects.bucket}.items():
            monkeypatch.setenv(name, value)
        answers = []
        for content in UNREADABLE:
            objects.put(MANIFEST_KEY if what == "manifest" else manifest.catalogue, content)
            answers.append(ask(function))

    for answer in answers:
        assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "60")
        assert json.loads(answer["body"])["error"]["message"] == (
            "The cache cannot be read until an ingest has written it again."
        )
    said = f"the cache's {what} cannot be read: "
    assert [said in line.get("reason", "") for line in log_lines()].count(True) == len(UNREADABLE)


def test_who_asks_for_a_lost_ticker_is_told_which_and_the_others_have_an_answer(
    monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    days = np.busday_offset("2023-01-02", np.arange(400), roll="forward").astype("datetime64[D]")
    columns = {"adjusted_close": np.full((400, 2), 10.0), "volume": np.full((400, 2), 1e6)}
    with empty_cache() as objects:
        fill(objects, days, ("SPY", "AAPL"), columns, np.full(400, 0.7))
        manifest = read_manifest(objects.get(MANIFEST_KEY) or b"")
        without = replace(manifest.panels[0], tickers=("SPY",))
        objects.put(MANIFEST_KEY, manifest_json(replace(manifest, panels=(without,))))
        for name, value in {**objects._variables, "AWS_S3_BUCKET": objects.bucket}.items():
            monkeypatch.setenv(name, value)
        backtest = {"tickers": ["SPY", "AAPL"], "start": "2023-06-01"}
        refused = [
            ask("scanner"),
            ask("strategies", event("POST", "/strategies/equal_weight/run", backtest)),
        ]
        scanned = ask("scanner", event("POST", "/scanner/run", {"scanner": "breakout", "tickers": ["SPY"]}))
    for answer in refused:
        assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "60")
        message = json.loads(answer["body"])["error"]["message"]
        assert message == "The cache has lost prices until an ingest brings them again: AAPL."
    assert scanned["statusCode"] == 200
