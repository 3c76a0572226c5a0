"""A stage that is changed in place, as a deployment does that changes its throttling or access log."""

from pathlib import Path
from typing import Any

import pytest

from local.embedded_aws import EmbeddedAws

pytestmark = pytest.mark.integration

LOG = "arn:aws:logs:us-east-1:123456789012:log-group:access"
DEFAULT = {"ThrottlingRateLimit": 50.0, "ThrottlingBurstLimit": 100}
HEALTH = {"GET /health": {"ThrottlingRateLimit": 10.0, "ThrottlingBurstLimit": 20}}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Any:
    log: Path = tmp_path_factory.mktemp("aws") / "aws.log"
    with EmbeddedAws(log) as aws:
        yield aws.client("apigatewayv2")


@pytest.fixture
def stage(gateway: Any) -> dict[str, str]:
    api = gateway.create_api(Name="api", ProtocolType="HTTP")["ApiId"]
    stage = {"ApiId": api, "StageName": "$default"}
    gateway.create_stage(
        **stage,
        AutoDeploy=True,
        AccessLogSettings={"DestinationArn": LOG, "Format": "$context.requestId"},
        DefaultRouteSettings=DEFAULT,
        RouteSettings=HEALTH,
    )
    return stage


def test_what_is_named_is_changed_and_all_else_stays(gateway: Any, stage: dict[str, str]) -> None:
    log = {"DestinationArn": LOG, "Format": "$context.status"}
    gateway.update_stage(**stage, AccessLogSettings=log)
    found = gateway.get_stage(**stage)
    assert found["AccessLogSettings"] == log
    assert found["AutoDeploy"] is True
    assert found["DefaultRouteSettings"] == DEFAULT
    assert found["RouteSettings"] == HEALTH


def test_another_routes_settings_are_added_to_those_that_there_are(
    gateway: Any, stage: dict[str, str]
) -> None:
    trades = {"GET /trades": {"ThrottlingRateLimit": 5.0}}
    gateway.update_stage(**stage, RouteSettings=trades)
    assert gateway.get_stage(**stage)["RouteSettings"] == HEALTH | trades


def test_settings_of_one_route_are_deleted_and_not_found_again(gateway: Any, stage: dict[str, str]) -> None:
    below = "DELETE /trades/{proxy+}"
    gateway.update_stage(**stage, RouteSettings={below: {"ThrottlingRateLimit": 5.0}})
    gateway.delete_route_settings(**stage, RouteKey=below)
    assert gateway.get_stage(**stage)["RouteSettings"] == HEALTH
    with pytest.raises(gateway.exceptions.NotFoundException):
        gateway.delete_route_settings(**stage, RouteKey=below)


def test_a_stage_that_is_not_there_is_not_found(gateway: Any, stage: dict[str, str]) -> None:
    with pytest.raises(gateway.exceptions.NotFoundException):
        gateway.update_stage(ApiId=stage["ApiId"], StageName="other", AutoDeploy=False)
