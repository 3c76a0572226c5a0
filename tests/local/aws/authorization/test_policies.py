"""All kinds of policies, together, as they are at the moment of the request."""

from operator import methodcaller
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.local.aws.authorization.serving import Aws
from tests.local.aws.authorization.statements import allow, deny, document, is_refused

pytestmark = pytest.mark.integration


@pytest.fixture
def objects(bucket: str) -> str:
    """The ARN of all that is in the bucket."""
    return f"arn:aws:s3:::{bucket}/*"


def principal(role: str) -> dict[str, Any]:
    """A resource policy's element."""
    return {"Principal": {"AWS": role}}


def read(s3: Any, bucket: str) -> None:
    s3.get_object(Bucket=bucket, Key="cache/a")


def test_a_policy_that_changes_is_obeyed_by_the_next_request(aws: Aws, bucket: str, objects: str) -> None:
    iam = aws.client("iam")
    role = aws.role()
    name = role.rpartition("/")[2]
    s3 = aws.as_role("s3", role)
    for _ in range(2):
        with pytest.raises(ClientError, match="no identity-based policy allows the s3:GetObject action"):
            read(s3, bucket)
        grant = document(allow("s3:GetObject", objects))
        iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=grant)
        read(s3, bucket)
        iam.delete_role_policy(RoleName=name, PolicyName="read")


def test_an_attached_policy_counts_in_its_default_version(aws: Aws, bucket: str, objects: str) -> None:
    iam = aws.client("iam")
    role = aws.role()
    s3 = aws.as_role("s3", role)
    policy = iam.create_policy(
        PolicyName=f"policy-{uuid4().hex}", PolicyDocument=document(allow("s3:GetObject", objects))
    )["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=role.rpartition("/")[2], PolicyArn=policy)
    read(s3, bucket)
    nothing = document(allow("s3:PutObject", objects))
    iam.create_policy_version(PolicyArn=policy, PolicyDocument=nothing, SetAsDefault=False)
    read(s3, bucket)
    iam.set_default_policy_version(PolicyArn=policy, VersionId="v2")
    with pytest.raises(ClientError, match="AccessDenied"):
        read(s3, bucket)


def test_a_boundary_takes_away_and_gives_nothing(aws: Aws, bucket: str, objects: str) -> None:
    iam = aws.client("iam")
    role = aws.role(all=document(allow("s3:*", objects)))
    boundary = iam.create_policy(
        PolicyName=f"policy-{uuid4().hex}", PolicyDocument=document(allow(["s3:GetObject", "sqs:*"], "*"))
    )["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=role.rpartition("/")[2], PermissionsBoundary=boundary)
    s3 = aws.as_role("s3", role)
    read(s3, bucket)
    with pytest.raises(ClientError, match="because no permissions boundary allows the s3:PutObject action"):
        s3.put_object(Bucket=bucket, Key="cache/a", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.as_role("sqs", role).send_message(QueueUrl=f"{aws.endpoint}/123456789012/q", MessageBody="m")


def test_a_session_policy_takes_away(aws: Aws, bucket: str, objects: str) -> None:
    role = aws.role(all=document(allow("s3:*", objects)))
    keys = aws.client("sts").assume_role(
        RoleArn=role, RoleSessionName="session", Policy=document(allow("s3:GetObject", objects))
    )["Credentials"]
    s3 = aws.client(
        "s3",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    read(s3, bucket)
    with pytest.raises(ClientError, match="because no session policy allows the s3:PutObject action"):
        s3.put_object(Bucket=bucket, Key="cache/a", Body=b"")


def test_a_bucket_policy_gives_and_denies_to_whom_it_names(aws: Aws, bucket: str, objects: str) -> None:
    deployer = aws.client("s3")
    named, other = aws.role(), aws.role()
    deployer.put_bucket_policy(
        Bucket=bucket, Policy=document(allow("s3:GetObject", objects, **principal(named)))
    )
    read(aws.as_role("s3", named), bucket)
    with pytest.raises(ClientError, match="AccessDenied"):
        read(aws.as_role("s3", other), bucket)

    granted = aws.role(read=document(allow("s3:*", "*")))
    deployer.put_bucket_policy(
        Bucket=bucket, Policy=document(deny("s3:ListBucket", objects[:-2], Principal="*"))
    )
    with pytest.raises(ClientError, match="with an explicit deny in a resource-based policy"):
        aws.as_role("s3", granted).list_objects_v2(Bucket=bucket)


def test_the_way_to_the_embedded_aws_stands_for_tls(aws: Aws, bucket: str, objects: str) -> None:
    without_tls = deny(
        "s3:*", [objects, objects[:-2]], {"Bool": {"aws:SecureTransport": "false"}}, Principal="*"
    )
    aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=document(without_tls))
    read(aws.as_one_who_may("s3", allow("s3:GetObject", objects)), bucket)


def test_a_queue_policy_denies(aws: Aws) -> None:
    name = f"queue-{uuid4().hex}"
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    deployer = aws.client("sqs")
    url = deployer.create_queue(QueueName=name)["QueueUrl"]
    sqs = aws.as_one_who_may("sqs", allow("sqs:SendMessage", arn))
    sqs.send_message(QueueUrl=url, MessageBody="m")
    policy = document(deny("sqs:SendMessage", arn, Principal="*"))
    deployer.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    with pytest.raises(ClientError, match="with an explicit deny in a resource-based policy"):
        sqs.send_message(QueueUrl=url, MessageBody="m")


def test_a_secrets_policy_denies_and_partial_names_find_it(aws: Aws) -> None:
    deployer = aws.client("secretsmanager")
    name = f"secret-{uuid4().hex}"
    arn = deployer.create_secret(Name=name, SecretString="value")["ARN"]
    secrets = aws.as_one_who_may("secretsmanager", allow("secretsmanager:GetSecretValue", arn))
    for asked in (arn, name, arn[:-7]):
        assert secrets.get_secret_value(SecretId=asked)["SecretString"] == "value"
    policy = document(deny("secretsmanager:GetSecretValue", "*", Principal="*"))
    deployer.put_resource_policy(SecretId=arn, ResourcePolicy=policy)
    for asked in (arn, name, arn[:-7]):
        with pytest.raises(ClientError, match="with an explicit deny in a resource-based policy"):
            secrets.get_secret_value(SecretId=asked)


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/role-*"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/other-*"}}, False),
        ({"StringEquals": {"aws:PrincipalAccount": "123456789012"}}, True),
        ({"StringLike": {"aws:userid": "*:session"}}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, False),
        ({"NumericGreaterThan": {"aws:EpochTime": "1577836800"}}, True),
        ({"Null": {"aws:SourceArn": "false"}}, False),
        ({"Bool": {"AWS:SecureTransport": "true"}}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, True),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, False),
    ],
)
def test_conditions_see_what_aws_would_tell_them(
    aws: Aws, bucket: str, objects: str, condition: dict[str, Any], allowed: bool
) -> None:
    s3 = aws.as_one_who_may("s3", allow("s3:GetObject", objects, condition))
    if allowed:
        read(s3, bucket)
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            read(s3, bucket)


@pytest.mark.parametrize(
    "statement",
    [
        deny("s3:GetObject", "*", {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        deny("s3:GetObject", "*", {"StringNotEquals": {"aws:ResourceTag/team": "quants"}}),
        allow("s3:GetObject", "arn:aws:s3:::${aws:PrincipalTag/bucket}/*"),
    ],
)
def test_a_condition_key_that_is_not_emulated_refuses_and_is_named(
    aws: Aws, bucket: str, objects: str, statement: dict[str, Any]
) -> None:
    s3 = aws.as_one_who_may("s3", allow("s3:GetObject", objects), statement)
    with pytest.raises(ClientError, match=r"it does not emulate the condition key aws:[a-z]+"):
        read(s3, bucket)


def test_a_name_that_is_a_pattern_is_refused(aws: Aws, bucket: str, objects: str) -> None:
    s3 = aws.as_one_who_may("s3", allow("s3:PutObject", objects))
    with pytest.raises(ClientError, match="is a pattern"):
        s3.put_object(Bucket=bucket, Key="cache/*", Body=b"")


def test_a_function_is_invoked_by_those_its_permissions_name(aws: Aws, function: str) -> None:
    may = aws.authorization.service_may_invoke
    source = "arn:aws:execute-api:us-east-1:123456789012:abc/$default/GET/trades"
    gateway = "apigateway.amazonaws.com"
    lambda_ = aws.client("lambda")
    assert not may(function, gateway, source, "123456789012")
    lambda_.add_permission(
        FunctionName=function,
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal=gateway,
        SourceArn="arn:aws:execute-api:us-east-1:123456789012:abc/*/*/trades",
        SourceAccount="123456789012",
    )
    assert may(function, gateway, source, "123456789012")
    assert not may(function, gateway, source.replace("abc", "other"), "123456789012")
    assert not may(function, gateway, source + "/1", "123456789012")
    assert not may(function, gateway, source, "210987654321")
    assert not may(function, "events.amazonaws.com", source, "123456789012")
    assert not may(f"{function}:live", gateway, source, "123456789012")
    assert not may(f"{function}-other", gateway, source, "123456789012")
    assert not may("nonsense", gateway, source, "123456789012")
    lambda_.remove_permission(FunctionName=function, StatementId="gateway")
    assert not may(function, gateway, source, "123456789012")


def test_a_role_invokes_a_function_by_its_own_or_the_functions_policy(aws: Aws, function: str) -> None:
    own = aws.as_one_who_may("lambda", allow("lambda:InvokeFunction", function))
    role = aws.role()
    other = aws.as_role("lambda", role)
    assert is_refused(other, lambda client: client.invoke(FunctionName=function))
    aws.client("lambda").add_permission(
        FunctionName=function, StatementId="role", Action="lambda:InvokeFunction", Principal=role
    )
    for client in (own, other):
        for asked in (function, function.rpartition(":")[2], function.partition("us-east-1:")[2]):
            assert not is_refused(client, methodcaller("invoke", FunctionName=asked))
        assert is_refused(client, lambda client: client.invoke(FunctionName=function, Qualifier="1"))


def test_eventbridge_sends_to_a_queue_by_its_policy_and_lambda_by_the_functions_role(aws: Aws) -> None:
    name = f"queue-{uuid4().hex}"
    arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    rule = "arn:aws:events:us-east-1:123456789012:rule/daily"
    statement = allow(
        "sqs:SendMessage",
        arn,
        {"ArnEquals": {"aws:SourceArn": rule}},
        Principal={"Service": "events.amazonaws.com"},
    )
    aws.client("sqs").create_queue(QueueName=name, Attributes={"Policy": document(statement)})
    events = ("sqs:SendMessage", arn, "events.amazonaws.com")
    assert aws.authorization.service_may(*events, rule, "123456789012")
    assert not aws.authorization.service_may(*events, f"{rule}-other", "123456789012")

    role = aws.role(send=document(allow("sqs:SendMessage", arn)))
    assert aws.authorization.role_may(role, "function", "sqs:SendMessage", arn)
    assert not aws.authorization.role_may(role, "function", "sqs:ReceiveMessage", arn)
    assert not aws.authorization.role_may(f"{role}-gone", "function", "sqs:SendMessage", arn)
