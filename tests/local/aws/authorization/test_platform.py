"""The platform's own roles, as synthesized: what they grant works, and only by the grant."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.aws.authorization import Credentials
from tests.local.aws.authorization.serving import Aws

pytestmark = pytest.mark.integration

SNAPSHOT = Path(__file__).parents[3] / "__snapshots__" / "test_snapshots" / "parakeet-dev.json"
STACK = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
ROLES = sorted(STACK["resource"]["aws_iam_role"])
_REFERENCE = re.compile(r"\$\{(?:data\.)?([\w-]+)\.([\w-]+)\.(\w+)\}")


@dataclass(frozen=True)
class Grant:
    """An action of a statement, and what it is granted on."""

    statement: int
    action: str
    resource: str
    prefix: str


class Deployed:
    """The resources that the stack's policies name, made in the embedded AWS with names of their own."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._arns: dict[tuple[str, str], str] = {}

    def resolve(self, text: str) -> str:
        """A text of the stack with the references in it replaced."""
        return _REFERENCE.sub(lambda found: self._value(found[1], found[2], found[3]), text)

    def _value(self, kind: str, name: str, attribute: str) -> str:
        if (kind, attribute) == ("aws_caller_identity", "account_id"):
            return "123456789012"
        if (kind, name) not in self._arns:
            self._arns[kind, name] = self._make(kind)
        arn = self._arns[kind, name]
        return arn if attribute == "arn" else arn.rpartition(":")[2]

    def _make(self, kind: str) -> str:
        assert kind in _KINDS, f"Say here how to make a {kind}: a policy names one"
        name = f"made-{uuid4().hex[:12]}"
        arn, make = _KINDS[kind]
        made = make(self._aws, name)
        # AWS adds something to a secret's name.
        return str(made["ARN"]) if made and "ARN" in made else f"arn:aws:{arn}:{name}"


_REGIONAL = "us-east-1:123456789012"
# What a policy may name -> its ARN up to the name, and how it is made. What only has to be named is not made.
_KINDS: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
    "aws_s3_bucket": ("s3::", lambda aws, name: aws.client("s3").create_bucket(Bucket=name)),
    "aws_secretsmanager_secret": (
        "",
        lambda aws, name: aws.client("secretsmanager").create_secret(Name=name, SecretString="{}"),
    ),
    "aws_sqs_queue": (
        f"sqs:{_REGIONAL}",
        lambda aws, name: aws.client("sqs").create_queue(QueueName=name),
    ),
    "aws_cloudwatch_log_group": (
        f"logs:{_REGIONAL}:log-group",
        lambda aws, name: aws.client("logs").create_log_group(logGroupName=name),
    ),
    "aws_lambda_alias": (f"lambda:{_REGIONAL}:function:made", lambda _aws, _name: None),
}


def _object(grant: Grant) -> dict[str, str]:
    bucket, _, key = grant.resource.removeprefix("arn:aws:s3:::").partition("/")
    return {"Bucket": bucket, "Key": key.replace("*", "object")}


def _list(aws: Aws, keys: Credentials, grant: Grant) -> None:
    bucket = grant.resource.removeprefix("arn:aws:s3:::")
    aws.client("s3", keys).list_objects_v2(Bucket=bucket, Prefix=grant.prefix.rstrip("*"))


def _get(aws: Aws, keys: Credentials, grant: Grant) -> None:
    aws.client("s3").put_object(**_object(grant), Body=b"")
    aws.client("s3", keys).get_object(**_object(grant))


def _put(aws: Aws, keys: Credentials, grant: Grant) -> None:
    aws.client("s3", keys).put_object(**_object(grant), Body=b"bytes")


def _abort(aws: Aws, keys: Credentials, grant: Grant) -> None:
    upload = aws.client("s3").create_multipart_upload(**_object(grant))["UploadId"]
    aws.client("s3", keys).abort_multipart_upload(**_object(grant), UploadId=upload)


def _secret(aws: Aws, keys: Credentials, grant: Grant) -> None:
    aws.client("secretsmanager", keys).get_secret_value(SecretId=grant.resource)


def _send(aws: Aws, keys: Credentials, grant: Grant) -> None:
    url = f"{aws.endpoint}/123456789012/{grant.resource.rpartition(':')[2]}"
    aws.client("sqs", keys).send_message(QueueUrl=url, MessageBody="event")


def _stream(aws: Aws, keys: Credentials, grant: Grant) -> None:
    aws.client("logs", keys).create_log_stream(
        logGroupName=grant.resource.split(":")[6], logStreamName=uuid4().hex
    )


def _write(aws: Aws, keys: Credentials, grant: Grant) -> None:
    place = {"logGroupName": grant.resource.split(":")[6], "logStreamName": uuid4().hex}
    aws.client("logs").create_log_stream(**place)
    aws.client("logs", keys).put_log_events(**place, logEvents=[{"timestamp": 1, "message": "line"}])


def _invoke(aws: Aws, keys: Credentials, grant: Grant) -> None:
    lambda_ = aws.client("lambda", keys)
    # No function runs here: that it is missed, and not refused, is the answer.
    with pytest.raises(lambda_.exceptions.ResourceNotFoundException):
        lambda_.invoke(FunctionName=grant.resource)


PROBES: dict[str, Callable[[Any, Credentials, Grant], None]] = {
    "s3:ListBucket": _list,
    "s3:GetObject": _get,
    "s3:PutObject": _put,
    "s3:AbortMultipartUpload": _abort,
    "secretsmanager:GetSecretValue": _secret,
    "sqs:SendMessage": _send,
    "logs:CreateLogStream": _stream,
    "logs:PutLogEvents": _write,
    "lambda:InvokeFunction": _invoke,
}


def statements_of(role: str, deployed: Deployed) -> list[dict[str, Any]]:
    """The role's statements as JSON policies have them, in the stack's order."""
    documents = STACK["data"]["aws_iam_policy_document"]
    policies = [
        policy["policy"]
        for policy in STACK["resource"]["aws_iam_role_policy"].values()
        if policy["role"] == f"${{aws_iam_role.{role}.name}}"
    ]
    names = [re.fullmatch(r"\$\{data\.aws_iam_policy_document\.([\w-]+)\.json\}", text) for text in policies]
    return [
        _statement(statement, deployed)
        for name in names
        for statement in documents[name[1] if name else ""]["statement"]
    ]


def _statement(statement: dict[str, Any], deployed: Deployed) -> dict[str, Any]:
    conditions = {
        condition["test"]: {condition["variable"]: [deployed.resolve(value) for value in condition["values"]]}
        for condition in statement.get("condition", [])
    }
    return {
        "Effect": statement.get("effect", "Allow"),
        "Action": statement["actions"],
        "Resource": [deployed.resolve(resource) for resource in statement["resources"]],
    } | ({"Condition": conditions} if conditions else {})


def grants_of(statements: list[dict[str, Any]]) -> Iterator[Grant]:
    """Each action on each resource."""
    for number, statement in enumerate(statements):
        prefix = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix", [""])[0]
        for action in statement["Action"]:
            for resource in statement["Resource"]:
                yield Grant(number, action, resource, prefix)


def _error(aws: Aws, keys: Credentials, grant: Grant) -> dict[str, str] | None:
    try:
        PROBES[grant.action](aws, keys, grant)
    except ClientError as error:
        return dict(error.response["Error"])
    return None


def refused(aws: Aws, statements: list[dict[str, Any]], grants: list[Grant]) -> set[Grant]:
    """Those of the grants' calls that a role with these statements is refused."""
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    role = aws.role(**({"all": text} if statements else {}))
    keys = aws.authorization.credentials_for(role, "probe")
    found = set()
    for grant in grants:
        answer = _error(aws, keys, grant)
        if answer is not None:
            assert answer["Code"] in ("AccessDenied", "AccessDeniedException")
            assert f"is not authorized to perform: {grant.action} on resource: " in answer["Message"]
            found.add(grant)
    return found


@pytest.mark.parametrize("role", ROLES)
def test_every_grant_works_and_taking_a_statement_away_refuses_exactly_its_calls(aws: Aws, role: str) -> None:
    statements = statements_of(role, Deployed(aws))
    grants = list(grants_of(statements))
    assert grants
    assert not {grant.action for grant in grants} - set(PROBES), "An action without a probe: write one"

    assert refused(aws, statements, grants) == set()
    for number in range(len(statements)):
        without = statements[:number] + statements[number + 1 :]
        assert refused(aws, without, grants) == {grant for grant in grants if grant.statement == number}


@pytest.mark.parametrize("role", ROLES)
def test_no_role_may_what_only_another_is_granted(aws: Aws, role: str) -> None:
    deployed = Deployed(aws)
    own = statements_of(role, deployed)
    mine = [(grant.action, grant.resource) for grant in grants_of(own)]
    others = [
        grant
        for other in ROLES
        for grant in grants_of(statements_of(other, deployed))
        # Who may write all of the cache may write the scans' results.
        if not any(grant.action == action and fnmatchcase(grant.resource, to) for action, to in mine)
    ]
    assert others
    assert refused(aws, own, others) == set(others)
