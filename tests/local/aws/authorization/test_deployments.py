"""What deployments ask, and the permissions that each call needs."""

from collections.abc import Callable
from operator import methodcaller
from typing import Any
from uuid import uuid4

import pytest

from tests.local.aws.authorization.serving import Aws
from tests.local.aws.authorization.statements import TRUST, allow, document, is_refused
from tests.local.aws.authorization.test_services import CALLS as _RUNNING

pytestmark = pytest.mark.integration

ACCOUNT = "123456789012"
HERE = f"us-east-1:{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/x"
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/x"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/issuer"
QUEUE = f"arn:aws:sqs:{HERE}:q"
URL = {"QueueUrl": f"http://127.0.0.1/{ACCOUNT}/q"}
TOPIC = f"arn:aws:sns:{HERE}:t"
RULE = f"arn:aws:events:{HERE}:rule/r"
GROUP = f"arn:aws:logs:{HERE}:log-group:g"
ALARM = f"arn:aws:cloudwatch:{HERE}:alarm:a"
DASHBOARD = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/d"
FUNCTION = f"arn:aws:lambda:{HERE}:function:f"
LAYER = f"arn:aws:lambda:{HERE}:layer:l"
SECRET = f"arn:aws:secretsmanager:{HERE}:secret:s"
API = "arn:aws:apigateway:us-east-1::/apis"
Call = Callable[[Any], Any]

# Service, what is called, and what it needs, all of it: actions on resources.
CALLS: list[tuple[str, Call, list[tuple[str, str]]]] = [
    ("iam", lambda c: c.get_role(RoleName="x"), [("iam:GetRole", ROLE)]),
    ("iam", lambda c: c.delete_role(RoleName="x"), [("iam:DeleteRole", ROLE)]),
    (
        "iam",
        lambda c: c.create_role(
            RoleName="x", AssumeRolePolicyDocument=document(TRUST), Tags=[{"Key": "a", "Value": "b"}]
        ),
        [("iam:CreateRole", ROLE), ("iam:TagRole", ROLE)],
    ),
    (
        "iam",
        lambda c: c.put_role_policy(RoleName="x", PolicyName="p", PolicyDocument=document()),
        [("iam:PutRolePolicy", ROLE)],
    ),
    ("iam", lambda c: c.list_attached_role_policies(RoleName="x"), [("iam:ListAttachedRolePolicies", ROLE)]),
    (
        "iam",
        lambda c: c.attach_role_policy(RoleName="x", PolicyArn=POLICY),
        [("iam:AttachRolePolicy", ROLE)],
    ),
    ("iam", lambda c: c.get_policy(PolicyArn=POLICY), [("iam:GetPolicy", POLICY)]),
    (
        "iam",
        lambda c: c.create_policy(PolicyName="x", PolicyDocument=document(allow("s3:GetObject", "*"))),
        [("iam:CreatePolicy", POLICY)],
    ),
    (
        "iam",
        lambda c: c.delete_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER),
        [("iam:DeleteOpenIDConnectProvider", PROVIDER)],
    ),
    (
        "secretsmanager",
        lambda c: c.create_secret(Name="s", SecretString="{}", Tags=[{"Key": "a", "Value": "b"}]),
        [("secretsmanager:CreateSecret", SECRET), ("secretsmanager:TagResource", SECRET)],
    ),
    (
        "secretsmanager",
        lambda c: c.get_resource_policy(SecretId="other"),
        [("secretsmanager:GetResourcePolicy", f"arn:aws:secretsmanager:{HERE}:secret:other")],
    ),
    (
        "sqs",
        lambda c: c.create_queue(QueueName="q", tags={"a": "b"}),
        [("sqs:CreateQueue", QUEUE), ("sqs:TagQueue", QUEUE)],
    ),
    ("sqs", lambda c: c.list_queue_tags(**URL), [("sqs:ListQueueTags", QUEUE)]),
    ("sqs", lambda c: c.delete_queue(**URL), [("sqs:DeleteQueue", QUEUE)]),
    (
        "sns",
        lambda c: c.create_topic(Name="t", Tags=[{"Key": "a", "Value": "b"}]),
        [("sns:CreateTopic", TOPIC), ("sns:TagResource", TOPIC)],
    ),
    ("sns", lambda c: c.get_topic_attributes(TopicArn=TOPIC), [("sns:GetTopicAttributes", TOPIC)]),
    ("sns", lambda c: c.unsubscribe(SubscriptionArn=f"{TOPIC}:1"), [("sns:Unsubscribe", TOPIC)]),
    ("sns", lambda c: c.list_tags_for_resource(ResourceArn=TOPIC), [("sns:ListTagsForResource", TOPIC)]),
    (
        "events",
        lambda c: c.put_rule(Name="r", ScheduleExpression="rate(1 day)", Tags=[{"Key": "a", "Value": "b"}]),
        [("events:PutRule", RULE), ("events:TagResource", RULE)],
    ),
    ("events", lambda c: c.describe_rule(Name="r"), [("events:DescribeRule", RULE)]),
    (
        "events",
        lambda c: c.describe_rule(Name="r", EventBusName="bus"),
        [("events:DescribeRule", f"arn:aws:events:{HERE}:rule/bus/r")],
    ),
    (
        "events",
        lambda c: c.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": FUNCTION}]),
        [("events:PutTargets", RULE)],
    ),
    ("events", lambda c: c.remove_targets(Rule="r", Ids=["1"]), [("events:RemoveTargets", RULE)]),
    ("logs", lambda c: c.describe_log_groups(), [("logs:DescribeLogGroups", "*")]),
    (
        "logs",
        lambda c: c.put_retention_policy(logGroupName="g", retentionInDays=14),
        [("logs:PutRetentionPolicy", GROUP)],
    ),
    (
        "logs",
        lambda c: c.create_log_group(logGroupName="g2", tags={"a": "b"}),
        [
            ("logs:CreateLogGroup", f"arn:aws:logs:{HERE}:log-group:g2:*"),
            ("logs:TagResource", f"arn:aws:logs:{HERE}:log-group:g2:*"),
        ],
    ),
    ("logs", lambda c: c.list_tags_for_resource(resourceArn=GROUP), [("logs:ListTagsForResource", GROUP)]),
    (
        "cloudwatch",
        lambda c: c.describe_alarms(AlarmNames=["a", "b"]),
        [
            ("cloudwatch:DescribeAlarms", ALARM),
            ("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{HERE}:alarm:b"),
        ],
    ),
    ("cloudwatch", lambda c: c.delete_alarms(AlarmNames=["a"]), [("cloudwatch:DeleteAlarms", ALARM)]),
    (
        "cloudwatch",
        lambda c: c.put_dashboard(DashboardName="d", DashboardBody='{"widgets":[]}'),
        [("cloudwatch:PutDashboard", DASHBOARD)],
    ),
    (
        "cloudwatch",
        lambda c: c.delete_dashboards(DashboardNames=["d"]),
        [("cloudwatch:DeleteDashboards", DASHBOARD)],
    ),
    ("lambda", lambda c: c.list_functions(), [("lambda:ListFunctions", "*")]),
    ("lambda", lambda c: c.get_function(FunctionName="f"), [("lambda:GetFunction", FUNCTION)]),
    (
        "lambda",
        lambda c: c.get_function(FunctionName=FUNCTION, Qualifier="live"),
        [("lambda:GetFunction", f"{FUNCTION}:live")],
    ),
    (
        "lambda",
        lambda c: c.create_function(
            FunctionName="f",
            Role=ROLE,
            Runtime="python3.13",
            Handler="h.h",
            Code={"S3Bucket": "b-1", "S3Key": "k"},
            Layers=[f"{LAYER}:1"],
            Tags={"a": "b"},
        ),
        [
            ("lambda:CreateFunction", FUNCTION),
            ("lambda:TagResource", FUNCTION),
            ("lambda:GetLayerVersion", f"{LAYER}:1"),
            ("iam:PassRole", ROLE),
            ("s3:GetObject", "arn:aws:s3:::b-1/k"),
        ],
    ),
    (
        "lambda",
        lambda c: c.update_function_code(FunctionName="f", S3Bucket="b-1", S3Key="k", S3ObjectVersion="1"),
        [("lambda:UpdateFunctionCode", FUNCTION), ("s3:GetObjectVersion", "arn:aws:s3:::b-1/k")],
    ),
    (
        "lambda",
        lambda c: c.update_function_configuration(FunctionName="f", Role=ROLE),
        [("lambda:UpdateFunctionConfiguration", FUNCTION), ("iam:PassRole", ROLE)],
    ),
    (
        "lambda",
        lambda c: c.remove_permission(FunctionName="f", StatementId="s", Qualifier="live"),
        [("lambda:RemovePermission", f"{FUNCTION}:live")],
    ),
    (
        "lambda",
        lambda c: c.update_alias(FunctionName="f", Name="live", FunctionVersion="1"),
        [("lambda:UpdateAlias", FUNCTION)],
    ),
    (
        "lambda",
        lambda c: c.get_layer_version(LayerName="l", VersionNumber=1),
        [("lambda:GetLayerVersion", f"{LAYER}:1")],
    ),
    (
        "lambda",
        lambda c: c.get_layer_version_by_arn(Arn=f"{LAYER}:1"),
        [("lambda:GetLayerVersion", f"{LAYER}:1")],
    ),
    ("lambda", lambda c: c.list_tags(Resource=FUNCTION), [("lambda:ListTags", FUNCTION)]),
    ("apigatewayv2", lambda c: c.get_apis(), [("apigateway:GET", API)]),
    ("apigatewayv2", lambda c: c.get_api(ApiId="a"), [("apigateway:GET", f"{API}/a")]),
    (
        "apigatewayv2",
        lambda c: c.update_route(ApiId="a", RouteId="r", RouteKey="GET /x"),
        [("apigateway:PATCH", f"{API}/a/routes/r")],
    ),
    (
        "apigatewayv2",
        lambda c: c.tag_resource(ResourceArn=f"{API}/a", Tags={"a": "b"}),
        [("apigateway:POST", f"arn:aws:apigateway:us-east-1::/tags/{API}/a")],
    ),
    ("s3", lambda c: c.get_bucket_acl(Bucket="b-1"), [("s3:GetBucketAcl", "arn:aws:s3:::b-1")]),
    (
        "s3",
        lambda c: c.delete_public_access_block(Bucket="b-1"),
        [("s3:PutBucketPublicAccessBlock", "arn:aws:s3:::b-1")],
    ),
    (
        "s3",
        lambda c: c.create_bucket(Bucket="b-2", ACL="private"),
        [("s3:CreateBucket", "arn:aws:s3:::b-2")],
    ),
    (
        "s3",
        lambda c: c.create_bucket(Bucket="b-3", ACL="public-read"),
        [("s3:CreateBucket", "arn:aws:s3:::b-3"), ("s3:PutBucketAcl", "arn:aws:s3:::b-3")],
    ),
]


@pytest.mark.parametrize(("service", "call", "needs"), CALLS)
def test_a_call_needs_all_its_actions_each_on_its_resource(
    aws: Aws, service: str, call: Call, needs: list[tuple[str, str]]
) -> None:
    grants = [allow(action, resource) for action, resource in needs]
    for missing, (action, resource) in enumerate(needs):
        others = grants[:missing] + grants[missing + 1 :]
        assert is_refused(aws.as_one_who_may(service, *others), call), action
        if resource != "*":
            elsewhere = allow(action, f"{resource.rstrip('*')}-other")
            assert is_refused(aws.as_one_who_may(service, *others, elsewhere), call), action
    assert not is_refused(aws.as_one_who_may(service, *grants), call)


def test_no_call_is_named_twice() -> None:
    named = {action for *_, needs in CALLS for action, _ in needs}
    assert not named & {action for _, _, action, _ in _RUNNING} - {"logs:CreateLogGroup"}


def test_a_role_is_handed_only_to_the_service_that_the_condition_names(aws: Aws) -> None:
    to_events = {"StringEquals": {"iam:PassedToService": "events.amazonaws.com"}}
    targets = [{"Id": "1", "Arn": QUEUE, "RoleArn": ROLE}]
    handed = allow("iam:PassRole", ROLE, to_events)
    events = aws.as_one_who_may("events", allow("events:PutTargets", "*"), handed)
    assert not is_refused(events, lambda c: c.put_targets(Rule="r", Targets=targets))
    lambda_ = aws.as_one_who_may("lambda", allow("lambda:UpdateFunctionConfiguration", "*"), handed)
    assert is_refused(lambda_, lambda c: c.update_function_configuration(FunctionName="f", Role=ROLE))


def test_a_boundary_can_be_demanded_of_the_role_that_is_made_or_that_is_there(aws: Aws) -> None:
    bounded = {"StringEquals": {"iam:PermissionsBoundary": POLICY}}
    iam = aws.as_one_who_may("iam", allow(["iam:CreateRole", "iam:PutRolePolicy"], "*", bounded))
    with_it, without = (f"role-{uuid4().hex[:8]}" for _ in range(2))
    made = {"AssumeRolePolicyDocument": document(TRUST)}
    assert is_refused(iam, lambda c: c.create_role(RoleName=without, **made))
    assert is_refused(
        iam, lambda c: c.create_role(RoleName=without, **made, PermissionsBoundary=f"{POLICY}-2")
    )
    assert not is_refused(iam, lambda c: c.create_role(RoleName=with_it, **made, PermissionsBoundary=POLICY))
    aws.client("iam").create_role(RoleName=without, **made)
    policy = {"PolicyName": "p", "PolicyDocument": document(allow("s3:GetObject", "*"))}
    assert not is_refused(iam, lambda c: c.put_role_policy(RoleName=with_it, **policy))
    assert is_refused(iam, lambda c: c.put_role_policy(RoleName=without, **policy))


def test_an_item_can_be_demanded_by_its_key_and_nothing_is_read_past_it(aws: Aws) -> None:
    table = f"table-{uuid4().hex[:8]}"
    aws.client("dynamodb").create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    own = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["own"]}}
    actions = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan", "dynamodb:Query"]
    dynamodb = aws.as_one_who_may("dynamodb", allow(actions, "*", own))
    for key, refused in (("own", False), ("others", True)):
        item = {"id": {"S": key}}
        assert is_refused(dynamodb, methodcaller("put_item", TableName=table, Item=item)) is refused
        assert is_refused(dynamodb, methodcaller("get_item", TableName=table, Key=item)) is refused
    assert is_refused(dynamodb, lambda c: c.scan(TableName=table))


def test_a_condition_of_another_services_statement_is_not_asked_here(aws: Aws, bucket: str) -> None:
    unknown = {"StringEquals": {"iam:ResourceTag/team": "ours"}}
    read = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*")
    s3 = aws.as_one_who_may("s3", read, allow("iam:GetRole", "*", unknown))
    assert not is_refused(s3, lambda c: c.get_object(Bucket=bucket, Key="cache/a"))
    denied = {"Effect": "Deny", "NotAction": "s3:PutObject", "Resource": "*"}
    for statement in (allow("*", "*"), denied):
        s3 = aws.as_one_who_may("s3", read, statement | {"Condition": unknown})
        assert is_refused(s3, lambda c: c.get_object(Bucket=bucket, Key="cache/a"))
