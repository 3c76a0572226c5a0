"""The ingest's handler: events, its own continuation, metrics, secrets."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from functions.data import ingests
from functions.ingest import handler as ingest
from functions.ingest.clients import Settings
from functions.ingest.http_client import TIMEOUT_SECONDS
from functions.ingest.order import order
from functions.ingest.run import RESERVE_SECONDS, STEPS, IngestFailedError, Order
from functions.market.cache import Cache
from functions.market.layout import MANIFEST_KEY, UNIVERSE_KEY
from functions.market.report import SILENT_AFTER, started_at
from functions.runtime.errors import UnavailableError
from functions.runtime.variables import VariablesError
from tests.functions.market_cache import SECOND_MORNING, Market, run_id
from tests.platform import SCHEDULED

pytestmark = pytest.mark.integration

ARN = "arn:aws:lambda:us-east-1:123456789012:function:potential-parakeet-ingest-dev"
Invoke = Callable[..., dict[str, Any]]


@pytest.fixture
def started() -> list[tuple[str, Any]]:
    return []


@pytest.fixture
def invoke(market: Market, monkeypatch: pytest.MonkeyPatch, started: list[tuple[str, Any]]) -> Invoke:
    """Invoke the handler as Lambda does, with so many seconds left."""
    monkeypatch.setattr("functions.ingest.http_client.FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr("functions.ingest.ticker.HISTORY_START", datetime(2023, 1, 1, tzinfo=UTC).date())
    monkeypatch.setattr(ingest, "start", lambda function, event: started.append((function, event)))
    for name, value in market.variables.items():
        monkeypatch.setenv(name, value)
    secret = boto3.client("secretsmanager").create_secret(
        Name=market.bucket, SecretString=json.dumps(market.server.keys)
    )
    settings = {
        "ENVIRONMENT": "dev",
        "POWERTOOLS_SERVICE_NAME": "ingest",
        "AWS_S3_BUCKET": market.bucket,
        "API_KEYS_ARN": secret["ARN"],
        "INGEST_REQUESTS_PER_HOUR": "10000",
        "INGEST_CONCURRENCY": "8",
        "INGEST_FAILURE_SHARE": "0.05",
        **market.server.variables,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    Settings.read.cache_clear()
    ingest._cache.cache_clear()
    ingest._keys.cache_clear()
    monkeypatch.setattr("functions.runtime.secrets._client", lambda: boto3.client("secretsmanager"))

    def invoked(event: object, *, request: str = "request", seconds: float = 300) -> dict[str, Any]:
        context = SimpleNamespace(
            aws_request_id=request,
            invoked_function_arn=ARN,
            get_remaining_time_in_millis=lambda: seconds * 1000,
        )
        return dict(ingest.handler(event, context))

    return invoked


def asked(number: int, *tickers: str) -> dict[str, object]:
    return {"run_id": run_id(number), "source": "refresh", "tickers": list(tickers)}


def metrics_in(out: str) -> dict[str, float]:
    lines = [json.loads(line) for line in out.splitlines() if '"_aws"' in line]
    assert len(lines) == 1
    described = lines[0]["_aws"]["CloudWatchMetrics"][0]
    assert described["Namespace"] == "PotentialParakeet"
    # As the alarms ask for them.
    assert [sorted(each) for each in described["Dimensions"]] == [["environment", "service"]]
    return {metric["Name"]: lines[0][metric["Name"]][0] for metric in described["Metrics"]}


def test_a_run_says_what_it_did_in_its_answer_and_its_metrics(
    invoke: Invoke, capsys: pytest.CaptureFixture[str], started: list[Any]
) -> None:
    answer = invoke(asked(1, "SPY", "BRK-B"))
    assert (answer["status"], answer["tickers"], answer["failed"], answer["remaining"]) == ("done", 3, 0, 0)
    measured = metrics_in(capsys.readouterr().out)
    assert measured["TickersProcessed"] == measured["TickersSuccessful"] == 3
    assert measured["TickersFailed"] == measured["BarsRefused"] == 0
    assert measured["RowsWritten"] == answer["rows"] > 900
    assert measured["ExecutionTime"] > 0
    assert measured["NewestBarAgeDays"] >= 1
    assert started == []


def test_one_ticker_that_is_fresh_hides_not_how_old_the_others_are(
    invoke: Invoke, market: Market, capsys: pytest.CaptureFixture[str]
) -> None:
    invoke(asked(1, "SPY", "AAPL", "NVDA"))
    market.wake(SECOND_MORNING)
    capsys.readouterr()
    invoke(asked(2, "SPY"))
    age = (datetime.now(UTC).date() - date(2024, 6, 6)).days
    assert metrics_in(capsys.readouterr().out)["NewestBarAgeDays"] == age


def test_a_run_that_fails_is_an_error_and_measured(
    invoke: Invoke, market: Market, capsys: pytest.CaptureFixture[str]
) -> None:
    market.server.fail("500", ticker="SPY")
    with pytest.raises(IngestFailedError, match="1 of 2 tickers failed"):
        invoke(asked(1, "SPY"))
    assert metrics_in(capsys.readouterr().out)["TickersFailed"] == 1


@pytest.mark.parametrize("broken", ["key", "secret", "universe"])
def test_how_old_the_prices_are_is_measured_however_the_ingest_fails(
    invoke: Invoke,
    market: Market,
    broken: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    invoke(asked(1, "SPY"))
    if broken == "key":
        market.server.fail("wrong key")
    elif broken == "secret":
        ingest._keys.cache_clear()
        monkeypatch.setenv("API_KEYS_ARN", "arn:aws:secretsmanager:us-east-1:123456789012:secret:none")
        Settings.read.cache_clear()
    else:
        market.client.delete_object(Bucket=market.bucket, Key=UNIVERSE_KEY)
        ingest._cache.cache_clear()
    capsys.readouterr()
    with pytest.raises(
        Exception, match=r"refuses our key|configuration cannot be read|there is no cache/universe\.csv"
    ):
        invoke(asked(2, "SPY"))
    assert list(metrics_in(capsys.readouterr().out)) == ["NewestBarAgeDays"]


@pytest.mark.parametrize("broken", ["secret", "universe"])
def test_a_run_that_fails_before_its_first_request_is_told_as_failed_once_it_is_silent(
    invoke: Invoke, market: Market, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if broken == "secret":
        monkeypatch.setenv("API_KEYS_ARN", "arn:aws:secretsmanager:us-east-1:123456789012:secret:none")
        Settings.read.cache_clear()
    else:
        market.client.delete_object(Bucket=market.bucket, Key=UNIVERSE_KEY)
    # Once and twice more, as Lambda does.
    for _ in range(3):
        with pytest.raises(Exception, match=r"configuration cannot be read|there is no cache/universe\.csv"):
            invoke(asked(1, "SPY"))
    now = datetime.now(UTC)
    told = [ingests.ingest(Cache(market.objects()), run_id(1), at) for at in (now, now + SILENT_AFTER * 2)]
    assert [ingest and ingest.status for ingest in told] == ["running", "failed"]


def test_a_cache_that_cannot_be_read_has_no_age_and_hides_no_failure(
    invoke: Invoke, market: Market, capsys: pytest.CaptureFixture[str]
) -> None:
    market.objects().put(MANIFEST_KEY, b'{"schema_version":0}')
    market.server.fail("wrong key")
    with pytest.raises(IngestFailedError, match="refuses our key"):
        invoke(asked(1, "SPY"))
    assert '"_aws"' not in capsys.readouterr().out


def test_no_request_is_begun_that_could_last_into_the_time_kept_back(invoke: Invoke, market: Market) -> None:
    before = market.server.requests()["tiingo"]
    with pytest.raises(IngestFailedError, match="settled none"):
        invoke(asked(1, "SPY"), seconds=RESERVE_SECONDS + TIMEOUT_SECONDS - 1)
    assert market.server.requests()["tiingo"] == before


def test_what_is_left_is_handed_to_the_function_itself(
    invoke: Invoke, started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.ingest.run.STEP_TICKERS", 1)
    assert invoke(asked(1, "SPY", "AAPL"))["remaining"] == 1
    event = {"run_id": run_id(1), "source": "continuation", "step": 2}
    assert started == [(ARN, event)]
    assert invoke(event, request="another")["status"] == "done"
    assert len(started) == 1


def test_a_run_whose_next_step_could_not_be_started_is_told_as_failed(
    invoke: Invoke, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_function: str, _event: object) -> None:
        raise UnavailableError("This cannot be started at the moment.")

    monkeypatch.setattr(ingest, "start", refused)
    monkeypatch.setattr("functions.ingest.run.STEP_TICKERS", 1)
    tickers = ("SPY", "AAPL", "NVDA", "CTRA")
    # Once and twice more, as Lambda does: each brings what is left a step further.
    for left in (3, 2, 1):
        with pytest.raises(UnavailableError):
            invoke(asked(1, *tickers))
        told = ingests.ingest(Cache(market.objects()), run_id(1), datetime.now(UTC))
        assert told is not None
        assert (told.status, told.remaining) == ("running", left)
    told = ingests.ingest(Cache(market.objects()), run_id(1), datetime.now(UTC) + SILENT_AFTER * 2)
    assert told is not None
    assert told.status == "failed"
    assert "was last heard of at" in told.message


def test_no_key_is_in_log_answer_or_cache(
    invoke: Invoke, market: Market, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = invoke(asked(1, "SPY"))
    market.server.fail("wrong key")
    with pytest.raises(IngestFailedError) as raised:
        invoke(asked(2, "SPY"))
    written = capsys.readouterr()
    everything = f"{answer}{raised.value}{written.out}{written.err}".encode() + b"".join(
        market.contents().values()
    )
    for key in market.server.keys.values():
        assert key.encode() not in everything


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            {"run_id": run_id(1), "source": "refresh", "tickers": ["SPY"]},
            Order(run_id(1), "refresh", "holder", 1, ("SPY",)),
        ),
        ({"run_id": run_id(1), "source": "refresh", "tickers": None}, Order(run_id(1), "refresh", "holder")),
        (
            {"run_id": run_id(1), "source": "continuation", "step": 2},
            Order(run_id(1), "continuation", "holder", 2),
        ),
    ],
)
def test_events_are_orders(event: object, expected: Order) -> None:
    assert order(event, "holder") == expected


def test_the_schedules_run_is_the_same_when_lambda_tries_again() -> None:
    first, again, other = order(SCHEDULED, "one"), order(SCHEDULED, "one"), order(SCHEDULED, "two")
    assert first == again
    assert first.run_id != other.run_id
    assert started_at(first.run_id) == datetime(2025, 1, 31, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("event", "wrong"),
    [
        (None, "event"),
        ({}, "Unable to extract tag"),
        ({"source": "someone"}, "someone"),
        ({"source": "schedule", "scheduled_time": "2025-01-31T06:00:00"}, "timezone"),
        ({"source": "refresh", "run_id": "../x"}, "run_id"),
        ({"source": "continuation", "run_id": run_id(1), "step": STEPS + 1}, "step"),
        ({"source": "continuation", "run_id": run_id(1), "step": 1}, "step"),
        ({"source": "refresh", "run_id": run_id(1), "more": 1}, "more"),
    ],
)
def test_another_event_is_refused_with_what_is_wrong(event: object, wrong: str) -> None:
    with pytest.raises(ValueError, match="ingest does not take this event") as raised:
        order(event, "holder")
    assert wrong in str(raised.value)


@pytest.mark.parametrize(
    "lost",
    ["TIINGO_URL", "POLYGON_URL", "INGEST_REQUESTS_PER_HOUR", "INGEST_CONCURRENCY", "INGEST_FAILURE_SHARE"],
)
def test_a_variable_that_is_lost_is_named_instead_of_guessed(
    invoke: Invoke, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(lost)
    Settings.read.cache_clear()
    with pytest.raises(VariablesError, match=f"{lost} is not set"):
        invoke(asked(1, "SPY"))
