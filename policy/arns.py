"""ARNs that AWS chooses, said before it does: policy documents are then known when they are planned."""

import re
from collections.abc import Mapping
from typing import Any

from config.names import REGION

# What AWS appends to a secret's name, and the embedded AWS's account.
_GIVEN = {"account": "123456789012", "region": REGION, "random": "-a1B2c3"}
# From AWS's Service Authorization Reference; other names are the resource's own arguments.
_FORMS = {
    "aws_cloudwatch_event_rule": "arn:aws:events:{region}:{account}:rule/{name}",
    "aws_cloudwatch_log_group": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "aws_dynamodb_table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "aws_iam_policy": "arn:aws:iam::{account}:policy/{name}",
    "aws_iam_role": "arn:aws:iam::{account}:role/{name}",
    "aws_lambda_function": "arn:aws:lambda:{region}:{account}:function:{function_name}",
    "aws_s3_bucket": "arn:aws:s3:::{bucket}",
    "aws_secretsmanager_secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}{random}",
    "aws_sns_topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws_sqs_queue": "arn:aws:sqs:{region}:{account}:{name}",
}
_ARN = re.compile(r"\$\{((aws_\w+)\.[\w-]+)\.arn\}")


def documents_with_arns(stack: Mapping[str, Any]) -> dict[str, Any]:
    """The statements of the stack's policy documents, with an ARN in the place of a resource's.

    A reference that is not understood stays: its document is unknown in the plan then, which is said.
    """
    documents = stack.get("data", {}).get("aws_iam_policy_document", {})
    return {
        name: {"statement": _with_arns(block["statement"])}
        for name, block in documents.items()
        if "statement" in block
    }


def _with_arns(given: Any) -> Any:
    match given:
        case dict():
            return {key: _with_arns(part) for key, part in given.items()}
        case list():
            return [_with_arns(part) for part in given]
        case str():
            return _ARN.sub(_arn, given)
    return given


def _arn(reference: re.Match[str]) -> str:
    whole, address, kind = reference[0], reference[1], reference[2]
    form = _FORMS.get(kind)
    return whole if form is None else form.format_map(_Arguments(address))


class _Arguments(dict[str, str]):
    """A resource's arguments, for Terraform to say."""

    def __init__(self, address: str) -> None:
        super().__init__(_GIVEN)
        self._address = address

    def __missing__(self, argument: str) -> str:
        return f"${{{self._address}.{argument}}}"
