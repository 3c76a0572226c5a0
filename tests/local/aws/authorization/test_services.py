"""The calls of the services with one address, and what each needs."""

from collections.abc import Callable
from operator import methodcaller
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.authorization.serving import Aws
from tests.local.aws.authorization.statements import allow, is_refused

pytestmark = pytest.mark.integration

HERE = "us-east-1:123456789012"
QUEUE = f"arn:aws:sqs:{HERE}:queue"
TABLE = f"arn:aws:dynamodb:{HERE}:table/table"
GROUP = f"arn:aws:logs:{HERE}:log-group:group:log-stream"
ROLE = "arn:aws:iam::123456789012:role/other"
KEY = {"TableName": "table", "Key": {"id": {"S": "1"}}}
URL = {"QueueUrl": "http://127.0.0.1/123456789012/queue"}
STREAM = {"logGroupName": "group", "logStreamName": "stream"}
LINE = {"timestamp": 1, "message": "line"}
EVENT = {"Source": "s", "DetailType": "t", "Detail": "{}"}
# Service, what is called, the action and the resource that it needs, what AWS calls a refusal there.
CALLS: list[tuple[str, Callable[[Any], Any], str, str]] = [
    ("secretsmanager", lambda c: c.describe_secret(SecretId="x"), "secretsmanager:DescribeSecret", "*"),
    (
        "secretsmanager",
        lambda c: c.put_secret_value(SecretId="x", SecretString="{}"),
        "secretsmanager:PutSecretValue",
        f"arn:aws:secretsmanager:{HERE}:secret:x",
    ),
    ("sqs", lambda c: c.send_message(**URL, MessageBody="m"), "sqs:SendMessage", QUEUE),
    (
        "sqs",
        lambda c: c.send_message_batch(**URL, Entries=[{"Id": "1", "MessageBody": "m"}]),
        "sqs:SendMessage",
        QUEUE,
    ),
    ("sqs", lambda c: c.receive_message(**URL), "sqs:ReceiveMessage", QUEUE),
    ("sqs", lambda c: c.delete_message(**URL, ReceiptHandle="r"), "sqs:DeleteMessage", QUEUE),
    ("sqs", lambda c: c.get_queue_url(QueueName="queue"), "sqs:GetQueueUrl", QUEUE),
    ("sqs", lambda c: c.get_queue_attributes(**URL), "sqs:GetQueueAttributes", QUEUE),
    (
        "sns",
        lambda c: c.publish(TopicArn=f"arn:aws:sns:{HERE}:topic", Message="m"),
        "sns:Publish",
        f"arn:aws:sns:{HERE}:topic",
    ),
    (
        "logs",
        lambda c: c.create_log_group(logGroupName="new"),
        "logs:CreateLogGroup",
        f"arn:aws:logs:{HERE}:log-group:new:*",
    ),
    ("logs", lambda c: c.create_log_stream(**STREAM), "logs:CreateLogStream", f"{GROUP}:stream"),
    ("logs", lambda c: c.put_log_events(**STREAM, logEvents=[LINE]), "logs:PutLogEvents", f"{GROUP}:stream"),
    ("logs", lambda c: c.get_log_events(**STREAM), "logs:GetLogEvents", f"{GROUP}:stream"),
    ("dynamodb", lambda c: c.get_item(**KEY), "dynamodb:GetItem", TABLE),
    ("dynamodb", lambda c: c.put_item(TableName=TABLE, Item=KEY["Key"]), "dynamodb:PutItem", TABLE),
    ("dynamodb", lambda c: c.delete_item(**KEY), "dynamodb:DeleteItem", TABLE),
    (
        "dynamodb",
        lambda c: c.query(TableName="table", IndexName="index", KeyConditionExpression="a = b"),
        "dynamodb:Query",
        f"{TABLE}/index/index",
    ),
    ("dynamodb", lambda c: c.scan(TableName="table"), "dynamodb:Scan", TABLE),
    (
        "events",
        lambda c: c.put_events(Entries=[EVENT]),
        "events:PutEvents",
        f"arn:aws:events:{HERE}:event-bus/default",
    ),
    (
        "cloudwatch",
        lambda c: c.put_metric_data(Namespace="ours", MetricData=[{"MetricName": "m", "Value": 1}]),
        "cloudwatch:PutMetricData",
        "*",
    ),
]


@pytest.mark.parametrize(("service", "call", "action", "resource"), CALLS)
def test_a_call_needs_its_action_on_its_resource(
    aws: Aws, service: str, call: Callable[[Any], Any], action: str, resource: str
) -> None:
    assert not is_refused(aws.as_one_who_may(service, allow(action, resource)), call)
    assert is_refused(aws.as_one_who_may(service), call)
    assert is_refused(
        aws.as_one_who_may(service, {"Effect": "Allow", "NotAction": action, "Resource": "*"}), call
    )
    if resource != "*":
        assert is_refused(aws.as_one_who_may(service, allow(action, f"{resource}-other")), call)


def test_a_metrics_namespace_can_be_demanded(aws: Aws) -> None:
    condition = {"StringEquals": {"cloudwatch:namespace": "ours"}}
    client = aws.as_one_who_may("cloudwatch", allow("cloudwatch:PutMetricData", "*", condition))
    for namespace, refused in (("ours", False), ("others", True)):
        metric = {"Namespace": namespace, "MetricData": [{"MetricName": "m", "Value": 1}]}
        assert is_refused(client, methodcaller("put_metric_data", **metric)) is refused


def test_everybody_may_ask_who_they_are(aws: Aws) -> None:
    assert aws.as_one_who_may("sts").get_caller_identity()["Account"] == "123456789012"


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("sqs", lambda c: c.list_queues()),
        ("iam", lambda c: c.list_roles()),
        (
            "sts",
            lambda c: c.assume_role(RoleArn="arn:aws:iam::123456789012:role/r", RoleSessionName="session"),
        ),
        ("dynamodb", lambda c: c.transact_get_items(TransactItems=[{"Get": KEY}])),
        ("lambda", lambda c: c.list_layers()),
        ("ec2", lambda c: c.describe_instances()),
        ("apigatewayv2", lambda c: c.get_domain_names()),
        ("apigateway", lambda c: c.get_rest_apis()),
        ("cloudwatch", lambda c: c.describe_alarms()),
        ("cloudwatch", lambda c: c.describe_alarms(AlarmNames=["a"], AlarmNamePrefix="b")),
        ("sns", lambda c: c.publish(PhoneNumber="+10000000000", Message="m")),
    ],
)
def test_a_call_that_is_not_mapped_is_refused_even_to_those_who_may_all(
    aws: Aws, service: str, call: Callable[[Any], Any], capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ClientError, match="does not know what permission this needs") as refusal:
        call(aws.as_one_who_may(service, allow("*", "*")))
    code = refusal.value.response["Error"]["Code"]
    assert code in ("AccessDenied", "AccessDeniedException", "AuthorizationError")
    assert "does not know what permission this needs" in capfd.readouterr().err
