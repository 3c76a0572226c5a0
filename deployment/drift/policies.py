"""What resources let others do: each statement of their own policies."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from deployment.drift.described import Client, Described, Difference, Document
from deployment.drift.functions import aliases

_NONE = {"ResourceNotFoundException", "NoSuchBucketPolicy"}


def policies(described: Described, aws: Client) -> Iterator[tuple[str, Iterator[Difference]]]:
    """By resource, its differences: functions, buckets, queues, topics, secrets."""
    for function in described.of("aws_lambda_function"):
        name = function["function_name"]
        yield f"policies of {name}", _of_function(described, aws("lambda"), function)
    for kind, key, asked, policy in _kinds(aws):
        for resource in described.of(kind):
            held = described.of(policy, **{_HOLDER[policy]: resource[key]}) if policy in _HOLDER else []
            expected = [_read(each["policy"]) for each in held] or [[]]
            name = f"policy of {kind.removeprefix('aws_')} {resource['name' if kind != _BUCKET else key]}"
            yield name, _compared(name, asked, resource[key], expected[0])


_BUCKET = "aws_s3_bucket"
# The attribute with which a policy says whose it is.
_HOLDER = {
    "aws_s3_bucket_policy": "bucket",
    "aws_sqs_queue_policy": "queue_url",
    "aws_sns_topic_policy": "arn",
}


def _kinds(aws: Client) -> Iterator[tuple[str, str, Callable[[str], str | None], str]]:
    s3, sqs, sns, manager = (aws(name) for name in ("s3", "sqs", "sns", "secretsmanager"))
    yield _BUCKET, "bucket", lambda name: s3.get_bucket_policy(Bucket=name)["Policy"], "aws_s3_bucket_policy"
    yield (
        "aws_sqs_queue",
        "url",
        lambda url: (
            sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
            .get("Attributes", {})
            .get("Policy")
        ),
        "aws_sqs_queue_policy",
    )
    yield (
        "aws_sns_topic",
        "arn",
        lambda arn: sns.get_topic_attributes(TopicArn=arn)["Attributes"].get("Policy"),
        "aws_sns_topic_policy",
    )
    yield (
        "aws_secretsmanager_secret",
        "arn",
        lambda arn: manager.get_resource_policy(SecretId=arn).get("ResourcePolicy"),
        "aws_secretsmanager_secret_policy",
    )


def _of_function(described: Described, client: Any, function: Document) -> Iterator[Difference]:
    name = function["function_name"]
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=name)
    versions = [each["Version"] for page in pages for each in page["Versions"]]

    def asked(qualifier: str) -> str:
        whose = {"Qualifier": qualifier} if qualifier else {}
        return str(client.get_policy(FunctionName=name, **whose)["Policy"])

    # Whoever may not invoke the function may have been let in to one of its versions.
    for qualifier in ["", *aliases(client, name), *(each for each in versions if each != "$LATEST")]:
        arn = f"{function['arn']}:{qualifier}" if qualifier else function["arn"]
        expected = [
            _statement(each, arn)
            for each in described.of("aws_lambda_permission", function_name=name)
            if (each["qualifier"] or "") == qualifier
        ]
        yield from _compared(f"policy of {name}{qualifier and ':'}{qualifier}", asked, qualifier, expected)


def _statement(permission: Document, arn: str) -> Document:
    """As Lambda writes what it was given (AddPermission)."""
    who = permission["principal"]
    conditions: Document = {}
    if permission["source_arn"]:
        conditions["ArnLike"] = {"AWS:SourceArn": permission["source_arn"]}
    if permission["source_account"]:
        conditions["StringEquals"] = {"AWS:SourceAccount": permission["source_account"]}
    return {
        "Sid": permission["statement_id"],
        "Effect": "Allow",
        "Principal": {"Service" if who.endswith(".amazonaws.com") else "AWS": who},
        "Action": permission["action"],
        "Resource": arn,
        "Condition": conditions,
    }


def _compared(
    name: str, asked: Callable[[str], str | None], whose: str, expected: list[Document]
) -> Iterator[Difference]:
    try:
        text = asked(whose)
    except ClientError as error:
        if error.response["Error"].get("Code") not in _NONE:
            raise
        text = None
    found = {_canonical(each) for each in (_read(text) if text else [])}
    deployed = {_canonical(each) for each in expected}
    for statement in sorted(found - deployed):
        yield Difference(f"{name}: has {statement}; expected is no such statement")
    for statement in sorted(deployed - found):
        yield Difference(f"{name}: lacks a statement; expected is {statement}")


def _read(policy: str) -> list[Document]:
    statements = json.loads(policy)["Statement"]
    return statements if isinstance(statements, list) else [statements]


def _canonical(statement: Document) -> str:
    """The same text for what means the same: AWS writes one value as a list or not, as it likes."""
    parts = {name: value for name, value in statement.items() if value not in ({}, None, "")}
    if parts.get("Principal") == "*":
        parts["Principal"] = {"AWS": "*"}
    return json.dumps(_sorted(parts), sort_keys=True)


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(each) for name, each in value.items()}
    return sorted(map(str, value)) if isinstance(value, list) else [str(value)]
