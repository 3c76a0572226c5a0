"""Every policy document of a plan, as Terraform has rendered it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from policy.finding import Finding

IDENTITY, RESOURCE, TRUST = "identity", "resource", "trust"
UNKNOWN = "document/Unknown"
_OF_IDENTITIES = {
    "aws_iam_group_policy",
    "aws_iam_policy",
    "aws_iam_role_policy",
    "aws_iam_user_policy",
}
# Beside its documents, a policy has names, ARNs and versions.
_DOCUMENT = re.compile(r"(?!.*_(arns?|names?|id|path)$).*policy.*|assume_role_policy")
_HASH = re.compile(r"_[0-9A-F]{8}$")


@dataclass(frozen=True)
class Document:
    """A rendered policy, whose it is, and what it is: of an identity, of a resource, or a role's trust."""

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
        self._configured = plan["configuration"]["root_module"].get("resources", [])
        self._resources = [one for one in self._module.get("resources", []) if one["mode"] == "managed"]
        stems = [_HASH.sub("", one["address"]) for one in self._resources]
        self.names = {
            one["address"]: stem if stems.count(stem) == 1 else one["address"]
            for one, stem in zip(self._resources, stems, strict=True)
        }
        """Addresses without the hash that cdktf makes of a place in the tree, which says nothing."""

    def documents(self) -> Iterator[Document | Finding]:
        """The documents; a finding for each that is not known before it is deployed, or not understood."""
        if "child_modules" in self._module:
            yield Finding(self.stack, UNKNOWN, "module", what="a module's policies are not looked at")
        arguments = {one["address"]: one.get("expressions", {}) for one in self._configured}
        for one in self._resources:
            values, name = one.get("values", {}), self.names[one["address"]]
            if one["type"] == "aws_lambda_permission":
                yield Document(self.stack, name, RESOURCE, _permission(values))
            for argument in arguments[one["address"]]:
                value = values.get(argument)
                if isinstance(value, str) and '"Statement"' in value:
                    yield self._document(one["type"], name, argument, value)
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
        of = TRUST if argument == "assume_role_policy" else IDENTITY if kind in _OF_IDENTITIES else RESOURCE
        return Document(self.stack, name, of, policy)


def _permission(values: Mapping[str, Any]) -> dict[str, Any]:
    """A function's permission as a statement; whether it names a source is checkov's to say."""
    who = values["principal"]
    principal = {"Service" if who.endswith(".amazonaws.com") else "AWS": who}
    return {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": values["action"]}]}
