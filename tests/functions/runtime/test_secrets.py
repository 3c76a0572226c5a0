"""What a function reads from Secrets Manager."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber
from pydantic import BaseModel, ConfigDict

from functions.runtime import secrets
from functions.runtime.errors import UnavailableError
from functions.runtime.secrets import MAX_AGE_S, Secret

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:potential-parakeet/dev-AbCdEf"
Lines = Callable[[], list[dict[str, Any]]]


class Keys(BaseModel):
    """The shape."""

    model_config = ConfigDict(hide_input_in_errors=True)

    key: str
    number: int = 0


@pytest.fixture(scope="module")
def client() -> Any:
    return boto3.client(
        "secretsmanager", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


@pytest.fixture
def stub(client: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    monkeypatch.setattr(secrets, "_client", lambda: client)
    with Stubber(client) as stub:
        yield stub


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in its only element."""
    now = [1000.0]
    monkeypatch.setattr("functions.runtime.secrets.time.monotonic", lambda: now[0])
    return now


def answers(stub: Stubber, text: str) -> None:
    stub.add_response("get_secret_value", {"SecretString": text}, {"SecretId": ARN})


def test_a_secret_is_read_once_and_anew_when_it_is_old_or_known_to_be_wrong(
    stub: Stubber, clock: list[float]
) -> None:
    secret = Secret(ARN, Keys)
    answers(stub, '{"key":"one"}')
    assert secret.read().key == secret.read().key == "one"
    answers(stub, '{"key":"two"}')
    assert secret.read(fresh=True).key == "two"
    clock[0] += MAX_AGE_S + 1
    answers(stub, '{"key":"three"}')
    assert secret.read().key == "three"
    stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"kee":"hidden"}', "key: missing"),
        ('{"key":["hidden"]}', "key: string_type"),
        ('{"key":"a","number":"hidden"}', "number: int_parsing"),
        ("hidden", "the whole: not JSON"),
        ('["hidden"]', ": model_type"),
    ],
)
def test_a_secret_of_the_wrong_shape_is_503_and_the_log_names_the_field_and_not_the_value(
    stub: Stubber, log_lines: Lines, text: str, named: str
) -> None:
    answers(stub, text)
    with pytest.raises(UnavailableError) as refused:
        Secret(ARN, Keys).read()
    (line,) = log_lines()
    assert line["fields"] == [named]
    assert "hidden" not in str(line) + str(refused.value)


def test_secrets_manager_that_refuses_is_503_and_the_log_says_why(stub: Stubber, log_lines: Lines) -> None:
    stub.add_client_error("get_secret_value", "AccessDeniedException", "of whom and what")
    with pytest.raises(UnavailableError):
        Secret(ARN, Keys).read()
    assert log_lines()[0]["reason"] == "AccessDeniedException"


def test_secrets_manager_that_does_not_answer_is_503_but_an_old_value_goes_on(
    stub: Stubber, clock: list[float], log_lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = Secret(ARN, Keys)
    answers(stub, '{"key":"one"}')
    secret.read()
    clock[0] += MAX_AGE_S + 1

    def silent(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://secretsmanager")

    monkeypatch.setattr(stub.client, "get_secret_value", silent)
    assert secret.read().key == "one"
    with pytest.raises(UnavailableError):
        secret.read(fresh=True)
    with pytest.raises(UnavailableError):
        Secret(ARN, Keys).read()
    assert [line["reason"] for line in log_lines()] == ["ReadTimeoutError"] * 3


def test_the_client_waits_two_seconds_and_tries_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    config = secrets._client.__wrapped__().meta.config
    assert (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"]) == (2, 2, 2)
