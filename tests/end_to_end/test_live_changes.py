"""What is changed through AWS's own API is what the next request meets."""

import json
import time
from typing import Any

import httpx
import pytest

from tests.end_to_end.served import Api, Served

pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("end_to_end")]

RUN_SECONDS = 90


@pytest.fixture
def gateway(served: Served) -> Any:
    return served.account.client("apigatewayv2")


@pytest.fixture
def api_id(served: Served) -> str:
    return str(served.account.api(served.called("api"))["ApiId"])


def route(gateway: Any, api_id: str, key: str) -> dict[str, Any]:
    [found] = [each for each in gateway.get_routes(ApiId=api_id)["Items"] if each["RouteKey"] == key]
    route: dict[str, Any] = found
    return route


def test_a_route_that_is_added_and_one_that_is_removed_are_obeyed_by_the_next_request(
    gateway: Any, api_id: str, api: Api
) -> None:
    assert api.put("/trades", json={}).status_code == 404
    like = route(gateway, api_id, "POST /trades")
    added = gateway.create_route(
        ApiId=api_id,
        RouteKey="PUT /trades",
        Target=like["Target"],
        AuthorizationType=like["AuthorizationType"],
        AuthorizerId=like["AuthorizerId"],
    )
    try:
        # The function is asked now, and has no such method.
        assert api.put("/trades", json={}).status_code == 405
    finally:
        gateway.delete_route(ApiId=api_id, RouteId=added["RouteId"])
    assert api.put("/trades", json={}).status_code == 404


def test_an_authorizer_that_is_removed_from_a_route_and_put_back_is_obeyed_by_the_next_request(
    gateway: Any, api_id: str, anonymous: Api
) -> None:
    found = route(gateway, api_id, "GET /trades")
    assert anonymous.get("/trades").status_code == 401
    gateway.update_route(ApiId=api_id, RouteId=found["RouteId"], AuthorizationType="NONE", AuthorizerId="")
    try:
        assert anonymous.get("/trades").status_code == 200
        assert anonymous.post("/trades", json={}).status_code == 401
    finally:
        gateway.update_route(
            ApiId=api_id,
            RouteId=found["RouteId"],
            AuthorizationType=found["AuthorizationType"],
            AuthorizerId=found["AuthorizerId"],
        )
    assert anonymous.get("/trades").status_code == 401


def test_a_function_that_the_gateway_may_no_longer_invoke_is_not_invoked(served: Served, api: Api) -> None:
    client, name = served.account.client("lambda"), served.called("trades-api")
    policy = json.loads(client.get_policy(FunctionName=name, Qualifier="live")["Policy"])
    [taken] = [
        each
        for each in policy["Statement"]
        if each["Condition"]["ArnLike"]["AWS:SourceArn"].endswith("/*/trades")
    ]
    client.remove_permission(FunctionName=name, Qualifier="live", StatementId=taken["Sid"])
    try:
        assert api.get("/trades").status_code == 500
        # Its other paths have a permission of their own.
        assert api.get("/trades/999999999").status_code == 404
    finally:
        client.add_permission(
            FunctionName=name,
            Qualifier="live",
            StatementId=taken["Sid"],
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=taken["Condition"]["ArnLike"]["AWS:SourceArn"],
        )
    assert api.get("/trades").status_code == 200


def test_the_version_that_is_made_live_answers_the_next_request_and_so_does_the_one_before(
    served: Served, api: Api
) -> None:
    client, name = served.account.client("lambda"), served.called("trades-api")
    old = client.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    client.update_function_configuration(FunctionName=name, Description="changed")
    new = client.publish_version(FunctionName=name)["Version"]

    def answers(version: str) -> int:
        """How often that version has run."""
        return served.logged("trades").count(f"Version: {version}\n")

    try:
        for version in (new, old):
            before = answers(version)
            client.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
            assert api.get("/trades").status_code == 200
            assert answers(version) == before + 1
    finally:
        client.update_alias(FunctionName=name, Name="live", FunctionVersion=old)
        client.update_function_configuration(FunctionName=name, Description="")
        client.delete_function(FunctionName=name, Qualifier=new)


def fire(served: Served, rule: str) -> int:
    """What EventBridge would do now; the status of the answer."""
    answer = httpx.post(
        f"{served.platform.aws.endpoint}/_parakeet/rules/{rule}/fire",
        headers={"X-Parakeet-Service-Token": served.platform.aws.service_token},
        timeout=30,
        trust_env=False,
    )
    return answer.status_code


def test_the_schedule_runs_ingest_once_enabled_and_what_it_cannot_do_is_tried_thrice_and_kept(
    served: Served,
) -> None:
    events, rule = served.account.client("events"), served.called("daily-ingest")
    # dev's is there, and off.
    assert fire(served, rule) == 409
    queue = served.account.client("sqs").get_queue_url(QueueName=served.called("lambda-dlq"))["QueueUrl"]
    # A key that the providers refuse ends a run at once.
    served.platform.market_data.fail("wrong key")
    events.enable_rule(Name=rule)
    try:
        assert fire(served, rule) == 202
        kept = _received(served, queue)
    finally:
        events.disable_rule(Name=rule)
        served.platform.market_data.recover()
    assert kept["requestPayload"]["source"] == "schedule"
    assert kept["requestContext"]["approximateInvokeCount"] == 3
    assert kept["requestContext"]["condition"] == "RetriesExhausted"
    assert kept["responseContext"]["functionError"] == "Unhandled"


def _received(served: Served, queue: str) -> dict[str, Any]:
    sqs, end = served.account.client("sqs"), time.monotonic() + RUN_SECONDS
    while True:
        messages = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            body: dict[str, Any] = json.loads(message["Body"])
            if "requestPayload" in body:
                return body
        assert time.monotonic() < end, served.logged("ingest")[-2000:]


def test_a_token_that_is_not_this_runs_fires_nothing(served: Served) -> None:
    answer = httpx.post(
        f"{served.platform.aws.endpoint}/_parakeet/rules/{served.called('daily-ingest')}/fire",
        headers={"X-Parakeet-Service-Token": "somebody-else"},
        timeout=30,
        trust_env=False,
    )
    assert answer.status_code == 403


def test_terraform_finds_nothing_left_to_change_after_all_that(served: Served) -> None:
    assert not served.platform.workspace.has_changes(served.platform.stack)
