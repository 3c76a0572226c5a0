"""What is looked at after a deployment: the deployed API behind the gateway, and what is wrong."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import boto3
import httpx
import pytest
from moto import mock_aws

from config.environments import DEV, PROD
from config.settings import Environment
from deployment.preflight.checks import Check
from deployment.smoke import CLOSED, SmokeError, report, smoke_checks
from tests.deployment.preflight.outside import outcome, web
from tests.local.gateway import deployment
from tests.local.gateway.deployment import NAME
from tests.local.gateway.served_aws import ServedAws
from tests.local.gateway.serving import Serve, aws, serve, team
from tests.platform import APIS
from tests.template import changed

pytestmark = pytest.mark.integration

__all__ = ["aws", "serve", "team"]

REGION = "us-east-1"
WELL = {
    "status": "ok",
    "environment": "dev",
    "version": "0123456789ab",
    "parts": {"database": {"status": "ok"}},
}


@pytest.fixture(scope="module")
def api(aws: ServedAws, serve: Serve) -> httpx.Client:
    """The dev stack's API; its functions only echo."""
    deployment.platform(aws)
    return serve(NAME)


def at(url: object, environment: Environment = DEV, **more: Any) -> list[Check]:
    return smoke_checks(environment, url=str(url), patience=0, **more)


def test_a_path_of_every_function_behind_the_api_is_tried_without_a_token() -> None:
    assert {path.split("/")[1] for path in CLOSED} == set(APIS)


def test_a_deployed_api_is_closed_and_answers_browsers_of_its_sites(api: httpx.Client) -> None:
    checks = at(api.base_url)
    for path in CLOSED:
        assert outcome(checks, f"closed {path}") == ("ok", "401 without a token")
    verdict, text = outcome(checks, "preflight")
    assert verdict == "ok"
    assert text.startswith("answered for https://potential-parakeet.pages.dev, ")


def test_a_site_that_the_deployed_api_does_not_know_is_a_problem(api: httpx.Client) -> None:
    elsewhere = changed(DEV, api={"cors_origins": ("https://elsewhere.example",)})
    verdict, text = outcome(at(api.base_url, elsewhere), "preflight")
    assert (verdict, text.startswith("browsers at https://elsewhere.example are not let in")) == (
        "problem",
        True,
    )


def test_an_answer_that_is_no_health_is_a_problem(api: httpx.Client) -> None:
    assert outcome(at(api.base_url), "health") == ("problem", "GET /health is answered 200: not ok")


@pytest.mark.parametrize(
    ("status", "said", "verdict", "text"),
    [
        (200, WELL, "ok", "dev, version 0123456789ab: database answer"),
        (
            503,
            {**WELL, "status": "failed", "parts": {"database": {"status": "failed"}}},
            "problem",
            "GET /health is answered 503: database",
        ),
        (200, {**WELL, "environment": "prod"}, "problem", "its environment is prod, and not dev"),
        (200, {**WELL, "version": "older"}, "problem", "its version is older, and not 0123456789ab"),
        (200, b"<html>", "problem", "GET /health is answered 200: not ok"),
    ],
)
def test_health_is_the_environments_own_and_ok(status: int, said: Any, verdict: str, text: str) -> None:
    with web({"/health": (status, said)}) as url:
        assert outcome(at(url, version="0123456789ab"), "health") == (verdict, text)


def test_a_database_that_sleeps_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: dict[str, tuple[int, Any]] = {"/health": (503, {})}
    monkeypatch.setattr("deployment.smoke.time.sleep", lambda _: answers.update({"/health": (200, WELL)}))
    with web(answers) as url:
        assert outcome(smoke_checks(DEV, url=url), "health")[0] == "ok"


def test_an_open_path_and_one_that_is_not_there_are_problems() -> None:
    with web({"/trades": (200, [])}) as url:
        checks = at(url)
        assert outcome(checks, "closed /trades")[0] == "problem"
        assert outcome(checks, "closed /scanner") == (
            "problem",
            "GET /scanner without a token is answered 404, and not 401",
        )


def test_an_api_that_does_not_answer_fails_and_is_not_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(at("http://127.0.0.1:1")) == 1
    assert "is not answered (ConnectError)" in capsys.readouterr().out


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    with mock_aws():
        yield


def told(pending: bool = False) -> tuple[str, str]:
    def client(service: str, region_name: str) -> Any:
        made = boto3.client(service, region_name=region_name)
        if pending and service == "sns":
            # moto's are confirmed at once; before that, AWS lists this instead of an ARN.
            made.meta.events.register("after-call.sns.ListSubscriptionsByTopic", _pending)
        return made

    return outcome(smoke_checks(PROD, url="http://127.0.0.1:1", client=client), "alarms")


def _pending(parsed: dict[str, Any], **_: Any) -> None:
    for each in parsed["Subscriptions"]:
        each["SubscriptionArn"] = "PendingConfirmation"


@pytest.mark.usefixtures("account")
def test_an_address_that_has_not_confirmed_is_a_problem() -> None:
    sns = boto3.client("sns", region_name=REGION)
    assert told()[0] == "could not tell"
    topic = sns.create_topic(Name="potential-parakeet-alarms-prod")["TopicArn"]
    assert told()[0] == "problem"
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=PROD.monitoring.alert_email)
    assert told() == ("ok", f"{PROD.monitoring.alert_email} is told")
    assert told(pending=True) == (
        "problem",
        f"{PROD.monitoring.alert_email} has not followed the link in AWS's first mail: no alarm reaches it",
    )


def test_an_environment_without_alarms_is_not_asked_for_them() -> None:
    assert "alarms" not in [check.name for check in at("http://127.0.0.1:1")]


@pytest.mark.usefixtures("account")
def test_the_api_is_found_by_its_name() -> None:
    client = partial(boto3.client, region_name=REGION)
    with pytest.raises(SmokeError, match="us-east-1 has 0 APIs named potential-parakeet-api-dev"):
        smoke_checks(DEV)
    client("apigatewayv2").create_api(Name="potential-parakeet-api-dev", ProtocolType="HTTP")
    assert smoke_checks(DEV)
