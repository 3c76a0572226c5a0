"""Every policy document of a plan, as Terraform has rendered it."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from policy.arns import arn
from policy.finding import Finding

IDENTITY, BOUNDARY, RESOURCE, TRUST = "identity", "boundary", "resource", "trust"
UNKNOWN = "document/Unknown"
_OF_IDENTITIES = {
    "aws_iam_group_policy",
    "aws_iam_policy",
    "aws_iam_role_policy",
    "aws_iam_user_policy",
}
# Beside its documents, a policy has names, ARNs and versions.
_DOCUMENT = re.compile(r"(?!.*_(arns?|names?|id|path)$).*policy.*|assume_role_policy")
_BOUNDS = "permissions_boundary"
_POLICY = re.compile(r"arn:aws:iam::\d+:policy/\S+")
_HASH = re.compile(r"_[0-9A-F]{8}$")


@dataclass(frozen=True)
class Document:
    """A rendered policy and whose it is: an identity's, what bounds one, a resource's, or a role's trust."""

    stack: str
    resource: str
    kind: str
    policy: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """For the linters."""
        return asdict(self)


class Plan:
    """A stack's plan, as `terraform show -json` says it."""

    def __init__(self, stack: str, plan: Mapping[str, Any]) -> None:
        self.stack = stack
        self._module = plan["planned_values"]["root_module"]
        configured = plan["configuration"]["root_module"].get("resources", [])
        self._arguments = {one["address"]: one.get("expressions", {}) for one in configured}
        self._resources = [one for one in self._module.get("resources", []) if one["mode"] == "managed"]
        stems = [_HASH.sub("", one["address"]) for one in self._resources]
        self.names = {
            one["address"]: stem if stems.count(stem) == 1 else one["address"]
            for one, stem in zip(self._resources, stems, strict=True)
        }
        """Addresses without the hash that cdktf makes of a place in the tree, which says nothing."""

    def named_policies(self) -> Iterator[tuple[str, str]]:
        """The argument and the policy's ARN, wherever a resource names a managed policy."""
        policies = [one for one in self._resources if one["type"] == "aws_iam_policy"]
        own = {one["address"]: arn(one["type"], one["values"]) for one in policies}
        for one in self._resources:
            for argument, expression in self._arguments[one["address"]].items():
                # The value of what refers to a policy is known when that is deployed.
                for text in _texts([expression, one.get("values", {}).get(argument)]):
                    if policy := own.get(text) or (text if _POLICY.fullmatch(text) else None):
                        yield argument, policy

    def documents(self, boundaries: Collection[str]) -> Iterator[Document | Finding]:
        """The documents; a finding for each that is not known before it is deployed, or not understood.

        `boundaries` are the ARNs of the policies that only bound.
        """
        if "child_modules" in self._module:
            yield Finding(self.stack, UNKNOWN, "module", what="a module's policies are not looked at")
        for one in self._resources:
            values, name = one.get("values", {}), self.names[one["address"]]
            if one["type"] == "aws_lambda_permission":
                yield Document(self.stack, name, RESOURCE, _permission(values))
            for argument in self._arguments[one["address"]]:
                value = values.get(argument)
                if isinstance(value, str) and '"Statement"' in value:
                    bounds = arn(one["type"], values) in boundaries
                    kind = BOUNDARY if bounds else _kind(one["type"], argument)
                    yield self._document(kind, name, argument, value)
                elif _DOCUMENT.fullmatch(argument) and not isinstance(value, list | bool):
                    yield Finding(
                        self.stack, UNKNOWN, name,
                        what=f"{argument} is not known before it is deployed: make it of "
                        "data.aws_iam_policy_document, and add its ARNs to policy/arns.py",
                    )  # fmt: skip

    def _document(self, kind: str, name: str, argument: str, value: str) -> Document | Finding:
        try:
            policy = json.loads(value)
        except ValueError:
            return Finding(self.stack, UNKNOWN, name, what=f"{argument} is no JSON")
        return Document(self.stack, name, kind, policy)


def boundaries(plans: Collection[Plan]) -> set[str]:
    """ARNs of the policies that bound a role and are given to none: they allow nobody anything."""
    named = [one for plan in plans for one in plan.named_policies()]
    return {policy for argument, policy in named if argument == _BOUNDS} - {
        policy for argument, policy in named if argument != _BOUNDS
    }


def _kind(resource: str, argument: str) -> str:
    return TRUST if argument == "assume_role_policy" else IDENTITY if resource in _OF_IDENTITIES else RESOURCE


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            yield from _texts(list(value.values()))
        case list():
            for part in value:
                yield from _texts(part)


def _permission(values: Mapping[str, Any]) -> dict[str, Any]:
    """A function's permission as a statement; whether it names a source is checkov's to say."""
    who = values["principal"]
    principal = {"Service" if who.endswith(".amazonaws.com") else "AWS": who}
    return {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": values["action"]}]}
