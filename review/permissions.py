"""Who may do what in a stack: every policy as permissions of one action on one resource each."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import Any

from review.changes import Comparison
from review.finding import Finding, Part
from review.stack import Block, Stack, short

_DOCUMENT = re.compile(r"\$\{data\.aws_iam_policy_document\.([\w-]+)\.(?:minified_)?json\}")
# What narrows an invoke permission beside its source.
_NARROWING = ("source_account", "event_source_token", "principal_org_id", "function_url_auth_type")
# As IAM's own JSON says what a policy document's arguments say.
_JSON_NAMES = {
    "Sid": "sid",
    "Effect": "effect",
    "Action": "actions",
    "NotAction": "not_actions",
    "Resource": "resources",
    "NotResource": "not_resources",
}


@dataclass(frozen=True, order=True)
class Permission:
    """What one principal may, or with `denied` may not, do to one resource."""

    principal: str
    action: str
    resource: str
    conditions: tuple[str, ...] = ()
    denied: bool = False

    def covers(self, other: "Permission") -> bool:
        """Whether it says all that the other says: wildcards are understood, conditions narrow."""
        return (
            self.denied == other.denied
            and self.principal == other.principal
            and not self.action.startswith("all but ")
            and not self.resource.startswith("all but ")
            and _matches(self.action.lower(), other.action.lower())
            and _matches(self.resource, other.resource)
            and set(self.conditions) <= set(other.conditions)
        )

    @property
    def subject(self) -> tuple[str, str, tuple[str, ...], bool]:
        """All of it but the action."""
        return self.principal, self.resource, self.conditions, self.denied


@dataclass(frozen=True)
class Permissions:
    """All of a stack's."""

    all: frozenset[Permission]
    not_understood: tuple[str, ...]
    """A line for each policy that is not counted."""

    @classmethod
    # Several parts of a page ask, of the same stacks.
    @lru_cache(maxsize=32)
    def of(cls, stack: Stack) -> "Permissions":
        """From role policies, resource policies, invoke permissions and trust."""
        reading = _Reading(stack)
        found = frozenset(reading.permissions())
        return cls(found, tuple(reading.not_understood))

    def lost_to(self, later: "Permissions") -> list[Permission]:
        """Those that the later ones do not cover."""
        return sorted(
            one
            for one in self.all - later.all
            if not any(other.covers(one) for other in later.all if other.principal == one.principal)
        )


class _Reading:
    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.not_understood: list[str] = []

    def permissions(self) -> Iterator[Permission]:
        for address, block in self._stack.resources.items():
            kind = address.partition(".")[0]
            match kind:
                case "aws_lambda_permission":
                    yield self._invocation(block)
                case "aws_iam_role_policy_attachment" | "aws_iam_role":
                    yield from self._managed(address, block)
            if kind == "aws_iam_role":
                yield from self._bounded(address, block)
            for argument, value in block.items():
                for statement in self._statements(address, argument, value):
                    for principal in self._principals(address, kind, block, statement):
                        yield from self._expanded(principal, address, statement)

    def _invocation(self, block: Block) -> Permission:
        function = self._readable(str(block.get("function_name", "*")))
        source = block.get("source_arn")
        # In Markdown that is no code, `*/*` is a slanted slash.
        conditions = [f"called for `{self._readable(source)}`"] if source else []
        conditions += [
            f"{argument} is `{self._readable(str(block[argument]))}`"
            for argument in _NARROWING
            if argument in block
        ]
        qualifier = f":{self._qualifier(str(block['qualifier']))}" if "qualifier" in block else ""
        return Permission(
            "everybody" if block.get("principal", "*") == "*" else str(block["principal"]),
            str(block.get("action", "*")),
            f"{function}{qualifier}",
            tuple(sorted(conditions)),
        )

    def _qualifier(self, text: str) -> str:
        """The alias's name, or what is there instead of a reference to one."""
        for address in self._stack.references(text):
            text = str(self._stack.resources.get(address, {}).get("name", text))
        return text

    def _bounded(self, address: str, block: Block) -> Iterator[Permission]:
        """What a boundary takes away. One that goes gives back all that it took."""
        if boundary := block.get("permissions_boundary"):
            role = self._role(f"${{{address}.name}}")
            yield Permission(
                role, "all that this boundary does not allow", self._readable(boundary), (), True
            )

    def _managed(self, address: str, block: Block) -> Iterator[Permission]:
        """What AWS's own policies allow is not in the stack: the policy itself is what one may."""
        if address.startswith("aws_iam_role."):
            role, policies = self._role(f"${{{address}.name}}"), block.get("managed_policy_arns", [])
            inline = block.get("inline_policy", [])
            for one in inline if isinstance(inline, list) else [inline]:
                for statement in self._statements(address, "policy", one.get("policy", "")):
                    yield from self._expanded(role, address, statement)
        else:
            role, policies = self._role(str(block.get("role", ""))), [str(block.get("policy_arn", ""))]
        for policy in policies:
            if not re.search(r"\$\{aws_iam_policy\.", policy):
                yield Permission(role, "all that this policy allows", self._readable(policy))

    def _statements(self, address: str, argument: str, value: Any) -> Iterator[Block]:
        if not isinstance(value, str):
            return
        if found := _DOCUMENT.fullmatch(value):
            yield from self._document(found[1])
        elif '"Statement"' in value:
            try:
                raw = json.loads(value)["Statement"]
                yield from (_from_json(one) for one in (raw if isinstance(raw, list) else [raw]))
            except (ValueError, TypeError, KeyError, AttributeError):
                self.not_understood.append(f"`{address}`: `{argument}` is a policy that cannot be read here")
        elif "aws_iam_policy_document" in value or re.search(r"jsonencode\(.*Statement", value):
            self.not_understood.append(f"`{address}`: `{argument}` is a policy put together by Terraform")

    def _document(self, name: str) -> Iterator[Block]:
        document = self._stack.data.get(f"data.aws_iam_policy_document.{name}", {})
        for argument in ("source_policy_documents", "override_policy_documents"):
            for value in document.get(argument, []):
                yield from self._statements(f"data.aws_iam_policy_document.{name}", argument, value)
        statements = document.get("statement", [])
        if not isinstance(statements, list) or "dynamic" in document:
            self.not_understood.append(f"`data.aws_iam_policy_document.{name}`: made of dynamic blocks")
            return
        yield from statements

    def _principals(self, address: str, kind: str, block: Block, statement: Block) -> list[str]:
        if kind == "aws_iam_role_policy":
            return [self._role(str(block.get("role", "")))]
        if kind == "aws_iam_policy":
            return self._attached_to.get(address) or [f"whom {self._named(block)} bounds"]
        found = [
            (prefix, pair)
            for prefix, argument in (("", "principals"), ("all but ", "not_principals"))
            for pair in statement.get(argument, [])
        ]
        return [
            f"{prefix}{'everybody' if identifier == '*' else self._readable(identifier)}"
            for prefix, pair in found
            for identifier in pair.get("identifiers", ["*"])
        ] or ["nobody"]

    @cached_property
    def _attached_to(self) -> Mapping[str, list[str]]:
        """The roles that each policy of the stack is attached to."""
        roles: dict[str, list[str]] = {}
        for one in self._stack.of("aws_iam_role_policy_attachment").values():
            for policy in self._stack.references(one):
                roles.setdefault(policy, []).append(self._role(str(one["role"])))
        for role, block in self._stack.of("aws_iam_role").items():
            for policy in self._stack.references(block.get("managed_policy_arns", [])):
                roles.setdefault(policy, []).append(self._role(f"${{{role}.name}}"))
        return roles

    def _expanded(self, principal: str, address: str, statement: Block) -> Iterator[Permission]:
        conditions = tuple(sorted(self._condition(one) for one in statement.get("condition", [])))
        denied = statement.get("effect", "Allow") == "Deny"
        on = statement.get("resources") or (
            # A trust policy names no resource: it is the role's own.
            [f"all but {one}" for one in statement.get("not_resources", [])] or [self._stack.label(address)]
        )
        resources = [self._readable(resource) for resource in on]
        for action in statement.get("actions") or [f"all but {one}" for one in statement["not_actions"]]:
            for resource in resources:
                yield Permission(principal, action, resource, conditions, denied)

    def _condition(self, condition: Block) -> str:
        values = ", ".join(sorted(self._readable(str(value)) for value in condition["values"]))
        return f"`{condition['variable']}` {condition['test']} `{values}`"

    def _named(self, block: Block) -> str:
        return short(str(block.get("name", "a policy")), self._stack.environment)

    def _role(self, reference: str) -> str:
        return short(self._readable(reference).removeprefix("role "), self._stack.environment)

    def _readable(self, text: str) -> str:
        return self._stack.readable(text)


def who_may_do_what(comparison: Comparison) -> Iterator[Finding]:
    """The permissions that the change gives and takes; what it refuses; and what is not understood."""
    before, after = Permissions.of(comparison.old), Permissions.of(comparison.new)
    for permissions, may, refused in (
        (after.lost_to(before), "may now", "is now **refused**"),
        (before.lost_to(after), "may no longer", "is **no longer refused**"),
    ):
        for text in _sentences(permissions, may, refused):
            yield Finding(Part.PERMISSIONS, text)
    for line in after.not_understood:
        yield Finding(Part.UNKNOWN, line)


def _sentences(permissions: list[Permission], may: str, refused: str) -> Iterator[str]:
    """`ingest may now s3:GetObject and s3:PutObject on …`: all actions on one resource in one sentence."""
    alike: dict[tuple[str, str, tuple[str, ...], bool], list[str]] = {}
    for one in permissions:
        alike.setdefault(one.subject, []).append(f"`{one.action}`")
    for (principal, resource, conditions, denied), actions in alike.items():
        *some, last = actions
        verb = refused if denied else may
        what = f"{', '.join(some)} and {last}" if some else last
        condition = f", if {' and '.join(conditions)}" if conditions else ""
        yield f"`{principal}` {verb} {what} on `{resource}`{condition}"


def _from_json(raw: Block) -> Block:
    """IAM's own JSON in the arguments of a policy document."""
    statement: Block = {
        name: raw[key] if isinstance(raw[key], list) or key in ("Sid", "Effect") else [raw[key]]
        for key, name in _JSON_NAMES.items()
        if key in raw
    }
    for key, name in (("Principal", "principals"), ("NotPrincipal", "not_principals")):
        if key in raw:
            given = {"AWS": raw[key]} if isinstance(raw[key], str) else raw[key]
            statement[name] = [
                {"type": kind, "identifiers": [who] if isinstance(who, str) else who}
                for kind, who in given.items()
            ]
    statement["condition"] = [
        {"test": test, "variable": variable, "values": values if isinstance(values, list) else [values]}
        for test, variables in raw.get("Condition", {}).items()
        for variable, values in variables.items()
    ]
    return statement


def _matches(pattern: str, text: str) -> bool:
    # IAM knows `*` and `?`; fnmatch's brackets are none there.
    return fnmatchcase(text, pattern.replace("[", "[[]"))
