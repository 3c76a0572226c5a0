"""Synthesized IAM as AWS gets it: references filled in, documents as JSON."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.template import Block, Template

ACCOUNT = "123456789012"
_HERE = f"us-east-1:{ACCOUNT}"
# AWS adds six characters to a secret's name.
_ARNS = {
    "aws_iam_policy": f"arn:aws:iam::{ACCOUNT}:policy{{path}}{{name}}",
    "aws_iam_openid_connect_provider": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{{url}}",
    "aws_s3_bucket": "arn:aws:s3:::{bucket}",
    "aws_secretsmanager_secret": f"arn:aws:secretsmanager:{_HERE}:secret:{{name}}-aB3dE6",
    "aws_sqs_queue": f"arn:aws:sqs:{_HERE}:{{name}}",
    "aws_cloudwatch_log_group": f"arn:aws:logs:{_HERE}:log-group:{{name}}",
    "aws_lambda_function": f"arn:aws:lambda:{_HERE}:function:{{function_name}}",
}
_REFERENCE = re.compile(r"\$\{(data\.)?(aws_\w+)\.([\w-]+)\.(\w+)\}")


@dataclass(frozen=True)
class Role:
    """A role as it is made."""

    name: str
    path: str
    trust: str
    boundary: str | None
    attached: tuple[str, ...]
    inline: dict[str, str]

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{ACCOUNT}:role{self.path}{self.name}"


class Rendered:
    """The roles and policies of a stack."""

    def __init__(self, template: Template) -> None:
        self._template = template

    def policies(self) -> Iterator[tuple[str, str, str]]:
        """Name, path and JSON of every policy of its own."""
        for block in self._template.resources("aws_iam_policy").values():
            yield block["name"], block["path"], self.json(block["policy"])

    def policy(self, name: str) -> str:
        """The JSON of that policy of its own."""
        return next(text for found, _, text in self.policies() if found == name)

    def role(self, name: str) -> Role:
        """The role of that name."""
        return next(role for role in self.roles() if role.name == name)

    def roles(self) -> Iterator[Role]:
        """All roles."""
        for address, block in self._template.resources("aws_iam_role").items():
            yield Role(
                block["name"],
                block.get("path", "/"),
                self.json(block["assume_role_policy"]),
                self.text(block["permissions_boundary"]) if "permissions_boundary" in block else None,
                tuple(
                    self.text(one["policy_arn"])
                    for one in self._of(address, "aws_iam_role_policy_attachment")
                ),
                {one["name"]: self.json(one["policy"]) for one in self._of(address, "aws_iam_role_policy")},
            )

    def _of(self, role: str, kind: str) -> Iterator[Block]:
        for block in self._template.resources(kind).values():
            if block["role"] == f"${{aws_iam_role.{role}.name}}":
                yield block

    def json(self, reference: str) -> str:
        """A policy document, by the reference to it."""
        return json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [self._statement(each) for each in self._template.statements(reference)],
            },
            separators=(",", ":"),
        )

    def _statement(self, block: Block) -> Block:
        conditions: dict[str, dict[str, Any]] = {}
        for one in block.get("condition", []):
            values = [self.text(value) for value in one["values"]]
            conditions.setdefault(one["test"], {})[one["variable"]] = (
                values[0] if len(values) == 1 else values
            )
        principals = {
            one["type"]: [self.text(who) for who in one["identifiers"]] for one in block.get("principals", [])
        }
        rendered = {
            "Sid": block.get("sid"),
            "Effect": block.get("effect", "Allow"),
            "Principal": principals,
            "Action": block["actions"],
            "Resource": [self.text(resource) for resource in block.get("resources", [])],
            "NotResource": [self.text(resource) for resource in block.get("not_resources", [])],
            "Condition": conditions,
        }
        return {key: value for key, value in rendered.items() if value}

    def text(self, text: str) -> str:
        """A text with its references filled in; other resources than IAM's are named as they are."""
        return _REFERENCE.sub(self._filled, text)

    def _filled(self, reference: re.Match[str]) -> str:
        data, kind, name, attribute = reference.groups()
        if (kind, attribute) == ("aws_caller_identity", "account_id"):
            return ACCOUNT
        block = self._template.document["data" if data else "resource"][kind][name]
        if attribute in block:
            # What it was told, as a function's name.
            return str(block[attribute])
        assert attribute == "arn", reference[0]
        if kind == "aws_lambda_alias":
            return f"arn:aws:lambda:{_HERE}:function:{self.text(block['function_name'])}:{block['name']}"
        return _ARNS[kind].format_map(block).replace("oidc-provider/https://", "oidc-provider/")
