"""EventBridge's rules and the functions that they invoke."""

import http.client
import json
import uuid
from typing import Any

import pytest

from tests.local.aws.functions.account import Account, eventually
from tests.platform import SCHEDULE_TEMPLATE

pytestmark = pytest.mark.integration

SAY = "import json\ndef handler(event, context): print('got ' + json.dumps(event))"


def got(account: Account, name: str) -> list[Any]:
    return [json.loads(line[4:]) for line in account.log(name) if line.startswith("got ")]


def fire(account: Account, rule: str, token: str | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection(account.aws.endpoint.removeprefix("http://"), timeout=20)
    headers = {"X-Parakeet-Service-Token": account.aws.service_token if token is None else token}
    connection.request("POST", f"/_parakeet/rules/{rule}/fire", b"", headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, json.loads(body)["message"] if body else ""


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_parakeet/copy"),
        ("PUT", "/_parakeet/copy"),
        ("PUT", "/_parakeet/rules/daily/fire"),
        ("GET", "/_parakeet/"),
    ],
)
def test_nobody_gets_by_a_path_of_our_own_to_what_aws_keeps(account: Account, method: str, path: str) -> None:
    s3, bucket = account.client("s3"), f"bucket-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="private", Body=b"private")
    s3.put_object(Bucket=bucket, Key="_parakeet/copy", Body=b"private")
    headers = {"Host": f"{bucket}.s3.amazonaws.com"}
    headers |= {"X-Amz-Copy-Source": f"/{bucket}/private"} if method == "PUT" else {}
    connection = http.client.HTTPConnection(account.aws.endpoint.removeprefix("http://"), timeout=20)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    assert response.status == 403
    assert b"private" not in response.read()
    connection.close()
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 2


def rule_for(account: Account, name: str, *, permitted: bool = True, **target: Any) -> tuple[str, str]:
    """Name and ARN of a new rule with a schedule and the function as its target."""
    events, rule = account.client("events"), f"rule-{uuid.uuid4().hex[:8]}"
    arn = events.put_rule(Name=rule, ScheduleExpression="cron(0 22 ? * MON-FRI *)")["RuleArn"]
    function = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    events.put_targets(Rule=rule, Targets=[{"Id": "function", "Arn": function, **target}])
    if permitted:
        account.client("lambda").add_permission(
            FunctionName=name,
            StatementId=rule,
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            SourceArn=arn,
        )
    return rule, arn


def accepting(rule_arn: str) -> dict[str, Any]:
    """A queue's policy that lets the rule send."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": "*",
                "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
            }
        ],
    }


def test_fired_schedule_invokes_with_the_scheduled_event(account: Account) -> None:
    name = account.function(SAY)
    rule, arn = rule_for(account, name)
    assert fire(account, rule)[0] == 202
    (event,) = eventually(lambda: got(account, name))
    assert (event["source"], event["detail-type"], event["resources"]) == (
        "aws.events",
        "Scheduled Event",
        [arn],
    )
    assert event["detail"] == {}


def test_input_transformer_is_applied(account: Account) -> None:
    name = account.function(SAY)
    transformer = {"InputPathsMap": {"time": "$.time"}, "InputTemplate": SCHEDULE_TEMPLATE}
    rule, _ = rule_for(account, name, InputTransformer=transformer)
    fire(account, rule)
    (event,) = eventually(lambda: got(account, name))
    assert event["source"] == "schedule"
    assert event["scheduled_time"].endswith("Z")


def test_rule_without_the_functions_permission_ends_in_its_dead_letters(account: Account) -> None:
    name = account.function(SAY)
    rule, arn = rule_for(account, name, permitted=False)
    url, queue = account.queue(accepting(arn))
    function = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    account.client("events").put_targets(
        Rule=rule, Targets=[{"Id": "function", "Arn": function, "DeadLetterConfig": {"Arn": queue}}]
    )
    fire(account, rule)
    (message,) = eventually(lambda: account.messages(url))
    said = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert (said["RULE_ARN"], said["TARGET_ARN"], said["ERROR_CODE"]) == (arn, function, "NO_PERMISSIONS")
    assert json.loads(message["Body"])["resources"] == [arn]
    assert got(account, name) == []


def test_queue_that_does_not_let_the_rule_send_gets_nothing(account: Account) -> None:
    name = account.function(SAY)
    rule, _ = rule_for(account, name, permitted=False)
    url, queue = account.queue(accepting("arn:aws:events:us-east-1:123456789012:rule/another"))
    function = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    account.client("events").put_targets(
        Rule=rule, Targets=[{"Id": "function", "Arn": function, "DeadLetterConfig": {"Arn": queue}}]
    )
    assert fire(account, rule)[0] == 202
    assert account.messages(url) == []
    assert (
        f"rule {rule}: its dead-letter queue's policy does not let it send"
        in account.functions_log.read_text()
    )


def test_function_of_a_rule_that_fails_is_tried_again_by_lambda(account: Account) -> None:
    name = account.function("def handler(event, context):\n    print('got 1')\n    raise RuntimeError")
    rule, _ = rule_for(account, name)
    fire(account, rule)
    assert eventually(lambda: got(account, name) == [1, 1, 1])


@pytest.mark.parametrize("state", ["disabled", "absent", "unscheduled"])
def test_rule_that_has_no_schedule_to_follow_is_refused(account: Account, state: str) -> None:
    events = account.client("events")
    if state == "disabled":
        events.put_rule(Name=state, ScheduleExpression="rate(1 day)", State="DISABLED")
    if state == "unscheduled":
        events.put_rule(Name=state, EventPattern='{"source": ["x"]}')
    status, said = fire(account, state)
    assert (status, said.startswith(f"Rule {state} ")) == (404 if state == "absent" else 409, True)


def test_rule_is_fired_only_with_the_service_token(account: Account) -> None:
    name = account.function(SAY)
    rule, _ = rule_for(account, name)
    assert fire(account, rule, token="wrong")[0] == 403


def test_put_events_invokes_the_functions_of_matching_rules(account: Account) -> None:
    name = account.function(SAY)
    rule, _ = rule_for(account, name)
    events = account.client("events")
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": ["trades"]}))
    entries = [
        {"Source": source, "DetailType": "closed", "Detail": json.dumps({"id": number})}
        for number, source in enumerate(("trades", "other"))
    ]
    events.put_events(Entries=entries)
    (event,) = eventually(lambda: got(account, name))
    assert (event["source"], event["detail"]) == ("trades", {"id": 0})
    assert "ingestion-time" not in event
