"""The functions' code, as Lambda would run it."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions.runtime.http_api import http_api
from packages.archive import Archive

ROOT = Path(__file__).parent.parent
APIS = ["trades", "data", "strategies", "scanner"]

# Isolated, without site-packages: what is not in the archive has to be in the standard library.
# The root logger has a handler already, as on Lambda.
INTERPRETER = [sys.executable, "-I", "-S", "-B", "-c"]
LAMBDA = """
import importlib, json, logging, sys
logging.getLogger().addHandler(logging.StreamHandler(sys.stdout))
sys.path.insert(0, sys.argv[1])
module, _, name = sys.argv[2].rpartition(".")
handler = getattr(importlib.import_module(module), name)
print(json.dumps(handler(json.loads(sys.argv[3]), None)))
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def variables(function: str) -> dict[str, str]:
    """What the stack may give a function."""
    secrets = "arn:aws:secretsmanager:us-east-1:123456789012:secret:potential-parakeet/dev"
    return {
        "ENVIRONMENT": "dev",
        "AWS_S3_BUCKET": "potential-parakeet-cache-dev",
        "SECRETS_ARN": f"{secrets}-AbCdEf",
        "API_KEYS_ARN": f"{secrets}/api-keys-AbCdEf",
        "LOG_LEVEL": "DEBUG",
        "POWERTOOLS_SERVICE_NAME": f"potential-parakeet-{function}" + ("-api" if function in APIS else ""),
        "CODE_VERSION": "0123456789ab",
    }


def request(method: str, path: str) -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"accept": "*/*"},
        "requestContext": {
            "http": {"method": method, "path": path},
            "requestId": "JKJaXmPLvHcESHA=",
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }


SCHEDULED = {"scheduled_time": "2025-01-31T06:00:00Z", "source": "schedule"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Invoke a function from its unpacked archive, in a process that has nothing else."""
    unpacked: dict[str, Path] = {}

    def invoke(
        function: str, event: object, *, root: Path = ROOT, **changed: str | None
    ) -> "subprocess.CompletedProcess[str]":
        if function not in unpacked:
            unpacked[function] = tmp_path_factory.mktemp(function)
            archive = Archive.of(root, f"functions/{function}", "functions/runtime")
            with zipfile.ZipFile(archive.write(tmp_path_factory.mktemp("archives"))) as opened:
                opened.extractall(unpacked[function])
        environment = {
            name: value for name, value in {**variables(function), **changed}.items() if value is not None
        }
        handler = f"functions.{function}.handler.handler"
        return subprocess.run(
            [*INTERPRETER, LAMBDA, str(unpacked[function]), handler, json.dumps(event)],
            check=False,
            env=environment,
            cwd=os.sep,
            capture_output=True,
            text=True,
            timeout=30,
        )

    return invoke


def result(process: "subprocess.CompletedProcess[str]") -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The lines of the log, and what the handler returned."""
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    *log, returned = map(json.loads, process.stdout.splitlines())
    return log, returned


def test_health_answers_with_name_environment_and_version(run: Run) -> None:
    _, answer = result(run("data", request("GET", "/health")))
    assert answer["statusCode"] == 200
    assert answer["headers"] == {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "X-Request-Id": "JKJaXmPLvHcESHA=",
    }
    assert json.loads(answer["body"]) == {
        "name": "potential-parakeet-data-api",
        "environment": "dev",
        "version": "0123456789ab",
    }


@pytest.mark.parametrize("function", APIS)
def test_a_route_without_logic_answers_501_and_says_which(run: Run, function: str) -> None:
    _, answer = result(run(function, request("POST", f"/{function}/AAPL")))
    assert answer["statusCode"] == 501
    assert answer["headers"]["Content-Type"] == "application/json"
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert json.loads(answer["body"]) == {
        "error": "not_implemented",
        "message": f"potential-parakeet-{function}-api does not answer POST /{function}/AAPL yet.",
        "service": f"potential-parakeet-{function}-api",
        "method": "POST",
        "path": f"/{function}/AAPL",
    }


@pytest.mark.parametrize(("function", "method"), [("trades", "GET"), ("data", "POST")])
def test_only_the_data_function_answers_get_health(run: Run, function: str, method: str) -> None:
    _, answer = result(run(function, request(method, "/health")))
    assert answer["statusCode"] == 501


def test_a_path_with_quotes_and_accents_stays_valid_json(run: Run) -> None:
    path = '/data/"Zürich"\n'
    _, answer = result(run("data", request("GET", path)))
    assert json.loads(answer["body"])["path"] == path


@pytest.mark.parametrize(
    "event",
    [
        {},
        None,
        [],
        "text",
        SCHEDULED,
        {"version": "1.0", "path": "/data", "httpMethod": "GET", "requestContext": {"requestId": "c6af9ac6"}},
        {**request("GET", "/data"), "requestContext": None},
        {**request("GET", "/data"), "rawPath": 7},
    ],
    ids=["empty", "null", "list", "text", "schedule", "payload 1.0", "no context", "odd path"],
)
def test_an_event_that_is_no_request_is_answered_with_400(run: Run, event: object) -> None:
    log, answer = result(run("data", event))
    assert answer["statusCode"] == 400
    body = json.loads(answer["body"])
    assert body["error"] == "bad_request"
    assert body["message"] == "This is not an event of an HTTP API in payload format 2.0."
    assert [line["level"] for line in log] == ["WARNING"]


def test_requests_are_logged_at_debug_only(run: Run) -> None:
    event = request("GET", "/trades")
    (line,), _ = result(run("trades", event))
    timestamp = line.pop("timestamp")
    assert timestamp.endswith("+00:00")
    assert line == {
        "level": "DEBUG",
        "service": "potential-parakeet-trades-api",
        "message": "answered",
        "method": "GET",
        "path": "/trades",
        "request_id": "JKJaXmPLvHcESHA=",
        "status": 501,
    }
    log, _ = result(run("trades", event, LOG_LEVEL="INFO"))
    assert log == []


def test_ingest_logs_one_line_that_it_ran_and_did_nothing(run: Run) -> None:
    (line,), returned = result(run("ingest", SCHEDULED, LOG_LEVEL="INFO"))
    assert returned == {
        "outcome": "did_nothing",
        "scheduled_time": "2025-01-31T06:00:00+00:00",
        "source": "schedule",
        "environment": "dev",
        "version": "0123456789ab",
    }
    assert line.pop("timestamp")
    assert line == {
        "level": "INFO",
        "service": "potential-parakeet-ingest",
        "message": "ingest ran and did nothing: its logic is not there yet",
        **returned,
    }


@pytest.mark.parametrize(
    "event",
    [
        {},
        None,
        {"source": "schedule", "scheduled_time": "$time"},
        {"source": "schedule", "scheduled_time": "2025-01-31T06:00:00"},
        {"scheduled_time": "2025-01-31T06:00:00Z"},
    ],
    ids=["empty", "null", "unfilled", "no zone", "no source"],
)
def test_ingest_fails_on_an_event_without_a_time(run: Run, event: object) -> None:
    process = run("ingest", event)
    assert process.returncode != 0
    assert "ValueError: ingest needs a source and an ISO 8601 scheduled_time with its zone" in process.stderr


@pytest.mark.parametrize("missing", ["ENVIRONMENT", "CODE_VERSION", "POWERTOOLS_SERVICE_NAME"])
def test_a_variable_that_is_not_set_is_named(run: Run, missing: str) -> None:
    process = run("data", request("GET", "/health"), **{missing: None})
    assert f"RuntimeError: environment variables not set: {missing}\n" in process.stderr


def test_an_answer_without_logic_needs_no_bucket_and_no_secret(run: Run) -> None:
    for function in APIS:
        process = run(
            function, request("GET", f"/{function}"), SECRETS_ARN=None, API_KEYS_ARN=None, AWS_S3_BUCKET=None
        )
        assert result(process)[1]["statusCode"] == 501


CAUGHT = """
from datetime import date

from functions.runtime.log import log

def handler(event, context):
    try:
        return event["price"]
    except KeyError:
        log.exception("no price", extra={"fields": {"symbol": "AAPL", "day": date(2025, 1, 31)}})
"""


def test_a_logged_exception_is_one_line_with_its_traceback(run: Run, tmp_path: Path) -> None:
    """On Lambda every line is an event of its own: a traceback of many lines would be torn apart."""
    shutil.copytree(ROOT / "functions" / "runtime", tmp_path / "functions" / "runtime")
    handler = tmp_path / "functions" / "caught" / "handler.py"
    handler.parent.mkdir()
    handler.write_text(CAUGHT)
    (line,), _ = result(run("caught", {}, root=tmp_path))
    assert line.pop("timestamp")
    traceback = line.pop("exception").splitlines()
    assert traceback[0] == "Traceback (most recent call last):"
    assert '    return event["price"]' in traceback
    assert traceback[-1] == "KeyError: 'price'"
    assert line == {
        "level": "ERROR",
        "service": "potential-parakeet-caught",
        "message": "no price",
        "symbol": "AAPL",
        "day": "2025-01-31",
    }


def test_an_exception_is_left_to_lambda_which_counts_it() -> None:
    @http_api
    def broken(_: object) -> dict[str, Any]:
        raise KeyError("price")

    with pytest.raises(KeyError, match="price"):
        broken(request("GET", "/data"), None)
