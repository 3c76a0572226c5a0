"""ARNs that AWS chooses, said before it does: policy documents are then known when they are planned."""

import re
from collections.abc import Mapping
from typing import Any

from config.names import REGION

ACCOUNT = "123456789012"
"""The embedded AWS's."""
# With what AWS appends to a secret's name.
_GIVEN = {"account": ACCOUNT, "region": REGION, "random": "-a1B2c3"}
# From AWS's Service Authorization Reference; other names are the resource's own arguments.
_FORMS = {
    "aws_cloudwatch_event_rule": "arn:aws:events:{region}:{account}:rule/{name}",
    "aws_cloudwatch_log_group": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "aws_dynamodb_table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "aws_iam_openid_connect_provider": "arn:aws:iam::{account}:oidc-provider/{url}",
    "aws_iam_policy": "arn:aws:iam::{account}:policy{path}{name}",
    "aws_lambda_alias": "arn:aws:lambda:{region}:{account}:function:{function_name}:{name}",
    "aws_lambda_function": "arn:aws:lambda:{region}:{account}:function:{function_name}",
    "aws_s3_bucket": "arn:aws:s3:::{bucket}",
    "aws_secretsmanager_secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}{random}",
    "aws_sns_topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws_sqs_queue": "arn:aws:sqs:{region}:{account}:{name}",
}
_REFERENCE = re.compile(r"\$\{(aws_\w+)\.([\w-]+)\.(\w+)\}")


def documents_with_arns(stack: Mapping[str, Any]) -> dict[str, Any]:
    """The statements of the stack's policy documents, with ARNs and names in the place of its resources.

    A reference that is not understood stays: its document is unknown in the plan then, which is said.
    Terraform reads no document before it is deployed that refers to a resource at all, known or not.
    """
    resources = stack.get("resource", {})
    documents = stack.get("data", {}).get("aws_iam_policy_document", {})
    return {
        name: {"statement": _said(block["statement"], resources)}
        for name, block in documents.items()
        if "statement" in block
    }


def arn(kind: str, arguments: Mapping[str, Any]) -> str | None:
    """What AWS will call a resource of these arguments; None if that is not known here."""
    try:
        given = _FORMS[kind].format_map({"path": "/", **arguments, **_GIVEN})
    except KeyError:
        return None
    # Of an identity provider's address, without the scheme.
    return given.replace(":oidc-provider/https://", ":oidc-provider/")


def _said(given: Any, resources: Mapping[str, Any]) -> Any:
    match given:
        case dict():
            return {key: _said(part, resources) for key, part in given.items()}
        case list():
            return [_said(part, resources) for part in given]
        case str():
            return _REFERENCE.sub(lambda found: _value(found, resources), given)
    return given


def _value(reference: re.Match[str], resources: Mapping[str, Any]) -> str:
    kind, name, attribute = reference.groups()
    arguments = resources.get(kind, {}).get(name, {})
    value = arn(kind, arguments) if attribute == "arn" else arguments.get(attribute)
    return reference[0] if value is None else str(_said(value, resources))
